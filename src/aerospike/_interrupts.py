"""Exceptions that are about no value, though they come while one is converted.

What converts values catches what their own code raises: a malformed pickle is read as
bytes, a serializer's failure is the cause of an error. A signal's handler runs in the
middle of such code, and what it raises must come out of the call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


def _gets(frame: FrameType, caller: FrameType | None) -> bool:
    """Whether a function was given the frame that it runs on top of."""
    for value in list(frame.f_locals.values()) if caller is not None else ():
        items = value if type(value) is tuple else (value,)
        if any(item is caller for item in items):
            return True
    return False


def is_of_handler(error: BaseException) -> bool:
    """Whether a signal's handler written in Python raised an exception, or let it pass.

    Python gives a handler the frame that it interrupts, and runs it on top of that one:
    this tells it from all other functions (those of `sys.settrace` excepted, whose
    exceptions are about no value either). A handler that deletes this argument, or is
    written in C, is not recognised.
    """
    traceback = error.__traceback__
    while traceback is not None:
        if _gets(traceback.tb_frame, traceback.tb_frame.f_back):
            return True
        traceback = traceback.tb_next
    return False


def comes_out(error: BaseException) -> bool:
    """Whether an exception must come out of a call, whatever was being converted."""
    if isinstance(error, Exception) and not isinstance(error, MemoryError):
        return is_of_handler(error)
    return True


def text_or_type(make: Callable[[Any], str], value: Any) -> str:
    """What repr, str or the like make of a value, or the name of its class when that
    has failed: no error is to be lost because what it is about has no text.

    :raises RecursionError: the value holds itself, perhaps: going on would take as long
        as there are ways through it.
    """
    try:
        return make(value)
    except Exception as e:
        if comes_out(e) or isinstance(e, RecursionError):
            raise
        return f"<{type(value).__name__}>"
