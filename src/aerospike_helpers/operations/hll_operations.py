"""Operations on HyperLogLogs, which estimate how many different values were added, for
`Client.operate`.

An operation on several HyperLogLogs takes the others as a list of
`aerospike_helpers.HyperLogLog`. The client returns such an object when it reads a bin.
A policy is a dict with "flags": HLL_WRITE_* values, joined with the operator ``|``.

`Client.operate` raises ParamError for an argument of a wrong type, BinNotFound for a
change of a missing bin that does not create it, BinIncompatibleType when the bin holds
something else, OpNotApplicable when the numbers of bits do not allow the operation, and
InvalidRequest for a number of bits that is out of range. Reading a missing bin gives
None.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike._hints import HLLPolicy, Options
from aerospike_helpers.operations._operation import Operation, given, operation

# the keys of the dicts of operations, as other clients of Aerospike name them
BIN_KEY = "bin"
HLL_POLICY_KEY = "hll_policy"
INDEX_BIT_COUNT_KEY = "index_bit_count"
MH_BIT_COUNT_KEY = "mh_bit_count"
OP_KEY = "op"
VALUE_LIST_KEY = "value_list"

_UNSET = -1


def hll_add(
    bin_name: str,
    values: list[Any],
    index_bit_count: int | None = None,
    mh_bit_count: int | None = None,
    policy: HLLPolicy | Options | None = None,
) -> Operation:
    """Add values; create a missing bin. Result: how many registers changed.

    :param index_bit_count: the number of index bits, 4 to 16, for a bin that is
        created.
    :param mh_bit_count: the number of bits of a minhash, 0 or 4 to 51, for a bin that
        is created.
    """
    return operation(
        aerospike.OP_HLL_ADD,
        bin_name,
        None,
        value_list=values,
        index_bit_count=_UNSET if index_bit_count is None else index_bit_count,
        mh_bit_count=_UNSET if mh_bit_count is None else mh_bit_count,
        **given(hll_policy=policy),
    )


def hll_describe(bin_name: str) -> Operation:
    """Read the numbers of bits of a bin. Result: list, [index bits, minhash bits]."""
    return operation(aerospike.OP_HLL_DESCRIBE, bin_name, None)


def hll_fold(bin_name: str, index_bit_count: int) -> Operation:
    """Reduce the number of index bits to index_bit_count. No result."""
    return operation(
        aerospike.OP_HLL_FOLD, bin_name, None, index_bit_count=index_bit_count
    )


def hll_get_count(bin_name: str) -> Operation:
    """Estimate how many different values were added. Result: int."""
    return operation(aerospike.OP_HLL_GET_COUNT, bin_name, None)


def hll_get_intersect_count(bin_name: str, hll_list: list[Any]) -> Operation:
    """Estimate how many values the bin and all others have in common. Result: int."""
    return operation(
        aerospike.OP_HLL_GET_INTERSECT_COUNT, bin_name, None, value_list=hll_list
    )


def hll_get_similarity(bin_name: str, hll_list: list[Any]) -> Operation:
    """Estimate the similarity of the bin and all others. Result: float, 0 to 1."""
    return operation(
        aerospike.OP_HLL_GET_SIMILARITY, bin_name, None, value_list=hll_list
    )


def hll_get_union(bin_name: str, hll_list: list[Any]) -> Operation:
    """Unite the bin with all others. Result: HyperLogLog."""
    return operation(aerospike.OP_HLL_GET_UNION, bin_name, None, value_list=hll_list)


def hll_get_union_count(bin_name: str, hll_list: list[Any]) -> Operation:
    """Estimate how many values the union with all others has. Result: int."""
    return operation(
        aerospike.OP_HLL_GET_UNION_COUNT, bin_name, None, value_list=hll_list
    )


def hll_init(
    bin_name: str,
    index_bit_count: int | None = None,
    mh_bit_count: int | None = None,
    policy: HLLPolicy | Options | None = None,
) -> Operation:
    """Make an empty HyperLogLog. No result.

    :param index_bit_count: bits of the register index, 4 to 16.
    :param mh_bit_count: bits of a minhash, 0 or 4 to 51.
    """
    return operation(
        aerospike.OP_HLL_INIT,
        bin_name,
        None,
        index_bit_count=_UNSET if index_bit_count is None else index_bit_count,
        mh_bit_count=_UNSET if mh_bit_count is None else mh_bit_count,
        **given(hll_policy=policy),
    )


def hll_refresh_count(bin_name: str) -> Operation:
    """Estimate the number of values, and store the estimate in the bin. Result: int."""
    return operation(aerospike.OP_HLL_REFRESH_COUNT, bin_name, None)


def hll_set_union(
    bin_name: str,
    hll_list: list[Any],
    policy: HLLPolicy | Options | None = None,
) -> Operation:
    """Unite the bin with all others, and store the union in the bin. No result."""
    return operation(
        aerospike.OP_HLL_SET_UNION,
        bin_name,
        None,
        value_list=hll_list,
        **given(hll_policy=policy),
    )
