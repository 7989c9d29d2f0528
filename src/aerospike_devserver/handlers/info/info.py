"""Info commands: text in, text out. One decorated function per command.

A request is lines; each is answered `line TAB value LF`, and bytes behind the last line
feed are ignored. Source: section 2 of the wire protocol, sections 3, 6 and 9 of the
cluster protocol; shapes as an 8.1.2 Community node answers them.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.config import bracketed
from aerospike_devserver.handlers.info import info_tables as tables
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.handlers.record.command import MAX_SET_NAME
from aerospike_devserver.ownership import N_PARTITIONS, replica_bitmaps
from aerospike_devserver.reply import Reply, Stream
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.session import Session
from aerospike_devserver.storage.index import IndexKind
from aerospike_devserver.storage.state import DEFAULT_PORT, NodeState
from aerospike_devserver.storage.storage import Namespace, SetState

COMPATIBILITY_ID = 15
MAX_USER_AGENT = 64
"""Bytes of a user agent, decoded."""
MAX_NAMESPACE = 31
"""Characters of a namespace's name."""
MAX_LUT = 23
"""Characters of the time of a truncation."""

_LINE = re.compile(r"([^:/]*)([:/]?)(.*)", re.DOTALL)


class Request(NamedTuple):
    """One info command: `name`, `name/path/…` or `name:key=value;…`."""

    session: Session
    name: str
    path: list[str]
    parameters: dict[str, str]

    @property
    def node(self) -> NodeState:
        """The node that was asked."""
        return self.session.node

    def optional(self, name: str, limit: int) -> str | None:
        """A parameter of at most so many characters; InfoError 4 if it is empty."""
        return self._checked(name, limit, Result.REQUEST_INVALID)

    def text(
        self, name: str, limit: int, result: Result = Result.REQUEST_INVALID
    ) -> str:
        """A parameter that must be there; InfoError `result`."""
        value = self._checked(name, limit, result)
        return self.require(name, result) if value is None else value

    def optional_namespace(self) -> str | None:
        """A namespace's name, also by its older parameter; InfoError 20."""
        name = "namespace" if "namespace" in self.parameters else "ns"
        return self._checked(name, MAX_NAMESPACE, Result.NAMESPACE_NOT_FOUND)

    def namespace_name(self) -> str:
        """A namespace's name that must be there; InfoError 20."""
        value = self.optional_namespace()
        if value is None:
            return self.require("namespace", Result.NAMESPACE_NOT_FOUND)
        return value

    def _checked(self, name: str, limit: int, result: Result) -> str | None:
        value = self.parameters.get(name)
        shown = "namespace" if name == "ns" else name
        if value == "":
            raise InfoError(result, f"missing '{shown}' value")
        if value is not None and len(value) > limit:
            raise InfoError(result, f"'{shown}' value too long")
        return value

    def require(self, name: str, result: Result = Result.REQUEST_INVALID) -> str:
        """A parameter; InfoError `missing 'name'` without it."""
        if name not in self.parameters:
            raise InfoError(result, f"missing '{name}'")
        return self.parameters[name]

    def namespace_of(self, name: str) -> Namespace:
        """A namespace by name; InfoError 20 if the node has none such."""
        found = self.node.cluster.namespace(name)
        if found is None:
            raise InfoError(Result.NAMESPACE_NOT_FOUND, "namespace not found on node")
        return found


Handler = Callable[[Request], str]
_COMMANDS: dict[str, Handler] = {}


def command(*names: str) -> Callable[[Handler], Handler]:
    """Register the function that answers some commands."""

    def register(handler: Handler) -> Handler:
        _COMMANDS.update(dict.fromkeys(names, handler))
        return handler

    return register


# Dispatch


COMMANDS_PER_TURN = 20
"""Commands of one request that are answered before others have a turn."""
MAX_REPLY_SIZE = 8 << 20
"""Bytes of a reply behind which further commands are refused."""


def answer(session: Session, body: bytes) -> Reply:
    """The reply to an info request; a long one is made in turns."""
    if not body:
        return frame(ProtoType.INFO, _defaults(session))
    lines = body.split(b"\n")[:-1]
    if len(lines) <= COMMANDS_PER_TURN:
        return frame(ProtoType.INFO, b"".join(_answers(session, lines)))
    return _stream(session, lines)


def _stream(session: Session, lines: list[bytes]) -> Stream:
    made = bytearray()
    for place, part in enumerate(_answers(session, lines), 1):
        made += part
        if place % COMMANDS_PER_TURN == 0:
            yield b""
    yield frame(ProtoType.INFO, bytes(made))


def _answers(session: Session, lines: list[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        command = line.split(b"\0")[0]
        part = _answer_line(session, command, size > MAX_REPLY_SIZE)
        size += len(part)
        yield part


def _answer_line(session: Session, line: bytes, is_refused: bool = False) -> bytes:
    """The answer to one command, behind the command itself."""
    text = line.decode("utf-8", "surrogateescape")
    try:
        if is_refused:
            raise InfoError(Result.REQUEST_INVALID, "too many commands")
        value = _carry_out(session, text)
    except InfoError as error:
        value = f"ERROR:{int(error.result)}:{error.text}"
    return line + b"\t" + value.encode("utf-8", "surrogateescape") + b"\n"


def _carry_out(session: Session, text: str) -> str:
    name, separator, rest = _LINE.findall(text)[0]
    handler = _COMMANDS.get(name)
    if handler is None:
        raise InfoError(Result.REQUEST_INVALID, "unrecognized command")
    path = rest.split("/") if separator == "/" else []
    parameters = _parameters(rest) if separator == ":" else {}
    return handler(Request(session, name, path, parameters))


def _parameters(text: str) -> dict[str, str]:
    """`key=value;key=value` as a dictionary; what has no `=` is left out."""
    items = (item.partition("=") for item in text.split(";"))
    return {key: value for key, equals, value in items if equals}


_DEFAULTS = (
    "features",
    "node",
    "compatibility-id",
    "edition",
    "build",
    "version",
    "statistics",
    "services-alumni",
    "services",
    "partition-generation",
)


def _defaults(session: Session) -> bytes:
    """What an empty request is answered with."""
    return b"".join(_answer_line(session, name.encode()) for name in _DEFAULTS)


# Node, cluster


@command("node", "name")
def _node(request: Request) -> str:
    return request.node.id


@command("build")
def _build(request: Request) -> str:
    return request.node.cluster.config.build


@command("edition")
def _edition(_request: Request) -> str:
    return tables.EDITION


@command("version")
def _version(request: Request) -> str:
    return f"{tables.EDITION} build {_build(request)}"


@command("release")
def _release(request: Request) -> str:
    return pairs(
        {
            "edition": tables.EDITION,
            "version": _build(request),
            "os": "devserver",
            "arch": "python",
            "sha": "",
        }
    )


@command("compatibility-id")
def _compatibility_id(_request: Request) -> str:
    return str(COMPATIBILITY_ID)


@command("status")
def _status(_request: Request) -> str:
    return "ok"


@command("features")
def _features(_request: Request) -> str:
    return tables.FEATURES


@command("digests")
def _digests(_request: Request) -> str:
    return "RIPEMD160"


@command("connection")
def _connection(_request: Request) -> str:
    return "admin=false"


@command("cluster-name")
def _cluster_name(request: Request) -> str:
    return request.node.cluster.config.cluster_name or "null"


@command("partitions")
def _partitions(_request: Request) -> str:
    return str(N_PARTITIONS)


@command("partition-generation")
def _partition_generation(request: Request) -> str:
    return str(request.node.cluster.partition_generation)


@command("peers-generation")
def _peers_generation(request: Request) -> str:
    return str(request.node.cluster.peers_generation)


@command("rebalance-generation")
def _rebalance_generation(request: Request) -> str:
    return str(request.node.cluster.rebalance_generation)


@command("cluster-stable")
def _cluster_stable(request: Request) -> str:
    """The cluster key: 12 hex digits that change with the membership."""
    cluster = request.node.cluster
    if "namespace" in request.parameters:
        request.namespace_of(request.parameters["namespace"])
    size = request.parameters.get("size", str(len(cluster.live)))
    if not size.isdecimal():
        raise InfoError(Result.REQUEST_INVALID, "bad size")
    if int(size) != len(cluster.live):
        raise InfoError(Result.CLUSTER_KEY_MISMATCH, "cluster not specified size")
    return cluster.cluster_key


# Addresses, peers


@command("service", "service-clear-std")
def _service(request: Request) -> str:
    return request.node.address


@command("service-clear-alt")
def _no_alternate(_request: Request) -> str:
    return ""


def _other_nodes(request: Request) -> list[NodeState]:
    return [
        node
        for node in request.node.cluster.nodes
        if node.is_live and node is not request.node
    ]


@command("services", "services-alumni")
def _services(request: Request) -> str:
    return ";".join(node.address for node in _other_nodes(request))


def _peers(request: Request, addresses: Callable[[NodeState], str]) -> str:
    """`generation,default port,[[node,tls name,[address,…]],…]`."""
    peers = ",".join(
        f"[{node.id},,[{addresses(node)}]]" for node in _other_nodes(request)
    )
    return f"{request.node.cluster.peers_generation},{DEFAULT_PORT},[{peers}]"


def _peer_address(node: NodeState) -> str:
    """The port is left out where it is the default one."""
    is_default = node.port == DEFAULT_PORT
    return bracketed(node.cluster.config.host) if is_default else node.address


@command("peers-clear-std", "alumni-clear-std")
def _peers_clear_std(request: Request) -> str:
    return _peers(request, _peer_address)


@command("peers-clear-alt")
def _peers_clear_alt(request: Request) -> str:
    """No node has alternate addresses, so none can be listed."""
    return f"{request.node.cluster.peers_generation},{DEFAULT_PORT},[]"


@command(
    "feature-key",
    "peers-tls-alt",
    "peers-tls-std",
    "quiesce",
    "quiesce-undo",
    "rack-ids",
    "racks",
    "revive",
    "roster",
    "roster-set",
    "service-tls-alt",
    "service-tls-std",
    "truncate-namespace-undo",
    "truncate-undo",
    "xdr-set-filter",
)
def _enterprise_only(_request: Request) -> str:
    raise InfoError(Result.ENTERPRISE_ONLY, "enterprise only")


# Partition maps


def _bitmaps(request: Request, columns: int) -> list[str]:
    cluster = request.node.cluster
    return list(replica_bitmaps(cluster.live, columns, request.node.index))


def _for_each_namespace(request: Request, value: str) -> str:
    names = (namespace.name for namespace in request.node.cluster.storage)
    return ";".join(f"{name}:{value}" for name in names)


def _columns(request: Request) -> int:
    cluster = request.node.cluster
    return max(1, min(cluster.config.replication_factor, len(cluster.live)))


@command("replicas")
def _replicas(request: Request) -> str:
    """`namespace:regime,columns,bitmap,…;…`; `max=N` cuts the columns."""
    wanted = request.parameters.get("max", "0")
    if not wanted.isdecimal():
        raise InfoError(Result.REQUEST_INVALID, "bad max")
    columns = min(int(wanted) or N_PARTITIONS, _columns(request))
    value = ",".join(("0", str(columns), *_bitmaps(request, columns)))
    return _for_each_namespace(request, value)


@command("replicas-all")
def _replicas_all(request: Request) -> str:
    columns = _columns(request)
    return _for_each_namespace(
        request, ",".join((str(columns), *_bitmaps(request, columns)))
    )


@command("replicas-master")
def _replicas_master(request: Request) -> str:
    return _for_each_namespace(request, _bitmaps(request, 1)[0])


# Statistics, config


@command("statistics")
def _statistics(request: Request) -> str:
    node, cluster = request.node, request.node.cluster
    now_s = cluster.clock.now_s()
    principal = max(other.id for other in cluster.nodes if other.is_live)
    live: dict[str, object] = {
        "cluster_size": len(cluster.live),
        "cluster_key": cluster.cluster_key,
        "cluster_generation": cluster.rebalance_generation + 1,
        "cluster_principal": principal,
        "paxos_principal": principal,
        "uptime": int(time.monotonic() - node.started_s),
        "objects": sum(1 for ns in cluster.storage for _ in ns.records(now_s)),
        "long_queries_active": node.jobs.n_active,
        "client_connections": node.n_connections,
        "client_connections_opened": node.n_opened,
        "client_connections_closed": node.n_opened - node.n_connections,
    }
    return pairs(live | tables.STATISTICS)


@command("namespaces")
def _namespaces(request: Request) -> str:
    return ";".join(namespace.name for namespace in request.node.cluster.storage)


@command("namespace")
def _namespace(request: Request) -> str:
    """Statistics and settings of `namespace/N`; `type=unknown` for any other N."""
    cluster = request.node.cluster
    namespace = cluster.namespace(request.path[0]) if request.path else None
    if namespace is None:
        return "type=unknown"
    n_objects = sum(1 for _ in namespace.records(cluster.clock.now_s()))
    live: dict[str, object] = {
        "ns_cluster_size": len(cluster.live),
        "effective_replication_factor": _columns(request),
        "objects": n_objects,
        "master_objects": n_objects,
        "current_time": cluster.clock.now_s(),
    }
    return pairs(
        live | tables.NAMESPACE_STATISTICS | _namespace_config(request, namespace)
    )


def _namespace_config(request: Request, namespace: Namespace) -> dict[str, object]:
    config = namespace.config
    own: dict[str, object] = {
        "allow-ttl-without-nsup": str(config.allow_ttl_without_nsup).lower(),
        "default-read-touch-ttl-pct": config.default_read_touch_ttl_pct,
        "default-ttl": config.default_ttl_s,
        "max-record-size": config.max_record_size,
        "nsup-period": config.nsup_period_s,
        "replication-factor": request.node.cluster.config.replication_factor,
    }
    return dict(sorted((own | tables.NAMESPACE_CONFIG).items()))


def _service_settings(request: Request) -> dict[str, object]:
    own: dict[str, object] = {
        "cluster-name": _cluster_name(request),
        "node-id": request.node.id,
    }
    return dict(sorted((own | tables.SERVICE_CONFIG).items()))


def _network_settings(request: Request) -> dict[str, object]:
    node = request.node
    return {"service.port": node.port, "service.address": node.cluster.config.host}


def _namespace_settings(request: Request) -> dict[str, object]:
    name = request.parameters.get("namespace", request.parameters.get("id"))
    if name is None:
        raise InfoError(Result.NAMESPACE_NOT_FOUND, "missing 'namespace'")
    return _namespace_config(request, request.namespace_of(name))


_CONTEXTS: dict[str, Callable[[Request], dict[str, object]]] = {
    "service": _service_settings,
    "network": _network_settings,
    "namespace": _namespace_settings,
    "security": lambda _request: {},
}


@command("get-config", "config-get")
def _get_config(request: Request) -> str:
    settings = _CONTEXTS.get(request.parameters.get("context", "service"))
    if settings is None:
        raise InfoError(Result.REQUEST_INVALID, "invalid context")
    return pairs(settings(request))


@command("udf-list")
def _empty_list(_request: Request) -> str:
    """There are no UDF modules."""
    return ""


# Sets, truncate


def _set_statistics(
    request: Request, namespace: Namespace, name: bytes
) -> dict[str, object]:
    sizes = [
        record.stored_size
        for _, record in namespace.records(request.node.cluster.clock.now_s())
        if record.set_name == name
    ]
    state: SetState = namespace.sets[name]
    indexes = [i.definition for i in namespace.indexes if i.definition.set_name == name]
    has_index = any(each.kind is IndexKind.SET for each in indexes)
    live: dict[str, object] = {
        "objects": len(sizes),
        "tombstones": 0,
        "data_used_bytes": sum(sizes),
        "truncate_lut": max(0, state.truncate_ms - EPOCH_S * 1000),
        "sindexes": len(indexes) - has_index,
        "index_populating": "false",
        "truncating": "false",
    }
    return live | tables.SET_CONFIG | {"enable-index": str(has_index).lower()}


def _set_entry(request: Request, namespace: Namespace, name: bytes) -> str:
    title: dict[str, object] = {
        "ns": namespace.name,
        "set": name.decode("utf-8", "surrogateescape"),
    }
    return pairs(title | _set_statistics(request, namespace, name), ":") + ";"


@command("sets")
def _sets(request: Request) -> str:
    """All sets, those of `sets/N`, or one of them: `sets/N/S`."""
    wanted, _, name = (
        request.parameters.get("ns") or "/".join(request.path)
    ).partition("/")
    cluster = request.node.cluster
    chosen = [cluster.namespace(wanted)] if wanted else list(cluster.storage)
    if name:
        return _one_set(request, chosen[0], name.encode("utf-8", "surrogateescape"))
    if None in chosen:
        return "ns_type=unknown"
    return "".join(
        _set_entry(request, namespace, set_name)
        for namespace in chosen
        if namespace is not None
        for set_name in namespace.sets
    )


def _one_set(request: Request, namespace: Namespace | None, name: bytes) -> str:
    if namespace is None:
        return "ns_type=unknown"
    if name not in namespace.sets:
        return ""
    return pairs(_set_statistics(request, namespace, name), ":") + ";"


@command("truncate")
def _truncate(request: Request) -> str:
    namespace = request.text("namespace", MAX_NAMESPACE, Result.NAMESPACE_NOT_FOUND)
    set_name = request.text("set", MAX_SET_NAME).encode("utf-8", "surrogateescape")
    return _truncate_records(request, namespace, set_name)


@command("truncate-namespace")
def _truncate_namespace(request: Request) -> str:
    namespace = request.text("namespace", MAX_NAMESPACE, Result.NAMESPACE_NOT_FOUND)
    if "set" in request.parameters:
        raise InfoError(Result.REQUEST_INVALID, "unexpected set name")
    return _truncate_records(request, namespace, None)


def _truncate_records(request: Request, name: str, set_name: bytes | None) -> str:
    """Drop records last updated before `lut`, ns since 1970; without it, before now.

    A namespace that is not there has none: truncation is noted for the whole cluster.
    """
    cluster = request.node.cluster
    before_ms = _cut_off_ms(request.optional("lut", MAX_LUT), cluster.clock.now_ms())
    namespace = cluster.namespace(name)
    if namespace is not None:
        namespace.truncate(set_name, before_ms, cluster.clock.now_s())
    return "ok"


def _cut_off_ms(lut: str | None, now_ms: int) -> int:
    """The cut-off in ms since 1970; InfoError 4 before 2010 and in the future."""
    if lut is None:
        return now_ms
    found = re.match(r"\s*([+-]?\d+)", lut)
    number = int(found[1]) if found else 0
    cut_ms = (number if number >= 0 else number % 2**64) // 1_000_000
    if cut_ms <= EPOCH_S * 1000:
        raise InfoError(Result.REQUEST_INVALID, "would truncate to 0")
    if cut_ms > now_ms:
        raise InfoError(Result.REQUEST_INVALID, "would truncate in the future")
    return cut_ms


# User agents


@command("user-agent-set")
def _user_agent_set(request: Request) -> str:
    """Who the client is: base64 of `1,<language>-<version>,<application>`."""
    session, value = request.session, request.require("value")
    if session.user_agent is not None:
        raise InfoError(Result.REQUEST_INVALID, "already set")
    if not value:
        raise InfoError(Result.REQUEST_INVALID, "missing 'value' value")
    try:
        decoded = base64.b64decode(value, validate=True)
    except binascii.Error as cause:
        raise InfoError(Result.REQUEST_INVALID, "'value' invalid base64") from cause
    if len(decoded) > MAX_USER_AGENT:
        raise InfoError(Result.REQUEST_INVALID, "'value' too long")
    session.set_user_agent(value)
    return "ok"


@command("user-agents")
def _user_agents(request: Request) -> str:
    agents = request.node.user_agents.items()
    return "".join(f"user-agent={agent}:count={count};" for agent, count in agents)
