"""Operations on whole bins and on the record, for `Client.operate`.

Each function returns a dict, which you put into the list for `Client.operate`. Do not
change it. `Client.operate` raises ParamError when an argument in it has a wrong type.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike import _constants
from aerospike._types import CompiledExpression
from aerospike_helpers.operations._operation import BinName, Context, Operation


def read(bin_name: BinName) -> Operation:
    """Read a bin; "" reads all bins. If the record lacks the bin, the result lacks it,
    too.
    """
    return {"op": aerospike.OPERATOR_READ, "bin": bin_name}


def write(bin_name: BinName, write_item: Any) -> Operation:
    """Write a value of any supported type to a bin; None removes the bin."""
    return {"op": aerospike.OPERATOR_WRITE, "bin": bin_name, "val": write_item}


def append(bin_name: BinName, append_item: str | bytes | bytearray) -> Operation:
    """Append str to a string, or bytes to a blob; create a missing bin.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_APPEND, "bin": bin_name, "val": append_item}


def prepend(bin_name: BinName, prepend_item: str | bytes | bytearray) -> Operation:
    """Prepend str to a string, or bytes to a blob; create a missing bin.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_PREPEND, "bin": bin_name, "val": prepend_item}


def increment(bin_name: BinName, amount: int | float) -> Operation:
    """Add amount to a number of the same type; create a missing bin with amount.

    Integers wrap around at 64 bits.

    :raises BinIncompatibleType: from operate, when the bin holds another type.
    """
    return {"op": aerospike.OPERATOR_INCR, "bin": bin_name, "val": amount}


def touch(ttl: int | None = None) -> Operation:
    """Renew the record's time to live.

    :param ttl: seconds or an `aerospike.TTL_*` value; None or 0: the `ttl` in meta or
        in the policy of the call.
    :raises RecordNotFound: from operate, when there is no record.
    """
    operation: Operation = {"op": aerospike.OPERATOR_TOUCH}
    if ttl is not None:
        operation["val"] = ttl
    return operation


def delete() -> Operation:
    """Delete the record. Operations after it begin with an empty record."""
    return {"op": aerospike.OPERATOR_DELETE}


def select_by_path(bin_name: str, ctx: Context, flags: int) -> Operation:
    """Read everything in a list or map that a path finds (servers from 8.1).

    Result: as flags say, a list of values or keys, or the list or map with only these.

    :param ctx: levels of `aerospike_helpers.cdt_ctx`, also those that find many values.
    :param flags: an EXP_PATH_SELECT_* value. Join it with EXP_PATH_SELECT_NO_FAIL by
        the operator ``|`` to leave out elements for which a filter cannot be evaluated.
    """
    op = _constants._AS_OPERATOR_CDT_READ
    return {"op": op, "bin": bin_name, "ctx": ctx, "cdt_flags": flags}


def modify_by_path(
    bin_name: str, ctx: Context, expr: CompiledExpression, flags: int
) -> Operation:
    """Replace everything in a list or map that a path finds (servers from 8.1).

    :param ctx: levels of `aerospike_helpers.cdt_ctx`, also those that find many values.
    :param expr: a compiled expression; its loop variables stand for the element that
        its value replaces. RemoveResult() removes the element.
    :param flags: EXP_PATH_MODIFY_DEFAULT, or EXP_PATH_MODIFY_NO_FAIL to leave elements
        unchanged for which the expression cannot be evaluated.
    """
    op = _constants._AS_OPERATOR_CDT_MODIFY
    made: Operation = {"op": op, "bin": bin_name, "ctx": ctx, "cdt_flags": flags}
    made["mod_exp"] = expr
    return made
