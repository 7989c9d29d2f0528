"""What a handler gives back: bytes, or a stream that makes a long reply in parts."""

from __future__ import annotations

import socket
from collections.abc import Generator
from enum import Enum
from typing import NamedTuple


class End(Enum):
    """How a connection ends behind what was sent; only faults end one so.

    SILENCE: nothing more is sent, and what comes is thrown away. HALF_CLOSE: the same,
    and the client is told that nothing more comes. RESET: the connection breaks.
    """

    CLOSE = "close"
    HALF_CLOSE = "half_close"
    RESET = "reset"
    SILENCE = "silence"


class Wait(NamedTuple):
    """A reply goes on when another socket has such an event, of module `selectors`."""

    sock: socket.socket
    mask: int


Part = bytes | float | Wait | End
"""Bytes to send, b"" to let others have a turn, seconds to wait, another socket to wait
for, or the end of the connection."""
Stream = Generator[Part, None, None]
"""A long reply in parts, made as the peer takes them. Closed when the peer has gone;
TimeoutError is thrown in when it takes nothing for too long."""
Reply = bytes | Stream
