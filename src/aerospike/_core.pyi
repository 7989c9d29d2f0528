import builtins
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, final

from typing_extensions import Self, TypeVar, disjoint_base

from aerospike._types import CompiledExpression, Expression
from aerospike.typing import (
    BatchApplyPolicy,
    BatchPolicy,
    BatchRemovePolicy,
    BatchWritePolicy,
    Bins,
    Config,
    Host,
    InfoPolicy,
    Key,
    Meta,
    OperatePolicy,
    Operation,
    Options,
    ReadPolicy,
    RecordKey,
    RemovePolicy,
    UserKey,
    WriteMeta,
    WritePolicy,
)
from aerospike_helpers.batch.records import BatchRecords

if TYPE_CHECKING:  # mypy reads what is imported so after this module
    from aerospike import Client as PublicClient

_T = TypeVar("_T")
_M = TypeVar("_M", default=Meta)
_B = TypeVar("_B", default=Bins)

@final
class Record(tuple[RecordKey, _M, _B], Generic[_M, _B]):
    @property
    def key(self) -> RecordKey: ...
    @property
    def meta(self) -> _M: ...
    @property
    def bins(self) -> _B: ...

@final
class Tracker:
    def __new__(cls, begin: int, count: int, /) -> Tracker: ...
    def is_done(self) -> bool: ...
    def status(self) -> dict[Any, Any]: ...
    def copy(self) -> Tracker: ...
    def set(self, partition: int, digest: bytes | None, bval: int, /) -> None: ...

@final
class Stream:
    def __iter__(self) -> Self: ...
    def __next__(self) -> Record: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def collect(self) -> list[Record]: ...
    def close(self) -> None: ...

@disjoint_base
class Client:
    def __init__(self, config: Config | Options) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def connect(
        self, username: str | None = None, password: str | None = None
    ) -> Self: ...
    def close(self) -> None: ...
    def is_connected(self) -> bool: ...
    def _check_valid(self) -> None: ...
    def _check_open(self) -> None: ...
    def get(self, key: Key, policy: ReadPolicy | Options | None = None) -> Record: ...
    def select(
        self,
        key: Key,
        bins: list[str] | tuple[str, ...],
        policy: ReadPolicy | Options | None = None,
    ) -> Record: ...
    def exists(
        self, key: Key, policy: ReadPolicy | Options | None = None
    ) -> tuple[RecordKey, Meta | None]: ...
    def put(
        self,
        key: Key,
        bins: Bins,
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
        serializer: int | None = None,
    ) -> int: ...
    def remove(
        self,
        key: Key,
        meta: WriteMeta | Options | None = None,
        policy: RemovePolicy | Options | None = None,
    ) -> int: ...
    def remove_bin(
        self,
        key: Key,
        list: Sequence[str],
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
    ) -> int: ...
    def touch(
        self,
        key: Key,
        val: int = ...,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def append(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def prepend(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def increment(
        self,
        key: Key,
        bin: str | bytearray,
        offset: float,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def operate(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record: ...
    def operate_ordered(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record[Meta, builtins.list[tuple[str, Any]]]: ...
    def batch_read(
        self,
        keys: Sequence[Key],
        bins: Sequence[str] | None = None,
        policy: BatchPolicy | Options | None = None,
    ) -> BatchRecords: ...
    def batch_write(
        self,
        batch_records: BatchRecords,
        policy_batch: BatchPolicy | Options | None = None,
    ) -> BatchRecords: ...
    def batch_operate(
        self,
        keys: Sequence[Key],
        ops: builtins.list[Operation],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_write: BatchWritePolicy | Options | None = None,
        ttl: int | None = None,
    ) -> BatchRecords: ...
    def batch_remove(
        self,
        keys: Sequence[Key],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_remove: BatchRemovePolicy | Options | None = None,
    ) -> BatchRecords: ...
    def batch_apply(
        self,
        keys: Sequence[Key],
        module: str,
        function: str,
        args: builtins.list[Any],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_apply: BatchApplyPolicy | Options | None = None,
    ) -> BatchRecords: ...
    def get_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[Record[Meta | None, Bins | None]]: ...
    def exists_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[tuple[RecordKey, Meta | None]]: ...
    def select_many(
        self,
        keys: Sequence[Key],
        bins: Sequence[str],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]: ...
    def batch_get_ops(
        self,
        keys: Sequence[Key],
        list: builtins.list[Operation],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]: ...
    def _stream(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        tracker: Tracker,
        with_partition: bool,
        lends: bool,
    ) -> Stream: ...
    def _background(
        self, is_scan: bool, spec: dict[str, Any], policy: Options | None
    ) -> int: ...
    def _operate_one(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Any: ...
    def get_key_partition_id(self, ns: str, set: str | None, key: UserKey) -> int: ...
    def get_key_digest(self, ns: str, set: str | None, key: UserKey) -> bytearray: ...
    def llist(self, key: Key, bin: str, module: str | None = None) -> NoReturn: ...
    def get_policies(self) -> dict[str, dict[str, Any]]: ...
    def shm_key(self) -> int | None: ...
    def has_geo(self) -> bool: ...
    def info(
        self,
        command: str,
        hosts: Sequence[Host] | None = None,
        policy: InfoPolicy | Options | None = None,
    ) -> dict[str, tuple[None, str]]: ...
    def info_node(
        self,
        command: str,
        host: tuple[str, int] | str,
        policy: InfoPolicy | Options | None = None,
    ) -> str: ...
    def info_all(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> dict[str, tuple[None, str]]: ...
    def info_single_node(
        self,
        command: str,
        host: str | tuple[str, int],
        policy: InfoPolicy | Options | None = None,
    ) -> str: ...
    def info_random_node(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> str: ...
    def get_nodes(self) -> list[tuple[str, int]]: ...
    def get_node_names(self) -> list[dict[str, Any]]: ...

def client(config: Config | Options) -> PublicClient: ...
def publish_client(cls: type[_T], /) -> type[_T]: ...
def expression_base64(expression: CompiledExpression, /) -> str: ...
def context_base64(ctx: list[Any], /) -> str: ...
def calc_digest(ns: str, set: str | None, key: UserKey) -> bytearray: ...
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
