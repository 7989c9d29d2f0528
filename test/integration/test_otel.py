"""OpenTelemetry: the spans, metrics and log records that the SDK's exporters get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception

from ..absent import need

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


def attributes_of(span: Any, *but: str) -> dict[str, Any]:
    """Without those that name addresses, which other tests look at."""
    return {
        name: value
        for name, value in span.attributes.items()
        if not name.startswith(("server.", "network."))
    }


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
