"""Transactions from end to end, for both clients, against the development server."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import operations

from ..faults.driven import driven
from ..faults.gate import AFTER, BEFORE, Gate
from ..faults.monitored import CLOSE, FORWARD, MARK
from ..waiting import join_all, patient

OPEN, VERIFIED = aerospike.TXN_STATE_OPEN, aerospike.TXN_STATE_VERIFIED
COMMITTED, ABORTED = aerospike.TXN_STATE_COMMITTED, aerospike.TXN_STATE_ABORTED
BLOCKED, DIFFERS, LOCKED_BEFORE = 120, 121, 126
LONG_AFTER_S = 100


def key(name: object) -> tuple[str, str, str]:
    return ("test", "transactions", str(name))


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    with DevCluster(1, strong_consistency=True) as made:
        yield made


@pytest.fixture(scope="module")
def three() -> Iterator[DevCluster]:
    with DevCluster(3, strong_consistency=True) as made:
        yield made


@pytest.fixture
def plain(cluster) -> Iterator[aerospike.Client]:
    """A client whose commands belong to no transaction."""
    cluster.reset()
    with aerospike.client(patient({"hosts": cluster.hosts})) as made:
        yield made


@pytest.fixture(params=[aerospike.client, driven], ids=["blocking", "awaited"])
def client(request, cluster, plain) -> Iterator[Any]:
    with request.param(patient({"hosts": cluster.hosts})) as made:
        yield made


def bins(client: Any, name: object, txn: Any = None) -> Any:
    """The bins of a record, or None."""
    try:
        return client.get(key(name), {"txn": txn})[2]
    except exception.RecordNotFound:
        return None


def put(client: Any, name: object, n: int, txn: Any = None, **policy: Any) -> None:
    client.put(key(name), {"n": n}, policy={"txn": txn, **policy})


# --- what others see ---


def test_writes_are_seen_inside_and_after_the_commit(client, plain):
    put(plain, "a", 1)
    txn = aerospike.Transaction()
    put(client, "a", 2, txn)
    put(client, "b", 2, txn)
    assert [bins(client, name, txn) for name in "ab"] == [{"n": 2}, {"n": 2}]
    assert [bins(plain, name) for name in "ab"] == [{"n": 1}, None]
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert [bins(plain, name) for name in "ab"] == [{"n": 2}, {"n": 2}]
    assert (txn.state, txn.in_doubt) == (COMMITTED, False)


def test_nothing_is_left_of_an_abort(client, plain):
    put(plain, "a", 1)
    txn = aerospike.Transaction()
    client.operate(key("a"), [operations.increment("n", 5)], policy={"txn": txn})
    client.remove(key("a"), policy={"txn": txn, "durable_delete": True})
    put(client, "b", 2, txn)
    assert client.abort(txn) == aerospike.ABORT_OK
    assert [bins(plain, name) for name in "ab"] == [{"n": 1}, None]
    put(plain, "b", 3)  # and it is not locked


def test_a_batch_is_part_of_it(client, plain):
    put(plain, "a", 1)
    put(plain, "b", 1)
    txn = aerospike.Transaction()
    records = BatchRecords(
        [
            Write(key("a"), [operations.write("n", 2)]),
            Remove(key("b"), {"durable_delete": True}),
            Read(key("c"), None, read_all_bins=True),
        ]
    )
    client.batch_write(records, {"txn": txn})
    assert [row.result for row in records.batch_records] == [0, 0, 2]
    found = client.batch_read([key("a"), key("b")], policy={"txn": txn}).batch_records
    assert [row.result for row in found] == [0, 2]
    assert bins(plain, "b") == {"n": 1}
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert [bins(plain, name) for name in "ab"] == [{"n": 2}, None]


def test_a_record_has_one_transaction_at_a_time(client, plain):
    txn, other = aerospike.Transaction(), aerospike.Transaction()
    put(client, "a", 1, txn)
    for of in (None, other):
        with pytest.raises(exception.AerospikeError) as caught:
            put(client, "a", 2, of)
        assert (caught.value.code, caught.value.in_doubt) == (BLOCKED, False)
    client.abort(other)
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert bins(plain, "a") == {"n": 1}


def test_a_write_may_ask_to_be_the_first(client, plain):
    txn = aerospike.Transaction()
    put(client, "a", 1, txn, on_locking_only=True)
    with pytest.raises(exception.AerospikeError) as caught:
        put(client, "a", 2, txn, on_locking_only=True)
    assert caught.value.code == LOCKED_BEFORE
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert bins(plain, "a") == {"n": 1}


def test_what_has_changed_since_fails_the_write(client, plain):
    put(plain, "a", 1)
    txn = aerospike.Transaction()
    bins(client, "a", txn)
    put(plain, "a", 2)
    with pytest.raises(exception.AerospikeError) as caught:
        put(client, "a", 3, txn)
    assert caught.value.code == DIFFERS
    client.abort(txn)
    assert bins(plain, "a") == {"n": 2}


def test_what_has_changed_since_fails_the_commit(client, plain):
    put(plain, "a", 1)
    txn = aerospike.Transaction()
    bins(client, "a", txn)
    assert bins(client, "gone", txn) is None
    put(client, "b", 1, txn)
    put(plain, "gone", 1)
    with pytest.raises(exception.TransactionFailed, match="1 of 2 records") as caught:
        client.commit(txn)
    assert not caught.value.in_doubt
    assert txn.state == ABORTED
    assert bins(plain, "b") is None


def test_the_servers_end_what_takes_too_long(client, plain, cluster):
    txn = aerospike.Transaction()
    txn.timeout = 5
    put(client, "a", 1, txn)
    cluster.advance(LONG_AFTER_S)
    with pytest.raises(exception.AerospikeError):
        put(client, "a", 2, txn)
    with pytest.raises(exception.AerospikeError) as caught:
        client.commit(txn)
    assert not caught.value.in_doubt
    assert bins(plain, "a") is None
    put(plain, "a", 3)


def test_queries_see_what_is_committed(client, plain):
    put(plain, "a", 1)
    txn = aerospike.Transaction()
    put(client, "a", 2, txn)
    put(client, "b", 2, txn)
    found = plain.query("test", "transactions").results()
    assert [record[2] for record in found] == [{"n": 1}]
    client.abort(txn)


def test_a_namespace_without_strong_consistency_has_no_transactions():
    with (
        DevCluster(1) as weak,
        aerospike.client(patient({"hosts": weak.hosts})) as client,
    ):
        for call in (put, bins):
            txn = aerospike.Transaction()
            arguments = ("a", 1, txn) if call is put else ("a", txn)
            with pytest.raises(exception.AerospikeError) as caught:
                call(client, *arguments)
            assert (caught.value.code, caught.value.in_doubt) == (25, False)
            client.abort(txn)


# --- together ---

N_ACCOUNTS, START = 6, 100


def transfer(client: Any, source: int, to: int) -> bool:
    """Move 1 from one account to another; False: somebody else was at it."""
    txn = aerospike.Transaction()
    try:
        had, has = (bins(client, f"account{n}", txn)["n"] for n in (source, to))
        put(client, f"account{source}", had - 1, txn)
        put(client, f"account{to}", has + 1, txn)
        client.commit(txn)
    except exception.AerospikeError:
        if txn.state != ABORTED:
            client.abort(txn)
        return False
    return True


@pytest.mark.parametrize(
    "make", [aerospike.client, driven], ids=["blocking", "awaited"]
)
def test_transactions_side_by_side_keep_the_sum(three, make):
    three.reset()
    config = patient({"hosts": three.hosts})
    done = []

    def work(seed: int, client: Any) -> None:
        source = random.Random(seed)
        for _ in range(25):
            first, second = source.sample(range(N_ACCOUNTS), 2)
            done.append(transfer(client, first, second))

    with make(config) as client, aerospike.client(config) as plain:
        for n in range(N_ACCOUNTS):
            put(plain, f"account{n}", START)
        own = [client.of_this_thread() if make is driven else client for _ in range(4)]
        threads = [
            threading.Thread(target=work, args=(n, each)) for n, each in enumerate(own)
        ]
        for thread in threads:
            thread.start()
        join_all(threads)
        if make is driven:
            for each in own:
                each.end()
        accounts = [bins(plain, f"account{n}")["n"] for n in range(N_ACCOUNTS)]
    assert len(done) == 100
    assert any(done)
    assert sum(accounts) == N_ACCOUNTS * START


def test_tasks_share_a_transaction(cluster, plain):
    async def main() -> None:
        config = patient({"hosts": cluster.hosts})
        async with aerospike.AsyncClient(config) as client:
            txn = aerospike.Transaction()
            await asyncio.gather(
                *(client.put(key(n), {"n": n}, policy={"txn": txn}) for n in range(50))
            )
            assert await client.commit(txn) == aerospike.COMMIT_OK

    asyncio.run(main())
    assert [bins(plain, n) for n in range(50)] == [{"n": n} for n in range(50)]


def test_a_transaction_may_read_very_many_records(cluster, plain):
    """An event loop verifies them in slices."""
    keys = [key(n) for n in range(20_000)]

    async def main() -> None:
        config = patient({"hosts": cluster.hosts})
        async with aerospike.AsyncClient(config) as client:
            plain.put(keys[-1], {"n": 1})
            for end in (aerospike.COMMIT_OK, None):
                txn = aerospike.Transaction()
                await client.batch_read(keys, policy={"txn": txn})
                if end is not None:
                    assert await client.commit(txn) == end
                    continue
                plain.put(keys[-1], {"n": 2})
                with pytest.raises(
                    exception.TransactionFailed, match=r"1 of 20000 records"
                ):
                    await client.commit(txn)

    asyncio.run(main())


# --- clients that die, messages that are lost ---

SCRIPT = """
import asyncio, json, sys
import aerospike
from aerospike_helpers.batch.records import BatchRecords, Remove, Write
from aerospike_helpers.operations import operations

host, port, kind = sys.argv[1:]
policies = {"total_timeout": 20_000, "max_retries": 0}
config = {"hosts": [(host, int(port))], "force_single_node": True, "policies": policies}
config["connect_timeout"] = 20_000

def key(name):
    return ("test", "transactions", name)

async def awaited(client, txn):
    p = {"txn": txn}
    await client.get(key("read"), p)
    await client.put(key("old"), {"n": 2}, policy=p)
    await client.put(key("new"), {"n": 2}, policy=p)
    rows = [Write(key("row"), [operations.write("n", 2)])]
    rows += [Remove(key("gone"), {"durable_delete": True})]
    await client.batch_write(BatchRecords(rows), p)
    return await client.commit(txn)

class Waiting:  # the same of a client whose methods block
    def __init__(self, client):
        self.client = client
    def __getattr__(self, name):
        async def call(*args, **kwargs):
            return getattr(self.client, name)(*args, **kwargs)
        return call

async def main():
    if kind == "blocking":
        client = aerospike.client(config)
        return await awaited(Waiting(client), aerospike.Transaction())
    async with aerospike.AsyncClient(config) as client:
        return await awaited(client, aerospike.Transaction())

asyncio.run(main())
"""
OLD = {"old": {"n": 1}, "new": None, "row": {"n": 1}, "gone": {"n": 1}}
NEW = {"old": {"n": 2}, "new": {"n": 2}, "row": {"n": 2}, "gone": None}
N_MESSAGES = 11
"""Of the script: a read, thrice register and write, verify, mark, forward, close."""
FIRST_OF_COMMIT = 7


TOO_LONG: dict[str, Callable[[Any, Any], Any]] = {
    "put": lambda c, p: c.put(key("long"), {"n": 1}, None, p),
    "increment": lambda c, p: c.increment(key("long"), "n", 1, None, p),
    "operate": lambda c, p: c.operate(key("long"), [operations.write("n", 1)], None, p),
    "apply": lambda c, p: c.apply(key("long"), "module", "function", [], p),
    "batch_operate": lambda c, p: c.batch_operate(
        [key("long"), key("long 2")], [operations.write("n", 1)], p
    ),
}


@pytest.mark.parametrize("call", TOO_LONG.values(), ids=TOO_LONG)
def test_refused_timeout_of_a_transaction_is_named(client, call):
    txn = aerospike.Transaction()
    txn.timeout = 121
    with pytest.raises(exception.InvalidRequest) as caught:
        call(client, {"txn": txn})
    assert caught.value.detail.endswith(
        "the key could not be registered with the transaction: "
        "Transaction.timeout is 121 s, and servers allow at most 120"
    )
    assert not caught.value.in_doubt


@pytest.fixture
def records(plain) -> aerospike.Client:
    for name in ("read", "old", "row", "gone"):
        put(plain, name, 1)
    return plain


def now(client: aerospike.Client) -> dict[str, Any]:
    return {name: bins(client, name) for name in OLD}


def run_script(gate: Gate, kind: str, dies: dict[str, Any]) -> int:
    host, port = gate.host
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), host, str(port), kind]
    with subprocess.Popen(command) as process:
        dies["pid"] = process.pid
        return process.wait()


KINDS = [("blocking", n) for n in range(N_MESSAGES)]
KINDS += [("awaited", n) for n in range(FIRST_OF_COMMIT, N_MESSAGES)]


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_the_script_of_these_tests_runs(cluster, records, kind):
    with Gate(cluster.hosts[0]) as gate:
        assert run_script(gate, kind, {}) == 0
    assert len(gate.steps) == N_MESSAGES
    assert gate.steps[FIRST_OF_COMMIT + 1 :] == [MARK, FORWARD, CLOSE]
    assert now(records) == NEW


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize(("kind", "at"), KINDS)
def test_a_client_that_is_killed_leaves_all_or_nothing(
    cluster, records, kind, at, when
):
    dies: dict[str, Any] = {}

    def kill() -> None:
        os.kill(dies["pid"], signal.SIGKILL)

    with Gate(cluster.hosts[0], at, when, kill) as gate:
        assert run_script(gate, kind, dies) == -signal.SIGKILL
    steps = gate.steps if when == AFTER else gate.steps[:-1]
    cluster.advance(LONG_AFTER_S)
    assert now(records) == (NEW if MARK in steps else OLD)
    for name in OLD:
        put(records, name, 3)  # nothing is locked any more


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize("at", range(N_MESSAGES))
@pytest.mark.parametrize(
    "make", [aerospike.client, driven], ids=["blocking", "awaited"]
)
def test_a_message_that_is_lost_leaves_all_or_nothing(cluster, records, make, at, when):
    """The program does as the documentation says."""
    policies: dict[str, Any] = {"total_timeout": 20_000, "max_retries": 0}
    policies["txn_verify"] = policies["txn_roll"] = {"max_retries": 0}
    txn = aerospike.Transaction()
    p = {"txn": txn}
    is_committed = False
    with Gate(cluster.hosts[0], at, when) as gate:
        config = {"hosts": [gate.host], "force_single_node": True, "policies": policies}
        with make(patient(config)) as client:
            try:
                client.get(key("read"), p)
                put(client, "old", 2, txn)
                put(client, "new", 2, txn)
                row = Write(key("row"), [operations.write("n", 2)])
                gone = Remove(key("gone"), {"durable_delete": True})
                done = client.batch_write(BatchRecords([row, gone]), p)
                if done.result == 0:
                    client.commit(txn)
                    is_committed = True
            except exception.AerospikeError:
                pass
            if txn.in_doubt:
                client.commit(txn)
                is_committed = True
            elif not is_committed and txn.state != ABORTED:
                client.abort(txn)
    assert is_committed == (txn.state == COMMITTED)
    lost_behind_mark = MARK in gate.steps[:-1] and gate.steps[-1] in (FORWARD, CLOSE)
    if is_committed and not lost_behind_mark:
        assert now(records) == NEW  # at once, also where the reply to the mark was lost
    cluster.advance(LONG_AFTER_S)
    assert now(records) == (NEW if is_committed else OLD)
    for name in OLD:
        put(records, name, 3)


# --- nodes that come and go, partitions that are lost ---


@pytest.mark.parametrize(
    "make", [aerospike.client, driven], ids=["blocking", "awaited"]
)
@pytest.mark.parametrize("node", range(3))
def test_a_node_that_is_lost_does_not_stop_a_commit(three, make, node):
    three.reset()
    config = patient({"hosts": three.hosts, "tend_interval": 250})
    names = [f"n{n}" for n in range(30)]
    with make(config) as client:
        txn = aerospike.Transaction()
        for name in names[:10]:
            assert bins(client, name, txn) is None
        for name in names:
            put(client, name, 1, txn)
        three.stop_node(node)
        try:
            status = client.commit(txn)
        finally:
            three.start_node(node)
        assert status == aerospike.COMMIT_OK
    with aerospike.client(config) as plain:
        assert [bins(plain, name) for name in names] == [{"n": 1}] * 30


def test_partitions_that_are_lost_fail_a_commit_that_can_be_tried_again(
    client, plain, cluster
):
    txn = aerospike.Transaction()
    put(client, "a", 1, txn)
    quick = {"hosts": cluster.hosts, "policies": {"txn_roll": {"max_retries": 0}}}
    with aerospike.client(patient(quick)) as other:
        cluster.lose_partitions()
        with pytest.raises(exception.ClusterError) as caught:
            other.commit(txn)
        assert not caught.value.in_doubt
    assert (txn.state, txn.in_doubt) == (VERIFIED, False)
    cluster.revive_partitions()
    assert client.commit(txn) == aerospike.COMMIT_OK
    assert bins(plain, "a") == {"n": 1}


@pytest.mark.parametrize("is_dead", [False, True], ids=["unavailable", "dead"])
def test_partitions_that_are_lost_are_read_if_the_reader_says_so(
    client, plain, cluster, is_dead
):
    put(plain, "a", 1)
    cluster.lose_partitions(is_dead=is_dead)
    try:
        modes = {
            mode: {"max_retries": 0, "read_mode_sc": mode}
            for mode in (
                aerospike.POLICY_READ_MODE_SC_SESSION,
                aerospike.POLICY_READ_MODE_SC_LINEARIZE,
                aerospike.POLICY_READ_MODE_SC_ALLOW_REPLICA,
            )
        }
        for policy in modes.values():
            with pytest.raises(exception.ClusterError):
                client.get(key("a"), policy)
        with pytest.raises(exception.ClusterError) as caught:
            client.put(key("a"), {"n": 2}, policy={"max_retries": 0})
        assert not caught.value.in_doubt
        unavailable = aerospike.POLICY_READ_MODE_SC_ALLOW_UNAVAILABLE
        assert client.get(key("a"), {"read_mode_sc": unavailable})[2] == {"n": 1}
    finally:
        cluster.revive_partitions()
    assert bins(client, "a") == {"n": 1}


@pytest.mark.parametrize(
    "mode",
    [
        aerospike.POLICY_READ_MODE_SC_SESSION,
        aerospike.POLICY_READ_MODE_SC_LINEARIZE,
        aerospike.POLICY_READ_MODE_SC_ALLOW_REPLICA,
        aerospike.POLICY_READ_MODE_SC_ALLOW_UNAVAILABLE,
    ],
)
@pytest.mark.parametrize("replica", range(3))
def test_strong_reads_see_the_last_write(three, mode, replica):
    three.reset()
    with aerospike.client(patient({"hosts": three.hosts})) as client:
        policy = {"read_mode_sc": mode, "replica": replica}
        for n in range(20):
            put(client, n, n)
            assert client.get(key(n), policy)[2] == {"n": n}
        found = client.batch_read([key(n) for n in range(20)], None, policy)
        rows = [row.record for row in found.batch_records]
        assert [row and row[2]["n"] for row in rows] == [*range(20)]


def test_a_delete_that_must_be_durable_is(client, plain):
    """Source: strong consistency without strong-consistency-allow-expunge."""
    put(plain, "a", 1)
    with pytest.raises(exception.ForbiddenError):
        client.remove(key("a"))
    assert client.remove(key("a"), policy={"durable_delete": True}) == 0
    assert bins(plain, "a") is None
