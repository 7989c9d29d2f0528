"""Expressions on HyperLogLogs.

A policy is a dict with "flags", or None. None as a number of bits leaves it unchanged.
`bin` is the name of a bin, or an expression. HLLInit and HLLAdd return the changed
HyperLogLog. They do not change the bin.
"""

from __future__ import annotations

import aerospike
from aerospike_helpers.expressions.base import HLLBin
from aerospike_helpers.expressions.resources import (
    Bin,
    Call,
    HLLPolicy,
    ListArg,
    OptInt,
    ResultType,
    Value,
)

__all__ = [
    "HLLAdd",
    "HLLBin",
    "HLLDescribe",
    "HLLGetCount",
    "HLLGetIntersectCount",
    "HLLGetSimilarity",
    "HLLGetUnion",
    "HLLGetUnionCount",
    "HLLInit",
    "HLLMayContain",
]


class _Read(Call):
    _system = 2
    _target = ResultType.HLL


class _Modify(Call, gives="9"):
    _system = 0x42
    _target = ResultType.HLL


class HLLInit(_Modify, op=aerospike.OP_HLL_INIT):
    """An empty HyperLogLog, or one with other bit counts."""

    policy: HLLPolicy
    index_bit_count: OptInt
    mh_bit_count: OptInt
    bin: Bin


class HLLAdd(_Modify, op=aerospike.OP_HLL_ADD):
    """A HyperLogLog with values added."""

    policy: HLLPolicy
    list: ListArg
    index_bit_count: OptInt
    mh_bit_count: OptInt
    bin: Bin


class HLLGetCount(_Read, op=aerospike.OP_HLL_GET_COUNT, gives="2"):
    """An estimate of how many different values were added, an integer."""

    bin: Bin


class HLLGetUnion(_Read, op=aerospike.OP_HLL_GET_UNION, gives="9"):
    """The union with one or a list of others."""

    values: Value
    bin: Bin


class HLLGetUnionCount(_Read, op=aerospike.OP_HLL_GET_UNION_COUNT, gives="2"):
    """An estimate of how many values the union with others has, an integer."""

    values: Value
    bin: Bin


class HLLGetIntersectCount(_Read, op=aerospike.OP_HLL_GET_INTERSECT_COUNT, gives="2"):
    """An estimate of how many values all have in common, an integer."""

    values: Value
    bin: Bin


class HLLGetSimilarity(_Read, op=aerospike.OP_HLL_GET_SIMILARITY, gives="7"):
    """An estimate of the similarity to others, a float from 0.0 to 1.0."""

    values: Value
    bin: Bin


class HLLDescribe(_Read, op=aerospike.OP_HLL_DESCRIBE, gives="4"):
    """A list of two integers: the index bit count and the minhash bit count."""

    bin: Bin


class HLLMayContain(_Read, code=56, gives="2"):
    """1 when all values of a list may have been added, else 0."""

    list: ListArg
    bin: Bin
