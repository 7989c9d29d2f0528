"""Queries and scans that go on: in pages, after a stop, elsewhere, from a status.

Every record comes at least once, and at most once except the one whose callback raised
or returned False.
"""

from __future__ import annotations

import gc
import json
import pickle
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations as ops

from ..children import run_script

NS, SET, N = "test", "resuming", 60
KINDS = ["query", "where", "scan"]
WHOLE: Any = {"partition_filter": {}}


@pytest.fixture(scope="module", autouse=True)
def _records(client):
    """N records, half of whose places in the index are negative."""
    rows = [Write((NS, SET, i), [ops.write("i", i - N // 2)]) for i in range(N)]
    assert client.batch_write(BatchRecords(rows)).result == 0
    client.index_integer_create(NS, SET, "i", "resuming_i")
    yield
    client.index_remove(NS, "resuming_i")
    client.batch_remove([row.key for row in rows])


def maker(client, kind):
    """make(): a query without a condition, one with, or a scan, of all N records."""

    def make_one() -> Any:
        if kind == "scan":
            return client.scan(NS, SET)
        query = client.query(NS, SET)
        return query.where(predicates.between("i", -N, N)) if kind == "where" else query

    return make_one


@pytest.fixture(params=KINDS)
def make(request, client):
    return maker(client, request.param)


def ids(found):
    return sorted(record[2]["i"] + N // 2 for record in found)


def partition_of(i):
    return aerospike.get_partition_id(aerospike.calc_digest(NS, SET, i))


def inside(begin, count):
    return [i for i in range(N) if begin <= partition_of(i) < begin + count]


class Stop(Exception):
    """What a callback raises."""


def read_some(query, n, policy=WHOLE, raises=False):
    """Have foreach end with record n; the records that it was given."""
    seen: list[Any] = []

    def see(*given):
        seen.append(given[-1])
        if len(seen) < n:
            return True
        if raises:
            raise Stop
        return False

    try:
        query.foreach(see, policy)
    except exception.ClientError as error:
        if not isinstance(error.__cause__, Stop):
            raise
    return seen


def rest_of(query, status):
    """What a query gives that goes on where a status says."""
    return query.results({"partition_filter": {"partition_status": status}})


# pages


@pytest.mark.parametrize("policy", [None, WHOLE])
@pytest.mark.parametrize("size", [1, 7, N, N + 1])
def test_pages(make, size, policy):
    """With paginate() or with a partition filter, in all calls alike."""
    query = make()
    query.max_records = size
    if policy is None:
        query.paginate()
    assert not query.is_done()
    seen: list[int] = []
    for _ in range(N * 2):
        page = query.results(policy)
        assert len(page) <= size
        seen += ids(page)
        if query.is_done():
            break
    assert query.is_done()
    assert sorted(seen) == list(range(N))
    assert query.results(policy) == []
    assert query.results() == []


def test_query_without_pages_begins_anew(make):
    query = make()
    assert (query.is_done(), query.get_partitions_status()) == (False, {})
    query.max_records = 20
    assert [len(query.results()) for _ in range(4)] == [20] * 4
    assert len(read_some(query, 5, None)) == 5
    for _ in query:
        break
    query.max_records = 0
    assert ids(query.results()) == list(range(N))
    assert (query.is_done(), query.get_partitions_status()) == (False, {})


def test_two_loops_over_one_paginated_query_are_refused(make):
    query = make()
    query.paginate()
    reading = iter(query)
    next(reading)
    for act in (query.results, lambda: iter(query), lambda: query.foreach(print)):
        with pytest.raises(exception.ClientError, match="under way"):
            act()
    del reading
    assert len(query.results()) == N - 1


def test_status_of_a_query_under_way(make):
    query = make()
    query.paginate()
    for _ in query:
        assert not query.is_done()
        with pytest.raises(exception.ClientError, match="under way"):
            query.get_partitions_status()
        break


# filters


@pytest.mark.parametrize("raises", [False, True])
def test_query_with_a_partition_filter_goes_on(make, raises):
    begin, count = 0, 2000
    half = {"partition_filter": {"begin": begin, "count": count}}
    query = make()
    seen = read_some(query, 10, half, raises)
    assert len(seen) == 10
    seen = seen[:-1] + query.results(half)
    assert ids(seen) == inside(begin, count)
    assert query.is_done()
    assert query.results(half) == []
    assert read_some(query, 1, half) == []


@pytest.mark.parametrize(
    "other",
    [
        None,
        {},
        {"begin": 0, "count": 1999},
        {"begin": 1, "count": 2000},
        {"begin": 1, "count": 1999},
    ],
)
def test_partition_filter_cannot_change(make, other):
    query = make()
    read_some(query, 5, {"partition_filter": {"count": 2000}})
    status = query.get_partitions_status()
    policy = None if other is None else {"partition_filter": other}
    text = "Partition filter can not change between calls"
    with pytest.raises(exception.ParamError, match=text):
        query.results(policy)
    with pytest.raises(exception.ParamError, match=text):
        query.foreach(print, policy)
    with pytest.raises(exception.ParamError, match=text):
        iter(query)
    assert query.get_partitions_status() == status
    assert len(query.results({"partition_filter": {"begin": 0, "count": 2000}})) > 0


def test_node_of_a_scan_that_goes_on_cannot_change(client):
    names = [node["node_name"] for node in client.get_node_names()]
    scan = client.scan(NS, SET)
    scan.paginate()
    scan.results(nodename=names[0])
    for other in [None, *names[1:]]:
        with pytest.raises(exception.ParamError, match="can not change"):
            scan.results(nodename=other)
    assert scan.results(nodename=names[0]) == []


def test_call_that_fails_leaves_the_filter_open(make):
    query = make()
    with pytest.raises(exception.ParamError):
        query.results({"partition_filter": {"count": 2}, "expressions": 5})
    assert query.get_partitions_status() == {}
    assert ids(query.results(WHOLE)) == list(range(N))


# statuses


def test_status_of_partitions(make):
    query = make()
    query.max_records = 10
    query.results(WHOLE)
    status = query.get_partitions_status()
    assert (status["done"], status["retry"]) == (False, True)
    assert set(status) == {"done", "retry", *range(4096)}
    for partition in range(4096):
        name, init, retry, digest, bval = status[partition]
        assert (name, type(init), type(retry)) == (partition, bool, bool)
        assert (type(digest), len(digest), type(bval)) == (bytearray, 20, int)
    query = make()
    query.results({"partition_filter": {"begin": 5, "count": 3}})
    status = query.get_partitions_status()
    assert set(status) == {"done", "retry", 5, 6, 7}
    assert status["done"] is True


@pytest.mark.parametrize("end", ["raise", "False", "break", "max_records"])
def test_query_goes_on_where_another_ended(make, end):
    """A record is read unless its callback raised or returned False."""
    query = make()
    if end in ("raise", "False"):
        seen = read_some(query, 20, raises=end == "raise")[:-1]
    elif end == "break":
        query.paginate()
        seen = []
        for found in query:
            seen.append(found)
            if len(seen) == 20:
                break
        del found
        gc.collect()
    else:
        query.max_records = 20
        seen = query.results(WHOLE)
    status = query.get_partitions_status()
    query.max_records = 0
    for rest in (
        rest_of(make(), pickle.loads(pickle.dumps(status))),
        query.results(WHOLE),
    ):
        assert ids(seen + rest) == list(range(N))


def test_interrupted_callback_is_called_again(make):
    query = make()

    def interrupt(_partition, _record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        query.foreach(interrupt, WHOLE)
    assert ids(query.results(WHOLE)) == list(range(N))


@pytest.mark.parametrize("max_records", [0, 1000])
@pytest.mark.parametrize("done", [False, True, 0, 1])
@pytest.mark.parametrize("retry", [False, True])
def test_flags_of_a_status_decide_nothing(make, done, retry, max_records):
    query = make()
    seen = read_some(query, 20)[:-1]
    status = query.get_partitions_status()
    for partition in range(4096):
        name, init, _, digest, bval = status[partition]
        status[partition] = (name, init, retry, bytes(digest), bval)
    status["done"], status["retry"] = done, retry
    other = make()
    other.max_records = max_records
    rest = rest_of(other, status)
    assert ids(seen + rest) == list(range(N))
    assert other.is_done()


def test_status_of_a_finished_query_finds_what_is_new(client, make, new_key):
    query = make()
    query.results(WHOLE)
    status = query.get_partitions_status()
    assert status["done"]
    assert rest_of(make(), status) == []
    key = (NS, SET, "new")
    while status[partition := partition_of(key[2])][1]:
        key = (NS, SET, key[2] + "!")  # a partition in which nothing was read
    client.put(key, {"i": 0})
    try:
        found = rest_of(make(), status)
        assert [bytes(r[0][3]) for r in found] == [aerospike.calc_digest(*key)]
        assert partition not in {"done", "retry"}
    finally:
        client.remove(key)


def test_status_of_a_part_leaves_the_others_to_be_read(make):
    query = make()
    query.results({"partition_filter": {"count": 2000}})
    status = query.get_partitions_status()
    assert ids(rest_of(make(), status)) == inside(2000, 2096)


def test_query_that_goes_on_passes_over_a_status(make):
    """Asking for the next page with the same policy does not begin again."""
    query = make()
    seen = read_some(query, 20)[:-1]
    parts = {"partition_status": query.get_partitions_status()}
    other = make()
    other.max_records = 15
    while not other.is_done():
        seen += other.results({"partition_filter": parts})
    assert ids(seen) == list(range(N))


GOOD = (0, True, True, bytearray(20), 0)


def changed(place, value):
    return {"done": False, "retry": True, 0: (*GOOD[:place], value, *GOOD[place + 1 :])}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (5, "partition_status must be a dict"),
        (None, "partition_status must be a dict"),
        ({}, "missing key 'done'"),
        ({"done": False}, "missing key 'retry'"),
        ({"retry": False, 0: GOOD}, "missing key 'done'"),
        ({"done": "x", "retry": True}, "'done' must be an int"),
        ({"done": False, "retry": None}, "'retry' must be an int"),
        ({"done": False, "retry": True, 0: 5}, "part_id: 0"),
        ({"done": False, "retry": True, 0: GOOD[:4]}, "part_id: 0"),
        ({"done": False, "retry": True, 0: (*GOOD, 1)}, "part_id: 0"),
        ({"done": False, "retry": True, -1: GOOD}, "no partition -1"),
        ({"done": False, "retry": True, 4096: GOOD}, "no partition 4096"),
        ({"done": False, "retry": True, "0": GOOD}, "no partition '0'"),
        (changed(1, 1), "invalid init for part_id: 0"),
        (changed(2, None), "invalid retry for part_id: 0"),
        (changed(3, None), "invalid digest value for part_id: 0"),
        (changed(3, b"x" * 19), "invalid digest value for part_id: 0"),
        (changed(3, "x" * 20), "invalid digest value for part_id: 0"),
        (
            changed(3, b"\xab" + bytes(19)),
            "part_id: 0: it is of a record of partition 171",
        ),
        (changed(4, -1), "invalid bval for part_id: 0"),
        (changed(4, 2**64), "invalid bval for part_id: 0"),
        (changed(4, None), "invalid bval for part_id: 0"),
    ],
)
def test_bad_status(make, status, text):
    policy = {"partition_filter": {"partition_status": status}}
    query, tracked = make(), make()
    read_some(tracked, 1)
    for act in (query.results, tracked.results, lambda p: query.foreach(print, p)):
        with pytest.raises(exception.ParamError, match=text):
            act(policy)


@pytest.mark.parametrize("kind", KINDS)
def test_query_goes_on_in_another_process(client, hosts, tmp_path, kind):
    query = maker(client, kind)()
    query.max_records = 25
    first = ids(query.results(WHOLE))
    path = tmp_path / "status"
    path.write_bytes(pickle.dumps(query.get_partitions_status()))
    where = ".where(predicates.between('i', -60, 60))" if kind == "where" else ""
    out = run_script(
        f"""
        import pickle
        from aerospike import predicates
        with open(sys.argv[2], "rb") as file:
            status = pickle.load(file)
        client = aerospike.client({{"hosts": hosts}} | PATIENT)
        query = client.{"scan" if kind == "scan" else "query"}("{NS}", "{SET}"){where}
        policy = {{"partition_filter": {{"partition_status": status}}}}
        print(json.dumps([r[2]["i"] for r in query.results(policy)]))
        """,
        hosts,
        str(path),
    )
    assert sorted(first + [i + N // 2 for i in json.loads(out)]) == list(range(N))


# readings that fail


@pytest.fixture
def undecodable(make_client):
    """(client, fail_at): after fail_at(n) decoding its n-th record is interrupted."""
    left = [0]

    def decode(data):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return json.loads(data)

    client = make_client(serialization=(json.dumps, decode))
    keys = [(NS, "resuming_failing", i) for i in range(N)]
    for i, key in enumerate(keys):
        client.put(key, {"i": i - N // 2, "v": (i,)})
    yield client, lambda n: left.__setitem__(0, n)
    client.batch_remove(keys)


def read_by_results(query, seen):
    seen += query.results(WHOLE)


def read_by_foreach(query, seen):
    query.foreach(lambda _, record: seen.append(record), WHOLE)


def read_by_loop(query, seen):
    query.paginate()
    seen.extend(query)


@pytest.mark.parametrize("read", [read_by_results, read_by_foreach, read_by_loop])
@pytest.mark.parametrize("kind", ["query", "scan"])
def test_record_that_fails_is_still_to_be_read(undecodable, kind, read):
    """results() gives all records or none; foreach() and loops those before it."""
    client, fail_at = undecodable
    query = getattr(client, kind)(NS, "resuming_failing")
    seen: list[Any] = []
    first = read_some(query, 6)[:-1]
    for n in (20, 1):
        fail_at(n)
        with pytest.raises(KeyboardInterrupt):
            read(query, seen)
    assert len(seen) == (0 if read is read_by_results else 19)
    read(query, seen)
    assert ids(first + seen) == list(range(N))
