"""The workers of a process, by the client that they use: CREWS."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import random
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import aerospike

from . import drivers, teller
from .drivers import Awaiting, Blocking, Driver, Work, at_once
from .nodes import Host

T = TypeVar("T")
Coro = Coroutine[Any, Any, T]


ENOUGH = 500
"""Connections to a node: all batches of all tasks may wait for one that hangs."""


def config_of(hosts: list[Host], options: Namespace) -> Any:
    """The configuration of a client."""
    given = {**(teller.POLICIES if options.transactions else {}), **options.config}
    return {"hosts": hosts, "tend_interval": 250, **given}


class Runs(Protocol):
    """A worker."""

    async def run(self, until: threading.Event) -> None:
        """Work until told to stop."""


class Crew(Protocol):
    """Workers who share one client.

    n_workers: how many of them there are.
    """

    n_workers: int

    def __init__(self, hosts: list[Host], options: Namespace) -> None:
        """Make the client."""

    def driver(self, number: int, rng: random.Random | None = None) -> Driver:
        """What waits for one of them. rng: for what it does now and then, if at all."""

    def hosts(self) -> list[Host]:
        """The nodes as the client knows them."""

    def finish(self, coroutine: Coro[T]) -> T:
        """The result of what waits as one of them does, or by `driver()`."""

    def start(self, workers: Sequence[Runs], until: threading.Event) -> None:
        """Let them work until then."""

    def join(self) -> list[str]:
        """Wait until all have ended; what has gone wrong."""

    def close(self) -> None:
        """Close the client."""


class _Started:
    """Has a client and threads. of: what each of them does."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._threads: list[threading.Thread] = []
        self.broken: list[str] = []

    def hosts(self) -> list[Host]:
        """The nodes as the client knows them."""
        return list(self._client.get_nodes())

    def _start(self, of: list[Callable[[], Any]]) -> None:
        self._threads = [threading.Thread(target=each) for each in of]
        for thread in self._threads:
            thread.start()

    def join(self) -> list[str]:
        """Wait until all have ended; what has gone wrong."""
        for thread in self._threads:
            thread.join()
        return self.broken


class Threads(_Started):
    """Each has a thread of its own."""

    def __init__(self, hosts: list[Host], options: Namespace) -> None:
        super().__init__(aerospike.client(config_of(hosts, options)))
        self.n_workers = options.threads

    def driver(self, _number: int, _rng: random.Random | None = None) -> Driver:
        """It blocks."""
        return Blocking(self._client)

    def finish(self, coroutine: Coro[T]) -> T:
        """It has waited already."""
        return at_once(coroutine)

    def start(self, workers: Sequence[Runs], until: threading.Event) -> None:
        """A thread for each."""
        self._start([partial(at_once, each.run(until)) for each in workers])

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Loops(_Started):
    """They are the tasks of a few event loops, each of which has a thread."""

    def __init__(self, hosts: list[Host], options: Namespace) -> None:
        config = {"max_conns_per_node": ENOUGH, **config_of(hosts, options)}
        super().__init__(aerospike.AsyncClient(config))
        self.n_workers, self._n_loops = options.tasks, options.loops
        self._work = [Work() for _ in range(self._n_loops)]
        source = teller if options.transactions else drivers
        self._gives_up = source.GIVES_UP
        self.finish(self._client.connect())

    @staticmethod
    def _run(coroutine: Coro[T]) -> T:
        """In a loop that ends with it."""
        return asyncio.run(coroutine)

    def driver(self, number: int, rng: random.Random | None = None) -> Driver:
        """It is one of the tasks of a loop."""
        work = self._work[number % self._n_loops]
        return Awaiting(self._client, work, rng, self._gives_up)

    def finish(self, coroutine: Coro[T]) -> T:
        """Run it in a loop that ends with it."""
        return self._run(self._watched([coroutine]))[0]

    async def _watched(self, coroutines: list[Coro[T]]) -> list[T]:
        """Whatever the loop tells of is a finding."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, found: self.broken.append(repr(found)))
        return await asyncio.gather(*coroutines)

    def start(self, workers: Sequence[Runs], until: threading.Event) -> None:
        """A loop for each share of them."""
        shares = [workers[i :: self._n_loops] for i in range(self._n_loops)]
        self._start([partial(self._work_in_loop, share, until) for share in shares])

    def _work_in_loop(self, share: Sequence[Runs], until: threading.Event) -> None:
        self._run(self._watched([each.run(until) for each in share]))

    def close(self) -> None:
        """Close the client, in a loop."""

        async def close() -> None:
            closing = self._client.close()
            if closing is not None:
                await closing

        self._run(close())


class UvLoops(Loops):
    """The same with loops of uvloop."""

    @staticmethod
    def _run(coroutine: Coro[T]) -> T:
        loop = importlib.import_module("uvloop").new_event_loop()
        with contextlib.closing(loop):
            result: T = loop.run_until_complete(coroutine)
            return result


CREWS: dict[str, type[Crew]] = {
    "threads": Threads,
    "async": Loops,
    "uvloop": UvLoops,
}
