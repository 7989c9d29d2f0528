"""Path select and path modify: levels that choose several children each.

Source: section A.5 of the page on lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from aerospike_devserver.operations.arguments import refuse, unsigned
from aerospike_devserver.operations.cdt import context, lists, maps
from aerospike_devserver.operations.cdt.arguments import NO_RESULT, parameters, storable
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values.marks import REMOVE, UNKNOWN
from aerospike_devserver.values.values import ListValue, MapValue, Value

Container = ListValue | MapValue

ALL, KEY_LIST, AND = 0x04, 0x2A, 0x204
_TYPE_MASK = 0x23F
MAX_LEVELS = 64

TREE, VALUES, KEYS, KEY_VALUES, APPLY = range(5)
_MODE_MASK = 0x0F
NO_FAIL = 0x10


class Loop(NamedTuple):
    """The loop variables of one child; UNKNOWN where a level has none."""

    key: Value
    value: Value
    index: Value


Test = Callable[[Loop], Value]
Compiler = Callable[[Value], Test]
"""Makes an evaluator of an expression; ServerError 4 if it is none."""


class PathLevel(NamedTuple):
    """Which children of a container are chosen: by `choose`, then by `test`."""

    choose: Callable[[Container], list[int]]
    test: Test | None


def _all(container: Container) -> list[int]:
    return list(range(len(context.children(container))))


def _by_keys(value: Value) -> Callable[[Container], list[int]]:
    keys = parameters(value)

    def choose(container: Container) -> list[int]:
        if not isinstance(container, MapValue):
            raise refuse(Result.REQUEST_INVALID)
        found = {maps.find_key(container, key) for key in keys}
        return sorted(place for place in found if place is not None)

    return choose


def _single(code: int, value: Value) -> Callable[[Container], list[int]]:
    """One child, or none; what cannot be a key is not there."""
    try:
        step = context.level(code, value)
    except ServerError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause

    def choose(container: Container) -> list[int]:
        if not context.fits(container, step):
            raise refuse(Result.REQUEST_INVALID)
        if step.type == context.MAP_KEY and isinstance(container, MapValue):
            place = maps.find_key(container, step.value)
        else:
            place = _find(container, step)
        return [] if place is None else [place]

    return choose


def _find(container: Container, step: context.Level) -> int | None:
    try:
        return context.find(container, step)
    except ServerError as cause:
        raise refuse(Result.REQUEST_INVALID) from cause


def _path(value: Value, compiler: Compiler) -> list[PathLevel]:
    """The levels of a path; ServerError 4."""
    if type(value) is not ListValue or not value.items or len(value.items) % 2:
        raise refuse(Result.REQUEST_INVALID)
    if len(value.items) > 2 * MAX_LEVELS:
        raise refuse(Result.REQUEST_INVALID)
    levels: list[PathLevel] = []
    may_filter = False
    for i in range(0, len(value.items), 2):
        code, item = value.items[i], value.items[i + 1]
        if type(code) is not int:
            raise refuse(Result.REQUEST_INVALID)
        kind = code & _TYPE_MASK
        if kind == AND:
            if not may_filter:
                raise refuse(Result.REQUEST_INVALID)
            levels[-1] = levels[-1]._replace(test=_condition(item, compiler))
            may_filter = False
            continue
        may_filter = kind != ALL
        if kind == ALL:
            test = None if item is True else _condition(item, compiler)
            levels.append(PathLevel(_all, test))
        else:
            choose = _by_keys(item) if kind == KEY_LIST else _single(code, item)
            levels.append(PathLevel(choose, None))
    return levels


def _condition(value: Value, compiler: Compiler) -> Test:
    """A filter: true or an expression, no other literal."""
    if value is not True and type(value) is not ListValue:
        raise refuse(Result.REQUEST_INVALID)
    return compiler(value)


def _loop(container: Container, place: int) -> Loop:
    if isinstance(container, MapValue):
        return Loop(container.keys[place], container.values[place], UNKNOWN)
    return Loop(UNKNOWN, container.items[place], place)


class _Walk:
    """A path on its way through a container."""

    def __init__(self, levels: list[PathLevel], no_fail: bool) -> None:
        self.levels = levels
        self.no_fail = no_fail
        self.last = len(levels) - 1

    def chosen(self, container: Container, depth: int) -> list[int]:
        """The positions that a level chooses in a container."""
        choose, test = self.levels[depth]
        places = choose(container)
        if test is None:
            return places
        return [place for place in places if self._passes(test, container, place)]

    def _passes(self, test: Test, container: Container, place: int) -> bool:
        verdict = test(_loop(container, place))
        if verdict in (UNKNOWN, REMOVE) and not self.no_fail:
            raise refuse(Result.REQUEST_INVALID)
        return verdict is True

    def leaves(
        self, container: Container, depth: int = 0
    ) -> Iterator[tuple[Container, list[int]]]:
        """The innermost containers with what is chosen in them, inner ones first."""
        places = self.chosen(container, depth)
        if depth == self.last:
            yield container, places
            return
        for place in places:
            child = context.children(container)[place]
            if isinstance(child, (ListValue, MapValue)):
                yield from self.leaves(child, depth + 1)

    def tree(self, container: Container, depth: int = 0) -> Container:
        """A copy with only what the path leads to."""
        places = self.chosen(container, depth)
        values = [context.children(container)[place] for place in places]
        if depth < self.last:
            values = [
                self.tree(value, depth + 1)
                if isinstance(value, (ListValue, MapValue))
                else value
                for value in values
            ]
        if isinstance(container, MapValue):
            return MapValue([container.keys[place] for place in places], values)
        return ListValue(values)

    def flat(self, root: Container, mode: int) -> ListValue:
        """The leaves as a flat list of values, keys, or keys and values."""
        found: list[Value] = []
        for container, places in self.leaves(root):
            if mode == VALUES:
                values = context.children(container)
                found += [values[place] for place in places]
            elif isinstance(container, MapValue):
                found += self._entries(container, places, mode)
            elif places and not self.no_fail:
                raise refuse(Result.BIN_INCOMPATIBLE_TYPE)
        return ListValue(found)

    def _entries(self, pairs: MapValue, places: list[int], mode: int) -> list[Value]:
        if mode == KEYS:
            return [pairs.keys[place] for place in places]
        return [
            item
            for place in places
            for item in (pairs.keys[place], pairs.values[place])
        ]

    def apply(self, root: Container, expression: Test) -> None:
        """Put the value of an expression in the place of each leaf."""
        self._apply_below(root, 0, expression)

    def _apply_below(self, container: Container, depth: int, expression: Test) -> None:
        places = self.chosen(container, depth)
        if depth == self.last:
            self._replace(container, places, expression)
        else:
            for place in places:
                child = context.children(container)[place]
                if isinstance(child, (ListValue, MapValue)):
                    self._apply_below(child, depth + 1, expression)
        if isinstance(container, ListValue):
            lists.restore_order(container)

    def _replace(
        self, container: Container, places: list[int], expression: Test
    ) -> None:
        values = context.children(container)
        for place in reversed(places):
            result = expression(_loop(container, place))
            if result is REMOVE:
                del values[place]
                if isinstance(container, MapValue):
                    del container.keys[place]
            elif result is not UNKNOWN:
                values[place] = storable(result)
            elif not self.no_fail:
                raise refuse(Result.SERVER_ERROR)


def _start(arguments: list[Value]) -> tuple[Value, int]:
    """The path and the flags; ServerError 4."""
    if not 2 <= len(arguments) <= 3:
        raise refuse(Result.REQUEST_INVALID)
    return arguments[0], unsigned(arguments[1])


def _container(root: Value) -> Container:
    if not isinstance(root, (ListValue, MapValue)):
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE)
    return root


def select(root: Value, arguments: list[Value], compiler: Compiler) -> Value:
    """The result of a path select on any value of a bin."""
    container = _container(root)
    path, flags = _start(arguments)
    mode = flags & _MODE_MASK
    if mode >= APPLY or len(arguments) == 3:
        raise refuse(Result.REQUEST_INVALID)
    walk = _Walk(_path(path, compiler), bool(flags & NO_FAIL))
    return walk.tree(container) if mode == TREE else walk.flat(container, mode)


def modify(
    root: Value, arguments: list[Value], compiler: Compiler, is_missing: bool
) -> tuple[Container | None, Value]:
    """Path modify, or a select in a modification: (container of the bin, result)."""
    path, flags = _start(arguments)
    if is_missing or not isinstance(root, (ListValue, MapValue)):
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE)
    if len(arguments) == 2:
        return root, select(root, arguments, compiler)
    if flags & _MODE_MASK != APPLY:
        raise refuse(Result.REQUEST_INVALID)
    walk = _Walk(_path(path, compiler), bool(flags & NO_FAIL))
    expression = compiler(arguments[2])
    walk.apply(root, expression)
    return root, NO_RESULT
