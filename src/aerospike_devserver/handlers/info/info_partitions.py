"""Info commands about partitions: which of them a node has, as bitmaps.

Source: sections 3 and 6 of the cluster protocol.
"""

from __future__ import annotations

from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.ownership import N_PARTITIONS, replica_bitmaps


def _bitmaps(request: Request, columns: int) -> list[str]:
    cluster = request.node.cluster
    index = request.node.index
    return list(replica_bitmaps(cluster.live, columns, index, cluster.shift))


def _for_each_namespace(request: Request, value: str) -> str:
    names = (namespace.name for namespace in request.node.cluster.storage)
    return ";".join(f"{name}:{value}" for name in names)


@command("replicas")
def _replicas(request: Request) -> str:
    """`namespace:regime,columns,bitmap,…;…`; `max=N` cuts the columns."""
    wanted = request.number("max", 0)
    columns = min(wanted or N_PARTITIONS, request.node.cluster.replicas)
    value = ",".join(("0", str(columns), *_bitmaps(request, columns)))
    return _for_each_namespace(request, value)


@command("replicas-all")
def _replicas_all(request: Request) -> str:
    columns = request.node.cluster.replicas
    return _for_each_namespace(
        request, ",".join((str(columns), *_bitmaps(request, columns)))
    )


@command("replicas-master")
def _replicas_master(request: Request) -> str:
    return _for_each_namespace(request, _bitmaps(request, 1)[0])
