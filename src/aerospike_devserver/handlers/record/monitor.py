"""Monitor records: what the server keeps of a transaction that writes.

A client may do four things to one: make it, register what it is going to write, mark it
to be rolled forward, and delete it in the end. All else is refused with 16, so that
users cannot touch it. Approximated; source: section 2 of the page on transactions.
"""

from __future__ import annotations

from aerospike_devserver.codec.message import (
    Field,
    Info2,
    Op,
    Operation,
    encode_field,
    encode_reply,
    with_fields,
)
from aerospike_devserver.codec.msgpack import MsgpackError, decode
from aerospike_devserver.handlers.record.command import DIGEST_SIZE, Command
from aerospike_devserver.result import OK, Result, ServerError
from aerospike_devserver.storage.state import ClusterState, Task
from aerospike_devserver.storage.strong import (
    DURATION_S,
    MAX_DURATION_S,
    State,
    StrongNamespace,
    Transaction,
)
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import ListValue, Value

SET_NAME = b"<ERO~MRT"

_ID, _KEYS, _FORWARD = b"id", b"keyds", b"fwd"
_ID_SIZE = 8
_APPEND, _APPEND_ITEMS = 1, 2
_POLICY = [1, 13]
"""An ordered list, without duplicates: those are left out, and no error."""
_WATCH_PERIOD_S = 0.5


def answer(command: Command, namespace: StrongNamespace) -> bytes:
    """Carry out a command on a monitor record; ServerError."""
    message = command.message
    if not message.info2 & Info2.WRITE:
        raise _refusal()
    if message.info2 & Info2.DELETE:
        return _close(command, namespace)
    match message.ops:
        case [(Op.WRITE, Particle.INTEGER, name, value), keys] if name == _ID:
            return _begin(command, namespace, value, _digests(keys))
        case [(Op.WRITE, Particle.BOOL, name, b"\1")] if name == _FORWARD:
            return _mark(command, namespace)
        case [keys]:
            return _register(command, namespace, _digests(keys))
    raise _refusal()


def _refusal() -> ServerError:
    return ServerError(Result.UNSUPPORTED_FEATURE)


def _digests(op: Operation) -> list[bytes]:
    """The digests that an operation registers: a list append, of one or of several."""
    code, _, name, value = op
    try:
        decoded, _ = decode(value)
    except MsgpackError:
        decoded = None
    if code == Op.CDT_MODIFY and name == _KEYS and isinstance(decoded, ListValue):
        match decoded.items:
            case [kind, given, order, flags] if [order, flags] == _POLICY:
                if kind == _APPEND:
                    return [_digest(given)]
                if kind == _APPEND_ITEMS and isinstance(given, ListValue):
                    return list(map(_digest, given.items))
    raise _refusal()


def _digest(value: Value) -> bytes:
    """A digest of the list: a blob, behind the byte that says so."""
    if not isinstance(value, bytes) or len(value) != 1 + DIGEST_SIZE:
        raise _refusal()
    if value[0] == Particle.BLOB:
        return value[1:]
    raise _refusal()


def _begin(
    command: Command, namespace: StrongNamespace, value: bytes, digests: list[bytes]
) -> bytes:
    """Make the record with what is to be written first; the number is never 0."""
    duration_s = command.message.ttl or DURATION_S
    transaction_id = int.from_bytes(value, "big", signed=True)
    is_sound = len(value) == _ID_SIZE and transaction_id != 0
    if duration_s > MAX_DURATION_S or not is_sound:
        raise ServerError(Result.REQUEST_INVALID)
    made = namespace.begin(
        command.digest, transaction_id, command.now_s + duration_s, digests
    )
    if not namespace.is_watched:
        namespace.is_watched = True
        command.cluster.spawn(_watch(command.cluster, namespace))
    return _deadline_reply(made)


def _watch(cluster: ClusterState, namespace: StrongNamespace) -> Task:
    """End the transactions whose clients have gone, until there is none."""
    while namespace.has_open:
        yield _WATCH_PERIOD_S
        namespace.end_late(cluster.clock.now_s())
    namespace.is_watched = False


def _register(
    command: Command, namespace: StrongNamespace, digests: list[bytes]
) -> bytes:
    """Take in what is to be written."""
    found = namespace.monitor(command.digest, command.now_s)
    if found is None or found.state is State.BACK:
        raise ServerError(Result.MRT_EXPIRED)
    if found.state is State.FORWARD:
        raise ServerError(Result.MRT_COMMITTED)
    found.register(digests)
    return _deadline_reply(found)


def _deadline_reply(found: Transaction) -> bytes:
    found.generation += 1
    deadline = encode_field(Field.DEADLINE, found.deadline_s.to_bytes(4, "little"))
    return with_fields(encode_reply(OK, found.generation), [deadline])


def _mark(command: Command, namespace: StrongNamespace) -> bytes:
    """Decide that all is rolled forward; 124 if that was decided, 125 if not."""
    found = namespace.monitor(command.digest, command.now_s)
    if found is None:
        raise ServerError(Result.MRT_EXPIRED)
    if found.state is not State.OPEN:
        is_forward = found.state is State.FORWARD
        raise ServerError(Result.MRT_COMMITTED if is_forward else Result.MRT_ABORTED)
    found.state = State.FORWARD
    found.generation += 1
    return encode_reply(OK, found.generation)


def _close(command: Command, namespace: StrongNamespace) -> bytes:
    """Delete the record; ServerError 22 if that may not be but durable."""
    command.check_durable()
    if namespace.monitor(command.digest, command.now_s) is None:
        raise ServerError(Result.RECORD_NOT_FOUND)
    namespace.close(command.digest)
    return encode_reply(OK)
