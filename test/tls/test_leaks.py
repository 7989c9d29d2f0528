"""Nothing is kept of two thousand connections, whether they are trusted or not."""

from __future__ import annotations

import os

import pytest

from ..children import run_script
from .certificates import NAME, serving

pytestmark = [
    pytest.mark.measures,
    pytest.mark.skipif(
        not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc to count"
    ),
]

COUNTING = """
import contextlib, gc

def measure():
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * resource.getpagesize(), len(os.listdir("/proc/self/fd"))

def connect(name):
    config["hosts"] = [(*host, name) for host in hosts]
    with contextlib.suppress(exception.TLSError):
        client = aerospike.client(config)
        client.put(KEY, {"n": 1})
        client.close()

def turn(n):
    for number in range(n):
        connect("wrong" if number % 4 == 0 else NAME)

turn(300)
before = measure()
turn(2000)
until(lambda: measure()[1] <= before[1])
print(measure()[0] - before[0])
"""


def test_connections_leave_nothing(connect):
    """What OpenSSL keeps of one has more than ten kilobytes."""
    cluster = connect.serve(serving(connect.authority.node))
    config = connect.config(cluster) | {"fail_if_not_connected": True}
    script = f"config = {config!r}\nNAME = {NAME!r}\n{COUNTING}"
    assert int(run_script(script, cluster.hosts)) < 3_000_000
