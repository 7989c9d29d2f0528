"""OpenTelemetry: the spans, metrics and log records that the SDK's exporters get."""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio

import aerospike
from aerospike import exception, monitoring

from ..absent import need
from ..faults.peer import OK_REPLY, reply
from ..waiting import patient, until

MISSING = ("test", "pytest", "no record of tests of otel")


class Collected:
    """What was exported, and the providers that do so."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
            InMemorySpanExporter,
        )

        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader])

    def instrument(self, **options: Any) -> None:
        aerospike.instrument(
            tracer_provider=self.tracers, meter_provider=self.meters, **options
        )

    @property
    def spans(self) -> list[Any]:
        return list(self._exporter.get_finished_spans())

    def span(self) -> Any:
        """The only one."""
        (span,) = self.spans
        return span

    def forget(self) -> None:
        self._exporter.clear()

    def metrics(self) -> dict[str, Any]:
        """Points by the name of the metric."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: metric.data.data_points
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def collected() -> Iterator[Collected]:
    need("opentelemetry.sdk")
    found = Collected()
    yield found
    aerospike.uninstrument()
    found.tracers.shutdown()
    found.meters.shutdown()


@pytest.fixture
def traced(collected, make_client) -> aerospike.Client:
    collected.instrument()
    return make_client()


def attributes_of(span: Any) -> dict[str, Any]:
    """Without those that name addresses, which other tests look at."""
    return {
        name: value
        for name, value in span.attributes.items()
        if not name.startswith(("server.", "network."))
    }


def parents_of(collected: Collected, name: str) -> list[str]:
    """The names of the spans around those of a name; "" where there is none."""
    names = {span.context.span_id: span.name for span in collected.spans}
    return sorted(
        names[span.parent.span_id] if span.parent else ""
        for span in collected.spans
        if span.name == name
    )


def test_call_on_a_record_is_a_span(traced, collected, key, hosts):
    from opentelemetry.trace import SpanKind, StatusCode

    traced.put(key, {"n": 1})
    span = collected.span()
    assert (span.name, span.kind) == (f"put {key[1]}", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span) == {
        "db.system.name": "aerospike",
        "db.operation.name": "put",
        "db.namespace": key[0],
        "db.collection.name": key[1],
        "aerospike.attempts": 1,
    }
    assert span.attributes["server.address"] == hosts[0][0]
    assert span.attributes.get("server.port", 3000) == hosts[0][1]
    peer = tuple(span.attributes[f"network.peer.{at}"] for at in ("address", "port"))
    assert peer in hosts


def test_call_is_counted_with_its_duration(traced, collected, key):
    traced.put(key, {"n": 1})
    with pytest.raises(exception.RecordNotFound):
        traced.get(MISSING)
    points = collected.metrics()["db.client.operation.duration"]
    by_name = {point.attributes["db.operation.name"]: point for point in points}
    assert by_name["put"].count == 1
    assert 0 < by_name["put"].sum < 60
    assert by_name["put"].explicit_bounds[0] == 0.001
    assert "error.type" not in by_name["put"].attributes
    assert by_name["get"].attributes["db.response.status_code"] == "2"
    assert by_name["get"].attributes["error.type"] == (
        "aerospike.exception.RecordNotFound"
    )
    assert {"db.operation.batch.size", "aerospike.in_doubt"}.isdisjoint(
        name for point in points for name in point.attributes
    )


def test_batch_tells_its_size(traced, collected, key):
    traced.batch_read([key, MISSING, key])
    traced.batch_read([key])
    of_three, of_one = collected.spans
    assert of_three.name == f"batch_read {key[1]}"
    assert of_three.attributes["db.operation.batch.size"] == 3
    # by the conventions, a single one is no batch
    assert "db.operation.batch.size" not in of_one.attributes


def test_queries_are_operations_of_one_name(traced, collected, key):
    traced.put(key, {"n": 1})
    collected.forget()
    traced.query(*key[:2]).results()
    traced.scan(*key[:2]).foreach(lambda _: None)
    for _ in traced.query(*key[:2]):
        pass
    for _ in traced.scan(*key[:2]).stream():
        pass
    assert [span.name for span in collected.spans] == [
        f"{kind} {key[1]}" for kind in ("query", "scan", "query", "scan")
    ]
    assert "db.response.returned_rows" not in collected.spans[0].attributes


def test_call_of_several_requests_is_one_span(traced, collected):
    traced.truncate("test", "no set of tests of otel", 0)
    traced.info_all("build")
    names = [span.name for span in collected.spans]
    place = collected.spans[1].attributes["server.address"]
    assert names[0] == "truncate no set of tests of otel"
    assert names[1].startswith(f"info_all {place}:")


def test_failure_tells_code_and_doubt(scripted_node, collected, make_client):
    from opentelemetry.trace import StatusCode

    collected.instrument()
    scripted_node.expect().send(OK_REPLY)
    scripted_node.expect().stay_silent()
    client = make_client(hosts=[scripted_node.host])
    # the write has its connection then, and leaves at once
    client.exists(("test", "demo", 1))
    collected.forget()
    limits = {"total_timeout": 100, "max_retries": 0}
    with pytest.raises(exception.TimeoutError):
        client.put(("test", "demo", 1), {"n": 1}, policy=limits)
    span = collected.span()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span) == {
        "db.system.name": "aerospike",
        "db.operation.name": "put",
        "db.namespace": "test",
        "db.collection.name": "demo",
        "db.response.status_code": "9",
        "error.type": "aerospike.exception.TimeoutError",
        "aerospike.in_doubt": True,
        "aerospike.attempts": 1,
    }
    assert span.attributes["network.peer.port"] == scripted_node.host[1]


@pytest.mark.parametrize("form", ["pairs", "with a TLS name", "text"])
def test_server_is_the_first_host(collected, make_client, hosts, key, form):
    address, port = hosts[0]
    forms: dict[str, Any] = {
        "pairs": hosts,
        "with a TLS name": [(address, port, None)],
        "text": [f"{address}:{port}"],
    }
    collected.instrument()
    make_client(hosts=forms[form]).exists(key)
    attributes = collected.span().attributes
    assert attributes["server.address"] == address
    assert attributes["server.port"] == port


def test_repeated_call_is_one_span(scripted_node, collected, make_client):
    collected.instrument()
    scripted_node.expect().hang_up()
    scripted_node.expect().send(reply(0))
    client = make_client(hosts=[scripted_node.host])
    client.exists(("test", "demo", 1), policy={"max_retries": 1})
    assert collected.span().attributes["aerospike.attempts"] == 2


def test_names_that_are_no_utf_8_are_escaped(traced, collected, key):
    with pytest.raises(exception.AerospikeError):
        traced.put((key[0], "set\udc80", 1), {"n": 1})
    assert collected.span().attributes["db.collection.name"] == r"set\udc80"


# --- what is current ---


def test_span_is_a_child_of_the_callers(traced, collected, key):
    tracer = collected.tracers.get_tracer("caller")
    with tracer.start_as_current_span("outer") as outer:
        traced.put(key, {"n": 1})
        with pytest.raises(exception.RecordNotFound):
            traced.get(MISSING)
        traced.get(key)
    *inner, _ = collected.spans
    assert [span.name.partition(" ")[0] for span in inner] == ["put", "get", "get"]
    assert {span.parent.span_id for span in inner} == {outer.context.span_id}


def test_call_within_a_callback_is_a_child(traced, collected, key):
    traced.put(key, {"n": 1})
    collected.forget()
    traced.query(*key[:2]).foreach(lambda _: traced.exists(key) and None)
    *inner, query = collected.spans
    assert inner
    assert {span.parent.span_id for span in inner} == {query.context.span_id}


def test_loop_over_records_leaves_the_current_span(traced, collected, key):
    from opentelemetry import trace

    traced.put(key, {"n": 1})
    for records in (traced.query(*key[:2]), traced.query(*key[:2]).stream()):
        for _ in records:
            assert not trace.get_current_span().get_span_context().is_valid


def test_awaited_calls_are_spans_of_their_tasks(collected, hosts, key):
    tracer = collected.tracers.get_tracer("caller")

    async def one(client: Any, name: str) -> None:
        with tracer.start_as_current_span(name):
            await client.get(key)

    async def main() -> None:
        async with aerospike.AsyncClient(patient({"hosts": hosts})) as client:
            await client.put(key, {"n": 1})
            await asyncio.gather(one(client, "a"), one(client, "b"))
            await client.batch_read([key, key])
            n = 0
            async for _ in client.query(*key[:2]):
                n += 1
            assert n == len(await client.query(*key[:2]).results())

    collected.instrument()
    asyncio.run(main())
    assert parents_of(collected, f"put {key[1]}") == [""]
    assert parents_of(collected, f"get {key[1]}") == ["a", "b"]
    assert parents_of(collected, f"batch_read {key[1]}") == [""]
    assert parents_of(collected, f"query {key[1]}") == ["", ""]


def test_calls_of_trio_are_spans_of_their_tasks(collected, hosts, key):
    tracer = collected.tracers.get_tracer("caller")

    async def one(client: Any, name: str) -> None:
        with tracer.start_as_current_span(name):
            await client.exists(key)

    async def main() -> None:
        async with (
            aerospike.AsyncClient(patient({"hosts": hosts})) as client,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(one, client, "a")
            nursery.start_soon(one, client, "b")

    collected.instrument()
    trio.run(main)
    assert parents_of(collected, f"exists {key[1]}") == ["a", "b"]


def test_spans_of_threads_do_not_mix(traced, collected, key):
    tracer = collected.tracers.get_tracer("caller")
    names = ["a", "b", "c", "d"]

    def work(name: str) -> None:
        for _ in range(25):
            with tracer.start_as_current_span(name):
                traced.exists(key)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(work, names))
    assert parents_of(collected, f"exists {key[1]}") == sorted(names * 25)


def test_cancelled_call_is_an_error(scripted_node, collected):
    scripted_node.expect().stay_silent()

    async def main() -> None:
        async with aerospike.AsyncClient(
            patient({"hosts": [scripted_node.host]})
        ) as client:
            task = asyncio.create_task(client.put(("test", "demo", 1), {"n": 1}))
            while not scripted_node.requests:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    collected.instrument()
    asyncio.run(main())
    attributes = collected.span().attributes
    assert attributes["error.type"] == "asyncio.exceptions.CancelledError"
    assert attributes["aerospike.in_doubt"] is True
    assert "db.response.status_code" not in attributes


def test_log_record_of_a_call_has_the_ids_of_its_span(
    collected, make_client, key, caplog
):
    class Broken(monitoring.CommandListener):
        def started(self, event: Any) -> None:
            raise ValueError("boom")

    collected.instrument()
    client = make_client(event_listeners=[Broken()])
    with caplog.at_level(logging.ERROR, "aerospike"):
        client.put(key, {"n": 1})
    record: Any = caplog.records[-1]
    span = collected.span().context
    assert record.otelTraceID == f"{span.trace_id:032x}"
    assert record.otelSpanID == f"{span.span_id:016x}"
    assert record.otelTraceSampled is True


def test_log_record_outside_of_spans_fits_the_same_format(
    collected, make_client, caplog
):
    """As those of OpenTelemetry's instrumentation of logging."""

    class Broken(monitoring.ClusterListener):
        def node_added(self, event: Any) -> None:
            raise ValueError("boom")

    collected.instrument()
    make_client(event_listeners=[Broken()])
    until(lambda: caplog.records)
    text = "%(otelTraceID)s %(otelSpanID)s %(otelTraceSampled)s"
    line = logging.Formatter(text).format(caplog.records[-1])
    assert line.splitlines()[0] == "0 0 False"


# --- what is asked for ---


def test_keys_are_told_only_on_request(collected, make_client, key):
    secret = (*key[:2], "someone@example.com")
    collected.instrument()
    client = make_client()
    client.exists(secret)
    assert "someone" not in collected.span().to_json()
    aerospike.uninstrument()
    collected.forget()
    collected.instrument(capture_keys=True)
    client = make_client()
    client.exists(secret)
    client.exists((*key[:2], None, bytearray(range(20))))
    named, by_digest = collected.spans
    assert named.attributes["aerospike.key"] == "someone@example.com"
    assert by_digest.attributes["aerospike.key"] == bytes(range(20)).hex()


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_what_is_in_development_is_told_on_request(
    collected, make_client, key, monkeypatch, by
):
    if by == "variable":
        asked = "http,database_latest_experimental"
        monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", asked)
    collected.instrument(**({"development": True} if by == "argument" else {}))
    client = make_client()
    client.put(key, {"n": 1})
    n = len(client.query(*key[:2]).results())
    assert collected.spans[-1].attributes["db.response.returned_rows"] == n
    assert "db.response.returned_rows" not in collected.spans[0].attributes
    found = collected.metrics()
    (rows,) = found["db.client.response.returned_rows"]
    assert (rows.count, rows.sum) == (1, n)
    counts = {
        (at.attributes["db.client.connection.pool.name"], state): at.value
        for at in found["db.client.connection.count"]
        for state in [at.attributes["db.client.connection.state"]]
    }
    for node in client.get_stats().nodes:
        pool = f"{node.address}:{node.port}"
        assert counts[pool, "idle"] == node.conns.in_pool
        assert (pool, "used") in counts


def test_what_is_in_development_is_not_told_by_itself(traced, collected, key):
    traced.query(*key[:2]).results()
    assert set(collected.metrics()) == {"db.client.operation.duration"}


# --- on and off ---


def run(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_nothing_is_imported_while_it_is_off():
    printed = run(
        "import sys, aerospike\n"
        "aerospike.client({'hosts': [('127.0.0.1', 1)]})\n"
        "print([name for name in sys.modules if 'telemetry' in name or 'otel' in name])"
    )
    assert printed == "[]\n"


def test_error_without_opentelemetry_names_the_extra():
    printed = run(
        "import sys, aerospike\n"
        "sys.modules['opentelemetry'] = None\n"
        "try: aerospike.instrument\n"
        "except ImportError as error: print(error)"
    )
    assert "pip install 'aerospike[otel]'" in printed


def test_instrument_twice_makes_one_span(traced, collected, make_client, key):
    collected.instrument()
    make_client().exists(key)
    collected.span()


def test_uninstrument_ends_it_for_all_clients(traced, collected, make_client, key):
    aerospike.uninstrument()
    after = make_client()
    assert type(after) is aerospike.Client
    for client in (traced, after):
        client.exists(key)
    assert collected.spans == []
    aerospike.uninstrument()  # again: nothing


def test_suppressed_calls_are_not_told(traced, collected, key):
    need("opentelemetry.instrumentation")
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    with suppress_instrumentation():
        traced.exists(key)
    assert collected.spans == []
    traced.exists(key)
    collected.span()


def wrap_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the function that makes clients, as other instrumentations do."""
    make = aerospike.client
    monkeypatch.setattr(aerospike, "client", functools.wraps(make)(lambda c: make(c)))


def test_nothing_happens_where_another_instrumentation_is_on(
    collected, hosts, key, monkeypatch
):
    wrap_maker(monkeypatch)
    collected.instrument()
    with aerospike.client(patient({"hosts": hosts})) as client:
        assert type(client) is aerospike.Client
        client.exists(key)
    assert collected.spans == []


def test_clients_that_another_instrumentation_wraps_later_are_left_to_it(
    collected, hosts, key, monkeypatch
):
    collected.instrument()
    with aerospike.client(patient({"hosts": hosts})) as before:
        wrap_maker(monkeypatch)
        with aerospike.client(patient({"hosts": hosts})) as after:
            after.exists(key)
        assert collected.spans == []
        before.exists(key)
    collected.span()


def test_class_whose_methods_are_wrapped_is_left_alone(
    collected, hosts, key, monkeypatch
):
    class Wrapped(aerospike.Client):
        pass

    get: Any = functools.wraps(aerospike.Client.get)(lambda *args: None)
    monkeypatch.setattr(Wrapped, "get", get)
    collected.instrument()
    with Wrapped(patient({"hosts": hosts})) as client:
        client.exists(key)
    assert collected.spans == []


def test_entry_point_switches_it_on_and_off(collected, make_client, key):
    need("opentelemetry.instrumentation")
    (entry,) = importlib.metadata.entry_points(
        group="opentelemetry_instrumentor", name="aerospike"
    )
    instrumentor = entry.load()()
    instrumentor.instrument(
        tracer_provider=collected.tracers, meter_provider=collected.meters
    )
    make_client().exists(key)
    collected.span()
    instrumentor.uninstrument()
    assert type(make_client()) is aerospike.Client


def test_metrics_that_raise_leave_the_span_neither_open_nor_current(
    collected, make_client, key
):
    from opentelemetry import trace
    from opentelemetry.metrics import NoOpHistogram, NoOpMeter, NoOpMeterProvider

    class Histogram(NoOpHistogram):
        def record(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("no room")

    class Meter(NoOpMeter):
        def create_histogram(self, name: str, *_: Any, **__: Any) -> Any:
            return Histogram(name)

    class Meters(NoOpMeterProvider):
        def get_meter(self, name: str, *_: Any, **__: Any) -> Any:
            return Meter(name)

    aerospike.instrument(tracer_provider=collected.tracers, meter_provider=Meters())
    make_client().put(key, {"n": 1})
    assert not trace.get_current_span().get_span_context().is_valid
    assert collected.span().name == f"put {key[1]}"
