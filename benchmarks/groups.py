"""What the parts of a run have in common: what they are told, and what they find.

A group is one kind of figures. It has names, of which parts can be asked for, and a
section of RESULTS.md, which a run writes when it has measured the group as a whole.
run.py lists the groups.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import results
from workers import Hosts

# what a run writes in a checkout besides RESULTS.md: a file, and the section of it, or
# None where the text is all of the file
Place = tuple[str, str | None]


@dataclass(frozen=True)
class Goal:
    """What a figure is to be: as a whole, a row of a table."""

    goal: str
    measured: str
    is_met: bool

    def cells(self) -> tuple[str, str, str]:
        return self.goal, self.measured, "yes" if self.is_met else "no"

    @classmethod
    def at_most(cls, what: str, limit: float, measured: float) -> Goal:
        return cls(f"{what}: at most {limit:g}", f"{measured:.2f}", measured <= limit)


@dataclass(frozen=True)
class Run:
    """What a group is told."""

    options: argparse.Namespace
    hosts: Hosts
    server: str

    def rounds(self, usual: int) -> int:
        """How many rounds were asked for, or so many as a group has by itself."""
        asked: int | None = self.options.rounds
        return usual if asked is None else asked

    def say(self, text: str) -> None:
        """For the terminal, where no JSON is wanted."""
        if not self.options.json:
            print(text, flush=True)


@dataclass
class Found:
    """What a group has measured.

    :ivar document: the same for JSON.
    :ivar section: the text for RESULTS.md, without the goals.
    :ivar others: what stands elsewhere.
    """

    document: Any
    section: str
    goals: list[Goal] = field(default_factory=list)
    others: dict[Place, str] = field(default_factory=dict)

    def body(self) -> str:
        if not self.goals:
            return self.section
        rows = [goal.cells() for goal in self.goals]
        header = ("goal", "measured", "met")
        return "\n".join(
            (
                self.section,
                "These are the goals of the client:\n",
                results.table(header, rows),
            )
        )


@dataclass(frozen=True)
class Group:
    """One kind of figures.

    :ivar section: of RESULTS.md.
    :ivar names: of its rows; the argument is what was asked for on the command line.
    :ivar measure: measures the rows of these names, and tells the terminal of them.
    """

    section: str
    names: Callable[[argparse.Namespace], Sequence[str]]
    measure: Callable[[Run, Sequence[str]], Found]


def chosen(
    names: Sequence[str], wanted: Sequence[str], unwanted: Sequence[str] = ()
) -> list[str]:
    """The names of which a part is wanted, or all, but those of which one is not."""
    return [
        name
        for name in names
        if (not wanted or any(part in name for part in wanted))
        and not any(part in name for part in unwanted)
    ]
