"""Type checkers must have nothing to say of this: tools/check_typing.py runs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, cast

import aerospike
from aerospike import exception, predicates
from aerospike.typing import (
    BatchPolicy,
    Bins,
    Config,
    Key,
    Meta,
    Options,
    Privilege,
    QueryPolicy,
    ReadPolicy,
    Record,
    UserInfo,
    WriteMeta,
    WritePolicy,
)
from aerospike_helpers.batch.records import (
    Apply,
    BatchRecord,
    BatchRecords,
    Read,
    Write,
)
from aerospike_helpers.operations import list_operations, operations

CONFIG: Config = {
    "hosts": [("127.0.0.1", 3000), "localhost:3001"],
    "policies": {"read": {"total_timeout": 100}, "max_retries": 1},
    "validate_keys": True,
}
QUICK: ReadPolicy = {"total_timeout": 100, "replica": aerospike.POLICY_REPLICA_MASTER}
CREATE: WritePolicy = {"exists": aerospike.POLICY_EXISTS_CREATE, "key": 1}
TTL: WriteMeta = {"ttl": 60}


def keys() -> list[Key]:
    return [("test", "demo", 1), ("test", None, "x"), ("test", "s", None, bytes(20))]


def visits(client: aerospike.Client, key: Key) -> int:
    record: Record = client.get(key, QUICK)
    _key, meta, bins = record
    seen: Meta = meta
    same: Bins = record.bins
    assert (record.meta["gen"], bins) == (seen["gen"], same)
    namespace, name, user_key, digest = record.key
    print(namespace.upper(), name or "", user_key, digest.hex(), record[2], record.key)
    visited: int = record.bins["visits"]
    return visited


def writes(client: aerospike.Client, key: Key) -> int:
    done: int = client.put(key, {"a": 1}, TTL, CREATE)
    client.remove(key, meta={"gen": 1}, policy={"gen": aerospike.POLICY_GEN_EQ})
    client.list_append(key, "l", 5, {"ttl": 1}, {"max_retries": 1})
    ops = [operations.increment("n", 1), list_operations.list_append("l", 1)]
    for name, value in client.operate_ordered(key, ops).bins:
        print(name.upper(), value)
    return done


def traced() -> None:
    aerospike.instrument(tracer_provider=None, development=True, capture_keys=False)
    aerospike.uninstrument()


def as_older_programs_do(client: aerospike.Client) -> None:
    config = {"hosts": [("127.0.0.1", 3000)]}
    policy = {"total_timeout": 100}
    options: Options = {"max_retries": 1}
    key = ("test", "demo", 1)
    aerospike.client(config).connect().close()
    client.put(key, {"a": 1}, {"ttl": 5}, policy)
    client.get(key, options)
    _, meta = client.exists(key)
    print(meta["gen"] if meta is not None else "none")


def many(client: aerospike.Client) -> None:
    policy: BatchPolicy = {"concurrent": True}
    for row in client.batch_read(keys(), policy=policy).batch_records:
        record = row.record
        print(row.result, record.bins if record is not None else None)
    for found in client.get_many(keys()):
        print(found.bins["a"] if found.bins is not None else "none")
    rows = BatchRecords([Read(keys()[0], None, True), Write(keys()[1], [], TTL)])
    print(client.batch_write(rows).result)
    for answered in client.batch_read(keys()):
        print(answered.result + answered.subcode, answered.in_doubt, answered.message)
    for write in client.batch_write(BatchRecords[Write]([Write(keys()[0], [])])):
        print(write.ops)
    writes: list[Write] = [Write(keys()[0], [])]
    same: BatchRecords = client.batch_write(BatchRecords(writes))
    print(same, ages(cast("Iterable[BatchRecord[Person]]", same)))


class Person(TypedDict):
    age: int


def ages(rows: Iterable[BatchRecord[Person]]) -> int:
    return sum(row.record.bins["age"] for row in rows if row.record is not None)


def queries(client: aerospike.Client) -> None:
    policy: QueryPolicy = {"partition_filter": {"begin": 0, "count": 1}}
    query = client.query("test", "demo").select("a").add_ops([operations.read("a")])
    query.where(predicates.equals("a", 1))
    for record in query.results(policy):
        print(record.key[3].hex(), record.meta["ttl"], record.bins)
    for record in client.scan("test"):
        print(record.bins)
    with query.stream({"max_retries": 1}) as stream:
        print([record.bins for record in stream])


def users(client: aerospike.Client) -> list[str]:
    demo: Privilege = {"code": aerospike.PRIV_READ, "ns": "test", "set": "demo"}
    role = {"code": aerospike.PRIV_SYS_ADMIN}
    client.connect("admin", "admin").admin_create_role("r1", [demo], whitelist=["::1"])
    client.admin_grant_privileges("r1", [{"code": role["code"]}], {"timeout": 5})
    client.admin_create_user("bob", "secret", ["r1"], policy={"timeout": 5})
    info: UserInfo = client.admin_query_users_info()["bob"]
    print((info["read_info"] or [0])[0], client.admin_get_role("r1")["read_quota"])
    return client.admin_query_user("bob")


def in_a_transaction(client: aerospike.Client) -> int:
    key = ("test", "demo", 1)
    txn = aerospike.Transaction(writes_capacity=5)
    txn.timeout = 30
    client.put(key, {"a": 1}, policy={"txn": txn, "on_locking_only": True})
    client.batch_read([key], None, {"txn": txn})
    if txn.in_doubt or txn.state == aerospike.TXN_STATE_OPEN:
        return client.abort(txn)
    return client.commit(txn)


def ends(client: aerospike.Client) -> str | None:
    try:
        with client.connect() as same:
            print(same.is_connected())
    except exception.RecordNotFound as error:
        return error.msg
    except (exception.TimeoutError, aerospike.AerospikeWarning):
        return None
    return client.udf_get("module.lua").upper()


def functions(client: aerospike.Client) -> int:
    key = ("test", "demo", 1)
    client.udf_put("module.lua", policy={"timeout": 1000})
    found: str = client.apply(key, "module", "f", ["a", 1], {"total_timeout": 1000})
    print(found, client.apply(key, "module", "f", ()), client.udf_list()[0]["name"])
    records = client.batch_apply([key], "module", "f", (1,)).batch_records
    print(records[0].result, Apply(key, "module", "f", (1,)).args)
    job = client.scan("test").apply("module", "f", [1]).execute_background()
    where = predicates.equals("a", 1)
    more = client.query_apply("test", None, where, "module", "f", [1])
    return client.scan_apply("test", "demo", "module", "f", (1,)) + job + more
