"""The command line of `python -m aerospike`."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import ssl
import sys
from collections.abc import Sequence
from typing import Any

from aerospike._constants import (
    AUTH_EXTERNAL,
    AUTH_EXTERNAL_INSECURE,
    AUTH_INTERNAL,
    AUTH_PKI,
)
from aerospike._doctor.checks import Examination, Options
from aerospike._doctor.show import write_json, write_text
from aerospike._doctor.wire import Login, Way, login_of

PROG = "python -m aerospike"
FINE, HINDERED, USAGE = 0, 1, 2

AUTH = {
    "internal": AUTH_INTERNAL,
    "external": AUTH_EXTERNAL,
    "external-insecure": AUTH_EXTERNAL_INSECURE,
    "pki": AUTH_PKI,
}

PASSWORD = "AEROSPIKE_PASSWORD"
LONGEST_PASSWORD = 4096

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--json", {"action": "store_true", "help": "write the report as JSON"}),
    (
        "--timeout",
        {
            "type": float,
            "default": 3.0,
            "metavar": "SECONDS",
            "help": "how long to wait for each answer (3)",
        },
    ),
    ("--cluster-name", {"metavar": "NAME", "help": "what the cluster must be called"}),
    (
        "--services-alternate",
        {
            "action": "store_true",
            "help": "use the alternate addresses of nodes, as use_services_alternate",
        },
    ),
    (
        "--max-conns",
        {
            "type": int,
            "default": 100,
            "metavar": "N",
            "help": "max_conns_per_node of your clients (100)",
        },
    ),
    ("--user", {"metavar": "NAME", "help": "who logs in"}),
    (
        "--password-file",
        {
            "metavar": "FILE",
            "help": "a file with the password; else the variable "
            f"{PASSWORD} has it, or you are asked",
        },
    ),
    (
        "--auth",
        {
            "choices": list(AUTH),
            "default": "internal",
            "help": "how users log in; pki: by the client's certificate",
        },
    ),
    ("--tls", {"action": "store_true", "help": "speak TLS"}),
    ("--tls-name", {"metavar": "NAME", "help": "the name in the certificates"}),
    ("--tls-cafile", {"metavar": "FILE", "help": "trusted CA certificates, in PEM"}),
    ("--tls-capath", {"metavar": "FOLDER", "help": "trusted CA certificates"}),
    ("--tls-certfile", {"metavar": "FILE", "help": "a certificate for the server"}),
    ("--tls-keyfile", {"metavar": "FILE", "help": "its key, without a pass phrase"}),
)


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(PROG, description="Tools around the client.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        help="find out why a client cannot use a cluster",
        description="Look at a cluster as a client does, and say what is wrong. "
        "Exit code: 0, nothing hinders a client; 1, something does; 2, usage.",
    )
    doctor.add_argument(
        "target", metavar="HOST[:PORT]", help="a node; IPv6 addresses in brackets"
    )
    for name, settings in _OPTIONS:
        doctor.add_argument(name, **settings)
    return parser


def target_of(text: str) -> tuple[str, int]:
    """Host and port. :raises ValueError: it is neither HOST nor HOST:PORT."""
    match = re.fullmatch(r"(?:\[([^][]+)\]|([^][:]+))(?::([0-9]{1,5}))?", text)
    port = int(match[3] or 3000) if match else 0
    if match is None or not 0 < port < 1 << 16:
        raise ValueError(f"{text!r} is not HOST or HOST:PORT, nor [IPv6]:PORT")
    return match[1] or match[2], port


def password_of(given: argparse.Namespace) -> str:
    """The password. :raises ValueError: there is none, or its file cannot be read."""
    if given.password_file is not None:
        try:
            with open(given.password_file, encoding="utf-8") as file:
                return file.readline(LONGEST_PASSWORD).rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            raise ValueError(f"--password-file: {error}") from None
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    if not sys.stdin.isatty():
        raise ValueError(f"--user needs --password-file, or the variable {PASSWORD}")
    return getpass.getpass(f"Password of {given.user}: ")


def context_of(given: argparse.Namespace) -> ssl.SSLContext | None:
    """:raises ValueError: a file cannot be used."""
    named = (given.tls_name, given.tls_cafile, given.tls_capath, given.tls_certfile)
    if not given.tls:
        if any(named) or given.tls_keyfile:
            raise ValueError("options of TLS need --tls")
        return None
    for path in (*named[1:], given.tls_keyfile):
        if path and not os.path.exists(path):
            raise ValueError(f"--tls: there is no file {path!r}")
    try:
        context = ssl.create_default_context(
            cafile=given.tls_cafile, capath=given.tls_capath
        )
        if given.tls_certfile:
            context.load_cert_chain(
                given.tls_certfile, given.tls_keyfile, password=_no_pass_phrase
            )
    except (OSError, ValueError) as error:
        raise ValueError(f"--tls: {error}") from None
    return context


def _no_pass_phrase() -> str:
    """Without this, OpenSSL asks at the terminal, forever."""
    raise ValueError("the key has a pass phrase")


def check_auth(given: argparse.Namespace) -> None:
    """:raises ValueError: a way to log in lacks what it needs."""
    if given.auth == "external" and not given.tls:
        raise ValueError("--auth external sends the password, and so needs --tls")
    if given.auth != "pki":
        return
    if not (given.tls_certfile and given.tls_keyfile):
        raise ValueError("--auth pki needs --tls, --tls-certfile and --tls-keyfile")
    if given.user is not None:
        raise ValueError("--auth pki takes no --user: the certificate says who it is")


def options_of(given: argparse.Namespace) -> Options:
    """:raises ValueError: the command line says something that cannot be."""
    host, port = target_of(given.target)
    if not 0 < given.timeout <= 600:
        raise ValueError("--timeout is not above 0 and at most 600 seconds")
    context = context_of(given)
    check_auth(given)
    login, password = None, ""
    if given.auth == "pki":
        login = Login(None, ())
    elif given.user is not None:
        password = password_of(given)
        login = login_of(given.user, password, given.auth)
    way = Way(context, given.tls_name or host, login, given.timeout)
    seed = (host, port, given.tls_name) if given.tls_name else (host, port)
    config: dict[str, Any] = {
        "hosts": [seed],
        "fail_if_not_connected": True,
        "connect_timeout": max(1, round(given.timeout * 1000)),
        "use_services_alternate": given.services_alternate,
        "cluster_name": given.cluster_name,
        "app_id": "doctor",
        "policies": {"auth_mode": AUTH[given.auth]},
    }
    if given.user is not None:
        config |= {"user": given.user, "password": password}
    if given.tls:
        files = {
            "cafile": given.tls_cafile,
            "capath": given.tls_capath,
            "certfile": given.tls_certfile,
            "keyfile": given.tls_keyfile,
        }
        config["tls"] = {"enable": True} | {k: v for k, v in files.items() if v}
    return Options(
        host,
        port,
        way,
        given.cluster_name,
        given.services_alternate,
        config,
        given.max_conns,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = parser_of()
    given = parser.parse_args(argv)
    try:
        options = options_of(given)
    except ValueError as error:
        print(f"{PROG} doctor: {error}", file=sys.stderr)
        return USAGE
    x = Examination(options)
    try:
        x.run()
    except KeyboardInterrupt:
        return 130
    write = write_json if given.json else write_text
    try:
        write(x, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on; and the interpreter flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return HINDERED if x.hinders else FINE
