"""What `-v` shows: one line for each request, as a person would say it.

    BB90000000000A1 127.0.0.1:51234 test.demo key 'ada': write visits -> 0 OK

The level of the logger decides: INFO logs what concerns records, DEBUG also what the
client asks the node about itself each second.
"""

from __future__ import annotations

import logging

from aerospike_devserver.codec.admin import RESULT_OFFSET as ADMIN_RESULT_OFFSET
from aerospike_devserver.codec.admin import AdminCommand, AdminField, AdminMessage
from aerospike_devserver.codec.frame import HEADER_SIZE as PROTO_SIZE
from aerospike_devserver.codec.frame import ProtoType
from aerospike_devserver.codec.message import (
    HEADER_SIZE,
    RESULT_OFFSET,
    Field,
    Info1,
    Info2,
    Info4,
    Message,
    MessageError,
    Op,
    failure_in,
)
from aerospike_devserver.reply import Reply
from aerospike_devserver.result import Result
from aerospike_devserver.session import Session
from aerospike_devserver.texts import names_of, shortened
from aerospike_devserver.values.particle import Particle

log = logging.getLogger(__name__)

_BATCH = "batch of "
_STEPS = {
    Info4.VERIFY_READ: "verify",
    Info4.ROLL_FORWARD: "roll forward",
    Info4.ROLL_BACK: "roll back",
}
"""What ends a transaction, on one record, by bits of info4."""


def note(session: Session, proto_type: int, body: bytes, reply: Reply) -> None:
    """Log a request and what it was answered."""
    level = logging.DEBUG if proto_type == ProtoType.INFO else logging.INFO
    text = _describe(proto_type, body)
    outcome = "" if proto_type == ProtoType.INFO else _outcome(proto_type, text, reply)
    line = shortened(text) + outcome
    log.log(level, "%s %s %s", session.node.id, session.peer, line)


def _describe(proto_type: int, body: bytes) -> str:
    if proto_type == ProtoType.INFO:
        return f"info {_text(body.rstrip()).replace(chr(10), ', ')}"
    if proto_type == ProtoType.ADMIN:
        return _admin(body)
    if proto_type != ProtoType.MESSAGE:
        return names_of(ProtoType)[proto_type]
    try:
        message = Message(body)
    except MessageError as error:
        return f"malformed request: {error}"
    target, action = _target(message), _action(message)
    return f"{target}: {action}" if target else action


def _admin(body: bytes) -> str:
    """An admin command with the user or role it is about, and nothing secret."""
    try:
        message = AdminMessage(body)
    except MessageError as error:
        return f"malformed request: {error}"
    known = message.command in list(AdminCommand)
    word = AdminCommand(message.command).name.lower() if known else str(message.command)
    names = (message.fields.get(field) for field in (AdminField.USER, AdminField.ROLE))
    shown = [repr(_text(name)) for name in names if name is not None]
    return " ".join([f"admin: {word.replace('_', ' ')}", *shown])


def _target(message: Message) -> str:
    """Namespace, set and key, as far as the request names them."""
    names = [message.fields.get(field) for field in (Field.NAMESPACE, Field.SET)]
    text = ".".join(_text(name) for name in names if name is not None)
    key, digest = message.fields.get(Field.KEY), message.fields.get(Field.DIGEST)
    if key is not None:
        return f"{text} key {_key(key)}"
    return text if digest is None else f"{text} digest {digest.hex()}"


def _key(field: bytes) -> str:
    particle, value = int.from_bytes(field[:1], "big"), field[1:]
    if particle == Particle.INTEGER:
        return str(int.from_bytes(value, "big", signed=True))
    return repr(_text(value) if particle == Particle.STRING else value)


def _action(message: Message) -> str:
    batch = message.fields.get(Field.BATCH, message.fields.get(Field.BATCH_WITH_SET))
    if batch is not None:
        return f"{_BATCH}{int.from_bytes(batch[:4], 'big')} keys"
    operations = ", ".join(_operation(code, name) for code, _, name, _ in message.ops)
    if Field.UDF_PACKAGE in message.fields:
        operations = f"apply {_function(message)}"
    if Field.DIGEST not in message.fields:
        index = message.fields.get(Field.INDEX_NAME)
        kind = "query" if Field.INDEX_RANGE in message.fields else "scan"
        named = kind if index is None else f"{kind} by index {_text(index)}"
        return f"{named} {operations}".rstrip()
    for bit, word in _STEPS.items():
        if message.info4 & bit:
            return word
    if message.info2 & Info2.DELETE:
        return "remove"
    if message.info1 & Info1.GET_NO_BINS and not operations:
        return "read metadata"
    return operations or "read all bins"


def _function(message: Message) -> str:
    """The function in Lua that a request names, behind its module."""
    names = map(message.fields.get, (Field.UDF_PACKAGE, Field.UDF_FUNCTION))
    return ".".join(_text(name or b"") for name in names)


def _operation(code: int, name: bytes) -> str:
    word = names_of(Op).get(code, f"operation {code}")
    return f"{word} {_text(name)}".rstrip()


def _outcome(proto_type: int, text: str, reply: Reply) -> str:
    if not isinstance(reply, bytes):
        return " -> a stream"
    at = ADMIN_RESULT_OFFSET if proto_type == ProtoType.ADMIN else RESULT_OFFSET
    if text.startswith(_BATCH):  # the message that ends the rows is a header alone
        at += len(reply) - PROTO_SIZE - HEADER_SIZE
    code = reply[at]
    name = f" {Result(code).name}" if code in list(Result) else ""
    failure = failure_in(reply) if code == Result.UDF and at == RESULT_OFFSET else ""
    return f" -> {code}{name}" + (f": {shortened(failure)}" if failure else "")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
