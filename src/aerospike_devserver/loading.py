"""Modules that are loaded when they are first needed, by whatever thread needs them.

    load_module("handlers.query.query")
    from aerospike_devserver.handlers.query import query

A fork waits until nothing is being loaded: in its child the thread that loads would be
gone, and nobody could ever load what it has begun. A descriptor is kept for reading
files, so that a request does not fail because clients have taken all others.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from functools import cache
from importlib import import_module

LOADING = threading.RLock()
"""Held while a module is loaded."""

os.register_at_fork(
    before=LOADING.acquire,
    after_in_parent=LOADING.release,
    after_in_child=LOADING.release,
)


class _Spare:
    """The descriptor that is kept. Used under LOADING only."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._take()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            self._descriptor = os.open(os.devnull, os.O_RDONLY)

    @contextlib.contextmanager
    def given_up(self) -> Iterator[None]:
        """Leave it to the import system meanwhile."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        try:
            yield
        finally:
            self._take()


_spare = _Spare()


@cache
def load_module(name: str) -> None:
    """Load a module of this package, unless it has been; it is whole in the end."""
    with LOADING, _spare.given_up():
        import_module(f"aerospike_devserver.{name}")
