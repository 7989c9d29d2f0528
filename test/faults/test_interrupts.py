"""What is raised while values are converted, and is about none of them, comes out."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

import aerospike
from aerospike import _explain, _pickle, exception
from aerospike._types import CompiledExpression
from aerospike_devserver import DevCluster
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Read

from ..waiting import patient

SIGNAL = signal.SIGUSR1


class Deadline(Exception):
    """What a handler raises."""


def plain(_number: int, _frame: Any) -> None:
    raise Deadline


def of_any_arguments(*args: Any) -> None:
    plain(*args)


def with_an_object(_what: object, *args: Any) -> None:
    plain(*args)


class Handler:
    """A handler that is an object."""

    def __call__(self, _number: int, _frame: Any) -> None:
        raise Deadline

    def method(self, *_args: Any) -> None:
        raise Deadline


HANDLERS: dict[str, Callable[..., Any]] = {
    "function": plain,
    "any arguments": of_any_arguments,
    "partial": functools.partial(with_an_object, 1),
    "object": Handler(),
    "method": Handler().method,
    "generator": lambda *_: (_ for _ in ()).throw(Deadline),
}


@pytest.fixture
def handle() -> Iterator[Callable[[Any], Any]]:
    """Installs a handler for the test."""
    before = signal.getsignal(SIGNAL)
    yield functools.partial(signal.signal, SIGNAL)
    signal.signal(SIGNAL, before)


class Interrupted:
    """Of a class that a configuration may name: a signal comes while it is read."""

    armed = False
    kind: type[BaseException] | None = None

    def __getstate__(self) -> dict[str, int]:
        if Interrupted.armed:
            signal.raise_signal(SIGNAL)
        return {"state": 1}

    def __setstate__(self, _state: Any) -> None:
        if Interrupted.kind is not None:
            raise Interrupted.kind
        if Interrupted.armed:
            signal.raise_signal(SIGNAL)


@pytest.fixture
def armed(monkeypatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(Interrupted, "armed", True)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_handler_in_the_look_at_a_pickle(client, key, handle, monkeypatch, handler):
    """It is the reader that is interrupted, not code of the value."""
    client.put(key, {"a": ({1},)})

    def find(*args: Any) -> Any:
        signal.raise_signal(SIGNAL)
        return known(*args)

    known = _pickle._find
    monkeypatch.setattr(_pickle, "_find", find)
    handle(handler)
    with pytest.raises(Deadline):
        client.get(key)


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_handler_in_code_of_a_stored_class(make_client, key, handle, armed, handler):
    client = make_client(pickle_classes=[Interrupted])
    client.put(key, {"a": Interrupted()})
    handle(handler)
    armed()
    with pytest.raises(Deadline):
        client.get(key)
    with pytest.raises(Deadline):
        client.put(key, {"a": Interrupted()})


def refuse_type(_number: int, _frame: Any) -> None:
    raise TypeError


@pytest.mark.parametrize(
    "handler", [*HANDLERS.values(), refuse_type], ids=[*HANDLERS, "TypeError"]
)
def test_handler_in_serializers(make_client, key, handle, handler):
    def interrupted(value: Any) -> Any:
        calls.append(value)
        signal.raise_signal(SIGNAL)
        return value

    calls: list[Any] = []
    client = make_client(serialization=(interrupted, interrupted))
    client.put(key, {"a": b"blob"})
    handle(handler)
    with pytest.raises((Deadline, TypeError)):
        client.get(key)
    assert calls == ["blob"]  # a TypeError of its own means that it takes no str
    with pytest.raises((Deadline, TypeError)):
        client.put(key, {"a": (1, 2)})


def stop(_number: int, _frame: Any) -> None:
    raise StopIteration


def test_handler_s_stop_is_not_the_end_of_the_records(make_client, key, handle):
    def interrupted(value: Any) -> Any:
        signal.raise_signal(SIGNAL)
        return value

    client = make_client(serialization=(None, interrupted))
    client.put(key, {"a": b"blob"})
    handle(stop)
    scan = client.scan(*key[:2])
    for read in (
        lambda: list(scan),
        lambda: list(scan.stream()),
        lambda: scan.foreach(lambda _: None),
    ):
        with pytest.raises(RuntimeError, match="StopIteration was raised") as caught:
            read()
        assert type(caught.value.__cause__) is StopIteration


@pytest.mark.parametrize("kind", [MemoryError, RecursionError, KeyboardInterrupt])
def test_what_is_of_no_value_comes_out(make_client, key, monkeypatch, kind):
    def fail(_blob: Any) -> None:
        raise kind

    client = make_client(pickle_classes=[Interrupted], serialization=(None, fail))
    client.put(key, {"a": b"blob"})
    with pytest.raises(kind):
        client.get(key)
    client.put(key, {"a": Interrupted()}, serializer=aerospike.SERIALIZER_PYTHON)
    monkeypatch.setattr(Interrupted, "kind", kind)
    with pytest.raises(kind):
        client.get(key)


@pytest.mark.parametrize("kind", [ValueError, exception.TimeoutError])
@pytest.mark.usefixtures("unwarned")
def test_what_a_value_causes_is_read_as_bytes(make_client, key, monkeypatch, kind):
    def fail(_blob: Any) -> None:
        raise kind

    client = make_client(pickle_classes=[Interrupted], serialization=(None, fail))
    client.put(key, {"a": b"blob"})
    assert client.get(key)[2] == {"a": b"blob"}
    client.put(key, {"a": Interrupted()}, serializer=aerospike.SERIALIZER_PYTHON)
    monkeypatch.setattr(Interrupted, "kind", kind)
    with pytest.warns(exception.AerospikeWarning, match="a pickled value is read as"):
        assert type(client.get(key)[2]["a"]) is bytearray


def test_pickle_near_the_recursion_limit_is_read_or_raises(client, key):
    value = {"p": (1, [(2, {3})] * 30)}
    client.put(key, value)

    def at_depth(n: int) -> Any:
        return client.get(key)[2] if n == 0 else at_depth(n - 1)

    n_raised = 0
    for left in range(100):
        try:
            assert at_depth(sys.getrecursionlimit() - left) == value
        except RecursionError:
            n_raised += 1
    assert n_raised
    assert at_depth(0) == value


def test_set_near_the_recursion_limit_is_written_or_raises(client, key):
    def at_depth(n: int) -> Any:
        return client.put(key, {"p": {1, 2}}) if n == 0 else at_depth(n - 1)

    n_raised = 0
    for left in range(100):
        try:
            at_depth(sys.getrecursionlimit() - left)
        except RecursionError:
            n_raised += 1
    assert n_raised
    assert client.get(key)[2] == {"p": {1, 2}}


# errors


def time_out(_number: int, _frame: Any) -> None:
    raise exception.TimeoutError(9, "of the application's own")


def value_error(_number: int, _frame: Any) -> None:
    raise ValueError


def fail_until_interrupted(client: aerospike.Client, key: Any, after_s: float) -> None:
    """Raises what a handler raises, unless that is lost."""
    signal.setitimer(signal.ITIMER_REAL, after_s)
    for _ in range(100_000):
        with contextlib.suppress(exception.ParamError):
            client.put(key, {"a": [1, {"b": [{"c": {None: 1}}]}]})


def test_handler_while_the_path_of_an_error_is_made(client, key):
    """Python runs handlers whenever it makes the text of a key."""
    before = signal.signal(signal.SIGALRM, plain)
    gc.disable()  # Python drops what a handler raises while a finalizer runs
    try:
        for i in range(500):
            with pytest.raises(Deadline):
                fail_until_interrupted(client, key, 1e-5 + i % 50 * 1e-6)
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_interrupt_while_the_names_of_operations_are_collected(monkeypatch):
    """The next error has a name nevertheless."""

    def interrupted(name: str) -> str:
        if name == "OP_MAP_PUT":
            raise KeyboardInterrupt
        return function_of(name)

    function_of = _explain.function_of
    monkeypatch.setattr(_explain, "_names", {})
    with monkeypatch.context() as patched:
        patched.setattr(_explain, "function_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _explain.operation_name({"op": aerospike.OP_MAP_PUT})
    assert _explain.operation_name({"op": aerospike.OP_MAP_PUT}) == "map_put"


class Interrupt(list[Any]):
    def __eq__(self, _other: object) -> bool:
        raise KeyboardInterrupt

    __hash__ = None


def test_interrupt_while_an_error_is_explained_has_it_as_context(client, key):
    client.put(key, {"a": 1})
    with pytest.raises(KeyboardInterrupt) as caught:
        client.select(key, Interrupt())
    assert type(caught.value.__context__) is exception.InvalidRequest


def invalid(_number: int, _frame: Any) -> None:
    raise exception.InvalidRequest(4, "of the application's own", "", 0)


class Interrupting:
    """A level of a context."""

    value = 0
    extra_args: ClassVar[dict[str, Any]] = {}

    @property
    def id(self) -> int:
        signal.raise_signal(SIGNAL)
        return aerospike.CDT_CTX_LIST_INDEX


def tree() -> Any:
    """An expression whose packing a signal interrupts."""
    ctx: Any = [Interrupting()]
    return exp.Eq(exp.ListGetByIndex(ctx, 7, 1, 0, exp.ListBin("l")), 1)


@pytest.mark.parametrize("error", [time_out, value_error, invalid])
def test_handler_in_compile(handle, error):
    handle(error)
    with pytest.raises((exception.TimeoutError, ValueError, exception.InvalidRequest)):
        tree().compile()


@pytest.mark.parametrize("error", [time_out, value_error, invalid])
def test_handler_in_an_expression_is_not_its_mistake(client, key, handle, error):
    compiled = CompiledExpression(tree(), None)
    records = BatchRecords([Read(key, None, True, policy={"expressions": compiled})])
    handle(error)
    for call in (
        lambda: client.get(key, {"expressions": compiled}),
        lambda: client.batch_write(records),
        lambda: client.get_expression_base64(compiled),
    ):
        with pytest.raises(
            (exception.TimeoutError, ValueError, exception.InvalidRequest)
        ) as caught:
            call()
        assert caught.traceback[-1].name == error.__name__


# batches


POINT = aerospike.GeoJSON({"type": "Point", "coordinates": [1.0, 2.0]})


@pytest.mark.parametrize("handler", [time_out, value_error])
def test_handler_in_a_row_is_not_the_row_s_result(monkeypatch, handle, handler):
    def loads(text: str) -> Any:
        signal.raise_signal(SIGNAL)
        return parse(text)

    parse = json.loads
    keys = [("test", "interrupts", i) for i in range(5)]
    with DevCluster() as cluster:
        client = aerospike.client(patient({"hosts": cluster.hosts}))
        for key in keys:
            client.put(key, {"g": POINT})
        handle(handler)
        with monkeypatch.context() as patched:
            patched.setattr(json, "loads", loads)
            for read in (client.batch_read, client.get_many):
                with pytest.raises((exception.TimeoutError, ValueError)) as caught:
                    read(keys)
                assert caught.traceback[-1].name == handler.__name__
        found = client.batch_read(keys).batch_records
        assert [row.result for row in found] == [0] * 5
        client.close()


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_handler_in_a_log_handler(handle, handler):
    """The call that logs is not disturbed: the exception comes when it is over."""
    lines: list[str] = []

    def interrupted(*line: Any) -> None:
        lines.append(line[-1])
        if len(lines) == 1:
            signal.raise_signal(SIGNAL)

    handle(handler)
    aerospike.set_log_handler(interrupted)
    aerospike.set_log_level(aerospike.LOG_LEVEL_DEBUG)
    try:
        with DevCluster() as cluster, pytest.raises(Deadline):
            aerospike.client(patient({"hosts": [("127.0.0.1", 1), *cluster.hosts]}))
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(None)
    assert lines
