"""AsyncClient to type checkers: all of it is right but for the lines marked so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import aerospike
from aerospike import exception
from aerospike.typing import Config, Key, Meta, Options, Privilege, Record, UserInfo
from aerospike_helpers.batch.records import BatchRecords
from aerospike_helpers.operations import operations

CONFIG: Config = {"hosts": [("127.0.0.1", 3000)]}
KEY: Key = ("test", "demo", 1)
READER: list[Privilege] = [{"code": aerospike.PRIV_READ}]


async def on_one_record(client: aerospike.AsyncClient) -> int:
    record: Record = await client.get(KEY, {"total_timeout": 100})
    done: int = await client.put(KEY, {"a": 1}, {"ttl": 60}, policy={"key": 1})
    _, meta = await client.exists(KEY)
    found: Meta | None = meta
    print(done, found, record.bins["a"])
    ops = [operations.increment("n", 1), operations.read("n")]
    for name, value in (await client.operate_ordered(KEY, ops)).bins:
        print(name.upper(), value)
    size: int = await client.list_append(KEY, "l", 5, {"ttl": 1}, {"max_retries": 1})
    options: Options = {"max_retries": 1}
    await client.map_put(KEY, "m", "k", 1, policy=options)
    return size


async def side_by_side(client: aerospike.AsyncClient) -> list[Record]:
    one: Coroutine[Any, Any, Record] = client.get(KEY)
    task = asyncio.create_task(client.get(KEY))
    both = await asyncio.gather(one, client.get(KEY))
    later = await asyncio.wait_for(client.get(KEY), 1.0)
    return [await task, *both, later]


async def on_many(client: aerospike.AsyncClient) -> None:
    batch: BatchRecords = await client.batch_read([KEY], ["a"])
    for row in batch.batch_records:
        print(row.result, row.key)
    records: list[Any] = await client.get_many([KEY])
    print(records)


async def of_the_cluster(client: aerospike.AsyncClient) -> None:
    answers = await client.info_all("build")
    for name, (_, text) in answers.items():
        print(name.upper(), text.strip())
    nodes: list[tuple[str, int]] = client.get_nodes()
    created: int = await client.index_integer_create("test", "demo", "a", "demo_a")
    await client.truncate("test", "demo", 0, {"timeout": 1000})
    status: int = await client.commit(aerospike.Transaction())
    print(status)
    user: UserInfo = await client.admin_query_user_info("u")
    await client.admin_create_role("tester", READER, whitelist=["10.0.0.0/8"])
    source: str = await client.udf_get("m.lua")
    print(nodes, created, user["roles"], source, client.is_connected())


async def main() -> None:
    async with aerospike.AsyncClient(CONFIG) as client:
        try:
            await on_one_record(client)
        except exception.AerospikeError as error:
            print(error.in_doubt)
    other = aerospike.AsyncClient({"hosts": [("127.0.0.1", 3000)]})
    await other.connect()
    await other.close()


async def mistakes(client: aerospike.AsyncClient) -> None:
    record: Record = client.get(KEY)  # wrong
    print(record)
    await client.get(KEY, 5)  # wrong
    await client.get("key")  # wrong
    await client.is_connected()  # wrong
    await client.list_append(KEY, "l")  # wrong
    await client.map_size(KEY, 5)  # wrong
    text: str = await client.truncate("test", None, 0)  # wrong
    print(text)
    await client.index_remove("test")  # wrong
    await client.admin_get_role(5)  # wrong
    print((await client.info_random_node("build")).bins)  # wrong
