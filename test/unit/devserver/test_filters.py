"""Filter expressions: syntax, types, three-valued logic, and where they stand."""

import pytest

from .rawwire import (
    DELETE,
    FLOAT,
    GET_ALL,
    GET_NO_BINS,
    LIST,
    MAP,
    READ,
    STRING,
    TOUCH,
    WRITE,
    f64,
    get,
    put,
    put_int,
)

INT, STR, ITEMS, PAIRS, NONE = (
    "935102a169",
    "935103a173",
    "935104a16c",
    "935105a16d",
    "935102a17a",
)
"""Bins: i = 5, s = "x", l = [1], m = {"a": 1} with a marker, z missing."""
T, F, U = "c3", "c2", "9100"  # true, false, unknown

PASSES, FILTERED, REFUSED = 0, 27, 4


@pytest.fixture
def stored(record):
    """A record with a bin of several types."""
    record.write(
        put_int(b"i", 5),
        put(b"s", STRING, b"x"),
        put(b"f", FLOAT, f64(1.5)),
        put(b"l", LIST, bytes.fromhex("9101")),
        put(b"m", MAP, bytes.fromhex("82c70001c0a2036101")),
        put(b"u", MAP, bytes.fromhex("81a2036101")),
        put(b"t", 17, b"\1"),
    )
    return record


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        # comparisons
        (f"9301{INT}05", PASSES),
        (f"9301{INT}06", FILTERED),
        (f"9302{INT}06", PASSES),
        (f"9303{INT}04", PASSES),
        (f"9304{INT}05", PASSES),
        (f"9305{INT}05", FILTERED),
        (f"9306{INT}05", PASSES),
        (f"9301{STR}a20378", PASSES),
        (f"9305{STR}a3037879", PASSES),
        ("9301935107a166cb3ff8000000000000", PASSES),
        ("9302cb7ff8000000000000cb7ff8000000000000", PASSES),
        ("9301cb7ff8000000000000cb7ff8000000000000", FILTERED),
        ("9301935101a174c3", PASSES),
        ("9303c3c2", PASSES),
        ("9301c0c0", PASSES),
        ("9303c0c0", FILTERED),
        (f"9301{ITEMS}927e9101", PASSES),
        (f"9305{ITEMS}927e9102", PASSES),
        (f"9301{ITEMS}927e92c7000101", PASSES),
        (f"9301{PAIRS}82c70001c0a2036101", PASSES),
        (f"9301{PAIRS}81a2036101", FILTERED),
        ("9301935105a17582c70001c0a2036101", FILTERED),
        ("93018080", PASSES),
        ("9301cfffffffffffffffffff", PASSES),
        # missing bins, wrong types: unknown
        (f"9301{NONE}05", FILTERED),
        (f"9302{NONE}05", FILTERED),
        ("9301935103a169a20378", FILTERED),
        ("9301935100a169c0", FILTERED),
        # particle types
        ("93019252a16901", PASSES),
        ("93019252a17a00", PASSES),
        ("93029252a16900", PASSES),
        # logic
        (T, PASSES),
        (F, FILTERED),
        (U, FILTERED),
        (f"9212{F}", PASSES),
        (f"9212{U}", FILTERED),
        (f"9310{T}{T}", PASSES),
        (f"9310{T}{F}", FILTERED),
        (f"9310{T}{U}", FILTERED),
        (f"92129310{F}{U}", PASSES),
        (f"92129310{U}{F}", PASSES),
        (f"9311{F}{T}", PASSES),
        (f"9311{U}{T}", PASSES),
        (f"9311{U}{F}", FILTERED),
        (f"9410{T}{T}{T}", PASSES),
        # refused: shape and types
        ("", REFUSED),
        ("ff", REFUSED),
        ("05", REFUSED),
        ("c0", REFUSED),
        ("90", REFUSED),
        ("91a16a", REFUSED),
        ("91cd0fff", REFUSED),
        ("c3c3", REFUSED),
        ("93", REFUSED),
        (f"9201{INT}", REFUSED),
        (f"9401{INT}0505", REFUSED),
        (f"9301{INT}a20378", REFUSED),
        (f"9301{INT}cb3ff8000000000000", REFUSED),
        (f"9301{INT}{U}", REFUSED),
        (f"9301{ITEMS}9101", REFUSED),
        ("9301a117a117", REFUSED),
        ("9301a10ca10c", REFUSED),
        ("9301a0a0", REFUSED),
        (f"9210{T}", REFUSED),
        (f"9310{T}05", REFUSED),
        (f"9212{INT}", REFUSED),
        (f"9312{T}{T}", REFUSED),
        ("930193510aa16905", REFUSED),
        ("93019351020505", REFUSED),
        ("9301935102b06161616161616161616161616161616105", REFUSED),
        ("9301935108a169935108a169", REFUSED),
    ],
)
def test_filter_decides(stored, expression, result):
    reply = stored.get(fields=[(43, bytes.fromhex(expression))])
    assert reply[:2] == (result, 1)


@pytest.mark.parametrize("depth", [50, 100_000])
def test_deep_filter_is_evaluated_or_refused(own_record, depth):
    own_record.write(put_int(b"i", 5))
    deep = bytes.fromhex("9212") * depth + b"\xc3"
    assert own_record.get(fields=[(43, deep)]).result in (PASSES, REFUSED)


@pytest.mark.parametrize("special", ["d4ff00", "d4ff01"])
def test_wildcard_and_infinity_are_no_literals(own_record, special):
    own_record.write(put_int(b"i", 5))
    for text in (special, f"9301{special}{special}", f"9301{INT}{special}"):
        reply = own_record.get(fields=[(43, bytes.fromhex(text))])
        assert reply.result == REFUSED


FALSE = (43, b"\xc2")


@pytest.mark.parametrize(
    ("flags", "ops", "generation"),
    [
        ((READ | GET_ALL, 0, 0), [], 1),
        ((READ | GET_NO_BINS, 0, 0), [], 1),
        ((READ, 0, 0), [get(b"i")], 1),
        ((0, WRITE, 0), [put_int(b"i", 6)], 1),
        ((0, WRITE, 0), [TOUCH], 1),
        ((0, WRITE | DELETE, 0), [], 0),
    ],
)
def test_filtered_command_changes_nothing(stored, flags, ops, generation):
    assert stored.command(flags, *ops, fields=[FALSE])[:2] == (27, generation)
    assert stored.exists()[:2] == (0, 1)


def test_filter_of_a_missing_record_is_not_looked_at(record):
    assert record.get(fields=[(43, b"\xff")]).result == 2
    created = record.command((0, WRITE, 0), put_int(b"a", 1), fields=[(43, b"\xff")])
    assert created[:2] == (0, 1)
