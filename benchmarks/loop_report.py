"""What loops.py has measured: for a terminal, for RESULTS.md, and as a chart."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import chart
from groups import Found, Goal, Group, Place, Run
from loop_workloads import BY_NAME, CALLS, WORKLOADS, Workload
from loops import (
    BLOCKING,
    FLOOR,
    NATIVE,
    NATIVE_ASYNCIO,
    OURS,
    OURS_ASYNCIO,
    PY,
    PY_ASYNCIO,
    SIDES,
    TWO_LOOPS,
    Results,
    Side,
    measure,
    name_of,
)
from results import origin, table

CHART = "loops.svg"
ROUNDS = 7
TURN_S = 0.25  # how long a client is busy in one round

# what a run writes besides a section of RESULTS.md
FIGURES: Place = ("doc/asyncio.md", "figures")
PICTURE: Place = (f"benchmarks/{CHART}", None)

OF_FLOOR = 0.8  # of the bare loop's rate is enough, whatever another client reaches


@dataclass(frozen=True)
class Ratio:
    """What a ratio should be: a rate at least the limit, CPU at most."""

    workload: str
    ours: Side
    theirs: Side
    of: str
    limit: float

    def verdict(self, results: Results) -> Goal | None:
        workload = BY_NAME[self.workload]
        ratio = results.ratio(self.workload, self.ours, self.theirs, self.of)
        if ratio is None:
            return None
        what = {"rate": "rate at least", "cpu_us": "CPU at most"}[self.of]
        text = (
            f"{workload.call}, {workload.in_flight} under way, {self.ours.title}: "
            f"{what} {self.limit} times {self.theirs.title}"
        )
        found = f"{ratio.median:.2f}"
        met = ratio.median <= self.limit
        if self.of == "rate":
            met = ratio.median >= self.limit
            share = results.ratio(self.workload, self.ours, FLOOR, "rate")
            if share is not None:
                text += f", or {OF_FLOOR} times the {FLOOR.title}"
                found += f"; {share.median:.2f} of the loop"
                met = met or share.median >= OF_FLOOR
        return Goal(text, found, met)


GOALS = (
    Ratio("get-64", OURS, NATIVE, "rate", 2.5),
    Ratio("get-64", OURS, NATIVE, "cpu_us", 0.3),
    Ratio("get-256", OURS, NATIVE, "rate", 3.0),
    Ratio("get-256", OURS, NATIVE, "cpu_us", 0.3),
    Ratio("get-1", OURS, BLOCKING, "cpu_us", 1.5),
    Ratio("get-1", OURS_ASYNCIO, BLOCKING, "cpu_us", 1.9),
)


def verdicts(results: Results) -> list[Goal]:
    found = [goal.verdict(results) for goal in GOALS]
    return [verdict for verdict in found if verdict is not None]


def lines_of(results: Results, workload: Workload) -> Iterator[str]:
    """What a terminal shows of a workload."""
    yield f"\n{workload.title}, {workload.in_flight} under way"
    for side in SIDES:
        rate = results.spread(workload.name, side, "rate")
        cpu = results.spread(workload.name, side, "cpu_us")
        if rate is not None and cpu is not None:
            yield f"{side.title:32}{rate.median:10,.0f}/s {cpu.median:7.2f} us of CPU"


def cell(results: Results, workload: str, side: Side) -> str:
    rate = results.spread(workload, side, "rate")
    cpu = results.spread(workload, side, "cpu_us")
    return f"{rate.median:,.0f} ({cpu.median:.2f})" if rate and cpu else ""


def figures(
    results: Results,
    title: str,
    workloads: list[Workload],
    sides: Sequence[Side] = SIDES,
) -> str:
    """A row for each side, a column for each workload."""
    rows = [
        [side.title, *(cell(results, workload.name, side) for workload in workloads)]
        for side in sides
    ]
    header = [title, *(f"{workload.in_flight} under way" for workload in workloads)]
    return table(header, [row for row in rows if any(row[1:])])


LOOPS = ((OURS, NATIVE, PY), (OURS_ASYNCIO, NATIVE_ASYNCIO, PY_ASYNCIO))


def ratios(results: Results) -> str:
    rows = [
        [
            f"{workload.title}, {workload.in_flight} under way",
            ours.how,
            *(
                ratio.listed() if ratio else ""
                for theirs in rivals
                for of in ("rate", "cpu_us")
                for ratio in [results.ratio(workload.name, ours, theirs, of)]
            ),
        ]
        for workload in WORKLOADS
        for ours, *rivals in LOOPS
    ]
    header = ["workload", "loop"]
    for side in (NATIVE, PY):
        header += [f"rate, ours / {side.client}", f"CPU, ours / {side.client}"]
    return table(header, rows)


UNITS = """\
The numbers are records per second. The microseconds of the client's CPU for one record
stand in brackets. Both are medians of the rounds.
"""


def section(results: Results) -> str:
    of_call = {
        call: [workload for workload in WORKLOADS if workload.call == call]
        for call in [workload.call for workload in WORKLOADS]
    }
    parts = [
        origin(results.server, results.rounds, results.versions),
        *(f"Without {reason}.\n" for reason in results.skipped.values()),
        f"![Calls per second by client]({CHART})\n",
        UNITS,
        *(
            figures(results, workloads[0].title, workloads)
            for workloads in of_call.values()
        ),
        "The ratios are the minimum, the median and the maximum over the rounds.\n",
        ratios(results),
    ]
    return "\n".join(parts)


def figures_of_page(results: Results) -> str:
    """What the page on event loops says of threads and loops."""
    sides = (BLOCKING, OURS, OURS_ASYNCIO, TWO_LOOPS)
    gets = [workload for workload in WORKLOADS if workload.call == "get"]
    ours = {BLOCKING.client_name: results.versions[BLOCKING.client_name]}
    return "\n".join(
        (
            origin(results.server, results.rounds, ours),
            UNITS,
            figures(results, gets[0].title, gets, sides),
        )
    )


def drawing(results: Results) -> str:
    kinds = {OURS: "ours", NATIVE: "other", PY: "other", BLOCKING: "other"}
    groups = []
    for workload in WORKLOADS:
        if workload.call != next(iter(CALLS)):
            continue
        bars = []
        for side, kind in {**kinds, FLOOR: "bound"}.items():
            rate = results.spread(workload.name, side, "rate")
            cpu = results.spread(workload.name, side, "cpu_us")
            if rate is None or cpu is None:
                continue
            text = f"{rate.median:,.0f}/s, {cpu.median:.1f} µs of CPU"
            bars.append(chart.Bar(side.title, rate.median, text, kind))
        noun = "get" if workload.in_flight == 1 else "gets"
        heading = f"{workload.in_flight} {noun} under way"
        groups.append(chart.Group(heading, bars))
    title = "Gets per second and CPU time for each, of clients that share one loop"
    return chart.svg("loops-chart", title, groups)


def as_json(results: Results) -> list[dict[str, object]]:
    return [
        {"workload": workload, "side": side.title, "turns": [asdict(t) for t in turns]}
        for (workload, side), turns in results.samples.items()
    ]


def found_of(results: Results) -> Found:
    others = {FIGURES: figures_of_page(results), PICTURE: drawing(results)}
    return Found(as_json(results), section(results), verdicts(results), others)


def names(_: argparse.Namespace) -> list[str]:
    return [name_of(workload) for workload in WORKLOADS]


def measured(run: Run, wanted: Sequence[str]) -> Found:
    found = Results(run.server, run.rounds(ROUNDS))
    selected = [workload for workload in WORKLOADS if name_of(workload) in wanted]

    def seen(workload: Workload) -> None:
        run.say("\n".join(lines_of(found, workload)))

    where = (run.hosts, run.options.namespace)
    measure(selected, found, *where, TURN_S * run.options.calls, seen)
    run.say("".join(f"\nwithout {reason}" for reason in found.skipped.values()))
    return found_of(found)


GROUP = Group("loops and threads", names, measured)
