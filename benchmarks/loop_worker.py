"""One client in a process of its own, with calls under way on loops or in threads.

Runs in the environment of its client. What it is asked, as JSON (serving.py):

{"do": "connect", "hosts": [[address, port]], "namespace": "test",
 "client": name, "how": "uvloop", "n_loops": 1}        -> {"version": ...}
{"do": "prepare"}                                      -> {}
{"do": "run", "workload": name, "n_calls": n} -> {"wall_s": ..., "cpu_s": ..., "n": n}
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from typing import Any

from loop_clients import CLIENTS, Call, Calls, keys_of, open_blocking, version_of
from loop_workloads import (
    BY_NAME,
    N_BATCH,
    N_SCANNED,
    RECORD,
    SCANNED_SET,
    Workload,
)
from serving import Message, serve, timed

Share = Iterator[Any]  # the arguments of the calls that one task or thread makes
EXPECTED: dict[str, Any] = {
    "get": RECORD,
    "batch": [RECORD] * N_BATCH,
    "scan": [RECORD] * N_SCANNED,
}


def new_loop(how: str) -> asyncio.AbstractEventLoop:
    """A loop of this kind, whatever policy a client has set when it was imported."""
    if how == "asyncio":
        return asyncio.SelectorEventLoop()
    import uvloop

    return uvloop.new_event_loop()


class Loops:
    """Loops, each in a thread of its own if there are several, and their tasks."""

    def __init__(self, how: str, n_loops: int) -> None:
        self.loops = [new_loop(how) for _ in range(n_loops)]
        self.threads = ThreadPoolExecutor(n_loops)

    def do(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def together() -> Any:
            return await work()

        asyncio.set_event_loop(self.loops[0])
        return self.loops[0].run_until_complete(together())

    def once(self, call: Call, argument: Any) -> Any:
        ask, take = call
        return take(self.do(partial(ask, argument)))

    def all(self, call: Call, shares: list[Share]) -> None:
        n = len(self.loops)
        works = [partial(self._all, call, shares[i::n]) for i in range(n)]
        if n == 1:
            self.do(works[0])
            return
        for _ in self.threads.map(self._in_thread, self.loops, works):
            pass

    def close(self) -> None:
        self.threads.shutdown()
        for loop in self.loops:
            loop.close()

    @staticmethod
    def _in_thread(loop: asyncio.AbstractEventLoop, work: Callable[[], Any]) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(work())

    @staticmethod
    async def _all(call: Call, shares: list[Share]) -> None:
        async def task(share: Share) -> None:
            ask, take = call
            for argument in share:
                take(await ask(argument))

        await asyncio.gather(*map(task, shares))


class Threads:
    """The blocking client, with a thread for each call that is under way."""

    def __init__(self) -> None:
        self.pools: dict[int, ThreadPoolExecutor] = {}

    def once(self, call: Call, argument: Any) -> Any:
        ask, take = call
        return take(ask(argument))

    def all(self, call: Call, shares: list[Share]) -> None:
        n = len(shares)
        if n == 1:
            self._thread(call, shares[0])
            return
        pool = self.pools.get(n) or self.pools.setdefault(n, ThreadPoolExecutor(n))
        for _ in pool.map(partial(self._thread, call), shares):
            pass

    def close(self) -> None:
        for pool in self.pools.values():
            pool.shutdown()

    @staticmethod
    def _thread(call: Call, share: Share) -> None:
        ask, take = call
        for argument in share:
            take(ask(argument))


class Worker:
    """The state between two requests of the driver."""

    crew: Loops | Threads
    calls: Calls
    arguments: dict[str, list[Any]]

    def connect(self, request: Message) -> Message:
        client, how, namespace = (request[k] for k in ("client", "how", "namespace"))
        hosts = [(address, port) for address, port in request["hosts"]]
        if how == "threads":
            self.crew = Threads()
            self.calls = open_blocking(hosts, namespace)
        else:
            self.crew = Loops(how, request["n_loops"])
            self.calls = self.crew.do(partial(CLIENTS[client], hosts, namespace))
        keys = keys_of(client, namespace)
        batches = [keys[i : i + N_BATCH] for i in range(0, len(keys), N_BATCH)]
        self.arguments = {"get": keys, "put": keys, "batch": batches, "scan": [None]}
        return {"version": version_of(client)}

    def prepare(self, request: Message) -> Message:
        """Put what the calls of all workers will find; only of a blocking client."""
        put = self.calls["put"]
        scanned = [
            (namespace, SCANNED_SET, i)
            for namespace, *_ in self.arguments["put"][:1]
            for i in range(N_SCANNED)
        ]
        self.crew.all(put, [iter(self.arguments["put"] + scanned)])
        return {}

    def close(self) -> None:
        self.crew.once(self.calls["close"], None)
        self.crew.close()

    def run(self, request: Message) -> Message:
        workload = BY_NAME[request["workload"]]
        name, call = workload.call, self.calls[workload.call]
        result = self.crew.once(call, self.arguments[name][0])
        if name in EXPECTED and result != EXPECTED[name]:
            raise ValueError(f"{name} gave {result!r:.200}")
        del result
        n_each = max(1, request["n_calls"] // workload.in_flight)
        shares = list(self._shares(workload, n_each))
        taken = timed(lambda: self.crew.all(call, shares))
        return {**taken, "n": n_each * workload.in_flight}

    def _shares(self, workload: Workload, n_each: int) -> Iterable[Share]:
        """For each task the arguments of its calls; they begin at different ones."""
        arguments = self.arguments[workload.call]
        step = max(1, len(arguments) // workload.in_flight)
        for i in range(workload.in_flight):
            at = i * step % len(arguments)
            yield islice(cycle(arguments[at:] + arguments[:at]), n_each)


if __name__ == "__main__":
    serve(Worker())
