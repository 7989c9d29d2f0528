"""Every kind of call while packets are lost; see `packets.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..children import Process
from ..waiting import until
from .packets import LOST, why_not

REASON = why_not()

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


def namespaces() -> str:
    """The network namespaces that have names, and the rules of this one."""
    listed = (["ip", "netns", "list"], ["nft", "list", "ruleset"])
    return "".join(subprocess.check_output(each, text=True) for each in listed)


def has_ended(namespace: Path) -> bool:
    """Whether a process is in no namespace any more; nobody may have waited for it."""
    try:
        namespace.readlink()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("what", LOST)
def test_calls_end_in_time_while_packets_are_lost(what):
    before = namespaces()
    with Process("test.faults.packets") as process:
        process.call("run", what)
        assert namespaces() == before
    assert namespaces() == before


def test_nothing_is_left_of_a_test_that_is_killed():
    """The process in the namespace ends with its parent, and the namespace with it."""
    script = """
import sys
from children import Process
process = Process("test.faults.packets")
process.call("enter")
print(process._process.pid, flush=True)
sys.stdin.read()
"""
    before = namespaces()
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as parent:
        assert parent.stdout is not None
        inner = Path(f"/proc/{int(parent.stdout.readline())}/ns/net")
        assert inner.readlink() != Path("/proc/self/ns/net").readlink()
        parent.kill()
    until(lambda: has_ended(inner))
    assert namespaces() == before
