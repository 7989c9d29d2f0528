"""Queries and scans in random steps: pages, stops, failures, lost nodes, other readers.

Every record comes at least once, and at most once, where a record does not count as
read whose callback raised or returned False. A query on an index of a collection's
items may bring a record again when it goes on.

AEROSPIKE_EXAMPLES=500 reads on more ways than the few of every day, and other ones each
time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from .. import reading
from ..compat.environment import find_official
from ..reading import NS, SET, Elsewhere
from ..waiting import patient

N_EXAMPLES = int(os.environ.get("AEROSPIKE_EXAMPLES", "0"))
N_PARTITIONS, PER_PARTITION = 16, 6
N_NODES = 3
A_FEW = 20
"""Fewer records than a node has, but so many that the others come in a second."""
MIDDLE = 2048
N_TO_READ = st.integers(1, 4) | st.integers(1, 40)
"""Pages that are smaller than the number of nodes refuse records that come."""

IMPATIENT = {"total_timeout": 30_000, "max_retries": 0}
NODE_IS_GONE = (
    exception.ConnectionError,
    exception.InvalidNodeError,
    exception.TimeoutError,
    exception.ClusterError,
)


def _choose_ids() -> list[int]:
    """Numbers of records that share a few partitions, some on either side of MIDDLE.

    Half of them are negative: a place in an index has a sign.
    """
    by_partition: dict[int, list[int]] = defaultdict(list)
    full: list[int] = []
    for count in itertools.count():
        number = count // 2 if count % 2 == 0 else -count
        ids = by_partition[partition_of(number)]
        ids.append(number)
        if len(ids) == PER_PARTITION:
            full.append(partition_of(number))
        if len(full) == N_PARTITIONS:
            break
    assert min(full) < MIDDLE <= max(full)
    return [i for partition in full for i in by_partition[partition]]


def partition_of(number: int) -> int:
    return aerospike.get_partition_id(aerospike.calc_digest(NS, SET, number))


IDS = _choose_ids()
CHOSEN = sorted({partition_of(i) for i in IDS})
PARTS: list[tuple[int, int] | None] = [
    None,
    None,
    (0, 4096),
    (0, MIDDLE),
    (CHOSEN[0], CHOSEN[-1] - CHOSEN[0]),
    (CHOSEN[3], 1),
]
"""(begin, count) of a partition filter; None: pages without one."""


def bins_of(i: int) -> dict[str, Any]:
    """What the CONDITIONS find."""
    point = {"type": "Point", "coordinates": [10 + i % 5, 20 + i % 3]}
    return {
        "i": i,
        "s": "all",
        "b": b"all",
        "l": [-i, i, i + 1],
        "g": aerospike.GeoJSON(point),
    }


class Bench(NamedTuple):
    """What the machines work on."""

    client: aerospike.Client
    cluster: DevCluster | None  # None: nodes cannot be lost
    readers: dict[str, Elsewhere]


@contextlib.contextmanager
def records_of(client: aerospike.Client) -> Iterator[None]:
    """The records and the indexes, for so long."""
    rows = [
        Write((NS, SET, i), [ops.write(*pair) for pair in bins_of(i).items()])
        for i in IDS
    ]
    assert client.batch_write(BatchRecords(rows)).result == 0
    numeric, default = aerospike.INDEX_NUMERIC, aerospike.INDEX_TYPE_DEFAULT
    client.index_integer_create(NS, SET, "i", "reading_i")
    client.index_string_create(NS, SET, "s", "reading_s")
    client.index_blob_create(NS, SET, "b", "reading_b")
    client.index_geo2dsphere_create(NS, SET, "g", "reading_g")
    client.index_list_create(NS, SET, "l", numeric, "reading_l")
    twice = reading.TWICE.compile()
    client.index_expr_create(NS, SET, default, numeric, twice, "reading_x")
    yield
    for name in "isbglx":
        client.index_remove(NS, f"reading_{name}")
    client.batch_remove([row.key for row in rows])


@pytest.fixture(scope="module", params=[1, N_NODES])
def bench(request, real_hosts) -> Iterator[Bench]:
    """A cluster of one node, one of three; a real one as it is."""
    if real_hosts and request.param != 1:
        pytest.skip("a real cluster has the nodes that it has")
    with contextlib.ExitStack() as stack:
        cluster, hosts = None, real_hosts
        if not real_hosts:
            cluster = stack.enter_context(DevCluster(nodes=request.param))
            hosts = cluster.hosts
        config = patient({"hosts": hosts, "tend_interval": 250})
        client = stack.enter_context(aerospike.client(config))
        stack.enter_context(records_of(client))
        pythons = {"process": Path(sys.executable), "official": find_official()[0]}
        readers = {
            name: stack.enter_context(Elsewhere(python, hosts))
            for name, python in pythons.items()
            if python is not None
        }
        yield Bench(client, cluster if request.param > 1 else None, readers)


class Queries(RuleBasedStateMachine):
    """One reading of a set, by several queries one after another.

    What happens depends on the order in which records come, which rules that may be
    chosen must not.
    """

    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.client, self.cluster, self.readers = self.bench
        self.down: set[int] = set()
        self.removed: list[int] = []
        self.taken: Counter[int] = Counter()

    # --- what is read ---

    @initialize(
        kind=st.sampled_from(reading.KINDS),
        parts=st.sampled_from(PARTS),
        only_odd=st.sampled_from([False, False, True]),
        last_pages=st.sampled_from([2, 50]),
    )
    def begin(
        self,
        kind: str,
        parts: tuple[int, int] | None,
        only_odd: bool,
        last_pages: int,
    ) -> None:
        self.kind, self.parts, self.only_odd = kind, parts, only_odd
        self.last_pages = last_pages
        begin, count = parts or (0, 4096)
        self.wanted = Counter(
            i
            for i in IDS
            if begin <= partition_of(i) < begin + count and (i % 2 or not only_odd)
        )
        self.renew({})

    def renew(self, status: dict[Any, Any]) -> None:
        """Go on with a new query, from a status unless that is empty."""
        self.query: Any = reading.make(self.client, self.kind)
        self.policy: dict[str, Any] = dict(reading.PATIENT)
        if self.parts is None:
            self.query.paginate()
            parts = {}
        else:
            parts = dict(zip(("begin", "count"), self.parts, strict=True))
        if status:
            parts["partition_status"] = pickle.loads(pickle.dumps(status))
        if parts or self.parts is not None:
            self.policy["partition_filter"] = parts
        self.unfiltered = dict(self.policy)
        self.policy |= reading.filter_of(self.only_odd)

    def is_whole(self) -> bool:
        """Whether a loop, which has no policy, may read."""
        return not self.only_odd and "partition_filter" not in self.policy

    # --- reading ---

    def take(self, ids: list[int]) -> None:
        """These count as read."""
        self.taken.update(ids)
        if self.kind != "list":
            assert self.taken <= self.wanted, self.taken - self.wanted
            return
        assert set(self.taken) <= set(self.wanted)
        if self.cluster is None:  # the query did not have to go on elsewhere
            assert max(Counter(ids).values(), default=0) <= 1

    @rule(way=st.sampled_from(sorted(reading.WAYS)), n=N_TO_READ)
    def read_here(self, way: str, n: int) -> None:
        way = way if way != "loop" or self.is_whole() else "stream"
        ids: list[int] = []
        reading.read(self.query, self.policy, way, n, ids.append)
        self.take(ids)

    @rule(
        reader=st.sampled_from(["process", "official"]),
        way=st.sampled_from(reading.SHARED_WAYS),
        n=N_TO_READ,
    )
    def read_elsewhere(self, reader: str, way: str, n: int) -> None:
        """Another process goes on, and this one after it."""
        self.start_all()
        status = self.query.get_partitions_status()
        if status or "partition_filter" not in self.policy:
            self.renew(status)
        policy = {"partition_filter": {}} | self.unfiltered
        status = policy["partition_filter"].get("partition_status", {})
        if status.get("done") or reader not in self.readers:
            reader = "process"  # the official client fails after the end
        ids, status, is_done = self.readers[reader].read(
            self.kind, self.only_odd, policy, way, n
        )
        self.take(ids)
        assert not is_done or self.is_complete()
        self.renew(status)

    @rule()
    def go_on_with_another_query(self) -> None:
        status = self.query.get_partitions_status()
        if status:
            self.renew(status)

    @rule(pick=st.integers(0, len(IDS) - 1))
    def remove_a_record_that_was_read(self, pick: int) -> None:
        """The query goes on behind its place all the same."""
        left = sorted(set(self.taken) - set(self.removed))
        if left:
            i = left[pick % len(left)]
            self.client.remove((NS, SET, i), policy=reading.PATIENT)
            self.removed.append(i)

    # --- nodes ---

    def can_lose_nodes(self) -> bool:
        return self.cluster is not None

    def stop(self, node: int) -> None:
        """Stop the node, or another one that is up, unless it is the last one."""
        assert self.cluster is not None
        up = [i for i in range(N_NODES) if i not in self.down]
        if len(up) > 1:
            self.down.add(up[node % len(up)])
            self.cluster.stop_node(up[node % len(up)])

    def start_all(self) -> None:
        """All nodes come back."""
        for node in sorted(self.down):
            assert self.cluster is not None
            self.cluster.start_node(node)
        self.down.clear()

    @rule(node=st.integers(0, N_NODES - 1))
    @precondition(can_lose_nodes)
    def lose_a_node(self, node: int) -> None:
        self.stop(node)

    @rule()
    @precondition(can_lose_nodes)
    def all_nodes_come_back(self) -> None:
        self.start_all()

    @rule(way=st.sampled_from(sorted(reading.WAYS)), n=N_TO_READ)
    @precondition(can_lose_nodes)
    def read_by_an_old_map(self, way: str, n: int) -> None:
        """One node has had all partitions: it refuses those that it has given back, and
        the client asks it before it knows.
        """
        for node in range(N_NODES):
            self.stop(node)
        found = self.client.scan(NS, SET).results(reading.PATIENT)
        assert {bins["i"] for _, _, bins in found} == set(IDS) - set(self.removed)
        self.start_all()
        self.read_here(way, n)

    @rule(
        way=st.sampled_from(["results", "False", "stream"]),
        at=st.integers(1, A_FEW),
        node=st.integers(0, N_NODES - 1),
        is_patient=st.booleans(),
        comes_back=st.booleans(),
    )
    @precondition(can_lose_nodes)
    def lose_a_node_while_reading(
        self, way: str, at: int, node: int, is_patient: bool, comes_back: bool
    ) -> None:
        """With few records a second, so that the node still has some to send."""
        ids: list[int] = []

        def see(i: int) -> None:
            ids.append(i)
            if len(ids) == at:
                self.stop(node)

        self.query.records_per_second = A_FEW
        policy = self.policy if is_patient else {**self.policy, **IMPATIENT}
        try:
            reading.read(self.query, policy, way, 30, see)
        except NODE_IS_GONE:
            assert not is_patient
        self.query.records_per_second = 0
        self.take(ids)
        if comes_back:
            self.start_all()

    # --- what holds ---

    def is_complete(self) -> bool:
        return set(self.taken) == set(self.wanted)

    @invariant()
    def done_says_that_all_was_read(self) -> None:
        if hasattr(self, "query") and self.query.is_done():
            assert self.is_complete(), set(self.wanted) - set(self.taken)

    def read_the_rest(self) -> None:
        for _ in range(4 * len(IDS)):  # each has three items in the index of the list
            if self.query.is_done():
                break
            self.read_here("page", self.last_pages)
        self.done_says_that_all_was_read()
        assert self.query.is_done()
        self.read_here("page", 50)
        self.read_here("results", 0)
        if self.kind != "list":
            assert self.taken == self.wanted

    def teardown(self) -> None:
        try:
            if hasattr(self, "query"):
                self.read_the_rest()
        finally:
            self.start_all()
            for i in self.removed:
                self.client.put((NS, SET, i), bins_of(i), policy=reading.PATIENT)


@pytest.mark.timeout(0 if N_EXAMPLES else 300)
def test_every_record_is_read_once(bench):
    Queries.bench = bench
    run_state_machine_as_test(
        Queries,
        settings=settings(
            max_examples=N_EXAMPLES or 25,
            derandomize=not N_EXAMPLES,
            database=None,
            deadline=None,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shorter failures would take minutes to find
        ),
    )
