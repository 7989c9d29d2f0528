"""Functions that make the dict of an operation, as `Client.operate` takes it."""

from __future__ import annotations

from typing import Any

Operation = dict[str, Any]
Context = list[Any]
BinName = str | bytearray
"""The name of a bin in a plain operation or one on a map."""


def operation(
    op: int, bin_name: BinName, ctx: Context | None, **entries: Any
) -> Operation:
    """Make the dict of an operation; it has a context only where there is one."""
    made: Operation = {"op": op, "bin": bin_name, **entries}
    if ctx:
        made["ctx"] = ctx
    return made


def given(**entries: Any) -> dict[str, Any]:
    """Return the entries that are not None, for the optional ones of an operation."""
    return {name: value for name, value in entries.items() if value is not None}
