"""Several processes that tend a cluster together through shared memory."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..children import Script, run_script
from ..waiting import let_pass, until

MEMBER = """
key = int(sys.argv[2])
more = json.loads(sys.argv[3])
config = {name: more.pop(name) for name in ("connect_timeout", "tend_interval")
          if name in more}
config |= {"hosts": hosts, "shm": {"shm_key": key, **more}, **PATIENT}
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
    if command[0] == "fork_idle":
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        print(pid, flush=True)
    if command[0] == "close_range":
        os.closerange(3, 1000)
        print("closed", flush=True)
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


def start(
    cluster: DevCluster, key: int, members: ExitStack, n: int, **more: object
) -> list[Member]:
    """Processes that start one after another: the first one tends."""
    started = []
    for _ in range(n):
        member = Member(cluster.hosts, key, **more)
        members.enter_context(member)
        assert member.ask("nodes") == "2"
        started.append(member)
    return started


def settings(cluster: Any, key: int, **more: Any) -> dict[str, Any]:
    return {"hosts": cluster.hosts, "shm": {"shm_key": key}, **more}


def test_one_of_several_tends_and_another_takes_over_when_it_is_killed(
    cluster, key, members
):
    first, *others = start(cluster, key, members, 4)
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
    for member in start(cluster, key, members, 2):
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


def test_child_of_a_fork_follows_and_leaves_the_tender_alone(cluster, key, members):
    first, second = start(cluster, key, members, 2)
    assert [first.ask("fork", 2), second.ask("fork", 2)] == ["0", "0"]
    assert [first.ask("tends"), second.ask("tends")] == ["1", "0"]
    assert [first.ask("put", 1), second.ask("put", 2)] == ["1", "2"]
    first.rest()
    until(lambda: second.ask("tends") == "1")
    second.rest()


def test_idle_child_does_not_stand_in_for_a_tender_that_was_killed(
    cluster, key, members
):
    first, second = start(cluster, key, members, 2)
    child = int(first.ask("fork_idle"))
    try:
        first.process.kill()
        first.process.wait()
        until(lambda: second.ask("tends") == "1")
        second.rest()
        assert not memory(key).exists()
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def test_tender_that_was_stopped_follows_when_it_goes_on(cluster, key, members):
    quick = {"takeover_threshold_sec": 1, "connect_timeout": 200, "tend_interval": 250}
    first, second = start(cluster, key, members, 2, **quick)
    first.process.send_signal(signal.SIGSTOP)
    until(lambda: second.ask("tends") == "1")
    first.process.send_signal(signal.SIGCONT)
    until(lambda: first.ask("followed") == "1")
    assert first.ask("put", 3) == "3"
    assert second.ask("put", 4) == "4"
    assert second.ask("tends") == "1"
    first.rest()
    second.rest()


def test_followers_see_nodes_come_and_go(cluster, key, members):
    both = start(cluster, key, members, 2)
    cluster.stop_node(1)
    until(lambda: [m.ask("nodes") for m in both] == ["1", "1"])
    assert [m.ask("put", 1) for m in both] == ["1", "1"]
    cluster.start_node(1)
    until(lambda: [m.ask("nodes") for m in both] == ["2", "2"])
    assert [m.ask("put", 2) for m in both] == ["2", "2"]
    for member in both:
        member.rest()


def test_descriptors_that_the_application_closes_are_opened_again(
    cluster, key, members
):
    first, second = start(cluster, key, members, 2)
    assert first.ask("close_range") == "closed"
    # its lock went with the descriptor: it is free for both
    until(lambda: int(first.ask("tends")) + int(second.ask("tends")) == 2)
    assert first.ask("put", 5) == "5"
    first.rest()
    second.rest()


def test_two_clients_of_a_process_share_the_memory(cluster, key):
    with (
        aerospike.client(settings(cluster, key)) as one,
        aerospike.client(settings(cluster, key)) as other,
    ):
        assert one.is_connected()
        one.put(("test", "shm", 1), {"n": 1})
        assert other.get(("test", "shm", 1))[2] == {"n": 1}
        one.close()
        assert memory(key).exists()
        until(other.is_connected)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"shm": {"max_nodes": 3}}, "has other sizes"),
        ({"shm": {"shm_max_namespaces": 3}}, "has other sizes"),
        ({"force_single_node": True}, "other settings"),
    ],
    ids=["nodes", "namespaces", "way"],
)
def test_what_does_not_fit_is_refused(cluster, key, more, text):
    shm = {"shm_key": key, **more.pop("shm", {})}
    with (
        aerospike.client(settings(cluster, key)),
        pytest.raises(exception.ClientError, match=text),
    ):
        aerospike.client(
            {
                "hosts": cluster.hosts,
                "fail_if_not_connected": True,
                **more,
                "shm": shm,
            }
        )


def test_memory_of_another_cluster_is_refused(cluster, key):
    with (
        DevCluster(nodes=1) as other,
        aerospike.client(settings(cluster, key)) as client,
    ):
        with pytest.raises(exception.ClientError, match="belongs to another cluster"):
            aerospike.client(settings(other, key, fail_if_not_connected=True))
        waiting = aerospike.client(settings(other, key, fail_if_not_connected=False))
        assert not waiting.is_connected()
        client.close()
        until(waiting.is_connected)  # the memory is free for its own cluster now
        assert waiting.get_nodes() == other.hosts
        waiting.close()


def test_foreign_file_is_refused_and_stays(cluster, key):
    memory(key).write_text("notes of somebody else")
    try:
        with pytest.raises(exception.ClientError, match="in use by something else"):
            aerospike.client(settings(cluster, key, fail_if_not_connected=True))
        assert memory(key).read_text() == "notes of somebody else"
    finally:
        memory(key).unlink()


def test_full_memory_warns_and_leaves_nodes_out(cluster, key, log_lines):
    room = {"shm_key": key, "max_nodes": 1}
    config = {"hosts": cluster.hosts, "shm": room}
    with aerospike.client(config) as tender, aerospike.client(config) as follower:
        assert len(tender.get_nodes()) == 2
        assert len(follower.get_nodes()) == 1
    assert any("no room for 1 nodes" in line for line in log_lines)


@pytest.mark.parametrize("place", ["section", "beside"])
def test_sizes_may_stand_beside_the_section(cluster, key, place):
    room = {"shm_max_nodes": 1, "shm_max_namespaces": 1}
    shm = {"shm_key": key, **(room if place == "section" else {})}
    config = {"hosts": cluster.hosts, "shm": shm}
    with aerospike.client({**config, **(room if place == "beside" else {})}):
        assert memory(key).stat().st_size < 300_000


def test_key_is_that_of_the_configuration(hosts):
    config = {"hosts": hosts, "fail_if_not_connected": False}
    with aerospike.client(config) as client:
        assert client.shm_key() is None
    with aerospike.client({**config, "shm": {}}) as client:
        assert client.shm_key() == 0xA5000000


@pytest.mark.parametrize("value", [-1, 1 << 32, "x", None, 1.5])
def test_key_that_is_none_is_refused(hosts, value):
    with pytest.raises(exception.ParamError, match="shm_key"):
        aerospike.client({"hosts": hosts, "shm": {"shm_key": value}})


@pytest.mark.parametrize("name", ["max_nodes", "max_namespaces"])
def test_memory_without_room_is_refused(hosts, name):
    with pytest.raises(exception.ParamError, match="at least 1"):
        aerospike.client({"hosts": hosts, "shm": {name: 0}})


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """Lines of the log from warnings up."""
    lines: list[str] = []
    aerospike.set_log_handler(lambda *line: lines.append(line[-1]))
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    yield lines
    aerospike.set_log_handler(None)
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)


def test_nobody_uses_what_the_tender_has_seen_so_far(cluster, key, members):
    """Its first look takes long; the nodes that it knows are not all there are."""
    seeds = cluster.hosts[:1]
    cluster.freeze_node(1)
    pair = [Member(seeds, key, connect_timeout=20_000) for _ in range(2)]
    for member in pair:
        members.enter_context(member)
    until(lambda: memory(key).exists())
    let_pass(1.0)  # both look, or wait for the one that does
    cluster.thaw_node(1)
    assert [member.ask("nodes") for member in pair] == ["2", "2"]
    for member in pair:
        member.ask("close")
