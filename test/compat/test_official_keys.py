"""A key of each type names the same record in the client of PyPI."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import aerospike

from ..children import LIMIT_S
from . import official_keys
from .test_official_client import official_python as official_python

SCRIPT = Path(__file__).parent / "official_keys.py"

# as the client 19.3.0 computes them, in the set "bk"
VECTORS: list[tuple[Any, str]] = [
    ("k1", "245a5635a99f6b1dec9d18dfc9ba3965a1d43f0f"),
    (b"k1", "245a5635a99f6b1dec9d18dfc9ba3965a1d43f0f"),
    ("", "72474aee7b9a036f18252ab59315c385e0c35db1"),
    ("cl\u00e9", "907c27a30b4c8e63bce23e3af30be2f209e8b8d6"),
    ("x" * 300, "3f0daf85698ad17996153920b3c87afbcaab1dc4"),
    (0, "b09b7bcebdef87b5763ffc9411657a0daedfb119"),
    (-1, "ecd5282f7fee7d2667c127a6124dea15940fc162"),
    (2**63 - 1, "019e5fa300bb40699665a53d775ed6a54811927d"),
    (-(2**63), "4a8e7a51ba948330dd2be6b473406d7d1017a93b"),
    (True, "f3e6ed4bb53001d1c1872398e863cfc467e640cf"),
    (bytearray(b"k1"), "03a49d65e62da6306bd2ccecdc1d276a7d3bed9c"),
    (bytearray(b"\x00\xff"), "159346a93453b8d3e617a9d09e04b6a5553beda1"),
    (bytearray(range(256)), "84587355213d30f164d0686e48cec1f411bfe4ba"),
]


@pytest.mark.parametrize(("user_key", "digest"), VECTORS, ids=repr)
def test_digest_is_that_of_the_vector(user_key, digest):
    assert aerospike.calc_digest("test", "bk", user_key).hex() == digest


def test_digest_without_a_set_is_that_of_an_empty_one():
    digest = "50149955959c2fef0a83613ae80c78bb9c96b269"
    assert aerospike.calc_digest("test", "", "k1").hex() == digest
    assert aerospike.calc_digest("test", None, "k1").hex() == digest


def test_each_key_names_the_same_record(official_python, client, hosts):
    keys = {
        name: (official_keys.NS, official_keys.SET, user_key)
        for name, user_key in official_keys.KEYS.items()
    }
    for key in keys.values():
        client.put(key, {"n": 1})
    address, port = hosts[0]
    done = subprocess.run(
        [official_python, "-I", SCRIPT, f"{address}:{port}"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _, _ in answers] == list(keys)
    for name, (read, computed, without_set), is_there in answers:
        namespace, set_name, user_key = keys[name]
        digest = aerospike.calc_digest(namespace, set_name, user_key).hex()
        assert is_there, name
        assert read == digest, name
        assert computed in (digest, None), name
        if without_set is not None:
            ours = aerospike.calc_digest(namespace, None, user_key).hex()
            assert without_set == ours, name
    for key in keys.values():
        client.remove(key) if client.exists(key)[1] else None
