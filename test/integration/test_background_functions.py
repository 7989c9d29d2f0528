"""Functions in Lua that work in the background, on the records of a query or scan."""

from __future__ import annotations

import uuid

import pytest

import aerospike

from ..waiting import wait_for_job

SOURCE = """\
function write(rec, bin, value)
  rec[bin] = value
  aerospike:update(rec)
end
"""
KINDS = ["query", "scan"]


@pytest.fixture(scope="module")
def module(client, real_hosts, tmp_path_factory):
    """A registered module, as calls name it."""
    if not real_hosts:
        pytest.skip("needs a real server: the development server lacks functions")
    name = f"background_{uuid.uuid4().hex}"
    path = tmp_path_factory.mktemp("lua") / f"{name}.lua"
    path.write_text(SOURCE, encoding="utf-8")
    client.udf_put(str(path))
    yield name
    client.udf_remove(f"{name}.lua")


@pytest.fixture
def records(client):
    """A set of 20 records with the bin n, which is their user key."""
    name = f"background_{uuid.uuid4().hex}"
    keys = [("test", name, n) for n in range(20)]
    for key in keys:
        client.put(key, {"n": key[2]})
    yield name
    client.batch_remove(keys)


def values(client, records, name):
    """The values of a bin, by n."""
    found = (bins for _, _, bins in client.scan("test", records).results())
    return {bins["n"]: bins[name] for bins in found if name in bins}


# --- execute_background() ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_works_on_all_records(client, module, records, kind):
    work = getattr(client, kind)("test", records).apply(module, "write", ["b", "x"])
    found = wait_for_job(client, work.execute_background(), kind)
    assert found == {
        "progress_pct": 100,
        "records_read": 20,
        "status": aerospike.JOB_STATUS_COMPLETED,
    }
    assert values(client, records, "b") == dict.fromkeys(range(20), "x")
