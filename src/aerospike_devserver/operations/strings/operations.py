"""The operations on strings: a row for each.

Functions take the string as `str`. Those that modify give the new one, or raise
`CannotApply`, which NO_FAIL excuses. Source: sections B to D of the page on string
operations.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Callable

from aerospike_devserver.codec.msgpack import encode
from aerospike_devserver.operations.arguments import anything, refuse, unsigned
from aerospike_devserver.operations.rows import (
    CREATE_ONLY,
    MAX_SIZE,
    NO_FAIL,
    UPDATE_ONLY,
    Flags,
    Rows,
    registrar,
)
from aerospike_devserver.operations.strings import effort, matching, numbers, regex
from aerospike_devserver.operations.strings.charset import WHITE_SPACE
from aerospike_devserver.operations.strings.errors import (
    ARGUMENT_UTF8,
    BASE64,
    CONVERSION,
    INDEX,
    UTF8,
    bad,
    impossible,
    unfit,
)
from aerospike_devserver.result import Result
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import TYPE_STRING, ListValue, Value

MAX_RESULT = 8 << 20
"""Bytes that the result of a modification may be estimated at."""
_MAX_EXPANSION = 3
"""Bytes that a byte may become by another case or normal form."""
_MAX_CHARACTER = 4

_ASCII_SPACE = " \t\n\v\f\r"

ROWS: Rows = {}
"""String operations by code."""

_row = registrar(ROWS)


# Kinds of arguments


def _integer(value: Value) -> int:
    """An index, a length or a count."""
    if type(value) is not int or not -MAX_SIZE <= value <= MAX_SIZE:
        raise bad("no integer, or out of range")
    return value


def _text(value: Value) -> str:
    """A byte string in UTF-8; its inner type byte is not looked at."""
    if type(value) is not bytes or not value:
        raise bad("string expected")
    try:
        return value[1:].decode()
    except UnicodeDecodeError as cause:
        raise bad("an argument is not UTF-8", ARGUMENT_UTF8) from cause


def _regex_flags(allowed: int) -> Callable[[Value], int]:
    def flags(value: Value) -> int:
        number = unsigned(_integer(value))
        if number & ~allowed:
            raise bad("flags of a regular expression that are not allowed here")
        return number

    return flags


_CREATE = (Flags(CREATE_ONLY | UPDATE_ONLY | NO_FAIL), 0)
_CHANGE = (Flags(UPDATE_ONLY | NO_FAIL), 0)


def _list_of_texts(value: Value, count: int | None = None) -> list[str]:
    """The strings in a list; what is wrong with them is found late: NO_FAIL helps."""
    if type(value) is not ListValue or value.flags:
        raise unfit("list of strings expected")
    if count is not None and len(value.items) != count:
        raise unfit(f"{count} strings expected")
    texts = []
    for item in value.items:
        if type(item) is not bytes or item[:1] != bytes((TYPE_STRING,)):
            raise unfit("an element is no string")
        try:
            texts.append(item[1:].decode())
        except UnicodeDecodeError as cause:
            raise unfit("an element is not UTF-8", ARGUMENT_UTF8) from cause
    return texts


# Results


def to_value(text: str) -> bytes:
    """A string as a value of `values.values`."""
    return bytes((TYPE_STRING,)) + text.encode()


def _blob(content: bytes) -> bytes:
    return bytes((Particle.BLOB,)) + content


def _size(text: str) -> int:
    return len(text.encode())


def _check_estimate(size: int) -> None:
    if size > MAX_RESULT:
        raise unfit("the result may become too large")


# Reads


@_row(0)
def strlen(text: str) -> int:
    """Code points."""
    return len(text)


def _place(index: int, size: int) -> int:
    """An index cut to 0...size; a negative one counts from the end."""
    return min(max(index + size if index < 0 else index, 0), size)


def _bounds(text: str, start: int, end: int | None) -> tuple[int, int]:
    """A range; where it ends before it begins, nothing at the start."""
    size = len(text)
    first, last = _place(start, size), _place(size if end is None else end, size)
    return (first, last) if first < last else (0, 0)


@_row(1, _integer, optional=((_integer, None),))
def substr(text: str, start: int, end: int | None) -> bytes:
    """From an index up to, not including, another."""
    first, last = _bounds(text, start, end)
    return to_value(text[first:last])


@_row(2, _integer)
def char_at(text: str, index: int) -> bytes:
    """One code point; behind the end, none."""
    place = _place(index, len(text))
    return to_value(text[place : place + 1])


@_row(3, _text, optional=((_integer, 1),))
def find(text: str, needle: str, occurrence: int) -> int:
    """Where a match begins: the first is 1, the last -1; -1 = there is none."""
    if not occurrence:
        raise refuse(Result.REQUEST_INVALID, text="occurrence is not 0")
    if not needle:
        return 0
    search = matching.matches if occurrence > 0 else matching.matches_back
    for number, match in enumerate(search(text, needle), 1):
        if number == abs(occurrence):
            return match.start
    return -1


@_row(4, _text)
def contains(text: str, needle: str) -> bool:
    """Whether there is a match."""
    return not needle or next(matching.matches(text, needle), None) is not None


@_row(5, _text)
def starts_with(text: str, needle: str) -> bool:
    """Whether there is a match at the start."""
    if not needle:
        return True
    first = next(matching.matches(text, needle), None)
    return first is not None and first.start == 0


@_row(6, _text)
def ends_with(text: str, needle: str) -> bool:
    """Whether there is a match at the end."""
    if not needle:
        return True
    last = next(matching.matches_back(text, needle), None)
    return last is not None and last.end == len(text)


@_row(7)
def to_integer(text: str) -> int:
    """A decimal number of 64 bits."""
    number = numbers.to_integer(text)
    if number is None:
        raise refuse(subcode=CONVERSION, text="the string is no integer")
    return number


@_row(8)
def to_double(text: str) -> float:
    """A floating point number."""
    number = numbers.to_double(text)
    if number is None:
        raise refuse(subcode=CONVERSION, text="the string is no number")
    return number


@_row(9)
def byte_length(text: str) -> int:
    """Bytes in UTF-8."""
    return _size(text)


_NUMERIC: dict[int, Callable[[str], bool]] = {
    0: lambda text: numbers.is_integer(text) or numbers.is_float(text),
    1: numbers.is_integer,
    2: numbers.is_float,
}


@_row(10, optional=((_integer, 0),))
def is_numeric(text: str, numeric_type: int) -> bool:
    """Whether the string is a number: 0 any, 1 integer, 2 with a fraction."""
    if numeric_type not in _NUMERIC:
        raise refuse(Result.REQUEST_INVALID, text="unknown type of number")
    return _NUMERIC[numeric_type](text)


@_row(11)
def is_upper(text: str) -> bool:
    """Whether each code point is an upper case letter."""
    return all(unicodedata.category(char) == "Lu" for char in text)


@_row(12)
def is_lower(text: str) -> bool:
    """Whether each code point is a lower case letter."""
    return all(unicodedata.category(char) == "Ll" for char in text)


@_row(13)
def to_blob(text: str) -> bytes:
    """The bytes of UTF-8."""
    return _blob(text.encode())


@_row(14, optional=((_text, ""),))
def split(text: str, separator: str) -> ListValue:
    """The parts between separators; without one, the code points."""
    parts = text.split(separator) if separator else list(text)
    return ListValue([to_value(part) for part in parts])


@_row(15)
def b64_decode(text: str) -> bytes:
    """The bytes that the string is the base64 of."""
    try:
        return _blob(base64.b64decode(text.encode(), validate=True))
    except binascii.Error as cause:
        raise refuse(subcode=BASE64, text="the string is no base64") from cause


@_row(16, _text, optional=((_regex_flags(regex.COMPARE_FLAGS), 0),))
def regex_compare(text: str, pattern: str, flags: int) -> bool:
    """Whether a regular expression matches anywhere."""
    return bool(effort.find(regex.compiled(pattern, flags), text, 1))


# Modifications of the content


@_row(50, _integer, _text, optional=(_CREATE,), modifies=True, creates=True)
def insert(text: str, index: int, value: str, _flags: int) -> str:
    """Put a string in between."""
    _check_estimate(_size(text) + _size(value))
    place = _place(index, len(text))
    return text[:place] + value + text[place:]


@_row(51, _integer, _text, optional=(_CREATE,), modifies=True, creates=True)
def overwrite(text: str, index: int, value: str, _flags: int) -> str:
    """Put a string in the place of as many code points; it may run over the end."""
    if not 0 <= index <= max(0, len(text) - 1):
        raise unfit("index out of bounds", INDEX)
    _check_estimate(_size(text) + _size(value))
    return text[:index] + value + text[index + len(value) :]


@_row(52, anything, optional=(_CREATE,), modifies=True, creates=True)
def concat(text: str, values: Value, _flags: int) -> str:
    """Put several strings behind."""
    _check_estimate(_size(text) + len(encode(values)))
    return text + "".join(_list_of_texts(values))


@_row(53, _integer, optional=((_integer, None), _CHANGE), modifies=True)
def snip(text: str, start: int, end: int | None, _flags: int) -> str:
    """Take a range away."""
    first, last = _bounds(text, start, end)
    return text[:first] + text[last:]


def _substitute(text: str, values: Value, count: int | None) -> str:
    """Replace matches, at most count of them, None = all."""
    needle, replacement = _list_of_texts(values, 2)
    if not needle:
        raise unfit("there is nothing to look for")
    size, needle_size = _size(text), _size(needle)
    most = size // needle_size if count is None else count
    grown = size - most * needle_size + most * _size(replacement)
    _check_estimate(_MAX_EXPANSION * grown)
    parts, done = [], 0
    for number, match in enumerate(matching.matches(text, needle)):
        if number == count:
            break
        parts += [text[done : match.start], replacement]
        done = match.end
    return "".join([*parts, text[done:]])


@_row(54, anything, optional=(_CHANGE,), modifies=True)
def replace(text: str, values: Value, _flags: int) -> str:
    """Replace the first match."""
    return _substitute(text, values, 1)


@_row(55, anything, optional=(_CHANGE,), modifies=True)
def replace_all(text: str, values: Value, _flags: int) -> str:
    """Replace all matches."""
    return _substitute(text, values, None)


@_row(
    66,
    anything,
    optional=((_regex_flags(regex.REPLACE_FLAGS), 0), _CHANGE),
    modifies=True,
)
def regex_replace(text: str, values: Value, flags: int, _flags: int) -> str:
    """Replace the first match of a regular expression, or with GLOBAL all."""
    size = _size(text)
    grown = size + (size + 1) * len(encode(values))
    _check_estimate(_MAX_EXPANSION * grown)
    pattern, replacement = _list_of_texts(values, 2)
    return regex.replace(pattern, flags, replacement, text)


@_row(67, _text, optional=(_CREATE,), modifies=True, creates=True)
def append(text: str, value: str, _flags: int) -> str:
    """Put a string behind."""
    _check_estimate(_size(text) + _size(value))
    return text + value


@_row(68, _text, optional=(_CREATE,), modifies=True, creates=True)
def prepend(text: str, value: str, _flags: int) -> str:
    """Put a string in front."""
    _check_estimate(_size(text) + _size(value))
    return value + text


# Modifications of case, form and length


def _mapping(
    code: int, name: str, function: Callable[[str], str], expansion: int
) -> None:
    """Register an operation that needs only the string."""

    def run(text: str, _flags: int) -> str:
        _check_estimate(expansion * _size(text))
        return function(text)

    run.__name__ = name
    _row(code, optional=(_CHANGE,), modifies=True)(run)


def _blanks(text: str) -> str:
    """What is trimmed off a string."""
    return _ASCII_SPACE if text.isascii() else WHITE_SPACE


_mapping(56, "upper", str.upper, _MAX_EXPANSION)
_mapping(57, "lower", str.lower, _MAX_EXPANSION)
_mapping(58, "casefold", str.casefold, _MAX_EXPANSION)
_mapping(
    59, "normalize_nfc", lambda text: unicodedata.normalize("NFC", text), _MAX_EXPANSION
)
_mapping(60, "trim_start", lambda text: text.lstrip(_blanks(text)), 1)
_mapping(61, "trim_end", lambda text: text.rstrip(_blanks(text)), 1)
_mapping(62, "trim", lambda text: text.strip(_blanks(text)), 1)


def _padding(text: str, size: int, pad: str) -> str:
    """What is missing at a length, made of repetitions of a string."""
    if size < 0 or not pad:
        raise unfit("the length is not negative, and the padding not empty")
    _check_estimate(max(_size(text), _MAX_CHARACTER * size))
    missing = max(0, size - len(text))
    return (pad * (missing // len(pad) + 1))[:missing]


@_row(63, _integer, _text, optional=(_CREATE,), modifies=True, creates=True)
def pad_start(text: str, size: int, pad: str, _flags: int) -> str:
    """Fill up in front to a length in code points."""
    return _padding(text, size, pad) + text


@_row(64, _integer, _text, optional=(_CREATE,), modifies=True, creates=True)
def pad_end(text: str, size: int, pad: str, _flags: int) -> str:
    """Fill up behind to a length in code points."""
    return text + _padding(text, size, pad)


@_row(65, _integer, optional=(_CREATE,), modifies=True, creates=True)
def repeat(text: str, count: int, _flags: int) -> str:
    """The string so many times."""
    if count < 0:
        raise unfit("the count is not negative")
    _check_estimate(_size(text) * count)
    return text * count


# Conversion of values of other types


def _text_of_bytes(value: bytes) -> str:
    """A string as it is, the bytes of a blob if they are UTF-8."""
    if value[:1] not in (bytes((TYPE_STRING,)), bytes((Particle.BLOB,))):
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE, text="no text for such a value")
    try:
        return value[1:].decode()
    except UnicodeDecodeError as cause:
        raise impossible("the value is not UTF-8", UTF8) from cause


_TO_TEXT: dict[type, Callable[[Value], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    float: numbers.from_double,
    bytes: _text_of_bytes,
}


def to_string(value: Value) -> bytes:
    """A number, bool, string or blob as a string; ServerError 12 for others."""
    convert = _TO_TEXT.get(type(value))
    if convert is None:
        raise refuse(Result.BIN_INCOMPATIBLE_TYPE, text="no text for such a value")
    return to_value(convert(value))
