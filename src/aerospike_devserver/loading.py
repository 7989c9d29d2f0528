"""Modules that are loaded when they are first needed, by whatever thread needs them.

    load_module("handlers.query.query")
    from aerospike_devserver.handlers.query import query

A fork waits until nothing is being loaded: in its child the thread that loads would be
gone, and nobody could ever load what it has begun. Descriptors are kept for reading
files, so that a request does not fail because clients have taken all others.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

LOADING = threading.RLock()
"""Held while a module is loaded."""

os.register_at_fork(
    before=LOADING.acquire,
    after_in_parent=LOADING.release,
    after_in_child=LOADING.release,
)


class _Spares:
    """The descriptors that are kept. Used under LOADING only."""

    # one to read a file, one for what a library keeps open (libffi 3.5, of ctypes)
    N = 2

    def __init__(self) -> None:
        self._descriptors: list[int] = []
        self._take()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while len(self._descriptors) < self.N:
                self._descriptors.append(os.open(os.devnull, os.O_RDONLY))

    @contextlib.contextmanager
    def given_up(self) -> Iterator[None]:
        """Leave them to the import system meanwhile."""
        while self._descriptors:
            os.close(self._descriptors.pop())
        try:
            yield
        finally:
            self._take()


_spares = _Spares()


@cache
def load_module(name: str) -> None:
    """Load a module of this package, unless it has been; it is whole in the end."""
    with LOADING, _spares.given_up():
        import_module(f"aerospike_devserver.{name}")


def load_all() -> None:
    """Load all modules that only some requests need.

    For those who can wait now, such as a session of tests: on a busy machine the first
    request of a kind may otherwise take longer than its client waits.
    """
    prefix = f"{__package__}."
    for package in ("expressions", "handlers", "operations"):
        load_module(package)
        folder = os.path.join(os.path.dirname(__file__), package)
        for module in walk_packages([folder], f"{prefix}{package}."):
            load_module(module.name.removeprefix(prefix))
