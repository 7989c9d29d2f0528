"""Nothing is kept of a call, whether it succeeds or fails.

What counts is in `calls.py`, and runs in a process that does nothing else. The server
is another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ..absent import need
from ..children import Process, server
from . import calls

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc to count"
)


@pytest.fixture(scope="module")
def address(real_hosts: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """A server of one node in another process, or the real one."""
    if real_hosts:
        yield real_hosts[0]
        return
    with server() as (made, _):
        yield made


@pytest.fixture(scope="module")
def counting(address: tuple[str, int]) -> Iterator[Process]:
    """The process that counts."""
    with Process(calls.__name__) as made:
        made.call("connect", *address)
        yield made


@pytest.mark.parametrize("name", calls.CALLS)
def test_call_leaves_nothing(counting, name):
    if name.startswith("aggregation"):
        need("lupa")
    counting.call("check_call", name)


@pytest.mark.parametrize("name", calls.LOCAL)
def test_refused_call_leaves_nothing(counting, name):
    counting.call("check_refused_call", name)


@pytest.mark.parametrize("number", range(len(calls.OTHERS)))
def test_call_without_the_server_leaves_nothing(counting, number):
    counting.call("check_local_call", number)


@pytest.mark.parametrize("name", calls.CLIENTS)
def test_client_leaves_nothing(counting, name):
    counting.call("check_client", name)
