"""py-key-value-aio: its store on a client that it makes, from a loop of asyncio."""

import asyncio
import sys

from key_value.aio.stores.aerospike import AerospikeStore

import aerospike

host, port = sys.argv[1], int(sys.argv[2])


async def main():
    options = {"namespace": "test", "set_name": "eco_key_value"}
    keep_keys = {"write": {"key": aerospike.POLICY_KEY_SEND}}  # else there are none
    client = aerospike.client({"hosts": [(host, port)], "policies": keep_keys})
    async with AerospikeStore(client=client, **options) as store:
        await store.destroy()
        await store.put("one", {"n": 1, "deep": {"list": [1, None]}}, collection="c")
        assert await store.get("one", collection="c") == {
            "n": 1,
            "deep": {"list": [1, None]},
        }
        assert await store.get("one", collection="d") is None
        await store.put("two", {"n": 2}, collection="c", ttl=60)
        value, ttl = await store.ttl("two", collection="c")
        assert value == {"n": 2}
        assert 0 < ttl <= 60
        await store.put_many(["three", "four"], [{"n": 3}, {"n": 4}], collection="c")
        keys = await store.keys(collection="c")
        assert sorted(keys) == ["four", "one", "three", "two"]
        assert await store.delete("one", collection="c")
        assert not await store.delete("one", collection="c")
        assert await store.get_many(["one", "two"], collection="c") == [None, {"n": 2}]
    client.close()


asyncio.run(main())
