"""Info commands about partitions: which of them a node has, as bitmaps.

Source: sections 3 and 6 of the cluster protocol.
"""

from __future__ import annotations

from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.ownership import N_PARTITIONS, replica_bitmaps


def _for_each_namespace(request: Request, columns: int, *before: str) -> str:
    """`namespace:before,bitmap,…;…`, a bitmap for each column."""
    cluster, index = request.node.cluster, request.node.index

    def bitmaps(name: str) -> tuple[str, ...]:
        racks = cluster.racks_of(name)
        return replica_bitmaps(cluster.live, columns, index, cluster.shift, racks)

    names = [namespace.name for namespace in cluster.storage]
    return ";".join(f"{name}:{','.join((*before, *bitmaps(name)))}" for name in names)


@command("replicas")
def _replicas(request: Request) -> str:
    """`namespace:regime,columns,bitmap,…;…`; `max=N` cuts the columns."""
    wanted = request.number("max", 0)
    columns = min(wanted or N_PARTITIONS, request.node.cluster.replicas)
    return _for_each_namespace(request, columns, "0", str(columns))


@command("replicas-all")
def _replicas_all(request: Request) -> str:
    columns = request.node.cluster.replicas
    return _for_each_namespace(request, columns, str(columns))


@command("replicas-master")
def _replicas_master(request: Request) -> str:
    return _for_each_namespace(request, 1)
