"""A process of workers that call, and the one that starts such processes.

Processes share the nodes and nothing else: each judges the records that its own workers
write. All are told about disturbances, by the one clock of the machine.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Coroutine
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from aerospike import exception

from .caller import Caller, Shelf, Tally
from .crews import CREWS, Crew
from .gauge import Held, held_by, settled
from .model import N_SHOWN, Unrest
from .nodes import Host
from .pulse import Pulse
from .workload import FEW, PAUSE_S, Worker

SWITCH_S = 0.0005
"""Threads that have an answer wait for the interpreter: the less, the truer times."""
GRACE_S = 2.0
FINAL_S = 30.0
"""How long the last look at all records may be repeated until it is answered."""
READY_S = 60.0
"""How long the first writes may be repeated until all are done."""
ANSWER_S = 120.0
"""How long a process may take to answer, its last look included."""
ROWS = 500
"""Records that are removed at once."""


def play(pipe: Connection, options: Namespace, hosts: list[Host], seed: str) -> None:
    """Call while told about disturbances, then look at everything, and tell of it."""
    sys.setswitchinterval(SWITCH_S)
    begin = partial(CREWS[options.client], hosts, options)
    begin().close()  # what the first client imports stays
    before = held_by("self")
    pulse = Pulse()
    unrest = Unrest(GRACE_S, options.slack_ms / 1000)
    crew = begin()
    set_name, n_shown = f"chaos{os.getpid()}", max(10, N_SHOWN * FEW // crew.n_workers)
    shelf = Shelf(options.namespace, set_name, unrest, min(n_shown, N_SHOWN))
    workers = hire(crew, shelf, options, seed)
    crew.finish(get_ready(workers))
    enough = threading.Event()
    pipe.send("ready")
    crew.start(workers, enough)
    try:
        listen(pipe, unrest)
    finally:
        enough.set()
        broken = crew.join()
    unrest.close()
    tally = Tally(pauses={os.getpid(): pulse.stop()}, broken=broken)
    for record in shelf.all():
        record.look_anew()
    for worker in workers:
        tally.add(worker.tally)
    crew.finish(look_at_all(Caller(crew.driver(0), shelf, tally)))
    left = [*shelf.all(), *(record for each in workers for record in each.dropped())]
    crew.finish(remove(workers[0], [shelf.key(record) for record in left]))
    crew.close()
    pipe.send((tally, before, settled(before)))


def hire(crew: Crew, shelf: Shelf, options: Namespace, seed: str) -> list[Worker]:
    """The workers of a crew."""
    crowd = max(1, crew.n_workers / FEW)
    workers = []
    for number in range(crew.n_workers):
        rng = random.Random(f"{seed}/{number}")
        worker = Worker(
            f"t{number:02}",
            crew.driver(number, rng),
            shelf,
            rng,
            pause_s=PAUSE_S * options.processes * crowd,
            crowd=crowd,
        )
        workers.append(worker)
    return workers


async def get_ready(workers: list[Worker]) -> None:
    """Write what calls need. Nothing is disturbed yet, but the machine may be slow.

    What is written is the same each time, so that a failure is no reason to give up.
    """
    end_s = time.monotonic() + READY_S
    waiting = [*workers]
    while waiting:
        try:
            await waiting[-1].prepare()
            waiting.pop()
        except exception.AerospikeError:
            if time.monotonic() > end_s:
                raise


async def remove(worker: Worker, keys: list[tuple[str, str, str]]) -> None:
    """Leave nothing on the nodes."""
    for start in range(0, len(keys), ROWS):
        rows = worker.client.batch_remove(keys[start : start + ROWS])
        await worker.driver.of(rows)


def listen(pipe: Connection, unrest: Unrest) -> None:
    """Hear of disturbances until told that it is enough."""
    while True:
        what, *rest = pipe.recv()
        if what == "enough":
            return
        (unrest.begin if what == "begin" else unrest.end)(*rest)
        pipe.send("heard")


async def look_at_all(caller: Caller) -> None:
    """Judge every record once more, by each way of reading."""
    deadline_s = time.monotonic() + FINAL_S
    records = caller.shelf.all()
    looks: list[Callable[[], Coroutine[Any, Any, bool]]] = [
        partial(caller.get, record, 2000) for record in records
    ]
    looks.append(partial(caller.batch_read, records, 4000, mixed=False))
    looks.append(caller.query)
    for look in looks:
        while not await look():
            if time.monotonic() > deadline_s:
                caller.tally.broken.append("the last look is not answered")
                return


class Players:
    """Processes that call; all hear of each disturbance before it begins."""

    def __init__(self, options: Namespace, hosts: list[Host], seed: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._running = []
        for number in range(options.processes):
            ours, theirs = context.Pipe()
            arguments = (theirs, options, hosts, f"{seed}/{number}")
            process = context.Process(target=play, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._running.append((process, ours))
        self._hear()

    @property
    def pids(self) -> list[int]:
        """Of the processes."""
        return [process.pid or 0 for process, _ in self._running]

    def _hear(self) -> list[Any]:
        """One answer of each process."""
        answers = []
        for process, pipe in self._running:
            if not pipe.poll(ANSWER_S):
                raise TimeoutError(f"process {process.pid} does not answer")
            answers.append(pipe.recv())
        return answers

    def _tell(self, *what: object) -> list[Any]:
        for _, pipe in self._running:
            pipe.send(what)
        return self._hear()

    def begin(self, now_s: float, *kinds: str) -> None:
        """Nodes are about to be disturbed, in these ways."""
        self._tell("begin", now_s, *kinds)

    def end(self, now_s: float) -> None:
        """Those nodes are themselves again."""
        self._tell("end", now_s)

    def finish(self) -> list[tuple[Tally, Held | None, Held | None]]:
        """Of each process: what has happened, what it held before and after."""
        found = self._tell("enough")
        for process, _ in self._running:
            process.join()
        return found

    def close(self) -> None:
        """End what is still there."""
        for process, _ in self._running:
            process.kill()
            process.join()
