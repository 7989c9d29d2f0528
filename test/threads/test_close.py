"""The end of a client while its own thread is in the log handler."""

from __future__ import annotations

import pytest

from ..children import Script, run_script

PREPARE = """
import gc, weakref

class Holder:
    def __init__(self):
        self.client = aerospike.client({"hosts": hosts} | PATIENT)
        self.me = self  # a cycle, which only the collector frees

def n_threads():
    return len(os.listdir("/proc/self/task"))

signal.alarm(200)  # ends it should it hang
first = threading.Thread(target=gc.collect)  # with it begins that of a sanitizer
first.start()
first.join()
until(lambda: not os.path.exists(f"/proc/self/task/{first.native_id}"))
n_at_first = n_threads()
gc.disable()  # it comes when the test says so
holder = Holder()
client = weakref.ref(holder.client)

def end():
    global holder
    if sys.argv[2] == "close":
        holder.client.close()
    else:
        holder = None
        gc.collect()
        assert client() is None

def report(handler):
    aerospike.set_log_level(aerospike.LOG_LEVEL_WARN)
    aerospike.set_log_handler(handler)
    print("ready", flush=True)

def await_last_thread():
    until(lambda: n_threads() == n_at_first)
    print("end")
"""

IN_THE_HANDLER = """
ended = threading.Event()

def handler(*_):
    if not ended.is_set():
        end()
        ended.set()

report(handler)
assert ended.wait(100)
await_last_thread()
"""

WITH_A_LOCK = """
lock, wanted = threading.Lock(), threading.Event()

def handler(*_):
    wanted.set()
    with lock:
        pass

with lock:
    report(handler)
    assert wanted.wait(100)
    begun = time.monotonic()
    end()
    assert time.monotonic() - begun < 1 + 2  # its limit, on a busy machine
await_last_thread()
"""


@pytest.mark.parametrize("how", ["close", "collect"])
@pytest.mark.parametrize(
    "script", [IN_THE_HANDLER, WITH_A_LOCK], ids=["in_the_handler", "with_a_lock"]
)
def test_client_ends_whatever_its_log_handler_does(cluster, how, script):
    """Its thread calls the handler, which ends the client or waits for who does."""
    with Script(PREPARE + script, cluster.hosts, how) as running:
        assert running.line() == "ready"
        cluster.stop_node(1)  # of which the thread has something to say
        assert running.rest() == "end\n"


STOPS_IN_THE_MIDDLE = """
def descriptors():
    return len(os.listdir("/proc/self/fd"))

aerospike.client({"hosts": hosts} | PATIENT).close()  # what the first one imports stays
before = descriptors()
client = aerospike.client({"hosts": hosts} | PATIENT)
for i in range(100):
    client.put(("test", "close", i), {"i": i})
records = iter(client.query("test", "close"))
next(records)
client.close()
records.close()
print(descriptors() - before)
"""


def test_what_refers_to_a_closed_client_keeps_no_descriptors(cluster):
    assert run_script(STOPS_IN_THE_MIDDLE, cluster.hosts) == "0\n"
