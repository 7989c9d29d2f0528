"""The worker's half of the conversation with the driver.

One JSON object a line comes from stdin, and each is answered with one on stdout. What
"do" names is a method of the worker, which gets the object and gives the answer. An
error is answered with {"error": text}. The worker ends with its input.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]


def timed(work: Callable[[], object]) -> Message:
    """How long some work takes, and how much CPU time of this whole process."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"wall_s": wall, "cpu_s": cpu}


def serve(worker: object) -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever else prints must not mix with the answers
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request["do"])(request)
        except Exception as error:  # noqa: BLE001 (the driver decides what it means)
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
