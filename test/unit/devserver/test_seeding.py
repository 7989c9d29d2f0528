"""Records from files, and records into files."""

from __future__ import annotations

import json

import pytest

import aerospike
from aerospike_devserver import DevCluster, SeedError
from aerospike_devserver.values.ripemd160 import ripemd160
from aerospike_helpers.operations import hll_operations

from ...waiting import patient

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
    ({"$list": [1, 2], "$order": "ordered"}, [1, 2]),
    ([{"$bytes": ""}], [b""]),
]


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
    ("[1]", 1, "", "a record is an object, not int"),
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
    ('{"key": 1, "bins": {}}', 1, "bins", "code 4"),
    ('{"key": 1, "bins": {"a name of 16 cha": 1}}', 1, "bins", "code 21, bin name"),
    ('{"key": 1, "bins": {"m": {"$map": [[[1], 1]]}}}', 1, "bins", "code 1"),
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


def test_nothing_is_written_if_a_record_is_wrong(cluster, client, write):
    with pytest.raises(SeedError, match="record 2: bins"):
        cluster.load([ADA, {"key": 1}])
    assert client.exists(KEY)[1] is None


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
        for (_, _, _, digest), meta, bins in client.query(ns, "s").results()
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
