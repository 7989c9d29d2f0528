"""RIPEMD-160, by which clients make the digest of a key.

Python's own comes from OpenSSL, which leaves it out on many machines. Source: the paper
of Dobbertin, Bosselaers and Preneel, "RIPEMD-160: A Strengthened Version of RIPEMD".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct

_BLOCK_SIZE = 64
_WORDS = Struct("<16I")
_STATE = Struct("<5I")
_SIZE = Struct("<Q")
_MASK = 0xFFFFFFFF

_BEGIN = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)

# Of each of the two lines, in five rounds of 16 steps, as hexadecimal digits: the words
# of a block in the order of their use, and by how much each step rotates
_ORDER = (
    """0123456789abcdef 74d1a6f3c0952eb8 3ae49f812706db5c
    19ba08c4d37fe562 40597c2ae138b6fd""",
    """5e7092b4d6f81a3c 6b370d5aef8c4912 f5137e69b8c2a04d
    86413bf05c2d97ae cfa4158762de039b""",
)
_ROTATE = (
    """befc5879bdef6798 768db97f7cf9b7dc bd67e9dfe8d65c75
    bcefef989e56865c 9f5b68dc5cdeb856""",
    """899bdff5778beec6 9df7c89b77c76fdb 97fb866ecd5edd75
    f58bee6e69c9c5f8 85c9c5e68d65fdbb""",
)
# and the constant of each round
_ADD = (
    (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E),
    (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000),
)
Mix = Callable[[int, int, int], int]
_MIX: tuple[Mix, ...] = (
    lambda x, y, z: x ^ y ^ z,
    lambda x, y, z: (x & y) | (~x & z),
    lambda x, y, z: (x | ~y) ^ z,
    lambda x, y, z: (x & z) | (y & ~z),
    lambda x, y, z: x ^ (y | ~z),
)

_State = tuple[int, ...]


def _steps(number: int) -> Iterator[tuple[Mix, int, int, int]]:
    """The steps of a line: what it mixes by, a word's place, rotation and constant."""
    tables = (_ORDER[number].split(), _ROTATE[number].split(), _ADD[number])
    for place, (order, rotate, add) in enumerate(zip(*tables, strict=True)):
        mix = _MIX[4 - place if number else place]
        for at, by in zip(order, rotate, strict=True):
            yield mix, int(at, 16), int(by, 16), add


_STEPS = tuple(tuple(_steps(number)) for number in (0, 1))


def _line(number: int, state: _State, words: _State) -> _State:
    """What one of the two lines makes of the state and a block."""
    a, b, c, d, e = state
    for mix, at, by, add in _STEPS[number]:
        mixed = a + mix(b, c, d) + words[at] + add & _MASK
        turned = (mixed << by | mixed >> 32 - by) + e & _MASK
        a, b, c, d, e = e, turned, b, (c << 10 | c >> 22) & _MASK, d
    return a, b, c, d, e


def ripemd160(data: bytes) -> bytes:
    """The hash of some bytes: 20 bytes."""
    size = len(data)
    data += b"\x80" + bytes(-(size + 9) % _BLOCK_SIZE) + _SIZE.pack(size * 8)
    state: _State = _BEGIN
    for offset in range(0, len(data), _BLOCK_SIZE):
        words = _WORDS.unpack_from(data, offset)
        left, right = (_line(number, state, words) for number in (0, 1))
        sums = (
            state[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]
            for i in range(5)
        )
        state = tuple(each & _MASK for each in sums)
    return _STATE.pack(*state)
