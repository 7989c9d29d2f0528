"""One string operation, from its array to what it leaves.

`[code, argument, ...]`, with a context `[0xFF, context, [code, argument, ...]]`; the
inner array may also stand flat, as earlier clients send it. Source: sections A.3 and D
of the page on string operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aerospike_devserver.operations.arguments import refuse
from aerospike_devserver.operations.cdt import context
from aerospike_devserver.operations.cdt.context import Level, children
from aerospike_devserver.operations.rows import (
    CREATE_ONLY,
    NO_FAIL,
    UPDATE_ONLY,
    CannotApply,
    Modified,
    Row,
    find,
    is_excluded,
)
from aerospike_devserver.operations.strings.errors import (
    CONTEXT,
    OP_CODE,
    PARAMETERS,
    bad,
)
from aerospike_devserver.operations.strings.operations import ROWS, to_value
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import ListValue, MapValue, Value
from aerospike_devserver.version import NEWEST, Version

_PREFIX = bytes((Particle.STRING,))


class _Asked(NamedTuple):
    """A checked operation. levels: of its context, None = it has none."""

    row: Row
    arguments: list[Any]
    levels: list[Level] | None

    @property
    def flags(self) -> int:
        return self.row.flags(self.arguments)


def _unwrap(value: Value) -> tuple[list[Value], Value]:
    """The code with its arguments, and the context, None = there is none."""
    if type(value) is not ListValue or not value.items:
        raise bad("no operation")
    items = value.items
    if items[0] != context.IN_CONTEXT:
        return items, None
    if len(items) < 3:
        raise bad("context without an operation", CONTEXT)
    if type(items[2]) is not ListValue:
        return items[2:], items[1]
    if len(items) > 3 or not items[2].items:
        raise bad("context around no operation", CONTEXT)
    return items[2].items, items[1]


def _parse(value: Value, modifies: bool, version: Version) -> _Asked:
    (code, *given), path = _unwrap(value)
    if type(code) is not int:
        raise bad("the code is no integer", OP_CODE)
    row = _tell(lambda: find(ROWS, code, modifies, version), OP_CODE)
    arguments = _tell(lambda: row.arguments(given), PARAMETERS)
    if path is None:
        return _Asked(row, arguments, None)
    if row.flags(arguments) & CREATE_ONLY:
        raise bad("nothing is created below a context")
    return _Asked(row, arguments, _tell(lambda: context.parse(path), CONTEXT))


def _tell(check: Any, subcode: int) -> Any:
    """What a check gives; its error 4 has a sub-code, this one if no better."""
    try:
        return check()
    except ServerError as error:
        if error.result is not Result.REQUEST_INVALID or error.subcode:
            raise
        raise bad(error.text or "bad argument", subcode) from error


def _content(value: Value) -> str:
    """The text of a string; ServerError 12 for what is none, 29 if it is not UTF-8."""
    if type(value) is not bytes or value[:1] != _PREFIX:
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE, text="the value is no string")
    try:
        return value[1:].decode()
    except UnicodeDecodeError as cause:
        raise refuse(Result.INVALID_ENCODING, text="the string is not UTF-8") from cause


def _check_root(root: Value) -> None:
    """A context needs a list or map in the bin."""
    if not isinstance(root, (ListValue, MapValue)):
        raise refuse(Result.REQUEST_INVALID, text="a context into no list or map")


def read(root: Value, operation: Value, version: Version = NEWEST) -> Value:
    """The result of an operation that changes nothing. root: any value."""
    asked = _parse(operation, False, version)
    if asked.levels is not None:
        _check_root(root)
        root = context.resolve(root, asked.levels)
    return asked.row.run(_content(root), *asked.arguments)


def modify(root: Value, operation: Value, version: Version = NEWEST) -> Modified:
    """Modify a string, or one inside a container in place. There is no result.

    A missing string, root is None, is created by some operations and else stays so.
    """
    asked = _parse(operation, True, version)
    if asked.levels is not None:
        return _modify_inside(root, asked, asked.levels)
    if root is None and (not asked.row.creates or asked.flags & UPDATE_ONLY):
        return Modified(None)
    if is_excluded(asked.flags, root is not None):
        return Modified(root)
    changed = _change("" if root is None else _content(root), asked)
    return Modified(root if changed is None else changed)


def _change(text: str, asked: _Asked) -> bytes | None:
    """The new string; None if NO_FAIL leaves the old one."""
    try:
        return to_value(asked.row.run(text, *asked.arguments))
    except CannotApply:
        if asked.flags & NO_FAIL:
            return None
        raise


def _modify_inside(root: Value, asked: _Asked, levels: list[Level]) -> Modified:
    if root is None:
        return Modified(None)
    _check_root(root)
    try:
        passages = context.trace(root, levels)
    except ServerError as error:
        if error.result is Result.OP_NOT_APPLICABLE and asked.flags & NO_FAIL:
            return Modified(root)
        raise
    container, place = passages[-1]
    changed = _change(_content(children(container)[place]), asked)
    if changed is not None:
        children(container)[place] = changed
        context.restore_order([each.container for each in passages])
    return Modified(root)
