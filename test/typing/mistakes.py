"""What type checkers must find: each line that is marked has one mistake.

tools/check_typing.py runs the checkers, which must complain of these lines alone.
"""

from __future__ import annotations

import aerospike
from aerospike import exception
from aerospike.typing import (
    BatchPolicy,
    Config,
    Key,
    ListPolicy,
    Lua,
    MapPolicy,
    Meta,
    QueryPolicy,
    ReadPolicy,
    Record,
    ScanOptions,
    Shm,
    Tls,
    WriteMeta,
    WritePolicy,
)
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecord, BatchRecords, Read, Write
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

KEY: Key = ("test", "demo", 1)

misspelt_key: ReadPolicy = {"total_timout": 100}  # wrong
wrong_type: ReadPolicy = {"total_timeout": "100"}  # wrong
of_writes: ReadPolicy = {"exists": 1}  # wrong
no_hosts: Config = {"validate_keys": True}  # wrong
no_port: Config = {"hosts": [("127.0.0.1",)]}  # wrong
no_section: Config = {"hosts": [], "policies": {"reed": {}}}  # wrong
deep: Config = {"hosts": [], "policies": {"read": {"max_retry": 1}}}  # wrong
meta: WriteMeta = {"tll": 1}  # wrong
parts: QueryPolicy = {"partition_filter": {"first": 0}}  # wrong
short_key: Key = ("test", "demo")  # wrong
float_key: Key = ("test", "demo", 1.5)  # wrong
no_tuple: Key = "key"  # wrong
of_policies: WritePolicy = {"exist": 1}  # wrong
of_batches: BatchPolicy = {"concurent": True}  # wrong
of_lists: ListPolicy = {"write_flag": 1}  # wrong
of_maps: MapPolicy = {"map_order": "x"}  # wrong
of_scans: ScanOptions = {"nobin": True}  # wrong
tls: Tls = {"enabled": True}  # wrong
shm: Shm = {"key": 1}  # wrong
lua: Lua = {"path": "x"}  # wrong
bad_host: Config = {"hosts": [5]}  # wrong
polices: Config = {"hosts": [], "polices": {}}  # wrong
deeper: Config = {"hosts": [], "policies": {"write": {"total_timout": 1}}}  # wrong
beside: Config = {"hosts": [], "max_retries": 1}  # wrong
half: Meta = {"gen": 1}  # wrong


def calls(client: aerospike.Client, record: Record) -> None:
    client.get("key")  # wrong
    client.put(KEY)  # wrong
    client.put(KEY, [1])  # wrong
    client.get(KEY, 100)  # wrong
    client.touch(KEY, "60")  # wrong
    client.operate(KEY, {"op": 1})  # wrong
    client.query("test").select(1)  # wrong
    client.no_such_call()  # wrong
    record.bin  # wrong
    record.bins = {}  # wrong
    record.meta["tll"]  # wrong
    client.exists(KEY)[1]["gen"]  # wrong
    Write(KEY, None)  # wrong
    client.list_append(KEY, "l")  # wrong
    client.batch_read([("test", "demo")])  # wrong
    client.admin_create_user("bob", "secret")  # wrong
    client.admin_create_user("bob", "secret", "read")  # wrong
    client.admin_create_role("r1", [{"cod": 10}])  # wrong
    client.admin_grant_privileges("r1", [{"code": 10, "namespace": "test"}])  # wrong
    client.admin_query_users_info()["bob"]["role"]  # wrong
    client.connect("bob", 5)  # wrong


def more_calls(client: aerospike.Client) -> None:
    client.get()  # wrong
    client.get(KEY, KEY)  # wrong
    client.get(("a", "b", None, 5))  # wrong
    client.get(("a", 5, 1))  # wrong
    client.put(KEY, "x")  # wrong
    client.put(KEY, {1: 2})  # wrong
    client.put(KEY, {"a": 1}, 60)  # wrong
    client.select(KEY, 5)  # wrong
    client.exists(KEY).bins  # wrong
    client.get(KEY)["a"]  # wrong
    client.get(KEY).bins.a  # wrong
    client.get(KEY).meta["generation"]  # wrong
    client.get(KEY) + 1  # wrong
    client.remove_bin(KEY, "a")  # wrong
    client.increment(KEY, "n", "1")  # wrong
    client.append(KEY, "n", 1)  # wrong
    client.operate(KEY, ops.read("a"))  # wrong
    client.operate(KEY, ["a"])  # wrong
    client.batch_read(KEY)  # wrong
    client.batch_write([Read(KEY, None)])  # wrong
    client.batch_operate([KEY], ops.read("a"))  # wrong
    client.batch_remove("a")  # wrong
    BatchRecords(Write(KEY, []))  # wrong
    BatchRecord(KEY).result = "0"  # wrong
    next(iter(client.batch_read([KEY]))).ops  # wrong
    BatchRecords[int]  # wrong
    Write(KEY)  # wrong
    Read("a", None)  # wrong
    client.query()  # wrong
    client.query(5)  # wrong
    client.query("a").where()  # wrong
    client.query("a").foreach(5)  # wrong
    client.query("a").max_records = "5"  # wrong
    client.query("a").maxrecords = 5  # wrong
    client.query("a").results({"x": 1}, 5)  # wrong
    client.scan("a").select(["a"])  # wrong
    client.scan("a").where(None)  # wrong
    client.index_integer_create("a", "b", "c")  # wrong
    client.index_list_create("a", "b", "c", "STRING", "i")  # wrong
    client.truncate("a", "b", "0")  # wrong
    client.commit(None)  # wrong
    aerospike.Transaction().state = 1  # wrong
    client.info_all(5)  # wrong
    client.touch(KEY, 1.5)  # wrong
    client.connect(5)  # wrong
    client.Get(KEY)  # wrong
    aerospike.client("127.0.0.1")  # wrong
    aerospike.Client()  # wrong
    aerospike.POLICY_EXIST_CREATE  # wrong
    aerospike.set_log_level("info")  # wrong
    aerospike.instrument(tracer_provider=5)  # wrong
    aerospike.instrument(capture_key=True)  # wrong
    aerospike.calc_digest("a", "b")  # wrong
    exception.RecordNotFoundError  # wrong
    exception.RecordNotFound().cod  # wrong
    lists.list_append("l")  # wrong
    lists.list_append(5, 1)  # wrong
    lists.list_append("l", 1, 5)  # wrong
    lists.list_get_by_index("l", "0", 1)  # wrong
    lists.list_append("l", 1, ctx=cdt_ctx.cdt_ctx_map_key("a"))  # wrong
    maps.map_put("m", 1)  # wrong
    maps.map_put_items("m", [1])  # wrong
    exp.Eq(1)  # wrong
    exp.IntBin()  # wrong
    exp.NoSuch  # wrong
