"""Configurations that are texts: a URL, or variables of the environment.

    aerospike://user:password@host1,host2:3100/?tls=1&total_timeout=500&read.replica=any

Which parameters there are comes from the tables of options, so that a key that the
client learns is a parameter as well. This module is imported when it is asked for.
"""

from __future__ import annotations

import difflib
import os
import re
from functools import cache
from urllib.parse import unquote

from aerospike import _constants
from aerospike._core import client, option_tables
from aerospike._errors import param_error
from aerospike._report import warn_once
from aerospike._types import ConfigProvider

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from aerospike._client import Client

SCHEME = "aerospike://"
PREFIX = "AEROSPIKE_"
DEFAULT_PORT = 3000

_ENCODE = "in user and password, write / ? # @ : and , as %2F %3F %23 %40 %3A and %2C"


_SECRETS = frozenset(["tls.keyfile_pw", "tls.keystring"])
"""What follows one of these may be a part of it, whose & is not encoded."""

_ENCODE_VALUES = (
    "it is not shown, because it may be a part of a secret before it; "
    "in values, write & as %26"
)


class _Wrong(Exception):
    """A value that is not what its parameter takes; the text says what it takes."""


# --- values: each function makes one of a text ---

_BOOLS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def _bool(text: str) -> bool:
    found = _BOOLS.get(text.lower())
    if found is None:
        raise _Wrong("1 or 0, true or false, yes or no, on or off")
    return found


def _int(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", text, re.ASCII):
        raise _Wrong("a whole number")
    return int(text)


def _key(text: str) -> int:
    """A number that is mostly written with the base 16."""
    if not re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}", text, re.ASCII):
        raise _Wrong("a number such as 0xA5000000")
    return int(text, 0)


def _text(text: str) -> str:
    if "\0" in text:
        raise _Wrong("a text without NUL")
    return text


def _racks(text: str) -> list[int]:
    return [_int(rack) for rack in text.split(",")]


def _provider(text: str) -> ConfigProvider:
    return ConfigProvider(_text(text))


def _choice(prefix: str) -> Callable[[str], int]:
    """A constant of the API by its name, with or without its prefix, or its number."""
    names = {
        name.removeprefix(prefix).lower(): value
        for name, value in vars(_constants).items()
        if name.startswith(prefix) and isinstance(value, int)
    }

    def parse(text: str) -> int:
        name = text.lower().removeprefix(prefix.lower())
        if name in names:
            return names[name]
        try:
            return _int(text)
        except _Wrong:
            raise _Wrong(f"a number, or one of {', '.join(names)}") from None

    return parse


_CONSTANTS = {
    "replica": "POLICY_REPLICA_",
    "key": "POLICY_KEY_",
    "gen": "POLICY_GEN_",
    "exists": "POLICY_EXISTS_",
    "commit_level": "POLICY_COMMIT_LEVEL_",
    "consistency_level": "POLICY_CONSISTENCY_",
    "read_mode_ap": "POLICY_READ_MODE_AP_",
    "read_mode_sc": "POLICY_READ_MODE_SC_",
    "expected_duration": "QUERY_DURATION_",
    "error_detail_verbosity": "ERROR_DETAIL_",
}
"""Keys of the type enum -> what their constants begin with."""

_CUSTOM: dict[str, dict[str, Callable[[str], Any]]] = {
    "config": {
        "cluster_name": _text,
        "app_id": _text,
        "fail_if_not_connected": _bool,
        "compression_threshold": _int,
        "rack_id": _int,
        "rack_ids": _racks,
        "config_provider": _provider,
    },
    "policies": {"auth_mode": _choice("AUTH_")},
    "tls": {
        "cafile": _text,
        "capath": _text,
        "castring": _text,
        "protocols": _text,
        "cipher_suite": _text,
        "keyfile": _text,
        "keystring": _text,
        "keyfile_pw": _text,
        "cert_blacklist": _text,
        "certfile": _text,
        "certstring": _text,
    },
    "lua": {"user_path": _text, "system_path": _text, "max_memory": _int},
    "shm": {"shm_key": _key},
}
"""What the keys take whose rows say "custom". Those that are left out are no texts."""

_TYPES: dict[str, Callable[[str], Any]] = {"bool": _bool, "int": _int, "ttl": _int}


def _parser(table: str, row: Mapping[str, Any]) -> Callable[[str], Any] | None:
    """What makes a value of a key; None: it cannot be a text."""
    name = row["name"]
    if row["type"] == "enum":
        return _choice(_CONSTANTS[name])
    return _TYPES.get(row["type"]) or _CUSTOM.get(table, {}).get(name)


@cache
def parameters() -> dict[str, tuple[tuple[str, ...], Callable[[str], Any]]]:
    """All parameters: name -> the place of the value in a configuration, and what makes
    the value of a text.

    Names are those of the configuration; "read.total_timeout" is one of a section.
    """
    tables = option_tables()
    found: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {}

    def add(table: str, row: Mapping[str, Any], *place: str) -> None:
        parse = _parser(table, row)
        if parse is None or row["new_name"] is not None:
            return
        names = [*(part for part in place if part != "policies"), row["name"]]
        found.setdefault(".".join(names), ((*place, row["name"]), parse))

    for row in tables["config"]:
        if not row["name"].startswith("shm_"):  # the section says the same
            add("config", row)
    for table in ("tls", "lua", "shm"):
        for row in tables[table]:
            add(table, row, table)
    for row in tables["policies"]:
        add("policies", row, "policies")
    for row in tables["policy"]:
        if row["shared"]:
            add("policy", row, "policies")
        for kind in row["kinds"]:
            add("policy", row, "policies", kind)
    found["tls"] = ("tls", "enable"), _bool
    found["shm"] = ("shm", "enable"), _bool
    found["tls_name"] = ("tls_name",), _text
    return found


def variables() -> dict[str, str]:
    """The variables of the environment: name -> the parameter that it stands for."""
    named = {f"{PREFIX}{name.replace('.', '_').upper()}": name for name in parameters()}
    ours = ("url", "hosts", "user", "password")
    return named | {f"{PREFIX}{name.upper()}": name for name in ours}


# --- configurations ---


def _todays(name: str) -> list[str]:
    """The parameter that goes by an older name; [] if it is none."""
    section, dot, key = name.rpartition(".")
    rows = [row for table in option_tables().values() for row in table]
    newer = {f"{section}{dot}{row['new_name']}" for row in rows if row["name"] == key}
    return sorted(newer & parameters().keys())


def _put(config: dict[str, Any], name: str, text: str, shown_as: str) -> None:
    """Take one parameter into a configuration."""
    known = parameters()
    if name not in known:
        near = _todays(name) or difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise param_error(f"{name!r} is no parameter of a client{hint}")
    place, parse = known[name]
    try:
        value = parse(text)
    except _Wrong as wrong:
        secret = name.startswith("tls.")
        got = "" if secret else f", got {text[:100]!r}"
        raise param_error(f"{shown_as}: {wrong} is expected{got}") from None
    at = config
    for part in place[:-1]:
        at = at.setdefault(part, {})
    at[place[-1]] = value


def _finished(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with its parameters that are no keys of one at their places."""
    tls_name = config.pop("tls_name", None)
    if tls_name is not None:
        config["hosts"] = [(host, port, tls_name) for host, port in config["hosts"]]
    # the section itself is what turns it on
    if "shm" in config and not config["shm"].pop("enable", True):
        del config["shm"]
    return config


def _host(text: str, what: str, advice: str) -> tuple[str, int]:
    """An address of a list. What it is may be part of a password, and is not shown."""
    match = re.fullmatch(
        r"(?:\[([^][]+)\]|([^][:]+))(?::([0-9]{1,5}))?", text, re.ASCII
    )
    port = int(match[3] or DEFAULT_PORT) if match is not None else 0
    if match is None or not 0 < port < 1 << 16:
        raise param_error(
            f"{what} is malformed",
            "host, host:port or [IPv6]:port is expected, with a port from 1 to 65535"
            f"{advice}",
        )
    return _decoded(match[1] or match[2], what), port


def _hosts(text: str, where: str, advice: str = "") -> list[tuple[str, int]]:
    """Addresses with commas between them.

    :param where: they stand; ``advice``: what to say besides of one that is malformed.
    """
    return [
        _host(host.strip(), f"{where}host {number}", advice)
        for number, host in enumerate(text.split(","), 1)
    ]


def _decoded(text: str, what: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise param_error(f"{what} has a % without two digits", "write % as %25")
    decoded = unquote(text, errors="surrogateescape")
    if any("\ud800" <= char <= "\udfff" for char in decoded):
        raise param_error(f"{what} is not UTF-8, once it is decoded")
    return decoded


def _parts(url: str) -> tuple[str | None, str, str]:
    """User information (None: there is none), hosts and parameters of a URL."""
    if not isinstance(url, str):
        raise param_error("the URL must be a str", f"got {type(url).__name__}")
    if not url.lower().startswith(SCHEME):
        raise param_error(f"the URL must begin with {SCHEME}")
    rest = url[len(SCHEME) :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail or "#" in tail:  # a password whose end looks like something else
        raise param_error("the URL has a / ? # or @ at a wrong place", _ENCODE)
    user, at, hosts = authority.rpartition("@")
    path, _, query = tail.partition("?")
    if path not in ("", "/"):
        raise param_error("the URL has a path", "a client has no use for it")
    return user if at else None, hosts, query


def config_from_url(url: str) -> dict[str, Any]:
    """The configuration that a URL means, as `client()` takes it.

    :raises ParamError: it is malformed, or has an unknown parameter. No part of the URL
        is shown that may be a password.
    """
    return _finished(_of_url(url))


def _of_url(url: str) -> dict[str, Any]:
    who, hosts, query = _parts(url)
    config: dict[str, Any] = {"hosts": _hosts(hosts, "", f"; {_ENCODE}")}
    if who is not None:
        user, colon, password = who.partition(":")
        config["user"] = _decoded(user, "the user")
        if colon:
            config["password"] = _decoded(password, "the password")
    given: dict[str, str] = {}
    for item in query.split("&") if query else ():
        name, equals, text = item.partition("=")
        name = _decoded(name, "a parameter's name")
        if name not in parameters() and not _SECRETS.isdisjoint(given):
            raise param_error("the URL has an unknown parameter", _ENCODE_VALUES)
        if not equals:
            raise param_error(f"parameter {name!r} has no value", f"write {name}=...")
        if name in given:
            raise param_error(f"parameter {name!r} is given twice")
        given[name] = _decoded(text, f"parameter {name!r}")
    for name in given:
        _put(config, name, given[name], f"parameter {name!r}")
    return config


def config_from_env(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The configuration that variables of the environment mean.

    :raises ParamError: one is malformed, or none names a host.
    """
    known = variables()
    given = {known[name]: name for name in environ if name in known}
    _warn_of_misspelt(environ, known)
    config: dict[str, Any] = {}
    if "url" in given:
        config = _of_url(environ[given["url"]])
    if "hosts" in given:
        config["hosts"] = _hosts(environ[given["hosts"]], f"{PREFIX}HOSTS: ")
    if not config.get("hosts"):
        raise param_error(
            f"{PREFIX}HOSTS is not set",
            f"set {PREFIX}HOSTS=host:port,... or {PREFIX}URL",
        )
    for name in ("user", "password"):
        if name in given:
            config[name] = environ[given[name]]
    for name in given.keys() & parameters().keys():
        _put(config, name, environ[given[name]], given[name])
    return _finished(config)


def _warn_of_misspelt(environ: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Other programs have variables of that prefix, so that only a near one counts."""
    for name in environ:
        if not name.startswith(PREFIX) or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if near:
            text = f"the variable {name} has no effect (did you mean {near[0]}?)"
            warn_once("environment", name, text)


def client_from_url(url: str) -> Client:
    """Make a Client from ``aerospike://user:password@host:port,host/?name=value&...``.

    :param url: the URL. User, password and values are in percent-encoding, and IPv6
        addresses in brackets. Without a port, 3000 is used. A parameter is a key of the
        configuration, of its policies ("total_timeout") or of a section ("tls.cafile",
        "read.max_retries").
    :raises ParamError: it is malformed, or a parameter is unknown.
    :raises ConnectionError: and other errors, as `client()` does.
    """
    return client(config_from_url(url))


def client_from_env() -> Client:
    """Make a Client from AEROSPIKE_HOSTS, AEROSPIKE_USER, AEROSPIKE_PASSWORD, ...

    These are environment variables. AEROSPIKE_URL is a whole URL; the other variables
    replace parts of it. Each parameter of a URL has a variable with its name in capital
    letters and _ for dots: AEROSPIKE_READ_MAX_RETRIES.

    :raises ParamError: one is malformed, or none names a host.
    :raises ConnectionError: and other errors, as `client()` does.
    """
    return client(config_from_env())
