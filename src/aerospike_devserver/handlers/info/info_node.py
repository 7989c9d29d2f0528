"""Info commands about the node: what it is, its addresses, its peers, its clients.

Source: sections 3, 6 and 9 of the cluster protocol; shapes as an 8.1.2 Community node
answers them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import NamedTuple

from aerospike_devserver.config import Address, Racks, bracketed
from aerospike_devserver.handlers.info import info_tables as tables
from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.storage.state import (
    DEFAULT_PORT,
    DEFAULT_TLS_PORT,
    NodeState,
)
from aerospike_devserver.support import RACKS, TLS, approximated, refused

COMPATIBILITY_ID = 15
MAX_USER_AGENT = 64
"""Bytes of a user agent, decoded."""


@command("node", "name")
def _node(request: Request) -> str:
    return request.node.id


@command("build")
def _build(request: Request) -> str:
    return request.node.cluster.config.build


@command("edition")
def _edition(request: Request) -> str:
    return tables.EDITIONS[request.node.cluster.config.edition]


@command("version")
def _version(request: Request) -> str:
    return f"{_edition(request)} build {_build(request)}"


@command("release")
def _release(request: Request) -> str:
    return pairs(
        {
            "edition": _edition(request),
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


@command("features", support=approximated("the same in both editions"))
def _features(_request: Request) -> str:
    return tables.FEATURES


@command("digests")
def _digests(_request: Request) -> str:
    return "RIPEMD160"


@command("connection")
def _connection(_request: Request) -> str:
    return "admin=false"


@command("cluster-name")
def cluster_name(request: Request) -> str:
    """The name of the cluster as it is shown: `null` if it has none."""
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
    if request.number("size", len(cluster.live)) != len(cluster.live):
        raise InfoError(Result.CLUSTER_KEY_MISMATCH, "cluster not specified size")
    return cluster.cluster_key


# Addresses, peers


class _Form(NamedTuple):
    """How addresses are shown: those of the ports with TLS, or of those without.

    is_served: whether there are such ports.
    """

    is_served: bool
    default_port: int
    tls_name: str
    address_of: Callable[[NodeState, str], Address | None]


def _clear(request: Request) -> _Form:
    """The form without TLS."""
    tls = request.node.cluster.config.tls
    is_served = tls is None or not tls.only
    return _Form(is_served, DEFAULT_PORT, "", NodeState.address_for)


def _alternate(form: _Form, address_of: Callable[..., Address | None]) -> _Form:
    """The form with alternate addresses in place of the others."""
    return form._replace(address_of=address_of)


def _clear_alternate(request: Request) -> _Form:
    return _alternate(_clear(request), NodeState.alternate_for)


def _tls_alternate(request: Request) -> _Form:
    return _alternate(_tls(request), NodeState.tls_alternate_for)


def _tls(request: Request) -> _Form:
    """The form with TLS; InfoError 25 if there is none, as in the Community Edition."""
    tls = request.node.cluster.config.tls
    if tls is None:
        raise InfoError(Result.ENTERPRISE_ONLY, "enterprise only")
    return _Form(True, DEFAULT_TLS_PORT, tls.name, NodeState.tls_address_for)


def _address(request: Request, form: _Form) -> str:
    """Where the client that asks reaches the node that it asks."""
    if not form.is_served:
        return ""
    return str(form.address_of(request.node, request.session.host) or "")


@command("service", "service-clear-std")
def _service(request: Request) -> str:
    return _address(request, _clear(request))


_OVER_TLS = approximated("", TLS, Result.ENTERPRISE_ONLY)


@command("service-tls-std", support=_OVER_TLS)
def _service_tls_std(request: Request) -> str:
    return _address(request, _tls(request))


@command("service-clear-alt")
def _service_clear_alt(request: Request) -> str:
    return _address(request, _clear_alternate(request))


@command("service-tls-alt", support=_OVER_TLS)
def _service_tls_alt(request: Request) -> str:
    return _address(request, _tls_alternate(request))


def _others(request: Request, form: _Form) -> Iterator[tuple[NodeState, Address]]:
    """The other nodes, and where the client that asks reaches them."""
    for node in request.node.cluster.nodes:
        if form.is_served and node.is_live and node is not request.node:
            address = form.address_of(node, request.session.host)
            if address is not None:
                yield node, address


@command("services", "services-alumni")
def _services(request: Request) -> str:
    others = _others(request, _clear(request))
    return ";".join(str(address) for _, address in others)


def _peer(form: _Form, node: NodeState, address: Address) -> str:
    """`[node,tls name,[address]]`; the port is left out where it is the default one."""
    is_default = address.port == form.default_port
    shown = bracketed(address.host) if is_default else str(address)
    return f"[{node.id},{form.tls_name},[{shown}]]"


def _peers(request: Request, form: _Form) -> str:
    """`generation,default port,[peer,…]`."""
    peers = ",".join(_peer(form, *other) for other in _others(request, form))
    return f"{request.node.cluster.peers_generation},{form.default_port},[{peers}]"


@command("peers-clear-std", "alumni-clear-std")
def _peers_clear_std(request: Request) -> str:
    return _peers(request, _clear(request))


@command("peers-tls-std", support=_OVER_TLS)
def _peers_tls_std(request: Request) -> str:
    return _peers(request, _tls(request))


@command("peers-clear-alt")
def _peers_clear_alt(request: Request) -> str:
    return _peers(request, _clear_alternate(request))


@command("peers-tls-alt", support=_OVER_TLS)
def _peers_tls_alt(request: Request) -> str:
    return _peers(request, _tls_alternate(request))


@command(
    "feature-key",
    "quiesce",
    "quiesce-undo",
    "roster-set",
    "truncate-namespace-undo",
    "truncate-undo",
    "xdr-set-filter",
    support=refused(Result.ENTERPRISE_ONLY),
)
def _enterprise_only(_request: Request) -> str:
    raise InfoError(Result.ENTERPRISE_ONLY, "enterprise only")


# Racks


def _racks(request: Request) -> Racks:
    """InfoError 25 if there are no racks, as in the Community Edition."""
    racks = request.node.cluster.racks
    if not racks:
        raise InfoError(Result.ENTERPRISE_ONLY, "enterprise only")
    return racks


_IN_RACKS = approximated("", RACKS, Result.ENTERPRISE_ONLY)


@command("rack-ids", support=_IN_RACKS)
def _rack_ids(request: Request) -> str:
    """`namespace:rack;…` of the node that is asked."""
    index = request.node.index
    return ";".join(f"{name}:{ids[index]}" for name, ids in _racks(request).items())


@command("racks", support=_IN_RACKS)
def _all_racks(request: Request) -> str:
    """`ns=NAME:rack_1=NODE,NODE:rack_2=…;…`; approximated."""
    live = [node for node in request.node.cluster.nodes if node.is_live]
    texts = []
    for name, ids in _racks(request).items():
        nodes_of: dict[int, list[str]] = {}
        for node in live:
            nodes_of.setdefault(ids[node.index], []).append(node.id)
        racks = (f"rack_{rack}={','.join(nodes_of[rack])}" for rack in sorted(nodes_of))
        texts.append(":".join((f"ns={name}", *racks)))
    return ";".join(texts)


@command("logs", support=approximated("it always says stderr"))
def _logs(_request: Request) -> str:
    """The places that the log goes to, each with its number."""
    return "0:stderr"


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
