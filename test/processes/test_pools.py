"""Pools of processes and threads of the standard library, with a client made before."""

from __future__ import annotations

import json
import textwrap

import pytest

from ..sanitizers import no_forks_beside_threads
from ..waiting import PATIENT
from .scripts import run_file

WORKER = """
import concurrent.futures, json, multiprocessing, os, sys, threading
import aerospike

HOSTS = [tuple(host) for host in json.loads(sys.argv[1])]
METHOD = sys.argv[2]
CONFIG = {"hosts": HOSTS, **json.loads(sys.argv[3])}
KEY = ("test", "counters", "pool-" + METHOD)
WAIT_S = 100
client = aerospike.client(CONFIG)  # with fork it is the parent's, else each has its own

def use(n):
    client.increment(KEY, "n", 1)
    assert client.get(("test", "processes", n % 300))[2]["n"] == n % 300
    keys = [("test", "processes", i) for i in range(20)]
    assert len(client.batch_read(keys).batch_records) == 20
    assert next(client.query("test", "processes").stream())[2]["n"] >= 0
    try:
        client.get((*KEY[:2], "missing"))
    except aerospike.exception.RecordNotFound as error:
        return n, error  # it crosses the border between processes

def judge(results):
    results = list(results)
    assert [n for n, _ in results] == list(range(30))
    assert {error.code for _, error in results} == {2}

def as_process(n, done):
    use(n)
    done.append(n)
"""

POOLS = {
    "Pool": """
        with context.Pool(3, maxtasksperchild=15) as pool:
            judge(pool.map_async(use, range(30), 4).get(WAIT_S))
            pool.close()
            pool.join()
    """,
    "Process": """
        with context.Manager() as manager:
            done = manager.list()
            processes = []
            for n in range(4):
                processes.append(context.Process(target=as_process, args=(n, done)))
                processes[-1].start()
            for process in processes:
                process.join(WAIT_S)
            assert [process.exitcode for process in processes] == [0] * 4
            assert sorted(done) == list(range(4))
    """,
    "ProcessPoolExecutor": """
        with concurrent.futures.ProcessPoolExecutor(3, context) as pool:
            judge(pool.map(use, range(30), timeout=WAIT_S, chunksize=4))
    """,
    "both executors": """
        with (
            concurrent.futures.ThreadPoolExecutor(4) as threads,
            concurrent.futures.ProcessPoolExecutor(2, context) as processes,
        ):
            waiting = [threads.submit(use, n) for n in range(30)]
            judge(processes.map(use, range(30), timeout=WAIT_S, chunksize=4))
            judge(one.result(WAIT_S) for one in waiting)
    """,
    "a pool that is torn down": """
        with context.Pool(2) as pool:
            pool.imap_unordered(use, range(1000))
            use(1)
        use(2)
    """,
}


@no_forks_beside_threads
@pytest.mark.takes_long
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pool_uses_a_client_of_the_module(hosts, functions, tmp_path, method, pool):
    script = f"""
{WORKER}
if __name__ == "__main__":
    client.put(KEY, {{"n": 0}})
    context = multiprocessing.get_context(METHOD)
{textwrap.indent(textwrap.dedent(pool), "    ")}
    use(3)
    client.close()
    print("done")
"""
    path = tmp_path / "program.py"
    path.write_text(script)
    assert run_file(path, hosts, method, json.dumps(PATIENT)) == "done\n"
