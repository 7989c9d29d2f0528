"""What a get over TLS costs, against a bare loop of OpenSSL with the same bytes.

    python benchmarks/tls.py [ROUNDS]

Prints the CPU time of one get, of one round of the loop (tls_floor.c), and of one get
without TLS, in microseconds: the least of ROUNDS runs that take turns, since others on
the machine only add to it. Exits 1 when a get costs more than 1.25 times the loop. The
server is a development server of one node, whose own time does not count.
"""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import aerospike
from aerospike_devserver import DevCluster
from capture import request_of

LIMIT = 1.25
N = 5_000
WARM_UP = 2_000
KEY = ("test", "bench", 1)
SERVE = """
import sys
from aerospike_devserver import DevCluster
with DevCluster(1, tls=True) as cluster:
    print({"hosts": cluster.hosts}, flush=True)
    print(cluster.config, flush=True)
    sys.stdin.read()
"""


def cpu_of_get(config: dict[str, Any]) -> float:
    """Microseconds that this thread takes for one get."""
    with aerospike.client(config) as client:
        for _ in range(WARM_UP):
            client.get(KEY)
        begin = resource.getrusage(resource.RUSAGE_THREAD)
        for _ in range(N):
            client.get(KEY)
        end = resource.getrusage(resource.RUSAGE_THREAD)
    taken = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    return taken / N * 1e6


def get(client: Any) -> None:
    client.put(KEY, {"n": 1})
    client.get(KEY)


def main(rounds: int) -> int:
    source = Path(__file__).with_name("tls_floor.c")
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, "-c", SERVE], **pipes) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        floor, request = Path(folder, "floor"), Path(folder, "request")
        build = ["cc", "-O2", "-o", str(floor), str(source), "-lssl", "-lcrypto"]
        subprocess.run(build, check=True)
        with DevCluster(1) as cluster:
            request.write_bytes(request_of(get, cluster.hosts[0]))
        plain, tls = (ast.literal_eval(server.stdout.readline()) for _ in range(2))
        with aerospike.client(plain) as client:
            client.put(KEY, {"n": 1})
        bare = [str(floor), str(tls["hosts"][0][1]), str(request), str(N)]
        taken: dict[str, list[float]] = {"get": [], "bare loop": [], "without TLS": []}
        for _ in range(rounds):
            done = subprocess.run(bare, check=True, capture_output=True, text=True)
            taken["bare loop"].append(float(done.stdout))
            taken["get"].append(cpu_of_get(tls))
            taken["without TLS"].append(cpu_of_get(plain))
        server.stdin.close()
    least = {name: min(values) for name, values in taken.items()}
    for name, value in least.items():
        print(f"{name:12} {value:6.2f} us")
    ratio = least["get"] / least["bare loop"]
    print(f"a get costs {ratio:.2f} times the bare loop; {LIMIT} are allowed")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
