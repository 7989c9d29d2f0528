"""Sessions of a web application, which end by themselves.

    python examples/sessions.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aerospike
from aerospike import exception
from aerospike_helpers.operations import map_operations

SET = "session-example"
# these writes can be repeated: a second one changes nothing more
RETRY = {"max_retries": 3, "sleep_between_retries": 100}


class Sessions:
    """A dict of values for each user who is logged in.

    idle_s: a session ends when nobody has used it for this time.
    """

    def __init__(self, client: aerospike.Client, idle_s: int = 1800) -> None:
        self.client, self.idle_s = client, idle_s

    def start(self, values: dict[str, Any]) -> str:
        """Begin a session. The token that is returned goes into a cookie."""
        token = secrets.token_urlsafe(32)
        meta = {"ttl": self.idle_s}
        self.client.put(self._key(token), {"values": values}, meta, RETRY)
        return token

    def load(self, token: str) -> dict[str, Any] | None:
        """The values, or None if the session has ended. A read keeps it alive."""
        # the server renews the time to live when at most 80 % of it are left
        policy = {"read_touch_ttl_percent": 80}
        try:
            return dict(self.client.get(self._key(token), policy).bins["values"])
        except exception.RecordNotFound:
            return None

    def change(self, token: str, values: dict[str, Any]) -> bool:
        """Set some of the values; whether the session was still there."""
        ops = [map_operations.map_put_items("values", values)]
        # without this, a session that has just ended would begin again
        policy = {"exists": aerospike.POLICY_EXISTS_UPDATE, **RETRY}
        try:
            self.client.operate(self._key(token), ops, {"ttl": self.idle_s}, policy)
        except exception.RecordNotFound:
            return False
        return True

    def end(self, token: str) -> None:
        """Log out."""
        try:
            self.client.remove(self._key(token), policy=RETRY)
        except exception.RecordNotFound:
            pass

    def _key(self, token: str) -> tuple[str, str, str]:
        return ("test", SET, token)


def demo(client: aerospike.Client) -> None:
    sessions = Sessions(client)
    token = sessions.start({"user": "ada"})
    expect("load()", sessions.load(token), {"user": "ada"})

    def set_one(number: int) -> bool:
        return sessions.change(token, {f"page {number}": "seen"})

    with ThreadPoolExecutor(8) as pool:
        changed = list(pool.map(set_one, range(20)))
    values = sessions.load(token) or {}
    expect("change() by 8 threads", (all(changed), len(values)), (True, 21))
    sessions.end(token)
    expect("load() after end()", sessions.load(token), None)
    expect("change() after end()", sessions.change(token, {"page": 1}), False)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
