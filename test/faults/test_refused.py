"""What a server refuses is asked for once, and the error says what to do about it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations as ops

from ..waiting import patient
from .peer import INFO, ScriptedNode, frame, reply

KEY = ("test", "demo", "ada")
OFTEN = {"max_retries": 5}

# codes that the same request gets again, whenever it is sent
FINAL = [1, 2, 3, 4, 5, 10, 12, 13, 15, 16, 17, 19, 21, 22, 23, 24, 25, 26, 27, 80, 81]

CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda c: c.get(KEY, OFTEN),
    "increment": lambda c: c.increment(KEY, "n", 1, None, OFTEN),
    "operate": lambda c: c.operate(KEY, [lists.list_size("l")], None, OFTEN),
    "put": lambda c: c.put(KEY, {"n": 1}, None, OFTEN),
    "apply": lambda c: c.apply(KEY, "m", "f", [], OFTEN),
}


@pytest.fixture(scope="module")
def node() -> Iterator[ScriptedNode]:
    with ScriptedNode() as node:
        yield node


@pytest.fixture(scope="module")
def client(node: ScriptedNode) -> Iterator[aerospike.Client]:
    client = aerospike.client(patient({"hosts": [node.host]}))
    yield client
    client.close()


def error_of(call: Callable[[], Any]) -> exception.AerospikeError:
    with pytest.raises(exception.AerospikeError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("code", FINAL)
@pytest.mark.parametrize("name", CALLS)
def test_what_a_server_refuses_is_asked_for_once(client, node, name, code):
    node.default = reply(code)
    n = len(node.requests)
    error = error_of(lambda: CALLS[name](client))
    assert (error.code, error.attempts) == (code, 1)
    assert len(node.requests) == n + 1
    assert error.key == KEY
    assert error.host == node.text


PRIVILEGES = {"get": "read", "increment": "write", "operate": "read or", "put": "write"}


@pytest.mark.parametrize("name", PRIVILEGES)
def test_forbidden_call_names_the_privilege(client, node, name):
    node.default = reply(81)
    text = f"this call needs the privilege {PRIVILEGES[name]}"
    assert text in str(error_of(lambda: CALLS[name](client)))


def test_call_without_a_login_says_so(client, node):
    node.default = reply(80)
    assert "requires a login" in str(error_of(lambda: CALLS["get"](client)))


def test_timeout_of_the_server_is_told_from_that_of_the_client(client, node):
    node.default = reply(9)
    error = error_of(lambda: client.get(KEY, {"max_retries": 1}))
    assert error.detail.startswith("the server gave up: ")
    assert error.attempts == 2


def test_single_operation_is_named_whatever_the_code(client, node):
    node.default = reply(22)
    error = error_of(lambda: client.operate(KEY, [ops.increment("n", 1)]))
    assert (error.operation, error.operation_index, error.bin) == ("increment", 0, "n")


INFO_CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "sindex-create": (
        lambda c: c.index_integer_create("test", "demo", "n", "i"),
        "sindex-admin",
    ),
    "truncate": (lambda c: c.truncate("test", "demo", 0), "truncate"),
    "quiesce": (lambda c: c.info_random_node("quiesce:"), "sys-admin"),
}


@pytest.mark.parametrize("command", INFO_CALLS)
def test_refused_info_request_is_shown_with_its_privilege(
    client, node, command, monkeypatch
):
    def refuse(_kind: int, body: bytes) -> bytes | None:
        name = body.partition(b"\n")[0]
        if not name.startswith(command.encode()):
            return None
        return frame(INFO, name + b"\tERROR:81:role violation\n")

    monkeypatch.setattr(node, "on_frame", refuse)
    call, privilege = INFO_CALLS[command]
    error = error_of(lambda: call(client))
    assert error.code == 81
    assert f"the request was '{command}" in error.detail
    assert f"the privilege {privilege}, which" in error.detail


HOSTILE = b"\x1b[2Jgone\0\r\nERROR a line of its own\x7f\xc2\x9b1m\xff"
SHOWN = "\\x1b[2Jgone\\x00\\x0d\\x0aERROR a line of its own\\x7f\\x9b1m\ufffd"


def error_detail(text: bytes) -> bytes:
    """The field in which newer servers explain a failure: a map with a text."""
    body = b"\x81\x02\xd9" + bytes([len(text)]) + text
    return struct.pack(">IB", len(body) + 1, 45) + body


@pytest.mark.parametrize("name", CALLS)
def test_text_of_a_server_is_no_command_to_a_terminal(client, node, name):
    node.default = reply(4, fields=[error_detail(HOSTILE)])
    error = error_of(lambda: CALLS[name](client))
    assert error.detail.startswith(SHOWN)
    assert str(error).isprintable()


def test_refusal_of_an_info_request_is_none_either(client, node, monkeypatch):
    def refuse(_kind: int, body: bytes) -> bytes | None:
        name = body.partition(b"\n")[0]
        if not name.startswith(b"truncate"):
            return None
        return frame(INFO, name + b"\tERROR:4:" + HOSTILE.replace(b"\n", b"") + b"\n")

    monkeypatch.setattr(node, "on_frame", refuse)
    error = error_of(lambda: client.truncate("test", "demo", 0))
    assert SHOWN.replace("\\x0a", "") in str(error)
    assert str(error).isprintable()


# --- filters of replication ---

EXPRESSION = exp.Eq(exp.IntBin("a"), 1).compile()


@pytest.mark.parametrize(
    ("expression", "sent"), [(EXPRESSION, "kwGTUQKhYQE="), (None, "null")]
)
def test_xdr_filter_is_sent_as_other_clients_do(
    scripted_node, make_client, expression, sent
):
    command = f"xdr-set-filter:dc=dc1;namespace=test;exp={sent}"
    scripted_node.info[command] = "ok"
    client = make_client(hosts=[scripted_node.host])
    assert client.set_xdr_filter("dc1", "test", expression) == f"{command}\tok\n"
    assert scripted_node.info_requests[-1] == command


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((5, "test", None), "Data_center should be a string."),
        (("dc", 5, None), "Namespace should be a string."),
        (("dc", "test", 5), "compiled expression"),
        (("dc", "test", []), "compiled expression"),
        (("dc;1", "test", None), "data_center has characters"),
        (("dc", "test", None, 5), "policy must be a dict"),
    ],
)
def test_xdr_filter_with_a_wrong_argument_is_not_sent(client, args, text):
    with pytest.raises(exception.ParamError, match=text):
        client.set_xdr_filter(*args)


def test_xdr_filter_is_refused_by_the_community_edition(make_client):
    client = make_client()
    with pytest.raises(exception.AerospikeError) as caught:
        client.set_xdr_filter("dc", "test", None)
    assert caught.value.code == 25
