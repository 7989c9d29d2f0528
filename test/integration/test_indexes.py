"""Indexes are made and removed; records are truncated."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, exception, predicates
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp

from ..absent import need
from ..waiting import let_pass, until

NS, SET, NAME = "test", "indexes", "indexes_1"
PLAIN = aerospike.INDEX_TYPE_DEFAULT
LIST, KEYS, VALUES = (
    aerospike.INDEX_TYPE_LIST,
    aerospike.INDEX_TYPE_MAPKEYS,
    aerospike.INDEX_TYPE_MAPVALUES,
)
NUMERIC, STRING = aerospike.INDEX_NUMERIC, aerospike.INDEX_STRING
BLOB, GEO = aerospike.INDEX_BLOB, aerospike.INDEX_GEO2DSPHERE
CTX = [cdt_ctx.cdt_ctx_map_key("in")]
DOUBLED = exp.Mul(exp.IntBin("i"), 2).compile()
P = predicates

BINS = {
    "i": 5,
    "s": "x",
    "b": b"x",
    "l": [5, 6],
    "ls": ["x"],
    "m": {"k": 5},
    "c": {"in": 5},
    "cl": {"in": [5]},
    "cm": {"in": {"k": 5}},
    "g": GeoJSON({"type": "Point", "coordinates": [1.0, 1.0]}),
}


@pytest.fixture(autouse=True)
def _cleanly(client):
    client.index_remove(NS, NAME)
    client.put((NS, SET, 1), BINS)
    client.put((NS, SET, 2), {"other": 1})
    yield
    client.index_remove(NS, NAME)
    for i in (1, 2):
        try:
            client.remove((NS, SET, i))
        except exception.RecordNotFound:
            pass


def names(client):
    """Names of the indexes of the namespace, as each node has them."""
    answers = client.info_all(f"sindex-list:namespace={NS}").values()
    return [
        {
            entry.split("indexname=")[1].split(":")[0]
            for entry in text.strip().split(";")
            if "indexname=" in entry
        }
        for _, text in answers
    ]


WHERE = (NS, SET)
MAKE: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "integer": (
        lambda c: c.index_integer_create(*WHERE, "i", NAME),
        (P.equals("i", 5),),
    ),
    "string": (
        lambda c: c.index_string_create(*WHERE, "s", NAME),
        (P.equals("s", "x"),),
    ),
    "blob": (
        lambda c: c.index_blob_create(*WHERE, "b", NAME),
        (P.equals("b", b"x"),),
    ),
    "geo": (
        lambda c: c.index_geo2dsphere_create(*WHERE, "g", NAME),
        (P.geo_within_radius("g", 1.0, 1.0, 100.0),),
    ),
    "single": (
        lambda c: c.index_single_value_create(*WHERE, "i", NUMERIC, NAME),
        (P.equals("i", 5),),
    ),
    "single, old datatype": (
        lambda c: c.index_single_value_create(
            *WHERE, "i", aerospike.INDEX_INTEGER, NAME
        ),
        (P.equals("i", 5),),
    ),
    "single ctx": (
        lambda c: c.index_single_value_create(*WHERE, "c", NUMERIC, NAME, None, CTX),
        (P.equals("c", 5), CTX),
    ),
    "list": (
        lambda c: c.index_list_create(*WHERE, "l", NUMERIC, NAME),
        (P.contains("l", LIST, 6),),
    ),
    "list of strings": (
        lambda c: c.index_list_create(*WHERE, "ls", STRING, NAME),
        (P.contains("ls", LIST, "x"),),
    ),
    "list ctx": (
        lambda c: c.index_list_create(*WHERE, "cl", NUMERIC, NAME, ctx=CTX),
        (P.contains("cl", LIST, 5), CTX),
    ),
    "map keys": (
        lambda c: c.index_map_keys_create(*WHERE, "m", STRING, NAME),
        (P.contains("m", KEYS, "k"),),
    ),
    "map keys ctx": (
        lambda c: c.index_map_keys_create(*WHERE, "cm", STRING, NAME, {}, CTX),
        (P.contains("cm", KEYS, "k"), CTX),
    ),
    "map values": (
        lambda c: c.index_map_values_create(*WHERE, "m", NUMERIC, NAME),
        (P.contains("m", VALUES, 5),),
    ),
    "cdt": (
        lambda c: c.index_cdt_create(*WHERE, "cl", LIST, NUMERIC, NAME, CTX),
        (P.contains("cl", LIST, 5), CTX),
    ),
}


@pytest.mark.parametrize(("make", "where"), MAKE.values(), ids=MAKE)
def test_index_can_be_used_as_soon_as_it_is_made(client, make, where):
    if where[0][1] == GEO:
        need("s2geometry")
    query = client.query(NS, SET).where(*where)
    with pytest.raises(exception.IndexNotFound):
        query.results({"max_retries": 0})
    assert make(client) == 0
    assert all(NAME in found for found in names(client))
    assert [r[2].get("i") for r in query.results()] == [5]
    assert make(client) == 0  # the identical one is there
    assert client.index_remove(NS, NAME) == 0
    assert not any(NAME in found for found in names(client))
    with pytest.raises(exception.IndexNotFound):
        query.results({"max_retries": 0})


def test_index_of_an_expression(client):
    assert client.index_expr_create(*WHERE, PLAIN, NUMERIC, DOUBLED, NAME) == 0
    query = client.query(NS, SET)
    query.where_with_expr(DOUBLED, P.equals(None, 10))
    assert [r[2]["i"] for r in query.results()] == [5]


def test_index_of_a_set(client):
    assert client.index_set_create(NS, SET, NAME) == 0
    assert all(NAME in found for found in names(client))
    assert len(client.query(NS, SET).results()) == 2


def test_index_of_records_of_any_set(client):
    assert client.index_integer_create(NS, None, "i", NAME) == 0
    assert client.query(NS).where(P.equals("i", 5)).results()


KEYWORDS: dict[str, Any] = {
    "index_integer_create": {"bin": "i"},
    "index_string_create": {"bin": "s"},
    "index_blob_create": {"bin": "b"},
    "index_geo2dsphere_create": {"bin": "g"},
    "index_single_value_create": {"bin": "i", "index_datatype": NUMERIC},
    "index_list_create": {"bin": "l", "index_datatype": NUMERIC},
    "index_map_keys_create": {"bin": "m", "index_datatype": STRING},
    "index_map_values_create": {"bin": "m", "index_datatype": NUMERIC},
}


@pytest.mark.parametrize("alias", ["name", "index_name"])
@pytest.mark.parametrize("method", KEYWORDS)
def test_keywords(client, method, alias):
    entries = {"ns": NS, "set": SET, alias: NAME, **KEYWORDS[method]}
    assert getattr(client, method)(**entries, policy={"timeout": 5000}) == 0
    assert client.index_remove(ns=NS, policy={}, **{alias: NAME}) == 0


@pytest.mark.parametrize("method", [*KEYWORDS, "index_remove"])
def test_name_is_given_once(client, method):
    entries = {"ns": NS}
    if method != "index_remove":
        entries |= {"set": SET, **KEYWORDS[method]}
    with pytest.raises(TypeError, match="name"):
        getattr(client, method)(**entries)
    with pytest.raises(TypeError, match="same"):
        getattr(client, method)(**entries, name=NAME, index_name=NAME)


def test_keywords_of_the_others(client):
    entries: dict[str, Any] = {"ns": NS, "set": SET, "name": NAME}
    client.index_cdt_create(
        **entries, bin="c", index_type=PLAIN, index_datatype=NUMERIC, ctx=CTX
    )
    client.index_remove(NS, NAME)
    client.index_expr_create(
        **entries, index_type=PLAIN, index_datatype=NUMERIC, expressions=DOUBLED
    )
    client.index_remove(NS, NAME)
    client.index_set_create(**entries)


def test_name_that_another_index_has(client):
    client.index_integer_create(*WHERE, "i", NAME)
    with pytest.raises(exception.IndexFoundError) as caught:
        client.index_string_create(*WHERE, "s", NAME)
    assert caught.value.code == 200
    assert len(client.query(NS, SET).where(P.equals("i", 5)).results()) == 1


def test_removal_of_what_is_not_there(client):
    assert client.index_remove(NS, "no such index") == 0
    assert client.index_remove("no such ns", "no such index") == 0


RESERVED = ["a:b", "a;b", "a\nb", "a\tb"]


@pytest.mark.parametrize("text", RESERVED)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda c, t: c.index_integer_create(t, SET, "i", NAME), "ns"),
        (lambda c, t: c.index_integer_create(NS, t, "i", NAME), "set"),
        (lambda c, t: c.index_integer_create(NS, SET, t, NAME), "bin"),
        (lambda c, t: c.index_integer_create(NS, SET, "i", t), "name"),
        (lambda c, t: c.index_remove(t, NAME), "ns"),
        (lambda c, t: c.index_remove(NS, t), "name"),
        (lambda c, t: c.truncate(t, SET, 0), "namespace"),
        (lambda c, t: c.truncate(NS, t.replace(":", ";"), 0), "set"),
    ],
)
def test_reserved_characters_are_refused(client, call, name, text):
    """They would end a part of the command and begin another."""
    before = names(client)
    with pytest.raises(exception.ParamError, match=f"^.*{name} has characters"):
        call(client, text)
    assert names(client) == before


NO_SETS: list[Any] = [5, 0, False, True, [], (), {}, 0.0, b"", b"x", bytearray()]
BAD: dict[str, tuple[Any, str]] = {
    "ns": (lambda c: c.index_integer_create(5, SET, "i", NAME), "ns"),
    "set": (lambda c: c.index_integer_create(NS, 5, "i", NAME), "set"),
    "bin": (lambda c: c.index_integer_create(NS, SET, None, NAME), "bin"),
    "name": (lambda c: c.index_integer_create(NS, SET, "i", 5), "name"),
    "datatype": (lambda c: c.index_list_create(NS, SET, "l", 99, NAME), "datatype"),
    "datatype str": (lambda c: c.index_list_create(NS, SET, "l", "x", NAME), "datatyp"),
    "index type": (
        lambda c: c.index_cdt_create(NS, SET, "l", 99, NUMERIC, NAME, CTX),
        "index_type",
    ),
    "ctx None": (
        lambda c: c.index_cdt_create(NS, SET, "l", LIST, NUMERIC, NAME, None),
        "ctx",
    ),
    "ctx empty": (
        lambda c: c.index_cdt_create(NS, SET, "l", LIST, NUMERIC, NAME, []),
        "ctx",
    ),
    "ctx": (lambda c: c.index_list_create(NS, SET, "l", NUMERIC, NAME, {}, 5), "ctx"),
    "expression": (
        lambda c: c.index_expr_create(NS, SET, PLAIN, NUMERIC, 5, NAME),
        "expression",
    ),
    "set of a set index": (lambda c: c.index_set_create(NS, None, NAME), "set"),
    "policy": (lambda c: c.index_integer_create(NS, SET, "i", NAME, 5), "policy"),
    "timeout": (
        lambda c: c.index_integer_create(NS, SET, "i", NAME, {"timeout": "x"}),
        "timeout",
    ),
    "truncated namespace": (lambda c: c.truncate(5, SET, 0), "namespace"),
    **{
        f"truncated set {value!r}": (lambda c, v=value: c.truncate(NS, v, 0), "set")
        for value in NO_SETS
    },
    "nanos": (lambda c: c.truncate(NS, SET, "x"), "nanos"),
    "nanos float": (lambda c: c.truncate(NS, SET, 1.5), "nanos"),
    "nanos bool": (lambda c: c.truncate(NS, SET, True), "nanos"),
    "nanos negative": (lambda c: c.truncate(NS, SET, -1), "nanos"),
    "nanos big": (lambda c: c.truncate(NS, SET, 2**64), "nanos"),
}


@pytest.mark.parametrize(("call", "text"), BAD.values(), ids=BAD)
def test_bad_argument_is_named(client, call, text):
    before = names(client)
    with pytest.raises(exception.ParamError, match=text):
        call(client)
    assert names(client) == before


@pytest.mark.parametrize(("name", "bin_name"), [("n" * 300, "i"), (NAME, "b" * 16)])
def test_name_that_is_too_long_is_refused_by_the_server(client, name, bin_name):
    with pytest.raises(exception.InvalidRequest):
        client.index_integer_create(NS, SET, bin_name, name)


def test_closed_client(make_client):
    client = make_client()
    client.close()
    calls: list[Any] = [
        lambda: client.index_integer_create(NS, SET, "i", NAME),
        lambda: client.index_remove(NS, NAME),
        lambda: client.truncate(NS, SET, 0),
        lambda: client.job_info(1, aerospike.JOB_SCAN),
    ]
    for call in calls:
        with pytest.raises(exception.ClusterError):
            call()


# truncation

_sets = itertools.count()


@pytest.fixture
def filled(client):
    """A set of its own with ten records."""
    name = f"truncated_{time.time_ns()}_{next(_sets)}"
    for i in range(10):
        client.put((NS, name, i), {"a": i})
    let_pass(0.01)  # times are compared by the millisecond
    return name


def wait_until_left(client, set_, n):
    until(lambda: len(client.scan(NS, set_).results()) == n)


def test_truncate_a_set(client, filled):
    assert client.truncate(NS, filled, 0) == 0
    wait_until_left(client, filled, 0)
    assert client.exists((NS, SET, 1))[1] is not None


def test_truncate_what_is_older_than_a_time(client, filled):
    let_pass(0.05)
    cut = time.time_ns()
    let_pass(0.05)
    client.put((NS, filled, 3), {"a": 33})
    client.put((NS, filled, 99), {"a": 99})
    assert client.truncate(NS, filled, cut, {"timeout": 5000}) == 0
    wait_until_left(client, filled, 2)
    assert client.get((NS, filled, 3))[2] == {"a": 33}
    client.truncate(NS, filled, 0)


def test_truncate_without_a_set_name_is_refused_by_the_server(client, filled):
    with pytest.raises(exception.InvalidRequest, match="missing 'set' value") as caught:
        client.truncate(NS, "", 0)
    assert caught.value.code == 4
    assert len(client.scan(NS, filled).results()) == 10
    client.truncate(NS, filled, 0)


def test_truncate_a_set_with_a_colon(client):
    key = (NS, "truncated:set", 1)
    client.put(key, {"a": 1})
    let_pass(0.01)  # times are compared by the millisecond
    client.truncate(*key[:2], 0)
    wait_until_left(client, key[1], 0)


@pytest.mark.parametrize("set_", [None, SET])
def test_truncate_of_an_unknown_namespace_changes_nothing(client, filled, set_):
    """The server takes it for one that other nodes may have."""
    assert client.truncate("nosuch", set_, 0) == 0
    assert len(client.scan(NS, filled).results()) == 10
    client.truncate(NS, filled, 0)


def test_truncate_a_namespace(cluster, make_client):
    """Not on a real server, where others may have records."""
    client = make_client(hosts=cluster.hosts)
    for ns, set_ in (("bar", "a"), ("bar", None), (NS, SET)):
        client.put((ns, set_, 1), {"a": 1})
    let_pass(0.01)  # times are compared by the millisecond
    assert client.truncate("bar", None, 0) == 0
    assert client.scan("bar").results() == []
    assert client.exists((NS, SET, 1))[1] is not None


def test_truncate_a_namespace_at_a_time_before_all_records(client, filled):
    year_2011 = 1_293_840_000 * 10**9
    assert client.truncate(NS, None, year_2011) == 0
    assert len(client.scan(NS, filled).results()) == 10
    client.truncate(NS, filled, 0)


@pytest.mark.parametrize("nanos", [1, 2**63])
def test_truncate_at_a_time_that_cannot_be(client, filled, nanos):
    with pytest.raises(exception.InvalidRequest):
        client.truncate(NS, filled, nanos)
    assert len(client.scan(NS, filled).results()) == 10
    client.truncate(NS, filled, 0)


def test_truncate_takes_keywords(client, filled):
    assert client.truncate(namespace=NS, set=filled, nanos=0, policy=None) == 0
    wait_until_left(client, filled, 0)
