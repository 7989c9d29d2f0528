"""Threads that make calls, in a process of their own, beside one that computes.

Runs in the environment of either client, told by beside.py what to do (serving.py):

{"do": "connect", "hosts": [[address, port]]}   -> {}
{"do": "run", "call": "get" or "put", "n_threads": n, "computes": bool, "seconds": s}
    -> {"calls": n, "steps": of the computing thread}, both per second
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import aerospike
from serving import Message, serve

BINS = {"n": 42, "ratio": 0.25, "name": "short string", "blob": bytes(range(32))}
N_KEYS = 100
TIMEOUT_MS = 30_000  # far off: a thread that waits for its turn is measured


class Worker:
    """The connected client, and the calls that threads make with it."""

    calls: dict[str, Callable[[Any], Any]]
    keys: list[Any]

    def connect(self, request: Message) -> Message:
        timings = {"total_timeout": TIMEOUT_MS, "socket_timeout": TIMEOUT_MS}
        config = {
            "hosts": [(address, port) for address, port in request["hosts"]],
            "policies": {"read": timings, "write": timings},
        }
        client = aerospike.client(config).connect()
        self.keys = [("test", "beside", i) for i in range(N_KEYS)]
        for key in self.keys:
            client.put(key, BINS)
        self.calls = {"get": client.get, "put": lambda key: client.put(key, BINS)}
        return {}

    def run(self, request: Message) -> Message:
        call, n_threads = self.calls[request["call"]], request["n_threads"]
        done, steps = [0] * n_threads, [0]
        ends = threading.Event()

        def make_calls(thread: int) -> None:
            n, key = 0, self.keys[thread]
            while not ends.is_set():
                call(key)
                n += 1
            done[thread] = n

        def compute() -> None:
            n, sum_of = 0, 0
            while not ends.is_set():
                for i in range(1000):
                    sum_of += i * i % 7
                n += 1
            steps[0] = n

        threads = [
            threading.Thread(target=make_calls, args=(i,)) for i in range(n_threads)
        ]
        if request["computes"]:
            threads.append(threading.Thread(target=compute))
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(request["seconds"])
        ends.set()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - started
        return {"calls": sum(done) / took, "steps": steps[0] / took}


if __name__ == "__main__":
    serve(Worker())
