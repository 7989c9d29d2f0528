"""What benchmarks/run.py asks of its groups, and what these make of their rounds."""

import contextlib
import shutil
from argparse import Namespace
from collections import Counter
from typing import Any

import pytest

import batches
import blocking
import counts
import groups
import loop_report
import results
import run
import workers
from groups import Found, Goal, Group
from workloads import BATCHES

RUN = groups.Run(Namespace(), [], "a server")


def test_names_are_chosen_by_parts():
    assert groups.chosen(["ab", "b"], []) == ["ab", "b"]
    assert groups.chosen(["ab", "b"], ["a"]) == ["ab"]
    assert groups.chosen(["ab", "b"], ["x"]) == []
    assert groups.chosen(["ab", "b"], [], ["a"]) == ["b"]


@pytest.mark.parametrize("group", run.GROUPS, ids=lambda group: group.section)
def test_results_have_a_section_for_each_group(tmp_path, group):
    page = tmp_path / "page.md"
    page.write_text((workers.ROOT / results.PAGE).read_text())
    results.replace(page, group.section, "new")


@pytest.mark.parametrize(
    ("name", "section"),
    [*blocking.PAGES, batches.PLACE, loop_report.FIGURES],
)
def test_pages_have_their_sections(tmp_path, name, section):
    page = tmp_path / "page.md"
    page.write_text((workers.ROOT / name).read_text())
    results.replace(page, section, "new")


def test_sections_have_names_of_their_own():
    assert len({group.section for group in run.GROUPS}) == len(run.GROUPS)


def test_a_group_that_was_measured_as_a_whole_is_written(tmp_path, monkeypatch, capsys):
    """And nothing else is."""
    page = tmp_path / results.PAGE
    page.parent.mkdir()
    page.write_text("".join(results.marks("a") + results.marks("b")))
    goal = Goal.at_most("time", 1.5, 2)

    def group(section: str) -> Group:
        names = [f"{section}-1", f"{section}-2"]
        return Group(
            section,
            lambda _: names,
            lambda _, asked: Found(asked, f"{section} measured {asked}", [goal]),
        )

    monkeypatch.setattr(
        run, "server_of", lambda _: contextlib.nullcontext(([], "a server"))
    )
    monkeypatch.setattr(run, "GROUPS", (group("a"), group("b")))
    assert run.main(["a-", "b-1", "--into", str(tmp_path), "--json"]) == 0
    text = page.read_text()
    assert "a measured ['a-1', 'a-2']" in text
    assert "| time: at most 1.5 | 2.00 | no |" in text
    assert "b measured" not in text
    assert '"b": [\n    "b-1"\n  ]' in capsys.readouterr().out


def test_goals_of_batches_pair_the_turns_of_a_round():
    smallest, small, *_, largest = BATCHES
    found: dict[Any, Any] = {
        batch: {
            "ours": [{"cpu_s": cpu, "wall_s": 3 * cpu}] * 3,
            "theirs": [{"cpu_s": 10, "wall_s": 10}] * 3,
        }
        for batch, cpu in ((smallest, 2), (small, 2.1), (largest, 3))
    }
    cells = [goal.cells()[1:] for goal in batches.goals_of(found)]
    assert cells == [("0.21", "yes"), ("1.50", "yes")]
    assert batches.cells(small, found[small])[-1] == "0.21, 0.21, 0.21"


STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.001000           1      1100           sendto
 40.00    0.000500           1      1105         5 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.001500           1      2205         5 total
"""


def test_system_calls_are_those_of_one_call(monkeypatch):
    assert counts.calls_in(STRACE) == {"sendto": 1100, "recvfrom": 1105}
    monkeypatch.setattr(shutil, "which", lambda _: "strace")
    monkeypatch.setattr(counts, "faults_of", lambda run, before, call, n: 50 + 3 * n)
    monkeypatch.setattr(
        counts,
        "traced",
        lambda run, python, call, n: Counter(sendto=9 + n, futex=1, read=5 + n),
    )
    found = counts.counts_of(RUN, "python", counts.CALLS[0])
    assert found.faults == 3
    assert found.in_words() == "2.00 (1.00 sendto, 1.00 read)"
    goal = counts.goals_of({counts.CALLS[0]: [found, found]})[0]
    assert goal.cells() == (
        "system calls of a get, but for rare ones: at most 2",
        "2.00",
        "yes",
    )


def test_without_strace_system_calls_have_no_goal():
    row, found = counts.CALLS[0], counts.Counts(0.5, None)
    assert "not installed" in found.in_words()
    assert counts.goals_of({row: [found, found]}) == []
