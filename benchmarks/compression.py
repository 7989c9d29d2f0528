"""What `compress` costs and saves: CPU time and bytes of put and get, with and without.

    python benchmarks/compression.py [ROUNDS] [--python PYTHON]

For records of 1.1 KB, 20 KB and 1 MB of text as logs have it. PYTHON is an interpreter
that has the client of PyPI: by default the one of `make bench`; where there is none, it
is left out. The clients take turns on a development server of one node in its
Enterprise edition, whose own time does not count. Shown is the least CPU time of a call
in microseconds, of all threads of the process, and the bytes of its request and reply.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = {"1.1 KB": 1_100, "20 KB": 20_000, "1 MB": 1_000_000}
CALLS = {"1.1 KB": 2000, "20 KB": 600, "1 MB": 20}
BENCH = Path(__file__).parents[1] / ".venv-bench/bin/python"
WORDS = ("GET", "POST", "/users", "/orders", "200", "404", "agent", "status", "time")


def text_of(size: int) -> str:
    """Lines as a log has them, always the same."""
    rng = random.Random(size)
    words = [f"{rng.choice(WORDS)}={rng.randrange(10**6)}" for _ in range(size // 8)]
    return " ".join(words)[:size]


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def work(host: str, port: int) -> None:
    """Measure in this process, and print {name: microseconds}."""
    import aerospike

    client = aerospike.client({"hosts": [(host, port)]})
    taken: dict[str, float] = {}
    for size, length in SIZES.items():
        key, bins = ("test", "zip", size), {"t": text_of(length)}
        for how in ("plain", "compressed"):
            policy = {"compress": how == "compressed", "total_timeout": 60_000}
            calls: dict[str, Any] = {
                "put": lambda k=key, b=bins, p=policy: client.put(k, b, {}, p),
                "get": lambda k=key, p=policy: client.get(k, p),
            }
            for name, call in calls.items():
                call()
                begin = cpu_s()
                for _ in range(CALLS[size]):
                    call()
                cost = (cpu_s() - begin) / CALLS[size] * 1e6
                taken[f"{name} {size} {how}"] = cost
    client.close()
    print(json.dumps(taken))


def bytes_of(node: tuple[str, int]) -> dict[str, int]:
    """Bytes of request and reply of each call, through a relay."""
    import aerospike
    from capture import relayed

    moved = [0]

    def see(data: bytes, _is_request: bool) -> None:
        moved[0] += len(data)

    found: dict[str, int] = {}
    with relayed(node, see) as place:
        config: dict[str, Any] = {
            "hosts": [place],
            "force_single_node": True,
            "tend_interval": 60_000,
        }
        with aerospike.client(config) as client:
            for size, length in SIZES.items():
                key, bins = ("test", "zip", size), {"t": text_of(length)}
                for how in ("plain", "compressed"):
                    policy: Any = {"compress": how == "compressed"}
                    for name in ("put", "get"):
                        call = getattr(client, name)
                        args = (bins, {}, policy) if name == "put" else (policy,)
                        call(key, *args)
                        before = moved[0]
                        call(key, *args)
                        found[f"{name} {size} {how}"] = moved[0] - before
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("--python", type=Path, default=BENCH)
    options = parser.parse_args()
    from aerospike_devserver import DevCluster

    clients = {"this client": Path(sys.executable)}
    if options.python.exists():
        clients["PyPI"] = options.python
    least: dict[str, dict[str, float]] = {name: {} for name in clients}
    with DevCluster(1, edition="enterprise", max_record_size=2 << 20) as cluster:
        node = cluster.hosts[0]
        for _ in range(options.rounds):
            for name, python in clients.items():
                command = [str(python), "-I", __file__, "--work", node[0], str(node[1])]
                done = subprocess.run(command, check=True, capture_output=True)
                for what, cost in json.loads(done.stdout).items():
                    known = least[name].get(what, cost)
                    least[name][what] = min(known, cost)
        sizes = bytes_of(node)
    columns = "".join(f"{name + ', us':>18}" for name in clients)
    print(f"{'':24}{'bytes':>10}{columns}")
    for what, size in sizes.items():
        costs = "".join(f"{least[name][what]:18.1f}" for name in clients)
        print(f"{what:24}{size:10}{costs}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        main()
