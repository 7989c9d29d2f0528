"""From a frame to its handler, and from what the handler raises to an error reply.

One frame in, one reply out, whatever the frame holds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.codec.message import (
    Info1,
    Info2,
    Message,
    MessageError,
    encode_reply,
)
from aerospike_devserver.handlers import cdt, expression_operations, info, record
from aerospike_devserver.handlers.command import Command
from aerospike_devserver.handlers.session import Session
from aerospike_devserver.result import Result, ServerError

_OPERATIONS = (cdt, expression_operations)
"""Modules that add operations to the table of `handlers.operations`."""

log = logging.getLogger(__name__)

_SECURITY_REFUSED = frame(
    ProtoType.ADMIN, bytes((0, Result.SECURITY_NOT_SUPPORTED)) + bytes(14)
)
_COMPRESSION_REFUSED = encode_reply(Result.ENTERPRISE_ONLY)


def answer(session: Session, proto_type: int, body: bytes) -> bytes:
    """The reply to one frame. A bug in a handler is logged and answered with 1."""
    try:
        return _BY_TYPE[proto_type](session, body)
    except Exception:
        log.exception("request of type %d, %d bytes", proto_type, len(body))
        return encode_reply(Result.SERVER_ERROR)


def _message(session: Session, body: bytes) -> bytes:
    try:
        message = Message(body)
    except MessageError:
        return encode_reply(Result.REQUEST_INVALID)
    return _record_message(session, message)


def _record_message(session: Session, message: Message) -> bytes:
    """Carry out a command on one record; batches are refused."""
    command = None
    try:
        if message.info1 & Info1.BATCH:
            raise ServerError(Result.REQUEST_INVALID)
        command = Command(session.node.cluster, message)
        return _handler(message)(command)
    except ServerError as error:
        if command is None:
            return encode_reply(error.result)
        return encode_reply(error.result, command.generation, command.void_time_s)


def _handler(message: Message) -> Callable[[Command], bytes]:
    if message.info2 & Info2.WRITE:
        return record.delete if message.info2 & Info2.DELETE else record.write
    if message.info1 & Info1.READ:
        return record.read
    raise ServerError(Result.REQUEST_INVALID)


def _info(session: Session, body: bytes) -> bytes:
    return frame(ProtoType.INFO, info.answer(session, body))


def _admin(_session: Session, _body: bytes) -> bytes:
    return _SECURITY_REFUSED


def _compressed(_session: Session, _body: bytes) -> bytes:
    return _COMPRESSION_REFUSED


def _between_servers(_session: Session, _body: bytes) -> bytes:
    """Messages of one cluster to another, which no client sends."""
    return encode_reply(Result.REQUEST_INVALID)


_BY_TYPE: dict[int, Callable[[Session, bytes], bytes]] = {
    ProtoType.INFO: _info,
    ProtoType.ADMIN: _admin,
    ProtoType.MESSAGE: _message,
    ProtoType.COMPRESSED: _compressed,
    ProtoType.XDR: _between_servers,
}
