"""Packets that are lost on their way: silence that no server can feign.

    python test/children.py test.faults.packets    # by test_packets.py

The process moves into a network namespace of its own, which has no name: it ends with
the process, however that ends, and all its rules, sockets and ports with it. A rule of
nft drops the requests, the replies, or what opens connections.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import LATE_S, PATIENT
from .kinds import (
    NAMESPACE,
    SET,
    connect,
    doubts,
    kinds,
    modules,
    prepare,
    prepare_for,
    snapshot,
)

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
LIMIT_MS = 50

LOST = {
    "requests": "tcp dport {port} drop",
    "replies": "tcp sport {port} drop",
    "connecting": "tcp dport {port} tcp flags & (syn | ack) == syn drop",
}
"""What is lost, and the rule of nft for it."""


def why_not() -> str:
    """Why there can be no such namespace here; "" if there can."""
    if os.uname().sysname != "Linux":
        return "network namespaces are Linux's"
    if os.getuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if missing:
        return f"needs the programs {' and '.join(missing)}"
    tried = subprocess.run(
        ["unshare", "--net", "nft", "list", "ruleset"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip()


def enter() -> None:
    """Move this process into a namespace with loopback alone; end with the parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot make a network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@contextmanager
def lost(what: str, port: int) -> Iterator[None]:
    """Drop packets of a port of this namespace."""
    rules(
        "add table inet faults",
        "add chain inet faults in { type filter hook input priority 0; }",
        f"add rule inet faults in {LOST[what].format(port=port)}",
    )
    yield
    rules("delete table inet faults")


def rules(*lines: str) -> None:
    """Give nft some commands."""
    subprocess.run(["nft", "-f", "-"], input="\n".join(lines), text=True, check=True)


def run(what: str) -> None:
    """Make a call of every kind while packets are lost. AssertionError for one that
    took too long, or lied.
    """
    if os.path.basename(os.readlink("/proc/self/ns/net")) == parent_namespace():
        enter()
    folder = modules()
    table = kinds(folder.name)
    found: list[str] = []
    with DevCluster(security=True) as cluster:
        (_, port) = cluster.hosts[0]
        client = connect(cluster.hosts, folder.name)
        keeper = connect(cluster.hosts, folder.name, **PATIENT)
        prepare(keeper, folder.name)
        for name in table:
            prepare_for(keeper, name, (NAMESPACE, SET, name), folder.name)
            client.exists((NAMESPACE, SET, name), PATIENT["policies"])
        if what == "connecting":
            cluster._hang_up(0)
        with lost(what, port):
            for name, kind in table.items():
                before, begin_s = snapshot(cluster), time.monotonic()
                result, error = attempt(kind, client, (NAMESPACE, SET, name))
                took_s = time.monotonic() - begin_s
                found += judge(name, kind.writes, took_s, result, error)
                was_applied = snapshot(cluster) != before
                if was_applied and not all(d for _, d in doubts(result, error)):
                    found.append(f"{name}: applied, but {error!r}")
        client.close()
        keeper.close()
    assert not found, "\n".join(found)


def attempt(kind: Any, client: Any, key: Any) -> tuple[Any, Any]:
    """Result and error of a call."""
    try:
        return kind.run(client, key, kind.policy(LIMIT_MS)), None
    except exception.AerospikeError as error:
        return None, error


def judge(
    name: str, writes: bool, took_s: float, result: Any, error: Any
) -> Iterator[str]:
    """What is wrong with the end of a call that was not answered."""
    if took_s > LIMIT_MS / 1000 + LATE_S:
        yield f"{name}: {took_s:.1f} s: {error!r}"
    failed = doubts(result, error)
    if not failed:
        yield f"{name}: was answered: {result!r}"
    if not writes and any(doubt for _, doubt in failed):
        yield f"{name}: a read in doubt: {error!r}"


def parent_namespace() -> str:
    """The network namespace of the process that has started this one."""
    return os.path.basename(os.readlink(f"/proc/{os.getppid()}/ns/net"))
