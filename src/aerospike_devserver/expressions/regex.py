"""Regular expressions as a server's expressions have them: those of the C library.

They work on bytes. This module asks the library of the process, in the locale "C".
Unlike a real server it refuses patterns whose repetitions or brackets would cost too
much memory, and those with repetitions and backreferences, which may take minutes on a
few kilobytes. Source: section 4.1 of the expression rules.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

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

_libc = ctypes.CDLL(None)
_libc.newlocale.restype = ctypes.c_void_p
_libc.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
_libc.uselocale.restype = ctypes.c_void_p
_libc.uselocale.argtypes = [ctypes.c_void_p]
_C_LOCALE = _libc.newlocale(_CTYPE_MASK, b"C", None)


class InvalidRegex(ValueError):
    """The library does not take the pattern, or it would cost too much."""


@contextmanager
def _bytes_are_characters() -> Iterator[None]:
    """This thread is in the locale "C"."""
    before = _libc.uselocale(_C_LOCALE)
    try:
        yield
    finally:
        _libc.uselocale(before)


def _cost(pattern: bytes) -> int:
    """How often the innermost part may be repeated."""
    counts = (
        max(map(int, filter(None, found)), default=1) for found in _repeats(pattern)
    )
    return prod(max(1, count) for count in counts)


def _repeats(pattern: bytes) -> list[tuple[bytes, bytes]]:
    return [(low[:9], high[:9]) for low, high in _REPETITION.findall(pattern)]


class Regex:
    """A compiled pattern, up to its first NUL byte; InvalidRegex."""

    _free = staticmethod(_libc.regfree)  # there even when the interpreter ends

    def __init__(self, pattern: bytes, flags: int) -> None:
        self._compiled = ctypes.create_string_buffer(_SIZE)
        self._is_made = False
        if _cost(pattern) > _MAX_REPETITIONS or pattern.count(b"(") > _MAX_GROUPS:
            raise InvalidRegex("too costly")
        if _REFERENCE.search(pattern) and _REPEATS.search(pattern):
            raise InvalidRegex("refers back to a repetition")
        wanted = flags & (EXTENDED | IGNORE_CASE) | _NO_MATCHES
        wanted |= _NEWLINE if flags & BY_LINES else 0
        with _bytes_are_characters():
            code = _libc.regcomp(self._compiled, ctypes.c_char_p(pattern), wanted)
        if code:
            raise InvalidRegex(f"regcomp() gives {code}")
        self._is_made = True

    def __del__(self) -> None:
        if getattr(self, "_is_made", False):
            self._free(self._compiled)

    def matches(self, subject: bytes) -> bool:
        """Whether it matches anywhere before the first NUL byte of the subject."""
        with _bytes_are_characters():
            text = ctypes.c_char_p(subject)
            found: int = _libc.regexec(self._compiled, text, 0, None, 0)
        return found == 0
