"""The command line: start a cluster, say where it listens, run until told to stop."""

from __future__ import annotations

import argparse
import errno
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
        {
            "type": int,
            "default": 3000,
            "help": "port of the first node; each further node has the port 10 above "
            "the one before; 0: any free ports",
        },
    ),
    ("--host", {"default": "127.0.0.1", "help": "address to listen on"}),
    (
        "--allow-remote",
        {
            "action": "store_true",
            "help": "allow a --host that other machines reach, such as 0.0.0.0; "
            "nothing protects the data then",
        },
    ),
    (
        "--access-address",
        {
            "metavar": "HOST:PORT",
            "help": "address of the first node that clients are given, for a container "
            "with published ports; each further node has the port 10 above the one "
            "before",
        },
    ),
    (
        "--namespace",
        {
            "action": "append",
            "dest": "namespaces",
            "metavar": "NAME",
            "help": "name of a namespace; repeat the option for several "
            f"(default: {' and '.join(DEFAULT_NAMESPACES)})",
        },
    ),
    (
        "--replication-factor",
        {
            "type": int,
            "default": 2,
            "help": "copies of each record, of which each is on another node; with "
            "fewer nodes, there are fewer copies",
        },
    ),
    (
        "--server-version",
        {
            "dest": "version",
            "default": DEFAULT_VERSION,
            "help": f"version to play: {', '.join(BUILDS)}, or a build of four numbers",
        },
    ),
    ("--cluster-name", {"default": None, "help": "name of the cluster"}),
    (
        "--default-ttl",
        {
            "type": int,
            "default": 0,
            "help": "seconds that a record lives when the write does not say; 0: for "
            "ever",
        },
    ),
    (
        "--nsup-period",
        {
            "type": int,
            "default": 10,
            "help": "seconds between two removals of expired records; 0: none are "
            "removed",
        },
    ),
    (
        "--allow-ttl-without-nsup",
        {
            "action": argparse.BooleanOptionalAction,
            "default": True,
            "help": "with --nsup-period 0: accept writes with a time to live, too",
        },
    ),
    (
        "--max-record-size",
        {"type": int, "default": 1_048_576, "help": "largest record, in bytes"},
    ),
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
        help="log each request; -vv also logs what clients ask about the cluster",
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


def _advice(error: OSError) -> str:
    """What to try when the cluster could not start."""
    if error.errno == errno.EADDRINUSE:
        return "; try another --port, or --port 0 for any free one"
    return ""


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
        print(f"{prog}: {error.strerror}{_advice(error)}", file=sys.stderr)
        return 1
    stopped = _stop_signal()
    for node_id, (host, port) in zip(cluster.node_ids, cluster.hosts, strict=True):
        print(f"node {node_id} on {bracketed(host)}:{port}", flush=True)
    print("ready", flush=True)
    stopped.wait()
    cluster.stop()
    return 0
