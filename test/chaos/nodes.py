"""The nodes of a cluster, and what disturbs them."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Protocol

from .servers import Server

Host = tuple[str, int]
Say = Callable[[str], None]

STABLE_WITHIN_S = 120
"""How long a real cluster may take to be one again, its migrations included."""


LEARNS_S = 2.0
"""How long a client may take to learn where a node has moved."""


class Nodes(Protocol):
    """A cluster. rests_s: how long it may be left alone between two disturbances."""

    hosts: list[Host]
    rests_s: tuple[float, ...]

    @property
    def pids(self) -> list[int]:
        """The processes of its nodes."""

    def draw(self, rng: random.Random) -> list[str]:
        """How to disturb nodes next: rows of `expected.ERRORS`."""

    def disturb(self, kinds: list[str], rng: random.Random, say: Say) -> None:
        """Disturb some nodes for a while; back when all are themselves again."""


class Audience(Protocol):
    """Who is told about disturbances before they begin, and when they are over."""

    def begin(self, now_s: float, *kinds: str) -> None:
        """Nodes are about to be disturbed, in these ways."""

    def end(self, now_s: float) -> None:
        """Those nodes are themselves again."""


def trouble(
    nodes: Nodes, audience: Audience, rng: random.Random, until_s: float, say: Say
) -> None:
    """Disturb nodes and leave them alone, in turns, until a time."""
    while time.monotonic() < until_s:
        kinds = nodes.draw(rng)
        audience.begin(time.monotonic(), *kinds)
        try:
            nodes.disturb(kinds, rng, say)
        finally:
            audience.end(time.monotonic())
        time.sleep(rng.choice(nodes.rests_s))


class DevNodes:
    """A development cluster in a process of its own."""

    rests_s = (0.05, 0.5, 3.0)

    STEPS: ClassVar = {
        "freeze": (["freeze"], ["thaw"]),
        "kill": (["freeze"], ["stop", "start"]),
        "stop": (["stop"], ["start"]),
        "move": (["stop"], ["move"]),
        "rename": (["stop"], ["rename"]),
        "shuffle": (["shuffle"], []),
    }
    """What is done to a node at first, and in the end."""
    MOVES = ("move", "rename")
    """What gives a node another place."""

    def __init__(
        self, n_nodes: int, racks: str | None = None, *, is_strong: bool = False
    ) -> None:
        settings = {
            "nodes": n_nodes,
            "racks": racks and [int(rack) for rack in racks.split(",")],
            "strong_consistency": is_strong,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.devnodes", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        self.hosts = [(name, port) for name, port in json.loads(self._read())]
        self._moved_s: dict[int, float] = {}

    @property
    def pids(self) -> list[int]:
        """All nodes are in one process."""
        return [self._process.pid]

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the development cluster has ended")
        return line

    def _do(self, what: str, node: int, say: Say) -> None:
        assert self._process.stdin is not None
        say(f"{what} {node}")
        self._process.stdin.write(f"{what} {node}\n")
        self._process.stdin.flush()
        self._read()

    def draw(self, rng: random.Random) -> list[str]:
        """One node or two at once, or now and then all of them."""
        if rng.random() < 0.05:
            return ["halt"]
        return rng.choices(list(self.STEPS), k=rng.choice((1, 1, 2)))

    def disturb(self, kinds: list[str], rng: random.Random, say: Say) -> None:
        """Each kind happens to a node of its own; all of them may stand still.

        Nodes that have just moved are found through others, one of which is left alone
        until then: clients that lose all nodes know old places only.
        """
        if kinds == ["halt"]:
            with frozen(self.pids[0]):
                say("halt all")
                time.sleep(rng.uniform(0.1, 1.5))
            return
        chosen = rng.sample(range(len(self.hosts)), len(kinds))
        while {*chosen, *self._unknown()} == {*range(len(self.hosts))}:
            time.sleep(0.05)
        for node, kind in zip(chosen, kinds, strict=True):
            for step in self.STEPS[kind][0]:
                self._do(step, node, say)
            time.sleep(rng.uniform(0.02, 0.5))
        time.sleep(rng.choice((rng.uniform(0, 0.3), rng.uniform(0.5, 2.5))))
        for node, kind in zip(chosen, kinds, strict=True):
            for step in self.STEPS[kind][1]:
                self._do(step, node, say)
            if kind in self.MOVES:
                self._moved_s[node] = time.monotonic()

    def _unknown(self) -> list[int]:
        """Nodes that clients may look for where they were."""
        learnt_s = time.monotonic() - LEARNS_S
        return [node for node, at_s in self._moved_s.items() if at_s > learnt_s]

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class RealNodes:
    """A real cluster of this machine. pids: of the servers, in the order of hosts.

    One node is disturbed at a time, shorter or longer than the others wait for it; the
    next one once the cluster is one again and its migrations are over: records are in
    memory, on two nodes, and one that is started anew has lost its own.
    """

    rests_s = (0.5, 3.0)

    SIGNALS: ClassVar = {
        "stop": signal.SIGTERM,
        "kill": signal.SIGKILL,
        "move": signal.SIGTERM,
    }
    """What ends a server before it is started anew."""

    def __init__(self, hosts: list[Host], pids: list[int], namespace: str) -> None:
        if len(hosts) != len(pids):
            raise ValueError("as many process ids as hosts are needed")
        self.hosts = hosts
        pairs = zip(pids, hosts, strict=True)
        self._servers = [Server(pid, port) for pid, (_, port) in pairs]
        self._namespace = namespace

    @property
    def pids(self) -> list[int]:
        """Of the servers as they run now."""
        return [server.pid for server in self._servers]

    def draw(self, rng: random.Random) -> list[str]:
        """Something happens to one node, perhaps for so long that it is given up."""
        return [rng.choice(["freeze", *self.SIGNALS]), "leave"]

    def disturb(self, kinds: list[str], rng: random.Random, say: Say) -> None:
        """Freeze one node for a while, or end it and start it anew."""
        node = rng.randrange(len(self.hosts))
        for_s = rng.choice((rng.uniform(0.2, 1.2), rng.uniform(2.0, 6.0)))
        say(f"{kinds[0]} {node} for {for_s:.1f} s")
        server = self._servers[node]
        if kinds[0] in self.SIGNALS:
            server.stop(self.SIGNALS[kinds[0]])
            if kinds[0] == "move" and not server.move():
                say(f"node {node} has no file of settings that names its port")
            time.sleep(for_s)
            server.start()
            self.hosts[node] = self.hosts[node][0], server.port
            say(f"start {node}: process {server.pid}, port {server.port}")
        else:
            with frozen(server.pid):
                time.sleep(for_s)
            say(f"thaw {node}")
        self.wait_until_stable(say)

    def wait_until_stable(self, say: Say) -> None:
        """Until all nodes are one cluster and nothing migrates."""
        begin_s = time.monotonic()
        while not self._is_stable():
            if time.monotonic() - begin_s > STABLE_WITHIN_S:
                raise TimeoutError("the cluster does not become stable")
            time.sleep(0.1)
        say(f"stable after {time.monotonic() - begin_s:.1f} s")

    def _is_stable(self) -> bool:
        """Whether all nodes tell one key of the whole cluster, after migrations."""
        command = (
            f"cluster-stable:size={len(self.hosts)};ignore-migrations=false;"
            f"namespace={self._namespace}"
        )
        try:
            keys = {info(host, command) for host in self.hosts}
        except (OSError, ValueError):  # it is starting, or breaks off
            return False
        key = keys.pop()
        return not keys and key != "" and not key.startswith("ERROR")

    def close(self) -> None:
        """Tell what the servers are now, for the next run: they stay."""
        hosts = ",".join(f"{name}:{port}" for name, port in self.hosts)
        print(f"--hosts {hosts} --pids {','.join(map(str, self.pids))}", flush=True)


def info(host: Host, command: str) -> str:
    """The answer of a node to an info command; OSError."""
    body = command.encode() + b"\n"
    with socket.create_connection(host, timeout=2) as sock:
        sock.sendall((2 << 56 | 1 << 48 | len(body)).to_bytes(8, "big") + body)
        reader = sock.makefile("rb")
        size = int.from_bytes(reader.read(8)[2:], "big")
        answer = reader.read(size).decode()
    return answer.partition("\t")[2].strip()
