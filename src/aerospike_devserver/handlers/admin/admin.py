"""Answer admin requests. The commands stand in the modules beside this one."""

from __future__ import annotations

from aerospike_devserver.codec.admin import AdminMessage
from aerospike_devserver.codec.message import MessageError
from aerospike_devserver.handlers import access
from aerospike_devserver.handlers.admin.command import FREE, Request, find, reply
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.security import Security

_NOT_SUPPORTED = reply(Result.SECURITY_NOT_SUPPORTED)
"""What the Community Edition says."""

_NOT_ENABLED = reply(Result.SECURITY_NOT_ENABLED)
"""What the Enterprise Edition says without security. Clients go on as nobody."""


def answer(session: Session, body: bytes) -> Reply:
    """Carry out an admin request; errors become replies."""
    security = session.node.cluster.security
    if security is None:
        enterprise = session.node.cluster.config.is_enterprise
        return _NOT_ENABLED if enterprise else _NOT_SUPPORTED
    try:
        return _carry_out(session, security, AdminMessage(body))
    except MessageError:
        return reply(Result.INVALID_FIELD)
    except ServerError as error:
        return reply(error.result)


def _carry_out(session: Session, security: Security, message: AdminMessage) -> Reply:
    if message.scheme:
        raise ServerError(Result.SECURITY_SCHEME_NOT_SUPPORTED)
    handler = find(message.command)
    if handler is None:
        raise ServerError(Result.INVALID_COMMAND)
    if message.command not in FREE:
        access.check(session, "users and roles")
    return handler(Request(session, security, message))
