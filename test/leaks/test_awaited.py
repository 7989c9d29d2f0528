"""Nothing is kept of awaited calls, whether they end, fail or are given up.

What counts is in `awaited.py`, and runs in a process that does nothing else. The server
is another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ..children import Process, server
from . import awaited

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc to count"
)

N_SHORT = 10_000
N_LONG = int(os.environ.get("LEAK_CALLS", "1000000"))


@pytest.fixture(scope="module")
def counting(real_hosts: list[tuple[str, int]]) -> Iterator[Process]:
    """The process that counts. Its server has one node, or is the real one."""
    with server() as (made, _), Process(awaited.__name__) as process:
        process.call("connect", *(real_hosts[0] if real_hosts else made))
        yield process


def test_awaited_calls_leave_nothing(counting):
    counting.call("check_many", N_SHORT)


@pytest.mark.takes_long
def test_a_million_awaited_calls_leave_nothing(counting):
    counting.call("check_many", N_LONG)


@pytest.mark.takes_long
@pytest.mark.parametrize("name", awaited.CALLS)
def test_awaited_call_leaves_nothing(counting, name):
    counting.call("check_call", name)


@pytest.mark.parametrize("name", awaited.LOOPS)
def test_loop_leaves_nothing(counting, name):
    counting.call("check_loop", name)


@pytest.mark.parametrize("name", awaited.SHORT)
def test_awaited_call_without_memory_of_the_library(counting, name):
    counting.call("check_without_memory", name)
