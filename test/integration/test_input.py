"""Input that the client takes although it is unusual, and input that it refuses."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import _core, exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations as expressions
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

# wrong types are given on purpose
context: Any = cdt_ctx
op: Any = ops


@pytest.fixture
def put(client: Any, key: Any) -> Any:
    """The client, whose record has a bin of each kind."""
    client.put(key, {"n": 1, "s": "x", "m": {"a": 1}, "l": [1, [2]], "b": b"\x01\x02"})
    return client


# strict_types


CALLS: dict[str, Any] = {
    "append": lambda c, k: c.append(k, "s", 1),
    "append to an int": lambda c, k: c.append(k, "n", 1),
    "prepend": lambda c, k: c.prepend(k, "s", [1]),
    "increment": lambda c, k: c.increment(k, "n", "x"),
    "increment by a list": lambda c, k: c.increment(k, "n", [1]),
    "operation append": lambda c, k: c.operate(k, [op.append("s", 1)]),
    "operation increment": lambda c, k: c.operate(k, [op.increment("s", "z")]),
}


@pytest.mark.parametrize("name", CALLS)
def test_types_are_the_servers_business_without_strict_types(
    make_client, put, key, name
):
    with pytest.raises(exception.ParamError):
        CALLS[name](put, key)
    lenient = make_client(strict_types=False)
    with pytest.raises(exception.BinIncompatibleType):
        CALLS[name](lenient, key)


def test_names_and_codes_are_checked_without_strict_types(make_client, put, key):
    lenient = make_client(strict_types=False)
    with pytest.raises(exception.BinNameError):
        lenient.operate(key, [ops.read("a" * 16), ops.read("n")])
    with pytest.raises(exception.ParamError):
        lenient.operate(key, [{"op": 77, "bin": "n"}, ops.read("n")])


@pytest.mark.parametrize(
    "call",
    [
        lambda c, k: c.append(k, "s", aerospike.null()),
        lambda c, k: c.prepend(k, "s", aerospike.null),
        lambda c, k: c.increment(k, "n", aerospike.null()),
        lambda c, k: c.operate(k, [op.append("s", aerospike.null())]),
        lambda c, k: c.operate(k, [op.increment("n", aerospike.null())]),
    ],
)
def test_null_is_sent_and_the_server_refuses_it(put, key, call):
    with pytest.raises(exception.InvalidRequest) as caught:
        call(put, key)
    assert caught.value.host  # a server has said it


# meta


def test_meta_of_remove_is_not_checked(make_client, put, key):
    strict = make_client(validate_keys=True)
    with pytest.raises(exception.ParamError):
        strict.put(key, {"n": 1}, {"foo": 1})
    with pytest.warns(aerospike.AerospikeWarning, match="foo"):
        assert strict.remove(key, {"gen": 5, "foo": 1}) == 0


# contexts


@pytest.mark.parametrize(
    ("level", "wire"),
    [
        (cdt_ctx.cdt_ctx_list_index(True), "khAB"),
        (cdt_ctx.cdt_ctx_list_rank(False), "khEA"),
        (cdt_ctx.cdt_ctx_map_index(True), "kiAB"),
        (cdt_ctx.cdt_ctx_map_rank(True), "kiEB"),
        (cdt_ctx.cdt_ctx_list_value(True), "khPD"),
        (context.cdt_ctx_list_index_create(1, 0, 1), "ksyQAQ=="),
        (cdt_ctx.cdt_ctx_map_key_create("a", 9), "kmKiA2E="),
    ],
)
def test_wire_form_of_unusual_levels(client, level, wire):
    # as the official client writes them; True is a number where a number is wanted
    assert client.get_cdtctx_base64([level]) == wire


def test_bool_is_a_number_in_a_context(put, key):
    ctx = [cdt_ctx.cdt_ctx_list_index(True)]
    assert put.operate(key, [lists.list_get("l", 0, ctx)])[2] == {"l": 2}


@pytest.mark.parametrize(
    "level",
    [
        context.cdt_ctx_list_index_create(1, 0, "x"),
        context.cdt_ctx_list_index_create(1, 0, None),
        context.cdt_ctx_list_index_create(1, None, True),
        context.cdt_ctx_list_index_create(1, "x", True),
        context.cdt_ctx_map_key_create("a", None),
        context.cdt_ctx_map_key_create("a", "x"),
        cdt_ctx.cdt_ctx_map_key_create("a", 2**70),
    ],
)
def test_level_that_creates_wants_numbers(client, put, key, level):
    with pytest.raises(exception.ParamError, match="ctx"):
        client.get_cdtctx_base64([level])
    with pytest.raises(exception.ParamError, match="ctx"):
        put.operate(key, [lists.list_append("l", 1, ctx=[level])])


def test_words_of_index_types():
    numbers = (0, 1, 2, 3)
    words = ["default", "list", "mapkeys", "mapvalues"]
    assert [cdt_ctx.index_type_string(number) for number in numbers] == words
    datatypes = (
        aerospike.INDEX_STRING,
        aerospike.INDEX_NUMERIC,
        aerospike.INDEX_INTEGER,
        aerospike.INDEX_GEO2DSPHERE,
        aerospike.INDEX_BLOB,
    )
    words = ["string", "numeric", "numeric", "geo2dsphere", "blob"]
    assert [cdt_ctx.index_datatype_string(number) for number in datatypes] == words
    assert cdt_ctx.index_type_string(9) == cdt_ctx.index_datatype_string(9) == "invalid"


# operations


CREATE = {"op": aerospike.OP_LIST_CREATE, "bin": "new", "list_order": 0}


@pytest.mark.parametrize("name", ["pad", "persist_index"])
@pytest.mark.parametrize("value", [1, "x", None])
def test_list_create_wants_bools(put, key, name, value):
    with pytest.raises(exception.ParamError, match=name):
        put.operate(key, [{**CREATE, name: value}])
    put.operate(key, [{**CREATE, name: False}])
    assert put.select(key, ["new"])[2] == {"new": []}


def test_map_policy_wants_a_bool(put, key):
    with pytest.raises(exception.ParamError, match="persist_index"):
        put.operate(key, [maps.map_put("m", "b", 1, {"persist_index": "x"})])


def test_list_increment_wants_a_value(put, key):
    operation = {"op": aerospike.OP_LIST_INCREMENT, "bin": "l", "index": 0}
    with pytest.raises(exception.ParamError, match="val"):
        put.operate(key, [operation])
    assert put.operate(key, [{**operation, "val": 4}])[2] == {"l": 5}


def _value_of(put: Any, key: Any, expression: Any) -> Any:
    operation = expressions.expression_read("r", expression.compile())
    return put.operate(key, [operation])[2]["r"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (exp.BitResize(None, 3, None, "b"), b"\x01\x02\x00"),
        (exp.BitAdd(None, 0, 8, 1, None, "b"), b"\x02\x02"),
        (exp.BitInsert({"bit_write_flags": None}, 0, b"\x09", "b"), b"\x09\x01\x02"),
        (exp.BitInsert(None, 0, "a", "b"), b"a\x01\x02"),
        (exp.BitSet(None, 0, 8, "a", exp.BlobBin("b")), b"a\x02"),
        (exp.BitOr(None, 0, 8, "\xe4", "b"), b"\xc3\x02"),
    ],
    ids=str,
)
def test_flags_may_be_none_and_bytes_a_str(put, key, expression, value):
    assert _value_of(put, key, expression) == value


def test_flags_of_expression_operations_may_be_none(put, key):
    expression = exp.IntBin("n").compile()
    read: Any = expressions.expression_read
    write: Any = expressions.expression_write
    operations = [write("w", expression, None), read("r", expression, None)]
    assert put.operate(key, operations)[2] == {"w": None, "r": 1}


# a serializer


@pytest.mark.parametrize("value", ["x", 1.5, [1]])
def test_serializer_is_a_number(put, key, value):
    with pytest.raises(exception.ParamError, match="serializer"):
        put.put(key, {"n": 2}, serializer=value)
    assert put.put(key, {"n": 2}, serializer=9) == 0  # which nothing has asked for


# queries


@pytest.mark.parametrize("options", [5, "x", []])
def test_options_of_a_query_are_a_dict(client, options):
    query = client.query("test", "input")
    with pytest.raises(exception.ParamError, match="options"):
        query.results({}, options)
    with pytest.raises(exception.ParamError, match="options"):
        query.foreach(print, {}, options)


@pytest.mark.parametrize(
    "predicate",
    [
        (2,),
        (2, aerospike.INDEX_NUMERIC, "n", 1),
        (0, aerospike.INDEX_NUMERIC, "n"),
        ("x", aerospike.INDEX_NUMERIC, "n", 1),
        (0, "x", "n", 1),
        (0, 99, "n", 1),
        (0, -1, "n", 1),
        (1, aerospike.INDEX_NUMERIC, "n", 1),
        (0, aerospike.INDEX_NUMERIC, "n", 1, None, "x"),
    ],
    ids=str,
)
def test_malformed_predicate_is_refused_at_once(client, predicate):
    with pytest.raises(exception.ParamError, match="predicate is invalid"):
        client.query("test", "input").where(predicate)


# generations


@pytest.mark.parametrize("generation", [65536, -1, 2**40])
def test_generation_has_16_bits(put, key, generation):
    with pytest.raises(exception.ParamError, match="generation"):
        put.put(key, {"n": 1}, {"gen": generation})
    with pytest.raises(exception.ParamError, match="generation"):
        put.remove(key, {"gen": generation})
    assert put.put(key, {"n": 1}, {"gen": 65535}) == 0


# types


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("x", "scan"), TypeError),
        ((None, "scan"), TypeError),
        ((1.5, "scan"), TypeError),
        ((1, 5), TypeError),
        ((1, None), TypeError),
        ((1,), TypeError),
        ((1, "foo"), exception.ParamError),
        ((2**64, "scan"), exception.ParamError),
        ((-(2**63) - 1, "scan"), exception.ParamError),
    ],
)
def test_job_info_refuses(client, args, error):
    with pytest.raises(error):
        client.job_info(*args)


def test_a_log_line_that_is_no_utf8():
    lines: list[Any] = []
    aerospike.set_log_handler(lambda *line: lines.append(line[-1]))
    try:
        _core.write_log(aerospike.LOG_LEVEL_ERROR, b"node \xb5\xffx")
    finally:
        aerospike.set_log_handler(None)
    assert lines == [r"node \xb5\xffx"]


def test_log_functions_refuse():
    level: Any = aerospike.set_log_level
    handler: Any = aerospike.set_log_handler
    with pytest.raises(TypeError, match="loglevel"):
        level()
    with pytest.raises(TypeError, match="at most 1"):
        level(1, 1)
    with pytest.raises(exception.ParamError):
        level(2**70)
    with pytest.raises(TypeError, match="at most 1"):
        handler(None, None)
    with pytest.raises(TypeError, match="at most 1"):
        handler(None, callback=None)
