"""What a write leaves: when the record expires, and the record in its place."""

from __future__ import annotations

from aerospike_devserver.config import MAX_TTL_S
from aerospike_devserver.handlers.record.command import Command
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bins, Record, next_generation

TTL_DEFAULT = 0
TTL_NEVER = 0xFFFFFFFF
TTL_UNCHANGED = 0xFFFFFFFE

_TTL_INVALID = 1
"""Sub-code of result 4."""


def void_time(command: Command, record: Record | None, ttl: int) -> int:
    """When the record expires, s since 2010, 0 = never; ServerError 4 or 22."""
    config = command.namespace.config
    if ttl == TTL_NEVER:
        return 0
    if ttl == TTL_UNCHANGED:
        if record is not None:
            return record.void_time_s
        ttl = TTL_DEFAULT
    if ttl > MAX_TTL_S:
        raise ServerError(Result.REQUEST_INVALID, _TTL_INVALID, "the TTL is too large")
    ttl = ttl or config.default_ttl_s
    if ttl and not config.nsup_period_s and not config.allow_ttl_without_nsup:
        raise ServerError(Result.FORBIDDEN)
    return command.now_s + ttl if ttl else 0


def successor(
    command: Command, record: Record | None, bins: Bins, void_time_s: int
) -> Record:
    """The record after the write; a stored user key stays with it."""
    if record is None:
        return command.new_record(bins, void_time_s)
    key = record.key if record.key is not None else command.key
    generation = next_generation(record.generation)
    return Record(record.set_name, key, bins, generation, void_time_s, command.now_ms)


def store(command: Command, written: Record) -> None:
    """Put a record in its place, and answer with it; ServerError 13."""
    if written.stored_size > command.namespace.config.max_record_size:
        raise ServerError(Result.RECORD_TOO_BIG)
    command.namespace.put(command.digest, written)
    command.answer_for(written)


def drop(command: Command, record: Record) -> None:
    """Delete a record that a write has left without bins; ServerError 22 or 25."""
    command.check_durable()
    command.namespace.remove(command.digest, command.tombstone(record))
