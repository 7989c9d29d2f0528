"""Run by `test_other_clients.py` where `aerospike-native` of PyPI is installed."""

import asyncio
import json
import sys

from aerospike_native import (
    AdminPolicy,
    AuthMode,
    ClientPolicy,
    Key,
    PartitionFilter,
    QueryPolicy,
    ReadPolicy,
    Statement,
    TlsConfig,
    WritePolicy,
    new_client,
)
from aerospike_native.exceptions import AerospikeError, ServerError

KEY = Key("test", "others", "key")
LATE_MS = 30_000


def late(policy):
    """A policy for a busy machine."""
    policy.total_timeout = policy.socket_timeout = LATE_MS
    return policy


READ, WRITE, QUERY = late(ReadPolicy()), late(WritePolicy()), late(QueryPolicy())
ADMIN = AdminPolicy()
ADMIN.timeout = LATE_MS


def say(step, value):
    print(json.dumps([step, value]), flush=True)


async def refused(awaitable):
    try:
        await awaitable
    except (AerospikeError, ServerError) as error:
        return [type(error).__name__, int(error.result_code)]


async def connected(config, user, password, tls_name=None):
    policy = ClientPolicy()
    policy.timeout = policy.login_timeout = LATE_MS
    policy.set_auth_mode(AuthMode.INTERNAL, user=user, password=password)
    tls = config["tls"]
    policy.tls_config = TlsConfig(tls["cafile"])
    if "certfile" in tls:
        files = (tls["cafile"], tls["certfile"], tls["keyfile"])
        policy.tls_config = TlsConfig.with_client_auth(*files)
    seeds = [
        f"{host}:{tls_name or name}:{port}" for host, port, name in config["hosts"]
    ]
    return await new_client(policy, ",".join(seeds))


async def main(config):
    own = (config["user"], config["password"])
    client = await connected(config, *own)
    say("nodes", len(client.node_names()))
    await client.put(KEY, {"i": 1, "s": "x" * 100_000}, policy=WRITE)
    say("get", (await client.get(KEY, policy=READ)).bins["i"])
    statement = Statement("test", "others")
    records = await client.query(statement, PartitionFilter.all(), policy=QUERY)
    say("query", [record.bins["i"] async for record in records])
    await client.create_user("ada", "secret", ["read"], policy=ADMIN)
    (user,) = await client.query_users("ada", policy=ADMIN)
    say("user", [user.user, user.roles])

    ada = await connected(config, "ada", "secret")
    say("ada reads", (await ada.get(KEY, policy=READ)).bins["i"])
    say("ada writes", await refused(ada.put(KEY, {"i": 2}, policy=WRITE)))
    say("wrong password", await refused(connected(config, "ada", "wrong")))
    say("wrong name", await refused(connected(config, *own, tls_name="other")))
    await client.drop_user("ada", policy=ADMIN)
    say("users", [user.user for user in await client.query_users(policy=ADMIN)])
    await ada.close()
    await client.close()


asyncio.run(main(json.loads(sys.argv[1])))
