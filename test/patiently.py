"""python test/patiently.py PROGRAM ARGUMENTS...: run it with patient clients.

For programs that are shown, or were recorded, with the client's own timeouts: a busy
machine is not what they are about. A program may await outside of functions, as in the
prompt of `python -m asyncio`: one event loop then runs whatever awaits.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import aerospike
from aerospike import _from_text
from waiting import patient  # type: ignore[import-not-found]  # beside this file

_make = aerospike.client


def _client(config: Mapping[str, Any]) -> aerospike.Client:
    return _make(patient(dict(config)))


def be_patient(text: str) -> None:
    """Replace what a program makes clients with."""
    aerospike.client = _client
    _from_text.client = _client  # type: ignore[attr-defined]  # it imports this name
    if "AsyncClient" in text:  # it takes time to import

        class AsyncClient(aerospike.AsyncClient):
            def __init__(self, config: Mapping[str, Any]) -> None:
                super().__init__(patient(dict(config)))

        aerospike.AsyncClient = AsyncClient  # type: ignore[misc]


def awaits(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_COROUTINE)


def run(path: str) -> None:
    """Run a program, statement by statement if there is one that awaits."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    text = Path(path).read_text(encoding="utf-8")
    be_patient(text)
    if not awaits(compile(text, path, "exec", flags, dont_inherit=True)):
        runpy.run_path(path, run_name="__main__")
        return
    names: dict[str, Any] = {"__name__": "__main__"}
    loop = asyncio.new_event_loop()
    for statement in ast.parse(text, path).body:
        module = ast.Module([statement], [])
        code = compile(module, path, "exec", flags, dont_inherit=True)
        result = eval(code, names)
        if awaits(code):
            loop.run_until_complete(result)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


if __name__ == "__main__":
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))  # as Python does
    run(sys.argv[0])
