"""The operations of a record command, and which entries the reply has."""

import pytest

from .rawwire import (
    BLOB,
    BOOL,
    DELETE_ALL,
    FLOAT,
    GEO,
    GET_ALL,
    GET_NO_BINS,
    HLL,
    INT,
    LIST,
    MAP,
    NULL,
    OP_APPEND,
    OP_DELETE_ALL,
    OP_INCR,
    OP_PREPEND,
    OP_READ,
    OP_TOUCH,
    OP_WRITE,
    READ,
    READ_ALL,
    RESPOND_ALL,
    STRING,
    TOUCH,
    f64,
    get,
    i64,
    put,
    put_int,
)

POINT = b'\0\0\0{"type":"Point","coordinates":[1.0,2.0]}'
SKETCH = bytes.fromhex("000400") + bytes(20)

ONE_OF_EACH = {
    "int": (INT, i64(5)),
    "float": (FLOAT, f64(1.5)),
    "string": (STRING, b"mid"),
    "blob": (BLOB, b"mid"),
    "java": (7, b"mid"),
    "vector": (16, b"mid"),
    "bool": (BOOL, b"\1"),
    "hll": (HLL, SKETCH),
    "map": (MAP, b"\x80"),
    "list": (LIST, b"\x90"),
    "geo": (GEO, POINT),
}
"""A value of each particle type."""

RESPOND_ALL_MODES = [0, RESPOND_ALL]


def incr(name, particle, value):
    return OP_INCR, name, particle, value


@pytest.mark.parametrize(
    ("stored", "delta", "total"),
    [
        ((INT, i64(5)), (INT, i64(-7)), (INT, i64(-2))),
        ((INT, i64(5)), (INT, b"\x03"), (INT, i64(8))),
        ((INT, i64(5)), (INT, b"\xff\xff\xff\xff"), (INT, i64(5 + 2**32 - 1))),
        ((INT, i64(5)), (INT, i64(3) + i64(9)), (INT, i64(8))),
        ((INT, i64(2**63 - 1)), (INT, i64(1)), (INT, i64(-(2**63)))),
        ((FLOAT, f64(1.5)), (FLOAT, f64(0.25)), (FLOAT, f64(1.75))),
        (None, (INT, b"\x03"), (INT, i64(3))),
        (None, (FLOAT, f64(2.5)), (FLOAT, f64(2.5))),
        (None, (STRING, b"x"), (STRING, b"x")),
    ],
)
def test_incr_adds_or_creates(record, stored, delta, total):
    if stored is not None:
        record.write(put(b"n", *stored))
    assert record.write(incr(b"n", *delta)).ops == []
    assert record.get().bins == {b"n": total}


@pytest.mark.parametrize("operand", ONE_OF_EACH)
@pytest.mark.parametrize("stored", ONE_OF_EACH)
def test_incr_wants_two_numbers_of_a_kind(record, stored, operand):
    record.write(put(b"n", *ONE_OF_EACH[stored]))
    fits = stored == operand and stored in ("int", "float")
    refusal = 1 if stored == "geo" else 12
    reply = record.write(incr(b"n", *ONE_OF_EACH[operand]))
    assert reply.result == (0 if fits else refusal)


@pytest.mark.parametrize("code", [OP_APPEND, OP_PREPEND])
@pytest.mark.parametrize("operand", ONE_OF_EACH)
@pytest.mark.parametrize("stored", ONE_OF_EACH)
def test_append_wants_two_strings_or_blobs_of_a_kind(record, stored, operand, code):
    record.write(put(b"s", *ONE_OF_EACH[stored]))
    fits = stored == operand and stored in ("string", "blob", "java", "vector")
    refusal = 1 if stored == "geo" else 12
    reply = record.write((code, b"s", *ONE_OF_EACH[operand]))
    assert reply.result == (0 if fits else refusal)


@pytest.mark.parametrize(
    ("code", "value", "joined"),
    [
        (OP_APPEND, b"-end", b"mid-end"),
        (OP_PREPEND, b"start-", b"start-mid"),
        (OP_APPEND, b"", b"mid"),
    ],
)
@pytest.mark.parametrize("particle", [STRING, BLOB, 9])
def test_append_and_prepend_join(record, particle, code, value, joined):
    record.write(put(b"s", particle, b"mid"))
    record.write((code, b"s", particle, value), (code, b"new", particle, value))
    bins = record.get().bins
    assert bins == {b"s": (particle, joined), b"new": (particle, value)}


@pytest.mark.parametrize("code", [OP_INCR, OP_APPEND, OP_PREPEND])
@pytest.mark.parametrize("stored", [None, *ONE_OF_EACH])
@pytest.mark.parametrize("particle", [NULL, 5, 13, 21, 24, 255])
def test_modification_by_no_value_answers_4(record, code, stored, particle):
    if stored is not None:
        record.write(put(b"b", *ONE_OF_EACH[stored]))
    assert record.write((code, b"b", particle, b"")).result == 4


@pytest.mark.parametrize("delta", [b"", b"abc", bytes(9)], ids=len)
def test_incr_by_an_integer_of_odd_length_answers_4(record, delta):
    record.write(put_int(b"n", 1))
    assert record.write(incr(b"n", INT, delta)).result == 4
    assert record.write(incr(b"new", INT, bytes(16))).result == 4


def test_null_write_removes_a_bin(record):
    record.write(put_int(b"a", 1), put_int(b"b", 2))
    assert record.write(put(b"a", NULL, b"ignored"), put(b"c", NULL, b"")).result == 0
    assert list(record.get().bins) == [b"b"]


def test_removal_of_the_last_bin_deletes_the_record(record):
    record.write(put_int(b"a", 1), ttl=100)
    reply = record.operate(get(b"a"), put(b"a", NULL, b""))
    assert reply == (0, 0, 0, [(OP_READ, b"a", INT, i64(1))])
    assert record.exists().result == 2


def test_last_bin_takes_the_place_of_a_removed_one(record):
    record.write(*[put_int(name, 0) for name in (b"a", b"b", b"c", b"d")])
    record.write(put(b"a", NULL, b""), put_int(b"b", 1))
    assert list(record.get().bins) == [b"d", b"b", b"c"]


@pytest.mark.parametrize("name", [b"", b"n" * 15, b"* %", "é".encode()])
def test_odd_bin_names_are_fine(record, name):
    assert record.write(put_int(name, 1)).result == 0
    assert record.read(get(name)).bins == {name: (INT, i64(1))}


def test_touch_raises_the_generation_and_sets_the_ttl(record):
    record.write(put_int(b"a", 1))
    named = (OP_TOUCH, b"n" * 16, NULL, b"")
    assert record.write(named, ttl=100).generation == 2
    reply = record.operate(TOUCH, get(b"a"), info2=RESPOND_ALL)
    assert reply == (0, 3, 0, [(OP_READ, b"a", INT, i64(1))])


def test_delete_all_lets_later_ops_write(record):
    record.write(put_int(b"a", 1), put_int(b"b", 2))
    assert record.write(DELETE_ALL, put_int(b"c", 3)).generation == 2
    assert record.get().bins == {b"c": (INT, i64(3))}


def test_delete_all_on_a_missing_record_may_create(record):
    assert record.write(DELETE_ALL).result == 2
    assert record.write(DELETE_ALL, put_int(b"c", 3))[:2] == (0, 1)


def test_failing_op_undoes_the_command(record):
    stored = record.write(put_int(b"a", 1), put(b"s", STRING, b"x"), ttl=100)
    reply = record.operate(
        put_int(b"a", 100), get(b"a"), incr(b"s", INT, i64(1)), put_int(b"b", 1)
    )
    assert reply == (12, 1, stored.void_time, [])
    assert record.get().bins == {b"a": (INT, i64(1)), b"s": (STRING, b"x")}


def test_ops_see_what_the_earlier_ones_did(record):
    record.write(put_int(b"a", 1))
    reply = record.operate(
        get(b"a"), put_int(b"a", 2), get(b"a"), incr(b"a", INT, i64(5)), get(b"a")
    )
    assert [value[-1] for *_, value in reply.ops] == [1, 2, 7]
    assert reply.generation == 2


# op, its entry in a write command without and with "respond all ops"; "s" is a string.
ENTRIES = [
    (get(b"a"), (OP_READ, b"a", INT, i64(1)), (OP_READ, b"a", INT, i64(1))),
    (get(b"none"), None, (OP_READ, b"none", NULL, b"")),
    (put_int(b"x", 1), None, (OP_WRITE, b"x", NULL, b"")),
    (put(b"x", NULL, b""), None, (OP_WRITE, b"x", NULL, b"")),
    (incr(b"a", INT, i64(1)), None, (OP_INCR, b"a", NULL, b"")),
    ((OP_APPEND, b"s", STRING, b"x"), None, (OP_APPEND, b"s", NULL, b"")),
    ((OP_PREPEND, b"s", STRING, b"x"), None, (OP_PREPEND, b"s", NULL, b"")),
    (TOUCH, None, None),
    (DELETE_ALL, None, (OP_DELETE_ALL, b"", NULL, b"")),
]


@pytest.mark.parametrize("respond_all", RESPOND_ALL_MODES)
@pytest.mark.parametrize("row", ENTRIES, ids=lambda row: f"{row[0][0]}-{row[0][1]!r}")
def test_write_command_has_the_entries_of_the_table(record, row, respond_all):
    op, plain, all_ops = row
    record.write(put_int(b"a", 1), put(b"s", STRING, b"y"))
    expected = all_ops if respond_all else plain
    reply = record.operate(op, info2=respond_all)
    assert reply.ops == ([] if expected is None else [expected])


@pytest.mark.parametrize("respond_all", RESPOND_ALL_MODES)
def test_pure_read_has_entries_for_bins_that_exist(record, respond_all):
    record.write(put_int(b"a", 1))
    reply = record.read(get(b"a"), get(b"none"), get(b"a"), info2=respond_all)
    found, missing = (OP_READ, b"a", INT, i64(1)), (OP_READ, b"none", NULL, b"")
    assert reply.ops == [found, *([missing] if respond_all else []), found]


def test_read_all_shows_the_bins_of_its_moment(record):
    record.write(put_int(b"a", 1), put_int(b"b", 2))
    reply = record.operate(
        put_int(b"c", 3), READ_ALL, put_int(b"d", 4), TOUCH, info1=GET_ALL
    )
    assert [entry[:2] for entry in reply.ops] == [
        (OP_READ, b"a"),
        (OP_READ, b"b"),
        (OP_READ, b"c"),
    ]
    deleted = record.operate(READ_ALL, DELETE_ALL, info1=GET_ALL)
    assert len(deleted.ops) == 4
    assert deleted[:3] == (0, 0, 0)


@pytest.mark.parametrize(("info1", "n_entries"), [(GET_ALL, 2), (GET_NO_BINS, 0)])
def test_reads_of_all_or_no_bins_ignore_the_ops(record, info1, n_entries):
    record.write(put_int(b"a", 1), put_int(b"b", 2))
    ops = (99, b"n" * 16, NULL, b""), put_int(b"a", 7)
    reply = record.command((READ | info1, 0, 0), *ops)
    assert reply[:2] == (0, 1)
    assert len(reply.ops) == n_entries


def test_record_holds_32767_bins(record):
    names = [b"%d" % i for i in range(32767)]
    assert record.write(*[put_int(name, 1) for name in names]).result == 0
    assert record.write(put_int(b"x", 1))[:2] == (4, 1)
    assert len(record.get().ops) == 32767
