"""Answer info requests: text in, text out.

A request is lines; each is answered `line TAB value LF`, and bytes behind the last line
feed are ignored. The commands themselves stand in the modules beside this one. Source:
section 2 of the wire protocol.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.handlers.access import access_of, check
from aerospike_devserver.handlers.info.command import Request, find
from aerospike_devserver.reply import Reply, Stream
from aerospike_devserver.result import InfoError, Result, ServerError
from aerospike_devserver.session import Session

_LINE = re.compile(r"([^:/]*)([:/]?)(.*)", re.DOTALL)

COMMANDS_PER_TURN = 20
"""Commands of one request that are answered before others have a turn."""
MAX_REPLY_SIZE = 8 << 20
"""Bytes of a reply behind which further commands are refused."""


def answer(session: Session, body: bytes) -> Reply:
    """The reply to an info request; a long one is made in turns."""
    try:
        access_of(session)
    except ServerError as error:
        return frame(ProtoType.INFO, f"{_error_of(error)}\n".encode())
    if not body:
        return frame(ProtoType.INFO, _defaults(session))
    lines = body.split(b"\n")[:-1]
    if len(lines) <= COMMANDS_PER_TURN:
        return frame(ProtoType.INFO, b"".join(_answers(session, lines)))
    return _stream(session, lines)


def _stream(session: Session, lines: list[bytes]) -> Stream:
    made = bytearray()
    for place, part in enumerate(_answers(session, lines), 1):
        made += part
        if place % COMMANDS_PER_TURN == 0:
            yield b""
    yield frame(ProtoType.INFO, bytes(made))


def _answers(session: Session, lines: list[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        text = line.split(b"\0")[0]
        part = _answer_line(session, text, size > MAX_REPLY_SIZE)
        size += len(part)
        yield part


def _answer_line(session: Session, line: bytes, is_refused: bool = False) -> bytes:
    """The answer to one command, behind the command itself."""
    text = line.decode("utf-8", "surrogateescape")
    try:
        if is_refused:
            raise InfoError(Result.REQUEST_INVALID, "too many commands")
        value = _carry_out(session, text)
    except InfoError as error:
        value = f"ERROR:{int(error.result)}:{error.text}"
    except ServerError as error:
        value = _error_of(error)
    return line + b"\t" + value.encode("utf-8", "surrogateescape") + b"\n"


def _carry_out(session: Session, text: str) -> str:
    name, separator, rest = _LINE.findall(text)[0]
    handler = find(name)
    if handler is None:
        raise InfoError(Result.REQUEST_INVALID, "unrecognized command")
    path = rest.split("/") if separator == "/" else []
    parameters = _parameters(rest) if separator == ":" else {}
    places = (parameters.get(key, "") for key in ("namespace", "set"))
    check(session, name, *(each.encode("utf-8", "surrogateescape") for each in places))
    return handler(Request(session, name, path, parameters))


def _error_of(error: ServerError) -> str:
    """What a client hears that may not do a thing, or is not logged in."""
    return f"ERROR:{int(error.result)}:{error.result.name.lower().replace('_', ' ')}"


def _parameters(text: str) -> dict[str, str]:
    """`key=value;key=value` as a dictionary; the first of a key counts."""
    items = (item.partition("=") for item in reversed(text.split(";")))
    return {key: value for key, equals, value in items if equals}


_DEFAULTS = (
    "features",
    "node",
    "compatibility-id",
    "edition",
    "build",
    "version",
    "statistics",
    "services-alumni",
    "services",
    "partition-generation",
)


def _defaults(session: Session) -> bytes:
    """What an empty request is answered with."""
    return b"".join(_answer_line(session, name.encode()) for name in _DEFAULTS)
