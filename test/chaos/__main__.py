"""Threads write, read and judge while nodes stop, start and freeze.

    cd test && python -m chaos --seconds 60
    cd test && python -m chaos --hosts 127.0.0.1:3000,... --pids 11,12,13

The first runs a development cluster of three nodes in a process of its own. The second
freezes the servers of a real cluster on this machine, one at a time; any client of this
API can be tried so, since nothing else is imported. Every contradiction is printed with
the history of its record. The exit status is 0 if there is none, no call was late, and
no descriptor and no thread is left.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import active_count
from typing import Any

from .caller import Caller, Late, Shelf, Tally, connect
from .metronome import Metronome, held_up_s
from .model import Kind, Unrest
from .nodes import DevNodes, Nodes, RealNodes, trouble
from .workload import Worker

N_NODES = 3
SHOWN = 5
"""Contradictions and late calls that are printed in full."""
SWITCH_S = 0.0005
"""Threads that have an answer wait for the interpreter: the less, the truer times."""
FINAL_S = 30.0
"""How long the last look at all records may be repeated until it is answered."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", help="printed by the run that is to be repeated")
    parser.add_argument("--hosts", help="of a real cluster: address:port,...")
    parser.add_argument("--pids", help="of its servers, in the same order")
    parser.add_argument("--namespace", default="test")
    parser.add_argument(
        "--slack-ms",
        type=float,
        default=50.0,
        help="how much later than its limit a call may end",
    )
    options = parser.parse_args(arguments)
    if bool(options.hosts) is not bool(options.pids):
        parser.error("--hosts and --pids go together")
    return options


def nodes_of(options: argparse.Namespace) -> Any:
    """The cluster that the options name."""
    if not options.hosts:
        return DevNodes(N_NODES)
    pairs = [text.rpartition(":") for text in options.hosts.split(",")]
    hosts = [(name, int(port)) for name, _, port in pairs]
    pids = [int(text) for text in options.pids.split(",")]
    nodes = RealNodes(hosts, pids, options.namespace)
    nodes.wait_until_stable(say)
    return nodes


def say(text: str) -> None:
    """A line of progress, with the clock that histories show."""
    print(f"{time.monotonic():9.3f}  {text}", flush=True)


def resources() -> tuple[int, int]:
    """Open descriptors and threads of this process, Python's alone outside Linux."""
    tasks = Path("/proc/self/task")
    n_threads = len(list(tasks.iterdir())) if tasks.exists() else active_count()
    return len(os.listdir("/dev/fd")), n_threads


def run(options: argparse.Namespace, nodes: Nodes, tally: Tally, seed: str) -> None:
    """Connect, let the threads work while nodes are in trouble, look at everything."""
    unrest = Unrest(grace_s=2.0)
    client = connect(nodes.hosts)
    shelf = Shelf(options.namespace, f"chaos{os.getpid()}", unrest)
    threads = range(options.threads)
    workers = [Worker(number, client, shelf, tally, seed) for number in threads]
    for worker in workers:
        worker.prepare()
    enough = threading.Event()
    running = [threading.Thread(target=each.run, args=(enough,)) for each in workers]
    for thread in running:
        thread.start()
    try:
        until_s = time.monotonic() + options.seconds
        trouble(nodes, unrest, random.Random(seed), until_s, say)
    finally:
        enough.set()
        for thread in running:
            thread.join()
    say("the last look")
    unrest.close()
    for record in shelf.all():
        record.look_anew()
    look_at_all(Caller(client, shelf, tally))
    remove_all(client, shelf)
    client.close()


def look_at_all(caller: Caller) -> None:
    """Judge every record once more, by each way of reading."""
    deadline_s = time.monotonic() + FINAL_S
    records = caller.shelf.all()
    looks: list[Callable[[], bool]] = [
        partial(caller.get, record, 2000) for record in records
    ]
    looks.append(partial(caller.batch_read, records, 4000, mixed=False))
    looks.append(caller.query)
    for look in looks:
        while not look():
            if time.monotonic() > deadline_s:
                caller.tally.broken.append("the last look is not answered")
                return


def remove_all(client: Any, shelf: Shelf) -> None:
    """Leave nothing behind."""
    client.batch_remove([shelf.key(record) for record in shelf.all()])


def report(options: argparse.Namespace, tally: Tally) -> bool:
    """Print what has happened; whether all of it is as it should be."""
    names = sorted({name for name, _ in tally.outcomes})
    for name in [*names, "all writes"]:
        counts: Counter[str] = Counter()
        for (action, outcome), count in tally.outcomes.items():
            if name in (action, "all writes"):
                counts[outcome] += count
        say(f"{name:>14}: {dict(sorted(counts.items()))}")
    for (name, error, code), count in sorted(tally.errors.items()):
        say(f"{count:6} x {name}: {error} {code}")
    kinds = Counter((each.kind, each.phase) for each in tally.found)
    for (kind, phase), count in kinds.items():
        found = (
            each for each in tally.found if (each.kind, each.phase) == (kind, phase)
        )
        n_records = len({each.record for each in found})
        say(f"{count:6} x {kind.name} {phase.value}, of {n_records} records")
    late = [each for each in tally.late if each.over_s > options.slack_ms / 1000]
    late.sort(key=lambda each: each.over_s, reverse=True)
    latest = max((each.over_s for each in tally.late), default=0.0)
    say(f"{len(late)} calls late; the latest by {latest * 1000:.0f} ms")
    for each in late[: 4 * SHOWN]:
        print(each)
    tally.found.sort(key=lambda each: not is_ours(each.kind, options))
    for contradiction in tally.found[:SHOWN]:
        print(contradiction)
    for text in tally.broken[:SHOWN]:
        print(text)
    ours = [each for each in tally.found if is_ours(each.kind, options)]
    return not (ours or late or tally.broken)


def without(late: list[Late], pauses: list[tuple[float, float]]) -> list[Late]:
    """The late calls that are late by more than the machine kept everybody waiting."""
    kept = []
    for each in late:
        over_s = each.over_s - held_up_s(pauses, each.begin_s, each.end_s)
        if over_s > 0:
            kept.append(replace(each, over_s=over_s))
    return kept


def is_ours(kind: Kind, options: argparse.Namespace) -> bool:
    """Whether a contradiction is the client's fault.

    A real server that was left for dead comes back with records of its own: the newer
    one wins, whatever was acknowledged. How often, another client has to show.
    """
    return not options.hosts or kind in (Kind.DENIED_APPLIED, Kind.MIXED_UP)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    options = parse(arguments)
    seed = options.seed or str(random.SystemRandom().randrange(10**9))
    say(f"seed {seed}, process {os.getpid()}, Python {sys.version.split()[0]}")
    sys.setswitchinterval(SWITCH_S)
    tally = Tally()
    nodes = nodes_of(options)
    metronome = Metronome()
    try:
        connect(nodes.hosts).close()  # what the first client imports stays
        before = resources()
        run(options, nodes, tally, seed)
        after = resources()
    finally:
        nodes.close()
        pauses = metronome.stop()
    paused_s = held_up_s(pauses, 0, math.inf)
    say(f"the machine paused {len(pauses)} times, {paused_s:.1f} s in all")
    tally.late = without(tally.late, pauses)
    is_fine = report(options, tally)
    say(f"descriptors and threads: {before} before, {after} after")
    is_fine = is_fine and before == after
    say("passed" if is_fine else f"FAILED; --seed {seed}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
