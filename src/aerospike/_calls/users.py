"""Calls about users. Source: the admin section of the protocol."""

from __future__ import annotations

from aerospike import exception
from aerospike._calls.admin import (
    Command,
    Field,
    ask,
    names_of,
    number_of,
    numbers_of,
    roles_field,
    text_of,
    user_field,
)
from aerospike._calls.requests import Apart
from aerospike._calls.signatures import also_called
from aerospike._core import hash_password
from aerospike._errors import made
from aerospike._hints import AdminPolicy, Options, UserInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.admin import Block
    from aerospike._calls.requests import Call

_NO_PASSWORD = b"$2a$10$7EqJtq98hPqEX7fNZaFWoOePA2sZy..tlOF99W2N0g5KZ3dLaw8WO"
"""Stands for the password of a user whom a certificate names, as in other clients."""

# A password is in no local variable when something can fail: a traceback shows them.


@also_called("username", "user")
def admin_create_user(
    user: str,
    password: str,
    roles: list[str],
    policy: AdminPolicy | Options | None = None,
) -> Call[int]:
    """Create a user who logs in with a password.

    :param roles: list of the names of roles, such as "read" or "user-admin".
    :return: 0.
    :raises UserExistsError: the user exists already.
    :raises InvalidRole: there is no such role.
    :raises ForbiddenPassword, InvalidPassword: the cluster does not accept it.
    """
    hashing = Apart(hash_password, password)
    del password
    name, given = user_field(user), roles_field(roles)
    hashed = yield hashing
    fields = name, (Field.PASSWORD, hashed), given
    yield from ask(Command.CREATE_USER, fields, policy, user=user, roles=roles)
    return 0


@also_called("username", "user")
def admin_create_pki_user(
    user: str, roles: list[str], policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Create a user who logs in with a certificate that names it, without a password.

    :param roles: list of the names of roles.
    :return: 0.
    :raises UserExistsError: the user exists already.
    :raises InvalidRole: there is no such role.
    """
    fields = user_field(user), (Field.PASSWORD, _NO_PASSWORD), roles_field(roles)
    yield from ask(Command.CREATE_USER, fields, policy, user=user, roles=roles)
    return 0


@also_called("username", "user")
def admin_drop_user(
    user: str, policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Remove a user. Returns 0.

    :raises InvalidUser: there is no such user.
    """
    yield from ask(Command.DROP_USER, (user_field(user),), policy, user=user)
    return 0


@also_called("username", "user")
def admin_set_password(
    user: str, password: str, policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Give a user another password, as an administrator. Returns 0.

    :raises InvalidUser: there is no such user.
    :raises ForbiddenPassword, InvalidPassword: the cluster does not accept it.
    """
    hashing = Apart(hash_password, password)
    del password
    field = user_field(user)
    hashed = yield hashing
    fields = field, (Field.PASSWORD, hashed)
    yield from ask(Command.SET_PASSWORD, fields, policy, user=user)
    return 0


@also_called("username", "user")
def admin_change_password(
    user: str, password: str, policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Change the password of the client's own user. The client then uses the new one.

    Other clients of that user keep their sessions, and need the new password when these
    end.

    :param user: the user as which this client has logged in.
    :return: 0.
    :raises ParamError: the client has no user.
    :raises RoleViolation: the user is another: admin_set_password() is for that.
    :raises ForbiddenPassword, InvalidPassword: the cluster does not accept the
        password, or somebody has changed it since this client logged in.
    """
    hashing = Apart(hash_password, password)
    del password
    field = user_field(user)
    hashed = yield hashing
    fields = field, (Field.OLD_PASSWORD, None), (Field.PASSWORD, hashed)
    yield from ask(Command.CHANGE_PASSWORD, fields, policy, user=user, for_self=True)
    return 0


@also_called("username", "user")
def admin_grant_roles(
    user: str, roles: list[str], policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Give more roles to a user. Returns 0.

    :raises InvalidUser, InvalidRole: there is no such user, or role.
    """
    fields = user_field(user), roles_field(roles)
    yield from ask(Command.GRANT_ROLES, fields, policy, user=user, roles=roles)
    return 0


@also_called("username", "user")
def admin_revoke_roles(
    user: str, roles: list[str], policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Take roles from a user. Returns 0.

    :raises InvalidUser, InvalidRole: there is no such user, or role.
    """
    fields = user_field(user), roles_field(roles)
    yield from ask(Command.REVOKE_ROLES, fields, policy, user=user, roles=roles)
    return 0


# --- questions ---


def _user_of(block: Block) -> tuple[str, UserInfo]:
    """Name and description of a user; fields that are not known are passed over."""
    name = ""
    info: UserInfo = {
        "roles": [],
        "read_info": None,
        "write_info": None,
        "conns_in_use": 0,
    }
    for field, data in block:
        if field == Field.USER:
            name = text_of(data)
        elif field == Field.ROLES:
            info["roles"] = names_of(data)
        elif field == Field.READ_INFO:
            info["read_info"] = numbers_of(data)
        elif field == Field.WRITE_INFO:
            info["write_info"] = numbers_of(data)
        elif field == Field.CONNECTIONS:
            info["conns_in_use"] = number_of(data)
    return name, info


@also_called("username", "user")
def admin_query_user_info(
    user: str, policy: AdminPolicy | Options | None = None
) -> Call[UserInfo]:
    """Return what a user may do and does now: {"roles", "read_info", "write_info",
    "conns_in_use"}.

    read_info and write_info are lists of numbers: quota, commands on single records per
    second, records of queries per second, queries without a limit; or None. They are
    those of the node that was asked.

    :raises InvalidUser: there is no such user.
    """
    blocks = yield from ask(Command.QUERY_USERS, (user_field(user),), policy, user=user)
    found = dict(map(_user_of, blocks))
    if user not in found:
        raise made(exception.InvalidUser, 60, f"the node tells nothing of user {user}")
    return found[user]


def admin_query_users_info(
    policy: AdminPolicy | Options | None = None,
) -> Call[dict[str, UserInfo]]:
    """Return the same for all users: dict of name to the dict that
    admin_query_user_info() returns.
    """
    blocks = yield from ask(Command.QUERY_USERS, (), policy)
    return dict(map(_user_of, blocks))


@also_called("username", "user")
def admin_query_user(
    user: str, policy: AdminPolicy | Options | None = None
) -> Call[list[str]]:
    """Return the roles of a user, as in the 2.x line: a list.

    :raises InvalidUser: there is no such user.
    """
    info = yield from admin_query_user_info(user, policy)
    return info["roles"]


def admin_query_users(
    policy: AdminPolicy | Options | None = None,
) -> Call[dict[str, list[str]]]:
    """Return the roles of all users, as in the 2.x line: dict of name to list."""
    users = yield from admin_query_users_info(policy)
    return {name: info["roles"] for name, info in users.items()}
