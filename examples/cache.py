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


def key_of(name: str, what: str = "value") -> tuple[str, str, str]:
    return ("test", SET, f"{what} of {name}")


@dataclass
class Cache:
    """Values that are slow to make. A value is anything that a bin holds, but not None.

    fresh_s: how old a value may get before somebody makes a new one.
    stale_s: how long after that callers still get the old one meanwhile.
    make_s: after this time without a result, another caller makes the value.
    """

    client: aerospike.Client
    fresh_s: int = 60
    stale_s: int = 600
    make_s: int = 10

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The value of `name`, from the cluster or else from make()."""
        give_up = time.monotonic() + self.make_s
        while True:
            try:
                value, is_fresh = self._read(name)
                if is_fresh:
                    return value
                mark = self._claim(name)
            except exception.AerospikeError:
                return make()  # a cache that is down stops nobody
            if mark is not None:
                return self._make(name, mark, make)
            if value is not None:
                return value  # old: another caller is making a new one
            if time.monotonic() > give_up:
                return make()
            time.sleep(0.02)

    def forget(self, name: str) -> None:
        """Drop a value, and the one that somebody may be making now."""
        for key in (key_of(name, "claim"), key_of(name)):
            with suppress(exception.RecordNotFound):
                self.client.remove(key)

    def _read(self, name: str) -> tuple[Any, bool]:
        """A value and whether it is fresh; (None, False) if there is none."""
        try:
            bins = self.client.operate(key_of(name), READ)[2]
        except exception.RecordNotFound:
            return None, False
        return bins["value"], bins["left"] > self.stale_s

    def _claim(self, name: str) -> str | None:
        """A mark of the caller's own if it is to make the value, else None."""
        mark = uuid.uuid4().hex
        try:
            meta = {"ttl": self.make_s}
            self.client.put(key_of(name, "claim"), {"mark": mark}, meta, CREATE)
        except exception.RecordExistsError:
            return None
        return mark

    def _make(self, name: str, mark: str, make: Callable[[], Any]) -> Any:
        """Make a value, keep it, and give the claim back."""
        try:
            with suppress(exception.AerospikeError):
                value, is_fresh = self._read(name)
                if is_fresh:  # another caller was faster
                    return value
            value = make()
            with suppress(exception.AerospikeError):
                ttl = self.fresh_s + self.stale_s
                self.client.put(key_of(name), {"value": value}, meta={"ttl": ttl})
                if not self._release(name, mark):  # forget() may have been called
                    self.client.remove(key_of(name))
            return value
        finally:
            with suppress(exception.AerospikeError):
                self._release(name, mark)

    def _release(self, name: str, mark: str) -> bool:
        """Give the claim back; whether the caller still had it."""
        is_mine = exp.Eq(exp.StrBin("mark"), mark).compile()
        try:
            self.client.remove(key_of(name, "claim"), policy={"expressions": is_mine})
        except (exception.RecordNotFound, exception.FilteredOut):
            return False
        return True


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
