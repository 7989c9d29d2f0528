"""A HyperLogLog sketch, as registers and as the bytes that the server stores.

Register value: (rank << minhash bits) | minhash part, 0 = nothing seen. Source:
sections B.3 and B.4 of the page on bits and HyperLogLogs.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from aerospike_devserver.values.murmur import murmur3

_HEADER = Struct("<BBBQ")
HEADER_SIZE = _HEADER.size
"""Flags (0), index bits, minhash bits, and the cached count, little endian."""
_RANK_BITS = 6
_WORD_BITS = 64

MIN_INDEX_BITS, MAX_INDEX_BITS = 4, 16
MIN_MINHASH_BITS, MAX_MINHASH_BITS = 4, 51


def is_index_bits(number: int) -> bool:
    """Whether a sketch can choose registers by so many bits."""
    return MIN_INDEX_BITS <= number <= MAX_INDEX_BITS


def is_minhash_bits(number: int) -> bool:
    """Whether a register can keep so many bits of the hash."""
    return number == 0 or MIN_MINHASH_BITS <= number <= MAX_MINHASH_BITS


class Geometry(NamedTuple):
    """How many bits choose a register, and how many of the hash it keeps."""

    index_bits: int
    minhash_bits: int

    @property
    def is_valid(self) -> bool:
        """Whether the server takes each number, and the hash has bits for both."""
        return (
            is_index_bits(self.index_bits)
            and is_minhash_bits(self.minhash_bits)
            and sum(self) <= _WORD_BITS
        )

    @property
    def n_registers(self) -> int:
        return 1 << self.index_bits

    @property
    def register_bits(self) -> int:
        """Bits of one register: the rank and the minhash part."""
        return _RANK_BITS + self.minhash_bits

    @property
    def registers_size(self) -> int:
        """Bytes of all registers."""
        return (self.n_registers * self.register_bits + 7) // 8


class Sketch:
    """A sketch. count: the cached estimate, 0 = none; registers may be changed."""

    __slots__ = ("count", "geometry", "registers")

    def __init__(self, geometry: Geometry, registers: list[int], count: int = 0):
        self.geometry = geometry
        self.registers = registers
        self.count = count

    @classmethod
    def empty(cls, geometry: Geometry) -> Sketch:
        """A sketch that has seen nothing."""
        return cls(geometry, [0] * geometry.n_registers)

    def add(self, element: bytes) -> bool:
        """Add an element, packed as it is stored; whether that changed a register."""
        index, value = register_of(self.geometry, element)
        if value <= self.registers[index]:
            return False
        self.registers[index] = value
        self.count = 0
        return True

    def may_contain(self, element: bytes) -> bool:
        """False if the sketch has certainly not seen an element, packed as stored."""
        index, value = register_of(self.geometry, element)
        return value <= self.registers[index]


def register_of(geometry: Geometry, element: bytes) -> tuple[int, int]:
    """Which register an element goes to, and with which value."""
    h1, h2 = murmur3(element)
    index_bits, minhash_bits = geometry
    rank = (h2 & -h2).bit_length() if h2 else _WORD_BITS + 1
    minhash = h1 >> index_bits & (1 << minhash_bits) - 1
    value = (rank << minhash_bits | minhash) & (1 << geometry.register_bits) - 1
    return h1 & geometry.n_registers - 1, value


def is_sketch(data: bytes) -> bool:
    """Whether bytes are a sketch: the header, and the size that goes with it."""
    if len(data) < HEADER_SIZE:
        return False
    flags, *bits, _count = _HEADER.unpack_from(data)
    geometry = Geometry(*bits)
    return not flags and geometry.is_valid and _has_size(geometry, data)


def _has_size(geometry: Geometry, data: bytes) -> bool:
    return len(data) == HEADER_SIZE + geometry.registers_size


def decode(data: bytes) -> Sketch:
    """The sketch in bytes that are one."""
    _flags, index_bits, minhash_bits, count = _HEADER.unpack_from(data)
    geometry = Geometry(index_bits, minhash_bits)
    width, n_registers = geometry.register_bits, geometry.n_registers
    packed = int.from_bytes(data[HEADER_SIZE:], "big")
    text = f"{packed:0{8 * geometry.registers_size}b}"
    registers = [
        int(text[start : start + width], 2)
        for start in range(0, n_registers * width, width)
    ]
    return Sketch(geometry, registers, count)


def encode(sketch: Sketch) -> bytes:
    """The bytes of a sketch."""
    geometry = sketch.geometry
    width = geometry.register_bits
    text = "".join(f"{value:0{width}b}" for value in sketch.registers)
    size = geometry.registers_size
    packed = int(text.ljust(8 * size, "0"), 2).to_bytes(size, "big")
    return _HEADER.pack(0, *geometry, sketch.count) + packed
