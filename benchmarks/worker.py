"""One client in a process of its own, told by the driver what to run.

Runs in the environment of either client, so it imports nothing beside it and the
workloads. What it is asked, as JSON (serving.py):

{"do": "connect", "hosts": [[address, port]], "namespace": "test"} -> {"version": ...}
{"do": "prepare", "workload": name}                                -> {}
{"do": "run", "workload": name, "n_calls": n}  -> {"wall_s": ..., "cpu_s": ...}
{"do": "msgpack", "workload": name, "n_calls": n}            -> {"cpu_s": ...}
"""

from __future__ import annotations

import gc
import time
from importlib import metadata
from itertools import repeat
from typing import Any

import aerospike
from serving import Message, serve, timed
from workloads import BY_NAME, USER_PATH

TIMEOUT_MS = 30_000  # far off: a slow server is measured, not given up


class Worker:
    """The state between two requests of the driver: the connected client."""

    client: Any
    namespace: str

    def connect(self, request: Message) -> Message:
        timings = {"total_timeout": TIMEOUT_MS, "socket_timeout": TIMEOUT_MS}
        names = ("read", "write", "operate", "batch", "query", "scan")
        config = {
            "hosts": [(address, port) for address, port in request["hosts"]],
            "policies": dict.fromkeys(names, timings),
            "lua": {"user_path": USER_PATH.name},
        }
        self.client = aerospike.client(config).connect()
        self.namespace = request["namespace"]
        return {"version": metadata.version("aerospike")}

    def prepare(self, request: Message) -> Message:
        workload = BY_NAME[request["workload"]]
        if workload.prepare is not None:
            workload.prepare(self.client, workload.key(self.namespace))
        return {}

    def run(self, request: Message) -> Message:
        workload = BY_NAME[request["workload"]]
        client, call = self.client, workload.call
        key = workload.key(self.namespace)
        result = call(client, key)
        if not workload.check(result):
            raise ValueError(f"{workload.name} gave {result!r:.200}")
        del result

        def work() -> None:
            for _ in repeat(None, request["n_calls"]):
                call(client, key)

        return timed(work)

    def msgpack(self, request: Message) -> Message:
        """CPU time to make the workload's value of plain msgpack, or that of it."""
        import msgspec

        workload = BY_NAME[request["workload"]]
        work: Any = msgspec.msgpack.Encoder().encode
        value = workload.value
        if workload.reads:
            work, value = msgspec.msgpack.Decoder().decode, work(value)
        gc.collect()
        started = time.process_time()
        for _ in repeat(None, request["n_calls"]):
            work(value)
        return {"cpu_s": time.process_time() - started}


if __name__ == "__main__":
    serve(Worker())
