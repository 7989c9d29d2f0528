"""What a call costs, against a bare loop in C that sends and receives the same bytes.

Prints the CPU time of the calling thread for one call, and that of the loop
(plain_floor.c) for one round. They take turns, and of each the burst of calls counts
that took least, since others on the machine only add to it.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import aerospike
import results
from capture import request_of
from figures import Spread
from groups import Found, Goal, Group, Run
from workers import HERE, compiled

ROUNDS = 10
BURSTS, N = 40, 200
RECORD = {"n": 42, "ratio": 0.25, "name": "short string", "blob": bytes(range(32))}
MODULE = "benchmark_floors"
SOURCE = "function add(rec, a, b) return a + b end\n"

# what is called with a client and a key
CALLS: dict[str, Callable[[Any, Any], Callable[[], Any]]] = {
    "get": lambda client, key: partial(client.get, key),
    "put": lambda client, key: partial(client.put, key, RECORD),
    "apply": lambda client, key: partial(client.apply, key, MODULE, "add", [40, 2]),
}
LIMITS = {"apply": 1.15}
PREFIX = "floor-"


def cpu_of(call: Callable[[], Any]) -> float:
    """Microseconds that this thread takes for one call."""
    bursts = []
    for _ in range(BURSTS):
        begin = time.thread_time_ns()
        for _ in repeat(None, N):
            call()
        bursts.append(time.thread_time_ns() - begin)
    return min(bursts) / N / 1e3


def cpu_of_loop(program: Path, node: tuple[str, int], request: Path) -> float:
    """The same of the loop in C."""
    command = [str(part) for part in (program, *node, request, BURSTS, N)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


class Floor:
    """A connected client, the loop in C, and the requests that it sends."""

    def __init__(self, run: Run, client: Any, folder: Path) -> None:
        self._client, self._node, self._folder = client, run.hosts[0], folder
        self._key = (run.options.namespace, "bench", "floor")
        self._program = compiled(HERE / "plain_floor.c", folder)

    def once(self, name: str) -> tuple[float, float]:
        """What a call costs, and the loop."""
        request = self._folder / f"{name}.request"
        if not request.exists():
            sent = request_of(lambda c: CALLS[name](c, self._key)(), self._node)
            request.write_bytes(sent)
        call = cpu_of(CALLS[name](self._client, self._key))
        return call, cpu_of_loop(self._program, self._node, request)


def measure(run: Run, names: Sequence[str], rounds: int) -> dict[str, list[Any]]:
    """For each call a pair of microseconds for each round."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        config = {"hosts": run.hosts, "lua": {"user_path": place}}
        (folder / f"{MODULE}.lua").write_text(SOURCE)
        with aerospike.client(config) as client:
            client.udf_put(str(folder / f"{MODULE}.lua"))
            client.put((run.options.namespace, "bench", "floor"), RECORD)
            try:
                floor = Floor(run, client, folder)
                for _ in range(rounds):
                    for name in names:
                        found[name].append(floor.once(name))
            finally:
                client.udf_remove(f"{MODULE}.lua")
    return found


def names(_: argparse.Namespace) -> list[str]:
    return [f"{PREFIX}{name}" for name in CALLS]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    rounds = run.rounds(ROUNDS)
    found = measure(run, [name.removeprefix(PREFIX) for name in wanted], rounds)
    rows, goals = [], []
    for name, pairs in found.items():
        calls, loops = zip(*pairs, strict=True)
        least = min(calls) / min(loops)
        ratios = Spread.of([call / loop for call, loop in pairs])
        cells = (f"{min(calls):.2f}", f"{min(loops):.2f}", f"{least:.2f}")
        rows.append((name, *cells, ratios.listed()))
        run.say(f"{name:8}{cells[0]:>8} us, loop{cells[1]:>8} us, ratio {cells[2]}")
        if name in LIMITS:
            goals.append(Goal.at_most(f"{name}, by the loop", LIMITS[name], least))
    header = (
        "call",
        "us of CPU, this client",
        "bare loop in C",
        "ratio",
        "ratios of the rounds (min, median, max)",
    )
    origin = results.origin(run.server, rounds, {"this client": aerospike.__version__})
    return Found(found, f"{origin}\n{results.table(header, rows)}", goals)


GROUP = Group("bare loop", names, measured)
