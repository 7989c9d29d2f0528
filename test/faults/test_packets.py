"""Every kind of call while packets are lost; see `packets.py`."""

from __future__ import annotations

import subprocess

import pytest

from ..children import Process
from .packets import LOST, why_not

REASON = why_not()

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


def namespaces() -> str:
    """The network namespaces that have names, and the rules of this one."""
    listed = (["ip", "netns", "list"], ["nft", "list", "ruleset"])
    return "".join(subprocess.check_output(each, text=True) for each in listed)


@pytest.mark.parametrize("what", LOST)
def test_calls_end_in_time_while_packets_are_lost(what):
    before = namespaces()
    with Process("test.faults.packets") as process:
        process.call("run", what)
        assert namespaces() == before
    assert namespaces() == before
