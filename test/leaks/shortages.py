"""Calls whose nth allocation fails; runs in a process of its own.

Either one allocation of Python's objects fails, by a hook of CPython's own tests, or
one of the C library and all that follow it. A call then succeeds all the same, or
raises what it must; no block of the library is left of it, and the next call finds its
connections in order.
"""

from __future__ import annotations

import _testcapi  # CPython's own tests
import gc
import re
from collections.abc import Callable
from typing import Any

import aerospike
from aerospike import _core, exception

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
    "can't allocate read lock|Python API call failed"
)
"""What others raise instead of MemoryError: CPython, when it cannot make the frame of a
function in Python that an exception passes, or cannot open a file; and bcrypt."""

N_CALM = {"python": 15, "library": 2}
"""After so many calls in a row that do what they usually do, there is no allocation
left that could fail."""


def fail_python(nth: int) -> None:
    """Let the nth allocation of Python fail, and those behind it succeed."""
    if nth:
        _testcapi.set_nomemory(nth - 1, nth)
    else:
        _testcapi.remove_mem_hooks()


def fail_library(nth: int) -> None:
    _core.fail_allocations(nth)


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
    fail = {"python": fail_python, "library": fail_library}[kind]
    call, client = ALL_CALLS[name], calls.CLIENT
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
    failure_of(call)  # what a first call makes is there from now on
    usual = failure_of(call)
    sweep(name, kind, usual)
    n_files = calls.n_files_and_threads()
    before = n_blocks()
    sweep(name, kind, usual)
    if call is calls.index:
        client.index_remove("test", "leaks_n")
    calls.wait_until_none_are_left(n_files)
    assert n_blocks() <= before, "blocks of the library are left"


def n_blocks() -> int:
    """Blocks of the library that are in use."""
    gc.collect()
    return _core.fail_allocations(0)


def connect(host: str, port: int) -> None:
    """Make the client of the checks."""
    calls.connect(host, port)
