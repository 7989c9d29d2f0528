"""Queries and scans: what they find, and how they are read, paused and ended."""

from __future__ import annotations

import gc
import os
import signal
import threading
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, exception, predicates
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import expression_operations, list_operations
from aerospike_helpers.operations import operations as ops

from ..absent import ABSENT, need
from ..children import Script, run_script
from ..faults.peer import END_OF_STREAM, OK_REPLY
from ..many import many_records
from ..sanitizers import no_forks_beside_threads
from ..waiting import Watch, join_all, until, wait_for, wait_for_job

NS, SET, N = "test", "queries", 60
LIST, KEYS, VALUES = (
    aerospike.INDEX_TYPE_LIST,
    aerospike.INDEX_TYPE_MAPKEYS,
    aerospike.INDEX_TYPE_MAPVALUES,
)
NUMERIC, STRING = aerospike.INDEX_NUMERIC, aerospike.INDEX_STRING
INNER = [cdt_ctx.cdt_ctx_map_key("in"), cdt_ctx.cdt_ctx_map_key("v")]
DOUBLED = exp.Mul(exp.IntBin("i"), 2).compile()
SEND = {"key": aerospike.POLICY_KEY_SEND}
ODD = {"expressions": exp.Eq(exp.Mod(exp.IntBin("i"), 2), 1).compile()}
KINDS = ["query", "where", "scan"]


def record(i):
    return {
        "i": i,
        "s": f"s{i % 5}",
        "b": bytes([i % 4, 1]),
        "l": [i % 10, 1000 + i],
        "m": {f"k{i % 6}": i, "both": -1},
        "c": {"in": {"v": i % 9}},
        "g": GeoJSON({"type": "Point", "coordinates": [float(i), 0.0]}),
        "r": GeoJSON({"type": "AeroCircle", "coordinates": [[float(i), 0.0], 20_000]}),
    }


def make_indexes(client):
    where = (NS, SET)
    client.index_integer_create(*where, "i", "q_i")
    client.index_string_create(*where, "s", "q_s")
    client.index_blob_create(*where, "b", "q_b")
    client.index_list_create(*where, "l", NUMERIC, "q_l")
    client.index_map_keys_create(*where, "m", STRING, "q_mk")
    client.index_map_values_create(*where, "m", NUMERIC, "q_mv")
    places = [] if "s2geometry" in ABSENT else ["g", "r"]
    for name in places:
        client.index_geo2dsphere_create(*where, name, f"q_{name}")
    client.index_cdt_create(
        *where, "c", aerospike.INDEX_TYPE_DEFAULT, NUMERIC, "q_c", INNER
    )
    client.index_expr_create(
        *where, aerospike.INDEX_TYPE_DEFAULT, NUMERIC, DOUBLED, "q_x"
    )
    return ["q_" + name for name in ("i", "s", "b", "l", "mk", "mv", "c", "x", *places)]


@pytest.fixture(scope="module", autouse=True)
def _records(client):
    """N records of a set, and indexes on all of their bins."""
    rows = [Write((NS, SET, i), puts(record(i)), policy=SEND) for i in range(N)]
    assert client.batch_write(BatchRecords(rows)).result == 0
    names = make_indexes(client)
    yield
    for name in names:
        client.index_remove(NS, name)
    client.batch_remove([row.key for row in rows])


def puts(bins):
    return [ops.write(name, value) for name, value in bins.items()]


@pytest.fixture(params=KINDS)
def make(request, client):
    """make(): a query without a condition, one with, or a scan, of all N records."""
    return maker(client, request.param)


def maker(client, kind):
    def make_one() -> Any:
        if kind == "scan":
            return client.scan(NS, SET)
        query = client.query(NS, SET)
        return query.where(predicates.between("i", 0, N)) if kind == "where" else query

    return make_one


def ids(found):
    return sorted(r[2]["i"] for r in found)


# what they find


def test_records_have_key_meta_and_bins(make):
    found = make().results()
    assert ids(found) == list(range(N))
    for key, meta, bins in found:
        i = bins["i"]
        assert key == (NS, SET, i, aerospike.calc_digest(NS, SET, i))
        assert type(key[3]) is bytearray
        assert set(meta) == {"ttl", "gen"}
        assert {k: v for k, v in bins.items() if k not in "gr"} == {
            k: v for k, v in record(i).items() if k not in "gr"
        }
        assert bins["g"].geo_data == record(i)["g"].geo_data


def test_three_ways_of_reading_give_the_same(make):
    seen: list[Any] = []
    assert make().foreach(seen.append) is None
    assert ids(seen) == ids(make()) == ids(make().results()) == list(range(N))


def test_stream_reads_by_a_policy(make):
    with make().stream(ODD) as records:
        assert next(records)[2]["i"] % 2 == 1
        assert len(ids(records)) == N // 2 - 1
    half = {"partition_filter": {"begin": 0, "count": 2048}}
    assert ids(make().stream(half)) == ids(make().results(half))
    with pytest.raises(exception.ParamError, match="total_timeout"):
        make().stream({"total_timeout": "x"})


def test_stream_is_over_when_its_block_is_left(make):
    query = make()
    query.paginate()
    with query.stream() as records:
        first = [next(records) for _ in range(5)]
        with pytest.raises(exception.ClientError, match="under way"):
            query.results()
    assert list(records) == []

    def fail() -> None:
        with query.stream() as records:
            first.extend(next(records) for _ in range(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ids(first + query.results()) == list(range(N))


def leave_stream_by_break(query):
    found = []
    for record in query.stream():
        found.append(record)
        if len(found) == 7:
            break
    return found


def leave_stream_by_exception(query):
    found = []

    def read() -> None:
        for record in query.stream():
            found.append(record)
            if len(found) == 7:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    return found


def leave_stream_by_close(query):
    stream = query.stream()
    found = [next(stream) for _ in range(7)]
    for _ in range(2):
        stream.close()
        assert next(stream, "end") == "end"
    with stream as closed:
        assert list(closed) == []
    return found


def leave_stream_of_a_generator(query):
    def read():
        with query.stream() as records:
            yield from records

    reading = read()
    found = [next(reading) for _ in range(7)]
    reading.close()
    return found


@pytest.mark.parametrize(
    "leave",
    [
        leave_stream_by_break,
        leave_stream_by_exception,
        leave_stream_by_close,
        leave_stream_of_a_generator,
    ],
)
def test_last_record_of_a_stream_that_was_left_counts_as_read(make, leave):
    query = make()
    query.paginate()
    found = leave(query)
    gc.collect()  # what an exception has held
    assert len(found) == 7
    assert ids(found + query.results()) == list(range(N))
    assert query.is_done()


def test_streams_of_one_query_are_their_own(make):
    query = make()
    one, other = query.stream(), query.stream()
    query.max_records = 3  # for the next one
    pairs = list(zip(one, other, strict=True))
    assert ids(a for a, _ in pairs) == ids(b for _, b in pairs) == list(range(N))
    assert len(list(query.stream())) == 3
    query.paginate()
    with query.stream(), pytest.raises(exception.ClientError, match="under way"):
        query.stream()


def test_stream_outlives_its_query_and_ends_with_its_error(client, make):
    assert len(list(make().stream())) == N
    stream = client.query(NS, SET).where(predicates.equals("none", 1)).stream()
    with pytest.raises(exception.IndexNotFound):
        next(stream)
    assert next(stream, "end") == "end"
    assert repr(stream) == "<aerospike stream of records, closed>"


@pytest.mark.parametrize("options", [5, "x", [], {"nobins": 1}], ids=str)
def test_options_of_a_stream_are_checked(make, options):
    with pytest.raises(exception.ParamError, match="option"):
        make().stream(None, options)


@pytest.mark.parametrize("percent", [0, 1, 50, 99, 100])
@pytest.mark.parametrize("way", ["results", "stream"])
def test_percent_of_a_scan_is_of_the_partitions(client, way, percent):
    scan = client.scan(NS, SET)
    found = list(getattr(scan, way)(options={"percent": percent}))
    limit = 4096 * percent / 100
    wanted = [i for i in range(N) if client.get_key_partition_id(NS, SET, i) < limit]
    assert ids(found) == wanted


@pytest.mark.parametrize("percent", [-1, 101, 1.5, "5", True, None])
def test_percent_of_a_scan_is_checked(client, percent):
    with pytest.raises(exception.ParamError, match="percent"):
        client.scan(NS, SET).results(options={"percent": percent})


def test_percent_and_a_partition_filter_exclude_each_other(client):
    policy = {"partition_filter": {"begin": 0, "count": 4096}}
    with pytest.raises(exception.ParamError, match="partition_filter"):
        client.scan(NS, SET).results(policy, options={"percent": 10})


def test_percent_in_pages(client):
    scan = client.scan(NS, SET)
    scan.max_records = 3
    scan.paginate()
    found = []
    while not scan.is_done():
        found += scan.results(options={"percent": 50})
    assert ids(found) == ids(client.scan(NS, SET).results(options={"percent": 50}))


def test_stream_of_one_node(client):
    nodes = [node["node_name"] for node in client.get_node_names()]
    found = [list(client.scan(NS, SET).stream(nodename=name)) for name in nodes]
    assert ids(record for part in found for record in part) == list(range(N))
    with pytest.raises(exception.ParamError, match="nope"):
        client.scan(NS, SET).stream(None, None, "nope")


def test_an_object_can_be_read_again_and_again(make):
    query = make()
    for _ in range(2):
        assert ids(query.results()) == ids(query) == list(range(N))


P = predicates
WHERE: dict[str, tuple[Any, Any]] = {
    "equals int": ((P.equals("i", 7),), lambda i: i == 7),
    "equals str": ((P.equals("s", "s3"),), lambda i: i % 5 == 3),
    "equals bytes": ((P.equals("b", b"\2\1"),), lambda i: i % 4 == 2),
    "equals bytearray": ((P.equals("b", bytearray(b"\2\1")),), lambda i: i % 4 == 2),
    "equals nothing": ((P.equals("i", 999),), lambda i: False),
    "between": ((P.between("i", 5, 9),), lambda i: 5 <= i <= 9),
    "between all": ((P.between("i", -(2**63), 2**63 - 1),), lambda i: True),
    "list": ((P.contains("l", LIST, 4),), lambda i: i % 10 == 4),
    "list range": ((P.range("l", LIST, 1010, 1012),), lambda i: 10 <= i <= 12),
    "map keys": ((P.contains("m", KEYS, "k2"),), lambda i: i % 6 == 2),
    "map values": ((P.contains("m", VALUES, 11),), lambda i: i == 11),
    "map values range": ((P.range("m", VALUES, 5, 7),), lambda i: 5 <= i <= 7),
    "radius": ((P.geo_within_radius("g", 3.0, 0.0, 150_000.0),), lambda i: 2 <= i <= 4),
    "region": (
        (
            P.geo_within_geojson_region(
                "g", '{"type": "AeroCircle", "coordinates": [[8.0, 0.0], 1000]}'
            ),
        ),
        lambda i: i == 8,
    ),
    "point": ((P.geo_contains_point("r", 5.05, 0.0),), lambda i: i == 5),
    "geojson point": (
        (
            P.geo_contains_geojson_point(
                "r", '{"type": "Point", "coordinates": [6.0, 0.0]}'
            ),
        ),
        lambda i: i == 6,
    ),
    "context": ((P.equals("c", 4), INNER), lambda i: i % 9 == 4),
    "context range": ((P.between("c", 7, 8), INNER), lambda i: i % 9 >= 7),
    "old equals": (("i", "equals", 7), lambda i: i == 7),
    "old equals str": (("s", "equals", "s3"), lambda i: i % 5 == 3),
    "old between": (("i", "between", 5, 9), lambda i: 5 <= i <= 9),
    "old contains": (("l", "contains", LIST, NUMERIC, 4), lambda i: i % 10 == 4),
    "old contains keys": (("m", "contains", KEYS, STRING, "k2"), lambda i: i % 6 == 2),
    "old range": (("l", "range", LIST, NUMERIC, 1010, 1012), lambda i: 10 <= i <= 12),
}


@pytest.mark.parametrize(("where", "fits"), WHERE.values(), ids=WHERE)
def test_where(client, where, fits):
    if where[0][1:2] == (aerospike.INDEX_GEO2DSPHERE,):
        need("s2geometry")
    query = client.query(NS, SET)
    assert query.where(*where) is query
    assert ids(query.results()) == [i for i in range(N) if fits(i)]


def test_index_by_its_name(client):
    query = client.query(NS, SET)
    query.where_with_index_name("q_i", P.between(None, 3, 5))
    assert ids(query.results()) == [3, 4, 5]
    query = client.query(NS, SET)
    query.where_with_index_name("q_i", P.between("other", 3, 5))  # the index has a bin
    assert ids(query.results()) == [3, 4, 5]
    query = client.query(NS, SET).where_with_index_name("q_none", P.equals("i", 1))
    with pytest.raises(exception.IndexNotFound):
        query.results({"max_retries": 0})


@pytest.mark.parametrize("form", ["compiled", "base64"])
def test_index_by_its_expression(client, form):
    expr = DOUBLED if form == "compiled" else client.get_expression_base64(DOUBLED)
    query = client.query(NS, SET)
    query.where_with_expr(expr, P.equals(None, 10))
    assert ids(query.results()) == [5]


def test_no_index_fits(client):
    with pytest.raises(exception.IndexNotFound) as caught:
        client.query(NS, SET).where(P.equals("nope", 1)).results()
    assert caught.value.attempts == 1


def test_select(make):
    query = make()
    assert query.select("i", "nope") is query
    found = query.results()
    assert ids(found) == list(range(N))
    assert all(set(r[2]) == {"i"} for r in found)


def test_query_selects_once_and_scan_again(client):
    query = client.query(NS, SET).select("i")
    with pytest.raises(exception.ClientError, match="more than once"):
        query.select("s")
    scan = client.scan(NS, SET).select("s").select("i")
    assert {tuple(r[2]) for r in scan.results()} == {("i",)}


@pytest.mark.parametrize("way", ["results", "foreach", "stream"])
def test_nobins(make, way):
    found: list[Any] = []
    if way == "foreach":
        make().foreach(found.append, options={"nobins": True})
    else:
        found.extend(getattr(make(), way)(options={"nobins": True}))
    assert len(found) == N
    assert all(r[2] == {} for r in found)


def test_filter(make):
    assert ids(make().results(ODD)) == list(range(1, N, 2))


def test_deserialize_off(client, make):
    assert all(
        not isinstance(r[2]["l"], list) for r in make().results({"deserialize": False})
    )


def test_max_records(make):
    query = make()
    query.max_records = 7
    found = query.results()
    assert len(found) == len({bytes(r[0][3]) for r in found}) == 7


@pytest.mark.parametrize("kind", ["query", "scan"])
@pytest.mark.parametrize("size", [7, 50, 1000])
def test_pages_of_bins_that_not_all_records_have(client, kind, size):
    """A server counts those without them for the limit, and does not send them."""
    keys = [(NS, "queries2", i) for i in range(200)]
    rows = [
        Write(key, [ops.write("rare" if i % 3 == 0 else "other", i)])
        for i, key in enumerate(keys)
    ]
    client.batch_write(BatchRecords(rows))
    query = getattr(client, kind)(NS, "queries2")
    query.select("rare")
    query.max_records = size
    query.paginate()
    pages = []
    while not query.is_done():
        pages.append([bins["rare"] for _, _, bins in query.results({"max_retries": 0})])
    client.batch_remove(keys)
    assert sorted(i for page in pages for i in page) == list(range(0, 200, 3))
    assert {len(page) for page in pages[:-2]} <= {size}


def test_max_records_of_scan_policies(client):
    assert len(client.scan(NS, SET).results({"max_records": 9})) == 9


def test_records_per_second_slows_down(client):
    scan = client.scan(NS, SET)
    scan.records_per_second = 20  # of each node
    with Watch() as watch:
        assert len(scan.results({"total_timeout": 0})) == N
    assert watch.took > 0.15  # a real server starts with a burst


@pytest.mark.parametrize("no_set", [(), (None,), ("",)])
def test_whole_namespace_and_other_sets(client, no_set):
    everything = client.query(NS, *no_set).select("i").results()
    assert len(everything) == len(client.scan(NS, *no_set).select("i").results())
    assert set(ids(r for r in everything if r[0][1] == SET)) == set(range(N))
    assert client.query(NS, "no such set").results() == []
    with pytest.raises(exception.NamespaceNotFound):
        client.query("nope", SET).results()


# bad arguments

BAD: dict[str, tuple[Any, str]] = {
    "namespace": (lambda c: c.query(5, SET), "Namespace"),
    "set": (lambda c: c.scan(NS, 5), "Set"),
    "predicate": (lambda c: c.query(NS, SET).where((1, 2)), "predicate"),
    "predicate None": (lambda c: c.query(NS, SET).where(None), "predicate"),
    "old predicate": (lambda c: c.query(NS, SET).where("i", "like", 1), "predicate"),
    "two predicates": (
        lambda c: c.query(NS, SET).where(P.equals("i", 1)).where(P.equals("i", 2)),
        "only one",
    ),
    "bin": (lambda c: c.query(NS, SET).where(P.equals(5, 1)), "bin"),  # type: ignore[arg-type]
    "bound": (
        lambda c: c.query(NS, SET).where(P.between("i", 0, 2**63)).results(),
        "64 bits",
    ),
    "ctx": (lambda c: c.query(NS, SET).where(P.equals("i", 1), 5), "ctx"),
    "ctx junk": (lambda c: c.query(NS, SET).where(P.equals("i", 1), [5]), "ctx"),
    "expr": (lambda c: c.query(NS, SET).where_with_expr(5, P.equals("i", 1)), "expr"),
    "base64": (
        lambda c: c.query(NS, SET).where_with_expr("!", P.equals("i", 1)),
        "base64",
    ),
    "select": (lambda c: c.query(NS, SET).select(5), "[Bb]in"),
    "policy": (lambda c: c.query(NS, SET).results(5), "policy"),
    "timeout": (
        lambda c: c.query(NS, SET).results({"total_timeout": "x"}),
        "total_timeout",
    ),
    "nobins": (lambda c: c.scan(NS, SET).results(options={"nobins": 1}), "nobins"),
    "option": (lambda c: c.scan(NS, SET).results(options={"nope": 1}), "nope"),
    "node": (lambda c: c.scan(NS, SET).results(nodename="nope"), "nope"),
    "node type": (lambda c: c.scan(NS, SET).results(nodename=5), "nodename"),
    "ops": (lambda c: c.query(NS, SET).execute_background(), "ops"),
    "op": (lambda c: c.query(NS, SET).add_ops([5]), "operation"),
    "reading op": (
        lambda c: c.query(NS, SET).add_ops([ops.read("i")]).execute_background(),
        "read",
    ),
    "job module": (lambda c: c.job_info(1, "nope"), "Module"),
}


@pytest.mark.parametrize(("call", "text"), BAD.values(), ids=BAD)
def test_bad_argument_is_named(client, call, text):
    with pytest.raises(exception.ParamError, match=text):
        call(client)


@pytest.mark.parametrize("name", ["max_records", "records_per_second", "ttl"])
def test_numbers_are_checked(client, name):
    query = client.query(NS, SET)
    assert getattr(query, name) == 0
    with pytest.raises(TypeError, match=name):
        setattr(query, name, "x")
    with pytest.raises(OverflowError, match=name):
        setattr(query, name, 2**70)
    with pytest.raises(TypeError):
        type(query)()


def test_misspelt_attribute_is_refused(make):
    query = make()
    with pytest.raises(AttributeError, match="max_record"):
        query.max_record = 5


def test_closed_client(make_client):
    client = make_client()
    query, scan = client.query(NS, SET), client.scan(NS, SET)
    client.close()
    for read in (query.results, scan.results, scan.stream, lambda: list(query)):
        with pytest.raises(exception.ClusterError):
            read()


# callbacks


def test_callback_that_raises(make):
    def fail(_):
        raise ZeroDivisionError("not me")

    with pytest.raises(exception.ClientError, match="not me") as caught:
        make().foreach(fail)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupt_in_a_callback_passes_through(make, error):
    def fail(_):
        raise error

    with pytest.raises(error):
        make().foreach(fail)


@pytest.mark.parametrize(
    ("answer", "n"), [(False, 5), (None, N), (0, N), ("", N), (True, N)]
)
def test_only_false_ends_foreach(make, answer, n):
    seen: list[Any] = []

    def see(found):
        seen.append(found)
        return answer if len(seen) >= 5 else None

    make().foreach(see)
    assert len(seen) == n


@pytest.mark.parametrize("callback", [None, 5, "x"])
def test_callback_that_cannot_be_called(make, callback):
    with pytest.raises(exception.ClientError):
        make().foreach(callback)


def test_callback_may_use_the_client(client, make):
    seen = []

    def look(found):
        seen.append(client.get(found[0])[2]["i"])

    make().foreach(look)
    assert sorted(seen) == list(range(N))


def test_callback_may_query(make):
    n_seen = []

    def read(_):
        n_seen.append(len(make().results()))
        return len(n_seen) < 3

    make().foreach(read)
    assert n_seen == [N] * 3


# partitions


def partition_of(i):
    return aerospike.get_partition_id(aerospike.calc_digest(NS, SET, i))


def inside(begin, count):
    return [i for i in range(N) if begin <= partition_of(i) < begin + count]


@pytest.mark.parametrize(
    ("entries", "begin", "count"),
    [
        ({}, 0, 4096),
        ({"begin": 0, "count": 2048}, 0, 2048),
        ({"begin": 2048}, 2048, 2048),
        ({"count": 100}, 0, 100),
        ({"begin": 4095, "count": 1}, 4095, 1),
    ],
)
def test_partition_filter(make, entries, begin, count):
    found = make().results({"partition_filter": entries})
    assert ids(found) == inside(begin, count)
    pairs: list[Any] = []
    make().foreach(lambda *pair: pairs.append(pair), {"partition_filter": entries})
    assert ids(r for _, r in pairs) == inside(begin, count)
    assert all(number == partition_of(r[2]["i"]) for number, r in pairs)


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        (5, "partition_filter"),
        (None, "partition_filter"),
        ({"begin": -1}, "begin"),
        ({"begin": 4096}, "begin"),
        ({"begin": "x"}, "begin"),
        ({"count": 0}, "count"),
        ({"begin": 4000, "count": 97}, "count"),
        ({"count": 4097}, "count"),
        ({"count": 1.5}, "count"),
        ({"digest": {"init": True, "value": b"x"}}, "digest"),
        ({"digest": {"init": True}}, "digest"),
        ({"digest": {"init": False, "value": b"x"}}, "digest"),
        ({"digest": bytes(20)}, "digest must be a dict"),
        ({"digest": 5}, "digest must be a dict"),
        ({"digest": {"value": bytes(20)}}, "digest needs 'init'"),
        ({"digest": {"init": 1, "value": bytes(20)}}, "digest needs 'init'"),
        ({"digest": {"init": True, "valeu": bytes(20)}}, "digest has 'valeu'"),
        (
            {"begin": 171, "digest": {"init": True, "value": bytes(20)}},
            "digest value: it is of a record of partition 0, not 171",
        ),
        ({"beginn": 5}, "partition_filter has 'beginn'"),
        ({5: 5}, "partition_filter has 5"),
        ({"begin": 5, "partition-status": {}}, "partition_filter has"),
    ],
)
def test_bad_partition_filter(make, entries, text):
    policy = {"partition_filter": entries}
    with pytest.raises(exception.ParamError, match=text):
        make().results(policy)
    with pytest.raises(exception.ParamError, match=text):
        make().foreach(print, policy)


def test_partition_after_a_digest(client, new_key):
    """Records of one partition, in their order, behind one of them."""
    wanted = partition_of(0)
    keys: list[Any] = []
    number = 0
    while len(keys) < 5:
        key = (NS, "one_partition", number)
        number += 1
        if aerospike.get_partition_id(aerospike.calc_digest(*key)) == wanted:
            keys.append(key)
    client.batch_operate(keys, [ops.write("a", 1)])
    try:
        one = {"begin": wanted, "count": 1}
        scan = client.scan(NS, "one_partition")
        digests = [bytes(r[0][3]) for r in scan.results({"partition_filter": one})]
        assert len(digests) == 5
        for i, digest in enumerate(digests):
            after = {**one, "digest": {"init": True, "value": digest}}
            rest = client.scan(NS, "one_partition").results({"partition_filter": after})
            assert [bytes(r[0][3]) for r in rest] == digests[i + 1 :]
    finally:
        client.batch_remove(keys)


def test_scan_of_one_node(client):
    names = [node["node_name"] for node in client.get_node_names()]
    parts = [client.scan(NS, SET).results(nodename=name) for name in names]
    assert ids(r for part in parts for r in part) == list(range(N))
    seen: list[Any] = []
    client.scan(NS, SET).foreach(seen.append, nodename=names[0])
    assert ids(seen) == ids(parts[0])


# several readers


def test_two_loops_over_one_query(make):
    query = make()
    pairs = [(a[2]["i"], b[2]["i"]) for a, b in zip(query, query, strict=True)]
    for side in zip(*pairs, strict=True):
        assert sorted(side) == list(range(N))


def test_an_iterator_is_read_by_one_thread_at_a_time(client):
    """The other one gets ClientError, or its share of the records."""
    scan = client.scan(NS, SET)
    scan.records_per_second = 100
    reading = iter(scan)
    seen: list[int] = []

    def read():
        while True:
            try:
                seen.append(next(reading)[2]["i"])
            except StopIteration:
                return
            except exception.ClientError:
                continue

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert sorted(seen) == list(range(N))


def test_reading_where_another_thread_waits_is_a_client_error(
    scripted_node, make_client
):
    asked, go = threading.Event(), threading.Event()
    scripted_node.expect().then(asked).wait(go).send(END_OF_STREAM)
    client = make_client(hosts=[scripted_node.host])
    reading = iter(client.scan(NS, SET))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(next(reading, "end")))
    thread.start()
    wait_for(asked)
    with pytest.raises(exception.ClientError, match="another thread"):
        next(reading)
    go.set()
    join_all([thread])
    assert found == ["end"]


# leaving early


def n_connections(client):
    """Connections to all nodes, as they count them."""
    return sum(
        int(text.split("client_connections=")[1].split(";")[0])
        for _, text in client.info_all("statistics").values()
    )


BIG, N_BIG = "queries_big", 3000


@pytest.fixture(scope="module")
def big(client):
    """Records that do not fit into the buffers of a connection."""
    keys = [(NS, BIG, i) for i in range(N_BIG)]
    policy = {"total_timeout": 60_000}
    for at in range(0, N_BIG, 1000):
        client.batch_operate(
            keys[at : at + 1000], [ops.write("a", b"x" * 10_000)], policy
        )
    yield BIG
    client.batch_remove(keys, policy)


def leave_by_break(client):
    for _ in client.scan(NS, BIG):
        break


def leave_a_stream(client):
    """The block closes it, though it lives on."""
    with client.scan(NS, BIG).stream() as records:
        next(records)
    return records


def leave_by_exception(client):
    with pytest.raises(exception.ClientError):
        client.scan(NS, BIG).foreach(lambda _: 1 // 0)


def leave_by_answer(client):
    client.scan(NS, BIG).foreach(lambda _: False)


def leave_in_a_cycle(client):
    reading: Any = [iter(client.scan(NS, BIG))]
    next(reading[0])
    reading.append(reading)
    del reading
    gc.collect()


class Name(str):
    """A name that refers to what is read by it."""

    reading: Any


def leave_in_a_cycle_of_a_name(client):
    name = Name("a")
    reading = iter(client.scan(NS, BIG).select(name))
    next(reading)
    name.reading = reading
    del name, reading
    gc.collect()


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_break,
        leave_a_stream,
        leave_by_exception,
        leave_by_answer,
        leave_in_a_cycle,
        leave_in_a_cycle_of_a_name,
    ],
)
def test_leaving_early_frees_the_connections(client, make_client, big, leave):
    own = make_client(max_conns_per_node=3, policies={"max_retries": 0})
    own.exists((NS, big, 0))
    before = n_connections(client)
    n_nodes = len(client.get_node_names())
    kept = []
    for _ in range(6):  # more than max_conns_per_node
        kept.append(leave(own))
        gc.collect()
    until(lambda: n_connections(client) <= before + n_nodes)
    assert len(own.scan(NS, SET).results()) == N


def test_what_is_under_way_outlives_the_close_of_the_client(make_client, big):
    client = make_client()
    reading = iter(client.scan(NS, big))
    next(reading)
    client.close()
    assert len(list(reading)) == N_BIG - 1
    with pytest.raises(exception.ClusterError):
        client.scan(NS, big).results()


# processes


@pytest.mark.parametrize("way", ["results()", "foreach(lambda _: None)"])
def test_keyboard_interrupt_ends_a_scan_that_waits(scripted_node, way):
    asked = threading.Event()
    scripted_node.expect().then(asked).stay_silent()
    scripted_node.default = OK_REPLY
    script = f"""
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    try:
        client.scan("{NS}", "{SET}").{way}
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(client.exists(KEY)[1] is not None)
    """
    with Script(script, [scripted_node.host]) as running:
        wait_for(asked)
        with Watch() as watch:
            running.process.send_signal(signal.SIGINT)
            assert running.line() == "interrupted"
        watch.assert_at_once()
        assert running.rest() == "True\n"


def test_signal_ends_a_scan_whose_records_come_fast(hosts, big):
    """One that never has to wait: it ends in a part of the CPU time that all take.

    When a signal comes is not ours to say: one of many must come in the middle.
    """
    out = run_script(
        f"""
        class Stop(BaseException):
            pass
        def stop(*_):
            raise Stop
        signal.signal(signal.SIGALRM, stop)
        client = aerospike.client({{"hosts": hosts}} | PATIENT)
        def scan(limit_s):
            "Whether it came to its end, and its CPU time."
            begin = time.process_time()
            try:
                signal.setitimer(signal.ITIMER_REAL, limit_s)
                client.scan("{NS}", "{big}").results()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                return False, time.process_time() - begin
            return True, time.process_time() - begin
        whole = min(scan(0)[1] for _ in range(3))
        for n in range(1, 500):
            ended, took = scan(whole * n / 100)
            if not ended and whole * 0.05 < took < whole * 0.75:
                print("stopped in the middle")
                break
        """,
        hosts,
    )
    assert out == "stopped in the middle\n"


# fork


@no_forks_beside_threads
def test_batches_and_scans_on_both_sides_of_a_fork(hosts):
    """While threads of the parent are at them, too."""
    script = f"""
    from aerospike_helpers.operations import operations as ops
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    keys = [("{NS}", "queries_fork", i) for i in range(300)]
    client.batch_operate(keys, [ops.write("a", "x" * 1000)])
    def work():
        batch = client.batch_read(keys)
        assert [r.result for r in batch.batch_records] == [0] * 300
        assert len(client.scan("{NS}", "queries_fork").results()) == 300
    stop = threading.Event()
    failed = []
    def call():
        while not stop.is_set():
            try:
                work()
            except BaseException as e:
                failed.append(repr(e))
                return
    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    for _ in range(6):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                work()
                client.close()
                status = 0
            finally:
                os._exit(status)
        statuses.append(os.waitpid(pid, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    client.batch_remove(keys)
    print(statuses, failed)
    """
    assert run_script(script, hosts) == f"{[0] * 6} []\n"


@pytest.mark.parametrize(
    "act",
    ["del reading", "reading.close()", f"assert len(list(reading)) == {N_BIG - 1}"],
)
def test_scan_begun_before_a_fork_goes_on_on_both_sides(hosts, big, act):
    """The child asks for the rest on connections of its own."""
    script = f"""
    client = aerospike.client({{"hosts": hosts}} | PATIENT)
    reading = iter(client.scan("{NS}", "{big}"))
    next(reading)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            {act}
            status = 0
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(list(reading)))
    """
    assert run_script(script, hosts) == f"0 {N_BIG - 1}\n"


# as many as a scan of a big table; 1000000 takes minutes on a development server
N_STREAMED = int(os.environ.get("SCAN_RECORDS", "30000"))


@pytest.fixture(scope="module")
def streamed(client):
    with many_records(client, "queries_streamed", N_STREAMED) as name:
        yield name


@pytest.mark.measures
def test_scan_of_many_records_needs_little_memory(hosts, streamed):
    """Also when the reader is slow: what is not read waits at the server."""
    out = run_script(
        f"""
        def resident_mb():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize() >> 20
        client = aerospike.client({{"hosts": hosts}} | PATIENT)
        client.exists(("{NS}", "{streamed}", 1))
        start, peak, n = resident_mb(), 0, 0
        policy = {{"total_timeout": 0}}
        def see(_):
            global n, peak
            n += 1
            if n % 1000 == 0:
                peak = max(peak, resident_mb() - start)
            if n == 2000:
                time.sleep(1)
                peak = max(peak, resident_mb() - start)
        client.scan("{NS}", "{streamed}").foreach(see, policy)
        print(n, peak)
        """,
        hosts,
        limit_s=600,
    )
    n, peak_mb = map(int, out.split())
    assert n == N_STREAMED
    assert peak_mb < (64 if N_STREAMED > 100_000 else 16)  # all have 60 MB at least


# background work


def values_of(client, keys, name):
    return [r[2].get(name) for r in client.get_many(keys)]


@pytest.mark.parametrize("kind", KINDS)
def test_background_work(client, kind):
    keys = [(NS, "queries_work", i) for i in range(50)]
    client.batch_operate(keys, [ops.write("n", 1)])
    client.index_integer_create(NS, "queries_work", "n", "q_work")
    try:
        work = (client.scan if kind == "scan" else client.query)(NS, "queries_work")
        if kind == "where":
            work.where(P.equals("n", 1))
        assert work.add_ops([ops.increment("w", 5)]) is work
        work.ttl = 1000
        job_id = work.execute_background()
        assert isinstance(job_id, int)
        module = aerospike.JOB_SCAN if kind == "scan" else aerospike.JOB_QUERY
        info = wait_for_job(client, job_id, module)
        assert set(info) == {"progress_pct", "records_read", "status"}
        assert values_of(client, keys, "w") == [5] * 50
        assert 990 <= client.exists(keys[0])[1]["ttl"] <= 1000
    finally:
        client.index_remove(NS, "q_work")
        client.batch_remove(keys)


def limited(work):
    work.max_records = 2


PARTS_OF_WORK: dict[str, Any] = {
    "max_records": (limited, None),
    "pages": (lambda work: work.paginate(), None),
    "partition_filter": (lambda work: None, {"partition_filter": {"count": 5}}),
    "empty partition_filter": (lambda work: None, {"partition_filter": {}}),
}


@pytest.mark.parametrize(("limit", "policy"), PARTS_OF_WORK.values(), ids=PARTS_OF_WORK)
@pytest.mark.parametrize("kind", ["query", "scan"])
def test_background_work_on_a_part_is_refused(client, key, kind, limit, policy):
    """It would change all records: the nodes know no such limits."""
    client.put(key, {"a": 1})
    work = getattr(client, kind)(*key[:2]).add_ops([ops.write("a", 2)])
    limit(work)
    with pytest.raises(exception.ParamError, match="changes every record"):
        work.execute_background(policy)
    assert client.get(key)[2] == {"a": 1}


def test_background_scan_on_a_part_by_its_policy_is_refused(client, make_client):
    few = {"max_records": 2}
    for scan, policy in (
        (client.scan(NS, SET), few),
        (make_client(policies={"scan": few}).scan(NS, SET), None),
    ):
        with pytest.raises(exception.ParamError, match="changes every record"):
            scan.add_ops([ops.write("a", 2)]).execute_background(policy)


@pytest.mark.parametrize("kind", KINDS)
def test_operations_that_read_on_each_record(client, kind):
    keys = [(NS, "queries_reads", i) for i in range(20)]
    for i, key in enumerate(keys):
        client.put(key, {"i": i, "list": [i, i + 1], "not": "read"})
    client.index_integer_create(NS, "queries_reads", "i", "q_reads")
    try:
        asked = (client.scan if kind == "scan" else client.query)(NS, "queries_reads")
        if kind == "where":
            asked.where(P.between("i", 0, 99))
        asked.select("i").add_ops(
            [
                list_operations.list_get("list", -1),
                expression_operations.expression_read(
                    "ten", exp.Mul(exp.IntBin("i"), 10).compile()
                ),
            ]
        )
        bins = sorted((r[2] for r in asked.results()), key=lambda b: b["i"])
        assert bins == [{"i": i, "list": i + 1, "ten": 10 * i} for i in range(20)]
        asked.add_ops([ops.read("i"), ops.write("i", 5)])
        with pytest.raises(aerospike.exception.ParamError, match="only reads"):
            asked.results()
        assert client.get(keys[3])[2]["i"] == 3
    finally:
        client.index_remove(NS, "q_reads")
        client.batch_remove(keys)


def test_background_work_with_a_filter(client):
    keys = [(NS, "queries_work", i) for i in range(50)]
    for i, key in enumerate(keys):
        client.put(key, {"i": i})
    try:
        work = client.query(NS, "queries_work").add_ops([ops.write("w", 1)])
        wait_for_job(client, work.execute_background(ODD), aerospike.JOB_QUERY)
        expected = [1 if i % 2 else None for i in range(50)]
        assert values_of(client, keys, "w") == expected
    finally:
        client.batch_remove(keys)


def test_unknown_job_counts_as_completed(client):
    info = client.job_info(123456789, aerospike.JOB_SCAN)
    assert info["status"] == aerospike.JOB_STATUS_COMPLETED
    assert client.scan_info(123456789)["status"] == aerospike.SCAN_STATUS_COMPLETED
