"""The runner of the asynchronous client: it awaits what it asks for, and its pauses."""

from __future__ import annotations

from aerospike import _loops
from aerospike._calls.requests import Apart, Nodes, Pause, UserPath
from aerospike._calls.signatures import shows
from aerospike._calls.steps import Steps, ask, begin, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from aerospike._calls.requests import Call, Request
    from aerospike._core import AsyncClient

    P = ParamSpec("P")
    T = TypeVar("T")


async def answer(client: Any, request: Request) -> Any:
    """What a request asks for. Only what is under way elsewhere is waited for."""
    match request:
        case Pause(seconds):
            return await _loops.present().sleep(seconds)
        case Apart():
            return await _loops.present().in_thread(request.make)
        case Nodes():
            client._check_open()  # connect() would open a closed one again
            await client.connect()  # it knows no node before
            return ask(client, request, runs)
        case UserPath():
            return ask(client, request, runs)
    return await ask(client, request, runs)


async def run(call: Call[T], answer: Callable[[Request], Awaitable[Any]]) -> T:
    """Answer what a call yields until it ends. Its result, or what it raises.

    Whatever ends the call early, such as a cancellation, and is no error of ours has
    the attribute `in_doubt`: what the call has changed by then stays changed.

    :param answer: gives what is to be awaited for the answer to a request.
    """
    has_changed = False
    found: Any = None
    try:
        steps = Steps(call)
        while not steps.has_ended:
            try:
                resume, found = steps.send, await answer(steps.request)
                has_changed = has_changed or steps.request.changes
            except BaseException as error:  # noqa: BLE001 - raised in the call
                tell(error, steps.request, has_changed)
                resume, found = steps.throw, error
            steps.go_on(resume, found)
        return steps.result
    finally:
        call.close()  # at once, not when nobody holds this frame any more
        found = None  # an error's traceback holds this frame, which must not hold it


def runs(
    client: AsyncClient, call: Callable[P, Call[T]]
) -> Callable[P, Coroutine[Any, Any, T]]:
    """The function that runs a call which is no method."""

    async def function(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run(call(*args, **kwargs), lambda request: answer(client, request))

    return function


def awaiting(
    call: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """The method that runs a call; the client's errors come before the arguments'."""

    @shows(call, "AsyncClient")
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            begun = begin(self, call, args, kwargs)
        finally:
            del args, kwargs  # as in begin()
        return await run(begun, lambda request: answer(self, request))

    return method
