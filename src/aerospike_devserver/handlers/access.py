"""What each command needs, and whether the client has it. All passes without security.

Which privilege a command needs is approximated: no server with security has been
recorded. Source of the codes: section 4.2 of the page on security.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aerospike_devserver.codec.message import Field, Info1, Info2, Message
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.privileges import Access, Code

_READ, _WRITE, _READ_WRITE, _UDF = "read", "write", "read and write", "udf"

NEEDS: dict[str, tuple[Code, ...]] = {
    # data commands
    _READ: (Code.READ,),
    _WRITE: (Code.WRITE,),
    _READ_WRITE: (Code.READ, Code.WRITE),
    _UDF: (Code.READ_WRITE_UDF,),
    # info commands
    "sindex-create": (Code.SINDEX_ADMIN,),
    "sindex-delete": (Code.SINDEX_ADMIN,),
    "truncate": (Code.TRUNCATE,),
    "truncate-namespace": (Code.TRUNCATE,),
    "truncate-undo": (Code.TRUNCATE,),
    "truncate-namespace-undo": (Code.TRUNCATE,),
    "udf-put": (Code.UDF_ADMIN,),
    "udf-remove": (Code.UDF_ADMIN,),
    "query-abort": (Code.DATA_ADMIN,),
    "query-abort-all": (Code.DATA_ADMIN,),
    "set-config": (Code.SYS_ADMIN,),
    "config-set": (Code.SYS_ADMIN,),
    "quiesce": (Code.SYS_ADMIN,),
    "quiesce-undo": (Code.SYS_ADMIN,),
    "revive": (Code.SYS_ADMIN,),
    "roster-set": (Code.SYS_ADMIN,),
    "xdr-set-filter": (Code.SYS_ADMIN,),
    # admin commands
    "users and roles": (Code.USER_ADMIN,),
}
"""The privileges that a command needs; one that is not here needs a login alone."""

Check = Callable[[Message], None]


def access_of(session: Session) -> Access | None:
    """What the client may do, None = all. ServerError 80, or 82 by its address."""
    security = session.node.cluster.security
    if security is None:
        return None
    login = session.login
    if login is None or login.expires_ms <= session.node.cluster.clock.now_ms():
        raise ServerError(Result.NOT_AUTHENTICATED)
    access = security.access(login.user)
    if access is None:  # the user has been dropped
        raise ServerError(Result.NOT_AUTHENTICATED)
    check_address(session, access)
    return access


def check_address(session: Session, access: Access) -> None:
    """ServerError 82 if the client is not where its roles let it be."""
    host = session.peer.rpartition(":")[0].strip("[]")
    if not access.admits(host):
        raise ServerError(Result.NOT_WHITELISTED)


def check(
    session: Session, what: str, namespace: bytes = b"", set_name: bytes = b""
) -> Access | None:
    """`access_of`; ServerError 81 without a privilege that a command needs there."""
    access = access_of(session)
    if access is not None:
        for code in NEEDS.get(what, ()):
            if not access.allows(code, namespace, set_name):
                raise ServerError(Result.ROLE_VIOLATION)
    return access


def check_message(session: Session, message: Message) -> None:
    """The same for a data command, and 83 where it is one too many for a quota."""
    what, fields = _kind(message), message.fields
    place = fields.get(Field.NAMESPACE, b""), fields.get(Field.SET, b"")
    access = check(session, what, *place)
    now_ms = session.node.cluster.clock.now_ms()
    if access is not None and not access.takes(what != _READ, now_ms):
        raise ServerError(Result.QUOTA_EXCEEDED)


def checks_of(session: Session) -> Check | None:
    """`check_message` for the commands of a client; None where all pass."""
    if session.node.cluster.security is None:
        return None
    return partial(check_message, session)


def _kind(message: Message) -> str:
    """The row of `NEEDS` for a data command."""
    if Field.UDF_PACKAGE in message.fields or Field.UDF_OP in message.fields:
        return _UDF
    if not message.info2 & Info2.WRITE:
        return _READ
    return _READ_WRITE if message.info1 & Info1.READ else _WRITE
