"""HyperLogLog operations: bytes of sketches, estimates, geometry, flags, errors."""

import math
import struct

import pytest

from .packing import Raw, from_particle, pack
from .rawwire import BLOB, FLOAT, HLL, INT, NULL, RESPOND_ALL, STRING, i64, put, put_int

HLL_READ, HLL_MODIFY = 15, 16
OK, REFUSED, EXISTS, WRONG_TYPE, NOT_FOUND, NOT_APPLICABLE = 0, 4, 6, 12, 17, 26

EMPTY_4 = bytes.fromhex("0004000000000000000000") + bytes(12)
A_AND_B = bytes.fromhex("0004000000000000000000000000004080000000000000")
INIT, ADD, UNION, REFRESH, FOLD = 0, 1, 2, 3, 4
COUNT, GET_UNION, UNION_COUNT, INTERSECT, SIMILARITY, DESCRIBE, MAY_CONTAIN = range(
    50, 57
)


def packed(sketch, inner=0x12):
    """A sketch as an argument."""
    data = bytes([inner]) + sketch
    head = bytes([0xA0 | len(data)]) if len(data) < 32 else None
    return Raw((head or b"\xda" + struct.pack(">H", len(data))) + data)


def hll(*operation, name=b"h", code=None, particle=BLOB):
    """An operation; a read if its code is 50 or more."""
    if code is None:
        code = HLL_READ if operation[0] >= COUNT else HLL_MODIFY
    return code, name, particle, pack(list(operation))


def raw(text):
    """An operation in hex."""
    value = bytes.fromhex(text)
    return HLL_READ if value[1] >= COUNT else HLL_MODIFY, b"h", BLOB, value


def stored(record, name=b"h"):
    found = record.get().bins.get(name)
    assert found is None or found[0] == HLL
    return None if found is None else found[1]


def result(reply):
    """The one value of a reply; asserts that there is no more."""
    assert reply.result == OK
    (entry,) = reply.ops
    return entry[3] if entry[2] == HLL else from_particle(entry[2], entry[3])


def words(count, tag="w"):
    return [f"{tag}{i}" for i in range(count)]


def sketch(record, name, elements, *geometry):
    """Fill a bin with a sketch; its bytes."""
    assert record.write(hll(INIT, *geometry, name=name)).result == OK
    assert record.write(hll(ADD, elements, name=name)).result == OK
    return stored(record, name)


def test_empty_sketch_has_these_bytes(record):
    assert record.write(raw("94 00 04 00 00")).ops == []
    assert stored(record) == EMPTY_4


def test_sketch_of_two_elements_has_these_bytes(record):
    assert result(record.write(raw("95 01 92 a20361 a20362 04 ff 00"))) == 2
    assert stored(record) == A_AND_B


@pytest.mark.parametrize(
    ("geometry", "size"), [((8, 0), 203), ((8, 8), 459), ((4, 4), 31), ((16, 0), 49163)]
)
def test_geometry_gives_the_size(record, geometry, size):
    record.write(hll(INIT, *geometry))
    assert len(stored(record)) == size
    assert result(record.read(hll(DESCRIBE))) == list(geometry)


def test_count_is_cached_by_refresh_and_dropped_by_change(record):
    record.write(hll(ADD, ["a", "b"], 4))
    assert result(record.read(raw("91 32"))) == 2
    assert stored(record) == A_AND_B
    assert result(record.write(raw("91 03"))) == 2
    assert stored(record)[3:11] == bytes.fromhex("0200000000000000")
    assert result(record.write(hll(ADD, ["a"]))) == 0
    assert stored(record)[3:11] == bytes.fromhex("0200000000000000")
    assert result(record.write(hll(ADD, words(50)))) > 0
    assert stored(record)[3:11] == bytes(8)


def test_cached_count_is_believed(record):
    liar = A_AND_B[:3] + struct.pack("<Q", 77) + A_AND_B[11:]
    record.write(put(b"h", HLL, liar))
    assert result(record.read(hll(COUNT))) == 77


@pytest.mark.parametrize(
    ("n_elements", "count"), [(1, 1), (17, 16), (100, 97), (1000, 960)]
)
def test_count_estimates(record, n_elements, count):
    sketch(record, b"h", words(n_elements), 10, 0)
    assert result(record.read(hll(COUNT))) == count


ELEMENTS = [
    (1, "01"),
    (-1, "ff"),
    (1.5, "cb3ff8000000000000"),
    ("1", "a20331"),
    (b"1", "a20431"),
    (None, "c0"),
    (True, "c3"),
    (2**63, "cf8000000000000000"),
]


@pytest.mark.parametrize(("value", "text"), ELEMENTS)
def test_element_is_told_from_others(record, value, text):
    others = [other for other, _ in ELEMENTS if other is not value]
    sketch(record, b"h", others, 12, 0)
    assert result(record.read(raw(f"92 38 91 {text}"))) == 0
    assert result(record.write(hll(ADD, [value]))) == 1
    assert result(record.read(hll(MAY_CONTAIN, [value, *others]))) == 1


def test_long_form_of_an_integer_is_the_same_element(record):
    sketch(record, b"h", [5], 8)
    assert result(record.read(raw("92 38 91 cf0000000000000005"))) == 1


# Several sketches: A = {a, b, c}, B = {c, d}


@pytest.mark.parametrize(
    ("minhash_bits", "similarity", "with_itself"),
    [(0, 0.25, 1.0), (8, 0.2499924279224293, 0.9999848938448516)],
)
def test_two_sketches_are_compared(record, minhash_bits, similarity, with_itself):
    first = packed(sketch(record, b"h", ["a", "b", "c"], 8, minhash_bits))
    second = packed(sketch(record, b"g", ["c", "d"], 8, minhash_bits))
    assert result(record.read(hll(UNION_COUNT, [second]))) == 4
    assert result(record.read(hll(INTERSECT, [second]))) == 1
    assert result(record.read(hll(SIMILARITY, [second]))) == similarity
    assert result(record.read(hll(SIMILARITY, [first]))) == with_itself
    assert result(record.read(hll(UNION_COUNT, second))) == 4


def test_union_is_the_sketch_of_all_elements(record):
    second = sketch(record, b"g", words(30, "x"), 8, 8)
    sketch(record, b"h", words(30), 8, 8)
    both = sketch(record, b"u", words(30) + words(30, "x"), 8, 8)
    for inner in (0x12, 0x04):
        assert result(record.read(hll(GET_UNION, [packed(second, inner)]))) == both
    record.write(hll(UNION, [packed(second)]))
    assert stored(record) == both


def test_fold_gives_the_sketch_of_fewer_index_bits(record):
    small = sketch(record, b"g", words(300), 6, 0)
    sketch(record, b"h", words(300), 12, 0)
    assert record.write(raw("92 04 06")).ops == []
    assert stored(record) == small


def test_union_of_different_geometries_has_the_common_one(record):
    other = packed(sketch(record, b"g", words(20, "x"), 6, 4))
    sketch(record, b"h", words(20), 8, 8)
    assert result(record.read(hll(GET_UNION, [other])))[1:3] == b"\x06\x00"
    assert record.write(hll(UNION, [other])).result == NOT_APPLICABLE
    assert record.write(hll(UNION, [other], 4)).result == NOT_APPLICABLE
    assert record.write(hll(UNION, [other], 8)).result == OK
    assert stored(record)[1:3] == b"\x06\x00"


def test_union_of_more_index_bits_is_folded_in(record):
    other = packed(sketch(record, b"g", words(20, "x"), 10, 0))
    sketch(record, b"h", words(20), 8, 0)
    assert record.write(hll(UNION, [other])).result == OK
    assert stored(record) == sketch(record, b"u", words(20) + words(20, "x"), 8, 0)


def test_minhash_bits_are_not_lost_without_leave(record):
    other = packed(sketch(record, b"g", words(20), 8, 0))
    sketch(record, b"h", words(20), 8, 8)
    assert record.write(hll(UNION, [other])).result == NOT_APPLICABLE


def test_union_creates_a_bin(record):
    others = [
        packed(sketch(record, b"f", words(5), 8, 4)),
        packed(sketch(record, b"g", words(5, "x"), 6, 4)),
    ]
    assert record.write(hll(UNION, others)).result == OK
    assert stored(record)[1:3] == b"\x06\x04"


def test_similarity_of_nothing_is_no_number(record):
    record.write(hll(INIT, 4))
    assert math.isnan(result(record.read(hll(SIMILARITY, [packed(EMPTY_4)]))))
    assert result(record.read(hll(INTERSECT, [packed(EMPTY_4)]))) == 0


def test_three_others_need_equal_minhash_bits(record):
    mixed = [packed(sketch(record, b"g", words(99), 6, bits)) for bits in (4, 4, 8)]
    plain = [packed(sketch(record, b"g", words(99), 6, 0))] * 3
    equal = [mixed[0]] * 3
    sketch(record, b"h", words(99), 6, 8)
    assert record.read(hll(INTERSECT, mixed)).result == REFUSED
    assert record.read(hll(SIMILARITY, plain)).result == REFUSED
    assert record.read(hll(SIMILARITY, equal)).result == NOT_APPLICABLE
    sketch(record, b"h", words(99), 6, 4)
    assert result(record.read(hll(SIMILARITY, equal))) == 1.0


def test_emptiness_is_seen_by_the_first_registers_alone(record):
    """Of 64 registers with 10 bits 64 bytes are looked at; this one is behind them."""
    late = packed(sketch(record, b"h", ["a"], 6, 4))
    assert math.isnan(result(record.read(hll(SIMILARITY, [late]))))
    assert result(record.read(hll(UNION_COUNT, [late]))) == 1


# Flags and errors


@pytest.mark.parametrize(
    ("operation", "result_code"),
    [
        ((INIT,), NOT_APPLICABLE),
        ((INIT, -1, 4), NOT_APPLICABLE),
        ((ADD, ["a"]), NOT_APPLICABLE),
        ((INIT, 8, 0, 2), NOT_FOUND),
        ((UNION, [packed(EMPTY_4)], 2), NOT_FOUND),
        ((REFRESH,), NOT_FOUND),
        ((FOLD, 6), NOT_FOUND),
        ((INIT, 3), REFUSED),
        ((INIT, 17), REFUSED),
        ((INIT, 8, 3), REFUSED),
        ((INIT, 8, 52), REFUSED),
        ((INIT, 16, 49), REFUSED),
        ((INIT, 8, 0, 3), REFUSED),
        ((INIT, 8, 0, 8), REFUSED),
        ((ADD, ["a"], 8, 0, 2), REFUSED),
        ((INIT, 8, 0, 0, 0), REFUSED),
        ((INIT, "8"), REFUSED),
        ((ADD, [], 8), REFUSED),
        ((ADD, "a", 8), REFUSED),
        ((ADD, [["a"]], 8), REFUSED),
        ((ADD, [{}], 8), REFUSED),
        ((UNION, []), REFUSED),
        ((UNION, ["a"]), REFUSED),
        ((UNION, [packed(EMPTY_4[:-1])]), REFUSED),
        ((UNION, [packed(b"\x01" + EMPTY_4[1:])]), REFUSED),
        ((5,), REFUSED),
    ],
)
def test_missing_bin_is_not_created(record, operation, result_code):
    record.write(put_int(b"x", 1))
    assert record.write(hll(*operation))[:2] == (result_code, 1)
    assert stored(record) is None


@pytest.mark.parametrize(
    ("operation", "result_code"),
    [
        ((INIT, 8, 0, 1), EXISTS),
        ((ADD, ["z"], 4, 0, 1), EXISTS),
        ((FOLD, 5), NOT_APPLICABLE),
        ((FOLD, -1), NOT_APPLICABLE),
        ((FOLD, 3), REFUSED),
        ((COUNT, 1), REFUSED),
        ((57,), REFUSED),
        ((UNION_COUNT, []), REFUSED),
        ((UNION_COUNT, ["text"]), REFUSED),
        ((MAY_CONTAIN, []), REFUSED),
    ],
)
def test_failure_changes_nothing(record, operation, result_code):
    record.write(hll(ADD, ["a", "b"], 4))
    assert record.operate(hll(*operation))[:2] == (result_code, 1)
    assert stored(record) == A_AND_B


@pytest.mark.parametrize("operation", [(INIT, 8, 0, 5), (ADD, ["z"], 8, 0, 5)])
def test_no_fail_turns_failure_into_nothing(record, operation):
    record.write(hll(ADD, ["a", "b"], 4))
    reply = record.operate(hll(*operation), info2=RESPOND_ALL)
    assert reply.ops == [(HLL_MODIFY, b"h", NULL, b"")]
    assert stored(record) == A_AND_B


def test_init_keeps_the_bits_that_are_not_given(record):
    sketch(record, b"h", ["a"], 6, 8)
    record.write(raw("94 00 ff ff 00"))
    assert stored(record) == b"\x00\x06\x08" + bytes(8) + bytes(112)
    record.write(raw("94 00 04 ff 00"))
    assert stored(record)[1:3] == b"\x04\x08"
    sketch(record, b"h", ["a"], 4, 51)
    assert record.write(raw("92 00 0e")).result == NOT_APPLICABLE


def test_add_to_a_sketch_ignores_other_bits(record):
    record.write(hll(ADD, ["a"], 4))
    record.write(hll(ADD, ["b"], 8, 8))
    assert stored(record) == A_AND_B


def test_minhash_bits_cannot_be_folded(record):
    sketch(record, b"h", ["a"], 8, 4)
    assert record.write(raw("92 04 06")).result == NOT_APPLICABLE


def test_ordering_marker_counts_as_an_element(record):
    reply = record.write(raw("93 01 93 c70001 a20361 a20362 04"))
    assert result(reply) == 3


@pytest.mark.parametrize("operation", [(COUNT,), (ADD, ["a"], 4), (INIT, 4)])
def test_bin_of_another_type_is_refused(record, operation):
    for bad in (put_int(b"h", 1), put(b"h", STRING, b"x"), put(b"h", BLOB, EMPTY_4)):
        record.write(bad)
        assert record.operate(hll(*operation)).result == WRONG_TYPE


def test_particle_type_of_the_operation_does_not_matter(record):
    assert record.write(hll(ADD, ["a"], 4, particle=HLL)).result == OK
    assert result(record.read(hll(COUNT, particle=STRING))) == 1


def test_read_of_a_missing_bin_has_no_result(record):
    record.write(put_int(b"x", 1))
    assert record.read(hll(COUNT)).ops == []
    reply = record.operate(hll(COUNT), info2=RESPOND_ALL)
    assert reply.ops == [(HLL_READ, b"h", NULL, b"")]


# In expressions

HLL_BIN = "935109a168"


def evaluated(record, expression):
    """The entries of an expression read."""
    value = b"\x92" + bytes.fromhex(expression) + b"\x00"
    reply = record.read((7, b"e", BLOB, value))
    return reply.result, [entry[2:] for entry in reply.ops]


SKETCH_ARGUMENT = "b812" + A_AND_B.hex()


@pytest.mark.parametrize(
    ("call", "entry"),
    [
        (f"957f0202 9132 {HLL_BIN}", (INT, i64(2))),
        (f"957f0202 9238927e91a20361 {HLL_BIN}", (INT, i64(1))),
        (f"957f0202 9234{SKETCH_ARGUMENT} {HLL_BIN}", (INT, i64(2))),
        (f"957f0702 9236{SKETCH_ARGUMENT} {HLL_BIN}", (FLOAT, struct.pack(">d", 1.0))),
        (f"957f0402 9137 {HLL_BIN}", (20, b"\x92\x04\x00")),
        (f"957f0902 9233{HLL_BIN} {HLL_BIN}", (HLL, A_AND_B)),
        (f"957f0942 920004 {HLL_BIN}", (HLL, EMPTY_4)),
        (f"957f0202 9132 957f0942 9201927e91a2037a {HLL_BIN}", (INT, i64(3))),
    ],
)
def test_call_in_an_expression(record, call, entry):
    record.write(hll(ADD, ["a", "b"], 4))
    assert evaluated(record, call) == (OK, [entry])
    assert stored(record) == A_AND_B


@pytest.mark.parametrize(
    ("call", "result_code"),
    [
        (f"957f0202 9105 {HLL_BIN}", NOT_APPLICABLE),
        (f"957f0102 9132 {HLL_BIN}", NOT_APPLICABLE),
        ("957f0202 9132 935109a17a", NOT_APPLICABLE),
        ("957f0202 9132 935106a168", REFUSED),
    ],
)
def test_call_that_fails_is_unknown(record, call, result_code):
    record.write(hll(ADD, ["a", "b"], 4))
    assert evaluated(record, call)[0] == result_code
