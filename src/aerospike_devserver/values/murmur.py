"""MurmurHash3 in its 128-bit variant for 64-bit machines, with seed 0.

The algorithm is in the public domain; the constants are those of section B.4 of the
page on bits and HyperLogLogs.
"""

from __future__ import annotations

from struct import Struct

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_ADD1, _ADD2 = 0x52DCE729, 0x38495AB5
_BLOCK = Struct("<QQ")


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> 64 - by) & _MASK


def _scramble_low(value: int) -> int:
    return _rotate(value * _C1, 31) * _C2 & _MASK


def _scramble_high(value: int) -> int:
    return _rotate(value * _C2, 33) * _C1 & _MASK


def _finalise(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


def murmur3(data: bytes) -> tuple[int, int]:
    """The two 64-bit words of the hash."""
    size = len(data)
    n_whole = size - size % _BLOCK.size
    h1 = h2 = 0
    for low, high in _BLOCK.iter_unpack(data[:n_whole]):
        h1 ^= _scramble_low(low)
        h1 = (_rotate(h1, 27) + h2) * 5 + _ADD1 & _MASK
        h2 ^= _scramble_high(high)
        h2 = (_rotate(h2, 31) + h1) * 5 + _ADD2 & _MASK
    low, high = _BLOCK.unpack(data[n_whole:].ljust(_BLOCK.size, b"\0"))
    h1 ^= _scramble_low(low) ^ size
    h2 ^= _scramble_high(high) ^ size
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    h1, h2 = _finalise(h1), _finalise(h2)
    h1 = h1 + h2 & _MASK
    return h1, h2 + h1 & _MASK
