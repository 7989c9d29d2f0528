"""What batches keep for the next ones: calls in a steady state need no new memory."""

from __future__ import annotations

import platform

import pytest

import aerospike
from aerospike import exception

from ..children import run_script

FAULTS = """
    count = int(sys.argv[2])
    if count:
        assert aerospike.keep_memory(count)
    client = aerospike.client({"hosts": hosts, **PATIENT}).connect()
    keys = [(*KEY[:2], f"{KEY[2]}-{i}") for i in range(300)]
    for key in keys:
        client.put(key, {"blob": bytes(1024)})

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    for _ in range(10):
        client.batch_read(keys)
    before = faults()
    for _ in range(20):
        assert client.batch_read(keys).result == 0
    print((faults() - before) / 20)
    client.batch_remove(keys)
"""


@pytest.mark.measures
@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries cannot be told"
)
def test_process_that_keeps_memory_takes_no_page_faults(hosts):
    assert float(run_script(FAULTS, hosts, str(64 << 20))) < 5


@pytest.mark.parametrize("size", [0, -1, (128 << 10) - 1, 2**31, 2**80, "1", 1.5, None])
def test_impossible_size_is_refused(size):
    with pytest.raises(exception.ParamError, match="size"):
        aerospike.keep_memory(size)
