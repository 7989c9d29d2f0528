"""What tending costs: one process, many without shared memory, many with it.

Idle clients only tend. Nodes count the info requests that they have answered
(`info_complete`), and each process the time of the CPU that it used. The cluster must
be a real one that nobody else uses meanwhile:

    .venv/bin/python benchmarks/shared_memory.py --hosts 127.0.0.1:3000
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from typing import Any

import aerospike

KEY = 0x41000000 + os.getpid()
WORKER = """
import sys, time
import aerospike
shm = {"shm": {"shm_key": int(sys.argv[3])}} if sys.argv[3] != "0" else {}
client = aerospike.client({"hosts": [(sys.argv[1], int(sys.argv[2]))], **shm})
print("ready", flush=True)
sys.stdin.readline()
before = time.process_time()
print("measures", flush=True)
sys.stdin.readline()
print(time.process_time() - before, flush=True)
sys.stdin.readline()
"""


def info_requests(client: Any) -> tuple[int, int]:
    """Info requests that all nodes have answered so far, and the number of nodes."""
    answers = client.info_all("statistics").values()
    found = [re.search(r"info_complete=(\d+)", answer or "") for _, answer in answers]
    return sum(int(one[1]) for one in found if one is not None), len(found)


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

    def ask_all(line: str) -> list[str]:
        for worker in workers:
            assert worker.stdin is not None
            print(line, file=worker.stdin, flush=True)
        return [worker.stdout.readline() for worker in workers if worker.stdout]

    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        time.sleep(2)  # the first looks at the cluster are over
        with aerospike.client({"hosts": [host], "tend_interval": 3600_000}) as client:
            ask_all("begin")
            before, nodes = info_requests(client)
            began = time.monotonic()
            time.sleep(seconds)
            after, _ = info_requests(client)
            took = time.monotonic() - began
            cpu = sum(float(line) for line in ask_all("end"))
        return (after - before - nodes) / took, cpu / took, nodes
    finally:
        for worker in workers:
            worker.communicate("end\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", default="127.0.0.1:3000", help="a node: host:port")
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
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
