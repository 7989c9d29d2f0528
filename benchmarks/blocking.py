"""This client's blocking calls against those of the one on PyPI.

A round runs one batch of calls with this client, then the same with the other. The
two batches are neighbours in time, so whatever else the machine does meets both; only
their ratio is taken, and the minimum, median and maximum over all rounds are shown.
Absolute times are for orientation: they hold for one machine and one moment.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from statistics import median

import results
from figures import Spread
from groups import Found, Group, Place, Run
from serving import Message
from workers import HERE, Failed, Worker

CLIENTS = ("this client", "aerospike")
ROUNDS = 7

# where the pages have some of it
SECTION = "figures of calls"
PAGES: tuple[Place, ...] = (("doc/index.md", SECTION), ("doc/performance.md", SECTION))
ON_PAGES = {
    "get-4-bins",
    "put-4-bins",
    "operate-incr-read",
    "get-list-10000",
    "get-blob-1m",
    "batch-read-1000",
    "scan-100000",
}

# of a workload: name, calls, whether it moves one value, title
Row = tuple[str, int, bool, str]


@dataclass(frozen=True)
class Comparison:
    """One workload: ours by theirs, and each by itself in microseconds per call."""

    workload: str
    n_calls: int
    rate_ratio: Spread  # calls per second, ours / theirs: more is better
    cpu_ratio: Spread  # client CPU per call, ours / theirs: less is better
    ours_wall_us: float
    theirs_wall_us: float
    ours_cpu_us: float
    theirs_cpu_us: float
    floor_us: float | None = None  # CPU of msgspec for the same value
    floor_ratio: float | None = None  # ours by that, median


def compare(
    workload: str,
    n_calls: int,
    ours: Sequence[Message],
    theirs: Sequence[Message],
    floor: Sequence[Message] = (),
) -> Comparison:
    """Pair the rounds of both clients; each message has wall_s and cpu_s.

    floor has those of plain msgpack, where the workload moves one value.
    """
    pairs = list(zip(ours, theirs, strict=True))

    def per_call_us(rounds: Sequence[Message], field: str) -> float:
        seconds = [float(one[field]) for one in rounds]
        return median(seconds) / n_calls * 1e6

    return Comparison(
        workload=workload,
        n_calls=n_calls,
        rate_ratio=Spread.of([b["wall_s"] / a["wall_s"] for a, b in pairs]),
        cpu_ratio=Spread.of([a["cpu_s"] / b["cpu_s"] for a, b in pairs]),
        ours_wall_us=per_call_us(ours, "wall_s"),
        theirs_wall_us=per_call_us(theirs, "wall_s"),
        ours_cpu_us=per_call_us(ours, "cpu_s"),
        theirs_cpu_us=per_call_us(theirs, "cpu_s"),
        floor_us=per_call_us(floor, "cpu_s") if floor else None,
        floor_ratio=median(
            a["cpu_s"] / f["cpu_s"] for a, f in zip(ours, floor, strict=True)
        )
        if floor
        else None,
    )


def measure(
    name: str,
    n_calls: int,
    rounds: int,
    ours: Worker,
    theirs: Worker,
    has_floor: bool = False,
) -> Comparison:
    batches: dict[str, list[Message]] = {"ours": [], "theirs": [], "floor": []}
    workers = (("ours", ours), ("theirs", theirs))
    for _, worker in workers:
        # by both, so that their processes are alike; the second's bytes stay
        worker.ask("prepare", workload=name)
    for _, worker in workers:
        worker.ask("run", workload=name, n_calls=max(1, n_calls // 4))  # warm-up
    for _ in range(rounds):
        for side, worker in workers:
            batch = worker.ask("run", workload=name, n_calls=n_calls)
            batches[side].append(batch)
        if has_floor:
            batch = theirs.ask("msgpack", workload=name, n_calls=n_calls)
            batches["floor"].append(batch)
    return compare(name, n_calls, **batches)


def line(
    name: str, rate: str, cpu: str, wall_us: str, cpu_us: str, floor: str = ""
) -> str:
    return f"{name:17} {rate:>14}  {cpu:>14} {wall_us:>13} {cpu_us:>13} {floor:>11}"


SPREAD = " min  med  max"
SIDES = "  ours theirs"
HEADER = "\n".join(
    (
        line("", "calls/s ratio", "CPU/call ratio", "us per call", "CPU us", "msgspec"),
        line("workload", SPREAD, SPREAD, SIDES, SIDES, "us ratio"),
    )
)


def micros(value: float) -> str:
    """Six characters, with a decimal where it says something."""
    return f"{value:6.1f}" if value < 1000 else f"{value:6.0f}"


def table_row(row: Comparison) -> str:
    return line(
        row.workload,
        str(row.rate_ratio),
        str(row.cpu_ratio),
        f"{micros(row.ours_wall_us)} {micros(row.theirs_wall_us)}",
        f"{micros(row.ours_cpu_us)} {micros(row.theirs_cpu_us)}",
        f"{row.floor_us:5.0f} {row.floor_ratio:5.2f}" if row.floor_us else "",
    )


@functools.cache
def workload_table(python: str) -> list[Row]:
    """The workloads, read where their imports are installed."""
    code = (
        "import json, workloads as w;"
        "print(json.dumps([(x.name, x.n_calls, x.value is not None, x.title)"
        " for x in w.WORKLOADS]))"
    )
    done = subprocess.run(
        [python, "-W", "ignore", "-c", code],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return [(name, *rest) for name, *rest in json.loads(done.stdout)]


@contextmanager
def both(run: Run) -> Iterator[tuple[dict[str, Worker], dict[str, str]]]:
    """A worker of this client and one of the other, and the versions of both."""
    pythons = {"ours": run.options.ours, "theirs": run.options.theirs}
    with ExitStack() as stack:
        workers, versions = {}, {}
        for name, (side, python) in zip(CLIENTS, pythons.items(), strict=True):
            worker = workers[side] = Worker(side, python)
            stack.callback(worker.close)
            where = {"hosts": run.hosts, "namespace": run.options.namespace}
            versions[name] = worker.ask("connect", **where)["version"]
        yield workers, versions


def compared(run: Run, selected: Sequence[Row], rounds: int) -> Found:
    with both(run) as (workers, versions):
        run.say(
            f"{' and '.join(f'{name} {v}' for name, v in versions.items())}, "
            f"{rounds} rounds against {run.server}\n"
            "Ratios are ours / theirs: calls/s above 1 and CPU/call below 1 "
            "are better. msgspec: its CPU for the same value as plain msgpack, "
            f"and ours by that.\n\n{HEADER}"
        )
        rows = []
        for name, n_calls, has_floor, _ in selected:
            n_scaled = max(1, round(n_calls * run.options.calls))
            rows.append(measure(name, n_scaled, rounds, **workers, has_floor=has_floor))
            run.say(table_row(rows[-1]))
    origin = results.origin(run.server, rounds, versions)
    figures = f"{origin}\n{table_of_pages(selected, rows)}"
    return Found(
        [asdict(row) for row in rows],
        section(origin, selected, rows),
        others=dict.fromkeys(PAGES, figures),
    )


def section(origin: str, selected: Sequence[Row], rows: Sequence[Comparison]) -> str:
    """What RESULTS.md says of the blocking calls."""
    header = (
        "workload",
        "calls per second, ours / theirs (min, median, max)",
        "client CPU per call, ours / theirs (min, median, max)",
        "CPU, ours / msgspec",
    )
    lines = [
        (
            title,
            row.rate_ratio.listed(),
            row.cpu_ratio.listed(),
            f"{row.floor_ratio:.2f}" if row.floor_ratio else "",
        )
        for (*_, title), row in zip(selected, rows, strict=True)
    ]
    return f"{origin}\n{results.table(header, lines)}"


def table_of_pages(selected: Sequence[Row], rows: Sequence[Comparison]) -> str:
    """The medians of some workloads."""
    header = (
        "call",
        "calls per second, ours / theirs",
        "CPU time of the client per call, ours / theirs",
    )
    lines = [
        (title, f"{row.rate_ratio.median:.2f}", f"{row.cpu_ratio.median:.2f}")
        for (name, *_, title), row in zip(selected, rows, strict=True)
        if name in ON_PAGES
    ]
    return results.table(header, lines)


def names(options: argparse.Namespace) -> list[str]:
    return [name for name, *_ in workload_table(options.theirs)]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    table = workload_table(run.options.theirs)
    return compared(run, [row for row in table if row[0] in wanted], run.rounds(ROUNDS))


GROUP = Group("blocking calls", names, measured)
