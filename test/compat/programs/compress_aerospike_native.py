"""Run by `test_other_clients.py`: compressed records, by `aerospike-native` of PyPI."""

import asyncio
import json
import sys

from aerospike_native import ClientPolicy, Key, ReadPolicy, WritePolicy, new_client

LATE_MS = 30_000


def compressing(policy):
    policy.use_compression = True
    policy.total_timeout = policy.socket_timeout = LATE_MS
    return policy


async def main(host, port, text):
    policy = ClientPolicy()
    policy.timeout = LATE_MS
    client = await new_client(policy, f"{host}:{port}")
    ours = await client.get(
        Key("test", "others", "ours"), policy=compressing(ReadPolicy())
    )
    print(json.dumps(["ours", ours.bins["t"] == text]))
    theirs = Key("test", "others", "theirs")
    await client.put(theirs, {"t": text}, policy=compressing(WritePolicy()))
    print(json.dumps(["theirs", True]))
    await client.close()


asyncio.run(main(*sys.argv[1:]))
