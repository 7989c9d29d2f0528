"""Classes that say what a batch asks of each record, and what came of it."""

from __future__ import annotations

from aerospike._hints import (
    Any,
    BatchApplyPolicy,
    BatchReadPolicy,
    BatchRemovePolicy,
    BatchWritePolicy,
    Key,
    Operation,
    Options,
    Record,
    WriteMeta,
)


class BatchRecord:
    """One record of a batch.

    :ivar key: the key tuple as the caller wrote it.
    :ivar record: (key, meta, bins), or None when there is none.
    :ivar result: result code; 0 = done, 2 = not found.
    :ivar message: text of the error, or None. ``subcode``: the server's finer code.
    :ivar in_doubt: True when a write may or may not have been applied.
    """

    # filled in by the extension, which knows where each slot lies
    __slots__ = (
        "__dict__",  # applications may add attributes of their own
        "in_doubt",
        "key",
        "message",
        "record",
        "result",
        "subcode",
    )

    def __init__(self, key: Key) -> None:
        self.key: tuple[Any, ...] = key
        self.record: Record | None = None
        self.result = 0
        self.message: str | None = None
        self.subcode = 0
        self.in_doubt = False

    def __repr__(self) -> str:
        shown = f"{type(self).__name__}({self.key!r}, result={self.result}"
        if self.message:
            shown += f", message={self.message!r}"
        if self.in_doubt:
            shown += ", in_doubt=True"
        return f"{shown}, record={self.record!r})"


class Read(BatchRecord):
    """Read operations on one record, or with read_all_bins all its bins."""

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
    """Operations on one record, one of them at least a write."""

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
    """A request to run a user-defined function on one record."""

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
    """A request to remove one record."""

    __slots__ = ("policy",)

    def __init__(
        self, key: Key, policy: BatchRemovePolicy | Options | None = None
    ) -> None:
        super().__init__(key)
        self.policy = policy


class BatchRecords:
    """A batch of any kinds of records.

    :ivar batch_records: the records, in their order.
    :ivar result: 0 when each record was done, not found or filtered out; -16 when
        another code occurred.
    """

    # not list[BatchRecord], which no list[Write] would be
    def __init__(self, batch_records: list[Any] | None = None) -> None:
        self.batch_records: list[BatchRecord] = (
            [] if batch_records is None else batch_records
        )
        self.result = 0

    def __repr__(self) -> str:
        return f"BatchRecords({self.batch_records!r}, result={self.result})"
