"""Modules that the server loads when a request first needs them."""

import subprocess
import sys
import textwrap

LATE = [
    "aerospike_devserver.expressions",
    "aerospike_devserver.handlers.admin",
    "aerospike_devserver.handlers.query",
    "aerospike_devserver.handlers.udf",
    "aerospike_devserver.operations.cdt",
    "aerospike_devserver.request_log",
    "aerospike_devserver.tls",
    "aerospike_lua",
    "ssl",
]

# a module of the package that takes a while to load, and is whole only in the end
SLOW = """
    import os, sys, threading, time
    from pathlib import Path
    import aerospike_devserver
    from aerospike_devserver.loading import load_module

    folder = Path(sys.argv[1])
    aerospike_devserver.__path__.append(str(folder))
    source = "import time; begun.set(); time.sleep(0.3); end = 1"
    (folder / "slow.py").write_text("from builtins import begun\\n" + source)
    import builtins
    begun = builtins.begun = threading.Event()

    def load_slow():
        load_module("slow")
        return sys.modules["aerospike_devserver.slow"].end
"""


def run(code, *args):
    """Run a script in a process of its own; what it prints."""
    code = textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_cluster_starts_without_what_only_some_requests_need():
    loaded = run("""
        import sys
        from aerospike_devserver import DevCluster
        with DevCluster():
            print(*sys.modules)
    """).split()
    assert not set(LATE) & set(loaded)


def test_a_thread_waits_for_what_another_one_loads(tmp_path):
    script = (
        SLOW
        + """
    first = threading.Thread(target=load_slow)
    first.start()
    begun.wait()
    print(load_slow())
    first.join()
    """
    )
    assert run(script, str(tmp_path)) == "1\n"


def test_the_child_of_a_fork_can_load_what_a_thread_has_begun_to_load(tmp_path):
    script = (
        SLOW
        + """
    import signal
    first = threading.Thread(target=load_slow)
    first.start()
    begun.wait()
    child = os.fork()
    if not child:
        signal.alarm(20)  # ends the child if it waits for a thread that is not there
        os._exit(0 if load_slow() == 1 else 1)
    print(os.waitpid(child, 0)[1])
    first.join()
    """
    )
    assert run(script, str(tmp_path)) == "0\n"


def test_a_module_is_loaded_though_all_descriptors_are_taken():
    script = """
    import errno, os, resource
    from aerospike_devserver.loading import load_module

    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    try:
        while True:
            os.open(os.devnull, os.O_RDONLY)
    except OSError as error:
        assert error.errno == errno.EMFILE
    load_module("expressions")
    print("loaded")
    """
    assert run(script) == "loaded\n"


def test_no_request_loads_anything_once_all_is_loaded():
    script = """
    import sys
    import aerospike
    from aerospike_devserver import DevCluster
    from aerospike_devserver.loading import load_all
    from aerospike_helpers import expressions as exp
    from aerospike_helpers.operations import operations as ops

    def loaded():
        return {name for name in sys.modules if name.startswith("aerospike_devserver")}

    load_all()
    with DevCluster() as cluster:
        before = loaded()
        client = aerospike.client({"hosts": cluster.hosts, "connect_timeout": 20_000})
        key, patient = ("test", "load", 1), {"total_timeout": 20_000}
        true = {**patient, "expressions": exp.GE(exp.IntBin("a"), 1).compile()}
        client.put(key, {"a": 1}, policy=patient)
        client.get(key, true)
        client.batch_operate([key], [ops.read("a")], patient)
        client.query("test", "load").results(true)
        client.info_all("sets", patient)
        client.close()
        print(loaded() - before)
    """
    assert run(script) == "set()\n"
