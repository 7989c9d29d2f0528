"""Scans and batches let other threads have the GIL in between; benchmarks/holds.py
measures for how long they keep it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

import aerospike
import holds

from ..children import Hosts, server
from ..waiting import patient, until

N = 20_000
HAS_GIL = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no GIL"
)
KNOWS_ALL_DICTS = sys.version_info >= (3, 14)


@contextmanager
def collector_off() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def hosts(real_hosts: Hosts) -> Iterator[Hosts]:
    """Of servers in another process: in this one, their threads would keep the GIL,
    too, and the watcher cannot tell who has it.
    """
    if real_hosts:
        yield real_hosts
        return
    with server(options=["--nodes", "3"]) as (address, _):
        yield [address]


@pytest.fixture(scope="module")
def client(hosts: Hosts) -> Iterator[aerospike.Client]:
    with aerospike.client(patient({"hosts": hosts})) as made:
        yield made


@pytest.fixture(scope="module")
def sets(client) -> dict[str, holds.Data]:
    found = {"small": holds.Data("holds_test_small", N, holds.small)}
    found["1.1 KB"] = holds.Data("holds_test_medium", N // 4, holds.medium)
    found["64 KB"] = holds.Data("holds_test_large", 30, holds.large)
    for data in found.values():
        data.put(client)
    return found


@HAS_GIL
def test_watcher_sees_what_holds_the_gil():
    seen = holds.watch(lambda: sum(range(3_000_000)))  # in C, without a break
    assert seen.longest_s > seen.cpu_s / 2


def test_watcher_has_its_turns_where_the_gil_is_given_away():
    def gives_it_away() -> bool:
        seen = holds.watch(lambda: [gc.isenabled() for _ in range(1_000_000)])
        return seen.longest_s < seen.cpu_s / 4

    until(gives_it_away)  # the machine may be too busy to have the watcher run


@pytest.mark.measures
@HAS_GIL
@pytest.mark.parametrize("name", holds.WORKLOADS)
def test_no_call_keeps_the_gil_for_long(client, hosts, sets, name):
    """At least once: on a busy machine the watcher comes late.

    From 3.14 on the collector of garbage knows each dict, and keeps the GIL for some
    milliseconds when it looks at those of many records: it is off meanwhile.
    """
    kind, prepare = holds.WORKLOADS[name]
    config: dict[str, Any] = patient({"hosts": hosts})
    call = prepare(holds.Subject(client, config, sets[kind]))

    def is_short() -> bool:
        gc.collect()
        with collector_off() if KNOWS_ALL_DICTS else nullcontext():
            return holds.watch(call).longest_s <= holds.LIMIT_S

    until(is_short)
