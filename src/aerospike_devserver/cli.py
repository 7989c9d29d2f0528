"""The command line: start a cluster, say where it listens, run until told to stop."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from queue import Empty, SimpleQueue
from typing import Any

from aerospike_devserver.cluster import DevCluster
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.config import (
    COMMUNITY,
    DEFAULT_NAMESPACES,
    DEFAULT_SESSION_TTL_S,
    DEFAULT_TLS_NAME,
    DEFAULT_UDF_MEMORY,
    DEFAULT_UDF_TIMEOUT_S,
    ENTERPRISE,
    LOCALHOST,
    GivenRacks,
    bracketed,
)
from aerospike_devserver.seeding import SeedError
from aerospike_devserver.storage.state import DEFAULT_TLS_PORT
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
            "without --security nothing protects the data then",
        },
    ),
    (
        "--access-address",
        {
            "metavar": "HOST:PORT",
            "help": "address that clients get for the first node, for a container with "
            "published ports; each further node has the port 10 above the one before",
        },
    ),
    (
        "--alternate-address",
        {
            "metavar": "HOST[:PORT]",
            "help": "address that clients with use_services_alternate get for the "
            "first node; each further node has the port 10 above the one before; "
            "without PORT, each node has its own port",
        },
    ),
    (
        "--racks",
        {
            "action": "append",
            "metavar": "[NAMESPACE=]RACK,RACK,...",
            "help": "rack of each node, for all namespaces or for one; repeat the "
            "option for several namespaces; approximated, as the Community Edition has "
            "no racks",
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
            "help": "copies of each record, on different nodes; with fewer nodes, "
            "there are fewer copies",
        },
    ),
    (
        "--server-version",
        {
            "dest": "version",
            "default": DEFAULT_VERSION,
            "help": f"version to imitate: {', '.join(BUILDS)}, or a build of four "
            "numbers",
        },
    ),
    (
        "--edition",
        {
            "default": None,
            "help": f"{COMMUNITY}, or {ENTERPRISE} with compression and durable "
            f"deletes, approximated (default: {COMMUNITY}; {ENTERPRISE} with "
            "--security or --strong-consistency)",
        },
    ),
    ("--cluster-name", {"default": None, "help": "name of the cluster"}),
    (
        "--default-ttl",
        {
            "type": int,
            "default": 0,
            "help": "time to live of records, in seconds, if the write has none; 0: "
            "records never expire",
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
    (
        "--tls",
        {
            "action": "store_true",
            "help": "serve TLS on further ports, with certificates made for it; "
            "approximated, as the Community Edition has no TLS",
        },
    ),
    (
        "--mutual-tls",
        {
            "action": "store_true",
            "help": "the same as --tls, and clients must show a certificate",
        },
    ),
    (
        "--tls-cert",
        {"metavar": "FILE", "help": "serve TLS with this certificate, in PEM"},
    ),
    ("--tls-key", {"metavar": "FILE", "help": "the key of --tls-cert, in PEM"}),
    (
        "--tls-ca",
        {
            "metavar": "FILE",
            "help": "with --tls-cert: clients must show a certificate of this CA",
        },
    ),
    (
        "--tls-name",
        {
            "metavar": "NAME",
            "help": "name in the certificate, the tls-name of clients "
            f"(default: {DEFAULT_TLS_NAME})",
        },
    ),
    (
        "--tls-port",
        {
            "type": int,
            "help": "port for TLS of the first node (default: "
            f"{DEFAULT_TLS_PORT}); each further node has the port 10 above the one "
            "before; 0: any free ports",
        },
    ),
    ("--tls-only", {"action": "store_true", "help": "no ports without TLS"}),
    (
        "--security",
        {
            "action": "store_true",
            "help": "clients must log in; the first user is admin with the password "
            "admin; approximated, as the Community Edition has no users",
        },
    ),
    (
        "--strong-consistency",
        {
            "action": "store_true",
            "help": "all namespaces have strong consistency and transactions; "
            "approximated, as the Community Edition has neither",
        },
    ),
    (
        "--allow-expunge",
        {
            "action": "store_true",
            "help": "with strong consistency: accept deletes that are not durable, "
            "outside of transactions",
        },
    ),
    (
        "--session-ttl",
        {
            "type": int,
            "help": "seconds after which clients must log in again (default: "
            f"{DEFAULT_SESSION_TTL_S})",
        },
    ),
    (
        "--seed",
        {
            "metavar": "PATH",
            "help": "begin with the records of this file of JSON, or of the .json and "
            ".jsonl files of this folder",
        },
    ),
    (
        "--dump",
        {
            "metavar": "FILE",
            "help": "write all records to this file at the end; --seed can read it",
        },
    ),
    (
        "--udf-timeout",
        {
            "type": float,
            "default": DEFAULT_UDF_TIMEOUT_S,
            "help": "seconds after which a function in Lua is stopped, unless its "
            "request has a timeout of its own",
        },
    ),
    (
        "--udf-memory",
        {
            "type": int,
            "default": DEFAULT_UDF_MEMORY,
            "help": "memory limit for the functions in Lua of a module, in bytes",
        },
    ),
    (
        "--full-lua",
        {
            "action": "store_true",
            "help": "give functions in Lua the whole library, which reads and writes "
            "files and starts processes",
        },
    ),
)


_LOOK_S = 0.5
"""How often it is looked whether a signal has come."""
_PING_LIMIT_S = 5.0
"""How long a server may take to answer."""
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""What is logged: with no -v, with one, with two or more."""


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """The parser; its options are the parameters of DevCluster, and what is logged."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="A development server for Aerospike clients. It keeps its data in "
        "memory and listens on loopback by default.",
    )
    for name, settings in _OPTIONS:
        made.add_argument(name, **settings)
    made.add_argument(
        "--ping",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="start no server, but ask the server at this address (default: the "
        f"--port of {LOCALHOST}) whether it answers; the exit code is 0 if it does",
    )
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


def _racks_of(texts: list[str] | None) -> GivenRacks:
    """What --racks says; ValueError."""
    if texts is None:
        return None
    parts = [text.rpartition("=") for text in texts]
    try:
        racks = {name: [*map(int, ids.split(","))] for name, _, ids in parts}
    except ValueError as cause:
        raise ValueError(f"racks: {', '.join(texts)} is not such as 1,1,2") from cause
    if "" not in racks:
        return racks
    if len(texts) > 1:
        raise ValueError("racks: one list is for all namespaces, several need names")
    return racks[""]


def _log_to_stderr(prog: str, verbosity: int) -> None:
    """Show what the server logs, from the level that so many -v ask for."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{prog}: %(message)s"))
    logger = logging.getLogger("aerospike_devserver")
    logger.handlers = [handler]
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])


def _stop_signals() -> SimpleQueue[int]:
    """A queue that gets each Ctrl-C and SIGTERM from now on.

    A signal may come at any moment of the waiting for it. A queue of this kind is made
    for that. An Event is not: its lock may be taken just then.
    """
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.put(number))
    return signals


def _wait_for(signals: SimpleQueue[int]) -> None:
    """Wait until a signal comes.

    One that comes while the process is stopped may go to another thread, which wakes
    nobody: Python runs handlers in this one, and here only when it does something.
    """
    while True:
        with suppress(Empty):
            signals.get(timeout=_LOOK_S)
            return


def _where(cluster: DevCluster) -> Iterator[str]:
    """Lines that say where clients find the nodes, and what else they need."""
    config = cluster.config
    nodes = zip(cluster.node_ids, cluster.hosts, config["hosts"], strict=True)
    for node_id, (host, port), (_, tls_port, *names) in nodes:
        text = "".join(f", TLS on {tls_port} as {name}" for name in names)
        is_clear = not names or port != tls_port
        at = f"{bracketed(host)}:{port}" if is_clear else bracketed(host)
        yield f"node {node_id} on {at}{text}"
    needed = config.get("tls", {}) | config
    for name in ("cafile", "certfile", "keyfile", "user", "password"):
        if name in needed:
            yield f"{name} {needed[name]}"


def _of_file(error: OSError) -> str:
    """What went wrong, and with which file if it is about one."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text


def _advice(error: OSError, has_tls: bool) -> str:
    """What to try when the cluster could not start."""
    if error.errno == errno.EADDRINUSE:
        if has_tls:
            return "; try another --port or --tls-port; 0 takes any free ports"
        return "; try another --port, or --port 0 for any free one"
    return ""


_NAMES = {
    settings.get("dest", name[2:].replace("-", "_")): name
    for name, settings in _OPTIONS
}
"""Parameter of DevCluster -> its option."""

_QUOTED = r"'[^']*'"
_CLEAR = "|".join(name for name in _NAMES if "_" in name)
_WORDS = "|".join(name for name in _NAMES if "_" not in name)
_NAMED = re.compile(
    # a word such as "nodes" names a parameter only where it stands first, or is needed
    rf"{_QUOTED}|(?<![\w./-])(?P<clear>{_CLEAR})(?![\w./-])(?:=True)?"
    rf"|(?:^|(?<=needs ))(?P<word>{_WORDS})\b(?:=\"(?P<value>\w+)\")?"
)


def _with_options(text: str) -> str:
    """The text of an error of DevCluster, with options in place of its parameters."""

    def option_of(found: re.Match[str]) -> str:
        name = found["clear"] or found["word"]
        if name is None:  # what the user has given
            return found[0]
        return f"{_NAMES[name]} {found['value'] or ''}".rstrip()

    return _NAMED.sub(option_of, text)


def _check_writable(name: str) -> None:
    """OSError, before there are data, if a file cannot be written.

    A file that is not there yet is not there afterwards, either: the cluster may not
    start, and an empty file would look like a dump without records.
    """
    try:
        open(name, "x", encoding="utf-8").close()
    except FileExistsError:
        open(name, "a", encoding="utf-8").close()
    else:
        os.remove(name)


def _ping(address: str, prog: str) -> int:
    """Ask a server for its status; 0 if it answers anything, as without a login."""
    host, _, port = address.rpartition(":")
    try:
        where = host.strip("[]") or LOCALHOST, int(port)
        with socket.create_connection(where, _PING_LIMIT_S) as sock:
            sock.sendall(frame(ProtoType.INFO, b"status\n"))
            answers = sock.recv(1) != b""
    except (OSError, ValueError) as error:
        print(f"{prog}: {address}: {error}", file=sys.stderr)
        return 1
    if not answers:
        print(f"{prog}: {address}: the connection was closed", file=sys.stderr)
    return 0 if answers else 1


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run until a signal; the exit status. prog: how the user has called it."""
    options = vars(parser(prog).parse_args(arguments))
    asked = options.pop("ping")
    if asked is not None:
        return _ping(asked or f"{LOCALHOST}:{options['port']}", prog)
    _log_to_stderr(prog, options.pop("verbose"))
    options["namespaces"] = options["namespaces"] or DEFAULT_NAMESPACES
    has_tls = any(options[name] for name in ("tls", "mutual_tls", "tls_cert"))
    if has_tls and options["tls_port"] is None:
        options["tls_port"] = DEFAULT_TLS_PORT
    try:
        options["racks"] = _racks_of(options["racks"])
        dump = options.pop("dump")
        if dump is not None:
            _check_writable(dump)
        cluster = DevCluster(**options)
        cluster.start()
    except (SeedError, ImportError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"{prog}: {_with_options(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{prog}: {_of_file(error)}{_advice(error, has_tls)}", file=sys.stderr)
        return 1
    signals = _stop_signals()
    for line in _where(cluster):
        print(line, flush=True)
    if options["seed"] is not None:
        print(f"records of {options['seed']}: {cluster.n_seeded}", flush=True)
    print("ready", flush=True)
    _wait_for(signals)
    try:
        if dump is not None:
            cluster.dump(dump)
    except OSError as error:
        print(f"{prog}: {_of_file(error)}", file=sys.stderr)
        return 1
    finally:
        cluster.stop()
    return 0
