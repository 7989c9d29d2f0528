"""What a handler gives back: bytes, or a stream that makes a long reply in parts."""

from __future__ import annotations

from collections.abc import Generator

Stream = Generator[bytes | float, None, None]
"""A long reply in parts, made as the peer takes them: bytes to send, b"" to let others
have a turn, or seconds to wait. Closed when the peer has gone; TimeoutError is thrown
in when it takes nothing for too long."""
Reply = bytes | Stream
