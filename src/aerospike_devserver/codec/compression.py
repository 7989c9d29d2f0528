"""Compressed messages: frames of type 4, which hold a frame of type 3 in a zlib stream.

Its body is the size of that frame, header included, as u64 big endian, then the stream.
Source: the page on compression.
"""

from __future__ import annotations

import zlib
from struct import Struct

from aerospike_devserver.codec.frame import (
    HEADER_SIZE,
    MAX_BODY_SIZE,
    VERSION,
    ProtoType,
    frame,
)

MIN_SIZE = 128
"""Bytes of a reply, header included; a larger one is worth it."""

_SIZE = Struct(">Q")
_INNER = VERSION << 8 | ProtoType.MESSAGE
_LEVEL = 1


class CompressionError(Exception):
    """What was sent is no compressed message."""


def inflate(body: bytes) -> bytes:
    """The body of the message inside the body of a compressed frame.

    No more is inflated than the sender has announced, and that within MAX_BODY_SIZE.
    """
    if len(body) < _SIZE.size:
        raise CompressionError("no size")
    (size,) = _SIZE.unpack_from(body)
    if not HEADER_SIZE <= size <= MAX_BODY_SIZE:
        raise CompressionError(f"{size} bytes are announced")
    stream = zlib.decompressobj()
    try:
        inner = stream.decompress(memoryview(body)[_SIZE.size :], size + 1)
    except zlib.error as error:
        raise CompressionError(str(error)) from error
    if not stream.eof or stream.unused_data or len(inner) != size:
        raise CompressionError("the stream does not have the announced size")
    (header,) = _SIZE.unpack_from(inner)
    if header != _INNER << 48 | (size - HEADER_SIZE):
        raise CompressionError("there is no whole message in it")
    return inner[HEADER_SIZE:]


def deflate(frames: bytes) -> bytes:
    """The same whole frames, each of them compressed if that is worth it."""
    made: list[bytes] = []
    at = 0
    while at < len(frames):
        size = HEADER_SIZE + int.from_bytes(frames[at + 2 : at + HEADER_SIZE], "big")
        one = frames[at : at + size]
        at += size
        if size > MIN_SIZE:
            body = _SIZE.pack(size) + zlib.compress(one, _LEVEL)
            one = frame(ProtoType.COMPRESSED, body)
        made.append(one)
    return b"".join(made)
