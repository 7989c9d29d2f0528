"""A development server that speaks the Aerospike wire protocol on loopback sockets.

    with DevCluster(nodes=3) as cluster:
        client = aerospike.client({"hosts": cluster.hosts})

For laptops, tests and CI; any Aerospike client can use it. What it does not know it
refuses with the result code of an invalid request.
"""

from aerospike_devserver.cluster import DevCluster

__all__ = ["DevCluster"]
