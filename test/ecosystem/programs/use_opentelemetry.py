"""opentelemetry-instrumentation-aerospike: spans of calls, of a failed one too."""

import sys

from opentelemetry.instrumentation.aerospike import AerospikeInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import aerospike
from aerospike import exception

host, port = sys.argv[1], int(sys.argv[2])

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
AerospikeInstrumentor().instrument(tracer_provider=provider, capture_key=True)

key = ("test", "eco_otel", "key")
client = aerospike.client({"hosts": [(host, port)]}).connect()
client.put(key, {"n": 1})
assert client.get(key)[2] == {"n": 1}
client.increment(key, "n", 2)
client.batch_read([key])
assert len(client.query("test", "eco_otel").results()) == 1
client.remove(key)
try:
    client.get(key)
except exception.RecordNotFound:
    pass
assert client.is_connected()
client.close()
AerospikeInstrumentor().uninstrument()

spans = exporter.get_finished_spans()
names = [span.name for span in spans]
assert "PUT test.eco_otel" in names, names
assert "REMOVE test.eco_otel" in names, names
put = spans[names.index("PUT test.eco_otel")]
assert put.attributes["db.system"] == "aerospike"
assert put.attributes["db.namespace"] == "test"
failed = [span for span in spans if not span.status.is_ok and span.events]
assert len(failed) == 1, names
assert failed[0].events[0].attributes["exception.type"].endswith("RecordNotFound")
