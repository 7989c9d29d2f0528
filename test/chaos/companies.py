"""What the workers of a process do, and how it is looked at in the end: COMPANIES."""

from __future__ import annotations

import os
import random
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

from aerospike import exception

from .caller import Caller, Shelf, Tally
from .crews import Crew, Runs
from .doomed import Doomed
from .model import N_SHOWN, Unrest
from .teller import CALLS, N_SHARERS, Desk, House, Teller
from .workload import FEW, PAUSE_S, Worker

ROWS = 500
"""Records that are removed at once."""
LOOK_MS = 2000


class Company(Protocol):
    """The workers of a crew, and what they share."""

    @property
    def workers(self) -> Sequence[Runs]:
        """All of them."""

    def __init__(
        self,
        crew: Crew,
        options: Namespace,
        unrest: Unrest,
        seed: str,
    ) -> None:
        """Hire the workers."""

    async def get_ready(self, until_s: float) -> None:
        """Write what calls need. Nothing is disturbed yet."""

    def start(self, until: threading.Event) -> None:
        """Begin what is done beside the crew."""

    def join(self) -> None:
        """Wait until that has ended."""

    async def look_at_all(self, tally: Tally, for_s: float) -> None:
        """Take in what workers have found, and judge all records once more."""

    async def remove_all(self) -> None:
        """Leave nothing on the nodes."""


class Writers:
    """Each writes records of its own, and reads those of all."""

    def __init__(
        self,
        crew: Crew,
        options: Namespace,
        unrest: Unrest,
        seed: str,
    ) -> None:
        n_shown = max(10, N_SHOWN * FEW // crew.n_workers)
        set_name = f"chaos{os.getpid()}"
        self._shelf = Shelf(options.namespace, set_name, unrest, min(n_shown, N_SHOWN))
        self._crew = crew
        self.workers = hire(crew, self._shelf, options, seed)

    async def get_ready(self, until_s: float) -> None:
        """Write what increments need; the machine may be slow.

        What is written is the same each time, so that a failure is no reason to give
        up.
        """
        waiting = [*self.workers]
        while waiting:
            try:
                await waiting[-1].prepare()
                waiting.pop()
            except exception.AerospikeError:
                if time.monotonic() > until_s:
                    raise

    def start(self, until: threading.Event) -> None:
        """There is nothing else to do."""

    def join(self) -> None:
        """It has ended."""

    async def look_at_all(self, tally: Tally, for_s: float) -> None:
        """Judge every record once more, by each way of reading."""
        for record in self._shelf.all():
            record.look_anew()
        for worker in self.workers:
            tally.add(worker.tally)
        caller = Caller(self._crew.driver(0), self._shelf, tally)
        deadline_s = time.monotonic() + for_s
        records = self._shelf.all()
        looks: list[Callable[[], Coroutine[Any, Any, bool]]] = [
            partial(caller.get, record, LOOK_MS) for record in records
        ]
        looks.append(partial(caller.batch_read, records, 2 * LOOK_MS, mixed=False))
        looks.append(caller.query)
        for look in looks:
            while not await look():
                if time.monotonic() > deadline_s:
                    tally.broken.append("the last look is not answered")
                    return

    async def remove_all(self) -> None:
        """Leave nothing on the nodes."""
        worker = self.workers[0]
        dropped = (record for each in self.workers for record in each.dropped())
        keys = [self._shelf.key(each) for each in (*self._shelf.all(), *dropped)]
        for start in range(0, len(keys), ROWS):
            rows = worker.client.batch_remove(keys[start : start + ROWS])
            await worker.driver.of(rows)


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


class Tellers:
    """They move amounts between accounts in transactions, and some are killed."""

    def __init__(
        self,
        crew: Crew,
        options: Namespace,
        unrest: Unrest,
        seed: str,
    ) -> None:
        self._house = House(options.namespace, f"chaos{os.getpid()}", unrest)
        self._crew = crew
        crowd = max(1, crew.n_workers / FEW)
        pause_s = PAUSE_S * CALLS * options.processes * crowd
        self.workers = []
        n_sharers = round(N_SHARERS * crowd)  # each has longer pauses
        for number in range(crew.n_workers):
            if number % n_sharers == 0:
                desk = Desk(self._house)
            rng = random.Random(f"{seed}/{number}")
            driver = crew.driver(number, rng)
            self.workers.append(Teller(f"t{number:02}", driver, desk, rng, pause_s))
        self._doomed = Doomed(self._house, crew, options, seed)

    async def get_ready(self, until_s: float) -> None:
        """All accounts are empty at first."""

    def start(self, until: threading.Event) -> None:
        """Others begin who are killed."""
        self._doomed.start(until)

    def join(self) -> None:
        """Wait until the last one is dead."""
        self._doomed.join()

    async def look_at_all(self, tally: Tally, for_s: float) -> None:
        """Judge every bank once more, and whether something is still locked."""
        for worker in self.workers:
            tally.add(worker.tally)
        tally.add(self._doomed.tally)
        desk = Desk(self._house)
        looker = Teller("last", self._crew.driver(0), desk, random.Random(), 0.0)
        await looker.look_at_all(for_s)
        tally.add(looker.tally)

    async def remove_all(self) -> None:
        """Leave nothing on the nodes."""
        worker = self.workers[0]
        await worker.remove(self._house.left(), LOOK_MS)


COMPANIES: dict[bool, type[Company]] = {False: Writers, True: Tellers}
"""By whether there are transactions."""
