"""Aerospike client for Python.

import aerospike

client = aerospike.client({"hosts": [("127.0.0.1", 3000)]})
client.put(("test", "demo", "key"), {"name": "John", "age": 32})
key, meta, bins = client.get(("test", "demo", "key"))
client.close()
"""

from aerospike import _constants
from aerospike import exception as exception
from aerospike._client import Client as Client
from aerospike._constants import *  # noqa: F403
from aerospike._core import Transaction as Transaction
from aerospike._core import calc_digest as calc_digest
from aerospike._core import client as client
from aerospike._core import get_partition_id as get_partition_id
from aerospike._core import keep_memory as keep_memory
from aerospike._core import set_deserializer as set_deserializer
from aerospike._core import set_log_handler as set_log_handler
from aerospike._core import set_log_level as set_log_level
from aerospike._core import set_serializer as set_serializer
from aerospike._core import unset_serializers as unset_serializers
from aerospike._errors import in_doubt as in_doubt
from aerospike._imports import whole as _whole
from aerospike._types import CDTInfinite as CDTInfinite
from aerospike._types import CDTWildcard as CDTWildcard
from aerospike._types import ConfigProvider as ConfigProvider
from aerospike._types import GeoJSON as GeoJSON
from aerospike._types import KeyOrderedDict as KeyOrderedDict
from aerospike._types import geodata as geodata
from aerospike._types import geojson as geojson
from aerospike._types import null as null
from aerospike._version import __version__ as __version__
from aerospike.exception import AerospikeWarning as AerospikeWarning

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from aerospike import predicates as predicates
    from aerospike._async_client import AsyncClient as AsyncClient
    from aerospike._async_query import AsyncQuery as AsyncQuery
    from aerospike._async_query import AsyncScan as AsyncScan
    from aerospike._from_text import client_from_env as client_from_env
    from aerospike._from_text import client_from_url as client_from_url
    from aerospike._llist import LList as LList
    from aerospike._otel import instrument as instrument
    from aerospike._otel import uninstrument as uninstrument
    from aerospike._query import Query as Query
    from aerospike._query import Scan as Scan

# imported when they are asked for, so that importing the package stays quick
_LATER = {
    "AsyncClient": "aerospike._async_client",
    "AsyncQuery": "aerospike._async_query",
    "AsyncScan": "aerospike._async_query",
    "LList": "aerospike._llist",
    "Query": "aerospike._query",
    "Scan": "aerospike._query",
    "client_from_env": "aerospike._from_text",
    "client_from_url": "aerospike._from_text",
    "instrument": "aerospike._otel",
    "predicates": "aerospike.predicates",
    "uninstrument": "aerospike._otel",
}


if not TYPE_CHECKING:  # with it, type checkers would take any name

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(
                f"module 'aerospike' has no attribute {name!r}",
                name=name,
                obj=__import__(__name__),  # Python looks for a near name in it
            )
        module = _whole(_LATER[name])
        found: object = module if name == "predicates" else getattr(module, name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})


del TYPE_CHECKING


# the codes that the helper modules share with the extension have private names
globals().update(
    {
        name: value
        for name, value in vars(_constants).items()
        if name.startswith("_") and not name.startswith("__")
    }
)
