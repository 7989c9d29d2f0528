"""A client that was made before a fork, used on both sides while other threads are in
the middle of something."""

from __future__ import annotations

import textwrap

import pytest

from ..sanitizers import no_forks_beside_threads
from .scripts import run as run_script

pytestmark = no_forks_beside_threads

SETUP = """
import atexit, socket
folder, module = sys.argv[2:]
config = {"hosts": hosts, "lua": {"user_path": folder}, **PATIENT}
keys = [("test", "processes", n) for n in range(300)]

def get():
    assert client.get(keys[7])[2]["n"] == 7

def put():
    client.put(KEY, {"n": 7})
    assert client.get(KEY)[2] == {"n": 7}

def batch():
    found = client.batch_read(keys).batch_records
    assert [r.record[2]["n"] for r in found] == list(range(300))

def scan():
    assert len(client.query("test", "processes").results()) == 300

def half_a_scan():
    assert next(client.query("test", "processes").stream())[2]["n"] >= 0

def aggregation():
    assert client.query("test", "processes").apply(module, "count").results() == [300]

def info():
    assert len(client.info_all("build")) >= 1

def construction():
    with aerospike.client(config) as other:
        assert other.get(keys[7])[2]["n"] == 7

def unconnected():
    "Several addresses, of which none but the last answers."
    others = [("127.0.0.1", silent.getsockname()[1]), ("localhost", hosts[0][1])]
    aerospike.client({**config, "hosts": others}).close()

def tending():
    with aerospike.client({**config, "tend_interval": 250}) as other:
        for _ in range(20):
            assert other.get(keys[7])[2]["n"] == 7
            time.sleep(0.01)

def error():
    try:
        client.get((*keys[0][:2], "missing"))
    except exception.RecordNotFound:
        pass

silent = socket.create_server(("127.0.0.1", 0))
atexit.register(silent.close)
KINDS = [get, put, batch, scan, half_a_scan, aggregation, info, construction, error]

def everything():
    for kind in KINDS:
        kind()
"""


def run(script, hosts, functions, first="client = aerospike.client(config)"):
    """Run a script that begins with SETUP and a client."""
    text = f"{SETUP}\n{first}\n{textwrap.dedent(script)}"
    return run_script(text, hosts, *functions)


MEANWHILE = [
    "get",
    "put",
    "batch",
    "scan",
    "half_a_scan",
    "aggregation",
    "info",
    "construction",
    "unconnected",
    "tending",
    "error",
]


def forks_meanwhile(hosts, functions, meanwhile, turns):
    """Fork so often while two threads do something; each child does everything."""
    script = f"""
    {meanwhile}()
    codes = []
    with busy({meanwhile}, 2):
        for turn in range({turns}):
            codes.append(ended(child(everything), f"child {{turn}}"))
            get()
    print(codes)
    """
    assert run(script, hosts, functions) == f"{[0] * turns}\n"


def test_children_work_whatever_threads_were_at(hosts, functions):
    forks_meanwhile(hosts, functions, "everything", 10)


@pytest.mark.takes_long
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_children_work_while_threads_are_at(hosts, functions, meanwhile):
    forks_meanwhile(hosts, functions, meanwhile, 8)


@pytest.mark.parametrize("kind", ["aggregation", "construction"])
def test_children_work_while_the_first_call_imports(hosts, functions, kind):
    """The child would wait forever for a module that a thread was importing."""
    script = f"""
    def in_turn():
        thread = threading.Thread(target={kind})
        thread.start()
        for n in range(8):
            assert ended(child({kind}), f"child {{n}}") == 0
            time.sleep(n / 500)
        thread.join()
    for _ in range(3):
        assert ended(child(in_turn), "the middle one") == 0
    print("done")
    """
    first = "pass" if kind == "construction" else "client = aerospike.client(config)"
    assert run(script, hosts, functions, first) == "done\n"


def test_child_that_makes_no_call_sees_nodes_go_and_come(hosts, functions):
    """A probe may ask is_connected() of a worker that has not served anybody yet."""
    script = """
    import select
    from aerospike_devserver import DevCluster
    with DevCluster() as cluster, aerospike.client({"hosts": cluster.hosts}) as mine:
        told, telling = os.pipe()
        def watch():
            until(lambda: not mine.is_connected())
            os.write(telling, b"x")
            until(mine.is_connected)
        pid = child(watch)
        cluster.stop_node(0)
        until(lambda: select.select([told], [], [], 0)[0])
        cluster.start_node(0)
        print(ended(pid))
    """
    assert run(script, hosts, functions) == "0\n"


def test_child_that_asks_late_sees_what_the_tender_sees(hosts, functions):
    """The view that it finds in shared memory has no node; it has inherited one."""
    script = """
    import select
    from aerospike_devserver import DevCluster
    with DevCluster() as cluster:
        shm = {"shm_key": os.getpid()}
        with aerospike.client({"hosts": cluster.hosts, "shm": shm}) as mine:
            told, telling = os.pipe()
            seen, showing = os.pipe()
            def comes(end):
                until(lambda: select.select([end], [], [], 0)[0])
            def watch():
                comes(told)
                until(lambda: not mine.is_connected())
                os.write(showing, b"x")
                until(mine.is_connected)
            pid = child(watch)
            cluster.stop_node(0)
            until(lambda: not mine.get_nodes())
            os.write(telling, b"x")
            comes(seen)
            cluster.start_node(0)
            print(ended(pid))
    """
    assert run(script, hosts, functions) == "0\n"
