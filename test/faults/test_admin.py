"""Calls about users and roles against a scripted node: bytes, answers, secrets.

The bytes are those of the protocol's description, which has them from another client.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..waiting import patient
from .guarded import (
    HASHES,
    PASSWORD_FIELDS,
    SALT,
    Guarded,
    admin_reply,
    block,
    blocks,
    field,
    parse,
)
from .peer import INFO, frame

READ, SYS_ADMIN, WRITE = (
    aerospike.PRIV_READ,
    aerospike.PRIV_SYS_ADMIN,
    aerospike.PRIV_WRITE,
)
END = block(50)


@pytest.fixture
def node() -> Iterator[Guarded]:
    made = Guarded()
    with made:
        yield made


@pytest.fixture
def client(node: Guarded) -> Iterator[aerospike.Client]:
    config: dict[str, Any] = {"hosts": [node.host], "fail_if_not_connected": True}
    config |= {"user": "admin", "password": "admin"}
    with aerospike.client(patient(config)) as made:
        yield made


# --- bytes ---

S2, SECRET = HASHES["s2"].encode(), HASHES["secret"].encode()
NOBODY = HASHES["nopassword"].encode()
DEMO = {"code": READ, "ns": "test", "set": "demo"}

# call -> (command, fields)
COMMANDS: dict[str, tuple[Callable[[Any], object], int, list[tuple[int, bytes]]]] = {
    "create user": (
        lambda c: c.admin_create_user("bob", "secret", ["read", "r2"]),
        1,
        [(0, b"bob"), (1, SECRET), (10, b"\2\4read\2r2")],
    ),
    "create PKI user": (
        lambda c: c.admin_create_pki_user("bob", ["read"]),
        1,
        [(0, b"bob"), (1, NOBODY), (10, b"\1\4read")],
    ),
    "drop user": (lambda c: c.admin_drop_user(username="bob"), 2, [(0, b"bob")]),
    "set password": (
        lambda c: c.admin_set_password("bob", "s2"),
        3,
        [(0, b"bob"), (1, S2)],
    ),
    "change password": (
        lambda c: c.admin_change_password("admin", "s2"),
        4,
        [(0, b"admin"), (2, HASHES["admin"].encode()), (1, S2)],
    ),
    "grant roles": (
        lambda c: c.admin_grant_roles("bob", ["x"]),
        5,
        [(0, b"bob"), (10, b"\1\1x")],
    ),
    "revoke roles": (
        lambda c: c.admin_revoke_roles("bob", []),
        6,
        [(0, b"bob"), (10, b"\0")],
    ),
    "create role": (
        lambda c: c.admin_create_role(
            "r1",
            [DEMO, {"code": SYS_ADMIN}],
            whitelist=["10.0.0.1"],
            read_quota=10,
            write_quota=20,
        ),
        10,
        [
            (11, b"r1"),
            (12, b"\2\x0a\4test\4demo\1"),
            (13, b"10.0.0.1"),
            (14, b"\0\0\0\x0a"),
            (15, b"\0\0\0\x14"),
        ],
    ),
    "create role of less": (
        lambda c: c.admin_create_role("r1", [{"code": WRITE, "ns": None}], None, []),
        10,
        [(11, b"r1"), (12, b"\1\x0d\0\0")],
    ),
    "drop role": (lambda c: c.admin_drop_role("r1"), 11, [(11, b"r1")]),
    "grant privileges": (
        lambda c: c.admin_grant_privileges("r1", [DEMO]),
        12,
        [(11, b"r1"), (12, b"\1\x0a\4test\4demo")],
    ),
    "revoke privileges": (
        lambda c: c.admin_revoke_privileges("r1", [{"code": 2}]),
        13,
        [(11, b"r1"), (12, b"\1\2")],
    ),
    "set whitelist": (
        lambda c: c.admin_set_whitelist("r1", ["::1", "10.0.0.0/8"]),
        14,
        [(11, b"r1"), (13, b"::1,10.0.0.0/8")],
    ),
    "remove whitelist": (
        lambda c: c.admin_set_whitelist("r1", None),
        14,
        [(11, b"r1")],
    ),
    "set quotas": (
        lambda c: c.admin_set_quotas("r1", write_quota=2**32 - 1),
        15,
        [(11, b"r1"), (14, bytes(4)), (15, b"\xff" * 4)],
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_the_bytes_of_other_clients(node, client, name):
    call, command, fields = COMMANDS[name]
    assert call(client) == 0
    assert [parse(body) for body in node.commands] == [(command, fields)]


QUERIES: dict[str, tuple[Callable[[Any], object], int, list[tuple[int, bytes]]]] = {
    "user": (lambda c: c.admin_query_user_info("bob"), 9, [(0, b"bob")]),
    "user of 2.x": (lambda c: c.admin_query_user("bob"), 9, [(0, b"bob")]),
    "users": (lambda c: c.admin_query_users_info(), 9, []),
    "users of 2.x": (lambda c: c.admin_query_users(), 9, []),
    "role": (lambda c: c.admin_get_role("bob"), 16, [(11, b"bob")]),
    "role of 2.x": (lambda c: c.admin_query_role("bob"), 16, [(11, b"bob")]),
    "roles": (lambda c: c.admin_get_roles(), 16, []),
    "roles of 2.x": (lambda c: c.admin_query_roles(), 16, []),
}


@pytest.mark.parametrize("name", QUERIES)
def test_question_has_the_bytes_of_other_clients(node, client, name):
    call, command, fields = QUERIES[name]
    node.answer = blocks(block(0, field(0, b"bob"), field(11, b"bob")), END)
    call(client)
    assert [parse(body) for body in node.commands] == [(command, fields)]


# --- answers ---

BOB = block(
    0,
    field(0, b"bob"),
    field(10, b"\2\4read\x0aread-write"),
    field(16, b"\2\0\0\0\5\0\0\0\6"),
    field(17, b"\1\0\0\0\7"),
    field(18, b"\0\0\0\3"),
)
ANN = block(0, field(99, b"of later servers"), field(0, b"ann"))
BOB_INFO = {
    "roles": ["read", "read-write"],
    "read_info": [5, 6],
    "write_info": [7],
    "conns_in_use": 3,
}
ANN_INFO: dict[str, Any] = {
    "roles": [],
    "read_info": None,
    "write_info": None,
    "conns_in_use": 0,
}
ROLE = block(
    0,
    field(11, b"r1"),
    field(12, b"\3\1\x0a\4test\4demo\x63\0\0"),
    field(13, b"10.0.0.1,::1"),
    field(14, b"\0\0\0\x0a"),
    field(15, b"\xff\xff\xff\xff"),
)
ROLE_INFO = {
    "privileges": [
        {"code": 1, "ns": "", "set": ""},
        {"code": 10, "ns": "test", "set": "demo"},
        {"code": 99, "ns": "", "set": ""},
    ],
    "whitelist": ["10.0.0.1", "::1"],
    "read_quota": 10,
    "write_quota": 2**32 - 1,
}


def test_users_are_told_in_both_shapes(node, client):
    node.answer = blocks(BOB, ANN, END)
    assert client.admin_query_users_info() == {"bob": BOB_INFO, "ann": ANN_INFO}
    assert client.admin_query_users() == {"bob": ["read", "read-write"], "ann": []}
    node.answer = blocks(BOB, END)
    assert client.admin_query_user_info("bob") == BOB_INFO
    assert client.admin_query_user(user="bob") == ["read", "read-write"]


def test_roles_are_told_in_both_shapes(node, client):
    node.answer = blocks(ROLE, END)
    assert client.admin_get_role("r1") == ROLE_INFO
    assert client.admin_get_roles() == {"r1": ROLE_INFO}
    assert client.admin_query_role("r1") == ROLE_INFO["privileges"]
    assert client.admin_query_roles() == {"r1": ROLE_INFO["privileges"]}


def keeps_its_connection(node: Guarded, call: Callable[[], object]) -> bool:
    """Does a client go on with the connection that it has, after each of ten calls?

    A busy machine may lose one or two to tending.
    """
    n_before = node.n_accepted
    for _ in range(10):
        call()
    return node.n_accepted - n_before < 5


def test_answer_comes_in_any_number_of_frames(node, client):
    node.answer = blocks(BOB) + blocks() + blocks(ANN) + blocks(END)
    assert client.admin_query_users_info() == {"bob": BOB_INFO, "ann": ANN_INFO}
    assert keeps_its_connection(node, client.admin_query_users_info)
    names = [f"u{i}".encode() for i in range(20_000)]
    node.answer = b"".join(blocks(block(0, field(0, name))) for name in names)
    node.answer += blocks(END)
    assert len(client.admin_query_users({"timeout": 20_000})) == 20_000


def test_name_that_is_no_utf_8_goes_there_and_back(node, client):
    node.answer = blocks(block(0, field(0, b"\xff\xe4")), END)
    (name,) = client.admin_query_users_info()
    node.answer = admin_reply(0)
    client.admin_drop_user(name)
    assert parse(node.commands[-1]).fields == [(0, b"\xff\xe4")]


def test_unknown_user_and_role_are_named(node, client):
    node.answer = blocks(END)
    with pytest.raises(exception.InvalidUser, match="nothing of user bob"):
        client.admin_query_user_info("bob")
    with pytest.raises(exception.InvalidRole, match="nothing of role r1"):
        client.admin_get_role("r1")


REFUSALS: list[tuple[int, Callable[[Any], object], type, str]] = [
    (51, lambda c: c.admin_get_roles(), exception.SecurityNotSupported, "Community"),
    (52, lambda c: c.admin_get_roles(), exception.SecurityNotEnabled, "disabled"),
    (60, lambda c: c.admin_drop_user("bob"), exception.InvalidUser, "no user 'bob'"),
    (
        61,
        lambda c: c.admin_create_user("bob", "x", []),
        exception.UserExistsError,
        "user 'bob' already",
    ),
    (
        62,
        lambda c: c.admin_change_password("admin", "x"),
        exception.InvalidPassword,
        r"user 'admin'.*connect\(user",
    ),
    (
        64,
        lambda c: c.admin_set_password("bob", "x"),
        exception.ForbiddenPassword,
        "user 'bob': it was used before",
    ),
    (
        70,
        lambda c: c.admin_grant_roles("bob", ["r9"]),
        exception.InvalidRole,
        r"\['r9'\]",
    ),
    (70, lambda c: c.admin_drop_role("r9"), exception.InvalidRole, "'r9'"),
    (
        71,
        lambda c: c.admin_create_role("r1", []),
        exception.RoleExistsError,
        "role 'r1' already",
    ),
    (
        72,
        lambda c: c.admin_grant_privileges("r1", [{"code": 77}]),
        exception.InvalidPrivilege,
        "'code': 77",
    ),
    (
        73,
        lambda c: c.admin_set_whitelist("r1", ["x"]),
        exception.InvalidWhitelist,
        "role 'r1'",
    ),
    (
        74,
        lambda c: c.admin_set_quotas("r1", 1),
        exception.QuotasNotEnabled,
        "enable-quotas",
    ),
    (
        75,
        lambda c: c.admin_set_quotas("r1", 1),
        exception.InvalidQuota,
        "role 'r1'",
    ),
    (
        81,
        lambda c: c.admin_query_users_info(),
        exception.RoleViolation,
        "PRIV_USER_ADMIN",
    ),
]


@pytest.mark.parametrize(("code", "call", "cls", "says"), REFUSALS)
def test_refusal_says_what_to_do(node, client, code, call, cls, says):
    node.answer = admin_reply(code)

    def refused() -> Any:
        with pytest.raises(cls, match=says) as caught:
            call(client)
        return caught

    caught = refused()
    assert (caught.value.code, caught.value.host) == (code, node.text)
    assert isinstance(caught.value, exception.AdminError)
    assert not caught.value.in_doubt
    assert keeps_its_connection(node, refused)
    node.answer = admin_reply(0)
    client.admin_drop_user("bob")


# --- the own password ---


def test_own_password_is_used_from_then_on(node, client):
    client.admin_change_password("admin", "s2")
    client.close()
    client.connect()
    assert node.logins[-1].endswith(S2)
    client.admin_change_password("admin", "secret")
    assert parse(node.commands[-1]).fields[1:] == [(2, S2), (1, SECRET)]


def test_password_that_is_refused_is_not_kept(node, client):
    node.answer = admin_reply(64)
    with pytest.raises(exception.ForbiddenPassword):
        client.admin_change_password("admin", "s2")
    client.close()
    client.connect()
    assert node.logins[-1] == node.logins[0]


def test_password_of_somebody_else_is_not_kept(node, client):
    client.admin_change_password("bob", "s2")
    client.close()
    client.connect()
    assert node.logins[-1] == node.logins[0]


def test_nobody_has_no_password_to_change(node):
    with (
        aerospike.client(patient({"hosts": [node.host]})) as client,
        pytest.raises(exception.ParamError, match="the client has no user"),
    ):
        client.admin_change_password("admin", "s2")
    assert node.commands == []


# --- time ---


def test_silence_ends_with_the_timeout_in_doubt(node, client):
    client.admin_drop_user("ann")  # the next one has its connection, and leaves at once
    node.answer = b""
    with pytest.raises(exception.TimeoutError) as caught:
        client.admin_drop_user("bob", {"timeout": 50})
    assert caught.value.in_doubt
    with pytest.raises(exception.TimeoutError) as caught:
        client.admin_get_roles({"timeout": 50})
    assert not caught.value.in_doubt


def test_answer_without_end_ends_with_the_timeout(node, client):
    node.answer = blocks(BOB) * 3
    with pytest.raises(exception.TimeoutError):
        client.admin_query_users_info({"timeout": 100})


# --- what is malformed ---

MALFORMED = {
    "header": blocks(bytes(15)),
    "field without data": blocks(block(0)[:3] + b"\1" + bytes(12)),
    "field of size 0": blocks(block(0, bytes(4))),
    "field of 4 GB": blocks(block(0, b"\xff\xff\xff\xff\0")),
    "fields that are missing": blocks(bytes([0, 0, 0, 255]) + bytes(12)),
    "info reply": frame(INFO, b"ok\n"),
    "bytes behind the end": blocks(END, BOB),
    "frame behind the end": blocks(END) + blocks(BOB),
    "roles": blocks(block(0, field(0, b"bob"), field(10, b"\2\4read")), END),
    "roles without count": blocks(block(0, field(0, b"bob"), field(10, b"")), END),
    "role that is cut": blocks(block(0, field(0, b"b"), field(10, b"\1\4rea")), END),
    "numbers": blocks(block(0, field(0, b"bob"), field(16, b"\2\0\0\0\1")), END),
    "connections": blocks(block(0, field(0, b"bob"), field(18, b"\0\0\0")), END),
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_answer_is_an_error(node, client, name):
    node.answer = MALFORMED[name]
    with pytest.raises(exception.ClientError) as caught:
        client.admin_query_users_info()
    assert caught.value.code == -1
    node.answer = blocks(END)
    assert client.admin_query_users_info() == {}


MALFORMED_ROLES = {
    "privileges": b"\2\1",
    "privilege without scope": b"\1\x0a",
    "namespace": b"\1\x0a\4tes",
    "no count": b"",
}


@pytest.mark.parametrize("name", MALFORMED_ROLES)
def test_malformed_role_is_an_error(node, client, name):
    role = block(0, field(11, b"r1"), field(12, MALFORMED_ROLES[name]))
    node.answer = blocks(role, END)
    with pytest.raises(exception.ClientError, match="malformed admin reply"):
        client.admin_get_roles()


# --- bad arguments ---

LONG = "x" * 64
BAD: dict[str, tuple[Callable[[Any], object], str]] = {
    "user": (lambda c: c.admin_drop_user(1), "Username should be a string"),
    "no user": (lambda c: c.admin_drop_user(""), "user is empty"),
    "long user": (lambda c: c.admin_drop_user(LONG), "user has 64 bytes"),
    "user with NUL": (lambda c: c.admin_drop_user("a\0"), "user contains a NUL"),
    "surrogate": (lambda c: c.admin_drop_user("\ud800"), "UTF-8 lacks"),
    "password": (lambda c: c.admin_set_password("a", 1), "Password should be a string"),
    "password with NUL": (
        lambda c: c.admin_set_password("a", "b\0"),
        "password contains a NUL",
    ),
    "roles": (lambda c: c.admin_grant_roles("a", "b"), "Roles should be a list"),
    "role of roles": (lambda c: c.admin_grant_roles("a", [1]), "list of strings"),
    "many roles": (
        lambda c: c.admin_grant_roles("a", ["r"] * 256),
        "255 items are allowed",
    ),
    "role": (lambda c: c.admin_drop_role(1), "Role name should be a string"),
    "long role": (lambda c: c.admin_drop_role(LONG), "role has 64 bytes"),
    "privileges": (
        lambda c: c.admin_grant_privileges("r", {}),
        "Privileges should be a list",
    ),
    "privilege": (lambda c: c.admin_grant_privileges("r", [1]), "a list of dicts"),
    "no code": (
        lambda c: c.admin_grant_privileges("r", [{"ns": "test"}]),
        "Code is a compulsory parameter",
    ),
    "misspelt scope": (
        lambda c: c.admin_grant_privileges("r", [{"code": 10, "namespace": "test"}]),
        "unknown key 'namespace'",
    ),
    "code": (lambda c: c.admin_grant_privileges("r", [{"code": 256}]), "PRIV_"),
    "bool": (lambda c: c.admin_grant_privileges("r", [{"code": True}]), "PRIV_"),
    "scope of an admin": (
        lambda c: c.admin_grant_privileges("r", [{"code": SYS_ADMIN, "ns": "test"}]),
        "scope which is invalid.*PRIV_SYS_ADMIN holds everywhere",
    ),
    "namespace": (
        lambda c: c.admin_grant_privileges("r", [{"code": READ, "ns": 1}]),
        "ns of a privilege must be a str",
    ),
    "long namespace": (
        lambda c: c.admin_grant_privileges("r", [{"code": READ, "ns": "n" * 32}]),
        "32 bytes, 31 are allowed",
    ),
    "whitelist": (lambda c: c.admin_set_whitelist("r", "::1"), "list of IP strings"),
    "address": (lambda c: c.admin_set_whitelist("r", [1]), "list of IP strings"),
    "two addresses": (lambda c: c.admin_set_whitelist("r", ["a,b"]), "is no address"),
    "quota": (lambda c: c.admin_set_quotas("r", "1"), "read_quota must be an integer"),
    "bool as quota": (lambda c: c.admin_set_quotas("r", True), "must be an integer"),
    "negative quota": (lambda c: c.admin_set_quotas("r", 0, -1), "-1 is not in 0 to"),
    "large quota": (
        lambda c: c.admin_create_role("r", [], read_quota=2**32),
        "is not in 0 to",
    ),
    "policy": (lambda c: c.admin_drop_role("r", 1), "policy must be a dict"),
    "timeout": (
        lambda c: c.admin_drop_role("r", {"timeout": ""}),
        "timeout is invalid",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_argument_is_refused_before_anything_is_sent(node, client, name):
    call, says = BAD[name]
    with pytest.raises(exception.ParamError, match=says):
        call(client)
    assert node.commands == []


def test_missing_argument_is_named(client):
    with pytest.raises(TypeError, match="missing required argument 'roles'"):
        client.admin_create_user("bob", "secret")
    with pytest.raises(TypeError, match="are the same argument"):
        client.admin_drop_user(user="bob", username="bob")


# --- secrets ---

FAILING: dict[str, Callable[[Any, str], object]] = {
    "refused": lambda c, p: c.admin_create_user("bob", p, []),
    "refused by keyword": lambda c, p: c.admin_set_password(username="bob", password=p),
    "own": lambda c, p: c.admin_change_password("admin", p),
    "wrong user": lambda c, p: c.admin_set_password(1, p),
    "wrong roles": lambda c, p: c.admin_create_user("bob", p, "read"),
    "missing argument": lambda c, p: c.admin_create_user("bob", p),
    "unknown argument": lambda c, p: c.admin_set_password("bob", p, nothing=1),
    "wrong policy": lambda c, p: c.admin_set_password("bob", p, 1),
    "NUL": lambda c, p: c.admin_set_password("bob", p + "\0"),
    "bytes": lambda c, p: c.admin_set_password("bob", p.encode()),
    "surrogate": lambda c, p: c.admin_set_password("bob", p + "\ud800"),
}


@pytest.mark.parametrize("name", FAILING)
def test_no_traceback_shows_a_password(node, client, name):
    node.answer = admin_reply(64)
    secret = "tops3cret"
    with pytest.raises((exception.AerospikeError, TypeError)) as caught:
        FAILING[name](client, secret)
    assert secret not in str(caught.value) + repr(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        for each, _ in traceback.walk_tb(error.__traceback__):
            if not each.f_code.co_filename.startswith(__file__[:-3]):
                shown = repr(each.f_locals)
                assert secret not in shown, each
                assert SALT not in shown, each
        error = error.__cause__ or error.__context__


def test_hash_shows_nothing():
    shown = repr(aerospike._core.hash_password("secret"))
    assert "secret" not in shown
    assert SALT not in shown


@pytest.mark.parametrize("fields", PASSWORD_FIELDS)
def test_fields_of_wrong_types_are_refused(client, fields):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        client._admin(2, fields)
    for command in (None, "1", -1, 256, 2**70):
        with pytest.raises(TypeError):
            client._admin(command, ())
