"""Expressions on lists.

Indexes and ranks count from 0, negative ones from the end. A policy is a dict with
"list_order" and "write_flags", or None. return_type, a LIST_RETURN_* value, says what
the expression returns about the elements that it selects. value_type (of ResultType) is
the type of a single element. With inverted=True, it selects all other elements. `bin`
is the name of a bin, or an expression.

A class whose name says a change returns the changed list. It does not change the bin.
"""

from __future__ import annotations

import aerospike
from aerospike import _constants
from aerospike_helpers.expressions.base import ListBin
from aerospike_helpers.expressions.resources import (
    Bin,
    Call,
    Const,
    Context,
    EndValue,
    Fields,
    IntArg,
    Inverted,
    ListArg,
    ListFlags,
    ListOrBin,
    ListOrderFlags,
    RestStr,
    ResultType,
    Returned,
    ReturnType,
    Value,
    ValueType,
)

__all__ = [
    "InList",
    "ListAppend",
    "ListAppendItems",
    "ListBin",
    "ListClear",
    "ListGetByIndex",
    "ListGetByIndexRange",
    "ListGetByIndexRangeToEnd",
    "ListGetByRank",
    "ListGetByRankRange",
    "ListGetByRankRangeToEnd",
    "ListGetByValue",
    "ListGetByValueList",
    "ListGetByValueRange",
    "ListGetByValueRelRankRange",
    "ListGetByValueRelRankRangeToEnd",
    "ListIncrement",
    "ListInsert",
    "ListInsertItems",
    "ListJoin",
    "ListRemoveByIndex",
    "ListRemoveByIndexRange",
    "ListRemoveByIndexRangeToEnd",
    "ListRemoveByRank",
    "ListRemoveByRankRange",
    "ListRemoveByRankRangeToEnd",
    "ListRemoveByValue",
    "ListRemoveByValueList",
    "ListRemoveByValueRange",
    "ListRemoveByValueRelRankRange",
    "ListRemoveByValueRelRankToEnd",
    "ListSet",
    "ListSize",
    "ListSort",
    "ReturnType",
]


class _Read(Call):
    _system = 0
    _target = ResultType.LIST


class _Modify(Call, gives="C"):
    _system = 0x40
    _target = ResultType.LIST


class _Remove(_Modify):
    _sends_return_type = True


class InList(Fields, code=9, gives="1"):
    """Whether a value is among the elements of a list."""

    value: Value
    bin: ListOrBin


class ListAppend(_Modify, op=aerospike.OP_LIST_APPEND):
    """A list with a value appended."""

    ctx: Context
    policy: ListOrderFlags
    value: Value
    bin: Bin


class ListAppendItems(_Modify, op=aerospike.OP_LIST_APPEND_ITEMS):
    """A list with all values of another one appended."""

    ctx: Context
    policy: ListOrderFlags
    value: ListArg
    bin: Bin


class ListInsert(_Modify, op=aerospike.OP_LIST_INSERT):
    """A list with a value inserted before an index."""

    ctx: Context
    policy: ListFlags
    index: IntArg
    value: Value
    bin: Bin


class ListInsertItems(_Modify, op=aerospike.OP_LIST_INSERT_ITEMS):
    """A list with all values of another one inserted before an index."""

    ctx: Context
    policy: ListFlags
    index: IntArg
    values: ListArg
    bin: Bin


class ListSet(_Modify, op=aerospike.OP_LIST_SET):
    """A list with the element at an index replaced."""

    ctx: Context
    policy: ListFlags
    index: IntArg
    value: Value
    bin: Bin


class ListClear(_Modify, op=aerospike.OP_LIST_CLEAR):
    """A list without its elements."""

    ctx: Context
    bin: Bin


class ListIncrement(_Modify, op=aerospike.OP_LIST_INCREMENT):
    """A list with a number added to the one at an index."""

    ctx: Context
    policy: ListOrderFlags
    index: IntArg
    value: Value
    bin: Bin


class ListSort(_Modify, op=aerospike.OP_LIST_SORT):
    """A list in sorted order. order: LIST_SORT_* flags, joined with ``|``."""

    ctx: Context
    order: Const
    bin: Bin


class ListRemoveByIndex(_Remove, op=aerospike.OP_LIST_REMOVE_BY_INDEX):
    """A list without the element at an index."""

    ctx: Context
    index: IntArg
    bin: Bin


class ListRemoveByIndexRange(_Remove, op=aerospike.OP_LIST_REMOVE_BY_INDEX_RANGE):
    """A list without count elements from an index on."""

    ctx: Context
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByIndexRangeToEnd(_Remove, op=aerospike.OP_LIST_REMOVE_BY_INDEX_RANGE):
    """A list without the elements from an index on."""

    ctx: Context
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByRank(_Remove, op=aerospike.OP_LIST_REMOVE_BY_RANK):
    """A list without the element of a rank."""

    ctx: Context
    rank: IntArg
    bin: Bin


class ListRemoveByRankRange(_Remove, op=aerospike.OP_LIST_REMOVE_BY_RANK_RANGE):
    """A list without count elements from a rank on."""

    ctx: Context
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByRankRangeToEnd(_Remove, op=aerospike.OP_LIST_REMOVE_BY_RANK_RANGE):
    """A list without the elements from a rank on."""

    ctx: Context
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByValue(_Remove, op=aerospike.OP_LIST_REMOVE_BY_VALUE):
    """A list without the elements equal to a value."""

    ctx: Context
    value: Value
    bin: Bin
    inverted: Inverted = False


class ListRemoveByValueList(_Remove, op=aerospike.OP_LIST_REMOVE_BY_VALUE_LIST):
    """A list without the elements equal to one of the values."""

    ctx: Context
    values: ListArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByValueRange(_Remove, op=aerospike.OP_LIST_REMOVE_BY_VALUE_RANGE):
    """A list without the elements from begin up to, not including, end.

    A bound that is None is left open.
    """

    ctx: Context
    begin: Value
    end: EndValue
    bin: Bin
    inverted: Inverted = False


class ListRemoveByValueRelRankRange(
    _Remove, op=aerospike.OP_LIST_REMOVE_BY_VALUE_RANK_RANGE_REL
):
    """A list without count elements by rank, counted from the place of a value."""

    ctx: Context
    value: Value
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListRemoveByValueRelRankToEnd(
    _Remove, op=aerospike.OP_LIST_REMOVE_BY_VALUE_RANK_RANGE_REL
):
    """A list without the elements from a rank relative to a value on."""

    ctx: Context
    value: Value
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class ListSize(_Read, op=aerospike.OP_LIST_SIZE, gives="2"):
    """The number of elements."""

    ctx: Context
    bin: Bin


class ListGetByIndex(_Read, op=aerospike.OP_LIST_GET_BY_INDEX, gives="v"):
    """The element at an index."""

    ctx: Context
    return_type: Returned
    value_type: ValueType
    index: IntArg
    bin: Bin


class ListGetByIndexRange(_Read, op=aerospike.OP_LIST_GET_BY_INDEX_RANGE, gives="r"):
    """Count elements from an index on."""

    ctx: Context
    return_type: Returned
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListGetByIndexRangeToEnd(
    _Read, op=aerospike.OP_LIST_GET_BY_INDEX_RANGE, gives="r"
):
    """The elements from an index on."""

    ctx: Context
    return_type: Returned
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class ListGetByRank(_Read, op=aerospike.OP_LIST_GET_BY_RANK, gives="v"):
    """The element of a rank."""

    ctx: Context
    return_type: Returned
    value_type: ValueType
    rank: IntArg
    bin: Bin


class ListGetByRankRange(_Read, op=aerospike.OP_LIST_GET_BY_RANK_RANGE, gives="r"):
    """Count elements from a rank on."""

    ctx: Context
    return_type: Returned
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListGetByRankRangeToEnd(_Read, op=aerospike.OP_LIST_GET_BY_RANK_RANGE, gives="r"):
    """The elements from a rank on."""

    ctx: Context
    return_type: Returned
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class ListGetByValue(_Read, op=aerospike.OP_LIST_GET_BY_VALUE, gives="r"):
    """The elements equal to a value."""

    ctx: Context
    return_type: Returned
    value: Value
    bin: Bin
    inverted: Inverted = False


class ListGetByValueList(_Read, op=aerospike.OP_LIST_GET_BY_VALUE_LIST, gives="r"):
    """The elements equal to one of the values."""

    ctx: Context
    return_type: Returned
    value: ListArg
    bin: Bin
    inverted: Inverted = False


class ListGetByValueRange(_Read, op=aerospike.OP_LIST_GET_BY_VALUE_RANGE, gives="r"):
    """The elements from value_begin to value_end, which is not included.

    value_begin None means no limit. value_end None means nil, and no value is smaller
    than nil.
    """

    ctx: Context
    return_type: Returned
    value_begin: Value
    value_end: Value
    bin: Bin
    inverted: Inverted = False


class ListGetByValueRelRankRange(
    _Read, op=aerospike.OP_LIST_GET_BY_VALUE_RANK_RANGE_REL, gives="r"
):
    """Count elements by rank, counted from the place of a value."""

    ctx: Context
    return_type: Returned
    value: Value
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class ListGetByValueRelRankRangeToEnd(
    _Read, op=aerospike.OP_LIST_GET_BY_VALUE_RANK_RANGE_REL, gives="r"
):
    """The elements from a rank relative to a value on."""

    ctx: Context
    return_type: Returned
    value: Value
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class ListJoin(_Read, op=_constants._OP_LIST_JOIN, gives="3"):
    """The strings of a list as one text; separator None puts nothing between them.

    Servers since 8.2 have it.
    """

    ctx: Context
    separator: RestStr
    bin: Bin
