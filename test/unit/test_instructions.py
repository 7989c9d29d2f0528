"""The arithmetic and the rows of benchmarks/instructions.py."""

from pathlib import Path

import pytest

import instructions
from instructions import Counter, Lengths, Tree

OURS = Tree("this tree", Path("ours"))


def counter(monkeypatch, counts):
    """A Counter for which a call takes what its tree says, and a process 1,000 more."""
    monkeypatch.setattr(instructions, "CALLS", {"get": Lengths(10, 110)})
    monkeypatch.setattr(
        Counter, "prepare", lambda self, tree: {"get"} if tree.name in counts else set()
    )
    monkeypatch.setattr(
        Counter, "_count", lambda self, tree, call, n: 1000 + n * counts[tree.name]
    )
    return Counter("127.0.0.1", 3000)


def test_what_begins_and_ends_a_process_does_not_count(monkeypatch):
    assert counter(monkeypatch, {"this tree": 50}).per_call(OURS, "get") == 50


@pytest.mark.parametrize(("ours", "n_over"), [(102, 0), (103, 1), (105, 2)])
def test_each_commit_has_its_limit(monkeypatch, capsys, ours, n_over):
    bases = [Tree("a", Path("a"), 1.02), Tree("b", Path("b"), 1.04)]
    counts = counter(monkeypatch, {"this tree": ours, "a": 100, "b": 100})
    assert instructions.compare(counts, ["get"], OURS, bases) == n_over
    header, row = capsys.readouterr().out.splitlines()
    assert "a <= 1.02" in header
    assert "b <= 1.04" in header
    assert row.split().count("over") == n_over
    assert row.split().count("ok") == 2 - n_over


def test_a_commit_without_the_call_has_no_limit(monkeypatch, capsys):
    counts = counter(monkeypatch, {"this tree": 100, "a": 100})
    bases = [Tree("a", Path("a")), Tree("b", Path("b"))]
    assert instructions.compare(counts, ["get"], OURS, bases) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["get", "100", "100", "1.000", "ok", "-"]


def test_an_unknown_commit_is_an_error(capsys):
    assert instructions.main(["get", "--base", "no-such-commit"]) == 1
    assert "no-such-commit" in capsys.readouterr().err
