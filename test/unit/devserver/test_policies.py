"""Record-level checks of reads, writes and deletes, and what headers carry."""

import os

import pytest

from .rawwire import (
    CREATE_ONLY,
    CREATE_OR_REPLACE,
    DELETE,
    DELETE_ALL,
    DURABLE,
    GEN,
    GEN_GT,
    GET_ALL,
    GET_NO_BINS,
    INT,
    LINEARIZE,
    NEVER,
    NULL,
    OP_APPEND,
    OP_CDT_READ,
    OP_INCR,
    OP_PREPEND,
    READ,
    REPLACE_ONLY,
    STRING,
    TOUCH,
    UNCHANGED,
    UPDATE_ONLY,
    WRITE,
    RecordClient,
    get,
    i64,
    message,
    put,
    put_int,
)

A1, A2, B2 = put_int(b"a", 1), put_int(b"a", 2), put_int(b"b", 2)
NEGATIVE = (43, bytes.fromhex("9305935102a16100"))  # a < 0


def ints(reply):
    """Bins of integers as a plain dictionary."""
    assert reply.result == 0
    return {
        name.decode(): int.from_bytes(value, "big")
        for name, (_, value) in reply.bins.items()
    }


@pytest.mark.parametrize(
    ("info2", "info3", "existing", "missing", "left"),
    [
        (0, 0, 0, 0, {"a": 1, "b": 2}),
        (CREATE_ONLY, 0, 5, 0, {"a": 1}),
        (0, UPDATE_ONLY, 0, 2, {"a": 1, "b": 2}),
        (0, CREATE_OR_REPLACE, 0, 0, {"b": 2}),
        (0, REPLACE_ONLY, 0, 2, {"b": 2}),
        (CREATE_ONLY, UPDATE_ONLY, 5, 2, {"a": 1}),
    ],
)
def test_existence_policy_decides(record, info2, info3, existing, missing, left):
    assert record.write(B2, info2=info2, info3=info3).result == missing
    record.remove()
    record.write(A1)
    assert record.write(B2, info2=info2, info3=info3).result == existing
    assert ints(record.get()) == left


@pytest.mark.parametrize("info3", [CREATE_OR_REPLACE, REPLACE_ONLY])
@pytest.mark.parametrize(
    "op",
    [
        TOUCH,
        DELETE_ALL,
        put(b"a", NULL, b""),
        (OP_INCR, b"a", INT, i64(1)),
        (OP_APPEND, b"a", STRING, b"x"),
        (OP_PREPEND, b"a", STRING, b"x"),
        (4, b"a", 4, b"\x91\x10"),
        (13, b"a", 4, b"\x91\x10"),
        (16, b"a", 4, b"\x91\x10"),
    ],
    ids=lambda op: str(op[0]),
)
def test_replace_refuses_ops_on_old_bins(record, info3, op):
    record.write(A1)
    assert record.write(B2, op, info3=info3)[:3] == (4, 0, 0)


def test_replace_hides_the_old_bins_from_reads(record):
    record.write(A1)
    reply = record.operate(get(b"a"), B2, get(b"b"), info3=CREATE_OR_REPLACE)
    assert ints(reply) == {"b": 2}
    assert reply.generation == 2


def test_replace_that_writes_nothing_answers_2(record):
    record.write(A1)
    assert record.operate(get(b"a"), info3=REPLACE_ONLY)[:2] == (2, 1)
    assert ints(record.get()) == {"a": 1}


@pytest.mark.parametrize(
    ("info2", "generation", "existing", "missing"),
    [
        (0, 7, 0, 0),
        (GEN, 2, 0, 3),
        (GEN, 1, 3, 3),
        (GEN, 0, 3, 0),
        (GEN, 65538, 3, 3),
        (GEN_GT, 3, 0, 0),
        (GEN_GT, 2, 3, 0),
        (GEN_GT, 0, 3, 3),
        (GEN | GEN_GT, 3, 3, 3),
        (GEN | GEN_GT, 2, 0, 3),
    ],
)
def test_generation_policy_decides(record, info2, generation, existing, missing):
    def change():
        return record.command((0, WRITE | info2, 0), A2, generation=generation).result

    assert change() == missing
    record.remove()
    record.write(A1)
    record.write(A1)
    assert change() == existing


@pytest.mark.parametrize(
    ("generation", "result"), [(1, 0), (2, 3)], ids=["right", "wrong"]
)
def test_generation_is_checked_by_deletes_not_by_reads(record, generation, result):
    record.write(A1)
    read = record.command((READ | GET_ALL, GEN, 0), generation=9)
    assert read.result == 0
    assert record.remove(info2=GEN, generation=generation)[:3] == (result, 0, 0)


def test_generation_wraps_from_65535_to_1(record):
    chunk = message((0, WRITE, 0), record.fields(), [A1])
    frame = (len(chunk) | 2 << 56 | 3 << 48).to_bytes(8, "big") + chunk
    for _ in range(65535 // 257):
        record.connection.send(frame * 257)
        last = record.connection.receive(30 * 257)[-30:]
    assert int.from_bytes(last[14:18], "big") == 65535
    assert record.write(A1).generation == 1


@pytest.mark.parametrize(
    ("ttl", "result", "life"),
    [
        (0, 0, None),
        (1000, 0, 1000),
        (315_360_000, 0, 315_360_000),
        (315_360_001, 4, 50),
        (NEVER, 0, None),
        (UNCHANGED, 0, 50),
        (0xFFFFFFFD, 4, 50),
        (400_000_000, 4, 50),
    ],
)
def test_ttl_of_a_write_sets_the_void_time(record, ttl, result, life):
    start = record.write(A1, ttl=50).void_time - 50
    reply = record.write(A2, ttl=ttl)
    assert reply.result == result
    left = record.exists().void_time
    assert left == 0 if life is None else 0 <= left - start - life <= 1
    assert reply.void_time == left


def test_ttl_unchanged_on_a_new_record_is_the_default(record):
    assert record.write(A1, ttl=UNCHANGED)[:3] == (0, 1, 0)


def test_set_names_are_compared(connection, record):
    record.write(A1)
    other = RecordClient(connection, record.digest, b"dem")
    none = RecordClient(connection, record.digest, None)
    empty = RecordClient(connection, record.digest, b"")
    assert [c.get().result for c in (other, none, empty)] == [4, 0, 0]
    assert [c.write(A2).result for c in (other, none, empty)] == [4, 4, 4]
    assert other.write(TOUCH).result == 4
    assert other.remove().result == 4
    assert none.remove().result == 0


@pytest.mark.parametrize(
    ("name", "result"), [(b"s" * 63, 0), (b"s" * 64, 4), (b"a\0b", 4), (b"a:b", 0)]
)
def test_set_name_is_checked_where_a_record_is_created(connection, name, result):
    client = RecordClient(connection, os.urandom(20), name)
    assert client.get().result == 2
    assert client.write(A1, info3=UPDATE_ONLY).result == 2
    assert client.write(A1).result == result
    client.remove()


def test_user_key_is_stored_once_and_compared(record):
    key, other, other_type = (2, b"\x03abc"), (2, b"\x03abd"), (2, b"\x04abc")
    record.write(A1)
    assert record.get(fields=[other]).result == 0
    assert record.command((0, WRITE, 0), A1, fields=[key]).result == 0
    record.write(A2, info3=CREATE_OR_REPLACE)
    for wrong in (other, other_type):
        assert record.get(fields=[wrong])[:2] == (19, 3)
        assert record.command((READ | GET_NO_BINS, 0, 0), fields=[wrong]).result == 19
        assert record.command((0, WRITE, 0), A1, fields=[wrong])[:2] == (19, 3)
        deleted = record.command((0, WRITE | DELETE, 0), fields=[wrong])
        assert deleted[:3] == (19, 0, 0)
    assert record.get(fields=[key]).result == 0


@pytest.mark.parametrize(
    ("key", "result"),
    [
        (b"\x01" + i64(5), 0),
        (b"\x01\x05", 16),
        (b"", 16),
        (b"\x03", 0),
        (b"\x02x", 0),
        (b"\xffx", 0),
    ],
)
def test_integer_key_to_store_has_8_bytes(record, key, result):
    assert record.command((0, WRITE, 0), A1, fields=[(2, key)]).result == result


@pytest.mark.parametrize(
    ("fields", "flags", "result"),
    [
        ([(0, b"nowhere"), (4, b"d" * 20)], (READ | GET_ALL, 0, 0), 20),
        ([(4, b"d" * 20)], (READ | GET_ALL, 0, 0), 20),
        ([(0, b"nowhere"), (4, b"d" * 20)], (0, 0, 0), 20),
        ([(0, b"test"), (4, b"d" * 20)], (0, 0, 0), 4),
        ([(0, b"test"), (4, b"d" * 20)], (GET_ALL, 0, 0), 4),
        ([(0, b"test"), (4, b"d" * 19)], (READ | GET_ALL, 0, 0), 4),
        ([(0, b"test"), (4, b"d" * 21)], (0, WRITE, 0), 4),
        ([(0, b"nowhere"), (4, b"d" * 19)], (READ | GET_ALL, 0, 0), 20),
        ([(0, b"test"), (4, b"d" * 20)], (READ | GET_ALL, 0, LINEARIZE), 25),
        ([(0, b"test"), (4, b"d" * 20), (5, b"i" * 8)], (READ | GET_ALL, 0, 0), 25),
        ([(0, b"test"), (4, b"d" * 20), (5, b"i" * 8)], (0, WRITE, 0), 25),
        ([(0, b"test"), (4, b"d" * 20), (5, b"i" * 8)], (0, WRITE | DELETE, 0), 2),
        ([(0, b"test"), (4, b"d" * 20)], (READ | GET_ALL, 0, 0, 1), 25),
        ([(0, b"test"), (4, b"d" * 20)], (0, WRITE, 0, 2), 25),
        ([(0, b"test"), (4, b"d" * 20)], (0, WRITE, 0, 4), 25),
        ([(0, b"test"), (4, b"d" * 20)], (0, WRITE | DELETE | DURABLE, 0), 25),
    ],
)
def test_message_is_refused_before_the_record(connection, fields, flags, result):
    ops = [A1] if flags[1] & WRITE else []
    assert connection.command(message(flags, fields, ops))[:3] == (result, 0, 0)


# What a failing command shows of the record: checks in the order in which they win.
@pytest.mark.parametrize(
    ("flags", "ops", "options", "result"),
    [
        ((0, WRITE | CREATE_ONLY | GEN, 0), [A2], {"fields": [NEGATIVE]}, 5),
        ((0, WRITE | GEN, 0), [A2], {"fields": [NEGATIVE]}, 3),
        ((0, WRITE, 0), [A2], {"fields": [NEGATIVE], "ttl": 0xFFFFFFFD}, 27),
        ((0, WRITE, 0), [A2], {"fields": [(2, b"\1\1")], "ttl": 0xFFFFFFFD}, 16),
        ((0, WRITE, 0), [put(b"a", 99, b"")], {"ttl": 0xFFFFFFFD}, 4),
        ((0, WRITE, 0), [(OP_INCR, b"a", STRING, b"x")], {}, 12),
        ((0, WRITE, 0), [(99, b"a", 0, b"")], {}, 4),
        ((READ | GET_ALL, 0, 0), [], {"fields": [NEGATIVE]}, 27),
        ((READ, 0, 0), [], {}, 4),
        ((READ, 0, 0), [get(b"n" * 16)], {}, 21),
        ((READ, 0, 0), [A1], {}, 4),
        ((READ, 0, 0), [TOUCH], {}, 4),
        ((READ, 0, 0), [DELETE_ALL], {}, 4),
    ],
)
def test_error_shows_generation_and_void_time(record, flags, ops, options, result):
    stored = record.write(A1, ttl=500)
    reply = record.command(flags, *ops, **options)
    assert reply == (result, 1, stored.void_time, [])
    assert ints(record.get()) == {"a": 1}


# The same, where nothing is shown: the message is wrong in itself.
@pytest.mark.parametrize(
    ("flags", "ops", "result"),
    [
        ((0, WRITE, 0), [], 4),
        ((0, WRITE, 0), [put_int(b"n" * 16, 1)], 21),
        ((0, WRITE, 0), [put_int(b"a\0b", 1)], 21),
        ((0, WRITE, 0), [get(b"a")], 4),
        ((0, WRITE, 0), [(OP_CDT_READ, b"a", 4, b"")], 4),
        ((0, WRITE, 0), [get(b"a"), put_int(b"n" * 16, 1)], 21),
        ((READ | GET_ALL, WRITE, 0), [A1], 4),
        ((READ | GET_ALL, WRITE, 0), [get(b""), get(b"")], 4),
        ((READ | GET_ALL, WRITE, 0), [get(b""), get(b"a")], 4),
        ((READ | GET_ALL, WRITE | 0x80, 0), [get(b""), A1], 4),
        ((0, WRITE, 0), [A1] * 32769, 4),
    ],
    ids=lambda value: str(value)[:30],
)
def test_malformed_write_shows_nothing(record, flags, ops, result):
    record.write(A1)
    assert record.command(flags, *ops)[:3] == (result, 0, 0)


@pytest.mark.parametrize(
    ("flags", "ops", "options"),
    [
        ((0, WRITE, UPDATE_ONLY), [A1], {}),
        ((0, WRITE | GEN, 0), [TOUCH, A1], {"generation": 9}),
        ((0, WRITE | CREATE_ONLY, 0), [TOUCH], {}),
        ((READ, WRITE, 0), [get(b"a")], {}),
        ((0, WRITE, 0), [put(b"a", NULL, b"")], {}),
        ((0, WRITE, 0), [A1, DELETE_ALL], {}),
        ((READ, 0, 0), [], {}),
        ((READ, 0, 0), [get(b"n" * 16)], {}),
        ((READ | GET_ALL, 0, 0), [], {"ttl": 101}),
        ((READ | GET_ALL, 0, 0), [], {"fields": [(43, b"\xff")]}),
        ((0, WRITE | DELETE, 0), [], {"fields": [(43, b"\xff")]}),
    ],
)
def test_missing_record_answers_2(record, flags, ops, options):
    assert record.command(flags, *ops, **options) == (2, 0, 0, [])


def test_delete_answers_0_0_and_then_2(record):
    record.write(A1, ttl=100)
    assert record.command((0, WRITE | DELETE, 0), A2) == (0, 0, 0, [])
    assert record.remove() == (2, 0, 0, [])
    assert record.write(A1).generation == 1


def test_durable_write_is_refused_only_if_it_deletes(record):
    assert record.write(A1, info2=DURABLE).result == 0
    gone = put(b"a", NULL, b"")
    assert record.write(gone, info2=DURABLE)[:2] == (25, 1)
    assert ints(record.get()) == {"a": 1}


def test_write_of_reads_only_counts_as_a_write(record):
    record.write(A1, ttl=100)
    reply = record.operate(get(b"a"))
    assert reply[:3] == (0, 2, 0)


@pytest.mark.parametrize(("ttl", "expires", "result"), [(101, 0, 0), (101, 100, 4)])
def test_touch_percentage_matters_to_records_that_expire(record, ttl, expires, result):
    record.write(A1, ttl=expires)
    assert record.get(ttl=ttl).result == result
    assert record.command((READ | GET_NO_BINS, 0, 0), ttl=ttl).result == result
