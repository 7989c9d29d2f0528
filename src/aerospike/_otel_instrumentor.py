"""What `opentelemetry-instrument` calls, which finds it as an entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from aerospike import _otel

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

_OPTIONS = ("tracer_provider", "meter_provider", "development", "capture_keys")


class AerospikeInstrumentor(BaseInstrumentor):  # type: ignore[misc] # untyped
    """aerospike.instrument(), in the form that OpenTelemetry's tools know."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Only this package itself."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        _otel.instrument(**{key: kwargs[key] for key in _OPTIONS if key in kwargs})

    def _uninstrument(self, **kwargs: Any) -> None:
        _otel.uninstrument()
