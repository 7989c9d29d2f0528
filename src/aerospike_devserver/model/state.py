"""The state of a cluster and of its nodes, as the handlers see it."""

from __future__ import annotations

import time
from collections import Counter, deque
from hashlib import blake2b

from aerospike_devserver.clock import Clock
from aerospike_devserver.config import ClusterConfig
from aerospike_devserver.model.storage import Namespace, Storage
from aerospike_devserver.ownership import replica_table

NODE_PREFIX = "BB9"
_FIRST_NODE = 0xA1
MAX_RECENT_TASKS = 100
"""Finished queries that a node remembers; the ids of these cannot be used again."""
DEFAULT_PORT = 3000
"""What a peers list calls the default port, whatever the nodes listen on."""


class NodeState:
    """One node. port is 0 until it has listened for the first time."""

    def __init__(self, cluster: ClusterState, index: int) -> None:
        self.cluster = cluster
        self.index = index
        self.id = f"{NODE_PREFIX}{_FIRST_NODE + index:012X}"
        self.port = 0
        self.is_live = False
        self.n_connections = 0
        self.n_opened = 0
        self.user_agents: Counter[str] = Counter()
        self.started_s = time.monotonic()
        self.recent_tasks: deque[int] = deque(maxlen=MAX_RECENT_TASKS)

    def serves(self, partition: int) -> bool:
        """Whether the node holds a copy of a partition."""
        cluster = self.cluster
        owners = replica_table(cluster.live)[partition]
        return self.index in owners[: cluster.config.replication_factor]

    @property
    def address(self) -> str:
        """Where clients reach the node: `ip:port`."""
        return f"{self.cluster.config.host}:{self.port}"


class ClusterState:
    """What all nodes of a cluster share. Changed on the thread of its loop only."""

    def __init__(self, config: ClusterConfig) -> None:
        self.config = config
        self.clock = Clock()
        self.storage = Storage(config.namespaces)
        self.nodes = [NodeState(self, index) for index in range(config.nodes)]
        self.peers_generation = 0
        self.partition_generation = 0
        self.rebalance_generation = 0

    @property
    def live(self) -> tuple[int, ...]:
        """Indexes of the nodes that are up."""
        return tuple(node.index for node in self.nodes if node.is_live)

    @property
    def cluster_key(self) -> str:
        """12 hex digits that change with the membership."""
        members = repr((self.live, self.peers_generation)).encode()
        return blake2b(members, digest_size=6).hexdigest().upper()

    def namespace(self, name: str) -> Namespace | None:
        """A namespace by name."""
        return self.storage.find(name.encode())

    def set_live(self, index: int, is_live: bool) -> None:
        """A node has come or gone: partitions are spread anew, generations go up."""
        self.nodes[index].is_live = is_live
        self.peers_generation += 1
        self.partition_generation += 1
        self.rebalance_generation += 1

    def reset(self) -> None:
        """Forget all records, and let the clock show the time again."""
        self.clock.reset()
        for namespace in self.storage:
            namespace.clear()
