"""What operations on lists and maps do, in plain Python: the measure of a random test.

Written from the description of the protocol; shares nothing with the development
server. An operation is called as its helper is, and its arguments are the helper's
without bin and context.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aerospike import KeyOrderedDict

NONE, INDEX, REVERSE_INDEX, RANK, REVERSE_RANK, COUNT, KEY, VALUE = range(8)
KEY_VALUE, EXISTS, UNORDERED_MAP, ORDERED_MAP = 8, 13, 16, 17
LIST_TYPES = [NONE, INDEX, REVERSE_INDEX, RANK, REVERSE_RANK, COUNT, VALUE, EXISTS]
MAP_TYPES = [*range(9), EXISTS, UNORDERED_MAP, ORDERED_MAP]

UNIQUE, BOUNDED, NO_FAIL, PARTIAL = 1, 2, 4, 8
CREATE_ONLY, UPDATE_ONLY = 1, 2
BAD, WRONG_TYPE, NO_ELEMENT, ELEMENT_EXISTS, NOT_APPLICABLE = 4, 12, 23, 24, 26


class Refused(Exception):
    """The server answers with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Undecided(Exception):
    """Equal elements: the server may take either."""


@dataclass
class List:
    """A list in a bin or inside another."""

    items: list[Any] = field(default_factory=list)
    ordered: bool = False


@dataclass
class Map:
    """A map in a bin or inside another. order: 0, 1 or 3, MAP_*."""

    values: dict[Any, Any] = field(default_factory=dict)
    order: int = 0

    @property
    def keys(self) -> list[Any]:
        """By index."""
        return sorted(self.values, key=rank_key)

    @property
    def by_rank(self) -> list[Any]:
        """The keys, by rank of their values."""
        return sorted(self.keys, key=lambda key: rank_key(self.values[key]))


Node = List | Map


def rank_key(value: Any) -> tuple[Any, ...]:
    """What values compare by."""
    value = nodes(value)
    if isinstance(value, List):
        return 5, tuple(map(rank_key, value.items))
    if isinstance(value, Map):
        pairs = [(rank_key(key), rank_key(value.values[key])) for key in value.keys]
        return 6, len(pairs), tuple(pairs)
    if isinstance(value, str):
        return 4, value.encode()
    kinds: list[type] = [type(None), bool, int]
    if type(value) in kinds:
        return 1 + kinds.index(type(value)), value or 0
    return {bytes: 7, float: 8}[type(value)], value


def nodes(value: Any) -> Any:
    """A Python value as it is stored."""
    if isinstance(value, list):
        return List([nodes(item) for item in value])
    if isinstance(value, dict):
        order = int(isinstance(value, KeyOrderedDict))
        return Map({key: nodes(item) for key, item in value.items()}, order)
    return value


def plain(value: Any) -> Any:
    """A stored value as a client returns it."""
    if isinstance(value, List):
        return [plain(item) for item in value.items]
    if isinstance(value, Map):
        pairs = {key: plain(value.values[key]) for key in value.keys}
        return KeyOrderedDict(pairs) if value.order == 1 else pairs
    return value


def equal(a: Any, b: Any) -> bool:
    return rank_key(a) == rank_key(b)


def contains(items: Iterable[Any], value: Any) -> bool:
    return any(equal(item, value) for item in items)


def check_twins(node: List) -> None:
    """Undecided when elements are equal to the server and yet not the same.

    Such are maps and lists that differ in nothing but being ordered.
    """
    ranked = sorted(node.items, key=rank_key)
    for a, b in itertools.pairwise(ranked):
        if equal(a, b) and a != b:
            raise Undecided


def sort_all(value: Any) -> None:
    """Sort every ordered list, the innermost first."""
    if isinstance(value, List):
        for item in value.items:
            sort_all(item)
        if value.ordered:
            check_twins(value)
            value.items.sort(key=rank_key)
    elif isinstance(value, Map):
        for item in value.values.values():
            sort_all(item)


# Positions


def place(n: int, index: int) -> int:
    """The position of a single index or rank."""
    if not -n <= index < n:
        raise Refused(NOT_APPLICABLE)
    return index % n


def span(n: int, start: int, count: int | None) -> tuple[int, int]:
    """(first, past the last) of a range; a negative start counts from the end."""
    stop = n if count is None or count < 0 else None
    if start < 0:
        start += n
    if stop is None:
        assert count is not None
        stop = start + count
    first, last = max(0, min(start, n)), max(0, min(stop, n))
    return first, max(first, last)


def relative(n: int, at: int, offset: int, count: int | None) -> tuple[int, int]:
    """(first, past the last) of a range that begins offset away from a position."""
    stop = n if count is None or count < 0 else at + offset + count
    first, last = max(0, min(at + offset, n)), max(0, min(stop, n))
    return first, max(first, last)


@dataclass
class Selection:
    """Positions of a container of n, by index or by rank: runs of consecutive ones."""

    n: int
    runs: list[tuple[int, int]]
    inverted: bool

    def __init__(
        self, n: int, first: int, last: int, inverted: bool, halves: bool = False
    ) -> None:
        """halves: what is left around nothing is two runs, not one."""
        runs = [(0, first), (last, n)] if inverted else [(first, last)]
        if inverted and first == last and not halves:
            runs = [(0, n)]
        self.n, self.inverted = n, inverted
        self.runs = [run for run in runs if run[0] < run[1]]
        self.empty_before = first == last

    @property
    def forward(self) -> list[int]:
        return [i for first, last in self.runs for i in range(first, last)]

    @property
    def backward(self) -> list[int]:
        """Counted from the end, each run ascending."""
        return [
            i for first, last in self.runs for i in range(self.n - last, self.n - first)
        ]

    @property
    def exists(self) -> bool:
        return self.empty_before if self.inverted else bool(self.runs)


def runs_of(positions: Iterable[int]) -> Iterator[list[int]]:
    """Maximal runs of consecutive numbers of an ascending sequence."""
    run: list[int] = []
    for i in positions:
        if run and i != run[-1] + 1:
            yield run
            run = []
        run.append(i)
    if run:
        yield run


def reversed_runs(n: int, positions: Iterable[int]) -> list[int]:
    return [n - 1 - i for run in runs_of(positions) for i in reversed(run)]


def distinct(values: Sequence[Any]) -> list[Any]:
    """Without repeats; the last of equal ones stays."""
    return [v for i, v in enumerate(values) if not contains(values[i + 1 :], v)]


# Lists


def list_order(node: List) -> list[int]:
    """Indexes by rank."""
    return sorted(range(len(node.items)), key=lambda i: rank_key(node.items[i]))


def n_below(node: List, value: Any) -> int:
    return sum(rank_key(item) < rank_key(value) for item in node.items)


def check_ties(node: List, runs: Iterable[tuple[int, int]]) -> None:
    """Undecided when a range of ranks ends between equal elements."""
    ranked = [rank_key(node.items[i]) for i in list_order(node)]
    for run in runs:
        for end in run:
            if 0 < end < len(ranked) and ranked[end - 1] == ranked[end]:
                raise Undecided


def of_type(return_type: int, allowed: Sequence[int], **results: Any) -> Any:
    """The result that a return type asks for."""
    if return_type not in allowed:
        raise Refused(NOT_APPLICABLE)
    names = {
        NONE: "none",
        INDEX: "index",
        REVERSE_INDEX: "reverse_index",
        RANK: "rank",
        REVERSE_RANK: "reverse_rank",
        COUNT: "count",
        KEY: "key",
        VALUE: "value",
        KEY_VALUE: "key_value",
        EXISTS: "exists",
        UNORDERED_MAP: "unordered_map",
        ORDERED_MAP: "ordered_map",
    }
    return ({"none": None} | results)[names[return_type]]


Picked = tuple[list[int], Any]
"""Indexes of what was selected, and the result."""


def list_result(
    node: List,
    indexes: list[int],
    return_type: int,
    ranks: tuple[list[int], list[int]],
    reverse: list[int] | None = None,
    exists: bool | None = None,
) -> Picked:
    """indexes in the order of the result; ranks: forward and reverse."""
    n = len(node.items)
    result = of_type(
        return_type,
        LIST_TYPES,
        index=indexes,
        reverse_index=[n - 1 - i for i in indexes] if reverse is None else reverse,
        rank=ranks[0],
        reverse_rank=ranks[1],
        count=len(set(indexes)),
        value=[plain(node.items[i]) for i in indexes],
        exists=bool(indexes) if exists is None else exists,
    )
    return indexes, result


def by_index_span(node: List, chosen: Selection, return_type: int) -> Picked:
    indexes, n = chosen.forward, len(node.items)
    ranks = indexes, chosen.backward
    if not node.ordered:
        each = [n_below(node, node.items[i]) for i in indexes]
        everything = list(range(n))
        if indexes == everything:
            ranks = everything, everything
        else:
            if return_type in (RANK, REVERSE_RANK):
                check_equal_elements(node, indexes)
            ranks = each, [n - 1 - i for i in each]
    return list_result(node, indexes, return_type, ranks, chosen.backward)


def check_equal_elements(node: List, indexes: Iterable[int]) -> None:
    for i in indexes:
        if sum(equal(node.items[i], item) for item in node.items) > 1:
            raise Undecided


def by_rank_span(
    node: List, chosen: Selection, return_type: int, by_rank: bool = False
) -> Picked:
    if node.ordered:
        return by_index_span(node, chosen, return_type)
    check_ties(node, chosen.runs)
    order = list_order(node)
    indexes = [order[rank] for rank in chosen.forward]
    ranks = chosen.forward, chosen.backward
    if return_type == VALUE and by_rank and not chosen.inverted and indexes:
        first, last = chosen.runs[0]
        if first <= len(order) - last:
            indexes.reverse()
    else:
        indexes.sort()
    exists = chosen.exists and (bool(indexes) or not by_rank)
    return list_result(node, indexes, return_type, ranks, exists=exists)


def by_value_list(
    node: List, values: list[Any], return_type: int, inverted: bool
) -> Picked:
    n, order = len(node.items), list_order(node)
    spans = [
        (n_below(node, v), n_below(node, v) + sum(equal(v, i) for i in node.items))
        for v in (values if node.ordered else distinct(values))
    ]
    chosen = {rank for first, last in spans for rank in range(first, last)}
    if inverted:
        ranks = [rank for rank in range(n) if rank not in chosen]
        backward = reversed_runs(n, ranks)
        if node.ordered:
            backward = [n - 1 - rank for rank in ranks]
        indexes = sorted(order[rank] for rank in ranks)
        return list_result(node, indexes, return_type, (ranks, backward))
    ranks = [rank for first, last in spans for rank in range(first, last)]
    if node.ordered:
        backward = [i for first, last in spans for i in range(n - last, n - first)]
        return list_result(node, ranks, return_type, (ranks, backward), backward)
    indexes = sorted(order[rank] for rank in ranks)
    backward = [n - 1 - rank for rank in ranks]
    return list_result(node, indexes, return_type, (ranks, backward))


def list_single(node: List, index: int, rank: int, return_type: int) -> Picked:
    n = len(node.items)
    result = of_type(
        return_type,
        LIST_TYPES,
        index=index,
        reverse_index=n - 1 - index,
        rank=rank,
        reverse_rank=n - 1 - rank,
        count=1,
        value=plain(node.items[index]),
        exists=True,
    )
    return [index], result


class Lists:
    """What picks elements: each method gives the indexes and the result."""

    @staticmethod
    def index(node: List, index: int, return_type: int) -> Picked:
        at = place(len(node.items), index)
        if not node.ordered and return_type in (RANK, REVERSE_RANK):
            check_equal_elements(node, [at])
        rank = at if node.ordered else n_below(node, node.items[at])
        return list_single(node, at, rank, return_type)

    @staticmethod
    def rank(node: List, rank: int, return_type: int) -> Picked:
        at = place(len(node.items), rank)
        if not node.ordered:
            check_ties(node, [(at, at + 1)])
        index = at if node.ordered else list_order(node)[at]
        return list_single(node, index, at, return_type)

    @staticmethod
    def index_range(
        node: List,
        index: int,
        return_type: int,
        count: int | None = None,
        inverted: bool = False,
    ) -> Picked:
        n = len(node.items)
        chosen = Selection(n, *span(n, index, count), inverted)
        return by_index_span(node, chosen, return_type)

    @staticmethod
    def rank_range(
        node: List,
        rank: int,
        return_type: int,
        count: int | None = None,
        inverted: bool = False,
    ) -> Picked:
        n = len(node.items)
        chosen = Selection(n, *span(n, rank, count), inverted, not node.ordered)
        return by_rank_span(node, chosen, return_type, True)

    @staticmethod
    def value(
        node: List, value: Any, return_type: int, inverted: bool = False
    ) -> Picked:
        first = n_below(node, value)
        last = first + sum(equal(value, item) for item in node.items)
        chosen = Selection(len(node.items), first, last, inverted, not node.ordered)
        return by_rank_span(node, chosen, return_type)

    @staticmethod
    def value_list(
        node: List, value_list: list[Any], return_type: int, inverted: bool = False
    ) -> Picked:
        return by_value_list(node, value_list, return_type, inverted)

    @staticmethod
    def value_range(
        node: List,
        return_type: int,
        value_begin: Any,
        value_end: Any,
        inverted: bool = False,
    ) -> Picked:
        n = len(node.items)
        first = n_below(node, value_begin)
        last = n if value_end is None else n_below(node, value_end)
        chosen = Selection(n, first, max(first, last), inverted, not node.ordered)
        return by_rank_span(node, chosen, return_type)

    @staticmethod
    def value_rank_range_relative(
        node: List,
        value: Any,
        offset: int,
        return_type: int,
        count: int | None = None,
        inverted: bool = False,
    ) -> Picked:
        n = len(node.items)
        first, last = relative(n, n_below(node, value), offset, count)
        chosen = Selection(n, first, last, inverted, not node.ordered)
        return by_rank_span(node, chosen, return_type, True)


def flags_of(policy: dict[str, int] | None, name: str = "write_flags") -> int:
    return (policy or {}).get(name, 0)


class Unchanged(Exception):
    """A violation that NO_FAIL forgives."""


def violation(code: int, flags: int) -> Exception:
    return Unchanged() if flags & NO_FAIL else Refused(code)


def new_items(node: List, values: list[Any], flags: int) -> list[Any]:
    """Those of the values that write flags let in."""
    if not flags & UNIQUE:
        return values
    known = any(contains(node.items, value) for value in values)
    repeated = len(distinct(values)) < len(values)
    if not known and not repeated:
        return values
    if not flags & NO_FAIL and known and repeated:
        raise Undecided
    if flags & NO_FAIL and flags & PARTIAL:
        first = [v for i, v in enumerate(values) if not contains(values[:i], v)]
        return [value for value in first if not contains(node.items, value)]
    raise violation(ELEMENT_EXISTS if known else NOT_APPLICABLE, flags)


def gap(node: List, index: int, flags: int) -> int:
    """Where to insert, after filling up with None."""
    n = len(node.items)
    if node.ordered or index < -n:
        raise Refused(NOT_APPLICABLE)
    at = index + n if index < 0 else index
    if at > n:
        if flags & BOUNDED:
            raise violation(NOT_APPLICABLE, flags)
        node.items += [None] * (at - n)
    return at


class ListChanges:
    """What changes a list by itself; each method gives the result."""

    @staticmethod
    def append(node: List, value: Any, policy: Any = None) -> Any:
        return ListChanges.append_items(node, [value], policy)

    @staticmethod
    def append_items(node: List, values: list[Any], policy: Any = None) -> Any:
        node.items += map(nodes, new_items(node, values, flags_of(policy)))
        return len(node.items)

    @staticmethod
    def insert(node: List, index: int, value: Any, policy: Any = None) -> Any:
        return ListChanges.insert_items(node, index, [value], policy)

    @staticmethod
    def insert_items(
        node: List, index: int, values: list[Any], policy: Any = None
    ) -> Any:
        flags, n = flags_of(policy), len(node.items)
        if flags & UNIQUE and index > n and not node.ordered:
            raise Undecided  # which violation comes first, and what fills up counts
        if not values:
            if node.ordered or index < -n:
                raise Undecided
            return n
        at = gap(node, index, flags)
        node.items[at:at] = map(nodes, new_items(node, values, flags))
        return len(node.items)

    @staticmethod
    def set(node: List, index: int, value: Any, policy: Any = None) -> Any:
        flags, n = flags_of(policy), len(node.items)
        if flags & UNIQUE and index > n and not node.ordered:
            raise Undecided
        at = gap(node, index, flags)
        others = node.items[:at] + node.items[at + 1 :]
        if flags & UNIQUE and contains(others, value):
            raise violation(ELEMENT_EXISTS, flags)
        node.items[at : at + 1] = [nodes(value)]

    @staticmethod
    def increment(node: List, index: int, value: Any) -> Any:
        n = len(node.items)
        if index < -n or (node.ordered and index > n):
            raise Refused(NOT_APPLICABLE)
        at = index + n if index < 0 else index
        old = node.items[at] if at < n else 0
        if type(old) not in (int, float):
            raise Refused(BAD)
        total = added(old, value) if at < n else value
        if at >= n:
            node.items += [None] * (at - n)
        node.items[at : at + 1] = [total]
        return total

    @staticmethod
    def clear(node: List) -> None:
        node.items.clear()

    @staticmethod
    def pop(node: List, index: int) -> Any:
        return plain(node.items.pop(place(len(node.items), index)))

    @staticmethod
    def remove(node: List, index: int) -> int:
        ListChanges.pop(node, index)
        return 1

    @staticmethod
    def pop_range(node: List, index: int, count: int) -> Any:
        first, last = span(len(node.items), index, count)
        taken = [plain(item) for item in node.items[first:last]]
        del node.items[first:last]
        return taken

    @staticmethod
    def remove_range(node: List, index: int, count: int) -> int:
        return len(ListChanges.pop_range(node, index, count))

    @staticmethod
    def trim(node: List, index: int, count: int) -> int:
        n = len(node.items)
        first, last = span(n, index, count)
        node.items[:] = node.items[first:last]
        return n - len(node.items)

    @staticmethod
    def sort(node: List, sort_flags: int = 0) -> None:
        node.items.sort(key=rank_key, reverse=bool(sort_flags & 1) and not node.ordered)
        if sort_flags & 2:
            node.items[:] = distinct(node.items)

    @staticmethod
    def set_order(node: List, list_order: int) -> None:
        node.ordered = bool(list_order)


def added(old: Any, delta: Any) -> Any:
    """An integer stays one."""
    return old + int(delta) if type(old) is int else old + delta


class ListReads:
    """What reads a list by itself."""

    @staticmethod
    def size(node: List) -> int:
        return len(node.items)

    @staticmethod
    def get(node: List, index: int) -> Any:
        return plain(node.items[place(len(node.items), index)])

    @staticmethod
    def get_range(node: List, index: int, count: int) -> Any:
        first, last = span(len(node.items), index, count)
        return [plain(item) for item in node.items[first:last]]


# Maps


def map_result(
    node: Map,
    keys: list[Any],
    return_type: int,
    ranks: tuple[list[int], list[int]] | None,
    reverse: list[int] | None = None,
    exists: bool | None = None,
    indexes: list[int] | None = None,
) -> tuple[list[Any], Any]:
    """keys in the order of the result; ranks None: not to be asked for."""
    allowed = MAP_TYPES if ranks is not None else [*{*MAP_TYPES} - {3, 4}]
    forward, backward = ranks or ([], [])
    n, place_of = len(node.values), {key: i for i, key in enumerate(node.keys)}
    if indexes is None:
        indexes = [place_of[key] for key in keys]
    pairs = {key: plain(node.values[key]) for key in keys}
    by_key = {key: pairs[key] for key in node.keys if key in pairs}
    result = of_type(
        return_type,
        allowed,
        index=indexes,
        reverse_index=[n - 1 - i for i in indexes] if reverse is None else reverse,
        rank=forward,
        reverse_rank=backward,
        count=len(pairs),
        key=list(pairs),
        value=list(pairs.values()),
        key_value=[part for pair in pairs.items() for part in pair],
        exists=bool(keys) if exists is None else exists,
        unordered_map=pairs,
        ordered_map=KeyOrderedDict(by_key),
    )
    return keys, result


def by_key_span(
    node: Map, chosen: Selection, return_type: int, interval: bool = False
) -> tuple[list[Any], Any]:
    keys = [node.keys[i] for i in chosen.forward]
    n, order = len(node.values), node.by_rank
    each = [order.index(key) for key in keys]
    ranks = each, [n - 1 - i for i in each]
    if len(keys) == n and not (interval and node.order == 0):
        ranks = list(range(n)), list(range(n))
    exists = bool(keys) and not (node.order == 0 and len(chosen.runs) == 2)
    if interval and node.order == 0:
        exists = chosen.exists
    return map_result(node, keys, return_type, ranks, chosen.backward, exists)


def by_value_span(
    node: Map, chosen: Selection, return_type: int, by_rank: bool
) -> tuple[list[Any], Any]:
    keys = [node.by_rank[rank] for rank in chosen.forward]
    if by_rank:
        exists = bool(keys) and len(chosen.runs) < 2
    else:
        exists = chosen.exists and bool(keys)
    reverse = None
    if not by_rank or len(chosen.runs) == 2:
        keys = [key for key in node.keys if key in keys]
        if not by_rank and chosen.inverted and chosen.empty_before:
            reverse = chosen.backward
    ranks = chosen.forward, chosen.backward
    return map_result(node, keys, return_type, ranks, reverse, exists)


def map_single(
    node: Map, key: Any, return_type: int, found: bool = True
) -> tuple[list[Any], Any]:
    if not found:
        result = of_type(
            return_type,
            MAP_TYPES,
            **dict.fromkeys(["index", "reverse_index", "rank", "reverse_rank"], -1),
            **dict.fromkeys(["key", "value"]),
            count=0,
            exists=False,
            key_value=[],
            unordered_map={},
            ordered_map=KeyOrderedDict(),
        )
        return [], result
    n, index, rank = len(node.values), node.keys.index(key), node.by_rank.index(key)
    value = plain(node.values[key])
    result = of_type(
        return_type,
        MAP_TYPES,
        index=index,
        reverse_index=n - 1 - index,
        rank=rank,
        reverse_rank=n - 1 - rank,
        count=1,
        exists=True,
        key=key,
        value=value,
        key_value=[key, value],
        unordered_map={key: value},
        ordered_map=KeyOrderedDict({key: value}),
    )
    return [key], result


def keys_below(node: Map, key: Any) -> int:
    return sum(rank_key(k) < rank_key(key) for k in node.values)


def values_below(node: Map, value: Any) -> int:
    return sum(rank_key(v) < rank_key(value) for v in node.values.values())


class Maps:
    """What picks entries: each method gives the keys and the result."""

    @staticmethod
    def key(node: Map, key: Any, return_type: int) -> Any:
        return map_single(node, key, return_type, key in node.values)

    @staticmethod
    def index(node: Map, index: int, return_type: int) -> Any:
        key = node.keys[place(len(node.values), index)]
        return map_single(node, key, return_type)

    @staticmethod
    def rank(node: Map, rank: int, return_type: int) -> Any:
        key = node.by_rank[place(len(node.values), rank)]
        return map_single(node, key, return_type)

    @staticmethod
    def index_range(
        node: Map, start: int, amount: int, return_type: int, inverted: bool = False
    ) -> Any:
        n = len(node.values)
        chosen = Selection(n, *span(n, start, amount), inverted)
        return by_key_span(node, chosen, return_type)

    @staticmethod
    def rank_range(
        node: Map, start: int, amount: int, return_type: int, inverted: bool = False
    ) -> Any:
        n = len(node.values)
        chosen = Selection(n, *span(n, start, amount), inverted)
        return by_value_span(node, chosen, return_type, True)

    @staticmethod
    def key_range(
        node: Map, start: Any, end: Any, return_type: int, inverted: bool = False
    ) -> Any:
        first = keys_below(node, start)
        last = max(first, keys_below(node, end))
        chosen = Selection(len(node.values), first, last, inverted, node.order == 0)
        return by_key_span(node, chosen, return_type, True)

    @staticmethod
    def value_range(
        node: Map, start: Any, end: Any, return_type: int, inverted: bool = False
    ) -> Any:
        first = values_below(node, start)
        last = max(first, values_below(node, end))
        chosen = Selection(len(node.values), first, last, inverted)
        return by_value_span(node, chosen, return_type, False)

    @staticmethod
    def value(node: Map, value: Any, return_type: int, inverted: bool = False) -> Any:
        first = values_below(node, value)
        last = first + sum(equal(v, value) for v in node.values.values())
        chosen = Selection(len(node.values), first, last, inverted)
        return by_value_span(node, chosen, return_type, False)

    @staticmethod
    def key_index_range_relative(
        node: Map,
        key: Any,
        offset: int,
        return_type: int,
        count: int | None = None,
        inverted: bool = False,
    ) -> Any:
        n = len(node.values)
        first, last = relative(n, keys_below(node, key), offset, count)
        chosen = Selection(n, first, last, inverted)
        return by_key_span(node, chosen, return_type)

    @staticmethod
    def value_rank_range_relative(
        node: Map,
        value: Any,
        offset: int,
        return_type: int,
        count: int | None = None,
        inverted: bool = False,
    ) -> Any:
        n = len(node.values)
        first, last = relative(n, values_below(node, value), offset, count)
        chosen = Selection(n, first, last, inverted)
        return by_value_span(node, chosen, return_type, True)

    @staticmethod
    def key_list(
        node: Map, keys: list[Any], return_type: int, inverted: bool = False
    ) -> Any:
        n, order = len(node.values), node.keys
        chosen = [key for key in order if contains(keys, key) is not inverted]
        indexes = [order.index(key) for key in chosen]
        reverse = None
        if inverted:
            if node.order == 0:
                reverse = reversed_runs(n, indexes)
        else:
            asked = keys if node.order else distinct(keys)
            indexes = [order.index(key) for key in asked if key in node.values]
        return map_result(
            node, chosen, return_type, None, reverse, None, indexes=indexes
        )

    @staticmethod
    def value_list(
        node: Map, values: list[Any], return_type: int, inverted: bool = False
    ) -> Any:
        n, by_rank = len(node.values), node.by_rank
        ranked = [node.values[key] for key in by_rank]
        picked = [
            rank
            for value in (distinct(values) if n > 1 else values)
            for rank in range(n)
            if equal(ranked[rank], value)
        ]
        ranks = picked, [n - 1 - rank for rank in picked]
        if inverted:
            rest = [rank for rank in range(n) if rank not in picked]
            ranks = rest, reversed_runs(n, rest)
        keys = [key for key in node.keys if by_rank.index(key) in ranks[0]]
        indexes = ranks[0] if n == 1 else None  # servers repeat a single entry
        return map_result(node, keys, return_type, ranks, indexes=indexes)


def put_pairs(node: Map, items: dict[Any, Any], flags: int) -> int:
    good = {
        key: nodes(value)
        for key, value in items.items()
        if not flags & (CREATE_ONLY if key in node.values else UPDATE_ONLY)
    }
    if len(good) < len(items) and not (flags & NO_FAIL and flags & PARTIAL):
        code = ELEMENT_EXISTS if flags & CREATE_ONLY else NO_ELEMENT
        raise violation(code, flags)
    node.values |= good
    return len(node.values)


class MapChanges:
    """What changes a map by itself; each method gives the result."""

    @staticmethod
    def put(node: Map, key: Any, value: Any, policy: Any = None) -> int:
        return put_pairs(node, {key: value}, flags_of(policy, "map_write_flags"))

    @staticmethod
    def put_items(node: Map, items: dict[Any, Any], policy: Any = None) -> int:
        flags = flags_of(policy, "map_write_flags")
        lax = NO_FAIL | PARTIAL
        if not node.values and flags & lax == lax:
            flags &= ~UPDATE_ONLY  # so do servers: all go into an empty map
        return put_pairs(node, items, flags)

    @staticmethod
    def increment(node: Map, key: Any, amount: Any, policy: Any = None) -> Any:
        old = node.values.get(key, type(amount)())
        if type(old) not in (int, float):
            raise Refused(BAD)
        node.values[key] = added(old, amount)
        return node.values[key]

    @staticmethod
    def decrement(node: Map, key: Any, amount: Any, policy: Any = None) -> Any:
        return MapChanges.increment(node, key, -amount)

    @staticmethod
    def clear(node: Map) -> None:
        node.values.clear()

    @staticmethod
    def set_policy(node: Map, policy: dict[str, int]) -> None:
        node.order = policy.get("map_order", 0)


class MapReads:
    """What reads a map by itself."""

    @staticmethod
    def size(node: Map) -> int:
        return len(node.values)


# Operations

PICKS: dict[type, type] = {List: Lists, Map: Maps}
CHANGES: dict[type, type] = {List: ListChanges, Map: MapChanges}
READS: dict[type, type] = {List: ListReads, Map: MapReads}
CREATES = {
    "list_append",
    "list_append_items",
    "list_insert",
    "list_insert_items",
    "list_set",
    "list_increment",
    "list_set_order",
    "map_put",
    "map_put_items",
    "map_increment",
    "map_decrement",
    "map_set_policy",
}


def names_of(kind: type) -> Iterator[str]:
    """Helpers that the model knows, of lists or of maps."""
    prefix = kind.__name__.lower()
    for table, forms in (
        (PICKS, ("get_by_", "remove_by_")),
        (CHANGES, ("",)),
        (READS, ("",)),
    ):
        for name in vars(table[kind]):
            if not name.startswith("__"):
                yield from (f"{prefix}_{form}{name}" for form in forms)


def is_read(name: str) -> bool:
    return "_get" in name or name.endswith("_size")


def run_on(node: Node, name: str, args: list[Any]) -> tuple[Any, bool]:
    """(result, whether write flags let it happen) of an operation on its own kind."""
    kind, (_, _, short) = type(node), name.partition("_")
    form, by, what = short.partition("_by_")
    if by and form in ("get", "remove"):
        picked, result = getattr(PICKS[kind], what)(node, *args)
        if form == "remove":
            drop(node, picked)
        return result, True
    table = READS if is_read(name) else CHANGES
    call: Callable[..., Any] = getattr(table[kind], short)
    try:
        return call(node, *args), True
    except Unchanged:
        n = len(node.items if isinstance(node, List) else node.values)
        return None if short == "set" else n, False


def drop(node: Node, picked: Iterable[Any]) -> None:
    gone = set(picked)
    if isinstance(node, List):
        node.items[:] = [v for i, v in enumerate(node.items) if i not in gone]
    else:
        for key in gone:
            del node.values[key]


def new_container(name: str, args: list[Any]) -> Node:
    """What an operation creates, of the order that its policy says."""
    policies = [arg for arg in args if isinstance(arg, dict)]
    policy = policies[-1] if policies else {}
    if name.startswith("list_"):
        ordered = "_append" in name and bool(policy.get("list_order"))
        return List([], ordered)
    return Map({}, policy.get("map_order", 0))


# Contexts


@dataclass(frozen=True)
class Level:
    """One level: the name of its helper without "cdt_ctx_", and its arguments."""

    kind: str
    value: Any
    order: int | None = None
    """Given for the kinds that create."""


def child_of(node: Any, level: Level) -> tuple[Any, bool]:
    """(index or key of the child, whether it is there)."""
    where = level.kind.partition("_")[2].removesuffix("_create")
    if isinstance(node, List) and level.kind.startswith("list_"):
        return list_child(node, where, level.value, level.order is not None)
    if isinstance(node, Map) and level.kind.startswith("map_"):
        return map_child(node, where, level.value, level.order is not None)
    raise Refused(NOT_APPLICABLE)


def list_child(node: List, where: str, value: Any, creates: bool) -> tuple[int, bool]:
    n = len(node.items)
    if where == "value":
        for i, item in enumerate(node.items):
            if equal(item, value):
                return i, True
        raise Refused(NOT_APPLICABLE)
    if creates and (value == n or (node.ordered and value > n)):
        return n, False
    at = place(n, value)
    if where == "rank" and not node.ordered:
        check_ties(node, [(at, at + 1)])
        at = list_order(node)[at]
    return at, True


def map_child(node: Map, where: str, value: Any, creates: bool) -> tuple[Any, bool]:
    if where == "key":
        if value in node.values or creates:
            return value, value in node.values
        raise Refused(NOT_APPLICABLE)
    if where == "value":
        for key in node.by_rank:
            if equal(node.values[key], value):
                return key, True
        raise Refused(NOT_APPLICABLE)
    keys = node.keys if where == "index" else node.by_rank
    return keys[place(len(keys), value)], True


def empty_for(level: Level) -> Node:
    """The container that a level which creates is looked up in."""
    if level.order is None:
        raise Refused(NOT_APPLICABLE)
    if level.kind.startswith("list_"):
        if level.value != 0 and not level.order:
            raise Refused(NOT_APPLICABLE)
        return List([], bool(level.order))
    return Map({}, level.order)


def run(root: Node | None, levels: list[Level], name: str, args: list[Any]) -> Any:
    """Run an operation in a bin: (its value or None afterwards, the result).

    root is changed; give a copy of what a failure must leave alone.
    """
    if is_read(name) and root is None:
        return None, None
    if not levels:
        return run_at_top(root, name, args)
    top = root if root is not None else empty_for(levels[0])
    node: Any = top
    missing: list[tuple[Node, Any, Node]] = []
    for level, below in zip(levels, [*levels[1:], None], strict=True):
        if is_read(name):
            level = Level(level.kind, level.value)
        at, there = child_of(node, level)
        if there:
            node = child(node, at)
        else:
            made = empty_for(below) if below is not None else new_container(name, args)
            missing.append((node, at, made))
            node = made
    if missing and name not in CREATES:
        if root is None:
            without_container(name)
        return root, None
    result, happened = run_in(node, name, args)
    if missing and not happened:
        return root, result
    for parent, at, made in missing:
        put_child(parent, at, made)
    sort_all(top)
    return top, result


def child(node: Node, at: Any) -> Any:
    return node.items[at] if isinstance(node, List) else node.values[at]


def put_child(node: Node, at: Any, new: Any) -> None:
    if isinstance(node, List):
        node.items[at : at + 1] = [new]
    else:
        node.values[at] = new


def without_container(name: str) -> None:
    """What an operation that makes nothing answers where nothing is."""
    if name == "list_sort":
        raise Refused(WRONG_TYPE)


def run_at_top(root: Node | None, name: str, args: list[Any]) -> Any:
    if root is None:
        if name not in CREATES:
            without_container(name)
            return None, None
        root = new_container(name, args)
    result, _ = run_in(root, name, args)
    sort_all(root)
    return root, result


def run_in(node: Any, name: str, args: list[Any]) -> tuple[Any, bool]:
    if not isinstance(node, List if name.startswith("list_") else Map):
        raise Refused(WRONG_TYPE)
    if isinstance(node, List):
        check_twins(node)
    return run_on(node, name, args)
