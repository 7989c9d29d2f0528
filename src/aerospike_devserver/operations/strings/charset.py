"""Sets of characters, as regular expressions write them between brackets.

A set is a sorted list of ranges of code points. What is understood: single characters,
ranges, escapes, POSIX names, Unicode general categories and a few binary properties,
nested sets with union, intersection `&&` and difference `--`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

MAX_CODE_POINT = 0x10FFFF

Range = tuple[int, int]
"""First and last code point."""


class UnknownSet(ValueError):
    """A property or name that is not known here."""


class CharSet:
    """An immutable set of code points."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[Range]) -> None:
        merged: list[Range] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        self.ranges = tuple(merged)

    @classmethod
    def of(cls, characters: str) -> CharSet:
        """The set of the characters in a string."""
        return cls((ord(char), ord(char)) for char in characters)

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet(self.ranges + other.ranges)

    def __invert__(self) -> CharSet:
        gaps, start = [], 0
        for first, last in self.ranges:
            if start < first:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= MAX_CODE_POINT:
            gaps.append((start, MAX_CODE_POINT))
        return CharSet(gaps)

    def __and__(self, other: CharSet) -> CharSet:
        return ~(~self | ~other)

    def __sub__(self, other: CharSet) -> CharSet:
        return self & ~other

    def pattern(self, negation: str = "") -> str:
        """The set in the syntax of Python's `re`; negation: `^` or nothing."""
        if not self.ranges:
            return r"[\s\S]" if negation else r"(?!)"
        ranges = [f"{_escape(first)}-{_escape(last)}" for first, last in self.ranges]
        return f"[{negation}{''.join(ranges)}]"


def _escape(code_point: int) -> str:
    return f"\\U{code_point:08x}"


def _where(test: Callable[[str], bool]) -> CharSet:
    """The characters that pass a test; takes a fraction of a second."""
    ranges: list[Range] = []
    start = None
    for code_point in range(MAX_CODE_POINT + 2):
        inside = code_point <= MAX_CODE_POINT and test(chr(code_point))
        if inside and start is None:
            start = code_point
        elif not inside and start is not None:
            ranges.append((start, code_point - 1))
            start = None
    return CharSet(ranges)


_SUBCATEGORIES = {
    "L": "ultmo",
    "M": "nce",
    "N": "dlo",
    "P": "cdseifo",
    "S": "mcko",
    "Z": "slp",
    "C": "cfson",
}
_CATEGORIES = {
    major + minor for major, minors in _SUBCATEGORIES.items() for minor in ["", *minors]
}
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The Unicode property White_Space."""
HORIZONTAL = "".join(sorted(set(WHITE_SPACE) - set("\n\v\f\r\x85\u2028\u2029")))
LINE_ENDS = "\n\v\f\r\x85\u2028\u2029"

_TESTS: dict[str, Callable[[str], bool]] = {
    "alphabetic": str.isalpha,
    "alpha": str.isalpha,
    "lowercase": str.islower,
    "lower": str.islower,
    "uppercase": str.isupper,
    "upper": str.isupper,
    "digit": lambda char: unicodedata.category(char) == "Nd",
    "alnum": lambda char: char.isalpha() or unicodedata.category(char) == "Nd",
    "punct": lambda char: unicodedata.category(char)[0] == "P",
    "cntrl": lambda char: unicodedata.category(char) == "Cc",
    "word": lambda char: (
        char.isalpha()
        or unicodedata.category(char)[0] == "M"
        or unicodedata.category(char) in ("Nd", "Pc")
        or char in "\u200c\u200d"
    ),
}
_FIXED = {
    "white_space": CharSet.of(WHITE_SPACE),
    "whitespace": CharSet.of(WHITE_SPACE),
    "space": CharSet.of(WHITE_SPACE),
    "blank": CharSet.of(HORIZONTAL),
    "ascii": CharSet([(0, 0x7F)]),
    "any": CharSet([(0, MAX_CODE_POINT)]),
    "xdigit": CharSet.of("0123456789abcdefABCDEF"),
    "ascii_hex_digit": CharSet.of("0123456789abcdefABCDEF"),
}


@lru_cache(maxsize=64)
def named(name: str) -> CharSet:
    """The set of a property or category; UnknownSet."""
    name = name.strip()
    for prefix in ("gc=", "General_Category=", "Is"):
        name = name.removeprefix(prefix)
    if name in _CATEGORIES:
        return _where(lambda char: unicodedata.category(char).startswith(name))
    key = name.lower().replace(" ", "_")
    if key in _FIXED:
        return _FIXED[key]
    if key not in _TESTS:
        raise UnknownSet(name)
    return _where(_TESTS[key])


SPACE = CharSet.of("\t\n\f\r") | CharSet.of(WHITE_SPACE) - CharSet.of("\v\x85")
"""What `\\s` stands for."""
