"""What is said about option keys that no table has."""

from __future__ import annotations

import difflib
import logging

from aerospike import exception

_log = logging.getLogger("aerospike")
_said: set[tuple[str, str]] = set()


def report_unknown_key(what: str, key: object, known: list[str], strict: bool) -> None:
    """Log an unknown key once for each process, or refuse it when strict.

    :param what: names the dictionary: "policy", "client config", "record metadata".
    :param known: the keys that it may have; the nearest one is named.
    :raises ParamError: strict, the client's ``validate_keys``.
    """
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    text = f'"{key}" is an invalid {what} dictionary key{hint}'
    if strict:
        raise exception.ParamError(-2, text, __file__, 0, False)
    if (what, str(key)) not in _said:
        _said.add((what, str(key)))
        _log.warning("%s (ignored)", text)
