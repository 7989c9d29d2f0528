"""What a call of a function in Lua costs, against a bare loop in C with the same bytes.

    python benchmarks/functions.py ADDRESS PORT [ROUNDS]

Prints the CPU time of one apply(), of one get(), and of one round of the loop
(plain_floor.c) for either, in microseconds. They take turns, and of each the burst of
calls counts that took least, since others on the machine only add to it. Exits 1 when
an apply() costs more than 1.15 times its loop. The server is a real one, whose own time
does not count.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import aerospike
from capture import request_of

LIMIT = 1.15
BURSTS, N = 40, 200
KEY = ("test", "bench", 1)
MODULE = "benchmark_functions"
SOURCE = """\
function add(rec, a, b)
  return a + b
end
"""
CALLS: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "apply": lambda client: partial(client.apply, KEY, MODULE, "add", [40, 2]),
    "get": lambda client: partial(client.get, KEY),
}


def once(call: Callable[[Any], Callable[[], Any]], client: Any) -> None:
    call(client)()


def cpu_of(call: Callable[[], Any]) -> float:
    """Microseconds that this thread takes for one call."""
    bursts = []
    for _ in range(BURSTS):
        begin = time.thread_time_ns()
        for _ in repeat(None, N):
            call()
        bursts.append(time.thread_time_ns() - begin)
    return min(bursts) / N / 1e3


def measure(client: Any, node: tuple[str, int], folder: Path, rounds: int) -> int:
    """Print what calls and loops take; 1 when apply() takes too much."""
    floor = folder / "floor"
    source = Path(__file__).with_name("plain_floor.c")
    subprocess.run(["cc", "-O2", "-o", str(floor), str(source)], check=True)
    for name, call in CALLS.items():
        (folder / name).write_bytes(request_of(partial(once, call), node))
    least: dict[str, float] = {}
    for _ in range(rounds):
        for name, call in CALLS.items():
            bare = [floor, *node, folder / name, BURSTS, N]
            done = subprocess.run(
                list(map(str, bare)), check=True, capture_output=True, text=True
            )
            taken = {
                name: cpu_of(call(client)),
                f"loop of {name}": float(done.stdout),
            }
            least = {**least, **{k: min(v, least.get(k, v)) for k, v in taken.items()}}
    for name, value in least.items():
        print(f"{name:14} {value:6.2f} us")
    for name in CALLS:
        ratio = least[name] / least[f"loop of {name}"]
        print(f"{name} costs {ratio:.2f} times the bare loop")
    return int(least["apply"] > LIMIT * least["loop of apply"])


def main(address: str, port: str, rounds: str = "10") -> int:
    node = (address, int(port))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = {"hosts": [node], "lua": {"user_path": name}}
        (folder / f"{MODULE}.lua").write_text(SOURCE)
        with aerospike.client(config) as client:
            client.udf_put(str(folder / f"{MODULE}.lua"))
            client.put(KEY, {"n": 1})
            try:
                return measure(client, node, folder, int(rounds))
            finally:
                client.udf_remove(f"{MODULE}.lua")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
