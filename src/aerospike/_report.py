"""What the client warns of, and what it says in the log `aerospike`.

A warning is for the programmer, about a mistake in a call: Python shows it on the
terminal, unless the program says otherwise. A log line is about servers.

Importing the package is cheap: slow modules are named where they are used. The first
client has imported them before anything is said (src/aerospike/_core/clients/client.c),
and no call does so; test_import.py looks after that.
"""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

from aerospike import exception
from aerospike._errors import param_error, shown
from aerospike._interrupts import text_or_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# what has been said in this process, so that it is said once
_said: set[tuple[str, str]] = set()
_LIMIT = 1000

# the packages whose lines no warning points at: it points at the line that calls them
_OWN = {"aerospike", "aerospike_helpers"}

# levels of the client -> levels of logging
_LEVELS = {0: 40, 1: 30, 2: 20, 3: 10, 4: 5}


# what other clients call a dictionary in the text that programs compare
_KINDS = {
    "policies": "client config",
    **dict.fromkeys(("list_policy", "map_policy", "hll_policy"), "policy"),
}


def _logger() -> Any:
    """The logger of the client, or None while nobody can have given it a handler.

    So the client does not import the module, which a fork meanwhile would break.
    """
    if "logging" not in sys.modules:
        return None
    import logging

    logger = logging.getLogger("aerospike")
    if not logger.handlers:
        # a library does not print: without this, log lines go to the terminal
        logger.addHandler(logging.NullHandler())
    return logger


def listener_failed(name: str, error: BaseException) -> None:
    """Report what a function of the program has raised that nobody waits for."""
    logger = _logger()
    if logger is not None:
        logger.error("%s has raised %s", name, type(error).__name__, exc_info=error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def _level_of_caller() -> int:
    """The stacklevel of the application, for a warn() in the calling function."""
    frame, level = sys._getframe(1), 1
    while str(frame.f_globals.get("__name__")).partition(".")[0] in _OWN:
        if frame.f_back is None:
            break
        frame, level = frame.f_back, level + 1
    return level


def warn(text: str) -> None:
    """Warn at the line of the application that has made the call.

    :raises AerospikeWarning: the program's filters make errors of warnings.
    """
    import warnings

    warnings.warn(text, exception.AerospikeWarning, _level_of_caller())


def _is_said(topic: str, key: str) -> bool:
    return (topic, key) in _said or len(_said) >= _LIMIT


def warn_once(topic: str, key: str, text: str) -> None:
    """Warn, once in this process for each topic and key.

    :raises AerospikeWarning: the program's filters make errors of warnings. It counts
        as not said then.
    """
    if not _is_said(topic, key):
        warn(text)
        _said.add((topic, key))


# so many keys can be read at a glance, or nearly so
_MOST_LISTED = 30


def _listed(known: list[str]) -> str:
    return f" (known: {', '.join(sorted(known))})" if len(known) <= _MOST_LISTED else ""


# keys of scan policies; of queries they are attributes
_ATTRIBUTES = ("max_records", "records_per_second")


def _is_of_policies(name: str) -> bool:
    """Whether config["policies"] may have a key."""
    from aerospike._core import option_tables

    tables = option_tables()
    return any(
        row["name"] == name for table in ("policies", "policy") for row in tables[table]
    )


def _hint(name: str, known: list[str], what: str, place: str) -> str:
    """What a caller may have meant by a key that none is."""
    import difflib

    if (what, place) == ("client config", "") and _is_of_policies(name):
        return f' (it belongs in config["policies"]: {{"policies": {{{name!r}: ...}}}})'
    if place in ("query", "policies.query") and name in _ATTRIBUTES:
        return f" (it is an attribute: set query.{name})"
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else _listed(known)


def unknown_key(
    what: str, key: object, known: list[str], strict: bool, place: str = ""
) -> None:
    """Warn of a key that no option table has, or refuse it when strict.

    :param what: names the dictionary: "policy", "client config", "record metadata".
    :param known: the keys that it may have; the nearest one is named, or all.
    :param place: which policy: "read", or "policies.read" in the configuration.
    :raises ParamError: strict, the client's ``validate_keys``.
    :raises AerospikeWarning: as `warn_once`.
    """
    topic = f"{place} {what}".strip()
    name = text_or_type(str, key)
    if not strict and _is_said(topic, name):
        return  # soon, for this may be on the way of every call
    text = f"unknown {topic} key {shown(key)}{_hint(name, known, what, place)}"
    if strict:
        kind = _KINDS.get(what, what)
        raise param_error(f'"{name}" is an invalid {kind} dictionary key', text)
    warn_once(topic, name, f"{text}; it is ignored")


def log_line(level: int, func: str, path: str, line: int, message: str) -> None:
    """The log handler of the client while the application has set none."""
    logger = _logger()
    if logger is not None:
        place = f" ({path}:{line})" if line else ""  # none of a line of Python
        logger.log(_LEVELS.get(level, 10), "%s%s", message, place)


def print_line(level: int, func: str, path: str, line: int, message: str) -> None:
    """The log handler that set_log_handler() installs when it is given none."""
    print(f"{os.getpid()}:{level} {message}", file=sys.stderr)


def report_unraisable(context: dict[str, Any]) -> None:
    """report() of an event loop that has no handler of its own: on stderr."""
    error = context["exception"]
    sys.unraisablehook(
        SimpleNamespace(
            exc_type=type(error),
            exc_value=error,
            exc_traceback=error.__traceback__,
            err_msg=context["message"],
            object=context.get("future"),
        )
    )
