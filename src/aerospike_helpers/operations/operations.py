"""Operations on whole bins and on the record, for `Client.operate`.

Each function returns one element of its list: a dict that is best left as it is.
`Client.operate` raises ParamError when an argument in it has a wrong type.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike import _constants
from aerospike._types import CompiledExpression
from aerospike_helpers.operations._operation import BinName, Context, Operation


def read(bin_name: BinName) -> Operation:
    """Read a bin; "" reads all bins. The result lacks a bin that the record lacks."""
    return {"op": aerospike.OPERATOR_READ, "bin": bin_name}


def write(bin_name: BinName, write_item: Any) -> Operation:
    """Write a value of any supported type to a bin; None removes the bin."""
    return {"op": aerospike.OPERATOR_WRITE, "bin": bin_name, "val": write_item}


def append(bin_name: BinName, append_item: str | bytes | bytearray) -> Operation:
    """Append str to a string, bytes to a blob; a missing bin takes the value itself.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_APPEND, "bin": bin_name, "val": append_item}


def prepend(bin_name: BinName, prepend_item: str | bytes | bytearray) -> Operation:
    """Prepend str to a string, bytes to a blob; a missing bin takes the value itself.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_PREPEND, "bin": bin_name, "val": prepend_item}


def increment(bin_name: BinName, amount: int | float) -> Operation:
    """Add amount to a number of its own type; a missing bin takes amount itself.

    Integers wrap around at 64 bits.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_INCR, "bin": bin_name, "val": amount}


def touch(ttl: int | None = None) -> Operation:
    """Renew the record's time to live.

    :param ttl: seconds or an `aerospike.TTL_*` value; None takes what meta or the
        policy of the call says.
    :raises RecordNotFound: from operate, when there is no record.
    """
    operation: Operation = {"op": aerospike.OPERATOR_TOUCH}
    if ttl is not None:
        operation["val"] = ttl
    return operation


def delete() -> Operation:
    """Delete the record; operations after it start from an empty one."""
    return {"op": aerospike.OPERATOR_DELETE}


def select_by_path(bin_name: str, ctx: Context, flags: int) -> Operation:
    """Read everything in a list or map that a path leads to (servers from 8.1).

    Result: as flags say, a list of values or keys, or the tree of what was selected.

    :param ctx: levels of `aerospike_helpers.cdt_ctx`, those for all children too.
    :param flags: an EXP_PATH_SELECT_* value, with EXP_PATH_SELECT_NO_FAIL or-ed to
        skip what a filter cannot be evaluated for.
    """
    op = _constants._AS_OPERATOR_CDT_READ
    return {"op": op, "bin": bin_name, "ctx": ctx, "cdt_flags": flags}


def modify_by_path(
    bin_name: str, ctx: Context, expr: CompiledExpression, flags: int
) -> Operation:
    """Replace everything in a list or map that a path leads to (servers from 8.1).

    :param ctx: levels of `aerospike_helpers.cdt_ctx`, those for all children too.
    :param expr: a compiled expression; its loop variables stand for the element that
        its value replaces. RemoveResult() removes the element.
    :param flags: EXP_PATH_MODIFY_DEFAULT, or EXP_PATH_MODIFY_NO_FAIL to leave alone
        what the expression cannot be evaluated for.
    """
    op = _constants._AS_OPERATOR_CDT_MODIFY
    made: Operation = {"op": op, "bin": bin_name, "ctx": ctx, "cdt_flags": flags}
    made["mod_exp"] = expr
    return made
