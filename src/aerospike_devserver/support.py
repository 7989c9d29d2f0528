"""How far the server supports a thing of the protocol: facts for tables of code.

A table of the server says with these what differs from a plain "supported".
`compatibility` gathers them.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from aerospike_devserver.result import Result
from aerospike_devserver.version import V8_1, Version


class State(Enum):
    """SUPPORTED: as a real server answers, of which answers were recorded.

    APPROXIMATED: the answers follow a description, or leave something out. REFUSED: it
    is always an error.
    """

    SUPPORTED = "supported"
    APPROXIMATED = "approximated"
    REFUSED = "refused"


class Support(NamedTuple):
    """How far a thing is supported.

    needs: the argument of `DevCluster` without which it is refused or has no effect, ""
    if none is needed. refusal: what it is refused with then, or always; None: it is not
    refused. note: what is different.
    """

    state: State
    note: str = ""
    needs: str = ""
    refusal: Result | None = None


SUPPORTED = Support(State.SUPPORTED)

ENTERPRISE = 'edition="enterprise"'
SECURITY = "security=True"
STRONG = "strong_consistency=True"
RACKS = "racks=[...]"
TLS = "tls=True"


def approximated(
    note: str = "", needs: str = "", refusal: Result | None = None
) -> Support:
    """What the server approximates."""
    return Support(State.APPROXIMATED, note, needs, refusal)


def refused(refusal: Result, note: str = "") -> Support:
    """What the server always refuses."""
    return Support(State.REFUSED, note, "", refusal)


def support_since(since: Version) -> Support:
    """What a version brought: no server after 8.1 has been recorded."""
    if since <= V8_1:
        return SUPPORTED
    return approximated("", f'version="{since}"', Result.REQUEST_INVALID)
