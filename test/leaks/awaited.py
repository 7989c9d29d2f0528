"""Awaited calls, and what is left of them; runs in a process of its own.

Many of them are under way at once. A client that blocks has none that are given up
while others go on, nor any that nobody awaits.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aerospike
from aerospike import _core, exception

from ..chaos import leaving
from ..waiting import patient, until
from .calls import (
    META,
    MISSING,
    N_CALLS,
    OPS,
    SEND,
    assert_almost_flat,
    assert_flat,
    n_files_and_threads,
    wait_until_none_are_left,
)

KEY = ("test", "leaks", "awaited")
BINS = {"n": 1, "text": "x" * 30, "list": [1, {"a": 2}]}
HERE = [KEY, MISSING, KEY]
AT_ONCE = 50
"""Calls that are under way at once."""
MAX_CONNECTIONS = 20
"""A pool keeps what it once needed."""

Kind = Callable[[Any], Awaitable[Any]]


def failing(kind: type[Exception], call: Callable[[Any], Any]) -> Kind:
    """The call, whose failure is as wanted."""

    async def run(client: Any) -> None:
        try:
            await call(client)
        except kind:
            return
        raise AssertionError("it did not fail")

    return run


def left(way: str, patience_s: float) -> Kind:
    """A call that is given up, unless it ends before."""

    async def run(client: Any) -> None:
        with contextlib.suppress(*leaving.ENDS):
            await leaving.carry_out(way, lambda: client.put(KEY, BINS), patience_s)

    return run


async def unsent(client: Any) -> None:
    """Cancelled before anything is sent."""
    call = client.put(KEY, BINS, META, SEND)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call


async def unanswered(client: Any) -> None:
    """Cancelled when it is sent, most likely."""
    call = client.get(KEY, SEND)
    for _ in range(2):
        await asyncio.sleep(0)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call


async def forgotten(client: Any) -> None:
    """Nobody awaits it, nor its error."""
    client.get(KEY)
    await client.exists(KEY)


async def one_after_another(client: Any) -> None:
    async for _ in client.scan("test", "leaks"):
        pass


async def left_early(client: Any) -> None:
    async for _ in client.scan("test", "leaks"):
        return
    raise AssertionError("there was no record")


CALLS: dict[str, Kind] = {
    "get": lambda c: c.get(KEY, SEND),
    "put": lambda c: c.put(KEY, BINS, META, SEND),
    "operate": lambda c: c.operate(KEY, OPS, META, SEND),
    "get of nothing": failing(exception.RecordNotFound, lambda c: c.get(MISSING)),
    "refused": failing(exception.ParamError, lambda c: c.get((*KEY[:2], 1.5))),
    "too big": failing(
        exception.RecordTooBig, lambda c: c.put(MISSING, {"a": bytes(1 << 20)})
    ),
    "unsent": unsent,
    "unanswered": unanswered,
    "forgotten": forgotten,
    "out of time": left("wait_for()", 0.0),
    **{f"left by {way}": left(way, 0.001) for way in leaving.WAYS},
    "batch_read": lambda c: c.batch_read(HERE, None, SEND),
    "info": lambda c: c.info_all("build"),
    "scan": one_after_another,
    "scan left early": left_early,
}
SLOW = ("batch_read", "info", "scan", "scan left early", "too big")
OFTEN = {"get": 25, "put": 10, "unsent": 40, "refused": 40, "forgotten": 5}
"""Weights of the calls in the long run; of the others, 1, but 0 of the slow ones."""

CLIENT: Any
ADDRESS: tuple[str, int]
LOOP: asyncio.AbstractEventLoop


def make() -> Any:
    """A client of the server."""
    config = {
        "hosts": [ADDRESS],
        "tend_interval": 60_000,
        "max_conns_per_node": MAX_CONNECTIONS,
    }
    return aerospike.AsyncClient(patient(config))


def connect(host: str, port: int) -> None:
    """Make the client and the loop of the checks below."""
    global ADDRESS, CLIENT, LOOP  # a process of its own
    ADDRESS = host, port
    LOOP = asyncio.new_event_loop()
    LOOP.set_exception_handler(unexpected)
    CLIENT = make()
    LOOP.run_until_complete(CLIENT.put(KEY, BINS))


TOLD: list[str] = []


def unexpected(_loop: asyncio.AbstractEventLoop, found: dict[str, Any]) -> None:
    """Keep what a loop tells of."""
    TOLD.append(repr(found))


async def together(calls: list[Kind]) -> None:
    """All at once."""
    await asyncio.gather(*(call(CLIENT) for call in calls))


def check_call(name: str) -> None:
    """Calls that are awaited leave nothing."""
    call = CALLS[name]
    n_calls = max(N_CALLS // (200 if name in SLOW else 20), 5)

    def run() -> None:
        LOOP.run_until_complete(together([call] * (5 if name in SLOW else AT_ONCE)))

    flat(run, n_calls)


def flat(run: Callable[[], None], n: int) -> None:
    """Nothing is left of something that is done n times."""
    run()
    n_files, n_threads = n_files_and_threads()
    assert_flat(run, n)
    wait_until_none_are_left((n_files + MAX_CONNECTIONS, n_threads))
    assert TOLD == []


def check_many(n_calls: int) -> None:
    """A mixture of all calls leaves nothing: so many of them, after a fifth more."""
    rng = random.Random(n_calls)
    weights = [OFTEN.get(name, name not in SLOW) for name in CALLS]
    drawn = rng.choices(list(CALLS.values()), weights, k=AT_ONCE * 100)
    shares = itertools.cycle(
        drawn[at : at + AT_ONCE] for at in range(0, len(drawn), AT_ONCE)
    )
    flat(lambda: LOOP.run_until_complete(together(next(shares))), n_calls // AT_ONCE)


SHORT = ("get", "put", "operate", "unanswered", "batch_read", "scan", "info")
"""Calls that are tried without memory."""
N_CALM = 2
"""After so many tries in a row in which nothing fails, no allocation is left to."""


def check_without_memory(name: str) -> None:
    """Each allocation of the library fails in turn, and all behind it: calls that are
    under way at once end all the same, the next ones find all in order, and no block
    is left.
    """
    call = CALLS[name]
    sweep(call)
    before = _core.fail_allocations(0)
    sweep(call)
    gc.collect()
    # the thread of the client may need some for a moment
    until(lambda: _core.fail_allocations(0) <= before, "blocks of the library are left")


def sweep(call: Kind) -> None:
    nth = n_calm = 0
    while n_calm < N_CALM:
        nth += 1
        assert nth < 5000, "it does not end"
        n_calm += 1
        for error in LOOP.run_until_complete(starved(call, nth)):
            if error is not None:
                n_calm = 0
                assert isinstance(error, (MemoryError, exception.AerospikeError)), nth
        LOOP.run_until_complete(CLIENT.get(KEY))


async def starved(call: Kind, nth: int) -> list[Any]:
    """What some calls raise whose nth allocation fails."""
    _core.fail_allocations(nth)
    try:
        found = await asyncio.gather(
            *(call(CLIENT) for _ in range(3)), return_exceptions=True
        )
    finally:
        _core.fail_allocations(0)
    return [each if isinstance(each, BaseException) else None for each in found]


async def in_passing() -> None:
    """A loop that has had calls, one of which is still under way when it ends."""
    await CLIENT.get(KEY)
    CLIENT.get(KEY)


async def open_and_close() -> None:
    """A client that has come and gone."""
    async with make() as client:
        await asyncio.gather(*(client.get(KEY) for _ in range(AT_ONCE)))


async def close_in_the_middle() -> None:
    """A client that is closed with calls under way."""
    client = make()
    calls = [client.get(KEY) for _ in range(AT_ONCE)]
    await client.exists(KEY)
    await client.close()
    for call in calls:
        with contextlib.suppress(exception.AerospikeError):
            await call


N_LOOPS = 60
LOOPS = {
    "loop": in_passing,
    "client": open_and_close,
    "closed in the middle": close_in_the_middle,
}


def check_loop(name: str) -> None:
    """A loop that has come and gone leaves nothing."""
    assert_almost_flat(lambda: asyncio.run(LOOPS[name]()), N_LOOPS, MAX_CONNECTIONS)
