"""Names of bins as applications give them to calls that Python code carries out."""

from __future__ import annotations

from aerospike._report import warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def bin_text(name: Any) -> Any:
    """The str that a bytearray stands for, which some calls take as a bin's name.

    It ends at a NUL, as other clients end it. Anything else is left as it is, for the
    caller to judge; so is a bytearray that is no UTF-8.
    """
    if not isinstance(name, bytearray):
        return name
    text, nul, _ = name.partition(b"\0")
    if nul:
        said = f"a bytearray as a bin name ends at its NUL: the name is {bytes(text)!r}"
        warn_once("bin name", said, said)
    try:
        return text.decode()
    except UnicodeDecodeError:
        return name
