"""A feature store: many numbers of many entities in one batch, as columns.

    python examples/features.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence

import aerospike
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

SET = "feature-example"
# the same values again change nothing
RETRY = {"max_retries": 3, "sleep_between_retries": 100}
NOT_FOUND, FILTERED_OUT = 2, 27


class Features:
    """A record for each entity of a group, with a bin for each feature.

    keep_s: how long a record stays after its last write.
    """

    def __init__(
        self, client: aerospike.Client, group: str, keep_s: int = 30 * 24 * 3600
    ) -> None:
        self.client, self.group, self.keep_s = client, group, keep_s

    def write(self, rows: Mapping[str, Mapping[str, float]]) -> None:
        """Set features of entities. If this raises, write the same rows again."""
        batch = BatchRecords[Write](
            [
                Write(
                    self._key(entity),
                    [operations.write(name, float(x)) for name, x in row.items()],
                    meta={"ttl": self.keep_s},
                )
                for entity, row in rows.items()
            ]
        )
        self.client.batch_write(batch, RETRY)
        for record in batch:
            if record.result != 0:
                raise RuntimeError(f"not all rows were written: {record.message}")

    def read(
        self, entities: Sequence[str], names: Sequence[str], max_age_s: float
    ) -> dict[str, array[float]]:
        """A column of doubles for each feature, in the order of the entities.

        NaN stands for what is missing, and for all features of an entity that was
        last written more than max_age_s seconds ago.
        """
        is_young = exp.LE(exp.SinceUpdateTime(), int(max_age_s * 1000)).compile()
        keys = [self._key(entity) for entity in entities]
        columns = {name: array("d", [math.nan]) * len(keys) for name in names}
        found = self.client.batch_read(keys, list(names), {"expressions": is_young})
        for index, row in enumerate(found):
            if row.result == 0 and row.record is not None:
                for name, value in row.record.bins.items():
                    columns[name][index] = value
            elif row.result not in (NOT_FOUND, FILTERED_OUT):
                raise RuntimeError(f"not all rows were read: {row.message}")
        return columns

    def _key(self, entity: str) -> tuple[str, str, str]:
        return ("test", SET, f"{self.group}:{entity}")


def demo(client: aerospike.Client) -> None:
    store = Features(client, "buyer")
    store.write({f"u{n}": {"orders": n, "spent": n * 9.5} for n in range(500)})
    store.write({"u3": {"orders": 4}})  # the other feature stays
    columns = store.read(["u3", "u499", "nobody"], ["orders", "spent"], 3600)
    shown = {name: [*map(str, column)] for name, column in columns.items()}
    wanted = {"orders": ["4.0", "499.0", "nan"], "spent": ["28.5", "4740.5", "nan"]}
    expect("read() of two entities and one that is missing", shown, wanted)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
