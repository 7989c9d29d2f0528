"""What objects look like in a debugger, a log line or a failing test."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import predicates
from aerospike_devserver import DevCluster
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Read, Write
from aerospike_helpers.operations import operations

from ..waiting import NOWHERE


def test_client_says_where_it_is_connected(make_client, hosts):
    client = make_client()
    (host, port), more = hosts[0], " and other seeds" if len(hosts) > 1 else ""
    assert repr(client) == f"<aerospike.Client of {host}:{port}{more}, connected>"
    client.close()
    assert repr(client) == f"<aerospike.Client of {host}:{port}{more}, closed>"


def test_client_says_that_it_is_not_connected():
    client = aerospike.client({"hosts": [NOWHERE]})
    shown = f"<aerospike.Client of {NOWHERE[0]}:{NOWHERE[1]}, not connected yet>"
    assert repr(client) == shown
    bare = aerospike.Client.__new__(aerospike.Client)
    assert repr(bare) == "<aerospike.Client, without a configuration>"


def test_query_says_what_it_asks_for(client):
    assert repr(client.scan("test")) == "<aerospike.Scan of 'test'>"
    query = client.query("test", "demo").select("a", "b")
    query.add_ops([operations.read("a")])
    query.where(predicates.equals("a", 1))
    shown = "<aerospike.Query of 'test', set 'demo', bins 'a', 'b', 1 operations, where"
    assert repr(query) == f"{shown} {predicates.equals('a', 1)!r}>"


def test_stream_says_whether_it_is_open(client):
    stream = client.query("test", "no such set").stream()
    assert repr(stream) == "<aerospike stream of records, open>"
    stream.close()
    assert repr(stream) == "<aerospike stream of records, closed>"


def test_rows_of_a_batch_say_what_came_of_them(client, key):
    rows = BatchRecords([Read(key, None, True), Write(key, [operations.write("a", 1)])])
    assert repr(rows.batch_records[1]) == f"Write({key!r}, result=0, record=None)"
    client.batch_write(rows)
    read, written = rows.batch_records
    assert repr(rows) == f"BatchRecords([{read!r}, {written!r}], result={rows.result})"
    missing = Read(key, None)
    missing.result, missing.message, missing.in_doubt = 9, "late", True
    shown = f"Read({key!r}, result=9, message='late', in_doubt=True, record=None)"
    assert repr(missing) == shown


def test_large_batch_shows_its_first_records():
    rows = [Read(("test", "reprs", i), None) for i in range(10)]
    shown = ", ".join(map(repr, rows))
    assert repr(BatchRecords(rows)) == f"BatchRecords([{shown}], result=0)"
    many: Any = BatchRecords(rows * 100)
    assert repr(many) == f"BatchRecords([{shown}, and 990 more], result=0)"
    many.batch_records = None  # an application may do that
    assert repr(many) == "BatchRecords(None, result=0)"


COMPILED = exp.Eq(exp.IntBin("a"), 1).compile()
LEVELS = [
    (cdt_ctx.cdt_ctx_list_index(-1), "cdt_ctx_list_index(-1)"),
    (cdt_ctx.cdt_ctx_map_key("a"), "cdt_ctx_map_key('a')"),
    (
        cdt_ctx.cdt_ctx_list_index_create(1, aerospike.LIST_ORDERED, True),
        "cdt_ctx_list_index_create(1, order=1, pad=True)",
    ),
    (
        cdt_ctx.cdt_ctx_map_key_create("k", aerospike.MAP_KEY_ORDERED),
        "cdt_ctx_map_key_create('k', order=1)",
    ),
    (cdt_ctx.cdt_ctx_all_children(), "cdt_ctx_all_children()"),
    (cdt_ctx.cdt_ctx_map_keys_in(["a"]), "cdt_ctx_map_keys_in(['a'])"),
    (
        cdt_ctx.cdt_ctx_all_children_with_filter(COMPILED),
        f"cdt_ctx_all_children_with_filter({COMPILED!r})",
    ),
    (cdt_ctx.cdt_ctx_and_filter(COMPILED), f"cdt_ctx_and_filter({COMPILED!r})"),
]


@pytest.mark.parametrize(("level", "shown"), LEVELS, ids=[text for _, text in LEVELS])
def test_level_of_a_context_shows_its_call(level, shown):
    assert repr(level) == shown


@pytest.mark.parametrize("name", ["null", "CDTWildcard", "CDTInfinite"])
def test_value_shows_its_call(name):
    assert repr(getattr(aerospike, name)()) == f"aerospike.{name}()"


def test_cluster_says_where_it_is():
    cluster = DevCluster(nodes=2)
    assert repr(cluster) == "<DevCluster of 2 nodes, stopped>"
    with cluster:
        assert repr(cluster) == f"<DevCluster of 2 nodes, at {cluster.hosts}>"


def test_error_shows_its_class_and_arguments(client):
    with pytest.raises(aerospike.exception.ParamError) as caught:
        client.get(5)
    assert repr(caught.value).startswith("ParamError(-2, ")
