"""Aggregations: what stays with the client of a function that works on all nodes.

A function in Lua makes a chain of operators. The nodes run the first part of it on
their records, and what they give comes as one stream of values. The rest of the chain
runs here, in a Lua state that knows the same function by its file in `lua.user_path`.
Values go through one by one, so that an aggregation holds only those that it has
to.

Programs without aggregations need neither Lua nor the files: the first aggregation
imports `lupa`.
"""

from __future__ import annotations

import functools
import os
import time
from _thread import allocate_lock

from aerospike import exception
from aerospike._calls.blocking import runs
from aerospike._calls.layout import Watch
from aerospike._core import is_main_interpreter, write_log
from aerospike._errors import client_error, made, shown
from aerospike._explain import aggregation as explain
from aerospike._imports import whole
from aerospike._types import GeoJSON
from aerospike_lua import containers
from aerospike_lua.errors import (
    FunctionError,
    FunctionMissingError,
    MemoryLimitError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from aerospike._core import Client, Stream
    from aerospike._hints import Options, Self
    from aerospike_lua.runtime import Runtime

_FAILED = 100
_NO_FUNCTION = 1301
_NO_FILE = 1302
_TIMEOUT = 9

# of memory, for a function that may have all there is
_NO_LIMIT = 1 << 62

# so many values are given to Lua at once, if they are there
_SLICE = 64

# what the clients of other makers have as files in lua.system_path. A script may
# `require` them; what they define is there without it
_BUILT_IN = ("aerospike", "as", "stream_ops")

_LEVELS = {"trace": 4, "debug": 3, "info": 2, "warn": 1}


def _log(level: str, text: str) -> None:
    write_log(_LEVELS[level], text.encode("utf-8", "backslashreplace"), True)


def _runtime_class() -> type[Runtime]:
    """What runs functions, which needs what is not always installed.

    In a sub-interpreter the package waits forever in its first function that Lua
    calls, and the main one could not import it any more.
    """
    if not is_main_interpreter():
        raise client_error(
            "aggregations work in the main interpreter only",
            "they run functions in Lua, and the package lupa cannot do that in a "
            "sub-interpreter",
        )
    try:
        found: type[Runtime] = whole("aerospike_lua.runtime").Runtime
    except ImportError as why:
        raise client_error(
            "an aggregation runs functions in Lua, which needs the package lupa",
            f'pip install "aerospike[lua]" installs it ({why})',
        ) from why
    return found


# --- files ---


class _Files:
    """The modules that one Lua state has read, in lua.user_path and lua.system_path."""

    def __init__(self, user_path: str, system_path: str) -> None:
        self._folders = (user_path, system_path)
        self._stamps: dict[str, tuple[int, ...] | None] = {}
        self._settled_ns = time.time_ns() - _TICK_NS

    def main(self, module: str) -> tuple[str, str]:
        """Source and path of the module that an aggregation names.

        :raises LuaFileNotFound: it cannot be read.
        """
        path = os.path.join(self._folders[0], module + ".lua")
        try:
            if "/" in module:
                raise OSError("the name of a module has no folder")
            return self._read(path), path
        except (OSError, ValueError) as why:
            hint = (
                "the name of a module is given without .lua"
                if module.endswith(".lua")
                else "an aggregation needs the module on this machine, too: "
                "lua.user_path is its folder"
            )
            raise made(
                exception.LuaFileNotFound,
                _NO_FILE,
                "cannot open script file",
                f"{shown(path, 300)}: {why}; {hint}",
            ) from why

    def find(self, name: str) -> tuple[str, str] | None:
        """Source and path of what a script requires, or None."""
        for folder in self._folders:
            path = os.path.join(folder, name.replace(".", "/") + ".lua")
            try:
                return self._read(path), path
            except (OSError, ValueError):
                pass
        return ("", name) if name in _BUILT_IN else None

    def _read(self, path: str) -> str:
        self._stamps[path] = _stamp(path)  # before the source, which may change now
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")

    def are_unchanged(self) -> bool:
        """Whether a state that is made now would read the same."""
        return all(
            _stamp(path) == was and (was is None or was[0] < self._settled_ns)
            for path, was in self._stamps.items()
        )


# a file that is written twice within this time may have one time of change
_TICK_NS = 100_000_000


def _stamp(path: str) -> tuple[int, ...] | None:
    """What differs when a file has been written; None when it is not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


# --- Lua states ---


class _Script:
    """A Lua state that knows a module. One aggregation at a time uses it."""

    def __init__(self, settings: tuple[str, str, int], module: str) -> None:
        self.key = (settings, module)
        self.files = _Files(*settings[:2])
        self._module = module
        self._max_memory = settings[2]
        self._end_s = float("inf")
        self._timeout_ms = 0
        self.is_full = False  # what took all the memory may be there for long
        self._chunk: tuple[str, str] | None = self.files.main(module)
        self._runtime = _runtime_class()(
            log=_log,
            find=self.files.find,
            check=self._check,
            max_memory=self._max_memory,
            is_full=True,
        )

    def begin(self, timeout_ms: int) -> None:
        """Run the module, unless it was run before; what follows takes so long at most.

        :param timeout_ms: 0 is forever.
        """
        self._timeout_ms = timeout_ms
        limit_s = timeout_ms / 1000 if timeout_ms else float("inf")
        self._end_s = time.monotonic() + limit_s
        if self._chunk is not None:
            try:
                self._runtime.run(*self._chunk)
            except (FunctionError, MemoryLimitError) as error:
                raise self._failure(error) from None
            self._chunk = None

    def stream(
        self,
        function: str,
        values: Stream,
        arguments: list[Any],
        at_end: Callable[[], None],
    ) -> Iterator[Any]:
        """What the client's part of the function makes of values.

        :param at_end: is called when all values have come; what it raises comes out.
        """
        slices = _slices(values, at_end)
        try:
            yield from self._runtime.stream(
                function, slices, *arguments, is_client=True, in_slices=True
            )
        except (FunctionError, MemoryLimitError) as error:
            raise self._failure(error) from None

    def tidy(self) -> None:
        """Let go of the values of the last aggregation."""
        self._runtime.tidy()

    def stop(self) -> None:
        """Have what runs in another thread time out."""
        self._end_s = float("-inf")

    def _check(self) -> None:
        if time.monotonic() > self._end_s:
            raise made(
                exception.TimeoutError,
                _TIMEOUT,
                f"the function did not end within total_timeout, {self._timeout_ms} ms",
                f"it ran in the client: module {self._module!r}",
            )

    def _failure(
        self, error: FunctionError | MemoryLimitError
    ) -> exception.AerospikeError:
        """What the user hears of a script that failed."""
        if isinstance(error, MemoryLimitError):
            self.is_full = True
            return made(
                exception.UDFError,
                _FAILED,
                "the function needs more memory than lua.max_memory allows",
                f"{self._max_memory} bytes; config['lua']['max_memory'] changes that",
            )
        if isinstance(error, FunctionMissingError):
            return made(exception.UDFNotFound, _NO_FUNCTION, "function not found")
        message = str(error)
        stack = error.stack.removeprefix(message).lstrip()  # begins with the message
        return made(
            exception.UDFError, _FAILED, f"UDF: Execution Error 2 : {message}", stack
        )


def _slices(values: Stream, at_end: Callable[[], None]) -> Iterator[list[Any]]:
    yield from iter(functools.partial(values.slice, _SLICE), [])
    at_end()


# states that nobody uses, for the next aggregation with the same module
_idle: dict[Any, _Script] = {}
_MOST_IDLE = 8


def _script_of(settings: tuple[str, str, int], module: str) -> _Script:
    script = _idle.pop((settings, module), None)
    if script is not None and script.files.are_unchanged():
        return script
    return _Script(settings, module)


def _put_aside(script: _Script) -> None:
    if len(_idle) < _MOST_IDLE and not script.is_full:
        script.tidy()
        _idle[script.key] = script


# --- results ---

_PLAIN = frozenset([bool, int, float, str, type(None)])


def _python_of(value: Any, blob: type) -> Any:
    """A value as the user gets it; containers are changed in place.

    :param blob: bytes, or bytearray where programs of the 2.x line want that.
    """
    if type(value) in _PLAIN:
        return value
    whole = [value]
    left: list[Any] = [whole]  # nested as deep as a node likes
    for container in left:
        is_list = isinstance(container, list)
        for place, item in enumerate(container) if is_list else container.items():
            if type(item) in _PLAIN:
                continue
            if isinstance(item, bytes):
                container[place] = blob(item)
            elif isinstance(item, containers.GeoJSON):
                container[place] = GeoJSON(item.text)
            elif isinstance(item, list | dict):
                left.append(item)
    return whole[0]


class Aggregation:
    """The results of an aggregation as they come, to loop over."""

    __slots__ = ("__weakref__", "_elements", "_lock", "_script", "_values")

    def __init__(
        self, script: _Script, values: Stream, elements: Generator[Any]
    ) -> None:
        self._script = script
        self._values = values
        self._elements = elements
        self._lock = allocate_lock()

    def __repr__(self) -> str:
        return f"<aerospike aggregation over a {self._values!r}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        self._enter()
        try:
            return next(self._elements)
        finally:
            self._lock.release()

    def collect(self) -> list[Any]:
        """A list of all results that are left."""
        self._enter()
        try:
            return list(self._elements)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the aggregation: its nodes are told nothing more, and stop."""
        self._enter()
        try:
            self._elements.close()
            self._values.close()
        finally:
            self._lock.release()

    def stop(self) -> None:
        """Have the thread that reads the results fail soon; for other threads."""
        self._script.stop()
        self._values.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise client_error("the results are being read by another thread")


def aggregate(
    client: Client, is_scan: bool, spec: dict[str, Any], policy: Options | None
) -> Aggregation:
    """Have a function work on all nodes, and here on what they give.

    :param spec: what is asked for, as `_query` describes it.
    :raises LuaFileNotFound: the module is not in lua.user_path.
    :raises ClusterChangeError: partitions are moving, or have moved in the end.
    :raises ClientError: the package lupa is not installed.
    """
    client._check_open()
    script = _script_of(client._lua(), spec["module"])
    watch = Watch(spec["ns"])
    values, arguments, timeout_ms, blob = client._aggregate(
        is_scan, spec, policy, runs(client, watch.begin)
    )
    try:
        script.begin(timeout_ms)
    except exception.AerospikeError as error:
        explain(error, spec["module"], spec["function"])
        raise
    end = runs(client, watch.end)
    elements = _elements(script, values, arguments, blob, spec, end)
    return Aggregation(script, values, elements)


def _elements(
    script: _Script,
    values: Stream,
    arguments: list[Any],
    blob: type,
    spec: dict[str, Any],
    end: Callable[[], None],
) -> Generator[Any]:
    """The results. When they end early, the nodes hear of it."""
    is_usable = True  # the Lua state, for another aggregation
    try:
        function = spec["function"]
        for value in script.stream(function, values, arguments, end):
            yield value if type(value) in _PLAIN else _python_of(value, blob)
    except exception.AerospikeError as error:
        is_usable = error.code != _TIMEOUT
        explain(error, spec["module"], spec["function"])
        raise
    except GeneratorExit:
        raise
    except BaseException:
        is_usable = False  # it was stopped at any place
        raise
    finally:
        values.close()
        if is_usable:
            _put_aside(script)
