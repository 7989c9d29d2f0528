"""What each example needs to be tried: the cluster's address, and results to compare.

A copy of an example works without this file: leave its last lines out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aerospike


def expect(what: str, got: Any, wanted: Any) -> None:
    """Print a result; end the program if it is not what was wanted."""
    if got != wanted:
        raise SystemExit(f"surprise: {what} gave {got!r}, expected {wanted!r}")
    print(f"  {what}\n      -> {got!r}")


def run(set_name: str, demo: Callable[[aerospike.Client], None]) -> None:
    """Call demo() with a client of the cluster that the command line names.

    set_name: emptied before and after.
    """
    args = sys.argv[1:]
    if len(args) > 1 or any(each.startswith("-") for each in args):
        program = Path(sys.argv[0]).name
        print(f"usage: python examples/{program} [HOST:PORT[,HOST:PORT...]]")
        raise SystemExit(0 if args in (["-h"], ["--help"]) else 2)
    hosts = args[0] if args else os.environ.get("AEROSPIKE_HOSTS", "127.0.0.1:3000")
    print(f"Connecting to {hosts}")
    config = {"hosts": hosts.split(","), "fail_if_not_connected": True}
    with aerospike.client(config) as client:
        client.truncate("test", set_name, 0)  # what an earlier run may have left
        demo(client)
        client.truncate("test", set_name, 0)
    print("\nEvery step gave what was expected.")
