"""Aerospike client for Python.

    import aerospike

    client = aerospike.client({"hosts": [("127.0.0.1", 3000)]})
    client.put(("test", "demo", "key"), {"name": "John", "age": 32})
    key, meta, bins = client.get(("test", "demo", "key"))
    client.close()
"""

from aerospike import exception
from aerospike._constants import *  # noqa: F403
from aerospike._core import Client, calc_digest, client, get_partition_id
from aerospike._types import (
    CDTInfinite,
    CDTWildcard,
    GeoJSON,
    KeyOrderedDict,
    geodata,
    geojson,
    null,
)
from aerospike._version import __version__
