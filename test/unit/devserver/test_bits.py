"""Bit operations on blobs: bytes of each, ranges, overflows, flags, errors."""

import pytest

from .rawwire import (
    BLOB,
    INT,
    NULL,
    RESPOND_ALL,
    STRING,
    get,
    i64,
    put,
    put_int,
)

BITS_READ, BITS_MODIFY = 12, 13
START = "0142c304aa"
MISSING = None

OK, REFUSED, EXISTS, WRONG_TYPE, NOT_FOUND, NOT_APPLICABLE = 0, 4, 6, 12, 17, 26


def bits(text, code=None, particle=BLOB):
    """An operation in hex; a read if its code is 50 or more."""
    value = bytes.fromhex(text)
    if code is None:
        code = BITS_READ if value[1:2] >= b"\x32" else BITS_MODIFY
    return code, b"b", particle, value


def begin(record, start):
    """A record with a blob in bin b, or without that bin."""
    blob = [] if start is MISSING else [put(b"b", BLOB, bytes.fromhex(start))]
    record.write(put_int(b"x", 1), *blob)


def stored(record):
    found = record.get().bins.get(b"b")
    return MISSING if found is None else found[1].hex()


CHANGES = [
    # resize: flags 1 from the front, 2 grow only, 4 shrink only
    (START, "92 00 07", "0142c304aa0000"),
    (START, "92 00 03", "0142c3"),
    (START, "92 00 05", START),
    (START, "92 00 00", ""),
    ("ff", "94 00 04 04 01", "000000ff"),
    (START, "94 00 03 00 01", "c304aa"),
    (START, "94 00 06 00 02", "0142c304aa00"),
    (START, "94 00 02 00 04", "0142"),
    (MISSING, "92 00 02", "0000"),
    (MISSING, "92 00 00", MISSING),
    # insert and remove
    (START, "94 01 01 a304ff00 00", "01ff0042c304aa"),
    (START, "93 01 05 a204ff", "0142c304aaff"),
    (START, "93 01 07 a204ff", "0142c304aa0000ff"),
    (START, "93 01 ff a204ff", "0142c304ffaa"),
    (START, "93 01 fb a204ff", "ff0142c304aa"),
    (MISSING, "93 01 02 a204ff", "0000ff"),
    (START, "94 02 00 01 00", "42c304aa"),
    (START, "93 02 fe 02", "0142c3"),
    (START, "94 02 03 09 08", "0142c3"),
    (START, "93 02 00 05", ""),
    # set, or, xor, and, not
    (START, "95 03 03 05 a20480 00", "1042c304aa"),
    (START, "94 03 00 08 a304ffff", "ff42c304aa"),
    (START, "94 03 04 0c a304ffff", "0fffc304aa"),
    (START, "94 03 f8 08 a203 7e", "0142c3047e"),
    (START, "95 04 00 08 a20480 00", "8142c304aa"),
    (START, "94 05 08 08 a204ff", "01bdc304aa"),
    (START, "94 06 10 08 a2040f", "01420304aa"),
    (START, "94 07 00 08 00", "fe42c304aa"),
    (START, "93 07 f7 03", "0142c3056a"),
    (START, "95 03 24 10 a304ffff 08", "0142c304af"),
    # shifts stay inside the range
    (START, "95 08 08 08 02 00", "0108c304aa"),
    (START, "94 08 08 10 04", "012c3004aa"),
    (START, "94 08 08 08 00", START),
    (START, "94 08 08 08 08", "0100c304aa"),
    (START, "94 09 08 10 04", "01042c04aa"),
    (START, "94 09 08 08 7f", "0100c304aa"),
    # arithmetic: int flags 1 signed, 2 saturate, 4 wrap
    ("fa", "96 0a 00 08 05 00 00", "ff"),
    ("fb", "96 0a 00 08 05 00 02", "ff"),
    ("fe", "96 0a 00 08 05 00 02", "ff"),
    ("fe", "96 0a 00 08 05 00 04", "03"),
    ("7e", "96 0a 00 08 05 00 05", "83"),
    ("7e", "96 0a 00 08 05 00 03", "7f"),
    ("82", "96 0a 00 08 fb 00 03", "80"),
    ("0a", "94 0b 00 08 05", "05"),
    ("04", "96 0b 00 08 05 00 02", "00"),
    ("04", "96 0b 00 08 05 00 04", "ff"),
    ("82", "96 0b 00 08 05 00 03", "80"),
    ("0102", "94 0a 04 08 01", "0112"),
    ("00", "94 0a 00 08 cd0105", "05"),
    (START, "95 0c 00 08 ccff 00", "ff42c304aa"),
    (START, "94 0c 00 08 ff", "ff42c304aa"),
    (START, "94 0c 04 0c cd01ff", "01ffc304aa"),
    (START, "94 0c 00 28 cf000000ffeeddccbb", "ffeeddccbb"),
]


@pytest.mark.parametrize(("start", "operation", "after"), CHANGES)
def test_modification_leaves_these_bytes(record, start, operation, after):
    begin(record, start)
    reply = record.write(bits(operation))
    assert reply[:2] == (OK, 2)
    assert reply.ops == []
    assert stored(record) == after


READS = [
    ("93 32 00 08", (BLOB, "01")),
    ("93 32 04 0c", (BLOB, "1420")),
    ("93 32 06 05", (BLOB, "50")),
    ("93 32 f8 08", (BLOB, "aa")),
    ("93 32 00 28", (BLOB, START)),
    ("93 33 00 08", 1),
    ("93 33 00 28", 12),
    ("94 34 00 08 c3", 7),
    ("94 34 08 08 c2", 0),
    ("94 34 00 07 c3", -1),
    ("94 35 00 28 c3", 38),
    ("94 35 00 08 c2", 6),
    ("94 35 20 01 c2", -1),
    ("93 36 00 08", 1),
    ("93 36 10 08", 0xC3),
    ("94 36 10 08 01", 0xC3 - 256),
    ("94 36 10 08 00", 0xC3),
    ("93 36 04 24", 0x142C304AA),
]


@pytest.mark.parametrize(("operation", "result"), READS)
def test_read_answers(record, operation, result):
    begin(record, START)
    kind, value = result if isinstance(result, tuple) else (INT, i64(result).hex())
    entry = (BITS_READ, b"b", kind, bytes.fromhex(value))
    assert record.read(bits(operation)).ops == [entry]
    assert record.operate(bits(operation)).ops == [entry]


def test_unsigned_integer_of_64_bits_comes_negative(record):
    begin(record, "ff" * 8)
    reply = record.read(bits("93 36 00 40"))
    assert reply.ops == [(BITS_READ, b"b", INT, i64(-1))]


FAILURES = [
    # past the end, before the start, sizes
    (START, "93 32 20 09", NOT_APPLICABLE),
    (START, "93 32 28 01", NOT_APPLICABLE),
    (START, "93 32 d0d7 01", REFUSED),
    (START, "93 32 00 00", REFUSED),
    (START, "93 32 00 ff", REFUSED),
    (START, "93 32 ce40000001 01", REFUSED),
    (START, "93 36 00 41", REFUSED),
    ("", "93 32 00 01", NOT_APPLICABLE),
    (START, "93 07 20 09", NOT_APPLICABLE),
    (START, "94 07 28 01 08", NOT_APPLICABLE),
    (START, "94 0a 20 10 01", NOT_APPLICABLE),
    (START, "93 02 05 01", REFUSED),
    (START, "93 02 04 02", REFUSED),
    (START, "94 02 05 01 08", REFUSED),
    (START, "93 02 00 00", REFUSED),
    (START, "93 01 fa a204ff", REFUSED),
    (START, "93 01 00 a104", REFUSED),
    (START, "94 03 00 09 a204ff", REFUSED),
    (START, "94 08 00 08 ff", REFUSED),
    (START, "92 00 ff", REFUSED),
    (START, "92 00 ce08000001", REFUSED),
    (START, "94 00 04 00 02", REFUSED),
    (START, "94 00 06 00 04", REFUSED),
    (START, "94 00 06 00 06", REFUSED),
    (START, "94 00 06 00 08", REFUSED),
    # overflow
    ("fe", "94 0a 00 08 05", NOT_APPLICABLE),
    ("7e", "96 0a 00 08 05 00 01", NOT_APPLICABLE),
    ("04", "94 0b 00 08 05", NOT_APPLICABLE),
    ("04", "96 0b 00 08 05 00 06", REFUSED),
    ("04", "96 0b 00 08 05 00 08", REFUSED),
    # flags
    (START, "93 00 06 01", EXISTS),
    (START, "93 00 06 03", REFUSED),
    (START, "93 00 06 08", REFUSED),
    (START, "94 07 00 08 01", REFUSED),
    (START, "95 0a 00 08 01 08", REFUSED),
    # missing bin
    (MISSING, "93 07 00 08", NOT_FOUND),
    (MISSING, "93 00 06 02", NOT_FOUND),
    (MISSING, "93 01 ff a204ff", REFUSED),
    (MISSING, "94 00 06 00 04", REFUSED),
    # shapes
    (START, "91 32", REFUSED),
    (START, "94 32 00 08 00", REFUSED),
    (START, "93 32 a20330 08", REFUSED),
    (START, "94 34 00 08 01", REFUSED),
    (START, "91 0d", REFUSED),
    (START, "91 38", REFUSED),
    (START, "90", REFUSED),
    (START, "93 ccff 921000 93070008", REFUSED),
]


@pytest.mark.parametrize(("start", "operation", "result"), FAILURES)
def test_failure_changes_nothing(record, start, operation, result):
    begin(record, start)
    reply = record.operate(bits(operation))
    assert reply[:2] == (result, 1)
    assert stored(record) == start


@pytest.mark.parametrize("operation", ["93 32 00 08", "93 07 00 08"])
def test_bin_of_another_type_is_refused(record, operation):
    record.write(put(b"b", STRING, b"text"))
    assert record.operate(bits(operation)).result == WRONG_TYPE
    record.write(put(b"b", 7, b"blob of Java"))
    assert record.operate(bits(operation)).result == WRONG_TYPE


@pytest.mark.parametrize("operation", ["93 32 00 08", "93 07 00 08"])
def test_operation_has_the_particle_type_of_a_blob(record, operation):
    begin(record, START)
    assert record.operate(bits(operation, particle=STRING)).result == WRONG_TYPE


@pytest.mark.parametrize(
    ("code", "operation"), [(BITS_MODIFY, "93 32 00 08"), (BITS_READ, "93 07 00 08")]
)
def test_reads_and_modifications_do_not_mix(record, code, operation):
    begin(record, START)
    assert record.operate(bits(operation, code)).result == REFUSED


EXCUSED = [
    (START, "93 00 06 05"),
    (START, "94 00 04 04 02"),
    (START, "94 00 06 04 04"),
    (START, "94 02 05 01 04"),
    (START, "94 07 20 09 04"),
    ("fe", "95 0a 00 08 05 04"),
    (MISSING, "94 07 00 08 04"),
    (MISSING, "93 00 06 06"),
]


@pytest.mark.parametrize(("start", "operation"), EXCUSED)
def test_no_fail_turns_failure_into_nothing(record, start, operation):
    begin(record, start)
    assert record.write(bits(operation))[:2] == (OK, 2)
    assert stored(record) == start


def test_read_of_a_missing_bin_is_not_looked_at(record):
    begin(record, MISSING)
    for operation in ("93 32 00 08", "ff"):
        assert record.read((BITS_READ, b"b", BLOB, bytes.fromhex(operation))).ops == []
    reply = record.operate(bits("93 32 00 08"), info2=RESPOND_ALL)
    assert reply.ops == [(BITS_READ, b"b", NULL, b"")]


def test_modification_answers_null_if_all_are_to_respond(record):
    begin(record, START)
    reply = record.operate(bits("93 07 00 08"), get(b"b"), info2=RESPOND_ALL)
    assert reply.ops == [
        (BITS_MODIFY, b"b", NULL, b""),
        (1, b"b", BLOB, bytes.fromhex("fe42c304aa")),
    ]


@pytest.mark.parametrize("by", ["20", "28", "3f"])
def test_shift_of_a_clipped_range_clears_it(own_record, by):
    """The reference server does not survive these; hence by the rule alone."""
    begin(own_record, "6162636465666768")
    assert own_record.write(bits(f"95 08 20 64 {by} 08")).result == OK
    assert stored(own_record) == "6162636400000000"


# In expressions

BLOB_BIN, NO_BIN = "935106a162", "935106a17a"


def evaluated(record, expression):
    """The entries of an expression read."""
    value = b"\x92" + bytes.fromhex(expression) + b"\x00"
    reply = record.read((7, b"e", BLOB, value))
    return reply.result, [(kind, value.hex()) for _, _, kind, value in reply.ops]


@pytest.mark.parametrize(
    ("call", "kind", "value"),
    [
        (f"957f0201 93330008 {BLOB_BIN}", INT, i64(1).hex()),
        (f"957f0601 93320008 {BLOB_BIN}", BLOB, "01"),
        (f"957f0641 9407000800 {BLOB_BIN}", BLOB, "fe42c304aa"),
        (f"957f0641 93000704 {BLOB_BIN}", BLOB, START + "0000"),
        (f"957f0641 9302ff02 {BLOB_BIN}", None, None),
        (f"957f0641 930100a204ff {BLOB_BIN}", BLOB, "ff" + START),
        (f"957f0641 93090008 93 14 01 01 00 {BLOB_BIN}", None, None),
        (f"957f0641 9409000893140102 {BLOB_BIN}", BLOB, "0042c304aa"),
        (f"957f0201 93330008 957f0641 9407000800 {BLOB_BIN}", INT, i64(7).hex()),
        (f"957f0601 93330008 {BLOB_BIN}", None, None),
        (f"957f0201 93330008 {NO_BIN}", None, None),
    ],
)
def test_call_in_an_expression(record, call, kind, value):
    begin(record, START)
    result, entries = evaluated(record, call)
    if kind is None:
        assert result in (REFUSED, NOT_APPLICABLE)
    else:
        assert (result, entries) == (OK, [(kind, value)])
    assert stored(record) == START


def test_expression_write_stores_modified_bits(record):
    begin(record, START)
    call = bytes.fromhex(f"92 957f0641 9407000800 {BLOB_BIN} 00")
    assert record.write((8, b"b", BLOB, call)).result == OK
    assert stored(record) == "fe42c304aa"


@pytest.mark.parametrize("target", ["935103a162", "05", "a20361"])
def test_call_wants_a_blob(record, target):
    begin(record, START)
    assert evaluated(record, f"957f0201 93330008 {target}")[0] == REFUSED
