"""The file with dynamic settings: what may stand in it, and how it is read.

Its format is that of the other clients of Aerospike, so that one file serves them all:

    version: "1.0.0"
    static:                 # read when a client is made
      client: {max_connections_per_node: 200}
    dynamic:                # read again and again
      client: {max_error_rate: 50}
      read: {total_timeout: 500, replica: PREFER_RACK}
      batch_write: {send_key: true}

The tables below say which keys there are, what each takes, and which keys of a client's
configuration it stands for. This module is imported by the first client that has such a
file.
"""

from __future__ import annotations

import difflib
import json
import os
import stat
from urllib.parse import unquote

from aerospike._errors import shown
from aerospike._imports import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    # what turns a value of the file into one of the configuration
    Parser = Callable[[Any], Any]

LARGEST = 1 << 20
"""Bytes of a file; a larger one is no configuration but a mistake. It also limits the
values that a file has once each alias is replaced by what it stands for."""

_MOST_REMARKS = 20
_LONGEST_NAME = 100

_VERSIONS = ("1.0.0", "1.1.0")
_UINT32_MAX = (1 << 32) - 1
_MOST_CONNECTIONS = (1 << 16) - 1
_DAY_MS = 86_400_000


class FileError(Exception):
    """The file cannot be used; the text says where in it, and why."""


# --- values ---


def _got(value: object) -> str:
    """A value in an error. One with parts may be huge: its type says enough."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return f"got {shown(value)}"
    return f"got a {type(value).__name__}"


def _number(least: int, most: int, what: str, gap: int = 0) -> Parser:
    """A whole number, or its digits as a text, as the other clients take it.

    :param gap: the least number but 0, if that is more than 1.
    """

    def parse(value: Any) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value) if len(value) < 20 else _UINT32_MAX + 1
        if not isinstance(value, int) or isinstance(value, bool):
            raise FileError(f"{what} is expected, {_got(value)}")
        if not least <= value <= most or 0 < value < gap:
            allowed = (
                f"0, or from {gap} to {most}" if gap else f"from {least} to {most}"
            )
            raise FileError(f"{what} is expected, {allowed}, {_got(value)}")
        return value

    return parse


def _choice(*names: str, numbers: dict[str, int] | None = None) -> Parser:
    """One of several names, each of which stands for a number of the API."""
    values = numbers or {name: i for i, name in enumerate(names)}

    def parse(value: Any) -> int:
        if not isinstance(value, str) or value not in values:
            raise FileError(f"one of {', '.join(values)} is expected, {_got(value)}")
        return values[value]

    return parse


def _bool(value: Any) -> bool:
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    if not isinstance(value, bool):
        raise FileError(f"true or false is expected, {_got(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or not _is_unicode(value):
        raise FileError(f"a text is expected, {_got(value)}")
    return value


def _is_unicode(text: str) -> bool:
    """False: it has lone surrogates, as "\\ud800" in a file makes them."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _racks(value: Any) -> list[int]:
    rack = _number(-(1 << 31), (1 << 31) - 1, "the number of a rack")
    if not isinstance(value, list) or len(value) > 256:
        raise FileError(f"a list of at most 256 racks is expected, {_got(value)}")
    return [rack(item) for item in value]


def _labels(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise FileError(f"labels with their values are expected, {_got(value)}")
    return {_text(name): _text(text) for name, text in value.items()}


_MS = _number(0, _UINT32_MAX, "a whole number of milliseconds")
_S = _number(0, _UINT32_MAX, "a whole number of seconds")
_COUNT = _number(0, _UINT32_MAX, "a whole number")
_SMALL = _number(0, 255, "a whole number")


def _send_key(value: Any) -> Any:
    """POLICY_KEY_SEND or POLICY_KEY_DIGEST, also where the program says the other."""
    return int(_bool(value))


def _threads(value: Any) -> bool:
    """How many nodes a batch asks at a time: 1, or as many as there are."""
    return bool(_COUNT(value) != 1)


def _nothing(value: Any) -> Any:
    """Of a key that this client has no use for, and other clients have."""
    return _NOTHING


_NOTHING = object()

# --- keys ---

_TIMING: dict[str, Parser] = {
    "connect_timeout": _MS,
    "socket_timeout": _MS,
    "total_timeout": _MS,
    "timeout_delay": _number(
        0, _UINT32_MAX, "a whole number of milliseconds", gap=1000
    ),
    "max_retries": _COUNT,
    "sleep_between_retries": _MS,
    "error_detail_verbosity": _number(0, 3, "a whole number"),
    "replica": _choice("MASTER", "MASTER_PROLES", "SEQUENCE", "PREFER_RACK", "RANDOM"),
}
_MODES: dict[str, Parser] = {
    "read_mode_ap": _choice("ONE", "ALL"),
    "read_mode_sc": _choice(
        "SESSION", "LINEARIZE", "ALLOW_REPLICA", "ALLOW_UNAVAILABLE"
    ),
}
_WRITES: dict[str, Parser] = {"send_key": _send_key, "durable_delete": _bool}
_BATCH: dict[str, Parser] = {
    "max_concurrent_threads": _threads,
    "allow_inline": _bool,
    "allow_inline_ssd": _bool,
    "respond_all_keys": _bool,
}
_DURATION: dict[str, Parser] = {
    "expected_duration": _choice("LONG", "SHORT", "LONG_RELAX_AP")
}


def _unused(*names: str) -> dict[str, Parser]:
    return dict.fromkeys(names, _nothing)


_FILTERED = _unused("fail_on_filtered_out")

# the keys that have another name in the configuration of this client
_NAMES = {
    "send_key": "key",
    "max_concurrent_threads": "concurrent",
    "max_connections_per_node": "max_conns_per_node",
    "min_connections_per_node": "min_conns_per_node",
    "timeout": "connect_timeout",
    "login_timeout": "login_timeout_ms",
    "use_service_alternative": "use_services_alternate",
}

POLICIES: dict[str, tuple[tuple[dict[str, Parser], tuple[str, ...]], ...]] = {
    "read": (
        (_TIMING | _FILTERED, ("read",)),
        (_MODES, ("read", "operate")),
    ),
    "write": (
        (_TIMING | _WRITES | _FILTERED, ("write", "operate", "remove", "apply")),
    ),
    "query": (
        (_TIMING | _DURATION, ("query",)),
        (_unused("info_timeout", "include_bin_data", "record_queue_size"), ()),
    ),
    "scan": (
        (_TIMING, ("scan",)),
        (_unused("concurrent_nodes", "max_concurrent_nodes"), ()),
    ),
    "batch_read": ((_TIMING | _MODES | _BATCH | _FILTERED, ("batch",)),),
    "batch_write": (
        (_TIMING | _MODES | _BATCH | _FILTERED, ("batch_parent_write",)),
        (_WRITES, ("batch_write",)),
    ),
    "batch_udf": ((_WRITES, ("batch_apply",)),),
    "batch_delete": ((_WRITES, ("batch_remove",)),),
    "txn_verify": ((_TIMING | _MODES | _BATCH | _FILTERED, ("txn_verify",)),),
    "txn_roll": ((_TIMING | _MODES | _BATCH | _FILTERED, ("txn_roll",)),),
}
"""Section of ``dynamic`` -> its keys, and the policies of which they are defaults."""

STATIC_CLIENT: dict[str, Parser] = {
    "config_interval": _MS,
    "max_connections_per_node": _number(1, _MOST_CONNECTIONS, "a whole number"),
    "min_connections_per_node": _number(0, _MOST_CONNECTIONS, "a whole number"),
    **_unused("async_max_connections_per_node", "async_min_connections_per_node"),
}

DYNAMIC_CLIENT: dict[str, Parser] = {
    "app_id": _text,
    "timeout": _MS,
    "error_rate_window": _COUNT,
    "max_error_rate": _COUNT,
    "fail_if_not_connected": _bool,
    "login_timeout": _MS,
    "max_socket_idle": _S,
    "rack_aware": _bool,
    "rack_ids": _racks,
    "tend_interval": _number(250, _DAY_MS, "a whole number of milliseconds"),
    "use_service_alternative": _bool,
}

LIVE = frozenset(
    (
        "connect_timeout",
        "error_rate_window",
        "max_error_rate",
        "max_socket_idle",
        "rack_aware",
        "rack_ids",
        "tend_interval",
    )
)
"""Keys of a client's configuration that take effect while it lives; so do all policies
and the timeout of logins. The others are read when a client is made."""

METRICS: dict[str, Parser] = {
    "enable": _bool,
    "latency_columns": _SMALL,
    "latency_shift": _SMALL,
    "labels": _labels,
}


def _named(key: object) -> str:
    """An unknown key, as it stands in a line of the log."""
    is_plain = isinstance(key, str) and key.isprintable() and len(key) <= _LONGEST_NAME
    return str(key) if is_plain else shown(key)


class Settings:
    """What a file says.

    :ivar config: keys of a client's configuration, as `aerospike.client()` takes them.
    :ivar policies: sections of its "policies", and keys that stand beside them.
    :ivar metrics: keys of `METRICS`.
    :ivar interval_ms: from one look at the file to the next; None: it says nothing.
    :ivar remarks: keys of the file that are unknown, a line each.
    """

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.policies: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.interval_ms: int | None = None
        self.remarks: list[str] = []

    def _section(
        self, place: str, value: object, known: Iterable[str]
    ) -> Iterator[tuple[str, Any]]:
        """The entries of a section whose keys are known; remarks about the others."""
        if not isinstance(value, dict):
            raise FileError(f"{place}: a section with keys is expected, {_got(value)}")
        known = list(known)
        for key, entry in value.items():
            if isinstance(key, str) and key in known:
                yield key, entry
            else:
                self._remark_on(place, _named(key), known)

    def _remark_on(self, place: str, name: str, known: list[str]) -> None:
        """Say that a key is unknown; but no more than somebody reads."""
        if len(self.remarks) > _MOST_REMARKS:
            return
        if len(self.remarks) == _MOST_REMARKS:
            self.remarks.append("more unknown keys are ignored")
            return
        where = f"{place}.{name}" if place else name
        near = difflib.get_close_matches(name, known, n=1)
        if not near and not place and (name in POLICIES or name == "client"):
            near = [f"dynamic.{name}"]
        hint = f" (did you mean {near[0]}?)" if near else ""
        self.remarks.append(f"{where}: unknown key{hint}; it is ignored")

    def _parsed(
        self, place: str, value: object, parsers: dict[str, Parser]
    ) -> Iterator[tuple[str, Any]]:
        """The keys of a section with values as the client takes them."""
        for name, entry in self._section(place, value, parsers):
            try:
                parsed = parsers[name](entry)
            except FileError as error:
                raise FileError(f"{place}.{name}: {error}") from None
            if parsed is not _NOTHING:
                yield name, parsed

    def _add_policy(self, section: str, value: object) -> None:
        parsers: dict[str, Parser] = {}
        kinds: dict[str, tuple[str, ...]] = {}
        for keys, of in POLICIES[section]:
            parsers |= keys
            kinds |= dict.fromkeys(keys, of)
        for name, parsed in self._parsed(f"dynamic.{section}", value, parsers):
            for kind in kinds[name]:
                self.policies.setdefault(kind, {})[_NAMES.get(name, name)] = parsed

    def _add_client(self, place: str, value: object, keys: dict[str, Parser]) -> None:
        for name, parsed in self._parsed(place, value, keys):
            if name == "config_interval":
                self.interval_ms = parsed
            elif name == "login_timeout":  # which stands among the policies
                self.policies[_NAMES[name]] = parsed
            else:
                self.config[_NAMES.get(name, name)] = parsed

    def _add_dynamic(self, value: object) -> None:
        known = ["client", "metrics", *POLICIES]
        for section, entry in self._section("dynamic", value, known):
            if section == "client":
                self._add_client("dynamic.client", entry, DYNAMIC_CLIENT)
            elif section == "metrics":
                self.metrics = dict(self._parsed("dynamic.metrics", entry, METRICS))
            else:
                self._add_policy(section, entry)

    def add(self, document: object) -> None:
        """Take a whole file. :raises FileError: something in it is wrong."""
        if not isinstance(document, dict):
            raise FileError(
                f"a document with the section dynamic is expected, {_got(document)}"
            )
        known = ("version", "static", "dynamic")
        for section, entry in self._section("", document, known):
            if section == "version":
                self._check_version(entry)
            elif section == "dynamic":
                self._add_dynamic(entry)
            else:
                for _, of_client in self._section("static", entry, ["client"]):
                    self._add_client("static.client", of_client, STATIC_CLIENT)

    def _check_version(self, version: object) -> None:
        if version not in _VERSIONS:
            self.remarks.append(
                f"version: {_got(version)}; this client knows {', '.join(_VERSIONS)}; "
                "it is ignored"
            )


# --- files ---


def path_of(url: str) -> str:
    """The path that AEROSPIKE_CLIENT_CONFIG_URL means: itself, or a URL of a file."""
    if not url.startswith("file://"):
        return url
    path = url[len("file://") :]
    return unquote(path) if path.startswith("/") else path


def _yaml(text: str) -> object:
    try:
        yaml: Any = whole("yaml")
    except ImportError:
        if text.lstrip().startswith("{"):
            return _json(text)
        raise FileError(
            "to read YAML the client needs PyYAML, the extra aerospike[yaml]; "
            "a file .json needs nothing"
        ) from None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}) > LARGEST:
            raise FileError("its aliases stand for too much, or for themselves")
        return loader.construct_document(root)
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001 - a tag with a wrong value raises anything
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or type(error).__name__
        raise FileError(f"it is not valid YAML: {problem}{line}") from None


def _size(node: Any, sizes: dict[int, float]) -> float:
    """How many values a node of YAML stands for, where each alias counts as all that it
    stands for.

    :param sizes: those of the nodes that are known, by id. One that is met again before
        it is known contains itself, and has no end.
    :raises FileError: a section has a key twice.
    """
    if id(node) not in sizes:
        sizes[id(node)] = float("inf")
        parts = [] if isinstance(node.value, str) else node.value
        pairs = [part for part in parts if isinstance(part, tuple)]
        _check_keys([key.value for key, _ in pairs if isinstance(key.value, str)])
        nodes = [each for pair in pairs for each in pair] if pairs else parts
        sizes[id(node)] = 1 + sum(_size(each, sizes) for each in nodes)
    return sizes[id(node)]


def _check_keys(keys: list[str]) -> None:
    """A key that is there twice would be ignored once."""
    if len(set(keys)) < len(keys):
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise FileError(f"the key {_named(twice)} is there twice in one section")


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise FileError(f"it is not valid JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _check_keys([key for key, _ in pairs])
    return dict(pairs)


def _toml(text: str) -> object:
    try:
        tomllib: Any = whole("tomllib")
    except ImportError:
        raise FileError("to read TOML the client needs Python 3.11") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"it is not valid TOML: {error}") from None
    except MemoryError:
        raise FileError("it is not valid TOML: it needs too much memory") from None


_FORMATS: dict[str, Callable[[str], object]] = {".json": _json, ".toml": _toml}


def _open(path: str, flags: int) -> int:
    """A pipe that nobody writes to is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read(path: str) -> bytes:
    """The content of a file. :raises FileError: it cannot be read, or is too large."""
    try:
        with open(path, "rb", opener=_open) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError("it is no regular file")
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise FileError(f"it cannot be read: {error}") from None
    if len(content) > LARGEST:
        raise FileError(f"it has more than {LARGEST} bytes")
    return content


def settings_of(path: str, content: bytes) -> Settings:
    """What a file says, in the format that its name tells; YAML if it tells nothing.

    :raises FileError: it is malformed, or a value is of another type than its key's.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"it is not UTF-8: {error}") from None
    if not text.strip():
        raise FileError("it is empty")
    ending = os.path.splitext(path)[1].lower()
    settings = Settings()
    settings.add(_FORMATS.get(ending, _yaml)(text))
    return settings
