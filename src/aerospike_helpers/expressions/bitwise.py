"""Expressions on the bits of blobs.

Offsets count from the first, most significant bit; negative ones from the end. A policy
is a dict with "bit_write_flags", or None. `bin` is the name of a bin, or an expression.

The classes named for a change give the changed blob; what is stored stays as it is.
"""

from __future__ import annotations

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


class BitResize(_Modify, code=0):
    """A blob of byte_size bytes, by BIT_RESIZE_* flags."""

    policy: BitPolicy
    byte_size: IntArg
    flags: LateConst
    bin: Bin


class BitInsert(_Modify, code=1):
    """A blob with bytes inserted."""

    policy: BitPolicy
    byte_offset: IntArg
    value: BlobArg
    bin: Bin


class BitRemove(_Modify, code=2):
    """A blob with bytes removed."""

    policy: BitPolicy
    byte_offset: IntArg
    byte_size: IntArg
    bin: Bin


class BitSet(_Modify, code=3):
    """A blob with bits replaced by those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitOr(_Modify, code=4):
    """A blob with bits or-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitXor(_Modify, code=5):
    """A blob with bits xor-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitAnd(_Modify, code=6):
    """A blob with bits and-ed with those of a value."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: BlobArg
    bin: Bin


class BitNot(_Modify, code=7):
    """A blob with bits inverted."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitLeftShift(_Modify, code=8):
    """A blob with bits shifted to the left."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    shift: IntArg
    bin: Bin


class BitRightShift(_Modify, code=9):
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


class BitAdd(_Arithmetic, code=10):
    """A blob with an integer added to the one in some bits.

    action is a BIT_OVERFLOW_* value.
    """


class BitSubtract(_Arithmetic, code=11):
    """A blob with an integer subtracted from the one in some bits.

    action is a BIT_OVERFLOW_* value.
    """


class BitSetInt(_Modify, code=12):
    """A blob with an integer in some bits."""

    policy: BitPolicy
    bit_offset: IntArg
    bit_size: IntArg
    value: IntArg
    bin: Bin


class BitGet(_Read, code=50, gives="6"):
    """Some bits, as a blob."""

    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitCount(_Read, code=51, gives="2"):
    """How many of some bits are set."""

    bit_offset: IntArg
    bit_size: IntArg
    bin: Bin


class BitLeftScan(_Read, code=52, gives="2"):
    """The place of the first bit that is value, -1 when there is none."""

    bit_offset: IntArg
    bit_size: IntArg
    value: Value
    bin: Bin


class BitRightScan(_Read, code=53, gives="2"):
    """The place of the last bit that is value, -1 when there is none."""

    bit_offset: IntArg
    bit_size: IntArg
    value: Value
    bin: Bin


class BitGetInt(_Read, code=54, gives="2"):
    """Some bits, as an integer, signed or not."""

    bit_offset: IntArg
    bit_size: IntArg
    sign: Flag
    bin: Bin


class BitB64Encode(_Read, code=55, gives="3"):
    """Some bytes as base64 text; byte_size None is all. Server 8.2."""

    byte_offset: Offset
    byte_size: RestInt
    invert_size: Flag
    bin: Bin
