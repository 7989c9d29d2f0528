"""Operations on the bits of blobs, for `Client.operate`.

Bit 0 is the most significant one of byte 0. The name of an offset or size says whether
it counts bits or bytes. A negative offset counts from the end. If `value` is bytes, an
operation uses its first bits; value_byte_size has no effect. A policy is a dict with
"bit_write_flags": BIT_WRITE_* values, joined with the operator ``|``. An operation
without a result has the result None.

`Client.operate` raises ParamError for an argument of a wrong type, BinNotFound for a
change of a missing bin other than by bit_resize and bit_insert, BinIncompatibleType
when the bin holds no blob, OpNotApplicable for a range that goes beyond the end, and
InvalidRequest for a size or an offset that is out of range. Reading a missing bin gives
None.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike import _constants
from aerospike._hints import BitPolicy, Options
from aerospike_helpers.operations._operation import Context, Operation, operation

# the keys of the dicts of operations, as other clients of Aerospike name them
ACTION_KEY = "action"
BIN_KEY = "bin"
BIT_OFFSET_KEY = "bit_offset"
BIT_SIZE_KEY = "bit_size"
BYTE_OFFSET_KEY = "byte_offset"
BYTE_SIZE_KEY = "byte_size"
COUNT_KEY = "count"
INDEX_KEY = "index"
KEY_KEY = "key"
OFFSET_KEY = "offset"
OP_KEY = "op"
POLICY_KEY = "policy"
RESIZE_FLAGS_KEY = "resize_flags"
SIGN_KEY = "sign"
VALUE_BYTE_SIZE_KEY = "value_byte_size"
VALUE_KEY = "value"


def _on_bits(
    op: int, bin_name: str, bit_offset: int, bit_size: int, **entries: Any
) -> Operation:
    """Make the dict of an operation on bit_size bits from bit_offset on."""
    return operation(
        op, bin_name, None, bit_offset=bit_offset, bit_size=bit_size, **entries
    )


def bit_add(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value: int,
    sign: bool,
    action: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Add value to an integer of bit_size bits, 1 to 64, big-endian. No result.

    :param sign: whether the integer is signed.
    :param action: what an overflow does: BIT_OVERFLOW_FAIL, _SATURATE or _WRAP.
    """
    return _on_bits(
        aerospike.OP_BIT_ADD,
        bin_name,
        bit_offset,
        bit_size,
        value=value,
        sign=sign,
        action=action,
        policy=policy,
    )


def bit_and(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value_byte_size: int,
    value: bytes | bytearray,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Combine a range of bits with those of value by AND. No result."""
    return _on_bits(
        aerospike.OP_BIT_AND,
        bin_name,
        bit_offset,
        bit_size,
        value_byte_size=value_byte_size,
        value=value,
        policy=policy,
    )


def bit_b64_encode(
    bin_name: str,
    byte_offset: int = 0,
    byte_size: int | None = None,
    invert_size: bool = False,
    ctx: Context | None = None,
) -> Operation:
    """Read bytes as base64 text (servers from 8.2). Result: str.

    :param byte_size: how many bytes; None takes all to the end.
    :param invert_size: whether byte_size counts from the end of the blob.
    """
    return operation(
        _constants._OP_BIT_B64_ENCODE,
        bin_name,
        ctx,
        byte_offset=byte_offset,
        invert_size=invert_size,
        byte_size=byte_size,
    )


def bit_count(bin_name: str, bit_offset: int, bit_size: int) -> Operation:
    """Count the bits that are 1 in a range. Result: int."""
    return _on_bits(aerospike.OP_BIT_COUNT, bin_name, bit_offset, bit_size)


def bit_get(bin_name: str, bit_offset: int, bit_size: int) -> Operation:
    """Read a range of bits. Result: bytes, the bits left-aligned."""
    return _on_bits(aerospike.OP_BIT_GET, bin_name, bit_offset, bit_size)


def bit_get_int(bin_name: str, bit_offset: int, bit_size: int, sign: bool) -> Operation:
    """Read an integer of bit_size bits, 1 to 64, big-endian. Result: int.

    :param sign: whether the integer is signed.
    """
    return _on_bits(aerospike.OP_BIT_GET_INT, bin_name, bit_offset, bit_size, sign=sign)


def bit_insert(
    bin_name: str,
    byte_offset: int,
    value_byte_size: int,
    value: bytes | bytearray,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Insert bytes at an offset; create a missing bin. No result."""
    return operation(
        aerospike.OP_BIT_INSERT,
        bin_name,
        None,
        byte_offset=byte_offset,
        value_byte_size=value_byte_size,
        value=value,
        policy=policy,
    )


def bit_lscan(bin_name: str, bit_offset: int, bit_size: int, value: bool) -> Operation:
    """Find the first bit that equals value, from the left. Result: int, -1 if there is
    none.
    """
    return _on_bits(aerospike.OP_BIT_LSCAN, bin_name, bit_offset, bit_size, value=value)


def bit_lshift(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    shift: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Shift a range of bits to the left. No result."""
    return _on_bits(
        aerospike.OP_BIT_LSHIFT,
        bin_name,
        bit_offset,
        bit_size,
        value=shift,
        policy=policy,
    )


def bit_not(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Invert a range of bits. No result."""
    return _on_bits(aerospike.OP_BIT_NOT, bin_name, bit_offset, bit_size, policy=policy)


def bit_or(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value_byte_size: int,
    value: bytes | bytearray,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Combine a range of bits with those of value by OR. No result."""
    return _on_bits(
        aerospike.OP_BIT_OR,
        bin_name,
        bit_offset,
        bit_size,
        value_byte_size=value_byte_size,
        value=value,
        policy=policy,
    )


def bit_remove(
    bin_name: str,
    byte_offset: int,
    byte_size: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Remove byte_size bytes from byte_offset on. No result."""
    return operation(
        aerospike.OP_BIT_REMOVE,
        bin_name,
        None,
        byte_offset=byte_offset,
        byte_size=byte_size,
        policy=policy,
    )


def bit_resize(
    bin_name: str,
    byte_size: int,
    policy: BitPolicy | Options | None = None,
    resize_flags: int = 0,
) -> Operation:
    """Set the size of the blob in bytes; create a missing bin. No result.

    :param resize_flags: BIT_RESIZE_* values, or-ed.
    """
    return operation(
        aerospike.OP_BIT_RESIZE,
        bin_name,
        None,
        resize_flags=resize_flags,
        byte_size=byte_size,
        policy=policy,
    )


def bit_rscan(bin_name: str, bit_offset: int, bit_size: int, value: bool) -> Operation:
    """Find the last bit that equals value, from the right. Result: int, -1 if there is
    none.
    """
    return _on_bits(aerospike.OP_BIT_RSCAN, bin_name, bit_offset, bit_size, value=value)


def bit_rshift(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    shift: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Shift a range of bits to the right. No result."""
    return _on_bits(
        aerospike.OP_BIT_RSHIFT,
        bin_name,
        bit_offset,
        bit_size,
        value=shift,
        policy=policy,
    )


def bit_set(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value_byte_size: int,
    value: bytes | bytearray,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Overwrite a range of bits with those of value. No result."""
    return _on_bits(
        aerospike.OP_BIT_SET,
        bin_name,
        bit_offset,
        bit_size,
        value_byte_size=value_byte_size,
        value=value,
        policy=policy,
    )


def bit_set_int(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Overwrite bit_size bits, 1 to 64, with an integer, big-endian. No result."""
    return _on_bits(
        aerospike.OP_BIT_SET_INT,
        bin_name,
        bit_offset,
        bit_size,
        value=value,
        policy=policy,
    )


def bit_subtract(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value: int,
    sign: bool,
    action: int,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Subtract value from an integer of bit_size bits, 1 to 64. No result.

    :param sign: whether the integer is signed.
    :param action: what an overflow does: BIT_OVERFLOW_FAIL, _SATURATE or _WRAP.
    """
    return _on_bits(
        aerospike.OP_BIT_SUBTRACT,
        bin_name,
        bit_offset,
        bit_size,
        value=value,
        sign=sign,
        action=action,
        policy=policy,
    )


def bit_xor(
    bin_name: str,
    bit_offset: int,
    bit_size: int,
    value_byte_size: int,
    value: bytes | bytearray,
    policy: BitPolicy | Options | None = None,
) -> Operation:
    """Combine a range of bits with those of value by XOR. No result."""
    return _on_bits(
        aerospike.OP_BIT_XOR,
        bin_name,
        bit_offset,
        bit_size,
        value_byte_size=value_byte_size,
        value=value,
        policy=policy,
    )
