"""feast: its online store, with values written, read in part, and a view dropped."""

import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float32, Int64, String
from feast.value_type import ValueType

host, port = sys.argv[1], int(sys.argv[2])

with tempfile.TemporaryDirectory() as folder:
    store = FeatureStore(
        config=RepoConfig(
            project="eco_feast",
            provider="local",
            registry=str(Path(folder) / "registry.db"),
            online_store={
                "type": "aerospike",
                "hosts": [(host, port)],
                "namespace": "test",
                "ttl_seconds": 600,
                "socket_timeout_ms": 1000,
            },
            entity_key_serialization_version=3,
        )
    )
    driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
    source = FileSource(path="none.parquet", timestamp_field="event_timestamp")

    def view(name, *fields):
        return FeatureView(
            name=name,
            entities=[driver],
            ttl=timedelta(days=1),
            schema=[Field(name=field, dtype=dtype) for field, dtype in fields],
            source=source,
        )

    trips = view("trips", ("count", Int64), ("rate", Float32), ("city", String))
    cars = view("cars", ("seats", Int64))
    store.apply([driver, trips, cars])

    import pandas

    now = datetime.now(timezone.utc)

    def write(name, **columns):
        size = len(columns["driver_id"])
        stamps = {"event_timestamp": [now] * size, "created": [now] * size}
        store.write_to_online_store(name, pandas.DataFrame({**columns, **stamps}))

    write(
        "trips",
        driver_id=[1, 2],
        count=[10, 20],
        rate=[0.5, 0.25],
        city=["Zürich", "Kyiv"],
    )
    write("cars", driver_id=[1], seats=[4])

    def read(*names):
        rows = [{"driver_id": number} for number in (1, 2, 3)]
        return store.get_online_features(list(names), rows).to_dict()

    found = read("trips:count", "trips:city", "cars:seats")
    assert found["count"] == [10, 20, None], found
    assert found["city"] == ["Zürich", "Kyiv", None], found
    assert found["seats"] == [4, None, None], found
    assert read("trips:rate")["rate"] == [0.5, 0.25, None]

    store.apply([], objects_to_delete=[cars], partial=False)
    assert read("trips:count")["count"] == [10, 20, None]
    store.teardown()
