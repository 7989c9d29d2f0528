"""Operations on maps, for `Client.operate`.

Indexes count in the order of the keys, and ranks in the order of the values. Both count
from 0; negative ones count from the end. A policy is a dict with "map_order",
"map_write_flags" (MAP_WRITE_FLAGS_* values, joined with the operator ``|``) and
"persist_index". return_type, a MAP_RETURN_* value, says what an operation returns about
the entries that it selects. With inverted=True, it selects all other entries.

`Client.operate` raises ParamError for an argument of a wrong type, BinIncompatibleType
when the bin holds something else, OpNotApplicable for a single index or rank that does
not exist, and ElementExistsError or ElementNotFoundError when
MAP_WRITE_FLAGS_CREATE_ONLY or _UPDATE_ONLY refuses a key.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike._hints import MapPolicy, Options
from aerospike_helpers.operations._operation import (
    BinName,
    Context,
    Operation,
    given,
    operation,
)

# the keys of the dicts of operations, as other clients of Aerospike name them
BIN_KEY = "bin"
COUNT_KEY = "count"
CTX_KEY = "ctx"
INDEX_KEY = "index"
INVERTED_KEY = "inverted"
KEY_KEY = "key"
MAP_ORDER_KEY = "map_order"
OP_KEY = "op"
PERSIST_INDEX_KEY = "persist_index"
POLICY_KEY = "map_policy"
RANGE_KEY = "range"
RANK_KEY = "rank"
RETURN_TYPE_KEY = "return_type"
VALUE_KEY = "val"


def map_clear(bin_name: BinName, ctx: Context | None = None) -> Operation:
    """Remove all entries. No result."""
    return operation(aerospike.OP_MAP_CLEAR, bin_name, ctx)


def map_create(
    bin_name: BinName, map_order: int, persist_index: bool, ctx: Context | None = None
) -> Operation:
    """Create a map in a bin or at a place inside it. No result.

    :param map_order: MAP_UNORDERED, MAP_KEY_ORDERED or MAP_KEY_VALUE_ORDERED.
    :param persist_index: whether the server stores the index with the map; the map must
        be the whole bin.
    """
    return operation(
        aerospike.OP_MAP_CREATE,
        bin_name,
        ctx,
        map_order=map_order,
        persist_index=persist_index,
    )


def map_decrement(
    bin_name: BinName,
    key: Any,
    amount: float,
    map_policy: MapPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Subtract from the number of a key. Result: the new value."""
    return operation(
        aerospike.OP_MAP_DECREMENT,
        bin_name,
        ctx,
        key=key,
        val=amount,
        **given(map_policy=map_policy),
    )


def map_get_by_index(
    bin_name: BinName, index: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Read the entry at an index in key order. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_INDEX,
        bin_name,
        ctx,
        index=index,
        return_type=return_type,
    )


def map_get_by_index_range(
    bin_name: BinName,
    index_start: int,
    get_amt: int,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read get_amt entries from an index on, in the order of the keys.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_INDEX_RANGE,
        bin_name,
        ctx,
        index=index_start,
        val=get_amt,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_key(
    bin_name: BinName, key: Any, return_type: int, ctx: Context | None = None
) -> Operation:
    """Read the entry of a key. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_KEY, bin_name, ctx, key=key, return_type=return_type
    )


def map_get_by_key_index_range_relative(
    bin_name: BinName,
    value: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read entries by index, counted from the place of a key.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_KEY_INDEX_RANGE_REL,
        bin_name,
        ctx,
        key=value,
        index=offset,
        return_type=return_type,
        **given(count=count, inverted=True if inverted else None),
    )


def map_get_by_key_list(
    bin_name: BinName,
    key_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read the entries of all keys of a list. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_KEY_LIST,
        bin_name,
        ctx,
        val=key_list,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_key_range(
    bin_name: BinName,
    key_range_start: Any,
    key_range_end: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read entries with keys in a range. The end of the range is not included.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_KEY_RANGE,
        bin_name,
        ctx,
        key=key_range_start,
        range=key_range_end,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_rank(
    bin_name: BinName, rank: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Read the entry of a rank in value order. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_RANK, bin_name, ctx, index=rank, return_type=return_type
    )


def map_get_by_rank_range(
    bin_name: BinName,
    rank_start: int,
    get_amt: int,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read get_amt entries from a rank on, in the order of the values.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_RANK_RANGE,
        bin_name,
        ctx,
        index=rank_start,
        val=get_amt,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_value(
    bin_name: BinName,
    value: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read all entries with a value. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_VALUE,
        bin_name,
        ctx,
        val=value,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_value_list(
    bin_name: BinName,
    key_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read all entries with one of the values. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_GET_BY_VALUE_LIST,
        bin_name,
        ctx,
        val=key_list,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_value_range(
    bin_name: BinName,
    value_start: Any,
    value_end: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read entries with values in a range. The end of the range is not included.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_VALUE_RANGE,
        bin_name,
        ctx,
        val=value_start,
        range=value_end,
        return_type=return_type,
        inverted=inverted,
    )


def map_get_by_value_rank_range_relative(
    bin_name: BinName,
    value: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read entries by rank, counted from the place of a value.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_GET_BY_VALUE_RANK_RANGE_REL,
        bin_name,
        ctx,
        val=value,
        rank=offset,
        return_type=return_type,
        **given(count=count, inverted=True if inverted else None),
    )


def map_increment(
    bin_name: BinName,
    key: Any,
    amount: float,
    map_policy: MapPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Add to the number of a key. Result: the new value."""
    return operation(
        aerospike.OP_MAP_INCREMENT,
        bin_name,
        ctx,
        key=key,
        val=amount,
        **given(map_policy=map_policy),
    )


def map_put(
    bin_name: BinName,
    key: Any,
    value: Any,
    map_policy: MapPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Write the value of a key. Result: the new size."""
    return operation(
        aerospike.OP_MAP_PUT,
        bin_name,
        ctx,
        key=key,
        val=value,
        **given(map_policy=map_policy),
    )


def map_put_items(
    bin_name: BinName,
    item_dict: dict[Any, Any],
    map_policy: MapPolicy | Options | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Write all entries of a dict. Result: the new size."""
    return operation(
        aerospike.OP_MAP_PUT_ITEMS,
        bin_name,
        ctx,
        val=item_dict,
        **given(map_policy=map_policy),
    )


def map_remove_by_index(
    bin_name: BinName, index: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Remove the entry at an index in key order. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_INDEX,
        bin_name,
        ctx,
        index=index,
        return_type=return_type,
    )


def map_remove_by_index_range(
    bin_name: BinName,
    index_start: int,
    remove_amt: int,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove remove_amt entries from an index on, in the order of the keys.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_INDEX_RANGE,
        bin_name,
        ctx,
        index=index_start,
        val=remove_amt,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_key(
    bin_name: BinName, key: Any, return_type: int, ctx: Context | None = None
) -> Operation:
    """Remove the entry of a key. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_KEY, bin_name, ctx, key=key, return_type=return_type
    )


def map_remove_by_key_index_range_relative(
    bin_name: BinName,
    key: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove entries by index, counted from the place of a key.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_KEY_INDEX_RANGE_REL,
        bin_name,
        ctx,
        key=key,
        index=offset,
        return_type=return_type,
        **given(count=count, inverted=True if inverted else None),
    )


def map_remove_by_key_list(
    bin_name: BinName,
    key_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove the entries of all keys of a list. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_KEY_LIST,
        bin_name,
        ctx,
        val=key_list,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_key_range(
    bin_name: BinName,
    key_range_start: Any,
    key_range_end: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove entries with keys in a range. The end of the range is not included.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_KEY_RANGE,
        bin_name,
        ctx,
        key=key_range_start,
        val=key_range_end,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_rank(
    bin_name: BinName, rank: int, return_type: int, ctx: Context | None = None
) -> Operation:
    """Remove the entry of a rank in value order. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_RANK,
        bin_name,
        ctx,
        index=rank,
        return_type=return_type,
    )


def map_remove_by_rank_range(
    bin_name: BinName,
    rank_start: int,
    remove_amt: int,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove remove_amt entries from a rank on, in the order of the values.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_RANK_RANGE,
        bin_name,
        ctx,
        index=rank_start,
        val=remove_amt,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_value(
    bin_name: BinName,
    value: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove all entries with a value. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_VALUE,
        bin_name,
        ctx,
        val=value,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_value_list(
    bin_name: BinName,
    value_list: list[Any],
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove all entries with one of the values. Result: as return_type says."""
    return operation(
        aerospike.OP_MAP_REMOVE_BY_VALUE_LIST,
        bin_name,
        ctx,
        val=value_list,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_value_range(
    bin_name: BinName,
    value_start: Any,
    value_end: Any,
    return_type: int,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove entries with values in a range. The end of the range is not included.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_VALUE_RANGE,
        bin_name,
        ctx,
        val=value_start,
        range=value_end,
        return_type=return_type,
        inverted=inverted,
    )


def map_remove_by_value_rank_range_relative(
    bin_name: BinName,
    value: Any,
    offset: int,
    return_type: int,
    count: int | None = None,
    inverted: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Remove entries by rank, counted from the place of a value.

    Result: as return_type says.
    """
    return operation(
        aerospike.OP_MAP_REMOVE_BY_VALUE_RANK_RANGE_REL,
        bin_name,
        ctx,
        val=value,
        rank=offset,
        return_type=return_type,
        **given(count=count, inverted=True if inverted else None),
    )


def map_set_policy(
    bin_name: BinName, policy: MapPolicy | Options | None, ctx: Context | None = None
) -> Operation:
    """Set the order of the map. No result."""
    return operation(aerospike.OP_MAP_SET_POLICY, bin_name, ctx, map_policy=policy)


def map_size(bin_name: BinName, ctx: Context | None = None) -> Operation:
    """Count the entries. Result: an int."""
    return operation(aerospike.OP_MAP_SIZE, bin_name, ctx)
