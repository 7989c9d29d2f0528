"""How much memory the containers of scripts may take.

Lua counts what it allocates itself. Containers are objects of Python, so their growth
is counted here, roughly and without what is freed. Once that comes to the limit, what
is in use is added up.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from .containers import Bytes, GeoJSON, List, Map
from .errors import MemoryLimitError
from .records import Record

_CONTAINERS = (Map, List, Bytes, GeoJSON, Record)
# so much may grow before somebody looks whether the script has to stop
_STEP = 1 << 20


class Budget:
    """`look` raises if the script has to stop.

    `in_use` gives the bytes that Lua itself takes, after a collection of garbage.
    """

    def __init__(
        self, limit: int, look: Callable[[], None], in_use: Callable[[], int]
    ) -> None:
        self._limit, self._look, self._in_use = limit, look, in_use
        self._free = float(limit or "inf")
        self._left = _STEP

    def take(self, size: int) -> None:
        """Count some bytes. Raises MemoryLimitError where too many are in use."""
        self._left -= size
        if self._left < 0:
            self._free -= _STEP - self._left
            self._left = _STEP
            self._look()
            if self._free < 0:
                self._add_up()

    def _add_up(self) -> None:
        used = self._in_use() + containers_in_use()
        if used > self._limit:
            raise MemoryLimitError
        # adding up takes a while: not again at once
        self._free = max(self._limit - used, self._limit // 8)


def containers_in_use() -> int:
    """About how many bytes all containers of this process take."""
    gc.collect()
    return sum(
        found.size() for found in gc.get_objects() if isinstance(found, _CONTAINERS)
    )
