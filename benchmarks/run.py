"""Compare this client with others, and with what is possible: one run, one server.

Each group of rows is a module: GROUPS has them. What was measured as a whole is written
to RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aerospike
import batches
import beside
import blocking
import counts
import floors
import free_threads
import holds
import loop_report
import results
from groups import Found, Group, Run, chosen
from workers import ROOT, Failed, Hosts, development_server, parse_hosts

GROUPS: tuple[Group, ...] = (
    blocking.GROUP,
    batches.GROUP,
    counts.GROUP,
    floors.GROUP,
    loop_report.GROUP,
    holds.GROUP,
    beside.GROUP,
    free_threads.GROUP,
)


def arguments(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("names", nargs="*", help="of rows, or parts of names; default: all")
    add("--without", nargs="+", default=[], help="rows, or parts, to be left out")
    add("--hosts", help="HOST:PORT[,...]; default: a development server of its own")
    add("--namespace", default="test")
    add("--rounds", type=int, help="default: what each group has by itself")
    add("--calls", type=float, default=1.0, help="factor on the calls of a batch")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--list", action="store_true", help="print the names of the rows")
    add("--ours", default=str(ROOT / ".venv/bin/python"))
    add("--theirs", default=str(ROOT / ".venv-bench/bin/python"))
    add(
        "--free",
        default=str(ROOT / "build/pythons/3.13t/bin/python"),
        help="a Python without the GIL that has this client; rows need it",
    )
    add(
        "--into",
        type=Path,
        default=ROOT,
        help="the checkout whose results are written, each section when all of it was "
        "measured",
    )
    options = parser.parse_args(args)
    if options.rounds is not None and options.rounds < 1:
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


def write(root: Path, group: Group, found: Found) -> None:
    """Write what a group has found, which was measured as a whole."""
    results.replace(root / results.PAGE, group.section, found.body())
    for (name, section), text in found.others.items():
        if section is None:
            (root / name).write_text(text, encoding="utf-8")
        else:
            results.replace(root / name, section, text)


def run(
    options: argparse.Namespace, selected: Sequence[tuple[Group, list[str]]]
) -> None:
    """Measure what is selected; write the sections that were measured as a whole."""
    document: dict[str, Any] = {}
    with server_of(options) as (hosts, server):
        one = Run(options, hosts, server)
        document["server"] = server
        for group, names in selected:
            one.say(f"\n--- {group.section} ---\n")
            found = group.measure(one, names)
            document[group.section] = found.document
            for goal, measured, met in (goal.cells() for goal in found.goals):
                one.say(f"{goal}\n    {measured}: {met}")
            if names == list(group.names(options)):
                write(options.into, group, found)
    if options.json:
        print(json.dumps(document, indent=2))


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    try:
        asked = (options.names, options.without)
        everything = [(group, chosen(group.names(options), *asked)) for group in GROUPS]
        selected = [(group, names) for group, names in everything if names]
        if options.list:
            print("\n".join(name for _, names in selected for name in names))
        elif selected:
            run(options, selected)
        else:
            raise Failed(
                f"no row is named like {' or '.join(options.names)}, or what it needs "
                "is missing (benchmarks/README.md)"
            )
    except Failed as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
