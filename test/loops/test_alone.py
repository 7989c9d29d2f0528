"""A call that may take long has a connection of its own: nobody waits behind it."""

from __future__ import annotations

import asyncio

import aerospike

from ..faults.peer import MESSAGE, ScriptedNode, parse_request, reply
from ..waiting import patient

KEY = ("test", "loops", "alone")
FUNCTION = 31  # the field with its name
PATIENCE = {"total_timeout": 60000, "socket_timeout": 60000}


class Slow(ScriptedNode):
    """A node whose functions do not end; it reads records."""

    def __init__(self) -> None:
        super().__init__()
        self.on_frame = self._read
        self.n_functions = 0

    def _read(self, kind: int, body: bytes) -> bytes | None:
        if kind != MESSAGE:
            return None
        if FUNCTION not in parse_request(body).fields:
            return reply(bins=[(b"n", 1, (7).to_bytes(8, "big"))])
        self.n_functions += 1
        return b""


def test_gets_do_not_wait_for_a_function(run):
    async def go():
        async with aerospike.AsyncClient(patient({"hosts": [node.host]})) as client:
            await client.get(KEY)
            slow = asyncio.ensure_future(client.apply(KEY, "m", "f", [], PATIENCE))
            while node.n_functions == 0:
                await asyncio.sleep(0.01)
            records = await asyncio.gather(*(client.get(KEY) for _ in range(20)))
            assert not slow.done()
            slow.cancel()
            return [bins["n"] for _, _, bins in records]

    node = Slow()
    with node:
        assert run(go()) == [7] * 20
