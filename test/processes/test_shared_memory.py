"""Several processes that tend a cluster together through shared memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..children import Script, run_script
from ..waiting import until

MEMBER = """
key = int(sys.argv[2])
config = {"hosts": hosts, "shm": {"shm_key": key, **json.loads(sys.argv[3])}, **PATIENT}
lines = []
aerospike.set_log_handler(lambda *line: lines.append(line[-1]))
aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
client = aerospike.client(config)
for line in sys.stdin:
    command = line.split()
    if command[0] == "tends":
        print(sum("this process tends" in said for said in lines), flush=True)
    if command[0] == "followed":
        print(sum("tends the cluster now" in said for said in lines), flush=True)
    if command[0] == "nodes":
        print(len(client.get_nodes()), flush=True)
    if command[0] == "put":
        client.put(KEY, {"n": int(command[1])})
        print(client.get(KEY)[2]["n"], flush=True)
    if command[0] == "close":
        client.close()
        print("closed", flush=True)
    if command[0] == "fork":
        pid = os.fork()
        if pid == 0:
            client.put(KEY, {"n": 1})
            until(lambda: len(client.get_nodes()) == int(command[1]))
            client.close()
            os._exit(0)
        print(os.waitpid(pid, 0)[1], flush=True)
"""
"""A client that does what the test says."""


class Member(Script):
    """A process with a client that shares memory."""

    def __init__(self, hosts: list[tuple[str, int]], key: int, **shm: object) -> None:
        import json

        super().__init__(MEMBER, hosts, str(key), json.dumps(shm))

    def ask(self, *words: object) -> str:
        """Let it do something; what it says to that."""
        self.say(" ".join(map(str, words)))
        return self.line()


@pytest.fixture
def key() -> Iterator[int]:
    """A key that nobody else uses; nothing may be left of it."""
    number = 0x10000000 + os.getpid()
    yield number
    assert not memory(number).exists()


def memory(key: int) -> Path:
    return Path(f"/dev/shm/aerospike-{os.geteuid()}-{key:08x}")


@pytest.fixture
def cluster() -> Iterator[DevCluster]:
    with DevCluster(nodes=2) as dev:
        yield dev


@pytest.fixture
def members() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def settings(cluster: Any, key: int, **more: Any) -> dict[str, Any]:
    return {"hosts": cluster.hosts, "shm": {"shm_key": key}, **more}


def test_one_of_several_tends_and_another_takes_over_when_it_is_killed(
    cluster, key, members
):
    first = members.enter_context(Member(cluster.hosts, key))
    assert first.ask("put", 1) == "1"
    others = [members.enter_context(Member(cluster.hosts, key)) for _ in range(3)]
    for number, other in enumerate(others):
        assert other.ask("put", number) == str(number)
    assert [m.ask("tends") for m in [first, *others]] == ["1", "0", "0", "0"]
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    until(lambda: sorted(m.ask("tends") for m in others) == ["0", "0", "1"])
    for member in others:
        assert member.ask("put", 7) == "7"
        member.rest()


def test_nothing_hinders_the_next_start_when_all_were_killed(cluster, key, members):
    both = [members.enter_context(Member(cluster.hosts, key)) for _ in range(2)]
    for member in both:
        assert member.ask("nodes") == "2"
    for member in both:
        member.process.kill()
        member.process.wait()
    assert memory(key).exists()
    with aerospike.client(settings(cluster, key)) as client:
        assert client.is_connected()
        assert client.shm_key() == key


@pytest.mark.parametrize("end", ["", "del client, config", "client.close()"])
def test_nothing_is_left_behind_at_the_end(cluster, key, end):
    script = f"""
    config = {{"hosts": hosts, "shm": {{"shm_key": {key}}}}}
    client = aerospike.client(config)
    assert client.is_connected()
    {end}
    """
    run_script(script, cluster.hosts)
    assert not memory(key).exists()
