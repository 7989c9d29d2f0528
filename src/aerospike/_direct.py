"""The methods of the 2.x line that do one operation on a list or a map."""

from __future__ import annotations

from types import FunctionType

from aerospike import _constants as c
from aerospike._calls.signatures import named
from aerospike._core import Client, publish_client
from aerospike._hints import Any, Key, MapPolicy, OperatePolicy, Options, WriteMeta

_AS_OPERATE = """

As the operation of operate() with that name; key, meta, policy and errors as there."""


@publish_client
class DirectMethods(Client):
    """What the base has, and those methods."""

    __slots__ = ()

    # they are all of one shape, which the formatter would stretch to twice the length
    # fmt: off
    # --- lists ---

    def list_append(self, key: Key, bin: str, val: Any,
                    meta: WriteMeta | Options | None = None,
                    policy: OperatePolicy | Options | None = None) -> int:
        """Append a value to a list."""
        op = {"op": c.OP_LIST_APPEND, "bin": bin, "val": val}
        return self._operate_zero(key, [op], meta, policy)

    def list_extend(self, key: Key, bin: str, items: list[Any],
                    meta: WriteMeta | Options | None = None,
                    policy: OperatePolicy | Options | None = None) -> int:
        """Append all values of a list to a list."""
        op = {"op": c.OP_LIST_APPEND_ITEMS, "bin": bin, "val": items}
        return self._operate_zero(key, [op], meta, policy)

    def list_insert(self, key: Key, bin: str, index: int, val: Any,
                    meta: WriteMeta | Options | None = None,
                    policy: OperatePolicy | Options | None = None) -> int:
        """Insert a value into a list, before an index."""
        op = {"op": c.OP_LIST_INSERT, "bin": bin, "index": index, "val": val}
        return self._operate_zero(key, [op], meta, policy)

    def list_insert_items(self, key: Key, bin: str, index: int, items: list[Any],
                          meta: WriteMeta | Options | None = None,
                          policy: OperatePolicy | Options | None = None) -> int:
        """Insert all values of a list into a list, before an index."""
        op = {"op": c.OP_LIST_INSERT_ITEMS, "bin": bin, "index": index, "val": items}
        return self._operate_zero(key, [op], meta, policy)

    def list_pop(self, key: Key, bin: str, index: int,
                 meta: WriteMeta | Options | None = None,
                 policy: OperatePolicy | Options | None = None) -> Any:
        """Remove and return the element of a list at an index."""
        op = {"op": c.OP_LIST_POP, "bin": bin, "index": index}
        return self._operate_one(key, [op], meta, policy)

    def list_pop_range(self, key: Key, bin: str, index: int, count: int,
                       meta: WriteMeta | Options | None = None,
                       policy: OperatePolicy | Options | None = None) -> Any:
        """Remove and return count elements of a list, from an index on."""
        op = {"op": c.OP_LIST_POP_RANGE, "bin": bin, "index": index, "val": count}
        return self._operate_one(key, [op], meta, policy)

    def list_remove(self, key: Key, bin: str, index: int,
                    meta: WriteMeta | Options | None = None,
                    policy: OperatePolicy | Options | None = None) -> int:
        """Remove the element of a list at an index."""
        op = {"op": c.OP_LIST_REMOVE, "bin": bin, "index": index}
        return self._operate_zero(key, [op], meta, policy)

    def list_remove_range(self, key: Key, bin: str, index: int, count: int,
                          meta: WriteMeta | Options | None = None,
                          policy: OperatePolicy | Options | None = None) -> int:
        """Remove count elements of a list, from an index on."""
        op = {"op": c.OP_LIST_REMOVE_RANGE, "bin": bin, "index": index, "val": count}
        return self._operate_zero(key, [op], meta, policy)

    def list_clear(self, key: Key, bin: str,
                   meta: WriteMeta | Options | None = None,
                   policy: OperatePolicy | Options | None = None) -> int:
        """Remove all elements of a list."""
        op = {"op": c.OP_LIST_CLEAR, "bin": bin}
        return self._operate_zero(key, [op], meta, policy)

    def list_set(self, key: Key, bin: str, index: int, val: Any,
                 meta: WriteMeta | Options | None = None,
                 policy: OperatePolicy | Options | None = None) -> int:
        """Replace the element of a list at an index."""
        op = {"op": c.OP_LIST_SET, "bin": bin, "index": index, "val": val}
        return self._operate_zero(key, [op], meta, policy)

    def list_get(self, key: Key, bin: str, index: int,
                 meta: WriteMeta | Options | None = None,
                 policy: OperatePolicy | Options | None = None) -> Any:
        """The element of a list at an index."""
        op = {"op": c.OP_LIST_GET, "bin": bin, "index": index}
        return self._operate_one(key, [op], meta, policy)

    def list_get_range(self, key: Key, bin: str, index: int, count: int,
                       meta: WriteMeta | Options | None = None,
                       policy: OperatePolicy | Options | None = None) -> Any:
        """The elements of a list from an index on, at most count."""
        op = {"op": c.OP_LIST_GET_RANGE, "bin": bin, "index": index, "val": count}
        return self._operate_one(key, [op], meta, policy)

    def list_trim(self, key: Key, bin: str, index: int, count: int,
                  meta: WriteMeta | Options | None = None,
                  policy: OperatePolicy | Options | None = None) -> int:
        """Remove all elements of a list but count from an index on."""
        op = {"op": c.OP_LIST_TRIM, "bin": bin, "index": index, "val": count}
        return self._operate_zero(key, [op], meta, policy)

    def list_size(self, key: Key, bin: str,
                  meta: WriteMeta | Options | None = None,
                  policy: OperatePolicy | Options | None = None) -> int:
        """The number of elements of a list, 0 without one."""
        op = {"op": c.OP_LIST_SIZE, "bin": bin}
        return self._operate_count(key, [op], meta, policy)

    # --- maps ---

    def map_set_policy(self, key: Key, bin: str, map_policy: MapPolicy | Options | None,
                       meta: WriteMeta | Options | None = None,
                       policy: OperatePolicy | Options | None = None) -> int:
        """Set the order of a map."""
        op = {"op": c.OP_MAP_SET_POLICY, "bin": bin, "map_policy": map_policy}
        return self._operate_zero(key, [op], meta, policy)

    def map_put(self, key: Key, bin: str, map_key: Any, val: Any,
                map_policy: MapPolicy | Options | None = None,
                meta: WriteMeta | Options | None = None,
                policy: OperatePolicy | Options | None = None) -> int:
        """Put a key and its value into a map."""
        op = {"op": c.OP_MAP_PUT, "bin": bin, "key": map_key, "val": val,
              "map_policy": map_policy}
        return self._operate_zero(key, [op], meta, policy)

    def map_put_items(self, key: Key, bin: str, items: dict[Any, Any],
                      map_policy: MapPolicy | Options | None = None,
                      meta: WriteMeta | Options | None = None,
                      policy: OperatePolicy | Options | None = None) -> int:
        """Put all pairs of a dict into a map."""
        op = {"op": c.OP_MAP_PUT_ITEMS, "bin": bin, "val": items,
              "map_policy": map_policy}
        return self._operate_zero(key, [op], meta, policy)

    def map_increment(self, key: Key, bin: str, map_key: Any, incr: int | float,
                      map_policy: MapPolicy | Options | None = None,
                      meta: WriteMeta | Options | None = None,
                      policy: OperatePolicy | Options | None = None) -> int:
        """Add to the value of a key."""
        op = {"op": c.OP_MAP_INCREMENT, "bin": bin, "key": map_key, "val": incr,
              "map_policy": map_policy}
        return self._operate_zero(key, [op], meta, policy)

    def map_decrement(self, key: Key, bin: str, map_key: Any, decr: int | float,
                      map_policy: MapPolicy | Options | None = None,
                      meta: WriteMeta | Options | None = None,
                      policy: OperatePolicy | Options | None = None) -> int:
        """Subtract from the value of a key."""
        op = {"op": c.OP_MAP_DECREMENT, "bin": bin, "key": map_key, "val": decr,
              "map_policy": map_policy}
        return self._operate_zero(key, [op], meta, policy)

    def map_size(self, key: Key, bin: str,
                 meta: WriteMeta | Options | None = None,
                 policy: OperatePolicy | Options | None = None) -> int:
        """The number of entries of a map, 0 without one."""
        op = {"op": c.OP_MAP_SIZE, "bin": bin}
        return self._operate_count(key, [op], meta, policy)

    def map_clear(self, key: Key, bin: str,
                  meta: WriteMeta | Options | None = None,
                  policy: OperatePolicy | Options | None = None) -> int:
        """Remove all entries of a map."""
        op = {"op": c.OP_MAP_CLEAR, "bin": bin}
        return self._operate_zero(key, [op], meta, policy)

    def map_remove_by_key(self, key: Key, bin: str, map_key: Any, return_type: int,
                          meta: WriteMeta | Options | None = None,
                          policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map of a key."""
        op = {"op": c.OP_MAP_REMOVE_BY_KEY, "bin": bin, "key": map_key,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_key_list(self, key: Key, bin: str, list: list[Any],
                               return_type: int,
                               meta: WriteMeta | Options | None = None,
                               policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map of the keys in a list."""
        op = {"op": c.OP_MAP_REMOVE_BY_KEY_LIST, "bin": bin, "val": list,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_key_range(self, key: Key, bin: str, map_key: Any, range: Any,
                                return_type: int,
                                meta: WriteMeta | Options | None = None,
                                policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map from a key up to another, which is left out."""
        op = {"op": c.OP_MAP_REMOVE_BY_KEY_RANGE, "bin": bin, "key": map_key,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_value(self, key: Key, bin: str, val: Any, return_type: int,
                            meta: WriteMeta | Options | None = None,
                            policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map with a value."""
        op = {"op": c.OP_MAP_REMOVE_BY_VALUE, "bin": bin, "val": val,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_value_list(self, key: Key, bin: str, list: list[Any],
                                 return_type: int,
                                 meta: WriteMeta | Options | None = None,
                                 policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map with one of the values in a list."""
        op = {"op": c.OP_MAP_REMOVE_BY_VALUE_LIST, "bin": bin, "val": list,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_value_range(self, key: Key, bin: str, val: Any, range: Any,
                                  return_type: int,
                                  meta: WriteMeta | Options | None = None,
                                  policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map from a value up to another, which is left out."""
        op = {"op": c.OP_MAP_REMOVE_BY_VALUE_RANGE, "bin": bin, "val": val,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_index(self, key: Key, bin: str, index: int, return_type: int,
                            meta: WriteMeta | Options | None = None,
                            policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map at an index in key order."""
        op = {"op": c.OP_MAP_REMOVE_BY_INDEX, "bin": bin, "index": index,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_index_range(self, key: Key, bin: str, index: int, range: int,
                                  return_type: int,
                                  meta: WriteMeta | Options | None = None,
                                  policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map from an index on, at most range of them."""
        op = {"op": c.OP_MAP_REMOVE_BY_INDEX_RANGE, "bin": bin, "index": index,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_rank(self, key: Key, bin: str, rank: int, return_type: int,
                           meta: WriteMeta | Options | None = None,
                           policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map of a rank in value order."""
        op = {"op": c.OP_MAP_REMOVE_BY_RANK, "bin": bin, "index": rank,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_remove_by_rank_range(self, key: Key, bin: str, rank: int, range: int,
                                 return_type: int,
                                 meta: WriteMeta | Options | None = None,
                                 policy: OperatePolicy | Options | None = None) -> Any:
        """Remove the entries of a map from a rank on, at most range of them."""
        op = {"op": c.OP_MAP_REMOVE_BY_RANK_RANGE, "bin": bin, "index": rank,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_key(self, key: Key, bin: str, map_key: Any, return_type: int,
                       meta: WriteMeta | Options | None = None,
                       policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map of a key."""
        op = {"op": c.OP_MAP_GET_BY_KEY, "bin": bin, "key": map_key,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_key_list(self, key: Key, bin: str, key_list: list[Any],
                            return_type: int,
                            meta: WriteMeta | Options | None = None,
                            policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map of the keys in a list."""
        op = {"op": c.OP_MAP_GET_BY_KEY_LIST, "bin": bin, "val": key_list,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_key_range(self, key: Key, bin: str, map_key: Any, range: Any,
                             return_type: int,
                             meta: WriteMeta | Options | None = None,
                             policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map from a key up to another, which is left out."""
        op = {"op": c.OP_MAP_GET_BY_KEY_RANGE, "bin": bin, "key": map_key,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_value(self, key: Key, bin: str, val: Any, return_type: int,
                         meta: WriteMeta | Options | None = None,
                         policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map with a value."""
        op = {"op": c.OP_MAP_GET_BY_VALUE, "bin": bin, "val": val,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_value_list(self, key: Key, bin: str, value_list: list[Any],
                              return_type: int,
                              meta: WriteMeta | Options | None = None,
                              policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map with one of the values in a list."""
        op = {"op": c.OP_MAP_GET_BY_VALUE_LIST, "bin": bin, "val": value_list,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_value_range(self, key: Key, bin: str, val: Any, range: Any,
                               return_type: int,
                               meta: WriteMeta | Options | None = None,
                               policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map from a value up to another, which is left out."""
        op = {"op": c.OP_MAP_GET_BY_VALUE_RANGE, "bin": bin, "val": val, "range": range,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_index(self, key: Key, bin: str, index: int, return_type: int,
                         meta: WriteMeta | Options | None = None,
                         policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map at an index in key order."""
        op = {"op": c.OP_MAP_GET_BY_INDEX, "bin": bin, "index": index,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_index_range(self, key: Key, bin: str, index: int, range: int,
                               return_type: int,
                               meta: WriteMeta | Options | None = None,
                               policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map from an index on, at most range of them."""
        op = {"op": c.OP_MAP_GET_BY_INDEX_RANGE, "bin": bin, "index": index,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_rank(self, key: Key, bin: str, rank: int, return_type: int,
                        meta: WriteMeta | Options | None = None,
                        policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map of a rank in value order."""
        op = {"op": c.OP_MAP_GET_BY_RANK, "bin": bin, "index": rank,
              "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    def map_get_by_rank_range(self, key: Key, bin: str, rank: int, range: int,
                              return_type: int,
                              meta: WriteMeta | Options | None = None,
                              policy: OperatePolicy | Options | None = None) -> Any:
        """The entries of a map from a rank on, at most range of them."""
        op = {"op": c.OP_MAP_GET_BY_RANK_RANGE, "bin": bin, "index": rank,
              "range": range, "return_type": return_type}
        return self._operate_pairs(key, [op], meta, policy)

    # fmt: on


for _name, _method in vars(DirectMethods).items():
    if isinstance(_method, FunctionType):
        named(f"Client.{_name}")(_method)  # nobody knows the class that they stand in
        if _method.__doc__:  # python -OO has none
            _method.__doc__ += _AS_OPERATE
