"""Calls of functions in Lua on one record.

A function works on a copy of the bins, which takes the record's place when the function
has come to its end: one that fails or is stopped touches nothing. All is as an 8.1.2
node does it.
"""

from __future__ import annotations

from typing import Any

from aerospike_devserver.codec.message import (
    Field,
    Info2,
    Info3,
    Message,
    Op,
    encode_op,
    encode_reply,
)
from aerospike_devserver.handlers.record import written
from aerospike_devserver.handlers.record.command import Command
from aerospike_devserver.handlers.udf.scripts import TIMED_OUT, CallError, script_of
from aerospike_devserver.handlers.udf.seen import (
    SIZE_STEP,
    last_update_of,
    size_of,
    ttl_of,
)
from aerospike_devserver.handlers.udf.values import (
    Take,
    arguments,
    from_bin,
    result_entry,
    to_bin,
)
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bins, Record, next_generation, remove_bin
from aerospike_devserver.values.particle import Particle
from aerospike_lua import records
from aerospike_lua.containers import no_cost

MAX_NAME = 127
"""Bytes of the name of a module or function."""
MAX_BINS = 512
"""Of a record that functions can read and write, and of one update."""

_DONE, _EXISTS_NOT, _EXISTS, _FAILED, _MISSING = 0, 1, 1, -1, -2
"""What create, update and remove give."""

_FORBIDDEN_INFO2 = Info2.GENERATION | Info2.GENERATION_GT | Info2.CREATE_ONLY
_FORBIDDEN_INFO3 = Info3.UPDATE_ONLY | Info3.CREATE_OR_REPLACE | Info3.REPLACE_ONLY


def apply(command: Command) -> bytes:
    """Call a function on the record, which need not exist."""
    message = command.message
    command.check_transaction(0)
    module, function = _names(message)
    record = command.find()
    if record is not None:
        command.answer_for(record)
        if command.set_name != record.set_name:
            raise ServerError(Result.REQUEST_INVALID)
        command.check_filter(record)
        command.check_key(record)
        if record.key is None:
            command.check_new_key()
    call = _Call(command, record)
    try:
        entry = call.run(module, function)
    except CallError as error:
        text = str(error).encode("utf-8", "surrogateescape").partition(b"\0")[0]
        entry = encode_op(Op.READ, b"FAILURE", Particle.STRING, text)
        known = command.generation, command.void_time_s
        return encode_reply(Result.UDF, *known, (entry,))
    call.finish()
    return encode_reply(Result.OK, command.generation, command.void_time_s, (entry,))


def _names(message: Message) -> tuple[bytes, bytes]:
    """The names of module and function; ServerError 4."""
    names = [message.fields.get(f) for f in (Field.UDF_PACKAGE, Field.UDF_FUNCTION)]
    is_good = Field.UDF_ARGUMENTS in message.fields and not (
        message.info2 & _FORBIDDEN_INFO2 or message.info3 & _FORBIDDEN_INFO3
    )
    match names:
        case [bytes() as module, bytes() as function] if is_good:
            if max(len(module), len(function)) <= MAX_NAME:
                return module, function
    raise ServerError(Result.REQUEST_INVALID)


class _Call(records.Host):
    """A call: what the function sees of the record, and what it has done with it."""

    def __init__(self, command: Command, record: Record | None) -> None:
        self._command = command
        self._stored = record
        self._exists = record is not None
        self._is_readable = record is None or len(record.bins) <= MAX_BINS
        self._bins: Bins = {}
        if record is not None and self._is_readable:
            self._bins = dict(record.bins)
        self._is_changed = False
        self._failure = Result.OK
        self._ttl = command.message.ttl
        self._drops_key = False
        self._count_memory: Take = no_cost

    def run(self, module: bytes, function: bytes) -> bytes:
        """Call the function; the entry of its result. CallError."""
        command = self._command
        message = command.message
        limit_s = message.limit_s
        if limit_s is None:
            limit_s = command.cluster.config.udf.limit_s(message.timeout_ms)
        if limit_s <= 0:
            raise CallError(f"{TIMED_OUT}: no time was left to call the function")
        script = script_of(command.cluster, module)
        given = arguments(message.fields[Field.UDF_ARGUMENTS])
        record = records.Record(self)
        self._count_memory = script.runtime.take
        with script.limited(limit_s):
            try:
                result = script.runtime.invoke(function, record, *given)
                return result_entry(b"SUCCESS", result)
            finally:
                record.close()

    def finish(self) -> None:
        """Store what the function has left. ServerError, and nothing has happened."""
        if self._failure:
            raise ServerError(self._failure)
        if not self._is_changed:
            return
        command, stored = self._command, self._stored
        void_time_s = written.void_time(command, stored, self._ttl)
        if self._bins:
            left = written.successor(command, stored, self._bins, void_time_s)
            if self._drops_key:
                left.key = None
            written.store(command, left)
        elif stored is None:
            raise ServerError(Result.RECORD_NOT_FOUND)
        else:
            written.drop(command, stored)
            command.generation = next_generation(stored.generation)
            command.void_time_s = void_time_s

    # what the function sees

    def read(self, name: bytes) -> Any:
        found = self._bins.get(name)
        return None if found is None else from_bin(found, self._count_memory)

    def exists(self) -> bool:
        """True also behind a remove: that is done when the function has ended."""
        return self._exists

    def gen(self) -> int:
        return 0 if self._stored is None else self._stored.generation

    def ttl(self) -> int:
        stored = self._stored
        return 0 if stored is None else ttl_of(stored, self._command.now_s)

    def setname(self) -> bytes | None:
        return self._command.set_name or None if self._exists else None

    def digest(self) -> bytes:
        return self._command.digest

    def key(self) -> Any:
        if not self._exists or self._drops_key:
            return None
        stored = None if self._stored is None else self._stored.key
        key = stored or self._command.key
        return None if key is None else from_bin((key[0], key[1:]))

    def bin_names(self) -> tuple[bytes, ...] | None:
        return tuple(self._bins) if self._exists else None

    def size(self) -> int:
        if self._stored is None:
            return SIZE_STEP if self._exists else 0
        return size_of(self._stored)

    def last_update_time(self) -> int:
        return 0 if self._stored is None else last_update_of(self._stored)

    # what it does

    def set_ttl(self, seconds: int) -> None:
        self._ttl = seconds & 0xFFFFFFFF

    def drop_key(self) -> None:
        self._drops_key = self._exists

    def update(self, record: records.Record) -> int:
        if not self._exists or not self._is_readable:
            return _MISSING
        return self._write(record)

    def create(self, record: records.Record) -> int:
        if self._exists:
            if self._bins or not self._is_readable:
                return _EXISTS
            return self._write(record)
        try:
            self._command.check_new_set()
            self._command.check_new_key()
        except ServerError:
            return int(Result.REQUEST_INVALID)
        result = self._write(record)
        self._exists = result == _DONE
        return result

    def remove(self, record: records.Record) -> int:
        if not self._exists or not self._is_readable:
            return _EXISTS_NOT
        record.forget()
        self._take({})
        return _DONE

    def _write(self, record: records.Record) -> int:
        """Take in what has been assigned to the record's bins."""
        bins, changes = dict(self._bins), record.changes()
        try:
            for name, value in changes.items():
                if value is None:
                    remove_bin(bins, name)
                else:
                    bins[name] = to_bin(value)
            if max(len(bins), len(changes)) > MAX_BINS:
                raise ServerError(Result.BIN_NAME)
        except ServerError as error:
            self._failure = error.result
            record.forget()
            return _FAILED
        self._take(bins)
        return _DONE

    def _take(self, bins: Bins) -> None:
        self._bins = bins
        self._is_changed = True
        self._failure = Result.OK
