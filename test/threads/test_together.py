"""One client that eight threads use in every way at once.

Meanwhile nodes come and go, the log handler uses the client on the tend thread, and
somebody closes it. What calls return is the subject of other tests; `make races` runs
these under ThreadSanitizer.
"""

from __future__ import annotations

import importlib.util
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import operations as ops

from ..waiting import patient, until
from .test_threads import run_threads

N_THREADS, N_ROUNDS = 8, 8
SPACE = ("test", "together")
KEYS = [(*SPACE, i) for i in range(30)]
# a node that has just gone costs an attempt or two, and never long
CONFIG = {
    "tend_interval": 250,
    "max_conns_per_node": 6,
    "policies": {"total_timeout": 4000, "socket_timeout": 300, "max_retries": 3},
}
SOURCE = """\
local function add(a, b) return a + b end
function count(s) return s : map(function(r) return 1 end) : reduce(add) end
function same(rec, x) return x end
"""
HAS_LUA = importlib.util.find_spec("lupa") is not None
READ = [ops.read("n")]
WRITE = [ops.increment("n", 1), lists.list_append("l", 1), ops.read("n")]


@pytest.fixture
def shared(cluster, make_client) -> aerospike.Client:
    """The client of all threads, of a cluster whose nodes may go."""
    return make_client(hosts=cluster.hosts, **CONFIG)


@pytest.fixture
def module(cluster, make_client, tmp_path) -> str:
    """Functions in Lua, which go with the cluster; "" where there is no Lua."""
    if not HAS_LUA:
        return ""
    path = tmp_path / "together.lua"
    path.write_text(SOURCE, encoding="utf-8")
    make_client(hosts=cluster.hosts).udf_put(str(path))
    return path.stem


@pytest.fixture
def handler_uses(shared) -> Iterator[Counter[str]]:
    """Counts what the log handler has done with the client, on the tend thread too."""
    used: Counter[str] = Counter()

    def handler(*_: Any) -> None:
        used[threading.current_thread().name.partition("-")[0]] += 1
        shared.is_connected()
        shared.get_nodes()
        with _errors_of_a_cluster():
            shared.get(KEYS[0], {"total_timeout": 100})

    aerospike.set_log_level(aerospike.LOG_LEVEL_DEBUG)
    aerospike.set_log_handler(handler)
    yield used
    aerospike.set_log_handler(None)
    aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)


class _errors_of_a_cluster:
    """Passes over errors of calls: a node may have gone, or the client be closed."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> bool:
        return isinstance(error, exception.AerospikeError)


def leave_early(client: Any) -> None:
    for _ in client.scan(*SPACE):
        return


def calls(module: str) -> dict[str, Callable[[Any, Any], Any]]:
    """Kinds of calls, by name: of a client and a key."""
    of_functions: dict[str, Callable[[Any, Any], Any]] = {
        "apply": lambda c, k: c.apply(k, module, "same", [1]),
        "aggregation": lambda c, _: (
            c.query(*SPACE).apply(module, "count", []).results()
        ),
    }
    return {
        **(of_functions if module else {}),
        "put": lambda c, k: c.put(k, {"n": 1, "s": "x" * 3000, "l": [1]}),
        "get": lambda c, k: c.get(k),
        "exists": lambda c, k: c.exists(k),
        "operate": lambda c, k: c.operate(k, WRITE),
        "remove": lambda c, k: c.remove(k),
        "batch_read": lambda c, _: c.batch_read(KEYS),
        "batch_operate": lambda c, _: c.batch_operate(KEYS[:10], READ),
        "batch_write": lambda c, k: c.batch_write(
            BatchRecords([Read(k, READ), Write(KEYS[1], WRITE), Remove(KEYS[2])])
        ),
        "scan": lambda c, _: c.scan(*SPACE).results(),
        "foreach": lambda c, _: c.query(*SPACE).foreach(lambda _: True),
        "stream": lambda c, _: list(c.query(*SPACE).stream()),
        "left early": lambda c, _: leave_early(c),
        "info": lambda c, _: c.info_all("node"),
        "nodes": lambda c, _: c.get_node_names(),
        "stats": lambda c, _: (c.is_connected(), c.get_nodes(), repr(c)),
        "refused": lambda c, k: c.put(k, {"a": object()}, {"ttl": 2**40}),
    }


def test_everything_at_once(cluster, shared, handler_uses, module):
    """No call fails in an unknown way, and each kind succeeds, in the end at least."""
    succeeded: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    kinds = calls(module)
    n_left = N_THREADS

    def work(number: int) -> None:
        nonlocal n_left
        keys = itertools.cycle(KEYS[number:] + KEYS[:number])
        try:
            for _ in range(N_ROUNDS):
                for name, call in kinds.items():
                    try:
                        call(shared, next(keys))
                        succeeded[name] += 1
                    except exception.AerospikeError as error:
                        failures[type(error).__name__] += 1
        finally:
            n_left -= 1

    def disturb() -> None:
        while n_left:
            for index in (1, 2):
                cluster.stop_node(index)
                shared.is_connected()
                until(lambda: not n_left or len(shared.get_nodes()) == 2)
                cluster.start_node(index, is_moved=index == 2)
                cluster.move_partitions()
                until(lambda: not n_left or len(shared.get_nodes()) == 3)

    workers: Any = [lambda number=n: work(number) for n in range(N_THREADS)]
    assert run_threads([*workers, disturb]) == []

    def works(name: str) -> bool:
        with _errors_of_a_cluster():
            kinds["put"](shared, KEYS[0])
            kinds[name](shared, KEYS[0])
            return True
        return False

    for name in set(kinds) - set(succeeded) - {"refused"}:  # by chance: nodes went
        until(partial(works, name), (name, failures))
    assert sum(handler_uses.values()) > len(handler_uses) > 0


def test_closed_amid_everything(cluster, handler_uses, module):
    """A client closed by one thread ends what the others do, without harm to them."""
    config = patient({"hosts": cluster.hosts, **CONFIG})
    kinds = calls(module)
    for _ in range(3):
        client = aerospike.client(config)
        rounds: list[int] = []

        def work(number: int, client: Any = client, rounds: Any = rounds) -> None:
            for key in itertools.cycle(KEYS[number:]):
                for call in kinds.values():
                    with _errors_of_a_cluster():
                        call(client, key)
                if not client.is_connected():
                    return
                rounds.append(1)

        def close(client: Any = client, rounds: Any = rounds) -> None:
            until(lambda: len(rounds) > N_THREADS)
            client.close()

        workers: Any = [lambda number=n: work(number) for n in range(N_THREADS)]
        assert run_threads([*workers, close]) == []
