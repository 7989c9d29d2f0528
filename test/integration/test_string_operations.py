"""Operations on strings, which servers have from version 8.2 on."""

from __future__ import annotations

from typing import Any

import pytest

from aerospike import exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations
from aerospike_helpers.operations import string_operations as strings
from aerospike_helpers.string_helpers import (
    NumericType,
    RegexFlags,
    StringPolicy,
    WriteFlags,
)

ACUTE = "\u0301"
CREATE = StringPolicy(WriteFlags.CREATE_ONLY)
UPDATE = StringPolicy(WriteFlags.UPDATE_ONLY)
QUIET = StringPolicy(WriteFlags.NO_FAIL)
WRONG_FLAGS = StringPolicy("4")  # type: ignore[arg-type]
CREATE_QUIET = StringPolicy(WriteFlags.CREATE_ONLY | WriteFlags.NO_FAIL)

# text in the bin, operation, result
READS: list[tuple[Any, dict[str, Any], Any]] = [
    ("日本語", strings.strlen("s"), 3),
    ("日本語", strings.byte_length("s"), 9),
    ("hello", strings.substr("s", 2), "llo"),
    ("hello", strings.substr("s", -2), "lo"),
    ("hello", strings.substr("s", 9), ""),
    ("hello", strings.substr_range("s", 0, -1), "hell"),
    ("hello", strings.substr_range("s", 3, 1), ""),
    ("日本語", strings.char_at("s", -1), "語"),
    ("hello", strings.char_at("s", 5), ""),
    ("hello", strings.find("s", "l"), 2),
    ("hello", strings.find("s", "l", 2), 3),
    ("hello", strings.find("s", "l", -1), 3),
    ("hello", strings.find("s", "l", 3), -1),
    ("x cafe" + ACUTE, strings.find("s", "é"), 5),
    ("hello", strings.contains("s", "ell"), True),
    ("hello", strings.contains("s", "elf"), False),
    ("hello", strings.starts_with("s", "he"), True),
    ("hello", strings.ends_with("s", "he"), False),
    ("-42", strings.to_integer("s"), -42),
    ("1.5e3", strings.to_double("s"), 1500.0),
    ("5", strings.is_numeric("s"), True),
    (".5", strings.is_numeric("s", NumericType.FLOAT), True),
    (".5", strings.is_numeric("s", NumericType.INT), False),
    ("x", strings.is_numeric("s"), False),
    ("ÉA", strings.is_upper("s"), True),
    ("éa", strings.is_upper("s"), False),
    ("éa", strings.is_lower("s"), True),
    ("é", strings.to_blob("s"), b"\xc3\xa9"),
    ("日本", strings.split("s"), ["日", "本"]),
    (",a,", strings.split_separator("s", ","), ["", "a", ""]),
    ("aGk=", strings.base64_decode("s"), b"hi"),
    ("ABC", strings.regex_compare("s", "^a.c$"), False),
    ("ABC", strings.regex_compare("s", "^a.c$", RegexFlags.CASE_INSENSITIVE), True),
    ("text", strings.to_string("s"), "text"),
    (-5, strings.to_string("s"), "-5"),
    (1.5, strings.to_string("s"), "1.5"),
    (True, strings.to_string("s"), "true"),
    (b"blob", strings.to_string("s"), "blob"),
]

# text in the bin, operation, the text afterwards
CHANGES = [
    ("hello", strings.append("s", "!"), "hello!"),
    ("hello", strings.prepend("s", "日"), "日hello"),
    ("hello", strings.concat("s", ["!", "?"]), "hello!?"),
    ("hello", strings.concat("s", []), "hello"),
    ("hello", strings.insert("s", 1, "xy"), "hxyello"),
    ("hello", strings.insert("s", -1, "xy"), "hellxyo"),
    ("hello", strings.insert("s", 99, "!"), "hello!"),
    ("hello", strings.overwrite("s", 3, "ping!"), "helping!"),
    ("hello", strings.snip("s", 1, 3), "hlo"),
    ("hello", strings.snip("s", 2), "he"),
    ("hello", strings.snip("s", -2, None), "hel"),
    ("hello", strings.snip("s", 1, 3, UPDATE), "hlo"),
    ("aXbXc", strings.replace("s", "X", "XX"), "aXXbXc"),
    ("aXbXc", strings.replace_all("s", "X", ""), "abc"),
    ("abc", strings.replace("s", "z", "y"), "abc"),
    ("straße", strings.upper("s"), "STRASSE"),
    ("ΑΣ", strings.lower("s"), "ας"),
    ("Straße", strings.casefold("s"), "strasse"),
    ("e" + ACUTE, strings.normalize_nfc("s"), "é"),
    (" \tx\u3000", strings.trim_start("s"), "x\u3000"),
    (" x\u3000", strings.trim_end("s"), " x"),
    (" x\u3000", strings.trim("s"), "x"),
    ("hi", strings.pad_start("s", 8, "ab"), "abababhi"),
    ("hi", strings.pad_end("s", 5, "ab"), "hiaba"),
    ("hello", strings.pad_end("s", 5, "x"), "hello"),
    ("ab", strings.repeat("s", 3), "ababab"),
    ("ab", strings.repeat("s", 0), ""),
    ("a12b3", strings.regex_replace("s", "[0-9]+", "N"), "aNb3"),
    ("a12b3", strings.regex_replace("s", "[0-9]+", "N", RegexFlags.GLOBAL), "aNbN"),
    ("ab-cd", strings.regex_replace("s", r"(\w+)-(\w+)", "$2-$1"), "cd-ab"),
    ("ab", strings.regex_replace("s", "B", "x", 1, UPDATE), "ax"),
    ("ab", strings.append("s", "c", UPDATE), "abc"),
]

# operation on "abc", the exception's class and code
ERRORS = [
    (strings.to_integer("s"), exception.OpNotApplicable, 26),
    (strings.to_double("s"), exception.OpNotApplicable, 26),
    (strings.base64_decode("s"), exception.OpNotApplicable, 26),
    (strings.find("s", "a", 0), exception.InvalidRequest, 4),
    (strings.is_numeric("s", 3), exception.InvalidRequest, 4),
    (strings.regex_compare("s", "("), exception.InvalidRequest, 4),
    (strings.regex_compare("s", "a", RegexFlags.GLOBAL), exception.InvalidRequest, 4),
    (strings.overwrite("s", -1, "x"), exception.InvalidRequest, 4),
    (strings.overwrite("s", 3, "x"), exception.InvalidRequest, 4),
    (strings.replace("s", "", "x"), exception.InvalidRequest, 4),
    (strings.pad_end("s", 9, ""), exception.InvalidRequest, 4),
    (strings.pad_start("s", -1, "x"), exception.InvalidRequest, 4),
    (strings.repeat("s", -1), exception.InvalidRequest, 4),
    (strings.repeat("s", 3_000_000), exception.InvalidRequest, 4),
    (strings.regex_replace("s", "(", "x"), exception.InvalidRequest, 4),
    (strings.regex_replace("s", "a", "$"), exception.OpNotApplicable, 26),
    (strings.upper("s", CREATE), exception.InvalidRequest, 4),
    (strings.append("s", "x", CREATE), exception.BinExistsError, 6),
    (strings.strlen("n"), exception.BinIncompatibleType, 12),
    (strings.upper("n", QUIET), exception.BinIncompatibleType, 12),
    (strings.to_string("l"), exception.BinIncompatibleType, 12),
]

EXCUSED = [
    strings.overwrite("s", 9, "x", QUIET),
    strings.replace_all("s", "", "x", QUIET),
    strings.pad_start("s", 9, "", QUIET),
    strings.repeat("s", -1, QUIET),
    strings.regex_replace("s", "(", "x", 0, QUIET),
    strings.append("s", "x", CREATE_QUIET),
]

CREATING = [
    (strings.append("s", "a"), "a"),
    (strings.prepend("s", "a", CREATE), "a"),
    (strings.concat("s", ["a", "b"]), "ab"),
    (strings.insert("s", 5, "a"), "a"),
    (strings.overwrite("s", 0, "a"), "a"),
    (strings.pad_start("s", 2, "x"), "xx"),
    (strings.pad_end("s", 3, "ab"), "aba"),
    (strings.repeat("s", 3), ""),
]

LEAVING_MISSING = [
    strings.upper("s"),
    strings.lower("s"),
    strings.trim("s"),
    strings.snip("s", 0),
    strings.replace("s", "a", "b"),
    strings.regex_replace("s", "a", "b"),
    strings.append("s", "a", UPDATE),
]


@pytest.mark.parametrize(("start", "operation", "result"), READS)
def test_read_answers(client_82, key, start, operation, result):
    client_82.put(key, {"s": start})
    _, meta, found = client_82.operate_ordered(key, [operation])
    assert (meta["gen"], found) == (1, [("s", result)])
    assert type(found[0][1]) is type(result)


@pytest.mark.parametrize(("start", "operation", "after"), CHANGES)
def test_modification_leaves(client_82, key, start, operation, after):
    client_82.put(key, {"s": start})
    _, meta, found = client_82.operate_ordered(key, [operation])
    assert (meta["gen"], found) == (2, [("s", None)])
    assert client_82.get(key)[2] == {"s": after}


@pytest.mark.parametrize(("operation", "cls", "code"), ERRORS)
def test_errors_change_nothing(client_82, key, operation, cls, code):
    bins = {"s": "abc", "n": 1, "l": ["a"]}
    client_82.put(key, bins)
    with pytest.raises(cls) as caught:
        client_82.operate(key, [operations.write("n", 2), operation])
    assert caught.value.code == code
    assert client_82.get(key)[1:] == ({"ttl": 4294967295, "gen": 1}, bins)


@pytest.mark.parametrize("operation", EXCUSED)
def test_no_fail_does_nothing(client_82, key, operation):
    client_82.put(key, {"s": "abc"})
    assert client_82.operate(key, [operation])[2] == {"s": None}
    assert client_82.get(key)[2] == {"s": "abc"}


@pytest.mark.parametrize(("operation", "left"), CREATING)
def test_missing_record_is_made(client_82, key, operation, left):
    client_82.operate(key, [operation])
    assert client_82.get(key)[2] == {"s": left}


@pytest.mark.parametrize("operation", LEAVING_MISSING)
def test_missing_bin_stays_missing(client_82, key, operation):
    client_82.put(key, {"n": 1})
    assert client_82.operate(key, [operation])[2] == {"s": None}
    assert client_82.get(key)[2] == {"n": 1}


@pytest.mark.parametrize("operation", [row[1] for row in READS[:34]])
def test_missing_bin_reads_as_none(client_82, key, operation):
    client_82.put(key, {"n": 1})
    assert client_82.operate(key, [operation])[2] == {"s": None}


def test_several_operations_see_each_other(client_82, key):
    client_82.put(key, {"s": " Ada "})
    asked = [
        strings.trim("s"),
        strings.upper("s"),
        strings.strlen("s"),
        operations.read("s"),
    ]
    found = client_82.operate_ordered(key, asked)[2]
    assert [result for _, result in found] == [None, None, 3, "ADA"]


@pytest.mark.parametrize(
    ("helper", "arguments", "named"),
    [
        (
            "append",
            (
                "s",
                b"x",
            ),
            "value",
        ),
        (
            "concat",
            (
                "s",
                "xy",
            ),
            "value_list",
        ),
        (
            "char_at",
            (
                "s",
                "0",
            ),
            "index",
        ),
        (
            "substr_range",
            (
                "s",
                0,
                None,
            ),
            "end",
        ),
        (
            "find",
            (
                "s",
                5,
            ),
            "needle",
        ),
        (
            "find",
            (
                "s",
                "a",
                "1",
            ),
            "occurrence",
        ),
        (
            "replace",
            (
                "s",
                "a",
                None,
            ),
            "replacement",
        ),
        (
            "pad_end",
            (
                "s",
                "9",
                "x",
            ),
            "target_length",
        ),
        (
            "regex_compare",
            (
                "s",
                "a",
                "i",
            ),
            "regex_flags",
        ),
        (
            "upper",
            (
                "s",
                {"write_flags": 4},
            ),
            "policy",
        ),
        (
            "upper",
            (
                "s",
                WRONG_FLAGS,
            ),
            "write_flags",
        ),
        (
            "strlen",
            (
                "s",
                ["x"],
            ),
            "ctx",
        ),
    ],
)
def test_wrong_argument_is_named(client_82, key, helper, arguments, named):
    operation = getattr(strings, helper)(*arguments)
    with pytest.raises(exception.ParamError) as caught:
        client_82.operate(key, [operation])
    assert str(caught.value.operation).startswith("string_")
    assert named in str(caught.value)
    assert client_82.exists(key)[1] is None


# Inside lists and maps

DEEP = ["a", "bc", {"k": "def"}]
FIRST = [cdt_ctx.cdt_ctx_list_index(0)]
IN_MAP = [cdt_ctx.cdt_ctx_list_index(2), cdt_ctx.cdt_ctx_map_key("k")]
NOWHERE = [cdt_ctx.cdt_ctx_list_index(9)]


@pytest.mark.parametrize(
    ("operation", "result", "left"),
    [
        (strings.strlen("s", IN_MAP), 3, DEEP),
        (strings.substr("s", 1, IN_MAP), "ef", DEEP),
        (strings.substr_range("s", 0, 2, ctx=IN_MAP), "de", DEEP),
        (strings.regex_compare("s", "^d", ctx=IN_MAP), True, DEEP),
        (strings.split("s", IN_MAP), ["d", "e", "f"], DEEP),
        (strings.upper("s", ctx=IN_MAP), None, ["a", "bc", {"k": "DEF"}]),
        (strings.append("s", "!", ctx=FIRST), None, ["a!", "bc", {"k": "def"}]),
        (strings.snip("s", 1, ctx=IN_MAP), None, ["a", "bc", {"k": "d"}]),
        (strings.upper("s", QUIET, NOWHERE), None, DEEP),
    ],
)
def test_context_leads_to_a_string(client_82, key, operation, result, left):
    client_82.put(key, {"s": DEEP})
    assert client_82.operate(key, [operation])[2] == {"s": result}
    assert client_82.get(key)[2] == {"s": left}


@pytest.mark.parametrize(
    ("operation", "cls"),
    [
        (strings.upper("s", ctx=NOWHERE), exception.OpNotApplicable),
        (strings.strlen("s", NOWHERE), exception.OpNotApplicable),
        (strings.strlen("s", IN_MAP[:1]), exception.BinIncompatibleType),
        (strings.append("s", "x", CREATE, FIRST), exception.InvalidRequest),
    ],
)
def test_context_that_does_not_fit(client_82, key, operation, cls):
    client_82.put(key, {"s": DEEP})
    with pytest.raises(cls):
        client_82.operate(key, [operation])
    assert client_82.get(key)[2] == {"s": DEEP}


@pytest.mark.parametrize(
    ("value", "operation", "result"),
    [
        (["a", "b"], lists.list_join("l", ","), "a,b"),
        (["a", "b"], lists.list_join("l"), "ab"),
        ([], lists.list_join("l", ","), ""),
        (["日", "本"], lists.list_join("l", "・"), "日・本"),
        (
            [1, ["a", "b"]],
            lists.list_join("l", "-", [cdt_ctx.cdt_ctx_list_index(1)]),
            "a-b",
        ),
    ],
)
def test_list_is_joined(client_82, key, value, operation, result):
    client_82.put(key, {"l": value})
    assert client_82.operate(key, [operation])[2] == {"l": result}


def test_list_of_others_is_not_joined(client_82, key):
    client_82.put(key, {"l": ["a", 1]})
    with pytest.raises(exception.InvalidRequest):
        client_82.operate(key, [lists.list_join("l", ",")])
    with pytest.raises(exception.ParamError, match="separator"):
        client_82.operate(key, [{**lists.list_join("l", ","), "separator": 5}])


# Older servers


@pytest.mark.parametrize(
    "operation",
    [
        strings.strlen("s"),
        strings.upper("s"),
        strings.to_string("s"),
        lists.list_join("l", ","),
    ],
)
def test_older_server_refuses(client_81, key, operation):
    client_81.put(key, {"s": "abc", "l": ["a"]})
    with pytest.raises(exception.InvalidRequest):
        client_81.operate(key, [operation])
    assert client_81.get(key)[2] == {"s": "abc", "l": ["a"]}
