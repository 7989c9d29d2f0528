"""What all admin commands share: the request, its fields, the table of commands.

A module of admin commands imports `Request` and `command` from here, and each of its
functions registers itself for one command.
"""

from __future__ import annotations

from collections.abc import Callable

from aerospike_devserver.codec import admin as codec
from aerospike_devserver.codec.admin import AdminCommand, AdminField, AdminMessage
from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.loading import load_module
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.session import Session
from aerospike_devserver.storage.privileges import Code, Privilege, networks_of
from aerospike_devserver.storage.security import Security
from aerospike_devserver.support import SECURITY, approximated

MAX_NAME = 63
"""Bytes of the name of a user or a role."""
MAX_ITEMS = 255
"""Roles of a user, privileges of a role: as many as one field can list."""


class Request:
    """An admin request, and what its fields mean. Fields raise ServerError."""

    def __init__(
        self, session: Session, security: Security, message: AdminMessage
    ) -> None:
        self.session = session
        self.security = security
        self._message = message

    def field(self, field: AdminField) -> bytes | None:
        """A field as it came, None without it."""
        return self._message.fields.get(field)

    def require(self, field: AdminField, result: Result) -> bytes:
        """A field that must be there, and not be empty."""
        data = self.field(field)
        if not data:
            raise ServerError(result)
        return data

    def user(self) -> bytes:
        """The name of a user."""
        return self._name(AdminField.USER, Result.INVALID_USER)

    def role(self) -> bytes:
        """The name of a role."""
        return self._name(AdminField.ROLE, Result.INVALID_ROLE)

    def _name(self, field: AdminField, result: Result) -> bytes:
        name = self.require(field, result)
        if len(name) > MAX_NAME:
            raise ServerError(result)
        return name

    def roles(self) -> list[bytes]:
        """Names of roles that are there; one at least."""
        data = self.field(AdminField.ROLES)
        names = [] if data is None else codec.parse_names(data)
        if not names or not self.security.roles.keys() >= set(names):
            raise ServerError(Result.INVALID_ROLE)
        return names

    def privileges(self) -> list[Privilege]:
        """Privileges; one at least."""
        data = self.field(AdminField.PRIVILEGES)
        raw = [] if data is None else codec.parse_privileges(data)
        known = set(Code)
        for code, namespace, set_name in raw:
            if code not in known or (set_name and not namespace):
                raise ServerError(Result.INVALID_PRIVILEGE)
        if not raw:
            raise ServerError(Result.INVALID_PRIVILEGE)
        return [Privilege(Code(code), *scope) for code, *scope in raw]

    def whitelist(self) -> bytes:
        """Addresses with commas between them, b"" for all."""
        data = self.field(AdminField.WHITELIST) or b""
        try:
            networks_of(data)
        except ValueError as cause:
            raise ServerError(Result.INVALID_WHITELIST) from cause
        return data

    def quota(self, field: AdminField) -> int:
        """Commands per second, 0 = no limit."""
        data = self.field(field)
        return 0 if data is None else codec.parse_number(data)

    def changed(self) -> bytes:
        """The reply that users or roles are others now, which holds at once."""
        self.security.changed()
        return self.ok()

    def ok(self, *fields: bytes) -> bytes:
        """The reply that all went well."""
        return reply(Result.OK, self._message.command, *fields)


def reply(result: Result, command: int = 0, *fields: bytes) -> bytes:
    """A reply of one message."""
    return frame(ProtoType.ADMIN, codec.encode_message(result, command, fields))


Handler = Callable[[Request], Reply]
COMMANDS: dict[int, Handler] = {}
"""What answers each command; `command` fills it."""
SUPPORT = approximated("", SECURITY, Result.SECURITY_NOT_SUPPORTED)
"""How far each of them is supported: no server with security has been recorded."""
FREE: set[int] = set()
"""Commands that need no privilege: each says for itself who may use it."""


_MODULES = ("login", "roles", "users")
"""The modules beside this one that add commands."""


def find(number: int) -> Handler | None:
    """What answers a command."""
    for module in _MODULES:
        load_module(f"handlers.admin.{module}")
    return COMMANDS.get(number)


def command(
    number: AdminCommand, is_free: bool = False
) -> Callable[[Handler], Handler]:
    """Register the function that answers a command."""

    def register(handler: Handler) -> Handler:
        COMMANDS[number] = handler
        if is_free:
            FREE.add(number)
        return handler

    return register
