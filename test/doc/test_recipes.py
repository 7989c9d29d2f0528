"""The examples that people copy hold when requests race, and when replies are lost.

Their own demonstrations have threads, too; see test_examples.py. Here the connection
breaks after a request was carried out, and the clock of the cluster moves on.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

import aerospike
import async_job
import cache
import counter
import features
import job_queue
import leaderboard
import lock
import rate_limit
import sessions
import time_series
from aerospike import exception

from ..waiting import PATIENCE_S, join_all, patient, until, wait_for


@pytest.fixture
def name():
    return uuid.uuid4().hex


@pytest.fixture
def steady(make_client):
    """A client that goes on calling a node, however often its connections break."""
    return make_client(max_error_rate=0)


@pytest.fixture
def broken(dev_cluster, monkeypatch):
    """Every third write is carried out, and its connection breaks before the reply."""
    often = {"max_retries": 20}  # in threads, all attempts of a call may be the third
    for recipe in (counter, sessions, lock, leaderboard, time_series, job_queue):
        monkeypatch.setattr(recipe, "RETRY", often)
    return dev_cluster.faults.reset(commands="write", every=3)


def in_threads(n, function):
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(function, range(n)))


def again(function, *arguments):
    """Call a function until it does not fail, as the recipes tell their users to."""

    def call():
        try:
            return (function(*arguments),)
        except (RuntimeError, exception.AerospikeError):
            return None

    return until(call)[0]


def with_async_client(cluster, function):
    async def run():
        async with aerospike.AsyncClient(patient({"hosts": cluster.hosts})) as client:
            return await function(client)

    return asyncio.run(run())


def test_old_value_is_given_while_a_new_one_is_made(client, dev_cluster, name):
    kept = cache.Cache(client)
    kept.get(name, lambda: "old")
    dev_cluster.advance(61)
    may_end = threading.Event()
    is_made = threading.Event()

    def make():
        is_made.set()
        wait_for(may_end)
        return "new"

    thread = threading.Thread(target=kept.get, args=(name, make))
    thread.start()
    wait_for(is_made)
    assert kept.get(name, lambda: "made twice") == "old"
    may_end.set()
    join_all([thread])
    assert kept.get(name, lambda: "made twice") == "new"


def test_value_that_was_forgotten_while_it_was_made_is_not_kept(client, name):
    kept = cache.Cache(client)

    def make():
        kept.forget(name)
        return "old"

    assert kept.get(name, make) == "old"
    assert kept.get(name, lambda: "new") == "new"


def test_forgotten_value_is_not_kept_where_answers_are_lost(steady, dev_cluster, name):
    kept = cache.Cache(steady)

    def make():
        kept.forget(name)
        dev_cluster.faults.reset(commands="write")
        return "old"

    assert kept.get(name, make) == "old"
    dev_cluster.faults.clear()
    assert kept.get(name, lambda: "new") == "new"


def test_claim_of_a_caller_that_has_died_ends(client, dev_cluster, name):
    kept = cache.Cache(client)
    kept.get(name, lambda: "old")
    dev_cluster.advance(61)
    client.put(cache.key_of(name), {"mark": "x"}, {"ttl": aerospike.TTL_DONT_UPDATE})
    assert kept.get(name, lambda: "made twice") == "old"
    dev_cluster.advance(11)
    assert kept.get(name, lambda: "new") == "new"


def test_value_that_the_server_refuses_leaves_no_claim(client, name):
    kept = cache.Cache(client)
    assert len(kept.get(name, lambda: "x" * (2 << 20))) == 2 << 20
    assert kept.get(name, lambda: "small") == "small"
    assert kept.get(name, lambda: "made twice") == "small"


def test_failure_to_make_a_value_is_the_callers(client, name):
    kept = cache.Cache(client)
    with pytest.raises(ZeroDivisionError):
        kept.get(name, lambda: 1 // 0)
    assert kept.get(name, lambda: "next") == "next"


def test_cache_without_its_cluster_makes_values(dev_cluster, name, steady):
    kept = cache.Cache(steady)
    values = [1, 2]
    with dev_cluster.faults.reset(commands=["read", "write"]):
        assert [kept.get(name, values.pop) for _ in "ab"] == [2, 1]


def test_counter_counts_each_request_once(steady, broken, name):
    counted = counter.Counter(steady, name)

    def add(part):
        for n in range(10):
            again(counted.add, 1, f"{part}-{n}")

    in_threads(8, add)
    assert broken.hits > 20
    broken.end()
    assert counted.value() == 80


def test_counter_forgets_old_requests(client, name, monkeypatch):
    monkeypatch.setattr(counter, "KEEP", 2)
    counted = counter.Counter(client, name, shards=1)
    for request in ("a", "b", "b", "c", "b"):
        counted.add(1, request)
    assert counted.value() == 3
    counted.add(1, "a")  # the third last
    assert counted.value() == 4


def test_session_lives_while_it_is_used(client, dev_cluster):
    found = sessions.Sessions(client, idle_s=1800)
    token = found.start({"user": "ada"})
    for _ in range(3):
        dev_cluster.advance(1000)
        assert found.load(token) == {"user": "ada"}
    dev_cluster.advance(1801)
    assert found.load(token) is None
    assert not found.change(token, {"page": 1})
    assert found.load(token) is None


def test_sessions_where_replies_are_lost(steady, broken):
    found = sessions.Sessions(steady)
    token = again(found.start, {})
    in_threads(4, lambda n: again(found.change, token, {str(n): n}))
    assert found.load(token) == {str(n): n for n in range(4)}
    again(found.end, token)
    assert found.load(token) is None
    assert broken.hits


def test_lock_has_one_owner_at_a_time(steady, broken, name):
    locks = lock.Locks(steady)
    owners, most, tokens = [], [], []

    def work(_):
        n_left = 4
        give_up = time.monotonic() + PATIENCE_S
        while n_left and time.monotonic() < give_up:
            lease = locks.acquire(name, 1000)
            if lease is None:
                time.sleep(0.001)
                continue
            owners.append(lease)
            most.append(len(owners))
            tokens.append(lease.token)
            owners.remove(lease)
            locks.release(lease)
            n_left -= 1

    in_threads(4, work)
    assert broken.hits
    assert most == [1] * 16
    assert tokens == sorted(set(tokens))


def test_lock_is_free_when_its_time_is_over(client, dev_cluster, name):
    locks = lock.Locks(client)
    first = locks.acquire(name, 60)
    assert first is not None
    dev_cluster.advance(50)
    assert locks.renew(first, 60) is not None
    dev_cluster.advance(50)
    assert locks.acquire(name, 60) is None
    dev_cluster.advance(11)
    second = locks.acquire(name, 60)
    assert second is not None
    assert second.token > first.token
    assert locks.renew(first, 60) is None
    assert not locks.release(first)
    assert locks.acquire(name, 60) is None
    assert locks.release(second)


def test_late_write_of_a_lease_that_is_over_is_refused(client, dev_cluster, name, key):
    locks = lock.Locks(client)
    slow = locks.acquire(name, 1)
    dev_cluster.advance(2)
    fast = locks.acquire(name, 1)
    assert slow is not None
    assert fast is not None
    lock.write_with(client, fast, key, {"by": "fast"})
    with pytest.raises(exception.FilteredOut):
        lock.write_with(client, slow, key, {"by": "slow"})
    lock.write_with(client, fast, key, {"by": "fast again"})
    assert client.get(key).bins["by"] == "fast again"


def test_window_ends(dev_cluster, name):
    async def ask(client):
        window = rate_limit.FixedWindow(client, limit=3, window_s=60)
        answers = [await window.allows(name) for _ in range(4)]
        dev_cluster.advance(40)
        answers += [await window.allows(name)]  # does not prolong it
        dev_cluster.advance(21)
        return [*answers, *[await window.allows(name) for _ in range(4)]]

    three_of_four = [True, True, True, False]
    assert with_async_client(dev_cluster, ask) == [
        *three_of_four,
        False,
        *three_of_four,
    ]


def test_bucket_fills_up(dev_cluster, name):
    async def ask(client):
        bucket = rate_limit.TokenBucket(client, burst=5, per_s=0.01)
        counts = []
        for seconds in (0, 301, 10_000):
            dev_cluster.advance(seconds)
            answers = await asyncio.gather(*(bucket.allows(name) for _ in range(9)))
            counts.append(sum(answers))
        return counts

    assert with_async_client(dev_cluster, ask) == [5, 3, 5]


def test_leaderboard_keeps_the_best(steady, broken, name):
    board = leaderboard.Leaderboard(steady, name, keep=3)
    in_threads(8, lambda n: [again(board.report, f"p{n}", n * m) for m in (3, 1, 2)])
    assert broken.hits
    broken.end()
    assert board.top(9) == [("p7", 21), ("p6", 18), ("p5", 15)]
    assert [board.place(f"p{n}") for n in (7, 6, 5, 4)] == [1, 2, 3, None]


def test_points_are_kept_once(steady, broken, name):
    series = time_series.Series(steady, name, bucket_s=10)
    points = [(ms, ms / 2) for ms in range(0, 50_000, 500)]
    in_threads(4, lambda part: again(series.add, points[part::4]))
    assert series.between(0, 50_000) == points
    assert series.between(9_500, 10_500) == [(9_500, 4750.0), (10_000, 5000.0)]
    assert series.between(60_000, 70_000) == []


def test_jobs_are_done_at_least_once(steady, broken, name):
    queue = job_queue.Queue(steady, name)
    done: list[str] = []

    def work(_):
        give_up = time.monotonic() + PATIENCE_S
        while len(set(done)) < 20 and time.monotonic() < give_up:
            try:
                job = queue.claim(0.1)
            except exception.AerospikeError:
                continue  # in doubt: if it was claimed, it comes back
            if job is None:
                time.sleep(0.01)
                continue
            done.append(job.name)
            again(queue.done, job)

    for number in range(20):
        again(queue.push, f"{number}", {"n": number})
    in_threads(4, work)
    assert broken.hits
    broken.end()
    assert sorted(set(done), key=int) == [f"{number}" for number in range(20)]


def test_job_that_fails_is_tried_again_and_buried(client, name):
    queue = job_queue.Queue(client, name)
    queue.push("bad", {"n": 1})
    for attempt in (1, 2):
        job = until(lambda: queue.claim(0.001))
        assert (job.name, job.attempt) == ("bad", attempt)
    assert queue.bury(job)
    assert not queue.done(job)
    assert queue.claim(60) is None
    assert client.get(queue.key).bins["dead"] == {"bad": {"n": 1}}


def test_features_that_are_old_are_missing(client, dev_cluster, name):
    store = features.Features(client, name)
    store.write({"old": {"x": 1}})
    dev_cluster.advance(3601)
    store.write({"new": {"x": 2}})
    column = store.read(["old", "new", "none"], ["x"], 3600)["x"]
    assert [*map(math.isnan, column)] == [True, False, True]
    assert store.read(["old"], ["x"], 7200)["x"][0] == 1.0


@pytest.fixture
def job(client, dev_cluster, name):
    """Run change_all() over 20 records of a set, each of which it increments."""
    for number in range(20):
        client.put(("test", name, number), {"n": 0})

    def run(**options):
        async def change(client):
            async def increment(record):
                await client.increment(record.key, "n", 1)

            query = client.query("test", name)
            return await async_job.change_all(query, increment, **options)

        return with_async_client(dev_cluster, change)

    return run


def test_job_says_what_has_failed(client, dev_cluster, name, job):
    with dev_cluster.faults.fail(8, commands="write", every=4) as fault:
        outcome = job(limit=3)
    assert outcome.is_complete
    assert (outcome.n_done, len(outcome.failed), fault.hits) == (15, 5, 5)
    assert not any(map(aerospike.in_doubt, outcome.failed.values()))
    digests = {bytes(r.key[3]) for r in client.query("test", name) if not r.bins["n"]}
    assert digests == {*outcome.failed}


def test_job_ends_at_its_deadline(dev_cluster, job):
    with dev_cluster.faults.silence(commands="write"):
        outcome = job(limit=3, seconds=0.5)
    assert not outcome.is_complete
    assert outcome.n_done == 0
    assert len(outcome.failed) <= 3  # no more were under way
