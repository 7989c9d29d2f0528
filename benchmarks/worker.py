"""One client in a process of its own, told by the driver what to run.

Reads one JSON object a line from stdin and answers each with one on stdout. Runs in
the environment of either client, so it imports nothing beside it and the workloads.

{"do": "connect", "hosts": [[address, port]], "namespace": "test"} -> {"version": ...}
{"do": "prepare", "workload": name}                                -> {}
{"do": "run", "workload": name, "n_calls": n}  -> {"wall_s": ..., "cpu_s": ...}
{"do": "msgpack", "workload": name, "n_calls": n}            -> {"cpu_s": ...}

An error is answered with {"error": text}. The worker ends with its input.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from importlib import metadata
from itertools import repeat
from typing import Any

import aerospike
from workloads import BY_NAME, USER_PATH

Message = dict[str, Any]
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
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in repeat(None, request["n_calls"]):
            call(client, key)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"wall_s": wall, "cpu_s": cpu}

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


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever else prints must not mix with the answers
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request["do"])(request)
        except Exception as error:  # noqa: BLE001 (the driver decides what it means)
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
