import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, final

from typing_extensions import Self, disjoint_base

from aerospike._types import CompiledExpression, Expression
from aerospike_helpers.batch.records import BatchRecords

if TYPE_CHECKING:  # mypy reads what is imported so after this module
    from aerospike import Client as PublicClient

_T = TypeVar("_T")
# (namespace, set, user key) or (namespace, set, None, digest)
_Key = tuple[Any, ...]
_Meta = dict[str, int]
_Bins = dict[str, Any]
_Policy = Mapping[str, Any]
_Operation = dict[str, Any]

@final
class Tracker:
    def __new__(cls, begin: int, count: int, /) -> Tracker: ...
    def is_done(self) -> bool: ...
    def status(self) -> dict[Any, Any]: ...
    def copy(self) -> Tracker: ...
    def set(self, partition: int, digest: bytes | None, bval: int, /) -> None: ...

@final
class Stream:
    def __iter__(self) -> Stream: ...
    def __next__(self) -> tuple[Any, ...]: ...
    def __enter__(self) -> Stream: ...
    def __exit__(self, *args: object) -> None: ...
    def collect(self) -> list[tuple[Any, ...]]: ...
    def close(self) -> None: ...

@disjoint_base
class Client:
    def __init__(self, config: Mapping[str, Any]) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def connect(
        self, username: str | None = None, password: str | None = None
    ) -> Self: ...
    def close(self) -> None: ...
    def is_connected(self) -> bool: ...
    def _check_valid(self) -> None: ...
    def _check_open(self) -> None: ...
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
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def prepend(
        self,
        key: _Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> int: ...
    def increment(
        self,
        key: _Key,
        bin: str | bytearray,
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
    def batch_read(
        self,
        keys: Sequence[_Key],
        bins: Sequence[str] | None = None,
        policy: _Policy | None = None,
    ) -> BatchRecords: ...
    def batch_write(
        self, batch_records: BatchRecords, policy_batch: _Policy | None = None
    ) -> BatchRecords: ...
    def batch_operate(
        self,
        keys: Sequence[_Key],
        ops: builtins.list[_Operation],
        policy_batch: _Policy | None = None,
        policy_batch_write: _Policy | None = None,
        ttl: int | None = None,
    ) -> BatchRecords: ...
    def batch_remove(
        self,
        keys: Sequence[_Key],
        policy_batch: _Policy | None = None,
        policy_batch_remove: _Policy | None = None,
    ) -> BatchRecords: ...
    def batch_apply(
        self,
        keys: Sequence[_Key],
        module: str,
        function: str,
        args: builtins.list[Any],
        policy_batch: _Policy | None = None,
        policy_batch_apply: _Policy | None = None,
    ) -> BatchRecords: ...
    def get_many(
        self, keys: Sequence[_Key], policy: _Policy | None = None
    ) -> builtins.list[tuple[_Key, _Meta | None, _Bins | None]]: ...
    def exists_many(
        self, keys: Sequence[_Key], policy: _Policy | None = None
    ) -> builtins.list[tuple[_Key, _Meta | None]]: ...
    def select_many(
        self, keys: Sequence[_Key], bins: Sequence[str], policy: _Policy | None = None
    ) -> builtins.list[tuple[_Key, _Meta | None, _Bins | None]]: ...
    def batch_get_ops(
        self,
        keys: Sequence[_Key],
        list: builtins.list[_Operation],
        policy: _Policy | None = None,
    ) -> builtins.list[tuple[_Key, _Meta | None, _Bins | None]]: ...
    def _stream(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: _Policy | None,
        tracker: Tracker,
        with_partition: bool,
        lends: bool,
    ) -> Stream: ...
    def _background(
        self, is_scan: bool, spec: dict[str, Any], policy: _Policy | None
    ) -> int: ...
    def _operate_one(
        self,
        key: _Key,
        ops: builtins.list[_Operation],
        meta: Mapping[str, int] | None = None,
        policy: _Policy | None = None,
    ) -> Any: ...
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

def client(config: Mapping[str, Any]) -> PublicClient: ...
def publish_client(cls: type[_T], /) -> type[_T]: ...
def expression_base64(expression: CompiledExpression, /) -> str: ...
def context_base64(ctx: list[Any], /) -> str: ...
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
def pending() -> list[str]: ...
def option_tables() -> dict[str, list[dict[str, Any]]]: ...
def operation_table() -> list[dict[str, Any]]: ...
def pickle_is_plain(data: bytes, /) -> bool: ...
def pack_expression(tree: Expression, /) -> bytes: ...
