"""A peer that lies to several calls at once, of which all wait on one connection.

Nothing in a reply tells whose it is but its place. A peer that mixes up the order of
good replies cannot be seen through; any other lie ends the connection, and the next
call gets an answer of its own.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..faults.peer import INFO, MESSAGE, OK_REPLY, ScriptedNode, Step, frame, reply
from ..waiting import Watch, patient

N_CALLS = 4
KEYS = [("test", "loops", number) for number in range(N_CALLS)]
DIGESTS = [bytes(aerospike.calc_digest(*key)) for key in KEYS]
DIGEST = 4  # the field
INTEGER = 1
ONCE = {"max_retries": 0}


def record(number: int) -> bytes:
    """The reply with the record of a key."""
    return reply(bins=[(b"n", INTEGER, number.to_bytes(8, "big"))])


GOOD = [record(number) for number in range(N_CALLS)]


def header(kind: int, size: int, version: int = 2) -> bytes:
    """The header of a frame that promises so much."""
    return struct.pack(">Q", version << 56 | kind << 48 | size)


class Liar(ScriptedNode):
    """A node that reads the requests of N_CALLS calls, and then sends what it likes;
    later requests get good answers.
    """

    def lie(self) -> Step:
        """What it does when it has read the requests of N_CALLS calls."""
        for _ in range(N_CALLS - 1):
            self.expect()
        step = self.expect()
        self.on_frame = self._answer_later
        return step

    def _answer_later(self, kind: int, body: bytes) -> bytes | None:
        if kind != MESSAGE or self._steps:
            return None
        found = [n for n, digest in enumerate(DIGESTS) if digest in body]
        return GOOD[found[0]]


@pytest.fixture
def liar():
    with Liar() as made:
        yield made


@asynccontextmanager
async def client_of(node: ScriptedNode, **config: Any) -> AsyncIterator[Any]:
    """A client whose calls are all on one connection."""
    given = {"hosts": [node.host], "max_conns_per_node": 1, "max_error_rate": 0}
    async with aerospike.AsyncClient(patient(given | config)) as client:
        yield client


async def get_all(client: Any, policy: Any = None) -> list[Any]:
    """The numbers that calls under way at once get, or their errors."""
    found: list[Any] = await asyncio.gather(
        *(client.get(key, policy) for key in KEYS), return_exceptions=True
    )
    return [each if isinstance(each, Exception) else each[2]["n"] for each in found]


async def check(liar: Liar, policy: Any = None) -> list[Any]:
    """What calls get that are lied to; the next ones get what is right."""
    async with client_of(liar) as client:
        found = await get_all(client, policy)
        assert await get_all(client) == [0, 1, 2, 3]
    return found


def test_replies_are_given_out_in_their_order(liar, run):
    liar.lie().send(b"".join(GOOD))
    assert run(check(liar, ONCE)) == [0, 1, 2, 3]
    assert liar.n_accepted == 2  # one of them for tending


def test_replies_may_come_a_byte_at_a_time(liar, run):
    liar.lie().trickle(b"".join(GOOD), 0.001)
    assert run(check(liar, ONCE)) == [0, 1, 2, 3]
    assert liar.n_accepted == 2


def test_wrong_order_harms_nobody_else(liar, run):
    liar.lie().send(b"".join(reversed(GOOD)))
    assert run(check(liar, ONCE)) == [3, 2, 1, 0]


@pytest.mark.parametrize(
    "replies",
    [[0, 1, 2, 3, 3], [0, 0, 1, 2, 3], [0, 1, 2, 3, 0, 1, 2, 3]],
    ids=["one more", "one twice", "all twice"],
)
def test_reply_too_many_is_nobodys(liar, run, replies):
    liar.lie().send(b"".join(GOOD[number] for number in replies))
    assert run(check(liar, ONCE)) == replies[:N_CALLS]


def test_reply_before_its_request_is_nobodys(liar, run):
    """It comes while nothing is asked, after the connection was in order."""

    async def go():
        async with client_of(liar) as client:
            assert await get_all(client, ONCE) == [0, 1, 2, 3]
            served[0].sendall(GOOD[3])
            await asyncio.sleep(0.1)
            assert await get_all(client, ONCE) == [0, 1, 2, 3]

    served: list[Any] = []
    liar.lie().do(lambda _node, sock: served.append(sock)).send(b"".join(GOOD))
    run(go())


LIES = {
    "nothing in a frame": frame(MESSAGE, b""),
    "less than a header": frame(MESSAGE, bytes([22]) + bytes(20)),
    "a size beyond all bounds": header(MESSAGE, (1 << 48) - 1),
    "a size that never comes": header(MESSAGE, 1 << 20) + bytes(100),
    "an answer to another question": frame(INFO, b"build\t8.1.2.0\n"),
    "a type that there is not": frame(9, bytes(22)),
    "a version that there is not": frame(MESSAGE, bytes([22]) + bytes(21), version=9),
    "compressed": frame(4, bytes(30)),
    "fewer bins than promised": GOOD[1][:28] + b"\0\2" + GOOD[1][30:],
    "a bin larger than its frame": GOOD[1][:30] + b"\0\0\1\0" + GOOD[1][34:],
    "garbage": bytes(range(255, 155, -1)),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
@pytest.mark.parametrize("policy", [ONCE, None], ids=["once", "again"])
def test_lie_ends_the_connection(liar, run, lie, policy):
    """The call before it has its answer. A read behind it may ask again."""
    liar.lie().send(GOOD[0] + lie + GOOD[2] + GOOD[3]).hang_up()
    found = run(check(liar, policy))
    assert found[0] == 0
    for number in (1, 2, 3):
        may_fail = policy is ONCE or number == 1
        has_failed = isinstance(found[number], exception.AerospikeError)
        assert found[number] == number or (has_failed and may_fail)


def writes_of(client: Any) -> list[Any]:
    return [client.put(key, {"n": 5}, policy=ONCE) for key in KEYS]


def test_writes_are_in_doubt_from_where_replies_are_cut(run):
    """Cut at every byte of the replies to several calls."""

    async def cut(node: Liar) -> list[Any]:
        async with client_of(node) as client:
            return await asyncio.gather(*writes_of(client), return_exceptions=True)

    for at in range(N_CALLS * len(OK_REPLY)):
        node = Liar()
        with node:
            node.lie().send((OK_REPLY * N_CALLS)[:at]).hang_up()
            found = run(cut(node))
        n_answered = at // len(OK_REPLY)
        assert [each for each in found[:n_answered] if each != 0] == []
        for error in found[n_answered:]:
            assert isinstance(error, exception.AerospikeError), (at, error)
            assert error.in_doubt, at


def test_silence_of_the_first_is_not_the_others(liar, run):
    """Who waits behind a request that is not answered asks elsewhere."""
    silence = {"socket_timeout": 100, "total_timeout": 20_000, "max_retries": 0}

    async def go():
        async with client_of(liar) as client:
            first = client.get(KEYS[0], silence)
            others = [client.get(key) for key in KEYS[1:]]
            with Watch() as watch, pytest.raises(exception.TimeoutError):
                await first
            watch.assert_took(0.1)
            assert [(await each)[2]["n"] for each in others] == [1, 2, 3]

    liar.lie().stay_silent()
    run(go())


def test_reply_after_its_time_is_not_the_next_ones(liar, run):
    """The reply to a call that has ended is counted off, however it has ended."""
    short = {"total_timeout": 50, "timeout_delay": 20_000}

    async def go():
        async with client_of(liar) as client:
            late = [client.get(KEYS[0], short), client.get(KEYS[1])]
            others = [client.get(key) for key in KEYS[2:]]
            await asyncio.sleep(0)
            late[1].cancel()
            found = await asyncio.gather(*late, return_exceptions=True)
            assert isinstance(found[0], exception.TimeoutError)
            assert isinstance(found[1], asyncio.CancelledError)
            ended.set()
            assert [(await each)[2]["n"] for each in others] == [2, 3]
            assert await get_all(client) == [0, 1, 2, 3]
        assert liar.n_accepted == 2

    ended = threading.Event()
    liar.lie().wait(ended).send(b"".join(GOOD))
    run(go())
