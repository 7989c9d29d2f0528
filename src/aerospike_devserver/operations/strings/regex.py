"""Regular expressions of ICU's dialect, by Python's engine.

A pattern is translated; what has no counterpart is refused like a malformed one: text
boundaries by grapheme, lookbehind of no fixed width, scripts and other properties.
Source: section B.2 of the page on string operations, regex.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from aerospike_devserver.operations.strings import charset, effort
from aerospike_devserver.operations.strings.charset import CharSet
from aerospike_devserver.operations.strings.effort import Found
from aerospike_devserver.operations.strings.errors import REGEX, impossible, unfit

CASE_INSENSITIVE, MULTILINE, DOTALL, UNIX_LINES, GLOBAL = 1, 2, 4, 8, 16
COMPARE_FLAGS = CASE_INSENSITIVE | MULTILINE | DOTALL | UNIX_LINES
REPLACE_FLAGS = COMPARE_FLAGS | GLOBAL

_COMMENTS = 1 << 8
_INLINE = {
    "i": CASE_INSENSITIVE,
    "m": MULTILINE,
    "s": DOTALL,
    "d": UNIX_LINES,
    "x": _COMMENTS,
}

_FLAGS = re.compile(r"([a-z]*)(?:-([a-z]+))?([:)])")
_COUNTS = re.compile(r"[0-9]+(,[0-9]*)?\}")

_END = r"[\n\v\f\r\x85\u2028\u2029]"
_INSIDE_CRLF = r"(?!(?<=\r)\n)"


class BadPattern(ValueError):
    """Malformed, or not supported here."""


class _Reader:
    """The pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    @property
    def rest(self) -> str:
        return self.pattern[self.at :]

    def peek(self, count: int = 1) -> str:
        return self.pattern[self.at : self.at + count]

    def take(self, count: int = 1) -> str:
        taken = self.peek(count)
        if len(taken) < count:
            raise BadPattern("pattern ends too early")
        self.at += count
        return taken

    def accept(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def until(self, end: str) -> str:
        """Everything up to a text, which is taken too."""
        stop = self.pattern.find(end, self.at)
        if stop < 0:
            raise BadPattern(f"{end} is missing")
        found = self.pattern[self.at : stop]
        self.at = stop + len(end)
        return found


# Characters and sets of them

_HEX_ESCAPES = {"u": 4, "U": 8}
_CONTROLS = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _code_point(digits: str) -> str:
    try:
        return chr(int(digits, 16))
    except (ValueError, OverflowError) as cause:
        raise BadPattern("no code point") from cause


def _character(reader: _Reader, escape: str) -> str:
    """The character that an escape stands for; the escape itself is taken already."""
    if escape in _CONTROLS:
        return _CONTROLS[escape]
    if escape in _HEX_ESCAPES:
        return _code_point(reader.take(_HEX_ESCAPES[escape]))
    if escape == "x":
        braced = reader.accept("{")
        return _code_point(reader.until("}") if braced else reader.take(2))
    if escape == "c":
        return chr(ord(reader.take().upper()) & 0x1F)
    if escape == "0":
        digits = re.match(r"[0-7]{1,3}", reader.peek(3))
        if digits is None:
            raise BadPattern("octal digits expected")
        return chr(int(reader.take(len(digits[0])), 8) & 0xFF)
    if escape.isascii() and escape.isalnum():
        raise BadPattern(f"unknown escape \\{escape}")
    return escape


_SETS: dict[str, Callable[[], CharSet]] = {
    "d": lambda: charset.named("digit"),
    "w": lambda: charset.named("word"),
    "s": lambda: charset.SPACE,
    "h": lambda: CharSet.of(charset.HORIZONTAL),
    "v": lambda: CharSet.of(charset.LINE_ENDS),
}


def _named_set(name: str) -> CharSet:
    """A set by name; `^` in front negates."""
    try:
        if name.startswith("^"):
            return ~charset.named(name[1:])
        return charset.named(name)
    except charset.UnknownSet as cause:
        raise BadPattern(f"unknown property {name}") from cause


def _escaped_set(reader: _Reader, escape: str) -> CharSet | None:
    """The set that an escape stands for, None if it is a character."""
    if escape in "pP" and reader.accept("{"):
        found = _named_set(reader.until("}"))
    elif escape.lower() in _SETS:
        found = _SETS[escape.lower()]()
    else:
        return None
    return ~found if escape.isupper() else found


def _set(reader: _Reader) -> CharSet:
    """A set in brackets, the first of which is taken already."""
    if reader.accept(":"):
        return _named_set(reader.until(":]"))
    if reader.accept("^"):
        return ~_rest_of_set(reader)
    return _rest_of_set(reader)


def _rest_of_set(reader: _Reader) -> CharSet:
    """A set up to its closing bracket, which is taken too."""
    found = CharSet(())
    while not reader.accept("]"):
        if reader.accept("&&"):
            found &= _operand(reader)
        elif reader.accept("--") or (reader.peek(2) == "-[" and reader.accept("-")):
            found -= _operand(reader)
        else:
            found |= _item(reader)
    return found


def _operand(reader: _Reader) -> CharSet:
    """What stands behind an operator: one set, or items up to the end."""
    if reader.accept("["):
        return _set(reader)
    found = CharSet(())
    while reader.peek() not in ("]", ""):
        found |= _item(reader)
    return found


def _item(reader: _Reader) -> CharSet:
    """A nested set, a class, a character or a range."""
    if reader.accept("["):
        return _set(reader)
    first = reader.take()
    if first == "\\":
        escape = reader.take()
        found = _escaped_set(reader, escape)
        if found is not None:
            return found
        first = _character(reader, escape)
    if reader.peek() != "-" or reader.peek(2) in ("-]", "-["):
        return CharSet.of(first)
    reader.take()
    last = reader.take()
    if last == "\\":
        last = _character(reader, reader.take())
    if last < first:
        raise BadPattern("range in the wrong order")
    return CharSet([(ord(first), ord(last))])


# The pattern as a whole


class _Group(NamedTuple):
    """An open parenthesis: the flags outside, and how many more `)` close it."""

    flags: int
    n_extra: int


class _Translator:
    """Writes a pattern for Python's engine."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._reader = _Reader(pattern)
        self._flags = flags
        self._out: list[str] = []
        self._groups: list[_Group] = []
        self._n_extra = 0

    def translate(self) -> str:
        reader = self._reader
        while reader.peek():
            char = reader.take()
            handler = _SYNTAX.get(char)
            if handler is not None:
                handler(self)
            elif self._flags & _COMMENTS and char in " \t\n\r\f\v#":
                if char == "#":
                    reader.at = (reader.pattern + "\n").find("\n", reader.at)
            else:
                self._literal(char)
        if self._groups:
            raise BadPattern("a parenthesis is not closed")
        return "".join(self._out) + ")" * self._n_extra

    def _literal(self, text: str) -> None:
        self._out.append(re.escape(text))

    def dot(self) -> None:
        if self._flags & DOTALL:
            self._out.append(r"(?:\r\n|[\s\S])")
        else:
            unix = self._flags & UNIX_LINES
            self._out.append(r"[^\n]" if unix else "[^" + _END[1:])

    def caret(self) -> None:
        if not self._flags & MULTILINE:
            self._out.append(r"\A")
        elif self._flags & UNIX_LINES:
            self._out.append(r"(?:\A|(?<=\n)(?!\Z))")
        else:
            self._out.append(rf"(?:\A|(?<={_END}){_INSIDE_CRLF}(?!\Z))")

    def dollar(self) -> None:
        ends = r"\n" if self._flags & UNIX_LINES else rf"\r\n|{_END}"
        ends = f"(?={ends}|\\Z)" if self._flags & MULTILINE else f"(?=(?:{ends})?\\Z)"
        self._out.append(ends + ("" if self._flags & UNIX_LINES else _INSIDE_CRLF))

    def bracket(self) -> None:
        """A set; negated by the engine, which is right about case then."""
        if self._reader.accept("^"):
            self._out.append(_rest_of_set(self._reader).pattern("^"))
        else:
            self._out.append(_set(self._reader).pattern())

    def backslash(self) -> None:
        reader = self._reader
        escape = reader.take()
        if escape == "Q":
            literal = reader.rest.partition("\\E")[0]
            self._literal(reader.take(len(literal)))
            reader.accept("\\E")
        elif escape == "R":
            self._out.append(rf"(?:\r\n|{_END})")
        elif escape in "ABb":
            self._out.append("\\" + escape)
        elif escape == "z":
            self._out.append(r"\Z")
        elif escape == "Z":
            self._out.append(rf"(?=(?:\r\n|{_END})?\Z)")
        elif escape == "k" and reader.accept("<"):
            self._out.append(f"(?P={self._name()})")
        elif escape in "123456789":
            self._out.append(f"(?:\\{escape})")
        else:
            self._class_or_character(escape)

    def _class_or_character(self, escape: str) -> None:
        found = _escaped_set(self._reader, escape)
        if found is not None:
            self._out.append(found.pattern())
        else:
            self._literal(_character(self._reader, escape))

    def _name(self) -> str:
        """The name of a group, up to the `>`."""
        name = self._reader.until(">")
        if not re.fullmatch("[A-Za-z][A-Za-z0-9]*", name):
            raise BadPattern("bad name of a group")
        return name

    def open(self) -> None:
        reader = self._reader
        if not reader.accept("?"):
            self._open("(")
        elif reader.accept("#"):
            reader.until(")")
        elif (kind := reader.peek(2)) in ("<=", "<!"):
            self._open("(?" + reader.take(len(kind)))
        elif reader.accept("<"):
            self._open(f"(?P<{self._name()}>")
        elif reader.peek() in (":", "=", "!", ">"):
            self._open("(?" + reader.take())
        else:
            self._open_flags()

    def _open(self, text: str) -> None:
        self._groups.append(_Group(self._flags, self._n_extra))
        self._n_extra = 0
        self._out.append(text)

    def _open_flags(self) -> None:
        """`(?flags)` up to the end of the group around, or `(?flags:...)`."""
        found = _FLAGS.match(self._reader.rest)
        if found is None or not set(found[1] + (found[2] or "")) <= set(_INLINE):
            raise BadPattern("unknown kind of parenthesis")
        self._reader.take(len(found[0]))
        flags = self._flags | sum(_INLINE[char] for char in set(found[1]))
        flags &= ~sum(_INLINE[char] for char in set(found[2] or ""))
        text = "(?i:" if flags & CASE_INSENSITIVE else "(?-i:"
        if found[3] == ":":
            self._open(text)
        else:
            self._out.append(text)
            self._n_extra += 1
        self._flags = flags

    def bar(self) -> None:
        """An alternative; inside `(?flags)` it belongs to the group around."""
        if self._n_extra:
            text = "(?i:" if self._flags & CASE_INSENSITIVE else "(?-i:"
            self._out.append(")" * self._n_extra + "|" + text)
            self._n_extra = 1
        else:
            self._out.append("|")

    def close(self) -> None:
        if not self._groups:
            raise BadPattern("a parenthesis is not open")
        self._out.append(")" * (self._n_extra + 1))
        self._flags, self._n_extra = self._groups.pop()

    def brace(self) -> None:
        """A counted repetition."""
        found = _COUNTS.match(self._reader.rest)
        if found is None:
            raise BadPattern("bad counts of a repetition")
        self._out.append("{" + self._reader.take(len(found[0])))

    def repeat(self) -> None:
        self._out.append(self._reader.pattern[self._reader.at - 1])


_SYNTAX: dict[str, Callable[[_Translator], None]] = {
    ".": _Translator.dot,
    "^": _Translator.caret,
    "$": _Translator.dollar,
    "[": _Translator.bracket,
    "\\": _Translator.backslash,
    "(": _Translator.open,
    ")": _Translator.close,
    "|": _Translator.bar,
    "{": _Translator.brace,
    "*": _Translator.repeat,
    "+": _Translator.repeat,
    "?": _Translator.repeat,
}


@lru_cache(maxsize=256)
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    """ValueError, OverflowError or RecursionError if that is not possible."""
    options = re.IGNORECASE if flags & CASE_INSENSITIVE else re.RegexFlag(0)
    try:
        return re.compile(_Translator(pattern, flags).translate(), options)
    except re.error as cause:
        raise BadPattern(str(cause)) from cause


def compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """The expression; 4 with a sub-code of its own if it is none."""
    try:
        return _compile(pattern, flags & COMPARE_FLAGS)
    except (ValueError, OverflowError, RecursionError) as cause:
        raise unfit("the regular expression is invalid", REGEX) from cause


# Replacing

_Part = Callable[[Found], str]


def _constant(text: str) -> _Part:
    return lambda _match: text


def _group(number: int) -> _Part:
    return lambda match: match.groups[number] or ""


def _parts(expression: re.Pattern[str], replacement: str) -> list[_Part]:
    """`$1` and `${name}` stand for groups, `\\` takes what follows as it is."""
    reader = _Reader(replacement)
    parts: list[_Part] = []
    while reader.peek():
        char = reader.take()
        if char == "\\":
            parts.append(_constant(_replacement_escape(reader)))
        elif char == "$":
            parts.append(_group(_group_key(reader, expression)))
        else:
            parts.append(_constant(char))
    return parts


def _replacement_escape(reader: _Reader) -> str:
    escape = reader.peek()
    if not escape:
        return ""
    reader.take()
    if escape in _HEX_ESCAPES:
        return _code_point(reader.take(_HEX_ESCAPES[escape]))
    return escape


def _group_key(reader: _Reader, expression: re.Pattern[str]) -> int:
    """The group behind a `$`: of a name, or as many digits as there is a group for."""
    if reader.accept("{"):
        name = reader.until("}")
        if name not in expression.groupindex:
            raise BadPattern("no such group")
        return expression.groupindex[name]
    number = None
    while (digit := reader.peek()) and digit in "0123456789":
        longer = int(f"{number or 0}{digit}")
        if longer > expression.groups:
            break
        number = longer
        reader.take()
    if number is None:
        raise BadPattern("no such group")
    return number


def replace(pattern: str, flags: int, replacement: str, text: str) -> str:
    """The text with the first match replaced, or with GLOBAL all of them."""
    if not pattern:
        return _fill(replacement, text) if flags & GLOBAL else replacement + text
    expression = compiled(pattern, flags)
    found = effort.find(expression, text, 0 if flags & GLOBAL else 1)
    if not found:
        return text
    try:
        parts = _parts(expression, replacement)
    except BadPattern as cause:
        raise impossible("the replacement refers to no group") from cause
    made, end = [], 0
    for match in found:
        made.append(text[end : match.start])
        made += [part(match) for part in parts]
        end = match.end
    return "".join(made) + text[end:]


def _fill(replacement: str, text: str) -> str:
    """The replacement in front of each character and at the end."""
    return replacement + "".join(char + replacement for char in text)
