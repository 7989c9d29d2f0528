"""Which errors a call may end with, by what disturbs the nodes.

Any other error is a finding, and so is one of these while nothing is disturbed.
"""

from __future__ import annotations

from collections.abc import Iterable

OK = 0
NOT_FOUND = 2
TIMEOUT = 9
UNAVAILABLE = 11
"""A node does not have the partition any more, or not yet."""
KEY_BUSY = 14
BLOCKED = 120
"""Another transaction has locked the record."""
CHANGED = 121
"""The record is not as the transaction has read it."""
EXPIRED, ABORTED = 122, 125
"""The servers have ended the transaction, for its time is over."""
LOCKED_BEFORE = 126
"""The transaction has written the record before."""
NO_NODE = -8
CONNECTION = -10
NOT_VERIFIED = -17
"""What the transaction has read is not so any more."""
ERROR_RATE = -14
"""A node has failed so often that nothing is sent to it for a while."""
GIVEN_UP = -1000
"""No code of the client's: the task that waited did not want to any longer."""

GONE = {CONNECTION, NO_NODE, ERROR_RATE, UNAVAILABLE}
"""Of a node that has closed its sockets, and whose partitions others take over."""

ERRORS = {
    # its sockets stay open: whoever waits for it waits until a limit
    "freeze": {TIMEOUT, ERROR_RATE},
    # the process that all nodes are in, so that nobody answers
    "halt": {TIMEOUT, ERROR_RATE},
    "stop": GONE,
    # frozen, and then stopped
    "kill": {TIMEOUT} | GONE,
    "move": GONE,
    "rename": GONE,
    # so long that a real cluster goes on without it, and takes it back in later
    "leave": {TIMEOUT, KEY_BUSY} | GONE,
    # any node serves any record, but a query only the partitions that a node owns
    "shuffle": {UNAVAILABLE},
}

SHARED = {kind: {CONNECTION} for kind in ("freeze", "halt", "kill", "leave")}
"""What calls that share a connection end with besides: silence that is too long for one
of them ends the connection for all."""

NEVER_SENT = {NO_NODE, ERROR_RATE}
"""A write that was tried once and ends so cannot be in doubt."""

UNHEARD = {TIMEOUT, NO_NODE, ERROR_RATE}
"""How calls end when nodes do not answer for a while, whatever the reason."""

CONFLICTS = {BLOCKED, CHANGED, NOT_VERIFIED}
"""How commands of transactions end when others want the same records."""
TOO_LATE = {EXPIRED, ABORTED}

OF_RECORDS = {OK, NOT_FOUND}
"""What single records answer, whatever happens to nodes."""
ALWAYS = OF_RECORDS | {GIVEN_UP}
"""How a call may end at any time."""


def is_expected(code: int, kinds: Iterable[str], shares_connections: bool) -> bool:
    """Whether a call may end with a code while nodes are disturbed in those ways."""
    tables = (ERRORS, SHARED) if shares_connections else (ERRORS,)
    return code in ALWAYS or any(
        code in table.get(kind, ()) for kind in kinds for table in tables
    )
