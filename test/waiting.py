"""How tests wait, and how they measure time: the one place for both.

A busy machine may stop any process for a while. So a test waits for what it needs, not
for how long that takes; where a call has a limit, it may come back two seconds late.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from aerospike import JOB_STATUS_COMPLETED

PATIENCE_S = 60.0
"""How long to wait for what is sure to come: reached only where a test fails."""

LATE_S = 2.0
"""How much later than its limit a call may come back."""

EARLY_S = 0.002
"""How much earlier: the client counts whole milliseconds."""

PATIENT: dict[str, Any] = {
    "connect_timeout": 20_000,
    "policies": {"total_timeout": 30_000, "info": {"timeout": 30_000}},
}
"""A client's configuration for tests that are not about timeouts."""


PATIENT_CONFTEST = f"""
import pytest

@pytest.fixture(scope="session")
def aerospike_config(aerospike_config):
    return {{**aerospike_config, "policies": {PATIENT["policies"]!r}}}
"""
"""A `conftest.py` that makes the clients of the pytest plugin patient."""


def patient(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration, with PATIENT's limits where it names none of its own."""
    policies = config.get("policies", {})
    if isinstance(policies, dict):
        defaults = dict(PATIENT["policies"])
        if "timeout" in policies:  # the old name of total_timeout, which would win
            del defaults["total_timeout"]
        policies = defaults | policies
    return {**PATIENT, **config, "policies": policies}


def until(condition: Callable[[], Any], what: object = "") -> Any:
    """Wait until the condition holds; what it returned then.

    :param what: shown when it never does; a function of no arguments is called.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else what or condition)
        time.sleep(0.005)
    return found


def wait_for_job(client: Any, job_id: int, module: str) -> Any:
    """Wait until a job in the background is done; what job_info() says then."""

    def completed() -> Any:
        info = client.job_info(job_id, module)
        return info if info["status"] == JOB_STATUS_COMPLETED else None

    return until(completed)


def wait_for(event: threading.Event) -> None:
    """Wait until an event is set."""
    assert event.wait(PATIENCE_S), "what the test waits for did not happen"


def join_all(threads: list[threading.Thread]) -> None:
    """Wait until all threads have ended."""
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not [thread for thread in threads if thread.is_alive()]


def let_pass(seconds: float) -> None:
    """Let some time pass, where the client's own clock has to move on.

    For intervals only that may be longer without harm.
    """
    time.sleep(seconds)


class Watch:
    """Measures a block: with Watch() as watch: ...

    :ivar took: seconds that the block took.
    """

    took: float

    def __enter__(self) -> Watch:
        self._begin = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = time.monotonic() - self._begin

    def assert_took(self, seconds: float) -> None:
        """The block took so long: no less, and two seconds more at most."""
        assert seconds - EARLY_S <= self.took <= seconds + LATE_S, self.took

    def assert_at_once(self) -> None:
        """The block waited for nothing. What it might wait for takes longer."""
        self.assert_took(0)


_bound = socket.socket()
_bound.bind(("127.0.0.1", 0))
NOWHERE: tuple[str, int] = _bound.getsockname()
"""An address where connections are refused: bound by this process, not listening."""
