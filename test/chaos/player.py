"""A process of workers that call, and the one that starts such processes.

Processes share the nodes and nothing else: each judges the records that its own workers
write. All are told about disturbances, by the one clock of the machine.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from argparse import Namespace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from .caller import Tally
from .companies import COMPANIES
from .crews import CREWS
from .gauge import Held, held_by, settled
from .model import Unrest
from .nodes import Host
from .pulse import Pulse

SWITCH_S = 0.0005
"""Threads that have an answer wait for the interpreter: the less, the truer times."""
GRACE_S = 2.0
FINAL_S = 30.0
"""How long the last look at all records may be repeated until it is answered."""
READY_S = 60.0
"""How long the first writes may be repeated until all are done."""
ANSWER_S = 120.0
"""How long a process may take to answer, its last look included."""


def play(pipe: Connection, options: Namespace, hosts: list[Host], seed: str) -> None:
    """Call while told about disturbances, then look at everything, and tell of it."""
    sys.setswitchinterval(SWITCH_S)
    begin = partial(CREWS[options.client], hosts, options)
    begin().close()  # what the first client imports stays
    before = held_by("self")
    pulse = Pulse()
    unrest = Unrest(GRACE_S, options.slack_ms / 1000)
    crew = begin()
    company = COMPANIES[options.transactions](crew, options, unrest, seed)
    crew.finish(company.get_ready(time.monotonic() + READY_S))
    enough = threading.Event()
    pipe.send("ready")
    company.start(enough)
    crew.start(company.workers, enough)
    try:
        listen(pipe, unrest)
    finally:
        enough.set()
        broken = crew.join()
        company.join()
    unrest.close()
    tally = Tally(pauses={os.getpid(): pulse.stop()}, broken=broken)
    crew.finish(company.look_at_all(tally, FINAL_S))
    crew.finish(company.remove_all())
    crew.close()
    pipe.send((tally, before, settled(before)))


def listen(pipe: Connection, unrest: Unrest) -> None:
    """Hear of disturbances until told that it is enough."""
    while True:
        what, *rest = pipe.recv()
        if what == "enough":
            return
        (unrest.begin if what == "begin" else unrest.end)(*rest)
        pipe.send("heard")


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
