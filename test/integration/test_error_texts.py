"""What errors say: the short text of other clients, and what a person needs to know.

`msg` is compared by programs; `str()` is read by people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike import predicates as P
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import bitwise_operations as bits
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops
from aerospike_helpers.operations.expression_operations import expression_read

NS, SET = "test", "error texts"
KEY = (NS, SET, "ada")
BINS = {"s": "abc", "n": 5, "l": [1, 2, 3], "m": {"a": [1]}, "b": b"12"}
CREATE_ONLY = {"map_write_flags": aerospike.MAP_WRITE_FLAGS_CREATE_ONLY}
DEEP = [cdt_ctx.cdt_ctx_map_key("a"), cdt_ctx.cdt_ctx_list_index(7)]
WRONG: Any = 5
FLOAT: Any = 1.5
CREATE = {"exists": aerospike.POLICY_EXISTS_CREATE}
UNIQUE = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}
ADDED = exp.Add(exp.IntBin("n"), exp.IntBin("s")).compile()
NESTED: Any = []
for _ in range(1000):
    NESTED = [NESTED]
NOT_FIVE = exp.NE(exp.IntBin("n"), 5).compile()
NOT_COMPILED: Any = exp.Eq(exp.IntBin("n"), 5)


@pytest.fixture(autouse=True)
def record(client):
    client.put(KEY, BINS)
    yield
    client.remove(KEY)


def error_of(call: Callable[[], Any]) -> exception.AerospikeError:
    with pytest.raises(exception.AerospikeError) as caught:
        call()
    return caught.value


# mistakes, and what the text for people has to have

SAYS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "record not found": (
        lambda c: c.get((NS, SET, "nobody")),
        [
            "RECORD_NOT_FOUND (2, AEROSPIKE_ERR_RECORD_NOT_FOUND): record not found [",
            "key=('test', 'error texts', 'nobody')",
            "attempts=1",
            "host=",
        ],
    ),
    "no index": (
        lambda c: c.query(NS, SET).where(P.equals("age", 5)).results(),
        [
            "namespace test, set error texts has no index on bin 'age' for values",
            "client.index_integer_create('test', 'error texts', 'age', name)",
            "attempts=1",
        ],
    ),
    "no index on the elements of lists": (
        lambda c: (
            c.query(NS, SET).where(P.contains("l", aerospike.INDEX_TYPE_LIST, "x"))
        ).results(),
        ["client.index_list_create('test', 'error texts', 'l', aerospike.INDEX_STRING"],
    ),
    "no index on an expression": (
        lambda c: (
            c.query(NS, SET)
            .where_with_expr(exp.IntBin("n").compile(), P.equals(None, 5))
            .results()
        ),
        [
            "no index on this expression for values of type int",
            "client.index_expr_create('test', 'error texts', aerospike.INDEX_TYPE_D",
            "aerospike.INDEX_TYPE_DEFAULT, aerospike.INDEX_NUMERIC, expression, name)",
        ],
    ),
    "no index of such a type": (
        lambda c: c.query(NS, SET).where(P.contains("l", 99, "x")).results(),
        ["99 is none of aerospike.INDEX_TYPE_*"],
    ),
    "no index of a name": (
        lambda c: c.query(NS).where_with_index_name("nix", P.equals(None, 5)).results(),
        ["no index 'nix'", "sindex-list:namespace=test", "index=nix"],
    ),
    "increment of a str": (
        lambda c: c.increment(KEY, "s", 1),
        ["bin=s", "operation=increment", "needs a number"],
    ),
    "map with a float as a key": (
        lambda c: c.operate(KEY, [ops.write("x", [{"a": {1.5: 1}}])]),
        ["a map key must be str, int or bytes", "a float as a key"],
    ),
    "None as the key of a map": (
        lambda c: c.operate(KEY, [maps.map_put("m", None, 1)]),
        ["a map key must be str, int or bytes", "map_put was given None"],
    ),
    "increment among others": (
        lambda c: c.operate(KEY, [ops.read("s"), ops.increment("s", 1)]),
        ["bin=s", "operation=increment, operation_index=1"],
    ),
    "list operation on a str": (
        lambda c: c.operate(KEY, [ops.read("s"), lists.list_append("s", 1)]),
        ["bin=s", "operation=list_append, operation_index=1", "needs a list"],
    ),
    "one of two operations": (
        lambda c: c.operate(KEY, [lists.list_size("l"), lists.list_size("s")]),
        ["one of the operations 0 (list_size of bin 'l'), 1 (list_size of bin 's')"],
    ),
    "direct method of 2.x": (
        lambda c: c.list_size(KEY, "s"),
        ["bin=s", "operation=list_size"],
    ),
    "list index out of range": (
        lambda c: c.operate(KEY, [lists.list_get("l", 99)]),
        ["bin=l", "operation=list_get", "out of range"],
    ),
    "nothing where the context leads": (
        lambda c: c.operate(KEY, [lists.list_append("m", 1, ctx=DEEP)]),
        ["bin=m", "operation=list_append", "context=map_key('a') > list_index(7)"],
    ),
    "context of the wrong kind": (
        lambda c: c.operate(KEY, [lists.list_append("m", 1, ctx=DEEP[1:])]),
        ["bin=m", "operation=list_append", "context=list_index(7)"],
    ),
    "create only": (
        lambda c: c.operate(KEY, [maps.map_put("m", "a", 1, CREATE_ONLY)]),
        ["bin=m", "operation=map_put", "MAP_WRITE_FLAGS_CREATE_ONLY"],
    ),
    "create only, a record": (
        lambda c: c.put(KEY, {"n": 1}, None, CREATE),
        ["the policy's 'exists' only allows this call to create"],
    ),
    "each value once": (
        lambda c: c.operate(KEY, [lists.list_append("l", 1, UNIQUE)]),
        ["bin=l", "operation=list_append", "LIST_WRITE_ADD_UNIQUE"],
    ),
    "one of several operations with contexts": (
        lambda c: c.operate(
            KEY, [lists.list_size("l"), lists.list_append("m", 1, ctx=DEEP)]
        ),
        ["1 (list_append of bin 'm' at map_key('a') > list_index(7))", "a level of"],
    ),
    "beyond a blob": (
        lambda c: c.operate(KEY, [bits.bit_get("b", 1000, 8)]),
        ["bin=b", "operation=bit_get", "beyond the end of the blob"],
    ),
    "expression without a value": (
        lambda c: c.operate(KEY, [expression_read("x", ADDED)]),
        ["bin=x", "operation=expression_read", "EXP_READ_EVAL_NO_FAIL"],
    ),
    "no index where a context leads": (
        lambda c: c.query(NS, SET).where(P.equals("m", 5), DEEP[:1]).results(),
        [
            "index_single_value_create('test', 'error texts', 'm', ",
            "aerospike.INDEX_NUMERIC, name, ctx=ctx)",
            "context=map_key('a')",
        ],
    ),
    "range that ends before it begins": (
        lambda c: c.query(NS, SET).where(P.between("n", 5, 1)).results(),
        ["set error texts", "('n', 5, 1): a range that ends before it begins"],
    ),
    "filter that is a number": (
        lambda c: c.get(KEY, {"expressions": exp.IntBin("n").compile()}),
        ["the policy's 'expressions' may be", "key="],
    ),
    "filter of a batch that is a number": (
        lambda c: c.batch_read([KEY], None, {"expressions": exp.IntBin("n").compile()}),
        ["the policy's 'expressions' may be"],
    ),
    "operand": (
        lambda c: c.increment(KEY, "n", "x"),
        ["int or float is expected, got str", "bin=n", "operation=increment"],
    ),
    "integer in an operation on a whole bin": (
        lambda c: c.operate(KEY, [ops.write("l", [2**63])]),
        ["bin=l", "operation=write", "path=val[0]"],
    ),
    "value nested too deep": (
        lambda c: c.put(KEY, {"a": NESTED}),
        ["path=bins['a'][0][0]", "[0]...]"],
    ),
    "value in a row of a batch": (
        lambda c: c.batch_write(
            BatchRecords([Write(KEY, [ops.write("l", {"a": [2**63]})])])
        ),
        ["bin=l", "path=batch_records[0].val['a'][0]"],
    ),
    "number for an operation": (
        lambda c: c.operate(KEY, [1]),
        ["operation 0 is an int, not a dict"],
    ),
    "condition of the 2.x line": (
        lambda c: c.query(NS, SET).where("n", "equal", 1),
        ["knows equals, between, contains, range; got 'equal'"],
    ),
    "text for an expression": (
        lambda c: c.query(NS, SET).where_with_expr("?", P.equals(None, 1)),
        ["expr is no base64 text: got '?'"],
    ),
    "no serializer": (
        lambda c: c.put(KEY, {"a": {1}}, None, None, aerospike.SERIALIZER_USER),
        ["aerospike.set_serializer()", "path=bins['a']"],
    ),
    "name of a node": (
        lambda c: c.info_single_node("build", "nobody"),
        ["Could not get node with name nobody: the nodes are ", " at 127.0.0.1:"],
    ),
    "info request": (
        lambda c: c.info_random_node("no such command"),
        ["the request was 'no such command'", "host="],
    ),
    "datatype of an index": (
        lambda c: c.index_list_create(NS, SET, "l", "x", "i"),
        ["index_datatype is invalid: got 'x'; aerospike.INDEX_STRING"],
    ),
    "bin of an index": (
        lambda c: c.index_integer_create(NS, SET, "n" * 20, "i"),
        ["the bin's name has 20 bytes, and at most 15 are", "bin=nnnn", "index=i"],
    ),
    "host among others": (
        lambda _: aerospike.client({"hosts": ["a", ("b", "3000")]}),
        ["must be an integer: got str [path=hosts[1]]"],
    ),
    "one host": (
        lambda _: aerospike.client({"hosts": ("a", 3000)}),
        ["Hosts must be a list: got one host: write [('a', 3000)]"],
    ),
    "no bins": (
        lambda c: c.put(KEY, {}),
        ["REQUEST_INVALID (4, AEROSPIKE_ERR_REQUEST_INVALID): bins is empty"],
    ),
    "no bins to select": (lambda c: c.select(KEY, []), ["bins is empty"]),
    "no bins to remove": (lambda c: c.remove_bin(KEY, []), ["bins is empty"]),
    "time to live": (lambda c: c.put(KEY, {"a": 1}, {"ttl": -4}), ["ttl must be from"]),
    "operation is no dict": (
        lambda c: c.operate(KEY, ["a"]),
        ["operation 0 is a str, not a dict"],
    ),
    "where with a text": (
        lambda c: c.query(NS, SET).where("age > 5"),
        ["aerospike.predicates", 'goes to the policy, as "expressions"'],
    ),
    "where with an expression": (
        lambda c: c.query(NS, SET).where(NOT_FIVE),
        ["aerospike.predicates", 'goes to the policy, as "expressions"'],
    ),
    "config key": (
        lambda _: aerospike.client({"host": [("127.0.0.1", 3000)]}),
        ["config has 'host'; did you mean 'hosts'?"],
    ),
    "integer beyond 64 bits": (
        lambda c: c.put(KEY, {"a": {"b": [2**63]}}),
        ["path=bins['a']['b'][0]"],
    ),
    "integer in an operation": (
        lambda c: c.operate(KEY, [lists.list_append("l", {"b": [2**63]})]),
        ["bin=l", "operation=list_append", "path=val['b'][0]"],
    ),
    "integer in a batch": (
        lambda c: c.batch_write(
            BatchRecords([Write(KEY, [ops.write("a", 1)]), Write(KEY, [{}])])
        ),
        ["path=batch_records[1]", "operation_index=0"],
    ),
    "integer in a value of a batch": (
        lambda c: c.batch_write(
            BatchRecords([Write(KEY, [ops.write("a", [1, {"b": 2**63}])])])
        ),
        ["operation=write", "path=batch_records[0].val[1]['b']"],
    ),
    "integer in the arguments of a function": (
        lambda c: c.batch_apply([KEY], "module", "function", [1, 2**63]),
        ["path=args[1]"],
    ),
    "integer in a context": (
        lambda c: c.operate(
            KEY,
            [lists.list_append("m", 1, ctx=[*DEEP, cdt_ctx.cdt_ctx_map_key(2**63)])],
        ),
        ["path=ctx[2]"],
    ),
    "key of a batch that is a dict": (
        lambda c: c.batch_read([KEY, {"ns": NS, "set": SET, "key": 1.5}]),
        ["index: 1 -> key is invalid: the user key must be str", "path=keys[1]"],
    ),
    "no operations in a batch": (
        lambda c: c.batch_write(BatchRecords([Write(KEY, [])])),
        ["ops should be a list of op dictionaries: Write: the list is empty"],
    ),
    "one key where a list belongs": (
        lambda c: c.batch_remove(KEY),
        ["got one key: write [key]"],
    ),
    "filtered out": (
        lambda c: c.get(KEY, {"expressions": NOT_FIVE}),
        ["the policy's 'expressions' refused it"],
    ),
    "no such namespace": (
        lambda c: c.get(("nowhere", SET, 1)),
        ["Invalid namespace: nowhere: the cluster has ", "test"],
    ),
    "policy": (
        lambda c: c.get(KEY, {"total_timeout": "x"}),
        ["total_timeout is invalid: an int is expected, got str"],
    ),
    "expression in a policy": (
        lambda c: c.get(KEY, {"expressions": NOT_COMPILED}),
        [
            "expressions is invalid: a compiled expression is expected",
            "got Eq; call .compile() on the expression",
        ],
    ),
    "expression in an operation": (
        lambda c: c.operate(KEY, [expression_read("e", NOT_COMPILED)]),
        ["got Eq; call .compile() on the expression", "bin=e"],
    ),
    "expression of an index": (
        lambda c: c.index_expr_create(
            NS,
            SET,
            aerospike.INDEX_TYPE_DEFAULT,
            aerospike.INDEX_NUMERIC,
            NOT_COMPILED,
            "error_texts_e",
        ),
        ["got Eq; call .compile() on the expression"],
    ),
    "expression of a query": (
        lambda c: c.query(NS, SET).where_with_expr(NOT_COMPILED, P.equals(None, 1)),
        ["got Eq; call .compile() on the expression"],
    ),
    "second predicate": (
        lambda c: c.query(NS, SET).where(P.equals("a", 1)).where(P.equals("b", 1)),
        ["Failed to add predicate: the query has a predicate, and takes only one"],
    ),
    "predicate of a float": (
        lambda c: c.query(NS, SET).where(P.equals("a", FLOAT)),
        ["got None, which they give when a value is of a type that no index holds"],
    ),
    "generation": (
        lambda c: c.put(KEY, BINS, policy={"gen": aerospike.POLICY_GEN_EQ}),
        ['another generation than meta\'s "gen", which is 0 unless it is given'],
    ),
    "list of a batch": (
        lambda c: c.batch_write([]),
        ["got list; BatchRecords(list) makes one"],
    ),
    "policy of metrics": (
        lambda c: c.enable_metrics({"interval": 3}),
        ["; it is aerospike_helpers.metrics.MetricsPolicy"],
    ),
    "log handler": (
        lambda _: aerospike.set_log_handler(WRONG),
        ["Parameter must be a callable: a function or None is expected, got int"],
    ),
}


@pytest.mark.parametrize(("call", "parts"), SAYS.values(), ids=SAYS)
def test_error_says_what_to_do(client, call, parts):
    text = str(error_of(lambda: call(client)))
    assert [part for part in parts if part not in text] == []
    assert ".py" not in text
    assert ".c:" not in text


def test_index_of_another_definition(client):
    client.index_integer_create(NS, SET, "n", "error_texts_i")
    try:
        error = error_of(
            lambda: client.index_string_create(NS, SET, "s", "error_texts_i")
        )
    finally:
        client.index_remove(NS, "error_texts_i")
    assert error.name == "error_texts_i"
    assert "index name 'error_texts_i' belongs to another index" in str(error)
    assert "sindex-list:namespace=test" in str(error)


def test_index_in_no_namespace(client):
    """Servers take the request, keep it, and know the index nowhere."""
    try:
        error = error_of(
            lambda: client.index_integer_create("nowhere", SET, "n", "error_texts_n")
        )
    finally:
        client.index_remove("nowhere", "error_texts_n")
    assert (error.code, error.name, error.bin) == (20, "error_texts_n", "n")
    assert "client.info_all('namespaces') shows" in str(error)


def test_refused_connection_says_where():
    config = {"hosts": [("127.0.0.1", 1)], "fail_if_not_connected": True}
    error = error_of(lambda: aerospike.client(config))
    assert (error.msg, error.host) == ("Failed to connect", "127.0.0.1:1")
    assert (
        "Failed to connect: Connection refused; no server listens there; the command "
        "aerospike-devserver starts one [host=127.0.0.1:1, phase=connect"
    ) in str(error)


def test_call_that_connects_first_says_so():
    """That of a client whose constructor could not connect."""
    error = error_of(lambda: aerospike.client({"hosts": [("127.0.0.1", 1)]}).get(KEY))
    assert "Connection refused (this call had to connect first: the" in str(error)


REFUSED_ROW = (
    ": bin has an incompatible type; list_append needs a list, and the bin holds "
    "something else; get() shows it [bin=s, operation=list_append, operation_index=1]"
)


def test_row_of_a_batch_says_what_to_do(client):
    refused = [ops.read("n"), lists.list_append("s", 1)]
    rows = BatchRecords([Write(KEY, refused), Write(KEY, [ops.read("n")])])
    client.batch_write(rows)
    assert str(rows.batch_records[0].message).endswith(REFUSED_ROW)
    assert rows.batch_records[1].message is None
    found = client.batch_operate([KEY], refused).batch_records[0]
    assert found.message.endswith(REFUSED_ROW)


def test_first_hundred_rows_of_a_batch_say_what_to_do(client):
    found = client.batch_operate([KEY] * 200, [lists.list_append("s", 1)])
    texts = [row.message for row in found.batch_records]
    assert sum("operation=list_append" in text for text in texts) == 100
    assert all("bin has an incompatible type" in text for text in texts)


# the texts that programs compare

MSG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "policy no dict": (lambda c: c.get(KEY, 5), "policy must be a dict"),
    "policy value": (lambda c: c.get(KEY, {"key": "x"}), "key is invalid"),
    "client policy": (
        lambda _: aerospike.client({"hosts": ["a"], "policies": {"read": {"key": ""}}}),
        "Invalid Policy setting value",
    ),
    "key": (lambda c: c.get(5), "key is invalid"),
    "bins": (lambda c: c.remove_bin(KEY, "a"), "Bins should be a list"),
    "bins of a batch": (
        lambda c: c.batch_read([KEY], 5),
        "Bins argument should be a list.",
    ),
    "bin of a batch": (
        lambda c: c.batch_read([KEY], [5]),
        "Bin name should be a string or unicode string.",
    ),
    "bin": (lambda c: c.append(KEY, 5, "x"), "Bin name should be of type string"),
    "long bin": (
        lambda c: c.put(KEY, {"a" * 16: 1}),
        "A bin name should not exceed 15 characters limit",
    ),
    "append": (
        lambda c: c.append(KEY, "s", 5),
        "Cannot concatenate 'str' and 'non-str' objects",
    ),
    "integer": (
        lambda c: c.put(KEY, {"a": 2**70}),
        "integer value exceeds sys.maxsize",
    ),
    "keys": (
        lambda c: c.batch_read(5),
        "keys should be a list of aerospike key tuples",
    ),
    "GeoJSON": (
        lambda _: aerospike.GeoJSON(WRONG),
        "Geospatial data should be a dictionary or raw GeoJSON string",
    ),
    "GeoJSON text": (
        lambda _: aerospike.GeoJSON("{"),
        "String is not GeoJSON serializable -> Unable to load GeoJSON",
    ),
    "geodata": (
        lambda _: aerospike.geodata(WRONG),
        "The geospatial data should be a dictionary",
    ),
    "geojson": (
        lambda _: aerospike.geojson(WRONG),
        "The geospatial data should be a GeoJSON string",
    ),
    "GeoJSON.loads": (
        lambda _: aerospike.GeoJSON({}).loads(WRONG),
        "Argument should be a GeoJSON string",
    ),
    "GeoJSON.dumps": (
        lambda _: aerospike.GeoJSON({"a": {1}}).dumps(),
        "Unable to call dumps function",
    ),
    "increment": (
        lambda c: c.increment(KEY, "n", "1"),
        "Unsupported operand type(s) for +: only 'int' allowed",
    ),
    "second predicate": (
        lambda c: c.query(NS, SET).where(P.equals("a", 1)).where(P.equals("a", 1)),
        "Failed to add predicate",
    ),
    "partition filter": (
        lambda c: c.query(NS, SET).results({"partition_filter": 5}),
        "invalid partition_filter policy, partition_filter must be a dict",
    ),
    "node of a scan": (
        lambda c: c.scan(NS, SET).results(nodename=5),
        "nodename must be a string",
    ),
    "options of a query": (
        lambda c: c.query(NS, SET).results(options=5),
        "query options must be a dictionary",
    ),
    "background work": (
        lambda c: c.query(NS, SET).execute_background(),
        "Background function or ops is required",
    ),
    "nanoseconds": (
        lambda c: c.truncate(NS, SET, -1),
        "Nanoseconds must be a positive value",
    ),
    "records of a batch": (
        lambda c: c.batch_write(BatchRecords(WRONG)),
        "batch_records must be a list of BatchRecord",
    ),
    "node": (
        lambda c: c.info_single_node("build", "nobody"),
        "Could not get node with name nobody.",
    ),
    "serializer": (
        lambda _: aerospike.set_serializer(WRONG),
        "Parameter must be a callable",
    ),
    "namespace": (lambda c: c.query(5), "Namespace should be a string"),
    "set": (lambda c: c.query(NS, 5), "Set should be string, unicode or None"),
    "index bin": (
        lambda c: c.index_integer_create(NS, SET, 5, "i"),
        "Bin should be a string",
    ),
    "index name": (
        lambda c: c.index_integer_create(NS, SET, "n", 5),
        "Index name should be string or unicode",
    ),
    "hosts": (lambda _: aerospike.client({"hosts": 5}), "Hosts must be a list"),
    "host": (lambda _: aerospike.client({"hosts": [5]}), "Invalid host"),
    "config": (lambda _: aerospike.client(WRONG), "Config must be a dict"),
    "no config": (
        lambda _: aerospike.client(),  # type: ignore[call-arg]
        "No config argument",
    ),
    "no config for the class": (
        lambda _: aerospike.Client(),  # type: ignore[call-arg]
        "No config argument",
    ),
    "validate_keys": (
        lambda _: aerospike.client({"validate_keys": 5}),
        'config["validate_keys"] must be a boolean',
    ),
}


@pytest.mark.parametrize(("call", "msg"), MSG.values(), ids=MSG)
def test_short_text_is_that_of_other_clients(client, call, msg):
    error = error_of(lambda: call(client))
    assert error.msg == error.args[1] == msg
    assert error.detail
    assert f"{msg.rstrip('.')}: {error.detail}" in str(error)


INHERITED: dict[str, Callable[[Any], Any]] = {
    "Query.paginate": lambda c: c.query(NS).paginate,
    "Query.select": lambda c: c.query(NS).select,
    "Scan.is_done": lambda c: c.scan(NS).is_done,
    "IntBin.__init__": lambda _: exp.IntBin,
    "KeyStr.__init__": lambda _: exp.KeyStr,
    "LoopVarMap.__init__": lambda _: exp.LoopVarMap,
    "And.__init__": lambda _: exp.And,
    "Add.__init__": lambda _: exp.Add,
}


@pytest.mark.parametrize("name", INHERITED)
def test_wrong_arguments_name_the_class_that_users_know(client, name):
    with pytest.raises(TypeError, match=rf"^{re.escape(name)}\(\) "):
        INHERITED[name](client)(odd=5)


def test_refusal_by_a_server_is_host_and_symbol(client):
    error = error_of(lambda: client.get((NS, SET, "nobody")))
    assert error.msg == f"{error.host} AEROSPIKE_ERR_RECORD_NOT_FOUND"


@pytest.mark.parametrize("args", [(), (WRONG, WRONG)])
def test_configuration_that_is_missing_has_a_type_error_behind_it(args):
    error = error_of(lambda: aerospike.client(*args))
    assert error.msg == "No config argument"
    assert type(error.__context__) is type(error.__cause__) is TypeError


@pytest.mark.parametrize("call", [MSG["integer"][0], MSG["namespace"][0]])
def test_error_knows_the_place_that_noticed(client, call):
    error = error_of(lambda: call(client))
    assert str(error.file).endswith(("values/encode.c", "aerospike/_query.py"))
    assert error.line


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.get((NS, SET, "secret")),
        lambda c: c.increment((NS, SET, "secret"), "s", "x"),
        lambda c: c.get_many([("nowhere", SET, "secret")]),
    ],
)
def test_keys_can_be_hidden(make_client, call):
    hiding = make_client(error_keys=False)
    error = error_of(lambda: call(hiding))
    assert "secret" not in str(error)
    assert error.key[2] is None
    assert len(error.key[3]) == 20
