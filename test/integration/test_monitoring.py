"""Listeners: what they hear of calls, nodes and connections."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading
from typing import Any

import pytest

import aerospike
from aerospike import exception, monitoring

from ..children import run_script
from ..faults.peer import reply
from ..waiting import patient, until

MISSING = ("test", "pytest", "no record of tests of monitoring")
CALLER: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="")


class Heard(
    monitoring.CommandListener, monitoring.ClusterListener, monitoring.PoolListener
):
    """Keeps all events, with the thread and the context in which they came."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.where: list[tuple[int, str]] = []

    def _keep(self, name: str, event: Any) -> None:
        self.events.append((name, event))

    def started(self, event: Any) -> None:
        self.where.append((threading.get_ident(), CALLER.get()))
        self._keep("started", event)

    def succeeded(self, event: Any) -> None:
        self.where.append((threading.get_ident(), CALLER.get()))
        self._keep("succeeded", event)

    def failed(self, event: Any) -> None:
        self.where.append((threading.get_ident(), CALLER.get()))
        self._keep("failed", event)

    def node_added(self, event: Any) -> None:
        self._keep("node_added", event)

    def node_removed(self, event: Any) -> None:
        self._keep("node_removed", event)

    def connections_opened(self, event: Any) -> None:
        self._keep("connections_opened", event)

    def connections_closed(self, event: Any) -> None:
        self._keep("connections_closed", event)

    def named(self, name: str) -> list[Any]:
        return [event for called, event in list(self.events) if called == name]

    def commands(self) -> list[tuple[str, str]]:
        ends = ("started", "succeeded", "failed")
        return [(name, event.name) for name, event in self.events if name in ends]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def observed(make_client, heard):
    return make_client(event_listeners=[heard])


def ended(heard: Heard, name: str = "succeeded") -> Any:
    """The end of the only call."""
    (started,), (event,) = heard.named("started"), heard.named(name)
    assert event.started is started
    for attribute in ("request_id", "name", "namespace", "set"):
        assert getattr(event, attribute) == getattr(started, attribute)
    assert event.duration_s >= 0
    return event


def test_call_on_a_record_is_told(observed, heard, key):
    observed.put(key, {"n": 1})
    event = ended(heard)
    assert (event.name, event.namespace, event.set) == ("put", key[0], key[1])
    assert event.started.digest == bytes(aerospike.calc_digest(*key))
    assert event.started.client is observed
    assert event.started.count is None
    assert event.attempts == 1
    names = {node["node_name"] for node in observed.get_node_names()}
    assert event.node in names


def test_call_with_names_for_its_arguments_is_told(observed, heard, key):
    observed.put(bins={"n": 1}, key=key)
    assert ended(heard).set == key[1]


def test_failure_is_told_with_its_error(observed, heard):
    with pytest.raises(exception.RecordNotFound) as caught:
        observed.get(MISSING)
    event = ended(heard, "failed")
    assert event.error is caught.value
    assert (event.code, event.in_doubt, event.attempts) == (2, False, 1)
    assert event.node == caught.value.host


def test_failure_in_doubt_says_so(scripted_node, make_client, heard):
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host], event_listeners=[heard])
    limits = {"total_timeout": 100, "max_retries": 0}
    with pytest.raises(exception.TimeoutError):
        client.put(("test", "demo", 1), {"n": 1}, policy=limits)
    event = ended(heard, "failed")
    assert (event.code, event.in_doubt) == (9, True)


def test_malformed_call_fails_without_a_node(observed, heard):
    with pytest.raises(exception.ParamError):
        observed.get(5)
    event = ended(heard, "failed")
    assert (event.node, event.namespace, event.started.digest) == (None, None, None)


def test_repeated_call_tells_its_attempts(scripted_node, make_client, heard):
    scripted_node.expect().hang_up()
    scripted_node.expect().send(reply(0))
    client = make_client(hosts=[scripted_node.host], event_listeners=[heard])
    client.exists(("test", "demo", 1), policy={"max_retries": 1})
    assert ended(heard).attempts == 2


def test_batch_is_told_with_its_rows(observed, heard, key):
    observed.batch_read([key, MISSING, key])
    event = ended(heard)
    assert (event.started.count, event.count) == (3, 3)
    assert (event.namespace, event.set) == (key[0], key[1])
    assert (event.node, event.attempts) == (None, None)


def test_queries_are_told_with_their_records(observed, heard, key):
    observed.put(key, {"n": 1})
    del heard.events[:]
    n = len(observed.query(*key[:2]).results())
    seen: list[Any] = []
    observed.scan(*key[:2]).foreach(seen.append)
    for _ in observed.query(*key[:2]):
        pass
    assert n == len(seen) > 0
    ends = [(e.name, e.namespace, e.set, e.count) for e in heard.named("succeeded")]
    assert ends == [
        (name, *key[:2], n) for name in ("query.results", "scan.foreach", "query.iter")
    ]


def test_query_that_is_left_early_has_succeeded(observed, heard, key):
    observed.put(key, {"n": 1})
    records = iter(observed.query(*key[:2]))
    next(records)
    records.close()
    assert heard.named("succeeded")[-1].count == 1


def ends(heard: Heard) -> list[tuple[str, str, int | None]]:
    """How the calls so far have ended, and with how many records."""
    ended = ("succeeded", "failed")
    return [
        (how, event.name, getattr(event, "count", None))
        for how, event in heard.events
        if how in ended
    ]


@pytest.fixture
def three(observed, heard, new_key) -> tuple[str, str]:
    """The namespace and set of three records."""
    keys = [new_key() for _ in range(3)]
    for key in keys:
        observed.put(key, {"n": 1})
    del heard.events[:]
    return keys[0][0], keys[0][1]


def test_stream_is_told_with_its_records(observed, heard, three):
    stream = observed.query(*three).stream()
    assert heard.commands() == [("started", "query.stream")]
    n = sum(1 for _ in stream)
    assert ends(heard) == [("succeeded", "query.stream", n)]
    stream.close()
    with observed.scan(*three).stream() as records:
        assert len(records.collect()) == n
    assert ends(heard)[1:] == [("succeeded", "scan.stream", n)]
    assert [event.set for event in heard.named("started")] == [three[1]] * 2


@pytest.mark.parametrize("leave", ["close", "with", "drop"])
def test_stream_that_is_left_has_succeeded(observed, heard, three, leave):
    stream = observed.query(*three).stream()
    next(stream)
    assert ends(heard) == []
    if leave == "close":
        stream.close()
    elif leave == "with":
        with stream:
            pass
    del stream
    gc.collect()
    assert ends(heard) == [("succeeded", "query.stream", 1)]


def test_stream_that_fails_is_told_once(scripted_node, make_client, heard):
    scripted_node.expect().hang_up()
    client = make_client(hosts=[scripted_node.host], event_listeners=[heard])
    stream = client.query("test", "demo").stream({"max_retries": 0})
    with pytest.raises(exception.AerospikeError) as caught:
        next(stream)
    stream.close()
    del stream
    assert ended(heard, "failed").error is caught.value


def test_stream_that_cannot_be_made_is_told(observed, heard):
    with pytest.raises(exception.ParamError):
        observed.query("test", "demo").stream(5)
    assert ends(heard) == [("failed", "query.stream", None)]


def test_awaited_stream_is_told_with_its_records(hosts, heard, three):
    del heard.events[:]

    async def main() -> None:
        config = patient({"hosts": hosts, "event_listeners": [heard]})
        async with aerospike.AsyncClient(config) as client:
            n = 0
            async for _ in client.query(*three).stream():
                n += 1
            async with client.scan(*three).stream() as records:
                await anext(records)
            async with client.query(*three).stream() as records:
                assert len(await records.collect()) == n
            stream = client.query(*three).stream()
            await anext(stream)
            del stream
            gc.collect()
            assert ends(heard) == [
                ("succeeded", "query.stream", n),
                ("succeeded", "scan.stream", 1),
                ("succeeded", "query.stream", n),
                ("succeeded", "query.stream", 1),
            ]

    asyncio.run(main())


def test_awaited_callback_counts_its_records(hosts, heard, three):
    async def callback(_: Any) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        config = patient({"hosts": hosts, "event_listeners": [heard]})
        async with aerospike.AsyncClient(config) as client:
            n = len(await client.query(*three).results())
            await client.query(*three).foreach(callback=callback)
            assert ends(heard)[-1] == ("succeeded", "query.foreach", n)

    asyncio.run(main())


def test_call_within_a_call_has_an_outcome_of_its_own(make_client, heard, new_key):
    """A serializer makes a call while another one is being made."""
    inner, outer = new_key(), new_key()

    def serializer(value: Any) -> bytes:
        client.put(inner, {"n": 1})
        return b"bytes"

    config = {"serialization": (serializer, None), "event_listeners": [heard]}
    client = make_client(**config)
    client.put(outer, {"n": object()})
    assert [event.started.key for event in heard.named("succeeded")] == [inner, outer]
    assert [event.attempts for event in heard.named("succeeded")] == [1, 1]
    names = {node["node_name"] for node in client.get_node_names()}
    assert {event.node for event in heard.named("succeeded")} <= names


def test_call_of_several_requests_is_one(observed, heard):
    observed.truncate("test", "no set of tests of monitoring", 0)
    observed.info_all("build")
    assert heard.commands() == [
        ("started", "truncate"),
        ("succeeded", "truncate"),
        ("started", "info_all"),
        ("succeeded", "info_all"),
    ]


def test_calls_within_a_callback_are_told(observed, heard, key):
    observed.put(key, {"n": 1})
    del heard.events[:]
    observed.query(*key[:2]).foreach(lambda _: observed.get(key) and None)
    assert ("succeeded", "get") in heard.commands()


def test_request_ids_differ(observed, heard, key):
    for _ in range(3):
        observed.exists(key)
    assert len({event.request_id for event in heard.named("started")}) == 3


# --- threads, tasks and contexts ---


def test_listener_is_called_in_the_thread_and_context_of_the_call(observed, heard, key):
    CALLER.set("main")
    observed.exists(key)
    assert heard.where == [(threading.get_ident(), "main")] * 2


def test_context_set_at_the_start_holds_until_the_end(make_client, key):
    class Span(monitoring.CommandListener):
        token: Any = None
        seen: str = ""

        def started(self, event: Any) -> None:
            self.token = CALLER.set("within")

        def succeeded(self, event: Any) -> None:
            self.seen = CALLER.get()
            CALLER.reset(self.token)

    span = Span()
    client = make_client(event_listeners=[span])
    CALLER.set("outside")
    client.exists(key)
    assert (span.seen, CALLER.get()) == ("within", "outside")


def test_awaited_calls_are_told_in_their_tasks(hosts, heard, key):
    async def one(client: Any, name: str) -> None:
        CALLER.set(name)
        await client.get(key)

    async def main() -> None:
        config = patient({"hosts": hosts, "event_listeners": [heard]})
        async with aerospike.AsyncClient(config) as client:
            assert isinstance(client, aerospike.AsyncClient)
            await client.put(key, {"n": 1})
            await asyncio.gather(one(client, "a"), one(client, "b"))
            await client.batch_read([key])
            assert len(await client.query(*key[:2]).results()) > 0
            n = 0
            async for _ in client.query(*key[:2]):
                n += 1
            assert heard.named("succeeded")[-1].count == n
            with pytest.raises(exception.RecordNotFound):
                await client.get(MISSING)

    asyncio.run(main())
    names = [event.name for event in heard.named("succeeded")]
    assert names == [
        "put",
        "get",
        "get",
        "batch_read",
        "query.results",
        "query.iter",
    ]
    assert heard.named("failed")[0].code == 2
    of_gets = [
        where
        for (name, event), (_, where) in zip(
            [each for each in heard.events if hasattr(each[1], "request_id")],
            heard.where,
            strict=True,
        )
        if event.name == "get" and name == "succeeded"
    ]
    assert sorted(of_gets) == ["a", "b"]
    assert heard.named("succeeded")[1].attempts == 1
    assert heard.named("succeeded")[1].node


def test_cancelled_call_fails(scripted_node, heard):
    scripted_node.expect().stay_silent()

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host], "event_listeners": [heard]})
        async with aerospike.AsyncClient(config) as client:
            task = asyncio.create_task(client.put(("test", "demo", 1), {"n": 1}))
            while not scripted_node.requests:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    event = ended(heard, "failed")
    assert isinstance(event.error, asyncio.CancelledError)
    assert (event.code, event.in_doubt) == (None, True)


# --- the cluster ---


def test_nodes_and_connections_are_told(cluster, heard, key):
    config = {
        "hosts": cluster.hosts[:1],
        "tend_interval": 250,
        "event_listeners": [heard],
    }
    ports = [port for _, port in cluster.hosts]
    with aerospike.client(patient(config)) as client:
        until(lambda: len(heard.named("node_added")) == 3)
        assert {event.port for event in heard.named("node_added")} == {*ports}
        client.put(key, {"n": 1})
        until(lambda: sum(e.count for e in heard.named("connections_opened")) >= 4)
        assert all(event.client is client for event in heard.named("node_added"))
        cluster.stop_node(2)
        (gone,) = until(lambda: heard.named("node_removed"))
        assert gone.port == ports[2]
        until(lambda: heard.named("connections_closed"))


# --- registration ---


def test_registered_listener_hears_of_clients_made_from_then_on(
    make_client, heard, key
):
    before = make_client()
    monitoring.register(heard)
    try:
        during = make_client()
    finally:
        monitoring.unregister(heard)
    after = make_client()
    for client in (before, during, after):
        client.exists(key)
    assert [event.client for event in heard.named("started")] == [during]
    with pytest.raises(ValueError, match="not registered"):
        monitoring.unregister(heard)


def test_client_without_listeners_is_of_its_own_class(make_client, observed):
    assert type(make_client()) is aerospike.Client
    assert type(make_client(event_listeners=None)) is aerospike.Client
    assert isinstance(observed, aerospike.Client)


def test_subclass_is_observed(hosts, heard, key):
    class Own(aerospike.Client):
        def put_one(self, key: Any) -> None:
            self.put(key, {"n": 1})

    with Own(patient({"hosts": hosts, "event_listeners": [heard]})) as client:
        assert isinstance(client, Own)
        client.put_one(key)
    assert ("succeeded", "put") in heard.commands()


@pytest.mark.parametrize("wrong", [5, [5], "listener", [object()]])
def test_what_is_no_listener_is_refused(hosts, wrong):
    with pytest.raises(exception.ParamError, match="event_listeners"):
        aerospike.client(patient({"hosts": hosts, "event_listeners": wrong}))
    with pytest.raises(TypeError, match="a listener derives from"):
        monitoring.register(wrong)


def test_error_of_a_listener_is_logged_and_the_call_goes_on(make_client, key, caplog):
    class Broken(monitoring.CommandListener):
        def started(self, event: Any) -> None:
            raise ValueError("boom")

    client = make_client(event_listeners=[Broken()])
    with caplog.at_level(logging.ERROR, "aerospike"):
        client.put(key, {"n": 1})
    assert "Broken.started has raised ValueError" in caplog.text


def test_listener_of_one_kind_hears_of_that_alone(make_client, key):
    class Nodes(monitoring.ClusterListener):
        added = 0

        def node_added(self, event: Any) -> None:
            self.added += 1

    nodes = Nodes()
    client = make_client(event_listeners=[nodes])
    client.exists(key)
    until(lambda: nodes.added == len(client.get_nodes()))


class Tenant(aerospike.Client):
    """What a program may add to a client."""

    kinds = dict

    def __init__(self, name: str, *, config: dict[str, Any]) -> None:
        self.name = name
        super().__init__(config)
        self.first = self.query("test", "pytest")  # not told: the client is not whole

    @staticmethod
    def doubled(n: int) -> int:
        return 2 * n

    def key_of(self, user: Any) -> Any:
        return ("test", "pytest", f"{self.name}-{user}")

    def save(self, user: Any) -> Any:
        self.put(self.key_of(user), {"n": 1})
        return self.get(self.key_of(user))[2]


def test_methods_that_a_subclass_adds_stay_as_they_are(hosts, heard, monkeypatch):
    monkeypatch.setattr(monitoring, "_registered", (heard,))
    config = {"hosts": hosts, "policies": {"total_timeout": 30_000}}
    with Tenant("acme", config=config) as client:
        assert client.doubled(2) == 4
        assert client.kinds(n=1) == {"n": 1}
        assert client.key_of("ada") == ("test", "pytest", "acme-ada")
        assert heard.named("started") == []
        assert client.save("ada") == {"n": 1}
        assert [event.name for event in heard.named("started")] == ["put", "get"]
        client.remove(client.key_of("ada"))


def test_methods_that_an_async_subclass_adds_stay_as_they_are(hosts, heard, key):
    class Mine(aerospike.AsyncClient):
        def key_of(self, _user: str) -> Any:
            return key

    async def run() -> None:
        config = patient({"hosts": hosts, "event_listeners": [heard]})
        async with Mine(config) as client:
            assert client.key_of("ada") == key

    asyncio.run(run())


def test_class_of_an_observed_client_makes_others(observed, hosts, heard, key):
    before = len(heard.named("started"))
    with type(observed)(patient({"hosts": hosts, "event_listeners": [heard]})) as other:
        other.put(key, {"n": 1})
    assert len(heard.named("started")) == before + 1


def test_call_that_is_closed_in_another_context_has_failed(hosts, heard):
    async def run() -> None:
        client = aerospike.AsyncClient(
            patient({"hosts": hosts, "event_listeners": [heard]})
        )
        await client.connect()
        call = client.info_all("build")
        contextvars.copy_context().run(call.send, None)
        contextvars.copy_context().run(call.close)
        await client.close()

    asyncio.run(run())
    assert isinstance(ended(heard, "failed").error, GeneratorExit)


@pytest.mark.parametrize("name", ["node_added", "connections_opened"])
def test_listener_may_close_the_client_that_is_being_made(hosts, name):
    class Closes(Heard):
        pass

    setattr(Closes, name, lambda self, event: event.client.close())
    client = aerospike.client(patient({"hosts": hosts, "event_listeners": [Closes()]}))
    assert not client.is_connected()


def test_signals_leave_calls_told_and_the_next_ones_too(hosts):
    """Wherever they end a call: one of several requests must not hide all later ones.

    A signal within a listener may take the end of that call from it."""
    run_script(
        """
        from aerospike import monitoring
        class Counts(monitoring.CommandListener):
            begun = over = 0
            def started(self, event):
                self.begun += 1
            def succeeded(self, event):
                self.over += 1
            failed = succeeded
        class Boo(BaseException):
            pass
        def interrupt(*_):
            raise Boo
        sys.unraisablehook = lambda _: None  # signals come within finalizers, too
        signal.signal(signal.SIGALRM, interrupt)
        heard = Counts()
        client = aerospike.client({"hosts": hosts, "event_listeners": [heard]})
        for i in range(1000):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 + i % 100 * 1e-5)
                for _ in range(3):
                    client.info_all("build")
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Boo:
                pass
        heard.begun = heard.over = 0
        client.info_all("build")
        assert (heard.begun, heard.over) == (1, 1)
        """,
        hosts,
    )
