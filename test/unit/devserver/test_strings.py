"""String operations of version 8.2: bytes of each, what they leave, flags, errors.

No server of that version was at hand; results are those of its description.
"""

import os
import struct

import pytest

from aerospike_devserver import DevCluster

from .packing import from_particle, pack
from .rawwire import (
    BLOB,
    BOOL,
    FLOAT,
    HLL,
    INT,
    LIST,
    MESSAGE,
    NULL,
    RESPOND_ALL,
    STRING,
    Connection,
    RecordClient,
    f64,
    get,
    i64,
    message,
    parse_rows,
    proto,
    put,
    put_int,
)

STRING_READ, STRING_MODIFY, TO_STRING = 17, 18, 19
OK, MISSING_RECORD, REFUSED, EXISTS, WRONG_TYPE = 0, 2, 4, 6, 12
NOT_APPLICABLE, BAD_ENCODING = 26, 29
MISSING = None
ACUTE = "\u0301"


@pytest.fixture(scope="module")
def server():
    with DevCluster(version="8.2") as made, Connection(*made.hosts[0]) as connection:
        yield connection


@pytest.fixture
def text(server):
    """A record of one's own."""
    return RecordClient(server, os.urandom(20))


@pytest.fixture
def older():
    """A record on a server of version 8.1."""
    with DevCluster(version="8.1") as made, Connection(*made.hosts[0]) as connection:
        yield RecordClient(connection, os.urandom(20))


def string(*operation, name=b"b", particle=STRING):
    """An operation; a modification if its code is 50 or more."""
    inner = operation[2] if operation[0] == 0xFF else operation
    code = STRING_MODIFY if inner[0] >= 50 else STRING_READ
    return code, name, particle, pack(list(operation))


def raw(hexadecimal):
    value = bytes.fromhex(hexadecimal)
    return STRING_MODIFY if value[1] >= 50 else STRING_READ, b"b", STRING, value


def begin(record, start):
    """A record with a string in bin b, or without that bin."""
    data = start if isinstance(start, bytes) else (start or "").encode()
    bins = [] if start is MISSING else [put(b"b", STRING, data)]
    record.write(put_int(b"x", 1), *bins)


def stored(record):
    found = record.get().bins.get(b"b")
    return MISSING if found is None else from_particle(*found)


def result(reply):
    """The one value of a reply; asserts that there is no more."""
    assert reply.result == OK
    (entry,) = reply.ops
    return from_particle(entry[2], entry[3])


BYTES = [
    ("hello", "91 00", 5),
    ("hello", "92 01 02", "llo"),
    ("hello", "92 01 fe", "lo"),
    ("hello", "93 01 00 ff", "hell"),
    ("hello", "92 02 fb", "h"),
    ("hello", "93 03 a2036c 01", 2),
    ("hello", "93 03 a2036c ff", 3),
    ("hello", "93 03 a2036c 03", -1),
    ("a123", "92 04 a403313233", True),
    ("abc", "92 05 a3036162", True),
    ("xyz", "92 06 a303797a", True),
    ("42", "91 07", 42),
    ("1.5", "91 08", 1.5),
    ("café", "91 09", 5),
    ("5", "92 0a 00", True),
    ("5", "92 0a 02", False),
    ("AB", "91 0b", True),
    ("AB", "91 0c", False),
    ("hi", "91 0d", b"hi"),
    ("a,b", "92 0e a2032c", ["a", "b"]),
    ("aGk=", "91 0f", b"hi"),
    ("abc", "93 10 a6035e612e6324 00", True),
    ("ABC", "93 10 a6035e612e6324 00", False),
    ("ABC", "93 10 a6035e612e6324 01", True),
]


@pytest.mark.parametrize(("start", "operation", "answer"), BYTES)
def test_read_of_these_bytes_answers(text, start, operation, answer):
    begin(text, start)
    found = result(text.read(raw(operation)))
    assert found == answer
    assert type(found) is type(answer)


MODIFICATIONS = [
    ("hello", "94 32 05 a3037879 00", "helloxy"),
    ("hello", "94 32 ff a3037879 04", "hellxyo"),
    ("hello", "94 33 02 a3037879 00", "hexyo"),
    ("hello", "93 34 92 a20321 a2033f 00", "hello!?"),
    ("hello", "93 34 90 00", "hello"),
    ("hello", "94 35 01 03 00", "hlo"),
    ("hello", "92 35 02", "he"),
    ("aaa", "93 36 92 a3036161 a20358 00", "Xa"),
    ("aaaa", "93 37 92 a3036161 a103 00", ""),
    ("straße", "92 38 00", "STRASSE"),
    ("ΑΣ", "92 39 00", "ας"),
    ("Straße", "92 3a 00", "strasse"),
    ("e" + ACUTE, "92 3b 00", "é"),
    (" \u3000x\u00a0", "92 3c 00", "x\u00a0"),
    (" \u3000x\u00a0", "92 3d 00", " \u3000x"),
    ("\t x \n", "92 3e 00", "x"),
    ("hi", "94 3f 0a a2032a 00", "********hi"),
    ("hi", "94 3f 08 a3036162 00", "abababhi"),
    ("hi", "94 40 05 a3036162 00", "hiaba"),
    ("hi", "94 40 01 a3036162 00", "hi"),
    ("ab", "93 41 02 00", "abab"),
    ("ab", "93 41 00 00", ""),
    ("a12b3", "94 42 92 a7035b302d395d2b a2034e 00 00", "aNb3"),
    ("a12b3", "94 42 92 a7035b302d395d2b a2034e 10 00", "aNbN"),
    ("caf", "93 43 a303c3a9 00", "café"),
    ("x", "93 44 a403e8afad 00", "语x"),
]


@pytest.mark.parametrize(("start", "operation", "after"), MODIFICATIONS)
def test_modification_of_these_bytes_leaves(text, start, operation, after):
    begin(text, start)
    reply = text.write(raw(operation))
    assert (reply.result, reply.generation, reply.ops) == (OK, 2, [])
    assert stored(text) == after


READS = [
    # indexes are code points, cut to the string
    ("日本語", (0,), 3),
    ("👋hi", (9,), 6),
    ("日本語", (1, 1), "本語"),
    ("hello", (1, 9), ""),
    ("hello", (1, -9), "hello"),
    ("hello", (1, 3, 1), ""),
    ("hello", (1, -3, -1), "ll"),
    ("hello", (2, 5), ""),
    ("hello", (2, -9), "h"),
    ("日本語", (2, -1), "語"),
    # matches do not overlap, in either direction
    ("aaaaa", (3, "aa"), 0),
    ("aaaaa", (3, "aa", 2), 2),
    ("aaaaa", (3, "aa", 3), -1),
    ("aaaaa", (3, "aa", -1), 3),
    ("aaaaa", (3, "aa", -2), 1),
    ("abc", (3, ""), 0),
    ("", (4, ""), True),
    ("", (3, "a"), -1),
    # canonically equivalent text matches in both directions
    ("x café", (3, "e" + ACUTE), 5),
    ("x cafe" + ACUTE, (3, "é"), 5),
    ("x cafe" + ACUTE, (4, "e"), False),
    ("x cafe" + ACUTE, (6, "fé"), True),
    ("e" + ACUTE + "x", (5, "é"), True),
    ("e" + ACUTE + "x", (5, "e"), False),
    ("E" + ACUTE, (4, "é"), False),
    ("é", (4, "e"), False),
    ("abc", (5, ""), True),
    ("abc", (6, ""), True),
    # numbers
    (" -7", (7,), -7),
    ("-9223372036854775808", (7,), -(2**63)),
    ("1e3", (8,), 1000.0),
    ("-inf", (8,), float("-inf")),
    ("0x1p-1", (8,), 0.5),
    ("007", (10,), True),
    ("-5", (10, 1), True),
    ("9223372036854775808", (10, 1), False),
    ("0" * 40 + "7", (10, 1), True),
    (".5", (10, 2), True),
    ("5.", (10,), False),
    ("1e5", (10,), False),
    (" 5", (10,), False),
    ("+", (10,), False),
    ("", (11,), True),
    ("A1", (11,), False),
    ("é", (12,), True),
    # split
    ("", (14,), []),
    ("日本", (14,), ["日", "本"]),
    ("ab", (14, ""), ["a", "b"]),
    ("", (14, ","), [""]),
    (",a,", (14, ","), ["", "a", ""]),
    ("cafe" + ACUTE, (14, "é"), ["cafe" + ACUTE]),
    ("", (15,), b""),
]


@pytest.mark.parametrize(("start", "operation", "answer"), READS)
def test_read_answers(text, start, operation, answer):
    begin(text, start)
    assert result(text.read(string(*operation))) == answer


EDITS = [
    ("hello", (50, 99, "!"), "hello!"),
    ("hello", (50, -99, "!"), "!hello"),
    ("日本", (50, 1, "x"), "日x本"),
    ("hello", (51, 3, "ping!"), "helping!"),
    ("hello", (53, -2), "hel"),
    ("hello", (53, 3, 1), "hello"),
    ("cafe" + ACUTE + "s", (54, ["é", "e"]), "cafes"),
    ("aXbXc", (55, ["X", "XX"]), "aXXbXXc"),
    ("abc", (54, ["z", "y"]), "abc"),
    ("ab", (66, ["", "-"]), "-ab"),
    ("ab", (66, ["", "-"], 16), "-a-b-"),
    ("ab-cd", (66, ["(\\w+)-(\\w+)", "$2-$1"]), "cd-ab"),
    ("ab", (66, ["(?<first>a)", "<${first}>"]), "<a>b"),
    ("ab", (66, ["a", "\\$\\\\"]), "$\\b"),
    ("ab", (66, ["z", "$9"]), "ab"),
    ("a1", (66, ["(a)", "$12"]), "a21"),
]


@pytest.mark.parametrize(("start", "operation", "after"), EDITS)
def test_modification_leaves(text, start, operation, after):
    begin(text, start)
    assert text.write(string(*operation)).result == OK
    assert stored(text) == after


CREATED = [
    ((50, 0, "a"), "a"),
    ((51, 0, "a"), "a"),
    ((52, ["a", "b"]), "ab"),
    ((63, 2, "x"), "xx"),
    ((64, 3, "ab"), "aba"),
    ((65, 3), ""),
    ((67, "a"), "a"),
    ((68, "a", 1), "a"),
]


@pytest.mark.parametrize(("operation", "after"), CREATED)
def test_missing_bin_is_created(text, operation, after):
    begin(text, MISSING)
    assert text.write(string(*operation)).result == OK
    assert stored(text) == after


@pytest.mark.parametrize(
    "operation",
    [(53, 0), (54, ["a", "b"]), (56,), (62,), (66, ["a", "b"]), (67, "a", 2)],
)
def test_missing_bin_stays_missing(text, operation):
    begin(text, MISSING)
    assert text.write(string(*operation))[:2] == (OK, 2)
    assert stored(text) is MISSING


def test_missing_record_is_created_or_not_found(text):
    assert text.write(string(56)).result == MISSING_RECORD
    assert text.read(string(0)).result == MISSING_RECORD
    assert text.write(string(67, "a")).result == OK
    assert stored(text) == "a"


FAILURES = [
    # result code, sub-code
    ("abc", (7,), NOT_APPLICABLE, 10),
    ("9223372036854775808", (7,), NOT_APPLICABLE, 10),
    ("7 ", (7,), NOT_APPLICABLE, 10),
    ("", (7,), NOT_APPLICABLE, 10),
    ("0" * 21, (7,), NOT_APPLICABLE, 10),
    ("1e400", (8,), NOT_APPLICABLE, 10),
    ("1e-400", (8,), NOT_APPLICABLE, 10),
    ("1.5x", (8,), NOT_APPLICABLE, 10),
    ("aGk", (15,), NOT_APPLICABLE, 13),
    ("a*k=", (15,), NOT_APPLICABLE, 13),
    ("abc", (3, "a", 0), REFUSED, 0),
    ("abc", (10, 3), REFUSED, 0),
    ("abc", (16, "("), REFUSED, 10),
    ("abc", (16, "(?P<n>a)"), REFUSED, 10),
    ("abc", (16, "a{,2}"), REFUSED, 10),
    ("abc", (16, "a", 16), REFUSED, 6),
    ("abc", (16, "a", 32), REFUSED, 6),
    ("abc", (0, 1), REFUSED, 6),
    ("abc", (1,), REFUSED, 6),
    ("abc", (1, "1"), REFUSED, 6),
    ("abc", (2, 134_217_729), REFUSED, 6),
    ("abc", (4, 5), REFUSED, 6),
    ("abc", (17,), REFUSED, 7),
    ("abc", (69,), REFUSED, 7),
    ("abc", (51, 3, "x"), REFUSED, 9),
    ("abc", (51, -1, "x"), REFUSED, 9),
    ("abc", (52, "x"), REFUSED, 6),
    ("abc", (52, ["x", 5]), REFUSED, 6),
    ("abc", (54, ["x"]), REFUSED, 6),
    ("abc", (54, ["", "y"]), REFUSED, 6),
    ("abc", (56, 1), REFUSED, 6),
    ("abc", (67, "x", 3), REFUSED, 6),
    ("abc", (67, "x", 8), REFUSED, 6),
    ("abc", (67, "x", 1), EXISTS, 0),
    ("abc", (63, 2, ""), REFUSED, 6),
    ("abc", (63, -1, "x"), REFUSED, 6),
    ("abc", (63, 2**21 + 1, "x"), REFUSED, 6),
    ("abc", (65, -1), REFUSED, 6),
    ("abc", (65, 3_000_000), REFUSED, 6),
    ("abc", (66, ["(", "x"]), REFUSED, 10),
    ("abc", (66, ["a", "$"]), NOT_APPLICABLE, 0),
    (b"\xed\xa0\x80", (9,), BAD_ENCODING, 0),
    (b"\xff", (67, "x"), BAD_ENCODING, 0),
]


def with_detail(record, level, operation):
    """The one message of the reply to a command that asks for details."""
    flags = (1, 0x01 if operation[0] == STRING_MODIFY else 0, 0, level << 5)
    (row,) = record.connection.stream(message(flags, record.fields(), [operation]))
    return row


def detail_of(row):
    """Sub-code and text of a short detail."""
    data = row.fields.get(45, b"\x80")
    pairs, at = {}, 1
    for _ in range(data[0] & 15):
        if data[at] == 1:
            pairs[1], at = data[at + 1], at + 2
        else:
            size = data[at + 1] & 31
            pairs[2], at = data[at + 2 : at + 2 + size], at + 2 + size
    assert at == len(data)
    return pairs.get(1, 0), pairs.get(2, b"")


@pytest.mark.parametrize(("start", "operation", "code", "subcode"), FAILURES)
def test_failure_changes_nothing(text, start, operation, code, subcode):
    begin(text, start)
    row = with_detail(text, 1, string(*operation))
    assert (row.result, row.generation) == (code, 1)
    assert detail_of(row) == (subcode, b"")
    if isinstance(start, str):
        assert stored(text) == start


@pytest.mark.parametrize(
    ("operation", "subcode"),
    [
        ("94 32 00 a203ff 00", 11),
        ("93 43 a203ff 00", 11),
        ("93 43 a0 00", 6),
        ("93 41 cfffffffffffffffff 00", 6),
        ("92 a20330 00", 7),
        ("90", 6),
        ("93 ccff 90 92 43 a20361", 8),
        ("92 ccff 9100", 8),
    ],
)
def test_malformed_bytes_are_refused(text, operation, subcode):
    begin(text, "abc")
    value = bytes.fromhex(operation)
    row = with_detail(text, 1, (STRING_MODIFY, b"b", STRING, value))
    assert (row.result, detail_of(row)[0]) == (REFUSED, subcode)


@pytest.mark.parametrize(
    "operation",
    [
        (67, "x", 5),
        (51, 9, "x", 4),
        (52, [5], 4),
        (54, ["", "x"], 4),
        (63, 9, "", 4),
        (65, -1, 4),
        (65, 3_000_000, 4),
        (66, ["(", "x"], 0, 4),
        (66, ["a", "$"], 0, 4),
    ],
)
def test_no_fail_turns_failure_into_nothing(text, operation):
    begin(text, "abc")
    assert text.write(string(*operation))[:2] == (OK, 2)
    assert stored(text) == "abc"


def test_no_fail_does_not_excuse_types_and_encodings(text):
    begin(text, b"\xff")
    assert text.write(string(67, "x", 4)).result == BAD_ENCODING
    text.write(put_int(b"b", 1))
    assert text.write(string(67, "x", 4)).result == WRONG_TYPE


def test_bin_of_another_type_is_refused(text):
    text.write(put(b"b", BLOB, b"text"))
    for operation in ((0,), (56,), (67, "x")):
        assert text.operate(string(*operation)).result == WRONG_TYPE


def test_modification_has_the_particle_type_of_a_string(text):
    begin(text, "abc")
    assert text.write(string(56, particle=BLOB)).result == WRONG_TYPE
    assert result(text.read(string(0, particle=NULL))) == 3


def test_read_of_a_missing_bin_has_no_result(text):
    begin(text, MISSING)
    assert text.read(string(0)).ops == []
    reply = text.operate(string(0), string(56), info2=RESPOND_ALL)
    assert reply.ops == [
        (STRING_READ, b"b", NULL, b""),
        (STRING_MODIFY, b"b", NULL, b""),
    ]


# Inside lists and maps


def listed(record, value):
    record.write(put(b"b", LIST, pack(value)))


def test_context_leads_to_a_string(text):
    listed(text, ["a", "bc", {"k": "def"}])
    reads = bytes.fromhex("93 ccff 92 1001 9100")
    assert result(text.read((STRING_READ, b"b", STRING, reads))) == 2
    path = [0x10, 2, 0x22, "k"]
    assert result(text.read(string(0xFF, path, [1, 1]))) == "ef"
    assert text.write(raw("93 ccff 92 1001 94 32 00 a20378 00")).ops == []
    assert text.write(string(0xFF, path, [56, 0])).result == OK
    assert stored(text) == ["a", "xbc", {"k": "DEF"}]


def test_flat_context_of_earlier_clients_is_understood(text):
    listed(text, ["a", "bc"])
    assert result(text.read((STRING_READ, b"b", STRING, pack([0xFF, [16, 1], 0])))) == 2


def test_ordered_list_stays_ordered(text):
    text.write(put(b"b", LIST, bytes.fromhex("93 c70001 a20361 a20362")))
    assert text.write(string(0xFF, [0x10, 0], [68, "z"])).result == OK
    assert text.get().bins[b"b"] == (LIST, bytes.fromhex("93 c70001 a20362 a3037a61"))


@pytest.mark.parametrize(
    ("path", "operation", "code"),
    [
        ([0x10, 0], [56], WRONG_TYPE),
        ([0x10, 0], [0], WRONG_TYPE),
        ([0x10, 9], [56], NOT_APPLICABLE),
        ([0x10, 9], [0], NOT_APPLICABLE),
        ([0x10, 9], [56, 4], OK),
        ([0x10, 1], [67, "x", 1], REFUSED),
        ([0x10], [56], REFUSED),
    ],
)
def test_context_that_does_not_fit(text, path, operation, code):
    listed(text, [5, "a"])
    assert text.operate(string(0xFF, path, operation)).result == code
    assert stored(text) == [5, "a"]


def test_context_into_no_container_is_refused(text):
    begin(text, "abc")
    assert text.write(string(0xFF, [0x10, 0], [56])).result == REFUSED
    begin(text, MISSING)
    assert text.write(string(0xFF, [0x10, 0], [56], name=b"z")).result == OK


# Other operations of 8.2


@pytest.mark.parametrize(
    ("particle", "value", "answer"),
    [
        (INT, i64(-5), "-5"),
        (FLOAT, f64(1.5), "1.5"),
        (FLOAT, f64(0.1), "0.1"),
        (STRING, b"abc", "abc"),
        (BOOL, b"\1", "true"),
        (BLOB, b"abc", "abc"),
    ],
)
def test_to_string_answers(text, particle, value, answer):
    text.write(put(b"b", particle, value))
    reply = text.read((TO_STRING, b"b", NULL, b""))
    assert reply.ops == [(TO_STRING, b"b", STRING, answer.encode())]


def test_to_string_of_what_has_no_text(text):
    text.write(put(b"b", BLOB, b"\xff"))
    row = with_detail(text, 2, (TO_STRING, b"b", NULL, b""))
    assert row.result == NOT_APPLICABLE
    assert detail_of(row) == (11, b"the value is not UTF-8")
    text.write(put(b"b", LIST, b"\x90"))
    assert text.read((TO_STRING, b"b", NULL, b"")).result == WRONG_TYPE
    assert text.read((TO_STRING, b"z", NULL, b"")).ops == []


@pytest.mark.parametrize(
    ("operation", "code", "answer"),
    [
        ("91 37", OK, b"aGVsbG8="),
        ("92 37 00", OK, b"aGVsbG8="),
        ("93 37 00 03", OK, b"aGVs"),
        ("93 37 fe 02", OK, b"bG8="),
        ("94 37 01 01 01", OK, b"ZWxs"),
        ("93 37 00 06", NOT_APPLICABLE, None),
        ("92 37 fa", REFUSED, None),
        ("94 37 00 01 02", REFUSED, None),
    ],
)
def test_blob_as_base64(text, operation, code, answer):
    text.write(put(b"b", BLOB, b"hello"))
    reply = text.read((12, b"b", BLOB, bytes.fromhex(operation)))
    entries = [] if answer is None else [(12, b"b", STRING, answer)]
    assert (reply.result, reply.ops) == (code, entries)


@pytest.mark.parametrize(
    ("items", "operation", "code", "answer"),
    [
        (["a", "b"], "92 1c a2032c", OK, b"a,b"),
        (["a", "b"], "92 1c a103", OK, b"ab"),
        ([], "92 1c a2032c", OK, b""),
        (["a", 1], "92 1c a2032c", REFUSED, None),
        (["a", "b"], "91 1c", OK, b"ab"),
        (["a"], "92 1c 05", REFUSED, None),
    ],
)
def test_list_is_joined(text, items, operation, code, answer):
    listed(text, items)
    reply = text.read((3, b"b", BLOB, bytes.fromhex(operation)))
    entries = [] if answer is None else [(3, b"b", STRING, answer)]
    assert (reply.result, reply.ops) == (code, entries)


# In expressions

SOURCE = "935103a162"


def evaluated(record, expression, flags=0):
    """The result code and the values of an expression read."""
    value = b"\x92" + bytes.fromhex(expression) + bytes([flags])
    reply = record.read((7, b"e", BLOB, value))
    return reply.result, [from_particle(*entry[2:]) for entry in reply.ops]


@pytest.mark.parametrize(
    ("start", "call", "answer"),
    [
        ("hello", f"957f0203 9100 {SOURCE}", 5),
        ("hello", f"957f0303 92 01 02 {SOURCE}", "llo"),
        ("hello", f"957f0203 93 03 a2036c 02 {SOURCE}", 3),
        ("hello", f"957f0103 92 04 a2036c {SOURCE}", True),
        ("a,b", f"957f0403 92 0e a2032c {SOURCE}", ["a", "b"]),
        ("1.5", f"957f0703 91 08 {SOURCE}", 1.5),
        ("hi", f"957f0603 91 0d {SOURCE}", b"hi"),
        ("abc", f"957f0103 93 10 a3035e61 00 {SOURCE}", True),
        ("hello", f"957f0343 94 32 05 a3037879 00 {SOURCE}", "helloxy"),
        ("hello", f"957f0343 93 34 92 7e 92 a20321 a2033f 00 {SOURCE}", "hello!?"),
        ("aba", f"957f0343 93 36 92 7e 92 a20361 a20362 00 {SOURCE}", "bba"),
        ("aba", f"957f0343 94 42 92 7e 92 a20361 a20362 10 00 {SOURCE}", "bbb"),
        ("ab", f"957f0203 91 00 957f0343 92 38 00 {SOURCE}", 2),
        ("ab", f"957f0343 94 33 09 a20378 04 {SOURCE}", "ab"),
        ("ab", f"957f0343 93 43 a20378 05 {SOURCE}", "ab"),
        ("5", f"9263 957f0203 91 07 {SOURCE}", "5"),
    ],
)
def test_call_in_an_expression(text, start, call, answer):
    begin(text, start)
    assert evaluated(text, call) == (OK, [answer])
    assert stored(text) == start


def test_failed_call_tells_the_inner_cause(text):
    begin(text, "abc")
    value = bytes.fromhex(f"92 957f0203 91 07 {SOURCE} 00")
    row = with_detail(text, 2, (7, b"e", BLOB, value))
    assert row.result == NOT_APPLICABLE
    assert detail_of(row) == (10, b"the string is no integer")
    assert evaluated(text, f"957f0203 91 07 {SOURCE}", 0x10) == (OK, [])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (f"957f0343 93 43 a20378 01 {SOURCE}", NOT_APPLICABLE),
        ("957f0203 91 00 935103a17a", NOT_APPLICABLE),
        ("957f0203 91 00 935102a162", REFUSED),
        (f"9263 957f0403 91 0e {SOURCE}", REFUSED),
        (f"957f0204 91 00 {SOURCE}", REFUSED),
    ],
)
def test_call_without_a_value(text, call, code):
    begin(text, "abc")
    assert evaluated(text, call)[0] == code


def test_filter_calls_a_string_operation(text):
    begin(text, "abc")
    starts = bytes.fromhex(f"957f0103 92 05 a20361 {SOURCE}")
    ends = bytes.fromhex(f"957f0103 92 06 a20361 {SOURCE}")
    assert text.get(fields=[(43, starts)]).result == OK
    assert text.get(fields=[(43, ends)]).result == 27


# What an older server says


@pytest.mark.parametrize(
    "operation",
    [
        string(0),
        string(67, "x"),
        (TO_STRING, b"b", NULL, b""),
        (12, b"l", BLOB, b"\x91\x37"),
    ],
)
def test_older_server_refuses(older, operation):
    older.write(put(b"b", STRING, b"abc"), put(b"l", BLOB, b"x"))
    assert older.operate(operation, put_int(b"y", 1))[:2] == (REFUSED, 1)
    assert set(older.get().bins) == {b"b", b"l"}


def test_older_server_without_the_record(older):
    assert older.read(string(0)).result == MISSING_RECORD
    assert older.read((TO_STRING, b"b", NULL, b"")).result == MISSING_RECORD
    assert older.write(string(67, "x")).result == REFUSED


@pytest.mark.parametrize(
    "expression",
    [f"957f0203 9100 {SOURCE}", f"957f0343 923800 {SOURCE}", f"9263 {SOURCE}"],
)
def test_older_server_refuses_expressions(older, expression):
    begin(older, "abc")
    assert evaluated(older, expression)[0] == REFUSED
    condition = bytes.fromhex(f"9301 {expression} {expression}")
    assert older.get(fields=[(43, condition)]).result == REFUSED


def test_older_server_does_not_join_lists(older):
    listed(older, ["a"])
    joined = bytes.fromhex("92 1c a2032c")
    assert older.read((3, b"b", BLOB, joined)).result == REFUSED
    assert older.read((3, b"z", BLOB, joined))[::3] == (OK, [])


def test_older_server_has_no_details(older):
    begin(older, "abc")
    row = with_detail(older, 2, (7, b"e", BLOB, b"\x92\x91\x00\x00"))
    assert (row.result, row.fields) == (NOT_APPLICABLE, {})


# Details of errors


@pytest.mark.parametrize(
    ("level", "fields"),
    [
        (0, {}),
        (1, {45: bytes.fromhex("81 01 0a")}),
        (2, {45: bytes.fromhex("82 01 0a 02 b8") + b"the string is no integer"}),
        (3, {45: bytes.fromhex("82 01 0a 02 b8") + b"the string is no integer"}),
    ],
)
def test_detail_has_these_bytes(text, level, fields):
    begin(text, "abc")
    assert with_detail(text, level, string(7)).fields == fields


def test_error_without_subcode_has_a_text_alone(text):
    begin(text, "abc")
    operation = (5, b"b", INT, i64(1))
    flags = (0, 1, 0, 1 << 5)
    (row,) = text.connection.stream(message(flags, text.fields(), [operation]))
    assert (row.result, row.fields) == (WRONG_TYPE, {})
    flags = (0, 1, 0, 2 << 5)
    (row,) = text.connection.stream(message(flags, text.fields(), [operation]))
    assert detail_of(row) == (0, b"the value has another type")


DETAILS = [
    ((12, b"b", BLOB, bytes.fromhex("93 32 ce77359400 08")), REFUSED, 2),
    ((12, b"b", BLOB, bytes.fromhex("93 32 00 00")), REFUSED, 3),
    ((13, b"b", BLOB, bytes.fromhex("92 00 ce08000000")), REFUSED, 4),
    ((16, b"z", BLOB, bytes.fromhex("91 00")), NOT_APPLICABLE, 4),
    ((16, b"z", BLOB, bytes.fromhex("91 03")), 17, 1),
    ((16, b"h", BLOB, bytes.fromhex("92 04 0e")), NOT_APPLICABLE, 8),
    ((3, b"l", BLOB, bytes.fromhex("93 13 07 09")), NOT_APPLICABLE, 1),
    ((3, b"l", BLOB, bytes.fromhex("93 15 07 09")), NOT_APPLICABLE, 2),
]


@pytest.mark.parametrize(("operation", "code", "subcode"), DETAILS)
def test_subcode_of_other_operations(text, operation, code, subcode):
    text.write(
        put(b"b", BLOB, b"abcd"),
        put(b"h", HLL, bytes.fromhex("0008") + bytes(9 + 192)),
        put(b"l", LIST, b"\x91\x01"),
    )
    flags = (1, int(operation[0] in (13, 16)), 0, 1 << 5)
    (row,) = text.connection.stream(message(flags, text.fields(), [operation]))
    assert (row.result, detail_of(row)[0]) == (code, subcode)


def test_failing_row_of_a_batch_has_its_detail(text):
    begin(text, "abc")
    namespace = struct.pack(">IB", 5, 0) + b"test"
    set_name = struct.pack(">IB", 5, 1) + b"demo"
    value = bytes.fromhex("91 07")
    op = struct.pack(">IBBBB", 5 + len(value), STRING_READ, STRING, 0, 1) + b"b" + value
    row = struct.pack(">I20sB", 0, text.digest, 0x12) + bytes([1, 0, 0, 0x20])
    row += struct.pack(">HH", 2, 1) + namespace + set_name + op
    body = struct.pack(
        ">BBBBBBIIIHH", 22, 0x08, 0, 0, 0x20, 0, 0, 0, 1000, 1, 0
    ) + struct.pack(">IB", len(row) + 6, 41)
    text.connection.send(proto(MESSAGE, body + struct.pack(">IB", 1, 0x0C) + row))
    (found,), (last,) = (
        parse_rows(text.connection.receive_frame()[1]) for _ in range(2)
    )
    assert (found.result, detail_of(found)[0]) == (NOT_APPLICABLE, 10)
    assert (last.result, last.fields) == (OK, {})


def test_string_operations_stand_beside_others(text):
    begin(text, " Ada ")
    reply = text.operate(string(62), string(57), get(b"b"), string(0))
    assert [entry[2:] for entry in reply.ops] == [(STRING, b"ada"), (INT, i64(3))]
