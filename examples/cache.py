"""A cache: one caller makes a value, the others wait for it or use the old one.

python examples/cache.py [HOST:PORT[,HOST:PORT...]]
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations, operations

SET = "cache-example"
LEFT = expression_operations.expression_read("left", exp.TTL().compile())
READ = [operations.read("value"), LEFT]
CREATE = {"exists": aerospike.POLICY_EXISTS_CREATE}
UPDATE = {"exists": aerospike.POLICY_EXISTS_UPDATE}
REFUSED = (exception.RecordExistsError, exception.RecordNotFound, exception.FilteredOut)


def key_of(name: str) -> tuple[str, str, str]:
    return ("test", SET, name)


@dataclass
class Cache:
    """Values that are slow to make: anything that a bin holds, but not None."""

    client: aerospike.Client
    fresh_s: int = 60  # how old a value may get before somebody makes a new one
    stale_s: int = 600  # how long after that callers still get the old one meanwhile
    make_s: int = 10  # after this time without a result, another caller makes one

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The value of `name`, from the cluster or else from make()."""
        give_up = time.monotonic() + self.make_s
        while time.monotonic() < give_up:
            try:
                found: dict[str, Any] = {}
                with suppress(exception.RecordNotFound):
                    found = self.client.operate(key_of(name), READ).bins
                value = found.get("value")
                if value is not None and found["left"] > self.stale_s:
                    return value
                mark = self._claim(name, is_new=not found)
            except exception.AerospikeError:
                return make()  # a cache that is down stops nobody
            if mark is not None:
                return self._make(name, mark, make)
            if value is not None:
                return value  # old: another caller is making a new one
            time.sleep(0.02)
        return make()

    def forget(self, name: str) -> None:
        """Drop a value, and the one that somebody may be making now."""
        with suppress(exception.RecordNotFound):
            self.client.remove(key_of(name))

    def _claim(self, name: str, is_new: bool) -> str | None:
        """A mark of the caller's own if it is to make the value, else None."""
        mark = uuid.uuid4().hex
        is_late = exp.GT(exp.SinceUpdateTime(), 1000 * self.make_s)
        is_free = exp.Or(exp.Not(exp.BinExists("mark")), is_late)
        is_due = exp.And(exp.LE(exp.TTL(), self.stale_s), is_free).compile()
        policy = CREATE if is_new else UPDATE | {"expressions": is_due}
        meta = {"ttl": self.make_s if is_new else aerospike.TTL_DONT_UPDATE}
        with suppress(*REFUSED):
            self.client.put(key_of(name), {"mark": mark}, meta, policy)
            return mark
        return None

    def _make(self, name: str, mark: str, make: Callable[[], Any]) -> Any:
        """Make a value, keep it, and give the claim back."""
        try:
            value = make()
            self._end(name, mark, {"value": value}, self.fresh_s + self.stale_s)
            return value
        finally:  # unless that has given it back
            self._end(name, mark, {}, aerospike.TTL_DONT_UPDATE)

    def _end(self, name: str, mark: str, bins: dict[str, Any], ttl_s: int) -> None:
        """Write and end the claim. The server refuses this if the claim is gone."""
        is_mine = exp.Eq(exp.StrBin("mark"), mark).compile()
        policy = UPDATE | {"expressions": is_mine}
        with suppress(exception.AerospikeError):
            self.client.put(key_of(name), bins | {"mark": None}, {"ttl": ttl_s}, policy)


def demo(client: aerospike.Client) -> None:
    cache = Cache(client)
    made = []

    def weather() -> str:
        made.append("weather")
        time.sleep(0.1)
        return "sunny"

    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: cache.get("Paris", weather), range(8)))
    expect("get() by 8 threads", values, ["sunny"] * 8)
    expect("how often the value was made", len(made), 1)
    cache.forget("Paris")
    cache.get("Paris", weather)
    expect("the same after forget()", len(made), 2)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
