from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from typing_extensions import disjoint_base

# (namespace, set, user key) or (namespace, set, None, digest)
_Key = tuple[Any, ...]
_Meta = dict[str, int]
_Bins = dict[str, Any]
_Policy = Mapping[str, Any]
_Operation = dict[str, Any]

@disjoint_base
class Client:
    def __init__(self, config: Mapping[str, Any]) -> None: ...
    def __enter__(self) -> Client: ...
    def __exit__(self, *args: object) -> None: ...
    def connect(
        self, username: str | None = None, password: str | None = None
    ) -> Client: ...
    def close(self) -> None: ...
    def is_connected(self) -> bool: ...
    def get(
        self, key: _Key, policy: _Policy | None = None
    ) -> tuple[_Key, _Meta, _Bins]: ...
    def select(
        self,
        key: _Key,
        bins: list[str] | tuple[str, ...],
        policy: _Policy | None = None,
    ) -> tuple[_Key, _Meta, _Bins]: ...
    def exists(
        self, key: _Key, policy: _Policy | None = None
    ) -> tuple[_Key, _Meta | None]: ...
    def put(
        self,
        key: _Key,
        bins: _Bins,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
        serializer: int | None = None,
    ) -> int: ...
    def remove(
        self,
        key: _Key,
        meta: Mapping[str, Any] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def remove_bin(
        self,
        key: _Key,
        list: Sequence[str],
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def touch(
        self,
        key: _Key,
        val: int = ...,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def append(
        self,
        key: _Key,
        bin: str,
        val: str | bytes | bytearray,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def prepend(
        self,
        key: _Key,
        bin: str,
        val: str | bytes | bytearray,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def increment(
        self,
        key: _Key,
        bin: str,
        offset: float,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def operate(
        self,
        key: _Key,
        list: list[_Operation],
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> tuple[_Key, _Meta, _Bins]: ...
    def operate_ordered(
        self,
        key: _Key,
        list: list[_Operation],
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> tuple[_Key, _Meta, list[tuple[str, Any]]]: ...
    def get_key_partition_id(
        self, ns: str, set: str | None, key: str | int | bytes | bytearray
    ) -> int: ...
    def get_key_digest(
        self, ns: str, set: str | None, key: str | int | bytes | bytearray
    ) -> bytearray: ...
    def llist(self, key: _Key, bin: str, module: str | None = None) -> NoReturn: ...
    def get_policies(self) -> dict[str, dict[str, Any]]: ...
    def shm_key(self) -> int | None: ...
    def has_geo(self) -> bool: ...
    def info(
        self,
        command: str,
        hosts: Sequence[tuple[str, int] | str] | None = None,
        policy: _Policy | None = None,
    ) -> dict[str, tuple[None, str]]: ...
    def info_node(
        self, command: str, host: tuple[str, int] | str, policy: _Policy | None = None
    ) -> str: ...
    def info_all(
        self, command: str, policy: _Policy | None = None
    ) -> dict[str, tuple[None, str]]: ...
    def info_single_node(
        self, command: str, host: str | tuple[str, int], policy: _Policy | None = None
    ) -> str: ...
    def info_random_node(self, command: str, policy: _Policy | None = None) -> str: ...
    def get_nodes(self) -> list[tuple[str, int]]: ...
    def get_node_names(self) -> list[dict[str, Any]]: ...

def client(config: Mapping[str, Any], /) -> Client: ...
def calc_digest(
    ns: str, set: str | None, key: str | int | bytes | bytearray
) -> bytearray: ...
def get_partition_id(digest: bytes | bytearray, /) -> int: ...
def set_serializer(
    function: Callable[[Any], str | bytes | bytearray] = ...,
    callback: Callable[[Any], str | bytes | bytearray] = ...,
) -> int: ...
def set_deserializer(
    function: Callable[[Any], Any] = ..., callback: Callable[[Any], Any] = ...
) -> int: ...
def unset_serializers() -> int: ...
def set_log_handler(
    log_handler: Callable[[int, str, str, int, str], object] | None = ...,
    callback: Callable[[int, str, str, int, str], object] | None = ...,
) -> int: ...
def set_log_level(loglevel: int = ..., log_level: int = ...) -> int: ...
def option_tables() -> dict[str, list[dict[str, Any]]]: ...
def pack_expression(tree: Any, /) -> bytes: ...
