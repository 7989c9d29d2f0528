"""The runner of the client whose methods block: it asks, and sleeps when told to."""

from __future__ import annotations

import time

from aerospike._calls.requests import (
    Admin,
    Background,
    HashPassword,
    Info,
    InfoOfAll,
    Nodes,
    Pause,
    UserPath,
)
from aerospike._calls.signatures import check_given, shows

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
        case Background(is_scan, spec, work_policy, begin):
            first = runs(client, begin)
            return client._background(is_scan, spec, work_policy, first)
        case UserPath():
            return client._lua()[0]
        case HashPassword():
            return request.make()
        case Admin(number, fields, admin_policy):
            return client._admin(number, fields, admin_policy)
    raise TypeError(f"a call wants what no runner has: {request!r}")


class _Result:
    """What a call has returned, told apart from a StopIteration of somebody else."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _marked(call: Call[T]) -> Call[_Result]:
    return _Result((yield from call))


def run(call: Call[T], ask: Callable[[Request], Any]) -> T:
    """Answer what a call yields until it ends. Its result, or what it raises.

    :param ask: returns the answer to a request, or raises. A StopIteration, which no
        generator can be handed, comes out here without the call's having a say.
    """
    marked = _marked(call)
    resume: Callable[[Any], Request] = marked.send
    found: Any = None
    try:
        while True:
            request = resume(found)
            try:
                resume, found = marked.send, ask(request)
            except StopIteration:
                raise
            except BaseException as error:  # noqa: BLE001 - raised in the call
                resume, found = marked.throw, error
    except StopIteration as end:
        if not isinstance(end.value, _Result):
            raise
        result: T = end.value.value
        return result
    finally:
        found = None  # an error's traceback holds this frame, which must not hold it


def runs(client: Client, call: Callable[P, Call[T]]) -> Callable[P, T]:
    """The function that runs a call which is no method."""

    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(call(*args, **kwargs), lambda request: answer(client, request))

    return function


def blocking(call: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that runs a call; the client's errors come before the arguments'."""

    @shows(call)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            self._check_open()
            begun = call(*args, **kwargs)
        except TypeError:
            check_given(call, len(args), set(kwargs))
            raise
        finally:
            del args, kwargs  # one may be a password, which no traceback may show
        return run(begun, lambda request: answer(self, request))

    return method
