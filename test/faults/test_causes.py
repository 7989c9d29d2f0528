"""What code of an argument raises while a call looks at it: kept, as it is or as cause.

An exception about the argument (a missing attribute, a wrong type or value) becomes a
ParamError that says which argument is meant, with the exception as its cause. Anything
else has nothing to do with it and comes out as it is: an interrupt, a lack of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike._core import pack_expression
from aerospike._types import Expression
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as batch
from aerospike_helpers.operations import operations as ops
from aerospike_helpers.operations import string_operations as strings

from ..waiting import patient
from .peer import ScriptedNode

KEY = ("test", "pytest", "causes")
COMPILED = exp.Eq(exp.IntBin("a"), 1).compile()

Call = Callable[[aerospike.Client], object]


@pytest.fixture(scope="module")
def mute() -> Iterator[aerospike.Client]:
    """A client of a node that has no answers: nothing may be sent to it."""
    with ScriptedNode() as node:
        client = aerospike.client(patient({"hosts": [node.host]}))
        yield client
        client.close()
        assert node.requests == []


def raising(base: type, name: str, error: BaseException) -> Any:
    """An object whose attribute `name` raises, of a class below base."""

    def get(_self: object) -> object:
        raise error

    members: dict[str, Any] = {name: property(get, lambda _self, _value: None)}
    sub: Any = type("Sub", (base,), members)
    return sub.__new__(sub)


def record(name: str, base: Any, *rest: Any) -> Callable[[BaseException], Call]:
    def make(error: BaseException) -> Call:
        bad = raising(base, name, error)
        base.__init__(bad, KEY, *rest)
        return lambda c: c.batch_write(batch.BatchRecords([bad]))

    return make


def tree(error: BaseException) -> Any:
    bad = raising(Expression, "_args", error)
    type(bad)._form = b"2Q"
    return exp.Eq(bad, 1)


def level(name: str, error: BaseException) -> list[Any]:
    bad = raising(object, name, error)
    if name != "id":
        bad.id = aerospike.CDT_CTX_LIST_INDEX
    return [bad]


LOOKS: dict[str, Callable[[BaseException], Call]] = {
    "ctx id": lambda e: lambda c: c.get_cdtctx_base64(level("id", e)),
    "ctx value": lambda e: lambda c: c.get_cdtctx_base64(level("value", e)),
    "Read.key": record("key", batch.Read, None, True),
    "Read.policy": record("policy", batch.Read, None, True),
    "Read.read_all_bins": record("read_all_bins", batch.Read, None, True),
    "Write.ops": record("ops", batch.Write, []),
    "Write.meta": record("meta", batch.Write, []),
    "Apply.function": record("function", batch.Apply, "m", "f", []),
    "Remove.policy": record("policy", batch.Remove),
    "BatchRecords.batch_records": lambda e: (
        lambda c: c.batch_write(raising(batch.BatchRecords, "batch_records", e))
    ),
    "expressions policy": lambda e: (
        lambda c: c.get(KEY, {"expressions": raising(type(COMPILED), "wire", e)})
    ),
    "expression as text": lambda e: (
        lambda c: c.get_expression_base64(raising(type(COMPILED), "wire", e))
    ),
    "compiled operand": lambda e: (
        lambda _: pack_expression(exp.Not(raising(type(COMPILED), "wire", e)))
    ),
    "operand": lambda e: lambda _: pack_expression(tree(e)),
    "ctx of an expression": lambda e: (
        lambda _: pack_expression(exp.ListSize(level("id", e), "l"))
    ),
    "ctx of an expression that modifies": lambda e: (
        lambda _: pack_expression(exp.ListClear(level("id", e), "l"))
    ),
    "policy of a string operation": lambda e: (
        lambda c: c.operate(
            KEY,
            [strings.append("a", "x", policy=raising(object, "write_flags", e))],
        )
    ),
    "policy of a string expression": lambda e: (
        lambda _: pack_expression(
            exp.Insert(raising(object, "write_flags", e), 0, "x", "a")
        )
    ),
}


@pytest.mark.parametrize("error", [AttributeError, TypeError, ValueError])
@pytest.mark.parametrize("name", LOOKS)
def test_exception_about_the_argument_is_the_cause(
    mute: aerospike.Client, name: str, error: type[Exception]
) -> None:
    raised = error("of its own")
    call = LOOKS[name](raised)
    with pytest.raises(exception.ParamError) as caught:
        call(mute)
    assert caught.value.__cause__ is raised
    assert "of its own" not in str(caught.value.msg)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, MemoryError, RecursionError, OSError]
)
@pytest.mark.parametrize("name", LOOKS)
def test_other_exception_comes_out(
    mute: aerospike.Client, name: str, error: type[BaseException]
) -> None:
    raised = error()
    call = LOOKS[name](raised)
    with pytest.raises(error) as caught:
        call(mute)
    assert caught.value is raised


def test_compiled_operand_is_asked_once():
    """Nothing runs while what it has raised is set."""

    def get(_self: object) -> object:
        asked.append("wire")
        raise KeyboardInterrupt

    asked: list[str] = []
    sub: Any = type("Sub", (type(COMPILED),), {"wire": property(get)})
    with pytest.raises(KeyboardInterrupt):
        pack_expression(exp.Not(sub.__new__(sub)))
    assert asked == ["wire"]


@pytest.mark.parametrize("error", [TypeError, ValueError, KeyboardInterrupt])
def test_exception_of_a_generator_of_keys_comes_out(
    mute: aerospike.Client, error: type[BaseException]
) -> None:
    raised = error("of its own")

    def keys() -> Iterator[Any]:
        yield KEY
        raise raised

    with pytest.raises(error) as caught:
        mute.batch_read(keys())  # type: ignore[arg-type]
    assert caught.value is raised


@pytest.mark.parametrize("keys", [None, 5, object(), KEY[0], {}, b"k"])
def test_keys_that_are_no_list_are_refused(mute: aerospike.Client, keys: Any) -> None:
    with pytest.raises(exception.ParamError, match="keys should be a list"):
        mute.batch_read(keys)


TEXTS: dict[str, Callable[[aerospike.Client, str], object]] = {
    "namespace": lambda c, text: c.get((text, "pytest", 1)),
    "set": lambda c, text: c.get(("test", text, 1)),
    "user key": lambda c, text: c.get(("test", "pytest", text)),
    "bin": lambda c, text: c.put(KEY, {text: 1}),
    "bin of an expression": lambda _, text: pack_expression(exp.IntBin(text)),
    "variable": lambda _, text: pack_expression(
        exp.Let(exp.Def(text, 1), exp.Var(text))
    ),
    "module": lambda c, text: c.batch_apply([KEY], text, "f", []),
    "info": lambda c, text: c.info_all(text),
    "predicate": lambda c, text: (
        c.query("test", "pytest")
        .where(aerospike.predicates.equals("a", text))
        .results()
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_utf8_lacks_has_its_cause(mute: aerospike.Client, name: str) -> None:
    with pytest.raises(exception.AerospikeError) as caught:
        TEXTS[name](mute, "\ud800")
    assert isinstance(caught.value.__cause__, UnicodeEncodeError)
    assert caught.value.code in (-1, -2)


def test_cause_of_a_bad_key_of_a_batch_is_kept(mute: aerospike.Client) -> None:
    with pytest.raises(exception.ParamError, match="at index: 1 -> key is") as caught:
        mute.batch_read([KEY, ("test", "pytest", "\ud800")])
    assert isinstance(caught.value.__cause__, UnicodeEncodeError)


# --- values whose texts cannot be had ---


class Nameless(Exception):
    """An exception that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("of its text")


class Unshown(str):
    """A str that has no text."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise RuntimeError("of its text")

    __str__ = __repr__


class Unreadable:
    """What cannot be read back once it is told so, for a reason without a text."""

    fails = False

    def __getstate__(self) -> dict[str, int]:
        return {"state": 1}

    def __setstate__(self, _state: object) -> None:
        if Unreadable.fails:
            raise Nameless


def test_serializer_fails_without_a_text(make_client, key):
    def fail(_value: object) -> bytes:
        raise Nameless

    client = make_client(serialization=(fail, None))
    with pytest.raises(exception.ClientError, match="serializer callback") as caught:
        client.put(key, {"a": {1, 2}})
    assert type(caught.value.__cause__) is Nameless


@pytest.mark.usefixtures("unwarned")
def test_pickle_fails_without_a_text(make_client, key, monkeypatch):
    client = make_client(pickle_classes=[Unreadable])
    client.put(key, {"a": Unreadable()})
    monkeypatch.setattr(Unreadable, "fails", True)
    with pytest.warns(exception.AerospikeWarning, match="read as bytes: <Nameless>"):
        assert type(client.get(key)[2]["a"]) is bytearray
    with pytest.raises(exception.ParamError, match="read back: <Nameless>") as caught:
        client.put(key, {"a": Unreadable()})
    assert type(caught.value.__cause__) is Nameless


@pytest.mark.usefixtures("unwarned")
def test_unknown_key_without_a_text(client, make_client, key):
    client.put(key, {"a": 1})
    with pytest.warns(exception.AerospikeWarning, match="policy key <Unshown>"):
        assert client.get(key, {Unshown("b"): 1})[2] == {"a": 1}
    with pytest.raises(exception.ParamError, match="unknown read policy key <Unshown>"):
        make_client(validate_keys=True).get(key, {Unshown("b"): 1})


def test_argument_without_a_text_is_refused(client, key):
    digits = 10**5000  # Python makes no text of so many
    with pytest.raises(exception.ParamError, match="Invalid host"):
        aerospike.client({"hosts": [("127.0.0.1", digits)]})
    with pytest.raises(exception.ParamError, match="return_type and map_policy keys"):
        client.operate(key, [{**ops.read("a"), Unshown("b"): 1}])


def test_error_about_what_has_no_text_has_one(client, key):
    ns, set_name, _ = key
    with pytest.raises(exception.RecordNotFound) as caught:
        client.get((ns, set_name, Unshown("nobody")))
    assert "record not found [key=<tuple>" in str(caught.value)
    with pytest.raises(exception.ParamError) as refused:
        client.get((ns, set_name, 10**5000))
    assert "64 bits are allowed [key=<tuple>]" in str(refused.value)
    for given in (Unshown("b"), {Unshown("b"): 1}, [Nameless()]):
        caught.value.bin = given
        assert f"bin=<{type(given).__name__}>" in str(caught.value)
    caught.value.msg = caught.value.detail = Nameless()  # type: ignore[assignment]
    assert "<Nameless>: <Nameless>" in str(caught.value)


def test_text_of_an_error_that_holds_itself_has_an_end():
    error = exception.ServerError(1, "text", "", 0)
    error.key = error.detail = error  # type: ignore[assignment]
    error.bin = [error, error]
    with pytest.raises(RecursionError):
        str(error)
