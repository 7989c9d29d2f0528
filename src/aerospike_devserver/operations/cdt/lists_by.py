"""The "by" operations of lists: what each selects. Source: part B of the page on lists.

A selector takes a view of the list and the arguments; `by` makes of it the operation
that reads the selection and the one that removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from aerospike_devserver.operations.arguments import anything, signed, unsigned
from aerospike_devserver.operations.cdt.arguments import (
    Row,
    parameters,
)
from aerospike_devserver.operations.cdt.by import By, by_rows
from aerospike_devserver.operations.cdt.selection import (
    INDEX_RANGES,
    RANGES,
    RANK_OUT_OF_BOUNDS,
    RANK_RANGES,
    Found,
    Missing,
    One,
    RankSelection,
    Return,
    Selection,
    Span,
    View,
    around,
    clip,
    clip_absolute,
    contains,
    pick_ranks,
    runs,
    single,
)
from aerospike_devserver.values.values import (
    Value,
)


class Ordered(Selection):
    """A range of an ordered list, where rank and index are one."""

    ranges = RANGES

    def rank(self) -> Sequence[int]:
        return self.index()

    def reverse_rank(self) -> Sequence[int]:
        return self.reverse_index()


class Ranks(RankSelection):
    """A range of ranks of an unordered list."""

    @cached_property
    def picked(self) -> list[int]:
        """The elements of the range, as it is before it is inverted."""
        return pick_ranks(self.view.values, self.plain)

    def exists(self) -> bool:
        """Inverted, the server tells whether the range itself is empty."""
        return self.count() > 0 and not (self.inverted and self.plain.count)

    def index(self) -> Sequence[int]:
        if not self.inverted:
            return sorted(self.picked)
        return sorted(set(range(self.size)) - set(self.picked))

    def items(self) -> Sequence[int]:
        return self.index() if self.inverted else self.picked


class Values(Ranks):
    """The elements of a list that equal a value, or lie in an interval."""

    def __init__(self, view: View, plain: Span, inverted: bool) -> None:
        super().__init__(view, plain, inverted)
        if inverted:
            self.spans = around(plain, view.size)

    def exists(self) -> bool:
        """As for ranks, but all of nothing is something."""
        return not self.plain.count if self.inverted else self.count() > 0

    @cached_property
    def picked(self) -> list[int]:
        return [self.view.order[rank] for rank in self.plain.positions()]

    def items(self) -> Sequence[int]:
        return self.index()


class _ValueList(Selection):
    """The elements that equal one of several values."""

    ranges = frozenset()

    def __init__(self, view: View, values: list[Value], inverted: bool) -> None:
        super().__init__(view, Span(0, 0), inverted)
        self.groups = self.distinct(values)
        chosen = {i for value in self.groups for i in view.equal_to(value)}
        self.spans = runs(i for i in range(view.size) if (i in chosen) != inverted)

    def distinct(self, values: list[Value]) -> list[Value]:
        """The values in order, of equal ones the last."""
        return [
            value
            for place, value in enumerate(values)
            if not contains(values[place + 1 :], value)
        ]


class UnorderedValueList(_ValueList):
    """By several values, in an unordered list."""

    def reverse_index(self) -> Sequence[int]:
        return self.mirror(self.index())

    def _group_ranks(self) -> list[int]:
        return [
            rank
            for value in self.groups
            for rank in self.view.span_of(value).positions()
        ]

    def _rank_runs(self) -> list[Span]:
        rank_of = {index: rank for rank, index in enumerate(self.view.order)}
        return runs(sorted(rank_of[index] for index in self.items()))

    def rank(self) -> Sequence[int]:
        if self.inverted:
            return [rank for run in self._rank_runs() for rank in run.positions()]
        return self._group_ranks()

    def reverse_rank(self) -> Sequence[int]:
        if not self.groups:
            return self.rank()
        if self.inverted:
            return [
                rank
                for run in self._rank_runs()
                for rank in run.reverse(self.size).positions()
            ]
        return self.mirror(self._group_ranks())


class OrderedValueList(_ValueList):
    """By several values, in an ordered list: repeats are told again."""

    def __init__(self, view: View, values: list[Value], inverted: bool) -> None:
        super().__init__(view, values, inverted)
        self.told = [view.span_of(value) for value in values]

    def count(self) -> int:
        return sum(span.count for span in self.spans)

    def items(self) -> Sequence[int]:
        spans = self.spans if self.inverted else self.told
        return [index for span in spans for index in span.positions()]

    def reverse_index(self) -> Sequence[int]:
        if not self.inverted:
            spans = [span.reverse(self.size) for span in self.told]
            return [index for span in spans for index in span.positions()]
        return self.mirror(self.items()) if self.told else self.items()

    def rank(self) -> Sequence[int]:
        return self.index()

    def reverse_rank(self) -> Sequence[int]:
        return self.reverse_index()


def index_of_rank(view: View, rank: int) -> int:
    """The element of a list that has a rank."""
    if view.is_ordered:
        return rank
    return pick_ranks(view.values, Span(rank, 1))[0]


def _ranges(view: View, own: frozenset[Return]) -> frozenset[Return]:
    """The types of range of a single operation: of an ordered list all."""
    return RANGES if view.is_ordered else own


def by_index(view: View, _inverted: bool, index: int) -> Found:
    """An element by its index."""
    place = single(index, view.size)
    return One(place, lambda: view.ranks[place], _ranges(view, INDEX_RANGES))


def by_rank(view: View, _inverted: bool, rank: int) -> Found:
    """An element by its rank."""
    place = single(rank, view.size, RANK_OUT_OF_BOUNDS)
    return One(index_of_rank(view, place), lambda: place, _ranges(view, RANK_RANGES))


def by_value(view: View, _inverted: bool, value: Value) -> Found:
    """The first element that equals a value."""
    found = view.equal_to(value)
    if not found:
        below = 0 if view.is_ordered else view.rank_below(value)
        return Missing(_ranges(view, RANK_RANGES), below)
    return One(found[0], lambda: view.ranks[found[0]], _ranges(view, RANK_RANGES))


def by_index_range(
    view: View, inverted: bool, index: int, count: int | None = None
) -> Found:
    """Elements by their indexes."""
    span = clip(index, count, view.size)
    return (Ordered if view.is_ordered else Selection)(view, span, inverted)


def by_rank_range(
    view: View, inverted: bool, rank: int, count: int | None = None
) -> Found:
    """Elements by their ranks."""
    span = clip(rank, count, view.size)
    return (Ordered if view.is_ordered else Ranks)(view, span, inverted)


def by_relative_rank(
    view: View, inverted: bool, value: Value, offset: int, count: int | None = None
) -> Found:
    """Elements by their ranks, counted from a value."""
    span = clip_absolute(view.rank_below(value) + offset, count, view.size)
    return (Ordered if view.is_ordered else Ranks)(view, span, inverted)


def all_by_value(view: View, inverted: bool, value: Value) -> Found:
    """All elements that equal a value."""
    span = view.span_of(value)
    return (Ordered if view.is_ordered else Values)(view, span, inverted)


def by_interval(view: View, inverted: bool, begin: Value, *end: Value) -> Found:
    """Elements from one value up to, not including, another."""
    span = view.interval(begin, end[0] if end else None, bool(end))
    return (Ordered if view.is_ordered else Values)(view, span, inverted)


def by_value_list(view: View, inverted: bool, values: list[Value]) -> Found:
    """Elements that equal one of several values."""
    return (OrderedValueList if view.is_ordered else UnorderedValueList)(
        view, values, inverted
    )


_BY: tuple[By, ...] = (
    (19, 32, by_index, (signed,), ()),
    (20, 33, by_value, (anything,), ()),
    (21, 34, by_rank, (signed,), ()),
    (22, 35, all_by_value, (anything,), ()),
    (23, 36, by_value_list, (parameters,), ()),
    (24, 37, by_index_range, (signed,), (unsigned,)),
    (25, 38, by_interval, (anything,), (anything,)),
    (26, 39, by_rank_range, (signed,), (unsigned,)),
    (27, 40, by_relative_rank, (anything, signed), (unsigned,)),
)

ROWS: dict[int, Row] = by_rows(_BY)
"""The "by" operations of lists by code."""
