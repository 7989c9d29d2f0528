"""Admin commands about roles. Source: section 4 of the page on security."""

from __future__ import annotations

from collections.abc import Iterator

from aerospike_devserver.codec import admin as codec
from aerospike_devserver.codec.admin import AdminCommand, AdminField
from aerospike_devserver.codec.message import encode_field
from aerospike_devserver.handlers.admin.command import MAX_ITEMS, Request, command
from aerospike_devserver.handlers.admin.query import encode_query
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.privileges import PREDEFINED, Role


def _role(request: Request) -> Role:
    """The role that is to be changed; ServerError 70, for a predefined one too."""
    name = request.role()
    found = request.security.roles.get(name)
    if found is None or name in PREDEFINED:
        raise ServerError(Result.INVALID_ROLE)
    return found


@command(AdminCommand.CREATE_ROLE)
def _create(request: Request) -> bytes:
    name = request.role()
    if name in request.security.roles:
        raise ServerError(Result.ROLE_ALREADY_EXISTS)
    has_privileges = request.field(AdminField.PRIVILEGES) is not None
    role = Role(request.privileges() if has_privileges else ())
    _limit(request, role)
    role.whitelist = request.whitelist()
    request.security.roles[name] = role
    return request.changed()  # an external user may have had the role's name before


def _limit(request: Request, role: Role) -> None:
    """Give a role the quotas of a request."""
    role.read_quota = request.quota(AdminField.READ_QUOTA)
    role.write_quota = request.quota(AdminField.WRITE_QUOTA)


@command(AdminCommand.DROP_ROLE)
def _drop(request: Request) -> bytes:
    _role(request)
    request.security.drop_role(request.role())
    return request.ok()


@command(AdminCommand.GRANT_PRIVILEGES)
def _grant(request: Request) -> bytes:
    role = _role(request)
    privileges = role.privileges | set(request.privileges())
    if len(privileges) > MAX_ITEMS:
        raise ServerError(Result.INVALID_PRIVILEGE)
    role.privileges = privileges
    return request.changed()


@command(AdminCommand.REVOKE_PRIVILEGES)
def _revoke(request: Request) -> bytes:
    _role(request).privileges.difference_update(request.privileges())
    return request.changed()


@command(AdminCommand.SET_WHITELIST)
def _set_whitelist(request: Request) -> bytes:
    _role(request).whitelist = request.whitelist()
    return request.changed()


@command(AdminCommand.SET_QUOTAS)
def _set_quotas(request: Request) -> bytes:
    _limit(request, _role(request))
    return request.changed()


@command(AdminCommand.QUERY_ROLES)
def _query_roles(request: Request) -> Reply:
    """All roles, those that are always there too, or one."""
    roles = request.security.roles
    if request.field(AdminField.ROLE) is None:
        names = sorted(roles)
    else:
        names = [request.role()]
        if names[0] not in roles:
            raise ServerError(Result.INVALID_ROLE)
    # a role may be dropped while the reply is being sent
    known = ((name, roles[name]) for name in names if name in roles)
    return encode_query(list(_fields(*each)) for each in known)


def _fields(name: bytes, role: Role) -> Iterator[bytes]:
    """What is told about a role; what it does not have is left out."""
    yield encode_field(AdminField.ROLE, name)
    privileges = codec.encode_privileges(sorted(role.privileges))
    yield encode_field(AdminField.PRIVILEGES, privileges)
    if role.whitelist:
        yield encode_field(AdminField.WHITELIST, role.whitelist)
    quotas = (role.read_quota, role.write_quota)
    fields = (AdminField.READ_QUOTA, AdminField.WRITE_QUOTA)
    for field, quota in zip(fields, quotas, strict=True):
        if quota:
            yield encode_field(field, codec.encode_number(quota))
