"""DevCluster: nodes that a test can start, stop and ask for, in its own process.

This module joins what knows sockets (`transport`) with what knows requests (`dispatch`)
and with the data that the nodes of the cluster share (`storage`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aerospike_devserver.config import (
    COMMUNITY,
    DEFAULT_NAMESPACES,
    DEFAULT_SESSION_TTL_S,
    DEFAULT_TLS_NAME,
    DEFAULT_UDF_MEMORY,
    DEFAULT_UDF_TIMEOUT_S,
    ENTERPRISE,
    LOCALHOST,
    ClusterConfig,
    ExternalUsers,
    GivenRacks,
    NamespaceConfig,
    SecurityConfig,
    Strong,
    TlsConfig,
    UdfConfig,
    is_loopback,
    racks_of,
    strong_ones,
)
from aerospike_devserver.dispatch import answer
from aerospike_devserver.faults import Faults, Ground, index_in
from aerospike_devserver.loading import load_module
from aerospike_devserver.ownership import N_PARTITIONS
from aerospike_devserver.reply import Reply
from aerospike_devserver.session import Session
from aerospike_devserver.storage.security import ADMIN, ADMIN_PASSWORD
from aerospike_devserver.storage.state import ClusterState, NodeState, Task
from aerospike_devserver.transport import Listener, Loop, bind
from aerospike_devserver.version import DEFAULT_VERSION

if TYPE_CHECKING:
    import ssl

    from aerospike_devserver.seeding import Source
    from aerospike_devserver.tls import AnyPath, Files, Tls

log = logging.getLogger(__name__)

REAP_PERIOD_S = 10.0
_NODE_ID = re.compile(r"[1-9A-F][0-9A-F]{0,15}")
_REMOTE_WARNING = (
    "host %s can be reached from other machines, and there are no users and no "
    "passwords: whoever reaches the server reads and writes everything"
)
_ADMIN_WARNING = (
    "host %s can be reached from other machines: give the user admin another password"
)

PARTITIONS_PER_TURN = 32
"""Partitions that are searched for expired records before others have a turn."""


def _refuse(needed: str, **given: object) -> None:
    """ValueError for the first setting that is given: it needs another one."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} needs {needed}")


class DevCluster:
    """A cluster of development servers on loopback; it is a context manager.

    A process can have any number of clusters. Any thread may call any method. The nodes
    of a cluster share their data, which is in memory until `stop`.

    :param nodes: the number of nodes.
    :param port: node i listens on port + 10*i; 0 = a free port each.
    :param host: a loopback address, such as "127.0.0.1" or "::1"; with `allow_remote`
        any address of the machine, "0.0.0.0" = all. "localhost" stands
        for 127.0.0.1.
    :param namespaces: their names.
    :param replication_factor: copies of each record, at most one for each live node.
    :param version: "8.1" or "8.2", or a build of four numbers to report. The server
        refuses what is not in this version, such as string operations before 8.2.
    :param edition: "community" or "enterprise". With "enterprise", the server reports
        this edition, and has compression and durable deletes. None = "enterprise" with
        security or strong consistency, otherwise "community".
    :param cluster_name: None = the cluster has no name.
    :param default_ttl: time to live of records that are written without one, in
        seconds; 0 = they never expire.
    :param nsup_period: seconds between two removals of expired records; 0 = none are
        removed.
    :param allow_ttl_without_nsup: with `nsup_period=0`, accept writes with a TTL, too.
    :param max_record_size: bytes.
    :param allow_remote: accept a host that other machines can reach. Without security
        there are no users: everybody who reaches the server reads and writes
        everything.
    :param access_address: "HOST:PORT", the address that clients get for node 0. For
        node i they get PORT + 10*i. This is for a container with published ports.
        None = the address at which the node listens.
    :param alternate_address: the same for clients with `use_services_alternate`, or
        "HOST" for this host with the nodes' own ports. None = there are no alternate
        addresses.
    :param racks: the rack of each node, [1, 1, 2], or {namespace: [1, 1, 2]}. The
        copies of a record are then on different racks, if there are enough racks.
        None = there are no racks, as in the Community Edition.
    :param tls: True = serve TLS on further ports, with certificates that the cluster
        makes, for which it needs the extra `devserver`; or a context of yours. `config`
        is the configuration of a client.
    :param mutual_tls: the same, and clients must show a certificate.
    :param tls_name: the name in the certificate of each node. Your own certificate must
        have it, too. None = "devcluster".
    :param tls_port: node i listens on tls_port + 10*i; 0 or None = a free port each.
    :param tls_only: no ports without TLS.
    :param tls_cert: serve TLS with this certificate, a file in PEM with its chain.
    :param tls_key: the key of that certificate, a file in PEM without a pass phrase.
    :param tls_ca: clients must show a certificate of this CA, a file in PEM.
    :param security: clients must log in, and may do what the roles of their user allow.
        The first user is "admin" with the password "admin".
    :param external_users: users with external logins, as if their passwords were in a
        directory: {name: {"password": "...", "roles": ["read", ...]}}.
    :param session_ttl: seconds after which a client must log in again. None = a day.
    :param udf_timeout: seconds after which the server stops a function in Lua, unless
        its request has a timeout of its own. In background work, the limit is a second,
        or `udf_timeout` if that is less.
    :param udf_memory: memory limit for the functions of a module, in bytes.
    :param full_lua: give functions in Lua the whole library, which reads and writes
        files and starts processes. Without it they reach only records.
    :param strong_consistency: which namespaces have strong consistency and
        transactions: True = all, or a list of names.
    :param allow_expunge: with strong consistency, accept deletes that are not durable,
        outside of transactions.
    :param seed: records that exist from the beginning, and again after `reset`: a file
        of JSON, a folder with such files, or a list of dictionaries. See `load`.
    :ivar faults: makes requests fail on purpose: see `Faults`.
    :raises ValueError: a parameter is out of range, or a file has wrong contents.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        port: int = 0,
        host: str = LOCALHOST,
        namespaces: Iterable[str] = DEFAULT_NAMESPACES,
        replication_factor: int = 2,
        version: str = DEFAULT_VERSION,
        edition: str | None = None,
        cluster_name: str | None = None,
        default_ttl: int = 0,
        nsup_period: int = 10,
        allow_ttl_without_nsup: bool = True,
        max_record_size: int = 1_048_576,
        allow_remote: bool = False,
        access_address: str | None = None,
        tls: bool | ssl.SSLContext = False,
        mutual_tls: bool = False,
        tls_name: str | None = None,
        tls_port: int | None = None,
        tls_only: bool = False,
        tls_cert: AnyPath = None,
        tls_key: AnyPath = None,
        tls_ca: AnyPath = None,
        security: bool = False,
        external_users: ExternalUsers | None = None,
        session_ttl: int | None = None,
        udf_timeout: float = DEFAULT_UDF_TIMEOUT_S,
        udf_memory: int = DEFAULT_UDF_MEMORY,
        full_lua: bool = False,
        alternate_address: str | None = None,
        racks: GivenRacks = None,
        strong_consistency: Strong = False,
        allow_expunge: bool = False,
        seed: Source | None = None,
    ) -> None:
        namespaces = list(namespaces)
        strong = strong_ones(strong_consistency, namespaces)
        settings = [
            NamespaceConfig(
                name,
                default_ttl_s=default_ttl,
                nsup_period_s=nsup_period,
                allow_ttl_without_nsup=allow_ttl_without_nsup,
                max_record_size=max_record_size,
                is_strong=name in strong,
                allow_expunge=allow_expunge,
            )
            for name in namespaces
        ]
        name = DEFAULT_TLS_NAME if tls_name is None else tls_name
        ttl_s = DEFAULT_SESSION_TTL_S if session_ttl is None else session_ttl
        self._tls: Tls | None = None
        files = (tls_cert, tls_key, tls_ca)
        if tls or mutual_tls or files != (None, None, None):
            load_module("tls")
            from aerospike_devserver.tls import tls_of

            self._tls = tls_of(tls, mutual_tls, name, *files)
        if edition is None:
            edition = ENTERPRISE if security or strong else COMMUNITY
        has_tls, users = self._tls is not None, external_users or {}
        if not has_tls:
            _refuse(
                "tls, or tls_cert and tls_key",
                tls_only=tls_only or None,
                tls_name=tls_name,
                tls_port=tls_port,
            )
        if edition == COMMUNITY:
            _refuse(
                f'edition="{ENTERPRISE}"',
                security=security or None,
                strong_consistency=strong or None,
            )
        if not strong:
            _refuse("strong_consistency", allow_expunge=allow_expunge or None)
        if not security:
            _refuse(
                "security",
                external_users=external_users or None,
                session_ttl=session_ttl,
            )
        self._config = ClusterConfig(
            nodes,
            port,
            LOCALHOST if host == "localhost" else host,
            replication_factor,
            version,
            cluster_name,
            settings,
            allow_remote,
            access_address,
            TlsConfig(name, tls_port or 0, tls_only) if has_tls else None,
            SecurityConfig(users, ttl_s) if security else None,
            UdfConfig(udf_timeout, udf_memory, full_lua),
            alternate_address,
            racks_of(racks, nodes, [each.name for each in settings]),
            edition,
        )
        self._seed: Source | None = seed
        self._n_seeded = 0
        if seed is not None and not isinstance(seed, (str, os.PathLike)):
            self._seed = [*seed]
        self._state = ClusterState(self._config)
        self._lock = threading.RLock()
        self._loop: Loop | None = None
        self._listeners: dict[int, list[Listener]] = {}
        # ports of nodes that are down
        self._reserved: dict[int, list[socket.socket]] = {}
        self.faults = Faults(Ground(self._index_of, self._refuse, self._hang_up))

    def start(self) -> DevCluster:
        """Listen on all nodes, with the records of `seed`.

        RuntimeError if it runs; OSError if a port is taken, or a file cannot be read;
        SeedError if a record cannot be loaded.
        """
        with self._lock:
            if self._loop is not None:
                raise RuntimeError("the cluster is running")
            if self._tls is not None:
                self._tls.start()
            self._loop = Loop(self._answer, self._keep_house, REAP_PERIOD_S)
            self._state = ClusterState(self._config, self._loop.spawn)
            if not is_loopback(self._config.host):
                is_open = self._config.security is None
                warning = _REMOTE_WARNING if is_open else _ADMIN_WARNING
                log.warning(warning, self._config.host)
            with contextlib.ExitStack() as failed:
                failed.callback(self.stop)
                self._load_seed()
                self._loop.call(self._start_nodes)
                failed.pop_all()
        return self

    def __repr__(self) -> str:
        with self._lock:
            state = "stopped" if self._loop is None else f"at {self.hosts}"
            return f"<DevCluster of {len(self._state.nodes)} nodes, {state}>"

    def _load_seed(self) -> None:
        if self._seed is not None:
            self._n_seeded = self.load(self._seed)

    def _start_nodes(self) -> None:
        for node in self._state.nodes:
            config, index = self._config, node.index
            self._listen(index, config.port_of(index), config.tls_port_of(index))
            node.is_live = True

    def stop(self) -> None:
        """Close all sockets and forget all data. A second call does nothing.

        It does nothing in the child of a fork, because the nodes belong to the parent.
        """
        if self._loop is not None and self._loop.is_inherited:
            return
        self.faults.clear()
        with self._lock:
            loop, self._loop = self._loop, None
            self._listeners.clear()
            self._free_ports()
            if loop is not None:
                loop.stop()
            if self._tls is not None:
                self._tls.stop()

    def _free_ports(self) -> None:
        for index in list(self._reserved):
            self._free_ports_of(index)

    def _free_ports_of(self, index: int) -> None:
        for sock in self._reserved.pop(index, ()):
            sock.close()

    def __enter__(self) -> DevCluster:
        return self.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self, index: int, port: int, tls_port: int) -> None:
        """Listen on the ports of a node, with TLS and without, as the settings say."""
        node, tls = self._state.nodes[index], self._tls
        listeners = self._listeners[index] = []
        if self._config.tls is None or not self._config.tls.only:
            listeners.append(self._listener(node, port, None))
            node.port = listeners[-1].port
        if tls is not None:
            listeners.append(self._listener(node, tls_port, tls.context))
            node.tls_port = listeners[-1].port

    def _listener(
        self, node: NodeState, port: int, context: ssl.SSLContext | None
    ) -> Listener:
        listener = Listener(
            self._running,
            self._config.host,
            port,
            partial(self._session, node.index),
            context,
            lambda _session: self.faults.welcome(node.index),
        )
        listener.refuse(self.faults.refuses(node.index))
        return listener

    # Faults

    def _session(
        self, index: int, peer: str, host: str, certificate: str | None
    ) -> Session:
        """The session of a connection that a node has accepted."""
        node = self._state.nodes[self.faults.place_of(index)]
        return Session(node, peer, host, certificate)

    def _answer(self, session: Session, proto_type: int, body: bytes) -> Reply:
        if not self.faults.active:
            return answer(session, proto_type, body)
        make = partial(answer, session, proto_type, body)
        return self.faults.reply(session.node.index, proto_type, body, make)

    def _index_of(self, node: int | str) -> int:
        """The index of a node, given by that or by its name."""
        return index_in(self.node_ids, node)

    def _refuse(self) -> None:
        """Let each listener do as the faults say that are active now."""
        self._with_listeners(
            None, lambda at, each: each.refuse(self.faults.refuses(at))
        )

    def _hang_up(self, index: int) -> None:
        self._with_listeners(index, lambda _, each: each.hang_up())

    def _with_listeners(
        self, index: int | None, do: Callable[[int, Listener], None]
    ) -> None:
        """Do something with the listeners of a node, or of all, if the cluster runs."""

        def run() -> None:
            for place, listeners in self._listeners.items():
                for listener in listeners:
                    if index in (None, place):
                        do(place, listener)

        with self._lock:
            if self._loop is not None:
                self._loop.call(run)

    @property
    def _running(self) -> Loop:
        if self._loop is None:
            raise RuntimeError("the cluster is not running")
        return self._loop

    def stop_node(self, node: int | str) -> None:
        """Close the sockets of a node. The other nodes take over its partitions.

        If the node has stopped already, nothing happens.

        :param node: its index, or its name.

        IndexError or ValueError: no such node.
        """
        with self._lock:
            self._running.call(lambda: self._set_down(self._node(node)))

    def _node(self, node: int | str) -> NodeState:
        return self._state.nodes[self._index_of(node)]

    def _set_down(self, node: NodeState) -> None:
        index = node.index
        if node.is_live:
            self._state.set_live(index, False)
            node.is_frozen = False
            for listener in self._listeners.pop(index):
                listener.close()
            self._reserved[index] = []
            for port in filter(None, (node.port, node.tls_port)):
                # else another program may have the port when the node comes back
                with contextlib.suppress(OSError):
                    self._reserved[index].append(bind(self._config.host, port))

    def start_node(
        self,
        node: int | str,
        *,
        is_moved: bool = False,
        node_id: str | None = None,
    ) -> None:
        """Start a stopped node again.

        If the node runs already, nothing happens.

        :param node: its index, or its name.
        :param is_moved: use free ports, and not those that the node had.
        :param node_id: a new name: hexadecimal digits. Another node must not have it.

        IndexError or ValueError: no such node, or the new name is wrong. OSError:
        another program uses the port.
        """
        with self._lock:
            self._running.call(
                lambda: self._set_up(self._node(node), is_moved, node_id)
            )

    def _set_up(self, node: NodeState, is_moved: bool, node_id: str | None) -> None:
        index = node.index
        if node_id is not None:
            others = [each.id for each in self._state.nodes if each is not node]
            if node_id in others or not _NODE_ID.fullmatch(node_id):
                raise ValueError(f"{node_id!r} cannot be the name of node {index}")
        if node.is_live:
            return
        if is_moved:  # the old ports are taken meanwhile
            self._listen(index, 0, 0)
            self._free_ports_of(index)
        else:
            self._free_ports_of(index)
            self._listen(index, node.port, node.tls_port)
        node.id = node_id or node.id
        self._state.set_live(index, True)

    def set_racks(self, racks: GivenRacks) -> None:
        """Move nodes to other racks, or to none.

        Partitions move, so that the copies of a record are on different racks.

        :param racks: as in the constructor.

        ValueError: there are no such racks.
        """
        made = racks_of(racks, len(self._state.nodes), self._namespaces)
        with self._lock:
            self._running.call(lambda: self._state.set_racks(made))

    @property
    def _namespaces(self) -> list[str]:
        return [namespace.name for namespace in self._config.namespaces]

    def move_partitions(self) -> None:
        """Move partitions to other nodes, as a cluster does to balance itself.

        No node comes or goes, so the cluster key does not change.
        """
        with self._lock:
            self._running.call(self._state.move_partitions)

    def lose_partitions(
        self,
        partitions: Iterable[int] | None = None,
        *,
        namespace: str | None = None,
        is_dead: bool = False,
    ) -> None:
        """Make partitions unavailable in namespaces with strong consistency.

        Commands on their records fail with code 11, except reads with the mode "allow
        unavailable". This ends with `revive_partitions`, or with the next call of
        `lose_partitions`.

        :param partitions: their numbers; None = all.
        :param namespace: its name; None = all that have strong consistency.
        :param is_dead: make them dead, until somebody revives them.

        ValueError: there are no such partitions, or no such namespace.
        """
        numbers = set(range(N_PARTITIONS) if partitions is None else partitions)
        if not numbers <= set(range(N_PARTITIONS)):
            raise ValueError(f"partitions are 0 to {N_PARTITIONS - 1}")
        names, none = self._strong(namespace), ()
        lost, dead = (none, numbers) if is_dead else (numbers, none)
        with self._lock:
            self._running.call(lambda: self._state.lose(names, lost, dead))

    def revive_partitions(self, namespace: str | None = None) -> None:
        """Make all partitions available again, also dead ones.

        ValueError: there is no such namespace with strong consistency.
        """
        names = self._strong(namespace)
        with self._lock:
            self._running.call(lambda: self._state.lose(names, (), ()))

    def _strong(self, namespace: str | None) -> list[str]:
        """A namespace with strong consistency, or all of them; ValueError."""
        strong = [each.name for each in self._config.namespaces if each.is_strong]
        if namespace is None and strong:
            return strong
        if namespace not in strong:
            raise ValueError(f"no namespace {namespace!r} with strong consistency")
        return [namespace]

    def freeze_node(self, node: int | str) -> None:
        """Stop the work of a node, as SIGSTOP does with a process, until `thaw_node`.

        Its sockets stay open. Requests and new connections wait in the kernel. The
        other nodes notice nothing, and the node keeps its partitions. `stop_node` ends
        this, and the requests that the node has not read are lost.

        If the node has stopped, nothing happens.

        :param node: its index, or its name.

        IndexError or ValueError: no such node.
        """
        with self._lock:
            self._running.call(lambda: self._set_frozen(self._node(node), True))

    def thaw_node(self, node: int | str) -> None:
        """Let a frozen node continue, and carry out the requests that wait for it.

        These include requests of clients that have given up and disconnected.

        If the node is not frozen, nothing happens.

        :param node: its index, or its name.

        IndexError or ValueError: no such node.
        """
        with self._lock:
            self._running.call(lambda: self._set_frozen(self._node(node), False))

    def _set_frozen(self, node: NodeState, is_frozen: bool) -> None:
        if node.is_live and node.is_frozen is not is_frozen:
            node.is_frozen = is_frozen
            for listener in self._listeners[node.index]:
                listener.freeze(is_frozen)

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """Address and port of the live nodes, also of frozen ones.

        These are the ports without TLS, if there are any, and otherwise those with TLS.
        RuntimeError if the cluster does not run.
        """
        with self._lock:
            return [
                (self._local_host, node.port or node.tls_port) for node in self._live()
            ]

    def _live(self) -> list[NodeState]:
        return self._running.call(lambda: [n for n in self._state.nodes if n.is_live])

    @property
    def config(self) -> dict[str, Any]:
        """A configuration for a client of this cluster: `hosts`, and `tls` with TLS.

        With security it also has the first user and the password. RuntimeError if the
        cluster does not run.
        """
        with self._lock:
            config: dict[str, Any] = {"hosts": self.hosts}
            if self._tls is not None and self._config.tls is not None:
                name, host = self._config.tls.name, self._local_host
                config["hosts"] = [(host, node.tls_port, name) for node in self._live()]
                config["tls"] = self._tls.client_settings
            if self._config.security is not None:
                config |= {"user": ADMIN, "password": ADMIN_PASSWORD}
            return config

    def client_certificate(self, name: str) -> Files:
        """Make a certificate for a client, in files that exist until `stop`.

        :param name: its common name. A client that logs in with it is the user of this
            name.
        :return: the paths of the certificate and of its key.

        RuntimeError if the cluster does not run, or has certificates of yours.
        """
        with self._lock:
            if self._tls is None:
                raise RuntimeError("the cluster serves no TLS")
            return self._tls.certificates.client(name)

    @property
    def _local_host(self) -> str:
        """The address that this machine itself connects to."""
        if not self._config.is_everywhere:
            return self._config.host
        return "::1" if ":" in self._config.host else "127.0.0.1"

    @property
    def node_ids(self) -> list[str]:
        """Names of all nodes, also of stopped ones, in their order."""
        return [node.id for node in self._state.nodes]

    @property
    def n_seeded(self) -> int:
        """How many records the seed had when it was loaded last; 0 without a seed."""
        return self._n_seeded

    def advance(self, seconds: float) -> None:
        """Move the clock of the cluster forward, so that records expire."""
        with self._lock:
            self._running.call(lambda: self._advance(seconds))

    def _advance(self, seconds: float) -> None:
        self._state.clock.advance(seconds)
        for _ in self._reap():
            pass

    def _keep_house(self) -> None:
        """Free expired records; they have been invisible since they expired."""
        self._state.spawn(self._reap())

    def _reap(self) -> Task:
        """Free expired records, in turns."""
        now_s = self._state.clock.now_s()
        for namespace in self._state.storage:
            for number, _ in enumerate(namespace.reap(now_s), 1):
                if number % PARTITIONS_PER_TURN == 0:
                    yield 0.0

    def reset(self) -> None:
        """Bring the cluster back into the state in which it began.

        All records, sets, indexes and modules are removed, and the records of `seed`
        loaded again. Users and roles are those of the beginning, all faults end, and
        the clock shows the time of the machine.
        """
        self.faults.clear()
        with self._lock:
            self._running.call(self._state.reset)
            self._load_seed()

    def load(self, source: Source) -> int:
        """Write records from JSON. They replace existing records with the same key.

        :param source: a file with objects of JSON, one after another or in one array; a
            folder, whose `.json` and `.jsonl` files are all read; or a list of
            dictionaries. Each is a record: `{"namespace": "test", "set": "users",
            "key": "ada", "bins": {"age": 36}, "ttl": 3600}`. Only `bins`, and `key` or
            `digest`, are required.
        :return: the number of records.
        :raises SeedError: a record is wrong; the text names the file, the line and the
            field. No record of the source was written.
        :raises OSError: the file cannot be read.

        RuntimeError if it does not run.
        """
        load_module("seeding")
        from aerospike_devserver.seeding import read_records, write_records

        with self._lock:
            loop = self._running
            ready = read_records(self._state, source)
            return loop.call(lambda: write_records(self._state, ready))

    def dump(self, path: str | os.PathLike[str]) -> int:
        """Write all records to a file that `load` can read, one line of JSON for each.

        A record whose key is not stored has its digest in the file.

        :return: the number of records.
        :raises OSError: the file cannot be written.

        RuntimeError if it does not run.
        """
        load_module("seeding")
        from aerospike_devserver.seeding import dump_records

        with self._lock:
            lines = self._running.call(lambda: dump_records(self._state))
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines)
        return len(lines)
