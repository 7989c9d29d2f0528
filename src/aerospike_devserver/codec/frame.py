"""The 8-byte proto header that begins every unit in either direction.

Version u8, type u8, size u48 big endian: the body bytes that follow.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

VERSION = 2
HEADER_SIZE = 8
MAX_BODY_SIZE = 128 * 1024 * 1024

_HEADER = Struct(">Q")
_SIZE_MASK = (1 << 48) - 1


class ProtoType:
    """Byte 1 of the proto header. No enumeration, whose members are slow to get at."""

    INFO: Final = 1
    ADMIN: Final = 2
    MESSAGE: Final = 3
    COMPRESSED: Final = 4
    XDR: Final = 5


_KNOWN = range(ProtoType.INFO, ProtoType.XDR + 1)
_ACCEPTED = {VERSION << 8 | proto_type for proto_type in _KNOWN} | {ProtoType.ADMIN}
"""Version and type as one number; version 0 only together with the admin type."""


def frame(proto_type: int, body: bytes) -> bytes:
    """The frame that carries `body`."""
    return _HEADER.pack(VERSION << 56 | proto_type << 48 | len(body)) + body


class FrameReader:
    """Cuts the byte stream of one connection into frames.

    After a header that the protocol does not allow `failed` is set: nothing more can
    be read, and the connection has to be dropped without a reply.
    """

    __slots__ = ("_buffer", "failed")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.failed = False

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take received bytes; give the frames that are complete: (type, body)."""
        if not self._buffer and len(chunk) >= HEADER_SIZE:
            proto_type, size = self._header(chunk, 0)
            if size + HEADER_SIZE == len(chunk) and not self.failed:
                return [(proto_type, chunk[HEADER_SIZE:])]
        self._buffer += chunk
        return self._cut()

    def _cut(self) -> list[tuple[int, bytes]]:
        """The complete frames of the buffer, which keeps the incomplete rest."""
        frames: list[tuple[int, bytes]] = []
        buffer, start = self._buffer, 0
        while len(buffer) - start >= HEADER_SIZE:
            proto_type, size = self._header(buffer, start)
            end = start + HEADER_SIZE + size
            if self.failed or end > len(buffer):
                break
            frames.append((proto_type, bytes(buffer[start + HEADER_SIZE : end])))
            start = end
        del buffer[:start]
        return frames

    def _header(self, data: bytes | bytearray, start: int) -> tuple[int, int]:
        """Type and body size of the header at `start`; sets `failed` if it is bad."""
        (header,) = _HEADER.unpack_from(data, start)
        size = header & _SIZE_MASK
        if header >> 48 not in _ACCEPTED or size > MAX_BODY_SIZE:
            self.failed = True
        return header >> 48 & 0xFF, size
