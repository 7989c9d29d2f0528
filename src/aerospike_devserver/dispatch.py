"""The dispatcher: it finds the handler of a frame, and no exception gets past it.

Every frame has one reply, whatever the frame holds: bytes, or a stream of parts where a
reply may be long.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from aerospike_devserver.codec.compression import CompressionError, deflate, inflate
from aerospike_devserver.codec.frame import ProtoType
from aerospike_devserver.codec.message import (
    Field,
    Info1,
    Message,
    MessageError,
    encode_reply,
)
from aerospike_devserver.handlers.access import checks_of
from aerospike_devserver.handlers.info import info
from aerospike_devserver.handlers.record import record
from aerospike_devserver.loading import load_module
from aerospike_devserver.reply import Reply, Stream
from aerospike_devserver.result import Result
from aerospike_devserver.session import Session
from aerospike_devserver.support import (
    ENTERPRISE,
    SECURITY,
    SUPPORTED,
    Support,
    approximated,
    refused,
)

log = logging.getLogger(__name__)
request_log = logging.getLogger("aerospike_devserver.request_log")

_MALFORMED = encode_reply(Result.REQUEST_INVALID)
_COMPRESSION_REFUSED = encode_reply(Result.ENTERPRISE_ONLY)


def answer(session: Session, proto_type: int, body: bytes) -> Reply:
    """The reply to one frame. A bug in a handler is logged and answered with 1.

    One in the request log is logged, too: the loop that calls this serves all clients.
    """
    compresses = session.node.cluster.config.is_enterprise
    if compresses and proto_type == ProtoType.COMPRESSED:
        try:
            proto_type, body = ProtoType.MESSAGE, inflate(body)
        except CompressionError:
            return _MALFORMED
    reply = _answer(session, proto_type, body)
    level = logging.DEBUG if proto_type == ProtoType.INFO else logging.INFO
    if request_log.isEnabledFor(level):
        _note(session, proto_type, body, reply)
    return _deflated(reply) if compresses and _asks(proto_type, body) else reply


def _note(session: Session, proto_type: int, body: bytes, reply: Reply) -> None:
    """Log a request and what it was answered."""
    try:
        load_module("request_log")
        from aerospike_devserver.request_log import note

        note(session, proto_type, body, reply)
    except Exception:
        log.exception("the log of a request of type %d", proto_type)


def _answer(session: Session, proto_type: int, body: bytes) -> Reply:
    try:
        return _BY_TYPE[proto_type](session, body)
    except Exception:
        log.exception("request of type %d, %d bytes", proto_type, len(body))
        return encode_reply(Result.SERVER_ERROR)


def _asks(proto_type: int, body: bytes) -> bool:
    """Whether the reply to a message may be compressed."""
    info1 = body[1] if proto_type == ProtoType.MESSAGE and len(body) > 1 else 0
    return info1 & Info1.COMPRESS_RESPONSE != 0


def _deflated(reply: Reply) -> Reply:
    """The same reply with its frames compressed."""
    if isinstance(reply, bytes):
        return deflate(reply)
    stream = _deflate_parts(reply)
    next(stream)  # closing it closes the other stream only once it has begun
    return stream


def _deflate_parts(stream: Stream) -> Stream:
    with contextlib.closing(stream):
        yield b""
        for part in stream:
            try:
                yield deflate(part) if isinstance(part, bytes) else part
            except TimeoutError as error:
                stream.throw(error)


def _message(session: Session, body: bytes) -> Reply:
    try:
        message = Message(body)
    except MessageError:
        return _MALFORMED
    if message.info1 & Info1.BATCH:
        return _batch(session, message)
    digest = message.fields.get(Field.DIGEST)
    if digest is None:
        return _query(session, message)
    return record.answer(session.node.cluster, message, digest, checks_of(session))


def _batch(session: Session, message: Message) -> Reply:
    load_module("handlers.record.batch")
    from aerospike_devserver.handlers.record import batch

    return batch.answer(session, message)


def _query(session: Session, message: Message) -> Reply:
    load_module("handlers.query.query")
    from aerospike_devserver.handlers.query import query

    return query.answer(session, message)


def _admin(session: Session, body: bytes) -> Reply:
    load_module("handlers.admin.admin")
    from aerospike_devserver.handlers.admin import admin

    return admin.answer(session, body)


def _compressed(_session: Session, _body: bytes) -> bytes:
    """What the Community Edition says."""
    return _COMPRESSION_REFUSED


def _between_servers(_session: Session, _body: bytes) -> bytes:
    """Messages of one cluster to another, which no client sends."""
    return _MALFORMED


_BY_TYPE: dict[int, Callable[[Session, bytes], Reply]] = {
    ProtoType.INFO: info.answer,
    ProtoType.ADMIN: _admin,
    ProtoType.MESSAGE: _message,
    ProtoType.COMPRESSED: _compressed,
    ProtoType.XDR: _between_servers,
}

FRAMES: dict[int, Support] = {
    ProtoType.INFO: SUPPORTED,
    ProtoType.ADMIN: approximated("", SECURITY, Result.SECURITY_NOT_SUPPORTED),
    ProtoType.MESSAGE: SUPPORTED,
    ProtoType.COMPRESSED: approximated("", ENTERPRISE, Result.ENTERPRISE_ONLY),
    ProtoType.XDR: refused(Result.REQUEST_INVALID, "one server sends it to another"),
}
"""How far each kind of frame is supported."""
