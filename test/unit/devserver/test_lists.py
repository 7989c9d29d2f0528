"""List operations, as a real server answers them."""

import pytest

from .packing import INFINITY, WILDCARD, Marked, Raw, cdt, from_particle, particle
from .rawwire import OP_CDT_MODIFY, OP_CDT_READ, RESPOND_ALL, put, put_int

NONE, INDEX, REVERSE_INDEX, RANK, REVERSE_RANK, COUNT = range(6)
KEY, VALUE, KEY_VALUE, EXISTS = 6, 7, 8, 13
INVERTED = 0x10000
BASE = [7, 3, 9, 1, 3, 5]
SORTED = Marked([1, 3, 3, 5, 7, 9])
MISSING = object()


def run(record, start, *ops, info2=0):
    """The reply to ops on a bin with a value, the record having another bin too."""
    bins = [] if start is MISSING else [put(b"b", *particle(start))]
    record.write(put_int(b"x", 1), *bins)
    return record.operate(*ops, info2=info2)


def results(reply):
    """The values of the entries of a successful reply."""
    assert reply.result == 0
    return [from_particle(kind, value) for _, _, kind, value in reply.ops]


def stored(record):
    found = record.get().bins.get(b"b")
    return MISSING if found is None else from_particle(*found)


READS = [
    # by index, by rank: unordered, ordered
    ((16,), 6, 6),
    ((17, -1), 5, 9),
    ((18, 1, 2), [3, 9], [3, 3]),
    ((18, 4), [3, 5], [7, 9]),
    ((18, 9), [], []),
    ((18, -9, 5), [7, 3], [1, 3]),
    ((19, VALUE, 2), 9, 3),
    ((19, INDEX, -1), 5, 5),
    ((19, REVERSE_INDEX, 1), 4, 4),
    ((19, RANK, 4), 1, 4),
    ((19, REVERSE_RANK, 0), 1, 5),
    ((19, COUNT, 0), 1, 1),
    ((19, EXISTS, 0), True, True),
    ((21, VALUE, 0), 1, 1),
    ((21, INDEX, -1), 2, 5),
    ((24, VALUE, 1, 3), [3, 9, 1], [3, 3, 5]),
    ((24, REVERSE_INDEX, 1, 2), [3, 4], [3, 4]),
    ((24, INVERTED | REVERSE_INDEX, 1, 2), [5, 0, 1, 2], [5, 0, 1, 2]),
    ((24, RANK, 1, 2), [1, 5], [1, 2]),
    ((24, REVERSE_RANK, 1, 2), [4, 0], [3, 4]),
    ((24, RANK, 0), [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]),
    ((26, VALUE, 0, 2), [3, 1], [1, 3]),
    ((26, VALUE, 3), [5, 7, 9], [5, 7, 9]),
    ((26, INVERTED | VALUE, 2), [1, 3], [1, 3]),
    ((26, INVERTED | EXISTS, 2), False, True),
    # by value
    ((20, INDEX, 3), 1, 1),
    ((20, INDEX, 4), -1, -1),
    ((22, INDEX, 3), [1, 4], [1, 2]),
    ((22, RANK, 3), [1, 2], [1, 2]),
    ((22, COUNT, 3), 2, 2),
    ((22, VALUE, WILDCARD), BASE, [1, 3, 3, 5, 7, 9]),
    ((22, INVERTED | REVERSE_RANK, 4), [3, 4, 5, 0, 1, 2], [0, 1, 2, 3, 4, 5]),
    ((23, VALUE, [9, 100, 1]), [9, 1], [9, 1]),
    ((23, RANK, [9, 1]), [5, 0], [5, 0]),
    ((23, VALUE, [5, 5]), [5], [5, 5]),
    ((23, INVERTED | VALUE, [3, 9]), [7, 1, 5], [1, 5, 7]),
    ((23, INVERTED | RANK, []), [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]),
    ((25, VALUE, 3, 7), [3, 3, 5], [3, 3, 5]),
    ((25, VALUE, None, 5), [3, 1, 3], [1, 3, 3]),
    ((25, VALUE, 5), [7, 9, 5], [5, 7, 9]),
    ((25, VALUE, 5, None), [], []),
    ((25, VALUE, 5, INFINITY), [7, 9, 5], [5, 7, 9]),
    ((27, VALUE, 3, 1, 2), [5, 3], [3, 5]),
    ((27, VALUE, 4, -1, 1), [3], [3]),
    ((27, VALUE, 0, -2, 3), [1], [1]),
]


@pytest.mark.parametrize(("operation", "unordered", "ordered"), READS)
def test_list_read_answers(record, operation, unordered, ordered):
    assert results(run(record, BASE, cdt(*operation))) == [unordered]
    assert results(run(record, SORTED, cdt(*operation))) == [ordered]


@pytest.mark.parametrize(("operation", "unordered", "ordered"), READS)
def test_list_remove_answers_as_the_read(record, operation, unordered, ordered):
    code, *arguments = operation
    if code < 19:
        return
    inverted = arguments[0] & INVERTED
    for start, expected in ((BASE, unordered), (SORTED, ordered)):
        counting = cdt(code, COUNT | inverted, *arguments[1:])
        (n_gone,) = results(run(record, start, counting))
        reply = run(record, start, cdt(code + 13, *arguments))
        assert results(reply) == [expected]
        left = stored(record)
        assert len(getattr(left, "value", left)) == 6 - n_gone


# start, operation, result, list afterwards
WRITES = [
    (MISSING, (1, 5), 1, [5]),
    (MISSING, (1, 5, 1), 1, Marked([5])),
    (MISSING, (1, 5, 64), 1, [5]),
    (MISSING, (2, []), 0, []),
    (MISSING, (3, 2, "x"), 3, [None, None, "x"]),
    (MISSING, (12, 2), 1, [None, None, 1]),
    (MISSING, (12, 1, 1, 0, 6), 1, []),
    ([5, 1], (2, [3, 0], 1), 4, [5, 1, 3, 0]),
    (SORTED, (1, 4), 7, Marked([1, 3, 3, 4, 5, 7, 9])),
    (SORTED, (2, [9, 0]), 8, Marked([0, 1, 3, 3, 5, 7, 9, 9])),
    ([1, 2], (3, -1, "x"), 3, [1, "x", 2]),
    ([1, 2], (3, 4, "x"), 5, [1, 2, None, None, "x"]),
    ([1, 2], (4, 1, [8, 9]), 4, [1, 8, 9, 2]),
    ([1, 2], (4, 9, []), 2, [1, 2]),
    ([1, 2], (5, 0), 1, [2]),
    ([1, 2, 3], (6, 1), [2, 3], [1]),
    ([1, 2, 3], (7, -1), 1, [1, 2]),
    ([1, 2, 3], (8, 9, 2), 0, [1, 2, 3]),
    ([1, 2, 3], (10, 1, 1), 2, [2]),
    ([1, 2, 3], (10, 9, 1), 3, []),
    ([1, 2], (12, 0, 5), 6, [6, 2]),
    ([1, 2], (12, 0, 5.9), 6, [6, 2]),
    ([1.5, 2], (12, 0, 1), 2.5, [2.5, 2]),
    ([2**63 - 1], (12, 0), -(2**63), [-(2**63)]),
    (SORTED, (12, 0, 5), 6, Marked([3, 3, 5, 6, 7, 9])),
    # write flags: unique 1, bounded 2, no fail 4, partial 8
    ([1, 2], (1, 3, 0, 1), 3, [1, 2, 3]),
    ([1, 2], (1, 2, 0, 5), 2, [1, 2]),
    ([1, 2], (2, [2, 3, 3], 0, 5), 2, [1, 2]),
    ([1, 2], (2, [2, 3, 3], 0, 13), 3, [1, 2, 3]),
    ([1, 2], (3, 3, 7, 6), 2, [1, 2]),
    ([1, 2], (4, 9, [1], 13), 2, [1, 2]),
    ([1, 2], (12, 0, 1, 0, 5), 2, [1, 2]),
]


@pytest.mark.parametrize(("start", "operation", "result", "after"), WRITES)
def test_list_write_answers_and_stores(record, start, operation, result, after):
    reply = run(record, start, cdt(*operation))
    assert results(reply) == [result]
    assert reply.generation == 2
    assert stored(record) == after


# start, operation, list afterwards
SILENT = [
    (MISSING, (0, 1), Marked([])),
    (MISSING, (0, 0x11), Marked([])),
    (MISSING, (9, 1, "x"), [None, "x"]),
    (MISSING, (11,), MISSING),
    (MISSING, (5, 0), MISSING),
    (MISSING, (6,), MISSING),
    ([2, 1], (0, 1), Marked([1, 2])),
    (SORTED, (0, 0), [1, 3, 3, 5, 7, 9]),
    ([1, 2], (9, -1, "x"), [1, "x"]),
    ([1, 2], (9, 3, "x", 6), [1, 2]),
    (SORTED, (11,), Marked([])),
    (BASE, (13,), [1, 3, 3, 5, 7, 9]),
    (BASE, (13, 1), [9, 7, 5, 3, 3, 1]),
    (BASE, (13, 2), [1, 3, 5, 7, 9]),
    (SORTED, (13, 3), Marked([1, 3, 5, 7, 9])),
    (BASE, (32, NONE, 0), [3, 9, 1, 3, 5]),
    (BASE, (35, NONE, 3), [7, 9, 1, 5]),
    (BASE, (35, INVERTED, 3), [3, 3]),
]


@pytest.mark.parametrize(("start", "operation", "after"), SILENT)
@pytest.mark.parametrize("info2", [0, RESPOND_ALL])
def test_list_write_without_result(record, start, operation, after, info2):
    reply = run(record, start, cdt(*operation), info2=info2)
    assert results(reply) == ([None] if info2 else [])
    assert stored(record) == after


FAILURES = [
    (MISSING, (13,), 12),
    (MISSING, (3, -1, 1), 26),
    (MISSING, (12, -1), 26),
    (MISSING, (31,), 4),
    (5, (16,), 12),
    ({"a": 1}, (1, 1), 12),
    (BASE, (60,), 4),
    (BASE, (64, 1), 12),
    (BASE, (17, 6), 26),
    (BASE, (17, -7), 26),
    (BASE, (17, "a"), 4),
    (BASE, (17,), 4),
    (BASE, (17, 0, 0), 4),
    (BASE, (18, 0, None), 4),
    (BASE, (19, 6, 0), 26),
    (BASE, (19, 14, 0), 26),
    (BASE, (19, INVERTED | VALUE, 0), 26),
    (BASE, (23, VALUE, 5), 4),
    (BASE, (0, 4), 26),
    (BASE, (1, WILDCARD), 4),
    (BASE, (2, [{1.5: 1}]), 4),
    (BASE, (2, [Marked([2, 1])]), 4),
    (BASE, (2, 5), 4),
    (BASE, (3, -7, 1, 4), 26),
    (BASE, (3, 2**31, 1), 26),
    (BASE, (3, 7, 1, 2), 26),
    (BASE, (1, 3, 0, 1), 24),
    (BASE, (1, 3, 0, 9), 24),
    (BASE, (2, [8, 8], 0, 1), 26),
    (BASE, (2, [3, 8, 8], 0, 1), 24),
    (SORTED, (2, [3, 8, 8], 0, 1), 26),
    (SORTED, (3, 0, 1), 26),
    (SORTED, (9, 0, 1, 4), 26),
    (SORTED, (12, 8), 26),
    (BASE, (12, 0, "x"), 4),
    (["a"], (12, 0), 4),
    (BASE, (13, 3), 4),
]


@pytest.mark.parametrize(("start", "operation", "result"), FAILURES)
def test_list_failure_changes_nothing(record, start, operation, result):
    reply = run(record, start, cdt(*operation))
    assert reply[:2] == (result, 1)
    assert stored(record) == start


@pytest.mark.parametrize("value", [{1.5: 1}, Marked([2, 1]), Raw(b"\x82\1\1\1\1")])
@pytest.mark.parametrize("operation", [(1,), (3, 0), (9, 0)])
def test_list_takes_no_broken_container(own_record, operation, value):
    """The reference server answers 0 here and leaves the bin unreadable."""
    assert run(own_record, BASE, cdt(*operation, value)).result == 4
    assert stored(own_record) == BASE


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (b"", 4),
        (b"\xff", 4),
        (b"\x90", 4),
        (b"\x91\xff", 12),
        (b"\x91\xa1\x03", 4),
        (b"\x93\x12\x00\x02\x05", 0),
        (b"\x00\x10", 0),
        (b"\x00\x11\x91\x00", 0),
        (b"\x00\x11\x00", 4),
    ],
)
def test_list_operation_of_other_shapes(record, value, result):
    reply = run(record, BASE, (OP_CDT_READ, b"b", 4, value))
    assert reply.result == result


def test_read_of_a_missing_bin_looks_at_nothing(record):
    record.write(put_int(b"x", 1))
    garbage = (OP_CDT_READ, b"b", 4, b"\xff")
    assert record.read(garbage) == (0, 1, 0, [])
    assert results(record.operate(garbage, info2=RESPOND_ALL)) == [None]


def test_nil_element_is_no_result(record):
    reply = run(record, [None], cdt(17, 0), cdt(1, 2))
    assert results(reply) == [None, 2]
    assert record.read(cdt(17, 0)).ops == []


def test_modify_needs_the_right_operation_type(record):
    assert run(record, BASE, cdt(17, 0, code=OP_CDT_MODIFY)).result == 4
    assert run(record, BASE, cdt(11, code=OP_CDT_READ)).result == 4


def test_operations_see_each_other(record):
    reply = run(record, MISSING, cdt(1, 2, 1), cdt(1, 1), cdt(16), cdt(35, VALUE, 1))
    assert results(reply) == [1, 2, 2, [1]]
    assert stored(record) == Marked([2])


def test_canonical_order_of_all_types(record):
    geojson = Raw(b"\xa3\x17{}")
    items = [geojson, 1.5, b"x", {"a": 1}, [1], "a", -1, True, False, None]
    run(record, items, cdt(13))
    found = record.get().bins[b"b"][1]
    expected = "9a c0 c2 c3 ff a20361 9101 81a2036101 a20478 cb3ff8000000000000"
    assert found == bytes.fromhex(expected) + geojson


def test_operation_that_creates_nothing_on_a_missing_record_answers_2(record):
    assert record.operate(cdt(11)).result == 2
    assert record.operate(cdt(1, 5)).result == 0
