"""Clients that are killed while they move amounts, in processes of their own.

Each says what it is going to do before it does so, and what it was told: a line of JSON
each time. Whoever starts it knows what may be left of it. It kills itself, at a moment
that has nothing to do with what it does.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aerospike import exception

from .caller import Tally
from .crews import CREWS, Crew
from .ledger import Bank, Move
from .model import Contradiction, Outcome, Unrest
from .nodes import Host
from .teller import LATER_S, N_ACCOUNTS, TIMEOUTS_S, Desk, House, Teller

FOLDER = Path(__file__).parents[1]
MODULE = f"{Path(__file__).parent.name}.doomed"
"""What is run, and where."""
N_TELLERS = 4
LIVES_S = (0.1, 2.0)
"""How long one lives once it works."""
CONNECTS_S = 10.0
"""How long one tries to connect."""
REST_S = 0.5
PAUSE_S = 0.01


class Told(Bank):
    """A bank whose moves are told to another process."""

    def __init__(self, name: str, n_accounts: int, unrest: Unrest) -> None:
        super().__init__(name, n_accounts, unrest)
        self._line = threading.Lock()

    def tell(self, *what: Any) -> None:
        """A line, which is out before this comes back."""
        with self._line:
            print(json.dumps(what), flush=True)

    def begin(
        self, parts: Mapping[str, int], now_s: float, *, is_plain: bool = False
    ) -> Move:
        move = super().begin(parts, now_s, is_plain=is_plain)
        self.tell("begin", move.number, parts, now_s, is_plain)
        return move

    def close(
        self,
        move: Move,
        now_s: float,
        outcome: Outcome,
        detail: str = "",
        *,
        final_s: float | None = None,
        locked_until_s: float | None = None,
    ) -> Contradiction | None:
        times = {"final_s": final_s, "locked_until_s": locked_until_s}
        self.tell("close", move.number, now_s, outcome.name, detail, times)
        return super().close(move, now_s, outcome, detail, **times)


def connected(hosts: list[Host], options: Namespace) -> Crew:
    """A crew, as soon as a node is there; all of them may have moved meanwhile."""
    end_s = time.monotonic() + CONNECTS_S
    while True:
        try:
            return CREWS[options.client](hosts, options)
        except exception.AerospikeError:
            if time.monotonic() > end_s:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(REST_S)


def main() -> None:
    """Work, and die."""
    options = Namespace(**json.loads(sys.argv[1]))
    hosts: list[Host] = [(name, port) for name, port in options.hosts_now]
    unrest = Unrest(0.0)
    house = House(options.namespace, options.set_name, unrest)
    bank = Told(options.bank, N_ACCOUNTS, unrest)
    desk = Desk(house, bank)
    crew = connected(hosts, options)
    rng = random.Random(options.life)
    tellers = [
        Teller(
            f"d{number}",
            crew.driver(number, random.Random(f"{options.life}/{number}")),
            desk,
            random.Random(f"{options.life}/{number}"),
            PAUSE_S,
        )
        for number in range(crew.n_workers)
    ]
    crew.start(tellers, threading.Event())
    while bank.n_moves == 0:
        time.sleep(LIVES_S[0])
    time.sleep(rng.uniform(*LIVES_S))
    for teller in tellers:
        for found in (*teller.tally.found, *teller.tally.broken):
            bank.tell("found", str(found))
    os.kill(os.getpid(), signal.SIGKILL)


class Doomed:
    """Starts such processes, one after the other, in a thread."""

    def __init__(self, house: House, crew: Crew, options: Namespace, seed: str) -> None:
        self._house = house
        self._crew = crew
        self.tally = Tally()
        self._given = {
            **vars(options),
            "set_name": house.set_name,
            "threads": N_TELLERS,
            "tasks": 2 * N_TELLERS,
            "loops": 1,
        }
        self._seed = seed
        self._thread: threading.Thread | None = None

    def start(self, until: threading.Event) -> None:
        """Start one after the other until then."""
        self._thread = threading.Thread(target=self._run, args=(until,))
        self._thread.start()

    def join(self) -> None:
        """Wait until the last one is dead."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, until: threading.Event) -> None:
        number = 0
        while not until.wait(REST_S):
            if not self._crew.hosts():
                continue  # its client has lost all of them for a while
            number += 1
            bank = self._house.open()
            try:
                self._live(bank, f"{self._seed}/doomed{number}")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                self.tally.broken.append(f"of one that is to be killed: {error!r}")
            self._house.retire(bank)

    def _live(self, bank: Bank, life: str) -> None:
        """One life: hear what it does until its end, and note what may be left."""
        given = {
            **self._given,
            "hosts_now": self._crew.hosts(),
            "bank": bank.name,
            "life": life,
        }
        with subprocess.Popen(
            [sys.executable, "-m", MODULE, json.dumps(given)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=FOLDER,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.endswith("\n"):  # else it died while it wrote
                    self._hear(bank, *json.loads(line))
        if process.returncode != -signal.SIGKILL:
            self.tally.broken.append(f"{life} has ended with {process.returncode}")
        now_s = time.monotonic()
        for move in bank.moves().values():
            is_over = move.outcome is not Outcome.PENDING
            outcome = move.outcome.value if is_over else "killed"
            self.tally.outcomes["of the doomed", outcome] += 1
            if not is_over:
                bank.close(
                    move,
                    now_s,
                    Outcome.DOUBT,
                    "killed",
                    final_s=math.inf,
                    locked_until_s=now_s + max(TIMEOUTS_S) + LATER_S,
                )

    def _hear(self, bank: Bank, what: str, *rest: Any) -> None:
        """One line of it."""
        if what == "begin":
            bank.add(Move(*rest))
        elif what == "close":
            number, now_s, outcome, detail, times = rest
            move = bank.moves()[number]
            bank.close(move, now_s, Outcome[outcome], detail, **times)
        else:
            self.tally.broken.extend(rest)


if __name__ == "__main__":
    main()
