"""How much memory the containers of scripts may take.

Lua counts what it allocates itself. Containers are objects of Python, so their growth
is counted here, roughly and without what is freed. Once that comes to the limit, what
is in use is added up.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from .containers import Bytes, List, Map
from .errors import MemoryLimitError

_CONTAINERS = (Map, List, Bytes)


class Budget:
    """`in_use` gives the bytes that Lua itself takes, after a collection of garbage."""

    def __init__(self, limit: int, in_use: Callable[[], int]) -> None:
        self._limit, self._in_use = limit, in_use
        self._left = float(limit or "inf")

    def take(self, size: int) -> None:
        """Count some bytes. Raises MemoryLimitError where too many are in use."""
        self._left -= size
        if self._left < 0:
            self._renew()

    def _renew(self) -> None:
        used = self._in_use() + containers_in_use()
        if used > self._limit:
            raise MemoryLimitError
        # adding up takes a while: not again at once
        self._left = max(self._limit - used, self._limit // 8)


def containers_in_use() -> int:
    """About how many bytes all containers of this process take."""
    gc.collect()
    return sum(
        found.size() for found in gc.get_objects() if isinstance(found, _CONTAINERS)
    )
