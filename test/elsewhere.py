"""Objects of a package that another interpreter has, for tests of one that has it not.

The other interpreter runs this file. It is told by pickles what to do, and answers with
pickles: plain values go as they are, each path as its text, since not all Pythons have
its class in the same module, and each other object as its number.
"""

from __future__ import annotations

import datetime
import importlib
import io
import pickle
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

PLAIN = (
    *(type(None), bool, int, float, str, bytes, list, tuple, dict, range),
    *(datetime.datetime, datetime.timedelta, datetime.timezone),
)


class Elsewhere:
    """An object that lives in the other interpreter."""

    def __init__(self, side: _Asking, number: int) -> None:
        self._side, self._number = side, number

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "configure_cert":  # a context is of this process
            return self._configure_cert
        return self._side.ask("getattr", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._side.ask("call", self, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._side.ask("list", self))

    def __str__(self) -> str:
        return str(self._side.ask("str", self))

    def __instancecheck__(self, made: object) -> bool:
        return bool(self._side.ask("isinstance", made, self))

    def _configure_cert(self, context: ssl.SSLContext) -> None:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(self.private_key_and_cert_chain_pem.bytes())
            file.flush()
            context.load_cert_chain(file.name)


def _sent(message: object, number_of: Callable[[object], int | None]) -> bytes:
    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> int | str | None:
            return str(obj) if isinstance(obj, Path) else number_of(obj)

    data = io.BytesIO()
    Pickler(data).dump(message)
    return data.getvalue()


def _received(file: IO[bytes], object_of: Callable[[int], object]) -> Any:
    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: int | str) -> object:
            return Path(pid) if isinstance(pid, str) else object_of(pid)

    return Unpickler(file).load()


class _Asking:
    """The side of the tests."""

    def __init__(self, python: str) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [python, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, what: str, *args: Any) -> Any:
        to, from_ = self._process.stdin, self._process.stdout
        assert to is not None
        assert from_ is not None

        def number_of(obj: object) -> int | None:
            return obj._number if type(obj) is Elsewhere else None

        with self._lock:
            to.write(_sent((what, args), number_of))
            to.flush()
            is_fine, answer = _received(from_, lambda number: Elsewhere(self, number))
        if not is_fine:
            raise answer
        return answer


def modules_of(python: str, names: list[str]) -> dict[str, Elsewhere]:
    """These modules in another interpreter; none if it lacks one of them."""
    if not Path(python).exists():
        return {}
    side = _Asking(python)
    try:
        return {name: side.ask("import", name) for name in names}
    except ImportError:
        return {}


TOLD: dict[str, Callable[..., Any]] = {
    "import": importlib.import_module,
    "getattr": getattr,
    "call": lambda function, args, kwargs: function(*args, **kwargs),
    "list": list,
    "str": str,
    "isinstance": isinstance,
}


def _serve() -> None:
    """The other side: do as told until the input ends."""
    objects: list[object] = []

    def number_of(obj: object) -> int | None:
        kind = obj if isinstance(obj, type) else type(obj)
        if kind in PLAIN or issubclass(kind, BaseException):
            return None
        objects.append(obj)
        return len(objects) - 1

    while True:
        try:
            what, args = _received(sys.stdin.buffer, objects.__getitem__)
        except EOFError:
            return
        try:
            answer = True, TOLD[what](*args)
        except Exception as error:  # noqa: BLE001 - that of the one who asks
            answer = False, error
        sys.stdout.buffer.write(_sent(answer, number_of))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
