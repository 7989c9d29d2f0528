"""The users and roles of a cluster.

Passwords are kept as the hashes that clients send: the server never sees the password
of an internal user. Names are bytes, as they stand in messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from aerospike_devserver.config import SecurityConfig
from aerospike_devserver.storage.privileges import (
    PREDEFINED,
    Access,
    Privilege,
    Role,
    Usage,
)

ADMIN = "admin"
ADMIN_PASSWORD = "admin"
_ADMIN_HASH = b"$2a$10$7EqJtq98hPqEX7fNZaFWoO1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa"
"""Of that password. The salt of all hashes is part of the protocol."""
NO_PASSWORD = b"$2a$10$7EqJtq98hPqEX7fNZaFWoOePA2sZy..tlOF99W2N0g5KZ3dLaw8WO"
"""Stands for the password of a user who logs in by a certificate alone."""
_ADMIN_ROLES = (b"read-write-udf", b"sys-admin", b"user-admin")


class User:
    """A user. password: the hash, None for an external user, who has a secret."""

    def __init__(
        self,
        password: bytes | None,
        roles: Sequence[bytes],
        secret: bytes | None = None,
    ) -> None:
        self.password = password
        self.roles = set(roles)
        self.secret = secret


class Security:
    """The users and roles of one cluster. Whoever changes one calls `changed`."""

    def __init__(self, config: SecurityConfig) -> None:
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Have the users and roles of the beginning, and those alone."""
        self.users = {ADMIN.encode(): User(_ADMIN_HASH, _ADMIN_ROLES)}
        for name, settings in self.config.external.items():
            roles = [role.encode() for role in settings["roles"]]
            self.users[name.encode()] = User(None, roles, settings["password"].encode())
        self.roles = {
            name: Role([Privilege(code)]) for name, code in PREDEFINED.items()
        }
        self._usage: dict[bytes, tuple[Usage, Usage]] = {}
        self._access: dict[bytes, Access] = {}

    def changed(self) -> None:
        """What users may do is found out anew."""
        self._access.clear()

    def access(self, user: bytes) -> Access | None:
        """What a user may do; None if there is no such user."""
        if user not in self._access and user in self.users:
            held = self.users[user].roles & self.roles.keys()
            usage = self._usage.setdefault(user, (Usage(), Usage()))
            self._access[user] = Access([self.roles[name] for name in held], usage)
        return self._access.get(user)

    def drop_user(self, user: bytes) -> None:
        """Forget a user."""
        del self.users[user]
        self._usage.pop(user, None)
        self.changed()

    def drop_role(self, role: bytes) -> None:
        """Forget a role; no user has it any more."""
        del self.roles[role]
        for user in self.users.values():
            user.roles.discard(role)
        self.changed()
