"""Records from files, and records into files."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import pytest

import aerospike
from aerospike_devserver import DevCluster, SeedError
from aerospike_devserver.values.ripemd160 import ripemd160
from aerospike_helpers.operations import hll_operations, list_operations

from ...waiting import join_all, patient

ADA = {"set": "users", "key": "ada", "bins": {"name": "Ada", "age": 36}}
KEY = ("test", "users", "ada")


@pytest.fixture
def cluster():
    with DevCluster() as made:
        yield made


@pytest.fixture
def client(cluster):
    with aerospike.client(patient(cluster.config)) as made:
        yield made


@pytest.fixture
def write(tmp_path):
    """write(text, name): a file with a text."""

    def write(text, name="seed.jsonl"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


# published with the algorithm
@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
    ],
)
def test_hash_is_that_of_the_paper(text, digest):
    assert ripemd160(text).hex() == digest


@pytest.mark.parametrize("key", ["ada", "", "é" * 70, -5, 2**63 - 1, bytearray(b"\0")])
def test_record_is_found_by_its_key(cluster, client, key):
    given = bytes(key) if isinstance(key, bytearray) else key
    cluster.load([{"set": "s", "key": given, "bins": {"n": 1}}])
    assert client.get(("test", "s", key))[2] == {"n": 1}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ADA) + "\n" + json.dumps(ADA | {"key": 2}) + "\n",
        json.dumps([ADA, ADA | {"key": 2}], indent=2),
        "\ufeff" + json.dumps(ADA, indent=4) + json.dumps(ADA | {"key": 2}),
    ],
    ids=["lines", "array", "one after another"],
)
def test_file_has_records_in_any_layout(cluster, client, write, text):
    assert cluster.load(write(text)) == 2
    for key in ("ada", 2):
        assert client.get(("test", "users", key))[2] == {"name": "Ada", "age": 36}


def test_folder_has_files(cluster, client, write, tmp_path):
    write(json.dumps(ADA | {"bins": {"n": 1}}), "1.json")
    write(json.dumps(ADA | {"bins": {"n": 2}}), "2.jsonl")
    write("no JSON", "README.md")
    assert cluster.load(tmp_path) == 2
    assert client.get(KEY)[2] == {"n": 2}


VALUES = [
    (True, True),
    (-(2**63), -(2**63)),
    (0.5, 0.5),
    ("é", "é"),
    ([1, ["a", None]], [1, ["a", None]]),
    ({"a": {"b": [1]}}, {"a": {"b": [1]}}),
    ({"$bytes": "AP8="}, b"\0\xff"),
    ({"$float": "inf"}, float("inf")),
    ({"$map": [[1, "a"], ["$x", 2]]}, {1: "a", "$x": 2}),
    ({"$map": [[1, 2]], "$order": "key_value"}, {1: 2}),
    ({"$map": [[1, 2]], "$order": "value"}, {1: 2}),
    ({"$list": [1, 2], "$order": "ordered"}, [1, 2]),
    ([{"$bytes": ""}], [b""]),
]


UNSORTED = [
    # by type first: null, bool, int, str, list, map, bytes, float
    (
        [0.5, {"$bytes": "AA=="}, {"a": 1}, [2], "a", 3, 1, True, None],
        [None, True, 1, 3, "a", [2], {"a": 1}, b"\0", 0.5],
    ),
    ([[2], [1, 5], [1]], [[1], [1, 5], [2]]),
    (["b", "é", "", "a"], ["", "a", "b", "é"]),
    # maps that are compared by their keys: those are in the server's order then
    (
        [{"b": 1, "a": 9}, {"a": 8, "b": 2}, {"z": 0}],
        [{"z": 0}, {"a": 8, "b": 2}, {"a": 9, "b": 1}],
    ),
]


@pytest.mark.parametrize(("given", "value"), UNSORTED, ids=str)
def test_ordered_lists_are_sorted(cluster, client, given, value):
    ordered = {"$list": given, "$order": "ordered"}
    cluster.load([ADA | {"bins": {"l": ordered, "in": [ordered]}}])
    assert client.get(KEY)[2] == {"l": value, "in": [value]}
    client.put(("test", "s", 1), {"l": []})  # the client's own list, sorted there
    operations = [
        list_operations.list_set_order("l", aerospike.LIST_ORDERED),
        list_operations.list_append_items("l", value[::-1]),
    ]
    client.operate(("test", "s", 1), operations)
    assert client.get(("test", "s", 1))[2] == {"l": value}


@pytest.mark.parametrize("order", [{}, {"$order": "key"}, {"$order": "key_value"}])
def test_keys_of_maps_are_sorted(cluster, client, order):
    pairs = [[{"$bytes": "AA=="}, 1], ["b", 2], ["a", 3], [10, 4], [-1, 5]]
    cluster.load([ADA | {"bins": {"m": {"$map": pairs, **order}}}])
    found = client.get(KEY)[2]["m"]
    assert list(found.items()) == [(-1, 5), (10, 4), ("a", 3), ("b", 2), (b"\0", 1)]
    client.map_put(KEY, "m", 0, 6)
    assert client.map_get_by_index(KEY, "m", 1, aerospike.MAP_RETURN_VALUE) == 6


@pytest.mark.parametrize(("given", "value"), VALUES, ids=str)
def test_values_are_those_that_json_says(cluster, client, given, value):
    cluster.load([ADA | {"bins": {"v": given}}])
    assert client.get(KEY)[2] == {"v": value}


def test_geojson_is_a_text_or_an_object(cluster, client):
    point = {"type": "Point", "coordinates": [1, 2]}
    bins = {"a": {"$geo": point}, "b": {"$geo": json.dumps(point)}}
    cluster.load([ADA | {"bins": bins}])
    found = client.get(KEY)[2]
    assert [json.loads(found[name].dumps()) for name in "ab"] == [point, point]


def test_times_to_live_and_generations(cluster, client):
    cluster.load(
        [
            ADA | {"ttl": 60, "generation": 7},
            ADA | {"key": 2, "ttl": -1},
            ADA | {"key": 3, "namespace": "bar"},
        ]
    )
    assert client.get(KEY)[1]["gen"] == 7
    cluster.advance(61)
    assert client.exists(KEY)[1] is None
    assert client.exists(("test", "users", 2))[1]["ttl"] == aerospike.TTL_NEVER_EXPIRE
    assert client.exists(("bar", "users", 3))[1] is not None


WRONG = [
    ('{"key": 1, "bins": {"n": 1}', 1, "", "no JSON"),
    ("[1]", 1, "", "a record is an object, not list"),
    ("1", 1, "", "a record is an object, not int"),
    ('{"key": 1, "bins": {"n": NaN}}', 1, "", 'write {"$float": "nan"}'),
    ('{"key": 1, "key": 2}', 1, "", "'key' stands there twice"),
    ('{"key": 1, "bin": {}}', 1, "bin", "no such field"),
    ('{"key": 1}', 1, "bins", "it must be an object, not null"),
    ('{"bins": {"n": 1}}', 1, "key", "a record has a key, or a digest"),
    ('{"key": 1.5, "bins": {"n": 1}}', 1, "key", "it must be a string, an integer"),
    ('{"digest": "ab", "bins": {"n": 1}}', 1, "digest", "40 hexadecimal digits"),
    ('{"key": 1, "bins": {"n": null}}', 1, "bins.n", "leave out a bin"),
    ('{"key": 1, "bins": {"n": 9223372036854775808}}', 1, "bins.n", "64 bits at most"),
    ('{"key": 1, "bins": {"l": [0, {"$x": 1}]}}', 1, "bins.l[1]", "$x stands for no"),
    ('{"key": 1, "bins": {"b": {"$bytes": "?"}}}', 1, "bins.b", "no base64"),
    ('{"key": 1, "bins": {"b": {"$bytes": "", "n": 1}}}', 1, "bins.b", "beside $bytes"),
    ('{"key": 1, "ttl": "1", "bins": {"n": 1}}', 1, "ttl", "an integer from -1"),
    ('{"key": 1, "namespace": "x", "bins": {"n": 1}}', 1, "namespace", "test, bar"),
    ('{"key": 1, "set": 1, "bins": {"n": 1}}', 1, "set", "it must be a string"),
    ('{"key": 1, "bins": {}}', 1, "bins", "a bin at least"),
    (
        '{"key": 1, "bins": {"a name of 16 cha": 1}}',
        1,
        "bins.a name of 16 cha",
        "15 bytes",
    ),
    (
        '{"key": 1, "bins": {"m": {"$map": [[[1], 1]]}}}',
        1,
        "bins.m",
        "integer, a string",
    ),
    ('{"key": 1, "bins": {"m": {"$map": [[true, 1]]}}}', 1, "bins.m", "a string or"),
    (
        '{"key": 1, "bins": {"l": [{"$map": [[2, 1], [1, 1], [2, 3]]}]}}',
        1,
        "bins.l[0]",
        ": 2 is a key twice",
    ),
    (
        '{"key": 1, "bins": {"m": {"$map": [["b", 1], ["b", 1]], "$order": "key"}}}',
        1,
        "bins.m",
        ': "b" is a key twice',
    ),
    ('{"key": 1, "bins": {"g": {"$geo": "{}"}}}', 1, "bins.g", "code 160"),
    ('{"key": 1, "bins": {"g": {"$geo": "\\ud800"}}}', 1, "bins.g", "not UTF-8"),
    ('{"key": 1, "bins": {"m": {"\\ud800": 1}}}', 1, "bins.m", "not UTF-8"),
    ('{"key": 1, "bins": {"b": {"$bytes": "", "$type": []}}}', 1, "bins.b", "$type is"),
    (
        '{"key": 1, "bins": {"b": {"$bytes": "", "$type": 4.0}}}',
        1,
        "bins.b",
        "$type is",
    ),
    (
        '{"key": 1, "bins": {"l": {"$list": [], "$order": []}}}',
        1,
        "bins.l",
        "$order is",
    ),
    ('{"key": 1, "bins": {"f": {"$float": []}}}', 1, "bins.f", "$float is"),
    ('{"key": 1, "bins": {"f": 1e999}}', 1, "", 'write {"$float": "inf"}'),
    ('{"key": 1, "bins": {"n": %s}}' % ("9" * 5000), 1, "", "64 bits at most"),
    ('{"key": 1, "bins": {"l": %s}}' % ("[" * 300 + "]" * 300), 1, "bins.l", "256"),
    ('{"key": 1, "bins": {"l": %s}}' % ("[" * 10**5 + "]" * 10**5), 1, "", "too deep"),
    ('{"key": 1, "set": 0, "bins": {"n": 1}}', 1, "set", "it must be a string"),
    ('{"key": 1, "set": "%s", "bins": {"n": 1}}' % ("s" * 64), 1, "set", "63 bytes"),
    ('{"key": 1, "namespace": "\\ud800"}', 1, "namespace", "test, bar"),
    ('{"digest": "%s", "bins": {"n": 1}}' % ("ab " * 20), 1, "digest", "40 hexa"),
]


@pytest.mark.parametrize(("text", "line", "field", "says"), WRONG)
def test_error_names_file_line_and_field(cluster, write, text, line, field, says):
    path = write("\n" + json.dumps(ADA) + "\n" + text)
    with pytest.raises(SeedError) as caught:
        cluster.load(path)
    error = caught.value
    assert (error.file, error.field) == (str(path), field)
    assert error.line == line + 2
    assert says in str(error)
    assert str(error).startswith(f"{path}:{error.line}: {field}")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[\n{ada},", 2, "the array has no end"),
        ("[{ada}]\n{ada}", 2, "the array has ended before that"),
        ("[[{ada}]]", 1, "a record is an object, not list"),
        ("]", 1, "no JSON"),
        ("{ada}\n{ada}]", 2, "no JSON"),
        ("{ada}\n\n\udcff", 3, "that is not UTF-8"),
    ],
)
def test_file_is_whole(cluster, client, tmp_path, text, line, says):
    path = tmp_path / "seed.json"
    path.write_text(text.replace("{ada}", json.dumps(ADA)), "utf-8", "surrogateescape")
    with pytest.raises(SeedError, match=says) as caught:
        cluster.load(path)
    assert caught.value.line == line
    assert client.exists(KEY)[1] is None


def test_nothing_is_written_if_a_record_is_wrong(cluster, client, write):
    with pytest.raises(SeedError, match="record 2: bins"):
        cluster.load([ADA, {"key": 1}])
    assert client.exists(KEY)[1] is None


def test_nothing_is_written_if_the_server_refuses_a_record(cluster, client):
    client.put(KEY, {"n": 1})
    before = everything(client), client.info_random_node("sets")
    new = {"set": "new", "key": 1, "bins": {"n": 2}}
    with pytest.raises(SeedError, match=r"record 3: bins: .* code 13"):
        cluster.load([ADA, new, ADA | {"key": 2, "bins": {"b": b"b" * 2**20}}])
    assert (everything(client), client.info_random_node("sets")) == before
    assert client.get(KEY)[2] == {"n": 1}


def test_nobody_waits_for_a_file(cluster, client, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    loading = threading.Thread(target=cluster.load, args=(path,))
    loading.start()
    client.put(KEY, {"n": 1})
    path.write_text(json.dumps(ADA))
    join_all([loading])
    assert client.get(KEY)[2] == ADA["bins"]


def test_file_without_a_name_is_none(cluster):
    with pytest.raises(FileNotFoundError):
        cluster.load("")


def test_seed_is_there_again_after_reset():
    with (
        DevCluster(seed=[ADA]) as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        client.put(KEY, {"age": 37})
        client.put(("test", "users", "bob"), {"age": 1})
        cluster.reset()
        assert client.get(KEY)[2] == {"name": "Ada", "age": 36}
        assert client.exists(("test", "users", "bob"))[1] is None


def test_cluster_with_a_wrong_seed_does_not_start(write, tmp_path):
    cluster = DevCluster(seed=write("{"))
    with pytest.raises(SeedError):
        cluster.start()
    with pytest.raises(FileNotFoundError):
        DevCluster(seed=tmp_path / "none.json").start()
    write(json.dumps(ADA))
    with cluster:
        assert cluster.hosts


def everything(client):
    return {
        bytes(digest): (meta["gen"], meta["ttl"] > 10**9, bins)
        for ns in ("test", "bar")
        for (_, _, _, digest), meta, bins in client.query(ns).results()
    }


def test_what_is_dumped_can_be_loaded(cluster, client, tmp_path):
    bins = {str(place): value for place, (_, value) in enumerate(VALUES)}
    bins["g"] = aerospike.GeoJSON('{"type": "Point", "coordinates": [1, 2]}')
    bins["o"] = aerospike.KeyOrderedDict({"b": 1, "a": [None, True]})
    send = {"key": aerospike.POLICY_KEY_SEND}
    client.put(("test", "s", 1), bins, policy=send)
    client.put(("test", "s", "a"), bins, {"ttl": 1000})
    client.put(("bar", "s", b"b"), {"x": 1}, policy=send)
    client.put(("bar", "s", b"b"), {"x": 2}, policy=send)
    client.operate(("test", "s", "h"), [hll_operations.hll_add("h", ["a", "b"], 8)])
    path = tmp_path / "dump.jsonl"
    before = everything(client)
    assert cluster.dump(path) == 4
    again = tmp_path / "again.jsonl"
    with (
        DevCluster(seed=path) as other,
        aerospike.client(patient(other.config)) as copy,
    ):
        assert everything(copy) == before
        other.dump(again)
    lines = [sorted(each.read_text("utf-8").splitlines()) for each in (path, again)]
    kept = [[json.loads(each)["bins"] for each in part] for part in lines]
    assert kept[0] == kept[1]


def test_keys_of_any_bytes_are_dumped(cluster, client, tmp_path):
    key = ("test", "s", b"\xff")  # which the client sends as a string
    client.put(key, {"n": 1}, policy={"key": aerospike.POLICY_KEY_SEND})
    cluster.dump(tmp_path / "dump.jsonl")
    client.remove(key)
    cluster.load(tmp_path / "dump.jsonl")
    assert client.get(key)[2] == {"n": 1}


def test_maps_are_dumped_however_deep(cluster, client, tmp_path):
    value: Any = 0
    for _ in range(256):
        value = {1: value}
    client.put(KEY, {"m": value})
    cluster.dump(tmp_path / "dump.jsonl")
    client.remove(KEY)
    cluster.load(tmp_path / "dump.jsonl")
    assert client.get(KEY)[2] == {"m": value}
