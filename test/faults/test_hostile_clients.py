"""Clients that are used before they are made, and the private calls of the package.

Whoever derives a class from Client can hand the object on before the constructor ends.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import aerospike
from aerospike import exception

from .peer import INFO, ScriptedNode

KEY = ("test", "pytest", 1)
NOT_MADE = r"Invalid aerospike object: its constructor"


class Held:
    """A node that lets nobody connect until `release`."""

    def __init__(self, node: ScriptedNode) -> None:
        self.config = {
            "hosts": [node.host],
            "fail_if_not_connected": True,
            "connect_timeout": 20_000,
            "serialization": (repr, None),
        }
        self._reached, self._released = threading.Event(), threading.Event()
        self._first = b""
        node.on_frame = self._hold
        self.pool = ThreadPoolExecutor(4)

    def _hold(self, kind: int, _body: bytes) -> bytes | None:
        if kind == INFO:
            self._reached.set()
            assert self._released.wait(20)
            first, self._first = self._first, b""
            return first or None
        return None

    def start(self, init: Callable[..., Any]) -> Future[Any]:
        """Call a constructor in another thread; it waits for the node afterwards."""
        self._reached.clear()
        future = self.pool.submit(init, self.config)
        assert self._reached.wait(20)
        return future

    def release(self, first: bytes = b"") -> None:
        """Let the node answer; its first answer may be garbage."""
        self._first = first
        self._released.set()


@pytest.fixture
def held(scripted_node: ScriptedNode) -> Iterator[Held]:
    made = Held(scripted_node)
    yield made
    made.release()
    made.pool.shutdown()


def unmade() -> Any:
    """A client whose constructor was not called."""
    return aerospike.Client.__new__(aerospike.Client)


def assert_unusable(client: aerospike.Client) -> None:
    for use in (
        lambda: client.get(KEY),
        lambda: client.put(KEY, {"a": 1}),
        lambda: client.batch_read([KEY]),
        lambda: client.query("test").results(),
        lambda: client.info_all("namespaces"),
        client.connect,
        client.get_policies,
    ):
        with pytest.raises(exception.ParamError, match=NOT_MADE):
            use()
    assert client.is_connected() is False
    client.close()


def test_client_cannot_be_used_before_its_constructor_has_ended(held):
    client = unmade()
    assert_unusable(client)
    init = held.start(client.__init__)
    assert_unusable(client)
    held.release()
    init.result(20)
    assert client.is_connected()
    client.close()


def test_client_whose_constructor_failed_can_be_made_again(held, hosts):
    client = unmade()
    init = held.start(client.__init__)
    held.release(first=b"\xff" * 8)
    with pytest.raises(exception.AerospikeError):
        init.result(20)
    assert_unusable(client)
    client.__init__({"hosts": hosts})
    assert client.exists(KEY)[0][:3] == KEY
    client.close()


def test_of_two_constructors_at_once_one_counts(held, scripted_node):
    client = unmade()
    inits = [held.start(client.__init__) for _ in range(2)]
    held.release()
    errors = [init.exception(20) for init in inits]
    assert {type(error) for error in errors} == {type(None), RuntimeError}
    assert client.is_connected()
    with pytest.raises(RuntimeError, match="initialised already"):
        client.__init__(held.config)
    client.close()


def test_client_closed_while_it_connects_late_stays_closed(make_client, held):
    config = {**held.config, "hosts": [("127.0.0.1", 1)]}
    del config["fail_if_not_connected"]
    with ScriptedNode() as node:
        config["hosts"] = [node.host]
        node.info["node"] = "ERROR:4:not yet"
        client = make_client(**config)
        assert not client.is_connected()
        del node.info["node"]
        node.on_frame = held._hold
        get = held.start(lambda _config: client.get(KEY))
        client.close()
        held.release()
        with pytest.raises(exception.ClusterError, match="the client is closed"):
            get.result(20)
        assert not client.is_connected()


# what the package alone calls

SPEC = {"ns": "test", "set": "demo", "bins": None, "ops": None}
WRONG = [None, 1, "x", b"x", [1], (1,), {"a": 1}, object()]
TYPES: dict[str, type] = {
    **dict.fromkeys(("ns", "set", "index_name", "node"), str),
    **dict.fromkeys(("bins", "predicate"), tuple),
    **dict.fromkeys(("ops", "ctx"), list),
    "index_expr": bytes,
    **dict.fromkeys(("max_records", "records_per_second", "ttl", "nobins"), int),
}
CAN_BE_NONE = {name for name, cls in TYPES.items() if cls is not int} - {"ns", "set"}


@pytest.mark.parametrize("name", TYPES)
def test_query_of_wrong_types_is_refused(client, name):
    tracker = aerospike._core.Tracker(0, 1)
    for wrong in WRONG:
        if isinstance(wrong, TYPES[name]) or (wrong is None and name in CAN_BE_NONE):
            continue
        spec = {**SPEC, name: wrong}
        for use in (
            lambda spec=spec: client._stream(False, spec, None, tracker, False, False),
            lambda spec=spec: client._background(False, spec, None, None),
        ):
            with pytest.raises(exception.ParamError, match=f"{name} of a query must"):
                use()


@pytest.mark.parametrize("wrong", WRONG)
def test_stream_without_a_description_or_tracker_is_refused(client, wrong):
    tracker = aerospike._core.Tracker(0, 1)
    with pytest.raises(TypeError, match="a Tracker is expected"):
        client._stream(False, SPEC, None, wrong, False, False)
    with pytest.raises((exception.ParamError, TypeError)):
        client._stream(False, wrong, None, tracker, False, False)
    with pytest.raises((exception.ParamError, TypeError)):
        client._background(False, wrong, None, None)


@pytest.mark.parametrize("missing", ["ns", "set"])
def test_query_without_a_name_is_refused(client, missing):
    spec = {name: value for name, value in SPEC.items() if name != missing}
    tracker = aerospike._core.Tracker(0, 1)
    with pytest.raises(exception.ParamError, match=f"{missing} of a query must be str"):
        client._stream(False, spec, None, tracker, False, False)


def test_background_work_without_operations_is_refused(client):
    with pytest.raises(exception.ParamError, match="needs operations"):
        client._background(False, SPEC, None, None)


def run_python(code: str, *args: str) -> None:
    """In a process whose modules are as they were imported."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


BATCH_CLIENT = """
        import sys
        import aerospike
        from aerospike_helpers.batch import records
        host, port = sys.argv[1].split(":")
        client = aerospike.client({"hosts": [(host, int(port))]})
"""


@pytest.mark.parametrize(
    "damage",
    [
        "records.BatchRecord = records.Read = int",
        "records.Write = dict",
        "records.Remove = 'Remove'",
    ],
)
def test_classes_of_batch_records_that_do_not_fit_are_never_written_to(hosts, damage):
    """Not even by the second call; and once they fit, calls work."""
    run_python(
        BATCH_CLIENT
        + f"""
        saved = dict(vars(records))
        {damage}
        for _ in range(3):
            try:
                client.batch_read([("test", "pytest", "no such key")])
            except (AttributeError, TypeError):
                pass
            else:
                raise AssertionError("classes that do not fit were taken")
        vars(records).update(saved)
        batch = client.batch_read([("test", "pytest", "no such key")])
        assert [r.result for r in batch.batch_records] == [2]
        assert batch.batch_records[0].subcode == 0
        """,
        ":".join(map(str, hosts[0])),
    )


@pytest.mark.parametrize(
    "damage",
    [
        "records.BatchRecord.result = 1",
        "del records.BatchRecord.result",
        "records.BatchRecord.result = records.Read.meta",
    ],
)
def test_batches_do_not_need_the_descriptors_of_a_batch_record(hosts, damage):
    run_python(
        BATCH_CLIENT
        + f"""
        descriptor = records.BatchRecord.result
        {damage}
        batch = client.batch_read([("test", "pytest", "no such key")])
        records.BatchRecord.result = descriptor
        assert [r.result for r in batch.batch_records] == [2]
        """,
        ":".join(map(str, hosts[0])),
    )
