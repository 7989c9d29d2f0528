"""What tending costs: one process, many without shared memory, many with it.

Idle clients only tend. Nodes count the info requests that they have answered
(`info_complete`), and the system the time of the CPU that each thread has used. The
cluster must be a real one that nobody else uses meanwhile:

    .venv/bin/python benchmarks/shared_memory.py --hosts 127.0.0.1:3000
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aerospike

KEY = 0x41000000 + os.getpid()
WORKER = """
import sys
import aerospike
shm = {"shm": {"shm_key": int(sys.argv[3])}} if sys.argv[3] != "0" else {}
client = aerospike.client({"hosts": [(sys.argv[1], int(sys.argv[2]))], **shm})
print("ready", flush=True)
sys.stdin.readline()
"""


def info_requests(client: Any) -> tuple[int, int]:
    """Info requests that all nodes have answered so far, and the number of nodes."""
    answers = client.info_all("statistics").values()
    found = [re.search(r"info_complete=(\d+)", answer or "") for _, answer in answers]
    return sum(int(one[1]) for one in found if one is not None), len(found)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of all threads of these processes so far. It wakes none of them."""
    files = [
        file for pid in pids for file in Path(f"/proc/{pid}/task").glob("*/schedstat")
    ]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def measure(
    host: tuple[str, int], processes: int, key: int, seconds: float
) -> tuple[float, float, int]:
    """Requests and CPU seconds per second of all processes, and the number of nodes."""
    command = [sys.executable, "-c", WORKER, host[0], str(host[1]), str(key)]
    workers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]

    pids = [worker.pid for worker in workers]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        time.sleep(12)  # the first looks at the cluster are over, and followers sleep
        with aerospike.client({"hosts": [host], "tend_interval": 3600_000}) as client:
            before, nodes = info_requests(client)
            used, began = cpu_seconds(pids), time.monotonic()
            time.sleep(seconds)
            took, cpu = time.monotonic() - began, cpu_seconds(pids) - used
            after, _ = info_requests(client)
        return (after - before - nodes) / took, cpu / took, nodes
    finally:
        for worker in workers:
            worker.communicate("end\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", default="127.0.0.1:3000", help="a node: host:port")
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30)
    args = parser.parse_args()
    name, _, port = args.hosts.rpartition(":")
    host = (name, int(port))
    rows = [
        ("nobody (others)", 0, 0),
        ("1 process, no shm", 1, 0),
        (f"{args.processes} processes, no shm", args.processes, 0),
        (f"{args.processes} processes, shm", args.processes, KEY),
    ]
    print(f"{'who tends':<24} {'info requests/s':>16} {'CPU, ms/s':>10}")
    for text, processes, key in rows:
        requests, cpu, _ = measure(host, processes, key, args.seconds)
        print(f"{text:<24} {requests:>16.2f} {cpu * 1000:>10.3f}", flush=True)


if __name__ == "__main__":
    main()
