"""Compare this client with the one on PyPI: two workers, one server, in turns.

A round runs one batch of calls with this client, then the same with the other. The
two batches are neighbours in time, so whatever else the machine does meets both; only
their ratio is taken, and the minimum, median and maximum over all rounds are shown.
Absolute times are for orientation: they hold for one machine and one moment.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Message = dict[str, Any]
Hosts = list[tuple[str, int]]
Row = tuple[str, int, bool]  # of a workload: name, calls, whether it moves one value


class Failed(Exception):
    """A worker refused, or ended."""


class Worker:
    """One client: a subprocess of worker.py under the Python of its environment."""

    def __init__(self, label: str, python: str) -> None:
        self.label = label
        self.process = subprocess.Popen(
            [python, "-X", "utf8", "-W", "ignore", str(HERE / "worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> Message:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{self.label}: the worker has ended") from None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.label}: the worker ended during {do!r}")
        answer: Message = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.label}: {answer['error']}")
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum over the rounds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(min(values), median(values), max(values))

    def __str__(self) -> str:
        return f"{self.min:4.2f} {self.median:4.2f} {self.max:4.2f}"


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


def parse_hosts(text: str) -> Hosts:
    hosts = []
    for part in text.split(","):
        address, _, port = part.strip().rpartition(":")
        hosts.append((address.strip("[]"), int(port)))
    return hosts


@contextmanager
def development_server() -> Iterator[Hosts]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise Failed("the development server did not start")
        yield [(address, port) for address, port in json.loads(line)]
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def arguments(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("workloads", nargs="*", help="names or parts of names; default: all")
    add("--hosts", help="HOST:PORT[,...]; default: a development server of its own")
    add("--namespace", default="test")
    add("--rounds", type=int, default=7)
    add("--calls", type=float, default=1.0, help="factor on the calls of a batch")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--list", action="store_true", help="print the names of the workloads")
    add("--ours", default=str(ROOT / ".venv/bin/python"))
    add("--theirs", default=str(ROOT / ".venv-bench/bin/python"))
    options = parser.parse_args(args)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def run(options: argparse.Namespace, selected: Sequence[Row]) -> None:
    with ExitStack() as stack:
        if options.hosts:
            hosts = parse_hosts(options.hosts)
            server = options.hosts
        else:
            hosts = stack.enter_context(development_server())
            server = "a development server (Python: it bounds calls/s, not CPU/call)"
        workers = []
        versions = []
        for label, python in (("ours", options.ours), ("theirs", options.theirs)):
            worker = Worker(label, python)
            stack.callback(worker.close)
            where = {"hosts": hosts, "namespace": options.namespace}
            versions.append(worker.ask("connect", **where)["version"])
            workers.append(worker)
        ours, theirs = workers
        if not options.json:
            print(
                f"ours: aerospike {versions[0]}, theirs: aerospike {versions[1]}, "
                f"{options.rounds} rounds against {server}\n"
                "Ratios are ours / theirs: calls/s above 1 and CPU/call below 1 "
                "are better. msgspec: its CPU for the same value as plain msgpack, "
                f"and ours by that.\n\n{HEADER}"
            )
        rows = []
        for name, n_calls, has_floor in selected:
            n_scaled = max(1, round(n_calls * options.calls))
            rows.append(
                measure(name, n_scaled, options.rounds, ours, theirs, has_floor)
            )
            if not options.json:
                print(table_row(rows[-1]), flush=True)
    if options.json:
        result = {
            "ours": versions[0],
            "theirs": versions[1],
            "server": server,
            "rounds": options.rounds,
            "workloads": [asdict(row) for row in rows],
        }
        print(json.dumps(result, indent=2))


def workload_table(python: str) -> list[Row]:
    """The workloads, read where their imports are installed."""
    code = (
        "import json, workloads as w;"
        "print(json.dumps([(x.name, x.n_calls, x.value is not None)"
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
    return [(name, n, floor) for name, n, floor in json.loads(done.stdout)]


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    try:
        table = workload_table(options.theirs)
        wanted = options.workloads
        selected = [
            row for row in table if not wanted or any(part in row[0] for part in wanted)
        ]
        if options.list:
            print("\n".join(name for name, *_ in selected))
        elif selected:
            run(options, selected)
        else:
            raise Failed(f"no workload is named like {' or '.join(wanted)}")
    except Failed as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
