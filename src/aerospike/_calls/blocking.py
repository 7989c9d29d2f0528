"""The runner of the client whose methods block: it asks, and sleeps when told to."""

from __future__ import annotations

import time

from aerospike._calls.requests import Apart, Pause
from aerospike._calls.signatures import shows
from aerospike._calls.steps import Steps, ask, begin, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from aerospike._calls.requests import Call, Request
    from aerospike._core import Client

    P = ParamSpec("P")
    T = TypeVar("T")


def answer(client: Client, request: Request) -> Any:
    """What a request asks for; blocks until it is there, and raises what goes wrong."""
    match request:
        case Pause(seconds):
            return time.sleep(seconds)
        case Apart():
            return request.make()
    return ask(client, request, runs)


def run(call: Call[T], answer: Callable[[Request], Any]) -> T:
    """Answer what a call yields until it ends. Its result, or what it raises.

    What interrupts the call, and is no error of ours, has the attribute `in_doubt`,
    unless it may have come just after an answer: then in_doubt() takes it for True.

    :param answer: returns the answer to a request, or raises. A StopIteration, which no
        generator can be handed, comes out here without the call's having a say.
    """
    has_changed = False
    found: Any = None
    try:
        steps = Steps(call)
        while not steps.has_ended:
            try:
                resume, found = steps.send, answer(steps.request)
                has_changed = has_changed or steps.request.changes
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001 - raised in the call
                tell(error, steps.request, has_changed)
                resume, found = steps.throw, error
            steps.go_on(resume, found)
        return steps.result
    finally:
        call.close()  # at once, not when nobody holds this frame any more
        found = None  # an error's traceback holds this frame, which must not hold it


def runs(client: Client, call: Callable[P, Call[T]]) -> Callable[P, T]:
    """The function that runs a call which is no method."""

    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(call(*args, **kwargs), lambda request: answer(client, request))

    return function


def blocking(call: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that runs a call; the client's errors come before the arguments'."""

    @shows(call, "Client")
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            begun = begin(self, call, args, kwargs)
        finally:
            del args, kwargs  # as in begin()
        return run(begun, lambda request: answer(self, request))

    return method
