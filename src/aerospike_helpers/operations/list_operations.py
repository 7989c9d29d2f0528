"""Operations on lists, for `Client.operate`.

Indexes and ranks begin at 0; negative ones count from the end. A policy is a dict with
"list_order" (LIST_UNORDERED or LIST_ORDERED) and "write_flags" (LIST_WRITE_* values,
joined with the operator ``|``). return_type, a LIST_RETURN_* value, says what an
operation returns about the elements that it selects. With inverted=True, it selects all
other elements.

`Client.operate` raises ParamError for an argument of a wrong type, BinIncompatibleType
when the bin holds something else, OpNotApplicable for a single index or rank that does
not exist, and ElementExistsError when LIST_WRITE_ADD_UNIQUE refuses a value.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike import _constants
from aerospike._hints import ListPolicy, Options
from aerospike_helpers.operations._operation import Context, Operation, given, operation

# the keys of the dicts of operations, as other clients of Aerospike name them
BIN_KEY = "bin"
COUNT_KEY = "count"
CTX_KEY = "ctx"
INDEX_KEY = "index"
INVERTED_KEY = "inverted"
LIST_ORDER_KEY = "list_order"
LIST_POLICY_KEY = "list_policy"
OP_KEY = "op"
PAD_KEY = "pad"
PERSIST_INDEX_KEY = "persist_index"
RANK_KEY = "rank"
RETURN_TYPE_KEY = "return_type"
SORT_FLAGS_KEY = "sort_flags"
VALUE_BEGIN_KEY = "value_begin"
VALUE_END_KEY = "value_end"
VALUE_KEY = "val"
VALUE_LIST_KEY = "value_list"


def list_append(
    bin_name: str,
    value: Any,
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Append a value. Result: the new size."""
    return operation(
        aerospike.OP_LIST_APPEND, bin_name, ctx, val=value, **given(list_policy=policy)
    )


def list_append_items(
    bin_name: str,
    values: list[Any],
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Append all values of a list. Result: the new size."""
    return operation(
        aerospike.OP_LIST_APPEND_ITEMS,
        bin_name,
        ctx,
        val=values,
        **given(list_policy=policy),
    )


def list_clear(bin_name: str, ctx: Context | None = None) -> Operation:
    """Remove all elements. No result."""
    return operation(aerospike.OP_LIST_CLEAR, bin_name, ctx)


def list_create(
    bin_name: str,
    list_order: int,
    pad: bool,
    persist_index: bool,
    ctx: Context | None = None,
) -> Operation:
    """Create a list in a bin or at a place inside it. No result.

    :param list_order: LIST_UNORDERED or LIST_ORDERED.
    :param pad: whether the server fills an outer list with None, up to an index beyond
        its end.
    :param persist_index: whether the server stores the index with the list; the list
        must be the whole bin.
    """
    return operation(
        aerospike.OP_LIST_CREATE,
        bin_name,
        ctx,
        list_order=list_order,
        pad=pad,
        persist_index=persist_index,
    )


def list_get(bin_name: str, index: int, ctx: Context | None = None) -> Operation:
    """Read the element at an index. Result: the element."""
    return operation(aerospike.OP_LIST_GET, bin_name, ctx, index=index)


def list_get_by_index(
    bin_name: str, index: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Read the element at an index. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_GET_BY_INDEX,
        bin_name,
        ctx,
        return_type=return_type,
        index=index,
    )


def list_get_by_index_range(
    bin_name: str,
    index: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read elements from an index on: count of them, or all to the end.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_GET_BY_INDEX_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        index=index,
        inverted=inverted,
        **given(count=count),
    )


def list_get_by_rank(
    bin_name: str, rank: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Read the element of a rank. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_GET_BY_RANK, bin_name, ctx, return_type=return_type, rank=rank
    )


def list_get_by_rank_range(
    bin_name: str,
    rank: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read elements from a rank on: count of them, or all to the end.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_GET_BY_RANK_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        rank=rank,
        inverted=inverted,
        **given(count=count),
    )


def list_get_by_value(
    bin_name: str,
    value: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read all elements equal to value. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_GET_BY_VALUE,
        bin_name,
        ctx,
        return_type=return_type,
        val=value,
        inverted=inverted,
    )


def list_get_by_value_list(
    bin_name: str,
    value_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read all elements equal to one of the values. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_GET_BY_VALUE_LIST,
        bin_name,
        ctx,
        return_type=return_type,
        value_list=value_list,
        inverted=inverted,
    )


def list_get_by_value_range(
    bin_name: str,
    return_type: int,
    value_begin: Any,
    value_end: Any,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read elements from value_begin to value_end, which is not included. None: no
    limit.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_GET_BY_VALUE_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        inverted=inverted,
        value_begin=value_begin,
        value_end=value_end,
    )


def list_get_by_value_rank_range_relative(
    bin_name: str,
    value: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read elements by rank, counted from the place of value.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_GET_BY_VALUE_RANK_RANGE_REL,
        bin_name,
        ctx,
        val=value,
        rank=offset,
        return_type=return_type,
        inverted=inverted,
        **given(count=count),
    )


def list_get_range(
    bin_name: str, index: int, count: int, ctx: Context | None = None
) -> Operation:
    """Read count elements from an index on. Result: a list of them."""
    return operation(aerospike.OP_LIST_GET_RANGE, bin_name, ctx, index=index, val=count)


def list_increment(
    bin_name: str,
    index: int,
    value: Any,
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Add to the number at an index. Result: the new value."""
    return operation(
        aerospike.OP_LIST_INCREMENT,
        bin_name,
        ctx,
        index=index,
        val=value,
        **given(list_policy=policy),
    )


def list_insert(
    bin_name: str,
    index: int,
    value: Any,
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Insert a value before an index. Result: the new size."""
    return operation(
        aerospike.OP_LIST_INSERT,
        bin_name,
        ctx,
        index=index,
        val=value,
        **given(list_policy=policy),
    )


def list_insert_items(
    bin_name: str,
    index: int,
    values: list[Any],
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Insert all values of a list before an index. Result: the new size."""
    return operation(
        aerospike.OP_LIST_INSERT_ITEMS,
        bin_name,
        ctx,
        index=index,
        val=values,
        **given(list_policy=policy),
    )


def list_pop(bin_name: str, index: int, ctx: Context | None = None) -> Operation:
    """Remove the element at an index. Result: the element."""
    return operation(aerospike.OP_LIST_POP, bin_name, ctx, index=index)


def list_pop_range(
    bin_name: str, index: int, count: int, ctx: Context | None = None
) -> Operation:
    """Remove count elements from an index on. Result: a list of them."""
    return operation(aerospike.OP_LIST_POP_RANGE, bin_name, ctx, index=index, val=count)


def list_remove(bin_name: str, index: int, ctx: Context | None = None) -> Operation:
    """Remove the element at an index. Result: how many were removed."""
    return operation(aerospike.OP_LIST_REMOVE, bin_name, ctx, index=index)


def list_remove_by_index(
    bin_name: str, index: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Remove the element at an index. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_REMOVE_BY_INDEX,
        bin_name,
        ctx,
        return_type=return_type,
        index=index,
    )


def list_remove_by_index_range(
    bin_name: str,
    index: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove elements from an index on: count of them, or all to the end.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_REMOVE_BY_INDEX_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        index=index,
        inverted=inverted,
        **given(count=count),
    )


def list_remove_by_rank(
    bin_name: str, rank: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Remove the element of a rank. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_REMOVE_BY_RANK,
        bin_name,
        ctx,
        return_type=return_type,
        rank=rank,
    )


def list_remove_by_rank_range(
    bin_name: str,
    rank: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove elements from a rank on: count of them, or all to the end.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_REMOVE_BY_RANK_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        rank=rank,
        inverted=inverted,
        **given(count=count),
    )


def list_remove_by_value(
    bin_name: str,
    value: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove all elements equal to value. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_REMOVE_BY_VALUE,
        bin_name,
        ctx,
        return_type=return_type,
        val=value,
        inverted=inverted,
    )


def list_remove_by_value_list(
    bin_name: str,
    value_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove all elements equal to one of the values. Result: as return_type says."""
    return operation(
        aerospike.OP_LIST_REMOVE_BY_VALUE_LIST,
        bin_name,
        ctx,
        return_type=return_type,
        value_list=value_list,
        inverted=inverted,
    )


def list_remove_by_value_range(
    bin_name: str,
    return_type: int,
    value_begin: Any = None,
    value_end: Any = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove elements from value_begin to value_end, which is not included. None: no
    limit.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_REMOVE_BY_VALUE_RANGE,
        bin_name,
        ctx,
        return_type=return_type,
        inverted=inverted,
        **given(value_begin=value_begin, value_end=value_end),
    )


def list_remove_by_value_rank_range_relative(
    bin_name: str,
    value: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove elements by rank, counted from the place of value.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_LIST_REMOVE_BY_VALUE_RANK_RANGE_REL,
        bin_name,
        ctx,
        val=value,
        rank=offset,
        return_type=return_type,
        inverted=inverted,
        **given(count=count),
    )


def list_remove_range(
    bin_name: str, index: int, count: int, ctx: Context | None = None
) -> Operation:
    """Remove count elements from an index on. Result: how many were removed."""
    return operation(
        aerospike.OP_LIST_REMOVE_RANGE, bin_name, ctx, index=index, val=count
    )


def list_set(
    bin_name: str,
    index: int,
    value: Any,
    policy: ListPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Replace the element at an index. No result."""
    return operation(
        aerospike.OP_LIST_SET,
        bin_name,
        ctx,
        index=index,
        val=value,
        **given(list_policy=policy),
    )


def list_set_order(
    bin_name: str, list_order: int, ctx: Context | None = None
) -> Operation:
    """Make the list ordered (LIST_ORDERED) or unordered. No result."""
    return operation(aerospike.OP_LIST_SET_ORDER, bin_name, ctx, list_order=list_order)


def list_size(bin_name: str, ctx: Context | None = None) -> Operation:
    """Count the elements. Result: an int."""
    return operation(aerospike.OP_LIST_SIZE, bin_name, ctx)


def list_sort(
    bin_name: str, sort_flags: int = 0, ctx: Context | None = None
) -> Operation:
    """Sort the list. No result.

    :param sort_flags: LIST_SORT_* values, or-ed.
    """
    return operation(aerospike.OP_LIST_SORT, bin_name, ctx, sort_flags=sort_flags)


def list_trim(
    bin_name: str, index: int, count: int, ctx: Context | None = None
) -> Operation:
    """Keep count elements from an index on, and remove the others. Result: how many
    were removed.
    """
    return operation(aerospike.OP_LIST_TRIM, bin_name, ctx, index=index, val=count)


def list_join(
    bin_name: str, separator: str | None = None, ctx: Context | None = None
) -> Operation:
    """Join the strings of a list (servers from 8.2). Result: a str.

    :param separator: str to put between the strings; None: nothing.
    """
    if separator is None:
        return operation(_constants._OP_LIST_JOIN, bin_name, ctx)
    return operation(
        _constants._OP_LIST_JOIN_SEPARATOR, bin_name, ctx, separator=separator
    )
