"""python test/patiently.py PROGRAM ARGUMENTS...: run it with patient clients.

For programs that are shown, or were recorded, with the client's own timeouts: a busy
machine is not what they are about.
"""

from __future__ import annotations

import runpy
import sys

import aerospike
from waiting import patient  # type: ignore[import-not-found]  # beside this file

_make = aerospike.client


def _client(*args: object) -> aerospike.Client:
    first, *rest = args or (None,)
    return _make(patient(first) if isinstance(first, dict) else first, *rest)  # type: ignore[arg-type]


if __name__ == "__main__":
    aerospike.client = _client  # type: ignore[assignment]
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
