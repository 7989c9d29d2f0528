"""Calls, and what is left of them; runs in a process of its own.

Counted are Python's memory blocks, objects the collector knows, references to the
arguments, bytes in use by malloc, resident memory, open files and threads.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import aerospike
from aerospike import GeoJSON, KeyOrderedDict, exception, predicates
from aerospike.typing import Key
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import Apply, BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import operations as ops

from ..sanitizers import ADDRESS as SANITIZED
from ..waiting import NOWHERE, patient, until

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()

# a quick look; LEAK_CALLS=100000 for a thorough one, best on a real server
N_CALLS = int(os.environ.get("LEAK_CALLS", "100" if SANITIZED else "1000"))
N_LOCAL_CALLS = 2000 if SANITIZED else 30_000
calc_digest: Any = aerospike.calc_digest
KEY = ("test", "leaks", "key-" + "x" * 600)
MISSING = ("test", "leaks", "missing")
WHERE = predicates.equals("nope", 1)


# measures

MEASURES = "blocks, objects, malloc, resident"


class MallocInfo(ctypes.Structure):
    """What glibc tells of its main arena."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


def python_blocks() -> int:
    """Memory blocks of Python; 0 without the GIL. Who counts them there in CPython 3.13
    loses memory by that.
    """
    return sys.getallocatedblocks() if HAS_GIL else 0


def malloc_bytes() -> int:
    """Bytes that malloc has given out; 0 without glibc 2.33."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = MallocInfo
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)


def resident_bytes() -> int:
    """Memory of the process; 0 under ASan."""
    if SANITIZED:
        return 0
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measures() -> tuple[int, int, int, int]:
    gc.collect()
    return (
        python_blocks(),
        len(gc.get_objects()),
        malloc_bytes(),
        resident_bytes(),
    )


def n_files_and_threads() -> tuple[int, int]:
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def wait_until_none_are_left(before: tuple[int, int]) -> None:
    """No files and threads beyond those before; threads take a moment to end."""

    def is_so() -> bool:
        return all(a >= b for a, b in zip(before, n_files_and_threads(), strict=True))

    until(is_so, lambda: f"{before} files, threads were {n_files_and_threads()}")


def reference_counts() -> list[int]:
    """References to the arguments of the calls below."""
    return list(map(sys.getrefcount, WATCHED))


def assert_flat(call: Callable[[], Any], n: int) -> None:
    """Make n calls after some others; nothing may be left of them."""
    for _ in range(n // 5):
        call()
    growth = (0, 0, 0, 0)
    for _ in range(20):  # something may fill up for a while, not each time
        before = measures()  # which first lets go of what is done with
        references = reference_counts()
        for _ in range(n):
            call()
        growth = tuple(b - a for a, b in zip(before, measures(), strict=True))  # type: ignore[assignment]
        now = reference_counts()
        assert now == references, [
            (WATCHED[i], now[i] - references[i])
            for i in range(len(now))
            if now[i] != references[i]
        ]
        blocks, objects, malloc, resident = growth
        if (
            blocks < max(n // 20, 40)
            and objects < max(n // 20, 20)
            and malloc < max(4 * n, 4000)
            and resident < max(64 * n, 1 << 20)
        ):
            return
    raise AssertionError(f"after {n} calls: {MEASURES} have grown by {growth}")


# calls that reach the server

BINS = {
    "int": 10**12,
    "float": 1.5e300,
    "text": "clé " * 50,
    "bytes": bytes(700),
    "flag": True,
    "list": [1, [2.5, "x" * 600, {"k": None}], bytearray(b"x")],
    "map": {f"key-{i}": [i, f"value {i}"] for i in range(50)},
    "ordered": KeyOrderedDict({f"k{i}": i for i in reversed(range(50))}),
    "geo": GeoJSON({"type": "Point", "coordinates": [1.5, 2.5]}),
}
FILTER = exp.GT(exp.IntBin("n"), 10).compile()
SEND = {"key": aerospike.POLICY_KEY_SEND, "total_timeout": 5000}
META = {"ttl": 1000, "gen": 1}
OPS = [ops.increment("n", 1), ops.write("list", [1, {"a": "b"}]), ops.read("list")]
LOOP: list[Any] = []
LOOP.append(LOOP)
KEYS: list[Key] = [
    KEY,
    MISSING,
    ("nowhere", "leaks", 1),
    (*KEY[:2], bytearray(b"array")),
]
HERE = [KEY, MISSING, KEY]
PARTITION = {
    "partition_filter": {
        "begin": aerospike.get_partition_id(aerospike.calc_digest(*KEY)),
        "count": 1,
    }
}
ROWS = [
    Read(KEY, OPS[2:], policy={"expressions": FILTER}),
    Read(KEY, None, True),
    Write(KEY, OPS, {"ttl": 1000}, {"key": aerospike.POLICY_KEY_SEND}),
    Write(KEY, [ops.append("int", "x")]),
    Write(KEYS[2], OPS),
    Apply(KEY, "no_module", "f", [BINS["map"]]),
    Remove(MISSING),
]
BATCH = BatchRecords(ROWS)
ARGUMENTS = [BINS, *BINS.values(), SEND, META, OPS, *OPS, FILTER, LOOP, PARTITION]
WATCHED: list[Any] = [KEY, MISSING, *KEYS[2:], KEYS, HERE, *ARGUMENTS, BATCH, *ROWS]
WATCHED.remove(True)  # which all the interpreter refers to


def swallowing(kind: type[Exception], call: Callable[..., Any]) -> Callable[..., None]:
    """The call, whose failure is as wanted."""

    def run(client: aerospike.Client) -> None:
        try:
            call(client)
        except kind:
            return
        raise AssertionError("it did not fail")

    return run


def leave_early(client: aerospike.Client) -> None:
    for _ in client.scan("test", "leaks"):
        return
    raise AssertionError("there was no record")


def leave_a_stream(client: aerospike.Client) -> None:
    with client.query("test", "leaks").stream(PARTITION, {"nobins": True}) as records:
        next(records, None)


def page_by_page(client: aerospike.Client) -> None:
    scan = client.scan("test", "leaks")
    scan.max_records = 1
    scan.paginate()
    scan.results(PARTITION)
    scan.get_partitions_status()
    scan.results(PARTITION)


def index(client: aerospike.Client) -> None:
    client.index_integer_create("test", "leaks", "n", "leaks_n")
    where = client.query("test", "leaks").where(predicates.between("n", 0, 2**62))
    where.results(PARTITION)
    where.foreach(lambda _: False, PARTITION)


FOLDER = tempfile.TemporaryDirectory()
MODULE = "leaks_of_tests"
SOURCE = """\
local function join(a, b) return list.merge(a, b) end
function lists(s)
  return s : map(function(r) return list { r.text, r.map, r.geo } end) : reduce(join)
end
function texts(s) return s : map(function(r) return r.text end) end
function fails(s)
  return s : map(function(r) return 1 end)
    : reduce(function(a, b) return a end) : map(function(x) error(("x"):rep(500)) end)
end
function same(rec, x) return x end
function fail() error("boom") end
"""


def aggregation(client: aerospike.Client, function: str) -> aerospike.Query:
    query = client.query("test", "leaks")
    return query.apply(MODULE, function, [BINS["map"], BINS["geo"]])


def leave_an_aggregation(client: aerospike.Client) -> None:
    for _ in aggregation(client, "texts"):
        return
    raise AssertionError("there was no value")


CALLS: dict[str, Callable[[aerospike.Client], Any]] = {
    "put": lambda c: c.put(KEY, BINS, META, SEND),
    "get": lambda c: c.get(KEY, SEND),
    "get without policy": lambda c: c.get(KEY),
    "select": lambda c: c.select(KEY, ["map", "nope"]),
    "exists": lambda c: c.exists(KEY),
    "exists of nothing": lambda c: c.exists(MISSING),
    "touch": lambda c: c.touch(KEY, 1000),
    "append": lambda c: c.append(KEY, "bytes", b"", META),
    "prepend": lambda c: c.prepend(KEY, "text", ""),
    "increment": lambda c: c.increment(KEY, "n", 1),
    "operate": lambda c: c.operate(KEY, OPS, META, SEND),
    "operate_ordered": lambda c: c.operate_ordered(KEY, OPS),
    "remove_bin": lambda c: c.remove_bin(KEY, ["nope"]),
    "put and remove": lambda c: (c.put(MISSING, {"a": 1}), c.remove(MISSING)),
    "batch_read": lambda c: c.batch_read(KEYS, None, SEND),
    "batch_read of some": lambda c: c.batch_read(tuple(KEYS), ["map", "nope"]),
    "batch_read of metadata": lambda c: c.batch_read(KEYS, []),
    "batch_operate": lambda c: c.batch_operate([KEY] * 3, OPS, SEND, {"ttl": 5000}),
    "batch_remove": lambda c: c.batch_remove([MISSING] * 3, {"max_retries": 1}),
    "batch_apply": lambda c: c.batch_apply([KEY] * 3, "m", "f", [BINS["list"]]),
    "batch_write": lambda c: c.batch_write(BATCH, {"expressions": FILTER}),
    "get_many": lambda c: c.get_many(HERE, SEND),
    "exists_many": lambda c: c.exists_many(HERE),
    "select_many": lambda c: c.select_many(HERE, ["map", "nope"]),
    "batch_get_ops": lambda c: c.batch_get_ops(HERE, OPS[2:]),
    "get_many of an unknown namespace": swallowing(
        exception.NamespaceNotFound, lambda c: c.get_many(KEYS[2:3])
    ),
    "scan": lambda c: c.scan("test", "leaks").results(),
    "scan with foreach": lambda c: c.scan("test", "leaks").foreach(
        lambda _p, _r: None, PARTITION
    ),
    "scan left early": leave_early,
    "stream left early": leave_a_stream,
    "scan page by page": page_by_page,
    "scan of an unknown namespace": swallowing(
        exception.NamespaceNotFound, lambda c: c.scan("nowhere").results()
    ),
    "callback that raises": swallowing(
        exception.ClientError, lambda c: c.scan("test", "leaks").foreach(lambda: 1)
    ),
    "query with a filter": lambda c: (
        c.query("test", "leaks").select("int").results({"expressions": FILTER})
    ),
    "query without an index": swallowing(
        exception.IndexNotFound,
        lambda c: (
            c.query("test", "leaks")
            .where(predicates.equals("nope", "x" * 600))
            .results({"max_retries": 0})
        ),
    ),
    "index": index,
    "background work": lambda c: c.job_info(
        c.query("test", "leaks").add_ops(OPS[:2]).execute_background(), "query"
    ),
    "apply": lambda c: c.apply(KEY, MODULE, "same", [BINS["map"], BINS["list"]], SEND),
    "apply with a tuple": lambda c: c.apply(KEY, MODULE, "same", (BINS["map"],)),
    "function that fails": swallowing(
        exception.UDFError, lambda c: c.apply(KEY, MODULE, "fail", [BINS["map"]])
    ),
    "batch_apply of a module": lambda c: c.batch_apply(
        [KEY] * 3, MODULE, "same", (BINS["map"],)
    ),
    "batch of Apply": lambda c: c.batch_write(
        BatchRecords([Apply(KEY, MODULE, "fail", [1]), Apply(KEY, MODULE, "same", [1])])
    ),
    "background function": lambda c: (
        c.scan("test", "leaks")
        .apply(MODULE, "same", [BINS["map"], "x" * 600])
        .execute_background({"expressions": FILTER})
    ),
    "scan_apply": lambda c: c.scan_apply(
        "test", "leaks", MODULE, "same", [BINS["map"]], {"expressions": FILTER}
    ),
    "query_apply without an index": swallowing(
        exception.IndexNotFound,
        lambda c: c.query_apply("test", "leaks", WHERE, MODULE, "same", [1]),
    ),
    "udf_put": lambda c: c.udf_put(os.path.join(FOLDER.name, f"{MODULE}.lua")),
    "udf_list": lambda c: c.udf_list(),
    "udf_get": lambda c: c.udf_get(f"{MODULE}.lua"),
    "udf_get of nothing": swallowing(
        exception.UDFError, lambda c: c.udf_get("no_such_module.lua")
    ),
    "udf_remove of nothing": lambda c: c.udf_remove("no_such_module.lua"),
    "aggregation": lambda c: aggregation(c, "lists").results(),
    "aggregation with foreach": lambda c: aggregation(c, "texts").foreach(id),
    "aggregation left early": leave_an_aggregation,
    "aggregation that fails": swallowing(
        exception.UDFError, lambda c: aggregation(c, "fails").results()
    ),
    "aggregation without a function": swallowing(
        exception.UDFNotFound, lambda c: aggregation(c, "none").results()
    ),
    "aggregation that is refused": swallowing(
        exception.UnsupportedFeature,
        lambda c: aggregation(c, "lists").results({"expressions": FILTER}),
    ),
    "info_all": lambda c: c.info_all("node\nbuild"),
    "info_single_node": lambda c: c.info_single_node("build", NODE[0]),
    "info_random_node": lambda c: c.info_random_node("build"),
    "get of nothing": swallowing(exception.RecordNotFound, lambda c: c.get(MISSING)),
    "filtered out": swallowing(
        exception.FilteredOut, lambda c: c.get(KEY, {"expressions": FILTER})
    ),
    "not created": swallowing(
        exception.RecordExistsError,
        lambda c: c.put(KEY, BINS, META, {"exists": aerospike.POLICY_EXISTS_CREATE}),
    ),
    "incompatible": swallowing(
        exception.BinIncompatibleType, lambda c: c.increment(KEY, "text", 1)
    ),
    "too big": swallowing(
        exception.RecordTooBig, lambda c: c.put(MISSING, {"a": bytes(1 << 20)})
    ),
    "users": swallowing(
        exception.SecurityNotSupported, lambda c: c.admin_query_users_info()
    ),
    "role": swallowing(
        exception.SecurityNotSupported,
        lambda c: c.admin_create_role("r", [{"code": 10, "ns": "test"}], None, ["::1"]),
    ),
    "login": swallowing(
        exception.ParamError, lambda c: c.connect("x" * 1000, "x" * 1000)
    ),
    "unknown info": swallowing(exception.InvalidRequest, lambda c: c.info_all("nope")),
}
NODE: list[str] = []
# how their names begin
SLOWER = (
    "aggregation",
    "apply",
    "ba",
    "callback",
    "function",
    "index",
    "query",
    "scan",
)
SLOW = [
    run
    for name, run in CALLS.items()
    if name == "too big" or name.startswith((*SLOWER, "udf"))
]
WAITS = CALLS["scan_apply"]  # for its work, a tenth of a second on a real server


# calls that do not


CLOSED = aerospike.client({"hosts": [NOWHERE]})
CLOSED.close()
NEVER = aerospike.Client.__new__(aerospike.Client)

LOCAL: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "key is no tuple": (exception.ParamError, lambda c: c.get([1])),
    "key is too short": (exception.ParamError, lambda c: c.get(("test",))),
    "digest is too short": (
        exception.ParamError,
        lambda c: c.get(("test", "x", None, b"1")),
    ),
    "user key is a float": (
        exception.ParamError,
        lambda c: c.put((*KEY[:2], 1.5), BINS),
    ),
    "namespace is unknown": (
        exception.NamespaceNotFound,
        lambda c: c.put(("no", "x", 1), BINS, META, SEND),
    ),
    "bins is no dict": (exception.ParamError, lambda c: c.put(KEY, [1], META, SEND)),
    "bin name is too long": (
        exception.BinNameError,
        lambda c: c.put(KEY, {"a": 1, "b" * 16: 2}, META, SEND),
    ),
    "int is too big": (
        exception.ParamError,
        lambda c: c.put(KEY, {"a": BINS, "b": [{"c": 2**64}]}),
    ),
    "surrogate": (exception.ClientError, lambda c: c.put(KEY, {"a": ["\ud800"]})),
    "map key": (exception.ParamError, lambda c: c.put(KEY, {"a": {"x": 1, None: 2}})),
    "ordered map key": (
        exception.ParamError,
        lambda c: c.put(KEY, {"a": KeyOrderedDict({"x": 1, None: 2})}),
    ),
    "too deep": (exception.ParamError, lambda c: c.put(KEY, {"a": LOOP})),
    "policy is no dict": (exception.ParamError, lambda c: c.get(KEY, [1])),
    "policy value": (
        exception.ParamError,
        lambda c: c.get(KEY, {"key": 1, "total_timeout": "x"}),
    ),
    "expression": (
        exception.ParamError,
        lambda c: c.get(KEY, {"expressions": FILTER, "replica": "x"}),
    ),
    "meta value": (
        exception.ParamError,
        lambda c: c.put(KEY, BINS, {"ttl": "x"}, SEND),
    ),
    "no operations": (exception.ParamError, lambda c: c.operate(KEY, [1, 2])),
    "bad operation": (
        exception.ParamError,
        lambda c: c.operate(KEY, [*OPS, {"op": 99}], META, SEND),
    ),
    "operand": (exception.ParamError, lambda c: c.append(KEY, "a", 5)),
    "key of a batch": (
        exception.ParamError,
        lambda c: c.batch_read([*KEYS, (*KEY[:2], 1.5)], None, SEND),
    ),
    "keys": (exception.ParamError, lambda c: c.get_many(5)),
    "bins of a batch": (exception.ParamError, lambda c: c.batch_read(KEYS, [5], SEND)),
    "operation of a batch": (
        exception.ParamError,
        lambda c: c.batch_operate(KEYS, [*OPS, {"op": 99}]),
    ),
    "arguments of a function": (
        exception.ParamError,
        lambda c: c.batch_apply(KEYS, "m", "f", [BINS, 2**64]),
    ),
    "arguments of apply": (
        exception.ParamError,
        lambda c: c.apply(KEY, "m", "f", (BINS, {1.5: 1}), SEND),
    ),
    "module of apply": (exception.ParamError, lambda c: c.apply(KEY, "m\0", "f", [1])),
    "function of apply": (exception.ClientError, lambda c: c.apply(KEY, "m", 5, [1])),
    "function of a query": (
        exception.ClientError,
        lambda c: c.query("test").apply("m", "f", [BINS, {1}]),
    ),
    "arguments of scan_apply": (
        exception.ParamError,
        lambda c: c.scan_apply("test", None, "m", "f", "x", SEND),
    ),
    "record of a batch": (
        exception.ParamError,
        lambda c: c.batch_write(BatchRecords([*ROWS, Read((1,), None)])),  # type: ignore[arg-type]
    ),
    "predicate": (
        exception.ParamError,
        lambda c: c.query("test").where((0, 1, "a", 2**70)).results(PARTITION),
    ),
    "partition_filter": (
        exception.ParamError,
        lambda c: c.scan("test").results({"partition_filter": {"begin": -1}}),
    ),
    "missing argument": (TypeError, lambda c: c.put(KEY)),
    "unknown keyword": (TypeError, lambda c: c.get(KEY, polcy=SEND)),
    "unknown node": (exception.ParamError, lambda c: c.info_single_node("build", "X")),
    "closed": (exception.ClusterError, lambda _: CLOSED.get(KEY, SEND)),
    "never opened": (exception.ParamError, lambda _: NEVER.get(KEY, SEND)),
    "digest": (TypeError, lambda _: calc_digest("test", "x", 1.5)),
    "partition": (exception.ParamError, lambda _: aerospike.get_partition_id(b"x")),
}
LONG = [
    "namespace is unknown",
    "int is too big",
    "too deep",
    "record of a batch",
    "key of a batch",
    "arguments of a function",
    "arguments of apply",
    "arguments of scan_apply",
    "module of apply",
    "function of apply",
    "function of a query",
    "operation of a batch",
    "predicate",
    "partition_filter",
]  # these encode much


OTHERS: list[Callable[[Any], Any]] = [
    lambda c: aerospike.calc_digest("test", "demo", "x" * 600),
    lambda c: aerospike.get_partition_id(bytes(20)),
    lambda c: c.get_key_partition_id("test", "demo", 1),
    lambda c: c.is_connected(),
    lambda c: c.connect(),
    lambda c: c.get_nodes(),
    lambda c: c.get_node_names(),
    lambda c: GeoJSON({"type": "Point", "coordinates": [1, 2]}).dumps(),
    lambda c: exp.And(exp.Eq(exp.IntBin("a"), 1), exp.BinExists("b")).compile(),
]


# clients


def open_and_close(address):
    with aerospike.client({"hosts": [address]}) as made:
        made.exists(KEY)


def open_and_drop(address):
    aerospike.client({"hosts": [address]}).exists(KEY)


def reopen(_address):
    REOPENED.connect()
    REOPENED.exists(KEY)
    REOPENED.close()


def failing(config: dict[str, Any]) -> Callable[[Any], None]:
    def make(address):
        try:
            aerospike.client({"hosts": [address], **config})
        except exception.AerospikeError:
            return
        raise AssertionError("it did not fail")

    return make


def late(_address):
    made = aerospike.client({"hosts": [NOWHERE]})
    swallowing(exception.ConnectionError, lambda c: c.get(KEY))(made)


CLIENTS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "close": (open_and_close, 60),
    "drop": (open_and_drop, 60),
    "reopen": (reopen, 60),
    "other": (failing({"cluster_name": "another", "fail_if_not_connected": True}), 60),
    "refused": (failing({"hosts": [NOWHERE], "fail_if_not_connected": True}), 2000),
    "hosts": (failing({"hosts": ["a:1", ("b", 2), 5]}), 20_000),
    "policies": (
        failing({"policies": {"timeout": 5, "read": {"expressions": 5}}}),
        20_000,
    ),
    "app_id": (failing({"app_id": "x" * 900, "policies": []}), 20_000),
    "late": (late, 1000),
}


# what the tests call

ADDRESS: tuple[str, int]
CLIENT: aerospike.Client
REOPENED: aerospike.Client


def connect(host: str, port: int) -> None:
    """Make the client of the checks below."""
    global ADDRESS, CLIENT, REOPENED  # a process of its own
    ADDRESS = host, port
    lua = {"user_path": FOLDER.name}
    config = {"hosts": [ADDRESS], "tend_interval": 60_000, "lua": lua}
    CLIENT = aerospike.client(patient(config)).connect()
    path = os.path.join(FOLDER.name, f"{MODULE}.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    CLIENT.udf_put(path)
    REOPENED = aerospike.client(patient(config))
    REOPENED.close()


def check_call(name: str) -> None:
    """A call that reaches the server leaves nothing."""
    call = CALLS[name]
    NODE[:] = [node["node_name"] for node in CLIENT.get_node_names()]
    CLIENT.put(KEY, BINS | {"n": 1})
    call(CLIENT)  # opens the connection that it needs
    before = n_files_and_threads()
    n_calls = N_CALLS // (20 if call in SLOW else 1)
    try:
        assert_flat(lambda: call(CLIENT), 10 if call is WAITS else n_calls)
    finally:
        CLIENT.remove(KEY)
        if call is index:
            CLIENT.index_remove("test", "leaks_n")
    wait_until_none_are_left(before)


def check_refused_call(name: str) -> None:
    """A call that the client refuses leaves nothing."""
    run = swallowing(*LOCAL[name])
    n = N_LOCAL_CALLS // (10 if name in LONG else 1)
    if name == "too deep" and not HAS_GIL:
        n //= 10  # CPython 3.13 is slow to lock a list in itself again
    assert_flat(lambda: run(CLIENT), n)


def check_local_call(number: int) -> None:
    """A call that does not need the server leaves nothing."""
    call = OTHERS[number]
    assert_flat(lambda: call(CLIENT), N_LOCAL_CALLS // 5)


def check_client(name: str) -> None:
    """A client that has come and gone leaves nothing."""
    make, n = CLIENTS[name]
    assert_almost_flat(lambda: make(ADDRESS), n // 20 if SANITIZED else n)


def assert_almost_flat(make: Callable[[], Any], n: int, n_kept: int = 0) -> None:
    """Make n clients, or the like. Hardly anything may be left of them: what is
    imported and cached for them stays. n_kept: open files that something else may keep.
    """
    make()
    n_files, n_threads = n_files_and_threads()
    growth = (0, 0, 0)
    for _ in range(3):  # something may fill up once, not each time
        blocks, _, malloc, resident = measures()
        for _ in range(n):
            make()
        after = measures()
        growth = (after[0] - blocks, after[2] - malloc, after[3] - resident)
        if growth[0] < 500 and growth[1] < max(64 * n, 20_000) and growth[2] < 8 << 20:
            break
    else:
        raise AssertionError(f"blocks, malloc, resident have grown by {growth}")
    wait_until_none_are_left((n_files + n_kept, n_threads))
