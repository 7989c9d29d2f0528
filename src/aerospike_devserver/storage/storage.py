"""The namespaces of a cluster, each with its records in 4096 partitions.

All nodes of a cluster share them: a node that stops loses no data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.storage.index import Indexes
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.strong import StrongNamespace


class Storage:
    """The namespaces of a cluster.

    Index definitions reach a real cluster as a whole, so it also keeps those of
    namespaces that no node has, and their names are taken.
    """

    def __init__(self, namespaces: Sequence[NamespaceConfig]) -> None:
        self.namespaces = {
            each.name.encode(): (StrongNamespace if each.is_strong else Namespace)(each)
            for each in namespaces
        }
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
