"""read_mode_ap and read_mode_sc: the bits that they are on the wire, of both clients.

A scripted peer shows the bytes. What a batch reads is in its rows: the header of the
whole says nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

from ..faults.monitored import BATCH, answer, rows_of
from ..faults.peer import MESSAGE, ScriptedNode, parse_request
from ..waiting import patient

KEYS = [("test", "demo", i) for i in range(2)]
KEY = KEYS[0]

READ, WRITE, ALL_OPS, AP_ALL = 0x01, 0x01, 0x80, 0x40
SC_TYPE, SC_RELAX = 0x40, 0x80
BATCH_HEAD = (0x08, 0, 0, 0)

MODES: list[tuple[dict[str, Any], int, int]] = [
    ({"read_mode_ap": aerospike.POLICY_READ_MODE_AP_ONE}, 0, 0),
    ({"read_mode_ap": aerospike.POLICY_READ_MODE_AP_ALL}, AP_ALL, 0),
    ({"consistency_level": aerospike.POLICY_CONSISTENCY_ALL}, AP_ALL, 0),
    ({"read_mode_sc": aerospike.POLICY_READ_MODE_SC_SESSION}, 0, 0),
    ({"read_mode_sc": aerospike.POLICY_READ_MODE_SC_LINEARIZE}, 0, SC_TYPE),
    ({"read_mode_sc": aerospike.POLICY_READ_MODE_SC_ALLOW_REPLICA}, 0, SC_RELAX),
    (
        {"read_mode_sc": aerospike.POLICY_READ_MODE_SC_ALLOW_UNAVAILABLE},
        0,
        SC_TYPE | SC_RELAX,
    ),
]
ALL = {"read_mode_ap": aerospike.POLICY_READ_MODE_AP_ALL}
ONE = {"read_mode_ap": aerospike.POLICY_READ_MODE_AP_ONE}

Call = Callable[[Any, Any], Any]


def rows(policy: Any = None) -> br.BatchRecords:
    """Two reads, the first with a policy of its own, and a write that reads, too."""
    return br.BatchRecords(
        [
            br.Read(KEYS[0], [op.read("n")], policy=policy),
            br.Write(KEYS[1], [op.read("n"), op.write("n", 1)]),
            br.Read(KEYS[1], None, read_all_bins=True),
        ]
    )


SINGLE: dict[str, tuple[str, Call]] = {
    "get": ("read", lambda c, p: c.get(KEY, p)),
    "select": ("read", lambda c, p: c.select(KEY, ["n"], p)),
    "exists": ("read", lambda c, p: c.exists(KEY, p)),
    "operate": ("operate", lambda c, p: c.operate(KEY, [op.read("n")], None, p)),
    "operate with a write": (
        "operate",
        lambda c, p: c.operate(KEY, [op.read("n"), op.write("n", 1)], None, p),
    ),
}
"""Name -> the section of its policy, and the call."""

BATCHES: dict[str, tuple[str, Call]] = {
    "batch_read": ("batch", lambda c, p: c.batch_read(KEYS, ["n"], p)),
    "get_many": ("batch", lambda c, p: c.get_many(KEYS, p)),
    "exists_many": ("batch", lambda c, p: c.exists_many(KEYS, p)),
    "select_many": ("batch", lambda c, p: c.select_many(KEYS, ["n"], p)),
    "batch_get_ops": ("batch", lambda c, p: c.batch_get_ops(KEYS, [op.read("n")], p)),
    "batch_operate": ("batch", lambda c, p: c.batch_operate(KEYS, [op.read("n")], p)),
    "batch_write": ("batch_parent_write", lambda c, p: c.batch_write(rows(), p)),
}
WRITES: dict[str, Call] = {
    "batch_operate": lambda c, p: c.batch_operate(
        KEYS, [op.read("n"), op.write("n", 1)], p
    ),
    "batch_remove": lambda c, p: c.batch_remove(KEYS, p),
    "batch_apply": lambda c, p: c.batch_apply(KEYS, "m", "f", [], p),
}


@pytest.fixture
def node() -> Iterator[ScriptedNode]:
    """A node that says yes to everything."""
    with ScriptedNode() as made:

        def say_yes(kind: int, body: bytes) -> bytes | None:
            if kind != MESSAGE:
                return None
            made.requests.append(parse_request(body))
            return answer(made.requests[-1])

        made.on_frame = say_yes
        yield made


@pytest.fixture(params=["Client", "AsyncClient"])
def sent(request: pytest.FixtureRequest, node: ScriptedNode) -> Callable[..., Any]:
    """sent(call, policy, policies): the request that a call of a client makes."""

    async def in_a_loop(config: Any, call: Call, policy: Any) -> None:
        async with aerospike.AsyncClient(config) as client:
            await call(client, policy)

    def make(call: Call, policy: Any = None, policies: Any = None) -> Any:
        config = patient({"hosts": [node.host]})
        config["policies"] = config.get("policies", {}) | (policies or {})
        if request.param == "AsyncClient":
            asyncio.run(in_a_loop(config, call, policy))
        else:
            with aerospike.client(config) as client:
                call(client, policy)
        return node.requests.pop()

    return make


def head(request: Any) -> tuple[int, int, int, int]:
    return request.info1, request.info2, request.info3, request.info4


def rows_sent(request: Any) -> list[tuple[int, int, int, int]]:
    """The bits of the rows of a batch, whose header has none of theirs."""
    assert head(request) == BATCH_HEAD
    return [row.info for row in rows_of(request.fields[BATCH])]


@pytest.mark.parametrize("name", SINGLE)
def test_mode_of_a_record(sent, name):
    section, call = SINGLE[name]
    plain = head(sent(call))
    for mode, info1, info3 in MODES:
        wanted = plain[0] | info1, plain[1], plain[2] | info3, plain[3]
        assert head(sent(call, mode)) == wanted, mode
        assert head(sent(call, None, {section: mode})) == wanted, mode
    assert head(sent(call, ONE, {section: ALL})) == plain


@pytest.mark.parametrize("name", BATCHES)
def test_mode_of_a_batch_is_in_its_rows(sent, name):
    section, call = BATCHES[name]
    plain = rows_sent(sent(call))
    assert any(info1 & READ for info1, *_ in plain)
    for mode, info1, info3 in MODES:
        wanted = [
            row if row[1] & WRITE else (row[0] | info1, row[1], row[2] | info3, row[3])
            for row in plain
        ]
        assert rows_sent(sent(call, mode)) == wanted, mode
        assert rows_sent(sent(call, None, {section: mode})) == wanted, mode
    assert rows_sent(sent(call, ONE, {section: ALL})) == plain


@pytest.mark.parametrize("name", WRITES)
def test_rows_that_write_have_no_mode(sent, name):
    call = WRITES[name]
    plain = sent(call).fields[BATCH]
    for mode, _, _ in MODES:
        assert sent(call, mode).fields[BATCH] == plain, mode


def reads_all(request: Any) -> list[bool]:
    """Of the two reads in `rows`: do they ask all copies?"""
    first, _, second = rows_sent(request)
    return [bool(info1 & AP_ALL) for info1, *_ in (first, second)]


@pytest.mark.parametrize(
    ("of_row", "of_call", "policies", "wanted"),
    [
        (ALL, None, {}, [True, False]),
        (ONE, ALL, {}, [False, True]),
        ({"read_mode_sc": 0}, ALL, {}, [True, True]),
        (None, None, {"batch_read": ALL}, [True, True]),
        (ONE, None, {"batch_read": ALL}, [False, True]),
        (None, ALL, {"batch_read": ONE}, [True, True]),
        (None, ONE, {"batch_parent_write": ALL}, [False, False]),
        (None, ONE, ALL, [False, False]),
        (None, None, ALL, [True, True]),
        (None, None, {"batch": ALL}, [False, False]),
    ],
    ids=str,
)
def test_row_goes_before_the_batch_and_that_before_the_defaults(
    sent, of_row, of_call, policies, wanted
):
    request = sent(lambda c, p: c.batch_write(rows(of_row), p), of_call, policies)
    assert reads_all(request) == wanted


def test_operations_that_read_go_by_the_policy_of_reads(sent):
    """Not by that of writes, which has other defaults: for one, no repetitions."""
    call = BATCHES["batch_operate"][1]
    plain = rows_sent(sent(call))
    assert rows_sent(sent(call, None, {"batch_parent_write": ALL})) == plain


def test_reads_of_a_batch_renew_the_time_to_live_as_its_policy_says(sent):
    policy = {"read_touch_ttl_percent": 7}
    for name in ("batch_read", "batch_operate", "batch_write"):
        batch = sent(BATCHES[name][1], policy).fields[BATCH]
        mask, ttl = batch[29], batch[33:37]
        assert mask & 0x08, name
        assert int.from_bytes(ttl, "big") == 7, name
