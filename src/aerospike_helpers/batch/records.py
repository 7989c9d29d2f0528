"""Classes for the requests of a batch and for their results."""

from __future__ import annotations

from types import GenericAlias

from aerospike._core import BatchRecord as BatchRecord
from aerospike._hints import (
    TYPE_CHECKING,
    Any,
    BatchApplyPolicy,
    BatchReadPolicy,
    BatchRemovePolicy,
    BatchWritePolicy,
    Key,
    Operation,
    Options,
    WriteMeta,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Generic

    from typing_extensions import TypeVar

    _R = TypeVar("_R", bound=BatchRecord[Any], default=BatchRecord, covariant=True)
else:
    _R = None

    class Generic:
        """What lets BatchRecords[Write] be written, without importing typing."""

        __class_getitem__ = classmethod(GenericAlias)


class Read(BatchRecord):
    """Run operations that read one record, or read all its bins with read_all_bins."""

    __slots__ = ("meta", "ops", "policy", "read_all_bins")

    def __init__(
        self,
        key: Key,
        ops: list[Operation] | None,
        read_all_bins: bool = False,
        meta: WriteMeta | Options | None = None,
        policy: BatchReadPolicy | Options | None = None,
    ) -> None:
        super().__init__(key)
        self.ops = ops
        self.read_all_bins = read_all_bins
        self.meta = meta
        self.policy = policy


class Write(BatchRecord):
    """Run operations on one record, at least one of which writes."""

    __slots__ = ("meta", "ops", "policy")

    def __init__(
        self,
        key: Key,
        ops: list[Operation],
        meta: WriteMeta | Options | None = None,
        policy: BatchWritePolicy | Options | None = None,
    ) -> None:
        super().__init__(key)
        self.ops = ops
        self.meta = meta
        self.policy = policy


class Apply(BatchRecord):
    """Call a function in Lua on one record."""

    __slots__ = ("args", "function", "module", "policy")

    def __init__(
        self,
        key: Key,
        module: str,
        function: str,
        args: list[Any] | tuple[Any, ...],
        policy: BatchApplyPolicy | Options | None = None,
    ) -> None:
        super().__init__(key)
        self.module = module
        self.function = function
        self.args = args
        self.policy = policy


class Remove(BatchRecord):
    """Remove one record."""

    __slots__ = ("policy",)

    def __init__(
        self, key: Key, policy: BatchRemovePolicy | Options | None = None
    ) -> None:
        super().__init__(key)
        self.policy = policy


_SHOWN = 10
"""repr() shows so many records of a batch. Python makes it where nobody reads it, too:
asyncio.run() has made that of what its coroutine returned."""


class BatchRecords(Generic[_R]):
    """A batch of requests of any kind. Iterating over it gives the requests.

    :ivar batch_records: the requests in their order, with their results after the call.
    :ivar result: 0 if each record was done, not found or filtered out; -16 if a record
        has another code.
    """

    # not list[_R]: a program makes a batch of some Writes, and then adds a Read to it
    def __init__(self, batch_records: list[Any] | None = None) -> None:
        self.batch_records: list[_R] = [] if batch_records is None else batch_records
        self.result = 0

    def __iter__(self) -> Iterator[_R]:
        return iter(self.batch_records)

    def __repr__(self) -> str:
        records: Any = self.batch_records  # of any type, once set by an application
        n_more = len(records) - _SHOWN if isinstance(records, list) else 0
        if n_more > 0:
            shown = f"{repr(records[:_SHOWN])[:-1]}, and {n_more} more]"
        else:
            shown = repr(records)
        return f"BatchRecords({shown}, result={self.result})"
