"""Two processes, three nodes in trouble, and nothing that contradicts an answer: of
threads, and of tasks.

`make soak SECONDS=600` looks longer, and at the limits of the calls more closely.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..children import LIMIT_S, run_script
from . import expected
from .__main__ import NODES, is_excused, parse, without
from .caller import Caller, Late, Shelf, Tally
from .drivers import Blocking, at_once
from .gauge import MEMORY_LIMIT, OF_CONNECTION, Held, judge
from .metronome import held_up_s
from .model import Kind, Register, Unrest
from .nodes import DevNodes

OPTIONS = ("--processes", 2, "--threads", 8, "--tasks", 128, "--slack-ms", 2000)


@pytest.mark.parametrize(("client", "seconds"), [("threads", 8), ("async", 8)])
def test_no_answer_is_contradicted_while_nodes_stop_freeze_and_move(client, seconds):
    given = ("--client", client, "--seconds", seconds, *OPTIONS)
    done = subprocess.run(
        [sys.executable, "-m", "chaos", *map(str, given)],
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
    caller = Caller(Blocking(None), shelf, Tally())
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
    (kept,) = without(late, pauses, {})
    assert kept.what == "late"
    assert kept.over_s == pytest.approx(0.2)


def test_time_in_which_a_process_stood_still_is_not_its_own():
    pauses = {1: [(1.2, 1.7)], 2: [(5.0, 6.0)]}
    late = [Late(0.8, 1.0, 2.0, f"of {pid}", pid) for pid in (1, 2, 3)]
    kept = without(late, [(1.0, 1.5)], pauses)
    assert [(each.what, round(each.over_s, 3)) for each in kept] == [
        ("of 1", 0.1),
        ("of 2", 0.3),
        ("of 3", 0.3),
    ]


def test_process_that_keeps_its_interpreter_is_not_excused():
    """Nobody but itself has kept it from running."""
    script = """
    import sys, time
    sys.path.insert(0, sys.argv[2])
    from chaos.pulse import Pulse
    sys.setswitchinterval(3600)
    pulse = Pulse()
    time.sleep(0.2)
    begin_s, used_s = time.monotonic(), time.thread_time()
    while time.thread_time() - used_s < 1.0:
        pass
    took_s = time.monotonic() - begin_s
    held_s = sum(end - begin for begin, end in pulse.stop())
    print(held_s < took_s - 0.5)
    """
    assert run_script(script, [], str(Path(__file__).parents[1])) == "True\n"


def fail(code, kinds=()):
    """What is strange about a call of 300 ms that ends so after such disturbances."""
    unrest = Unrest(1.0)
    if kinds:
        unrest.begin(time.monotonic(), *kinds)
    caller = Caller(Blocking(None), Shelf("test", "chaos", unrest), Tally())
    at_once(caller.timed("get", 300, lambda: None))
    caller.expect(code, "text")
    return caller.tally.strange


@pytest.mark.parametrize("kind", expected.ERRORS)
def test_each_disturbance_has_its_errors(kind):
    for code in expected.ERRORS[kind] | expected.ALWAYS:
        assert fail(code, [kind]) == []
    assert len(fail(99, [kind])) == 1


def test_error_without_a_disturbance_is_strange():
    assert len(fail(expected.CONNECTION)) == 1
    assert len(fail(expected.CONNECTION, ["freeze"])) == 1
    assert fail(expected.CONNECTION, ["freeze", "stop"]) == []
    assert fail(expected.NOT_FOUND) == []


@pytest.mark.parametrize(
    ("code", "slack", "is_fine"),
    [(expected.TIMEOUT, 2000, True), (expected.TIMEOUT, 50, False), (-10, 2000, False)],
)
def test_slow_machine_explains_timeouts_and_nothing_else(code, slack, is_fine):
    (strange,) = fail(code)
    assert is_excused(strange, parse(["--slack-ms", str(slack)]), {}) is is_fine


@pytest.mark.parametrize(
    ("client", "is_fine"), [("threads", False), ("async", True), ("uvloop", True)]
)
def test_slow_machine_ends_shared_connections(client, is_fine):
    (strange,) = fail(expected.CONNECTION)
    options = parse(["--slack-ms", "2000", "--client", client])
    assert is_excused(strange, options, {}) is is_fine


@pytest.mark.parametrize(
    ("code", "whose", "for_s", "is_fine"),
    [
        (expected.TIMEOUT, NODES, 1.1, True),
        (expected.NO_NODE, NODES, 1.1, True),
        (expected.NO_NODE, None, 1.1, True),
        (expected.NO_NODE, NODES, 0.9, False),
        (expected.NO_NODE, 1, 1.1, False),
        (expected.CONNECTION, NODES, 1.1, False),
    ],
)
def test_nodes_that_were_kept_from_running_may_not_be_heard(
    code, whose, for_s, is_fine
):
    (strange,) = fail(code)
    pid = strange.pid if whose is None else whose
    pauses = {pid: [(strange.begin_s - for_s, strange.begin_s)]}
    assert is_excused(strange, parse([]), pauses) is is_fine


def test_write_that_was_not_sent_is_not_in_doubt():
    shelf = Shelf("test", "chaos", Unrest(1.0))
    record = shelf.add(Register, "r")
    caller = Caller(Blocking(None), shelf, Tally())
    for copies, n_found in ((1, 1), (3, 1)):
        write = record.begin("put", 1, 0.0, copies)
        caller.close("put", record, write, expected.ERROR_RATE, True)
        assert len(caller.tally.broken) == n_found


@pytest.mark.parametrize(
    ("grown", "n_bad"),
    [
        (Held(1000, 10, 5), 0),
        (Held(1000 + MEMORY_LIMIT + 4 * OF_CONNECTION, 14, 5), 0),
        (Held(1001 + MEMORY_LIMIT + 4 * OF_CONNECTION, 15, 6), 3),
    ],
)
def test_process_that_grows_is_told(grown, n_bad):
    samples = [Held(10, 1, 1)] * 20 + [Held(1000, 10, 5)] * 40 + [grown] * 20
    verdicts = [is_fine for _, is_fine in judge("process", 4, samples)]
    assert verdicts.count(False) == n_bad


def test_what_happens_to_nodes_is_in_the_table():
    assert {*DevNodes.STEPS, "halt"} <= {*expected.ERRORS}
