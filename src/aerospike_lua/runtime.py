"""One Lua state with the functions for scripts, and calls of a script's functions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

from lupa.lua54 import LuaRuntime

from .containers import ScriptError, Userdata, from_lua, into_lua, text_from_lua
from .functions import LIBRARY, MAKERS

Log = Callable[[str, str], None]


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


def no_log(level: str, text: str) -> None:
    """Drop a message of a script."""


class Runtime:
    """A Lua state. One thread at a time may use it."""

    def __init__(self, log: Log = no_log) -> None:
        # without an encoding: a string of Lua may be any bytes
        self._lua = LuaRuntime(
            encoding=None,
            attribute_handlers=(_index, _assign),
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
        )
        self._log = log
        prelude = resources.files(__package__).joinpath("prelude.lua").read_bytes()
        host = {"len": _len, "log": self._write_log}
        tables = (self._table(part) for part in (LIBRARY, MAKERS, host))
        self._compile(prelude, b"=prelude")(*tables)

    def run(self, source: str, name: str = "script") -> Any:
        """Run a chunk and give its first result as a Python value."""
        chunk = self._compile(source.encode(), b"@" + name.encode())
        return from_lua(self._first(chunk()))

    def call(self, function: str, *args: Any) -> Any:
        """Call a global function with Python values; its first result likewise."""
        found = self._lua.globals()[function.encode()]
        return from_lua(self._first(found(*map(into_lua, args))))

    @staticmethod
    def _first(result: Any) -> Any:
        """Only the first value that a function returns counts."""
        return result[0] if isinstance(result, tuple) else result

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
