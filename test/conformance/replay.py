"""Run the recorded cases of some areas: python replay.py HOST PORT OUT.json AREA...

The same as run.py, with a client that is configured like the recorded one. Modules of
functions are not registered: the client has no call for that yet.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path
from typing import Any

import aerospike
import aerospike._core

HERE = Path(__file__).parent


# what makes this client like the recorded one: errors at once, nothing pickled
MODERN = {"fail_if_not_connected": True, "legacy_types": False}


def client(*args: Any) -> aerospike.Client:
    if len(args) == 1 and isinstance(args[0], dict):
        return aerospike._core.client({**MODERN, **args[0]})
    return aerospike._core.client(*args)


def main(host: str, port: str, out: str, *areas: str) -> None:
    aerospike.client = client
    sys.path.insert(0, str(HERE))
    vars(importlib.import_module("kit"))["T"].udf = lambda self, name, want=True: want
    only = [word for area in areas for word in ("--only", f"{area}/*")]
    sys.argv = ["run.py", "--host", host, "--port", port, "--out", out, *only]
    runpy.run_path(str(HERE / "run.py"), run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
