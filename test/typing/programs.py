"""Type checkers must have nothing to say of what applications look like, too."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Dict, List, Optional, Protocol, Tuple  # noqa: UP035

import aerospike
from aerospike import exception as ex
from aerospike import predicates as p
from aerospike.typing import (
    Bins,
    BitPolicy,
    Config,
    HLLPolicy,
    InfoPolicy,
    Key,
    ListPolicy,
    MapPolicy,
    Meta,
    Policies,
    QueryOptions,
    ReadPolicy,
    Record,
    ScanOptions,
    Tls,
    WriteMeta,
    WritePolicy,
)
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import bitwise_operations as bits
from aerospike_helpers.operations import hll_operations as hll
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

# a repository with classes of its own


@dataclass
class User:
    name: str
    age: int


class Users:
    def __init__(self, client: aerospike.Client) -> None:
        self._client = client

    def key(self, name: str) -> Key:
        return "test", "users", name

    def save(self, user: User, ttl: int = 0) -> None:
        policy: WritePolicy = {"key": aerospike.POLICY_KEY_SEND}
        bins = {"name": user.name, "age": user.age}
        self._client.put(self.key(user.name), bins, {"ttl": ttl}, policy)

    def load(self, name: str) -> User | None:
        try:
            record = self._client.get(self.key(name))
        except ex.RecordNotFound:
            return None
        return User(record.bins["name"], record.bins["age"])

    def grown_up(self) -> Iterator[str]:
        expr = exp.GE(exp.IntBin("age"), 18).compile()
        for record in self._client.query("test", "users").results(
            {"expressions": expr}
        ):
            yield record.bins["name"]

    def visit(self, name: str) -> int:
        counted = [ops.increment("n", 1), ops.read("n")]
        _, _, bins = self._client.operate(self.key(name), counted)
        n: int = bins["n"]
        return n

    def tag(self, name: str, *tags: str) -> None:
        ctx = [cdt_ctx.cdt_ctx_map_key("tags")]
        unique = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}
        changes = [
            lists.list_append_items("l", list(tags), unique, ctx),
            maps.map_put("m", "a", 1, {"map_order": aerospike.MAP_KEY_ORDERED}),
        ]
        self._client.operate(self.key(name), changes)


def put_patiently(client: aerospike.Client, key: Key, bins: Bins) -> Meta | None:
    for attempt in range(3):
        try:
            client.put(key, bins)
            break
        except ex.TimeoutError as error:
            print(error.code, error.in_doubt, error.host or "?", error.attempts + 1)
            time.sleep(attempt)
        except ex.AerospikeError as error:
            print(error.msg, error.detail.upper(), error.key, error.bin)
            raise
    return client.exists(key)[1]


def opened_and_closed() -> None:
    config: Config = {"hosts": [("127.0.0.1", 3000)]}
    client = aerospike.client(config).connect()
    try:
        Users(client).save(User("a", 1))
    finally:
        client.close()
    with closing(aerospike.client({"hosts": [("localhost", 3000)]})) as other:
        key, meta, bins = other.select(("a", "b", 1), ["x", "y"])
        print(key[0], meta["ttl"] + 1, sorted(bins))
    meta_of_write: WriteMeta = {"gen": 1}
    print(meta_of_write)


# batches


def in_batches(client: aerospike.Client) -> None:
    keys = [("test", "demo", i) for i in range(10)]
    for row in client.batch_read(keys, ["a"]).batch_records:
        if row.result == 0 and row.record is not None:
            print(row.record[2], row.record.bins, row.key, row.message, row.in_doubt)
    written = [ops.write("a", 1)]
    rows = br.BatchRecords([br.Write(key, written, policy={"key": 1}) for key in keys])
    rows.batch_records.append(br.Read(("test", "demo", 1), None, read_all_bins=True))
    rows.batch_records.append(br.Remove(("test", "demo", 2)))
    out: br.BatchRecords = client.batch_write(rows)
    print(out.result)
    counted = [ops.increment("n", 2)]
    res = client.batch_operate(keys, counted, policy_batch={"total_timeout": 5})
    print(len(res.batch_records), client.batch_remove(keys).result)


# queries and scans


def in_pages(client: aerospike.Client) -> dict[Any, Any]:
    scan = client.scan("test", "demo")
    scan.select("a", "b")
    scan.max_records = 10
    scan.paginate()
    while not scan.is_done():
        for record in scan.results():
            print(record[0], record[1]["gen"], record[2])
    return scan.get_partitions_status()


def with_callbacks(client: aerospike.Client) -> list[int]:
    lock = threading.Lock()
    found: list[int] = []

    def each(record: tuple[object, object, dict[str, int]]) -> bool | None:
        with lock:
            found.append(record[2]["a"])
        return False if len(found) > 10 else None

    client.query("test", "demo").foreach(each)
    return found


def with_conditions(client: aerospike.Client, status: dict[Any, Any]) -> None:
    query = client.query("test", "demo")
    query.where(p.between("age", 1, 5))
    parts = {"begin": 0, "count": 10, "partition_status": status}
    query.results({"partition_filter": parts}, {"nobins": True})
    in_lists = client.query("test", "demo").where(
        p.contains("l", aerospike.INDEX_TYPE_LIST, "x")
    )
    with in_lists.stream({"total_timeout": 1000}) as stream:
        first = next(stream, None)
        print(first.bins if first is not None else None)
    query.add_ops([ops.write("a", 1)])
    job = query.execute_background()
    print(client.job_info(job, aerospike.JOB_QUERY)["status"])


def for_operators(client: aerospike.Client) -> None:
    client.index_integer_create("test", "demo", "age", "i1", {"timeout": 5000})
    client.index_remove("test", "i1")
    client.truncate("test", None, 0)
    for node, (error, text) in client.info_all("namespaces").items():
        print(node.lower(), error, (text or "").split(";"))
    print(client.info_random_node("build").strip(), client.get_nodes()[0][1] + 1)
    print(client.get_node_names()[0]["node_name"], client.is_connected())


# older code: plain dicts, positions, typing's own names

CONF: Dict[str, Any] = {"hosts": [("127.0.0.1", 3000)], "policies": {"timeout": 1000}}  # noqa: UP006


class Cache:
    client: Optional[aerospike.Client] = None  # noqa: UP045

    def connect(self) -> aerospike.Client:
        if self.client is None:
            self.client = aerospike.client(CONF).connect()
        return self.client

    def get(self, key: str, default: Any = None) -> Any:
        try:
            (_, meta, bins) = self.connect().get(("test", "cache", key))
            if meta["ttl"] < 10:
                self.connect().touch(("test", "cache", key), 60)
            return bins.get("value", default)
        except ex.RecordNotFound:
            return default

    def many(self, names: List[str]) -> Dict[Any, Any]:  # noqa: UP006
        keys: List[Tuple[str, str, str]] = [("test", "cache", n) for n in names]  # noqa: UP006
        found = self.connect().get_many(list(keys))
        return {key[2]: (bins or {}).get("value") for key, _, bins in found}

    def set(self, key: str, value: Any, ttl: int) -> bool:
        meta: Dict[str, int] = {"ttl": ttl}  # noqa: UP006
        policy: Dict[str, Any] = {"exists": aerospike.POLICY_EXISTS_IGNORE}  # noqa: UP006
        place = ("test", "cache", key)
        return self.connect().put(place, {"value": value}, meta, policy) == 0

    def change(self, key: str, by: int = 1) -> int:
        place = ("test", "cache", key)
        self.connect().remove_bin(place, ["value"])
        self.connect().append(place, "s", "more")
        self.connect().list_append(place, "l", 1)
        self.connect().map_put(place, "m", "k", 1, {"map_order": 1})
        return self.connect().increment(place, "value", by)


def module_calls() -> None:
    aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
    aerospike.set_serializer(lambda value: str(value))
    print(aerospike.calc_digest("test", "demo", 1).hex(), aerospike.null())
    print(aerospike.GeoJSON({"type": "Point"}).dumps())


# wrappers


class HasGet(Protocol):
    def get(self, key: Key, policy: ReadPolicy | None = None) -> Record: ...


def read(client: HasGet, key: Key) -> Record:
    return client.get(key)


@lru_cache
def shared() -> aerospike.Client:
    tls: Tls = {"enable": False}
    policies: Policies = {"read": {"max_retries": 1}, "info": None}
    config: Config = {"hosts": ["a:3000"], "tls": tls, "policies": policies}
    return aerospike.client(config)


def passed_on() -> None:
    getter = partial(shared().get, policy={"max_retries": 0})
    record: Record = getter(("a", "b", 1))
    again: Record = pickle.loads(pickle.dumps(record))
    print(read(shared(), ("a", "b", 1)).meta["gen"], again)


# policies that have names

ORDERED: ListPolicy = {"list_order": aerospike.LIST_ORDERED}
CREATE: MapPolicy = {"map_write_flags": aerospike.MAP_WRITE_FLAGS_CREATE_ONLY}
ANY_BITS: BitPolicy = {"bit_write_flags": aerospike.BIT_WRITE_DEFAULT}
ANY_HLL: HLLPolicy = {"flags": aerospike.HLL_WRITE_DEFAULT}
NO_BINS: QueryOptions = {"nobins": True}
OF_SCAN: ScanOptions = {"nobins": True, "concurrent": True}
SOON: InfoPolicy = {"timeout": 5}


def with_policies(client: aerospike.Client) -> None:
    changes = [
        lists.list_append("l", 1, ORDERED),
        maps.map_put("m", 1, 1, CREATE),
        bits.bit_resize("b", 4, policy=ANY_BITS),
        hll.hll_add("h", ["x"], 8, policy=ANY_HLL),
    ]
    flags = {"write_flags": 1}
    changes.append(lists.list_insert("l", 0, 1, flags))
    client.operate(("a", "b", 1), changes)
    client.query("a").results(None, NO_BINS)
    client.scan("a").results(options=OF_SCAN)
    client.scan("a").foreach(print, {"max_records": 5}, OF_SCAN)
    small = exp.Not(exp.GT(exp.StrBin("s"), "x"))
    both = exp.And(exp.Eq(exp.IntBin("a"), 1), small, exp.BinExists("q"))
    client.get(("a", "b", 1), {"expressions": both.compile()})
    exp.ListAppend(None, ORDERED, 1, "l").compile()
    client.info_all("build", SOON)
