"""Operations on the bits of blobs: each helper, its policies and its errors."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.operations import bitwise_operations as bits
from aerospike_helpers.operations import operations

START = bytes.fromhex("0142c304aa")
SAME = START

FAIL, SATURATE, WRAP = (
    aerospike.BIT_OVERFLOW_FAIL,
    aerospike.BIT_OVERFLOW_SATURATE,
    aerospike.BIT_OVERFLOW_WRAP,
)
CREATE = {"bit_write_flags": aerospike.BIT_WRITE_CREATE_ONLY}
UPDATE = {"bit_write_flags": aerospike.BIT_WRITE_UPDATE_ONLY}
QUIET = {"bit_write_flags": aerospike.BIT_WRITE_NO_FAIL}
PARTIAL = {"bit_write_flags": aerospike.BIT_WRITE_PARTIAL}
CREATE_QUIET = {
    "bit_write_flags": aerospike.BIT_WRITE_CREATE_ONLY | aerospike.BIT_WRITE_NO_FAIL
}
UPDATE_QUIET = {
    "bit_write_flags": aerospike.BIT_WRITE_UPDATE_ONLY | aerospike.BIT_WRITE_NO_FAIL
}
FRONT = aerospike.BIT_RESIZE_FROM_FRONT
GROW = aerospike.BIT_RESIZE_GROW_ONLY
SHRINK = aerospike.BIT_RESIZE_SHRINK_ONLY

# operation on START, the blob afterwards in hex
CHANGES = [
    (bits.bit_resize("b", 7), "0142c304aa0000"),
    (bits.bit_resize("b", 7, None, FRONT), "00000142c304aa"),
    (bits.bit_resize("b", 3), "0142c3"),
    (bits.bit_resize("b", 3, resize_flags=FRONT), "c304aa"),
    (bits.bit_resize("b", 6, resize_flags=GROW), "0142c304aa00"),
    (bits.bit_resize("b", 4, resize_flags=SHRINK), "0142c304"),
    (bits.bit_resize("b", 4, UPDATE), "0142c304"),
    (bits.bit_resize("b", 0), ""),
    (bits.bit_insert("b", 1, 2, b"\xff\x00"), "01ff0042c304aa"),
    (bits.bit_insert("b", 1, 1, b"\xff\x00"), "01ff0042c304aa"),
    (bits.bit_insert("b", 1, 2, b"\xff"), "01ff42c304aa"),
    (bits.bit_insert("b", 1, 1, bytearray(b"\xff")), "01ff42c304aa"),
    (bits.bit_insert("b", -1, 1, b"\xff"), "0142c304ffaa"),
    (bits.bit_insert("b", 7, 1, b"\xff"), "0142c304aa0000ff"),
    (bits.bit_remove("b", 1, 2), "0104aa"),
    (bits.bit_remove("b", -2, 2), "0142c3"),
    (bits.bit_remove("b", 0, 5), ""),
    (bits.bit_remove("b", 3, 9, PARTIAL), "0142c3"),
    (bits.bit_set("b", 0, 8, 1, b"\xff"), "ff42c304aa"),
    (bits.bit_set("b", 4, 4, 1, b"\xf0"), "0f42c304aa"),
    (bits.bit_set("b", -8, 4, 1, b"\x50"), "0142c3045a"),
    (bits.bit_set("b", 32, 16, 2, b"\xff\xff", PARTIAL), "0142c304ff"),
    (bits.bit_or("b", 8, 8, 1, b"\x81"), "01c3c304aa"),
    (bits.bit_xor("b", 8, 8, 1, b"\xff"), "01bdc304aa"),
    (bits.bit_and("b", 16, 8, 1, b"\x0f"), "01420304aa"),
    (bits.bit_not("b", 0, 8), "fe42c304aa"),
    (bits.bit_not("b", 36, 4), "0142c304a5"),
    (bits.bit_lshift("b", 8, 16, 4), "012c3004aa"),
    (bits.bit_lshift("b", 8, 8, 8), "0100c304aa"),
    (bits.bit_rshift("b", 8, 16, 4), "01042c04aa"),
    (bits.bit_rshift("b", 0, 8, 0), "0142c304aa"),
    (bits.bit_add("b", 0, 8, 5, False, FAIL), "0642c304aa"),
    (bits.bit_add("b", 32, 8, 0x56, False, WRAP), "0142c30400"),
    (bits.bit_add("b", 32, 8, 0x56, False, SATURATE), "0142c304ff"),
    (bits.bit_add("b", 8, 8, 0x7F, True, SATURATE), "017fc304aa"),
    (bits.bit_subtract("b", 16, 8, 4, True, FAIL), "0142bf04aa"),
    (bits.bit_subtract("b", 0, 8, 1, False, FAIL), "0042c304aa"),
    (bits.bit_subtract("b", 0, 8, 2, False, WRAP), "ff42c304aa"),
    (bits.bit_subtract("b", 0, 8, 2, False, SATURATE), "0042c304aa"),
    (bits.bit_set_int("b", 0, 8, 255), "ff42c304aa"),
    (bits.bit_set_int("b", 8, 16, -1), "01ffff04aa"),
    (bits.bit_set_int("b", 4, 12, 0x1FFF), "0fffc304aa"),
]

# operation on START, its result
READS: list[tuple[dict[str, Any], Any]] = [
    (bits.bit_get("b", 0, 8), b"\x01"),
    (bits.bit_get("b", 4, 12), b"\x14\x20"),
    (bits.bit_get("b", -8, 8), b"\xaa"),
    (bits.bit_get("b", 0, 40), START),
    (bits.bit_get_int("b", 0, 8, False), 1),
    (bits.bit_get_int("b", 16, 8, False), 0xC3),
    (bits.bit_get_int("b", 16, 8, True), 0xC3 - 256),
    (bits.bit_get_int("b", 4, 36, False), 0x142C304AA),
    (bits.bit_count("b", 0, 40), 12),
    (bits.bit_count("b", -8, 8), 4),
    (bits.bit_lscan("b", 0, 8, True), 7),
    (bits.bit_lscan("b", 8, 8, False), 0),
    (bits.bit_lscan("b", 0, 7, True), -1),
    (bits.bit_rscan("b", 0, 40, True), 38),
    (bits.bit_rscan("b", 0, 8, False), 6),
    (bits.bit_rscan("b", 32, 1, False), -1),
]

# operation, the exception's class and code
ERRORS = [
    (bits.bit_get("b", 33, 8), exception.OpNotApplicable, 26),
    (bits.bit_get("b", -41, 1), exception.InvalidRequest, 4),
    (bits.bit_get("b", 0, 0), exception.InvalidRequest, 4),
    (bits.bit_get_int("b", 0, 65, False), exception.InvalidRequest, 4),
    (bits.bit_not("b", 33, 8), exception.OpNotApplicable, 26),
    (bits.bit_set("b", 0, 9, 1, b"\xff"), exception.InvalidRequest, 4),
    (bits.bit_add("b", 32, 8, 0x56, False, FAIL), exception.OpNotApplicable, 26),
    (bits.bit_add("b", 32, 8, 1, False, 9), exception.InvalidRequest, 4),
    (bits.bit_subtract("b", 0, 8, 2, False, FAIL), exception.OpNotApplicable, 26),
    (bits.bit_remove("b", 4, 2), exception.InvalidRequest, 4),
    (bits.bit_resize("b", 4, resize_flags=GROW), exception.InvalidRequest, 4),
    (bits.bit_resize("b", 6, resize_flags=SHRINK), exception.InvalidRequest, 4),
    (bits.bit_resize("b", 6, resize_flags=GROW | SHRINK), exception.InvalidRequest, 4),
    (bits.bit_resize("b", 6, CREATE), exception.BinExistsError, 6),
    (bits.bit_not("b", 0, 8, CREATE), exception.InvalidRequest, 4),
    (bits.bit_not("nope", 0, 8), exception.BinNotFound, 17),
    (bits.bit_resize("nope", 4, UPDATE), exception.BinNotFound, 17),
    (bits.bit_not("n", 0, 8), exception.BinIncompatibleType, 12),
    (bits.bit_count("s", 0, 8), exception.BinIncompatibleType, 12),
]

# what a policy with BIT_WRITE_NO_FAIL makes of errors
EXCUSED = [
    bits.bit_not("b", 33, 8, QUIET),
    bits.bit_remove("b", 4, 2, QUIET),
    bits.bit_add("b", 32, 8, 0x56, False, FAIL, QUIET),
    bits.bit_resize("b", 6, CREATE_QUIET),
    bits.bit_resize("b", 4, QUIET, GROW),
    bits.bit_not("nope", 0, 8, QUIET),
    bits.bit_resize("nope", 4, UPDATE_QUIET),
]


@pytest.mark.parametrize(("operation", "after"), CHANGES)
def test_modification_leaves(client, key, operation, after):
    client.put(key, {"b": START})
    assert client.operate_ordered(key, [operation])[2] == [("b", None)]
    assert client.get(key)[1:] == (
        {"ttl": 4294967295, "gen": 2},
        {"b": bytes.fromhex(after)},
    )


@pytest.mark.parametrize(("operation", "result"), READS)
def test_read_answers(client, key, operation, result):
    client.put(key, {"b": START})
    found = client.operate(key, [operation])
    assert found[1:] == ({"ttl": 4294967295, "gen": 1}, {"b": result})
    assert type(found[2]["b"]) is type(result)


@pytest.mark.parametrize(("operation", "cls", "code"), ERRORS)
def test_errors_change_nothing(client, key, operation, cls, code):
    bins = {"b": START, "n": 1, "s": "text"}
    client.put(key, bins)
    with pytest.raises(cls) as caught:
        client.operate(key, [operations.write("n", 2), operation])
    assert caught.value.code == code
    assert client.get(key)[1:] == ({"ttl": 4294967295, "gen": 1}, bins)


@pytest.mark.parametrize("operation", EXCUSED)
def test_no_fail_does_nothing(client, key, operation):
    client.put(key, {"b": START})
    assert client.operate(key, [operation])[2] == {operation["bin"]: None}
    assert client.get(key)[2] == {"b": START}


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (bits.bit_resize("b", 2), b"\0\0"),
        (bits.bit_resize("b", 2, CREATE), b"\0\0"),
        (bits.bit_insert("b", 0, 1, b"x"), b"x"),
        (bits.bit_insert("b", 2, 1, b"x"), b"\0\0x"),
    ],
)
def test_missing_record_is_made(client, key, operation, left):
    client.operate(key, [operation])
    assert client.get(key)[2] == {"b": left}


@pytest.mark.parametrize("operation", [row[0] for row in READS])
def test_missing_bin_reads_as_none(client, key, operation):
    client.put(key, {"n": 1})
    assert client.operate(key, [operation])[2] == {"b": None}


def test_several_operations_see_each_other(client, key):
    _, _, found = client.operate_ordered(
        key,
        [
            bits.bit_resize("b", 2),
            bits.bit_set_int("b", 4, 8, 0xFF),
            bits.bit_count("b", 0, 16),
            bits.bit_not("b", 0, 16),
            bits.bit_get_int("b", 0, 16, False),
        ],
    )
    assert [result for _, result in found] == [None, None, 8, None, 0xF00F]


@pytest.mark.parametrize(
    ("helper", "arguments", "named"),
    [
        (
            "bit_get",
            (
                "b",
                "0",
                8,
            ),
            "bit_offset",
        ),
        (
            "bit_get",
            (
                "b",
                0,
                None,
            ),
            "bit_size",
        ),
        (
            "bit_insert",
            (
                "b",
                0,
                1,
                "x",
            ),
            "value",
        ),
        (
            "bit_set",
            (
                "b",
                0,
                8,
                "1",
                b"x",
            ),
            "value_byte_size",
        ),
        (
            "bit_add",
            (
                "b",
                0,
                8,
                -1,
                True,
                FAIL,
            ),
            "value",
        ),
        (
            "bit_add",
            (
                "b",
                0,
                8,
                1,
                "no",
                FAIL,
            ),
            "sign",
        ),
        (
            "bit_add",
            (
                "b",
                0,
                8,
                1,
                False,
                "wrap",
            ),
            "action",
        ),
        (
            "bit_lshift",
            (
                "b",
                0,
                8,
                -1,
            ),
            "value",
        ),
        (
            "bit_set_int",
            (
                "b",
                0,
                8,
                "1",
            ),
            "value",
        ),
        (
            "bit_resize",
            (
                "b",
                1,
                {"bit_write_flags": "1"},
            ),
            "bit_write_flags",
        ),
        (
            "bit_resize",
            (
                "b",
                1,
                5,
            ),
            "policy",
        ),
    ],
)
def test_wrong_argument_is_named(client, key, helper, arguments, named):
    operation = getattr(bits, helper)(*arguments)
    with pytest.raises(exception.ParamError) as caught:
        client.operate(key, [operation])
    assert str(caught.value.operation).startswith("bit_")
    assert named in str(caught.value)
    assert client.exists(key)[1] is None


# from version 8.2 on


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((), "aGVsbG8="),
        ((1,), "ZWxsbw=="),
        ((0, 3), "aGVs"),
        ((-2, 2), "bG8="),
        ((1, 1, True), "ZWxs"),
    ],
)
def test_base64_of_a_blob(client_82, key, arguments, result):
    client_82.put(key, {"b": b"hello"})
    operation = bits.bit_b64_encode("b", *arguments)
    assert client_82.operate(key, [operation])[2] == {"b": result}


def test_base64_beyond_the_end(client_82, key):
    client_82.put(key, {"b": b"hello"})
    with pytest.raises(exception.OpNotApplicable):
        client_82.operate(key, [bits.bit_b64_encode("b", 0, 6)])
