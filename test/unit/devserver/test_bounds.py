"""Requests that are small and ask for much: refused before anything is made of them."""

import pytest

from aerospike_devserver.handlers import operations

from .packing import cdt, pack, particle
from .rawwire import (
    BLOB,
    GET_ALL,
    NULL,
    OP_APPEND,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    READ,
    STRING,
    put,
    put_int,
)

TOO_BIG, REFUSED, TIMEOUT = 13, 4, 9
FAR = 2**31 - 1
OP_BITS_MODIFY = 13
MIB = 1 << 20


def test_padding_beyond_the_record_limit_is_too_big(record):
    """As the reference server answers it."""
    assert record.operate(cdt(3, 2_000_000, 1)).result == TOO_BIG
    assert record.exists().result == 2


@pytest.mark.parametrize("start", [None, [1, 2]])
@pytest.mark.parametrize(
    "operation",
    [(3, FAR, 1), (4, FAR, [1, 2]), (9, FAR, 1), (12, FAR, 1), (3, FAR, 1, 4)],
    ids=["insert", "insert_items", "set", "increment", "no_fail"],
)
def test_list_is_not_padded_beyond_any_record(own_record, start, operation):
    if start is not None:
        own_record.write(put(b"b", *particle(start)))
    assert own_record.operate(cdt(*operation)).result == TOO_BIG
    assert own_record.exists().result == (2 if start is None else 0)


def test_context_does_not_pad_beyond_any_record(own_record):
    own_record.write(put(b"b", *particle([1])))
    inside = pack([0xFF, [0x10 | 0x80, FAR], [1, 5]])
    reply = own_record.operate((OP_CDT_MODIFY, b"b", BLOB, inside))
    assert reply.result == TOO_BIG


def test_list_is_padded_as_far_as_a_record_goes(own_record):
    assert own_record.operate(cdt(3, 1_000_000, 1)).result == 0
    assert own_record.operate(cdt(3, 2_000_000, 1)).result == TOO_BIG


def resize(size):
    return OP_BITS_MODIFY, b"b", BLOB, pack([0, size])


def test_bin_may_be_larger_than_a_record_between_operations(record):
    half = (OP_APPEND, b"b", STRING, b"x" * (MIB // 2))
    assert record.operate(half, half, half, put(b"b", STRING, b"x")).result == 0
    assert record.operate(half, half, half).result == TOO_BIG
    assert record.operate(put(b"b", NULL, b""), resize(2 * MIB), resize(1)).result == 0


@pytest.mark.parametrize("size", [8 * MIB + 1, (1 << 27) - 1])
def test_bin_does_not_grow_beyond_any_record(own_record, size):
    assert own_record.operate(resize(size), resize(1)).result == TOO_BIG


def test_command_that_takes_too_long_is_given_up(own_record, monkeypatch):
    monkeypatch.setattr(operations, "MAX_CPU_S", -1.0)
    assert own_record.write(put_int(b"n", 1)).result == TIMEOUT
    assert own_record.exists().result == 2


@pytest.mark.parametrize(
    ("flags", "code", "result"),
    [((READ, 1, 0), OP_CDT_MODIFY, TOO_BIG), ((READ, 0, 0), OP_CDT_READ, REFUSED)],
)
def test_huge_argument_is_not_decoded(own_record, flags, code, result):
    own_record.write(put(b"b", *particle([1])))
    items = b"\xdd" + (9 * MIB).to_bytes(4, "big") + bytes(9 * MIB)
    value = b"\x92\x02" + items if code == OP_CDT_MODIFY else b"\x93\x17\x05" + items
    assert own_record.command(flags, (code, b"b", BLOB, value)).result == result


def test_huge_filter_is_not_decoded(own_record):
    own_record.write(put(b"b", STRING, b"x"))
    items = b"\xdd" + (9 * MIB).to_bytes(4, "big") + bytes(9 * MIB)
    reply = own_record.command((READ | GET_ALL, 0, 0), fields=[(43, items)])
    assert reply.result == REFUSED
