"""Sixteen threads, three nodes in trouble, and nothing that contradicts an answer.

`make chaos SECONDS=600` looks longer, and at the limits of the calls more closely.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..children import LIMIT_S
from .__main__ import without
from .caller import Caller, Late, Shelf, Tally
from .metronome import held_up_s
from .model import Kind, Register, Unrest

OPTIONS = ("--seconds", 15, "--slack-ms", 2000)


def test_no_answer_is_contradicted_while_nodes_stop_and_freeze():
    done = subprocess.run(
        [sys.executable, "-m", "chaos", *map(str, OPTIONS)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


@pytest.mark.parametrize(("in_doubt", "expected"), [(True, None), (False, Kind.LOST)])
def test_remove_that_finds_nothing_may_have_been_sent_before(in_doubt, expected):
    shelf = Shelf("test", "chaos", Unrest(1.0))
    record = shelf.add(Register, "r")
    caller = Caller(None, shelf, Tally())
    caller.close("put", record, record.begin("put", 1, 0.0, 1), 0, False)
    begin_s = time.monotonic()
    remove = record.begin("remove", None, begin_s, 2)
    caller.close("remove", record, remove, 2, in_doubt)
    found = record.judge(None, begin_s, time.monotonic())
    assert (found and found.kind) is expected


def test_time_in_which_the_machine_stood_still_is_nobodys_fault():
    pauses = [(1.0, 1.5), (3.0, 4.0)]
    assert held_up_s(pauses, 0.0, 2.0) == 0.5
    assert held_up_s(pauses, 1.2, 3.5) == pytest.approx(0.8)
    late = [Late(0.3, 1.0, 2.0, "excused"), Late(0.7, 1.0, 2.0, "late")]
    (kept,) = without(late, pauses)
    assert kept.what == "late"
    assert kept.over_s == pytest.approx(0.2)
