"""Flags and policies of operations on strings."""

from __future__ import annotations

from enum import IntEnum


class WriteFlags(IntEnum):
    """Conditions of a modifying operation. The operator ``|`` joins several."""

    DEFAULT = 0
    CREATE_ONLY = 1
    UPDATE_ONLY = 2
    NO_FAIL = 4


class RegexFlags(IntEnum):
    """How a regular expression is read. The operator ``|`` joins several."""

    DEFAULT = 0
    CASE_INSENSITIVE = 1
    MULTILINE = 2
    DOTALL = 4
    UNIX_LINES = 8
    GLOBAL = 16


class NumericType(IntEnum):
    """Kinds of text that count as a number."""

    ANY = 0
    INT = 1
    FLOAT = 2


class StringPolicy:
    """The policy of a modifying operation.

    :param write_flags: WriteFlags, joined with the operator ``|``.
    """

    __slots__ = ("write_flags",)

    def __init__(self, write_flags: int = WriteFlags.DEFAULT) -> None:
        self.write_flags = write_flags
