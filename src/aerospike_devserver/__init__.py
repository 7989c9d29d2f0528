"""A development server that speaks the Aerospike wire protocol on loopback sockets.

    with DevCluster(nodes=3) as cluster:
        client = aerospike.client({"hosts": cluster.hosts})

For laptops, tests and CI; any Aerospike client can use it. What it does not know it
refuses with the result code of an invalid request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aerospike_devserver.cluster import DevCluster

__all__ = ["DevCluster"]


def __getattr__(name: str) -> Any:
    """DevCluster on first use: pytest imports this package in every session."""
    if name != "DevCluster":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aerospike_devserver.cluster import DevCluster

    return DevCluster
