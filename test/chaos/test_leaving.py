"""A call that is given up ends as it should, in whatever way, and others as they do."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from aerospike import exception

from ..waiting import PATIENCE_S
from . import leaving
from .drivers import Awaiting, GivenUp, Work, at_once, is_expected_class
from .expected import CONNECTION, SHARED, is_expected

WAYS = [*leaving.WAYS, leaving.WAITING]


async def answer():
    await asyncio.sleep(0)
    return "answer"


async def fail():
    await asyncio.sleep(0)
    raise exception.RecordNotFound("not there")


async def last():
    await asyncio.sleep(PATIENCE_S)


@pytest.mark.parametrize("way", WAYS)
def test_call_that_ends_before_has_its_result(way):
    assert asyncio.run(leaving.carry_out(way, answer, PATIENCE_S)) == "answer"


@pytest.mark.parametrize("way", WAYS)
def test_call_that_fails_before_has_its_error(way):
    with pytest.raises(exception.RecordNotFound):
        asyncio.run(leaving.carry_out(way, fail, PATIENCE_S))


@pytest.mark.parametrize("patience_s", [0.0, 0.01])
@pytest.mark.parametrize("way", leaving.WAYS)
def test_call_that_lasts_is_given_up(way, patience_s):
    async def run():
        with pytest.raises(leaving.ENDS):
            await leaving.carry_out(way, last, patience_s)
        await asyncio.sleep(0)  # the task is not cancelled for good
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


class Impatient(random.Random):
    """Gives up each call at once, in the same way."""

    def random(self):
        return 0.0


def ask(monkeypatch, call, rng=None):
    """How a driver's call ends, every write of which would be in doubt."""
    monkeypatch.setattr("aerospike.in_doubt", lambda _: True, raising=False)
    driver = Awaiting(None, Work(), rng)
    return asyncio.run(driver.ask(1000, call))


def test_call_that_is_given_up_may_be_in_doubt(monkeypatch):
    ended = ask(monkeypatch, last, Impatient())
    assert isinstance(ended.error, GivenUp)
    assert ended.error.in_doubt
    assert is_expected_class(ended.error)
    assert is_expected(ended.error.code, [], True)


async def cancelled():
    raise asyncio.CancelledError


def test_cancellation_that_nobody_asked_for_is_a_finding(monkeypatch):
    ended = ask(monkeypatch, cancelled)
    assert isinstance(ended.error, GivenUp)
    assert not is_expected_class(ended.error)


def test_error_of_the_client_is_itself(monkeypatch):
    ended = ask(monkeypatch, fail)
    assert isinstance(ended.error, exception.RecordNotFound)
    assert ended.over_s < 0


def test_work_of_others_is_known():
    work = Work()
    work.ends(1.0)  # of a task that has begun before there was anything to know
    for begin_s, end_s in ((2.0, 3.0), (5.0, 5.5), (6.0, 8.0)):
        work.begins(begin_s)
        work.ends(end_s)
    assert work.since(5.25) == 2.25
    assert work.since(-math.inf) == 3.5
    assert work.since(9.0) == 0


def test_coroutine_that_waits_is_not_carried_out_at_once():
    assert at_once(Awaiting(None, Work(), None).of(5)) == 5
    with pytest.raises(RuntimeError, match="it waits"):
        at_once(answer())


@pytest.mark.parametrize("kind", SHARED)
def test_silence_ends_a_shared_connection_for_all(kind):
    assert is_expected(CONNECTION, [kind], True)
    assert not is_expected(CONNECTION, [], True)


def test_silence_ends_no_connection_of_others():
    assert not is_expected(CONNECTION, ["freeze"], False)
