"""Workers write, read and judge while nodes stop, start, freeze and move.

    cd test && python -m chaos --seconds 60
    cd test && python -m chaos --seconds 600 --processes 4
    cd test && python -m chaos --client async
    cd test && python -m chaos --transactions
    cd test && python -m chaos --hosts 127.0.0.1:3000,... --pids 11,12,13

All but the last run a development cluster of three nodes in a process of its own. They
are threads of a client whose methods block, or tasks that now and then cancel what they
await, or let it time out. With transactions they move amounts between records and sum
them up, and further processes that do so are killed. The last
line stops, kills, freezes and moves the servers of a real cluster on this machine, one
at a time, and starts them anew by the command that they were started with; any client
of this API can be tried so, since nothing else is imported. Every contradiction is
printed with the history of its record. The exit status is 0 if there is none, no call
was late or ended with an error that nothing explains, no process grew, and no
descriptor and no thread is left.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .caller import NOTED_S, Late, Strange, Tally
from .crews import CREWS
from .expected import CONNECTION, TIMEOUT, UNHEARD
from .gauge import Gauge
from .metronome import Metronome, held_up_s, joined
from .model import Kind
from .nodes import DevNodes, Nodes, RealNodes, trouble
from .player import Players
from .pulse import Pulse
from .workload import LIMITS_MS

N_NODES = 3
Pauses = list[tuple[float, float]]
NODES = 0
"""Stands for the process of all nodes."""
LOOKS_BACK_S, STARVED_S = 5.0, 1.0
"""Nodes that were kept from running for so long of the last seconds may not be heard,
and a client that was may not hear them."""
SHOWN = 5
"""Contradictions and late calls that are printed in full."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--client", choices=list(CREWS), default="threads", help="who uses which"
    )
    parser.add_argument("--threads", type=int, default=16, help="of each process")
    parser.add_argument("--tasks", type=int, default=256, help="of each process")
    parser.add_argument("--loops", type=int, default=2, help="that its tasks are in")
    parser.add_argument(
        "--transactions", action="store_true", help="in a namespace that has them"
    )
    parser.add_argument("--seed", help="printed by the run that is to be repeated")
    parser.add_argument("--hosts", help="of a real cluster: address:port,...")
    parser.add_argument("--pids", help="of its servers, in the same order")
    parser.add_argument("--namespace", default="test")
    parser.add_argument(
        "--racks", help="of the nodes of the development cluster: 1,1,2"
    )
    parser.add_argument(
        "--slack-ms",
        type=float,
        default=50.0,
        help="how much later than its limit a call may end; one with a shorter limit "
        "may also end for want of time while nothing is disturbed",
    )
    parser.add_argument(
        "--config", type=json.loads, default={}, help="of the clients, as JSON"
    )
    options = parser.parse_args(arguments)
    if bool(options.hosts) is not bool(options.pids):
        parser.error("--hosts and --pids go together")
    if options.hosts and options.transactions:
        parser.error("--transactions needs the development cluster")
    return options


def nodes_of(options: argparse.Namespace) -> Any:
    """The cluster that the options name."""
    if not options.hosts:
        return DevNodes(N_NODES, options.racks, is_strong=options.transactions)
    pairs = [text.rpartition(":") for text in options.hosts.split(",")]
    hosts = [(name, int(port)) for name, _, port in pairs]
    pids = [int(text) for text in options.pids.split(",")]
    nodes = RealNodes(hosts, pids, options.namespace)
    nodes.wait_until_stable(say)
    return nodes


def say(text: str) -> None:
    """A line of progress, with the clock that histories show."""
    print(f"{time.monotonic():9.3f}  {text}", flush=True)


def run(
    options: argparse.Namespace, nodes: Nodes, seed: str
) -> tuple[Tally, list[str]]:
    """Let processes work while nodes are in trouble, and look at everything.

    :return: what has happened, and what processes hold that they should not.
    """
    tally, too_much = Tally(), list[str]()
    players = Players(options, nodes.hosts, seed)
    n_workers = options.threads if options.client == "threads" else options.tasks
    n_calls = n_workers * len(nodes.hosts)  # each may need a connection per node
    names = {pid: (f"process {pid}", n_calls) for pid in players.pids}
    if not options.hosts:  # what a real server holds is not for us to judge
        n_all = n_calls * options.processes
        names |= {pid: (f"server {pid}", n_all) for pid in nodes.pids}
    gauge = Gauge(names)
    pulse = None if options.hosts else Pulse(nodes.pids[0])
    try:
        until_s = time.monotonic() + options.seconds
        trouble(nodes, players, random.Random(seed), until_s, say)
        for text, is_fine in gauge.stop():
            say(text if is_fine else f"{text}: TOO MUCH")
            too_much += [] if is_fine else [text]
        say("the last look")
        for found, before, after in players.finish():
            tally.add(found)
            if before is not None and after is not None:
                counts = [(held.descriptors, held.threads) for held in (before, after)]
                text = "descriptors and threads: {} before, {} after".format(*counts)
                is_fine = all(a >= b for a, b in zip(*counts, strict=True))
                too_much += [] if is_fine else [text]
                say(text)
    finally:
        gauge.close()
        players.close()
        tally.pauses[NODES] = [] if pulse is None else pulse.stop()
    return tally, too_much


def report(options: argparse.Namespace, tally: Tally, too_much: list[str]) -> bool:
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
    latest = max((each.over_s for each in tally.late), default=NOTED_S)
    say(f"{len(late)} calls late; the latest by {latest * 1000:.0f} ms at most")
    for each in late[: 4 * SHOWN]:
        print(each)
    strange = [
        each for each in tally.strange if not is_excused(each, options, tally.pauses)
    ]
    say(f"{len(strange)} unexpected errors, {len(tally.strange)} with those excused")
    for (code, limit_ms), count in sorted(
        Counter((each.code, each.limit_ms) for each in tally.strange).items()
    ):
        say(f"{count:6} x code {code} of calls of {limit_ms} ms")
    for text in map(str, strange[:SHOWN]):
        print(text)
    tally.found.sort(key=lambda each: not is_ours(each.kind, options))
    for contradiction in tally.found[:SHOWN]:
        print(contradiction)
    for text in tally.broken[:SHOWN]:
        print(text)
    for text in too_much:
        say(f"too much: {text}")
    ours = [each for each in tally.found if is_ours(each.kind, options)]
    return not (ours or late or strange or tally.broken or too_much)


def is_excused(
    each: Strange, options: argparse.Namespace, processes: Mapping[int, Pauses]
) -> bool:
    """Whether a machine that may be so late explains an error.

    processes: when they were kept from running, of the caller and of the nodes.
    """
    if each.code == TIMEOUT and each.limit_ms <= options.slack_ms:
        return True
    shares_connections = options.client != "threads"
    if shares_connections and each.code == CONNECTION:
        return min(LIMITS_MS) <= options.slack_ms  # silence, for one that shared it
    begin_s = each.begin_s - LOOKS_BACK_S
    held_s = [
        held_up_s(processes.get(pid, []), begin_s, each.end_s)
        for pid in (each.pid, NODES)
    ]
    return each.code in UNHEARD and max(held_s) >= STARVED_S


def without(
    late: list[Late], machine: Pauses, processes: Mapping[int, Pauses]
) -> list[Late]:
    """The late calls that are late by more than the machine kept them waiting.

    machine: when everybody waited; processes: when each of them did, by its number.
    """
    kept = []
    pauses = {pid: joined([*machine, *own]) for pid, own in processes.items()}
    for each in late:
        own = pauses.get(each.pid, machine)
        over_s = each.over_s - held_up_s(own, each.begin_s, each.end_s)
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
    nodes = nodes_of(options)
    metronome = Metronome()
    try:
        tally, too_much = run(options, nodes, seed)
    finally:
        nodes.close()
        pauses = metronome.stop()
    paused_s = held_up_s(pauses, 0, math.inf)
    say(f"the machine paused {len(pauses)} times, {paused_s:.1f} s in all")
    tally.late = without(tally.late, pauses, tally.pauses)
    for pid, own in tally.pauses.items():
        name = f"process {pid}" if pid != NODES else "the process of the nodes"
        say(f"{name} was held up for {held_up_s(own, 0, math.inf):.1f} s")
    is_fine = report(options, tally, too_much)
    say("passed" if is_fine else f"FAILED; --seed {seed}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
