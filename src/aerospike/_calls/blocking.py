"""The runner of the client whose methods block: it asks, and sleeps when told to."""

from __future__ import annotations

import time

from aerospike._calls.requests import Info, InfoOfAll, Nodes, Pause
from aerospike._calls.signatures import shows

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
        case Nodes():
            return [node["node_name"] for node in client.get_node_names()]
        case Info(command, policy, None):
            return client.info_random_node(command, policy)
        case Info(command, policy, str(node)):
            return client.info_single_node(command, node, policy)
        case InfoOfAll(command, policy):
            answers = client.info(command, policy=policy)
            return [reply for _, reply in answers.values()]
    raise TypeError(f"a call wants what no runner has: {request!r}")


def run(call: Call[T], ask: Callable[[Request], Any]) -> T:
    """Answer what a call yields until it ends. Its result, or what it raises.

    :param ask: returns the answer to a request, or raises.
    """
    resume: Callable[[Any], Request] = call.send
    found: Any = None
    try:
        while True:
            request = resume(found)
            try:
                resume, found = call.send, ask(request)
            except BaseException as error:  # noqa: BLE001 - raised in the call
                resume, found = call.throw, error
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        found = None  # an error's traceback holds this frame, which must not hold it


def blocking(call: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that runs a call; the client's errors come before the arguments'."""

    @shows(call)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_open()
        return run(call(*args, **kwargs), lambda request: answer(self, request))

    return method
