"""The "by" operations of maps: what each selects. Source: the page on maps.

A selector takes a view of the map and the arguments; `by` makes of it the operation
that reads the selection and the one that removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aerospike_devserver.operations.arguments import anything, signed, unsigned
from aerospike_devserver.operations.cdt.arguments import (
    Row,
    parameters,
)
from aerospike_devserver.operations.cdt.by import By, by_rows
from aerospike_devserver.operations.cdt.selection import (
    INDEX_RANGES,
    RANK_OUT_OF_BOUNDS,
    RANK_RANGES,
    RANKS,
    Found,
    Missing,
    One,
    RankSelection,
    Selection,
    Span,
    View,
    around,
    clip,
    clip_absolute,
    key_below,
    runs,
    single,
)
from aerospike_devserver.values.values import Value, compare


class Keys(Selection):
    """A range of the key order."""

    def exists(self) -> bool:
        """Of an unordered map with something on both sides the server says no."""
        if not self.view.is_ordered and len(self.spans) > 1:
            return False
        return self.count() > 0


class KeyInterval(Keys):
    """The same between two keys, with peculiarities of unordered maps."""

    def __init__(self, view: View, plain: Span, inverted: bool) -> None:
        super().__init__(view, plain, inverted)
        if inverted and not view.is_ordered:
            self.spans = around(plain, view.size)

    def exists(self) -> bool:
        if self.inverted and not self.view.is_ordered:
            return not self.plain.count
        return super().exists()

    def _ranks(self) -> list[int]:
        return [self.view.ranks[index] for index in self.items()]

    def rank(self) -> Sequence[int]:
        return super().rank() if self.view.is_ordered else self._ranks()

    def reverse_rank(self) -> Sequence[int]:
        if self.view.is_ordered:
            return super().reverse_rank()
        return self.mirror(self._ranks())


class Ranks(RankSelection):
    """A range of ranks: told by rank if it is one piece, else by key."""

    def exists(self) -> bool:
        return self.count() > 0 and len(self.spans) == 1

    def items(self) -> Sequence[int]:
        ranked = self.ranked()
        return ranked if len(self.spans) < 2 else sorted(ranked)


class Values(RankSelection):
    """Entries whose values equal one, or lie in an interval: told by key."""

    @property
    def _is_all(self) -> bool:
        return self.inverted and not self.plain.count

    def exists(self) -> bool:
        """Inverted, the server tells whether the range itself is empty."""
        return self.count() > 0 and not (self.inverted and self.plain.count)

    def items(self) -> Sequence[int]:
        return sorted(self.ranked())

    def reverse_index(self) -> Sequence[int]:
        return self.index() if self._is_all else super().reverse_index()


class _Listed(Selection):
    """Entries that match one of several keys or values."""

    ranges = frozenset()

    def __init__(
        self,
        view: View,
        wanted: list[Value],
        inverted: bool,
        find: Callable[[Value], list[int]],
    ) -> None:
        super().__init__(view, Span(0, 0), inverted)
        self.groups = [(value, find(value)) for value in wanted]
        chosen = {index for _, found in self.groups for index in found}
        self.spans = runs(i for i in range(view.size) if (i in chosen) != inverted)

    def distinct(self) -> list[tuple[Value, list[int]]]:
        """The groups in order, of those for equal values the last."""
        return [
            group
            for place, group in enumerate(self.groups)
            if all(compare(group[0], later[0]) for later in self.groups[place + 1 :])
        ]


class KeyList(_Listed):
    """By several keys."""

    refused = RANKS

    def index(self) -> Sequence[int]:
        """As in the parameter; repeats only if the map is ordered."""
        if self.inverted:
            return self.items()
        groups = self.groups if self.view.is_ordered else self.distinct()
        return [index for _, found in groups for index in found]

    def reverse_index(self) -> Sequence[int]:
        if not self.groups:
            return self.items()
        if self.inverted and not self.view.is_ordered:
            return super().reverse_index()
        return self.mirror(self.index())


class ValueList(_Listed):
    """By several values. A map of one entry repeats it for values that repeat."""

    def distinct(self) -> list[tuple[Value, list[int]]]:
        return self.groups if self.size == 1 else super().distinct()

    def index(self) -> Sequence[int]:
        """In the order of the keys."""
        if self.inverted or self.size != 1:
            return self.items()
        return [index for _, found in self.groups for index in found]

    def reverse_index(self) -> Sequence[int]:
        return self.mirror(self.index()) if self.groups else self.index()

    def _group_ranks(self) -> list[int]:
        return [
            rank
            for _, found in self.distinct()
            for rank in sorted(self.view.ranks[index] for index in found)
        ]

    def _rank_runs(self) -> list[Span]:
        return runs(sorted(self.view.ranks[index] for index in self.items()))

    def rank(self) -> Sequence[int]:
        if self.inverted:
            return [rank for run in self._rank_runs() for rank in run.positions()]
        return self._group_ranks()

    def reverse_rank(self) -> Sequence[int]:
        if not self.groups:
            return self.rank()
        if self.inverted:
            reversed_runs = [run.reverse(self.size) for run in self._rank_runs()]
            return [rank for run in reversed_runs for rank in run.positions()]
        return self.mirror(self._group_ranks())


def _keys(view: View) -> list[Value]:
    return view.keys or []


def by_key(view: View, _inverted: bool, key: Value) -> Found:
    """An entry by its key."""
    place = key_below(_keys(view), key)
    if place == view.size or compare(_keys(view)[place], key):
        return Missing(INDEX_RANGES, 0, may_invert=view.is_ordered)
    return One(place, lambda: view.ranks[place], INDEX_RANGES)


def by_index(view: View, _inverted: bool, index: int) -> Found:
    """An entry by its place in key order."""
    place = single(index, view.size)
    return One(place, lambda: view.ranks[place], INDEX_RANGES)


def by_rank(view: View, _inverted: bool, rank: int) -> Found:
    """An entry by its place in value order."""
    place = single(rank, view.size, RANK_OUT_OF_BOUNDS)
    return One(view.order[place], lambda: place, RANK_RANGES)


def by_value(view: View, _inverted: bool, value: Value) -> Found:
    """The first entry with a value."""
    found = view.equal_to(value)
    if not found:
        return Missing(RANK_RANGES, view.rank_below(value))
    return One(found[0], lambda: view.ranks[found[0]], RANK_RANGES)


def by_key_interval(view: View, inverted: bool, begin: Value, *end: Value) -> Found:
    """Entries from one key up to, not including, another."""
    start = key_below(_keys(view), begin)
    stop = key_below(_keys(view), end[0]) if end else view.size
    return KeyInterval(view, Span(start, max(0, stop - start)), inverted)


def by_index_range(
    view: View, inverted: bool, index: int, count: int | None = None
) -> Found:
    """Entries by their places in key order."""
    return Keys(view, clip(index, count, view.size), inverted)


def by_relative_index(
    view: View, inverted: bool, key: Value, offset: int, count: int | None = None
) -> Found:
    """Entries by their places in key order, counted from a key."""
    start = key_below(_keys(view), key) + offset
    return Keys(view, clip_absolute(start, count, view.size), inverted)


def by_rank_range(
    view: View, inverted: bool, rank: int, count: int | None = None
) -> Found:
    """Entries by their places in value order."""
    return Ranks(view, clip(rank, count, view.size), inverted)


def by_relative_rank(
    view: View, inverted: bool, value: Value, offset: int, count: int | None = None
) -> Found:
    """Entries by their places in value order, counted from a value."""
    start = view.rank_below(value) + offset
    return Ranks(view, clip_absolute(start, count, view.size), inverted)


def all_by_value(view: View, inverted: bool, value: Value) -> Found:
    """All entries with a value."""
    return Values(view, view.span_of(value), inverted)


def by_value_interval(view: View, inverted: bool, begin: Value, *end: Value) -> Found:
    """Entries with values from one up to, not including, another."""
    span = view.interval(begin, end[0] if end else None, bool(end))
    return Values(view, span, inverted)


def by_key_list(view: View, inverted: bool, keys: list[Value]) -> Found:
    """Entries by several keys."""

    def find(key: Value) -> list[int]:
        found = by_key(view, inverted, key)
        return [found.index] if isinstance(found, One) else []

    return KeyList(view, keys, inverted, find)


def by_value_list(view: View, inverted: bool, values: list[Value]) -> Found:
    """Entries with one of several values."""
    return ValueList(view, values, inverted, view.equal_to)


_BY: tuple[By, ...] = (
    (97, 76, by_key, (anything,), ()),
    (98, 77, by_index, (signed,), ()),
    (99, 78, by_value, (anything,), ()),
    (100, 79, by_rank, (signed,), ()),
    (102, 82, all_by_value, (anything,), ()),
    (103, 84, by_key_interval, (anything,), (anything,)),
    (104, 85, by_index_range, (signed,), (unsigned,)),
    (105, 86, by_value_interval, (anything,), (anything,)),
    (106, 87, by_rank_range, (signed,), (unsigned,)),
    (107, 81, by_key_list, (parameters,), ()),
    (108, 83, by_value_list, (parameters,), ()),
    (109, 88, by_relative_index, (anything, signed), (unsigned,)),
    (110, 89, by_relative_rank, (anything, signed), (unsigned,)),
)

ROWS: dict[int, Row] = by_rows(_BY)
"""The "by" operations of maps by code."""
