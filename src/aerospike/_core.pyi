import builtins
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, NoReturn, final

from typing_extensions import Self, TypeVar, disjoint_base

from aerospike._types import CompiledExpression, Expression
from aerospike.typing import (
    AdminPolicy,
    ApplyPolicy,
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
from aerospike_helpers.metrics import MetricsPolicy

if TYPE_CHECKING:  # mypy reads what is imported so after this module
    from aerospike import Client as PublicClient

_T = TypeVar("_T")
_M = TypeVar("_M", default=Meta)
_B = TypeVar("_B", default=Bins)
_R = TypeVar("_R", bound=BatchRecord[Any])

@final
class Record(tuple[RecordKey, _M, _B], Generic[_M, _B]):
    """A record: the tuple (key, meta, bins)."""
    @property
    def key(self) -> RecordKey:
        """The key: (namespace, set, user key or None, digest)."""
    @property
    def meta(self) -> _M:
        """The metadata: {"gen": number, "ttl": seconds}, or None."""
    @property
    def bins(self) -> _B:
        """The bins: {name: value}, or None."""

@disjoint_base
class BatchRecord(Generic[_B]):
    """One record of a batch.

    :ivar key: (namespace, set, user key, digest); the rows of batch_write() keep
        the caller's tuple.
    :ivar record: (key, meta, bins), or None when there is none.
    :ivar result: result code; 0 = done, 2 = not found.
    :ivar message: text of the error, or None. ``subcode``: the server's sub-code.
    :ivar in_doubt: True when a write may or may not have been applied.
    """

    key: tuple[Any, ...]
    record: Record[Meta, _B] | None
    result: int
    message: str | None
    subcode: int
    in_doubt: bool
    def __init__(self, key: Key) -> None: ...
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...

@final
class Tracker:
    """Where a query stands in each of count partitions from begin on."""
    def __new__(cls, begin: int, count: int, /) -> Tracker: ...
    def is_done(self) -> bool: ...
    def status(self) -> dict[Any, Any]: ...
    def copy(self) -> Tracker: ...
    def set(self, partition: int, digest: bytes | None, bval: int, /) -> None: ...

@final
class Transaction:
    """Several commands that take effect together, or not at all.

    :param reads_capacity: int, 0 to 2**32 - 1: about how many records it will read.
        This is a hint for the memory, not a limit.
    :param writes_capacity: int, the same for the records that it will write. The
        servers allow 4096.
    :raises TypeError: an argument is not an int.
    :raises ValueError, OverflowError: an argument is beyond these limits.

    Pass the transaction as "txn" in the policy of each command that belongs to
    it, and end it with commit() or abort() of the client. Threads and tasks may
    share a transaction. It needs a namespace with strong consistency, on servers
    of the Enterprise Edition from 8.0 on. After a conflict, begin again with a new
    one.
    """
    def __new__(
        cls, reads_capacity: int = 128, writes_capacity: int = 128
    ) -> Transaction: ...
    @property
    def id(self) -> int:
        """Return the random number of the transaction, 64 bits."""
    @property
    def in_doubt(self) -> bool:
        """Return whether it is unknown if the transaction is committed.

        This is so after a commit() that got no answer. Another commit() finds out.
        """
    @property
    def state(self) -> int:
        """Return a constant: TXN_STATE_OPEN, _VERIFIED, _COMMITTED, _ABORTED or
        _COMMIT_FAILED.
        """
    @property
    def timeout(self) -> int:
        """Return the seconds after which the servers abort the transaction.

        The time begins with its first write. Set it before that; later it has no effect.
        With more than 120, the servers refuse the first write. 0: the configuration of
        the servers decides, usually 10.
        """
    @timeout.setter
    def timeout(self, value: int, /) -> None:
        """Return the seconds after which the servers abort the transaction.

        The time begins with its first write. Set it before that; later it has no effect.
        With more than 120, the servers refuse the first write. 0: the configuration of
        the servers decides, usually 10.
        """
    def _begin_end(self, who: object, /) -> None:
        """x"""
    def _end_end(self, who: object, /) -> None:
        """x"""
    def _forget(self) -> None:
        """x"""
    def _n_under_way(self) -> int:
        """x"""
    def _set_state(self, state: int, in_doubt: bool = False, /) -> None:
        """x"""

@final
class Stream:
    """Items of a query or scan, read while they come."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Record: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def collect(self) -> list[Record]:
        """Return a list of all items that are left."""
    def slice(self, n: int, /) -> list[Record]:
        """Return a list of the next items, n at most; an empty one at the end.

        It waits for one item, and returns the items that have come with it.
        """
    def stop(self) -> None:
        """Make the current wait fail, or the next one; for another thread than
        the one that reads.
        """
    def close(self) -> None:
        """End the query and free its connections. May be called twice."""

@final
class AsyncStream:
    """Items of a query or scan, awaited while they come."""
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> Record: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *args: object) -> None: ...
    async def collect(self) -> list[Record]:
        """Return a list of all items that are left; awaited."""
    async def aclose(self) -> None:
        """End the query and free its connections; awaited. May be called twice."""

@disjoint_base
class Client:
    """The base of aerospike.Client."""
    def __init__(self, config: Config | Options) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def connect(self, username: str | None = None, password: str | None = None) -> Self:
        """Connect, unless the client is connected already; returns the client.

        After close(), this opens the client again. With a user and a password, the
        client logs in as that user. If it is connected as another user, it connects
        again. If that fails, it keeps its user and its connections.

        :param username: str, in place of `user` of the configuration.
        :param password: str, the password of that user.
        :raises AdminError: the cluster refuses the login: InvalidUser, InvalidPassword,
            ExpiredPassword, SecurityNotSupported, ...
        :raises ParamError: one of the two is missing, or malformed; nothing was sent.
        :raises ConnectionError: no node answers.
        :raises ClientError: a host name has no address, a node belongs to another
            cluster, or none of the nodes that the only host names can be reached.
        """
    def close(self) -> None:
        """Close all connections.

        Calls that other threads have begun end normally. Later calls raise
        ClusterError until connect() is called. close() may be called twice.
        """
    def is_connected(self) -> bool:
        """True when at least one node of the cluster answers.

        The client asks the nodes once per `tend_interval`. The result is False when none
        has answered twice in a row.
        """
    def _check_valid(self) -> None: ...
    def _check_open(self) -> None: ...
    _extras: dict[str, Any]
    _metrics_policy: MetricsPolicy | None
    def _stats(self) -> tuple[Any, ...]: ...
    def _measure(
        self, columns: int | None = None, shift: int | None = None
    ) -> None: ...
    def _who(self) -> tuple[str | None, str]: ...
    def _watch(self, function: Callable[[tuple[Any, ...]], None]) -> None: ...
    def _end_watch(self, function: Callable[[tuple[Any, ...]], None]) -> bool: ...
    def _observe(
        self,
        outcome: object,
        function: Callable[..., _T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        /,
    ) -> _T: ...
    def _lua(self) -> tuple[str, str, int]: ...
    def get(self, key: Key, policy: ReadPolicy | Options | None = None) -> Record:
        """Read a record with all its bins.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins): key is (namespace, set, user_key, digest), where
            user_key is None unless the policy has key=POLICY_KEY_SEND, and digest a
            bytearray of 20; meta is {"ttl": seconds to live, 4294967295 for a record that never expires,
            "gen": generation}. bins: dict of
            bin name to value.
        :raises RecordNotFound: there is no such record.
        :raises FilteredOut: the policy's expressions reject the record.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def select(
        self,
        key: Key,
        bins: list[str] | tuple[str, ...],
        policy: ReadPolicy | Options | None = None,
    ) -> Record:
        """Read some bins of a record. Bins that the record lacks are left out.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bins: list or tuple of bin names, str of up to 15 bytes each.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins) as get() does, with the user key that was passed.
        :raises RecordNotFound: there is no such record.
        :raises InvalidRequest: bins is empty, or begins with an empty name.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def exists(
        self, key: Key, policy: ReadPolicy | Options | None = None
    ) -> tuple[RecordKey, Meta | None]:
        """Read a record's metadata.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta); meta is None when there is no such record, else
            meta is {"ttl": seconds to live, 4294967295 for a record that never expires,
            "gen": generation}.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def put(
        self,
        key: Key,
        bins: Bins,
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
        serializer: int | None = None,
    ) -> int:
        """Write bins. The other bins of the record stay, unless "exists" of the policy
        says that the call replaces the record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bins: dict of bin name (str, up to 15 bytes) to value: int of 64 bits,
            float, str, bytes, bytearray, bool, list, dict, GeoJSON; None removes the
            bin; `serializer` says what happens to values of other types.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of write policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :param serializer: SERIALIZER_* constant, for values of other types: by default
            the client's own serializer, else pickle; SERIALIZER_NONE refuses them.
        :return: int, 0.
        :raises RecordExistsError: POLICY_EXISTS_CREATE, and the record exists.
        :raises RecordNotFound: POLICY_EXISTS_UPDATE or POLICY_EXISTS_REPLACE, and
            there is no such record.
        :raises RecordGenerationError: the generation does not match.
        :raises RecordTooBig: the record would exceed the server's limit.
        :raises BinNameError: a bin name is longer than 15 bytes.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def remove(
        self,
        key: Key,
        meta: WriteMeta | Options | None = None,
        policy: RemovePolicy | Options | None = None,
    ) -> int:
        """Remove a record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of remove policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises RecordGenerationError: the generation does not match.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def remove_bin(
        self,
        key: Key,
        list: list[str],
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
    ) -> int:
        """Remove bins of a record. A record that loses its last bin is removed, too.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param list: list of bin names.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of write policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises InvalidRequest: the list is empty.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def touch(
        self,
        key: Key,
        val: int = ...,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Renew a record's time to live; its generation grows by one.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param val: seconds to live or a TTL_* constant; 0 is the namespace's default.
            Left out: meta's "ttl", then the policy's.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def append(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Append str to a string, or bytes to a blob; create a missing bin or record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param val: str, bytes or bytearray.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def prepend(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Prepend str to a string, or bytes to a blob; create a missing bin or record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param val: str, bytes or bytearray.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def increment(
        self,
        key: Key,
        bin: str | bytearray,
        offset: float,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Add to a number of the same type; a missing bin or record is created. Integers
        wrap around at 64 bits.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param offset: int or float.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def apply(
        self,
        key: Key,
        module: str,
        function: str,
        args: builtins.list[Any] | tuple[Any, ...],
        policy: ApplyPolicy | Options | None = None,
    ) -> Any:
        """Call a function in Lua on a record, which need not exist.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param module: str, the name of its file without ".lua"; see udf_put().
        :param function: str, the name of the function.
        :param args: list of the arguments that the function gets after the record.
        :param policy: dict of apply policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: what the function returns; None for nil.
        :raises UDFError: there is no such module or function, or the function failed.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """

    def operate(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record:
        """Carry out operations on one record, in their order. If one fails, none of them
        takes effect.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param list: operations as aerospike_helpers.operations makes them, or
            dicts {"op": aerospike.OPERATOR_WRITE, "bin": "age", "val": 33}.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins): bins has the last result of each bin that has one.
        :raises RecordNotFound: there is no such record, and no operation creates it.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def operate_ordered(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record[Meta, builtins.list[tuple[str, Any]]]:
        """Like operate(), but return the result of every operation, in their order.

        :return: (key, meta, [(bin, result), ...]).
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def batch_read(
        self,
        keys: Sequence[Key],
        bins: list[str] | tuple[str, ...] | None = None,
        policy: BatchPolicy | Options | None = None,
    ) -> BatchRecords:
        """Read many records, with one request to each node at the same time.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param bins: list of bin names; None: all bins, []: only the metadata, records
            are then (key, meta).
        :param policy: dict of batch policy keys over the client's defaults.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    def batch_write(
        self,
        batch_records: BatchRecords[_R],
        policy_batch: BatchPolicy | Options | None = None,
    ) -> BatchRecords[_R]:
        """Carry out a different request for each record.

        :param batch_records: BatchRecords, a list of Read, Write, Apply and Remove of
            aerospike_helpers.batch.records, each with its own policy. The call writes
            the results into these objects and returns the BatchRecords.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    def batch_operate(
        self,
        keys: Sequence[Key],
        ops: builtins.list[Operation],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_write: BatchWritePolicy | Options | None = None,
        ttl: int | None = None,
    ) -> BatchRecords:
        """Carry out the same operations on many records. Written bins appear as None.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param ops: list of operations, as operate() takes it.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_write: dict of batch_write policy keys, for each record.
        :param ttl: seconds to live, or a TTL_* constant.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    def batch_remove(
        self,
        keys: Sequence[Key],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_remove: BatchRemovePolicy | Options | None = None,
    ) -> BatchRecords:
        """Remove many records.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_remove: dict of batch_remove policy keys, for each record.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    def batch_apply(
        self,
        keys: Sequence[Key],
        module: str,
        function: str,
        args: builtins.list[Any] | tuple[Any, ...],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_apply: BatchApplyPolicy | Options | None = None,
    ) -> BatchRecords:
        """Call a function of a registered module on many records; what it returns is in
        the bin SUCCESS.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param module: str, name of the module.
        :param function: str, name of the function.
        :param args: list of arguments.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_apply: dict of batch_apply policy keys, for each record.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    def get_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Read many records: a list of (key, meta, bins) in the order of the keys, meta
        and bins None for those not found.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    def exists_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[tuple[RecordKey, Meta | None]]:
        """Read the metadata of many records: a list of (key, meta) in the order of the
        keys, meta None for those not found.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    def select_many(
        self,
        keys: Sequence[Key],
        bins: list[str] | tuple[str, ...],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Read some bins of many records, as get_many() does.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param bins: list or tuple of bin names.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    def batch_get_ops(
        self,
        keys: Sequence[Key],
        list: builtins.list[Operation],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Carry out read operations on many records: a list as of get_many().

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param list: list of operations that only read.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    def _stream(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        tracker: Tracker,
        with_partition: bool,
        lends: bool,
    ) -> Stream: ...
    def _aggregate(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        begin: Callable[[int], int],
    ) -> tuple[Stream, builtins.list[Any], int, type[bytes | bytearray]]: ...
    def _background(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        begin: Callable[[int], int] | None,
    ) -> int: ...
    def _operate_one(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Any: ...
    def _operate_count(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def _operate_zero(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    def _operate_pairs(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Any: ...
    def get_key_partition_id(self, ns: str, set: str | None, key: UserKey) -> int:
        """The partition, 0 to 4095, that the record of a user key belongs to.

        :raises ParamError: the key is malformed.
        """
    def get_key_digest(self, ns: str, set: str | None, key: UserKey) -> bytearray:
        """The digest of a user key; the same as aerospike.calc_digest()."""
    def llist(self, key: Key, bin: str, module: str | None = None) -> NoReturn:
        """Large ordered lists. Servers since 3.16 do not have them.

        :raises UnsupportedFeature: always.
        """
    def get_policies(self) -> dict[str, dict[str, Any]]:
        """The defaults of this client: dict of policy name to dict of key to value."""
    def shm_key(self) -> int | None:
        """The key of the memory that this client shares with those of other processes
        (``shm`` of the configuration), or None if it shares none.
        """
    def has_geo(self) -> bool:
        """True when the cluster supports GeoJSON. All of today's servers do.

        :raises ClusterError: the client is closed.
        """
    def info(
        self,
        command: str,
        hosts: Sequence[Host] | None = None,
        policy: InfoPolicy | Options | None = None,
    ) -> dict[str, tuple[None, str]]:
        """Send an info command to nodes. This is the older form of info_all(): if a node
        refuses the command, its error text is the reply.

        :param command: str.
        :param hosts: list of (address, port); None asks every node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: dict of node name to (None, reply without the command's name).
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def info_node(
        self,
        command: str,
        host: tuple[str, int] | str,
        policy: InfoPolicy | Options | None = None,
    ) -> str:
        """Send an info command to one node. This is the older form of info_single_node():
        if the node refuses the command, its error text is the reply.

        :param command: str.
        :param host: (address, port), or the name of the node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def info_all(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> dict[str, tuple[None, str]]:
        """Send an info command to every node.

        :param command: str; several commands are separated by line feeds.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: dict of node name to (None, reply), without the first command's name.
        :raises InvalidRequest: a node does not know the (first) command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def info_single_node(
        self,
        command: str,
        host: str | tuple[str, int],
        policy: InfoPolicy | Options | None = None,
    ) -> str:
        """Send an info command to one node.

        :param command: str.
        :param host: str, the name of the node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises InvalidRequest: the node does not know the command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def info_random_node(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> str:
        """Send an info command to any one of the nodes.

        :param command: str.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises InvalidRequest: the node does not know the command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    def _admin(
        self,
        command: int,
        fields: tuple[tuple[int, object], ...],
        policy: AdminPolicy | Options | None = None,
    ) -> list[list[tuple[int, bytes]]]:
        """x"""
    def _end_step(self, transaction: Transaction, step: int) -> None:
        """x"""
    def get_nodes(self) -> list[tuple[str, int]]:
        """The nodes known at this moment: a list of (address, port)."""
    def get_node_names(self) -> list[dict[str, Any]]:
        """The nodes known at this moment: a list of dicts {"address", "port",
        "node_name"}.
        """

@final
class Pending(Coroutine[Any, Any, _T]):
    """A call of an AsyncClient: an awaitable, a future and a coroutine in one."""
    def send(self, value: Any, /) -> Any:
        """As coroutines have it."""
    def throw(
        self, exception: Any, value: object = None, traceback: Any = None, /
    ) -> Any:
        """As coroutines have it: the call is given up."""
    def close(self) -> None:
        """As coroutines have it: the call is given up."""
    def __await__(self) -> Generator[Any, Any, _T]: ...
    def __iter__(self) -> Generator[Any, Any, _T]: ...
    def __next__(self) -> Any: ...
    def __del__(self) -> None: ...
    def result(self) -> _T:
        """The result of the call, or raise its error."""
    def exception(self) -> BaseException | None:
        """The error of the call, or None."""
    def done(self) -> bool:
        """Has the call ended?"""
    def cancelled(self) -> bool:
        """Was the call cancelled?"""
    def cancel(self, msg: object = None) -> bool:
        """Give the call up. False when it has ended already."""
    def add_done_callback(
        self, fn: Callable[[Self], object], /, *, context: Context | None = None
    ) -> None:
        """Have the event loop call a function with this object when the call has ended."""
    def remove_done_callback(self, fn: Callable[[Self], object], /) -> int:
        """Undo add_done_callback(). The number of callbacks that this has removed."""
    def get_loop(self) -> Any:
        """The event loop of the call."""
    @property
    def in_doubt(self) -> bool:
        """Whether a write may be, or is, applied of which the caller does not learn when he is cancelled now."""
    _asyncio_future_blocking: bool
    @property
    def __name__(self) -> str: ...
    @property
    def __qualname__(self) -> str: ...
    @property
    def _loop(self) -> Any: ...
    @property
    def _cancel_message(self) -> Any: ...
    def _make_cancelled_error(self) -> BaseException: ...
    def _set(self, *ignored: object) -> None:
        """End a signal, which waits only for this."""
    def _fail(self, error: BaseException, /) -> None:
        """End a signal with an error."""
    def _follow(self, call: Any, /) -> Any:
        """Let a signal end as a call does."""

@final
class Loop:
    """A client in one event loop."""
    def ready(self) -> None:
        """The descriptor is readable."""
    def turn(self) -> None:
        """Requests are to leave."""
    def wake(self) -> None:
        """Wake who waits for a call."""
    def is_here(self, key: object, /) -> bool:
        """Whether its event loop has this key."""
    def idle(self) -> Pending[None] | None:
        """A signal for the end of what is under way; None: nothing is."""
    def cut(self) -> None:
        """Give up what is under way, and end."""
    def retire(self) -> None:
        """End when nothing is under way any more."""

@disjoint_base
class AsyncClient:
    """The base of aerospike.AsyncClient."""
    def __init__(self, config: Config | Options) -> None: ...
    def fileno(self) -> int:
        """The descriptor of the client in this event loop or thread: when it is readable,
        turn() has something to do. Event loops of asyncio and trio watch it themselves. In a thread without an event loop this connects, as connect() does.

        :raises ClusterError: the client has not connected, and an event loop runs.
        """
    def turn(self) -> None:
        """Do what can be done without waiting: send, receive, wake who awaits a call."""
    def _connect(
        self, username: str | None = None, password: str | None = None
    ) -> Self: ...
    def _is_open(self) -> bool: ...
    def _signal(self) -> Pending[None]: ...
    def _call_late(
        self,
        took_ms: int,
        function: Callable[..., _T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        /,
    ) -> _T: ...
    def _let_go(self) -> tuple[builtins.list[Loop], object]: ...
    def _blocking(self) -> Client: ...
    def _stream(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        tracker: Tracker,
        with_partition: bool,
        lends: bool,
    ) -> AsyncStream: ...
    def _timing(
        self, is_scan: bool, spec: dict[str, Any], policy: Options | None
    ) -> tuple[int, bool]: ...
    async def _start_background(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        left_ms: int | None,
    ) -> int: ...
    # what follows is as in Client: tools/stub_docs.py writes it
    def is_connected(self) -> bool:
        """True when at least one node of the cluster answers.

        The client asks the nodes once per `tend_interval`. The result is False when none
        has answered twice in a row.
        """
    def _check_valid(self) -> None: ...
    def _check_open(self) -> None: ...
    def _stats(self) -> tuple[Any, ...]: ...
    def _measure(
        self, columns: int | None = None, shift: int | None = None
    ) -> None: ...
    def _who(self) -> tuple[str | None, str]: ...
    def _watch(self, function: Callable[[tuple[Any, ...]], None]) -> None: ...
    def _end_watch(self, function: Callable[[tuple[Any, ...]], None]) -> bool: ...
    def _observe(
        self,
        outcome: object,
        function: Callable[..., _T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        /,
    ) -> _T: ...
    def _lua(self) -> tuple[str, str, int]: ...
    async def get(self, key: Key, policy: ReadPolicy | Options | None = None) -> Record:
        """Read a record with all its bins.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins): key is (namespace, set, user_key, digest), where
            user_key is None unless the policy has key=POLICY_KEY_SEND, and digest a
            bytearray of 20; meta is {"ttl": seconds to live, 4294967295 for a record that never expires,
            "gen": generation}. bins: dict of
            bin name to value.
        :raises RecordNotFound: there is no such record.
        :raises FilteredOut: the policy's expressions reject the record.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def select(
        self,
        key: Key,
        bins: list[str] | tuple[str, ...],
        policy: ReadPolicy | Options | None = None,
    ) -> Record:
        """Read some bins of a record. Bins that the record lacks are left out.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bins: list or tuple of bin names, str of up to 15 bytes each.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins) as get() does, with the user key that was passed.
        :raises RecordNotFound: there is no such record.
        :raises InvalidRequest: bins is empty, or begins with an empty name.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def exists(
        self, key: Key, policy: ReadPolicy | Options | None = None
    ) -> tuple[RecordKey, Meta | None]:
        """Read a record's metadata.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param policy: dict of read policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta); meta is None when there is no such record, else
            meta is {"ttl": seconds to live, 4294967295 for a record that never expires,
            "gen": generation}.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def put(
        self,
        key: Key,
        bins: Bins,
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
        serializer: int | None = None,
    ) -> int:
        """Write bins. The other bins of the record stay, unless "exists" of the policy
        says that the call replaces the record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bins: dict of bin name (str, up to 15 bytes) to value: int of 64 bits,
            float, str, bytes, bytearray, bool, list, dict, GeoJSON; None removes the
            bin; `serializer` says what happens to values of other types.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of write policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :param serializer: SERIALIZER_* constant, for values of other types: by default
            the client's own serializer, else pickle; SERIALIZER_NONE refuses them.
        :return: int, 0.
        :raises RecordExistsError: POLICY_EXISTS_CREATE, and the record exists.
        :raises RecordNotFound: POLICY_EXISTS_UPDATE or POLICY_EXISTS_REPLACE, and
            there is no such record.
        :raises RecordGenerationError: the generation does not match.
        :raises RecordTooBig: the record would exceed the server's limit.
        :raises BinNameError: a bin name is longer than 15 bytes.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def remove(
        self,
        key: Key,
        meta: WriteMeta | Options | None = None,
        policy: RemovePolicy | Options | None = None,
    ) -> int:
        """Remove a record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of remove policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises RecordGenerationError: the generation does not match.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def remove_bin(
        self,
        key: Key,
        list: list[str],
        meta: WriteMeta | Options | None = None,
        policy: WritePolicy | Options | None = None,
    ) -> int:
        """Remove bins of a record. A record that loses its last bin is removed, too.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param list: list of bin names.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of write policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises InvalidRequest: the list is empty.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def touch(
        self,
        key: Key,
        val: int = ...,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Renew a record's time to live; its generation grows by one.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param val: seconds to live or a TTL_* constant; 0 is the namespace's default.
            Left out: meta's "ttl", then the policy's.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises RecordNotFound: there is no such record.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def append(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Append str to a string, or bytes to a blob; create a missing bin or record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param val: str, bytes or bytearray.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def prepend(
        self,
        key: Key,
        bin: str | bytearray,
        val: str | bytes | bytearray,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Prepend str to a string, or bytes to a blob; create a missing bin or record.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param val: str, bytes or bytearray.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def increment(
        self,
        key: Key,
        bin: str | bytearray,
        offset: float,
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int:
        """Add to a number of the same type; a missing bin or record is created. Integers
        wrap around at 64 bits.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param bin: bin name.
        :param offset: int or float.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: int, 0.
        :raises BinIncompatibleType: the bin holds another type.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def apply(
        self,
        key: Key,
        module: str,
        function: str,
        args: builtins.list[Any] | tuple[Any, ...],
        policy: ApplyPolicy | Options | None = None,
    ) -> Any:
        """Call a function in Lua on a record, which need not exist.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param module: str, the name of its file without ".lua"; see udf_put().
        :param function: str, the name of the function.
        :param args: list of the arguments that the function gets after the record.
        :param policy: dict of apply policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: what the function returns; None for nil.
        :raises UDFError: there is no such module or function, or the function failed.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def operate(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record:
        """Carry out operations on one record, in their order. If one fails, none of them
        takes effect.

        :param key: tuple (namespace, set, user_key), or (namespace, set, None, digest).
            namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;
            user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);
            digest: 20 bytes.
        :param list: operations as aerospike_helpers.operations makes them, or
            dicts {"op": aerospike.OPERATOR_WRITE, "bin": "age", "val": 33}.
        :param meta: dict with "ttl" (seconds, or a TTL_* constant) and "gen" (the
            expected generation, compared as the policy's "gen" says), or None.
        :param policy: dict of operate policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: (key, meta, bins): bins has the last result of each bin that has one.
        :raises RecordNotFound: there is no such record, and no operation creates it.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def operate_ordered(
        self,
        key: Key,
        list: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Record[Meta, builtins.list[tuple[str, Any]]]:
        """Like operate(), but return the result of every operation, in their order.

        :return: (key, meta, [(bin, result), ...]).
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def batch_read(
        self,
        keys: Sequence[Key],
        bins: list[str] | tuple[str, ...] | None = None,
        policy: BatchPolicy | Options | None = None,
    ) -> BatchRecords:
        """Read many records, with one request to each node at the same time.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param bins: list of bin names; None: all bins, []: only the metadata, records
            are then (key, meta).
        :param policy: dict of batch policy keys over the client's defaults.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    async def batch_write(
        self,
        batch_records: BatchRecords[_R],
        policy_batch: BatchPolicy | Options | None = None,
    ) -> BatchRecords[_R]:
        """Carry out a different request for each record.

        :param batch_records: BatchRecords, a list of Read, Write, Apply and Remove of
            aerospike_helpers.batch.records, each with its own policy. The call writes
            the results into these objects and returns the BatchRecords.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    async def batch_operate(
        self,
        keys: Sequence[Key],
        ops: builtins.list[Operation],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_write: BatchWritePolicy | Options | None = None,
        ttl: int | None = None,
    ) -> BatchRecords:
        """Carry out the same operations on many records. Written bins appear as None.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param ops: list of operations, as operate() takes it.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_write: dict of batch_write policy keys, for each record.
        :param ttl: seconds to live, or a TTL_* constant.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    async def batch_remove(
        self,
        keys: Sequence[Key],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_remove: BatchRemovePolicy | Options | None = None,
    ) -> BatchRecords:
        """Remove many records.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_remove: dict of batch_remove policy keys, for each record.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    async def batch_apply(
        self,
        keys: Sequence[Key],
        module: str,
        function: str,
        args: builtins.list[Any] | tuple[Any, ...],
        policy_batch: BatchPolicy | Options | None = None,
        policy_batch_apply: BatchApplyPolicy | Options | None = None,
    ) -> BatchRecords:
        """Call a function of a registered module on many records; what it returns is in
        the bin SUCCESS.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param module: str, name of the module.
        :param function: str, name of the function.
        :param args: list of arguments.
        :param policy_batch: dict of batch policy keys over the client's defaults;
            total_timeout, in milliseconds, limits the whole call, with all retries.
        :param policy_batch_apply: dict of batch_apply policy keys, for each record.
        :return: BatchRecords. Its batch_records are in the order of the keys, each
            with result (0: done, 2: not found, 27: filtered out), record, in_doubt,
            message. Its own result is 0, or -16 if a record has another code.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: no node answered in time. If some nodes answered, the call
            does not raise, and the records of the other nodes have the errors.
        """
    async def get_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Read many records: a list of (key, meta, bins) in the order of the keys, meta
        and bins None for those not found.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    async def exists_many(
        self, keys: Sequence[Key], policy: BatchPolicy | Options | None = None
    ) -> builtins.list[tuple[RecordKey, Meta | None]]:
        """Read the metadata of many records: a list of (key, meta) in the order of the
        keys, meta None for those not found.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    async def select_many(
        self,
        keys: Sequence[Key],
        bins: list[str] | tuple[str, ...],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Read some bins of many records, as get_many() does.

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param bins: list or tuple of bin names.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    async def batch_get_ops(
        self,
        keys: Sequence[Key],
        list: builtins.list[Operation],
        policy: BatchPolicy | Options | None = None,
    ) -> builtins.list[Record[Meta | None, Bins | None]]:
        """Carry out read operations on many records: a list as of get_many().

        :param keys: list or tuple of key tuples; a key may occur twice.
        :param list: list of operations that only read.
        :param policy: dict of batch policy keys over the client's defaults.
        :raises RecordError and others: the first error of a record. A record that is
            missing, or that a filter excludes, has none.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises TimeoutError: a node with some of the records did not answer in time.
            What the other nodes have answered is lost; batch_read() keeps it.
        """
    async def _operate_one(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Any: ...
    async def _operate_count(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    async def _operate_zero(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> int: ...
    async def _operate_pairs(
        self,
        key: Key,
        ops: builtins.list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: OperatePolicy | Options | None = None,
    ) -> Any: ...
    def get_key_partition_id(self, ns: str, set: str | None, key: UserKey) -> int:
        """The partition, 0 to 4095, that the record of a user key belongs to.

        :raises ParamError: the key is malformed.
        """
    def get_key_digest(self, ns: str, set: str | None, key: UserKey) -> bytearray:
        """The digest of a user key; the same as aerospike.calc_digest()."""
    def llist(self, key: Key, bin: str, module: str | None = None) -> NoReturn:
        """Large ordered lists. Servers since 3.16 do not have them.

        :raises UnsupportedFeature: always.
        """
    def get_policies(self) -> dict[str, dict[str, Any]]:
        """The defaults of this client: dict of policy name to dict of key to value."""
    def shm_key(self) -> int | None:
        """The key of the memory that this client shares with those of other processes
        (``shm`` of the configuration), or None if it shares none.
        """
    def has_geo(self) -> bool:
        """True when the cluster supports GeoJSON. All of today's servers do.

        :raises ClusterError: the client is closed.
        """
    async def info(
        self,
        command: str,
        hosts: Sequence[Host] | None = None,
        policy: InfoPolicy | Options | None = None,
    ) -> dict[str, tuple[None, str]]:
        """Send an info command to nodes. This is the older form of info_all(): if a node
        refuses the command, its error text is the reply.

        :param command: str.
        :param hosts: list of (address, port); None asks every node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: dict of node name to (None, reply without the command's name).
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def info_node(
        self,
        command: str,
        host: tuple[str, int] | str,
        policy: InfoPolicy | Options | None = None,
    ) -> str:
        """Send an info command to one node. This is the older form of info_single_node():
        if the node refuses the command, its error text is the reply.

        :param command: str.
        :param host: (address, port), or the name of the node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def info_all(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> dict[str, tuple[None, str]]:
        """Send an info command to every node.

        :param command: str; several commands are separated by line feeds.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: dict of node name to (None, reply), without the first command's name.
        :raises InvalidRequest: a node does not know the (first) command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def info_single_node(
        self,
        command: str,
        host: str | tuple[str, int],
        policy: InfoPolicy | Options | None = None,
    ) -> str:
        """Send an info command to one node.

        :param command: str.
        :param host: str, the name of the node.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises InvalidRequest: the node does not know the command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def info_random_node(
        self, command: str, policy: InfoPolicy | Options | None = None
    ) -> str:
        """Send an info command to any one of the nodes.

        :param command: str.
        :param policy: dict of info policy keys over the client's defaults, or None.
            Timeouts are in milliseconds; 0 means no limit.
        :return: str "command<TAB>reply<LF>".
        :raises InvalidRequest: the node does not know the command.
        :raises ParamError: an argument is malformed; nothing was sent.
        :raises ClusterError: the client is closed.
        :raises NamespaceNotFound: no node has the namespace.
        :raises TimeoutError: total_timeout has passed; see its in_doubt for writes.
        """
    async def _admin(
        self,
        command: int,
        fields: tuple[tuple[int, object], ...],
        policy: AdminPolicy | Options | None = None,
    ) -> list[list[tuple[int, bytes]]]:
        """x"""
    async def _end_step(self, transaction: Transaction, step: int) -> None:
        """x"""
    def get_nodes(self) -> list[tuple[str, int]]:
        """The nodes known at this moment: a list of (address, port)."""
    def get_node_names(self) -> list[dict[str, Any]]:
        """The nodes known at this moment: a list of dicts {"address", "port",
        "node_name"}.
        """
    # what follows is as in Client: tools/stub_docs.py writes it

def client(config: Config | Options) -> PublicClient:
    """A Client of the configuration; see Client."""

def publish_client(cls: type[_T], /) -> type[_T]:
    """The decorator of a subclass of Client: client() makes objects of it, and
    nobody can change it any more.
    """

def expression_base64(expression: CompiledExpression, /) -> str:
    """What get_expression_base64() gives."""

def info_changes(command: str, /) -> bool:
    """Whether an info command changes data or settings."""

def hash_password(password: object, /) -> object:
    """The hash of a password as nodes keep it, in a capsule, which shows nothing. This
    takes some 50 ms.

    :raises ParamError: it is no str, or has a NUL.
    """

def context_base64(ctx: list[Any], /) -> str:
    """What get_cdtctx_base64() gives."""

def calc_digest(ns: str, set: str | None, key: UserKey) -> bytearray:
    """The digest that identifies a record, a bytearray of 20.

    :param ns: namespace, str; takes no part in the digest.
    :param set: str or None.
    :param key: user key: str, int, bytes or bytearray.
    :raises TypeError: an argument of another type.
    :raises ParamError: an int beyond 64 bits, a name too long.
    """

def get_partition_id(digest: bytes | bytearray, /) -> int:
    """The partition, 0 to 4095, of a digest (bytes or bytearray of 20).

    :raises ParamError: anything else.
    """

def set_serializer(
    function: Callable[[Any], str | bytes | bytearray] = ...,
    callback: Callable[[Any], str | bytes | bytearray] = ...,
) -> int:
    """Set the serializer of all clients.

    put() with serializer=SERIALIZER_USER calls it with each value for which the
    server has no type.

    :param function: it takes the value and returns str, bytes or bytearray.
    :param callback: another name for function; give only one of them.
    :return: int, 0.
    :raises ParamError: it is not callable.
    """

def set_deserializer(
    function: Callable[[Any], Any] = ..., callback: Callable[[Any], Any] = ...
) -> int:
    """Set the deserializer of all clients.

    Each call that reads a plain blob calls it, and returns its result in place of
    the blob. If the deserializer raises an error, the call returns the blob.

    :param function: it takes str if the blob is UTF-8, and otherwise bytes.
    :param callback: another name for function; give only one of them.
    :return: int, 0.
    :raises ParamError: it is not callable.
    """

def unset_serializers() -> int:
    """Remove the serializer and the deserializer of all clients. Returns 0."""

def set_log_handler(
    log_handler: Callable[[int, str, str, int, str], object] | None = ...,
    callback: Callable[[int, str, str, int, str], object] | None = ...,
) -> int:
    """Set where log lines go. By default they go to the logger "aerospike" of
    Python's logging.

    :param log_handler: function of (level, func, path, line, msg): int, str,
        str, int, str. Any thread may call it. None drops the lines. Without an
        argument, they are printed to the standard error stream.
    :param callback: another name for log_handler; give only one of them.
    :return: int, 0.
    :raises ParamError: it is not callable, or this is a sub-interpreter.
    """

def set_log_level(loglevel: int = ..., log_level: int = ...) -> int:
    """Set the threshold of log lines: LOG_LEVEL_OFF to LOG_LEVEL_TRACE. The default
    is LOG_LEVEL_ERROR.

    :param loglevel: the threshold, an int.
    :param log_level: another name for loglevel; give only one of them.
    :return: int, 0.
    :raises ParamError: the level is not an int of 64 bits.
    """

def keep_memory(size: int) -> bool:
    """Let the process keep freed memory for the next calls.

    By default the C library returns memory to the system when the values of a
    large batch are deleted, and the next batch has to get it again, which takes
    time. This call changes that for the whole process, and cannot be undone.

    :param size: bytes, 131072 (128 KB) to 2147483647. Each heap of the process
        keeps up to this many free bytes at its end. Blocks smaller than this and
        smaller than 32 MB come from the heap.
    :return: True; False if the C library has no such setting, such as musl and that
        of macOS.
    :raises ParamError: size is out of range.
    """

def is_main_interpreter() -> bool:
    """Whether the caller runs in the main interpreter; for
    aerospike._aggregate.
    """

def write_log(level: int, text: bytes, is_lua: bool = False) -> None:
    """Write a log line, unless its level is above the threshold: one of the client's
    own Python code, or of a function in Lua.
    """

def fail_allocations(nth: int, /) -> int:
    """Let the nth allocation of the C library and all later ones fail, in every
    thread; 0: none. Returns the number of its blocks that are in use. For tests.
    """

def pending() -> list[str]:
    """The paths of the calls that exist and are not supported yet: none. For tools."""

def option_tables() -> dict[str, list[dict[str, Any]]]:
    """The tables of option keys: {"policy": rows, "meta": rows, "config":
    rows, ...}, where "policies" are the keys of the client that stand beside the
    sections of policies. A row is a dict of name, type, kinds (names of
    policies), min, max, new_name, and of policies: shown (kinds that
    get_policies() shows it for), shared (it may stand beside the sections) and
    inherited (by the records of a batch). For documentation and tests.
    """

def operation_table() -> list[dict[str, Any]]:
    """The operations that operate() knows: a list of dicts of number ("op" of the
    API), name, carrier (the operation of the protocol) and code (what its packed
    value begins with, -1 when it has none). Expressions take their codes from it.
    """

def pickle_is_plain(data: bytes, /) -> bool: ...
def pack_expression(tree: Expression | CompiledExpression, /) -> bytes:
    """The wire bytes of an expression, or of a compiled one.

    :raises InvalidRequest: a node is wrong; the text says where.
    :raises ParamError: a constant needs a serializer.
    """
