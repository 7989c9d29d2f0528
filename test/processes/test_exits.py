"""Interpreters that end while clients, queries, aggregations and threads are alive: the
exit code is what the program says, nothing is printed, nothing hangs or crashes."""

from __future__ import annotations

import signal
import textwrap

import pytest

from .scripts import run as run_script

SETUP = """
import atexit
folder, module = sys.argv[2:]
config = {"hosts": hosts, "lua": {"user_path": folder}, **PATIENT}
client = aerospike.client(config)
key = ("test", "processes", 7)

def query():
    return client.query("test", "processes")

def aggregation(function="numbers"):
    return query().apply(module, function)

def for_ever(work):
    "A daemon thread does the work over and over, until the process is gone."
    def go_on():
        while True:
            work()
            started.set()
    started = threading.Event()
    threading.Thread(target=go_on, daemon=True).start()
    assert started.wait(60), "a daemon thread hangs"
"""

ENDS = {
    "a stream that is half read": """
        stream = query().stream()
        next(stream)
    """,
    "a generator that is half run": """
        records = (record for record in query())
        next(records)
    """,
    "an aggregation that is half read": """
        stream = aggregation().stream()
        next(stream)
    """,
    "all of it in a cycle": """
        stream, other = query().stream(), aggregation().stream()
        next(stream), next(other)
        cycle = [client, stream, other]
        cycle.append(cycle)
        sys.keep = cycle
    """,
    "daemon threads in calls": """
        for_ever(lambda: client.get(key))
        for_ever(lambda: client.batch_read([key] * 50))
    """,
    "daemon threads in queries": """
        for_ever(lambda: query().results())
        for_ever(lambda: query().foreach(lambda record: None))
    """,
    "a daemon thread in aggregations": """
        for_ever(lambda: aggregation().results())
    """,
    "a daemon thread that connects": """
        for_ever(lambda: aerospike.client(config).close())
    """,
    "a daemon thread that leaves clients to Python": """
        for_ever(lambda: aerospike.client(config).get(key))
    """,
    "a daemon thread in a log handler": """
        aerospike.set_log_handler(lambda *line: time.sleep(0.01))
        aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
        for_ever(lambda: client.get(key))
    """,
    "a daemon thread with the errors of calls": """
        def fail():
            try:
                client.get((*key[:2], "missing"))
            except exception.RecordNotFound:
                pass
        for_ever(fail)
    """,
    "atexit uses the client": """
        @atexit.register
        def last():
            assert client.get(key)[2]["n"] == 7
            assert len(query().results()) == 300
            assert aggregation("count").results() == [300]
            client.close()
            client.connect().put(KEY, {"n": 1})
    """,
    "atexit makes a client": """
        client.close()
        atexit.register(lambda: aerospike.client(config).get(key))
    """,
    "a finalizer of a module's global uses the client": """
        class Last:
            def __del__(self, client=client, key=key):
                client.get(key)
                client.close()
        last = Last()
    """,
    "a thread that outlives the main one": """
        def work():
            threading.main_thread().join()
            for _ in range(20):
                client.get(key)
                query().results()
        threading.Thread(target=work).start()
    """,
    "sys.exit() in a thread": """
        def work():
            next(query().stream())
            sys.exit(3)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert client.get(key)[2]["n"] == 7
    """,
    "an event loop's client in what was raised": """
        import asyncio, logging, warnings
        logging.getLogger("asyncio").setLevel("ERROR")  # not what a busy machine delays
        warnings.simplefilter("ignore")  # of the client that nobody closes
        async def main():
            client = aerospike.AsyncClient(config)
            await client.get(key)
            pending = asyncio.ensure_future(client.get(key))
            await asyncio.sleep(0)
            raise ZeroDivisionError
        try:
            asyncio.run(main())
        except ZeroDivisionError as error:
            sys.last_value = error
    """,
    "a thread that reads files and has died with its lock": """
        from aerospike import _watch
        provider = aerospike.ConfigProvider(os.devnull)
        with __import__("warnings").catch_warnings():
            __import__("warnings").simplefilter("ignore")  # the file is of no use
            follower = aerospike.client({**config, "config_provider": provider})
        thread = threading.Thread(target=_watch._watcher._changed.acquire)
        thread.start()
        thread.join()
    """,
    "metrics and listeners that nobody ends": """
        from aerospike import monitoring
        from aerospike_helpers.metrics import MetricsPolicy
        class All(monitoring.CommandListener, monitoring.PoolListener):
            pass
        told = aerospike.client({**config, "event_listeners": [All()]})
        told.enable_metrics(MetricsPolicy(report_dir=folder, interval=1))
        for_ever(lambda: told.get(key))
    """,
    "a client nobody closes in a thread's own data": """
        local = threading.local()
        def work():
            local.client = aerospike.client(config)
            local.stream = local.client.query("test", "processes").stream()
            next(local.stream)
        for_ever(work)
    """,
}


def run(script, hosts, functions, **options):
    """Run a script that begins with SETUP."""
    return run_script(SETUP + textwrap.dedent(script), hosts, *functions, **options)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_interpreter_ends_with(hosts, functions, end):
    run(end, hosts, functions)


@pytest.mark.takes_long
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_interpreter_ends_in_development_mode_with(hosts, functions, end):
    """Python looks at its own memory then, and tells of what nobody has closed."""
    for _ in range(3):
        run(end, hosts, functions, options=["-X", "dev"])


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os._exit(5)", 5),
        ("sys.exit(5)", 5),
        ("threading.Thread(target=lambda: os._exit(5)).start(); time.sleep(60)", 5),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)", -signal.SIGKILL),
    ],
)
def test_process_ends_in_the_middle(hosts, functions, end, code):
    script = f"""
    for_ever(lambda: client.get(key))
    for_ever(lambda: query().results())
    stream = aggregation().stream()
    next(stream)
    {end}
    """
    run(script, hosts, functions, code=code)


def test_signal_handler_ends_the_program_in_the_middle_of_a_query(hosts, functions):
    script = """
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(6))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    for_ever(lambda: client.get(key))
    while True:
        query().results()
        aggregation().results()
    """
    run(script, hosts, functions, code=6)
