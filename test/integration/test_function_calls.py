"""Functions in Lua that are called on records: apply(), batch_apply() and `Apply`."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, KeyOrderedDict, exception
from aerospike_helpers import HyperLogLog
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import Apply, BatchRecords, Read
from aerospike_helpers.operations import hll_operations, operations

from ..children import run_script
from ..lua_modules import registered

SOURCE = """\
function same(rec, x)
  return x
end
function kind(rec, x)
  return type(x)
end
function count(rec, ...)
  return select("#", ...)
end
function particle(rec, x)
  return bytes.get_type(x)
end
function read(rec, bin)
  return rec[bin]
end
function store(rec, x)
  rec["v"] = x
  if aerospike:exists(rec) then
    return aerospike:update(rec)
  end
  return aerospike:create(rec)
end
function many()
  return 1, 2
end
function nothing()
end
function a_table()
  return {1}
end
function long(rec, n)
  return string.rep("x", n)
end
function not_utf8()
  return "\\xff"
end
function fail()
  error("boom")
end
function fail_with_nothing()
  error()
end
function index_nothing(rec)
  return rec.missing.more
end
function add(rec, n)
  return n + 1
end
function forbidden(rec)
  rec["v"] = {}
  return aerospike:update(rec)
end
function too_big(rec)
  rec["v"] = string.rep("x", 2000000)
  return aerospike:update(rec)
end
function store_and_fail(rec)
  rec["v"] = 1
  aerospike:update(rec)
  error("boom")
end
"""
POINT = GeoJSON({"type": "Point", "coordinates": [1.0, 2.0]})


@pytest.fixture(scope="module")
def module(client, tmp_path_factory):
    """The name of a registered module, as calls take it."""
    with registered(client, tmp_path_factory.mktemp("lua"), SOURCE) as name:
        yield name


def by_apply(client, key, *call):
    return client.apply(key, *call)


def by_batch_apply(client, key, *call):
    (record,) = client.batch_apply([key], *call).batch_records
    assert record.result == 0, record.message
    return record.record[2]["SUCCESS"]


def by_apply_row(client, key, *call):
    batch = client.batch_write(BatchRecords([Apply(key, *call)]))
    assert batch.result == 0, batch.batch_records
    return batch.batch_records[0].record[2]["SUCCESS"]


WAYS = pytest.mark.parametrize("call", [by_apply, by_batch_apply, by_apply_row])


class Own:
    """A class that no configuration names."""


# --- values ---

VALUES: list[Any] = [
    *(0, 1, -1, 127, 128, 2**31, 2**32, 2**63 - 1, -(2**63)),
    *(0.0, 1.5, 1e308, math.inf, -math.inf, True, False, None),
    *("", "x", "ä", "\U0001f600", "x" * 70_000, b"", b"\0\xff", b"x" * 70_000),
    *([], [1, [2, [3, []]]], [None, True, 1.5, b"x", "x"], list(range(1000))),
    *({}, {"a": [1, b"x", 2.5], 2: {}, b"k": None}, {"": 1}),
    *(KeyOrderedDict({"b": 1, "a": {"z": 1}}), [KeyOrderedDict({"b": 1})]),
    *(POINT, [POINT], {"p": POINT}),
]


def same(value: Any) -> Any:
    """What tells a value from others: types, and what GeoJSON says."""
    if isinstance(value, list):
        return list, [same(item) for item in value]
    if isinstance(value, dict):
        pairs = value.items()
        return type(value), {key: (type(key), same(item)) for key, item in pairs}
    return type(value), value.unwrap() if isinstance(value, GeoJSON) else value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
@WAYS
def test_values_go_both_ways(client, key, module, call, value):
    client.put(key, {"a": 1})
    assert same(call(client, key, module, "same", [value])) == same(value)
    assert call(client, key, module, "count", [value, value, 1]) == 3
    assert call(client, key, module, "store", [value]) == 0
    assert same(client.get(key)[2].get("v")) == same(value)
    assert same(call(client, key, module, "read", ["v"])) == same(value)


@WAYS
def test_nan_and_minus_zero(client, key, module, call):
    assert math.isnan(call(client, key, module, "same", [math.nan]))
    assert math.copysign(1, call(client, key, module, "same", [-0.0])) == -1


OTHER_TYPES = [
    (bytearray(b"\0x"), b"\0x", b"\0x"),
    (memoryview(b"x"), b"x", b"x"),
    ([(1, 2)], [(1, 2)], [(1, 2)]),
    ({"a": {1, 2}}, {"a": {1, 2}}, {"a": {1, 2}}),
]


@pytest.mark.parametrize(("value", "returned", "stored"), OTHER_TYPES)
def test_values_that_come_back_as_others(client, key, module, value, returned, stored):
    client.put(key, {"a": 1})
    assert same(client.apply(key, module, "same", [value])) == same(returned)
    client.apply(key, module, "store", [value])
    assert same(client.get(key)[2]["v"]) == same(stored)


@pytest.mark.parametrize("value", [(1, 2), {1, 2}, frozenset([1]), 1 + 2j])
def test_what_is_pickled_is_bytes_for_a_function(client, key, module, value):
    client.put(key, {"a": 1})
    assert client.apply(key, module, "kind", [value]) == "userdata"
    assert isinstance(client.apply(key, module, "same", [value]), bytes)
    client.apply(key, module, "store", [value])
    assert same(client.get(key)[2]["v"]) == same(value)


def test_a_serializer_is_followed(make_client, key, module):
    client = make_client(serialization=(lambda value: repr(value).encode(), None))
    client.put(key, {"a": 1})
    assert client.apply(key, module, "same", [{1}]) == b"{1}"
    assert client.batch_apply([key], module, "same", [{1}]).batch_records[0].record[
        2
    ] == {"SUCCESS": b"{1}"}


@WAYS
@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (2**63, r"args\[1\]"),
        ([{"a": -(2**63) - 1}], r"args\[1\]\[0\]\['a'\]"),
        ({1.5: 1}, "map key must be"),
        ([KeyOrderedDict({1.5: 1})], "map key must be"),
        ({None: 1}, "map key must be"),
        ({True: 1}, "map key must be"),
        (Own(), "pickle_classes"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_arguments_that_cannot_be_sent(client, key, call, argument, text):
    """A server that finds a float as a key of a map drops all arguments."""
    with pytest.raises(exception.ParamError, match=text):
        call(client, key, "module", "same", [1, argument])


def test_strings_that_utf8_lacks(client, key):
    with pytest.raises(exception.ClientError, match="surrogate"):
        client.apply(key, "module", "same", ["\ud800"])


def test_a_sketch_stays_one_in_bins(client, key, module):
    client.operate(key, [hll_operations.hll_add("h", ["a"], 8)])
    sketch = client.get(key)[2]["h"]
    assert same(client.apply(key, module, "read", ["h"])) == same(bytes(sketch))
    client.apply(key, module, "store", [sketch])
    assert same(client.get(key)[2]["v"]) == same(sketch)
    assert isinstance(sketch, HyperLogLog)


def test_a_bin_that_is_not_there_is_none(client, key, module):
    client.put(key, {"a": 1})
    assert client.apply(key, module, "read", ["nope"]) is None


@WAYS
@pytest.mark.parametrize(
    ("function", "arguments", "value"),
    [
        *(("many", [], 1), ("nothing", [], None), ("a_table", [], None)),
        *(("count", [], 0), ("count", [None], 1), ("count", [None, 1, None], 3)),
        *(("count", list(range(100)), 100), ("long", [300_000], "x" * 300_000)),
        ("not_utf8", [], "\udcff"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_functions_return(client, key, module, call, function, arguments, value):
    assert call(client, key, module, function, arguments) == value


@WAYS
def test_the_record_need_not_exist(client, key, module, call):
    assert call(client, key, module, "same", [7]) == 7
    assert client.exists(key)[1] is None
    assert call(client, key, module, "store", [7]) == 0
    assert client.get(key)[2] == {"v": 7}


@WAYS
def test_arguments_may_be_a_tuple(client, key, module, call):
    assert call(client, key, module, "same", ([1],)) == [1]
    assert call(client, key, module, "count", ()) == 0


class Lying(tuple[Any, ...]):
    """A tuple whose class tells another story."""

    def __len__(self):
        return 2**40

    def __iter__(self):
        raise ZeroDivisionError


def test_a_tuple_counts_as_it_is(client, key, module):
    assert client.apply(key, module, "count", Lying([1, 2])) == 2


# --- policies ---


def test_a_policy_is_followed(client, key, module):
    client.put(key, {"a": 1})
    unfit = {"expressions": exp.Eq(exp.IntBin("a"), 2).compile()}
    with pytest.raises(exception.FilteredOut):
        client.apply(key, module, "same", [1], policy=unfit)
    send = {"key": aerospike.POLICY_KEY_SEND, "total_timeout": 5000, "ttl": 777}
    assert client.apply(key, module, "store", [1], send) == 0
    ((_, _, user_key, _), meta, _) = client.get(key, {"key": aerospike.POLICY_KEY_SEND})
    assert user_key == key[2]
    assert 770 <= meta["ttl"] <= 777


def test_rows_have_policies_of_their_own(client, key, module):
    client.put(key, {"a": 1})
    unfit = {"expressions": exp.Eq(exp.IntBin("a"), 2).compile()}
    batch = client.batch_apply([key], module, "same", [1], None, unfit)
    assert [row.result for row in batch.batch_records] == [27]
    rows: Any = [
        Apply(key, module, "store", [5], unfit),
        Apply(key, module, "store", [6]),
        Read(key, [operations.read("v")]),
    ]
    client.batch_write(BatchRecords(rows))
    assert [row.result for row in rows] == [27, 0, 0]
    assert rows[2].record[2] == {"v": 6}


# --- failures ---

FAILURES = [
    ("fail", [], r"\.lua:\d+: boom"),
    ("fail_with_nothing", [], "result value type unexpected"),
    ("index_nothing", [], r"\.lua:\d+: attempt to index a nil value"),
    ("add", [], r"\.lua:\d+: attempt to perform arithmetic on a nil value"),
    ("add", ["x"], r"\.lua:\d+: attempt to "),
    ("forbidden", [], r"can't set bin v to unsupported type"),
    ("missing", [], "function not found"),
    ("", [], "function not found"),
]


@pytest.mark.parametrize(("function", "arguments", "text"), FAILURES)
def test_a_function_that_fails(client, key, module, function, arguments, text):
    client.put(key, {"a": 1})
    with pytest.raises(exception.UDFError, match=text) as caught:
        client.apply(key, module, function, arguments)
    error = caught.value
    assert (error.code, error.in_doubt) == (100, False)
    assert (error.module, error.func) == (module, function)
    assert (error.key, error.bin) == (key, None)
    # as other clients say it: the host, and what the server said
    assert str(error.msg).startswith(f"{error.host} ")
    assert client.get(key)[2] == {"a": 1}


@pytest.mark.parametrize(("function", "arguments", "text"), FAILURES)
def test_rows_whose_functions_fail(client, key, module, function, arguments, text):
    client.put(key, {"a": 1})
    rows: Any = [
        Apply(key, module, function, arguments),
        Read(key, None, read_all_bins=True),
    ]
    batch = client.batch_write(BatchRecords(rows))
    batch_too = client.batch_apply([key], module, function, arguments)
    assert (batch.result, batch_too.result) == (-16, -16)
    for row in (rows[0], batch_too.batch_records[0]):
        assert (row.result, row.record, row.in_doubt) == (100, None, False)
        assert re.search(text, row.message)
    assert rows[1].record[2] == {"a": 1}


def test_a_module_that_is_not_there(client, key, module):
    client.put(key, {"a": 1})
    for name in ("nothing", f"{module}.lua", ""):
        with pytest.raises(exception.UDFError, match="udf_list") as caught:
            client.apply(key, name, "same", [])
        assert (caught.value.module, caught.value.func) == (name, "same")


def test_a_function_that_fails_changes_nothing(client, key, module):
    client.put(key, {"a": 1})
    with pytest.raises(exception.UDFError, match="boom"):
        client.apply(key, module, "store_and_fail", [])
    with pytest.raises(exception.RecordTooBig):
        client.apply(key, module, "too_big", [])
    assert client.get(key)[2] == {"a": 1}


def test_what_a_server_refuses(client, module):
    with pytest.raises(exception.NamespaceNotFound):
        client.apply(("nowhere", "s", 1), module, "same", [])
    with pytest.raises(exception.InvalidRequest):
        client.apply(("test", "s", 1), "x" * 200, "same", [])


# --- processes ---

FORKS = """
module = sys.argv[2]
client = aerospike.client({"hosts": hosts} | PATIENT)
client.apply(KEY, module, "store", [0])
children = []
for i in range(4):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for n in range(50):
                assert client.apply(KEY, module, "same", [[n, i]]) == [n, i]
            try:
                client.apply(KEY, module, "fail", [])
            except exception.UDFError as error:
                assert "boom" in str(error)
                status = 0
        finally:
            os._exit(status)
    children.append(pid)
for n in range(50):
    assert client.apply(KEY, module, "same", [n]) == n
print([os.waitpid(pid, 0)[1] for pid in children])
client.remove(KEY)
"""


def test_functions_are_called_in_parent_and_children(hosts, module):
    assert run_script(FORKS, hosts, module) == "[0, 0, 0, 0]\n"
