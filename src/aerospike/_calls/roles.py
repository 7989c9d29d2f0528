"""Calls about roles. Source: the admin section of the protocol."""

from __future__ import annotations

from aerospike import exception
from aerospike._calls.admin import (
    Command,
    Field,
    ask,
    number_of,
    privileges_field,
    privileges_of,
    quota_field,
    role_field,
    text_of,
    whitelist_fields,
)
from aerospike._errors import made
from aerospike._hints import AdminPolicy, Options, Privilege, RoleInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.admin import Block
    from aerospike._calls.requests import Call


def admin_create_role(
    role: str,
    privileges: list[Privilege],
    policy: AdminPolicy | Options | None = None,
    whitelist: list[str] | None = None,
    read_quota: int | None = None,
    write_quota: int | None = None,
) -> Call[int]:
    """Create a role.

    :param privileges: list of {"code": PRIV_*, "ns": namespace, "set": set}; without
        "set", the privilege applies to all sets; without "ns", to all namespaces.
        PRIV_*_ADMIN always apply to the whole cluster.
    :param whitelist: list of addresses and networks ("10.0.0.0/8") from which users of
        this role may connect; None or []: from everywhere.
    :param read_quota: reads per second; None or 0: no limit.
    :param write_quota: writes per second; None or 0: no limit.
    :return: 0.
    :raises RoleExistsError: the role exists already.
    :raises InvalidPrivilege, InvalidWhitelist: a privilege or an address is not valid.
    :raises QuotasNotEnabled, InvalidQuota: the cluster does not accept the quota.
    """
    quotas = (
        quota_field(Field.READ_QUOTA, "read_quota", read_quota),
        quota_field(Field.WRITE_QUOTA, "write_quota", write_quota),
    )
    fields = [role_field(role), privileges_field(privileges)]
    if not privileges:
        del fields[1]
    fields += whitelist_fields(whitelist)
    fields += [(field, data) for field, data in quotas if any(data)]
    yield from ask(
        Command.CREATE_ROLE,
        tuple(fields),
        policy,
        role=role,
        privileges=privileges,
        whitelist=whitelist,
    )
    return 0


def admin_drop_role(
    role: str, policy: AdminPolicy | Options | None = None
) -> Call[int]:
    """Remove a role, also from all users who have it. Returns 0.

    :raises InvalidRole: there is no such role, or it cannot be removed.
    """
    yield from ask(Command.DROP_ROLE, (role_field(role),), policy, role=role)
    return 0


def admin_grant_privileges(
    role: str,
    privileges: list[Privilege],
    policy: AdminPolicy | Options | None = None,
) -> Call[int]:
    """Add privileges to a role. Returns 0.

    :param privileges: list of dicts as in admin_create_role().
    :raises InvalidRole: there is no such role, or it cannot be changed.
    :raises InvalidPrivilege: a privilege is not valid.
    """
    fields = role_field(role), privileges_field(privileges)
    yield from ask(
        Command.GRANT_PRIVILEGES, fields, policy, role=role, privileges=privileges
    )
    return 0


def admin_revoke_privileges(
    role: str,
    privileges: list[Privilege],
    policy: AdminPolicy | Options | None = None,
) -> Call[int]:
    """Take privileges from a role. Returns 0.

    :param privileges: list of dicts as in admin_create_role().
    :raises InvalidRole: there is no such role, or it cannot be changed.
    :raises InvalidPrivilege: a privilege is not valid.
    """
    fields = role_field(role), privileges_field(privileges)
    yield from ask(
        Command.REVOKE_PRIVILEGES, fields, policy, role=role, privileges=privileges
    )
    return 0


def admin_set_whitelist(
    role: str,
    whitelist: list[str] | None,
    policy: AdminPolicy | Options | None = None,
) -> Call[int]:
    """Set the addresses from which users of a role may connect. Returns 0.

    :param whitelist: list of addresses and networks ("10.0.0.0/8"); None or []: from
        everywhere.
    :raises InvalidRole: there is no such role, or it cannot be changed.
    :raises InvalidWhitelist: an entry is neither an address nor a network.
    """
    fields = role_field(role), *whitelist_fields(whitelist)
    yield from ask(
        Command.SET_WHITELIST, fields, policy, role=role, whitelist=whitelist
    )
    return 0


def admin_set_quotas(
    role: str,
    read_quota: int | None = None,
    write_quota: int | None = None,
    policy: AdminPolicy | Options | None = None,
) -> Call[int]:
    """Limit the reads and writes of users of a role per second. Sets both quotas.
    Returns 0.

    :param read_quota: reads per second; None or 0: no limit.
    :param write_quota: writes per second; None or 0: no limit.
    :raises InvalidRole: there is no such role, or it cannot be changed.
    :raises QuotasNotEnabled, InvalidQuota: the cluster does not accept the quota.
    """
    fields = (
        role_field(role),
        quota_field(Field.READ_QUOTA, "read_quota", read_quota),
        quota_field(Field.WRITE_QUOTA, "write_quota", write_quota),
    )
    yield from ask(Command.SET_QUOTAS, fields, policy, role=role)
    return 0


# --- questions ---


def _role_of(block: Block) -> tuple[str, RoleInfo]:
    """Name and description of a role; fields that are not known are passed over."""
    name = ""
    info: RoleInfo = {
        "privileges": [],
        "whitelist": [],
        "read_quota": 0,
        "write_quota": 0,
    }
    for field, data in block:
        if field == Field.ROLE:
            name = text_of(data)
        elif field == Field.PRIVILEGES:
            info["privileges"] = privileges_of(data)
        elif field == Field.WHITELIST:
            info["whitelist"] = [text for text in text_of(data).split(",") if text]
        elif field == Field.READ_QUOTA:
            info["read_quota"] = number_of(data)
        elif field == Field.WRITE_QUOTA:
            info["write_quota"] = number_of(data)
    return name, info


def admin_get_role(
    role: str, policy: AdminPolicy | Options | None = None
) -> Call[RoleInfo]:
    """Return what a role allows: {"privileges", "whitelist", "read_quota",
    "write_quota"}.

    :raises InvalidRole: there is no such role.
    """
    blocks = yield from ask(Command.QUERY_ROLES, (role_field(role),), policy, role=role)
    found = dict(map(_role_of, blocks))
    if role not in found:
        raise made(exception.InvalidRole, 70, f"the node tells nothing of role {role}")
    return found[role]


def admin_get_roles(
    policy: AdminPolicy | Options | None = None,
) -> Call[dict[str, RoleInfo]]:
    """Return what all roles allow: dict of name to the dict that admin_get_role()
    returns.
    """
    blocks = yield from ask(Command.QUERY_ROLES, (), policy)
    return dict(map(_role_of, blocks))


def admin_query_role(
    role: str, policy: AdminPolicy | Options | None = None
) -> Call[list[Privilege]]:
    """Return the privileges of a role; admin_get_role() returns more.

    :raises InvalidRole: there is no such role.
    """
    info = yield from admin_get_role(role, policy)
    return info["privileges"]


def admin_query_roles(
    policy: AdminPolicy | Options | None = None,
) -> Call[dict[str, list[Privilege]]]:
    """Return the privileges of all roles: dict of name to list. admin_get_roles()
    returns more.
    """
    roles = yield from admin_get_roles(policy)
    return {name: info["privileges"] for name, info in roles.items()}
