"""The errors that the package's Python code raises itself."""

from __future__ import annotations

import sys

from aerospike import exception
from aerospike._interrupts import is_of_handler, text_or_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_TEXT = 1000
_LONGEST_VALUE = 100


def shown(value: Any, limit: int = _LONGEST_VALUE) -> str:
    """The repr of a value of the caller's, or its beginning; no exception that its
    class may raise."""
    try:
        text = text_or_type(repr, value)
    except RecursionError:  # it is nested deep
        return f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[:limit] + "..."


def _shortened(text: str) -> str:
    """It may quote an error, which quotes ..."""
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ..."


def made(
    cls: type[exception.AerospikeError],
    code: int,
    msg: str,
    detail: str = "",
    in_doubt: bool = False,
    depth: int = 1,
) -> exception.AerospikeError:
    """An error that says where its maker stands, which is `depth` calls up."""
    place = sys._getframe(depth)
    file, line = place.f_code.co_filename, place.f_lineno
    error = cls(code, _shortened(msg), file, line, in_doubt)
    error.detail = _shortened(detail)
    return error


def param_error(msg: str, detail: str = "") -> exception.AerospikeError:
    """For an argument that is malformed.

    :param msg: what other clients of Aerospike say, if they say anything.
    :param detail: what was given, what is wanted, what to try.
    """
    return made(exception.ParamError, -2, msg, detail, depth=2)


def client_error(msg: str, detail: str = "") -> exception.AerospikeError:
    """For any other failure in the client."""
    return made(exception.ClientError, -1, msg, detail, depth=2)


def tell_doubt(error: BaseException, in_doubt: bool) -> None:
    """Give an exception the attribute `in_doubt`, also one that refuses attributes, as
    trio's Cancelled does. One whose class has a property of this name keeps it. True
    stays: another call, made in the middle of this one, is in doubt.
    """
    try:
        if in_doubt or not getattr(error, "in_doubt", False):
            object.__setattr__(error, "in_doubt", in_doubt)
    except Exception:  # noqa: BLE001 - its property cannot be set or read
        pass


def in_doubt(error: BaseException) -> bool:
    """Whether a write may have been applied although it has raised this.

    :param error: what a call has raised, be it by a signal's handler, such as a
        KeyboardInterrupt; or what was raised because of that, such as
        the TimeoutError that asyncio.timeout() makes of a CancelledError, or a group.
        What interrupts and tells nothing is in doubt: gather() makes its own
        CancelledError, who is cancelled behind shield() has a call that goes on, and a
        handler may run when a call has just ended.
    """
    looked_at: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in looked_at:
        looked_at.add(id(at))
        answer = getattr(at, "in_doubt", None)
        if answer is not None:
            return bool(answer)
        members = getattr(at, "exceptions", None)
        if isinstance(members, tuple):
            return any(map(in_doubt, members))
        before = at.__context__ if at.__cause__ is None else at.__cause__
        if _interrupts(at, before):
            return True
        at = before
    return False


def _interrupts(error: BaseException, before: BaseException | None) -> bool:
    """Whether an exception came from outside, and has nothing to do with the one
    before, which the program was handling: RecordNotFound, for example.

    A signal's handler has raised it; or it is no Exception, such as a
    KeyboardInterrupt. One that asyncio makes of a CancelledError has its answer there.
    """
    if isinstance(error, Exception):
        return is_of_handler(error)
    is_apart = isinstance(before, Exception) and error.__cause__ is None
    return before is None or is_apart
