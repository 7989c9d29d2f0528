"""Regular expressions as a server's expressions have them: those of the C library.

They work on bytes. This module asks the library of the process, in the locale "C". It
does so by way of ctypes, which some builds of Python lack: see `NO_CTYPES`.
Unlike a real server it refuses patterns whose repetitions or brackets would cost too
much memory, and those with repetitions and backreferences, which may take minutes on a
few kilobytes. Source: section 4.1 of the expression rules.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from math import prod
from typing import TYPE_CHECKING

from aerospike_devserver.result import Result, ServerError

if TYPE_CHECKING:
    import ctypes

log = logging.getLogger(__name__)

NO_CTYPES = "regular expressions need the module ctypes, which this Python lacks"

EXTENDED, IGNORE_CASE, BY_LINES = 1, 2, 4
"""Bits of the wire; all others have no effect."""

_ON_LINUX = sys.platform == "linux"
_NEWLINE, _NO_MATCHES = (4, 8) if _ON_LINUX else (8, 4)
"""Bits of the library, beside those that are the same everywhere."""
_CTYPE_MASK = 1 if _ON_LINUX else 2

_SIZE = 256
"""Bytes for what the library calls regex_t; it is smaller everywhere."""
_MAX_REPETITIONS = 40_000
_MAX_GROUPS = 500
"""The library recurses into groups."""
_REPETITION = re.compile(rb"\{(\d*),?(\d*)")
_REFERENCE = re.compile(rb"(?:[^\\]|^)(?:\\\\)*\\[1-9]")
_REPEATS = re.compile(rb"[*+{]")


@cache
def _library() -> ctypes.CDLL:
    """The C library of the process. ServerError 16 without ctypes."""
    try:
        import ctypes
    except ImportError as cause:
        log.warning(NO_CTYPES)
        raise ServerError(Result.UNSUPPORTED_FEATURE, text=NO_CTYPES) from cause
    made = ctypes.CDLL(None)
    made.newlocale.restype = ctypes.c_void_p
    made.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    made.uselocale.restype = ctypes.c_void_p
    made.uselocale.argtypes = [ctypes.c_void_p]
    return made


def _new_buffer() -> ctypes.Array[ctypes.c_char]:
    """Room for what the library makes of a pattern."""
    import ctypes

    return ctypes.create_string_buffer(_SIZE)


@cache
def _c_locale() -> int:
    """The locale "C"."""
    made: int = _library().newlocale(_CTYPE_MASK, b"C", None)
    return made


class InvalidRegex(ValueError):
    """The library does not take the pattern, or it would cost too much."""


@contextmanager
def _bytes_are_characters() -> Iterator[None]:
    """This thread is in the locale "C"."""
    use = _library().uselocale
    before = use(_c_locale())
    try:
        yield
    finally:
        use(before)


def _cost(pattern: bytes) -> int:
    """How often the innermost part may be repeated."""
    counts = (
        max(map(int, filter(None, found)), default=1) for found in _repeats(pattern)
    )
    return prod(max(1, count) for count in counts)


def _repeats(pattern: bytes) -> list[tuple[bytes, bytes]]:
    return [(low[:9], high[:9]) for low, high in _REPETITION.findall(pattern)]


class Regex:
    """A compiled pattern, up to its first NUL byte; InvalidRegex, ServerError 16."""

    def __init__(self, pattern: bytes, flags: int) -> None:
        self._is_made = False
        library = _library()
        if _cost(pattern) > _MAX_REPETITIONS or pattern.count(b"(") > _MAX_GROUPS:
            raise InvalidRegex("too costly")
        if _REFERENCE.search(pattern) and _REPEATS.search(pattern):
            raise InvalidRegex("refers back to a repetition")
        wanted = flags & (EXTENDED | IGNORE_CASE) | _NO_MATCHES
        wanted |= _NEWLINE if flags & BY_LINES else 0
        self._free = library.regfree  # there even when the interpreter ends
        self._search = library.regexec
        self._compiled = _new_buffer()
        with _bytes_are_characters():
            code = library.regcomp(self._compiled, pattern, wanted)
        if code:
            raise InvalidRegex(f"regcomp() gives {code}")
        self._is_made = True

    def __del__(self) -> None:
        if getattr(self, "_is_made", False):
            self._free(self._compiled)

    def matches(self, subject: bytes) -> bool:
        """Whether it matches anywhere before the first NUL byte of the subject."""
        with _bytes_are_characters():
            found: int = self._search(self._compiled, subject, 0, None, 0)
        return found == 0
