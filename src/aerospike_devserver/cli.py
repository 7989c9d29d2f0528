"""The command line: start a cluster, say where it listens, run until told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from aerospike_devserver.cluster import DevCluster
from aerospike_devserver.config import DEFAULT_NAMESPACES, bracketed
from aerospike_devserver.version import BUILDS, DEFAULT_VERSION

PROG = "aerospike-devserver"

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--nodes", {"type": int, "default": 1, "help": "number of nodes"}),
    (
        "--port",
        {"type": int, "default": 3000, "help": "node i on PORT+10*i; 0 = any free"},
    ),
    ("--host", {"default": "127.0.0.1", "help": "the address to listen on"}),
    (
        "--allow-remote",
        {
            "action": "store_true",
            "help": "take a --host that other machines reach, such as 0.0.0.0; "
            "nothing protects the data then",
        },
    ),
    (
        "--access-address",
        {
            "metavar": "HOST:PORT",
            "help": "where clients are told to connect, node i at PORT+10*i; "
            "for a container with published ports",
        },
    ),
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
        "--server-version",
        {
            "dest": "version",
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


_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""What is logged: with no -v, with one, with two or more."""


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """The parser; its options are the parameters of DevCluster, and what is logged."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="A development server for Aerospike clients. It keeps its data in "
        "memory and listens on loopback unless it is told otherwise.",
    )
    for name, settings in _OPTIONS:
        made.add_argument(name, **settings)
    made.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log each request; twice: also what clients ask about the cluster",
    )
    made.add_argument(
        "--version",
        action="version",
        version=f"{PROG} {metadata.version('aerospike')}",
        help="show the version of this program and stop",
    )
    return made


def _log_to_stderr(prog: str, verbosity: int) -> None:
    """Show what the server logs, from the level that so many -v ask for."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{prog}: %(message)s"))
    logger = logging.getLogger("aerospike_devserver")
    logger.handlers = [handler]
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])


def _stop_signal() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets from now on."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run until a signal; the exit status. prog: how the user has called it."""
    options = vars(parser(prog).parse_args(arguments))
    _log_to_stderr(prog, options.pop("verbose"))
    options["namespaces"] = options["namespaces"] or DEFAULT_NAMESPACES
    try:
        cluster = DevCluster(**options)
        cluster.start()
    except ValueError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{prog}: {error.strerror}", file=sys.stderr)
        return 1
    stopped = _stop_signal()
    for node_id, (host, port) in zip(cluster.node_ids, cluster.hosts, strict=True):
        print(f"node {node_id} on {bracketed(host)}:{port}", flush=True)
    print("ready", flush=True)
    stopped.wait()
    cluster.stop()
    return 0
