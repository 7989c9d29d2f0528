"""What a "by" operation selects.

A `View` is a list or the values of a map with their ranks; a `Selection` picks some of
its elements, and says in which order each return type delivers them. Source: sections
A.2, A.3 and B.4 of the page on lists, section 4 of the page on maps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from aerospike_devserver.operations.arguments import refuse
from aerospike_devserver.values.values import (
    ListValue,
    MapValue,
    Value,
    compare,
    order_key,
)


class Return(IntEnum):
    """Return types: what a "by" operation answers with."""

    NONE = 0
    INDEX = 1
    REVERSE_INDEX = 2
    RANK = 3
    REVERSE_RANK = 4
    COUNT = 5
    KEY = 6
    VALUE = 7
    KEY_VALUE = 8
    INDEX_RANGE = 9
    REVERSE_INDEX_RANGE = 10
    RANK_RANGE = 11
    REVERSE_RANK_RANGE = 12
    EXISTS = 13
    UNORDERED_MAP = 16
    ORDERED_MAP = 17


INDEX_RANGES = frozenset((Return.INDEX_RANGE, Return.REVERSE_INDEX_RANGE))
RANK_RANGES = frozenset((Return.RANK_RANGE, Return.REVERSE_RANK_RANGE))
RANGES = INDEX_RANGES | RANK_RANGES
RANKS = frozenset((Return.RANK, Return.REVERSE_RANK))


# Positions


@dataclass(frozen=True)
class Span:
    """`count` positions from `start`."""

    start: int
    count: int

    def positions(self) -> range:
        """The positions one by one, ascending."""
        return range(self.start, self.start + self.count)

    def reverse(self, size: int) -> Span:
        """The same positions counted from the other end, ascending."""
        return Span(size - self.start - self.count, self.count)


INDEX_OUT_OF_BOUNDS, RANK_OUT_OF_BOUNDS = 1, 2
"""Sub-codes of result 26."""


def single(position: int, size: int, subcode: int = INDEX_OUT_OF_BOUNDS) -> int:
    """A single index or rank; ServerError 26 outside the container."""
    if not -size <= position < size:
        raise refuse(subcode=subcode, text="outside the list or map")
    return position + size if position < 0 else position


def clip(start: int, count: int | None, size: int) -> Span:
    """A range cut to the container; what lies before the beginning is cut from it."""
    count = 1 << 64 if count is None else count
    if start < 0:
        start += size
    return clip_absolute(start, count, size)


def clip_absolute(start: int, count: int | None, size: int) -> Span:
    """The same with a start that does not count from the end if negative."""
    count = 1 << 64 if count is None else count
    if start < 0:
        start, count = 0, max(0, count + start)
    if start >= size:
        return Span(size, 0)
    return Span(start, min(count, size - start))


def segments(span: Span, inverted: bool, size: int) -> list[Span]:
    """The spans that are selected; of an inverted one what lies before and behind."""
    if not inverted:
        return [span] if span.count else []
    if not span.count:
        return [Span(0, size)] if size else []
    return around(span, size)


def around(span: Span, size: int) -> list[Span]:
    """What lies before and behind a span, even if there is nothing in it."""
    end = span.start + span.count
    return [part for part in (Span(0, span.start), Span(end, size - end)) if part.count]


def _positions(spans: Iterable[Span]) -> list[int]:
    return [position for span in spans for position in span.positions()]


def _reversed_positions(spans: Iterable[Span], size: int) -> list[int]:
    return _positions(span.reverse(size) for span in spans)


def runs(positions: Iterable[int]) -> list[Span]:
    """Ascending positions as the longest spans of neighbours."""
    found: list[Span] = []
    for position in positions:
        if found and position == found[-1].start + found[-1].count:
            found[-1] = Span(found[-1].start, found[-1].count + 1)
        else:
            found.append(Span(position, 1))
    return found


# Containers


class View:
    """The elements of a list, or the values of a map, with their ranks.

    keys: of a map, else None. is_ordered: by the marker; of a list it means that index
    and rank are one. Ranks of a map are unique, equal values count in key order.
    """

    def __init__(self, container: ListValue | MapValue) -> None:
        self.keys: list[Value] | None = None
        if isinstance(container, MapValue):
            self.values, self.keys = container.values, container.keys
        else:
            self.values = container.items
        self.is_ordered = bool(container.flags & 1)
        self.size = len(self.values)

    @cached_property
    def order(self) -> list[int]:
        """Indexes in the order of their ranks."""
        if self.keys is None and self.is_ordered:
            return list(range(self.size))
        keys = [order_key(value) for value in self.values]
        return sorted(range(self.size), key=keys.__getitem__)

    @cached_property
    def ranks(self) -> list[int]:
        """Ranks by index; equal elements of a list have the same, the lowest."""
        if self.keys is None and self.is_ordered:
            return self.order
        found = [0] * self.size
        rank, before = 0, -1
        for place, index in enumerate(self.order):
            if self.keys is not None or before < 0 or self._differ(before, index):
                rank = place
            found[index] = rank
            before = index
        return found

    def _differ(self, one: int, other: int) -> bool:
        return compare(self.values[one], self.values[other]) != 0

    def rank_below(self, value: Value) -> int:
        """How many elements are smaller than a value."""
        return sum(compare(element, value) < 0 for element in self.values)

    def span_of(self, value: Value) -> Span:
        """The ranks of the elements that equal a value."""
        found = [compare(element, value) for element in self.values]
        return Span(found.count(-1), found.count(0))

    def equal_to(self, value: Value) -> list[int]:
        """The indexes of the elements that equal a value, ascending."""
        return [i for i, each in enumerate(self.values) if compare(each, value) == 0]

    def interval(self, begin: Value, end: Value, has_end: bool) -> Span:
        """The ranks of the elements from begin up to, not including, end."""
        start = self.rank_below(begin)
        stop = self.rank_below(end) if has_end else self.size
        return Span(start, max(0, stop - start))


def contains(values: Sequence[Value], value: Value) -> bool:
    """Whether one of the values equals a value, as the server compares them."""
    return any(compare(each, value) == 0 for each in values)


def key_below(keys: Sequence[Value], value: Value) -> int:
    """How many keys are smaller than a value."""
    if type(value) is int or type(value) is bytes:
        return bisect_left(keys, order_key(value), key=order_key)
    return sum(compare(key, value) < 0 for key in keys)


# Equal elements of unordered lists: which has which rank

_Before = Callable[[int, int], bool]


def _sift(heap: list[int], place: int, size: int, before: _Before) -> None:
    """Let an element sink to where both children come after it."""
    while (child := 2 * place + 1) < size:
        if child + 1 < size and before(heap[child + 1], heap[child]):
            child += 1
        if not before(heap[child], heap[place]):
            return
        heap[place], heap[child] = heap[child], heap[place]
        place = child


def pick_ranks(values: Sequence[Value], span: Span) -> list[int]:
    """Indexes of the elements with some ranks, as the server finds and delivers them.

    It takes elements off a heap from the nearer end up to the farther end of the range,
    and delivers the range in the opposite order. Among equals this decides which are
    taken.
    """
    keys = [order_key(value) for value in values]
    size, behind = len(values), len(values) - span.start - span.count
    from_low = span.start <= behind

    def before(one: int, other: int) -> bool:
        return keys[one] < keys[other] if from_low else keys[one] > keys[other]

    heap = list(range(size))
    for place in reversed(range(size // 2)):
        _sift(heap, place, size, before)
    taken: list[int] = []
    for left in reversed(range(size - min(span.start, behind) - span.count, size)):
        taken.append(heap[0])
        heap[0] = heap[left]
        _sift(heap, 0, left, before)
    return taken[: -span.count - 1 : -1] if span.count else []


# Selections


class Selection:
    """Elements of a view. Each method gives what the return type of its name tells.

    Subclasses override the methods where the reference server's answer differs from
    what the spans say, in an order or in a special case. spans: in index space unless a
    subclass says otherwise; `plain` is the span before it was inverted.
    """

    ranges: frozenset[Return] = INDEX_RANGES
    """The types of range that this selection can be told as."""
    refused: frozenset[Return] = frozenset()
    """Other return types that it does not have."""

    def __init__(self, view: View, plain: Span, inverted: bool) -> None:
        self.view = view
        self.size = view.size
        self.plain = plain
        self.inverted = inverted
        self.spans = segments(plain, inverted, self.size)

    def items(self) -> Sequence[int]:
        """Indexes of the selected elements, in the order of keys and values."""
        return _positions(self.spans)

    def count(self) -> int:
        """How many elements are selected."""
        return sum(span.count for span in self.spans)

    def exists(self) -> bool:
        """Whether anything is selected, as the server answers that."""
        return self.count() > 0

    def index(self) -> Sequence[int]:
        """Indexes of the selected elements, in the order in which they are told."""
        return self.items()

    def reverse_index(self) -> Sequence[int]:
        """The same, counted from the end."""
        return _reversed_positions(self.spans, self.size)

    def rank(self) -> Sequence[int]:
        """Element by element; 0 to n-1 if everything is selected."""
        if self.count() == self.size:
            return range(self.size)
        return [self.view.ranks[index] for index in self.items()]

    def reverse_rank(self) -> Sequence[int]:
        """The ranks, counted from the greatest element."""
        if self.count() == self.size:
            return range(self.size)
        return self.mirror(self.view.ranks[index] for index in self.items())

    def mirror(self, positions: Iterable[int]) -> list[int]:
        """Each position counted from the other end."""
        return [self.size - 1 - position for position in positions]

    def span(self) -> Span:
        """What the types of range tell; ServerError 26 if it is in two pieces."""
        if not self.inverted:
            return self.plain
        if len(self.spans) > 1:
            raise refuse()
        return self.spans[0] if self.spans else Span(0, 0)


class RankSelection(Selection):
    """A span of ranks."""

    ranges = RANK_RANGES

    def ranked(self) -> list[int]:
        """Indexes of the selected elements in the order of their ranks."""
        order = self.view.order
        return [order[rank] for rank in self.rank()]

    def items(self) -> Sequence[int]:
        return self.ranked()

    def rank(self) -> Sequence[int]:
        return _positions(self.spans)

    def reverse_rank(self) -> Sequence[int]:
        return _reversed_positions(self.spans, self.size)

    def reverse_index(self) -> Sequence[int]:
        return self.mirror(self.index())


class One:
    """The single element of a single operation."""

    def __init__(
        self, index: int, rank: Callable[[], int], ranges: frozenset[Return]
    ) -> None:
        self.index = index
        self.rank = rank
        self.ranges = ranges


class Missing:
    """What a single operation by value or key gives if there is no such element.

    place: where it would be, for the types of range. may_invert: whether the server
    ignores that it was asked for all except this element.
    """

    def __init__(
        self, ranges: frozenset[Return], place: int, may_invert: bool = False
    ) -> None:
        self.ranges = ranges
        self.place = place
        self.may_invert = may_invert


Found = Selection | One | Missing
