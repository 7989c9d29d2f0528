"""Warnings as a user sees them: by Python's own filters, at the line of the mistake."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys

import pytest

from aerospike import AerospikeWarning, _report

from ..children import LIMIT_S
from ..waiting import PATIENT

HEAD = (
    f"PATIENT = {PATIENT!r}\n"
    """\
import sys
from concurrent.futures import ThreadPoolExecutor
import aerospike
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations as ops

hosts = [(sys.argv[1], int(sys.argv[2]))]
client = aerospike.client({"hosts": hosts, **PATIENT})
key = ("test", "warnings", 1)
query, scan = client.query(*key[:2]), client.scan(*key[:2])
row = BatchRecords([Write(key, [ops.write("n", 1)], policy={"mistake": 1})])
"""
)

# each has a mistake, a key of no dictionary or a name that is cut, in a place of
# its own: one is warned of once for each place
LINES = {
    "config": 'aerospike.client({"hosts": hosts, "mistake": 1})',
    "section": 'aerospike.client({"hosts": hosts, "policies": {"read": {"mis": 1}}})',
    "put": 'client.put(key, {"n": 1, "l": [1]}, {"mistake": 1})',
    "write": 'client.put(key, {"n": 1}, policy={"mistake": 1})',
    "get": 'client.get(key, {"mistake": 1})',
    "operate": 'client.operate(key, [ops.read("n")], policy={"mistake": 1})',
    "direct": 'client.list_size(key, "l", policy={"mistaken": 1})',
    "operation": 'client.operate(key, [lists.list_append("l", 1, {"mistake": 1})])',
    "batch": 'client.batch_read([key], [], {"mistake": 1})',
    "old batch": 'client.get_many([key], {"mistaken": 1})',
    "row": "client.batch_write(row)",
    "query": 'query.results({"mistake": 1})',
    "stream": 'list(query.stream({"mistaken": 1}))',
    "scan": 'scan.foreach(print, {"mistake": 1})',
    "info": 'client.info_all("build", {"mistake": 1})',
    "waiting": 'client.truncate("test", "warnings", 0, {"mistaken": 1})',
    "name": 'client.append(key, bytearray(b"s\\0x"), "y")',
    "lambda": '(lambda: client.exists(key, {"in lambda": 1}))()',
    "thread": 'ThreadPoolExecutor(1).submit(lambda: client.get(key, {"thread": 1}))',
}


def test_each_mistake_is_shown_at_its_line(hosts, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(HEAD + "\n".join([*LINES.values(), "client.remove(key)"]))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
    host, port = hosts[0]
    ran = subprocess.run(
        [sys.executable, script, host, str(port)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    first = HEAD.count("\n") + 1
    unseen = [
        name
        for number, name in enumerate(LINES, first)
        if f"{script}:{number}: AerospikeWarning: " not in ran.stderr
    ]
    assert unseen == []
    assert ran.stderr.count("AerospikeWarning: ") == len(LINES)


@pytest.mark.usefixtures("unwarned")
def test_caller_without_a_name_is_warned(client, key):
    client.put(key, {"a": 1})
    names = {"client": client, "key": key, "__name__": 5}
    with pytest.warns(AerospikeWarning, match="unknown read policy key"):
        exec("client.get(key, {'mistake': 1})", names)


@pytest.mark.filterwarnings("error")
def test_call_is_not_slow_when_much_has_been_said(client, key, monkeypatch):
    """Nothing is warned of any more, and nothing looked for."""
    client.put(key, {"a": 1})
    said = {("pickle", str(i)) for i in range(_report._LIMIT)}
    monkeypatch.setattr(_report, "_said", said)
    monkeypatch.setattr(difflib, "get_close_matches", None)
    assert client.get(key, {"mistake": 1})[2] == {"a": 1}
