"""strands-aerospike: storage in chunks, sessions, and a memory that is searched."""

import asyncio
import sys
from contextlib import closing

from strands.types.session import Session, SessionType
from strands_aerospike import (
    AerospikeMemoryStore,
    AerospikeSessionManager,
    AerospikeStorage,
)

import aerospike

host, port = sys.argv[1], int(sys.argv[2])


async def use_storage(client):
    storage = AerospikeStorage(
        "test", set="eco_strands", client=client, max_value_size=1000, ttl=600
    )
    await storage.write("a/small", b"\0some bytes\xff")
    await storage.write("a/large", bytes(range(256)) * 20)
    await storage.write("b/other", b"")
    assert await storage.read("a/small") == b"\0some bytes\xff"
    assert await storage.read("a/large") == bytes(range(256)) * 20
    assert await storage.read("none") is None
    await storage.write("a/large", b"now small")
    assert await storage.read("a/large") == b"now small"
    assert sorted(await storage.list("a/")) == ["a/large", "a/small"]
    for name in ("a/small", "a/large", "b/other"):
        await storage.delete(name)
    assert await storage.list("a/") == []


async def use_memory(client):
    client.truncate("test", "eco_memory", 0)
    memory = AerospikeMemoryStore(
        name="m", namespace="test", set="eco_memory", client=client
    )
    await memory.initialize()
    await memory.initialize()
    await memory.add("Tea\nAda likes green tea", {"source": "chat"})
    await memory.add("Music\nBob plays the violin")
    (entry,) = await memory.search("which tea does she like")
    assert "green tea" in entry.content
    assert await memory.search("nothing of this") == []
    client.index_remove("test", memory._index_name)


def use_sessions(client):
    options = {"namespace": "test", "set": "eco_sessions", "client": client}
    manager = AerospikeSessionManager("session-1", **options)
    again = AerospikeSessionManager("session-1", **options)
    found = again.read_session("session-1")
    assert found.session_id == "session-1"
    assert found.session_type == SessionType.AGENT
    assert manager.read_session("session-2") is None
    manager.create_session(
        Session(session_id="session-2", session_type=SessionType.AGENT)
    )
    assert manager.list_messages("session-2", "no agent") == []
    for name in ("session-1", "session-2"):
        manager.delete_session(name)
        assert manager.read_session(name) is None


with closing(aerospike.client({"hosts": [(host, port)]})) as connected:
    asyncio.run(use_storage(connected))
    asyncio.run(use_memory(connected))
    use_sessions(connected)
