"""A client from its constructor to close(): connecting, late errors, closed clients."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import weakref
from inspect import signature
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Remove
from aerospike_helpers.cdt_ctx import cdt_ctx_list_index
from aerospike_helpers.expressions import IntBin

from ..children import LIMIT_S, Script, run_script
from ..faults.peer import OK_REPLY, reply
from ..sanitizers import no_forks_beside_threads
from ..waiting import Watch, join_all, patient, until, wait_for

KEY = ("test", "demo", 1)
OPS = [{"op": aerospike.OPERATOR_READ, "bin": "a"}]

NEEDS_CLUSTER: dict[str, Any] = {
    "get": lambda c: c.get(KEY),
    "select": lambda c: c.select(KEY, ["a"]),
    "exists": lambda c: c.exists(KEY),
    "put": lambda c: c.put(KEY, {"a": 1}),
    "remove": lambda c: c.remove(KEY),
    "remove_bin": lambda c: c.remove_bin(KEY, ["a"]),
    "touch": lambda c: c.touch(KEY),
    "append": lambda c: c.append(KEY, "a", "x"),
    "prepend": lambda c: c.prepend(KEY, "a", "x"),
    "increment": lambda c: c.increment(KEY, "a", 1),
    "operate": lambda c: c.operate(KEY, OPS),
    "operate_ordered": lambda c: c.operate_ordered(KEY, OPS),
    "info": lambda c: c.info("build"),
    "info_node": lambda c: c.info_node("build", ("127.0.0.1", 3000)),
    "has_geo": lambda c: c.has_geo(),
    "info_all": lambda c: c.info_all("build"),
    "info_single_node": lambda c: c.info_single_node("build", "A1"),
    "info_random_node": lambda c: c.info_random_node("build"),
    "get_nodes": lambda c: c.get_nodes(),
    "get_node_names": lambda c: c.get_node_names(),
    "batch_read": lambda c: c.batch_read([KEY]),
    "batch_write": lambda c: c.batch_write(BatchRecords([Remove(KEY)])),
    "batch_operate": lambda c: c.batch_operate([KEY], OPS),
    "batch_remove": lambda c: c.batch_remove([KEY]),
    "batch_apply": lambda c: c.batch_apply([KEY], "module", "function", []),
    "get_many": lambda c: c.get_many([KEY]),
    "exists_many": lambda c: c.exists_many([KEY]),
    "select_many": lambda c: c.select_many([KEY], ["a"]),
    "batch_get_ops": lambda c: c.batch_get_ops([KEY], OPS),
    "query": lambda c: c.query("test", "demo").results(),
    "scan": lambda c: c.scan("test", "demo").results(),
    "truncate": lambda c: c.truncate("test", "demo", 0),
    "job_info": lambda c: c.job_info(1, aerospike.JOB_SCAN),
    "scan_info": lambda c: c.scan_info(1),
    "scan_apply": lambda c: c.scan_apply("test", "demo", "module", "function"),
    "query_apply": lambda c: c.query_apply(
        "test", "demo", predicates.equals("a", 1), "module", "function", []
    ),
    "apply": lambda c: c.apply(KEY, "module", "function", []),
    "udf_put": lambda c: c.udf_put(__file__),
    "udf_remove": lambda c: c.udf_remove("no_module.lua"),
    "udf_list": lambda c: c.udf_list(),
    "udf_get": lambda c: c.udf_get("no_module.lua"),
    "index_remove": lambda c: c.index_remove("test", "index"),
    "index_set_create": lambda c: c.index_set_create("test", "demo", "index"),
    "index_cdt_create": lambda c: c.index_cdt_create(
        "test", "demo", "a", 1, 0, "index", [cdt_ctx_list_index(0)]
    ),
    "index_expr_create": lambda c: c.index_expr_create(
        "test", "demo", 0, 4, IntBin("a").compile(), "index"
    ),
    "commit": lambda c: c.commit(aerospike.Transaction()),
    "abort": lambda c: c.abort(aerospike.Transaction()),
    "enable_metrics": lambda c: c.enable_metrics(),
    "disable_metrics": lambda c: c.disable_metrics(),
    "get_stats": lambda c: c.get_stats(),
    "set_xdr_filter": lambda c: c.set_xdr_filter("dc1", "test", None),
}
for of in ("integer", "string", "blob", "geo2dsphere"):
    name = f"index_{of}_create"
    NEEDS_CLUSTER[name] = lambda c, n=name: getattr(c, n)("test", "demo", "a", "index")
for of in ("single_value", "list", "map_keys", "map_values"):
    name = f"index_{of}_create"
    NEEDS_CLUSTER[name] = lambda c, n=name: getattr(c, n)(
        "test", "demo", "a", aerospike.INDEX_STRING, "index"
    )

USERS: dict[str, tuple[Any, ...]] = {
    "create_user": ("ada", "secret", ["read"]),
    "create_pki_user": ("ada", ["read"]),
    "drop_user": ("ada",),
    "set_password": ("ada", "secret"),
    "grant_roles": ("ada", ["read"]),
    "revoke_roles": ("ada", ["read"]),
    "query_user_info": ("ada",),
    "query_users_info": (),
    "query_user": ("ada",),
    "query_users": (),
    "create_role": ("clerk", []),
    "drop_role": ("clerk",),
    "grant_privileges": ("clerk", []),
    "revoke_privileges": ("clerk", []),
    "set_whitelist": ("clerk", None),
    "set_quotas": ("clerk",),
    "get_role": ("clerk",),
    "get_roles": (),
    "query_role": ("clerk",),
    "query_roles": (),
    "change_password": ("ada", "secret"),
}
for of, arguments in USERS.items():
    name = f"admin_{of}"
    NEEDS_CLUSTER[name] = lambda c, n=name, a=arguments: getattr(c, n)(*a)


def n_required(name: str) -> int:
    """How many arguments a method asks for."""
    listed = signature(getattr(aerospike.Client, name)).parameters
    return sum(p.default is p.empty for p in listed.values()) - 1  # not self


def direct(name: str) -> tuple[str, Any]:
    """A call of a method of the 2.x line for lists and maps."""
    items: Any = {} if name.startswith("map_put") else []
    last = items if name.endswith(("items", "extend")) else 1
    args = (KEY, "a", *[1] * (n_required(name) - 3), last)[: n_required(name)]
    return name, lambda c: getattr(c, name)(*args)


DIRECT = [m for m in dir(aerospike.Client) if m.startswith(("list_", "map_"))]
NEEDS_CLUSTER |= map(direct, DIRECT)
NEEDS_NOTHING = {
    "connect",
    "close",
    "is_connected",
    "get_key_partition_id",
    "get_key_digest",
    "get_policies",
    "shm_key",
    "llist",
    "get_expression_base64",
    "get_cdtctx_base64",
}
# what makes an object only: that needs arguments, and the cluster comes later
MAKES_OBJECT = {"query", "scan"}
# an empty transaction has nothing to send, and metrics that are off stay off
SENDS_NOTHING = {"commit", "abort", "disable_metrics"}
ALL_CALLS = pytest.mark.parametrize("call", NEEDS_CLUSTER.values(), ids=NEEDS_CLUSTER)


def test_every_method_is_in_the_tables():
    public = {name for name in dir(aerospike.Client) if not name.startswith("_")}
    makers = {"from_url", "from_env"}  # class methods; test_from_text.py has them
    assert public - makers == set(NEEDS_CLUSTER) | NEEDS_NOTHING


# connecting


def test_constructor_connects(hosts):
    client = aerospike.client(patient({"hosts": hosts}))
    assert client.is_connected() is True
    client.close()
    assert client.is_connected() is False


def test_code_that_calls_connect_runs(hosts, key):
    client = aerospike.client(patient({"hosts": hosts})).connect()
    client.put(key, {"a": 1})
    assert client.get(key)[2] == {"a": 1}
    client.close()


@pytest.mark.parametrize("args", [(), (None,), (None, None)])
def test_connect_returns_the_client(make_client, args):
    client = make_client()
    assert client.connect(*args) is client
    assert client.connect(username=None, password=None) is client
    assert client.is_connected()


def test_connect_takes_two_arguments(make_client):
    with pytest.raises(TypeError):
        make_client().connect("user", "password", {})


def test_credentials_are_not_ignored(make_client):
    """A server of the Community Edition knows no users."""
    client = make_client()
    with pytest.raises(exception.SecurityNotSupported, match="leave out user"):
        client.connect("user", "password")
    assert client.is_connected()


def test_one_seed_finds_all_nodes(hosts, client, make_client):
    for host in hosts:
        names = {
            node["node_name"] for node in make_client(hosts=[host]).get_node_names()
        }
        assert names == {node["node_name"] for node in client.get_node_names()}


@pytest.mark.parametrize("order", [1, -1])
def test_dead_seed_beside_a_good_one(hosts, nowhere, make_client, order):
    seeds = [nowhere, ("no-such-host.invalid", 3000), *hosts][::order]
    client = make_client(hosts=seeds, fail_if_not_connected=True)
    assert client.is_connected()
    assert client.exists(KEY)


def test_cluster_name_that_fits(client, make_client):
    (_, text), *_ = client.info_all("cluster-name").values()
    assert make_client(cluster_name=text.strip()).is_connected()


def test_cluster_name_on_a_node_that_has_one(scripted_node, make_client):
    scripted_node.info["cluster-name"] = "mine"
    assert make_client(hosts=[scripted_node.host], cluster_name="mine").is_connected()
    other = make_client(hosts=[scripted_node.host], cluster_name="min")
    assert not other.is_connected()


# connecting that fails


@pytest.fixture
def http_like():
    """A server that answers whatever comes with a line of HTTP."""
    yield from answering(lambda _data: b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture
def echo():
    """A server that sends back what it gets."""
    yield from answering(lambda data: data)


@pytest.fixture
def mute():
    """A server that takes connections and says nothing."""
    yield from answering(lambda _data: b"")


def answering(answer):
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets = [listener]

    def serve(sock):
        try:
            while data := sock.recv(65536):
                sock.sendall(answer(data))
        except OSError:
            pass

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(sock)
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()
    for sock in open_sockets:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()
    join_all([thread])


FAILURES = [
    # fixture that gives the address, class, code, phase, word of the text
    ("nowhere", exception.ConnectionError, -10, "connect", "refused"),
    ("http_like", exception.ClientError, -1, "validate", "protocol"),
    ("echo", exception.ClientError, -1, "validate", "."),
    ("mute", exception.ConnectionError, -10, "validate", "."),
]


@pytest.mark.parametrize(("where", "error", "code", "phase", "word"), FAILURES)
def test_error_of_a_seed_is_precise(request, where, error, code, phase, word):
    host = request.getfixturevalue(where)
    limit_s = 0.2 if where == "mute" else 0
    config = {"hosts": [host], "connect_timeout": int(limit_s * 1000) or 20_000}
    with pytest.raises(error, match=word) as caught, Watch() as watch:
        aerospike.client({**config, "fail_if_not_connected": True})
    watch.assert_took(limit_s)
    found = caught.value
    assert type(found) is error
    assert (found.code, found.phase) == (code, phase)
    assert found.host == f"{host[0]}:{host[1]}"
    assert found.host in str(found)
    assert found.in_doubt is False


def test_name_without_address_is_a_client_error():
    with pytest.raises(exception.ClientError) as caught:
        aerospike.client(
            {"hosts": [("no-such-host.invalid", 3000)], "fail_if_not_connected": True}
        )
    found = caught.value
    assert (type(found), found.code, found.phase) == (
        exception.ClientError,
        -1,
        "resolve",
    )
    assert found.host == "no-such-host.invalid:3000"


def test_another_cluster_name_is_a_client_error(hosts):
    with pytest.raises(exception.ClientError, match="another") as caught:
        aerospike.client(
            {"hosts": hosts, "cluster_name": "another", "fail_if_not_connected": True}
        )
    assert (caught.value.code, caught.value.phase) == (-1, "validate")


def test_connection_error_is_the_builtin_too(nowhere):
    with pytest.raises(ConnectionError):
        aerospike.client({"hosts": [nowhere], "fail_if_not_connected": True})


@pytest.mark.parametrize(
    ("info", "error", "word"),
    [
        ({"build": "3.9.0"}, exception.ClientError, "older"),
        ({"build": "what"}, exception.ClientError, "version"),
        ({"node": ""}, exception.ClientError, "name"),
        ({"node": "x" * 100}, exception.ClientError, "name"),
        ({"partition-generation": "-1"}, exception.ClientError, "ready"),
        ({"partition-generation": "x"}, exception.ClientError, "partition-generation"),
        ({"partition-generation": "ERROR:4:what"}, exception.InvalidRequest, "what"),
    ],
    ids=str,
)
def test_error_of_a_node_that_cannot_be_used(scripted_node, info, error, word):
    scripted_node.info.update(info)
    with pytest.raises(error, match=word) as caught:
        aerospike.client(
            patient({"hosts": [scripted_node.host], "fail_if_not_connected": True})
        )
    assert (caught.value.phase, caught.value.host) == ("validate", scripted_node.text)


def test_seed_whose_peers_are_out_of_reach_is_a_client_error(scripted_node, nowhere):
    scripted_node.info["peers-clear-std"] = f"1,3000,[[A2,,[127.0.0.1:{nowhere[1]}]]]"
    scripted_node.info["peers-generation"] = "1"
    with pytest.raises(exception.ClientError) as caught:
        aerospike.client(
            patient({"hosts": [scripted_node.host], "fail_if_not_connected": True})
        )
    assert f"127.0.0.1:{nowhere[1]}" in str(caught.value)


# the error comes late unless the config says otherwise


@pytest.mark.parametrize("name", sorted(NEEDS_CLUSTER.keys() - SENDS_NOTHING))
def test_late_error_has_the_class_of_the_cause(nowhere, make_client, name):
    call = NEEDS_CLUSTER[name]
    client = make_client(hosts=[nowhere])
    assert client.is_connected() is False
    for _ in range(2):
        with pytest.raises(exception.ConnectionError, match="had to connect") as caught:
            call(client)
        assert (caught.value.code, caught.value.phase) == (-10, "connect")
    with pytest.raises(exception.ConnectionError):
        client.connect()


def test_first_command_connects_when_the_server_has_come_up(make_client):
    with DevCluster() as cluster:
        hosts = cluster.hosts
        cluster.stop_node(0)
        client, other = make_client(hosts=hosts), make_client(hosts=hosts)
        with pytest.raises(exception.ConnectionError):
            client.connect()
        cluster.start_node(0)
        assert client.exists(KEY)[1] is None
        assert client.is_connected()
        assert other.connect() is other
        assert other.exists(KEY)[1] is None


def test_constructor_may_succeed_without_a_cluster(nowhere, make_client):
    client = make_client(hosts=[nowhere], fail_if_not_connected=False)
    assert client.is_connected() is False
    assert client.connect() is client
    assert client.get_nodes() == []
    assert client.get_node_names() == []
    assert client.info_all("build") == {}
    for call in (lambda: client.get(KEY), lambda: client.put(KEY, {"a": 1})):
        with pytest.raises(exception.NamespaceNotFound) as caught:
            call()
        assert "empty" in str(caught.value)
    rows = client.batch_read([KEY]).batch_records
    assert [(row.result, row.in_doubt) for row in rows] == [(20, False)]
    for call in (
        lambda: client.info_random_node("build"),
        lambda: client.truncate("test", None, 0),
        lambda: client.index_remove("test", "index"),
    ):
        with pytest.raises(exception.InvalidNodeError, match="Cluster is empty"):
            call()


def test_client_without_a_cluster_finds_it_later(make_client):
    with DevCluster() as cluster:
        hosts = cluster.hosts
        cluster.stop_node(0)
        client = make_client(
            hosts=hosts, fail_if_not_connected=False, tend_interval=250
        )
        assert not client.is_connected()
        cluster.start_node(0)
        until(client.is_connected)
        assert client.exists(KEY)[1] is None


# closed


@ALL_CALLS
def test_closed_client_raises_cluster_error(make_client, call):
    client = make_client()
    client.close()
    with pytest.raises(exception.ClusterError, match="closed") as caught:
        call(client)
    assert caught.value.code == 11


@pytest.mark.parametrize("method", sorted(set(NEEDS_CLUSTER) - MAKES_OBJECT))
def test_closed_client_does_not_look_at_the_arguments(make_client, method):
    client = make_client()
    client.close()
    with pytest.raises(exception.ClusterError):
        getattr(client, method)(*[None] * n_required(method))


def test_close_may_be_called_again(make_client):
    client = make_client()
    assert client.close() is None
    assert client.close() is None


def test_what_needs_no_cluster_works_when_closed(make_plain_client):
    client = make_plain_client()
    client.close()
    assert client.is_connected() is False
    assert client.get_key_partition_id("test", "demo", 1) == 1207
    assert client.get_key_digest("test", "demo", 1).hex().startswith("b7f4b838")
    assert client.get_policies()["read"]["total_timeout"] == 1000
    assert client.shm_key() is None


def test_closed_client_can_connect_again(make_plain_client, key):
    client = make_plain_client()
    for _ in range(3):
        client.close()
        with pytest.raises(exception.ClusterError):
            client.get(key)
        assert client.connect() is client
        assert client.is_connected()
        client.put(key, {"a": 1})
        assert client.get(key)[2] == {"a": 1}


def test_client_closed_before_it_connected(nowhere, make_plain_client):
    client = make_plain_client(hosts=[nowhere])
    client.close()
    with pytest.raises(exception.ClusterError):
        client.get(KEY)
    with pytest.raises(exception.ConnectionError):
        client.connect()


def test_with_statement_closes(make_client, key):
    with make_client() as client:
        client.put(key, {"a": 1})
    with pytest.raises(exception.ClusterError):
        client.get(key)
    client.connect()
    with pytest.raises(ZeroDivisionError), client:
        raise ZeroDivisionError
    assert not client.is_connected()


# clients that never were


@ALL_CALLS
def test_client_whose_constructor_was_not_called(call):
    client = aerospike.Client.__new__(aerospike.Client)
    with pytest.raises(exception.ParamError, match="constructor"):
        call(client)


def test_other_calls_on_a_client_whose_constructor_was_not_called():
    client = aerospike.Client.__new__(aerospike.Client)
    assert client.is_connected() is False
    client.close()
    with pytest.raises(exception.ParamError):
        client.connect()


class Keeping(aerospike.Client):
    """Keeps itself even when its constructor fails."""

    seen: list[Any] = []  # noqa: RUF012

    def __init__(self, config):
        self.seen.append(self)
        super().__init__(config)


@ALL_CALLS
def test_client_whose_constructor_failed(nowhere, call):
    configs: list[Any] = [
        {"hosts": [nowhere], "fail_if_not_connected": True},
        {"hosts": []},
        {"hosts": [nowhere], "cluster_name": 5},
        None,
    ]
    for config in configs:
        with pytest.raises(exception.AerospikeError):
            Keeping(config)
        client = Keeping.seen.pop()
        with pytest.raises(exception.ParamError, match="constructor"):
            call(client)
        with pytest.raises(exception.ParamError):
            client.connect()
        assert client.is_connected() is False
        client.close()


def test_constructor_may_be_tried_again(hosts, key):
    with pytest.raises(exception.ParamError):
        Keeping({"hosts": []})
    client = Keeping.seen.pop()
    aerospike.Client.__init__(client, patient({"hosts": hosts}))
    client.put(key, {"a": 1})
    client.close()


# the object


def test_subclass_has_attributes_and_methods(hosts, key):
    class Mine(aerospike.Client):
        def __init__(self, config, more):
            super().__init__(config)
            self.more = more

        def get_bins(self, key: Any) -> Any:
            return self.get(key)[2]

    client = Mine(patient({"hosts": hosts}), [1])
    with client:
        client.put(key, {"a": 1})
        assert client.get_bins(key) == {"a": 1}
        assert client.more == [1]
        assert client.connect() is client


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_client_cannot_be_copied(client, again):
    with pytest.raises(TypeError, match=r"aerospike\.Client"):
        again(client)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_client_cannot_be_pickled(client, protocol):
    with pytest.raises(TypeError, match=r"aerospike\.Client"):
        pickle.dumps(client, protocol)


def test_client_is_freed(hosts):
    class Mine(aerospike.Client):
        self: aerospike.Client

    client = Mine({"hosts": hosts})
    client.self = client
    seen = weakref.ref(client)
    del client
    gc.collect()
    assert seen() is None


def test_weak_references_do_not_keep_what_they_refer_to(hosts):
    client = aerospike.client(patient({"hosts": hosts}))
    query, scan = client.query("test", "weak"), client.scan("test", "weak")
    seen = [weakref.ref(x) for x in (client, query, scan)]
    assert [x() for x in seen] == [client, query, scan]
    assert weakref.WeakKeyDictionary({client: 1})[client] == 1
    del client, query, scan
    gc.collect()
    assert [x() for x in seen] == [None] * 3


def test_finalizer_finds_the_client_gone(hosts):
    gone: list[bool] = []
    client = aerospike.client(patient({"hosts": hosts}))
    weakref.finalize(client, gone.append, True)
    del client
    gc.collect()
    assert gone == [True]


def test_client_type_cannot_be_changed(client):
    with pytest.raises(TypeError):
        setattr(aerospike.Client, "get", None)  # noqa: B010
    with pytest.raises(AttributeError):
        setattr(client, "more", 1)  # noqa: B010


def test_methods_have_docstrings_and_signatures():
    import inspect

    for name in set(NEEDS_CLUSTER) | NEEDS_NOTHING:
        method = getattr(aerospike.Client, name)
        assert method.__doc__, name
        if name != "touch":
            assert "self" in str(inspect.signature(method)), name


# processes


@pytest.mark.parametrize(
    "end",
    [
        "pass",
        "client.close()",
        "del client",
        "sys.exit(0)",
        "os._exit(0)",
        "keep = [client]; keep.append(keep)",
        "sys.modules['keep'] = client",
        """threading.Thread(target=lambda: (
        threading.main_thread().join(), client.get(KEY))).start()""",
        "import atexit; atexit.register(lambda: client.get(KEY))",
    ],
)
def test_interpreter_ends_with_a_live_client(hosts, end):
    script = f"""
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    client.put(KEY, {{"a": 1}}, {{"ttl": 60}})
    print(client.get(KEY)[2], flush=True)
    {end}
    """
    assert run_script(script, hosts) == "{'a': 1}\n"


def test_interpreter_ends_while_a_daemon_thread_waits(scripted_node):
    arrived = threading.Event()
    scripted_node.expect().then(arrived).stay_silent()
    script = """
    client = aerospike.client({"hosts": hosts} | PATIENT)
    policy = {"total_timeout": 0, "socket_timeout": 0}
    threading.Thread(target=client.get, args=(KEY, policy), daemon=True).start()
    input()
    print("end")
    """
    with Script(script, [scripted_node.host]) as running:
        wait_for(arrived)
        running.say()
        assert running.rest() == "end\n"


def test_keyboard_interrupt_ends_a_call_that_hangs(scripted_node):
    arrived = threading.Event()
    scripted_node.expect().then(arrived).stay_silent()
    scripted_node.expect().send(reply(2))
    script = """
    client = aerospike.client({"hosts": hosts} | PATIENT)
    try:
        client.get(KEY, {"total_timeout": 0, "socket_timeout": 0})
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(client.exists(KEY)[1], flush=True)
    """
    with Script(script, [scripted_node.host]) as running:
        wait_for(arrived)
        with Watch() as watch:
            running.process.send_signal(signal.SIGINT)
            assert running.line() == "interrupted"
        watch.assert_at_once()
        assert running.rest() == "None\n"  # the client still works


def test_signal_handler_runs_while_a_call_waits(scripted_node):
    """A handler that returns lets the call go on to its end."""
    arrived, answer = threading.Event(), threading.Event()
    scripted_node.expect().then(arrived).wait(answer).send(OK_REPLY)
    script = """
    signal.signal(signal.SIGALRM, lambda *_: print("handled", flush=True))
    client = aerospike.client({"hosts": hosts} | PATIENT)
    print(client.get(KEY, {"max_retries": 0})[2])
    """
    with Script(script, [scripted_node.host]) as running:
        wait_for(arrived)
        running.process.send_signal(signal.SIGALRM)
        assert running.line() == "handled"
        answer.set()
        assert running.rest() == "{}\n"


# fork

FORKS = """
client = aerospike.client({"hosts": hosts} | PATIENT)
client.put(KEY, {"a": 1}, {"ttl": 60})
children = []
for i in range(4):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for n in range(50):
                client.increment(KEY, f"n{i}", 1)
                assert client.get(KEY)[2][f"n{i}"] == n + 1
            assert client.is_connected()
            status = 0
        finally:
            os._exit(status)
    children.append(pid)
for n in range(50):
    client.increment(KEY, "parent", 1)
    assert client.get(KEY)[2]["parent"] == n + 1
print([os.waitpid(pid, 0)[1] for pid in children])
bins = client.get(KEY)[2]
print(sorted(bins.items()))
"""


def test_client_works_in_parent_and_children(hosts):
    assert run_script(FORKS, hosts).splitlines() == [
        "[0, 0, 0, 0]",
        str([("a", 1), ("n0", 50), ("n1", 50), ("n2", 50), ("n3", 50), ("parent", 50)]),
    ]


@no_forks_beside_threads
def test_fork_while_other_threads_call(hosts):
    script = """
    client = aerospike.client({"hosts": hosts} | PATIENT)
    stop = threading.Event()
    failed = []
    def call(i):
        while not stop.is_set():
            try:
                client.put((*KEY[:2], f"{KEY[2]}-{i}"), {"a": i}, {"ttl": 60})
            except BaseException as e:
                failed.append(repr(e))
                return
    threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    statuses = []
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                for i in range(4):
                    client.put((*KEY[:2], f"{KEY[2]}-{i}"), {"a": i}, {"ttl": 60})
                    assert client.get((*KEY[:2], f"{KEY[2]}-{i}"))[2] == {"a": i}
                client.close()
                status = 0
            finally:
                os._exit(status)
        statuses.append(os.waitpid(pid, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    print(statuses, failed)
    """
    assert run_script(script, hosts) == f"{[0] * 10} []\n"


@pytest.mark.parametrize(
    "act", ["client.close()", "del client", "client.connect()", ""]
)
def test_child_may_end_as_it_likes(hosts, act):
    """What it does with its copy must not reach the parent's connections."""
    script = f"""
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    client.put(KEY, {{"a": 1}}, {{"ttl": 60}})
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        {act or "pass"}
        sys.exit(0)
    status = os.waitpid(pid, 0)[1]
    for _ in range(20):
        assert client.get(KEY)[2] == {{"a": 1}}
    print(status, client.is_connected())
    """
    assert run_script(script, hosts) == "0 True\n"


def test_child_of_a_child_works(hosts):
    script = """
    client = aerospike.client({"hosts": hosts} | PATIENT)
    client.put(KEY, {"n": 0}, {"ttl": 60})
    depth = 0
    for _ in range(3):
        sys.stdout.flush()
        if os.fork() != 0:
            os.wait()
            break
        depth += 1
    client.increment(KEY, "n", 1)
    if depth == 0:
        print(client.get(KEY)[2])
    """
    assert run_script(script, hosts) == "{'n': 4}\n"


def test_child_keeps_tending(cluster):
    """A node that is lost after the fork is noticed by the child's own tending."""
    script = """
    client = aerospike.client({"hosts": hosts, "tend_interval": 250} | PATIENT)
    n = len(client.get_node_names())
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            client.exists(KEY)
            print("ready", flush=True)
            until(lambda: len(client.get_node_names()) != n)
            status = n - len(client.get_node_names())
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    with Script(script, cluster.hosts) as running:
        assert running.line() == "ready"
        cluster.stop_node(1)
        assert running.rest() == "1\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(hosts, tmp_path, method):
    module = tmp_path / "worker.py"
    module.write_text(
        textwrap.dedent(
            """
            import json, multiprocessing, os, sys
            import aerospike

            hosts = [tuple(host) for host in json.loads(sys.argv[1])]
            KEY = ("test", "pytest", f"pool-{sys.argv[2]}")
            client = aerospike.client(
                {"hosts": hosts, "policies": {"total_timeout": 30_000}}
            )

            def work(i):
                client.increment(KEY, "n", 1)
                try:
                    client.get((*KEY[:2], "missing"))
                except aerospike.exception.RecordNotFound as error:
                    missing = error  # crosses the process border
                return i, client.get(KEY)[2]["n"] > 0, missing

            if __name__ == "__main__":
                client.put(KEY, {"n": 0}, {"ttl": 60})
                context = multiprocessing.get_context(sys.argv[2])
                with context.Pool(3) as pool:
                    results = pool.map(work, range(30))
                    pool.close()
                    pool.join()
                assert [i for i, _, _ in results] == list(range(30))
                assert all(ok for _, ok, _ in results)
                assert {error.code for _, _, error in results} == {2}
                print(client.get(KEY)[2])
            """
        )
    )
    import json

    done = subprocess.run(
        [sys.executable, str(module), json.dumps(hosts), method],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )
    assert (done.returncode, done.stdout) == (0, "{'n': 30}\n"), done.stderr


@pytest.mark.parametrize("urandom", ["1 / 0", "b'short'", "None"])
@pytest.mark.parametrize(
    "call", ["query.results()", "query.add_ops(ADD), query.execute_background()"]
)
def test_no_job_starts_without_a_number(hosts, urandom, call):
    """Numbers of jobs come from os.urandom()."""
    script = f"""
    os.urandom = lambda n: {urandom}
    ADD = [{{"op": aerospike.OPERATOR_INCR, "bin": "n", "val": 1}}]
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    NS, SET, _ = KEY = ("test", "job-numbers", os.getpid())
    client.put(KEY, {{"n": 1}})
    query = client.query(NS, SET)
    try:
        {call}
    except (ZeroDivisionError, exception.ClientError) as error:
        print(type(error).__name__)
    print(client.get(KEY)[2])
    client.remove(KEY)
    """
    error = "ZeroDivisionError" if urandom == "1 / 0" else "ClientError"
    assert run_script(script, hosts) == f"{error}\n{{'n': 1}}\n"
