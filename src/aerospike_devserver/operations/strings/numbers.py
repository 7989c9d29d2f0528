"""Conversions from strings to numbers, and back.

Source: section B.2 of the page on string operations.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

_MAX_INTEGER_SIZE = 20
_MAX_DOUBLE_SIZE = 327
_SMALLEST_NORMAL = 2.0**-1022
_MAX = 1 << 63

_BLANKS = r"[ \t\n\v\f\r]*"
_INTEGER = re.compile(rf"{_BLANKS}([+-]?[0-9]+)")
_DECIMAL = re.compile(
    rf"{_BLANKS}([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)", re.IGNORECASE
)
_HEX = re.compile(
    rf"{_BLANKS}([+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?)",
    re.IGNORECASE,
)
_INFINITY = re.compile(rf"{_BLANKS}([+-]?inf(?:inity)?)", re.IGNORECASE)
_NAN = re.compile(rf"{_BLANKS}([+-]?nan)(?:\([0-9a-z_]*\))?", re.IGNORECASE)

_ONLY_INTEGER = re.compile(r"[+-]?[0-9]+")
_ONLY_FLOAT = re.compile(r"[+-]?[0-9]*\.[0-9]+")


def to_integer(text: str) -> int | None:
    """A signed integer of 64 bits, decimal; None if the text is none."""
    found = _INTEGER.fullmatch(text)
    if found is None or len(text) > _MAX_INTEGER_SIZE:
        return None
    number = int(found[1])
    return number if -_MAX <= number < _MAX else None


def to_double(text: str) -> float | None:
    """A number as strtod() takes it in the C locale; None if the text is none.

    Neither overflow nor underflow is taken.
    """
    if len(text.encode()) > _MAX_DOUBLE_SIZE:
        return None
    found = _INFINITY.fullmatch(text) or _NAN.fullmatch(text)
    if found is not None:
        return float(found[1])
    found = _HEX.fullmatch(text)
    if found is not None:
        return _from_hex(found[1])
    found = _DECIMAL.fullmatch(text)
    return None if found is None else _from_decimal(found[1])


def _from_hex(text: str) -> float | None:
    try:
        number = float.fromhex(text)
    except OverflowError:
        return None
    digits = text.lower().partition("x")[2].partition("p")[0]
    return number if number or not digits.strip("0.") else None


def _from_decimal(text: str) -> float | None:
    number = float(text)
    if math.isinf(number):
        return None
    if abs(number) >= _SMALLEST_NORMAL:
        return number
    if not number:
        digits = text.lower().partition("e")[0]
        return None if digits.strip("+-0.") else number
    return number if Decimal(number) == Decimal(text) else None


def is_integer(text: str) -> bool:
    """Sign and digits alone, of a number of 64 bits; leading zeros do not matter."""
    if not _ONLY_INTEGER.fullmatch(text):
        return False
    digits = text.lstrip("+-").lstrip("0")
    number = int(digits[:_MAX_INTEGER_SIZE] or "0") * (-1 if text[0] == "-" else 1)
    return -_MAX <= number < _MAX


def is_float(text: str) -> bool:
    """Sign, digits and a point with digits behind it; zeros around do not matter."""
    if not _ONLY_FLOAT.fullmatch(text):
        return False
    sign = "-" if text[0] == "-" else ""
    return to_double(sign + text.lstrip("+-").lstrip("0").rstrip("0") + "0") is not None


def from_double(number: float) -> str:
    """A text that reads back as the same number."""
    return repr(number)
