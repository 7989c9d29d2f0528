"""Commands on one record: read, write, delete. Each returns the reply frame.

The order of the checks decides about the result code; it is that of section 5 of the
operation semantics. Handlers raise errors; `answer` makes the reply of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aerospike_devserver.codec.message import (
    MAX_OPS,
    Field,
    Info1,
    Info2,
    Info3,
    Info4,
    Message,
    Op,
    encode_bins,
    encode_reply,
)
from aerospike_devserver.config import NamespaceConfig
from aerospike_devserver.handlers.access import Check
from aerospike_devserver.handlers.record import written
from aerospike_devserver.handlers.record.command import Command
from aerospike_devserver.handlers.record.details import details_of
from aerospike_devserver.handlers.record.operations import (
    Traits,
    Work,
    check_name,
    traits,
)
from aerospike_devserver.loading import load_module
from aerospike_devserver.result import OK, Result, ServerError
from aerospike_devserver.storage.record import MAX_BINS, Bins, Record, Subject
from aerospike_devserver.storage.state import ClusterState
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.version import Version

NO_TOUCH = 0xFFFFFFFF

_TOO_MANY_BINS = 5
"""Sub-code of result 4."""

_REPLACE = Info3.CREATE_OR_REPLACE | Info3.REPLACE_ONLY
_SC_READ = Info3.SC_READ_TYPE | Info3.SC_READ_RELAX


def read(command: Command) -> bytes:
    """A command that reads and writes nothing."""
    message = command.message
    if message.info4 or Field.TRANSACTION_ID in message.fields:
        command.check_transaction(Info4.VERIFY_READ)
    if message.info3 & _SC_READ == Info3.SC_READ_TYPE:  # linearized
        command.check_linearized()
    record = command.find()
    if record is None:
        raise ServerError(Result.RECORD_NOT_FOUND)
    command.answer_for(record)
    command.check_read_set(record)
    percent = 0
    if record.void_time_s:
        percent = _touch_percent(message.ttl, command.namespace.config)
    command.check_filter(record)
    command.check_key(record)
    entries = _read_entries(command, record)
    if percent:
        _touch_on_read(command, record, percent)
    return encode_reply(OK, record.generation, record.void_time_s, entries)


def _subject(command: Command, record: Record, bins: Bins) -> Subject:
    """What expressions in a command see of a record."""
    return Subject(record, command.digest, command.now_ms, bins)


def _written_subject(
    command: Command, record: Record | None, void_time_s: int, bins: Bins
) -> Subject:
    """What expressions in a write see: the times are those of the write already."""
    known = record if record is not None else command.new_record({}, 0)
    seen = Record(
        known.set_name,
        known.key if record is not None else None,
        known.bins,
        known.generation,
        void_time_s,
        command.now_ms,
    )
    return Subject(seen, command.digest, command.now_ms, bins)


def _read_entries(command: Command, record: Record) -> list[bytes]:
    """The entries that a pure read answers with."""
    message = command.message
    if message.info1 & Info1.GET_NO_BINS:
        return []
    if message.info1 & Info1.GET_ALL:
        return encode_bins(record.bins)
    if not 0 < len(message.ops) <= MAX_OPS:
        raise ServerError(Result.REQUEST_INVALID)
    work = Work(
        record.bins,
        partial(_subject, command, record),
        is_write=False,
        read_all=False,
        respond_all=bool(message.info2 & Info2.RESPOND_ALL_OPS),
        version=command.version,
    )
    for op in message.ops:
        check_name(op[2])
        if traits(op[0], command.version).writes:
            raise ServerError(Result.REQUEST_INVALID)
        work.run(op)
    return work.entries


def _touch_percent(ttl: int, config: NamespaceConfig) -> int:
    """The last part of a record's life, in percent, where reads touch it; 0 = none."""
    if ttl == NO_TOUCH:
        return 0
    if ttl > 100:
        raise ServerError(Result.REQUEST_INVALID)
    return ttl or config.default_read_touch_ttl_pct


def _touch_on_read(command: Command, record: Record, percent: int) -> None:
    """Let a record that is in this last part of its life begin that life again.

    Its generation stays; this reply still shows the old void time.
    """
    updated_s = record.last_update_ms // 1000 - command.now_ms // 1000 + command.now_s
    life_s = record.void_time_s - updated_s
    if command.now_s < record.void_time_s - life_s * percent // 100:
        return
    touched = Record(
        record.set_name,
        record.key,
        record.bins,
        record.generation,
        command.now_s + life_s,
        command.now_ms,
    )
    command.namespace.touch(command.digest, touched, record)


def delete(command: Command) -> bytes:
    """Delete the record. Answers carry generation and void time 0, errors too."""
    message = command.message
    if command.cluster.config.is_enterprise:  # the other one does not look at it
        command.check_transaction(0)
    command.check_durable()
    record = command.find()
    if record is None:
        raise ServerError(Result.RECORD_NOT_FOUND)
    command.check_read_set(record)
    _check_generation(message, record)
    command.check_filter(record)
    command.check_key(record)
    command.namespace.remove(command.digest, command.tombstone(record))
    return encode_reply(OK)


def write(command: Command) -> bytes:
    """A command that writes: bins, or the metadata alone."""
    message = command.message
    needs_record = _check_ops(message, command.version)
    if message.info4 or Field.TRANSACTION_ID in message.fields:
        command.check_transaction(Info4.ROLL_FORWARD | Info4.ROLL_BACK)
    record = command.find()
    if record is None:
        if needs_record:
            raise ServerError(Result.RECORD_NOT_FOUND)
        _check_generation(message, None)
        command.check_new_set()
        command.check_new_key()
    else:
        _check_existing(command, record)
    void_time_s = written.void_time(command, record, message.ttl)
    work = Work(
        {} if record is None or message.info3 & _REPLACE else dict(record.bins),
        partial(_written_subject, command, record, void_time_s),
        is_write=True,
        read_all=bool(message.info1 & Info1.GET_ALL),
        respond_all=bool(message.info2 & Info2.RESPOND_ALL_OPS),
        version=command.version,
    )
    for op in message.ops:
        work.run(op)
    _finish(command, record, work, void_time_s)
    return encode_reply(OK, command.generation, command.void_time_s, work.entries)


def _check_existing(command: Command, record: Record) -> None:
    """What a write asks of the record that is there."""
    message = command.message
    command.answer_for(record)
    if message.info2 & Info2.CREATE_ONLY:
        raise ServerError(Result.RECORD_EXISTS)
    _check_generation(message, record)
    if command.set_name != record.set_name:
        raise ServerError(Result.REQUEST_INVALID)
    command.check_filter(record)
    command.check_key(record)
    if record.key is None:
        command.check_new_key()


def _check_generation(message: Message, record: Record | None) -> None:
    """The generation policy; a missing record counts as generation 0."""
    stored = record.generation if record is not None else 0
    if message.info2 & Info2.GENERATION:
        fits = message.generation == stored
    elif message.info2 & Info2.GENERATION_GT:
        fits = message.generation > stored
    else:
        return
    if not fits:
        raise ServerError(Result.RECORD_GENERATION)


def _check_ops(message: Message, version: Version) -> bool:
    """Checks of the operations before the record is looked up: ServerError 4 or 21.

    True if the command needs an existing record.
    """
    ops = message.ops
    if not 0 < len(ops) <= MAX_OPS:
        raise ServerError(Result.REQUEST_INVALID)
    replaces = bool(message.info3 & _REPLACE)
    needs_record = bool(message.info3 & (Info3.UPDATE_ONLY | Info3.REPLACE_ONLY))
    reads = False
    for code, particle, name, _ in ops:
        if code == Op.TOUCH:
            needs_record = True
        else:
            check_name(name)
        allowed = traits(code, version)
        if replaces and _clashes_with_replace(code, particle, allowed):
            raise ServerError(Result.REQUEST_INVALID)
        reads = reads or allowed.reads
    if reads and not message.info1 & Info1.READ:
        raise ServerError(Result.REQUEST_INVALID)
    if message.info1 & Info1.GET_ALL:
        _check_read_all(message, version)
    return needs_record


def _clashes_with_replace(code: int, particle: int, allowed: Traits) -> bool:
    """Whether an operation needs the old bins that a replace policy drops."""
    if code == Op.WRITE:
        return particle == Particle.NULL
    return not allowed.on_replace


def _check_read_all(message: Message, version: Version) -> None:
    """Read-all stands once, and with nothing else that gives an entry."""
    n_read_all = sum(code == Op.READ and not name for code, _, name, _ in message.ops)
    n_answers = sum(traits(code, version).answers for code, *_ in message.ops)
    if n_read_all != 1 or n_answers > 1 or message.info2 & Info2.RESPOND_ALL_OPS:
        raise ServerError(Result.REQUEST_INVALID)


def _finish(
    command: Command, record: Record | None, work: Work, void_time_s: int
) -> None:
    """Store what the operations have left, or delete a record without bins."""
    if len(work.bins) > MAX_BINS:
        raise ServerError(Result.REQUEST_INVALID, _TOO_MANY_BINS, "too many bins")
    if work.bins:
        left = written.successor(command, record, work.bins, void_time_s)
        written.store(command, left)
    elif record is None or command.message.info3 & _REPLACE:
        raise ServerError(Result.RECORD_NOT_FOUND)
    else:
        written.drop(command, record)
        command.generation = command.void_time_s = 0


def apply(command: Command) -> bytes:
    """Call a function in Lua."""
    load_module("handlers.record.apply")
    from aerospike_devserver.handlers.record import apply as calls

    return calls.apply(command)


def _handler(message: Message) -> Callable[[Command], bytes]:
    if message.info2 & Info2.WRITE:
        if message.info2 & Info2.DELETE:
            return delete
        return apply if Field.UDF_PACKAGE in message.fields else write
    if message.info1 & Info1.READ:
        return read
    raise ServerError(Result.REQUEST_INVALID)


def _answer_strong(command: Command) -> bytes:
    """Carry out a command where there is strong consistency."""
    load_module("handlers.record.strong")
    from aerospike_devserver.handlers.record import strong

    return strong.answer(command, _handler)


def answer(
    cluster: ClusterState, message: Message, digest: bytes, check: Check | None = None
) -> bytes:
    """Carry out a command on one record; errors become replies.

    digest: of the record; what the message says of it does not count. check: raises
    ServerError if the client may not do it.
    """
    command = None
    try:
        if check is not None:
            check(message)
        command = Command(cluster, message, digest)
        if command.namespace.is_strong:
            return _answer_strong(command)
        return _handler(message)(command)
    except ServerError as error:
        fields = details_of(error, message.info4, cluster.config.plays)
        if error.fields:
            fields = (*error.fields, *fields)
        known = (command.generation, command.void_time_s) if command else (0, 0)
        return encode_reply(error.result, *known, fields=fields)
