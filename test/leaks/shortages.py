"""Calls whose nth allocation fails; runs in a process of its own.

Either one allocation of Python's objects fails, by a hook of CPython's own tests, or
one of the C library and all that follow it. A call then succeeds all the same, or
raises what it must; no block of the library is left of it, and the next call finds its
connections in order.

Blocks of Python are not counted: CPython 3.11 itself loses the arguments of a function
whose variables are cells when it cannot make one of these.
"""

from __future__ import annotations

import _testcapi  # CPython's own tests
import gc
import os
import re
from collections.abc import Callable
from typing import Any

import aerospike
from aerospike import _core, exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from ..integration.test_lifecycle import KEY as KEY_OF_METHODS
from ..integration.test_lifecycle import NEEDS_CLUSTER
from . import calls

ALL_CALLS: dict[str, Callable[[aerospike.Client], Any]] = {
    **{f"{name}()": call for name, call in NEEDS_CLUSTER.items()},
    **calls.CALLS,
}
"""Every public method, and every kind of call."""

SINGLE_WRITES = {
    "append",
    "apply",
    "increment",
    "operate",
    "operate_ordered",
    "prepend",
    "put",
    "touch",
}
"""Those of calls.CALLS that change the generation of calls.KEY."""

OF_OTHERS = re.compile(
    "error return without exception set|<function .* without setting an exception|"
    "can't allocate (read )?lock|Python API call failed"
)
"""What others raise instead of MemoryError: CPython, when it cannot make the frame of a
function in Python that an exception passes, or cannot open a file or make a lock; and
bcrypt."""

BATCH_KEYS = [("test", "leaks", f"row {i}") for i in range(5)]
"""What the batches of check_batch() count up."""

N_CALM = {"python": 15, "library": 2}
"""After so many calls in a row that do what they usually do, there is no allocation
left that could fail."""

N_SWEEPS = 6
"""In one of so many, nothing more may be left: until then, what is kept for later calls
fills up."""


def fail_python(nth: int) -> None:
    """Let the nth allocation of Python fail, and those behind it succeed."""
    if nth:
        _testcapi.set_nomemory(nth - 1, nth)
    else:
        _testcapi.remove_mem_hooks()


def fail_library(nth: int) -> None:
    _core.fail_allocations(nth)


FAIL = {"python": fail_python, "library": fail_library}


def generation() -> int:
    return calls.CLIENT.exists(calls.KEY)[1]["gen"]  # type: ignore[index]


def failure_of(call: Callable[[Any], Any]) -> BaseException | None:
    """What the call raised."""
    try:
        call(calls.CLIENT)
    except BaseException as error:  # noqa: BLE001 - judged by those who ask
        return error
    return None


def is_as_it_must_be(error: BaseException) -> bool:
    return isinstance(error, (MemoryError, exception.AerospikeError)) or bool(
        OF_OTHERS.match(str(error))
    )


def sweep(name: str, kind: str, usual: BaseException | None) -> None:
    """Make the call with its first, second, third ... allocation failing."""
    fail, call, client = FAIL[kind], ALL_CALLS[name], calls.CLIENT
    nth = n_calm = 0
    while n_calm < N_CALM[kind]:
        nth += 1
        assert nth < 5000, "it does not end"
        changes = generation() if name in SINGLE_WRITES else 0
        error: BaseException | None = None
        fail(nth)
        try:
            call(client)
        except BaseException as caught:  # noqa: BLE001 - judged below
            error = caught
        finally:
            fail(0)
        n_calm += 1
        if type(error) is not type(usual):
            n_calm = 0
            assert error is None or is_as_it_must_be(error), (nth, repr(error))
        if name in SINGLE_WRITES and isinstance(error, exception.AerospikeError):
            assert error.in_doubt or generation() == changes, (nth, repr(error))
        assert client.get(calls.KEY)[2]["int"] == calls.BINS["int"], nth


def check(name: str, kind: str) -> None:
    """The call says what it must, whichever allocation fails, and leaves nothing."""
    call, client = ALL_CALLS[name], calls.CLIENT
    calls.NODE[:] = [node["node_name"] for node in client.get_node_names()]
    client.put(calls.KEY, calls.BINS | {"n": 1})
    client.batch_remove([KEY_OF_METHODS])  # its list might last for some calls only
    failure_of(call)  # what a first call makes is there from now on
    usual = failure_of(call)
    sweep(name, kind, usual)
    n_files = calls.n_files_and_threads()
    for _ in range(N_SWEEPS):
        before = n_blocks()
        sweep(name, kind, usual)
        if call is calls.index:
            client.index_remove("test", "leaks_n")
        calls.wait_until_none_are_left(n_files)
        if n_blocks() <= before:
            return
    raise AssertionError("blocks of the library are left each time")


def counts() -> list[int]:
    """What each record of BATCH_KEYS has been counted up to."""
    return [record[2]["n"] for record in calls.CLIENT.get_many(BATCH_KEYS)]  # type: ignore[index]


def rows_of_batch_write() -> tuple[BaseException | None, list[Any]]:
    """What became of a batch_write(), and the records that the caller has of it."""
    batch = BatchRecords([Write(key, [ops.increment("n", 1)]) for key in BATCH_KEYS])
    return failure_of(lambda c: c.batch_write(batch)), batch.batch_records


def rows_of_batch_operate() -> tuple[BaseException | None, list[Any]]:
    """The same of a batch_operate(), which gives no records when it raises."""
    made: list[Any] = []

    def call(client: aerospike.Client) -> None:
        done = client.batch_operate(BATCH_KEYS, [ops.increment("n", 1)])
        made.extend(done.batch_records)

    return failure_of(call), made


BATCHES = {"batch_write": rows_of_batch_write, "batch_operate": rows_of_batch_operate}


def check_batch(name: str, kind: str) -> None:
    """A write of a batch that was applied is done or in doubt, whatever fails."""
    fail = FAIL[kind]
    nth = n_calm = 0
    for key in BATCH_KEYS:
        calls.CLIENT.put(key, {"n": 0})
    BATCHES[name]()
    while n_calm < N_CALM[kind]:
        nth += 1
        assert nth < 1000, "it does not end"
        before = counts()
        fail(nth)
        try:
            error, rows = BATCHES[name]()
        except MemoryError:  # before the batch, or behind it
            error, rows = None, []
        finally:
            fail(0)
        after = counts()
        is_bad = error is not None or any(row.result for row in rows)
        n_calm = 0 if is_bad or not rows else n_calm + 1
        assert error is None or is_as_it_must_be(error), (nth, repr(error))
        if isinstance(error, exception.AerospikeError):
            assert error.in_doubt or before == after, (nth, repr(error))
        for row, was, now in zip(rows, before, after, strict=False):
            assert was == now or row.result == 0 or row.in_doubt, (nth, repr(row))


def n_blocks() -> int:
    """Blocks of the library that are in use."""
    gc.collect()
    return _core.fail_allocations(0)


def connect(host: str, port: int) -> None:
    """Make the client of the checks; the files that it writes go with its folder."""
    calls.connect(host, port)
    os.chdir(calls.FOLDER.name)
