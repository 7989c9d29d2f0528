"""Contexts: places inside nested lists and maps.

A context is a list of levels, the outermost first. Operations on lists and maps take it
as ``ctx``, and then work on what the last level finds.
"""

from __future__ import annotations

from typing import Any

import aerospike
from aerospike import _constants
from aerospike._types import CompiledExpression

CDT_CTX_ORDER_KEY = "order_key"
CDT_CTX_PAD_KEY = "pad_key"


class _cdt_ctx:
    """Make one level of a context."""

    __slots__ = ("extra_args", "id", "value")

    def __init__(
        self, id: int, value: Any, extra_args: dict[str, Any] | None = None
    ) -> None:
        self.id = id
        self.value = value
        self.extra_args = extra_args

    def __repr__(self) -> str:
        name, has_value = _NAMES.get(self.id, (f"level_{self.id}", True))
        if self.id == _constants._AS_CDT_CTX_EXP and self.value is not True:
            name, has_value = f"{name}_with_filter", True
        shown = [repr(self.value)] if has_value else []
        shown += [
            f"{key.removesuffix('_key')}={value!r}"
            for key, value in (self.extra_args or {}).items()
        ]
        return f"cdt_ctx_{name}({', '.join(shown)})"


# number of a level -> the name of its function, and whether that takes a value
_NAMES = {
    value: (name.removeprefix("CDT_CTX_").lower(), True)
    for name, value in vars(_constants).items()
    if name.startswith("CDT_CTX_")
}
_NAMES[_constants._AS_CDT_CTX_EXP] = ("all_children", False)
_NAMES[_constants._AS_CDT_CTX_MAP_KEYS_IN] = ("map_keys_in", True)
_NAMES[_constants._AS_CDT_CTX_AND] = ("and_filter", True)


def cdt_ctx_list_index(index: int) -> _cdt_ctx:
    """The element of a list at an index; negative indexes count from the end."""
    return _cdt_ctx(aerospike.CDT_CTX_LIST_INDEX, index)


def cdt_ctx_list_rank(rank: int) -> _cdt_ctx:
    """The element of a list by rank: 0 is the smallest, -1 the largest."""
    return _cdt_ctx(aerospike.CDT_CTX_LIST_RANK, rank)


def cdt_ctx_list_value(value: Any) -> _cdt_ctx:
    """The first element of a list that is equal to value."""
    return _cdt_ctx(aerospike.CDT_CTX_LIST_VALUE, value)


def cdt_ctx_list_index_create(
    index: int, order: int = 0, pad: bool = False
) -> _cdt_ctx:
    """The element of a list at an index; a missing list is created.

    :param order: LIST_UNORDERED or LIST_ORDERED, for a list that is created.
    :param pad: whether the server fills the list with None if index is beyond the end.
    """
    extra = {CDT_CTX_ORDER_KEY: order, CDT_CTX_PAD_KEY: pad}
    return _cdt_ctx(aerospike.CDT_CTX_LIST_INDEX_CREATE, index, extra)


def cdt_ctx_map_index(index: int) -> _cdt_ctx:
    """The value of a map's entry at an index in key order."""
    return _cdt_ctx(aerospike.CDT_CTX_MAP_INDEX, index)


def cdt_ctx_map_rank(rank: int) -> _cdt_ctx:
    """The value of a map's entry by rank in value order."""
    return _cdt_ctx(aerospike.CDT_CTX_MAP_RANK, rank)


def cdt_ctx_map_key(key: Any) -> _cdt_ctx:
    """The value of a map's key."""
    return _cdt_ctx(aerospike.CDT_CTX_MAP_KEY, key)


def cdt_ctx_map_value(value: Any) -> _cdt_ctx:
    """The first value of a map that is equal to value."""
    return _cdt_ctx(aerospike.CDT_CTX_MAP_VALUE, value)


def cdt_ctx_map_key_create(key: Any, order: int = 0) -> _cdt_ctx:
    """The value of a map's key; a missing map is created.

    :param order: MAP_UNORDERED, MAP_KEY_ORDERED or MAP_KEY_VALUE_ORDERED, for a map
        that is created.
    """
    extra = {CDT_CTX_ORDER_KEY: order}
    return _cdt_ctx(aerospike.CDT_CTX_MAP_KEY_CREATE, key, extra)


def cdt_ctx_all_children() -> _cdt_ctx:
    """All elements of a list or all values of a map; only in a path."""
    return _cdt_ctx(_constants._AS_CDT_CTX_EXP, True)


def cdt_ctx_all_children_with_filter(expression: CompiledExpression) -> _cdt_ctx:
    """All elements or values for which an expression is true.

    :param expression: compiled; its loop variables are the element's key, value and
        index.
    """
    return _cdt_ctx(_constants._AS_CDT_CTX_EXP, expression)


def cdt_ctx_map_keys_in(keys: list[Any]) -> _cdt_ctx:
    """The values of those keys of a map that are in a list; only in a path."""
    return _cdt_ctx(_constants._AS_CDT_CTX_MAP_KEYS_IN, keys)


def cdt_ctx_and_filter(expression: CompiledExpression) -> _cdt_ctx:
    """What the level before finds, if an expression is true for it.

    :param expression: compiled, as in cdt_ctx_all_children_with_filter.
    """
    return _cdt_ctx(_constants._AS_CDT_CTX_AND, expression)


_DATATYPES = {
    aerospike.INDEX_STRING: "string",
    aerospike.INDEX_INTEGER: "numeric",
    aerospike.INDEX_GEO2DSPHERE: "geo2dsphere",
    aerospike.INDEX_BLOB: "blob",
    aerospike.INDEX_NUMERIC: "numeric",
}
_TYPES = {
    aerospike.INDEX_TYPE_DEFAULT: "default",
    aerospike.INDEX_TYPE_LIST: "list",
    aerospike.INDEX_TYPE_MAPKEYS: "mapkeys",
    aerospike.INDEX_TYPE_MAPVALUES: "mapvalues",
}


def index_datatype_string(index_datatype: int) -> str:
    """The server's word for an INDEX_* number, "invalid" for any other."""
    return _DATATYPES.get(index_datatype, "invalid")


def index_type_string(index_type: int) -> str:
    """The server's word for an INDEX_TYPE_* number, "invalid" for any other."""
    return _TYPES.get(index_type, "invalid")
