"""Contexts of list and map operations, and path selection."""

from typing import Any

import pytest

from .packing import Marked, Raw, cdt, pack
from .rawwire import BLOB, OP_CDT_MODIFY, OP_CDT_READ
from .test_lists import MISSING, results, run, stored

NEST = [[4, 2, 8], {"k": [6, 1], "j": {"z": [5]}}, "s"]


def inside(context, *operation):
    return cdt(0xFF, context, list(operation))


FOUND = [
    ([0x10, 0], 3),
    ([0x10, -3], 3),
    ([0x11, 1], 3),
    ([0x13, [4, 2, 8]], 3),
    ([0x10, 1, 0x22, "k"], 2),
    ([0x10, 1, 0x20, -1], 2),
    ([0x10, 1, 0x21, 0], 2),
    ([0x10, 1, 0x23, [6, 1]], 2),
    ([0x10, 1, 0x22, "j", 0x20, 0], 1),
    ([0x00, 1, 0x02, "k"], 2),
    ([0x01, 1], 3),
    ([0x03, [4, 2, 8]], 3),
    ([0x50, 0], 3),
]


@pytest.mark.parametrize(("context", "size"), FOUND)
def test_context_leads_to_a_list(record, context, size):
    reply = run(record, NEST, inside(context, 16), inside(context, 1, 0))
    assert results(reply) == [size, size + 1]


LOST = [
    ([], 4),
    ([0x10], 4),
    (5, 4),
    ([0x10, 9], 26),
    ([0x10, "a"], 26),
    ([0x10, 1, 0x22, "no"], 26),
    ([0x10, 1, 0x22, 1.5], 26),
    ([0x10, 2, 0x10, 0], 26),
    ([0x22, "k"], 26),
    ([0x12, 0], 26),
    ([0x14, 0], 26),
    ([0x04, True], 26),
    ([0x10, 2], 12),
    ([0x10, 1], 12),
]


@pytest.mark.parametrize(("context", "result"), LOST)
def test_context_that_leads_nowhere_is_refused(record, context, result):
    assert run(record, NEST, inside(context, 16)).result == result
    assert run(record, NEST, inside(context, 1, 0)).result == result
    assert stored(record) == NEST


@pytest.mark.parametrize("start", [5, "s"])
def test_context_of_a_scalar_bin_answers_4(record, start):
    assert run(record, start, inside([0x10, 0], 16)).result == 4


CREATED: list[tuple[Any, ...]] = [
    (MISSING, [0x62, "q"], (1, 5), {"q": [5]}),
    (MISSING, [0xA2, "q"], (1, 5), Marked({"q": [5]})),
    (MISSING, [0xE2, "q"], (1, 5, 1), Marked({"q": Marked([5])}, 3)),
    (MISSING, [0x1A2, "q"], (1, 5, 1), Marked({"q": Marked([5])})),
    (MISSING, [0x50, 0], (1, 5), [[5]]),
    (MISSING, [0x50, -1], (1, 5), [[5]]),
    (MISSING, [0x90, 2], (1, 5), [None, None, [5]]),
    (MISSING, [0xD0, 2], (1, 5), Marked([[5]])),
    (
        MISSING,
        [0xA2, "q", 0x50, 0, 0x62, "w"],
        (67, "z", 1, 1),
        Marked({"q": [{"w": Marked({"z": 1})}]}),
    ),
    (MISSING, [0x62, "q"], (2, []), {"q": []}),
    ([[1]], [0x50, 1], (1, 5), [[1], [5]]),
    ([[1]], [0x90, 2], (1, 5), [[1], None, [5]]),
    (Marked([[1]]), [0x50, 3], (1, 0), Marked([[0], [1]])),
    (Marked([[1], [3]]), [0x10, 0], (3, 0, 9), Marked([[3], [9, 1]])),
    ({"a": [1]}, [0x62, "a"], (1, 5), {"a": [1, 5]}),
    # nothing is created: the way there is not kept
    (MISSING, [0x62, "q"], (11,), MISSING),
    (MISSING, [0x62, "q"], (9, 3, 1, 6), MISSING),
    ({"a": 1}, [0x62, "q", 0x50, 0], (75,), {"a": 1}),
]


@pytest.mark.parametrize(("start", "context", "operation", "after"), CREATED)
def test_context_creates_what_is_missing(record, start, context, operation, after):
    assert run(record, start, inside(context, *operation)).result == 0
    assert stored(record) == after


REFUSED = [
    (MISSING, [0x10, 0], (1, 5), 26),
    (MISSING, [0x50, 1], (1, 5), 26),
    (MISSING, [0x50, -2], (11,), 26),
    (MISSING, [0x62, "q"], (13,), 12),
    (MISSING, [0x62, "q"], (69, "k", 1), 23),
    (MISSING, [0x62, "q"], (31,), 4),
    ([[1]], [0x50, 2], (1, 5), 26),
    ([5], [0x50, 0], (1, 5), 12),
    ({"a": [1]}, [0x42, "q"], (1, 5), 26),
]


@pytest.mark.parametrize(("start", "context", "operation", "result"), REFUSED)
def test_context_that_cannot_be_created(record, start, context, operation, result):
    assert run(record, start, inside(context, *operation)).result == result
    assert stored(record) == start


def test_read_of_a_missing_bin_ignores_the_context(record):
    assert run(record, MISSING, inside([0x62, "q"], 16)).ops == []


# Path selection

ALL = [0x04, True]
VALUE_VAR, KEY_VAR, INDEX_VAR = [122, 2, 1], [122, 3, 0], [122, 2, 2]
TREE, VALUES, KEYS, PAIRS, APPLY, NO_FAIL = 0, 1, 2, 3, 4, 16
PEOPLE = [{"n": 1, "p": 10}, {"n": 2, "p": 30}, 5]
LETTERS = {"a": 5, "b": 15, "c": 25}


def select(path, flags, code=OP_CDT_READ):
    return code, b"b", BLOB, pack([0xFE, path, flags])


def modify(path, expression, flags=APPLY):
    return OP_CDT_MODIFY, b"b", BLOB, pack([0xFE, path, flags, expression])


SELECTED = [
    ([1, 2], ALL, VALUES, [1, 2]),
    ([1, 2], ALL, TREE, [1, 2]),
    (LETTERS, ALL, KEYS, ["a", "b", "c"]),
    (LETTERS, ALL, PAIRS, ["a", 5, "b", 15, "c", 25]),
    (PEOPLE, [*ALL, 0x22, "n"], VALUES, [1, 2]),
    (PEOPLE, [*ALL, 0x22, "n"], TREE, [{"n": 1}, {"n": 2}, 5]),
    (PEOPLE, [*ALL, 0x22, "zz"], TREE, [{}, {}, 5]),
    (LETTERS, [4, [3, VALUE_VAR, 10]], TREE, {"b": 15, "c": 25}),
    (LETTERS, [4, [3, KEY_VAR, "a"]], VALUES, [15, 25]),
    ([3, 7, 9], [4, [3, INDEX_VAR, 0]], VALUES, [7, 9]),
    (LETTERS, [0x2A, ["c", "a", "zz", "a"]], VALUES, [5, 25]),
    (LETTERS, [0x2A, ["c", "a"], 0x204, [3, VALUE_VAR, 10]], VALUES, [25]),
    (LETTERS, [0x22, "zz"], VALUES, []),
    (LETTERS, [0x22, "a", 0x22, "b"], TREE, {"a": 5}),
    (LETTERS, [4, [0]], VALUES | NO_FAIL, []),
    (LETTERS, [4, VALUE_VAR], VALUES, []),
    ([1, 2], ALL, KEYS | NO_FAIL, []),
    (Marked([[1], [2]]), [*ALL, *ALL], TREE, [[1], [2]]),
    (Marked([[1], Marked([2])]), ALL, TREE, [[1], Marked([2])]),
    ([3, 7, 9], [4, [9, VALUE_VAR, [126, [3, 9]]]], VALUES, [3, 9]),
    ([3, 7], [4, [123, [3, VALUE_VAR, 5], True, False]], VALUES, [7]),
    (
        [3, 7],
        [4, [125, Raw(b"\xa1x"), VALUE_VAR, [3, [124, Raw(b"\xa1x")], 5]]],
        VALUES,
        [7],
    ),
    (
        [[1, 2], [3], 7],
        [4, [3, [127, 2, 0, [16], [122, 4, 1]], 1]],
        VALUES | NO_FAIL,
        [[1, 2]],
    ),
]


@pytest.mark.parametrize(("start", "path", "flags", "result"), SELECTED)
def test_path_selects(record, start, path, flags, result):
    assert results(run(record, start, select(path, flags))) == [result]
    assert results(run(record, start, select(path, flags, OP_CDT_MODIFY))) == [result]


NOT_SELECTED = [
    (LETTERS, [], VALUES, 4),
    (LETTERS, ALL, APPLY, 4),
    (LETTERS, ALL, 5, 4),
    (LETTERS, ALL * 65, VALUES, 4),
    (LETTERS, [4, False], VALUES, 4),
    (LETTERS, [4, 5], VALUES, 4),
    (LETTERS, [4, [0]], VALUES, 4),
    (LETTERS, [4, [3, INDEX_VAR, 1]], VALUES, 4),
    (LETTERS, [4, [1, [81, 2, Raw(b"\xa1b")], 5]], VALUES, 4),
    (LETTERS, [0x2A, "a"], VALUES, 4),
    ([1], [0x2A, ["a"]], VALUES, 4),
    (LETTERS, [0x204, [3, VALUE_VAR, 1]], VALUES, 4),
    (LETTERS, [*ALL, 0x204, [3, VALUE_VAR, 1]], VALUES, 4),
    (LETTERS, [0x30, 1], VALUES, 4),
    (PEOPLE, [*ALL, 0x10, 0], TREE, 4),
    ([1, 2], ALL, KEYS, 12),
    (5, ALL, VALUES, 12),
]


@pytest.mark.parametrize(("start", "path", "flags", "result"), NOT_SELECTED)
def test_path_is_refused(record, start, path, flags, result):
    assert run(record, start, select(path, flags)).result == result


MODIFIED = [
    ([3, 7], ALL, [20, VALUE_VAR, 1], APPLY, [4, 8]),
    (LETTERS, [0x22, "a"], [21, VALUE_VAR], APPLY, {"a": -5, "b": 15, "c": 25}),
    (Marked([3, 7]), ALL, [21, VALUE_VAR], APPLY, Marked([-7, -3])),
    ([3, 7], [4, [3, VALUE_VAR, 5]], [100], APPLY, [3]),
    (PEOPLE, [0x10, 0, 0x22, "n"], [100], APPLY, [{"p": 10}, *PEOPLE[1:]]),
    ([3, 7], ALL, [0], APPLY | NO_FAIL, [3, 7]),
    ([3, 7], [4, [3, VALUE_VAR, 5]], [126, [1]], APPLY, [3, [1]]),
    (
        [[1], 7],
        ALL,
        [127, 4, 0x40, [1, 5], [122, 4, 1]],
        APPLY | NO_FAIL,
        [[1, 5], 7],
    ),
]


@pytest.mark.parametrize(("start", "path", "expression", "flags", "after"), MODIFIED)
def test_path_modifies(record, start, path, expression, flags, after):
    assert results(run(record, start, modify(path, expression, flags))) == []
    assert stored(record) == after


NOT_MODIFIED = [
    (MISSING, ALL, 5, 12),
    (5, ALL, 5, 12),
    ([3], ALL, [0], 1),
    ([3], ALL, Raw(b"\xd4\xff\x01"), 4),
    ([3], ALL, [98, 1], 4),
    ([3], ALL, [123, [3, VALUE_VAR, 5], [100], 5], 4),
]


@pytest.mark.parametrize(("start", "path", "expression", "result"), NOT_MODIFIED)
def test_path_modification_is_refused(record, start, path, expression, result):
    assert run(record, start, modify(path, expression)).result == result
    assert stored(record) == start
