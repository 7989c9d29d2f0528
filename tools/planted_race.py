"""Prove that ThreadSanitizer sees races of an extension in this interpreter.

    python tools/planted_race.py "RUNTIME ..."    the libraries to preload

A small library is compiled that counts without a lock, and two threads of Python call
it: without the GIL that is a race, which must be reported. With the GIL it is none, so
that nothing may be, although the interpreter itself is not instrumented. One that has
no GIL is. `make races` runs this before its tests: what they do not find is worth
nothing unless this is found.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = """
static volatile long count;

void planted_race(long n)
{
    for (long i = 0; i < n; i++) {
        count++;
    }
}
"""
N_CALLS, N_COUNTED = 20, 1_000_000
"""So much that the threads meet, also when others have the processors: two calls that
do not overlap are in order by the GIL around them."""
N_TRIES = 5
"""On a machine that is busy they may not meet even so."""
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
MALLOC = {"PYTHONMALLOC": "malloc"} if HAS_GIL else {}
REPORT = "data race"
PLANTED = "planted_race"


def count_in_two_threads(count: Callable[[int], Any]) -> None:
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        for _ in range(N_CALLS):
            count(N_COUNTED)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def output_of(library: Path, with_gil: bool, preload: str) -> str:
    """What a process says in which two threads count, under the sanitizer."""
    found = subprocess.run(
        [sys.executable, __file__, str(library), "PyDLL" if with_gil else "CDLL"],
        env={**os.environ, "LD_PRELOAD": preload} | MALLOC,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return found.stdout + found.stderr


def main(preload: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "planted.c"), Path(folder, "planted.so")
        source.write_text(SOURCE)
        flags = ["-O1", "-g", "-fPIC", "-shared", "-fsanitize=thread"]
        compiler = os.environ.get("CC", "gcc")
        subprocess.run([compiler, *flags, "-o", library, source], check=True)
        for _ in range(N_TRIES):
            free = output_of(library, False, preload)
            if PLANTED in free:
                break
        held = output_of(library, True, preload) if HAS_GIL else ""
    if REPORT not in free or PLANTED not in free:
        raise SystemExit(f"the planted race was not found:\n{free}")
    if held:
        raise SystemExit(f"with the GIL there is no race, but a report:\n{held}")
    print("the planted race was found")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        count_in_two_threads(getattr(ctypes, sys.argv[2])(sys.argv[1]).planted_race)
