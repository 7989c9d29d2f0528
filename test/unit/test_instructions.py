"""The arithmetic and the rows of benchmarks/instructions.py."""

from pathlib import Path

import pytest

import devserver
import instructions
import results
from instructions import Counter, Lengths, Tree
from workers import ROOT

OURS = Tree("this tree", Path("ours"))


def counter(monkeypatch, counts, **lengths):
    """A Counter for which a call takes what its tree says, and a process 1,000 more."""
    monkeypatch.setattr(instructions, "CALLS", {"get": Lengths(10, 110, **lengths)})
    monkeypatch.setattr(
        Counter,
        "prepare",
        lambda self, tree, calls: {"get"} if tree.name in counts else set(),
    )
    monkeypatch.setattr(
        Counter, "_count", lambda self, tree, call, n: 1000 + n * counts[tree.name]
    )
    return Counter("127.0.0.1", 3000)


def missed(counts, bases):
    counted = instructions.count_all(counts, ["get"], OURS, bases)
    return [g for g in instructions.goals_of(counted, OURS, bases) if not g.is_met]


def test_what_begins_and_ends_a_process_does_not_count(monkeypatch):
    assert counter(monkeypatch, {"this tree": 50}).per_record(OURS, "get") == 50
    counts = counter(monkeypatch, {"this tree": 50}, n_records=10)
    assert counts.per_record(OURS, "get") == 5


@pytest.mark.parametrize(("ours", "n_over"), [(102, 0), (103, 1), (105, 2)])
def test_each_commit_has_its_limit(monkeypatch, capsys, ours, n_over):
    bases = [Tree("a", Path("a"), 1.02), Tree("b", Path("b"), 1.04)]
    counts = counter(monkeypatch, {"this tree": ours, "a": 100, "b": 100})
    assert len(missed(counts, bases)) == n_over
    header, row = capsys.readouterr().out.splitlines()
    assert "a <= 1.02" in header
    assert "b <= 1.04" in header
    assert row.split().count("over") == n_over
    assert row.split().count("ok") == 2 - n_over


@pytest.mark.parametrize(("limit", "word"), [(100, "ok"), (99, "over")])
def test_a_call_has_a_limit_of_its_own(monkeypatch, capsys, limit, word):
    counts = counter(monkeypatch, {"this tree": 100}, limit=limit)
    goals = missed(counts, [])
    assert [goal.goal for goal in goals] == [f"get: at most {limit}"] * (word == "over")
    assert capsys.readouterr().out.split()[-1] == word


def test_a_commit_without_the_call_has_no_limit(monkeypatch, capsys):
    counts = counter(monkeypatch, {"this tree": 100, "a": 100})
    assert missed(counts, [Tree("a", Path("a")), Tree("b", Path("b"))]) == []
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["get", "100", "100", "1.000", "ok", "-"]


@pytest.mark.parametrize(("largest", "n_over"), [(115, 0), (116, 1)])
def test_a_record_of_a_large_batch_costs_little_more(largest, n_over):
    counted = {
        instructions.SMALLEST: {OURS: 100.0},
        instructions.LARGEST: {OURS: float(largest)},
    }
    goals = instructions.goals_of(counted, OURS, [])
    assert len([goal for goal in goals if not goal.is_met]) == n_over
    assert f"{largest}" in instructions.section(counted, OURS, [])


@pytest.mark.parametrize("section", [instructions.SECTION, devserver.SECTION])
def test_results_have_the_section(tmp_path, section):
    page = tmp_path / "page.md"
    page.write_text((ROOT / results.PAGE).read_text())
    results.replace(page, section, "new")


def test_an_unknown_commit_is_an_error(capsys):
    assert instructions.main(["get", "--base", "no-such-commit"]) == 1
    assert "no-such-commit" in capsys.readouterr().err
