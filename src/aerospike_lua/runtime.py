"""One Lua state with the functions for scripts, and calls of a script's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import Any

from lupa.lua54 import LuaRuntime, LuaSyntaxError

from .containers import ScriptError, Userdata, from_lua, into_lua, text_from_lua
from .functions import LIBRARY, MAKERS
from .records import ACTIONS, RECORD_FUNCTIONS

Log = Callable[[str, str], None]
Find = Callable[[str], tuple[str | bytes, str] | None]

MAX_MEMORY = 256 << 20
ROOM = 64 << 10
"""Bytes that have to be free when a call begins, besides its arguments."""
NO_MEMORY = "the script needs more memory than it may have"


def _index(of: Any, key: Any) -> Any:
    if isinstance(of, Userdata):
        return of.lua_index(key)
    raise ScriptError("attempt to index a userdata value")


def _assign(to: Any, key: Any, value: Any) -> None:
    if not isinstance(to, Userdata):
        raise ScriptError("attempt to index a userdata value")
    to.lua_assign(key, value)


def _len(of: Any, *_: Any) -> int:
    if isinstance(of, Userdata):
        return of.lua_len()
    raise ScriptError("attempt to get length of a userdata value")


def encoded(text: str | bytes) -> bytes:
    """A text as Lua has it."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def no_log(level: str, text: str) -> None:
    """Drop a message of a script."""


class FunctionError(Exception):
    """A script failed: the message with file and line, and the stack in Lua."""

    def __init__(self, message: str, stack: str = "", is_text: bool = True) -> None:
        super().__init__(message)
        self.stack = stack
        self.is_text = is_text  # whether the script raised a string


class FunctionMissingError(Exception):
    """A script has no global of that name."""


class MemoryLimitError(Exception):
    """A script wanted more memory than it may have."""


def no_check() -> None:
    """Let a script run on."""


def no_module(name: str) -> None:
    """Know no module."""


class Runtime:
    """A Lua state. One thread at a time may use it.

    `find` gives the source and the file of a module by name. `check` is called every
    few thousand instructions; what it raises ends the script and comes out of the
    call, whatever the script catches. Signals end a script likewise. With `now`, which
    gives the time in ms since 1970, scripts have the tables `record` and `aerospike`.
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
            attribute_handlers=(_index, _assign),
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            max_memory=max_memory,
        )
        self._log, self._find, self._check = log, find, check
        self._reason: BaseException | None = None
        host = self._table(
            {
                "len": _len,
                "log": self._write_log,
                "find": self._find_module,
                "is_over": self._is_over,
                "is_fatal": self._is_fatal,
            }
        )
        must_stop, self._run = self._part("limits")(host)
        as_function = self._part("prelude")(
            self._table(LIBRARY), self._table(MAKERS), host, must_stop
        )
        if now is not None:
            tables = self._table(RECORD_FUNCTIONS), self._table(ACTIONS)
            self._part("records")(*tables, lambda *_: now(), as_function)
        self._open = self._part("streams")()
        self._part("sandbox")(host, is_full)

    def run(self, source: str | bytes, name: str = "script") -> Any:
        """Run a chunk and give its first result as a Python value."""
        try:
            chunk = self._compile(encoded(source), b"@" + encoded(name))
        except LuaSyntaxError as error:
            raise FunctionError(text_from_lua(error.args[0])) from None
        return from_lua(self._run_guarded(chunk))

    def call(self, function: str, *args: Any) -> Any:
        """Call a global function with Python values; its first result likewise."""
        return from_lua(self.invoke(function, *map(into_lua, args)))

    def invoke(self, function: str | bytes, *args: Any) -> Any:
        """Call a global function with values of Lua; its first result likewise.

        FunctionMissingError: there is none of that name.
        """
        self._make_room(args)
        found = self._lua.globals()[encoded(function)]
        if found is None:
            raise FunctionMissingError(function)
        return self._run_guarded(found, *args)

    def _make_room(self, args: Iterable[Any]) -> None:
        """Check that arguments fit: outside of a call a lack of memory ends Python."""
        needed = ROOM + sum(len(arg) for arg in args if isinstance(arg, bytes))
        limit = self._lua.get_max_memory()
        if self._lua.get_memory_used() + needed > limit:
            self._lua.gccollect()
            if self._lua.get_memory_used() + needed > limit:
                raise MemoryLimitError(NO_MEMORY)

    def stream(
        self, function: str, values: Iterable[Any], *args: Any, is_client: bool
    ) -> Iterator[Any]:
        """The elements of one half of a stream function's chain, one at a time."""
        source, given = map(into_lua, values), list(map(into_lua, args))
        return map(
            from_lua, self.elements(function, source, given, is_client=is_client)
        )

    def elements(
        self,
        function: str | bytes,
        values: Iterable[Any],
        args: Iterable[Any],
        *,
        is_client: bool,
    ) -> Iterator[Any]:
        """The same with values of Lua. FunctionMissingError: as in `invoke`."""
        found = self._lua.globals()[encoded(function)]
        if found is None:
            raise FunctionMissingError(function)
        source = iter(values)
        pull = self._run_guarded(
            self._open, found, is_client, lambda *_: next(source, None), *args
        )
        while (value := self._run_guarded(pull)) is not None:
            yield value

    def _run_guarded(self, function: Any, *args: Any) -> Any:
        """The first result, which alone counts; raises what ended the script."""
        self._reason = None
        results = self._run(function, *args)
        reason, self._reason = self._reason, None
        if reason is not None:
            raise reason
        match results:
            case (True, result):
                return result
            case (False, message, stack, is_text):
                raise FunctionError(
                    text_from_lua(message), text_from_lua(stack), is_text
                )
        raise MemoryLimitError(NO_MEMORY)

    def _is_over(self) -> bool:
        try:
            self._check()
        except BaseException as error:  # noqa: BLE001 - comes out of _run_guarded
            self._reason = error
        return self._reason is not None

    def _is_fatal(self, problem: Any) -> bool:
        """Whether a problem is one that no script may catch."""
        if isinstance(problem, bytes):
            problem = MemoryLimitError(NO_MEMORY)
        elif isinstance(problem, Exception):
            return False
        if isinstance(problem, BaseException):
            self._reason = problem
        return self._reason is problem

    def _find_module(self, name: bytes) -> tuple[bytes, bytes] | None:
        found = self._find(text_from_lua(name))
        return None if found is None else (encoded(found[0]), encoded(found[1]))

    def _part(self, name: str) -> Any:
        """One of the files in Lua of this package, compiled."""
        source = resources.files(__package__).joinpath(f"{name}.lua").read_bytes()
        return self._compile(source, b"=" + name.encode())

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
