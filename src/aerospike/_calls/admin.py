"""Admin commands: their numbers, what their fields hold, how their errors are told.

Source: the admin section of the protocol. Names and other texts are bytes on the wire;
those that are no UTF-8 survive the way to the caller and back.
"""

from __future__ import annotations

from aerospike import exception
from aerospike._calls.requests import Admin
from aerospike._errors import client_error, param_error, shown
from aerospike._explain import admin as explain_admin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aerospike._calls.requests import Call
    from aerospike._hints import AdminPolicy, Options
    from aerospike.typing import Privilege

    Block = list[tuple[int, bytes]]


class Command:
    """Numbers of commands. An enum's import would take longer than all of this."""

    CREATE_USER = 1
    DROP_USER = 2
    SET_PASSWORD = 3
    CHANGE_PASSWORD = 4
    GRANT_ROLES = 5
    REVOKE_ROLES = 6
    QUERY_USERS = 9
    CREATE_ROLE = 10
    DROP_ROLE = 11
    GRANT_PRIVILEGES = 12
    REVOKE_PRIVILEGES = 13
    SET_WHITELIST = 14
    SET_QUOTAS = 15
    QUERY_ROLES = 16


class Field:
    """Numbers of fields."""

    USER = 0
    PASSWORD = 1
    OLD_PASSWORD = 2
    ROLES = 10
    ROLE = 11
    PRIVILEGES = 12
    WHITELIST = 13
    READ_QUOTA = 14
    WRITE_QUOTA = 15
    READ_INFO = 16
    WRITE_INFO = 17
    CONNECTIONS = 18


_LONGEST_NAME = 63  # bytes of the name of a user, a role or a set
_LONGEST_NAMESPACE = 31
_MOST_ITEMS = 255  # of a list
_FIRST_WITH_SCOPE = 10  # privileges below this one hold everywhere


# --- what is sent ---


def _text(what: str, value: str, longest: int) -> bytes:
    try:
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise param_error(f"{what} has characters that UTF-8 lacks") from None
    if len(data) > longest:
        raise param_error(f"{what} has {len(data)} bytes, {longest} are allowed")
    if b"\0" in data:
        raise param_error(f"{what} contains a NUL", shown(value))
    return data


def _name(what: str, value: Any, says: str) -> bytes:
    """A name, which is not empty. ParamError `says` that it is no str."""
    if not isinstance(value, str):
        raise param_error(says, f"got {type(value).__name__}")
    if not value:
        raise param_error(f"{what} is empty")
    return _text(what, value, _LONGEST_NAME)


def user_field(user: Any) -> tuple[int, bytes]:
    return Field.USER, _name("user", user, "Username should be a string")


def role_field(role: Any) -> tuple[int, bytes]:
    return Field.ROLE, _name("role", role, "Role name should be a string")


def _items(value: Any, says: str) -> list[Any]:
    """A copy of a list; ParamError `says` that it is none."""
    if not isinstance(value, list):
        raise param_error(says, f"got {type(value).__name__}")
    if len(value) > _MOST_ITEMS:
        raise param_error(says, f"{_MOST_ITEMS} items are allowed, not {len(value)}")
    return value[:]


def _with_size(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def roles_field(roles: Any) -> tuple[int, bytes]:
    says = "Roles should be a list"
    names = [_name("role", role, f"{says} of strings") for role in _items(roles, says)]
    return Field.ROLES, bytes([len(names)]) + b"".join(map(_with_size, names))


def _scope(privilege: dict[Any, Any]) -> tuple[bytes, bytes]:
    """Namespace and set of a privilege, b"" for all of them."""
    found = []
    for key, longest in (("ns", _LONGEST_NAMESPACE), ("set", _LONGEST_NAME)):
        value = privilege.get(key)
        if value is not None and not isinstance(value, str):
            raise param_error(
                f"{key} of a privilege must be a str", f"got {type(value).__name__}"
            )
        found.append(_text(f"{key} of a privilege", value or "", longest))
    return found[0], found[1]


def _constant(code: int) -> str:
    """What the caller has written, most likely: the name of a PRIV_* constant."""
    from aerospike import _constants

    for name, value in vars(_constants).items():
        if name.startswith("PRIV_") and value == code:
            return name
    return f"code {code}"


def _privilege(privilege: Any) -> bytes:
    if not isinstance(privilege, dict):
        raise param_error(
            "Privileges should be a list of dicts", f"got {type(privilege).__name__}"
        )
    # a scope that is misspelt would be no scope at all
    for key in privilege:
        if key not in ("code", "ns", "set"):
            raise param_error(
                f"unknown key {shown(key)} in a privilege", "there are code, ns and set"
            )
    if "code" not in privilege:
        raise param_error("Code is a compulsory parameter in privileges dictionary")
    code = privilege["code"]
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 255:
        raise param_error(
            "code of a privilege is invalid",
            f"a PRIV_* constant is expected, got {shown(code)}",
        )
    namespace, set_name = _scope(privilege)
    if code >= _FIRST_WITH_SCOPE:
        return bytes([code]) + _with_size(namespace) + _with_size(set_name)
    if namespace or set_name:
        raise param_error(
            "Admin privilege has namespace/set scope which is invalid.",
            f"{_constant(code)} holds everywhere: leave out ns and set",
        )
    return bytes([code])


def privileges_field(privileges: Any) -> tuple[int, bytes]:
    made = [
        _privilege(each) for each in _items(privileges, "Privileges should be a list")
    ]
    return Field.PRIVILEGES, bytes([len(made)]) + b"".join(made)


def whitelist_fields(whitelist: Any) -> Iterator[tuple[int, bytes]]:
    """One field, or none for a list that is None or empty: there is no whitelist."""
    if whitelist is None:
        return
    says = "Whitelist must be a list of IP strings, or None."
    entries = []
    for entry in _items(whitelist, says):
        if not isinstance(entry, str):
            raise param_error(says, f"got {type(entry).__name__}")
        if not entry or "," in entry:
            raise param_error(says, f"{shown(entry)} is no address")
        entries.append(_text("an address", entry, _LONGEST_NAME))
    if entries:
        yield Field.WHITELIST, b",".join(entries)


def quota_field(field: int, name: str, quota: Any) -> tuple[int, bytes]:
    """A quota; None is 0, which is no limit."""
    if quota is None:
        quota = 0
    if isinstance(quota, bool) or not isinstance(quota, int):
        raise param_error(f"{name} must be an integer.", f"got {type(quota).__name__}")
    if not 0 <= quota < 2**32:
        raise param_error(
            f"{name} is invalid", f"{shown(quota)} is not in 0 to {2**32 - 1}"
        )
    return field, quota.to_bytes(4, "big")


# --- what comes back ---


class _Data:
    """The data of a field, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise client_error("malformed admin reply", "a list runs past its end")
        self._at += size
        return part

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def text(self) -> str:
        return text_of(self.take(self.byte()))


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def names_of(data: bytes) -> list[str]:
    """The names of roles."""
    rest = _Data(data)
    return [rest.text() for _ in range(rest.byte())]


def numbers_of(data: bytes) -> list[int]:
    """A list of numbers."""
    rest = _Data(data)
    return [rest.number() for _ in range(rest.byte())]


def number_of(data: bytes) -> int:
    return _Data(data).number()


def privileges_of(data: bytes) -> list[Privilege]:
    rest = _Data(data)
    found: list[Privilege] = []
    for _ in range(rest.byte()):
        code, namespace, set_name = rest.byte(), "", ""
        if code >= _FIRST_WITH_SCOPE:
            namespace, set_name = rest.text(), rest.text()
        found.append({"ns": namespace, "set": set_name, "code": code})
    return found


# --- asking ---


def ask(
    command: int,
    fields: tuple[tuple[int, object], ...],
    policy: AdminPolicy | Options | None,
    **subjects: object,
) -> Call[list[Block]]:
    """Give a command to a node. The blocks of the answer.

    :param subjects: user, role, roles, privileges, whitelist: what an error is
        about; for_self: users give the command for themselves alone.
    """
    try:
        blocks: list[Block] = yield Admin(command, fields, policy)
    except exception.AerospikeError as error:
        explain_admin(error, subjects)
        raise
    return blocks
