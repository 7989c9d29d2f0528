"""Transactions of the development server, message by message."""

from __future__ import annotations

import os
import time

import pytest

from aerospike_devserver.clock import EPOCH_S

from ....waiting import until
from ..functions import register, unregister
from ..packing import pack
from ..querying import Shelf, span
from ..rawwire import (
    CREATE_ONLY,
    DELETE,
    DELETE_ALL,
    DURABLE,
    GEN,
    GET_ALL,
    INT,
    OP_CDT_MODIFY,
    OP_INCR,
    OP_WRITE,
    READ,
    TOUCH,
    UPDATE_ONLY,
    WRITE,
    get,
    i64,
    message,
    put_int,
)
from .transacting import (
    ABORTED,
    ALREADY_LOCKED,
    BACK,
    BLOCKED,
    BY_A_SERVER,
    COMMITTED,
    DIFFERS,
    EXISTS,
    EXPIRED,
    FORBIDDEN,
    FORWARD,
    INVALID,
    MONITORS,
    NEVER_THERE,
    NOT_FOUND,
    OK,
    ONCE_ONLY,
    TOO_MANY,
    UNSUPPORTED,
    VERIFY,
    VERSION,
    Transaction,
    append,
    batch,
    number,
    row,
    served,
)

ENTERPRISE_ONLY = 25


# What is seen from inside and from outside


def test_a_write_is_seen_inside_and_then_everywhere(client, txn, key):
    txn.change(key, 2)
    assert [txn.read(key).n, client.get(key).n] == [2, 1]
    txn.commit(key)
    found = client.get(key)
    assert (found.n, found.generation) == (2, 2)


def test_a_write_that_is_rolled_back_was_never_there(client, txn, key):
    txn.change(key, 2)
    assert txn.roll(key, BACK | BY_A_SERVER).result == OK
    assert txn.close().result == OK
    found = client.get(key)
    assert (found.n, found.generation) == (1, 1)


def test_a_record_is_created_for_all_when_it_is_final(client, txn, new):
    txn.change(new, 5)
    assert [txn.read(new).n, client.get(new).result] == [5, NOT_FOUND]
    txn.commit(new)
    found = client.get(new)
    assert (found.n, found.generation) == (5, 1)


def test_a_record_is_deleted_for_all_when_it_is_final(client, txn, key):
    assert txn.delete(key).result == OK
    assert txn.delete(key).result == NOT_FOUND
    assert [txn.read(key).result, client.get(key).n] == [NOT_FOUND, 1]
    txn.commit(key)
    assert client.get(key).result == NOT_FOUND


def test_a_record_that_is_deleted_and_written_again_is_there(client, txn, key):
    txn.delete(key)
    assert txn.write(key, 7).result == OK
    txn.commit(key)
    found = client.get(key)
    assert (found.n, found.generation) == (7, 3)


def test_what_is_created_and_deleted_leaves_nothing(client, txn, new):
    txn.change(new, 1)
    assert txn.delete(new).result == OK
    txn.commit(new)
    assert client.get(new).result == NOT_FOUND
    assert client.put(new, 1).generation == 1


def test_writes_build_on_one_another(client, txn, key):
    txn.register(key)
    for _ in range(3):
        add = (OP_INCR, b"n", INT, i64(10))
        assert txn.send((0, WRITE, 0), key, [add], txn.own).result == OK
    touched = txn.send((READ, WRITE, 0), key, [TOUCH, get(b"n")], txn.own)
    assert (touched.result, touched.n) == (OK, 31)
    assert client.get(key).n == 1
    txn.commit(key)
    assert client.get(key).n == 31


@pytest.mark.parametrize(
    ("flags", "ops", "result"),
    [
        ((0, WRITE | CREATE_ONLY, 0), [put_int(b"n", 3)], 5),
        ((0, WRITE | GEN, 0), [put_int(b"n", 3)], 3),
        ((0, WRITE, 0), [DELETE_ALL], FORBIDDEN),
        ((0, WRITE | DELETE, 0), [], FORBIDDEN),
    ],
)
def test_a_write_that_fails_locks_nothing(client, txn, key, flags, ops, result):
    """The reply has the version, which is worth to be checked as that of a read."""
    txn.register(key)
    failed = txn.send(flags, key, ops, txn.own, generation=9)
    assert failed.result == result
    if result != FORBIDDEN:
        assert client.verify(key, failed.version).result == OK
    assert client.put(key, 2).result == OK


def test_update_of_a_missing_record_tells_its_version(txn, new):
    txn.register(new)
    flags = (0, WRITE, UPDATE_ONLY)
    failed = txn.send(flags, new, [put_int(b"n", 1)], txn.own)
    assert (failed.result, failed.version) == (NOT_FOUND, NEVER_THERE)


def test_a_write_without_bins_deletes_durably(client, txn, key):
    txn.register(key)
    flags = (0, WRITE | DURABLE, 0)
    assert txn.send(flags, key, [DELETE_ALL], txn.own).result == OK
    assert client.get(key).n == 1
    txn.commit(key)
    assert client.get(key).result == NOT_FOUND


# Locks


@pytest.mark.parametrize("exists", [True, False])
def test_others_cannot_write_what_is_locked(client, txn, other, key, new, exists):
    digest = key if exists else new
    txn.change(digest, 2)
    other.register(digest)
    assert other.write(digest, 3).result == BLOCKED
    assert other.read(digest).result == BLOCKED
    for flags, ops in [
        ((0, WRITE, 0), [put_int(b"n", 3)]),
        ((0, WRITE, UPDATE_ONLY), [put_int(b"n", 3)]),
        ((0, WRITE | DELETE | DURABLE, 0), []),
    ]:
        assert client.send(flags, digest, ops).result == BLOCKED
    txn.commit(digest)
    assert other.write(digest, 3).result == OK


@pytest.mark.parametrize(
    ("is_inside", "subcode"), [(False, 1), (True, 2)], ids=["plain", "transaction"]
)
def test_who_is_blocked_is_told_why(connection, txn, other, key, is_inside, subcode):
    txn.change(key, 2)
    other.register(key)
    place = [(0, b"test"), (1, b"demo"), (4, key)]
    fields = [*place, *(other.own if is_inside else [])]
    (found,) = connection.stream(
        message((0, WRITE, 0, 0x20), fields, [put_int(b"n", 1)])
    )
    assert (found.result, found.fields) == (BLOCKED, {45: bytes((0x81, 1, subcode))})


def test_a_write_for_the_lock_alone_is_done_once(client, txn, key):
    txn.register(key)
    assert txn.write(key, 2, info4=ONCE_ONLY).result == OK
    assert txn.write(key, 3, info4=ONCE_ONLY).result == ALREADY_LOCKED
    assert txn.read(key).n == 2
    assert txn.write(key, 4).result == OK
    assert client.put(key, 5, info4=ONCE_ONLY).result == BLOCKED


def test_a_create_for_the_lock_alone_says_that_the_record_is_there(txn, new):
    txn.register(new)
    fields, info4 = txn.own, ONCE_ONLY
    for result in (OK, 5):
        found = txn.put(new, 2, fields, info2=CREATE_ONLY, info4=info4)
        assert found.result == result


# Versions


def test_versions_change_with_each_write(client, txn, key):
    seen = [txn.read(key).version]
    for change in (
        lambda: client.put(key, 1),
        lambda: client.remove(key),
        lambda: client.put(key, 1),
        lambda: client.remove(key),
    ):
        assert change().result == OK
        seen.append(txn.read(key).version)
    assert len(set(seen)) == len(seen)
    assert None not in seen


def test_a_record_that_was_never_there_has_a_version(txn, new):
    found = txn.read(new)
    assert (found.result, found.version) == (NOT_FOUND, NEVER_THERE)


def test_plain_replies_have_no_version(client, key, new):
    found = [client.get(key), client.get(new), client.put(key, 2)]
    assert [each.version for each in found] == [None] * 3


def test_own_writes_have_no_version(txn, key):
    txn.register(key)
    assert txn.write(key, 2).version is None
    assert txn.read(key).version is None


def test_a_version_that_differs_stops_reads_and_writes(client, txn, key):
    version = txn.read(key).version
    assert txn.read(key, version).n == 1
    client.put(key, 2)
    assert txn.read(key, version).result == DIFFERS
    txn.register(key)
    assert txn.write(key, 3, version).result == DIFFERS
    assert client.put(key, 4).result == OK


def test_a_version_that_is_right_lets_a_write_pass(client, txn, key):
    version = txn.read(key).version
    txn.register(key)
    assert txn.write(key, 3, version).result == OK
    txn.commit(key)
    assert client.get(key).n == 3


@pytest.mark.parametrize("field", [VERSION, 5, 6])
def test_fields_of_a_wrong_size_are_refused(txn, key, field):
    txn.register(key)
    fields = dict(txn.own) | {field: b"123"}
    assert txn.put(key, 2, fields.items()).result == INVALID


def test_an_expired_record_is_as_good_as_none(strong, client, txn, new):
    client.put(new, 1, ttl=60)
    before = txn.read(new).version
    strong.advance(62)
    assert client.verify(new, before).result == DIFFERS
    assert txn.read(new)[:3] == (NOT_FOUND, None, NEVER_THERE)


def test_a_read_that_prolongs_a_life_keeps_the_version(client, txn, new):
    client.put(new, 1, ttl=1000)
    version = txn.read(new).version
    touch = 100  # per cent of its life, that is always
    assert client.send((READ | GET_ALL, 0, 0), new, ttl=touch).result == OK
    assert client.verify(new, version).result == OK


# The check of what was read


def test_verify_tells_whether_a_record_is_as_it_was(client, txn, other, key, new):
    versions = [txn.read(digest).version for digest in (key, new)]
    for digest, version in zip((key, new), versions, strict=True):
        assert client.verify(digest, version).result == OK
        other.change(digest, 9)
        assert client.verify(digest, version).result == DIFFERS
        other.roll(digest, BACK)
        assert client.verify(digest, version).result == OK
        client.put(digest, 2)
        assert client.verify(digest, version).result == DIFFERS


def test_verify_needs_a_version(client, key):
    flags = (READ | 0x20, 0, 0x40, VERIFY)
    assert client.send(flags, key).result == INVALID


# The monitor record


def test_the_captured_registration_is_taken(connection, client):
    """Bytes of the client of PyPI, of which the digest alone is another."""
    digest = os.urandom(20)
    body = bytes.fromhex(
        "16 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 03 e8 00 03 00 02"
        "00 00 00 05 00 74 65 73 74"
        "00 00 00 09 01 3c 45 52 4f 7e 4d 52 54"
        "00 00 00 15 04 39 47 68 14 e9 8f f1 29 03 94 78 af 17 6b 65 d3 37 2d ef ff"
        "00 00 00 0e 02 01 00 02 69 64 4b 18 b2 ec fa 24 1d 0a"
        "00 00 00 23 04 04 00 05 6b 65 79 64 73 94 01 b5 04" + digest.hex() + "01 0d"
    )
    kind, reply = connection.exchange(3, body)
    assert kind == 3
    assert reply[22:27] == bytes.fromhex("00 00 00 05 06")
    now_s = int(time.time()) - EPOCH_S
    assert 0 <= int.from_bytes(reply[27:31], "little") - now_s - 10 <= 60
    transaction = (5, bytes.fromhex("0a 1d 24 fa ec b2 18 4b"))
    assert client.put(digest, 1, [transaction]).result == OK
    assert client.put(digest, 2).result == BLOCKED


@pytest.mark.parametrize(("timeout_s", "lasts_s"), [(0, 10), (1, 1), (120, 120)])
def test_the_deadline_is_what_the_first_registration_says(
    connection, key, new, time_stands_still, timeout_s, lasts_s
):
    txn = Transaction(connection, timeout_s)
    before = int(time.time()) - EPOCH_S
    deadline = txn.register(key).deadline
    assert deadline is not None
    assert lasts_s <= deadline - before <= lasts_s + 60
    txn.timeout_s = 99
    assert txn.register(new).deadline == deadline


def test_a_transaction_that_takes_too_long_is_refused(connection, key):
    assert Transaction(connection, 121).register(key).result == INVALID


def test_a_monitor_is_made_once(txn, other, key, new):
    txn.register(key)
    assert txn.register(new, is_first=True).result == EXISTS
    other.id = txn.id
    assert other.register(key).result == EXISTS


@pytest.mark.parametrize("value", [b"", bytes(8), b"\1" * 7, b"\1" * 9])
def test_a_transaction_has_a_number(txn, key, value):
    ops = [(OP_WRITE, b"id", INT, value), append([key])]
    assert txn.send((0, WRITE, 0), txn.monitor, ops, set_name=MONITORS)[0] == INVALID


def test_nothing_is_written_without_a_monitor(client, txn, key):
    assert txn.register(key, is_first=False).result == EXPIRED
    assert txn.write(key, 2).result == EXPIRED
    assert txn.mark().result == EXPIRED
    assert txn.close().result == NOT_FOUND
    assert client.put(key, 2).result == OK


def test_a_transaction_writes_4096_records(txn):
    digests = [os.urandom(20) for _ in range(4097)]
    assert txn.register(*digests).result == TOO_MANY
    assert txn.register(*digests[:4000]).result == OK
    assert txn.register(*digests[3000:4096]).result == OK
    assert txn.register(digests[4096]).result == TOO_MANY
    assert txn.register(digests[0]).result == OK


def test_a_closed_transaction_writes_no_more(client, txn, key):
    txn.change(key, 2)
    txn.commit(key)
    assert txn.write(key, 3).result == EXPIRED
    assert txn.register(key).result == EXPIRED
    assert txn.close().result == NOT_FOUND
    assert client.put(key, 4).result == OK


def test_closing_frees_what_was_not_rolled(client, txn, key):
    txn.change(key, 2)
    assert txn.close().result == OK
    assert client.get(key).n == 1
    assert client.put(key, 3).result == OK


def test_a_monitor_is_deleted_durably(txn, key):
    txn.register(key)
    assert txn.close(info2=0).result == FORBIDDEN
    assert txn.close().result == OK


@pytest.mark.parametrize(
    ("flags", "ops"),
    [
        ((READ | GET_ALL, 0, 0), []),
        ((READ | 0x20, 0, 0), []),
        ((0, WRITE, 0), [put_int(b"n", 1)]),
        ((0, WRITE, 0), [put_int(b"id", 1)]),
        ((0, WRITE, 0), [(OP_WRITE, b"fwd", INT, i64(1))]),
        ((0, WRITE, 0), [(OP_WRITE, b"fwd", 17, b"\x00")]),
        ((0, WRITE, 0), [TOUCH]),
        ((0, WRITE, 0), [(OP_CDT_MODIFY, b"keyds", 4, b"\x94")]),
        ((0, WRITE, 0), [(OP_CDT_MODIFY, b"keyds", 4, b"\x94\x01\x05\x01\x0d")]),
        ((0, WRITE, 0), [(OP_CDT_MODIFY, b"keyds", 4, b"\x93\x01\x01\x0d")]),
        ((0, WRITE, 0), [(OP_CDT_MODIFY, b"keyds", 4, b"\x93\x02\x01\x0d")]),
        ((0, WRITE, 0), [(OP_CDT_MODIFY, b"other", 4, append([bytes(20)])[3])]),
        ((READ, WRITE, 0), [TOUCH, get(b"id")]),
    ],
)
def test_users_cannot_touch_a_monitor(txn, key, flags, ops):
    txn.register(key)
    for digest in (txn.monitor, os.urandom(20)):
        found = txn.send(flags, digest, ops, set_name=MONITORS)
        assert found.result == UNSUPPORTED
    assert txn.write(key, 2).result == OK


def test_queries_skip_monitors_and_what_is_provisional(client, txn, key, new):
    shelf = Shelf(client.connection)
    shelf.set_name = b"demo"
    for digest in (key, new):
        txn.change(digest, 2)
    for set_name in (b"demo", b"", MONITORS):
        *rows, _ = shelf.rows((1, set_name))
        found = [] if set_name == MONITORS else [(key, i64(1))]
        assert [(each.fields[4], each.ops[0][3]) for each in rows] == found
    assert client.connection.info("sets/test")[0].count("set=") == 1
    txn.commit(key, new)
    *rows, _ = shelf.rows()
    assert {each.fields[4] for each in rows} == {key, new}


def test_an_index_finds_what_is_final(client, txn, key):
    shelf = Shelf(client.connection)
    shelf.set_name = b"demo"
    shelf.index("bin=n;type=numeric")
    txn.change(key, 2)

    def found(number):
        *rows, _ = shelf.rows(span(b"n", number))
        return [each.fields[4] for each in rows]

    assert [found(1), found(2)] == [[key], []]
    txn.commit(key)
    assert [found(1), found(2)] == [[], [key]]


# What is decided cannot be undone


def test_a_decided_transaction_takes_no_writes(txn, key, new):
    txn.change(key, 2)
    assert txn.mark().result == OK
    assert txn.mark().result == COMMITTED
    assert txn.write(key, 3).result == COMMITTED
    assert txn.register(new).result == COMMITTED
    assert txn.roll(key, BACK).result == COMMITTED
    assert txn.roll(key, FORWARD).result == OK


def test_nothing_is_rolled_forward_before_it_is_decided(client, txn, key):
    txn.change(key, 2)
    assert txn.roll(key, FORWARD).result == FORBIDDEN
    assert client.get(key).n == 1


def test_rolling_again_does_nothing(client, txn, other, key):
    """Of a request whose reply was lost."""
    txn.change(key, 2)
    txn.commit(key)
    other.change(key, 3)
    assert txn.roll(key, FORWARD).result == OK
    assert txn.roll(key, BACK).result == OK
    assert [client.get(key).n, other.read(key).n] == [2, 3]


def test_rolling_needs_to_say_for_whom(client, key):
    flags = (0, WRITE | DURABLE, 0, FORWARD)
    assert client.send(flags, key).result == INVALID


def test_rolling_needs_no_deadline(client, txn, key):
    """A client that rolls a single record leaves it out."""
    txn.change(key, 2)
    txn.mark()
    flags = (0, WRITE | DURABLE, 0, FORWARD)
    fields = [(5, number(txn.id))]
    assert txn.send(flags, key, (), fields).result == OK
    assert client.get(key).n == 2


# Clients that die


def test_the_server_rolls_back_behind_the_deadline(strong, client, txn, key, new):
    for digest in (key, new):
        txn.change(digest, 2)
    strong.advance(12)
    assert [client.get(key).n, client.get(new).result] == [1, NOT_FOUND]
    assert txn.write(key, 3).result == EXPIRED
    assert txn.register(key).result == EXPIRED
    assert txn.mark().result == ABORTED
    assert txn.roll(key, FORWARD).result == OK
    assert client.get(key).n == 1
    assert client.put(key, 4).result == OK
    assert txn.close().result == OK


def test_the_server_rolls_forward_what_was_decided(strong, client, txn, key, new):
    for digest in (key, new):
        txn.change(digest, 2)
    txn.mark()
    assert txn.roll(key, FORWARD).result == OK
    strong.advance(12)
    assert [client.get(digest).n for digest in (key, new)] == [2, 2]
    assert client.put(new, 4).result == OK
    assert txn.mark().result == COMMITTED
    assert txn.roll(new, FORWARD).result == OK
    assert client.get(new).n == 4


def test_a_deadline_passes_by_itself(strong, client, txn, key):
    txn.change(key, 2)
    strong.advance(9)  # of the ten seconds that it has
    until(lambda: client.put(key, 3).result == OK)
    assert client.get(key).n == 3


@pytest.fixture
def unwatched(strong):
    """Nobody ends transactions but who meets them."""
    namespace = strong._state.storage.find(b"test")
    namespace.is_watched = True
    yield strong._state.clock
    namespace.is_watched = False


def test_who_meets_a_late_transaction_finds_what_it_has_written(
    unwatched, client, txn, other, key, new
):
    for late, digest in ((txn, key), (other, new)):
        late.change(digest, 5)
        late.mark()
    unwatched.advance(60)
    add = (OP_INCR, b"n", INT, i64(1))
    assert client.send((0, WRITE, 0), key, [add]).result == OK
    assert [client.get(digest).n for digest in (key, new)] == [6, 5]


def test_the_server_remembers_how_a_transaction_ended(strong, txn, key):
    txn.change(key, 2)
    strong.advance(1800)
    assert txn.mark().result == ABORTED
    strong.advance(3600)
    assert txn.mark().result == EXPIRED


def test_a_write_behind_its_own_deadline_is_refused(strong, connection, client, key):
    """Whatever the transaction is: the request was under way for too long."""
    txn = Transaction(connection, 60)
    txn.register(key)
    txn.deadline -= 120
    assert txn.write(key, 2).result == EXPIRED
    txn.deadline = 0
    assert txn.write(key, 2).result == OK


# Batches


def test_rows_of_a_batch_are_commands_of_the_transaction(connection, client, txn, key):
    new = os.urandom(20)
    version = txn.read(key).version
    txn.register(key, new)
    write, fields = (0, WRITE, 0, 0), txn.own
    known = [fields[0], (VERSION, version), fields[1]]
    rows = [
        row(key, write, known, [put_int(b"n", 2)]),
        row(new, write, fields, [put_int(b"n", 2)]),
        row(key, (READ | GET_ALL, 0, 0, 0), fields[:1], []),
        row(os.urandom(20), (READ | GET_ALL, 0, 0, 0), fields[:1], []),
        row(key, (0, WRITE, 0, 0), [], [put_int(b"n", 3)]),
    ]
    found = [each[:3] for each in batch(connection, rows)]
    assert found == [
        (OK, None, None),
        (OK, None, None),
        (OK, 2, None),
        (NOT_FOUND, None, NEVER_THERE),
        (BLOCKED, None, None),
    ]
    txn.mark()
    rows = [
        row(each, (0, WRITE | DURABLE, 0, FORWARD), fields, []) for each in (key, new)
    ]
    assert [each.result for each in batch(connection, rows)] == [OK, OK]
    assert [client.get(each).n for each in (key, new)] == [2, 2]


def test_rows_of_a_batch_verify(connection, client, txn, key, new):
    versions = [txn.read(digest).version for digest in (key, new)]
    flags = (READ | 0x20, 0, 0x40, VERIFY)

    def verified():
        rows = [
            row(digest, flags, [(VERSION, version)], [])
            for digest, version in zip((key, new), versions, strict=True)
        ]
        return [each.result for each in batch(connection, rows)]

    assert verified() == [OK, OK]
    client.put(new, 1)
    assert verified() == [OK, DIFFERS]


# Functions

SOURCE = """
function read(r) return r.n end
function set(r, n) r.n = n aerospike:update(r) return n end
function make(r, n) r.n = n aerospike:create(r) return n end
function remove(r) aerospike:remove(r) end
function fail(r) error("no") end
"""


@pytest.fixture
def call(connection):
    """call(client, digest, name, n, fields, durable): call a function on a record."""
    module = register(connection, SOURCE)

    def call(client, digest, name, n=0, fields=(), info2=0):
        names = [(30, module), (31, name), (32, pack([n]))]
        return client.send((0, WRITE | info2, 0), digest, (), [*fields, *names])

    yield call
    unregister(connection, module)


def test_a_function_writes_in_a_transaction(client, txn, key, call):
    txn.register(key)
    assert call(txn, key, b"set", 5, txn.own)[:3] == (OK, None, None)
    assert [txn.read(key).n, client.get(key).n] == [5, 1]
    txn.commit(key)
    assert client.get(key).n == 5


def test_a_function_that_only_reads_locks_nothing(client, txn, key, call):
    txn.register(key)
    for name, result in ((b"read", OK), (b"fail", 100)):
        found = call(txn, key, name, 0, txn.own)
        assert found.result == result
        assert client.verify(key, found.version).result == OK
    assert client.put(key, 2).result == OK


def test_a_function_outside_reads_what_is_locked(client, txn, key, new, call):
    txn.change(key, 5)
    txn.change(new, 5)
    assert call(client, key, b"read").result == OK
    assert call(client, key, b"set", 6).result == BLOCKED
    assert call(client, new, b"make", 6).result == BLOCKED
    assert call(client, key, b"remove", info2=DURABLE).result == BLOCKED
    txn.commit(key, new)
    assert [client.get(digest).n for digest in (key, new)] == [5, 5]


def test_a_function_deletes_durably(client, txn, key, call):
    txn.register(key)
    assert call(txn, key, b"remove", 0, txn.own).result == FORBIDDEN
    assert call(txn, key, b"remove", 0, txn.own, DURABLE).result == OK
    assert [txn.read(key).result, client.get(key).n] == [NOT_FOUND, 1]
    txn.commit(key)
    assert client.get(key).result == NOT_FOUND


# Namespaces without strong consistency


@pytest.mark.parametrize(
    ("edition", "result"), [("community", ENTERPRISE_ONLY), ("enterprise", UNSUPPORTED)]
)
def test_other_namespaces_have_no_transactions(edition, result):
    digest = os.urandom(20)
    with served(edition=edition) as own:
        txn = Transaction(own)
        assert txn.put(digest, 1).result == OK
        assert txn.read(digest).result == result
        assert txn.write(digest, 2).result == result
        assert txn.verify(digest, NEVER_THERE).result == result
        for info4 in (FORWARD, BACK):
            assert txn.send((0, WRITE, 0, info4), digest, [TOUCH]).result == result
        if edition == "enterprise":
            assert txn.remove(digest, txn.own).result == result
        assert txn.get(digest).n == 1


def test_a_namespace_can_be_strong_beside_another(key):
    with served(strong_consistency=["test"], namespaces=["test", "bar"]) as own:
        Transaction(own).change(key, 1)
        place = [(0, b"bar"), (1, b"demo"), (4, key), (5, number(1))]
        refused = own.stream(message((0, WRITE, 0), place, [put_int(b"n", 1)]))
        assert refused[0].result == UNSUPPORTED
