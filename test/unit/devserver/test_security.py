"""Security of the development server: logins, users, roles, and who may do what."""

import base64
import os
import ssl
import struct

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.storage.privileges import Access, Role, Usage

from . import admin_wire as wire
from .admin_wire import (
    DATA_ADMIN,
    HASHES,
    READ,
    READ_WRITE,
    READ_WRITE_UDF,
    SINDEX_ADMIN,
    SYS_ADMIN,
    TOKEN,
    TRUNCATE,
    TTL,
    UDF_ADMIN,
    USER_ADMIN,
    WRITE,
    Admin,
    names,
    number,
    privileges,
    request,
)
from .functions import AGGREGATE, BACKGROUND, function
from .rawwire import (
    ADMIN,
    BATCH,
    GET_ALL,
    LAST,
    MESSAGE,
    PARTITION_DONE,
    Connection,
    RecordClient,
    Row,
    field,
    message,
    parse_rows,
    proto,
    put_int,
)

DIGEST = b"\x07" * 20
DAY_S = 86_400
NOT_LOGGED_IN = b"ERROR:80:not authenticated\n"


@pytest.fixture
def cluster():
    with DevCluster(2, security=True) as made:
        yield made


@pytest.fixture
def admin(cluster):
    """Admin commands to the first node, as the user admin."""
    with Connection(*cluster.hosts[0]) as connection:
        made = Admin(connection)
        assert made.login().result == 0
        yield made


@pytest.fixture
def visit(cluster):
    """visit(): a new connection to a node, and admin commands over it."""
    opened = []

    def open_one(node=0):
        opened.append(Connection(*cluster.hosts[node]))
        return Admin(opened[-1])

    yield open_one
    for connection in opened:
        connection.sock.close()


@pytest.fixture
def as_user(admin, visit):
    """as_user(privilege, ...): a connection of a new user who has just these."""
    numbers = iter(range(100))

    def open_one(*items, **limits):
        name = f"u{next(numbers)}"
        role = {wire.ROLE: name.encode(), wire.PRIVILEGES: privileges(*items)}
        assert admin.do(wire.CREATE_ROLE, role | limits.get("fields", {})) == 0
        assert admin.create_user(name, name.encode()) == 0
        made = visit()
        assert made.login(name, "secret").result == 0
        return made

    return open_one


def record_of(admin, set_name=b"demo"):
    return RecordClient(admin.connection, DIGEST, set_name)


# Logins


def test_captured_login_is_answered_in_the_captured_shape(cluster):
    login = bytes.fromhex(
        "020200000000005b00001402000000000000000000000000"
        "000000060061646d696e"
        "0000003d03" + HASHES["admin"].hex()
    )
    with Connection(*cluster.hosts[0]) as connection:
        connection.send(login)
        kind, body = connection.receive_frame()
    assert kind == ADMIN
    assert body[:16] == bytes.fromhex("00001402") + bytes(12)
    size, kind = struct.unpack_from(">IB", body, 16)
    assert kind == TOKEN
    assert body[20 + size :] == bytes.fromhex("0000000506") + number(DAY_S)


def test_token_logs_connections_in(cluster, admin, visit):
    token = visit().login().fields[TOKEN]
    other = visit()
    assert other.authenticate(token) == 0
    assert record_of(other).write(put_int(b"n", 1)).result == 0
    assert other.connection.info("node") == cluster.node_ids[:1]
    assert visit().authenticate(token, None) == 0  # as with a certificate
    assert visit().authenticate(token, "ada") == 65
    assert visit().authenticate(os.urandom(len(token))) == 65
    assert visit().do(wire.AUTHENTICATE, {wire.USER: b"admin"}) == 65


def test_captured_authentication_is_understood(visit):
    captured = bytes.fromhex(
        "020200000000002900000002000000000000000000000000"
        "000000060061646d696e0000000b05544f4b454e544f4b454e"
    )
    connection = visit().connection
    connection.send(captured)
    assert connection.receive_frame() == (ADMIN, b"\x00\x41" + bytes(14))  # 65


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({wire.USER: b"nobody", wire.CREDENTIAL: HASHES["admin"]}, 60),
        ({wire.USER: b"", wire.CREDENTIAL: HASHES["admin"]}, 60),
        ({wire.USER: b"admin", wire.CREDENTIAL: HASHES["s2"]}, 65),
        ({wire.USER: b"admin", wire.CREDENTIAL: b"admin"}, 65),
        ({wire.USER: b"admin", wire.CLEAR_PASSWORD: b"admin"}, 65),
        ({wire.USER: b"admin"}, 65),
        ({}, 65),  # no certificate either
    ],
)
def test_bad_login_is_refused(visit, fields, result):
    client = visit()
    assert client.do(wire.LOGIN, fields) == result
    assert record_of(client).get().result == 80
    assert client.login().result == 0  # the connection stays


def test_failed_login_ends_the_one_before(admin):
    assert admin.login("admin", "s2").result == 65
    assert record_of(admin).get().result == 80


def batch(digest=DIGEST, flags=4, set_name=b"demo"):
    """The body of a batch of one read."""
    fields = field(0, b"test") + field(1, set_name)
    row = struct.pack(">I20sB", 0, digest, 2) + bytes([1 | GET_ALL, 0, 0])
    row += struct.pack(">HH", 2, 0) + fields
    return message((BATCH, 0, 0), [(41, struct.pack(">IB", 1, flags) + row)])


def rows_of(client, body):
    """The results of a batch, with that of the message that ends it."""
    connection = client.connection
    rows: list[Row] = []
    connection.send(proto(MESSAGE, body))
    while not rows or not rows[-1].info3 & LAST:
        rows += parse_rows(connection.receive_frame()[1])
    return [row.result for row in rows]


def scan(*set_name):
    """The body of a query of all partitions."""
    partitions = struct.pack("<4096H", *range(4096))
    fields = [(0, b"test"), *((1, name) for name in set_name), (11, partitions)]
    return message((1 | GET_ALL, 0, PARTITION_DONE), fields)


def test_nothing_is_answered_before_a_login(visit):
    client = visit()
    connection = client.connection
    assert record_of(client).get().result == 80
    assert record_of(client).write(put_int(b"n", 1)).result == 80
    nowhere = message((1 | GET_ALL, 0, 0), [(0, b"none"), (4, DIGEST)])
    assert connection.command(nowhere).result == 80  # not: there is none such
    assert rows_of(client, batch()) == [80]
    assert [row.result for row in connection.stream(scan(b"demo"))] == [80]
    for commands in (b"build\n", b"node\nbuild\n", b""):
        assert connection.exchange(1, commands) == (1, NOT_LOGGED_IN)
    for command in {*range(17), 20} - {wire.AUTHENTICATE, wire.LOGIN, 7, 8}:
        fields = {wire.USER: b"admin"}
        assert client.do(command, fields) == 80, command


def test_tokens_are_those_of_one_node(cluster, visit):
    token = visit(0).login().fields[TOKEN]
    assert visit(1).authenticate(token) == 65
    cluster.stop_node(0)
    cluster.start_node(0)
    assert visit(0).authenticate(token) == 65


def test_session_ends_with_its_time(time_stands_still):
    with (
        DevCluster(security=True, session_ttl=300) as cluster,
        Connection(*cluster.hosts[0]) as first,
        Connection(*cluster.hosts[0]) as second,
    ):
        client = Admin(first)
        fields = client.login().fields
        assert fields[TTL] == number(300)
        cluster.advance(299)
        assert Admin(second).authenticate(fields[TOKEN]) == 0
        cluster.advance(1)
        assert record_of(client).get().result == 80
        assert first.exchange(1, b"build\n") == (1, NOT_LOGGED_IN)
        assert Admin(second).authenticate(fields[TOKEN]) == 66
        token = client.login().fields[TOKEN]
        assert Admin(second).authenticate(token) == 0
        assert record_of(Admin(second)).get().result == 2


def test_community_edition_knows_no_users():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        client = Admin(connection)
        assert client.login() == (51, 0, {})
        assert client.do(wire.QUERY_USERS, {}) == 51
        assert record_of(client).get().result == 2


# External users, certificates

ADA = {"ada": {"password": "clear", "roles": ["read"]}}


def external(password=b"clear"):
    """Fields of an external login."""
    return {
        wire.USER: b"ada",
        wire.CREDENTIAL: HASHES["s2"],
        wire.CLEAR_PASSWORD: password,
    }


def test_external_user_logs_in_with_the_password_itself():
    with (
        DevCluster(security=True, external_users=ADA) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        client = Admin(connection)
        assert client.do(wire.LOGIN, external(b"wrong")) == 93
        fields = external()
        del fields[wire.CLEAR_PASSWORD]
        assert client.do(wire.LOGIN, fields) == 65
        assert client.do(wire.LOGIN, external()) == 0
        assert record_of(client).get().result == 2
        assert record_of(client).write(put_int(b"n", 1)).result == 81
        assert client.login().result == 0
        assert client.query(wire.QUERY_USERS, {wire.USER: b"ada"})[0][wire.ROLES]
        password = {wire.USER: b"ada", wire.PASSWORD: HASHES["s2"]}
        assert client.do(wire.SET_PASSWORD, password) == 64


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"security": True, "external_users": {"a": "b"}}, r"external_users\['a'\]"),
        (
            {"security": True, "external_users": {"a": {"password": "p"}}},
            '"roles":',
        ),
        ({"external_users": ADA}, "needs security"),
        ({"security": True, "session_ttl": 0}, "session_ttl is 1 to"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        DevCluster(**settings)


def test_certificate_logs_its_user_in():
    pytest.importorskip("trustme")
    with DevCluster(security=True, tls=True) as cluster:
        ((host, port, name),) = cluster.config["hosts"]
        context = ssl.create_default_context(cafile=cluster.config["tls"]["cafile"])
        context.load_cert_chain(*cluster.client_certificate("ada"))
        with (
            Connection(host, port, name, context) as connection,
            Connection(*cluster.hosts[0]) as clear,
        ):
            client, plain = Admin(connection), Admin(clear)
            assert client.do(wire.LOGIN, {}) == 60  # no such user yet
            assert plain.login().result == 0
            assert plain.create_user("ada", b"read", password="nopassword") == 0
            token = client.ask(wire.LOGIN).fields[TOKEN]
            assert record_of(client).get().result == 2
            assert record_of(client).write(put_int(b"n", 1)).result == 81
            assert client.authenticate(token, None) == 0
            # whoever knows the hash that stands for no password has no password
            assert plain.login("ada", "nopassword").result == 65


# Users


def roles_of(admin, user):
    ((fields),) = admin.query(wire.QUERY_USERS, {wire.USER: user.encode()})
    data, found = fields[wire.ROLES][1:], []
    while data:
        found.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return found


def test_user_is_created_changed_and_dropped(admin, visit):
    assert admin.create_user("ada", b"write", b"read") == 0
    assert roles_of(admin, "ada") == [b"read", b"write"]
    user = {wire.USER: b"ada"}
    assert admin.do(wire.GRANT_ROLES, user | {wire.ROLES: names(b"truncate")}) == 0
    assert roles_of(admin, "ada") == [b"read", b"truncate", b"write"]
    given = {wire.ROLES: names(b"write", b"truncate")}
    assert admin.do(wire.REVOKE_ROLES, user | given) == 0
    assert roles_of(admin, "ada") == [b"read"]

    client = visit()
    token = client.login("ada", "secret").fields[TOKEN]
    assert admin.do(wire.SET_PASSWORD, user | {wire.PASSWORD: HASHES["s2"]}) == 0
    assert visit().login("ada", "secret").result == 65
    assert visit().login("ada", "s2").result == 0
    assert admin.do(wire.DROP_USER, user) == 0
    assert record_of(client).get().result == 80
    assert visit().authenticate(token, "ada") == 60
    assert visit().login("ada", "s2").result == 60


def test_users_are_told_with_what_they_do(admin, visit):
    admin.create_user("ada", b"read-write")
    clients = [visit(), visit()]
    for client in clients:
        client.login("ada", "secret")
    told = {fields[wire.USER]: fields for fields in admin.query(wire.QUERY_USERS)}
    assert set(told) == {b"admin", b"ada"}
    assert told[b"ada"] == {
        wire.USER: b"ada",
        wire.ROLES: names(b"read-write"),
        wire.CONNECTIONS: number(2),
    }
    assert told[b"admin"][wire.ROLES] == names(
        b"read-write-udf", b"sys-admin", b"user-admin"
    )
    admin.do(wire.CREATE_ROLE, {wire.ROLE: b"few", wire.READ_QUOTA: number(9)})
    admin.do(wire.GRANT_ROLES, {wire.USER: b"ada", wire.ROLES: names(b"few")})
    (fields,) = admin.query(wire.QUERY_USERS, {wire.USER: b"ada"})
    assert fields[wire.READ_INFO] == b"\x04" + number(9) + bytes(12)


def test_users_ask_for_themselves_and_change_their_own_password(as_user, visit):
    client = as_user(everywhere(READ))
    own, other = {wire.USER: b"u0"}, {wire.USER: b"admin"}
    assert client.query(wire.QUERY_USERS, own)[0][wire.USER] == b"u0"
    assert client.do(wire.QUERY_USERS, other) == 81
    assert client.do(wire.QUERY_USERS, {}) == 81
    assert client.do(wire.QUERY_ROLES, {}) == 81
    old = {wire.OLD_PASSWORD: HASHES["s2"], wire.PASSWORD: HASHES["admin"]}
    assert client.do(wire.CHANGE_PASSWORD, own | old) == 62
    old[wire.OLD_PASSWORD] = HASHES["secret"]
    assert client.do(wire.CHANGE_PASSWORD, other | old) == 81
    assert client.do(wire.CHANGE_PASSWORD, own | old) == 0
    assert visit().login("u0", "secret").result == 65
    assert visit().login("u0", "admin").result == 0
    assert record_of(client).get().result == 2  # its session goes on


LONG = b"x" * 64
PASSWORD = {wire.PASSWORD: HASHES["s2"]}


@pytest.mark.parametrize(
    ("command", "fields", "result"),
    [
        (wire.CREATE_USER, {wire.USER: b"admin", **PASSWORD}, 61),
        (wire.CREATE_USER, {**PASSWORD, wire.ROLES: names(b"read")}, 60),
        (
            wire.CREATE_USER,
            {wire.USER: LONG, **PASSWORD, wire.ROLES: names(b"read")},
            60,
        ),
        (wire.CREATE_USER, {wire.USER: b"x", wire.ROLES: names(b"read")}, 62),
        (wire.CREATE_USER, {wire.USER: b"x", **PASSWORD}, 70),
        (wire.CREATE_USER, {wire.USER: b"x", **PASSWORD, wire.ROLES: names()}, 70),
        (
            wire.CREATE_USER,
            {wire.USER: b"x", **PASSWORD, wire.ROLES: names(b"read", b"none")},
            70,
        ),
        (wire.CREATE_USER, {wire.USER: b"x", **PASSWORD, wire.ROLES: b"\x02\x01a"}, 55),
        (wire.DROP_USER, {wire.USER: b"x"}, 60),
        (wire.SET_PASSWORD, {wire.USER: b"x", **PASSWORD}, 60),
        (wire.SET_PASSWORD, {wire.USER: b"admin"}, 62),
        (wire.GRANT_ROLES, {wire.USER: b"x", wire.ROLES: names(b"read")}, 60),
        (wire.GRANT_ROLES, {wire.USER: b"admin", wire.ROLES: names()}, 70),
        (wire.REVOKE_ROLES, {wire.USER: b"x", wire.ROLES: names(b"read")}, 60),
        (wire.QUERY_USERS, {wire.USER: b"x"}, 60),
        (wire.CREATE_ROLE, {wire.PRIVILEGES: privileges(READ)}, 70),
        (wire.CREATE_ROLE, {wire.ROLE: LONG}, 70),
        (wire.CREATE_ROLE, {wire.ROLE: b"read"}, 71),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.PRIVILEGES: privileges()}, 72),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.PRIVILEGES: privileges(9)}, 72),
        (
            wire.CREATE_ROLE,
            {wire.ROLE: b"r", wire.PRIVILEGES: privileges((64, b"", b""))},
            72,
        ),
        (
            wire.CREATE_ROLE,
            {wire.ROLE: b"r", wire.PRIVILEGES: privileges((READ, b"", b"set"))},
            72,
        ),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.PRIVILEGES: b"\x01\x0a\x09"}, 55),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.WHITELIST: b"10.0.0.1,x"}, 73),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.WHITELIST: b"10.0.0.0/33"}, 73),
        (wire.CREATE_ROLE, {wire.ROLE: b"r", wire.READ_QUOTA: b"\x01"}, 55),
        (wire.DROP_ROLE, {wire.ROLE: b"r"}, 70),
        (wire.DROP_ROLE, {wire.ROLE: b"read"}, 70),
        (wire.GRANT_PRIVILEGES, {wire.ROLE: b"r"}, 70),
        (
            wire.GRANT_PRIVILEGES,
            {wire.ROLE: b"read", wire.PRIVILEGES: privileges(SYS_ADMIN)},
            70,
        ),
        (wire.REVOKE_PRIVILEGES, {wire.ROLE: b"r"}, 70),
        (wire.SET_WHITELIST, {wire.ROLE: b"r"}, 70),
        (wire.SET_QUOTAS, {wire.ROLE: b"r"}, 70),
        (wire.QUERY_ROLES, {wire.ROLE: b"r"}, 70),
        (7, {}, 54),
        (99, {}, 54),
    ],
)
def test_bad_command_is_refused(admin, command, fields, result):
    assert admin.do(command, fields) == result
    assert len(admin.query(wire.QUERY_USERS)) == 1
    assert len(admin.query(wire.QUERY_ROLES)) == 10


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b"", 55),
        (bytes(15), 55),
        (request(wire.LOGIN) + b"x", 55),
        (struct.pack(">BBBB12x", 0, 0, wire.LOGIN, 1), 55),
        (struct.pack(">BBBB12x", 0, 0, wire.LOGIN, 1) + b"\xff\xff\xff\xff\x00", 55),
        (request(wire.LOGIN, scheme=1), 53),
    ],
)
def test_malformed_message_is_refused(visit, body, result):
    client = visit()
    assert client.send(body) == [(result, 0, {})]
    assert client.login().result == 0


# Roles


def role_of(admin, name):
    (fields,) = admin.query(wire.QUERY_ROLES, {wire.ROLE: name})
    return fields


def test_captured_role_is_created_and_told(admin):
    captured = bytes.fromhex(
        "00000a05000000000000000000000000"
        "000000030b7231"
        "0000000e0c020a04746573740464656d6f01"
        "000000090d31302e302e302e31"
        "000000050e0000000a"
        "000000050f00000014"
    )
    assert admin.send(captured) == [(0, wire.CREATE_ROLE, {})]
    assert role_of(admin, b"r1") == {
        wire.ROLE: b"r1",
        wire.PRIVILEGES: privileges(SYS_ADMIN, (READ, b"test", b"demo")),
        wire.WHITELIST: b"10.0.0.1",
        wire.READ_QUOTA: number(10),
        wire.WRITE_QUOTA: number(20),
    }


def test_role_is_changed_and_dropped(admin):
    role = {wire.ROLE: b"r"}
    admin.do(wire.CREATE_ROLE, role | {wire.PRIVILEGES: privileges(SYS_ADMIN)})
    everywhere = (WRITE, b"", b"")
    given = {wire.PRIVILEGES: privileges(everywhere, USER_ADMIN)}
    assert admin.do(wire.GRANT_PRIVILEGES, role | given) == 0
    assert role_of(admin, b"r") == role | {
        wire.PRIVILEGES: privileges(USER_ADMIN, SYS_ADMIN, everywhere)
    }
    assert admin.do(wire.REVOKE_PRIVILEGES, role | given) == 0
    listed = {wire.WHITELIST: b"10.0.2.0/24,::1"}
    assert admin.do(wire.SET_WHITELIST, role | listed) == 0
    quotas = {wire.READ_QUOTA: number(0), wire.WRITE_QUOTA: number(7)}
    assert admin.do(wire.SET_QUOTAS, role | quotas) == 0
    assert role_of(admin, b"r") == role | listed | {
        wire.PRIVILEGES: privileges(SYS_ADMIN),
        wire.WRITE_QUOTA: number(7),
    }
    assert admin.do(wire.SET_WHITELIST, role) == 0  # none again
    assert wire.WHITELIST not in role_of(admin, b"r")
    admin.create_user("ada", b"r", b"read")
    assert admin.do(wire.DROP_ROLE, role) == 0
    assert roles_of(admin, "ada") == [b"read"]


def test_long_answers_come_in_several_frames(admin):
    for number_ in range(900):
        name = b"%03d" % number_ + b"x" * 60
        admin.do(wire.CREATE_ROLE, {wire.ROLE: name})
    assert len(admin.query(wire.QUERY_ROLES)) == 910


def test_reset_brings_the_first_users_back(cluster, admin, visit):
    admin.create_user("ada", b"read")
    admin.do(wire.SET_PASSWORD, {wire.USER: b"admin", **PASSWORD})
    cluster.reset()
    assert len(admin.query(wire.QUERY_USERS)) == 1
    assert visit().login("ada", "secret").result == 60
    assert visit().login().result == 0


# Who may do what

IN_TEST, IN_DEMO = (READ, b"test", b""), (READ, b"test", b"demo")


def everywhere(code):
    return (code, b"", b"")


def udf_call(record):
    fields = [(30, b"module"), (31, b"function_"), (32, b"\x90")]
    return record.command((0, 1, 0), fields=fields).result


def function_query(client, op, info2):
    """The result of a query with a function; 2 where nothing refuses it."""
    fields = [(0, b"test"), (1, b"demo"), *function(op, b"module", b"function_")]
    return client.connection.stream(message((0, info2, 0), fields))[-1].result


def create_index(client):
    command = "sindex-create:namespace=none;indexname=i;bin=b;type=numeric"
    return client.connection.info(command)[0]


ACTIONS = {
    "read": lambda c: record_of(c).get().result,
    "write": lambda c: record_of(c).write(put_int(b"n", 1)).result,
    "operate": lambda c: record_of(c).operate(put_int(b"n", 1)).result,
    "remove": lambda c: record_of(c).remove().result,
    "udf": lambda c: udf_call(record_of(c)),
    "aggregation": lambda c: function_query(c, AGGREGATE, 0),
    "job": lambda c: function_query(c, BACKGROUND, 1),
    "job without the flag of writes": lambda c: function_query(c, BACKGROUND, 0),
    "batch": lambda c: rows_of(c, batch())[0],
    "scan": lambda c: c.connection.stream(scan(b"demo"))[-1].result,
    "index": lambda c: create_index(c),
    "truncate": lambda c: c.connection.info("truncate:namespace=test;set=demo")[0],
    "truncate-namespace": lambda c: c.connection.info(
        "truncate-namespace:namespace=test"
    )[0],
    "module": lambda c: c.connection.info("udf-remove:filename=a.lua")[0],
    "abort": lambda c: c.connection.info("query-abort:id=7")[0],
    "users": lambda c: c.do(wire.DROP_USER, {wire.USER: b"nobody"}),
}
READS = {"read", "batch", "scan"}
WRITES = {"write", "remove"}
CALLS = {"udf", "aggregation", "job", "job without the flag of writes"}
BOTH = READS | WRITES | {"operate"}
TRUNCATES = {"truncate", "truncate-namespace"}
DATA = {"index", "abort", "module"} | TRUNCATES


@pytest.mark.parametrize(
    ("privilege", "allowed"),
    [
        (everywhere(READ), READS),
        (everywhere(WRITE), WRITES),
        (everywhere(READ_WRITE), BOTH),
        (everywhere(READ_WRITE_UDF), BOTH | CALLS),
        (everywhere(TRUNCATE), TRUNCATES),
        (IN_TEST, READS),
        (IN_DEMO, READS),
        ((READ, b"bar", b""), set()),
        ((READ, b"test", b"other"), set()),
        ((WRITE, b"test", b"demo"), WRITES),
        ((TRUNCATE, b"test", b"demo"), {"truncate"}),
        (SINDEX_ADMIN, {"index"}),
        (UDF_ADMIN, {"module"}),
        (DATA_ADMIN, DATA),
        (SYS_ADMIN, DATA),
        (USER_ADMIN, {"users"}),
    ],
)
def test_privilege_allows_what_it_is_for(as_user, privilege, allowed):
    client = as_user(privilege)
    refused = (81, "ERROR:81:role violation")
    results = {name: act(client) for name, act in ACTIONS.items()}
    done = {name for name, result in results.items() if result not in refused}
    assert done == allowed, results


def test_set_privilege_is_no_good_without_the_set(as_user):
    client = as_user((READ_WRITE, b"test", b"demo"))
    assert record_of(client, None).get().result == 81
    assert [row.result for row in client.connection.stream(scan())] == [81]
    assert record_of(client).write(put_int(b"n", 1)).result == 0


def test_background_query_needs_to_write(as_user, admin):
    record_of(admin).write(put_int(b"n", 1))
    body = message(
        (0, 1, PARTITION_DONE), [(0, b"test"), (1, b"demo")], [put_int(b"n", 2)]
    )
    reader, writer = as_user(everywhere(READ)), as_user((WRITE, b"test", b"demo"))
    assert reader.connection.stream(body)[0].result == 81
    assert writer.connection.stream(body)[-1].result == 0


def test_rows_of_a_batch_are_judged_one_by_one(as_user):
    client = as_user(IN_DEMO)
    assert rows_of(client, batch()) == [2, 0]
    assert rows_of(client, batch(set_name=b"other")) == [81, 0]


def test_modules_are_put_and_functions_called(as_user):
    admin, caller = as_user(UDF_ADMIN), as_user((READ_WRITE_UDF, b"test", b"demo"))
    content = base64.b64encode(b"function function_(r) return 1 end").decode()
    put = f"udf-put:filename=module.lua;content={content};content-len={len(content)}"
    assert caller.connection.info(put) == ["ERROR:81:role violation"]
    assert admin.connection.info(put) == ["ok"]
    listed = [c.connection.info("udf-list") for c in (admin, caller)]
    assert listed[0] == listed[1] != [""]
    assert [udf_call(record_of(c)) for c in (admin, caller)] == [81, 0]
    assert udf_call(record_of(caller, b"other")) == 81


def test_change_of_a_role_holds_at_once(as_user, admin):
    client = as_user(everywhere(READ))
    assert record_of(client).get().result == 2
    role = {wire.ROLE: b"u0"}
    given = {wire.PRIVILEGES: privileges(everywhere(READ))}
    admin.do(wire.REVOKE_PRIVILEGES, role | given)
    assert record_of(client).get().result == 81
    admin.do(wire.GRANT_PRIVILEGES, role | given)
    assert record_of(client).get().result == 2


def test_whitelist_lets_in_the_addresses_that_any_role_lists(as_user, admin, visit):
    client = as_user(everywhere(READ))
    token = client.login("u0", "secret").fields[TOKEN]
    role = {wire.ROLE: b"u0"}
    admin.do(wire.SET_WHITELIST, role | {wire.WHITELIST: b"10.0.0.1,10.1.0.0/16"})
    assert record_of(client).get().result == 82
    assert client.connection.exchange(1, b"build\n") == (
        1,
        b"ERROR:82:not whitelisted\n",
    )
    assert visit().login("u0", "secret").result == 82
    assert visit().authenticate(token, "u0") == 82
    admin.do(wire.CREATE_ROLE, {wire.ROLE: b"l", wire.WHITELIST: b"127.0.0.0/8"})
    admin.do(wire.GRANT_ROLES, {wire.USER: b"u0", wire.ROLES: names(b"l")})
    assert visit().login("u0", "secret").result == 0
    assert record_of(client).get().result == 2


def test_whitelist_knows_ipv6():
    with (
        DevCluster(host="::1", security=True) as cluster,
        Connection(*cluster.hosts[0]) as connection,
        Connection(*cluster.hosts[0]) as other,
    ):
        client = Admin(connection)
        client.login()
        role = {wire.ROLE: b"r", wire.WHITELIST: b"10.0.0.1"}
        client.do(wire.CREATE_ROLE, role)
        client.create_user("ada", b"r")
        assert Admin(other).login("ada", "secret").result == 82
        client.do(wire.SET_WHITELIST, {wire.ROLE: b"r", wire.WHITELIST: b"::1"})
        assert Admin(other).login("ada", "secret").result == 0


def spend(client, body, count):
    """The results of one command sent so many times at once."""
    connection = client.connection
    connection.send(proto(MESSAGE, body) * count)
    return [connection.receive_frame()[1][5] for _ in range(count)]


def test_quota_is_so_many_commands_a_second(cluster, as_user):
    quotas = {wire.READ_QUOTA: number(5), wire.WRITE_QUOTA: number(3)}
    client = as_user(everywhere(READ_WRITE), fields=quotas)
    record = record_of(client)
    read = message((1 | GET_ALL, 0, 0), record.fields())
    write = message((0, 1, 0), record.fields(), [put_int(b"n", 1)])
    # a second may pass meanwhile on a busy machine, and no more than a few
    assert spend(client, write, 30).count(83) >= 20
    cluster.advance(1)
    assert spend(client, write, 1) == [0]
    assert 83 in spend(client, read, 60)
    cluster.advance(1)
    assert spend(client, read, 1) == [0]


def test_external_user_may_have_a_role_that_comes_later():
    users = {"ada": {"password": "clear", "roles": ["later"]}}
    with (
        DevCluster(security=True, external_users=users) as cluster,
        Connection(*cluster.hosts[0]) as connection,
        Connection(*cluster.hosts[0]) as other,
    ):
        client, admin = Admin(connection), Admin(other)
        assert client.do(wire.LOGIN, external()) == 0
        assert record_of(client).get().result == 81
        admin.login()
        reads = {wire.PRIVILEGES: privileges(everywhere(READ))}
        admin.do(wire.CREATE_ROLE, {wire.ROLE: b"later"} | reads)
        assert record_of(client).get().result == 2


def test_highest_quota_of_all_roles_counts(cluster, admin, as_user):
    client = as_user(everywhere(READ), fields={wire.READ_QUOTA: number(1)})
    more = {wire.ROLE: b"more", wire.READ_QUOTA: number(1000)}
    admin.do(wire.CREATE_ROLE, more)
    admin.do(wire.GRANT_ROLES, {wire.USER: b"u0", wire.ROLES: names(b"more")})
    read = message((1 | GET_ALL, 0, 0), record_of(client).fields())
    assert set(spend(client, read, 30)) == {2}


# What is shown


def test_settings_are_told(admin):
    commands = [f"get-config:context={name}" for name in ("security", "network")]
    security, network = admin.connection.info(*commands)
    assert security == f"enable-quotas=true;session-ttl={DAY_S}"
    assert "tls" not in network


def test_config_has_the_first_user(cluster):
    assert cluster.config == {
        "hosts": cluster.hosts,
        "user": "admin",
        "password": "admin",
    }


def test_log_names_users_and_no_passwords(cluster, caplog):
    caplog.set_level("INFO", "aerospike_devserver.request_log")
    with Connection(*cluster.hosts[0]) as connection:
        client = Admin(connection)
        token = client.login().fields[TOKEN]
        client.create_user("ada", b"read")
        client.do(wire.DROP_ROLE, {wire.ROLE: b"r"})
        client.authenticate(token)
        client.send(b"x")
        client.query(wire.QUERY_USERS)
    lines = [line.split(" ", 2)[2] for line in caplog.messages]
    assert lines == [
        "admin: login 'admin' -> 0 OK",
        "admin: create user 'ada' -> 0 OK",
        "admin: drop role 'r' -> 70 INVALID_ROLE",
        "admin: authenticate 'admin' -> 0 OK",
        "malformed request: shorter than a header -> 55 INVALID_FIELD",
        "admin: query users -> a stream",
    ]


@pytest.mark.parametrize(
    ("host", "is_admitted"),
    [
        ("10.1.2.3", True),
        ("10.2.0.0", False),
        ("::ffff:10.1.2.3", True),
        ("fd00::7", True),
        ("fe80::1%eth0", False),
    ],
)
def test_networks_of_both_kinds_are_whitelisted(host, is_admitted):
    role = Role([])
    role.whitelist = b"10.1.0.0/16, fd00::/8"
    assert Access([role], (Usage(), Usage())).admits(host) is is_admitted
