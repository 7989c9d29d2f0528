"""Admin commands about users. Source: section 4 of the page on security."""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest

from aerospike_devserver.codec import admin as codec
from aerospike_devserver.codec.admin import AdminCommand, AdminField
from aerospike_devserver.codec.message import encode_field
from aerospike_devserver.handlers import access
from aerospike_devserver.handlers.admin.command import MAX_ITEMS, Request, command
from aerospike_devserver.handlers.admin.query import encode_query
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.security import User


def _user(request: Request) -> User:
    """The user that a command is about; ServerError 60."""
    found = request.security.users.get(request.user())
    if found is None:
        raise ServerError(Result.INVALID_USER)
    return found


def _new_password(request: Request) -> bytes:
    return request.require(AdminField.PASSWORD, Result.INVALID_PASSWORD)


@command(AdminCommand.CREATE_USER)
def _create(request: Request) -> bytes:
    name = request.user()
    if name in request.security.users:
        raise ServerError(Result.USER_ALREADY_EXISTS)
    user = User(_new_password(request), request.roles())
    request.security.users[name] = user
    return request.ok()


@command(AdminCommand.DROP_USER)
def _drop(request: Request) -> bytes:
    _user(request)
    request.security.drop_user(request.user())
    return request.ok()


@command(AdminCommand.SET_PASSWORD)
def _set_password(request: Request) -> bytes:
    return _give(request, _user(request))


@command(AdminCommand.CHANGE_PASSWORD, is_free=True)
def _change_password(request: Request) -> bytes:
    """A user's own password, whose old one must be told; ServerError 81, 62."""
    access.access_of(request.session)
    login = request.session.login
    if login is None or login.user != request.user():
        raise ServerError(Result.ROLE_VIOLATION)
    user = _user(request)
    old = request.require(AdminField.OLD_PASSWORD, Result.INVALID_PASSWORD)
    if user.password is not None and not compare_digest(user.password, old):
        raise ServerError(Result.INVALID_PASSWORD)
    return _give(request, user)


def _give(request: Request, user: User) -> bytes:
    """Give a user a new password; one who is external has it elsewhere."""
    if user.secret is not None:
        raise ServerError(Result.FORBIDDEN_PASSWORD)
    user.password = _new_password(request)
    return request.ok()


@command(AdminCommand.GRANT_ROLES)
def _grant_roles(request: Request) -> bytes:
    user = _user(request)
    roles = user.roles | set(request.roles())
    if len(roles) > MAX_ITEMS:
        raise ServerError(Result.INVALID_ROLE)
    user.roles = roles
    return request.changed()


@command(AdminCommand.REVOKE_ROLES)
def _revoke_roles(request: Request) -> bytes:
    _user(request).roles.difference_update(request.roles())
    return request.changed()


@command(AdminCommand.QUERY_USERS, is_free=True)
def _query_users(request: Request) -> Reply:
    """All users, or one; each may ask for itself."""
    wanted = request.field(AdminField.USER)
    access.access_of(request.session)
    login = request.session.login
    if login is None or wanted != login.user:
        access.check(request.session, "users and roles")
    if wanted is not None:
        _user(request)
    names = sorted(request.security.users) if wanted is None else [wanted]
    users = request.security.users
    # a user may be dropped while the reply is being sent
    known = (name for name in names if name in users)
    return encode_query(list(_fields(request, name)) for name in known)


def _fields(request: Request, name: bytes) -> Iterator[bytes]:
    """What is told about a user: name, roles, commands in this second, connections."""
    security, node = request.security, request.session.node
    yield encode_field(AdminField.USER, name)
    roles = sorted(security.users[name].roles)
    yield encode_field(AdminField.ROLES, codec.encode_names(roles))
    found, now_ms = security.access(name), node.cluster.clock.now_ms()
    if found is not None:
        fields = (AdminField.READ_INFO, AdminField.WRITE_INFO)
        for field, quota, usage in zip(fields, found.quotas, found.usage, strict=True):
            # quota, commands in this second, and of queries: rate, those without limit
            numbers = (quota, usage.count(now_ms), 0, 0)
            if any(numbers):
                yield encode_field(field, codec.encode_numbers(numbers))
    n_connections = node.logged_in[name]
    yield encode_field(AdminField.CONNECTIONS, codec.encode_number(n_connections))
