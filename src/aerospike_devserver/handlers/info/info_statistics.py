"""Info commands that report statistics and settings, of a node and of its namespaces.

Shapes as an 8.1.2 Community node answers them; what a development server has nothing to
say about comes from `info_tables`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aerospike_devserver.handlers.info import info_tables as tables
from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.handlers.info.info_node import cluster_name
from aerospike_devserver.handlers.info.info_strong import statistics_of
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.strong import DURATION_S
from aerospike_devserver.support import approximated

_SOME_ARE_FIXED = approximated(
    "many values are those of an idle node: there are no devices and no migrations"
)


@command("statistics", support=_SOME_ARE_FIXED)
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
        "tombstones": sum(len(ns.tombstones) for ns in cluster.storage),
        "long_queries_active": node.jobs.n_active,
        "client_connections": node.n_connections,
        "client_connections_opened": node.n_opened,
        "client_connections_closed": node.n_opened - node.n_connections,
    }
    return pairs(live | tables.STATISTICS)


@command("namespaces")
def _namespaces(request: Request) -> str:
    return ";".join(namespace.name for namespace in request.node.cluster.storage)


@command("namespace", support=_SOME_ARE_FIXED)
def _namespace(request: Request) -> str:
    """Statistics and settings of `namespace/N`; `type=unknown` for any other N."""
    cluster = request.node.cluster
    namespace = cluster.namespace(request.path[0]) if request.path else None
    if namespace is None:
        return "type=unknown"
    n_objects = sum(1 for _ in namespace.records(cluster.clock.now_s()))
    live: dict[str, object] = {
        "ns_cluster_size": len(cluster.live),
        "effective_replication_factor": cluster.replicas,
        "objects": n_objects,
        "master_objects": n_objects,
        "tombstones": len(namespace.tombstones),
        "current_time": cluster.clock.now_s(),
    }
    return pairs(
        live
        | tables.NAMESPACE_STATISTICS
        | statistics_of(cluster, namespace)
        | _namespace_config(request, namespace)
    )


def _namespace_config(request: Request, namespace: Namespace) -> dict[str, object]:
    config = namespace.config
    racks = request.node.cluster.racks_of(config.name)
    own: dict[str, object] = {
        "allow-ttl-without-nsup": str(config.allow_ttl_without_nsup).lower(),
        "default-read-touch-ttl-pct": config.default_read_touch_ttl_pct,
        "default-ttl": config.default_ttl_s,
        "max-record-size": config.max_record_size,
        "mrt-duration": DURATION_S if config.is_strong else 0,
        "nsup-period": config.nsup_period_s,
        "rack-id": racks[request.node.index] if racks else 0,
        "replication-factor": request.node.cluster.config.replication_factor,
        "strong-consistency": str(config.is_strong).lower(),
        "strong-consistency-allow-expunge": str(config.allow_expunge).lower(),
    }
    return dict(sorted((own | tables.NAMESPACE_CONFIG).items()))


def _service_settings(request: Request) -> dict[str, object]:
    own: dict[str, object] = {
        "cluster-name": cluster_name(request),
        "node-id": request.node.id,
    }
    return dict(sorted((own | tables.SERVICE_CONFIG).items()))


def _network_settings(request: Request) -> dict[str, object]:
    node, config = request.node, request.node.cluster.config
    settings: dict[str, object] = {
        "service.port": node.port,
        "service.address": config.host,
    }
    if config.tls is not None:
        settings["service.tls-port"] = node.tls_port
        settings["service.tls-name"] = config.tls.name
    return settings


def _security_settings(request: Request) -> dict[str, object]:
    security = request.node.cluster.config.security
    if security is None:
        return {}
    return {"enable-quotas": "true", "session-ttl": security.session_ttl_s}


def _namespace_settings(request: Request) -> dict[str, object]:
    name = request.parameters.get("namespace", request.parameters.get("id"))
    if name is None:
        raise InfoError(Result.NAMESPACE_NOT_FOUND, "missing 'namespace'")
    return _namespace_config(request, request.namespace_of(name))


_CONTEXTS: dict[str, Callable[[Request], dict[str, object]]] = {
    "service": _service_settings,
    "network": _network_settings,
    "namespace": _namespace_settings,
    "security": _security_settings,
}


@command("get-config", "config-get", support=_SOME_ARE_FIXED)
def _get_config(request: Request) -> str:
    settings = _CONTEXTS.get(request.parameters.get("context", "service"))
    if settings is None:
        raise InfoError(Result.REQUEST_INVALID, "invalid context")
    return pairs(settings(request))
