"""Some calls of the client in a process of their own, for instructions.py to count.

    python instructions_worker.py ADDRESS PORT CALL N

Makes the call of that name N times. With the name "prepare" it puts the records that
the calls find, N small ones among them, and prints where its client was imported from
and the names of the calls that it has. Only the call stands in the loop: what it
takes is made before.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import repeat
from typing import Any

import aerospike
from aerospike_helpers.operations import list_operations, operations

NAMESPACE = "test"
BINS = {"id": 5, "name": "user-00000005", "score": 2.5, "blob": bytes(range(256)) * 4}
KEYS = [(NAMESPACE, "calls", f"k{i}") for i in range(1000)]
SCANNED = [(NAMESPACE, "scanned", i) for i in range(1000)]
SMALL_SET, SMALL_SCANNED_SET = "small", "small scanned"
OPERATED = (NAMESPACE, "operated", 1)
OPERATIONS = [
    operations.increment("n", 1),
    operations.read("n"),
    list_operations.list_append("l", 1),
    list_operations.list_size("l"),
    list_operations.list_trim("l", -10, 10),
]
FAR_OFF_MS = 3_600_000  # a slow call is counted, not given up; nobody tends meanwhile


def config_of(address: str, port: str) -> dict[str, Any]:
    timings = {"total_timeout": FAR_OFF_MS, "socket_timeout": FAR_OFF_MS}
    names = ("read", "write", "operate", "batch", "query", "scan")
    return {
        "hosts": [(address, int(port))],
        "tend_interval": FAR_OFF_MS,
        "policies": dict.fromkeys(names, timings),
    }


def small(i: int) -> dict[str, Any]:
    return {"id": i, "s": f"str-{i}"}


def prepare(client: Any, n_small: int) -> None:
    for key in (*KEYS, *SCANNED):
        client.put(key, BINS)
    for i in range(len(SCANNED)):
        client.put((NAMESPACE, SMALL_SCANNED_SET, i), small(i))
    if n_small and client.exists((NAMESPACE, SMALL_SET, n_small - 1))[1] is None:
        for i in range(n_small):
            client.put((NAMESPACE, SMALL_SET, i), small(i))


def scan(client: Any, name: str) -> list[Any]:
    records: list[Any] = client.scan(NAMESPACE, name).results()
    return records


def reading(client: Any, n: int) -> Callable[[], Any]:
    """batch_read() of so many small records."""
    return partial(client.batch_read, [(NAMESPACE, SMALL_SET, i) for i in range(n)])


# get and put use records of their own: a generation above 256 takes more to decode
CALLS: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "get": lambda client: partial(client.get, KEYS[5]),
    "put": lambda client: partial(client.put, KEYS[6], BINS),
    "operate": lambda client: partial(client.operate, OPERATED, OPERATIONS),
    "batch_read of 100": lambda client: partial(client.batch_read, KEYS[:100]),
    "batch_read of 1000": lambda client: partial(client.batch_read, KEYS),
    **{f"batch_read of {n} small": partial(reading, n=n) for n in (100, 1000, 100_000)},
    "scan of 1000": lambda client: partial(scan, client, SCANNED[0][1]),
    "scan of 1000 small": lambda client: partial(scan, client, SMALL_SCANNED_SET),
}


# calls that are made while metrics are enabled, and the same ones without
METERED = {f"{name} with metrics": name for name in ("get", "put")}

# calls of AsyncClient: how many tasks make them at a time, and what they await
LOOPED: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "get in a loop": (1, lambda client: client.get(KEYS[5])),
    "64 gets in a loop": (64, lambda client: client.get(KEYS[5])),
}


def measure(client: Any) -> None:
    from aerospike_helpers.metrics import MetricsListeners, MetricsPolicy

    listeners = MetricsListeners(lambda: None, *[lambda _: None] * 3)
    client.enable_metrics(MetricsPolicy(listeners))


def has_metrics() -> bool:
    """Earlier commits lack the helpers, or name it among what is still to come."""
    pending: list[str] = getattr(aerospike._core, "pending", list)()
    return (
        find_spec("aerospike_helpers.metrics") is not None
        and "aerospike.Client.enable_metrics" not in pending
    )


def settle() -> None:
    """Let no collection of garbage come: when depends on what was done before."""
    gc.collect()
    gc.disable()


async def run_looped(config: dict[str, Any], name: str, n_calls: int) -> None:
    import asyncio

    n_tasks, call = LOOPED[name]

    async def task() -> None:
        for _ in repeat(None, n_calls // n_tasks):
            await call(client)

    async with aerospike.AsyncClient(config) as client:
        settle()
        await asyncio.gather(*(task() for _ in range(n_tasks)))


def main(address: str, port: str, name: str, n_calls: str) -> None:
    config = config_of(address, port)
    if name in LOOPED:
        import asyncio

        asyncio.run(run_looped(config, name, int(n_calls)))
        return
    client = aerospike.client(config).connect()
    if name == "prepare":
        prepare(client, int(n_calls))
        looped = LOOPED if hasattr(aerospike, "AsyncClient") else ()
        metered = METERED if has_metrics() else ()
        print("\n".join((aerospike.__file__, *CALLS, *looped, *metered)))
    else:
        if name in METERED:
            measure(client)
        call = CALLS[METERED.get(name, name)](client)
        settle()
        for _ in repeat(None, int(n_calls)):
            call()
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
