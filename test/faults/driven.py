"""A client whose methods are awaited, in the guise of one whose methods block.

What is tried on every kind of call is tried on both clients so, and written once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import aerospike
from aerospike._calls import awaiting


class Driven:
    """Each method runs an event loop until its call has ended; so do the methods of the
    queries and scans that it makes. A context manager, which connects.

    :param client: an AsyncClient. Others may use it in other threads meanwhile.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return partial(self._carry_out, found) if callable(found) else found

    def _carry_out(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._loop.run_until_complete(self._answer(method, args, kwargs))

    async def _answer(self, method: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """What a method returns, or what comes of awaiting that."""
        found = method(*args, **kwargs)
        if hasattr(found, "__await__"):
            found = await found
        elif hasattr(found, "__aiter__") and method.__name__ == "stream":
            return [each async for each in found]
        if type(found).__name__.endswith(("Query", "Scan")):
            return Asked(found, self)
        return found

    def answer(self, request: Any) -> Any:
        """What a call of several requests wants, as its runner has it."""
        return self._loop.run_until_complete(awaiting.answer(self._client, request))

    def __enter__(self) -> Driven:
        self.connect()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
        self.end()

    def of_this_thread(self) -> Driven:
        """The same client, with a loop of its own."""
        return Driven(self._client)

    def end(self) -> None:
        """End the loop, not the client."""
        self._loop.close()


class Asked:
    """A query or scan of such a client."""

    def __init__(self, made: Any, client: Driven) -> None:
        self._made = made
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return partial(self._client._carry_out, getattr(self._made, name))


def driven(config: Any) -> Driven:
    """A client of this configuration."""
    return Driven(aerospike.AsyncClient(config))
