"""Arguments whose Python code changes the other arguments while a call reads them.

`runs(arguments)` plants each kind of hostile object at each place in the arguments of a
call. Their code, which a call may run (a truth, a comparison, an attribute, pickling,
the end of a life), goes to a `Trap`: it empties every container that the arguments
have, raises, or calls the client again. Whatever it does, the call must give an
exception or an answer, and touch no memory that is not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import aerospike
from aerospike import GeoJSON
from aerospike._types import CompiledExpression, Expression
from aerospike_helpers.batch.records import BatchRecord

Path = tuple[Any, ...]
"""Keys, indexes and names of attributes that lead to a place in the arguments."""

Action = Callable[["Trap"], object]

MOST_MOMENTS = 6
"""So many of the times that a call runs hostile code are each tried."""


def set_attribute(made: Any, name: str, value: Any) -> None:
    """Also of an object that Python code cannot change."""
    if isinstance(made, BatchRecord):
        setattr(made, name, value)
    else:
        object.__setattr__(made, name, value)


class Sprung(Exception):
    """Raised by hostile code."""


class Trap:
    """What hostile objects run: nothing, but at one moment the action.

    :ivar n_calls: how often a call has run hostile code.
    """

    def __init__(self, moment: int | None = None, action: Action | None = None) -> None:
        self._moment = moment
        self._action = action
        self.containers: list[Any] = []
        self.is_armed = False
        self.n_calls = 0

    def spring(self) -> None:
        if not self.is_armed:
            return
        now, self.n_calls = self.n_calls, self.n_calls + 1
        if now == self._moment and self._action is not None:
            self.is_armed = False  # what the action runs is not the call's
            try:
                self._action(self)
            finally:
                self.is_armed = True


def empty_all(trap: Trap) -> None:
    """Drop everything that the arguments refer to; memory of its sizes is used anew."""
    for container in trap.containers:
        if isinstance(container, dict):
            dict.clear(container)
        elif isinstance(container, list):
            list.clear(container)
        elif isinstance(container, bytearray):
            container.clear()
        else:
            for name in names_of(container):
                set_attribute(container, name, None)
    for size in range(1, 64):
        [b"\xff" * size for _ in range(4)]


def fail(_trap: Trap) -> None:
    raise Sprung


# --- arguments as trees ---


def is_ours(value: Any) -> bool:
    """An object of the package that has attributes."""
    cls = type(value)
    return cls.__module__.startswith("aerospike") and not isinstance(
        value, (type, GeoJSON, bytes, dict, aerospike.Client)
    )


def names_of(value: Any) -> list[str]:
    """The attributes of an object of ours."""
    if isinstance(value, CompiledExpression):
        return ["wire"]
    slots = [n for c in type(value).__mro__ for n in getattr(c, "__slots__", ())]
    names = [*slots, *getattr(value, "__dict__", ())]
    return [n for n in names if n != "__dict__" and hasattr(value, n)]


def steps(value: Any) -> list[Any]:
    """What leads from a value to its parts."""
    if type(value) is dict:
        return list(value)
    if type(value) in (list, tuple):
        return list(range(len(value)))
    return names_of(value) if is_ours(value) else []


def part(value: Any, step: Any) -> Any:
    return getattr(value, step) if is_ours(value) else value[step]


def paths(value: Any) -> Iterator[Path]:
    """The ways to a value and to all that is in it."""
    yield ()
    for step in steps(value):
        for rest in paths(part(value, step)):
            yield step, *rest


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = part(value, step)
    return value


def copied(value: Any, cls: type | None = None) -> Any:
    """An object of ours of another class, with the same attributes."""
    new: Any = cls or type(value)
    made = new.__new__(new)
    for name in names_of(value):
        set_attribute(made, name, getattr(value, name))
    if isinstance(value, CompiledExpression):
        set_attribute(made, "_tree", [])
    return made


def fresh(value: Any) -> Any:
    """A copy of the arguments that nothing else refers to, down to the strings."""
    if type(value) is dict:
        return {fresh(k): fresh(v) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)([fresh(v) for v in value])
    if type(value) is str:
        return "".join(list(value))
    if type(value) is bytes:
        return bytes(bytearray(value))
    if type(value) in (int, float):
        return type(value)(str(value))
    if type(value) is bytearray:
        return bytearray(value)
    if not is_ours(value):
        return value
    made = copied(value)
    for name in names_of(made):
        set_attribute(made, name, fresh(getattr(made, name)))
    return made


def planted(value: Any, path: Path, make: Callable[[Any], Any]) -> Any:
    """The value with what `make` makes of a part of it in the part's place."""
    if not path:
        return make(value)
    new = planted(part(value, path[0]), path[1:], make)
    if isinstance(value, tuple):
        return (*value[: path[0]], new, *value[path[0] + 1 :])
    if is_ours(value):
        set_attribute(value, path[0], new)
    else:
        value[path[0]] = new
    return value


def containers_in(value: Any, seen: set[int]) -> Iterator[Any]:
    """Everything in the arguments that can be emptied."""
    if id(value) in seen:
        return
    seen.add(id(value))
    for step in steps(value):
        yield from containers_in(part(value, step), seen)
    if isinstance(value, (dict, list, bytearray)) or is_ours(value):
        yield value


# --- kinds of hostile objects: each makes one out of what it takes the place of ---


def names_looked_up() -> list[str]:
    """The keys that calls look for in dicts."""
    tables = aerospike._core.option_tables()
    found = {row["name"] for rows in tables.values() for row in rows}
    return sorted(
        found
        | {"ns", "set", "key", "digest", "op", "bin", "val", "value", "ctx", "index"}
        | {"return_type", "inverted", "list_policy", "map_policy", "policy", "pad"}
        | {"map_order", "list_order", "persist_index", "map_write_flags", "flags"}
        | {"map_write_mode", "write_flags", "bit_write_flags", "range", "enable"}
        | {"order_key", "pad_key", "sign", "replacement", "byte_offset", "end"}
        | {"predicate", "bins", "ops", "node", "index_name", "index_expr", "nobins"}
    )


LOOKED_UP = names_looked_up()


def truth(trap: Trap, _old: Any) -> Any:
    class Truth:
        def __bool__(self) -> bool:
            trap.spring()
            return True

    return Truth()


def number(trap: Trap, old: Any) -> Any:
    class Number(int):
        def __bool__(self) -> bool:
            trap.spring()
            return True

        def __index__(self) -> int:
            trap.spring()
            return 1

        __int__ = __index__

        def __eq__(self, other: object) -> bool:
            trap.spring()
            return int.__eq__(self, other)

        def __hash__(self) -> int:
            trap.spring()
            return int.__hash__(self)

        def __repr__(self) -> str:
            trap.spring()
            return "1"

    return Number(old if type(old) is int else 1)


def text(trap: Trap, old: Any) -> Any:
    class Text(str):
        def __eq__(self, other: object) -> bool:
            trap.spring()
            return str.__eq__(self, other)

        def __hash__(self) -> int:
            trap.spring()
            return str.__hash__(self)

        def __repr__(self) -> str:
            trap.spring()
            return "text"

        __str__ = __repr__

    return Text(old if type(old) is str else "text")


def pickled(trap: Trap, _old: Any) -> Any:
    class Pickled:
        def __reduce__(self) -> Any:
            trap.spring()
            return int, (1,)

    return Pickled()


def geo(trap: Trap, _old: Any) -> Any:
    class Geo(GeoJSON):
        def dumps(self) -> str:
            trap.spring()
            return "{}"

    return Geo({})


def dropped(trap: Trap, _old: Any) -> Any:
    class Dropped:
        def __del__(self) -> None:
            trap.spring()

    return Dropped()


def shown(trap: Trap, _old: Any) -> Any:
    class Shown:
        def __repr__(self) -> str:
            trap.spring()
            return "shown"

        __str__ = __repr__

    return Shown()


def attributes(trap: Trap, old: Any) -> Any:
    """The same, but looking at it runs code."""

    def get(self: Any, name: str) -> Any:
        trap.spring()
        return object.__getattribute__(self, name)

    body = {"__getattribute__": get, "__slots__": ()}
    if is_ours(old) and not isinstance(old, Expression):  # whose classes are a table
        cls = type(type(old).__name__, (type(old),), body)
        cls.__module__ = type(old).__module__
        return copied(old, cls)
    return type("Attributes", (), body)()


def items(trap: Trap, old: Any) -> Any:
    """The same list or dict, of a class whose methods run code."""

    def method(base: type, name: str) -> Any:
        def run(self: Any, *args: Any) -> Any:
            trap.spring()
            return getattr(base, name)(self, *args)

        return run

    base = dict if isinstance(old, dict) else list
    names = ["__iter__", "__getitem__", "__len__", "__contains__"]
    names += ["keys", "items", "get"] if base is dict else ["__reversed__"]
    cls = type("Items", (base,), {name: method(base, name) for name in names})
    return cls(old if isinstance(old, (dict, list)) else [])


def collision(trap: Trap, old: Any) -> Any:
    """A dict in which every look-up meets a key of the same hash first."""

    class Key:
        def __init__(self, name: str) -> None:
            self.hash = hash(name)

        def __hash__(self) -> int:
            return self.hash

        def __eq__(self, other: object) -> bool:
            trap.spring()
            return False

    old = old if isinstance(old, dict) else {}
    names = [name for name in old if type(name) is str]
    return {**{Key(name): 1 for name in [*LOOKED_UP, *names]}, **old}


def unknown(trap: Trap, old: Any) -> Any:
    """A dict with a key that is unknown, which errors and warnings show."""
    old = old if isinstance(old, dict) else {}
    return {**old, shown(trap, None): 1, text(trap, "unknown"): 1}


def twice(_trap: Trap, old: Any) -> Any:
    """A dict that has each key a second time, with fewer items."""

    class Twin(str):
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    names = [name for name in old if type(name) is str]
    return {
        **old,
        **{Twin(n): old[n][:1] if type(old[n]) is list else old[n] for n in names},
    }


KINDS = {
    kind.__name__: kind
    for kind in (
        *(truth, number, text, pickled, geo, dropped, shown, attributes, items),
        *(collision, unknown, twice),
    )
}


# --- runs ---


class Run(NamedTuple):
    """Arguments with a hostile object among them."""

    path: Path
    moment: int
    arguments: list[Any]
    trap: Trap


def prepared(kind: str, template: list[Any], path: Path, trap: Trap) -> list[Any]:
    arguments = planted(fresh(template), path, lambda old: KINDS[kind](trap, old))
    trap.containers = list(containers_in(arguments[:], set()))
    assert isinstance(arguments, list)
    return arguments


def places(kind: str, template: list[Any]) -> list[Path]:
    """Where hostile objects of a kind are planted."""
    found = [path for path in paths(template) if path]
    if kind in ("collision", "unknown", "twice"):
        return [path for path in found if type(at(template, path)) is dict]
    if kind == "items":
        return [path for path in found if type(at(template, path)) in (dict, list)]
    return found


def attack(
    call: Callable[..., object],
    kind: str,
    template: list[Any],
    actions: dict[str, Action],
) -> Iterator[tuple[Path, int, str, BaseException | None]]:
    """Make the call with each hostile object of a kind, and each action at each moment.

    Yields path, moment, action and what was raised.
    """
    for path in places(kind, template):
        trap = Trap()
        yield path, -1, "nothing", _outcome(call, kind, template, path, trap)
        for moment in range(min(trap.n_calls, MOST_MOMENTS)):
            for name, action in actions.items():
                trap = Trap(moment, action)
                yield path, moment, name, _outcome(call, kind, template, path, trap)


def _outcome(
    call: Callable[..., object],
    kind: str,
    template: list[Any],
    path: Path,
    trap: Trap,
) -> BaseException | None:
    arguments = prepared(kind, template, path, trap)
    trap.is_armed = True
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001
        return error
    finally:
        trap.is_armed = False
    return None
