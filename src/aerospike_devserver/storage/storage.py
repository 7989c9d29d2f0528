"""The namespaces of a cluster, each with its records in 4096 partitions.

All nodes of a cluster share them: a node that stops loses no data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.loading import load_module
from aerospike_devserver.storage.index import Indexes
from aerospike_devserver.storage.namespace import Namespace


def _made(config: NamespaceConfig) -> Namespace:
    """A namespace of the kind that its settings ask for."""
    if not config.is_strong:
        return Namespace(config)
    load_module("storage.strong")
    from aerospike_devserver.storage.strong import StrongNamespace

    return StrongNamespace(config)


class Storage:
    """The namespaces of a cluster.

    Index definitions reach a real cluster as a whole, so it also keeps those of
    namespaces that no node has, and their names are taken.
    """

    def __init__(self, namespaces: Sequence[NamespaceConfig]) -> None:
        self.namespaces = {config.name.encode(): _made(config) for config in namespaces}
        self._elsewhere: defaultdict[bytes, Indexes] = defaultdict(Indexes)

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self.namespaces.values())

    def find(self, name: bytes) -> Namespace | None:
        """A namespace by its name as it stands in a message."""
        return self.namespaces.get(name)

    def indexes(self, name: bytes) -> Indexes:
        """The indexes of a namespace, which need not be there."""
        namespace = self.find(name)
        return self._elsewhere[name] if namespace is None else namespace.indexes

    def clear(self) -> None:
        """Forget all records, sets and indexes."""
        self._elsewhere.clear()
        for namespace in self:
            namespace.clear()
