"""What `make deadlines` notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import deadlines
from .deadlines import Tally, Worker, phases

pytestmark = pytest.mark.skipif(
    not Path("/proc/thread-self/schedstat").exists(), reason="it reads Linux's /proc"
)


class Servers:
    """Does as it is told, and has nothing."""

    def send(self, _order: Any) -> None: ...

    def poll(self, _seconds: float) -> bool:
        return True

    def recv(self) -> None: ...


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def worker(tally: Tally) -> Iterator[Worker]:
    made = Worker(0, 0, (None, None), {}, 1, tally)
    yield made
    made.stop()


@pytest.fixture
def poll_is_late(worker, monkeypatch) -> Callable[[float], None]:
    """Says how late polls are meanwhile, whatever the machine does."""
    return lambda late_s: monkeypatch.setattr(worker._beside, "late_s", lambda: late_s)


def test_call_that_is_late_is_noted(worker, tally, poll_is_late):
    poll_is_late(0.0)
    worker._measured(20, lambda: time.sleep(0.2))
    ((over_s, text),) = tally.late
    assert over_s >= 0.2 - 0.02
    assert "poll() 0 ms" in text


def test_call_that_raises_late_is_noted(worker, tally, poll_is_late):
    def run() -> None:
        time.sleep(0.2)
        raise ValueError("too late")

    poll_is_late(0.0)
    with pytest.raises(ValueError, match="too late"):
        worker._measured(20, run)
    assert "too late" in tally.late[0][1]


def test_call_may_be_twice_as_late_as_polls(worker, tally, poll_is_late):
    poll_is_late(60.0)
    worker._measured(20, lambda: time.sleep(0.2))
    assert tally.late == []
    assert len(tally.most) == 1


def test_polls_are_late_by_no_more_than_has_passed(worker):
    due_s = time.monotonic()
    worker._beside.expect(due_s)
    time.sleep(0.05)
    late_s = worker._beside.late_s()
    assert 0 <= late_s <= time.monotonic() - due_s


def test_call_that_is_in_time_is_not(worker, tally):
    assert worker._measured(60_000, lambda: "done") == "done"
    assert tally.late == tally.most == []


@pytest.mark.parametrize("fault", ["none", "silence"])
def test_worker_that_dies_ends_the_run(worker, tally, monkeypatch, fault):
    def die(_self: Worker, during: str, _name: str) -> None:
        if during == fault:
            raise ZeroDivisionError

    monkeypatch.setattr(Worker, "_call", die)
    monkeypatch.setattr(Worker, "_next", lambda _self: "get")
    monkeypatch.setattr(Worker, "recover", lambda _self: None)
    with pytest.raises(ZeroDivisionError):
        phases(Servers(), [worker], 1000, None, tally)


def test_servers_that_die_end_the_run(monkeypatch):
    monkeypatch.setattr(Servers, "poll", lambda _self, _seconds: False)
    with pytest.raises(TimeoutError, match="the servers do not answer"):
        deadlines.tell(Servers(), "none", None)
