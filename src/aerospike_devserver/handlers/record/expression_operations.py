"""Expression operations of a record command: read and write.

The value is `[expression, flags]`. Source: sections 7.3 to 7.5 of the expression rules.
"""

from __future__ import annotations

from typing import NamedTuple

from aerospike_devserver import expressions
from aerospike_devserver.codec.message import Op
from aerospike_devserver.codec.msgpack import MsgpackError, decode_first
from aerospike_devserver.codec.particle import dump, dump_to_keep
from aerospike_devserver.expressions.nodes import Node, is_value
from aerospike_devserver.handlers.record.operations import (
    MISSING,
    NO_RESULT,
    READ,
    SILENT_WRITE,
    Outcome,
    Work,
    operation,
)
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bin, remove_bin
from aerospike_devserver.values.values import ListValue
from aerospike_devserver.version import Version

CREATE_ONLY = 0x01
UPDATE_ONLY = 0x02
ALLOW_DELETE = 0x04
POLICY_NO_FAIL = 0x08
EVAL_NO_FAIL = 0x10

_WRITE_FLAGS = 0x1F


class _Asked(NamedTuple):
    expression: Node
    flags: int


def _parse(value: bytes, known_flags: int, version: Version) -> _Asked:
    """The expression and its flags; ServerError 4."""
    try:
        array = decode_first(value)
    except MsgpackError as cause:
        raise ServerError(Result.REQUEST_INVALID) from cause
    if type(array) is not ListValue or not 1 <= len(array.items) <= 2:
        raise ServerError(Result.REQUEST_INVALID)
    flags = array.items[1] if len(array.items) == 2 else 0
    flags = flags if type(flags) is int else 0
    if flags & ~known_flags:
        raise ServerError(Result.REQUEST_INVALID)
    return _Asked(expressions.parse_value(array.items[0], version), flags)


def check_write(value: bytes, version: Version) -> None:
    """ServerError 4 unless the value is an expression whose result may be stored."""
    _parse(value, _WRITE_FLAGS, version)


@operation(Op.EXP_READ, READ)
def op_exp_read(
    work: Work, _name: bytes, _particle: int, value: bytes
) -> Bin | Outcome:
    """The value of an expression; the bin name is a label."""
    asked = _parse(value, EVAL_NO_FAIL, work.version)
    failures: list[ServerError] = []
    found = expressions.evaluate(asked.expression, work.subject(), failures)
    if not is_value(found):
        if not asked.flags & EVAL_NO_FAIL:
            raise expressions.no_value(failures)
        return NO_RESULT
    return NO_RESULT if found is None else dump(found)


@operation(Op.EXP_MODIFY, SILENT_WRITE._replace(on_replace=True))
def op_exp_modify(work: Work, name: bytes, _particle: int, value: bytes) -> Outcome:
    """Store the value of an expression in a bin; nil may delete it."""
    asked = _parse(value, _WRITE_FLAGS, work.version)
    flags, exists = asked.flags, name in work.bins
    if flags & (CREATE_ONLY if exists else UPDATE_ONLY):
        if flags & POLICY_NO_FAIL:
            return MISSING
        raise ServerError(Result.BIN_EXISTS if exists else Result.BIN_NOT_FOUND)
    failures: list[ServerError] = []
    found = expressions.evaluate(asked.expression, work.subject(), failures)
    if not is_value(found):
        if not flags & EVAL_NO_FAIL:
            raise expressions.no_value(failures)
    elif found is not None:
        work.bins[name] = dump_to_keep(found)
    elif flags & ALLOW_DELETE:
        remove_bin(work.bins, name)
    elif exists and not flags:
        raise ServerError(Result.OP_NOT_APPLICABLE)
    return MISSING
