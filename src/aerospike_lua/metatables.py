"""What Lua finds in the metatables of the values that Python gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .containers import (
    Bytes,
    GeoJSON,
    List,
    Map,
    ScriptError,
    Userdata,
    type_name,
)
from .records import Record

Function = Callable[..., Any]


def index(of: Any, key: Any) -> Any:
    if isinstance(of, Userdata):
        return of.lua_index(key)
    raise ScriptError("attempt to index a userdata value")


def length(of: Any, *_: Any) -> int:
    if isinstance(of, Userdata):
        return of.lua_len()
    raise ScriptError("attempt to get length of a userdata value")


def text(of: Any) -> bytes:
    return str(of).encode("utf-8", "surrogateescape")


def call(of: Any, *_: Any) -> None:
    raise ScriptError(f"attempt to call a {type_name(of)} value")


def refuse(action: str, takes: type | tuple[type, ...]) -> Function:
    """An operator that no userdata has. The error names the operand that is wrong."""

    def operator(a: Any, b: Any = None) -> None:
        wrong = b if isinstance(a, takes) else a
        raise ScriptError(f"attempt to {action} a {type_name(wrong)} value")

    return operator


def compare(a: Any, b: Any) -> None:
    one, other = type_name(a), type_name(b)
    both = f"two {one} values" if one == other else f"{one} with {other}"
    raise ScriptError(f"attempt to compare {both}")


_ARITHMETIC = refuse("perform arithmetic on", (int, float))
_BITWISE = refuse("perform bitwise operation on", (int, float))

# of all values alike
SHARED: dict[str, Function] = {
    "__len": length,
    "__tostring": text,
    "__call": call,
    "__concat": refuse("concatenate", (int, float, bytes)),
    "__lt": compare,
    "__le": compare,
    **{
        f"__{name}": _ARITHMETIC
        for name in ("add", "sub", "mul", "div", "mod", "pow", "unm", "idiv")
    },
    **{f"__{name}": _BITWISE for name in ("band", "bor", "bxor", "shl", "shr", "bnot")},
}

_INDEXED: dict[str, Function] = {
    "__index": index,
    "__newindex": lambda to, key, value: to.lua_assign(key, value) and None,
    "__len": length,
    "__tostring": text,
}

# the metatables that scripts see, which are copies for show: `getmetatable(x) == Map`
KINDS: dict[str, dict[str, Function]] = {
    **{kind.__name__: _INDEXED for kind in (Map, List, Bytes, Record)},
    GeoJSON.__name__: {"__tostring": text},
}
