"""Info about namespaces with strong consistency: partitions, transactions, the roster.

Approximated: without strong consistency the answers are those of the Community Edition.
"""

from __future__ import annotations

from aerospike_devserver.handlers.info import info_tables as tables
from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.state import ClusterState
from aerospike_devserver.storage.strong import StrongNamespace
from aerospike_devserver.support import STRONG, approximated


def statistics_of(cluster: ClusterState, namespace: Namespace) -> dict[str, object]:
    """What `namespace/N` says of partitions and transactions."""
    if not isinstance(namespace, StrongNamespace):
        return tables.STRONG_STATISTICS
    unserved = cluster.unserved[namespace.name]
    own = {
        "dead_partitions": len(unserved.dead),
        "unavailable_partitions": len(unserved.unavailable),
        "mrt_provisionals": len(namespace.locks),
        "mrt_monitors": len(namespace.monitors),
        "mrt_monitors_active": sum(t.is_active for t in namespace.monitors.values()),
    }
    return tables.STRONG_STATISTICS | namespace.counts | own


def _strong(request: Request) -> list[StrongNamespace]:
    """The namespaces that are meant: the one that is named, or all; InfoError 25."""
    all_of_them = [n for n in request.node.cluster.storage if n.is_strong]
    name = request.optional_namespace() if all_of_them else None
    found = all_of_them if name is None else [request.namespace_of(name)]
    strong = [each for each in found if isinstance(each, StrongNamespace)]
    if not strong:
        raise InfoError(Result.ENTERPRISE_ONLY, "enterprise only")
    return strong


_STRONG = approximated("", STRONG, Result.ENTERPRISE_ONLY)


@command("revive", support=_STRONG)
def _revive(request: Request) -> str:
    """Serve the dead partitions of a namespace again."""
    request.node.cluster.revive([each.name for each in _strong(request)])
    return "ok"


@command("recluster", support=approximated("it does nothing"))
def _recluster(_request: Request) -> str:
    """Nothing: what has changed counts already."""
    return "ok"


@command("roster", support=_STRONG)
def _roster(request: Request) -> str:
    """`ns=N:roster=NODE,…:pending_roster=NODE,…:observed_nodes=NODE,…` of each."""
    nodes = request.node.cluster.nodes
    roster = ",".join(each.id for each in nodes)
    observed = ",".join(each.id for each in nodes if each.is_live)
    shown = f"roster={roster}:pending_roster={roster}:observed_nodes={observed}"
    return ";".join(f"ns={each.name}:{shown}" for each in _strong(request))
