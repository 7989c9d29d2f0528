"""A client under a Python without the GIL, told by free_threads.py what to run.

{"do": "connect", "hosts": [[address, port]]}  -> {"version": ..., "python": ...}
{"do": "leave_network", "shim": path of no_network.so}  -> {}
{"do": "cost", "n_threads": n, "n_calls": n}  -> {"wall_s": ..., "cpu_s": ...}
"""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
import time
from typing import Any

import aerospike
from serving import Message, serve, timed

NAMESPACE, SET = "test", "free-threads"
MOST_THREADS = 8
BINS = {"name": "Ann", "age": 33, "tags": ["a", "b"]}


class Worker:
    """The connected client."""

    client: Any

    def connect(self, request: Message) -> Message:
        if getattr(sys, "_is_gil_enabled", lambda: True)():
            raise ValueError("this Python has the GIL, or an extension switched it on")
        hosts = [(address, port) for address, port in request["hosts"]]
        self.client = aerospike.client({"hosts": hosts}).connect()
        for number in range(MOST_THREADS):
            self.client.put((NAMESPACE, SET, number), BINS)
        return {"version": aerospike.__version__, "python": platform.python_version()}

    def leave_network(self, request: Message) -> Message:
        """Have what is sent from now on answered out of memory."""
        if ctypes.CDLL(request["shim"]).from_memory() == 0:
            raise ValueError("no reply has been seen")
        return {}

    def cost(self, request: Message) -> Message:
        """What it costs when so many threads share the gets.

        The CPU time is that of the threads while they make them. Each has a key of its
        own, as threads that serve requests have; the names in it are the same objects
        for all, and so is the client.
        """
        n_threads, n_calls = request["n_threads"], request["n_calls"]
        start = threading.Barrier(n_threads + 1)
        cpu_s = [0.0] * n_threads

        def work(number: int) -> None:
            get, key = self.client.get, (NAMESPACE, SET, number)
            start.wait()
            begun = time.thread_time()
            for _ in range(n_calls // n_threads):
                get(key)
            cpu_s[number] = time.thread_time() - begun

        threads = [threading.Thread(target=work, args=[n]) for n in range(n_threads)]
        for thread in threads:
            thread.start()

        def run() -> None:
            start.wait()
            for thread in threads:
                thread.join()

        taken = timed(run)
        if self.client.get((NAMESPACE, SET, 0))[2] != BINS:
            raise ValueError("a get gave another record")
        return taken | {"cpu_s": sum(cpu_s)}


if __name__ == "__main__":
    serve(Worker())
