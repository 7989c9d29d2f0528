"""Users, roles and sessions, on a development server with security.

Real servers with security are none of those that AEROSPIKE_HOSTS may name.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch import records
from aerospike_helpers.operations import operations

from ..children import LIMIT_S
from ..waiting import patient, until

DAY_S = 24 * 3600
KEYS = [("test", "pytest", i) for i in range(20)]
KEY = KEYS[0]


@pytest.fixture(scope="module")
def shared() -> Iterator[DevCluster]:
    outside = {"ext": {"password": "pw", "roles": ["read"]}}
    with DevCluster(nodes=3, security=True, external_users=outside) as made:
        yield made


@pytest.fixture
def secured(shared: DevCluster) -> DevCluster:
    """A cluster with the users and roles of the beginning."""
    shared.reset()
    return shared


MakeUser = Callable[..., aerospike.Client]


@pytest.fixture
def log_in(secured: DevCluster) -> Iterator[MakeUser]:
    """log_in(user, password, **config): a client, which is closed after the test."""
    made: list[aerospike.Client] = []

    def make(user: str, password: str, **config: Any) -> aerospike.Client:
        config = {"hosts": secured.hosts, "user": user, "password": password, **config}
        made.append(
            aerospike.client(patient({"fail_if_not_connected": True, **config}))
        )
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def admin(log_in: MakeUser) -> aerospike.Client:
    client = log_in("admin", "admin", tend_interval=250)
    for key in KEYS:
        client.put(key, {"n": 1})
    return client


# --- sessions ---


def batch_write(client: Any) -> Any:
    ops = [operations.write("n", 1)]
    batch = records.BatchRecords([records.Write(key, ops) for key in KEYS])
    client.batch_write(batch)
    return batch.result, {each.result for each in batch.batch_records}


def query(client: Any) -> Any:
    return sorted(str(record) for record in client.query("test", "pytest").results())


def scan(client: Any) -> Any:
    found: list[Any] = []
    client.scan("test", "pytest").foreach(found.append)
    return len(found)


def background(client: Any) -> Any:
    job = client.query("test", "pytest")
    job.add_ops([operations.write("m", 1)])
    job.execute_background()


def index(client: Any) -> Any:
    return client.index_integer_create("test", "pytest", "n", "by_n")


CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda c: [c.get(key, {"max_retries": 0}) for key in KEYS],
    "put": lambda c: [c.put(key, {"n": 1}) for key in KEYS],
    "operate": lambda c: c.operate(KEY, [operations.read("n")])[2],
    "exists": lambda c: c.exists(KEY),
    "batch_read": lambda c: str(c.batch_read(KEYS).batch_records[0].record),
    "batch_write": batch_write,
    "query": query,
    "scan": scan,
    "background": background,
    "index": index,
    "info_all": lambda c: c.info_all("build"),
    "info": lambda c: c.info("build"),
    "info_random_node": lambda c: c.info_random_node("build"),
    "truncate": lambda c: c.truncate("test", "nobody", 0),
    "admin_get_roles": lambda c: c.admin_get_roles(),
    "admin_drop_user": lambda c: c.admin_set_password("admin", "admin"),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_call_notices_that_sessions_have_ended(secured, admin, name):
    call = CALLS[name]
    before = call(admin)
    for _ in range(2):
        secured.advance(DAY_S)
        assert call(admin) == before


def test_no_thread_notices_that_sessions_end_again_and_again(secured, admin):
    stop, errors = threading.Event(), []

    def work() -> None:
        try:
            while not stop.is_set():
                for key in KEYS:
                    admin.get(key)
                    admin.put(key, {"n": 1})
        except exception.AerospikeError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        secured.advance(DAY_S)
        assert len(admin.batch_read(KEYS).batch_records) == len(KEYS)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_sessions_that_end_are_nothing_to_warn_of(secured, caplog):
    caplog.set_level("WARNING", "aerospike")
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    try:
        client = aerospike.client(patient({"hosts": secured.hosts}))
        client.connect("admin", "admin").put(KEY, {"n": 1})
        tokens = [len(node.logins) for node in secured._state.nodes]
        secured.advance(DAY_S)
        until(
            lambda: all(
                len(node.logins) > before
                for node, before in zip(secured._state.nodes, tokens, strict=True)
            )
        )
        client.close()
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
    # A busy machine may make a node late, which is another matter.
    lines = [record.getMessage() for record in caplog.records]
    text = "\n".join(line for line in lines if "does not answer" not in line)
    assert "session" not in text
    assert "login" not in text
    assert "authenticated" not in text


def test_session_is_renewed_before_it_ends():
    """It is by the client's clock, a minute before: so after one second here."""
    with DevCluster(nodes=2, security=True, session_ttl=61) as cluster:
        config = patient({**cluster.config, "tend_interval": 250})
        with aerospike.client(config) as client:
            until(lambda: all(len(n.logins) > 2 for n in cluster._state.nodes))
            assert client.is_connected()
            client.put(KEY, {"a": 1})


def test_node_that_has_started_anew_is_logged_in_to(log_in):
    with DevCluster(nodes=1, security=True) as cluster:
        client = log_in("admin", "admin", hosts=cluster.hosts, tend_interval=250)
        cluster.stop_node(0)
        cluster.start_node(0)
        policy = {"max_retries": 100, "sleep_between_retries": 100}
        client.put(KEY, {"a": 1}, policy=policy)


def test_user_who_is_dropped_is_told_so(secured, admin, log_in):
    admin.admin_create_user("bob", "secret", ["read"])
    bob = log_in("bob", "secret", tend_interval=250)
    bob.get(KEY)
    admin.admin_drop_user("bob")
    secured.advance(DAY_S)
    with pytest.raises(
        exception.InvalidUser, match=r"renew the session; the .* dropped"
    ):
        bob.get(KEY)
    with pytest.raises(exception.InvalidUser, match="user was dropped") as found:
        bob.admin_query_users()
    assert "there is no user" not in str(found.value)


def test_password_that_another_client_has_changed(secured, admin, log_in):
    admin.admin_create_user("bob", "secret", ["read"])
    bob, same = (log_in("bob", "secret", tend_interval=250) for _ in range(2))
    bob.admin_change_password("bob", "s2")
    secured.advance(DAY_S)
    assert bob.get(KEY)[2] == {"n": 1}
    with pytest.raises(exception.InvalidCredential, match="was changed"):
        same.get(KEY)
    same.connect("bob", "s2")
    assert same.get(KEY)[2] == {"n": 1}


# --- logins ---


@pytest.mark.parametrize(
    ("user", "password", "cls"),
    [
        ("admin", "wrong", exception.InvalidCredential),
        ("nobody", "admin", exception.InvalidUser),
    ],
)
def test_wrong_user_or_password(secured, log_in, user, password, cls):
    with pytest.raises(cls, match=f"user '{user}'"):
        log_in(user, password)
    client = aerospike.client(patient({"hosts": secured.hosts}))
    with pytest.raises(cls, match=f"user '{user}'"):
        client.connect(user, password)
    client.connect("admin", "admin").close()


def test_nobody_is_let_in_without_a_user(secured):
    client = aerospike.client(patient({"hosts": secured.hosts}))
    assert not client.is_connected()
    for use in (client.connect, lambda: client.get(KEY), lambda: client.info("build")):
        with pytest.raises(exception.NotAuthenticated, match=r"connect\(user"):
            use()


def test_user_of_a_directory(log_in, admin):
    outside = {"policies": {"auth_mode": aerospike.AUTH_EXTERNAL_INSECURE}}
    client = log_in("ext", "pw", **outside)
    assert client.get(KEY)[2] == {"n": 1}
    with pytest.raises(exception.AerospikeError, match="directory does not know"):
        client.connect("ext", "wrong")
    with pytest.raises(exception.InvalidCredential):
        log_in("ext", "pw")  # nobody but the directory has its hash


def test_client_becomes_another_user(admin):
    admin.admin_create_user("bob", "secret", ["read"])
    admin.connect("bob", "secret")
    assert admin.get(KEY)[2] == {"n": 1}
    with pytest.raises(exception.RoleViolation, match="the client's user lack"):
        admin.put(KEY, {"n": 2})
    admin.connect("admin", "admin").put(KEY, {"n": 2})


def test_client_becomes_another_user_while_threads_use_it(admin):
    admin.admin_create_user("bob", "secret", ["read"])
    stop, errors = threading.Event(), []

    def work() -> None:
        try:
            while not stop.is_set():
                assert admin.get(KEY)[2] == {"n": 1}
        except exception.AerospikeError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        admin.connect("bob", "secret")
        admin.connect("admin", "admin")
    stop.set()
    for thread in threads:
        thread.join()
    assert [error for error in errors if error.code != 11] == []  # of a closed cluster


def test_child_of_a_fork_shows_the_session(secured):
    code = """
        import os, sys
        import aerospike
        config = eval(sys.argv[1])
        client = aerospike.client(config)
        client.put(("test", "pytest", 1), {"n": 1})
        child = os.fork()
        assert client.get(("test", "pytest", 1))[2] == {"n": 1}
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """
    config = repr(patient(secured.config))
    command = [sys.executable, "-c", textwrap.dedent(code), config]
    subprocess.run(command, check=True, timeout=LIMIT_S)


# --- users and roles ---


def test_life_of_a_user(admin, log_in):
    assert admin.admin_create_user("bob", "secret", ["read", "write"]) == 0
    with pytest.raises(exception.UserExistsError, match="user 'bob'"):
        admin.admin_create_user("bob", "secret", [])
    bob = log_in("bob", "secret")
    bob.put(KEY, {"n": 2})
    assert admin.admin_revoke_roles("bob", ["write"]) == 0
    with pytest.raises(exception.RoleViolation):
        bob.put(KEY, {"n": 3})
    assert admin.admin_grant_roles("bob", ["truncate"]) == 0
    assert admin.admin_query_user("bob") == ["read", "truncate"]
    assert admin.admin_query_users()["bob"] == ["read", "truncate"]
    info = admin.admin_query_user_info("bob")
    assert set(info) == {"roles", "read_info", "write_info", "conns_in_use"}
    assert admin.admin_query_users_info()["admin"]["conns_in_use"] > 0
    assert admin.admin_set_password("bob", "s2") == 0
    assert bob.connect("bob", "s2").is_connected()
    assert admin.admin_drop_user("bob") == 0
    with pytest.raises(exception.InvalidUser):
        admin.admin_query_user_info("bob")


def test_life_of_a_role(admin, log_in):
    demo = {"code": aerospike.PRIV_READ, "ns": "test", "set": "pytest"}
    assert admin.admin_create_role("r1", [demo]) == 0
    admin.admin_create_user("bob", "secret", ["r1"])
    bob = log_in("bob", "secret")
    assert bob.get(KEY)[2] == {"n": 1}
    with pytest.raises(exception.RoleViolation):
        bob.exists(("test", "other", 1))
    write = {"code": aerospike.PRIV_WRITE, "ns": "test"}
    assert admin.admin_grant_privileges("r1", [write]) == 0
    bob.put(("test", "other", 1), {"n": 1})
    assert admin.admin_revoke_privileges("r1", [write]) == 0
    with pytest.raises(exception.RoleViolation):
        bob.put(("test", "other", 1), {"n": 1})
    assert admin.admin_set_quotas("r1", read_quota=2) == 0
    with pytest.raises(exception.QuotaExceeded, match="admin_set_quotas"):
        [bob.get(KEY) for _ in range(1000)]
    assert admin.admin_set_quotas("r1") == 0
    assert admin.admin_set_whitelist("r1", ["10.0.0.0/8"]) == 0
    assert admin.admin_get_role("r1") == {
        "privileges": [demo],
        "whitelist": ["10.0.0.0/8"],
        "read_quota": 0,
        "write_quota": 0,
    }
    with pytest.raises(exception.NotWhitelisted, match="address of this machine"):
        log_in("bob", "secret")
    assert admin.admin_set_whitelist("r1", None) == 0
    log_in("bob", "secret")
    assert admin.admin_query_role("r1") == [demo]
    assert admin.admin_get_roles()["r1"]["whitelist"] == []
    assert admin.admin_query_roles()["read"] == [{"code": 10, "ns": "", "set": ""}]
    assert admin.admin_drop_role("r1") == 0
    assert admin.admin_query_user("bob") == []


def test_empty_list_of_roles_is_told_so(admin):
    with pytest.raises(exception.InvalidRole, match="list of roles is empty"):
        admin.admin_create_user("bob", "secret", [])


def test_whitelist_that_is_none_is_shown(admin):
    admin.admin_create_role("clerk", [{"code": aerospike.PRIV_READ}])
    for call in (
        lambda: admin.admin_set_whitelist("clerk", ["localhost"]),
        lambda: admin.admin_create_role("r", [], whitelist=["localhost"]),
    ):
        with pytest.raises(exception.InvalidWhitelist, match=r"network: .'localhost'"):
            call()


def test_role_that_is_always_there_cannot_be_dropped(admin):
    with pytest.raises(exception.InvalidRole, match="'read'"):
        admin.admin_drop_role("read")


def test_users_are_for_administrators(log_in, admin):
    admin.admin_create_user("bob", "secret", ["read"])
    bob = log_in("bob", "secret")
    with pytest.raises(exception.RoleViolation, match="PRIV_USER_ADMIN"):
        bob.admin_query_users()
    assert bob.admin_query_user("bob") == ["read"]
    assert bob.admin_change_password("bob", "s2") == 0


def test_changing_the_password_of_another_user_names_the_call_for_that(admin):
    admin.admin_create_user("eve", "secret", ["read"])
    with pytest.raises(exception.RoleViolation) as caught:
        admin.admin_change_password("eve", "s2")
    assert "use admin_set_password() for user 'eve'" in caught.value.detail
    assert "PRIV_USER_ADMIN" not in caught.value.detail


def test_server_without_security_says_so(make_client):
    with pytest.raises(exception.SecurityNotSupported, match="Community Edition"):
        make_client().admin_query_users()


# --- clients that share a cluster ---


def test_users_share_no_cluster(admin, log_in):
    admin.admin_create_user("bob", "secret", ["read"])
    bob = log_in("bob", "secret", use_shared_connection=True)
    with pytest.raises(exception.RoleViolation):
        bob.put(KEY, {"n": 2})
    log_in("admin", "admin", use_shared_connection=True).put(KEY, {"n": 1})
    with pytest.raises(exception.InvalidCredential):
        log_in("bob", "wrong", use_shared_connection=True)


@pytest.mark.parametrize("changer", [0, 1])
def test_password_of_a_shared_cluster(secured, admin, log_in, changer):
    """Whichever client has changed it, the cluster logs in with the new one."""
    admin.admin_create_user("bob", "secret", ["read"])
    config = {"use_shared_connection": True, "tend_interval": 250}
    both = [log_in("bob", "secret", **config) for _ in range(2)]
    both[changer].admin_change_password("bob", "s2")
    secured.advance(DAY_S)
    for client in both:
        assert client.get(KEY)[2] == {"n": 1}
    both[changer].close()
    assert both[changer].connect().get(KEY)[2] == {"n": 1}


def test_connections_that_are_kept_ready_are_logged_in(secured, log_in):
    """Nobody opens or logs in another one when calls come."""
    client = log_in("admin", "admin", min_conns_per_node=2, tend_interval=60_000)
    opened = re.compile("client_connections_opened=([0-9]+)")

    def n_opened():
        answers = client.info_all("statistics").values()
        return sum(int(opened.findall(text)[0]) for _, text in answers)

    n_before = n_opened()
    for n in range(20):
        client.put((*KEY[:2], n), {"n": n})
    assert n_opened() == n_before
