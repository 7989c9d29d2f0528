"""Expressions on maps.

Indexes count in the order of keys, ranks in that of values, from 0 or, negative, from
the end. A policy is a dict with "map_order" and "map_write_flags", or None. return_type
is a MAP_RETURN_* value and says what a selection gives, value_type (of ResultType) the
type of what a single pair gives; inverted selects everything else. `bin` is the name of
a bin, or an expression.

A class whose name says a change returns the changed map. It does not change the bin.
"""

from __future__ import annotations

import aerospike
from aerospike_helpers.expressions.base import MapBin
from aerospike_helpers.expressions.resources import (
    Bin,
    Call,
    Context,
    EndValue,
    Fields,
    IntArg,
    Inverted,
    ListArg,
    MapArg,
    MapOrBin,
    MapOrder,
    MapOrderFlags,
    ResultType,
    Returned,
    ReturnType,
    Value,
    ValueType,
)

__all__ = [
    "MapBin",
    "MapClear",
    "MapGetByIndex",
    "MapGetByIndexRange",
    "MapGetByIndexRangeToEnd",
    "MapGetByKey",
    "MapGetByKeyList",
    "MapGetByKeyRange",
    "MapGetByKeyRelIndexRange",
    "MapGetByKeyRelIndexRangeToEnd",
    "MapGetByRank",
    "MapGetByRankRange",
    "MapGetByRankRangeToEnd",
    "MapGetByValue",
    "MapGetByValueList",
    "MapGetByValueRange",
    "MapGetByValueRelRankRange",
    "MapGetByValueRelRankRangeToEnd",
    "MapGetKeys",
    "MapGetValues",
    "MapIncrement",
    "MapPut",
    "MapPutItems",
    "MapRemoveByIndex",
    "MapRemoveByIndexRange",
    "MapRemoveByIndexRangeToEnd",
    "MapRemoveByKey",
    "MapRemoveByKeyList",
    "MapRemoveByKeyRange",
    "MapRemoveByKeyRelIndexRange",
    "MapRemoveByKeyRelIndexRangeToEnd",
    "MapRemoveByRank",
    "MapRemoveByRankRange",
    "MapRemoveByRankRangeToEnd",
    "MapRemoveByValue",
    "MapRemoveByValueList",
    "MapRemoveByValueRange",
    "MapRemoveByValueRelRankRange",
    "MapRemoveByValueRelRankRangeToEnd",
    "MapSize",
    "ReturnType",
]


class _Read(Call):
    _system = 0
    _target = ResultType.MAP


class _Modify(Call, gives="C"):
    _system = 0x40
    _target = ResultType.MAP


class _Remove(_Modify):
    _sends_return_type = True


class MapGetKeys(Fields, code=101, gives="4"):
    """The keys of a map, a list in key order."""

    map_value: MapOrBin


class MapGetValues(Fields, code=102, gives="4"):
    """The values of a map, a list in key order."""

    map_value: MapOrBin


class MapPut(_Modify, op=aerospike.OP_MAP_PUT):
    """A map with a value under a key."""

    ctx: Context
    policy: MapOrderFlags
    key: Value
    value: Value
    bin: Bin


class MapPutItems(_Modify, op=aerospike.OP_MAP_PUT_ITEMS):
    """A map with all pairs of another one."""

    ctx: Context
    policy: MapOrderFlags
    map: MapArg
    bin: Bin


class MapIncrement(_Modify, op=aerospike.OP_MAP_INCREMENT):
    """A map with a number added to the one under a key."""

    ctx: Context
    policy: MapOrder
    key: Value
    value: Value
    bin: Bin


class MapClear(_Modify, op=aerospike.OP_MAP_CLEAR):
    """A map without its pairs."""

    ctx: Context
    bin: Bin


class MapRemoveByKey(_Remove, op=aerospike.OP_MAP_REMOVE_BY_KEY):
    """A map without a key."""

    ctx: Context
    key: Value
    bin: Bin


class MapRemoveByKeyList(_Remove, op=aerospike.OP_MAP_REMOVE_BY_KEY_LIST):
    """A map without some keys."""

    ctx: Context
    keys: ListArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByKeyRange(_Remove, op=aerospike.OP_MAP_REMOVE_BY_KEY_RANGE):
    """A map without the keys from begin up to, not including, end.

    None is no bound.
    """

    ctx: Context
    begin: Value
    end: EndValue
    bin: Bin
    inverted: Inverted = False


class MapRemoveByKeyRelIndexRange(
    _Remove, op=aerospike.OP_MAP_REMOVE_BY_KEY_INDEX_RANGE_REL
):
    """A map without count pairs by index, counted from the place of a key."""

    ctx: Context
    key: Value
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByKeyRelIndexRangeToEnd(
    _Remove, op=aerospike.OP_MAP_REMOVE_BY_KEY_INDEX_RANGE_REL
):
    """A map without the pairs from an index relative to a key on."""

    ctx: Context
    key: Value
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByValue(_Remove, op=aerospike.OP_MAP_REMOVE_BY_VALUE):
    """A map without the pairs with a value."""

    ctx: Context
    value: Value
    bin: Bin
    inverted: Inverted = False


class MapRemoveByValueList(_Remove, op=aerospike.OP_MAP_REMOVE_BY_VALUE_LIST):
    """A map without the pairs with one of the values."""

    ctx: Context
    values: ListArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByValueRange(_Remove, op=aerospike.OP_MAP_REMOVE_BY_VALUE_RANGE):
    """A map without the values from begin to end, which is not included.

    begin None means no limit. end None means nil, and no value is smaller than nil.
    """

    ctx: Context
    begin: Value
    end: Value
    bin: Bin
    inverted: Inverted = False


class MapRemoveByValueRelRankRange(
    _Remove, op=aerospike.OP_MAP_REMOVE_BY_VALUE_RANK_RANGE_REL
):
    """A map without count pairs by rank, counted from the place of a value."""

    ctx: Context
    value: Value
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByValueRelRankRangeToEnd(
    _Remove, op=aerospike.OP_MAP_REMOVE_BY_VALUE_RANK_RANGE_REL
):
    """A map without the pairs from a rank relative to a value on."""

    ctx: Context
    value: Value
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByIndex(_Remove, op=aerospike.OP_MAP_REMOVE_BY_INDEX):
    """A map without the pair at an index in key order."""

    ctx: Context
    index: IntArg
    bin: Bin


class MapRemoveByIndexRange(_Remove, op=aerospike.OP_MAP_REMOVE_BY_INDEX_RANGE):
    """A map without count pairs from an index on."""

    ctx: Context
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByIndexRangeToEnd(_Remove, op=aerospike.OP_MAP_REMOVE_BY_INDEX_RANGE):
    """A map without the pairs from an index on."""

    ctx: Context
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByRank(_Remove, op=aerospike.OP_MAP_REMOVE_BY_RANK):
    """A map without the pair of a rank in value order."""

    ctx: Context
    rank: IntArg
    bin: Bin


class MapRemoveByRankRange(_Remove, op=aerospike.OP_MAP_REMOVE_BY_RANK_RANGE):
    """A map without count pairs from a rank on."""

    ctx: Context
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapRemoveByRankRangeToEnd(_Remove, op=aerospike.OP_MAP_REMOVE_BY_RANK_RANGE):
    """A map without the pairs from a rank on."""

    ctx: Context
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class MapSize(_Read, op=aerospike.OP_MAP_SIZE, gives="2"):
    """The number of pairs."""

    ctx: Context
    bin: Bin


class MapGetByKey(_Read, op=aerospike.OP_MAP_GET_BY_KEY, gives="v"):
    """The pair of a key."""

    ctx: Context
    return_type: Returned
    value_type: ValueType
    key: Value
    bin: Bin


class MapGetByKeyRange(_Read, op=aerospike.OP_MAP_GET_BY_KEY_RANGE, gives="r"):
    """The pairs with keys from begin to end, which is not included.

    begin None means no limit. end None means nil, and no value is smaller than nil.
    """

    ctx: Context
    return_type: Returned
    begin: Value
    end: Value
    bin: Bin
    inverted: Inverted = False


class MapGetByKeyList(_Read, op=aerospike.OP_MAP_GET_BY_KEY_LIST, gives="r"):
    """The pairs of some keys."""

    ctx: Context
    return_type: Returned
    keys: ListArg
    bin: Bin
    inverted: Inverted = False


class MapGetByKeyRelIndexRange(
    _Read, op=aerospike.OP_MAP_GET_BY_KEY_INDEX_RANGE_REL, gives="r"
):
    """Count pairs by index, counted from the place of a key."""

    ctx: Context
    return_type: Returned
    key: Value
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByKeyRelIndexRangeToEnd(
    _Read, op=aerospike.OP_MAP_GET_BY_KEY_INDEX_RANGE_REL, gives="r"
):
    """The pairs from an index relative to a key on."""

    ctx: Context
    return_type: Returned
    key: Value
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByValue(_Read, op=aerospike.OP_MAP_GET_BY_VALUE, gives="r"):
    """The pairs with a value."""

    ctx: Context
    return_type: Returned
    value: Value
    bin: Bin
    inverted: Inverted = False


class MapGetByValueRange(_Read, op=aerospike.OP_MAP_GET_BY_VALUE_RANGE, gives="r"):
    """The pairs with values from value_begin to value_end, which is not included.

    None is no bound.
    """

    ctx: Context
    return_type: Returned
    value_begin: Value
    value_end: EndValue
    bin: Bin
    inverted: Inverted = False


class MapGetByValueList(_Read, op=aerospike.OP_MAP_GET_BY_VALUE_LIST, gives="r"):
    """The pairs with one of the values."""

    ctx: Context
    return_type: Returned
    value: ListArg
    bin: Bin
    inverted: Inverted = False


class MapGetByValueRelRankRange(
    _Read, op=aerospike.OP_MAP_GET_BY_VALUE_RANK_RANGE_REL, gives="r"
):
    """Count pairs by rank, counted from the place of a value."""

    ctx: Context
    return_type: Returned
    value: Value
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByValueRelRankRangeToEnd(
    _Read, op=aerospike.OP_MAP_GET_BY_VALUE_RANK_RANGE_REL, gives="r"
):
    """The pairs from a rank relative to a value on."""

    ctx: Context
    return_type: Returned
    value: Value
    rank: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByIndex(_Read, op=aerospike.OP_MAP_GET_BY_INDEX, gives="v"):
    """The pair at an index in key order."""

    ctx: Context
    return_type: Returned
    value_type: ValueType
    index: IntArg
    bin: Bin


class MapGetByIndexRange(_Read, op=aerospike.OP_MAP_GET_BY_INDEX_RANGE, gives="r"):
    """Count pairs from an index on."""

    ctx: Context
    return_type: Returned
    index: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByIndexRangeToEnd(_Read, op=aerospike.OP_MAP_GET_BY_INDEX_RANGE, gives="r"):
    """The pairs from an index on."""

    ctx: Context
    return_type: Returned
    index: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByRank(_Read, op=aerospike.OP_MAP_GET_BY_RANK, gives="v"):
    """The pair of a rank in value order."""

    ctx: Context
    return_type: Returned
    value_type: ValueType
    rank: IntArg
    bin: Bin


class MapGetByRankRange(_Read, op=aerospike.OP_MAP_GET_BY_RANK_RANGE, gives="r"):
    """Count pairs from a rank on."""

    ctx: Context
    return_type: Returned
    rank: IntArg
    count: IntArg
    bin: Bin
    inverted: Inverted = False


class MapGetByRankRangeToEnd(_Read, op=aerospike.OP_MAP_GET_BY_RANK_RANGE, gives="r"):
    """The pairs from a rank on."""

    ctx: Context
    return_type: Returned
    rank: IntArg
    bin: Bin
    inverted: Inverted = False
