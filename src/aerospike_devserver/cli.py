"""The command line: start a cluster, say where it listens, run until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from aerospike_devserver.cluster import DevCluster
from aerospike_devserver.config import DEFAULT_NAMESPACES, bracketed
from aerospike_devserver.version import BUILDS, DEFAULT_VERSION

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--nodes", {"type": int, "default": 1, "help": "number of nodes"}),
    (
        "--port",
        {"type": int, "default": 3000, "help": "node i on PORT+10*i; 0 = any free"},
    ),
    ("--host", {"default": "127.0.0.1", "help": "a loopback address, ::1 too"}),
    (
        "--namespace",
        {
            "action": "append",
            "dest": "namespaces",
            "metavar": "NAME",
            "help": "repeatable",
        },
    ),
    (
        "--replication-factor",
        {"type": int, "default": 2, "help": "cut to the live nodes"},
    ),
    (
        "--version",
        {
            "default": DEFAULT_VERSION,
            "help": f"{', '.join(BUILDS)}, or the build to report (%(default)s)",
        },
    ),
    ("--cluster-name", {"default": None, "help": "name of the cluster"}),
    ("--default-ttl", {"type": int, "default": 0, "help": "seconds; 0 = never expire"}),
    (
        "--nsup-period",
        {"type": int, "default": 10, "help": "seconds; 0 = no expiration"},
    ),
    (
        "--allow-ttl-without-nsup",
        {
            "action": argparse.BooleanOptionalAction,
            "default": True,
            "help": "take TTLs though expiration is off",
        },
    ),
    ("--max-record-size", {"type": int, "default": 1_048_576, "help": "bytes"}),
)


def parser() -> argparse.ArgumentParser:
    """The parser; its options are the parameters of DevCluster."""
    made = argparse.ArgumentParser(
        prog="python -m aerospike_devserver",
        description="A development server for Aerospike clients, on loopback only.",
    )
    for name, settings in _OPTIONS:
        made.add_argument(name, **settings)
    return made


def _stop_signal() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets from now on."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal; the exit status."""
    options = vars(parser().parse_args(arguments))
    options["namespaces"] = options["namespaces"] or DEFAULT_NAMESPACES
    try:
        cluster = DevCluster(**options)
        cluster.start()
    except (ValueError, OSError) as error:
        print(f"aerospike_devserver: {error}", file=sys.stderr)
        return 1
    stopped = _stop_signal()
    for node_id, (host, port) in zip(cluster.node_ids, cluster.hosts, strict=True):
        print(f"node {node_id} on {bracketed(host)}:{port}", flush=True)
    print("ready", flush=True)
    stopped.wait()
    cluster.stop()
    return 0
