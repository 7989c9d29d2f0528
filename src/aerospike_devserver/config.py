"""The settings of a cluster and of its namespaces, and the checks of their values.

`DevCluster` makes them from its arguments; nothing changes them afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from aerospike_devserver.version import Version, build_of, version_of

MAX_NODES = 64
MAX_NAMESPACES = 32
MAX_RECORD_SIZE = 8 << 20
"""Bytes of the largest record that a server can be told to take."""
MAX_TTL_S = 315_360_000
"""The longest time to live: ten years."""
LOCALHOST = "127.0.0.1"
"""What a host `localhost` stands for."""
DEFAULT_NAMESPACES = ("test", "bar")
DEFAULT_TLS_NAME = "devcluster"
COMMUNITY = "community"
ENTERPRISE = "enterprise"
EDITIONS = (COMMUNITY, ENTERPRISE)

MAX_NAMESPACE_NAME = 31
"""Characters."""

_NAMESPACE = re.compile(rf"[A-Za-z0-9_.$-]{{1,{MAX_NAMESPACE_NAME}}}")
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")
_CLUSTER_NAME = re.compile(r"[^\s;:,=]{0,64}")
"""Info replies have these as they are, between separators."""
_TLS_NAME = re.compile(r"[^\s,;\[\]]{1,255}")
"""It stands between commas and brackets in a list of peers."""

_ALONE = re.compile(r"[A-Za-z0-9_.%-]+|\[[0-9A-Fa-f:.%]+\]")
"""A host without a port."""

MAX_RACK = 1_000_000
Racks = Mapping[str, tuple[int, ...]]
"""By namespace, the rack of each node; empty = there are no racks."""
GivenRacks = Sequence[int] | Mapping[str, Sequence[int]] | None
"""The same as callers give it: a sequence is for all namespaces."""

PORT_STEP = 10
"""How far the port of a node is above that of the node before it."""
LAST_PORT = 65_535


class Address(NamedTuple):
    """Where a node is; its text is `host:port`, `[host]:port` for IPv6."""

    host: str
    port: int

    def of_node(self, index: int) -> Address:
        """The address of node `index` if this is that of the first one."""
        return self._replace(port=self.port + PORT_STEP * index)

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


def _check_int(name: str, value: object) -> None:
    """TypeError for a setting that is no integer."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")


@dataclass(frozen=True)
class NamespaceConfig:
    """Settings of one namespace; the same on all nodes.

    default_ttl_s: seconds, 0 = never expire; nsup_period_s: 0 turns expiration off,
    and a TTL is then refused with 22 unless allow_ttl_without_nsup is set;
    max_record_size: bytes of one stored record, above it a write answers 13;
    is_strong: it has strong consistency; allow_expunge: and deletes need not be durable
    nevertheless.
    """

    name: str
    default_ttl_s: int = 0
    default_read_touch_ttl_pct: int = 0
    nsup_period_s: int = 10
    allow_ttl_without_nsup: bool = True
    max_record_size: int = 1_048_576
    is_strong: bool = False
    allow_expunge: bool = False

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.name):
            raise ValueError(f"not a namespace name: {self.name!r}")
        if not 0 <= self.default_ttl_s <= MAX_TTL_S:
            raise ValueError(f"default_ttl is 0 to {MAX_TTL_S} seconds")
        if self.nsup_period_s < 0:
            raise ValueError("nsup_period is 0 or more seconds")
        if not 0 < self.max_record_size <= MAX_RECORD_SIZE:
            raise ValueError(f"max_record_size is 1 to {MAX_RECORD_SIZE} bytes")


Strong = bool | Collection[str]
"""Which namespaces have strong consistency: all, none, or those of these names."""


def strong_ones(strong: Strong, namespaces: Collection[str]) -> frozenset[str]:
    """The names of those that have strong consistency; ValueError for a wrong one."""
    if isinstance(strong, bool):
        return frozenset(namespaces if strong else ())
    names = {strong} if isinstance(strong, str) else set(strong)
    unknown = names - set(namespaces)
    if unknown:
        raise ValueError(f"strong_consistency: no namespace {min(unknown)!r}")
    return frozenset(names)


@dataclass(frozen=True)
class TlsConfig:
    """Settings of the ports that speak TLS. port 0 = any free port for each node.

    name: what clients find in the certificate of each node. only: there are no ports
    without TLS.
    """

    name: str
    port: int = 0
    only: bool = False

    def __post_init__(self) -> None:
        if not _TLS_NAME.fullmatch(self.name):
            raise ValueError(f"not a tls_name: {self.name!r}")


DEFAULT_SESSION_TTL_S = 86_400
MAX_SESSION_TTL_S = 10 * 365 * 86_400

ExternalUsers = Mapping[str, Mapping[str, Any]]
"""Users whose passwords another system keeps: name to `password` and `roles`."""


@dataclass(frozen=True)
class SecurityConfig:
    """Settings of users and roles. session_ttl_s: how long a login counts."""

    external: ExternalUsers = field(default_factory=dict, repr=False)
    session_ttl_s: int = DEFAULT_SESSION_TTL_S

    def __post_init__(self) -> None:
        if not 0 < self.session_ttl_s <= MAX_SESSION_TTL_S:
            raise ValueError(f"session_ttl is 1 to {MAX_SESSION_TTL_S} seconds")
        for name, settings in self.external.items():
            if not _is_external_user(settings):
                raise ValueError(
                    f"external_users[{name!r}] is not "
                    '{"password": "...", "roles": ["read", ...]}'
                )


def _is_external_user(settings: object) -> bool:
    match settings:
        case {"password": str(), "roles": [*roles], **rest}:
            return not rest and all(isinstance(role, str) for role in roles)
    return False


DEFAULT_UDF_TIMEOUT_S = 10.0
MAX_UDF_TIMEOUT_S = 86_400
BACKGROUND_LIMIT_S = 1.0
"""How long a function runs at most for one record in background work."""
DEFAULT_UDF_MEMORY = 256 << 20
MIN_UDF_MEMORY = 1 << 20
"""Bytes; the library of functions alone takes some hundred thousand."""


@dataclass(frozen=True)
class UdfConfig:
    """Settings of functions in Lua.

    timeout_s: how long a function runs at most if the request does not say; max_memory:
    bytes that the functions of a module take at most; is_full: they have the whole
    library of Lua, with files and processes.
    """

    timeout_s: float = DEFAULT_UDF_TIMEOUT_S
    max_memory: int = DEFAULT_UDF_MEMORY
    is_full: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s <= MAX_UDF_TIMEOUT_S:
            raise ValueError(f"udf_timeout is above 0, to {MAX_UDF_TIMEOUT_S} seconds")
        _check_int("udf_memory", self.max_memory)
        if self.max_memory < MIN_UDF_MEMORY:
            raise ValueError(f"udf_memory is {MIN_UDF_MEMORY} bytes or more")

    def limit_s(self, timeout_ms: int) -> float:
        """How long a function runs at most that a request with this timeout calls.

        It ends before the timeout, so that the client hears why.
        """
        margin_ms = min(max(timeout_ms // 10, 20), 500, timeout_ms // 2)
        return (timeout_ms - margin_ms) / 1000 or self.timeout_s

    @property
    def background_limit_s(self) -> float:
        """How long a function runs at most for one record in background work.

        As on a real server, a request has no say in this.
        """
        return min(self.timeout_s, BACKGROUND_LIMIT_S)


@dataclass(frozen=True)
class ClusterConfig:
    """Settings of a cluster. port 0 = any free port for each node.

    version: a key of `version.BUILDS`, or a build. allow_remote: host may be an address
    that other machines reach. access_address: where clients are told to connect,
    HOST:PORT, None = to the address that they have connected to. alternate_address:
    HOST:PORT, or HOST for that address with the nodes' own ports; None = there are no
    alternate addresses. racks: of the nodes, by namespace; empty = there are no racks,
    as in the Community Edition. tls: None = no TLS.
    security: None = there are no users, and everybody may do everything. udf: of
    functions in Lua. edition: one of EDITIONS.
    """

    nodes: int
    port: int
    host: str
    replication_factor: int
    version: str
    cluster_name: str | None
    namespaces: Sequence[NamespaceConfig]
    allow_remote: bool = False
    access_address: str | None = None
    tls: TlsConfig | None = None
    security: SecurityConfig | None = None
    udf: UdfConfig = field(default_factory=UdfConfig)
    alternate_address: str | None = None
    racks: Racks = field(default_factory=dict)
    edition: str = COMMUNITY

    def __post_init__(self) -> None:
        for name in ("nodes", "port"):
            _check_int(name, getattr(self, name))
        if not 1 <= self.nodes <= MAX_NODES:
            raise ValueError(f"nodes is 1 to {MAX_NODES}, not {self.nodes}")
        if self.port:
            self._check_port("port", self.port)
        if self.tls is not None and self.tls.port:
            self._check_port("tls_port", self.tls.port)
        self._check_host()
        if self.access is not None:
            self._check_port("access_address: port", self.access.port)
        if self.alternate is not None and self.alternate.port:
            self._check_port("alternate_address: port", self.alternate.port)
        if self.replication_factor < 1:
            raise ValueError("replication_factor is 1 or more")
        build_of(self.version)
        if self.edition not in EDITIONS:
            raise ValueError(f"edition is {' or '.join(EDITIONS)}, not {self.edition}")
        if not _CLUSTER_NAME.fullmatch(self.cluster_name or ""):
            raise ValueError(f"not a cluster name: {self.cluster_name!r}")
        names = [namespace.name for namespace in self.namespaces]
        if not 1 <= len(names) <= MAX_NAMESPACES or len(set(names)) < len(names):
            raise ValueError(f"1 to {MAX_NAMESPACES} different namespaces")

    def _check_port(self, name: str, port: int) -> None:
        """ValueError if a node would have a port that does not exist."""
        last = LAST_PORT - PORT_STEP * (self.nodes - 1)
        if not 0 < port <= last:
            several = f" for {self.nodes} nodes, {PORT_STEP} ports apart"
            lowest = "the lowest is 1" if name != "port" else "0 takes any free port"
            raise ValueError(
                f"{name} {port}: the highest{several if self.nodes > 1 else ''} is "
                f"{last}, {lowest}"
            )

    def _check_host(self) -> None:
        try:
            ip_address(self.host)
        except ValueError as cause:
            raise ValueError(
                f"host {self.host!r} is not an address such as 127.0.0.1 or ::1, nor "
                "localhost"
            ) from cause
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is not on loopback: other machines reach the "
                "server there, which needs allow_remote=True"
            )

    @cached_property
    def access(self) -> Address | None:
        """The parts of access_address; ValueError."""
        return _address("access_address", self.access_address)

    @cached_property
    def alternate(self) -> Address | None:
        """The parts of alternate_address, port 0 = the nodes' own ports; ValueError."""
        text = self.alternate_address
        if text is not None and _ALONE.fullmatch(text):
            text += ":0"
        return _address("alternate_address", text)

    @property
    def is_everywhere(self) -> bool:
        """Whether the nodes listen on all addresses of the machine."""
        return ip_address(self.host).is_unspecified

    @cached_property
    def is_enterprise(self) -> bool:
        """Whether the server does what only the Enterprise Edition does."""
        return self.edition == ENTERPRISE

    @property
    def build(self) -> str:
        """The build that is reported: four numbers."""
        return build_of(self.version)

    @cached_property
    def plays(self) -> Version:
        """The version whose operations are known."""
        return version_of(self.build)

    def port_of(self, index: int) -> int:
        """The port that node `index` asks for; 0 = any."""
        return self._step(self.port, index)

    def tls_port_of(self, index: int) -> int:
        """The TLS port that node `index` asks for; 0 = any."""
        return self._step(self.tls.port if self.tls is not None else 0, index)

    def _step(self, port: int, index: int) -> int:
        return Address(self.host, port).of_node(index).port if port else 0


def _address(name: str, text: str | None) -> Address | None:
    """The parts of HOST:PORT, the value of a setting; ValueError."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (_HOST.fullmatch(bare) and port.isascii() and port.isdigit()):
        raise ValueError(
            f"{name} {text!r} is not HOST:PORT, such as 127.0.0.1:3000 or [::1]:3000"
        )
    return Address(bare, int(port))


def racks_of(
    racks: GivenRacks, nodes: int, namespaces: Collection[str]
) -> dict[str, tuple[int, ...]]:
    """The racks of all nodes, by namespace, of what a caller has given; ValueError.

    Namespaces that are not named are in rack 0 on all nodes.
    """
    if racks is None:
        return {}
    if not isinstance(racks, Mapping):
        racks = dict.fromkeys(namespaces, racks)
    unknown = set(racks) - set(namespaces)
    if unknown:
        raise ValueError(f"racks: no namespace {min(unknown)!r}")
    for ids in racks.values():
        if len(ids) != nodes:
            raise ValueError(f"racks: {nodes} numbers are needed, one for each node")
        for rack in ids:
            _check_int("racks", rack)
            if not 0 <= rack <= MAX_RACK:
                raise ValueError(f"racks: {rack} is not 0 to {MAX_RACK}")
    return {name: tuple(racks.get(name, (0,) * nodes)) for name in namespaces}


def is_loopback(host: str) -> bool:
    """Whether `host` is a literal loopback address: 127.0.0.0/8 or ::1."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    is_v4 = isinstance(address, IPv4Address)
    return address.is_loopback if is_v4 else address == IPv6Address("::1")


def bracketed(host: str) -> str:
    """An address as it stands before a colon and a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
