"""The runner of calls of several requests that awaits: how it goes on, and how it ends.

Nodes are played by functions; no client is needed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

import aerospike
from aerospike import exception
from aerospike._calls import awaiting
from aerospike._calls.requests import (
    Admin,
    Apart,
    Background,
    Info,
    InfoOfAll,
    Nodes,
    Pause,
    Request,
)

if TYPE_CHECKING:
    from aerospike._calls.requests import Call

CREATE = Info("sindex-create:ns=test;set=s;indexname=i", None)
ASK = Info("sindex-stat:ns=test;indexname=i", None)


def begin(_: int) -> Call[int]:
    raise AssertionError  # nobody looks before


CHANGES: list[Request] = [
    CREATE,
    Info("truncate:namespace=test", None),
    Info("build\ntruncate-namespace:namespace=test", None),
    Background(True, {}, None, begin),
    Admin(1, (), None),
]
QUESTIONS: list[Request] = [
    ASK,
    Info("statistics", None, "A"),
    InfoOfAll("query-show:id=1", None),
    Nodes(),
    Pause(0.0),
    Apart(len, "secret"),
    Admin(9, (), None),
    Admin(16, (), None),
]


@pytest.mark.parametrize("request_", CHANGES, ids=lambda r: type(r).__name__)
def test_request_that_changes_something(request_):
    assert request_.changes


@pytest.mark.parametrize("request_", QUESTIONS, ids=lambda r: type(r).__name__)
def test_question_changes_nothing(request_):
    assert not request_.changes


async def answer(request: Request) -> Any:
    """For calls that make pauses and want nothing in particular."""
    if isinstance(request, Pause):
        return await asyncio.sleep(request.seconds)
    return f"answer to {type(request).__name__}"


def several(*wanted: Request) -> Call[list[Any]]:
    """A call that wants one after another."""
    found = []
    for request in wanted:
        found.append((yield request))  # noqa: PERF401 - comprehensions cannot yield
    return found


def test_call_gets_its_answers(run):
    call = several(Nodes(), Pause(0.001), CREATE)
    found = run(awaiting.run(call, answer))
    assert found == ["answer to Nodes", None, "answer to Info"]


def test_error_of_a_request_is_raised_in_the_call(run):
    heard = []

    def call() -> Call[str]:
        try:
            yield Nodes()
        except exception.TimeoutError as error:
            heard.append(error)
        return "went on"

    async def silent(_: Request) -> None:
        raise exception.TimeoutError(9, "no reply", "", 0, False)

    assert run(awaiting.run(call(), silent)) == "went on"
    assert [error.code for error in heard] == [9]


async def cancelled(*wanted: Request) -> BaseException:
    """What leaves a call that is cancelled in the first pause that lasts."""
    task = asyncio.ensure_future(awaiting.run(several(*wanted), answer))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


LONG = Pause(1000.0)


@pytest.mark.parametrize("question", [Nodes(), ASK], ids=["nodes", "info"])
def test_cancellation_before_anything_changes_is_not_in_doubt(run, question):
    assert aerospike.in_doubt(run(cancelled(question, LONG, CREATE))) is False


@pytest.mark.parametrize("change", CHANGES, ids=lambda r: type(r).__name__)
def test_cancellation_after_a_change_is_in_doubt(run, change):
    assert aerospike.in_doubt(run(cancelled(ASK, change, ASK, LONG))) is True


def test_cancelled_request_says_itself_whether_it_is_in_doubt(run):
    async def gives_up(_: Request) -> None:
        error = asyncio.CancelledError()
        error.in_doubt = True  # type: ignore[attr-defined]
        raise error

    async def main() -> bool:
        with pytest.raises(asyncio.CancelledError) as caught:
            await awaiting.run(several(CREATE), gives_up)
        found: bool = caught.value.in_doubt  # type: ignore[attr-defined]
        return found

    assert run(main()) is True


def test_errors_of_ours_keep_what_they_say_of_doubt(run):
    async def ends(request: Request) -> None:
        if request is ASK:
            raise exception.TimeoutError(9, "no reply", "", 0, False)

    with pytest.raises(exception.TimeoutError) as caught:
        run(awaiting.run(several(CREATE, ASK), ends))
    assert caught.value.in_doubt is False


def closing(leave: Callable[[Any], object]) -> list[str]:
    """What a call notices when its coroutine is left in the middle."""
    noticed = []

    def call() -> Call[None]:
        try:
            yield CREATE
        except BaseException as error:
            noticed.append(type(error).__name__)
            raise
        finally:
            noticed.append("finally")

    class Never:
        def __await__(self) -> Any:
            yield

    async def wait(_: Request) -> None:
        await Never()

    coroutine = awaiting.run(call(), wait)
    coroutine.send(None)
    leave(coroutine)
    return noticed


def test_coroutine_that_is_closed_closes_its_call():
    assert closing(lambda coroutine: coroutine.close()) == ["GeneratorExit", "finally"]


def test_whatever_is_thrown_in_reaches_the_call():
    def interrupt(coroutine: Any) -> None:
        with pytest.raises(KeyboardInterrupt):
            coroutine.throw(KeyboardInterrupt())

    assert closing(interrupt) == ["KeyboardInterrupt", "finally"]


def test_stop_iteration_is_no_result(run):
    def stops(_: Request) -> Awaitable[Any]:
        raise StopIteration("of whoever asks")

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(awaiting.run(several(Nodes()), stops))


def test_call_that_wants_nothing(run):
    assert run(awaiting.run(several(), answer)) == []


class NoClient:
    """For requests that need none."""


def test_what_may_take_long_is_done_in_another_thread(run):
    nobody: Any = NoClient()
    thread = run(awaiting.answer(nobody, Apart(threading.get_ident)))
    assert isinstance(thread, int)
    assert thread != threading.get_ident()


def test_pause_lets_others_run(run):
    nobody: Any = NoClient()

    async def main() -> list[str]:
        order: list[str] = []

        async def other() -> None:
            order.append("other")

        task = asyncio.ensure_future(other())
        await awaiting.answer(nobody, Pause(0.001))
        order.append("pause")
        await task
        return order

    assert run(main()) == ["other", "pause"]
