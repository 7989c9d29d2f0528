"""Each key of the policies changes the request, or what the client does about it.

A scripted peer shows the bytes. The table of keys is the extension's own: a key without
a row here fails `test_every_policy_key_has_a_test`.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import aerospike
from aerospike import _core, exception
from aerospike_helpers import expressions as exp

from ..waiting import EARLY_S, Watch, until

KEY = ("test", "demo", 1)

READ_FLAG, GET_ALL, NO_BINS, AP_ALL = 0x01, 0x02, 0x20, 0x40  # info1
WRITE_FLAG, DELETE = 0x01, 0x02  # info2
GEN, GEN_GT, DURABLE, CREATE, ALL_OPS = 0x04, 0x08, 0x10, 0x20, 0x80
COMMIT_MASTER, UPDATE, CREATE_OR_REPLACE, REPLACE = 0x02, 0x08, 0x10, 0x20  # info3
SC_TYPE, SC_RELAX = 0x40, 0x80
LOCKING_ONLY = 0x10  # info4

READ_OP = {"op": aerospike.OPERATOR_READ, "bin": "a"}
WRITE_OP = {"op": aerospike.OPERATOR_WRITE, "bin": "a", "val": 1}

CALLS = {
    "get": lambda c, p: c.get(KEY, p),
    "select": lambda c, p: c.select(KEY, ["a"], p),
    "exists": lambda c, p: c.exists(KEY, p),
    "put": lambda c, p: c.put(KEY, {"a": 1}, None, p),
    "remove_bin": lambda c, p: c.remove_bin(KEY, ["a"], None, p),
    "remove": lambda c, p: c.remove(KEY, None, p),
    "touch": lambda c, p: c.touch(KEY, policy=p),
    "append": lambda c, p: c.append(KEY, "a", "x", None, p),
    "prepend": lambda c, p: c.prepend(KEY, "a", "x", None, p),
    "increment": lambda c, p: c.increment(KEY, "a", 1, None, p),
    "read": lambda c, p: c.operate(KEY, [READ_OP], None, p),
    "write": lambda c, p: c.operate(KEY, [WRITE_OP], None, p),
    "read and write": lambda c, p: c.operate_ordered(KEY, [READ_OP, WRITE_OP], None, p),
}
READS = ["get", "select", "exists"]
PUTS = ["put", "remove_bin"]
OPERATES = ["touch", "append", "prepend", "increment", "write", "read and write"]
WRITES = [*PUTS, "remove", *OPERATES]
SECTIONS = (
    dict.fromkeys(READS, "read")
    | dict.fromkeys(PUTS, "write")
    | {"remove": "remove", "read": "operate"}
    | dict.fromkeys(OPERATES, "operate")
)
FLAGS = {
    "get": (READ_FLAG | GET_ALL, 0),
    "select": (READ_FLAG, 0),
    "exists": (READ_FLAG | NO_BINS, 0),
    "remove": (0, WRITE_FLAG | DELETE),
    "read": (READ_FLAG, 0),
    "read and write": (READ_FLAG, WRITE_FLAG),
} | dict.fromkeys([*PUTS, "touch", "append", "prepend", "increment", "write"], (0, 1))


@pytest.fixture
def node(scripted_node):
    """A node that says yes to everything."""
    scripted_node.default = (
        bytes.fromhex("0203000000000016") + bytes([22]) + bytes(9) + bytes(12)
    )
    return scripted_node


LIMIT_MS = 20_000
"""The total timeout of calls whose policies name none."""


@pytest.fixture
def sent(node, make_client):
    """sent(call, policy, **config): the request that a call makes."""
    clients: dict[str, aerospike.Client] = {}

    def request(call: str, policy: Any = None, **config: Any) -> Any:
        client = clients.get(repr(config))
        if client is None:
            policies = config.get("policies", {})
            if "timeout" not in policies:  # the old name, which would win
                policies = {"total_timeout": LIMIT_MS} | policies
            client = make_client(hosts=[node.host], policies=policies)
            clients[repr(config)] = client
        before = len(node.requests)
        CALLS[call](client, policy)
        assert len(node.requests) == before + 1
        return node.requests[-1]

    return request


@pytest.mark.parametrize("call", CALLS)
def test_request_without_policy(sent, call):
    request = sent(call)
    info1, info2 = FLAGS[call]
    head = (request.info1, request.info2, request.info3, request.info4)
    assert head == (info1, info2, 0, 0)
    assert (request.generation, request.ttl, request.budget_ms) == (0, 0, LIMIT_MS)
    digest = bytes(aerospike.calc_digest(*KEY))
    assert request.fields == {0: b"test", 1: b"demo", 4: digest}
    empty: list[Any] = [{}, None]
    for policy in empty:
        assert sent(call, policy).body == request.body


def test_calls_have_a_second_where_nothing_is_said(node, make_plain_client):
    client = make_plain_client(hosts=[node.host])
    with contextlib.suppress(exception.TimeoutError):  # of a node that is late
        client.put(KEY, {"a": 1})
    until(lambda: node.requests)
    assert [request.budget_ms for request in node.requests] == [1000]


NEW_WINS = ["get", "put"], "budget_ms", 9000 - LIMIT_MS
NO_BUDGET = "budget_ms", -LIMIT_MS

# policy, calls it is for, field of the request, its value above that of no policy
BITS: list[tuple[dict[str, Any], list[str], str, int]] = [
    ({"read_mode_ap": 1}, [*READS, "read", "read and write"], "info1", AP_ALL),
    ({"consistency_level": 1}, [*READS, "read", "read and write"], "info1", AP_ALL),
    ({"read_mode_sc": 1}, [*READS, "read", "read and write"], "info3", SC_TYPE),
    ({"read_mode_sc": 2}, [*READS, "read", "read and write"], "info3", SC_RELAX),
    ({"read_mode_sc": 3}, [*READS, "read"], "info3", SC_TYPE | SC_RELAX),
    ({"read_touch_ttl_percent": 50}, [*READS, "read"], "ttl", 50),
    ({"read_touch_ttl_percent": -1}, [*READS, "read"], "ttl", 2**32 - 1),
    ({"gen": aerospike.POLICY_GEN_EQ}, WRITES, "info2", GEN),
    ({"gen": aerospike.POLICY_GEN_GT}, WRITES, "info2", GEN_GT),
    ({"exists": aerospike.POLICY_EXISTS_CREATE}, [*PUTS, *OPERATES], "info2", CREATE),
    ({"exists": aerospike.POLICY_EXISTS_UPDATE}, [*PUTS, *OPERATES], "info3", UPDATE),
    ({"exists": aerospike.POLICY_EXISTS_REPLACE}, [*PUTS, *OPERATES], "info3", REPLACE),
    (
        {"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE},
        [*PUTS, *OPERATES],
        "info3",
        CREATE_OR_REPLACE,
    ),
    ({"commit_level": 1}, WRITES, "info3", COMMIT_MASTER),
    ({"durable_delete": True}, WRITES, "info2", DURABLE),
    ({"ttl": 500}, [*PUTS, *OPERATES], "ttl", 500),
    ({"ttl": -1}, [*PUTS, *OPERATES], "ttl", 2**32 - 1),
    ({"ttl": -2}, [*PUTS, *OPERATES], "ttl", 2**32 - 2),
    ({"on_locking_only": True}, [*PUTS, *OPERATES], "info4", LOCKING_ONLY),
    ({"respond_all_ops": True}, [*OPERATES, "read"], "info2", ALL_OPS),
    ({"error_detail_verbosity": 1}, [*READS, *WRITES], "info4", 0x20),
    ({"error_detail_verbosity": 2}, [*READS, *WRITES], "info4", 0x40),
    ({"error_detail_verbosity": 3}, [*READS, *WRITES], "info4", 0x60),
    ({"total_timeout": 7000}, [*READS, *WRITES, "read"], "budget_ms", 7000 - LIMIT_MS),
    ({"timeout": 7000}, [*READS, *WRITES, "read"], "budget_ms", 7000 - LIMIT_MS),
    ({"total_timeout": 9000, "timeout": 7000}, *NEW_WINS),
    ({"timeout": 7000, "total_timeout": 9000}, *NEW_WINS),
    ({"socket_timeout": 6000}, [*READS, *WRITES, "read"], "budget_ms", 6000 - LIMIT_MS),
    ({"total_timeout": 0}, [*READS, *WRITES], "budget_ms", 30_000 - LIMIT_MS),
    ({"total_timeout": 0, "socket_timeout": 0}, [*READS, *WRITES], *NO_BUDGET),
    ({"total_timeout": -5, "socket_timeout": -5}, ["get", "put"], *NO_BUDGET),
]
NOT_PLAIN = {"respond_all_ops": ["touch", "append", "prepend", "increment"]}


@pytest.mark.parametrize(("policy", "calls", "field", "above"), BITS, ids=str)
def test_policy_key_sets_its_bits(sent, policy, calls, field, above):
    for call in calls:
        if call in NOT_PLAIN.get(next(iter(policy)), ()):
            continue
        plain, request = sent(call), sent(call, policy)
        assert getattr(request, field) == getattr(plain, field) + above, call
        assert same_but(request, plain, field), call
        # the same as a default of the client
        assert sent(call, policies={SECTIONS[call]: policy}).body == request.body, call


def same_but(request, other, *names):
    """Two requests differ in some fields only."""
    differing = {name for name in request._fields if name != "body"} - set(names)
    return all(getattr(request, name) == getattr(other, name) for name in differing)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("test", "demo", "é"), b"\3\xc3\xa9"),
        (("test", "demo", -2), b"\1" + b"\xff" * 7 + b"\xfe"),
        (("test", "demo", b"x"), b"\3x"),
        (("test", "demo", bytearray(b"x")), b"\4x"),
        (("test", "demo", None, bytearray(20)), None),
    ],
)
def test_key_policy_sends_the_user_key(
    node, make_client, monkeypatch, call, key, value
):
    client = make_client(hosts=[node.host])
    monkeypatch.setitem(globals(), "KEY", key)
    CALLS[call](client, {"key": aerospike.POLICY_KEY_DIGEST})
    CALLS[call](client, {"key": aerospike.POLICY_KEY_SEND})
    plain, request = node.requests
    assert 2 not in plain.fields
    assert request.fields.get(2) == value
    assert same_but(request, plain, "fields")


@pytest.mark.parametrize("call", WRITES)
def test_generation_is_sent_only_when_it_is_compared(node, make_client, call):
    client = make_client(hosts=[node.host])
    run = {
        "put": lambda m, p: client.put(KEY, {"a": 1}, m, p),
        "remove_bin": lambda m, p: client.remove_bin(KEY, ["a"], m, p),
        "remove": lambda m, p: client.remove(KEY, m, p),
        "touch": lambda m, p: client.touch(KEY, 0, m, p),
        "append": lambda m, p: client.append(KEY, "a", "x", m, p),
        "prepend": lambda m, p: client.prepend(KEY, "a", "x", m, p),
        "increment": lambda m, p: client.increment(KEY, "a", 1, m, p),
        "write": lambda m, p: client.operate(KEY, [WRITE_OP], m, p),
        "read and write": lambda m, p: client.operate(KEY, [READ_OP, WRITE_OP], m, p),
    }[call]
    run({"gen": 7}, None)
    run({"gen": 7}, {"gen": aerospike.POLICY_GEN_EQ})
    run({"gen": 65535}, {"gen": aerospike.POLICY_GEN_GT})
    assert [r.generation for r in node.requests] == [0, 7, 65535]


def test_generation_of_a_remove_policy(sent):
    policy = {"gen": aerospike.POLICY_GEN_EQ, "generation": 5}
    assert sent("remove", policy).generation == 5
    assert sent("remove", {"generation": 5}).generation == 0


@pytest.mark.parametrize("call", CALLS)
def test_expressions_are_sent_as_a_filter(sent, call):
    compiled = exp.GT(exp.IntBin("a"), 3).compile()
    request, plain = sent(call, {"expressions": compiled}), sent(call)
    assert request.fields.pop(43)
    assert request.fields == plain.fields
    assert same_but(request, plain, "fields")


def test_expressions_filter_records(client, key):
    client.put(key, {"a": 5})
    passing = {"expressions": exp.GT(exp.IntBin("a"), 3).compile()}
    failing = {"expressions": exp.GT(exp.IntBin("a"), 9).compile()}
    assert client.get(key, passing)[2] == {"a": 5}
    for call in (
        lambda: client.get(key, failing),
        lambda: client.exists(key, failing),
        lambda: client.put(key, {"a": 6}, None, failing),
        lambda: client.remove(key, None, failing),
        lambda: client.operate(key, [WRITE_OP], None, failing),
    ):
        with pytest.raises(exception.FilteredOut) as caught:
            call()
        assert caught.value.code == 27
    assert client.get(key)[2] == {"a": 5}


def test_filter_does_not_matter_for_a_missing_record(client, key):
    failing = {"expressions": exp.GT(exp.IntBin("a"), 9).compile()}
    assert client.exists(key, failing)[1] is None
    with pytest.raises(exception.RecordNotFound):
        client.get(key, failing)


@pytest.mark.parametrize("name", ["exists", "commit_level", "gen", "key", "replica"])
@pytest.mark.parametrize("value", [99, -1])
def test_unknown_number_stands_for_the_default(sent, name, value):
    assert sent("put", {name: value}).body == sent("put").body


# defaults in config["policies"] itself


@pytest.mark.parametrize(
    ("policies", "field", "get", "put", "remove"),
    [
        ({"timeout": 7000}, "budget_ms", 7000, 7000, 7000),
        ({"total_timeout": 7000}, "budget_ms", 7000, 7000, 7000),
        ({"socket_timeout": 7000}, "budget_ms", 7000, 7000, 7000),
        ({"commit_level": 1}, "info3", 0, COMMIT_MASTER, COMMIT_MASTER),
        ({"gen": 1}, "info2", 0, 1 | GEN, 3 | GEN),
        ({"exists": 1}, "info2", 0, 1 | CREATE, 3),
        ({"consistency_level": 1}, "info1", 0x43, 0, 0),
        ({"read_mode_ap": 1}, "info1", 0x43, 0, 0),
        ({"read_mode_sc": 1}, "info3", SC_TYPE, 0, 0),
    ],
    ids=str,
)
def test_policies_of_all_commands(sent, policies, field, get, put, remove):
    for call, value in (("get", get), ("put", put), ("remove", remove)):
        assert getattr(sent(call, policies=policies), field) == value


def test_section_beats_the_policies_of_all_commands(sent):
    for order in (1, -1):
        items = [("timeout", 7000), ("read", {"total_timeout": 6000})][::order]
        policies: dict[str, Any] = dict(items)
        assert sent("get", policies=policies).budget_ms == 6000
        assert sent("put", policies=policies).budget_ms == 7000
        assert sent("get", {"timeout": 5000}, policies=policies).budget_ms == 5000


# what the client does


def test_max_retries_and_its_old_name(node, make_client):
    """Each attempt is answered with "device overload", which may be repeated."""
    node.default = (
        bytes.fromhex("0203000000000016") + bytes([22, 0, 0, 0, 0, 18]) + bytes(16)
    )
    client = make_client(hosts=[node.host], max_error_rate=0)
    for call, policy, n in [
        ("get", None, 3),  # reads: two retries by default
        ("put", None, 1),  # writes: none
        ("read", None, 1),
        ("get", {"max_retries": 0}, 1),
        ("get", {"retry": 1}, 2),
        ("get", {"retry": 5, "max_retries": 0}, 1),
        ("put", {"max_retries": 4}, 5),
        ("remove", {"retry": aerospike.POLICY_RETRY_ONCE}, 2),
        ("touch", {"max_retries": 1}, 2),
    ]:
        node.requests.clear()
        with pytest.raises(exception.DeviceOverload) as caught:
            CALLS[call](client, policy)
        assert len(node.requests) == n, (call, policy)
        assert caught.value.attempts == n
        assert len({request.body for request in node.requests}) == 1


def test_sleep_between_retries(node, make_client):
    node.default = (
        bytes.fromhex("0203000000000016") + bytes([22, 0, 0, 0, 0, 18]) + bytes(16)
    )
    client = make_client(hosts=[node.host], max_error_rate=0)
    policy = {"max_retries": 3, "sleep_between_retries": 60, "total_timeout": 0}
    with pytest.raises(exception.DeviceOverload) as caught, Watch() as watch:
        client.get(KEY, policy)
    # the first repetition is at once, for it may go to another copy
    watch.assert_took(2 * (0.06 - EARLY_S))
    assert 116 <= caught.value.elapsed_ms <= 1000 * watch.took + 1
    assert len(node.requests) == 4


def test_sleep_beyond_the_timeout_ends_the_call(node, make_client):
    node.default = (
        bytes.fromhex("0203000000000016") + bytes([22, 0, 0, 0, 0, 18]) + bytes(16)
    )
    client = make_client(hosts=[node.host], max_error_rate=0)
    policy = {
        "max_retries": 9,
        "sleep_between_retries": 60_000,
        "total_timeout": 30_000,
    }
    with pytest.raises(exception.DeviceOverload), Watch() as watch:
        client.get(KEY, policy)
    watch.assert_at_once()
    assert len(node.requests) == 2


def nodes_asked(pair, client, call, policy, n=12):
    """How often each of two nodes is asked, over some calls."""
    for node in pair:
        node.requests.clear()
        node.default = bytes.fromhex("0203000000000016") + bytes([22]) + bytes(21)
    for _ in range(n):
        CALLS[call](client, policy)
    return tuple(len(node.requests) for node in pair)


@pytest.mark.parametrize("call", ["get", "read"])
def test_replica_says_which_copy_is_read(scripted_pair, make_client, call):
    client = make_client(hosts=[scripted_pair[0].host])

    def asked(policy: Any) -> tuple[int, ...]:
        return nodes_asked(scripted_pair, client, call, policy)

    assert asked(None) == (12, 0)
    assert asked({"replica": aerospike.POLICY_REPLICA_MASTER}) == (12, 0)
    assert asked({"replica": aerospike.POLICY_REPLICA_SEQUENCE}) == (12, 0)
    assert asked({"replica": aerospike.POLICY_REPLICA_PREFER_RACK}) == (12, 0)
    for spread in (aerospike.POLICY_REPLICA_ANY, aerospike.POLICY_REPLICA_RANDOM):
        first, other = asked({"replica": spread})
        assert first >= 4
        assert other >= 4
    # linearized reads are the master's
    any_linear = {"replica": aerospike.POLICY_REPLICA_ANY, "read_mode_sc": 1}
    assert asked(any_linear) == (12, 0)


@pytest.mark.parametrize("replica", ["MASTER", "ANY", "SEQUENCE", "PREFER_RACK"])
def test_write_begins_at_the_master(scripted_pair, make_client, replica):
    client = make_client(hosts=[scripted_pair[0].host])
    policy = {"replica": getattr(aerospike, f"POLICY_REPLICA_{replica}")}
    assert nodes_asked(scripted_pair, client, "put", policy) == (12, 0)


def test_replica_of_policies_is_for_all(scripted_pair, make_client):
    client = make_client(
        hosts=[scripted_pair[0].host],
        policies={"replica": aerospike.POLICY_REPLICA_ANY},
    )
    assert nodes_asked(scripted_pair, client, "get", None)[1] >= 4


# completeness

ELSEWHERE = {
    # test/faults/test_timeouts.py
    "connect_timeout",
    "timeout_delay",
    "retry_on_timeout",
    # test_records.py
    "deserialize",
    # test_compression.py
    "compress",
    "compression_threshold",
    # test_moving.py
    "fail_on_cluster_change",
    # test/faults/test_transactions.py
    "txn",
    # of info calls: test_info.py; these two mean nothing to this client
    "check_bounds",
    "send_as_is",
}
HERE = {
    "key",
    "generation",
    "expressions",
    "max_retries",
    "retry",
    "sleep_between_retries",
    "replica",
} | {name for policy, *_ in BITS for name in policy}


# the kinds of the calls above
KINDS = {"read", "write", "operate", "remove", "info"}


def test_every_policy_key_has_a_test():
    rows = _core.option_tables()["policy"]
    assert {
        row["name"] for row in rows if KINDS & set(row["kinds"])
    } == HERE | ELSEWHERE


def test_policies_show_what_their_table_says(client):
    rows = _core.option_tables()["policy"]
    for kind, policy in client.get_policies().items():
        assert set(policy) == {row["name"] for row in rows if kind in row["shown"]}


@pytest.mark.parametrize("call", CALLS)
def test_no_transaction_is_none(sent, call):
    assert sent(call, {"txn": None}).body == sent(call).body
