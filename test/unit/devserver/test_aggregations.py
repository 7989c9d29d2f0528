"""Aggregations: a function in Lua over the records of a query, on each node."""

import contextlib
import itertools
import os
import struct

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.handlers.query import aggregation

from ...waiting import LATE_S, until
from .functions import AGGREGATE, function, register, unregister
from .packing import Raw, pack
from .querying import ALL, Shelf, span
from .rawwire import (
    BLOB,
    BOOL,
    FLOAT,
    GEO,
    INT,
    LIST,
    MAP,
    NULL,
    PARTITION_DONE,
    READ,
    STRING,
    Connection,
    Row,
    f64,
    i64,
    message,
    parse_rows,
    proto,
    put_int,
)

SHORT = 0x04
FILTER = (43, pack([3, [81, 2, Raw(b"\xa1a")], 3]))
MODULE = """
local function one(r) return 1 end
local function add(a, b) return a + b end
local function a(r) return r.a end
local function each(f) return function(s) return s : map(f) end end

function count(s) return s : map(one) : reduce(add) end
function values(s) return s : map(a) end
function plain(s) return s end
function zero_passes(s) return s : filter(function(r) return 0 end) : map(a) end
function large(s) return s : filter(function(r) return r.a > 3 end) : map(a) end
function sum(s, start) return s : map(a) : aggregate(start, add) end
function groups(s) return s : map(a) : groupby(function(v) return v % 2 end) end
function record_groups(s) return s : groupby(one) end
function late(s) return s : map(a) : reduce(add) : map(function(v) return -v end) end
function until_three(s)
    return s : map(function(r) if r.a ~= 3 then return r.a end end)
end
function sum_until_three(s) return until_three(s) : reduce(add) end
function some_tables(s)
    return s : map(function(r) if r.a == 3 then return {} end return r.a end)
end
function through_tables(s)
    return s : map(function(r) return {r.a} end) : map(function(t) return t[1] end)
end
function with_the_first(s)
    local first
    return s : map(function(r) first = first or r return first.a * 100 + r.a end)
end
function tables(s) return s : map(function(r) return {1} end) end
function arguments(s, ...)
    local shown = tostring(select("#", ...)) .. tostring(list{...})
    return s : map(function(r) return shown end)
end
local made = {
    [0] = 1.5, [1] = "x", [2] = true, [3] = list{1, "x", map{a = 1}}, [4] = map{k = 1.5}
}
function kinds(s)
    return s : map(function(r)
        if r.a == 5 then
            local b = bytes(1)
            bytes.append_byte(b, 7)
            return b
        end
        return made[r.a]
    end)
end
function geo(s) return s : map(function(r) return geojson('{"type":"Point"}') end) end

exists = each(function(r) return aerospike:exists(r) end)
update = each(function(r) r.a = 77 return aerospike:update(r) end)
remove = each(function(r) return aerospike:remove(r) end)
create = each(function(r) return aerospike:create(r) end)
assigned = each(function(r) r.b = 5 return r.b end)
ttl = each(function(r) return record.ttl(r) end)
gen = each(function(r) return record.gen(r) end)
setname = each(function(r) return record.setname(r) end)
digest = each(function(r) return record.digest(r) end)
key = each(function(r) return record.key(r) or "none" end)
now = each(function(r) return aerospike:get_current_time() end)
numbins = each(function(r) return record.numbins(r) end)

function on_stream(s) return aerospike:update(s) end
function early(s) error("early") end
function nothing(s) end
function number(s) return 5 end
function without_text(s) error() end
boom = each(function(r) error("boom") end)
boom_at_three = each(function(r) if r.a == 3 then error("three") end return r.a end)
is_nil = each(function(r) return nothere(r) end)
forever = each(function(r) while true do end end)
function forever_caught(s)
    while true do
        pcall(function() while true do end end)
    end
end
forever_in_coroutine = each(coroutine.wrap(function() while true do end end))
blobs = each(function(r) return string.rep("x", 200000) end)
local function wait()
    local start = os.clock()
    while os.clock() - start < 0.02 do end
end
slow = each(function(r) wait() return r.a end)
function slow_and_silent(s) return s : filter(function(r) wait() return false end) end
"""


@pytest.fixture
def module(connection):
    made = register(connection, MODULE)
    yield made
    unregister(connection, made)


class Sums(Shelf):
    """A shelf with a module of functions. Each record has a partition of its own."""

    def __init__(self, connection, module):
        super().__init__(connection)
        self.module = module

    def digest_of(self, label):
        partition = struct.pack("<H", len(self.digests))
        return self.digests.setdefault(label, partition + os.urandom(18))

    def ask(self, name, *fields, args=(), info=(READ, 0, PARTITION_DONE), **options):
        """The messages of an aggregation's reply."""
        named = function(AGGREGATE, self.module, name.encode(), *args)
        return self.rows(*named, *fields, info=info, partitions=(), **options)

    def values(self, name, *fields, **options):
        """What comes out, as particle types and values; sorted."""
        *rows, last = self.ask(name, *fields, **options)
        assert (last.info3, last.result, last.ops) == (1, 0, [])
        assert all((row.info3, row.result, row.fields) == (0, 0, {}) for row in rows)
        assert all(op[:2] == (1, b"SUCCESS") for row in rows for op in row.ops)
        return sorted((op[2], op[3]) for row in rows for op in row.ops)

    def failure(self, name, *fields, **options):
        """The text of a failure, which a real server may find several times."""
        *rows, last = self.ask(name, *fields, **options)
        assert (last.info3, last.result, last.ops) == (1, 1, [])
        (op,) = {op for row in rows for op in row.ops if op[1] == b"FAILURE"}
        assert (op[0], op[2]) == (1, STRING)
        return op[3].decode()

    def in_one_partition(self, count):
        """Records with a = 0 ... of one partition."""
        for label in range(count):
            self.digests[label] = b"\x05\0" + os.urandom(18)
        self.fill({label: {b"a": label} for label in range(count)})


@pytest.fixture
def sums(connection, module):
    """Records with a = 0 ... 5, which are their labels too."""
    made = Sums(connection, module)
    made.fill({i: {b"a": i} for i in range(6)})
    yield made
    made.clear()


@pytest.fixture
def empty(connection, module):
    made = Sums(connection, module)
    yield made
    made.clear()


def ints(*numbers):
    return sorted((INT, i64(number)) for number in numbers)


def total(values):
    """The sum of integers, which the client would reduce."""
    assert {kind for kind, _ in values} <= {INT}
    return sum(struct.unpack(">q", value)[0] for _, value in values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("values", ints(0, 1, 2, 3, 4, 5)),
        ("zero_passes", ints(0, 1, 2, 3, 4, 5)),
        ("large", ints(4, 5)),
        ("plain", [(NULL, b"")] * 6),
        ("late", ints(0, 1, 2, 3, 4, 5)),
        ("tables", []),
        ("some_tables", ints(0, 1, 2, 4, 5)),
        ("through_tables", ints(0, 1, 2, 3, 4, 5)),
        ("geo", [(GEO, b'\0\0\0{"type":"Point"}')] * 6),
        ("exists", [(BOOL, b"\1")] * 6),
        ("ttl", ints(0, 0, 0, 0, 0, 0)),
        ("gen", ints(1, 1, 1, 1, 1, 1)),
        ("numbins", ints(1, 1, 1, 1, 1, 1)),
        ("key", [(STRING, b"none")] * 6),
        ("now", ints(0, 0, 0, 0, 0, 0)),
        ("arguments", [(STRING, b"0[]")] * 6),
        ("record_groups", [(MAP, b"\x81\x01\x90")] * 6),
        (
            "groups",
            [
                *[(MAP, b"\x81\0\x91%c" % value) for value in (0, 2, 4)],
                *[(MAP, b"\x81\1\x91%c" % value) for value in (1, 3, 5)],
            ],
        ),
        (
            "kinds",
            [
                (FLOAT, f64(1.5)),
                (STRING, b"x"),
                (BLOB, b"\7"),
                (BOOL, b"\1"),
                (MAP, b"\x81\xa2\3k\xcb" + f64(1.5)),
                (LIST, b"\x93\1\xa2\3x\x81\xa2\3a\1"),
            ],
        ),
    ],
)
def test_function_gives_values(sums, name, values):
    """A function gets one record at a time, as each has a partition of its own."""
    assert sums.values(name) == values


def test_function_sees_the_record(sums):
    digests = sorted((BLOB, digest) for digest in sums.digests.values())
    assert sums.values("digest") == digests
    assert sums.values("setname") == [(STRING, sums.set_name)] * 6


def test_records_of_a_partition_are_a_slice(empty):
    empty.in_one_partition(5)
    assert empty.values("count") == ints(5)
    assert empty.values("sum", args=[0]) == ints(10)
    assert empty.values("late") == ints(10)


def test_number_from_1000_on_is_emitted_at_once(empty):
    empty.in_one_partition(5)
    assert empty.values("sum", args=[2000]) == ints(2000, 2000, 2001, 2002, 2003, 2004)


def test_nil_ends_a_slice(empty):
    empty.in_one_partition(6)
    order = sorted(empty.digests, key=empty.digests.__getitem__, reverse=True)
    before = order[: order.index(3)]
    assert empty.values("until_three") == ints(*before)
    assert empty.values("sum_until_three") == ints(*[sum(before)] * bool(before))


def test_record_that_is_kept_shows_the_newest(empty):
    empty.in_one_partition(5)
    assert empty.values("with_the_first") == ints(0, 101, 202, 303, 404)


@pytest.mark.parametrize("name", ["update", "remove", "create"])
def test_records_of_a_stream_cannot_be_changed(sums, name):
    assert sums.values(name) == ints(1, 1, 1, 1, 1, 1)
    assert sums.values("values") == ints(0, 1, 2, 3, 4, 5)
    assert sums.values("gen") == ints(1, 1, 1, 1, 1, 1)
    assert sums.values("assigned") == []


def test_index_and_namespace_choose_records(sums):
    sums.index("bin=a;type=numeric")
    assert sums.values("values", span(b"a", 1, 3)) == ints(1, 2, 3)
    assert sums.values("values", span(b"a", 9, 10)) == []
    assert set(sums.values("gen", (1, b""))) >= set(ints(1))


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        ([7, "x", 2.5], '3[7, "x", 2.5]'),
        ([True, [1, "y"], {"k": 1}], '3[true, [1, "y"], {"k":1}]'),
        ([b"\1\2"], "1[01 02]"),
    ],
)
def test_function_gets_its_arguments(empty, args, shown):
    empty.fill({1: {b"a": 1}})
    assert empty.values("arguments", args=args) == [(STRING, shown.encode())]


@pytest.mark.parametrize("args", [b"", b"\5", b"\x80", b"\xc1"])
def test_arguments_that_are_no_list_are_none(empty, args):
    empty.fill({1: {b"a": 1}})
    named = function(AGGREGATE, empty.module, b"arguments")[:-1]
    row, last = empty.rows(*named, (32, args), partitions=())
    assert row.ops == [(1, b"SUCCESS", STRING, b"0[]")]
    assert last.result == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("early", ": early"),
        ("boom", ": boom"),
        ("boom_at_three", ": three"),
        ("nothing", "Error 2 : "),
        ("number", "Error 2 : "),
        ("is_nil", "attempt to call a nil value (global 'nothere')"),
        ("missing", "Error 2 : function not found"),
        ("on_stream", "argument #1 to 'update' (Record expected, got table)"),
    ],
)
def test_failure_ends_the_stream_with_a_text(sums, name, text):
    found = sums.failure(name)
    assert found.startswith("UDF: Execution Error 2 : ")
    assert text in found


def test_failure_names_file_and_line(sums):
    line = 1 + MODULE.split("\n").index('function early(s) error("early") end')
    assert f"{sums.module.decode()}.lua:{line}: early" in sums.failure("early")


def test_failure_without_a_text_has_none(sums):
    assert sums.failure("without_text") == "UDF: Execution Error 2"


def test_module_that_is_not_registered_fails(sums):
    sums.module = b"nosuchmodule"
    assert sums.failure("count") == "UDF: Execution Error 1"


def test_no_record_means_no_call(sums):
    for label in list(sums.digests):
        sums.delete(label)
    assert sums.values("early") == []
    sums.module = b"nosuchmodule"
    assert sums.values("count") == []


@pytest.mark.parametrize(
    ("changes", "options", "result"),
    [
        ({43: FILTER[1]}, {}, 16),
        ({43: b"\5"}, {}, 16),
        ({43: FILTER[1], 1: b"s" * 64}, {}, 16),
        ({43: FILTER[1]}, {"info": (SHORT, 0, PARTITION_DONE)}, 4),
        ({}, {"info": (READ | SHORT, 0, PARTITION_DONE)}, 4),
        ({0: b"nosuch"}, {}, 20),
        ({0: b"nosuch", 31: None}, {}, 20),
        ({1: b"nosuch"}, {}, 2),
        ({1: b"nosuch", 31: None}, {}, 2),
        ({1: b"nosuch", 33: b"\4"}, {}, 4),
        ({1: b"nosuch", 22: span(b"a", 3, 1)[1]}, {}, 4),
        ({1: b"s" * 64}, {}, 4),
        ({22: span(b"zz", 1, 2)[1]}, {}, 201),
        ({22: span(b"zz", 1, 2)[1], 31: None}, {}, 201),
        ({33: None}, {}, 4),
        ({33: b"\0"}, {}, 4),
        ({33: b"\3"}, {}, 4),
        ({33: b"\1\1"}, {}, 4),
        ({33: b""}, {}, 4),
        ({31: None}, {}, 4),
        ({32: None}, {}, 4),
        ({30: None}, {}, 16),
        ({30: b"m" * 128}, {}, 4),
        ({31: b"f" * 128}, {}, 4),
        ({10: b"\1"}, {}, 4),
        ({9: b"\1"}, {}, 4),
    ],
)
def test_aggregation_is_refused(sums, changes, options, result):
    fields = {0: b"test", 1: sums.set_name, 7: os.urandom(8)}
    fields |= dict(function(AGGREGATE, sums.module, b"count"))
    fields |= changes
    given = [(kind, data) for kind, data in fields.items() if data is not None]
    info = options.get("info", (READ, 0, PARTITION_DONE))
    (only,) = sums.connection.stream(message(info, given))
    assert (only.info3, only.result) == (0, result)


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ([ALL], {}),
        ([(11, b"\1\0\1\0")], {}),
        ([(12, b"\3" * 20)], {}),
        ([(13, struct.pack(">Q", 2))], {}),
        ([(40, b"\1\1b")], {}),
        ([(7, b"\1")], {}),
        ([], {"ops": [put_int(b"a", 3)]}),
        ([], {"info": (0, 0, 0)}),
        ([], {"info": (READ, 0x11, 0)}),
    ],
)
def test_what_only_other_queries_have_means_nothing(sums, fields, options):
    assert sums.values("values", *fields, **options) == ints(0, 1, 2, 3, 4, 5)


def test_query_without_a_module_is_a_query(sums):
    assert sums.labels((33, b"\1")) == [0, 1, 2, 3, 4, 5]


# Jobs


def job_of(connection, task):
    """What a node tells of a job, by key."""
    (text,) = connection.info(f"query-show:id={int.from_bytes(task, 'big')}")
    return dict(pair.split("=") for pair in text.split(":"))


def done(connection, task):
    """The same once it has ended."""
    until(lambda: job_of(connection, task)["status"].startswith("done"))
    return job_of(connection, task)


def test_aggregation_tells_of_itself(sums):
    task = os.urandom(8)
    sums.index("bin=a;type=numeric")
    sums.values("count", span(b"a", 1, 3), (7, task), (9, struct.pack(">I", 5000)))
    shown = job_of(sums.connection, task)
    port = sums.connection.sock.getsockname()[1]
    expected = {
        "trid": str(int.from_bytes(task, "big")),
        "ns": "test",
        "set": sums.set_name.decode(),
        "sindex-name": sums.indexes[0],
        "rps": "0",
        "active-threads": "0",
        "status": "done(ok)",
        "job-progress": "100.00",
        "recs-throttled": "0",
        "recs-filtered-meta": "0",
        "recs-filtered-bins": "0",
        "recs-succeeded": "3",
        "recs-failed": "0",
        "from": f"127.0.0.1+{port}",
        "job-type": "aggregation",
        "net-io-time": "0",
        "socket-timeout": "5000",
    }
    varying = {"run-time", "time-since-done", "net-io-bytes"}
    assert {key: shown[key] for key in shown if key not in varying} == expected
    assert sums.ask("count", (7, task))[0].result == 4


def test_failed_aggregation_tells_so(sums):
    task = os.urandom(8)
    sums.failure("boom", (7, task))
    assert job_of(sums.connection, task)["status"] == "done(abandoned-unknown)"


def test_aggregation_is_aborted(sums):
    sums.fill({i: {b"a": i} for i in range(6, 300)})
    task = os.urandom(8)
    number = int.from_bytes(task, "big")
    with Connection(*sums.connection.sock.getpeername()) as other:
        named = function(AGGREGATE, sums.module, b"slow")
        fields = sums.fields((7, task), *named)
        other.send(proto(3, message((READ, 0, PARTITION_DONE), fields)))
        until(lambda: sums.connection.info(f"query-abort:id={number}") == ["ok"])
        rows: list[Row] = []
        while not rows or rows[-1].info3 != 1:
            rows += parse_rows(other.receive_frame()[1])
    assert rows[-1].result == 15
    assert len(rows) < 300
    assert done(sums.connection, task)["status"] == "done(user-aborted)"


def test_client_that_hangs_up_ends_the_work(sums):
    sums.fill({i: {b"a": i} for i in range(6, 300)})
    task = os.urandom(8)
    with Connection(*sums.connection.sock.getpeername()) as other:
        fields = sums.fields((7, task), *function(AGGREGATE, sums.module, b"slow"))
        other.send(proto(3, message((READ, 0, PARTITION_DONE), fields)))
        number = int.from_bytes(task, "big")
        shown = f"query-show:id={number}"
        until(lambda: "active(ok)" in sums.connection.info(shown)[0])
    shown = done(sums.connection, task)
    assert shown["status"] == "done(abandoned-response-error)"
    assert int(shown["recs-succeeded"]) < 300


# What only the development server promises


@contextlib.contextmanager
def server_of_functions(limit_s):
    """A development server that gives functions so many seconds."""
    with (
        DevCluster(udf_timeout=limit_s) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        made = Sums(connection, register(connection, MODULE))
        made.fill({i: {b"a": i} for i in range(6)})
        yield made


@pytest.fixture
def own():
    with server_of_functions(0.5) as made:
        yield made


@pytest.fixture
def patient():
    """Its functions may be slow where the machine is busy, but not for 12 seconds."""
    with server_of_functions(5) as made:
        yield made


@pytest.mark.parametrize("name", ["forever", "forever_caught", "forever_in_coroutine"])
def test_function_that_runs_away_is_stopped(own, name):
    task = os.urandom(8)
    body = bytearray(
        message(
            (READ, 0, PARTITION_DONE),
            own.fields((7, task), *function(AGGREGATE, own.module, name.encode())),
        )
    )
    body[14:18] = struct.pack(">I", 0)  # no timeout
    *_, row, last = own.connection.stream(bytes(body))
    assert last.result == 1
    assert b"0.5 s" in row.ops[0][3]
    shown = job_of(own.connection, task)
    assert shown["status"] == "done(abandoned-unknown)"
    assert 490 < int(shown["run-time"]) < 500 + 1000 * LATE_S
    assert own.values("values") == ints(0, 1, 2, 3, 4, 5)


def test_timeout_of_the_request_stops_a_function(own):
    fields = own.fields(
        (7, os.urandom(8)), *function(AGGREGATE, own.module, b"forever")
    )
    body = bytearray(message((READ, 0, PARTITION_DONE), fields))
    body[14:18] = struct.pack(">I", 50)
    row, last = own.connection.stream(bytes(body))
    assert last.result == 1
    assert b"0.03 s" in row.ops[0][3]


def test_time_of_a_function_is_that_of_one_record(monkeypatch):
    """However long it gives nothing: 150 records take 3 s."""
    monkeypatch.setattr(aggregation, "SLICE_S", 60)
    with server_of_functions(2) as own:
        own.in_one_partition(150)
        assert own.values("slow_and_silent") == []


@pytest.mark.parametrize("name", [b"slow", b"slow_and_silent"])
def test_long_aggregation_lets_others_have_their_turn(patient, name):
    """It takes 12 s of this process, more than a function may run for one record."""
    own = patient
    own.in_one_partition(600)
    task = os.urandom(8)
    number = int.from_bytes(task, "big")
    with Connection(*own.connection.sock.getpeername()) as other:
        fields = own.fields((7, task), *function(AGGREGATE, own.module, name))
        other.send(proto(3, message((READ, 0, PARTITION_DONE), fields)))
        until(lambda: "active(ok)" in own.connection.info(f"query-show:id={number}")[0])
        assert total(own.values("count")) == 606
        assert "active(ok)" in own.connection.info(f"query-show:id={number}")[0]


HOARDS = """
local kept = {}
function sizes(s) return s : map(function(r) return bytes.size(r.b) end) end
function keep(s)
    return s : map(function(r) kept[#kept + 1] = r.b return #kept end)
end
function build(s)
    return s : map(function(r) while true do kept[#kept + 1] = {} end end)
end
"""


@pytest.mark.parametrize("name", ["keep", "build"])
def test_function_has_so_much_memory(name):
    """What it reads counts while it is kept, and no longer."""
    size = 1 << 20
    with (
        DevCluster(udf_memory=10 * size) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        sums = Sums(connection, register(connection, HOARDS))
        sums.fill({i: {b"b": bytes(size - 1000)} for i in range(20)})
        assert sums.values("sizes") == ints(*[size - 1000] * 20)
        assert "more memory than it may have" in sums.failure(name)
        assert sums.values("sizes") == ints(*[size - 1000] * 20)


def test_each_node_gives_the_records_that_it_is_master_of():
    with DevCluster(nodes=3) as cluster:
        with Connection(*cluster.hosts[0]) as connection:
            sums = Sums(connection, register(connection, MODULE))
            sums.fill({i: {b"a": i} for i in range(100)})
        found = []
        for host in cluster.hosts:
            with Connection(*host) as sums.connection:
                found.append(sums.values("values"))
        assert sorted(itertools.chain(*found)) == ints(*range(100))
        assert all(found)
