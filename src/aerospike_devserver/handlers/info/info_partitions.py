"""Info commands about partitions: which of them a node has, as bitmaps.

Source: sections 3 and 6 of the cluster protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.ownership import N_PARTITIONS, replica_bitmaps
from aerospike_devserver.storage.namespace import Namespace


def _for_each_namespace(
    request: Request, columns: int, before: Callable[[Namespace], Iterable[int]]
) -> str:
    """`namespace:before,bitmap,…;…`, a bitmap for each column."""
    cluster, index = request.node.cluster, request.node.index

    def values(namespace: Namespace) -> Iterable[object]:
        name = namespace.name
        yield from before(namespace)
        yield from replica_bitmaps(
            cluster.live,
            columns,
            index,
            cluster.shift,
            cluster.racks_of(name),
            cluster.unserved_of(name),
        )

    return ";".join(
        f"{each.name}:{','.join(map(str, values(each)))}" for each in cluster.storage
    )


@command("replicas")
def _replicas(request: Request) -> str:
    """`namespace:regime,columns,bitmap,…;…`; `max=N` cuts the columns.

    The regime is 0 without strong consistency, and else goes up whenever partitions are
    spread anew.
    """
    wanted = request.number("max", 0)
    cluster = request.node.cluster
    columns = min(wanted or N_PARTITIONS, cluster.replicas)

    def before(namespace: Namespace) -> tuple[int, int]:
        return cluster.regime if namespace.is_strong else 0, columns

    return _for_each_namespace(request, columns, before)


@command("replicas-all")
def _replicas_all(request: Request) -> str:
    columns = request.node.cluster.replicas
    return _for_each_namespace(request, columns, lambda _: (columns,))


@command("replicas-master")
def _replicas_master(request: Request) -> str:
    return _for_each_namespace(request, 1, lambda _: ())
