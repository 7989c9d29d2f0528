"""What ends a call of a function in Lua."""

from __future__ import annotations


class FunctionError(Exception):
    """A script failed: the message with file and line, and the stack in Lua."""

    def __init__(self, message: str, stack: str = "", is_text: bool = True) -> None:
        super().__init__(message)
        self.stack = stack
        self.is_text = is_text  # whether the script raised a string


class CompileError(FunctionError):
    """A module is no Lua: the message says file and line."""


class FunctionMissingError(FunctionError):
    """There is no global function of that name."""


class MemoryLimitError(Exception):
    """A script wanted more memory than it may have."""

    def __init__(self) -> None:
        super().__init__("the script needs more memory than it may have")
