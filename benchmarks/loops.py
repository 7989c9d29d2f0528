"""Clients that share a loop, and clients in threads: who takes part, and the rounds.

In a round each client makes the calls of a row for some time, one client after the
other. Ratios are taken of two that ran in one round, so that whatever else the machine
does meets both.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from capture import requests_of
from figures import Spread
from loop_clients import calls_of
from loop_workloads import N_KEYS, SET, Workload
from serving import Message
from workers import HERE, ROOT, Failed, Hosts, Worker, compiled

PYTHONS = {
    "ours": ROOT / ".venv/bin/python",
    "aerospike": ROOT / ".venv-bench/bin/python",
    "aerospike-native": ROOT / ".venv-rivals/bin/python",
    "aerospike-py": ROOT / ".venv-rivals/bin/python",
}
SKIPPED = ROOT / ".venv-rivals/skipped"  # a file for each package that has no wheel
CONNECTIONS = (1, 2, 4, 8)  # the loop in C takes as many as serve it best
FIRST = 200  # calls, to see how many fill the time of a turn


def name_of(workload: Workload) -> str:
    """What a workload is called among those of the blocking client."""
    return f"loops-{workload.name}"


@dataclass(frozen=True)
class Side:
    """Who takes part: a client, and what waits for its replies."""

    client: str
    how: str
    n_loops: int = 1

    @property
    def client_name(self) -> str:
        names = {"ours": "this client", "C": "bare loop in C"}
        return names.get(self.client, self.client)

    @property
    def title(self) -> str:
        name = self.client_name
        if self.how == "floor":
            return name
        loops = f"{self.n_loops} loops of " if self.n_loops > 1 else ""
        return f"{name}, {loops}{self.how}"


OURS, OURS_ASYNCIO = Side("ours", "uvloop"), Side("ours", "asyncio")
NATIVE, NATIVE_ASYNCIO = (
    Side("aerospike-native", "uvloop"),
    Side("aerospike-native", "asyncio"),
)
PY, PY_ASYNCIO = Side("aerospike-py", "uvloop"), Side("aerospike-py", "asyncio")
BLOCKING, PYPI = Side("ours", "threads"), Side("aerospike", "threads")
TWO_LOOPS = Side("ours", "uvloop", n_loops=2)
FLOOR = Side("C", "floor")
SIDES = (
    BLOCKING,  # it puts what all of them find
    OURS,
    NATIVE,
    PY,
    FLOOR,
    OURS_ASYNCIO,
    NATIVE_ASYNCIO,
    PY_ASYNCIO,
    PYPI,
    TWO_LOOPS,
)


@dataclass(frozen=True)
class Sample:
    """One turn: records per second, and microseconds of the client's CPU for each."""

    rate: float
    cpu_us: float

    @classmethod
    def of(cls, answer: Message, workload: Workload) -> Sample:
        n = answer["n"] * workload.n_records
        return cls(n / answer["wall_s"], answer["cpu_s"] / n * 1e6)


@dataclass
class Results:
    """All turns of a run, and who took part."""

    server: str
    rounds: int
    versions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    samples: dict[tuple[str, Side], list[Sample]] = field(default_factory=dict)

    def drop(self, workload: Workload, side: Side, error: Failed) -> None:
        """A rival has failed: it takes part no more, and has no turns of this row."""
        if side.client in ("ours", "C"):
            raise error
        self.skipped[side.title] = f"{workload.name}: {error}"
        self.samples.pop((workload.name, side), None)

    def spread(self, workload: str, side: Side, of: str) -> Spread | None:
        turns = self.samples.get((workload, side))
        return Spread.of([getattr(t, of) for t in turns]) if turns else None

    def ratio(self, workload: str, ours: Side, theirs: Side, of: str) -> Spread | None:
        """ours / theirs in each round, if both took part."""
        pair = [self.samples.get((workload, side)) for side in (ours, theirs)]
        if pair[0] is None or pair[1] is None:
            return None
        return Spread.of(
            [getattr(a, of) / getattr(b, of) for a, b in zip(*pair, strict=True)]
        )


class Player(Protocol):
    """A side that is ready to take its turns."""

    def turn(self, workload: Workload, n_calls: int) -> Message | None: ...


class Client:
    """A side with a worker of its own."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def turn(self, workload: Workload, n_calls: int) -> Message | None:
        return self.worker.ask("run", workload=workload.name, n_calls=n_calls)


class Floor:
    """The bare loop in C, with the bytes that this client sends."""

    def __init__(self, node: tuple[str, int], namespace: str, folder: Path) -> None:
        self.node, self.folder = node, folder
        self.program = compiled(HERE / "pipeline_floor.c", folder)
        self.connections: dict[Workload, int] = {}
        keys = [(namespace, SET, i) for i in range(N_KEYS)]
        for name in ("get", "put"):
            sent = requests_of(partial(self._all, name, keys), node)
            (folder / name).write_bytes(b"".join(sent))

    @staticmethod
    def _all(name: str, keys: list[Any], client: Any) -> None:
        ask, _ = calls_of(client, "")[name]
        for key in keys:
            ask(key)

    def turn(self, workload: Workload, n_calls: int) -> Message | None:
        if not (self.folder / workload.call).exists():
            return None
        if workload not in self.connections:
            tries = [n for n in CONNECTIONS if n <= workload.in_flight]
            times = {n: self._run(workload, n, 50 * n_calls) for n in tries}
            self.connections[workload] = min(times, key=lambda n: times[n]["wall_s"])
        return self._run(workload, self.connections[workload], n_calls)

    def _run(self, workload: Workload, n_connections: int, n_calls: int) -> Message:
        address, port = self.node
        numbers = (workload.in_flight, n_connections, n_calls)
        done = subprocess.run(
            [str(self.program), address, str(port), str(self.folder / workload.call)]
            + [str(number) for number in numbers],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{self.program.name} {numbers} has failed")
        wall, cpu = map(float, done.stdout.split())
        return {"wall_s": wall, "cpu_s": cpu, "n": n_calls}


def opened(
    side: Side, results: Results, hosts: Hosts, namespace: str, stack: ExitStack
) -> Player:
    """The side with its client connected, or Failed with the reason."""
    if side is FLOOR:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return Floor(hosts[0], namespace, folder)
    reason = SKIPPED / side.client
    if reason.exists():
        last = reason.read_text().strip().splitlines()[-1]
        raise Failed(f"{side.title}: {last}")
    python = PYTHONS[side.client]
    if not python.exists():
        raise Failed(f"{side.title}: {python.relative_to(ROOT)} is not there")
    worker = Worker(side.title, str(python), "loop_worker.py")
    stack.callback(worker.close)
    answer = worker.ask(
        "connect",
        hosts=hosts,
        namespace=namespace,
        client="aerospike" if side.client == "ours" else side.client,
        how=side.how,
        n_loops=side.n_loops,
    )
    results.versions[side.client_name] = answer["version"]
    if side is BLOCKING:
        worker.ask("prepare")
    return Client(worker)


def calibrated(player: Player, workload: Workload, seconds: float) -> int:
    """How many calls fill the time of a turn; 0 if the side has no such call."""
    n_calls = max(1, FIRST // workload.n_records)
    for share in (0.2, 1.0):  # the first tells little but how long the second may be
        answer = player.turn(workload, max(n_calls, workload.in_flight))
        if answer is None:
            return 0
        n_calls = max(1, round(answer["n"] / answer["wall_s"] * seconds * share))
    return n_calls


def measure(
    workloads: Sequence[Workload],
    results: Results,
    hosts: Hosts,
    namespace: str,
    seconds: float,
    seen: Callable[[Workload], None],
) -> None:
    """Fill results with the turns of all sides that can take part, and call seen() with
    each workload that is measured.
    """
    with ExitStack() as stack:
        players: dict[Side, Player] = {}
        for side in SIDES:
            try:
                players[side] = opened(side, results, hosts, namespace, stack)
            except Failed as error:
                results.skipped[side.title] = str(error)
        for workload in workloads:
            n_calls = dict.fromkeys(players, 0)
            for place in range(-1, results.rounds):  # the first is not counted
                for side, player in list(players.items()):
                    try:
                        if place < 0:
                            n_calls[side] = calibrated(player, workload, seconds)
                            continue
                        answer = n_calls[side] and player.turn(workload, n_calls[side])
                    except Failed as error:
                        results.drop(workload, side, error)
                        del players[side]
                        continue
                    if answer:
                        turns = results.samples.setdefault((workload.name, side), [])
                        turns.append(Sample.of(answer, workload))
            seen(workload)
