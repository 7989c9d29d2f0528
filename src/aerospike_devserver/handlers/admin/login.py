"""Logins: a token for a password or a certificate, and a connection for a token.

A token is good on the node that has given it, until it expires or the node stops.
Source: section 3 of the page on security.
"""

from __future__ import annotations

import secrets
from hmac import compare_digest

from aerospike_devserver.codec.admin import AdminCommand, AdminField, encode_number
from aerospike_devserver.codec.message import encode_field
from aerospike_devserver.handlers import access
from aerospike_devserver.handlers.admin.command import Request, command
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.security import NO_PASSWORD, User
from aerospike_devserver.storage.state import Login

TOKEN_SIZE = 32


@command(AdminCommand.LOGIN, is_free=True)
def _login(request: Request) -> bytes:
    """A new token. The connection counts as logged in, too."""
    request.session.set_login(None)
    name = _prove(request)
    _check_address(request, name)
    ttl_s = request.security.config.session_ttl_s
    now_ms = request.session.node.cluster.clock.now_ms()
    login = Login(name, now_ms + ttl_s * 1000)
    token = secrets.token_bytes(TOKEN_SIZE)
    _forget_old(request, now_ms)
    request.session.node.logins[token] = login
    request.session.set_login(login)
    return request.ok(
        encode_field(AdminField.SESSION_TOKEN, token),
        encode_field(AdminField.SESSION_TTL, encode_number(ttl_s)),
    )


def _check_address(request: Request, user: bytes) -> None:
    found = request.security.access(user)
    if found is not None:
        access.check_address(request.session, found)


def _forget_old(request: Request, now_ms: int) -> None:
    logins = request.session.node.logins
    # one that has expired of late is told apart from one that never was
    limit_ms = now_ms - request.security.config.session_ttl_s * 1000
    for token in [t for t, login in logins.items() if login.expires_ms < limit_ms]:
        del logins[token]


def _prove(request: Request) -> bytes:
    """The name of the user who logs in; ServerError 60, 65 or 93."""
    if request.field(AdminField.USER) is None:
        return _prove_by_certificate(request)
    name = request.user()
    user = _find(request, name)
    if user.secret is not None:
        _check_secret(request, user.secret)
    else:
        _check_password(request, user)
    return name


def _find(request: Request, name: bytes) -> User:
    user = request.security.users.get(name)
    if user is None:
        raise ServerError(Result.INVALID_USER)
    return user


def _prove_by_certificate(request: Request) -> bytes:
    """The user whom the certificate of the client names."""
    certificate = request.session.certificate
    if certificate is None:
        raise ServerError(Result.INVALID_CREDENTIAL)
    name = certificate.encode()
    _find(request, name)
    return name


def _check_password(request: Request, user: User) -> None:
    given = request.require(AdminField.CREDENTIAL, Result.INVALID_CREDENTIAL)
    password = user.password or b""
    if password == NO_PASSWORD or not compare_digest(password, given):
        raise ServerError(Result.INVALID_CREDENTIAL)


def _check_secret(request: Request, secret: bytes) -> None:
    """The password of an external user, which the client sends as it is."""
    given = request.require(AdminField.CLEAR_PASSWORD, Result.INVALID_CREDENTIAL)
    if not compare_digest(secret, given):
        raise ServerError(Result.LDAP_AUTHENTICATION)


@command(AdminCommand.AUTHENTICATE, is_free=True)
def _authenticate(request: Request) -> bytes:
    """Log a connection in by a token; ServerError 65, or 66 if that has expired."""
    session = request.session
    session.set_login(None)
    token = request.require(AdminField.SESSION_TOKEN, Result.INVALID_CREDENTIAL)
    login = session.node.logins.get(token)
    if login is None or request.field(AdminField.USER) not in (None, login.user):
        raise ServerError(Result.INVALID_CREDENTIAL)
    if login.expires_ms <= session.node.cluster.clock.now_ms():
        raise ServerError(Result.EXPIRED_SESSION)
    _find(request, login.user)
    _check_address(request, login.user)
    session.set_login(login)
    return request.ok()
