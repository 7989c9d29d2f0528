"""Contexts: the way from the container of a bin to the one an operation works on.

A level is a type (what the value means, and what to create if it is missing) and a
value. Source: section A.4 of the page on lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aerospike_devserver.operations.arguments import refuse, signed
from aerospike_devserver.operations.cdt import lists, lists_by, maps
from aerospike_devserver.operations.cdt.selection import View
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.values import ORDERED, ListValue, MapValue, Value

Container = ListValue | MapValue

IN_CONTEXT = 0xFF
"""Stands for the code of an operation where a context leads to what it works on."""

ANY_INDEX, ANY_RANK, ANY_KEY, ANY_VALUE = 0x00, 0x01, 0x02, 0x03
LIST_INDEX, LIST_RANK, LIST_VALUE = 0x10, 0x11, 0x13
MAP_INDEX, MAP_RANK, MAP_KEY, MAP_VALUE = 0x20, 0x21, 0x22, 0x23

_TYPE_MASK = 0x3F
_CREATE_MASK = 0xC0
_PAD = 0x80
_PERSIST = 0x100
_CREATES = (LIST_INDEX, MAP_KEY)
_LIST_FLAGS = {0x40: 0, 0x80: 0, 0xC0: ORDERED}
_MAP_FLAGS = {0x40: 0, 0x80: 1, 0xC0: 3}


class Level(NamedTuple):
    """One step. create: the order bits of what to create, 0 = nothing.

    persists: the index of what is created is to be kept, which goes for the first level
    alone, and does not go with padding.
    """

    type: int
    create: int
    persists: bool
    value: Value


def parse(context: Value) -> list[Level]:
    """The levels of a context; ServerError 4 for a wrong shape, 26 for a wrong type."""
    if type(context) is not ListValue or not context.items or len(context.items) % 2:
        raise refuse(Result.REQUEST_INVALID)
    return [
        level(context.items[i], context.items[i + 1])
        for i in range(0, len(context.items), 2)
    ]


def level(code: Value, value: Value) -> Level:
    """One level; ServerError 26 for a type that there is not."""
    if type(code) is not int:
        raise refuse(Result.REQUEST_INVALID)
    kind, create = code & _TYPE_MASK, code & _CREATE_MASK
    if kind not in _STEPS or (create and kind not in _CREATES):
        raise refuse()
    return Level(kind, create, bool(code & _PERSIST), value)


# One step: (container, value) -> position, None = there is none

Step = Callable[[Container, Value], int | None]


def _position(value: Value) -> int:
    try:
        return signed(value)
    except ServerError as cause:
        raise refuse() from cause


def _inside(position: int, size: int) -> int | None:
    position += size if position < 0 else 0
    return position if 0 <= position < size else None


def children(container: Container) -> list[Value]:
    """The elements of a list, the values of a map."""
    return container.items if isinstance(container, ListValue) else container.values


def _by_index(container: Container, value: Value) -> int | None:
    return _inside(_position(value), len(children(container)))


def _by_rank(container: Container, value: Value) -> int | None:
    rank = _inside(_position(value), len(children(container)))
    if rank is None or isinstance(container, MapValue):
        return None if rank is None else View(container).order[rank]
    return lists_by.index_of_rank(View(container), rank)


def _by_value(container: Container, value: Value) -> int | None:
    view = View(container)
    found = view.equal_to(value)
    return min(found, key=view.ranks.__getitem__) if found else None


def _by_key(container: Container, value: Value) -> int | None:
    maps.check_key(value)
    if not isinstance(container, MapValue):
        raise refuse()
    return maps.find_key(container, value)


_ANY = (ListValue, MapValue)
_STEPS: dict[int, tuple[type | tuple[type, ...], Step]] = {
    ANY_INDEX: (_ANY, _by_index),
    ANY_RANK: (_ANY, _by_rank),
    ANY_KEY: (MapValue, _by_key),
    ANY_VALUE: (_ANY, _by_value),
    LIST_INDEX: (ListValue, _by_index),
    LIST_RANK: (ListValue, _by_rank),
    LIST_VALUE: (ListValue, _by_value),
    MAP_INDEX: (MapValue, _by_index),
    MAP_RANK: (MapValue, _by_rank),
    MAP_KEY: (MapValue, _by_key),
    MAP_VALUE: (MapValue, _by_value),
}
"""Type of a level: (container it goes into, how it finds its way)."""


def fits(container: Value, step: Level) -> bool:
    """Whether a level goes into such a container."""
    return isinstance(container, _STEPS[step.type][0])


def find(container: Value, step: Level) -> int | None:
    """The position of what a level means; ServerError 26 if it does not fit."""
    if not fits(container, step):
        raise refuse()
    return _STEPS[step.type][1](container, step.value)


# Reading


class Passage(NamedTuple):
    """A container that a context goes through, and where it goes on."""

    container: Container
    place: int


def trace(root: Value, levels: list[Level]) -> list[Passage]:
    """The way of a context; ServerError 26 if it leads nowhere."""
    passages = []
    for step in levels:
        position = find(root, step)
        if position is None:
            raise refuse()
        passages.append(Passage(root, position))
        root = children(root)[position]
    return passages


def resolve(root: Value, levels: list[Level]) -> Value:
    """What the context leads to; ServerError 26 if it leads nowhere."""
    passages = trace(root, levels)
    if not passages:
        return root
    container, place = passages[-1]
    return children(container)[place]


def restore_order(containers: list[Container]) -> None:
    """Sort the ordered lists that a change lies in; containers: outer ones first."""
    for container in reversed(containers):
        if isinstance(container, ListValue):
            lists.restore_order(container)


# Writing


class Path:
    """The way to a container that is to be modified, as far as it exists.

    found: what the context leads to, None if it would have to be created.
    """

    def __init__(self, root: Container | None, levels: list[Level]) -> None:
        """ServerError 26 if something is missing that the context does not create."""
        self._root = root
        self._steps: list[Container] = []
        self._left = list(levels)
        self._first = levels[0] if levels else None
        self.found: Value = root
        while self._left and self._enter():
            pass
        self.exists = not self._left and root is not None
        self._check_left()

    def _check_left(self) -> None:
        """ServerError 26 for a missing level that cannot be created."""
        container: Value = self.found
        for step in self._left:
            if not step.create or (step.persists and step is not self._first):
                raise refuse()
            if step.type == MAP_KEY:
                maps.check_key(step.value)
            elif isinstance(container, ListValue):
                _gap(container, step)
            else:
                _gap(_empty(step), step)
            container = None

    def _enter(self) -> bool:
        """Go down one level; False if there is nothing."""
        if self.found is None and not self._steps:
            return False
        position = find(self.found, self._left[0])
        if position is None:
            return False
        self._steps.append(self.found)
        self.found = children(self.found)[position]
        del self._left[0]
        return True

    def attach(self, new: Container) -> Container:
        """Put a new container where the context leads; the root of all."""
        child: Value = new
        first = 0 if self._root is None else 1
        for step in reversed(self._left[first:]):
            child = _wrap(step, child)
        if self._root is None:
            return child  # type: ignore[no-any-return]
        if self._left:
            _add_child(self.found, self._left[0], child)
            self._steps.append(self.found)
        return self._root

    def restore_order(self) -> None:
        """Sort the ordered lists that the change lies in."""
        restore_order(self._steps)


def _empty(step: Level) -> Container:
    """A new container in which the level is looked up."""
    if step.type == MAP_KEY:
        return MapValue([], [], _MAP_FLAGS[step.create])
    return ListValue([], _LIST_FLAGS[step.create])


def _wrap(step: Level, child: Value) -> Container:
    """A new container that holds a child where the level looks for it."""
    made = _empty(step)
    _add_child(made, step, child)
    return made


def _gap(container: Container, step: Level) -> int:
    """How many nils come before what a level misses in a list; ServerError 26."""
    size = len(children(container))
    index = _position(step.value)
    if index < 0 and not (index == -1 and not size):
        raise refuse()
    gap = max(0, index - size)
    if gap and container.flags & ORDERED:
        return 0
    if gap and (step.create != _PAD or step.persists):
        raise refuse()
    return gap


def _add_child(container: Container, step: Level, child: Value) -> None:
    """Add what a level misses."""
    if isinstance(container, MapValue):
        maps.put_pair(container, step.value, child)
        return
    lists.pad(container, len(container.items) + _gap(container, step))
    container.items.append(child)
    lists.restore_order(container)
