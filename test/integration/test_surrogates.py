"""Text that UTF-8 cannot hold is an AerospikeError wherever it stands, and nothing is
sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike import predicates as p
from aerospike.typing import Key
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import Apply, BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import hll_operations as hll
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

BAD = "a\ud800"
ON_INDEX = p.equals(None, 1)
KEY = ("test", "surrogates", 1)
BAD_KEYS: list[Key] = [(BAD, "s", 1), ("test", BAD, 1), ("test", "s", BAD)]
IN_KEY = ["namespace", "set", "user key"]

Client = aerospike.Client


def batch(record: Any) -> Callable[[Client], Any]:
    return lambda c: c.batch_write(BatchRecords([record]))


def operation(op: dict[str, Any]) -> Callable[[Client], Any]:
    return lambda c: c.operate(KEY, [op])


WITH_KEY: dict[str, Callable[[Client, Any], Any]] = {
    "get": lambda c, key: c.get(key),
    "exists": lambda c, key: c.exists(key),
    "select": lambda c, key: c.select(key, ["a"]),
    "put": lambda c, key: c.put(key, {"a": 1}),
    "remove": lambda c, key: c.remove(key),
    "touch": lambda c, key: c.touch(key),
    "operate": lambda c, key: c.operate(key, [ops.read("a")]),
    "get_key_digest": lambda c, key: c.get_key_digest(*key),
    "batch_read": lambda c, key: c.batch_read([key]),
    "batch_operate": lambda c, key: c.batch_operate([key], [ops.read("a")]),
    "batch_remove": lambda c, key: c.batch_remove([key]),
    "batch_apply": lambda c, key: c.batch_apply([key], "m", "f", []),
    "get_many": lambda c, key: c.get_many([key]),
    "exists_many": lambda c, key: c.exists_many([key]),
    "batch_write": lambda c, key: batch(Write(key, [ops.write("a", 1)]))(c),
}

CALLS: dict[str, Callable[[Client], Any]] = {
    "put: bin": lambda c: c.put(KEY, {BAD: 1}),
    "put: value": lambda c: c.put(KEY, {"a": BAD}),
    "put: in a list": lambda c: c.put(KEY, {"a": [{"b": BAD}]}),
    "put: key of a map": lambda c: c.put(KEY, {"a": {BAD: 1}}),
    "select: bin": lambda c: c.select(KEY, [BAD]),
    "remove_bin": lambda c: c.remove_bin(KEY, [BAD]),
    "append: bin": lambda c: c.append(KEY, BAD, "x"),
    "append: value": lambda c: c.append(KEY, "s", BAD),
    "prepend: value": lambda c: c.prepend(KEY, "s", BAD),
    "increment: bin": lambda c: c.increment(KEY, BAD, 1),
    "list_append": operation(lists.list_append("l", BAD)),
    "map_put: key": operation(maps.map_put("m", BAD, 1)),
    "map_put: value": operation(maps.map_put("m", 1, BAD)),
    "hll_add": operation(hll.hll_add("h", [BAD], 10)),
    "context": operation(lists.list_append("l", 1, ctx=[cdt_ctx.cdt_ctx_map_key(BAD)])),
    "list_append, direct": lambda c: c.list_append(KEY, "l", BAD),
    "batch_read: bin": lambda c: c.batch_read([KEY], [BAD]),
    "batch_apply: module": lambda c: c.batch_apply([KEY], BAD, "f", []),
    "batch_apply: function": lambda c: c.batch_apply([KEY], "m", BAD, []),
    "batch_apply: argument": lambda c: c.batch_apply([KEY], "m", "f", [BAD]),
    "Write: bin": batch(Write(KEY, [ops.write(BAD, 1)])),
    "Write: value": batch(Write(KEY, [ops.write("a", BAD)])),
    "Read: bin": batch(Read(KEY, [ops.read(BAD)])),
    "Apply: module": batch(Apply(KEY, BAD, "f", [])),
    "Apply: function": batch(Apply(KEY, "m", BAD, [])),
    "Apply: argument": batch(Apply(KEY, "m", "f", [BAD])),
    "Remove: key": batch(Remove(BAD_KEYS[2])),
    "info": lambda c: c.info_all(BAD),
    "info: node": lambda c: c.info_single_node("build", BAD),
    "query: namespace": lambda c: c.query(BAD, "s").results(),
    "query: set": lambda c: c.query("test", BAD).results(),
    "query: bin": lambda c: c.query("test", "s").select(BAD).results(),
    "query: value": lambda c: c.query("test", "s").where(p.equals("a", BAD)).results(),
    "query: index": lambda c: (
        c.query("test", "s").where_with_index_name(BAD, ON_INDEX).results()
    ),
    "scan: namespace": lambda c: c.scan(BAD, "s").results(),
    "scan: set": lambda c: c.scan("test", BAD).results(),
    "scan: node": lambda c: c.scan("test", "s").results(nodename=BAD),
    "background: bin": lambda c: (
        c.query("test", "s").add_ops([ops.write(BAD, 1)]).execute_background()
    ),
    "truncate: namespace": lambda c: c.truncate(BAD, "s", 0),
    "truncate: set": lambda c: c.truncate("test", BAD, 0),
    "index: set": lambda c: c.index_integer_create("test", BAD, "a", "i"),
    "index: bin": lambda c: c.index_integer_create("test", "s", BAD, "i"),
    "index: name": lambda c: c.index_integer_create("test", "s", "a", BAD),
    "index_remove": lambda c: c.index_remove("test", BAD),
    "job_info": lambda c: c.job_info(1, BAD),
    "expression: bin": lambda c: c.get(KEY, {"expressions": exp.IntBin(BAD).compile()}),
    "expression: value": lambda c: c.get(
        KEY, {"expressions": exp.Eq(exp.StrBin("s"), BAD).compile()}
    ),
    "get_cdtctx_base64": lambda c: c.get_cdtctx_base64([cdt_ctx.cdt_ctx_map_key(BAD)]),
}


@pytest.mark.parametrize("part", [0, 1, 2], ids=IN_KEY)
@pytest.mark.parametrize("call", WITH_KEY)
def test_lone_surrogate_in_a_key_is_a_param_error(client, call, part):
    with pytest.raises(exception.ParamError, match="UTF-8"):
        WITH_KEY[call](client, BAD_KEYS[part])


@pytest.mark.parametrize("call", CALLS)
def test_lone_surrogate_is_an_error_of_the_client(client, call):
    with pytest.raises((exception.ClientError, exception.ParamError)):
        CALLS[call](client)


@pytest.mark.parametrize("name", ["app_id", "cluster_name"])
def test_lone_surrogate_in_the_configuration_is_a_param_error(hosts, name):
    with pytest.raises(exception.ParamError, match=name):
        aerospike.client({"hosts": hosts, name: BAD})


@pytest.mark.parametrize("host", [BAD, BAD + ":3000", (BAD, 3000)])
def test_lone_surrogate_in_a_host_is_a_param_error(host):
    with pytest.raises(exception.ParamError):
        aerospike.client({"hosts": [host]})
