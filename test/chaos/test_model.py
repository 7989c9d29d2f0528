"""The model finds what no sequence of events allows, and nothing else."""

from __future__ import annotations

import pytest

from .model import Count, Kind, Log, Outcome, Phase, Record, Register, Unrest

DONE, DOUBT, DENIED = Outcome.DONE, Outcome.DOUBT, Outcome.DENIED


@pytest.fixture
def unrest() -> Unrest:
    return Unrest(grace_s=1.0)


def write(record: Record, value: object, at: float, outcome: Outcome, copies: int = 1):
    """A write that takes half a second."""
    record.close(record.begin("put", value, at, copies), at + 0.5, outcome)


def kind(record: Record, found: object, start: float, end: float) -> Kind | None:
    judged = record.judge(found, start, end)
    return None if judged is None else judged.kind


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (2, None),
        (1, Kind.LOST),
        (None, Kind.LOST),
        (3, Kind.DENIED_APPLIED),
        (9, Kind.MIXED_UP),
    ],
)
def test_register_holds_what_was_acknowledged_last(unrest, found, expected):
    record = Register("r", unrest)
    write(record, 1, 0, DONE)
    write(record, 2, 1, DONE)
    write(record, 3, 2, DENIED)
    assert kind(record, found, 3, 3.1) is expected
    assert kind(record, found, 3, 3.1) is None  # told once


@pytest.mark.parametrize("found", [1, 2, None])
def test_register_in_doubt_may_hold_either(unrest, found):
    record = Register("r", unrest)
    write(record, 1, 0, DONE)
    write(record, 2, 1, DOUBT)
    write(record, None, 2, DOUBT)
    assert kind(record, found, 3, 3.1) is None


def test_read_during_a_write_may_find_either(unrest):
    record = Register("r", unrest)
    write(record, 1, 0, DONE)
    record.begin("put", 2, 1.0, 1)
    assert kind(record, 1, 0.9, 1.2) is None
    assert kind(record, 2, 0.9, 1.2) is None
    assert kind(record, 2, 0.8, 0.9) is Kind.LOST


def test_write_in_doubt_comes_late_only_while_a_node_is_disturbed(unrest):
    record = Register("r", unrest)
    unrest.begin(0)
    write(record, 1, 0, DOUBT)
    write(record, 2, 3, DONE)
    assert kind(record, 1, 5, 5.1) is None
    unrest.end(6)
    write(record, 3, 6.5, DONE)
    assert kind(record, 1, 7, 7.1) is None
    write(record, 4, 7.5, DONE)
    assert kind(record, 1, 8, 8.1) is Kind.LOST


def test_write_that_was_repeated_may_come_again(unrest):
    record = Register("r", unrest)
    write(record, 1, 0, DONE, copies=2)
    write(record, 2, 1, DONE)
    assert kind(record, 1, 1.6, 1.7) is None
    write(record, 3, 2, DONE)
    assert kind(record, 1, 3, 3.1) is Kind.LOST


def test_register_forgets_what_no_read_depends_on(unrest):
    record = Register("r", unrest)
    for number in range(1000):
        write(record, number, number, DONE if number % 3 else DENIED)
    assert len(record._writes) < 100
    assert kind(record, 998, 1000, 1000.1) is None
    assert kind(record, 997, 1000, 1000.1) is Kind.LOST


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, Kind.LOST),
        (1, Kind.LOST),
        (2, None),
        (4, None),
        (5, Kind.DENIED_APPLIED),
    ],
)
def test_count_lies_between_bounds(unrest, found, expected):
    record = Count("c", unrest)
    write(record, 1, 0, DONE)
    write(record, 1, 1, DONE)
    write(record, 1, 2, DOUBT, copies=2)
    write(record, 1, 3, DENIED)
    assert kind(record, found, 4, 4.1) is expected
    assert kind(record, found, 4, 4.1) is None


def test_count_keeps_its_bounds_when_it_forgets(unrest):
    record = Count("c", unrest)
    for number in range(1000):
        write(record, 1, number, DONE if number % 2 else DOUBT)
    assert len(record._writes) < 100
    assert record.bounds(1001, 1001) == (500, 1000)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([1], None),
        ([1, 2], None),
        ([2, 1], None),
        (None, Kind.LOST),
        ([2], Kind.LOST),
        ([1, 3], Kind.DENIED_APPLIED),
        ([1, 2, 2], Kind.TWICE),
        ([1, 9], Kind.MIXED_UP),
    ],
)
def test_log_has_each_entry_as_often_as_it_was_told(unrest, found, expected):
    record = Log("l", unrest)
    write(record, 1, 0, DONE)
    write(record, 2, 1, DOUBT)
    write(record, 3, 2, DENIED)
    assert kind(record, found, 3, 3.1) is expected
    assert kind(record, found, 3, 3.1) is None


@pytest.mark.parametrize(
    ("last", "is_missed"), [(DONE, True), (DENIED, True), (DOUBT, False)]
)
def test_query_must_find_what_is_certainly_there(unrest, last, is_missed):
    record = Register("r", unrest)
    assert record.left_out(0, 0.1) is None
    write(record, 1, 0, DONE)
    write(record, 2 if last is DONE else None, 1, last)
    found = record.left_out(2, 2.1)
    assert (found is not None) is is_missed
    if found is not None:
        assert found.kind is Kind.LEFT_OUT
        assert "0.000 to     0.500  put 1: done" in str(found)


@pytest.mark.parametrize("of", [Register, Count, Log])
def test_loss_that_stays_is_told_again_in_the_end(unrest, of):
    record = of("r", unrest)
    write(record, 1, 0, DONE)
    unrest.begin(1)
    lost = record.judge(None, 1, 1.1)
    assert (lost.kind, lost.phase) == (Kind.LOST, Phase.DISTURBED)
    assert record.judge(None, 1, 1.1) is None
    unrest.end(2)
    unrest.close()
    record.look_anew()
    lost = record.judge(None, 4, 4.1)
    assert (lost.kind, lost.phase) == (Kind.LOST, Phase.END)


def test_disturbance_explains_errors_for_a_while():
    unrest = Unrest(grace_s=1.0, slack_s=2.0)
    unrest.begin(10.0, "stop")
    unrest.begin(11.0, "freeze")
    assert unrest.kinds(9.0, 9.5) == set()
    assert unrest.kinds(9.0, 10.5) == {"stop", "freeze"}
    unrest.end(12.0)
    unrest.end(13.0)
    assert unrest.kinds(15.5, 15.6) == {"stop", "freeze"}
    assert unrest.kinds(16.5, 16.6) == set()
