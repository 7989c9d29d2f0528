"""Compare this client with others: workers, one server, in turns.

blocking.py has the calls that block, and the client on PyPI for them. loops.py has
event loops with many calls under way, and other clients for asyncio. What was measured
as a whole is written to RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import aerospike
import blocking
import loop_report
import loops
import results
from loop_workloads import WORKLOADS, Workload
from workers import ROOT, Failed, Hosts, development_server, parse_hosts

R = TypeVar("R")
TURN_S = 0.25  # how long a client of loops.py is busy in one round

# what is written in a checkout: the sections of two pages, and a picture
RESULTS, PAGE = "benchmarks/RESULTS.md", "doc/asyncio.md"
PICTURE = f"benchmarks/{loop_report.CHART}"
BLOCKING, LOOPS, FIGURES = "blocking calls", "loops and threads", "figures"
SECTIONS = ((RESULTS, BLOCKING), (RESULTS, LOOPS), (PAGE, FIGURES))


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
    add(
        "--into",
        type=Path,
        default=ROOT,
        help="the checkout whose results are written, each section when all of it was "
        "measured",
    )
    options = parser.parse_args(args)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


@contextmanager
def server_of(options: argparse.Namespace) -> Iterator[tuple[Hosts, str]]:
    """Where the server is, and what to call it."""
    if not options.hosts:
        with development_server() as hosts:
            yield (
                hosts,
                "a development server (Python: it bounds calls/s, not CPU/call)",
            )
        return
    hosts = parse_hosts(options.hosts)
    with aerospike.client({"hosts": hosts}) as client:
        builds = {build.strip() for _, build in client.info_all("build").values()}
    yield hosts, f"Aerospike {', '.join(sorted(builds))}"


def run_loops(
    options: argparse.Namespace,
    hosts: Hosts,
    server: str,
    selected: Sequence[Workload],
) -> loops.Results:
    found = loops.Results(server, options.rounds)

    def seen(workload: Workload) -> None:
        if not options.json:
            print("\n".join(loop_report.lines_of(found, workload)), flush=True)

    loops.measure(
        selected, found, hosts, options.namespace, TURN_S * options.calls, seen
    )
    if not options.json:
        print("".join(f"\nwithout {reason}" for reason in found.skipped.values()))
        for goal, measured, met in loop_report.verdicts(found):
            print(f"{goal}\n    {measured}: {met}")
    return found


@dataclass(frozen=True)
class Selection(Generic[R]):
    """The rows of one kind that were asked for."""

    found: list[R]
    is_whole: bool  # whether those are all

    @classmethod
    def of(
        cls, rows: Sequence[R], name_of: Callable[[R], str], wanted: Sequence[str]
    ) -> Selection[R]:
        found = [
            row
            for row in rows
            if not wanted or any(part in name_of(row) for part in wanted)
        ]
        return cls(found, len(found) == len(rows))


def write_loops(root: Path, turns: loops.Results) -> None:
    results.replace(root / RESULTS, LOOPS, loop_report.section(turns))
    results.replace(root / PAGE, FIGURES, loop_report.figures_of_page(turns))
    (root / PICTURE).write_text(loop_report.drawing(turns), encoding="utf-8")


def run(
    options: argparse.Namespace,
    rows: Selection[blocking.Row],
    looping: Selection[Workload],
) -> None:
    """Measure what is selected; write the sections that were measured as a whole."""
    document: dict[str, Any] = {"rounds": options.rounds}
    with server_of(options) as (hosts, server):
        document["server"] = server
        if rows.found:
            versions, compared = blocking.run(options, hosts, server, rows.found)
            document["versions"] = versions
            document["workloads"] = [asdict(one) for one in compared]
            if rows.is_whole:
                origin = results.origin(server, options.rounds, versions)
                body = blocking.section(origin, rows.found, compared)
                results.replace(options.into / RESULTS, BLOCKING, body)
        if looping.found:
            turns = run_loops(options, hosts, server, looping.found)
            document["loops"] = loop_report.as_json(turns)
            if looping.is_whole:
                write_loops(options.into, turns)
    if options.json:
        print(json.dumps(document, indent=2))


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    try:
        table = blocking.workload_table(options.theirs)
        wanted = options.workloads
        rows = Selection.of(table, lambda row: row[0], wanted)
        looping = Selection.of(WORKLOADS, loops.name_of, wanted)
        if options.list:
            names = [name for name, *_ in rows.found]
            print("\n".join([*names, *map(loops.name_of, looping.found)]))
        elif rows.found or looping.found:
            run(options, rows, looping)
        else:
            raise Failed(f"no workload is named like {' or '.join(wanted)}")
    except Failed as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
