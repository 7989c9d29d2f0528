"""Calls that register modules of functions in Lua, list, read and remove them.

Source of the commands: the section about functions of the server's info reference.
"""

from __future__ import annotations

import errno
import os

from aerospike import _constants as c
from aerospike import exception
from aerospike._calls.commands import command_of, entries_of, text_of
from aerospike._calls.requests import Apart, Info, UserPath
from aerospike._calls.signatures import also_called
from aerospike._calls.waits import BEGUN, DONE, wait_for_nodes
from aerospike._errors import client_error, made, param_error, shown
from aerospike._explain import module as explain_module
from aerospike._hints import Any, InfoPolicy, Options
from aerospike._report import warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.requests import Call
    from aerospike._calls.waits import Progress

_NO_STR = "Filename should be a string"
_NO_FILE_NAMES = ("", ".", "..")


def _check_language(number: Any, says: str) -> None:
    if not isinstance(number, int):
        raise TypeError(
            f"{type(number).__name__!r} object cannot be interpreted as an integer"
        )
    if number != c.UDF_TYPE_LUA:
        raise client_error(says, f"got {number}; aerospike.UDF_TYPE_LUA is meant")


def _name_of(value: Any) -> str:
    """The name of a module's file as it stands in a command.

    Servers may abort when they are told to read a directory, so no name of one is sent.
    """
    name = text_of("filename", value, says=_NO_STR)
    if name.rpartition("/")[2] in _NO_FILE_NAMES:
        raise param_error("the name of a module's file is needed", f"got {shown(name)}")
    return name


def _source_of(path: str) -> bytes:
    """What a file holds. LuaFileNotFound when it holds nothing that can be sent.

    ParamError when no file can have such a path.
    """

    def error(msg: str, detail: str) -> exception.AerospikeError:
        return made(exception.LuaFileNotFound, 1302, msg, detail)

    try:
        with open(path, "rb") as file:
            source = file.read()
    except (OSError, ValueError) as why:
        if isinstance(why, OSError) and why.errno == errno.ENAMETOOLONG:
            raise param_error("the filename is too long", shown(path)) from why
        raise error("cannot open script file", f"{shown(path)}: {why}") from why
    if not source:
        raise error("Script file is empty", shown(path))
    return source


def _keep(path: str, source: bytes) -> OSError | None:
    """Put a module's source where aggregations look for it. Why it cannot be written.

    Whoever reads the file meanwhile finds the old source, or all of the new one.
    """
    made = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        if _has(path, source):
            return None
        with open(made, "xb") as file:
            file.write(source)
        os.replace(made, path)
    except OSError as why:
        _remove(made)
        return why
    return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it was not made, or whoever looks sees what is left


def _has(path: str, source: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == source
    except FileNotFoundError:
        return False


def _modules_of(reply: str) -> list[dict[str, str]]:
    """The entries of each module that the reply to udf-list names."""
    lines = reply.partition("\t")[2].strip().split(";")
    return [entries_of(line, ",") for line in lines if line]


def _ask_content(
    question: str, policy: InfoPolicy | Options | None, node: str | None = None
) -> Call[str]:
    """What a node says to udf-get: the base64 of a module, "" when it lacks it."""
    try:
        reply: str = yield Info(question, policy, node)
    except exception.UDFError:
        return ""
    return _content_of(reply)


def _content_of(reply: str) -> str:
    """The base64 that the reply to udf-get has."""
    return entries_of(reply.partition("\t")[2], ";").get("content", "")


def udf_put(
    filename: str, udf_type: int = 0, policy: InfoPolicy | Options | None = None
) -> Call[int]:
    """Register a module of functions in Lua, and wait until every node has it.

    The call also copies the file to the folder lua.user_path of the configuration,
    where aggregations look for it. If that fails, it shows a warning.

    :param filename: path of its file, whose last part is the name in the cluster; calls
        name the module without ".lua". A module of the same name is replaced.
    :param udf_type: UDF_TYPE_LUA.
    :param policy: dict; "timeout" in milliseconds, for each request to a node.
    :return: 0.
    :raises LuaFileNotFound: there is no such file, or it is empty.
    :raises UDFError: the server refuses the module, for example because it does not
        compile.
    :raises TimeoutError: for 60 s no node made progress, or one gave no answer.
    """
    import base64

    _check_language(udf_type, "Invalid UDF language")
    if not isinstance(filename, str):
        raise param_error(_NO_STR, f"filename is {type(filename).__name__}")
    name = _name_of(filename.rpartition("/")[2])
    source: bytes = yield Apart(_source_of, filename)
    content = base64.b64encode(source).decode()
    command = command_of(
        "udf-put",
        filename=name,
        content=content,
        **{"content-len": str(len(content)), "udf-type": "LUA"},
    )
    question = command_of("udf-get", filename=name)
    before = yield from _ask_content(question, policy)
    try:
        yield Info(command, policy)
    except exception.UDFError as error:
        explain_module(error, name)
        raise
    folder: str = yield UserPath()
    path = os.path.join(folder, name)
    why: OSError | None = yield Apart(_keep, path, source)
    if why is not None:  # the nodes still have the module
        warn_once("udf_put", path, f"udf_put() could not copy the module: {why}")

    def ask(node: str, _waited_s: float) -> Call[Progress]:
        found = yield from _ask_content(question, policy, node)
        # what is neither, somebody else has put, or removed, meanwhile
        return BEGUN if found == before != content else DONE

    yield from wait_for_nodes(f"module {name} is not registered", ask)
    return 0


@also_called("module", "filename")
def udf_remove(filename: str, policy: InfoPolicy | Options | None = None) -> Call[int]:
    """Remove a module, and wait until no node has it. Returns 0, also if there was
    none.

    :param filename: its name in the cluster, as udf_list() shows it.
    :raises TimeoutError: for 60 s no further node has removed it, or one gave no
        answer.
    """
    name = _name_of(filename)
    yield Info(command_of("udf-remove", filename=name), policy)

    def ask(node: str, _waited_s: float) -> Call[Progress]:
        reply: str = yield Info("udf-list", policy, node)
        names = [module.get("filename") for module in _modules_of(reply)]
        return BEGUN if name in names else DONE

    yield from wait_for_nodes(f"module {name} is not removed", ask)
    return 0


def udf_list(
    policy: InfoPolicy | Options | None = None,
) -> Call[list[dict[str, Any]]]:
    """List the modules that are registered.

    :return: list of dicts: "name", "hash" (a bytearray of 40 hexadecimal digits),
        "type" (UDF_TYPE_LUA), "content" (empty; udf_get() reads it).
    """
    reply: str = yield Info("udf-list", policy)
    return [
        {
            "name": module.get("filename", ""),
            "hash": bytearray(
                module.get("hash", "").encode("utf-8", "surrogateescape")
            ),
            "type": c.UDF_TYPE_LUA,
            "content": bytearray(),
        }
        for module in _modules_of(reply)
    ]


def udf_get(
    module: str, language: int = 0, policy: InfoPolicy | Options | None = None
) -> Call[str]:
    """Return the source text of a module. Bytes that are not UTF-8 are lone surrogates
    in it.

    :param module: the name of its file, as udf_list() shows it.
    :param language: UDF_TYPE_LUA.
    :raises UDFError: there is no such module.
    """
    import base64

    _check_language(language, "Invalid language")
    if not isinstance(module, str):
        raise client_error(
            "Module name should be a string or unicode string.",
            f"module is {type(module).__name__}",
        )
    name = _name_of(module)
    try:
        reply: str = yield Info(command_of("udf-get", filename=name), policy)
    except exception.UDFError as error:
        explain_module(error, name)
        raise
    content = _content_of(reply)
    try:
        source = base64.b64decode(content, validate=True)
    except ValueError as why:
        raise client_error(f"malformed reply: the source is no base64: {why}") from why
    if not source:  # which no node accepts as a module
        raise client_error("malformed reply: it has no source of a module")
    return source.decode("utf-8", "surrogateescape")
