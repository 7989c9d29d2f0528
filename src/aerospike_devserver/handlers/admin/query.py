"""The reply of a query for users or roles: a message for each, and one that ends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aerospike_devserver.codec.admin import encode_message
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.reply import Stream
from aerospike_devserver.result import Result

FRAME_SIZE = 64 * 1024
"""Bytes of messages behind which a further frame begins."""


def encode_query(blocks: Iterable[Sequence[bytes]]) -> Stream:
    """The fields of each user or role as a reply."""
    made = bytearray()
    for fields in blocks:
        made += encode_message(Result.OK, 0, fields)
        if len(made) > FRAME_SIZE:
            yield frame(ProtoType.ADMIN, bytes(made))
            made.clear()
    yield frame(ProtoType.ADMIN, bytes(made) + encode_message(Result.QUERY_END))
