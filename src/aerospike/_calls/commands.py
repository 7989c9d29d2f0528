"""The text of info commands."""

from __future__ import annotations

from aerospike._errors import param_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RESERVED = ":;\n\t\0"


def text_of(name: str, value: Any, reserved: str = _RESERVED) -> str:
    """A value as it stands in a command. ParamError names what it is of."""
    if not isinstance(value, str):
        raise param_error(f"{name} must be a str, not {type(value).__name__}")
    if set(reserved) & set(value):
        raise param_error(f"{name} has characters that no name may have: {value!r}")
    return value


def command_of(name: str, **entries: str | None) -> str:
    """A command with its entries; those that are None are left out."""
    given = [f"{key}={value}" for key, value in entries.items() if value is not None]
    return f"{name}:{';'.join(given)}"


def entries_of(text: str, separator: str) -> dict[str, str]:
    """The entries of a reply."""
    pairs = (entry.partition("=") for entry in text.strip().split(separator))
    return {name: value for name, _, value in pairs}
