"""The client of PyPI and ours exchange compressed records on the development server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..children import LIMIT_S
from ..waiting import patient
from .official_compression import COMPRESS, KEYS, NS, OURS, THEIRS, text_of
from .test_official_client import official_python as official_python

SCRIPT = Path(__file__).parent / "official_compression.py"
RECORDS = [{"n": number, "t": text_of(number)} for number in KEYS]


@pytest.mark.parametrize("nodes", [1, 2])
def test_compressed_records_are_exchanged(official_python, nodes):
    with (
        DevCluster(nodes, edition="enterprise") as cluster,
        aerospike.client(patient(cluster.config)) as client,
    ):
        for bins in RECORDS:
            client.put((NS, OURS, bins["n"]), bins, None, COMPRESS)
        host, port = cluster.hosts[0]
        done = subprocess.run(
            [official_python, "-I", SCRIPT, f"{host}:{port}"],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout) == {
            "get": RECORDS[0],
            "batch": RECORDS,
            "query": RECORDS,
            "operate": {"t": text_of(1)},
            "written": [0] * (len(RECORDS) - 1),
        }
        keys = [(NS, THEIRS, number) for number in KEYS]
        found = client.batch_read(keys, policy=COMPRESS).batch_records
        assert [row.record[2] for row in found if row.record] == RECORDS
        assert client.get(keys[0], COMPRESS)[2] == RECORDS[0]
