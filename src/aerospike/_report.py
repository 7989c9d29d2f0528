"""What the client says in the log `aerospike` of the standard library.

Importing the package is cheap: slow modules are named where they are used. The first
client has imported them before anything is said (src/aerospike/_core/clients/client.c),
and no call does so; test_import.py looks after that.
"""

from __future__ import annotations

import os
import sys

from aerospike import exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# what has been said in this process, so that it is said once
_said: set[tuple[str, str]] = set()
_LIMIT = 1000

# levels of the client -> levels of logging
_LEVELS = {0: 40, 1: 30, 2: 20, 3: 10, 4: 5}


def _logger() -> Any:
    import logging

    logger = logging.getLogger("aerospike")
    if not logger.handlers:
        # a library does not print: without this, warnings go to the terminal
        logger.addHandler(logging.NullHandler())
    return logger


def warn_once(topic: str, key: str, text: str, *args: Any) -> None:
    """Log a warning, once in this process for each topic and key."""
    if (topic, key) not in _said and len(_said) < _LIMIT:
        _said.add((topic, key))
        _logger().warning(text, *args)


def unknown_key(what: str, key: object, known: list[str], strict: bool) -> None:
    """Warn of a key that no option table has, or refuse it when strict.

    :param what: names the dictionary: "policy", "client config", "record metadata".
    :param known: the keys that it may have; the nearest one is named.
    :raises ParamError: strict, the client's ``validate_keys``.
    """
    if not strict and (what, str(key)) in _said:
        return  # soon, for this may be on the way of every call
    import difflib

    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    text = f'"{key}" is an invalid {what} dictionary key{hint}'
    if strict:
        raise exception.ParamError(-2, text, __file__, 0, False)
    warn_once(what, str(key), "%s (ignored)", text)


def log_line(level: int, func: str, path: str, line: int, message: str) -> None:
    """The log handler of the client while the application has set none."""
    _logger().log(_LEVELS.get(level, 10), "%s (%s:%d)", message, path, line)


def print_line(level: int, func: str, path: str, line: int, message: str) -> None:
    """The log handler that set_log_handler() installs when it is given none."""
    print(f"{os.getpid()}:{level} {message}", file=sys.stderr)
