"""Info commands that register, list, give and remove modules of functions in Lua.

Source: section 9 of the page on queries; answers as an 8.1.2 node gives them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from aerospike_devserver.handlers.info.command import Handler, Request, command
from aerospike_devserver.handlers.udf.scripts import compile_error
from aerospike_devserver.storage.modules import Module, Modules

MAX_NAME = 127
"""Characters of the name of a file."""
MAX_SOURCE = 1 << 20
"""Bytes; a source is smaller, as far as the size of its base64 tells."""
TYPE = "LUA"


class _Refusal(Exception):
    """The command failed: answered as `error=<text>`."""


def _udf_command(name: str) -> Callable[[Handler], Handler]:
    """Register the function that answers a command, and may raise a refusal."""

    def register(handler: Handler) -> Handler:
        def answer(request: Request) -> str:
            try:
                return handler(request)
            except _Refusal as refusal:
                return f"error={refusal}"

        return command(name)(answer)

    return register


def _modules(request: Request) -> Modules:
    return request.node.cluster.modules


def _filename(request: Request) -> str:
    name = request.parameters.get("filename")
    if name is None or len(name.encode("utf-8", "surrogateescape")) > MAX_NAME:
        raise _Refusal("invalid_filename")
    return name


def _new_filename(request: Request) -> str:
    """The name of a module that is to be registered: its first dot is inside."""
    name = _filename(request)
    if not 0 < name.find(".") < len(name) - 1:
        raise _Refusal("invalid_filename")
    return name


def _content(request: Request) -> bytes:
    """The source of a module; the checks come in the order of a real server."""
    text, length = (request.parameters.get(key) for key in ("content", "content-len"))
    if length is None:
        raise _Refusal("invalid_content_len")
    if request.parameters.get("udf-type", TYPE) != TYPE:
        raise _Refusal("invalid_udf_type")
    if text is None:
        raise _Refusal("invalid_content")
    if not (length.isascii() and length.isdigit()) or int(length[-4:]) % 4:
        raise _Refusal("invalid_content_len")
    if length.lstrip("0") != str(len(text) or ""):
        raise _Refusal("invalid_content")
    if len(text) // 4 * 3 > MAX_SOURCE:
        raise _Refusal("invalid_udf_content_len,>1M")
    try:
        source = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        source = b""
    if not source:
        raise _Refusal("invalid_base64_content")
    return source


@_udf_command("udf-put")
def _udf_put(request: Request) -> str:
    """Register a module, unless its file cannot be run."""
    name, source = _new_filename(request), _content(request)
    try:
        name.encode()
    except UnicodeError:
        raise _Refusal("json_error") from None
    module = Module(name, source)
    problem = compile_error(request.node.cluster, module)
    if problem is not None:
        message = problem.message.encode("utf-8", "surrogateescape")
        text = base64.b64encode(message).decode()
        place = f"file={problem.file};line={problem.line}"
        raise _Refusal(f"compile_error;{place};message={text}")
    _modules(request).put(module)
    return "ok"


@_udf_command("udf-get")
def _udf_get(request: Request) -> str:
    """The source. A real server aborts when the name is that of a folder."""
    name = _filename(request)
    if name.rpartition("/")[2] in ("", ".", ".."):
        raise _Refusal("invalid_filename")
    found = _modules(request).find(name)
    if found is None:
        raise _Refusal("not_found")
    return f"type={TYPE};content={found.content};"


@_udf_command("udf-list")
def _udf_list(request: Request) -> str:
    return "".join(
        f"filename={module.name},hash={module.digest},type={TYPE};"
        for module in _modules(request)
    )


@_udf_command("udf-remove")
def _udf_remove(request: Request) -> str:
    """Forget a module; none of that name is no error."""
    _modules(request).remove(_filename(request))
    return "ok"


@_udf_command("udf-clear-cache")
def _udf_clear_cache(request: Request) -> str:
    """Make the Lua states of all modules anew when they are needed."""
    _modules(request).made.clear()
    return "ok"
