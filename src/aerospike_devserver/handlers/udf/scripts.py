"""The Lua states of modules: one for each, made when one of its functions is called.

A state is made anew when any module has changed, and when a function was stopped.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aerospike_devserver.storage.modules import Module, Modules
from aerospike_devserver.storage.state import ClusterState

if TYPE_CHECKING:
    from aerospike_lua.runtime import Runtime

SUFFIX = ".lua"
NO_MODULE = "UDF: Execution Error 1"
NO_FUNCTION = "function not found"
NO_TEXT = "result value type unexpected"
TIMED_OUT = "UDF Execution Timeout"
"""What a call fails with, in the words of a real server. NO_TEXT: the script raised an
error that is no string."""
NO_LUPA = 'functions need lupa: pip install "aerospike[devserver]"'

log = logging.getLogger("aerospike_devserver.udf")
_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
}


class CallError(Exception):
    """A function failed, or there is none: the text that the client gets."""


class _StoppedError(Exception):
    """A function has had its time."""


class Script:
    """The Lua state of one module.

    Whatever its functions do, they do it in `limited`.
    """

    def __init__(self, cluster: ClusterState, module: Module) -> None:
        """Run the module's file; CallError."""
        config = cluster.config.udf
        self._modules = cluster.modules
        self._name = module.name
        self._end_s = 0.0
        self._has_time = True
        self.runtime: Runtime = _runtime_type()(
            log=_write_log,
            find=self._find,
            check=self._check,
            max_memory=config.max_memory,
            is_full=config.is_full,
            now=lambda: cluster.clock.now_ms() if self._has_time else 0,
        )
        with self.limited(config.timeout_s):
            self.runtime.run(module.source, module.name)

    @contextlib.contextmanager
    def limited(self, limit_s: float, has_time: bool = True) -> Iterator[None]:
        """Give the functions that run in this block so many seconds; CallError.

        After a stop the next call of the module gets a new state. has_time: whether
        they are told what time it is, else 0.
        """
        from aerospike_lua.runtime import (
            FunctionError,
            FunctionMissingError,
            MemoryLimitError,
        )

        self.go_on(limit_s)
        self._has_time = has_time
        try:
            yield
        except FunctionMissingError:
            raise CallError(NO_FUNCTION) from None
        except FunctionError as error:
            raise CallError(str(error) if error.is_text else NO_TEXT) from None
        except _StoppedError:
            self._forget()
            text = (
                f"{TIMED_OUT}: {self._name} was stopped after {round(limit_s, 3):g} s"
            )
            raise CallError(text) from None
        except MemoryLimitError as error:
            self._forget()
            raise CallError(f"{self._name}: {error}") from None

    def go_on(self, limit_s: float) -> None:
        """Let the function that runs have so many seconds from now on."""
        self._end_s = time.monotonic() + limit_s

    def _forget(self) -> None:
        if self._modules.made.get(self._name) is self:
            del self._modules.made[self._name]

    def _check(self) -> None:
        if time.monotonic() > self._end_s:
            raise _StoppedError

    def _find(self, name: str) -> tuple[bytes, str] | None:
        found = self._modules.find(name + SUFFIX)
        return None if found is None else (found.source, found.name)


def _runtime_type() -> type[Runtime]:
    """CallError without lupa."""
    try:
        from aerospike_lua.runtime import Runtime
    except ImportError as cause:
        _tell_of_lupa()
        raise CallError(NO_LUPA) from cause
    return Runtime


@functools.cache
def _tell_of_lupa() -> None:
    """Log what is missing, once in a process: a job may have many records."""
    log.error("%s", NO_LUPA)


def _write_log(level: str, text: str) -> None:
    log.log(_LEVELS[level], "%s", text)


def script_of(cluster: ClusterState, name: bytes) -> Script:
    """The state of a module, by its name in a message; CallError."""
    file = name.decode("utf-8", "surrogateescape") + SUFFIX
    modules: Modules = cluster.modules
    module = modules.find(file)
    if module is None:
        _runtime_type()  # without it nobody could register a module
        raise CallError(NO_MODULE)
    script = modules.made.get(file)
    if script is None:
        script = modules.made[file] = Script(cluster, module)
    assert isinstance(script, Script)
    return script


class CompileError(NamedTuple):
    """Why a module cannot be registered. file: "" if the message does not say."""

    file: str
    line: int
    message: str


def compile_error(cluster: ClusterState, module: Module) -> CompileError | None:
    """What is wrong with a module, if it cannot be run."""
    try:
        Script(cluster, module)
    except CallError as error:
        text = str(error)
        place = re.match(rf"({re.escape(module.name)}):(\d+): ", text)
        if place is None:
            return CompileError("", 0, text)
        return CompileError(place[1], int(place[2]), text[place.end() :])
    return None
