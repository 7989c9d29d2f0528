"""python test/patiently.py PROGRAM ARGUMENTS...: run it with patient clients.

For programs that are shown, or were recorded, with the client's own timeouts: a busy
machine is not what they are about.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from typing import Any

import aerospike
from waiting import patient  # type: ignore[import-not-found]  # beside this file

_make = aerospike.client


def _client(config: Mapping[str, Any]) -> aerospike.Client:
    return _make(patient(dict(config)))


if __name__ == "__main__":
    aerospike.client = _client
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
