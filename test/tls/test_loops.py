"""Event loops over TLS, which may hold bytes that poll() does not show any more."""

from __future__ import annotations

import asyncio
from typing import Any

import aerospike
from aerospike_devserver import DevCluster

from ..waiting import PATIENCE_S, patient

N_CALLS = 120


def bins_of(number: int) -> dict[str, object]:
    """Small records, and some that take several records of TLS."""
    return {"n": number, "blob": bytearray([number]) * (number % 7 * 9_000)}


def test_many_calls_on_few_connections():
    async def go():
        async with aerospike.AsyncClient(patient(cluster.config)) as client:
            keys = [("test", "tls", number) for number in range(N_CALLS)]
            await asyncio.gather(
                *(client.put(key, bins_of(n)) for n, key in enumerate(keys))
            )
            for _ in range(3):
                found = await asyncio.gather(*(client.get(key) for key in keys))
                assert [bins for _, _, bins in found] == [
                    bins_of(number) for number in range(N_CALLS)
                ]
            records = await client.batch_read(keys)
            rows: Any = records.batch_records
            assert [row.record[2]["n"] for row in rows] == list(range(N_CALLS))

    with DevCluster(1, tls=True, tls_only=True) as cluster:
        asyncio.run(asyncio.wait_for(go(), PATIENCE_S))
