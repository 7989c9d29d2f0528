"""Estimates from sketches, to the digit of the reference server.

Source: sections B.5 and B.6 of the page on HyperLogLogs; Ertl 2017, "New cardinality
estimation algorithms for HyperLogLog sketches", algorithm 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from aerospike_devserver.values.sketch import Geometry, Sketch

_MAX_RANK = 64
_ALPHAS = {4: 0.673, 5: 0.697, 6: 0.709}


def _alpha(geometry: Geometry) -> float:
    found = _ALPHAS.get(geometry.index_bits)
    return found or 0.7213 / (1.0 + 1.079 / geometry.n_registers)


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, total, before = 1.0, x, math.nan
    while total != before:
        before = total
        x *= x
        total += x * y
        y += y
    return total


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, total, before = 1.0, 1.0 - x, math.nan
    while total != before:
        before = total
        x = math.sqrt(x)
        y *= 0.5
        total -= (1.0 - x) ** 2 * y
    return total / 3


def _round(number: float) -> int:
    """To the nearest integer, halves away from zero; the number is not negative."""
    whole = math.floor(number)
    return whole + (number - whole >= 0.5)


def count(sketch: Sketch) -> int:
    """How many elements a sketch has seen: the cached count if there is one."""
    if sketch.count:
        return sketch.count
    geometry = sketch.geometry
    n_registers = geometry.n_registers
    n_of_rank = [0] * (_MAX_RANK + 1)
    for value in sketch.registers:
        n_of_rank[value >> geometry.minhash_bits] += 1
    z = n_registers * _tau(n_of_rank[_MAX_RANK] / n_registers)
    for rank in range(_MAX_RANK, 0, -1):
        z = 0.5 * (z + n_of_rank[rank])
    z += n_registers * _sigma(n_of_rank[0] / n_registers)
    return _round(_alpha(geometry) * n_registers * n_registers / z)


# Several sketches


def common_geometry(sketches: Sequence[Sketch]) -> Geometry:
    """The smallest index bits; the minhash bits if all have the same, else 0."""
    minhash_bits = {each.geometry.minhash_bits for each in sketches}
    return Geometry(
        min(each.geometry.index_bits for each in sketches),
        minhash_bits.pop() if len(minhash_bits) == 1 else 0,
    )


Join = Callable[[int, int], int]


def _join_into(target: Sketch, source: Sketch, join: Join) -> None:
    """Join each register of source with the one of target that it is folded into."""
    cut = 0 if target.geometry.minhash_bits else source.geometry.minhash_bits
    mask, registers = target.geometry.n_registers - 1, target.registers
    for index, value in enumerate(source.registers):
        place = index & mask
        registers[place] = join(registers[place], value >> cut)


def union(sketches: Sequence[Sketch], geometry: Geometry | None = None) -> Sketch:
    """What has seen all that the sketches have; in their common geometry."""
    made = Sketch.empty(geometry or common_geometry(sketches))
    for each in sketches:
        _join_into(made, each, max)
    return made


def union_count(sketches: Sequence[Sketch]) -> int:
    """How many elements the sketches have seen together."""
    return count(union(sketches))


def intersect_count(sketches: Sequence[Sketch]) -> int:
    """How many elements all of two or more sketches have seen.

    Without minhash bits of two or three sketches, by inclusion and exclusion.
    """
    if common_geometry(sketches).minhash_bits:
        part = similarity(sketches)
        return 0 if math.isnan(part) else _round(union_count(sketches) * part)
    return max(0, _excluded(sketches))


def _excluded(sketches: Sequence[Sketch]) -> int:
    total, singles = union_count(sketches), sum(map(count, sketches))
    if len(sketches) == 2:
        return singles - total
    pairs = [*pairwise(sketches), (sketches[0], sketches[2])]
    return total - (singles - sum(map(intersect_count, pairs)))


def similarity(sketches: Sequence[Sketch]) -> float:
    """The intersection's part of the union; NaN if all are empty."""
    geometry = common_geometry(sketches)
    if not geometry.minhash_bits:
        return _divide(intersect_count(sketches), union_count(sketches))
    has_data = list(map(_has_data, sketches))
    if not all(has_data):
        return 0.0 if any(has_data) else math.nan
    n_union = _n_used(union(sketches, geometry))
    common = union(sketches[:1], geometry)
    for each in sketches[1:]:
        _join_into(common, each, lambda old, new: old if old == new else 0)
    collisions = _collisions(geometry, sketches) if len(sketches) == 2 else 0.0
    return max(0.0, _divide(_n_used(common) - collisions, n_union))


def _divide(part: float, whole: int) -> float:
    """A quotient; 0/0 is the NaN of x86 processors, whose sign is set."""
    if whole:
        return part / whole
    return -math.nan if part == 0 else math.copysign(math.inf, part)


def _n_used(sketch: Sketch) -> int:
    return sum(1 for value in sketch.registers if value)


def _has_data(sketch: Sketch) -> bool:
    """Whether something has been seen. The reference server looks no further than at
    the first bytes of the registers, as many as there are registers."""
    n_bits = 8 * sketch.geometry.n_registers
    width = sketch.geometry.register_bits
    n_whole, left = divmod(n_bits, width)
    if any(sketch.registers[:n_whole]):
        return True
    return (
        left > 0
        and n_whole < len(sketch.registers)
        and bool(sketch.registers[n_whole] >> width - left)
    )


def _collisions(geometry: Geometry, sketches: Sequence[Sketch]) -> float:
    """How many registers of two sketches are likely to be equal by chance."""
    first, second = (float(count(each)) for each in sketches)
    n_registers = geometry.n_registers
    total = 0.0
    for i in range(1, _MAX_RANK + 1):
        upper = 2.0 ** (1 - i) / n_registers
        lower = 2.0**-i / n_registers if i < _MAX_RANK else 0.0
        total += _likelihood(lower, upper, first) * _likelihood(lower, upper, second)
    return float(total * n_registers / 2.0**geometry.minhash_bits)


def _likelihood(lower: float, upper: float, n_elements: float) -> float:
    return float((1.0 - lower) ** n_elements - (1.0 - upper) ** n_elements)
