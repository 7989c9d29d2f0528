"""A request on its way through the handlers, and the checks that all commands share."""

from __future__ import annotations

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.codec.message import Field, Info2, Message
from aerospike_devserver.loading import load_module
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.namespace import Place
from aerospike_devserver.storage.record import (
    Bins,
    Record,
    Subject,
    next_generation,
)
from aerospike_devserver.storage.state import ClusterState
from aerospike_devserver.values.particle import Particle

DIGEST_SIZE = 20
MAX_SET_NAME = 63
_NOT_STRONG = 1
"""Sub-code of result 16."""
_NOT_DURABLE = 8
"""Sub-code of result 22."""
INTEGER_KEY_SIZE = 9
"""Type byte and 8 bytes."""


class Command:
    """A message with what it addresses: namespace, set, digest and the time of day.

    generation and void_time_s go into the header of the reply, of an error too; a
    handler sets them once it knows the record.
    """

    __slots__ = (
        "cluster",
        "digest",
        "generation",
        "key",
        "message",
        "namespace",
        "now_ms",
        "now_s",
        "set_name",
        "version",
        "void_time_s",
    )

    def __init__(self, cluster: ClusterState, message: Message, digest: bytes) -> None:
        """ServerError 20 if there is no such namespace, 4 for a digest of bad size."""
        self.generation = self.void_time_s = 0
        self.cluster = cluster
        self.message = message
        self.version = cluster.config.plays
        fields = message.fields
        namespace = cluster.storage.find(fields.get(Field.NAMESPACE, b""))
        if namespace is None:
            raise ServerError(Result.NAMESPACE_NOT_FOUND)
        self.namespace: Place = namespace
        if len(digest) != DIGEST_SIZE:
            raise ServerError(Result.REQUEST_INVALID)
        self.digest = digest
        self.set_name = fields.get(Field.SET, b"")
        self.key = fields.get(Field.KEY)
        self.now_ms = cluster.clock.now_ms()
        self.now_s = self.now_ms // 1000 - EPOCH_S

    def find(self) -> Record | None:
        """The live record that the command is about."""
        return self.namespace.find(self.digest, self.now_s)

    def new_record(self, bins: Bins, void_time_s: int) -> Record:
        """The record that the command creates."""
        generation = self.namespace.first_generation(self.digest)
        return Record(
            self.set_name, self.key, bins, generation, void_time_s, self.now_ms
        )

    def answer_for(self, record: Record) -> None:
        """Let the reply carry the metadata of a record."""
        self.generation = record.generation
        self.void_time_s = record.void_time_s

    def check_new_set(self) -> None:
        """The set name of a record that is to be created: at most 63 bytes, no NUL."""
        if len(self.set_name) > MAX_SET_NAME or b"\0" in self.set_name:
            raise ServerError(Result.REQUEST_INVALID)

    def check_new_key(self) -> None:
        """A user key that is to be stored: integers have 8 bytes, else 16."""
        key = self.key
        if key is not None and (
            not key or (key[0] == Particle.INTEGER and len(key) != INTEGER_KEY_SIZE)
        ):
            raise ServerError(Result.UNSUPPORTED_FEATURE)

    def check_transaction(self, forbidden_info4: int) -> None:
        """Multi-record transactions, which need a namespace with strong consistency.

        ServerError 25 in the Community Edition, else 16.
        """
        message = self.message
        if Field.TRANSACTION_ID in message.fields or message.info4 & forbidden_info4:
            if self.namespace.is_strong:
                return
            if self.cluster.config.is_enterprise:
                raise ServerError(
                    Result.UNSUPPORTED_FEATURE, _NOT_STRONG, "no strong consistency"
                )
            raise ServerError(Result.ENTERPRISE_ONLY)

    def check_linearized(self) -> None:
        """A linearized read: ServerError 25 in the Community Edition.

        Where there is no strong consistency, the Enterprise Edition reads as ever.
        """
        if not self.cluster.config.is_enterprise:
            raise ServerError(Result.ENTERPRISE_ONLY)

    def check_durable(self) -> None:
        """Whether a delete may be durable, or must be.

        ServerError 25 for one in the Community Edition, and 22 for another where there
        is strong consistency.
        """
        if self.message.info2 & Info2.DURABLE_DELETE:
            if not self.cluster.config.is_enterprise:
                raise ServerError(Result.ENTERPRISE_ONLY)
        elif self.namespace.is_strong and not self._may_expunge():
            raise ServerError(
                Result.FORBIDDEN, _NOT_DURABLE, "deletes have to be durable"
            )

    def _may_expunge(self) -> bool:
        """Whether a delete may leave no tombstone in spite of strong consistency."""
        is_inside = Field.TRANSACTION_ID in self.message.fields
        return self.namespace.config.allow_expunge and not is_inside

    def tombstone(self, record: Record) -> Record | None:
        """What a delete leaves in the place of a record, if it is durable."""
        if not self.message.info2 & Info2.DURABLE_DELETE:
            return None
        generation = next_generation(record.generation)
        return Record(record.set_name, record.key, {}, generation, 0, self.now_ms)

    def check_read_set(self, record: Record) -> None:
        """Reads and deletes: a set name that is sent has to be the stored one."""
        if self.set_name and self.set_name != record.set_name:
            raise ServerError(Result.REQUEST_INVALID)

    def check_filter(self, record: Record) -> None:
        """The filter expression, if any: ServerError 27 or 4."""
        condition = self.message.fields.get(Field.FILTER)
        if condition is None:
            return
        load_module("expressions")
        from aerospike_devserver import expressions

        subject = Subject(record, self.digest, self.now_ms, record.bins)
        if not expressions.passes(condition, subject, self.version):
            raise ServerError(Result.FILTERED_OUT)

    def check_key(self, record: Record) -> None:
        """A user key that is sent has to be the stored one, if one is stored."""
        if self.key is not None and record.key is not None and self.key != record.key:
            raise ServerError(Result.RECORD_KEY_MISMATCH)
