"""Commands on one record in a namespace with strong consistency.

The handlers of `record` do the work. What they find and where they leave it is up to a
view of the namespace: that of a transaction, or that of a write outside of all of them.
Approximated; source: the page on transactions.
"""

from __future__ import annotations

from collections.abc import Callable

from aerospike_devserver.codec.message import (
    Field,
    Info2,
    Info3,
    Info4,
    Message,
    encode_field,
    encode_reply,
    with_fields,
)
from aerospike_devserver.handlers.record import monitor
from aerospike_devserver.handlers.record.command import Command
from aerospike_devserver.ownership import partition_of
from aerospike_devserver.result import OK, Result, ServerError
from aerospike_devserver.storage.record import Record, next_generation
from aerospike_devserver.storage.strong import State, StrongNamespace, Transaction

_VERSION_SIZE, _ID_SIZE, _DEADLINE_SIZE = 7, 8, 4
_ROLLS = Info4.ROLL_FORWARD | Info4.ROLL_BACK
_ALLOW_UNAVAILABLE = Info3.SC_READ_TYPE | Info3.SC_READ_RELAX

_COUNTED = {
    Result.MRT_BLOCKED: "fail_mrt_blocked",
    Result.MRT_VERSION_MISMATCH: "fail_mrt_version_mismatch",
}
_LOCKED, _OTHER_ID = 1, 2
"""Sub-codes of result 120."""

Handler = Callable[[Command], bytes]


def answer(command: Command, find_handler: Callable[[Message], Handler]) -> bytes:
    """Carry out a command; ServerError."""
    message, namespace = command.message, command.namespace
    assert isinstance(namespace, StrongNamespace)
    is_write = bool(message.info2 & Info2.WRITE)
    _check_available(command, is_write)
    if command.set_name == monitor.SET_NAME:
        return monitor.answer(command, namespace)
    if is_write and message.info4 & _ROLLS:
        return _roll(command, namespace)
    if not is_write and message.info4 & Info4.VERIFY_READ:
        return _verify(command, namespace)
    try:
        return _carry_out(command, namespace, find_handler(message), is_write)
    except ServerError as error:
        if error.result in _COUNTED:
            namespace.counts[_COUNTED[error.result]] += 1
        raise


def _carry_out(
    command: Command, namespace: StrongNamespace, handle: Handler, is_write: bool
) -> bytes:
    """Carry out an ordinary command, of a transaction or not."""
    fields = command.message.fields
    if Field.TRANSACTION_ID in fields:
        return _inside(command, namespace, handle, is_write)
    if is_write:
        has_function = Field.UDF_PACKAGE in fields
        command.namespace = _Outside(namespace, is_patient=has_function)
    return handle(command)


def _check_available(command: Command, is_write: bool) -> None:
    """ServerError 11, unless the partition is served or the read does not mind."""
    unserved = command.cluster.unserved_of(command.namespace.config.name)
    if unserved and partition_of(command.digest) in unserved:
        mode = command.message.info3 & _ALLOW_UNAVAILABLE
        if is_write or mode != _ALLOW_UNAVAILABLE:
            raise ServerError(Result.UNAVAILABLE)


def _number(message: Message, field: int, size: int) -> int | None:
    """A field that holds a number, little endian; None without it, or ServerError 4."""
    data = message.fields.get(field)
    if data is None:
        return None
    if len(data) != size:
        raise ServerError(Result.REQUEST_INVALID)
    return int.from_bytes(data, "little", signed=field == Field.TRANSACTION_ID)


def _required(message: Message, field: int, size: int) -> int:
    """The same; ServerError 4 without the field."""
    number = _number(message, field, size)
    if number is None:
        raise ServerError(Result.REQUEST_INVALID)
    return number


def _roll(command: Command, namespace: StrongNamespace) -> bytes:
    """Make final what a transaction has written to a record, or throw it away.

    A record that it does not hold is as good as rolled. ServerError 124 for a roll back
    when it is decided to roll forward, and 22 for a roll forward before that.
    """
    message = command.message
    transaction_id = _required(message, Field.TRANSACTION_ID, _ID_SIZE)
    is_forward = bool(message.info4 & Info4.ROLL_FORWARD)
    held = namespace.holder(command.digest, command.now_s)
    if held is None or held.id != transaction_id:
        return encode_reply(OK)
    is_decided = held.state is State.FORWARD
    if is_forward is not is_decided:
        raise ServerError(Result.MRT_COMMITTED if is_decided else Result.FORBIDDEN)
    namespace.roll(held, command.digest, is_forward)
    return encode_reply(OK)


def _verify(command: Command, namespace: StrongNamespace) -> bytes:
    """Check that a record is as a transaction has read it; ServerError 121."""
    expected = _required(command.message, Field.RECORD_VERSION, _VERSION_SIZE)
    holder = namespace.holder(command.digest, command.now_s)
    found = namespace.version_of(command.digest, command.now_s)
    if holder is not None or found != expected:
        namespace.counts["mrt_verify_read_error"] += 1
        raise ServerError(Result.MRT_VERSION_MISMATCH)
    namespace.counts["mrt_verify_read_success"] += 1
    return encode_reply(OK)


def _inside(
    command: Command, namespace: StrongNamespace, handle: Handler, is_write: bool
) -> bytes:
    """Carry out a command of a transaction, whose reply may carry a version."""
    view = _Inside(command, namespace, is_write)
    command.namespace = view
    try:
        reply = handle(command)
    except ServerError as error:
        error.fields = view.fields
        raise
    return with_fields(reply, view.fields) if view.fields else reply


class _View:
    """A namespace as some commands see it."""

    is_strong = True

    def __init__(self, namespace: StrongNamespace) -> None:
        self._namespace = namespace
        self.config = namespace.config

    def first_generation(self, digest: bytes) -> int:
        """The generation of a record that is created."""
        return self._namespace.first_generation(digest)

    def touch(self, digest: bytes, record: Record, before: Record) -> None:
        """Let the life of a record begin again that is read."""
        self._namespace.touch(digest, record, before)


class _Outside(_View):
    """What a write outside of transactions sees: it must not touch what is locked.

    is_patient: it may read that, as a function that finally does not write.
    """

    def __init__(self, namespace: StrongNamespace, is_patient: bool) -> None:
        super().__init__(namespace)
        self._is_patient = is_patient
        self._now_s = 0

    def find(self, digest: bytes, now_s: int) -> Record | None:
        self._now_s = now_s
        found = self._namespace.find(digest, now_s)
        if found is None or not self._is_patient:
            self._check(digest)
        return found

    def _check(self, digest: bytes) -> None:
        """ServerError 120 for a locked record."""
        if self._namespace.holder(digest, self._now_s) is not None:
            raise ServerError(Result.MRT_BLOCKED, _LOCKED, "the record is locked")

    def put(self, digest: bytes, record: Record) -> None:
        self._check(digest)
        self._namespace.put(digest, record)

    def remove(self, digest: bytes, tombstone: Record | None) -> None:
        self._check(digest)
        self._namespace.remove(digest, tombstone)


class _Inside(_View):
    """What a transaction sees: its own writes, and what is final of all else.

    fields: what the reply carries: the version of a record that the transaction has
    found as it is for all, and has not written.
    """

    def __init__(
        self, command: Command, namespace: StrongNamespace, is_write: bool
    ) -> None:
        super().__init__(namespace)
        message = command.message
        self._id = _required(message, Field.TRANSACTION_ID, _ID_SIZE)
        self._expected = _number(message, Field.RECORD_VERSION, _VERSION_SIZE)
        self._deadline_s = _number(message, Field.DEADLINE, _DEADLINE_SIZE)
        self._is_write = is_write
        self._message = message
        self._own: Transaction | None = None
        self.fields: tuple[bytes, ...] = ()

    def find(self, digest: bytes, now_s: int) -> Record | None:
        """ServerError 120 to 126."""
        if self._is_write:
            self._own = self._writer(now_s)
        holder = self._namespace.holder(digest, now_s)
        if holder is not None and holder.id != self._id:
            raise ServerError(
                Result.MRT_BLOCKED, _OTHER_ID, "another transaction has locked it"
            )
        if holder is not None:
            return self._held(holder.written[digest])
        version = self._namespace.version_of(digest, now_s)
        if self._expected not in (None, version):
            raise ServerError(Result.MRT_VERSION_MISMATCH)
        data = version.to_bytes(_VERSION_SIZE, "little")
        self.fields = (encode_field(Field.RECORD_VERSION, data),)
        return self._namespace.find(digest, now_s)

    def _writer(self, now_s: int) -> Transaction:
        """The transaction, which has to be open."""
        found = self._namespace.transaction(self._id, now_s)
        is_late = bool(self._deadline_s) and now_s > (self._deadline_s or 0)
        if found is None or is_late or found.state is State.BACK:
            raise ServerError(Result.MRT_EXPIRED)
        if found.state is State.FORWARD:
            raise ServerError(Result.MRT_COMMITTED)
        return found

    def _held(self, written: Record) -> Record | None:
        """What the transaction has written; ServerError 126 for a write once only.

        One that must create the record hears first that it is there.
        """
        message, is_there = self._message, bool(written.bins)
        is_once = self._is_write and message.info4 & Info4.ON_LOCKING_ONLY
        if is_once and not (is_there and message.info2 & Info2.CREATE_ONLY):
            raise ServerError(Result.MRT_ALREADY_LOCKED)
        return written if is_there else None

    def first_generation(self, digest: bytes) -> int:
        if self._own is not None and digest in self._own.written:
            return next_generation(self._own.written[digest].generation)
        return super().first_generation(digest)

    def put(self, digest: bytes, record: Record) -> None:
        assert self._own is not None
        self._namespace.hold(self._own, digest, record)
        self.fields = ()

    def remove(self, digest: bytes, tombstone: Record | None) -> None:
        assert tombstone is not None  # see `Command.check_durable`
        self.put(digest, tombstone)
