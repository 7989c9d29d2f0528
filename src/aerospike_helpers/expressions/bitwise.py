"""Expressions on the bits of blobs.

Offsets count from the first, most significant bit; negative ones count from the end. A
policy is a dict with "bit_write_flags", or None. `bin` is the name of a bin, or an
expression.

A class whose name says a change returns the changed blob. It does not change the bin.
"""

from __future__ import annotations

import aerospike
from aerospike import _constants
from aerospike_helpers.expressions.base import BlobBin
from aerospike_helpers.expressions.resources import (
    Bin,
    BitPolicy,
    BlobArg,
    Call,
    Flag,
    IntArg,
    LateConst,
    Offset,
    RestInt,
    ResultType,
    Value,
)

__all__ = [
    "BitAdd",
    "BitAnd",
    "BitB64Encode",
    "BitCount",
    "BitGet",
    "BitGetInt",
    "BitInsert",
    "BitLeftScan",
    "BitLeftShift",
    "BitNot",
    "BitOr",
    "BitRemove",
    "BitResize",
    "BitRightScan",
    "BitRightShift",
    "BitSet",
    "BitSetInt",
    "BitSubtract",
    "BitXor",
    "BlobBin",
]


class _Read(Call):
    _system = 1
    _target = ResultType.BLOB


class _Modify(Call, gives="6"):
    _system = 0x41
    _target = ResultType.BLOB


class BitResize(_Modify, op=aerospike.OP_BIT_RESIZE):
    """A blob of byte_size bytes, by BIT_RESIZE_* flags."""

    policy: BitPolicy
    byte_size: IntArg
    flags: LateConst
    bin: Bin


class BitInsert(_Modify, op=aerospike.OP_BIT_INSERT):
    """A blob with bytes inserted."""

    policy: BitPolicy
    byte_offset: IntArg
    value: BlobArg
    bin: Bin


class BitRemove(_Modify, op=aerospike.OP_BIT_REMOVE):
    """A blob with bytes removed."""

    policy: BitPolicy
    byte_offset: IntArg
    byte_size: IntArg
    bin: Bin


class BitSet(_Modify, op=aerospike.OP_BIT_SET):
    """A blob with bits replaced by those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitOr(_Modify, op=aerospike.OP_BIT_OR):
    """A blob with bits or-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitXor(_Modify, op=aerospike.OP_BIT_XOR):
    """A blob with bits xor-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitAnd(_Modify, op=aerospike.OP_BIT_AND):
    """A blob with bits and-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitNot(_Modify, op=aerospike.OP_BIT_NOT):
    """A blob with bits inverted."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitLeftShift(_Modify, op=aerospike.OP_BIT_LSHIFT):
    """A blob with bits shifted to the left."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    shift: IntArg
    bin: Bin


class BitRightShift(_Modify, op=aerospike.OP_BIT_RSHIFT):
    """A blob with bits shifted to the right."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    shift: IntArg
    bin: Bin


class _Arithmetic(_Modify):
    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: IntArg
    action: LateConst
    bin: Bin


class BitAdd(_Arithmetic, op=aerospike.OP_BIT_ADD):
    """A blob with an integer added to the one in some bits.

    action is a BIT_OVERFLOW_* value.
    """


class BitSubtract(_Arithmetic, op=aerospike.OP_BIT_SUBTRACT):
    """A blob with an integer subtracted from the one in some bits.

    action is a BIT_OVERFLOW_* value.
    """


class BitSetInt(_Modify, op=aerospike.OP_BIT_SET_INT):
    """A blob with an integer in some bits."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: IntArg
    bin: Bin


class BitGet(_Read, op=aerospike.OP_BIT_GET, gives="6"):
    """A range of bits as a blob, in which they begin at the first bit."""

    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitCount(_Read, op=aerospike.OP_BIT_COUNT, gives="2"):
    """The number of bits that are set in a range."""

    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitLeftScan(_Read, op=aerospike.OP_BIT_LSCAN, gives="2"):
    """The place in a range of the first bit that is value, -1 when there is none."""

    bit_offset: IntArg
    bit_size: IntArg
    value: Value
    bin: Bin


class BitRightScan(_Read, op=aerospike.OP_BIT_RSCAN, gives="2"):
    """The place in a range of the last bit that is value, -1 when there is none."""

    bit_offset: IntArg
    bit_size: IntArg
    value: Value
    bin: Bin


class BitGetInt(_Read, op=aerospike.OP_BIT_GET_INT, gives="2"):
    """A range of up to 64 bits as an integer; sign says whether it is signed."""

    bit_offset: IntArg
    bit_size: IntArg
    sign: Flag
    bin: Bin


class BitB64Encode(_Read, op=_constants._OP_BIT_B64_ENCODE, gives="3"):
    """Bytes as base64 text; byte_size None takes all. Servers since 8.2 have it."""

    byte_offset: Offset
    byte_size: RestInt
    invert_size: Flag
    bin: Bin
