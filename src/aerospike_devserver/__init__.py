"""A development server that speaks the Aerospike wire protocol on loopback sockets.

    with DevCluster(nodes=3) as cluster:
        client = aerospike.client({"hosts": cluster.hosts})

It is for laptops, tests and CI, and any Aerospike client can use it. It refuses unknown
requests with the result code of an invalid request. `FaultProxy` stands in front of any
server, and makes requests fail on purpose, as `cluster.faults` does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aerospike_devserver.cluster import DevCluster
    from aerospike_devserver.proxy import FaultProxy
    from aerospike_devserver.seeding import SeedError

__all__ = ["DevCluster", "FaultProxy", "SeedError"]

_MODULES = {"DevCluster": "cluster", "FaultProxy": "proxy", "SeedError": "seeding"}


def __getattr__(name: str) -> Any:
    """A class on its first use: pytest imports this package in every session."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
