"""What eight threads cost and reach beside one, on a Python without the GIL.

    python3.13t benchmarks/free_threads.py [--rounds N] [--hosts HOST:PORT,...]

Prints two figures and exits 1 when one of them misses its limit:

- the CPU time of a get in eight threads, by that of a get in one, from a server in
  another process (by default a development server): what the threads take from each
  other;
- how many times the gets of one thread eight threads make, where a get has no I/O: what
  it sends is answered out of memory (no_network.c).

One thread and eight take turns, and the least of each counts, since other programs on
the machine only add to it. The second figure needs two processors that nobody else
uses. So the CPU time of these gets is shown, too: where threads do not wait for each
other, two processors by that cost is what they reach.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aerospike
from workers import Hosts, development_server, parse_hosts

KEY = ("test", "bench", 1)
BINS = {"name": "Ann", "age": 33, "tags": ["a", "b"]}
N_THREADS = 8
N_FROM_SERVER, N_FROM_MEMORY = 16_000, 80_000
MOST_CPU, LEAST_RATE = 1.15, 1.7


class Cost(NamedTuple):
    """Microseconds of a get."""

    cpu: float
    wall: float


def cost(client: Any, n_threads: int, n: int) -> Cost:
    """What a get costs when so many threads share n gets."""
    start = threading.Barrier(n_threads + 1)

    def work() -> None:
        get = client.get
        start.wait()
        for _ in range(n // n_threads):
            get(KEY)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    while start.n_waiting < n_threads:
        time.sleep(0.001)
    cpu, wall = time.process_time(), time.perf_counter()
    start.wait()
    for thread in threads:
        thread.join()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(cpu / n * 1e6, wall / n * 1e6)


def best(costs: list[Cost]) -> Cost:
    return Cost(min(c.cpu for c in costs), min(c.wall for c in costs))


def both(client: Any, n: int, rounds: int) -> tuple[Cost, Cost]:
    """The costs with one thread, and with all."""
    found: dict[int, list[Cost]] = {1: [], N_THREADS: []}
    for _ in range(rounds):
        for n_threads, costs in found.items():
            costs.append(cost(client, n_threads, n))
    return best(found[1]), best(found[N_THREADS])


def measure(hosts: Hosts, shim: str, rounds: int) -> int:
    with aerospike.client({"hosts": hosts}) as client:
        client.put(KEY, BINS)
        cost(client, N_THREADS, N_FROM_SERVER)  # connections are made
        one, all_of_them = both(client, N_FROM_SERVER, rounds)
        more_cpu = all_of_them.cpu / one.cpu
        print(
            f"from a server: CPU of a get {one.cpu:.1f} us in one thread, "
            f"{all_of_them.cpu:.1f} in {N_THREADS}: {more_cpu:.2f} times "
            f"(at most {MOST_CPU})"
        )
        if ctypes.CDLL(shim).from_memory() == 0:
            raise SystemExit("no reply has been seen")
        one, all_of_them = both(client, N_FROM_MEMORY, rounds)
        assert client.get(KEY)[2] == BINS
        rate = one.wall / all_of_them.wall
        bound = 2 * one.cpu / all_of_them.cpu
        print(
            f"from memory: CPU of a get {one.cpu:.2f} us in one thread, "
            f"{all_of_them.cpu:.2f} in {N_THREADS}: two processors reach {bound:.2f} "
            f"times the rate; {rate:.2f} times was reached (at least {LEAST_RATE})"
        )
    return int(more_cpu > MOST_CPU or rate < LEAST_RATE)


@contextmanager
def hosts_of(text: str | None) -> Iterator[Hosts]:
    if text:
        yield parse_hosts(text)
    else:
        with development_server() as hosts:
            yield hosts


def measured_in_process(hosts: Hosts, rounds: int) -> int:
    """Measure in another process, which has no_network.c preloaded."""
    source = Path(__file__).with_name("no_network.c")
    with tempfile.TemporaryDirectory() as folder:
        shim = str(Path(folder, "no_network.so"))
        flags = ["-O2", "-D_GNU_SOURCE", "-fPIC", "-shared", "-o", shim]
        subprocess.run(["cc", *flags, str(source), "-ldl"], check=True)
        where = ",".join(f"{address}:{port}" for address, port in hosts)
        measured = subprocess.run(
            [sys.executable, __file__, f"--rounds={rounds}", f"--hosts={where}"],
            env={**os.environ, "LD_PRELOAD": shim},
            check=False,
        )
    return measured.returncode


def main(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hosts", help="default: a development server of its own")
    options = parser.parse_args(args)
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        parser.exit(77, "this Python has the GIL, or an extension has switched it on\n")
    shim = os.environ.get("LD_PRELOAD", "")
    with hosts_of(options.hosts) as hosts:
        if shim.endswith("no_network.so"):
            return measure(hosts, shim, options.rounds)
        return measured_in_process(hosts, options.rounds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
