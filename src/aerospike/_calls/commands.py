"""The text of info commands."""

from __future__ import annotations

from aerospike._errors import param_error, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RESERVED = ":;\n\t\0"

# what other clients of Aerospike say of an argument that is no str
_WRONG_TYPES = {
    "ns": "Namespace should be a string",
    "set": "Set should be string, unicode or None",
    "bin": "Bin should be a string",
    "name": "Index name should be string or unicode",
}


def text_of(
    name: str, value: Any, reserved: str = _RESERVED, says: str | None = None
) -> str:
    """A value as it stands in a command. ParamError names what it is of.

    :param says: what the error says of a value that is no str, where the call has a
        text of its own for it.
    """
    if not isinstance(value, str):
        raise param_error(
            says or _WRONG_TYPES.get(name, f"{name} must be a str"),
            f"{name} is {type(value).__name__}",
        )
    if set(reserved) & set(value):
        raise param_error(f"{name} has characters that no name may have", shown(value))
    return value


def command_of(name: str, **entries: str | None) -> str:
    """A command with its entries; those that are None are left out."""
    given = [f"{key}={value}" for key, value in entries.items() if value is not None]
    return f"{name}:{';'.join(given)}"


def entries_of(text: str, separator: str) -> dict[str, str]:
    """The entries of a reply."""
    pairs = (entry.partition("=") for entry in text.strip().split(separator))
    return {name: value for name, _, value in pairs}
