"""The client of PyPI can use the development server."""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path

import pytest

import aerospike
from aerospike_devserver import DevCluster
from aerospike_helpers.operations import operations as ops

from ..children import LIMIT_S
from ..waiting import patient
from . import official_queries
from .environment import find_official, place

SCRIPT = Path(__file__).parent / "official_client.py"


@pytest.fixture(scope="module")
def official_python() -> Path:
    """An interpreter that has the client."""
    return place(find_official())


# of set "bk" and the key k1, as that client computes them
TEXT_DIGEST = "245a5635a99f6b1dec9d18dfc9ba3965a1d43f0f"
BLOB_DIGEST = "03a49d65e62da6306bd2ccecdc1d276a7d3bed9c"


def write_keys(hosts: list[tuple[str, int]]) -> None:
    """Records that this client writes and the other one reads."""
    with aerospike.client(patient({"hosts": hosts})) as client:
        keys: list[bytes | bytearray] = [b"k1", bytearray(b"k1"), b"\xff"]
        for number, pk in enumerate(keys, 1):
            client.put(("test", "bk", pk), {"n": number})
            assert repr(client.exists(("test", "bk", pk))[0][2]) in (repr(pk), "'k1'")


def wanted(n_nodes: int) -> dict[str, object]:
    """What the script prints on a good server."""
    bins = {
        "i": -5,
        "f": 1.5,
        "s": "clé",
        "t": True,
        "l": [1, ["two", None, {"k": 2.5}]],
        "m": {"a": 1, "b": {"c": [True]}},
    }
    return {
        "connected": True,
        "nodes": n_nodes,
        "put": 0,
        "get": [["test", "official", None], 1, True, bins],
        "digest": True,
        "bytes": [0, 255],
        "select": {"i": -5, "s": "clé"},
        "exists": 2,
        "increment": 0,
        "operate": {"i": 3, "s": "new"},
        "ordered": [["f", 1.5], ["i", 3]],
        "touch": 0,
        "remove_bin": 0,
        "left": {"i": 3, "f": 1.5, "s": "new"},
        "generation": ["RecordGenerationError", 3],
        "create": ["RecordExistsError", 5],
        "incompatible": ["BinIncompatibleType", 12],
        "many": 0,
        "read back": True,
        "removed": 0,
        "remove": 0,
        "missing": ["RecordNotFound", 2],
        "absent": None,
        "namespace": ["NamespaceNotFound", 20],
        "key 'k1'": [TEXT_DIGEST, 1, "'k1'"],
        "key b'k1'": [TEXT_DIGEST, 1, "'k1'"],
        "key bytearray(b'k1')": [BLOB_DIGEST, 2, "bytearray(b'k1')"],
        "key b'\\xff'": [
            aerospike.calc_digest("test", "bk", b"\xff").hex(),
            3,
            "b'\\xff'",
        ],
        "info": [[None, "4096"]] * n_nodes,
        "closed": False,
    }


@pytest.mark.parametrize("n_nodes", [1, 3])
def test_official_client_works_on_the_development_server(official_python, n_nodes):
    with DevCluster(nodes=n_nodes) as cluster:
        write_keys(cluster.hosts)
        hosts = [f"{host}:{port}" for host, port in cluster.hosts]
        done = subprocess.run(
            [official_python, "-I", SCRIPT, *hosts],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert dict(json.loads(line) for line in done.stdout.splitlines()) == wanted(
        n_nodes
    )


# queries that one client begins and the other ends

N = 60


@pytest.fixture(scope="module")
def _records(client):
    """N records, half of whose places in the index are negative."""
    keys = [(official_queries.NS, official_queries.SET, i) for i in range(N)]
    for i, key in enumerate(keys):
        client.operate(key, [ops.write("i", i - N // 2)])
    client.index_integer_create(*keys[0][:2], "i", official_queries.INDEX)
    yield
    client.index_remove(official_queries.NS, official_queries.INDEX)
    client.batch_remove(keys)


def in_official_client(python, act, path, hosts):
    texts = [f"{host}:{port}" for host, port in hosts]
    script = Path(__file__).parent / "official_queries.py"
    done = subprocess.run(
        [python, "-I", "-W", "ignore", script, act, path, *texts],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with open(path, "rb") as file:
        return pickle.load(file)


def check_all_came_once(saved, rest):
    assert set(rest) == set(saved)
    for case, (taken, _) in saved.items():
        assert sorted([*taken, *rest[case]]) == [i - N // 2 for i in range(N)], case
        assert len(taken) < N or case[1] == "finished"


@pytest.mark.usefixtures("_records")
def test_query_of_the_official_client_goes_on_in_ours(
    official_python, client, hosts, tmp_path
):
    saved = in_official_client(official_python, "save", tmp_path / "saved", hosts)
    check_all_came_once(saved, official_queries.resume(client, saved))


@pytest.mark.usefixtures("_records")
def test_query_of_ours_goes_on_in_the_official_client(
    official_python, client, hosts, tmp_path
):
    path = tmp_path / "saved"
    saved = official_queries.save(client)
    path.write_bytes(pickle.dumps(saved))
    check_all_came_once(
        saved, in_official_client(official_python, "resume", path, hosts)
    )
