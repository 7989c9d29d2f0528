"""OpenTelemetry: spans and metrics of the calls of clients.

aerospike.instrument() imports this module, and nothing else does. It is a listener of
`aerospike.monitoring`. Names of attributes and metrics are those of OpenTelemetry's
semantic conventions for databases, in their stable form (since version 1.33).

Source: https://opentelemetry.io/docs/specs/semconv/database/
"""

from __future__ import annotations

import logging
import os
import sys
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.trace import SpanKind, StatusCode
except ImportError as error:
    raise ImportError(
        "aerospike.instrument() needs opentelemetry-api: pip install 'aerospike[otel]'"
    ) from error

from aerospike import monitoring
from aerospike._client import Client
from aerospike._version import __version__
from aerospike.exception import AerospikeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextvars import Token
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import Span, TracerProvider

    Attributes = dict[str, str | int | bool]

_SCHEMA = "https://opentelemetry.io/schemas/1.33.0"
_DEFAULT_PORT = 3000
_LATENCIES_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)

# what OTEL_SEMCONV_STABILITY_OPT_IN has, among others, to ask for more than is stable
_OPT_IN = "database_latest_experimental"

# what others set in a context so that nothing within is told
_SUPPRESSED = (
    getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),
    "suppress_instrumentation",
)

# ways to read the records of a query, which are no operations of their own
_READING = {".results", ".foreach", ".iter", ".stream"}


# --- what is known of a call ---


def _operation(event: monitoring.CommandStarted) -> str:
    kind, dot, way = event.name.partition(".")
    return kind if dot + way in _READING else event.name


def _target(attributes: Mapping[str, str | int | bool]) -> str | None:
    """What a call is about, for the name of its span."""
    for name in ("db.collection.name", "db.namespace", "server.address"):
        if name in attributes:
            port = attributes.get("server.port") if name == "server.address" else None
            return f"{attributes[name]}:{port}" if port else str(attributes[name])
    return None


def _batch_size(event: monitoring.CommandStarted) -> int | None:
    """A batch of one is none, by the conventions."""
    return event.count if event.count is not None and event.count > 1 else None


def _text(value: str) -> str:
    """What every exporter can write as UTF-8. A str may have lone surrogates."""
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(value: str | None) -> str | None:
    return _text(value) if value else None


_OF_CALLS = {
    "db.operation.name": _operation,
    "db.namespace": lambda event: _name(event.namespace),
    "db.collection.name": lambda event: _name(event.set),
}
"""Attributes of spans and metrics, and what reads them out of a CommandStarted."""

_OF_FAILURES = {
    "db.response.status_code": lambda event: (
        str(event.code) if event.code is not None else None
    ),
    "error.type": lambda event: _type_name(type(event.error)),
}
"""Attributes of spans and metrics that a CommandFailed tells."""


def _type_name(cls: type) -> str:
    known = cls.__module__ == "builtins"
    return cls.__qualname__ if known else f"{cls.__module__}.{cls.__qualname__}"


def _read(table: Mapping[str, Any], event: object) -> Attributes:
    found = {name: read(event) for name, read in table.items()}
    return {name: value for name, value in found.items() if value is not None}


def _shown_key(key: Any, digest: bytes | None) -> str | None:
    if digest is None:
        return None
    return _text(str(key[2])) if key[2] is not None else digest.hex()


def _peer(node: tuple[str, int] | None) -> Attributes:
    if node is None:
        return {}
    return {"network.peer.address": node[0], "network.peer.port": node[1]}


def _host_of(text: str) -> tuple[str, int] | None:
    """The address and port in "address:port"."""
    address, _, port = text.rpartition(":")
    return (address.strip("[]"), int(port)) if port.isdecimal() else None


def _seed(hosts: Any) -> tuple[str, int] | None:
    """Where the first host of a configuration is, which a client has taken."""
    if not isinstance(hosts, (list, tuple)) or not hosts:
        return None
    first = hosts[0]
    if isinstance(first, str):
        return _host_of(first) or (first, _DEFAULT_PORT)
    return first[0], int(first[1])


class _Place:
    """Where the calls of one client go."""

    def __init__(self, client: Any) -> None:
        seed = _seed(getattr(client._extras.get("monitor"), "hosts", None))
        self.attributes: Attributes = {"db.system.name": "aerospike"}
        if seed is not None:
            self.attributes["server.address"], port = seed
            if port != _DEFAULT_PORT:
                self.attributes["server.port"] = port
        self.is_told = not _told_by_others(client)
        self.nodes: dict[str, tuple[str, int]] = {}


def _others_make_clients() -> bool:
    """Has something else taken the place of aerospike.client()?"""
    return hasattr(sys.modules["aerospike"].client, "__wrapped__")


def _told_by_others(client: Any) -> bool:
    """Is a client wrapped by another instrumentation? Those replace the function that
    makes clients, or their methods, or they leave a mark."""
    if getattr(client, "_is_instrumented_by_opentelemetry", False):
        return True
    if isinstance(client, Client) and _others_make_clients():
        return True
    # the method of the client's own class, below the one that tells listeners
    own = getattr(type(client).get, "__wrapped__", None)
    return hasattr(own, "__wrapped__")


class _Call:
    """A call under way."""

    __slots__ = ("attributes", "span", "token")

    def __init__(
        self, span: Span, token: Token[Context] | None, attributes: Attributes
    ) -> None:
        self.span = span
        self.token = token
        self.attributes = attributes

    def leave(self) -> None:
        """Make the span current no more, in the context where it is so."""
        if self.token is not None and trace.get_current_span() is self.span:
            context.detach(self.token)


# --- the listener ---


class Telemetry(monitoring.CommandListener, monitoring.ClusterListener):
    """Makes a span of each call, and counts it."""

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        development: bool,
        capture_keys: bool,
    ) -> None:
        self._is_on = True
        self._keys = capture_keys
        self._calls: dict[int, _Call] = {}
        self._places: WeakKeyDictionary[Any, _Place] = WeakKeyDictionary()
        self._tracer = trace.get_tracer(
            "aerospike", __version__, tracer_provider, _SCHEMA
        )
        meter = metrics.get_meter("aerospike", __version__, meter_provider, _SCHEMA)
        self._durations = meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_LATENCIES_S,
        )
        self._rows = None
        if development:
            self._rows = meter.create_histogram(
                "db.client.response.returned_rows",
                "{row}",
                "The actual number of records returned by the database operation.",
                explicit_bucket_boundaries_advisory=_ROWS,
            )
            meter.create_observable_up_down_counter(
                "db.client.connection.count",
                [self._count_connections],
                "{connection}",
                "The number of connections that are currently in a state.",
            )

    def end(self) -> None:
        """Report no more calls."""
        self._is_on = False

    def _place(self, client: Any) -> _Place:
        place = self._places.get(client)
        if place is None:
            place = self._places.setdefault(client, _Place(client))
        return place

    def node_added(self, event: monitoring.NodeEvent) -> None:
        self._place(event.client).nodes[event.name] = (event.address, event.port)

    def node_removed(self, event: monitoring.NodeEvent) -> None:
        self._place(event.client).nodes.pop(event.name, None)

    def started(self, event: monitoring.CommandStarted) -> None:
        place = self._place(event.client)
        if not (self._is_on and place.is_told):
            return
        if any(context.get_value(key) for key in _SUPPRESSED):
            return
        attributes = place.attributes | _read(_OF_CALLS, event)
        operation, target = attributes["db.operation.name"], _target(attributes)
        span = self._tracer.start_span(
            f"{operation} {target}" if target else str(operation),
            kind=SpanKind.CLIENT,
            attributes=attributes | self._of_span(event),
        )
        token = None
        # a loop over records runs the program's own code between them, which is no
        # part of the call
        if not event.name.endswith((".iter", ".stream")):
            token = context.attach(trace.set_span_in_context(span))
        self._calls[event.request_id] = _Call(span, token, attributes)

    def _of_span(self, event: monitoring.CommandStarted) -> Attributes:
        """What is too varied for metrics."""
        found = {
            "db.operation.batch.size": _batch_size(event),
            "aerospike.key": _shown_key(event.key, event.digest)
            if self._keys
            else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def succeeded(self, event: monitoring.CommandSucceeded) -> None:
        call = self._calls.pop(event.request_id, None)
        if call is None:
            return
        place = self._place(event.started.client)
        node = place.nodes.get(event.node) if event.node is not None else None
        self._finish(call, event, _peer(node))
        if self._rows is not None and event.count is not None:
            self._rows.record(event.count, call.attributes)

    def failed(self, event: monitoring.CommandFailed) -> None:
        call = self._calls.pop(event.request_id, None)
        if call is None:
            return
        node = _host_of(event.node) if event.node is not None else None
        call.span.set_attribute("aerospike.in_doubt", event.in_doubt)
        call.span.set_status(StatusCode.ERROR)
        self._finish(call, event, _peer(node) | _read(_OF_FAILURES, event))

    def _finish(self, call: _Call, event: Any, outcome: Attributes) -> None:
        span = call.span
        span.set_attributes(outcome)
        if event.attempts is not None:
            span.set_attribute("aerospike.attempts", event.attempts)
        count = getattr(event, "count", None)
        if self._rows is not None and count is not None:
            span.set_attribute("db.response.returned_rows", count)
        try:
            self._durations.record(event.duration_s, call.attributes | outcome)
        finally:  # whatever the program's metrics do, its next span is no child of this
            call.leave()
            span.end()

    def _count_connections(self, _: CallbackOptions) -> Iterator[Observation]:
        """The connections of all clients to each node."""
        counts: dict[tuple[str, str], int] = {}
        clients = [each() for each in self._places.keyrefs()] if self._is_on else []
        for client in clients:
            if client is None:
                continue
            try:
                nodes = client.get_stats().nodes
            except AerospikeError:
                continue  # it is closed, or not connected yet
            for node in nodes:
                pool = f"{node.address}:{node.port}"
                states = {"used": node.conns.in_use, "idle": node.conns.in_pool}
                for state, n in states.items():
                    counts[pool, state] = counts.get((pool, state), 0) + n
        for (pool, state), n in counts.items():
            attributes = {
                "db.system.name": "aerospike",
                "db.client.connection.pool.name": pool,
                "db.client.connection.state": state,
            }
            yield metrics.Observation(n, attributes)


class _LogContext(logging.Filter):
    """Gives log records of the client the ids of the current span, as OpenTelemetry's
    instrumentation of logging does: "0" where there is none, so that a format may have
    them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "otelTraceID"):
            return True
        span = trace.get_current_span().get_span_context()
        is_valid = span.is_valid
        record.otelTraceID = trace.format_trace_id(span.trace_id) if is_valid else "0"
        record.otelSpanID = trace.format_span_id(span.span_id) if is_valid else "0"
        record.otelTraceSampled = is_valid and span.trace_flags.sampled
        return True


# --- on and off ---

_lock = RLock()
"""A finalizer or the handler of a signal may come while it is held."""
_log_context = _LogContext()
_telemetry: Telemetry | None = None


def _asked_for_development() -> bool:
    values = os.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN", "").split(",")
    return _OPT_IN in (value.strip() for value in values)


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    development: bool | None = None,
    capture_keys: bool = False,
) -> None:
    """Trace and measure the calls of all clients that are made from now on, with
    OpenTelemetry.

    Each call has a span, which is the current one while the call is under way, and
    counts in the histogram `db.client.operation.duration`, in seconds. Records of the
    log "aerospike" get the ids of the current span. Nothing happens, and the arguments
    do not count, when this is on already, or when another instrumentation has wrapped
    the clients.

    :param tracer_provider: makes the spans; None: OpenTelemetry's global one.
    :param meter_provider: takes the metrics; None: the global one.
    :param development: also record what the conventions do not call stable yet: how
        many records a query returned, and connections. None: if the environment
        variable OTEL_SEMCONV_STABILITY_OPT_IN has "database_latest_experimental".
    :param capture_keys: also record the user key, or else the digest, as the attribute
        `aerospike.key` of spans. Keys may be personal data.
    :raises ImportError: opentelemetry-api is not installed: `aerospike[otel]`.
    """
    global _telemetry
    with _lock:
        if _telemetry is not None or _others_make_clients():
            return
        if development is None:
            development = _asked_for_development()
        _telemetry = Telemetry(
            tracer_provider, meter_provider, development, capture_keys
        )
        monitoring.register(_telemetry)
        logging.getLogger("aerospike").addFilter(_log_context)


def uninstrument() -> None:
    """End what `instrument()` has begun, for all clients.

    Clients that were made meanwhile stay a little slower than others.
    """
    global _telemetry
    with _lock:
        if _telemetry is None:
            return
        monitoring.unregister(_telemetry)
        _telemetry.end()
        _telemetry = None
        logging.getLogger("aerospike").removeFilter(_log_context)
