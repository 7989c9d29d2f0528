"""Run something in the middle of code, as a signal or the collector may do."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


@contextlib.contextmanager
def before_bytecode(file: str, n: int, run: Callable[[], Any]) -> Iterator[list[int]]:
    """Call run() before the nth bytecode that this thread comes to in a file.

    Gives a list with how many are left: below 1 once run() was called.
    """
    left = [n]

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename != file:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left[0] -= 1
            if left[0] == 0:
                run()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield left
    finally:
        sys.settrace(before)
