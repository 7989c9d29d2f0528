"""The steps of an examination. Each looks at one thing, and says in a line what it saw.

A step that raises Trouble has found what hinders all later ones, which are left out.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from aerospike._doctor import texts
from aerospike._doctor.findings import PROBLEM, WARNING, Finding, finding
from aerospike._doctor.texts import N_PARTITIONS, Peer, entries_of, number_of
from aerospike._doctor.wire import (
    NOT_SUPPORTED,
    Address,
    Connection,
    Trouble,
    Way,
    lookup,
)

EPOCH_OF_SERVERS_S = 1_262_304_000
"""2010-01-01, from which servers count the seconds of times to live."""

CLOCKS_DIFFER_S = 3
"""Clocks are read in whole seconds, by a machine that may be busy."""

EXPIRES_SOON_DAYS = 14
MOST_NODES = 256
MOST_ROUNDS = 4
"""Mostly the first node names all others, and those name nobody else."""

NEARLY = 0.8


class Options(NamedTuple):
    """What the command line says.

    :ivar config: of a client with the same settings, for the last step.
    :ivar max_conns: connections that a client may open to one node.
    """

    host: str
    port: int
    way: Way
    cluster_name: str | None
    alternate: bool
    config: dict[str, Any]
    max_conns: int


class Node(NamedTuple):
    """A node that has answered.

    :ivar address: where.
    :ivar answers: to info commands; those of namespaces as "namespace/<name>".
    :ivar at_s: when, by this machine's clock.
    """

    name: str
    address: Address
    answers: dict[str, str]
    at_s: float

    def statistics(self) -> dict[str, str]:
        return entries_of(self.answers.get("statistics", ""))

    def namespaces(self) -> dict[str, dict[str, str]]:
        names = self.answers.get("namespaces", "").split(";")
        found = {name: self.answers.get(f"namespace/{name}") for name in names if name}
        return {
            name: entries_of(text or "")
            for name, text in found.items()
            if not texts.is_failure(text)
        }


class Step(NamedTuple):
    """What a step came to.

    :ivar status: "ok", "skipped", or the severity of its worst finding.
    """

    name: str
    status: str
    text: str
    took_ms: int


class Examination:
    """What is known so far.

    :ivar addresses: of the first node's name. `seed` is the one that was reached.
    :ivar nodes: by name, those that have answered.
    :ivar lost: by name, those that have not.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.steps: list[Step] = []
        self.findings: list[Finding] = []
        self.addresses: list[Address] = []
        self.seed = Address(options.host, options.port)
        self.nodes: dict[str, Node] = {}
        self.lost: dict[str, tuple[Address, ...]] = {}
        self._step = ""

    def find(self, code: str, **details: Any) -> None:
        self.findings.append(finding(self._step, code, **details))

    def find_trouble(self, trouble: Trouble) -> None:
        self.find(trouble.code, **trouble.details)

    @property
    def hinders(self) -> bool:
        return any(found.severity == PROBLEM for found in self.findings)

    def run(self) -> None:
        goes_on = True
        for name, step in STEPS:
            if goes_on:
                goes_on = self._run(name, step)
            else:
                self.steps.append(Step(name, "skipped", "", 0))

    def _run(self, name: str, step: Callable[[Examination], str]) -> bool:
        """Run a step. False: later steps have nothing to look at."""
        self._step, before = name, len(self.findings)
        began_s = time.monotonic()
        goes_on = True
        try:
            text = step(self)
        except Trouble as trouble:
            self.find_trouble(trouble)
            text, goes_on = self.findings[-1].text, False
        except Exception as error:  # noqa: BLE001 - a report is wanted in any case
            self.find("step-failed", reason=f"{type(error).__name__}: {error}")
            text = self.findings[-1].text
        severities = {found.severity for found in self.findings[before:]}
        status = "ok"
        for severity in (WARNING, PROBLEM):
            status = severity if severity in severities else status
        took_ms = round((time.monotonic() - began_s) * 1000)
        self.steps.append(Step(name, status, text, took_ms))
        return goes_on

    # --- what steps share ---

    def kind(self) -> str:
        """Which list of addresses a client with these settings asks for."""
        return "tls" if self.options.way.tls is not None else "clear"

    def commands(self, alternate: bool) -> tuple[str, str]:
        """The commands for a node's own addresses and for its peers."""
        which = "alt" if alternate else "std"
        return f"service-{self.kind()}-{which}", f"peers-{self.kind()}-{which}"

    def ask(self, address: Address, tls_name: str = "") -> Node:
        """All that is to be known of the node at an address."""
        way = self.options.way
        if way.tls is not None and tls_name:
            way = way._replace(tls_name=tls_name)
        with Connection(address, way) as connection:
            connection.begin()
            answers = connection.info(
                "node",
                "build",
                "edition",
                "cluster-name",
                "namespaces",
                "statistics",
                "get-config:context=service",
                "replicas",
                *self.commands(self.options.alternate),
            )
            name = answers.get("node")
            if name is None or texts.is_failure(name):
                raise refusal(address, "node", name)
            spaces = [n for n in answers.get("namespaces", "").split(";") if n]
            if spaces and not texts.is_failure(spaces[0]):
                answers |= connection.info(*(f"namespace/{n}" for n in spaces))
        return Node(name, address, answers, time.time())


def refusal(address: Address, command: str, answer: str | None) -> Trouble:
    """A node does not answer a command."""
    reason = answer or "no answer"
    return Trouble("no-answer", address=str(address), command=command, reason=reason)


# --- the way to the first node ---


def look_up(x: Examination) -> str:
    options = x.options
    x.addresses = lookup(options.host, options.port, options.way.timeout_s)
    shown = ", ".join(address.host for address in x.addresses)
    if shown == options.host:
        return f"{options.host} is an address"
    return f"{options.host} is {shown}"


def connect(x: Examination) -> str:
    """The first of the addresses that takes connections."""
    troubles = []
    for address in x.addresses:
        try:
            with Connection(address, x.options.way):
                x.seed = address
                return f"{address} takes connections"
        except Trouble as trouble:
            troubles.append(trouble)
    for other in troubles[:-1]:
        x.find_trouble(other)
    raise troubles[-1]


def shake_hands(x: Examination) -> str:
    if x.options.way.tls is None:
        return "not asked for"
    with Connection(x.seed, x.options.way) as connection:
        agreed = connection.shake_hands()
    if len(x.options.config["hosts"][0]) < 3:
        x.find("tls-name-missing", name=x.options.way.tls_name)
    if agreed["expires"] is not None:
        ends = datetime.strptime(agreed["expires"], "%b %d %H:%M:%S %Y %Z")
        days = (ends.replace(tzinfo=timezone.utc).timestamp() - time.time()) / 86400
        if days < EXPIRES_SOON_DAYS:
            x.find("tls-expires", expires=f"{ends:%Y-%m-%d}")
    return f"{agreed['version']}, {agreed['cipher']}"


def log_in(x: Examination) -> str:
    login = x.options.way.login
    if login is None:
        return "no user is given"
    with Connection(x.seed, x.options.way) as connection:
        result = connection.begin()
    if result != 0:
        lacks = result == NOT_SUPPORTED
        x.find("security-lacking" if lacks else "security-off", user=login.user)
        return "the cluster checks nobody"
    return "by the certificate" if login.user is None else f"as {login.user!r}"


def greet(x: Examination) -> str:
    """The first node, which names the others."""
    node = x.ask(x.seed)
    x.nodes[node.name] = node
    edition = node.answers.get("edition", "")
    return f"node {node.name}, {edition} {node.answers.get('build', '')}".rstrip()


# --- the nodes ---


def compare_name(x: Examination) -> str:
    wanted = x.options.cluster_name
    found = next(iter(x.nodes.values())).answers.get("cluster-name", "")
    found = "" if found == "null" else found
    if wanted is not None and found != wanted:
        x.find("cluster-name", found=found, wanted=wanted)
    return found or "the cluster has no name"


class Probe:
    """A thread that looks for a node at its addresses, one after another."""

    def __init__(self, x: Examination, peer: Peer) -> None:
        self.peer = peer
        self.node: Node | None = None
        self.troubles: list[Trouble] = []
        self.strangers: list[tuple[Address, str]] = []
        self._x = x
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        timeout_s = self._x.options.way.timeout_s
        for listed in self.peer.addresses:
            try:
                for address in lookup(*listed, timeout_s)[: texts.MOST_ADDRESSES]:
                    if self._is_at(address):
                        return
            except Trouble as trouble:
                self.troubles.append(trouble)
            except Exception as error:  # noqa: BLE001 - it is a reason, too
                reason = f"{type(error).__name__}: {error}"
                self.troubles.append(Trouble("step-failed", reason=reason))

    def _is_at(self, address: Address) -> bool:
        try:
            node = self._x.ask(address, self.peer.tls_name)
        except Trouble as trouble:
            self.troubles.append(trouble)
            return False
        if node.name != self.peer.name:
            self.strangers.append((address, node.name))
            return False
        self.node = node
        return True

    def reason(self) -> str:
        """Why the node was not found."""
        if not self.peer.addresses:
            return "the cluster names no address"
        found = [finding("", t.code, **t.details).text for t in self.troubles]
        return "; ".join(found) or "another node answers there"


def probe_all(x: Examination, peers: Iterable[Peer]) -> list[Probe]:
    """Look for nodes side by side. Each address has its own deadline."""
    probes = [Probe(x, peer) for peer in peers]
    for probe in probes:
        # a lookup and a connection for each address, and some time to be busy
        n_waits = 2 * len(probe.peer.addresses) + 1
        probe.thread.join(n_waits * x.options.way.timeout_s)
    return probes


def find_nodes(x: Examination) -> str:
    """All nodes of which a node tells, as a client finds them."""
    service, peers_command = x.commands(x.options.alternate)
    new: list[Node] = list(x.nodes.values())
    check_own_address(x, new[0], service)
    for _ in range(MOST_ROUNDS):
        told: dict[str, Peer] = {}
        for node in new:
            answer = node.answers.get(peers_command)
            if answer is None or texts.is_failure(answer):
                x.find_trouble(refusal(node.address, peers_command, answer))
                continue
            if not texts.are_peers(answer):
                malformed = "its answer is malformed"
                x.find_trouble(refusal(node.address, peers_command, malformed))
            told |= {peer.name: peer for peer in texts.peers_of(answer)}
        unknown = [p for n, p in told.items() if n not in x.nodes and n not in x.lost]
        new = []
        for probe in probe_all(x, unknown[: MOST_NODES - len(x.nodes)]):
            new += take_probe(x, probe)
    check_alternates(x)
    check_views(x)
    known = len(x.nodes) + len(x.lost)
    return f"{len(x.nodes)} of {known} nodes can be used: {', '.join(sorted(x.nodes))}"


def take_probe(x: Examination, probe: Probe) -> list[Node]:
    """Note what has become of a node; the node, if it was found."""
    peer = probe.peer
    for address, found in probe.strangers:
        x.find("another-node", address=str(address), node=peer.name, found=found)
    if probe.node is not None:
        x.nodes[peer.name] = probe.node
        return [probe.node]
    x.lost[peer.name] = peer.addresses
    hosts = [address.host for address in peer.addresses]
    is_inside = bool(hosts) and all(map(texts.is_of_a_container, hosts))
    # the first node is then somewhere else, or was reached through a port of a host
    outside = is_inside and x.seed.host not in hosts
    code = "node-behind-nat" if outside and not probe.strangers else "node-unreachable"
    x.find(code, node=peer.name, addresses=shown(peer.addresses), reason=probe.reason())
    return []


def shown(addresses: Iterable[Address]) -> str:
    return ", ".join(map(str, addresses)) or "no address"


def check_own_address(x: Examination, node: Node, service: str) -> None:
    """Other clients reach the first node where it says, which may be elsewhere."""
    answer = node.answers.get(service, "")
    listed = () if texts.is_failure(answer) else texts.addresses_of(answer, 3000)
    if not listed and x.options.alternate:
        x.find("no-alternates", node=node.name)
    if not listed or x.seed in listed or x.options.host in {a.host for a in listed}:
        return
    probe = probe_all(x, [Peer(node.name, "", listed)])[0]
    if probe.node is None:
        x.find(
            "own-address",
            node=node.name,
            address=str(x.seed),
            addresses=shown(listed),
            reason=probe.reason(),
        )


def check_alternates(x: Examination) -> None:
    """Where nodes are lost: perhaps they can be reached at their other addresses."""
    if x.options.alternate or not x.lost:
        return
    _, command = x.commands(alternate=True)
    with Connection(x.seed, x.options.way) as connection:
        connection.begin()
        answer = connection.info(command).get(command, "")
    peers = [p for p in texts.peers_of(answer) if p.name in x.lost and p.addresses]
    reached = [p.peer.name for p in probe_all(x, peers) if p.node is not None]
    if reached:
        x.find("alternates-work", nodes=", ".join(sorted(reached)))


def check_views(x: Examination) -> None:
    """Do all nodes see the same cluster?"""
    views: dict[tuple[str, str], list[str]] = {}
    for node in x.nodes.values():
        statistics = node.statistics()
        view = statistics.get("cluster_key", "?"), statistics.get("cluster_size", "?")
        views.setdefault(view, []).append(node.name)
        if statistics.get("cluster_integrity") == "false":
            x.find("cluster-doubt", node=node.name)
    if len(views) > 1:
        described = "; ".join(
            f"{', '.join(sorted(names))} see {size} nodes (key {key})"
            for (key, size), names in sorted(views.items())
        )
        x.find("cluster-split", views=described)


# --- the data ---


def check_partitions(x: Examination) -> str:
    owners: dict[str, list[list[str]]] = {}
    masters: dict[str, list[int]] = {}
    for node in x.nodes.values():
        answer = node.answers.get("replicas", "")
        for name, maps in texts.maps_of(answer).items():
            copies = owners.setdefault(name, [[] for _ in range(N_PARTITIONS)])
            first = masters.setdefault(name, [0] * N_PARTITIONS)
            for column, bitmap in enumerate(maps):
                for p in texts.partitions_of(bitmap):
                    copies[p].append(node.name)
                    first[p] += column == 0
    for name in sorted(owners):
        check_map(x, name, owners[name], masters[name])
    check_namespaces(x)
    if not owners:
        return "no namespace"
    return ", ".join(
        f"{name}: {sum(n > 0 for n in masters[name])} of {N_PARTITIONS} have a master"
        for name in sorted(owners)
    )


def check_map(
    x: Examination, name: str, owners: list[list[str]], masters: list[int]
) -> None:
    holes = [p for p, n in enumerate(masters) if n == 0]
    twice = [p for p, n in enumerate(masters) if n > 1]
    if holes:
        x.find("map-holes", namespace=name, n=len(holes), partitions=ranges(holes))
    if twice:
        x.find("map-conflict", namespace=name, n=len(twice), partitions=ranges(twice))
    factors = (
        number_of(node.namespaces().get(name, {}).get("effective_replication_factor"))
        for node in x.nodes.values()
    )
    wanted = max((factor for factor in factors if factor), default=0)
    lacking = [p for p, names in enumerate(owners) if 0 < len(set(names)) < wanted]
    if lacking and not x.lost:  # of those which are lost it is not known what they have
        x.find("map-copies", namespace=name, n=len(lacking), wanted=wanted)


def ranges(numbers: list[int]) -> str:
    """Numbers in short: "0-5, 9, ..."."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    named = ["-".join(map(str, run)) for run in runs[:5]]
    return ", ".join(named + ["..."] * (len(runs) > 5))


def check_namespaces(x: Examination) -> None:
    # each node counts the partitions of the whole cluster
    unavailable: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    to_move = 0
    for node in x.nodes.values():
        to_move += number_of(node.statistics().get("migrate_partitions_remaining")) or 0
        for name, entries in node.namespaces().items():
            n_here = number_of(entries.get("unavailable_partitions")) or 0
            unavailable[name] = max(unavailable[name], n_here)
            dead[name] = max(dead[name], number_of(entries.get("dead_partitions")) or 0)
            for key, code in (
                ("stop_writes", "stop-writes"),
                ("clock_skew_stop_writes", "clock-stop-writes"),
                ("hwm_breached", "evicting"),
            ):
                if entries.get(key) == "true":
                    x.find(code, namespace=name, node=node.name)
    for name in sorted(+unavailable | +dead):
        x.find(
            "partitions-unavailable",
            namespace=name,
            unavailable=unavailable[name],
            dead=dead[name],
        )
    if to_move:
        x.find("migrating", n=to_move)


# --- versions, clocks, limits ---


def compare_versions(x: Examination) -> str:
    builds = Counter(node.answers.get("build", "?") for node in x.nodes.values())
    described = ", ".join(f"{build} ({n})" for build, n in sorted(builds.items()))
    if len(builds) > 1:
        x.find("builds-differ", builds=described)
    editions = {node.answers.get("edition", "?") for node in x.nodes.values()}
    return f"{described}; {', '.join(sorted(editions))}"


def compare_clocks(x: Examination) -> str:
    """Nodes tell the time in seconds, as that by which records expire."""
    ahead_s: dict[str, int] = {}
    skew_ms = 0
    for node in x.nodes.values():
        for entries in node.namespaces().values():
            now = number_of(entries.get("current_time"))
            if now is not None:
                ahead_s[node.name] = round(now + EPOCH_OF_SERVERS_S - node.at_s)
                break
        skew_ms = max(
            skew_ms, number_of(node.statistics().get("cluster_clock_skew_ms")) or 0
        )
    if not ahead_s:
        return "no node tells the time"
    for name, seconds in sorted(ahead_s.items()):
        if abs(seconds) >= CLOCKS_DIFFER_S:
            direction = "ahead of" if seconds > 0 else "behind"
            x.find("clock-here", node=name, seconds=abs(seconds), direction=direction)
    apart_s = max(max(ahead_s.values()) - min(ahead_s.values()), skew_ms // 1000)
    if apart_s >= CLOCKS_DIFFER_S:
        x.find("clock-nodes", seconds=apart_s)
    worst = max(ahead_s.values(), key=abs)
    return f"nodes differ by {apart_s} s, and from this machine by {abs(worst)} s"


def compare_limits(x: Examination) -> str:
    described = []
    for node in sorted(x.nodes.values()):
        service = entries_of(node.answers.get("get-config:context=service", ""))
        most = number_of(service.get("proto-fd-max"))
        used = number_of(node.statistics().get("client_connections"))
        if most is None or used is None:
            continue
        described.append(f"{used} of {most}")
        if used >= NEARLY * most:
            x.find("connections-near-limit", node=node.name, used=used, most=most)
    limits = [d.rpartition(" ")[2] for d in described]
    least = min(map(int, limits), default=x.options.max_conns)
    if x.options.max_conns > least:
        x.find("pool-above-limit", pool=x.options.max_conns, most=least)
    if not described:
        return "no node tells its limit"
    return f"connections of nodes: {', '.join(described)}"


# --- the client ---


def try_client(x: Examination) -> str:
    """A client with the same settings, as an application makes one."""
    import aerospike

    found: list[Any] = []

    def run() -> None:
        try:
            with aerospike.client(x.options.config) as client:
                found.append(len(client.get_nodes()))
        except Exception as error:  # noqa: BLE001 - a report is wanted in any case
            found.append(error)

    timeout_s = 4 * x.options.way.timeout_s + 2
    with warnings.catch_warnings():  # what it warns of is a finding, or none of ours
        warnings.simplefilter("ignore")
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(timeout_s)
    if not found:
        x.find("client-slow", seconds=timeout_s)
        return "it did not connect in time"
    if isinstance(found[0], Exception):
        error = found[0]
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, aerospike.exception.AerospikeError):
            reason = f"{error.msg}; {error.detail}"
        x.find("client-failed", reason=reason)
        return "it cannot connect"
    known = len(x.nodes) + len(x.lost)
    if found[0] < known:
        x.find("client-misses-nodes", found=found[0], known=known)
    return f"it has found {found[0]} nodes"


STEPS: tuple[tuple[str, Callable[[Examination], str]], ...] = (
    ("dns", look_up),
    ("tcp", connect),
    ("tls", shake_hands),
    ("login", log_in),
    ("server", greet),
    ("cluster-name", compare_name),
    ("nodes", find_nodes),
    ("partitions", check_partitions),
    ("versions", compare_versions),
    ("clocks", compare_clocks),
    ("limits", compare_limits),
    ("client", try_client),
)
