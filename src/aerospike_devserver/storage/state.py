"""The state of a cluster and of its nodes, as the handlers see it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from aerospike_devserver.clock import Clock
from aerospike_devserver.config import Address, ClusterConfig, Racks
from aerospike_devserver.ownership import (
    N_PARTITIONS,
    partitions_of,
    replica_table,
    unavailable,
)
from aerospike_devserver.storage.jobs import Jobs
from aerospike_devserver.storage.modules import Modules
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.security import Security
from aerospike_devserver.storage.storage import Storage

NODE_PREFIX = "BB9"
_FIRST_NODE = 0xA1
_REST_S = 0.01
"""Seconds after which the work of a frozen node looks whether it may go on."""
DEFAULT_PORT = 3000
DEFAULT_TLS_PORT = 4333
"""What a peers list calls the default port, whatever the nodes listen on."""

Task = Iterator[float]
"""Work in turns, so that others have theirs between; each turn gives the seconds to
wait before the next one."""


def _at_once(task: Task) -> None:
    """Carry out a task without a loop."""
    for _ in task:
        pass


class Unserved(NamedTuple):
    """The partitions of a namespace that no node serves.

    lost: a test has made them unavailable; missing: the nodes that have them are down;
    dead: a test has made them so, until somebody revives them.
    """

    lost: frozenset[int] = frozenset()
    dead: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()

    @property
    def unavailable(self) -> frozenset[int]:
        """Those that come back by themselves."""
        return (self.lost | self.missing) - self.dead

    @property
    def all(self) -> frozenset[int]:
        """All of them."""
        return frozenset().union(*self)


_NONE: frozenset[int] = frozenset()


class Login(NamedTuple):
    """Who has logged in to a node, and until when that counts; ms since 1970."""

    user: bytes
    expires_ms: int


class NodeState:
    """One node. A port is 0 until the node has listened on it, or if it never does.

    is_frozen: it is live, and does nothing. logins: by the token that the client has
    got for each; logged_in: how many connections each user has.
    """

    def __init__(self, cluster: ClusterState, index: int) -> None:
        self.cluster = cluster
        self.index = index
        self.id = f"{NODE_PREFIX}{_FIRST_NODE + index:012X}"
        self.port = 0
        self.tls_port = 0
        self.is_live = False
        self.is_frozen = False
        self.n_connections = 0
        self.n_opened = 0
        self.user_agents: Counter[str] = Counter()
        self.logins: dict[bytes, Login] = {}
        self.logged_in: Counter[bytes] = Counter()
        self.started_s = time.monotonic()
        self.jobs = Jobs()

    def served(self, namespace: str) -> frozenset[int]:
        """The partitions of which the node holds a copy, as things are."""
        cluster = self.cluster
        held = partitions_of(
            self.index,
            cluster.config.replication_factor,
            cluster.live,
            cluster.shift,
            cluster.racks_of(namespace),
        )
        unserved = cluster.unserved_of(namespace)
        return held - unserved if unserved else held

    def is_master_of(self, namespace: str, partition: int) -> bool:
        """Whether the node is the one that writes to a partition."""
        cluster = self.cluster
        is_first = cluster.owners(namespace, partition)[:1] == (self.index,)
        return is_first and partition not in cluster.unserved_of(namespace)

    def spawn(self, task: Task) -> None:
        """Start a task of this node's own, which rests while the node is frozen."""
        self.cluster.spawn(self._rested(task))

    def _rested(self, task: Task) -> Task:
        for pause_s in task:
            yield pause_s
            while self.is_frozen:
                yield _REST_S

    def address_for(self, local_host: str) -> Address:
        """Where a client reaches the node that has reached one at `local_host`."""
        access = self.cluster.config.access
        if access is not None:
            return access.of_node(self.index)
        return Address(self._host_for(local_host), self.port)

    def tls_address_for(self, local_host: str) -> Address:
        """The same over TLS, whose ports are published under their own numbers."""
        access = self.cluster.config.access
        host = self._host_for(local_host) if access is None else access.host
        return Address(host, self.tls_port)

    def alternate_for(self, _local_host: str) -> Address | None:
        """Where clients reach the node that use alternate addresses."""
        return self._alternate(self.port)

    def tls_alternate_for(self, _local_host: str) -> Address | None:
        """The same over TLS."""
        return self._alternate(self.tls_port)

    def _alternate(self, own_port: int) -> Address | None:
        given = self.cluster.config.alternate
        if given is None:
            return None
        return (
            given.of_node(self.index) if given.port else Address(given.host, own_port)
        )

    def _host_for(self, local_host: str) -> str:
        config = self.cluster.config
        return local_host if config.is_everywhere else config.host


class ClusterState:
    """What all nodes of a cluster share. Changed on the thread of its loop only.

    spawn: starts a task, whose first turn comes at once. shift: how far the owners of
    partitions were moved along. unserved: of the namespaces with strong consistency.
    left_behind: bytes of batches that go on though their clients have gone.
    """

    def __init__(
        self, config: ClusterConfig, spawn: Callable[[Task], None] = _at_once
    ) -> None:
        self.config = config
        self.spawn = spawn
        self.clock = Clock()
        self.storage = Storage(config.namespaces)
        self.modules = Modules()
        self.security = Security(config.security) if config.security else None
        self.nodes = [NodeState(self, index) for index in range(config.nodes)]
        self.peers_generation = 0
        self.partition_generation = 0
        self.rebalance_generation = 0
        self.shift = 0
        self.left_behind = 0
        self.racks = config.racks
        strong = [each.name for each in config.namespaces if each.is_strong]
        self.unserved = dict.fromkeys(strong, Unserved())
        self._unserved: dict[str, frozenset[int]] = {}

    def racks_of(self, namespace: str) -> tuple[int, ...]:
        """The racks of all nodes in a namespace; empty if there are no racks."""
        return self.racks.get(namespace, ())

    def owners(self, namespace: str, partition: int) -> tuple[int, ...]:
        """Indexes of the live nodes, those that have the partition first."""
        table = replica_table(self.live, self.racks_of(namespace))
        return table[(partition + self.shift) % N_PARTITIONS]

    def unserved_of(self, namespace: str) -> frozenset[int]:
        """The partitions of a namespace that no node serves, as things are."""
        return self._unserved.get(namespace, _NONE)

    def lose(
        self, namespaces: Iterable[str], lost: Iterable[int], dead: Iterable[int]
    ) -> None:
        """Serve some partitions no more: besides those that have no nodes, these.

        :param namespaces: names of some with strong consistency.
        """
        made = Unserved(frozenset(lost), frozenset(dead))
        self.unserved |= dict.fromkeys(namespaces, made)
        self._spread_anew()

    def revive(self, namespaces: Iterable[str]) -> None:
        """Serve the dead partitions of some namespaces again."""
        for name in namespaces:
            self.unserved[name] = self.unserved[name]._replace(dead=_NONE)
        self._spread_anew()

    @property
    def live(self) -> tuple[int, ...]:
        """Indexes of the nodes that are up."""
        return tuple(node.index for node in self.nodes if node.is_live)

    @property
    def replicas(self) -> int:
        """Copies of a record: the replication factor, cut to the nodes that are up."""
        return max(1, min(self.config.replication_factor, len(self.live)))

    @property
    def regime(self) -> int:
        """Of the partition map: it goes up whenever partitions are spread anew."""
        return self.partition_generation + 1

    @property
    def cluster_key(self) -> str:
        """12 hex digits that change with the membership."""
        members = repr((self.live, self.peers_generation)).encode()
        return blake2b(members, digest_size=6).hexdigest().upper()

    def namespace(self, name: str) -> Namespace | None:
        """A namespace by name."""
        return self.storage.find(name.encode("utf-8", "surrogateescape"))

    def set_live(self, index: int, is_live: bool) -> None:
        """A node has come or gone: partitions are spread anew, generations go up.

        A node that comes back does not know its former queries and logins.
        """
        node = self.nodes[index]
        node.is_live = is_live
        if is_live:
            node.jobs = Jobs()
            node.logins.clear()
        self.peers_generation += 1
        self._spread_anew()

    def move_partitions(self) -> None:
        """Partitions go to other nodes, though the nodes are the same."""
        self.shift = (self.shift + 1) % N_PARTITIONS
        self._spread_anew()

    def set_racks(self, racks: Racks) -> None:
        """Nodes stand in other racks: partitions are spread over them anew."""
        self.racks = racks
        self._spread_anew()

    def _find_missing(self) -> None:
        """Find out which partitions have too few nodes left."""
        n_nodes = len(self.nodes)
        copies = min(self.config.replication_factor, n_nodes)
        for name, found in self.unserved.items():
            racks = self.racks_of(name)
            missing = unavailable(n_nodes, self.live, copies, self.shift, racks)
            self.unserved[name] = found._replace(missing=missing)
            self._unserved[name] = self.unserved[name].all

    def _spread_anew(self) -> None:
        self._find_missing()
        self.partition_generation += 1
        self.rebalance_generation += 1

    def reset(self) -> None:
        """Forget data, modules, users and roles; the clock shows the time again.

        Tokens stay, of users who are still there.
        """
        self.clock.reset()
        if self.security is not None:
            self.security.reset()
        self.storage.clear()
        if any(each.lost or each.dead for each in self.unserved.values()):
            self.lose(self.unserved, (), ())
        self.modules.clear()
