"""What the runners of calls have in common.

How a call begins, goes on and ends; and what clients, blocking ones and asynchronous
ones, have for what it wants.
"""

from __future__ import annotations

from aerospike._calls.requests import (
    Admin,
    Background,
    EndStep,
    Info,
    InfoOfAll,
    Nodes,
    UserPath,
)
from aerospike._calls.signatures import check_given
from aerospike._errors import tell_doubt
from aerospike.exception import AerospikeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Generic, TypeVar

    from aerospike._calls.requests import Call, Request

    T = TypeVar("T")
    Resume = Callable[[Any], Request]
    Runs = Callable[[Any, Callable[..., Call[Any]]], Callable[..., Any]]
else:
    T = 0
    Generic = {T: object}  # as in typing, which need not be imported for it


class _Result:
    """What a call has returned, told apart from a StopIteration of somebody else."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _marked(call: Call[T]) -> Call[_Result]:
    return _Result((yield from call))


class Steps(Generic[T]):
    """A call on its way: it wants `request`, until it has ended with `result`.

    A runner hands the answer to send(), or the error to throw(), through go_on(), which
    raises what the call raises. A StopIteration, which no generator can be handed, goes
    past the call.
    """

    __slots__ = ("has_ended", "request", "result", "send", "throw")

    request: Request
    result: T

    def __init__(self, call: Call[T]) -> None:
        marked = _marked(call)
        self.send: Resume = marked.send
        self.throw: Resume = marked.throw
        self.has_ended = False
        self.go_on(self.send, None)

    def go_on(self, resume: Resume, found: Any) -> None:
        """Go on to the next request, or to the end.

        :param resume: send or throw.
        """
        try:
            self.request = resume(found)
        except StopIteration as end:
            if not isinstance(end.value, _Result):
                raise
            self.result = end.value.value
            self.has_ended = True
        finally:
            del found  # an error's traceback holds this frame, which must not hold it


def tell(error: BaseException, request: Request, has_changed: bool) -> None:
    """Say in an error that comes from outside whether something may have changed.

    One that ends a request which changes something, and does not tell, stays so: it may
    have come after the answer.

    :param has_changed: an earlier request of the call has changed something.
    """
    if isinstance(error, AerospikeError):
        return
    if has_changed or not request.changes:
        tell_doubt(error, has_changed)


def begin(
    client: Any,
    call: Callable[..., Call[T]],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Call[T]:
    """The call with its arguments; the client's errors come before theirs."""
    try:
        client._check_open()
        return call(*args, **kwargs)
    except TypeError:
        check_given(call, len(args), set(kwargs))
        raise
    finally:
        del args, kwargs  # one may be a password, which no traceback may show


def ask(client: Any, request: Request, runs: Runs) -> Any:
    """Have a client do what a request wants.

    :return: the answer, or, of an asynchronous client, what is to be awaited for it.
    :param runs: of the runner: makes a function of a call that is no method.
    """
    match request:
        case Nodes():
            return [node["node_name"] for node in client.get_node_names()]
        case Info(command, policy, None):
            return client.info_random_node(command, policy)
        case Info(command, policy, str(node)):
            return client.info_single_node(command, node, policy)
        case InfoOfAll(command, policy):
            return client.info(command, policy=policy)
        case Background(is_scan, spec, work_policy, first):
            return client._background(is_scan, spec, work_policy, runs(client, first))
        case UserPath():
            return client._lua()[0]
        case Admin(number, fields, admin_policy):
            return client._admin(number, fields, admin_policy)
        case EndStep(transaction, step):
            return client._end_step(transaction, step)
    raise TypeError(f"a call wants what no runner has: {request!r}")
