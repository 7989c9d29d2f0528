"""One Lua state with the functions for scripts, and calls of a script's functions."""

from __future__ import annotations

import functools
import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from lupa.lua54 import LuaError, LuaRuntime, LuaSyntaxError, lua_type

from .budget import Budget
from .containers import (
    PLAIN,
    ScriptError,
    Userdata,
    from_lua,
    into_lua,
    text_from_lua,
    type_name,
)
from .errors import CompileError, FunctionError, FunctionMissingError, MemoryLimitError
from .functions import fitted, library, map_has, more_keys
from .metatables import KINDS, SHARED, index
from .records import ACTIONS, RECORD_FUNCTIONS

__all__ = [
    "CompileError",
    "FunctionError",
    "FunctionMissingError",
    "MemoryLimitError",
    "Runtime",
]

Log = Callable[[str, str], None]
Find = Callable[[str], tuple[str | bytes, str] | None]
T = TypeVar("T")

MAX_MEMORY = 256 << 20
ROOM = 64 << 10
"""Bytes that have to be free when a call begins, besides its arguments."""


def hard_limit(max_memory: int) -> int:
    """Where Lua itself refuses memory.

    When that happens while lupa passes a value on, nobody gives back Python's lock, or
    the process ends. So scripts are stopped at their own limit: by the hook, and before
    large values are passed on. There is room between the limits for what is small, and
    for the tables that lupa keeps.
    """
    return max_memory + max_memory // 2 + (32 << 20) if max_memory else 0


CALLS_OF_GARBAGE = 5000
"""So many calls leave what they were given to Lua's collector. It takes objects of
Python for small, and waits the longer the more of them were there before."""

SMALL = 1 << 10
"""Bytes of a result that are passed on at any time."""


def encoded(text: str | bytes) -> bytes:
    """A text as Lua has it."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def no_log(level: str, text: str) -> None:
    """Drop a message of a script."""


def no_check() -> None:
    """Let a script run on."""


def no_module(name: str) -> None:
    """Know no module."""


class Runtime:
    """A Lua state. One thread at a time may use it.

    `find` gives the source and the file of a module by name. `check` is called every
    few thousand instructions; what it raises ends the script and comes out of the
    call, whatever the script catches. Signals end a script likewise. `max_memory`
    bounds what Lua takes and, roughly, what containers take. With `now`, which gives
    the time in ms since 1970, scripts have the tables `record` and `aerospike`.

    `take(size)` counts the memory of a container that the host makes for the script, as
    `into_lua` does; MemoryLimitError.

    Calls raise FunctionError, also its children CompileError and FunctionMissingError,
    and MemoryLimitError. A state may be used on after each.
    """

    def __init__(
        self,
        *,
        log: Log = no_log,
        find: Find = no_module,
        check: Callable[[], None] = no_check,
        max_memory: int = MAX_MEMORY,
        is_full: bool = False,
        now: Callable[[], int] | None = None,
    ) -> None:
        # without an encoding: a string of Lua may be any bytes
        self._lua = LuaRuntime(
            encoding=None,
            attribute_handlers=(self._index, self._assign),
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            max_memory=0,  # counts; the limit comes when the state is complete
        )
        self._max_memory = max_memory or math.inf
        self._log, self._find, self._check = log, find, check
        self._reason: BaseException | None = None
        self._n_calls = 0
        self.take = Budget(max_memory, self._look, self._lua_in_use).take
        self._globals = self._lua.globals()
        as_function = self._globals[b"python"][b"as_function"]
        host = self._table(
            {
                "kind": _kind,
                "more_keys": more_keys,
                "has": map_has,
                "log": self._write_log,
                "find": self._find_module,
                "is_over": self._is_over,
                "is_fatal": self._is_fatal,
                "text_of_problem": fitted(_text_of_problem, self._fit),
            }
        )
        parts = self._part("limits")(host, as_function)
        self._run, self._run_all, self._sethook = parts
        self._part("prelude")(
            self._table(library(self.take, self._fit)),
            self._table(fitted({"shared": SHARED, "kinds": KINDS}, self._fit)),
            host,
            as_function,
        )
        if now is not None:
            methods = ACTIONS | {"get_current_time": lambda *_: now()}
            functions = fitted(RECORD_FUNCTIONS, self._fit)
            tables = self._table(functions), self._table(methods)
            self._part("records")(*tables, as_function)
        self._open = self._part("streams")(as_function)
        self._rawget = self._globals[b"rawget"]
        self._part("sandbox")(host, as_function, is_full)
        self._lua.set_max_memory(hard_limit(max_memory))

    def run(self, source: str | bytes, name: str = "script") -> Any:
        """Run a chunk and give its first result as a Python value."""
        code = encoded(source)
        self._make_room([code])
        try:
            chunk = self._compile(code, b"@" + encoded(name))
        except LuaSyntaxError as error:
            raise CompileError(_message(error)) from None
        return self._value(self._first(chunk))

    def has(self, function: str | bytes) -> bool:
        """Whether a global function of that name exists."""
        return bool(lua_type(self._global(function)) == "function")

    def call(self, function: str, *args: Any) -> Any:
        """Call a global function with Python values; its first result likewise."""
        return self._value(self.invoke(function, *self._into(args)))

    def invoke(self, function: str | bytes, *args: Any) -> Any:
        """Call a global function with values of Lua; its first result likewise."""
        return self._first(self._found(function), *args)

    def _make_room(self, args: Iterable[Any]) -> None:
        """Check that arguments fit: outside of a call a lack of memory ends Python."""
        self._make_room_for(ROOM + size_in_lua(args))

    def _make_room_for(self, size: int) -> None:
        used = self._lua.get_memory_used
        if used() + size > self._max_memory:
            self._lua.gccollect()
            if used() + size > self._max_memory:
                raise MemoryLimitError

    def _fit(self, result: T) -> T:
        """What a function gives to Lua, if it fits; MemoryLimitError.

        What is large took its time, too, which the hook does not count.
        """
        values: Any = result if isinstance(result, tuple) else (result,)
        size = size_in_lua(values)
        if size > SMALL:
            self._look()
            self._make_room_for(size)
        return result

    def stream(
        self,
        function: str | bytes,
        values: Iterable[Any],
        *args: Any,
        is_client: bool,
        in_slices: bool = False,
    ) -> Iterator[Any]:
        """The elements of one half of a stream function's chain, as they are asked for.

        With `in_slices`, `values` gives lists of values, each what is there without
        waiting. That is faster, and no element waits for more than its slice.
        """
        slices = _parts(values, in_slices)
        given = self._into(args)
        pull = self._half(function, is_client, slices, self._converted, given)
        if pull is None:
            yield from itertools.chain.from_iterable(slices)
        else:
            while results := self._results(self._run_all, pull):
                yield from map(self._value, results)

    def elements(
        self,
        function: str | bytes,
        values: Iterable[Any],
        args: Iterable[Any],
        *,
        is_client: bool,
        in_slices: bool = False,
    ) -> Iterator[Any]:
        """The same with values of Lua."""
        slices = _parts(values, in_slices)
        pull = self._half(function, is_client, slices, tuple, args)
        if pull is None:
            yield from itertools.chain.from_iterable(slices)
        else:
            while results := self._results(self._run_all, pull):
                yield from results

    def tidy(self) -> None:
        """Let go of what scripts no longer need, objects of Python among it."""
        self._lua.gccollect()

    def _half(
        self,
        function: str | bytes,
        is_client: bool,
        slices: Iterator[Any],
        convert: Callable[[Any], tuple[Any, ...]],
        args: Iterable[Any],
    ) -> Any:
        """What gives the next elements; None: those that went in."""
        found = self._found(function)

        def fill() -> tuple[Any, ...]:
            try:
                part = next(slices, ())
            except BaseException as error:
                self._reason = error  # comes out, whatever the script catches
                raise
            return self._fit(convert(part))

        (pull,) = self._results(
            self._run_all, self._open, found, is_client, fill, *args
        ) or (None,)
        return pull

    def _converted(self, values: Iterable[Any]) -> tuple[Any, ...]:
        take = self.take
        return tuple(
            [
                value if type(value) in PLAIN else into_lua(value, take)
                for value in values
            ]
        )

    def _into(self, values: Iterable[Any]) -> list[Any]:
        try:
            return [into_lua(value, self.take) for value in values]
        except (ScriptError, RecursionError) as error:
            raise FunctionError(str(error)) from None

    def _value(self, result: Any) -> Any:
        try:
            return result if type(result) in PLAIN else from_lua(result)
        except (ScriptError, RecursionError) as error:
            raise FunctionError(str(error)) from None

    def _global(self, name: str | bytes) -> Any:
        self._make_room(())
        # without metamethods, which nothing could stop here
        return self._rawget(self._globals, encoded(name))

    def _found(self, function: str | bytes) -> Any:
        found = self._global(function)
        if lua_type(found) != "function":
            name = text_from_lua(encoded(function))
            raise FunctionMissingError(f"function not found: {name}")
        return found

    def _first(self, function: Any, *args: Any) -> Any:
        results = self._results(self._run, function, *args)
        return results[0] if results else None

    def _results(self, run: Any, *args: Any) -> tuple[Any, ...]:
        """What a function returns; raises what ended the script."""
        self._n_calls += 1
        if self._n_calls % CALLS_OF_GARBAGE == 0:
            self.tidy()
        self._make_room(args)
        self._reason = None
        try:
            results = run(*args)
        except LuaError:  # the script was stopped, which may come out of `run` itself
            self._sethook()
            results = (False,)
        self._raise_reason()
        match results:
            case True:
                return ()
            case (True, *values):
                return tuple(values)
            case (False, bytes() as message, bytes() as stack, bool() as is_text):
                text = text_from_lua(_in_one_line(message))
                raise FunctionError(text, _of_script(stack), is_text)
        raise MemoryLimitError

    def _raise_reason(self) -> None:
        reason, self._reason = self._reason, None
        if reason is not None:
            try:
                raise reason
            finally:
                del reason  # whose traceback refers to this frame

    def _is_over(self) -> bool:
        try:
            self._check()
            self._make_room_for(0)
        except BaseException as error:  # noqa: BLE001 - comes out of _results
            self._reason = error
        return self._reason is not None

    def _look(self) -> None:
        if self._is_over() and self._reason is not None:
            raise self._reason

    def _is_fatal(self, problem: Any) -> bool:
        """Whether a problem is one that no script may catch."""
        if isinstance(problem, (bytes, MemoryError)):
            problem = MemoryLimitError()
        if isinstance(problem, Exception) and not isinstance(problem, MemoryLimitError):
            # to find out may have taken long: the hook does not count Python's time
            return self._reason is not None or self._is_over()
        if isinstance(problem, BaseException):
            self._reason = problem
        return self._reason is problem

    def _index(self, of: Any, key: Any) -> Any:
        result = index(of, key)
        if type(result) is bytes and len(result) > SMALL:
            return self._fit(result)
        return result

    def _assign(self, to: Any, key: Any, value: Any) -> None:
        if not isinstance(to, Userdata):
            raise ScriptError("attempt to index a userdata value")
        size = to.lua_assign(key, value)
        if size:
            self.take(size)

    def _lua_in_use(self) -> int:
        self._lua.gccollect()
        return self._lua.get_memory_used() or 0

    def _find_module(self, name: bytes) -> tuple[bytes, bytes] | None:
        found = self._find(text_from_lua(name))
        if found is None:
            return None
        return self._fit((encoded(found[0]), encoded(found[1])))

    def _part(self, name: str) -> Any:
        """One of the files in Lua of this package, compiled."""
        return self._compile(_source(name), b"=" + name.encode())

    def _compile(self, source: bytes, name: bytes) -> Any:
        return self._lua.compile(source, name=name, mode=b"t")

    def _table(self, rows: Any) -> Any:
        if not isinstance(rows, dict):
            return rows
        return self._lua.table_from(
            {key.encode(): self._table(value) for key, value in rows.items()}
        )

    def _write_log(self, level: bytes, text: bytes) -> None:
        self._log(level.decode(), text_from_lua(text))


def size_in_lua(values: Iterable[Any]) -> int:
    """The bytes that Lua takes for strings among values."""
    return sum([len(value) for value in values if type(value) is bytes])


@functools.cache
def _source(name: str) -> bytes:
    with open(f"{os.path.dirname(__file__)}/{name}.lua", "rb") as file:
        return file.read()


# so many values go into Lua at once
_PART = 64


def _parts(values: Iterable[Any], are_slices: bool) -> Iterator[Any]:
    """Slices of values, none of which is empty or long."""
    if not are_slices:
        return ((value,) for value in values)
    return (
        slice_[start : start + _PART]
        for slice_ in values
        for start in range(0, len(slice_), _PART)
    )


def _message(error: LuaError) -> str:
    (message,) = error.args
    return text_from_lua(message) if isinstance(message, bytes) else str(message)


# lines of a stack about this package, of which a user needs to know nothing
_OWN_LINE = re.compile(
    rb"(?:\n\t\[C\]: in [^\n]*)?"
    rb"\n\t(?:(?:limits|prelude|sandbox|streams):|\[C\]: in upvalue 'xpcall')[^\n]*"
)
_NO_LINE = re.compile(rb"\n?stack traceback:(\n\t\(\.\.\.tail calls\.\.\.\))?\Z")


def _of_script(stack: bytes) -> str:
    """A message with the lines of its stack that are about the script, if any."""
    left = _OWN_LINE.sub(b"", _in_one_line(stack))
    return text_from_lua(_NO_LINE.sub(b"", left))


# where `require` has looked for a module, a line for each place
_PLACES = re.compile(rb"(module '[^'\n]*' not found:)((?:\n\t[^\n]*)+)")


def _in_one_line(message: bytes) -> bytes:
    """A message that has of the places of `require` only where users have modules."""

    def without_places(found: re.Match[bytes]) -> bytes:
        places = found[2].split(b"\n\t")
        ours = [place for place in places if place.startswith(b"there is no ")]
        return found[1] + b" " + b", ".join(ours or filter(None, places))

    return _PLACES.sub(without_places, message)


def _text_of_problem(problem: Any) -> bytes | None:
    """The text of what a function in Python raised; None for a value."""
    if not isinstance(problem, BaseException):
        return None
    return str(problem).encode("utf-8", "surrogateescape")


def _kind(of: Any) -> bytes:
    return type_name(of).encode()
