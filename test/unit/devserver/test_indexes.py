"""Secondary indexes: info commands, what is found, what keeps them current, pages."""

import os
import random
import struct
from typing import Any

import pytest

from aerospike_devserver import DevCluster

from .packing import Raw, pack
from .querying import (
    ALL,
    Shelf,
    base64_of,
    bval_of,
    condition,
    equal,
    pages,
    span,
)
from .rawwire import (
    BLOB,
    DELETE,
    FLOAT,
    INT,
    LIST,
    PARTITION_DONE,
    READ,
    TOUCH,
    WRITE,
    Connection,
    get,
    i64,
    message,
    proto,
    put_int,
)

A = Raw(b"\xa1a")
BIN_A, BIN_L = pack([81, 2, A]), pack([81, 4, Raw(b"\xa1l")])
A_PLUS_1 = pack([20, [81, 2, A], 1])
KIND = 26
CONTEXT = pack([0x22, "in"])
MIXED = {
    1: {b"a": 1, b"s": "x", b"b": b"x", b"l": [1, "x", 2, 2], b"m": {"x": 1, 5: "y"}},
    2: {b"a": 2, b"s": "y", b"b": b"y", b"l": [2, 3], b"m": {"y": 2}},
    3: {b"a": -3, b"s": "", b"l": ["x", b"x"], b"m": {"in": 7, b"x": -7}},
    4: {b"a": "2", b"s": 2, b"b": "x", b"l": 2, b"m": [2]},
    5: {b"a": 2.0, b"l": [], b"m": {}, b"t": [[2], {"x": 1}]},
    6: {b"a": 2**63 - 1, b"l": [2**63, -(2**63), None, True]},
}


@pytest.fixture
def mixed(shelf):
    """Records of many types."""
    shelf.fill(MIXED)
    return shelf


# Info commands


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("sindex-create:", "4:missing 'indexname'"),
        ("sindex-create:indexname=a", "20:missing 'namespace'"),
        ("sindex-create:indexname=;namespace=test", "4:missing 'indexname' value"),
        ("sindex-create:indexname=a;namespace=", "20:missing 'namespace' value"),
        ("{}bin=b", "4:both 'indexdata' and 'type' are missing"),
        ("{}type=numeric", "4:both 'bin' and 'exp' are missing"),
        ("{}type=numeric;bin=", "4:missing 'bin' value"),
        ("{}type=numeric;bin=b;set=", "4:missing 'set' value"),
        ("{}type=numeric;bin=b;exp=k1ECoWE=", "4:both 'bin' and 'exp' are specified"),
        (
            "{}type=number;bin=b",
            "4:bad 'type' - must be one of 'numeric', 'string', 'blob', 'geo2dsphere'",
        ),
        (
            "{}type=numeric;bin=b;indextype=tree",
            (
                "4:bad 'indextype' - must be one of 'default', 'list', 'mapkeys', "
                "'mapvalues'"
            ),
        ),
        (
            "{}type=geo2dsphere;bin=b;indextype=mapkeys",
            (
                "4:bad 'indexdata' bin type for 'indextype' 'mapkeys' - must be one of "
                "'numeric', 'string', 'blob'"
            ),
        ),
        ("{}type=numeric;exp=xx", "4:bad 'exp'"),
        ("{}type=numeric;exp=!", "4:bad 'exp'"),
        (
            "{}type=string;exp=k1ECoWE=",
            (
                "4:bad 'exp' - expression type 'numeric' does not match expected type "
                "'string'"
            ),
        ),
        (
            "{}type=string;indextype=mapkeys;exp=k1ECoWE=",
            (
                "4:bad 'exp' - expression type 'numeric' does not match expected type "
                "'map'"
            ),
        ),
        (
            "{}type=numeric;exp=k1ECoWE=;context=kgEB",
            "4:both 'context' and 'exp' are specified",
        ),
        ("{}type=numeric;bin=b;context=!!", "4:'context' invalid base64"),
        ("{}type=numeric;bin=b;context=kA==", "4:'context' invalid cdt context"),
        (
            "{}indexdata=b,",
            (
                "4:bad 'indexdata' bin type - must be one of 'numeric', "
                "'string', 'blob', 'geo2dsphere'"
            ),
        ),
        ("{}indexdata=b", "4:'indexdata' missing bin type"),
        ("{}indexdata=,numeric", "4:'indexdata' missing bin name"),
        ("{}indexdata=bbbbbbbbbbbbbbbb,numeric", "4:'indexdata' bin name too long"),
        ("{}type=blob;indexdata=b,blob", "4:both 'indexdata' and 'type' are specified"),
        ("{}type=numeric;bin=bbbbbbbbbbbbbbbb", "4:'bin' value too long"),
        ("{}indextype=SET", "4:missing 'set'"),
        (
            "{}indextype=set;set=s;bin=b",
            "4:bin parameter is not supported for set index",
        ),
        ("sindex-delete:indexname=a", "20:missing 'namespace'"),
        (
            "sindex-exists:namespace=nosuch;indexname=a",
            "20:namespace not found on node",
        ),
        ("sindex-stat:namespace=test;indexname=nosuch", "201:no index"),
        ("sindex/test/nosuch", "201:no index"),
        ("sindex-list:b64=x", "4:bad b64"),
        ("query-show:id=", "4:missing 'id' value"),
        ("query-show:id=x", "4:bad id"),
        ("query-show:id=0", "4:bad id"),
        ("query-show:id=5", "2:job not found"),
        ("query-abort", "4:missing 'id'"),
        ("query-abort:id=0x5", "2:id not active"),
    ],
)
def test_command_is_refused(connection, command, answer):
    prefix = "sindex-create:namespace=test;indexname=a;"
    assert connection.info(command.format(prefix)) == [f"ERROR:{answer}"]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ([69], 4),
        ([20, [81, 2, A], [69]], 4),
        ([80, 2], 4),
        ([20, 1, 2], 4),
        ([64, 3], None),
        ([20, [81, 2, A], [64, 3]], None),
        ([127, 2, 0, [16], [81, 4, Raw(b"\xa1l")]], None),
    ],
)
def test_expression_has_to_be_about_bins_or_digest(shelf, expression, code):
    data = base64_of(pack(expression))
    name = shelf.set_name.decode()
    shelf.indexes.append(name)
    (answer,) = shelf.connection.info(
        f"sindex-create:namespace=test;indexname={name};type=numeric;exp={data}"
    )
    assert answer == ("ok" if code is None else "ERROR:4:bad 'exp'")


@pytest.mark.parametrize(("version", "answer"), [("8.1", "ERROR:4:"), ("8.2", "ok")])
def test_numeric_has_another_name_since_8_2(version, answer):
    command = "sindex-create:namespace=test;indexname=i;bin=a;type=Integer"
    with DevCluster(version=version) as cluster, Connection(*cluster.hosts[0]) as node:
        assert node.info(command)[0].startswith(answer)


def test_name_and_definition_decide_what_a_new_index_is(shelf):
    info = shelf.connection.info
    one = shelf.index("bin=a;type=numeric")
    two = f"{one}b"

    def create(name, parameters):
        prefix = f"sindex-create:namespace=test;set={shelf.set_name.decode()}"
        return info(f"{prefix};indexname={name};{parameters}")[0]

    def exists(name):
        return info(f"sindex-exists:namespace=test;indexname={name}")[0]

    shelf.indexes.append(two)
    other = "ERROR:200:'indexname' already exists with different definition"
    assert create(one, "bin=a;type=NUMERIC;indextype=Default") == "ok"
    assert create(one, "indexdata=a,numeric") == "ok"
    assert create(one, "bin=a;type=string") == other
    assert create(one, "bin=z;type=numeric") == other
    assert create(two, "bin=a;type=numeric") == "ok"
    assert (exists(one), exists(two)) == ("false", "true")
    assert create(one, "bin=a;type=string") == "ok"
    assert info(f"sindex-delete:ns=test;set=any;indexname={one}") == ["ok"]
    assert (exists(one), exists(two)) == ("false", "true")
    assert info(f"sindex-delete:ns=test;indexname={one}") == ["ok"]


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        (
            "bin=a;type=numeric",
            "bin=a:type=numeric:indextype=default:context=null:exp=null",
        ),
        (
            f"bin=a;type=blob;indextype=list;context={base64_of(CONTEXT)}",
            "bin=a:type=blob:indextype=list:context=[map_key(<string#2>)]:exp=null",
        ),
        (
            f"bin=a;type=string;context={base64_of(pack([0x10, -1, 1, 2]))}",
            (
                "bin=a:type=string:indextype=default:context=[list_index(-1), rank(2)]"
                ":exp=null"
            ),
        ),
    ],
)
def test_index_is_listed(shelf, parameters, shown):
    name = shelf.index(parameters)
    expected = f"ns=test:indexname={name}:set={shelf.set_name.decode()}:{shown}"
    for command in ("sindex-list:namespace=test", "sindex-list", "sindex/test"):
        rows = shelf.connection.info(command)[0].split(";")
        assert f"{expected}:state=RW" in rows


def test_list_has_context_and_expression_as_base64(shelf):
    first = shelf.index(f"bin=a;type=numeric;context={base64_of(CONTEXT)}")
    second = shelf.index(f"exp={base64_of(BIN_A)};type=numeric")
    rows = shelf.connection.info("sindex-list:namespace=test;b64=true")[0]
    assert f"indexname={first}:" in rows
    assert f":context={base64_of(CONTEXT)}:exp=null" in rows
    assert f"indexname={second}:" in rows
    assert (
        f":bin=null:type=numeric:indextype=default:context=null:exp={base64_of(BIN_A)}"
        in rows
    )


def test_statistics_count_entries(mixed):
    name = mixed.index("bin=l;type=numeric;indextype=list")
    for command in (
        f"sindex-stat:namespace=test;indexname={name}",
        f"sindex/test/{name}",
    ):
        pairs = dict(p.split("=") for p in mixed.connection.info(command)[0].split(";"))
        assert pairs["entries"] == "5"
        assert pairs["load_pct"] == "100"
        assert list(pairs) == [
            "entries",
            "used_bytes",
            "entries_per_bval",
            "entries_per_rec",
            "load_pct",
            "load_time",
            "stat_gc_recs",
        ]


def test_index_of_a_set(mixed):
    info = mixed.connection.info
    name = mixed.index("indextype=SET", build=False)
    set_name = mixed.set_name.decode()
    row = f"ns=test:indexname={name}:set={set_name}:indextype=set"
    assert row in info("sindex-list:namespace=test")[0].split(";")
    assert row not in info("sindex/test")[0].split(";")
    assert info(f"sindex-exists:namespace=test;indexname={name}") == ["true"]
    assert ":enable-index=true:" in info(f"sets/test/{set_name}")[0]
    assert mixed.labels((21, name.encode())) == [1, 2, 3, 4, 5, 6]


def test_unknown_namespace_is_fine(connection):
    command = "sindex-create:namespace=nosuch;indexname=x;bin=b;type=numeric"
    assert connection.info(command) == ["ok"]
    assert connection.info("sindex-delete:namespace=nosuch;indexname=x") == ["ok"]
    command = "sindex-create:namespace=nosuch;set=s;indexname=x;indextype=set"
    assert connection.info(command) == ["ERROR:4:namespace not found"]


def test_names_are_taken_in_an_unknown_namespace_too(connection):
    prefix = "sindex-create:namespace=elsewhere;type=numeric"
    taken = "ERROR:200:'indexname' already exists with different definition"
    steps = [
        ("indexname=x;bin=a", "ok"),
        ("indexname=x;bin=a", "ok"),
        ("indexname=x;bin=b", taken),
        ("indexname=y;bin=a", "ok"),  # another name for the first
        ("indexname=x;bin=b", "ok"),
        ("indexname=y;bin=b", taken),
    ]
    for parameters, answer in steps:
        assert connection.info(f"{prefix};{parameters}") == [answer], parameters
    assert connection.info("sindex-delete:namespace=elsewhere;indexname=y") == ["ok"]
    assert connection.info(f"{prefix};indexname=y;bin=c") == ["ok"]
    for name in "xy":
        delete = f"sindex-delete:namespace=elsewhere;indexname={name}"
        assert connection.info(delete) == ["ok"]


def test_indexes_of_a_namespace_are_limited(own_shelf):
    for number in range(256):
        own_shelf.index(f"bin=b{number};type=numeric", build=False)
    full = "ERROR:206:already at sindex definition limit"
    command = "sindex-create:namespace=test;indexname=more;type=numeric;bin="
    assert own_shelf.connection.info(f"{command}b") == [full]
    renamed = command.replace("test;", f"test;set={own_shelf.set_name.decode()};")
    assert own_shelf.connection.info(f"{renamed}b7") == ["ok"]


# What is found


@pytest.mark.parametrize(
    ("index", "fields", "labels"),
    [
        ("bin=a;type=numeric", [span(b"a", 2)], [2]),
        ("bin=a;type=numeric", [span(b"a", -3, 1)], [1, 3]),
        ("bin=a;type=numeric", [span(b"a", -(2**63), 2**63 - 1)], [1, 2, 3, 6]),
        ("bin=a;type=string", [equal(b"a", b"2")], [4]),
        ("bin=s;type=string", [equal(b"s", b"x")], [1]),
        ("bin=s;type=string", [equal(b"s", b"")], [3]),
        ("bin=s;type=string", [equal(b"s", b"z")], []),
        ("bin=b;type=blob", [equal(b"b", b"x", BLOB)], [1]),
        ("bin=l;type=numeric;indextype=list", [span(b"l", 2), (KIND, b"\1")], [1, 2]),
        (
            "bin=l;type=numeric;indextype=list",
            [span(b"l", -(2**63), 2**63 - 1), (KIND, b"\1")],
            [1, 2, 6],
        ),
        (
            "bin=l;type=string;indextype=list",
            [equal(b"l", b"x"), (KIND, b"\1")],
            [1, 3],
        ),
        (
            "bin=l;type=blob;indextype=list",
            [equal(b"l", b"x", BLOB), (KIND, b"\1")],
            [3],
        ),
        (
            "bin=m;type=string;indextype=mapkeys",
            [equal(b"m", b"x"), (KIND, b"\2")],
            [1],
        ),
        (
            "bin=m;type=numeric;indextype=mapkeys",
            [span(b"m", 0, 9), (KIND, b"\2")],
            [1],
        ),
        (
            "bin=m;type=blob;indextype=mapkeys",
            [equal(b"m", b"x", BLOB), (KIND, b"\2")],
            [3],
        ),
        (
            "bin=m;type=numeric;indextype=mapvalues",
            [span(b"m", -9, 1), (KIND, b"\3")],
            [1, 3],
        ),
        (
            f"bin=m;type=numeric;context={base64_of(CONTEXT)}",
            [span(b"m", 7), (23, CONTEXT)],
            [3],
        ),
        (
            f"bin=t;type=numeric;indextype=list;context={base64_of(pack([0x10, 0]))}",
            [span(b"t", 2), (KIND, b"\1"), (23, pack([0x10, 0]))],
            [5],
        ),
        (
            f"exp={base64_of(A_PLUS_1)};type=numeric",
            [span(b"", 3), (24, A_PLUS_1)],
            [2],
        ),
        (
            f"exp={base64_of(BIN_L)};type=numeric;indextype=list",
            [span(b"", 3), (24, BIN_L), (KIND, b"\1")],
            [2],
        ),
    ],
)
def test_query_finds_values(mixed, index, fields, labels):
    name = mixed.index(index)
    assert mixed.labels(*fields) == labels
    (kind, data), *_ = fields
    by_name = bytes([1, 0]) + data[2 + data[1] :]
    assert mixed.labels((kind, by_name), (21, name.encode())) == labels


@pytest.mark.parametrize(
    "fields",
    [
        [span(b"z", 1)],
        [equal(b"a", b"2")],
        [span(b"a", 1), (KIND, b"\1")],
        [span(b"a", 1), (KIND, b"\4")],
        [span(b"a", 1), (KIND, b"\x09")],
        [span(b"a", 1), (23, CONTEXT)],
        [span(b"", 1), (24, BIN_A)],
        [span(b"", 1), (21, b"nosuch")],
        [span(b"a", 1), (1, b"other")],
        [span(b"a", 1), (1, b"")],
    ],
)
def test_another_definition_answers_201(mixed, fields):
    mixed.index("bin=a;type=numeric")
    assert mixed.refusal(*fields) == 201


@pytest.mark.parametrize(
    "fields",
    [
        [span(b"a", 2, 1)],
        [span(b"a" * 16, 1)],
        [(22, b"")],
        [(22, b"\1")],
        [(22, b"\1\1a")],
        [(22, b"\2" + span(b"a", 1)[1][1:])],
        [condition(b"a", INT, b"\1", b"\1")],
        [condition(b"a", INT, i64(1), b"\1")],
        [(22, span(b"a", 1)[1][:-1])],
        [condition(b"a", FLOAT, i64(1), i64(1))],
        [condition(b"a", LIST, b"\x90", b"\x90")],
        [equal(b"a", b"x" * 2048)],
        [equal(b"a", b"x" * 2048, BLOB)],
        [span(b"", 1)],
        [span(b"a", 1), (21, b"n")],
        [span(b"a", 1), (24, BIN_A)],
        [span(b"", 1), (21, b"n"), (24, BIN_A)],
        [span(b"", 1), (21, b"n"), (23, CONTEXT)],
        [span(b"", 1), (24, BIN_A), (23, CONTEXT)],
        [span(b"", 1), (21, b"")],
        [span(b"", 1), (21, b"n" * 64)],
        [span(b"", 1), (24, b"")],
        [span(b"a", 1), (KIND, b"")],
        [span(b"a", 1), (23, b"")],
        [span(b"a", 1), (23, b"\x90")],
        [span(b"a", 1), (23, pack([0x62, "in"]))],
        [span(b"a", 1), (43, b"\5")],
    ],
)
def test_condition_is_refused(mixed, fields):
    mixed.index("bin=a;type=numeric")
    assert mixed.refusal(*fields) == 4


def test_other_type_than_that_of_the_named_index_finds_nothing(mixed):
    name = (21, mixed.index("bin=a;type=numeric").encode())
    assert mixed.labels(equal(b"", b"x"), name) == []
    assert mixed.labels(span(b"", 2), name, (1, b"")) == [2]
    assert mixed.labels(span(b"", 2), name, (1, b"othr")) == []


def test_index_of_all_sets_serves_each_set(shelf):
    bin_name = os.urandom(5).hex().encode()
    shelf.fill({1: {bin_name: 5}})
    index = f"{shelf.set_name.decode()}all"
    shelf.indexes.append(index)
    command = f"sindex-create:namespace=test;indexname={index};type=numeric;bin="
    assert shelf.connection.info(command + bin_name.decode()) == ["ok"]
    shelf.wait_for(index)
    assert shelf.labels(span(bin_name, 5)) == [1]
    assert shelf.labels(span(bin_name, 5), (1, b"")) == [1]


def test_long_strings_in_bins_are_not_indexed(shelf):
    shelf.fill({1: {b"s": "x" * 2047}, 2: {b"s": "y" * 2048}})
    shelf.index("bin=s;type=string")
    assert shelf.labels(equal(b"s", b"x" * 2047)) == [1]


def test_rows_are_whole_records_with_their_bval(shelf):
    shelf.fill({1: {b"a": 5, b"s": "x"}})
    shelf.index("bin=a;type=numeric")
    row, _ = shelf.rows(span(b"a", 5))
    assert row.fields == {
        0: b"test",
        1: shelf.set_name,
        4: shelf.digests[1],
        15: struct.pack("<q", 5),
    }
    assert {name for _, name, _, _ in row.ops} == {b"a", b"s"}
    row, _ = shelf.rows(span(b"a", 5), ops=[get(b"s")])
    assert [op[1] for op in row.ops] == [b"s"]


def test_filter_and_limit_go_with_a_condition(shelf):
    for i in range(10):  # one partition each
        shelf.digests[i] = bytes([i, 0]) + os.urandom(18)
    shelf.fill({i: {b"a": i, b"s": "x"} for i in range(10)})
    shelf.index("bin=a;type=numeric")
    above = (43, pack([3, [81, 2, A], 6]))
    assert shelf.labels(span(b"a", 2, 8), above) == [7, 8]
    assert len(shelf.labels(span(b"a", 2, 8), (13, i64(3)))) == 3
    assert shelf.labels(span(b"a", 2, 8), partitions=[(11, b"\3\0")]) == [3]


def test_order_is_by_bval_then_digest(shelf):
    digests = sorted(b"\7\0" + os.urandom(18) for _ in range(6))
    for label, (digest, value) in enumerate(
        zip(digests, (3, -1, 3, 2**62, -(2**62), 3), strict=True)
    ):
        shelf.digests[label] = digest
        shelf.store(label, put_int(b"a", value))
    shelf.index("bin=a;type=numeric")
    *rows, _ = shelf.rows(span(b"a", -(2**63), 2**63 - 1))
    found = [(bval_of(row), row.fields[4]) for row in rows]
    assert found == sorted(found)
    assert len(found) == 6


def test_record_with_several_matches_comes_once_with_its_first(shelf):
    shelf.fill({1: {b"l": [9, 5, 7, 5]}})
    shelf.index("bin=l;type=numeric;indextype=list")
    row, last = shelf.rows(span(b"l", 5, 8), (KIND, b"\1"))
    assert bval_of(row) == 5
    assert last.info3 == 1


def test_record_with_several_matches_comes_again_behind_its_first(shelf):
    shelf.fill({1: {b"l": [9, 5, 7]}})
    shelf.index("bin=l;type=numeric;indextype=list")

    def behind(bval):
        position = [(12, shelf.digests[1]), (15, struct.pack("<q", bval))]
        *rows, _ = shelf.rows(span(b"l", 5, 8), (KIND, b"\1"), partitions=position)
        return [bval_of(row) for row in rows]

    assert [behind(bval) for bval in (4, 5, 6, 7)] == [[5], [7], [7], []]


def test_bvals_of_strings_tell_them_apart(shelf):
    shelf.fill({i: {b"s": f"s{i % 3}"} for i in range(9)})
    shelf.index("bin=s;type=string")
    bvals = set()
    for text in (b"s0", b"s1", b"s2"):
        *rows, _ = shelf.rows(equal(b"s", text))
        assert len({bval_of(row) for row in rows}) == 1
        bvals.add(bval_of(rows[0]))
        assert len(rows) == 3
    assert len(bvals) == 3


@pytest.mark.parametrize("size", [1, 7, 25])
def test_pages_give_each_record_once(shelf, size):
    for label in range(25):
        shelf.digests[label] = bytes([label % 3, 0]) + os.urandom(18)
        shelf.store(label, put_int(b"a", label // 2))
    shelf.index("bin=a;type=numeric")
    found = [
        row.fields[4] for page in pages(shelf, span(b"a", 0, 99), size) for row in page
    ]
    assert sorted(found) == sorted(shelf.digests.values())


def test_resume_goes_on_behind_a_position(shelf):
    digests = [b"\5\0" + bytes([i]) * 18 for i in range(1, 4)]
    for label, digest in enumerate(digests):
        shelf.digests[label] = digest
        shelf.store(label, put_int(b"a", 7))
    shelf.index("bin=a;type=numeric")

    def behind(bval, digest):
        fields = [(12, digest), (15, struct.pack("<q", bval))]
        return shelf.labels(span(b"a", 0, 99), partitions=fields)

    assert behind(7, digests[0]) == [1, 2]
    assert behind(7, digests[2]) == []
    assert behind(7, digests[0][:19] + b"\xff") == [1, 2]
    assert behind(6, digests[2]) == [0, 1, 2]
    assert behind(8, digests[0]) == []
    assert behind(-8, digests[0]) == [0, 1, 2]


@pytest.mark.parametrize(
    "partitions",
    [
        [(12, b"\1" * 20)],
        [(12, b"\1" * 20), (15, b"\1" * 7)],
        [(12, b"\1" * 20), (15, b"\1" * 16)],
        [ALL, (15, b"\1" * 8)],
        [(12, b"\1" * 20 + b"\1" * 20), (15, b"\1" * 16)],
    ],
)
def test_resume_is_refused(shelf, partitions):
    shelf.index("bin=a;type=numeric")
    assert shelf.refusal(span(b"a", 1), partitions=partitions) == 4


# What keeps an index current


def test_writes_and_deletes_change_the_index(shelf):
    shelf.index("bin=a;type=numeric")
    shelf.index("bin=l;type=numeric;indextype=list")
    everything = span(b"a", -(2**63), 2**63 - 1)

    def found():
        return shelf.labels(everything), shelf.labels(span(b"l", 5), (KIND, b"\1"))

    shelf.fill({1: {b"a": 1, b"l": [5, 6]}})
    assert found() == ([1], [1])
    shelf.fill({1: {b"a": 2}})
    assert shelf.labels(span(b"a", 1)) == []
    assert shelf.labels(span(b"a", 2)) == [1]
    shelf.store(1, TOUCH)
    assert found() == ([1], [1])
    shelf.fill({1: {b"a": "2", b"l": [6]}})
    assert found() == ([], [])
    shelf.fill({1: {b"a": 3}, 2: {b"a": 3, b"l": [5, 5]}})
    assert found() == ([1, 2], [2])
    shelf.store(2, (2, b"a", 0, b""))
    assert found() == ([1], [2])
    assert shelf.delete(1) == shelf.delete(2) == 0
    assert found() == ([], [])


def test_truncation_empties_the_index(shelf):
    shelf.index("bin=a;type=numeric")
    shelf.fill({i: {b"a": i} for i in range(5)})
    everything = span(b"a", 0, 99)
    assert len(shelf.labels(everything)) == 5
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        own = Shelf(connection)
        own.index("bin=a;type=numeric")
        own.fill({i: {b"a": i} for i in range(5)})
        cluster.advance(1)
        connection.info(f"truncate:namespace=test;set={own.set_name.decode()}")
        assert own.labels(everything) == []
        stat = connection.info(f"sindex-stat:namespace=test;indexname={own.indexes[0]}")
        assert stat[0].startswith("entries=0;")


def test_expired_records_leave_the_index():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        shelf = Shelf(connection)
        name = shelf.index("bin=a;type=numeric")
        shelf.store(1, put_int(b"a", 1), ttl=10)
        shelf.store(2, put_int(b"a", 2), ttl=100)
        assert shelf.labels(span(b"a", 0, 9)) == [1, 2]
        cluster.advance(20)
        assert shelf.labels(span(b"a", 0, 9)) == [2]
        stat = connection.info(f"sindex-stat:namespace=test;indexname={name}")
        assert stat[0].startswith("entries=1;")
        cluster.reset()
        assert connection.info("sindex-list:") == [""]


def test_dropped_index_answers_201(shelf):
    shelf.fill({1: {b"a": 1}})
    name = shelf.index("bin=a;type=numeric")
    assert shelf.labels(span(b"a", 1)) == [1]
    command = f"sindex-delete:namespace=test;indexname={name}"
    assert shelf.connection.info(command) == ["ok"]
    assert shelf.refusal(span(b"a", 1)) == 201


def test_index_over_many_records_is_built_in_turns(own_shelf):
    """Requests that come in one piece with the one to build it find it half built."""
    connection = own_shelf.connection
    for number in range(3000):
        own_shelf.store(number, put_int(b"a", number))
    create = "sindex-create:namespace=test;indexname=i;bin=a;type=numeric"
    ask = message((READ, 0, PARTITION_DONE), own_shelf.fields(span(b"a", 1), ALL))
    connection.send(proto(1, create.encode() + b"\nsindex-list:\n") + proto(3, ask))
    _, listed = connection.receive_frame()
    assert b":state=WO" in listed
    _, refused = connection.receive_frame()
    assert refused[5] == 203
    own_shelf.wait_for("i")
    *rows, _ = own_shelf.rows(span(b"a", 0, 2999))
    assert len(rows) == 3000
    stat = connection.info("sindex-stat:namespace=test;indexname=i")
    assert stat[0].startswith("entries=3000;")


def random_value(rng):
    scalars = (rng.randrange(4), rng.choice("xyz"), rng.choice([b"x", b"y"]), 1.5)
    return rng.choice(
        [
            *scalars,
            [rng.choice(scalars) for _ in range(rng.randrange(4))],
            {rng.choice(["x", "y", 1, 2]): rng.choice(scalars) for _ in range(3)},
        ]
    )


VIEWS = {
    "default": lambda value: [] if isinstance(value, (list, dict)) else [value],
    "list": lambda value: value if isinstance(value, list) else [],
    "mapkeys": lambda value: list(value) if isinstance(value, dict) else [],
    "mapvalues": lambda value: list(value.values()) if isinstance(value, dict) else [],
}


def test_index_agrees_with_the_records_whatever_is_done_to_them(own_shelf):
    """After random writes and deletes each query finds what a look at all would."""
    rng = random.Random(5)
    types = {"numeric": int, "string": str, "blob": bytes}
    for kind in VIEWS:
        for name in types:
            own_shelf.index(f"bin=v;type={name};indextype={kind}")
    records: dict[int, Any] = {}
    for _ in range(600):
        label = rng.randrange(20)
        if rng.random() < 0.3:
            own_shelf.delete(label)
            records.pop(label, None)
        else:
            records[label] = random_value(rng)
            own_shelf.fill({label: {b"v": records[label]}})
    for number, view in enumerate(VIEWS.values()):
        for wanted in (0, 1, 3, "x", "z", b"x"):
            expected = [
                label
                for label, value in records.items()
                if any(type(v) is type(wanted) and v == wanted for v in view(value))
            ]
            match wanted:
                case int():
                    where = span(b"v", wanted)
                case str():
                    where = equal(b"v", wanted.encode())
                case _:
                    where = equal(b"v", wanted, BLOB)
            found = own_shelf.labels(where, (KIND, bytes([number])))
            assert found == sorted(expected, key=str)


# Several nodes


def test_each_node_gives_the_rows_of_its_partitions():
    with DevCluster(nodes=3, replication_factor=1) as cluster:
        seen = []
        with Connection(*cluster.hosts[0]) as connection:
            shelf = Shelf(connection)
            name = shelf.index("bin=a;type=numeric")
            shelf.fill({i: {b"a": i} for i in range(60)})
        n_entries = 0
        for host in cluster.hosts:
            with Connection(*host) as shelf.connection:
                *rows, last = shelf.rows(span(b"a", 0, 99))
                command = f"sindex-stat:namespace=test;indexname={name}"
                stat = shelf.connection.info(command)[0]
            assert last[1:3] == (1, 0)
            seen += [row.fields[4] for row in rows if not row.info3]
            assert {row.result for row in rows if row.info3} == {11}
            n_entries += int(stat.split(";")[0].split("=")[1])
        assert sorted(seen) == sorted(shelf.digests.values())
        assert n_entries == 60


def test_pages_go_on_when_a_node_leaves_and_comes_back():
    with DevCluster(nodes=2, replication_factor=1) as cluster:
        hosts = cluster.hosts
        with Connection(*hosts[0]) as connection:
            shelf = Shelf(connection)
            shelf.index("bin=a;type=numeric")
            shelf.fill({i: {b"a": i} for i in range(40)})
            mine = [row.fields[4] for row in rows_of(shelf)]
            assert 0 < len(mine) < 40
            cluster.stop_node(1)
            seen = []
            walk = pages(shelf, span(b"a", 0, 99), 5)
            for page in walk:
                seen += [row.fields[4] for row in page]
                if len(seen) >= 10:
                    break
            assert len(set(seen)) == len(seen) == 10
            assert sorted(row.fields[4] for row in rows_of(shelf)) == sorted(
                shelf.digests.values()
            )
            cluster.start_node(1)
            assert [row.fields[4] for row in rows_of(shelf)] == mine


def rows_of(shelf):
    """The records that the node gives."""
    return [row for row in shelf.rows(span(b"a", 0, 99)) if not row.info3]


def test_deleting_during_a_query_harms_nothing(own_shelf):
    """What goes away while a query is under way is left out or given, but once."""
    own_shelf.index("bin=a;type=numeric")
    for label in range(30):
        own_shelf.digests[label] = b"\0\0" + os.urandom(18)
        own_shelf.store(label, put_int(b"a", label))
    seen = []
    for page in pages(own_shelf, span(b"a", 0, 99), 4):
        seen += [row.fields[4] for row in page]
        for row in page:
            fields = own_shelf.fields((4, row.fields[4]))
            own_shelf.connection.command(message((0, WRITE | DELETE, 0), fields))
    assert sorted(seen) == sorted(own_shelf.digests.values())


def test_short_query_ends_in_its_last_frame(shelf):
    shelf.fill({i: {b"a": i} for i in range(3)})
    shelf.index("bin=a;type=numeric")
    short = (READ | 0x04, 0, PARTITION_DONE)
    assert shelf.labels(span(b"a", 0, 9), info=short) == [0, 1, 2]
    fields = shelf.fields(span(b"a", 0, 9), ALL)
    kind, body = shelf.connection.exchange(3, message(short, fields))
    assert kind == 3
    assert body[-22:-19] == b"\x16\0\0"
    assert body[-19] == 1
    assert len(body) > 3 * 22
