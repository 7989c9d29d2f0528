"""Many forks: nothing is left behind, here or at the server."""

from __future__ import annotations

import os

import pytest

from ..children import server
from .scripts import run

SCRIPT = """
import resource
server_pid, turns = int(sys.argv[2]), int(sys.argv[3])
config = {"hosts": hosts, **PATIENT}
client = aerospike.client(config)
keys = [("test", "processes", n) for n in range(20)]
for key in keys:
    client.put(key, {"n": key[2]})

def use():
    assert client.get(keys[3])[2]["n"] == 3
    assert len(client.batch_read(keys).batch_records) == 20
    assert len(client.query("test", "processes").results()) == 20

def n_files(pid="self"):
    return len(os.listdir(f"/proc/{pid}/fd"))

def work():
    "A child that uses the client, and leaves it in one of four ways."
    use()
    if turn % 4 == 0:
        client.close()
    elif turn % 4 == 1:
        global stream
        stream = client.query("test", "processes").stream()
        next(stream)
    elif turn % 4 == 2:
        with aerospike.client(config) as other:
            other.get(keys[1])
    limits.append(n_files())
    assert n_files() <= 24, os.listdir("/proc/self/fd")

def fork():
    assert ended(child(work), f"child {turn}") == 0
    client.get(keys[5])

def measures():
    "What there is of this process, and of the server's descriptors."
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * resource.getpagesize()
    return n_files(), len(os.listdir("/proc/self/task")), memory

limits = []
use()
turn = 0
for turn in range(20):
    fork()
before = measures()
server_before = n_files(server_pid)
for turn in range(turns):
    fork()
after = measures()
assert after[:2] == before[:2], (before, after)
assert after[2] - before[2] < 2_000_000, (before, after)
until(lambda: n_files(server_pid) <= server_before)
print("done")
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts in /proc")
@pytest.mark.measures
@pytest.mark.parametrize(
    "turns", [30, pytest.param(1000, marks=pytest.mark.takes_long)]
)
def test_forks_leave_nothing_behind(turns):
    with server() as (address, pid):
        assert run(SCRIPT, [address], str(pid), str(turns)) == "done\n"


CLOSING = """
client = aerospike.client({"hosts": hosts, **PATIENT})
client.put(KEY, {"n": 1})

def close():
    client.close()
    try:
        client.get(KEY)
        raise AssertionError("the client is closed")
    except exception.ClusterError:
        pass
    assert client.connect().get(KEY)[2] == {"n": 1}
    client.close()

def outlive():
    "The parent closes its client meanwhile."
    assert client.get(KEY)[2] == {"n": 1}
    os.write(told[1], b"x")
    os.read(closed[0], 1)
    for _ in range(20):
        assert client.get(KEY)[2] == {"n": 1}
    assert client.is_connected()

assert ended(child(close)) == 0
assert client.get(KEY)[2] == {"n": 1}
told, closed = os.pipe(), os.pipe()
pid = child(outlive)
os.read(told[0], 1)
client.close()
os.write(closed[1], b"x")
assert ended(pid) == 0
assert ended(child(close)) == 0  # of a client that the parent has closed
client.connect()
assert client.get(KEY)[2] == {"n": 1}
print("done")
"""


def test_close_in_one_does_not_hurt_the_other(hosts):
    assert run(CLOSING, hosts) == "done\n"


HALF_READ = """
lua = {"user_path": sys.argv[2]}
client = aerospike.client({"hosts": hosts, "lua": lua, **PATIENT})

def numbers(records):
    return sorted(record[2]["n"] for record in records)

def query():
    return client.query("test", "processes")

def aggregation():
    return query().apply(sys.argv[3], "numbers")

def rest(stream, taken, numbers):
    "What a process reads on from a stream; it works or says clearly that it does not."
    try:
        found = numbers(stream)
    except exception.ConnectionError as error:
        assert "forked" in str(error), error
        return
    assert sorted(found + taken) == list(range(300)), len(found)

KINDS = {
    "stream": (lambda: query().stream(), numbers),
    "generator": (lambda: (record for record in query()), numbers),
    "aggregation": (lambda: aggregation().stream(), list),
}
for name, (open_one, values) in KINDS.items():
    for n in (1, 40, 299, 300):
        stream = open_one()
        taken = [next(stream) for _ in range(n)]
        if name != "aggregation":
            taken = values(taken)
        def in_child():
            rest(stream, taken, values)
            assert len(query().results()) == 300
        pids = [child(in_child) for _ in range(2)]
        assert sorted(values(stream) + taken) == list(range(300))
        assert [ended(pid, name) for pid in pids] == [0, 0], (name, n)
        def give_up():
            stream.close()
            assert len(query().results()) == 300
        assert ended(child(give_up), name) == 0
print("done")
"""


def test_half_read_streams_never_give_the_parent_s_bytes(hosts, functions):
    assert run(HALF_READ, hosts, *functions) == "done\n"
