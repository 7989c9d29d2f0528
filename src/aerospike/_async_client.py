"""The asynchronous client: its life. Its calls are those of Client, as rows of C."""

from __future__ import annotations

import copy
import os
import warnings
from contextvars import copy_context
from threading import Thread
from time import monotonic

from aerospike import _loops, exception
from aerospike._async_calls import AsyncCalls
from aerospike._calls.signatures import goes_by_its_name
from aerospike._core import AsyncClient as Base
from aerospike._errors import made
from aerospike._hints import Any, NoReturn
from aerospike._imports import whole as _whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from typing_extensions import Self

_CLOSE_WAITS_S = 10.0
"""How long close() waits, at most, for calls under way that have no limit of time."""


class _Attempt:
    """A thread that connects, for all who wait for that in whatever event loop."""

    def __init__(self, connect: Callable[[], object]) -> None:
        self._waiting: list[_Waiter] = []
        self._todo = [connect]  # which is the client's, and goes before anybody is told
        self.is_done = False
        self.error: BaseException | None = None
        self._process = os.getpid()
        # not kept: the stack of a thread stays as long as its object
        Thread(target=self._run, name="aerospike", daemon=True).start()

    def is_left_behind(self) -> bool:
        """Has the process forked meanwhile? The thread is the parent's, then."""
        return not self.is_done and self._process != os.getpid()

    def _run(self) -> None:
        try:
            self._todo.pop()()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            self.error = error
        self.is_done = True
        while self._waiting:
            waiter = self._waiting.pop()
            try:
                waiter.adapter.from_thread(waiter.end)
            except RuntimeError:  # that event loop is closed
                pass

    def add(self, waiter: _Waiter) -> None:
        self._waiting.append(waiter)
        if self.is_done:  # perhaps before it could see that somebody waits
            waiter.adapter.call_soon(waiter.end)


class _Waiter:
    """Somebody who is told once when an attempt has ended, or his time is up.

    :param told: called in the event loop with the error, or None.
    """

    def __init__(
        self,
        attempt: _Attempt,
        limit_s: float | None,
        told: Callable[[BaseException | None], object],
    ) -> None:
        self.adapter = _loops.present()
        self._attempt = attempt
        self._told: Callable[[BaseException | None], object] | None = told
        self._timer: Any = None
        if limit_s is not None:
            self._timer = self.adapter.call_later(limit_s, self.end)
        attempt.add(self)

    def end(self) -> None:
        told, self._told = self._told, None
        if told is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        # each error has a traceback of its own
        error = copy.copy(self._attempt.error)
        told(error if self._attempt.is_done else _too_late())


def _too_late() -> exception.AerospikeError:
    return made(
        exception.TimeoutError,
        9,
        "Failed to connect",
        "the call had to connect first, and its total_timeout has passed",
    )


async def _call(
    call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Make a call in the event loop that runs by now."""
    return await call(*args, **kwargs)


@goes_by_its_name
class AsyncClient(AsyncCalls, Base):
    """A client of one Aerospike cluster for event loops: asyncio, uvloop, trio.

    The constructor sends nothing. ``await connect()``, ``async with`` or the first call
    connects. Any number of event loops, in any number of threads, may use the client.
    They share its knowledge of the cluster.

    :param config: dict, as for aerospike.client(); "hosts" is required.
    :raises ParamError: the configuration is malformed.
    """

    __module__ = "aerospike"

    _attempt: _Attempt | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'aerospike.AsyncClient' object")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make an AsyncClient from a URL; see `aerospike.client_from_url()`.

        :raises ParamError: it is malformed, or a parameter is unknown.
        """
        return cls(_whole("aerospike._from_text").config_from_url(url))

    @classmethod
    def from_env(cls) -> Self:
        """Make an AsyncClient from environment variables; see
        `aerospike.client_from_env()`.

        :raises ParamError: one is malformed, or none names a host.
        """
        return cls(_whole("aerospike._from_text").config_from_env())

    async def connect(
        self, username: str | None = None, password: str | None = None
    ) -> Self:
        """Connect, unless the client is connected already; returns the client.

        After close(), this opens the client again. With a user and a password, the
        client logs in as that user. If it is connected as another user, it connects
        again. If that fails, it keeps its user and its connections.

        :param username: str, in place of `user` of the configuration.
        :param password: str, the password of that user.
        :raises AdminError: the cluster refuses the login.
        :raises ParamError: one of the two is missing, or malformed.
        :raises ConnectionError: no node answers.
        """
        self._check_valid()
        if username is not None or password is not None:
            await _loops.present().in_thread(self._connect, username, password)
        elif not self._is_open():
            await self._connected()
        return self

    async def _connected(self, limit_s: float | None = None) -> None:
        """Connect, together with all others who want that now."""
        signal = self._signal()
        self._when_connected(
            limit_s,
            lambda error: signal._set() if error is None else signal._fail(error),
        )
        await signal

    def _when_connected(
        self,
        limit_s: float | None,
        told: Callable[[BaseException | None], object],
    ) -> None:
        """Connect; see _Waiter."""
        if isinstance(_loops.present(), _loops.ByHand):
            try:  # here, since nobody would wake who waits for a thread
                self._connect()
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                told(error)
            else:
                told(None)
            return
        attempt = self._attempt
        if attempt is None or attempt.is_done or attempt.is_left_behind():
            attempt = self._attempt = _Attempt(self._connect)
        _Waiter(attempt, limit_s, told)

    async def _later(
        self,
        limit_ms: int,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Connect, and await what a function gives; limit_ms as below."""
        began = monotonic()
        await self._connected(limit_ms / 1000 if limit_ms else None)
        took_ms = int((monotonic() - began) * 1000)
        return await self._call_late(took_ms, call, args, kwargs)

    def _in_a_loop(
        self,
        name: str,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Coroutine[Any, Any, Any]:
        """A coroutine that makes a call for which no event loop runs yet."""
        coroutine = _call(call, args, kwargs)
        named: Any = coroutine
        named.__qualname__ = f"AsyncClient.{name}"
        return coroutine

    def _after_connecting(
        self,
        signal: Any,
        limit_ms: int,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Connect, and make a call as which a signal ends.

        :param limit_ms: the total timeout of the call, 0 for none.
        """
        began = monotonic()
        run = copy_context().run

        def go_on(error: BaseException | None) -> None:
            if signal.done():
                return
            took_ms = int((monotonic() - began) * 1000)
            try:
                if error is not None:
                    raise error
                signal._follow(run(self._call_late, took_ms, call, args, kwargs))
            except BaseException as failure:  # noqa: BLE001 - raised where it is awaited
                signal._fail(failure.with_traceback(None))

        self._when_connected(limit_ms / 1000 if limit_ms else None, go_on)

    async def close(self) -> None:
        """Refuse new calls, wait for the running calls, and disconnect.

        Running calls end normally. In this event loop, calls without a time limit end
        after ten seconds at most. If close() itself is cancelled, it cancels the calls
        of this event loop. close() may be called twice. ``connect()`` opens the client
        again.
        """
        adapter = _loops.present()
        for end in list(getattr(self, "_extras", {}).values()):
            end()
        loops, cluster = self._let_go()
        may_wait = True
        try:
            for loop in loops:
                if loop.is_here(adapter.key):
                    await _idle(adapter, loop)
        except GeneratorExit:  # the coroutine was dropped in the middle
            may_wait = False
            raise
        finally:
            for loop in loops:
                if loop.is_here(adapter.key):
                    loop.cut()
                else:
                    loop.retire()
            loops.clear()
            if cluster is not None:
                held, cluster = [cluster], None
                if may_wait:
                    await adapter.in_thread(held.clear)  # this may wait for a thread
                else:
                    Thread(target=held.clear, name="aerospike", daemon=True).start()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        # at the end of the interpreter this module may have lost its names
        if self._is_open():
            # any line may run when a client goes: `source` leads to where it was made
            _warn(
                f"{self!r} was never closed", ResourceWarning, source=self, stacklevel=1
            )


async def _idle(adapter: _loops.Adapter, loop: Any) -> None:
    """Wait until nothing is under way in a loop, but not forever."""
    signal = loop.idle()
    if signal is None:
        return
    timer = adapter.call_later(_CLOSE_WAITS_S, signal._set)
    try:
        await signal
    finally:
        timer.cancel()
