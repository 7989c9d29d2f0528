"""Run the recorded cases of some areas: python replay.py HOST PORT OUT.json AREA...

With one area, "config", timeouts are the client's own: its cases show them. Others have
long ones, which no busy machine reaches.

The same as run.py, with a client that is configured like the recorded one.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import aerospike
import aerospike._core

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from waiting import patient  # type: ignore[import-not-found]  # noqa: E402 - of the folder above

# what makes this client like the recorded one: errors at once, nothing pickled
MODERN = {"fail_if_not_connected": True, "legacy_types": False}


def more_of(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a case, and what is added to it."""
    return config


def client(*args: Any) -> aerospike.Client:
    if len(args) == 1 and isinstance(args[0], dict):
        return aerospike._core.client({**MODERN, **more_of(args[0])})
    return aerospike._core.client(*args)


def main(host: str, port: str, out: str, *areas: str) -> None:
    global more_of  # set once
    if areas != ("config",):
        more_of = patient
    aerospike.client = client  # type: ignore[assignment]
    only = [word for area in areas for word in ("--only", f"{area}/*")]
    sys.argv = ["run.py", "--host", host, "--port", port, "--out", out, *only]
    runpy.run_path(str(HERE / "run.py"), run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
