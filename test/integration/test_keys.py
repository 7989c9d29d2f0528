"""Keys: shapes that are taken and refused, digests, partitions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import aerospike
from aerospike import exception, predicates
from aerospike_helpers.batch.records import BatchRecords, Read
from aerospike_helpers.operations import operations

# set, user key, digest, partition: published vectors of the key format
DIGESTS: list[tuple[str, Any, str, int]] = [
    ("demo", 1, "b7f4b83889e2da67de683e1df6919a1eacc446c8", 1207),
    ("demo", -1, "e9d49a24c3debdc5a6d551d3e7087999a263bb97", 1257),
    ("demo", 0, "ceded27492b392e0232514bb54a8ec2076acef37", 3790),
    ("demo", 2**63 - 1, "6964c1df0d52acf332aef2bfdd54ba366285d051", 1129),
    ("demo", "a", "40013b3ef08b61f2d1621a602d6e5aa9711b6ef9", 320),
    ("demo", "1", "6576b4888ccf929c200b6fbd90d09df3f6d10cf3", 1637),
    ("demo", "", "6253653507ba82c3f57c87af2f86d39033149e0c", 866),
    ("", "a", "79e55340ff2911fc794c49ec2a8175bd9d7ca04c", 1401),
    ("demo", "clé", "4e2a0ef78d20b9766885ea2b3ed12f95e368f4d0", 2638),
    # bytes are text, in UTF-8 or not; a bytearray is a blob
    ("demo", b"\1\2\3", "9c97e9f9b68648e20bfe3b8fcd455dcefbe9765b", 1948),
    ("demo", "\1\2\3", "9c97e9f9b68648e20bfe3b8fcd455dcefbe9765b", 1948),
    ("demo", b"\xff\xfe", "d537e4d062faa869e7d1dddc154b69492c7438c9", 2005),
    ("demo", b"", "6253653507ba82c3f57c87af2f86d39033149e0c", 866),
    ("bk", b"k1", "245a5635a99f6b1dec9d18dfc9ba3965a1d43f0f", 2596),
    ("bk", "k1", "245a5635a99f6b1dec9d18dfc9ba3965a1d43f0f", 2596),
    ("bk", bytearray(b"k1"), "03a49d65e62da6306bd2ccecdc1d276a7d3bed9c", 1027),
    ("demo", bytearray(b"\1\2\3"), "ff31c926fbef445648ce63ca72a698a5473425c1", 511),
    ("demo", True, "b7f4b83889e2da67de683e1df6919a1eacc446c8", 1207),
    ("s", 1, "a03bfb6c065d213ba0b225696394a260f4bb7cb1", 2976),
]


def label(value: Any) -> str:
    """A value in the name of a test: the same in every process."""
    return re.sub(r" at 0x\w+", "", ascii(value))[:40]


class Key(tuple):
    __slots__ = ()


class Text(str):
    __slots__ = ()


# digests


@pytest.mark.parametrize(("set_name", "pk", "digest", "partition"), DIGESTS)
def test_calc_digest_gives_the_published_digest(set_name, pk, digest, partition):
    found = aerospike.calc_digest("test", set_name, pk)
    assert type(found) is bytearray
    assert found.hex() == digest
    assert aerospike.calc_digest("other", set_name, pk) == found
    assert aerospike.calc_digest(ns="test", set=set_name, key=pk) == found
    assert aerospike.get_partition_id(found) == partition
    assert aerospike.get_partition_id(bytes(found)) == partition


@pytest.mark.parametrize(("set_name", "pk", "digest", "partition"), DIGESTS)
def test_client_computes_the_same(client, set_name, pk, digest, partition):
    assert client.get_key_partition_id("test", set_name, pk) == partition
    assert client.get_key_digest("test", set_name, pk).hex() == digest
    key, meta = client.exists(("test", set_name, pk))
    assert meta is None
    assert key[3].hex() == digest


def test_calc_digest_takes_none_as_no_set():
    assert aerospike.calc_digest("test", None, "a") == aerospike.calc_digest(
        "test", "", "a"
    )


@pytest.mark.parametrize("n", [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 5000])
def test_digest_of_a_long_key_differs(n):
    made = {bytes(aerospike.calc_digest("test", "s", "x" * (n + i))) for i in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("test", "demo"),
        ("test", "demo", 1, 2),
        (b"test", "demo", 1),
        (None, "demo", 1),
        ("test", 5, 1),
        ("test", b"demo", 1),
        ("test", "demo", None),
        ("test", "demo", 1.5),
        ("test", "demo", [1]),
        ("test", "demo", (1,)),
        ("test", "demo", memoryview(b"x")),
    ],
    ids=label,
)
def test_calc_digest_of_other_types_is_a_type_error(args):
    with pytest.raises(TypeError):
        aerospike.calc_digest(*args)


@pytest.mark.parametrize(
    "args",
    [
        ("x" * 32, "demo", 1),
        ("test", "x" * 64, 1),
        ("test", "demo", 2**63),
        ("test", "demo", bytearray()),
        ("test", "demo", "\ud800"),
        ("test", "\ud800", 1),
        ("te\0st", "demo", 1),
        ("test", "de\0mo", 1),
        ("test", "demo", "a\0b"),
        ("test", "demo", b"\0"),
    ],
    ids=ascii,
)
def test_calc_digest_of_a_wrong_value_is_a_param_error(args):
    with pytest.raises(exception.ParamError):
        aerospike.calc_digest(*args)


@pytest.mark.parametrize(
    "digest", [None, "x" * 20, b"", bytes(19), bytes(21), bytearray(19), 5, [0] * 20]
)
def test_partition_of_something_else_is_a_param_error(digest):
    with pytest.raises(exception.ParamError):
        aerospike.get_partition_id(digest)


# keys that are taken


@pytest.mark.parametrize(
    "pk",
    [
        "a",
        "",
        "clé",
        "x" * 5000,
        Text("sub"),
        0,
        -1,
        2**63 - 1,
        -(2**63),
        True,
        b"ab",
        b"",
        b"\xff\1",
        bytearray(b"x"),
        bytearray(b"\0\xff"),
    ],
    ids=label,
)
def test_user_key_names_a_record(client, pk):
    key = ("test", "pytest-keys", pk)
    shown = pk.decode() if pk in (b"ab", b"") and type(pk) is bytes else pk
    client.put(key, {"n": 1})
    try:
        for call in (client.exists, lambda k: client.select(k, ["n"])):
            found = call(key)[0]
            assert found[:3] == (*key[:2], shown)
            assert found[3] == aerospike.calc_digest(*key)
        assert client.get(key)[0] == (*key[:2], None, aerospike.calc_digest(*key))
    finally:
        client.remove(key)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (b"ab", "ab"), ("é", "é".encode()), ("a", Text("a"))],
)
def test_two_spellings_of_one_key(client, one, other):
    client.put(("test", "pytest-keys", one), {"n": 1})
    assert client.get(("test", "pytest-keys", other))[2] == {"n": 1}
    client.remove(("test", "pytest-keys", other))


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (b"a", bytearray(b"a"))])
def test_types_of_keys_are_told_apart(client, one, other):
    client.put(("test", "pytest-keys", one), {"n": 1})
    assert client.exists(("test", "pytest-keys", other))[1] is None
    client.remove(("test", "pytest-keys", one))


MANY_CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "batch_read": lambda c, k: c.batch_read([k]).batch_records[0].record[2],
    "batch_operate": lambda c, k: (
        c.batch_operate([k], [operations.read("n")]).batch_records[0].record[2]
    ),
    "batch_write": lambda c, k: (
        c.batch_write(BatchRecords([Read(k, ops=[operations.read("n")])]))
        .batch_records[0]
        .record[2]
    ),
    "get_many": lambda c, k: c.get_many([k])[0][2],
    "select_many": lambda c, k: c.select_many([k], ["n"])[0][2],
}


@pytest.mark.parametrize("call", MANY_CALLS.values(), ids=MANY_CALLS)
@pytest.mark.parametrize("pk", [b"ab", "ab"])
def test_bytes_are_text_in_batches(client, call, pk):
    client.put(("test", "pytest-keys", "ab"), {"n": 1})
    client.put(("test", "pytest-keys", bytearray(b"ab")), {"n": 2})
    try:
        assert call(client, ("test", "pytest-keys", pk)) == {"n": 1}
        assert call(client, ("test", "pytest-keys", bytearray(b"ab"))) == {"n": 2}
    finally:
        client.remove(("test", "pytest-keys", pk))
        client.remove(("test", "pytest-keys", bytearray(b"ab")))


@pytest.mark.parametrize(
    ("pk", "shown"),
    [
        ("clé", "clé"),
        (b"ab", "ab"),
        ("é".encode(), "é"),
        (b"\xff\xfe", b"\xff\xfe"),
        (bytearray(b"ab"), bytearray(b"ab")),
        (bytearray(b"\0\xff"), bytearray(b"\0\xff")),
        (-7, -7),
    ],
    ids=label,
)
def test_stored_key_is_read_back_and_names_its_record(make_client, pk, shown):
    client = make_client(serialization=(None, lambda _: "no key comes here"))
    key = ("test", "pytest-keys-sent", pk)
    client.put(key, {"n": 1}, policy={"key": aerospike.POLICY_KEY_SEND})
    try:
        for read in (client.query, client.scan):
            ((found, _, _),) = read(*key[:2]).results()
            assert type(found[2]) is type(shown)
            assert found[2] == shown
            assert client.get((*key[:2], found[2]))[2] == {"n": 1}
    finally:
        client.remove(key)


@pytest.mark.parametrize("set_name", [None, ""])
def test_no_set_is_none_in_the_result(client, set_name):
    key = ("test", set_name, "pytest-no-set")
    client.put(key, {"n": 1})
    assert client.get(("test", None, "pytest-no-set"))[0][:2] == ("test", None)
    assert client.exists(key)[0][1] is None
    client.remove(key)


@pytest.mark.parametrize("set_name", ["x" * 63, "é" * 31, "a:b/c d"])
def test_set_name_is_taken(client, set_name):
    key = ("test", set_name, 1)
    client.put(key, {"n": 1})
    assert client.get(key)[0][1] == set_name
    client.remove(key)


@pytest.mark.parametrize(
    "shape",
    [
        Key,
        lambda k: (*k, None),
        lambda k: (*k, bytearray(20)),
        lambda k: (*k[:2], None, aerospike.calc_digest(*k)),
        lambda k: (*k[:2], None, bytes(aerospike.calc_digest(*k))),
        lambda k: {"ns": k[0], "set": k[1], "key": k[2]},
        lambda k: {"ns": k[0], "set": k[1], "key": k[2], "more": 1},
        lambda k: {"ns": k[0], "set": k[1], "digest": aerospike.calc_digest(*k)},
        lambda k: (k[0], None, None, aerospike.calc_digest(*k)),
        lambda k: {"ns": k[0], "digest": aerospike.calc_digest(*k)},
    ],
)
def test_shape_of_key_finds_the_record(client, key, shape):
    client.put(key, {"n": 1})
    assert client.get(shape(key))[2] == {"n": 1}


def test_key_of_a_result_is_a_key(client, key):
    client.put(key, {"n": 1})
    for found in (client.get(key)[0], client.exists(key)[0]):
        assert client.get(found)[2] == {"n": 1}


def test_digest_in_the_result_is_a_fresh_bytearray(client, key):
    found, _ = client.exists(key)
    assert type(found[3]) is bytearray
    found[3][0] ^= 0xFF
    assert client.exists(key)[0][3] == aerospike.calc_digest(*key)


# keys that are refused; nothing is sent


BAD_KEYS: list[Any] = [
    (),
    ("test",),
    ("test", "demo"),
    ("test", "demo", 1, bytearray(20), 5),
    ["test", "demo", 1],
    None,
    "test",
    5,
    (None, "demo", 1),
    (5, "demo", 1),
    (b"test", "demo", 1),
    ("x" * 32, "demo", 1),
    ("te\0st", "demo", 1),
    ("\ud800", "demo", 1),
    ("test", 5, 1),
    ("test", b"demo", 1),
    ("test", "x" * 64, 1),
    ("test", "é" * 32, 1),
    ("test", "a\0b", 1),
    ("test", "\ud800", 1),
    ("test", "demo", None),
    ("test", "demo", None, None),
    ("test", "demo", 1.5),
    ("test", "demo", [1]),
    ("test", "demo", (1,)),
    ("test", "demo", {}),
    ("test", "demo", memoryview(b"x")),
    ("test", "demo", object()),
    ("test", "demo", bytearray()),
    ("test", "demo", 2**63),
    ("test", "demo", -(2**63) - 1),
    ("test", "demo", "\ud800"),
    ("test", "demo", "a\0b"),
    ("test", "demo", b"a\0"),
    ("test", "demo", "\0", bytearray(20)),
    ("test", "demo", None, bytearray(19)),
    ("test", "demo", None, bytearray(21)),
    ("test", "demo", None, b""),
    ("test", "demo", None, "x" * 20),
    ("test", "demo", None, 5),
    {},
    {"ns": "test"},
    {"ns": "test", "set": "demo"},
    {"set": "demo", "key": 1},
    {"ns": "test", "set": "demo", "key": 1.5},
    {"ns": "test", "set": "demo", "key": b"\0"},
]

CALLS = {
    "get": lambda c, k: c.get(k),
    "select": lambda c, k: c.select(k, ["a"]),
    "exists": lambda c, k: c.exists(k),
    "put": lambda c, k: c.put(k, {"a": 1}),
    "remove": lambda c, k: c.remove(k),
    "remove_bin": lambda c, k: c.remove_bin(k, ["a"]),
    "touch": lambda c, k: c.touch(k),
    "append": lambda c, k: c.append(k, "a", "x"),
    "prepend": lambda c, k: c.prepend(k, "a", "x"),
    "increment": lambda c, k: c.increment(k, "a", 1),
    "operate": lambda c, k: c.operate(k, [{"op": aerospike.OPERATOR_READ, "bin": "a"}]),
    "operate_ordered": lambda c, k: c.operate_ordered(
        k, [{"op": aerospike.OPERATOR_READ, "bin": "a"}]
    ),
}


@pytest.fixture
def unsent(scripted_node, make_client):
    """A client of a node that fails the test when a command arrives."""
    return make_client(hosts=[scripted_node.host])


@pytest.mark.parametrize("bad", BAD_KEYS, ids=label)
def test_malformed_key_is_a_param_error(unsent, bad):
    for call in CALLS.values():
        with pytest.raises(exception.ParamError) as caught:
            call(unsent, bad)
        assert caught.value.code == -2
        assert caught.value.attempts == 0


@pytest.mark.parametrize("pk", ["a\0b", b"a\0b", "\0", b"\0"])
def test_text_key_with_nul_is_told_of_bytearray(unsent, pk):
    calls = [
        *CALLS.values(),
        lambda c, k: c.batch_read([k]),
        lambda c, k: c.batch_remove([k]),
        lambda c, k: c.get_key_digest(*k),
        lambda c, k: c.get_key_partition_id(*k),
        lambda c, k: aerospike.calc_digest(*k),
    ]
    for call in calls:
        with pytest.raises(exception.ParamError, match=r"NUL.*bytearray"):
            call(unsent, ("test", "demo", pk))


NAMED_CALLS: dict[str, Callable[..., Any]] = {
    "query": lambda c, ns, s, b: c.query(ns, s).select(b).results(),
    "scan": lambda c, ns, s, b: c.scan(ns, s).select(b).results(),
    "where": lambda c, ns, s, b: (
        c.query(ns, s).where(predicates.equals(b, 1)).results()
    ),
    "truncate": lambda c, ns, s, b: c.truncate(ns, s if b == "b" else b, 0),
    "index": lambda c, ns, s, b: c.index_integer_create(ns, s, b, "i"),
    "put": lambda c, ns, s, b: c.put((ns, s, 1), {b: 1}),
    "select": lambda c, ns, s, b: c.select((ns, s, 1), [b]),
    "remove_bin": lambda c, ns, s, b: c.remove_bin((ns, s, 1), [b]),
    "append": lambda c, ns, s, b: c.append((ns, s, 1), b, "x"),
    "operate": lambda c, ns, s, b: c.operate((ns, s, 1), [operations.read(b)]),
    "list": lambda c, ns, s, b: c.list_append((ns, s, 1), b, 1),
    "batch_read": lambda c, ns, s, b: c.batch_read([(ns, s, 1)], [b]),
}


@pytest.mark.parametrize("call", NAMED_CALLS.values(), ids=NAMED_CALLS)
@pytest.mark.parametrize(
    "names", [("te\0st", "s", "b"), ("test", "s\0", "b"), ("test", "s", "\0b")]
)
def test_name_with_nul_is_a_param_error(unsent, call, names):
    with pytest.raises(exception.ParamError) as caught:
        call(unsent, *names)
    assert caught.value.attempts == 0


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("ns", ["", "no-such", "Test", "x" * 31, "clé"])
def test_unknown_namespace_is_found_without_asking(unsent, call, ns):
    with pytest.raises(exception.NamespaceNotFound) as caught:
        call(unsent, (ns, "demo", 1))
    assert caught.value.code == 20
    assert ns in str(caught.value)


def test_digest_of_another_set_is_refused(client, key):
    client.put(key, {"n": 1})
    wrong = (key[0], "another", None, aerospike.calc_digest(*key))
    for call in (client.get, client.exists, lambda k: client.put(k, {"n": 2})):
        with pytest.raises(exception.InvalidRequest) as caught:
            call(wrong)
        assert caught.value.code == 4
    assert client.get(key)[2] == {"n": 1}


def test_digest_without_set_reads_but_does_not_write(client, key):
    client.put(key, {"n": 1})
    bare = (key[0], None, None, aerospike.calc_digest(*key))
    assert client.get(bare)[2] == {"n": 1}
    with pytest.raises(exception.InvalidRequest):
        client.put(bare, {"n": 2})


@pytest.mark.parametrize("args", [(), ("test", "demo"), ("test", "demo", 1, 2)])
def test_get_key_partition_id_wants_three(client, args):
    with pytest.raises(TypeError):
        client.get_key_partition_id(*args)


@pytest.mark.parametrize(
    "args", [(5, "demo", 1), ("test", 5, 1), ("test", "demo", None), ("test", "d", 1.5)]
)
def test_get_key_partition_id_refuses_what_is_no_key(client, args):
    with pytest.raises(exception.ParamError):
        client.get_key_partition_id(*args)
