"""Several processes that tend a cluster together through shared memory."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..children import Script, run_script
from ..waiting import Watch, let_pass, patient, until

RECORD = ("test", "shm", 1)

MEMBER = """
from pathlib import Path
key = int(sys.argv[2])
more = json.loads(sys.argv[3])
config = {**PATIENT, "hosts": hosts, **more, "shm": {"shm_key": key, **more["shm"]}}
lines = []
aerospike.set_log_handler(lambda *line: lines.append(line[-1]))
aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
def rests():
    "How often threads other than this one have gone to sleep."
    found = [Path(f"/proc/self/task/{one}/status").read_text()
             for one in os.listdir("/proc/self/task") if int(one) != os.getpid()]
    counts = [one.split("voluntary_ctxt_switches:")[1].split()[0] for one in found]
    return sum(map(int, counts))

client = aerospike.client(config)
for line in sys.stdin:
    command = line.split()
    if command[0] == "rests":
        print(rests(), flush=True)
    if command[0] == "ends":
        n_threads = len(os.listdir("/proc/self/task"))
        began = time.monotonic()
        client.close()
        until(lambda: len(os.listdir("/proc/self/task")) < n_threads)
        print(time.monotonic() - began < 6, flush=True)
    if command[0] == "tends":
        print(sum("this process tends" in said for said in lines), flush=True)
    if command[0] == "followed":
        print(sum("tends the cluster now" in said for said in lines), flush=True)
    if command[0] == "nodes":
        print(len(client.get_nodes()), flush=True)
    if command[0] == "ports":
        print(*sorted(port for _, port in client.get_nodes()), flush=True)
    if command[0] == "put":
        client.put(KEY, {"n": int(command[1])})
        print(client.get(KEY)[2]["n"], flush=True)
    if command[0] == "fails":
        found = set()
        for _ in range(int(command[1])):
            try:
                client.get(KEY, {"max_retries": 0})
            except aerospike.exception.RecordNotFound:
                pass
            except aerospike.exception.AerospikeError as error:
                found.add(type(error).__name__)
        print(*(found or [None]), flush=True)
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
    """A process with a client that shares memory.

    :param config: of the client. What is not there is that of the cluster, or patient.
    """

    def __init__(self, cluster: DevCluster, key: int, **config: Any) -> None:
        given = {"shm": {}, **cluster.config, **config}
        super().__init__(MEMBER, given.pop("hosts"), str(key), json.dumps(given))

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
    cluster: DevCluster,
    key: int,
    members: ExitStack,
    n: int,
    n_nodes: int = 2,
    **config: Any,
) -> list[Member]:
    """Processes that start one after another: the first one tends, the second one
    watches it, and the others may sleep.
    """
    started = []
    for _ in range(n):
        member = Member(cluster, key, **config)
        members.enter_context(member)
        assert member.ask("nodes") == str(n_nodes)
        started.append(member)
    return started


def settings(cluster: Any, key: int, **more: Any) -> dict[str, Any]:
    return patient({"hosts": cluster.hosts, "shm": {"shm_key": key}, **more})


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
    config = {{**PATIENT, "hosts": hosts, "shm": {{"shm_key": {key}}}}}
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
    quick = {"connect_timeout": 200, "tend_interval": 250}
    shm = {"takeover_threshold_sec": 1}
    first, second = start(cluster, key, members, 2, shm=shm, **quick)
    first.process.send_signal(signal.SIGSTOP)
    until(lambda: second.ask("tends") == "1")
    first.process.send_signal(signal.SIGCONT)
    until(lambda: first.ask("followed") == "1")
    assert first.ask("put", 3) == "3"
    assert second.ask("put", 4) == "4"
    assert second.ask("tends") == "1"
    first.rest()
    second.rest()


def each(group: list[Member], *words: object) -> list[str]:
    """What all of them say to that."""
    return [member.ask(*words) for member in group]


def test_followers_see_nodes_come_and_go(cluster, key, members):
    """Also a sleeping one, at once: those who sleep look by themselves after 10 s."""
    group = start(cluster, key, members, 3)
    cluster.stop_node(1)
    with Watch() as watch:
        until(lambda: each(group, "nodes") == ["1"] * 3)
    assert watch.took < 8
    assert each(group, "put", 1) == ["1"] * 3
    cluster.start_node(1)
    with Watch() as watch:
        until(lambda: each(group, "nodes") == ["2"] * 3)
    assert watch.took < 8
    assert each(group, "put", 2) == ["2"] * 3
    for member in group:
        member.rest()


def all_say(group: list[Member], ports: str) -> bool:
    """Do all of them know the nodes at these ports, and no others?"""
    return set(each(group, "ports")) == {ports}


def test_nodes_come_elsewhere_while_tenders_go(cluster, key, members):
    """Each change of the cluster comes with another tender."""
    group = start(cluster, key, members, 4)
    changes = [
        lambda: cluster.start_node(1, is_moved=True),
        lambda: cluster.start_node(1, is_moved=True, node_id="C0FFEE"),
        lambda: (cluster.start_node(1), cluster.move_partitions()),
    ]
    for number, change in enumerate(changes):
        cluster.stop_node(1)
        with group.pop(0) as tender:
            tender.process.kill()
        until(lambda: set(each(group, "nodes")) == {"1"})
        change()
        ports = " ".join(str(port) for _, port in sorted(cluster.hosts))
        until(partial(all_say, group, ports))
        assert set(each(group, "put", number)) == {str(number)}
    assert each(group, "tends") == ["1"]
    group[0].rest()


# --- sleep ---


def test_followers_sleep_while_one_of_them_watches(cluster, key, members):
    """The others would wake up eight times, as often as the tender."""
    group = start(cluster, key, members, 4, tend_interval=250)
    let_pass(1.0)  # the last one has begun to sleep, too
    before = [int(said) for said in each(group, "rests")]

    def rested() -> list[int]:
        """How often each has gone to sleep since."""
        now = map(int, each(group, "rests"))
        return [n - then for n, then in zip(now, before, strict=True)]

    let_pass(2.0)
    until(lambda: min(rested()[:2]) > 4)
    assert max(rested()[2:]) <= 2
    for member in group:
        member.rest()


def test_sleeping_follower_closes_at_once(cluster, key, members):
    """Its thread ends, too."""
    group = start(cluster, key, members, 3)
    let_pass(2.0)
    sleeper = group.pop()
    assert sleeper.ask("ends") == "True"
    for member in [sleeper, *group]:
        member.rest()


def test_the_one_that_watches_is_replaced(cluster, key, members):
    """It leaves, and a sleeper takes its place. Then the tender is killed."""
    tender, watcher, sleeper = start(cluster, key, members, 3)
    watcher.rest()
    let_pass(1.0)
    tender.process.kill()
    with Watch() as watch:
        until(lambda: sleeper.ask("tends") == "1")
    assert watch.took < 8
    sleeper.rest()


def test_tender_and_the_one_that_watches_are_killed_together(cluster, key, members):
    """Nobody sleeps for more than a third of the threshold, which is 6 s here."""
    shm = {"takeover_threshold_sec": 6}
    group = start(cluster, key, members, 4, connect_timeout=1000, shm=shm)
    for _ in range(2):
        with group.pop(0) as gone:
            gone.process.kill()
    with Watch() as watch:
        until(lambda: sorted(each(group, "tends")) == ["0", "1"])
    assert watch.took < 6
    assert each(group, "put", 5) == ["5"] * 2
    for member in group:
        member.rest()


def test_error_window_ends_while_a_follower_sleeps(cluster, key, members):
    """The circuit breaker keeps calls away for an interval, not until it wakes up."""
    broken = {"max_error_rate": 1, "error_rate_window": 1}
    group = start(cluster, key, members, 3, **broken)
    let_pass(2.0)
    sleeper = group[-1]
    with cluster.faults.reset(commands="read"):
        # the last of them may be the first one of another window
        assert "MaxErrorRateExceeded" in sleeper.ask("fails", 20).split()
    with Watch() as watch:
        until(lambda: sleeper.ask("fails", 1) == "None")
    assert watch.took < 8
    for member in group:
        member.rest()


# --- with logins, TLS, and clients that share a cluster ---


def test_each_process_logs_in_by_itself(key, members):
    with DevCluster(nodes=2, security=True) as cluster:
        first, *others = start(cluster, key, members, 3)
        nodes = cluster._state.nodes
        assert min(len(node.logins) for node in nodes) >= 3
        assert each([first, *others], "put", 1) == ["1"] * 3
        assert each([first, *others], "tends") == ["1", "0", "0"]
        cluster.advance(24 * 3600)  # all sessions have ended
        assert each([first, *others], "put", 2) == ["2"] * 3
        first.process.kill()
        until(lambda: sorted(each(others, "tends")) == ["0", "1"])
        cluster.stop_node(1)
        cluster.start_node(1)
        until(lambda: each(others, "nodes") == ["2", "2"])
        assert each(others, "put", 3) == ["3"] * 2
        for member in others:
            member.rest()


def test_users_with_other_rights_share_the_memory(key):
    with DevCluster(nodes=2, security=True) as cluster:
        own = {**settings(cluster, key), "user": "admin", "password": "admin"}
        with aerospike.client(own) as admin:
            admin.put(RECORD, {"n": 1})
            admin.admin_create_user("bob", "secret", ["read"])
            bob = {"user": "bob", "password": "secret"}
            with aerospike.client(patient({**own, **bob})) as reader:
                assert reader.get(RECORD)[2] == {"n": 1}
                with pytest.raises(exception.RoleViolation):
                    reader.put(RECORD, {"n": 2})
            wrong = {"password": "wrong", "fail_if_not_connected": True}
            with pytest.raises(exception.InvalidCredential):
                aerospike.client(patient({**own, **wrong}))
            assert admin.is_connected()


@pytest.mark.parametrize("security", [False, True])
def test_tls_with_shared_memory(built_with_tls, key, members, security):
    with DevCluster(nodes=2, tls=True, tls_only=True, security=security) as cluster:
        first, second = start(cluster, key, members, 2)
        assert each([first, second], "put", 1) == ["1", "1"]
        first.process.kill()
        until(lambda: second.ask("tends") == "1")
        assert second.ask("put", 2) == "2"
        cluster.stop_node(1)
        until(lambda: second.ask("nodes") == "1")
        (third,) = start(cluster, key, members, 1, n_nodes=1)
        assert each([second, third], "put", 3) == ["3", "3"]
        cluster.start_node(1)
        until(lambda: each([second, third], "nodes") == ["2", "2"])
        assert each([second, third], "put", 4) == ["4", "4"]
        assert third.ask("fork", 2) == "0"
        for member in (second, third):
            member.rest()


def test_clear_text_does_not_join_tls(built_with_tls, key):
    with DevCluster(nodes=1, tls=True) as cluster:
        plain = {"hosts": cluster.hosts, "fail_if_not_connected": True}
        own = {"shm": {"shm_key": key}}
        secured = {**cluster.config, **own}
        with (
            aerospike.client(patient(secured)),
            pytest.raises(exception.ClientError, match="other settings"),
        ):
            aerospike.client(patient({**plain, **own}))


def test_shared_connection_has_one_part_in_the_memory(cluster, key, members):
    """Two clients of a process are one user; closing one does not end it."""
    shared = settings(cluster, key, use_shared_connection=True)
    one, two = (aerospike.client(shared) for _ in range(2))
    assert n_open(key) == 1
    (other,) = start(cluster, key, members, 1, use_shared_connection=True)
    assert other.ask("tends") == "0"
    one.close()
    assert n_open(key) == 1
    two.put(RECORD, {"n": 1})
    assert other.ask("fork", 2) == "0"
    two.close()
    assert n_open(key) == 0
    until(lambda: other.ask("tends") == "1")
    assert other.ask("put", 3) == "3"
    with aerospike.client(shared) as again:
        again.put(RECORD, {"n": 2})
        assert other.ask("tends") == "1"
    other.rest()


def n_open(key: int) -> int:
    """How often this process has opened the memory."""
    folder = Path("/proc/self/fd")
    links = [os.readlink(link) for link in folder.iterdir() if link.is_symlink()]
    return links.count(str(memory(key)))


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
            settings(cluster, key, fail_if_not_connected=True, **more, shm=shm)
        )


def test_memory_of_another_cluster_is_refused(cluster, key):
    """Also if the node is silent when it is asked for the last time."""

    def fall_silent(*line: Any) -> None:
        if line[-1].endswith("removed"):  # the client has seen that it is another one
            other.freeze_node(0)

    with (
        DevCluster(nodes=1) as other,
        aerospike.client(settings(cluster, key)) as client,
    ):
        aerospike.set_log_handler(fall_silent)
        aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
        config = settings(other, key, connect_timeout=1000)
        with pytest.raises(exception.ClientError, match="belongs to another cluster"):
            aerospike.client({**config, "fail_if_not_connected": True})
        aerospike.set_log_handler(None)
        other.thaw_node(0)
        waiting = aerospike.client({**config, "fail_if_not_connected": False})
        assert not waiting.is_connected()
        reason = f"shared memory of the shm_key 0x{key:08X} belongs to another cluster"
        for call in (
            lambda: waiting.get(RECORD),
            lambda: waiting.query("test", "shm").results(),
            lambda: waiting.info_random_node("build"),
        ):
            with pytest.raises(exception.AerospikeError, match=reason) as caught:
                call()
            assert caught.value.msg == "Cluster is empty"
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


def scribble(key: int, change: Callable[[bytearray, list[int]], None]) -> None:
    """Put another view in force: the one of the tender, changed. The change gets the
    bytes of all that is shared, and where in these the nodes of the view stand.
    """
    whole = bytearray(memory(key).read_bytes())
    before, slots = 224, 4
    size = (len(whole) - before) // slots
    start = before + size * (whole[160] % slots)  # the slot in force
    slot = whole[start : start + size]
    change(slot, [found.start() for found in re.finditer(rb"BB9[0-9A-F]{12}\0", slot)])
    slot[0] = (slot[0] + 2) % 256  # the sequence number, which stays even
    with memory(key).open("r+b") as file:
        file.seek(start)
        file.write(slot)


def double_node(slot: bytearray, nodes: list[int]) -> None:
    first, second, third = nodes
    slot[second:third] = slot[first:second]


def garble_name(slot: bytearray, nodes: list[int]) -> None:
    slot[nodes[0] : nodes[0] + 4] = b"\xb5%s\n"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (double_node, "node BB90000000000A1 twice"),
        (garble_name, "is no view of a cluster"),
    ],
    ids=["double", "no text"],
)
def test_odd_nodes_in_the_memory_do_no_harm(key, log_lines, change, text):
    aerospike.set_log_level(aerospike.LOG_LEVEL_INFO)
    with DevCluster(nodes=3) as cluster:
        config = settings(cluster, key, tend_interval=250)
        with aerospike.client(config) as tender, aerospike.client(config) as follower:
            assert len(follower.get_nodes()) == 3
            scribble(key, change)
            until(lambda: any(text in line for line in log_lines))
            names = {node["node_name"] for node in follower.get_node_names()}
            assert names == set(cluster.node_ids)
            for number in range(50):
                follower.put(("test", "shm", number), {"n": number})
            cluster.stop_node(2)  # so the tender shares another view
            until(lambda: len(follower.get_nodes()) == 2)
            assert sorted(follower.get_nodes()) == sorted(tender.get_nodes())


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_truncated_memory_is_made_anew(cluster, key, members, size):
    first, second = start(cluster, key, members, 2, tend_interval=250)
    whole = memory(key).stat().st_size
    os.truncate(memory(key), size)
    until(lambda: memory(key).exists() and memory(key).stat().st_size == whole)
    for number, member in enumerate([first, second]):
        assert member.ask("put", number) == str(number)
        member.rest()


def test_full_memory_warns_and_leaves_nodes_out(cluster, key, log_lines):
    room = {"shm_key": key, "max_nodes": 1}
    config = settings(cluster, key, shm=room)
    with aerospike.client(config) as tender, aerospike.client(config) as follower:
        assert len(tender.get_nodes()) == 2
        assert len(follower.get_nodes()) == 1
    assert any("no room for 1 nodes" in line for line in log_lines)


@pytest.mark.parametrize("place", ["section", "beside"])
def test_sizes_may_stand_beside_the_section(cluster, key, place):
    room = {"shm_max_nodes": 1, "shm_max_namespaces": 1}
    shm = {"shm_key": key, **(room if place == "section" else {})}
    config = settings(cluster, key, shm=shm)
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
    pair = [Member(cluster, key, hosts=seeds) for _ in range(2)]
    for member in pair:
        members.enter_context(member)
    until(lambda: memory(key).exists())
    let_pass(0.3)  # both look, or wait for the one that does
    cluster.thaw_node(1)
    assert [member.ask("nodes") for member in pair] == ["2", "2"]
    for member in pair:
        member.ask("close")
