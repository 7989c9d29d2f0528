"""Measurements over time: a record for each hour, which is dropped when it is old.

    python examples/time_series.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import aerospike
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import map_operations

SET = "time-series-example"
ORDERED = {"map_order": aerospike.MAP_KEY_ORDERED}
# the same point again changes nothing
RETRY = {"max_retries": 3, "sleep_between_retries": 100}
Point = tuple[int, float]


class Series:
    """Values of one sensor. A point is a time in milliseconds and a value.

    bucket_s: the time that one record holds. keep_s: how long records stay after
    their last point came.
    """

    def __init__(
        self,
        client: aerospike.Client,
        name: str,
        bucket_s: int = 3600,
        keep_s: int = 7 * 24 * 3600,
    ) -> None:
        self.client, self.name, self.keep_s = client, name, keep_s
        self.bucket_ms = bucket_s * 1000

    def add(self, points: list[Point]) -> None:
        """Keep points; if this raises, add the same ones again."""
        buckets: dict[int, dict[int, float]] = defaultdict(dict)
        for time_ms, value in points:
            buckets[time_ms // self.bucket_ms][time_ms] = value
        batch = BatchRecords[Write](
            [
                Write(
                    self._key(number),
                    [map_operations.map_put_items("points", items, ORDERED)],
                    meta={"ttl": self.keep_s},
                )
                for number, items in buckets.items()
            ]
        )
        self.client.batch_write(batch, RETRY)
        for row in batch:
            if row.result != 0:
                raise RuntimeError(f"not all points were kept: {row.message}")

    def between(self, begin_ms: int, end_ms: int) -> list[Point]:
        """The points from begin_ms on and before end_ms, in the order of time."""
        numbers = range(begin_ms // self.bucket_ms, (end_ms - 1) // self.bucket_ms + 1)
        pairs = aerospike.MAP_RETURN_KEY_VALUE
        ops = [map_operations.map_get_by_key_range("points", begin_ms, end_ms, pairs)]
        found: list[Point] = []
        for row in self.client.batch_operate([*map(self._key, numbers)], ops):
            if row.result == 0 and row.record is not None:
                flat = row.record.bins["points"]
                found += zip(flat[::2], flat[1::2], strict=True)
            elif row.result != 2:  # 2: nothing was measured then
                raise RuntimeError(f"not all points were read: {row.message}")
        return sorted(found)

    def _key(self, number: int) -> tuple[str, str, str]:
        return ("test", SET, f"{self.name}:{number}")


def demo(client: aerospike.Client) -> None:
    series = Series(client, "outside")
    begin = 1_700_000_000_000
    points = [(begin + minute * 60_000, minute / 10) for minute in range(300)]

    def add(part: int) -> None:
        series.add(points[part::8])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    add(0)  # as a program does that got no answer
    expect("points of five hours", len(series.between(begin, begin + 10**8)), 300)
    part = series.between(begin + 100 * 60_000, begin + 103 * 60_000)
    expect("three minutes", part, points[100:103])


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
