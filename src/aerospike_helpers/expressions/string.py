"""Expressions on strings, for servers since 8.2.

Places count code points from 0, negative ones from the end. A policy is a
`aerospike_helpers.string_helpers.StringPolicy`, or None. `bin` is the name of a bin, or
an expression.

The classes named for a change give the changed text; what is stored stays as it is.
"""

from __future__ import annotations

from aerospike_helpers.expressions.base import StrBin
from aerospike_helpers.expressions.resources import (
    AnyOrBin,
    Bin,
    Call,
    Const,
    Fields,
    IntArg,
    ListArg,
    PairFirst,
    PairSecond,
    RestInt,
    ResultType,
    StrArg,
    StrPolicy,
)
from aerospike_helpers.string_helpers import NumericType, RegexFlags, StringPolicy

__all__ = [
    "Append",
    "Base64Decode",
    "ByteLength",
    "CaseFold",
    "CharAt",
    "Concat",
    "Contains",
    "EndsWith",
    "Find",
    "Insert",
    "IsLower",
    "IsNumeric",
    "IsUpper",
    "Lower",
    "NormalizeNFC",
    "NumericType",
    "Overwrite",
    "PadEnd",
    "PadStart",
    "Prepend",
    "RegexCompare",
    "RegexFlags",
    "RegexReplace",
    "Repeat",
    "Replace",
    "ReplaceAll",
    "Snip",
    "Split",
    "SplitSeparator",
    "StartsWith",
    "StrBin",
    "StrLen",
    "StringPolicy",
    "SubStr",
    "SubStrRange",
    "ToBlob",
    "ToDouble",
    "ToInteger",
    "ToString",
    "Trim",
    "TrimEnd",
    "TrimStart",
    "Upper",
]


class _Read(Call):
    _system = 3
    _target = ResultType.STRING


class _Modify(Call, gives="3"):
    _system = 0x43
    _target = ResultType.STRING


class ToString(Fields, code=99, gives="3"):
    """Anything as text."""

    bin: AnyOrBin


class StrLen(_Read, code=0, gives="2"):
    """The number of code points."""

    bin: Bin


class SubStr(_Read, code=1, gives="3"):
    """The text from a code point on."""

    start: IntArg
    bin: Bin


class SubStrRange(_Read, code=1, gives="3"):
    """The text from a code point up to, not including, another."""

    start: IntArg
    end: IntArg
    bin: Bin


class CharAt(_Read, code=2, gives="3"):
    """One code point."""

    index: IntArg
    bin: Bin


class Find(_Read, code=3, gives="2"):
    """The place of an occurrence (1 is the first, -1 the last) of a text, or -1."""

    needle: StrArg
    occurrence: IntArg
    bin: Bin


class Contains(_Read, code=4, gives="1"):
    """Whether a text occurs."""

    needle: StrArg
    bin: Bin


class StartsWith(_Read, code=5, gives="1"):
    """Whether a text stands at the start."""

    prefix: StrArg
    bin: Bin


class EndsWith(_Read, code=6, gives="1"):
    """Whether a text stands at the end."""

    suffix: StrArg
    bin: Bin


class ToInteger(_Read, code=7, gives="2"):
    """The integer that a text writes."""

    bin: Bin


class ToDouble(_Read, code=8, gives="7"):
    """The float that a text writes."""

    bin: Bin


class ByteLength(_Read, code=9, gives="2"):
    """The number of bytes."""

    bin: Bin


class IsNumeric(_Read, code=10, gives="1"):
    """Whether a text writes a number of a NumericType."""

    numeric_type: Const
    bin: Bin


class IsUpper(_Read, code=11, gives="1"):
    """Whether all letters are upper case."""

    bin: Bin


class IsLower(_Read, code=12, gives="1"):
    """Whether all letters are lower case."""

    bin: Bin


class ToBlob(_Read, code=13, gives="6"):
    """The bytes."""

    bin: Bin


class Split(_Read, code=14, gives="4"):
    """The code points, a list."""

    bin: Bin


class SplitSeparator(_Read, code=14, gives="4"):
    """The parts between separators, a list."""

    separator: StrArg
    bin: Bin


class Base64Decode(_Read, code=15, gives="6"):
    """The bytes that a base64 text writes."""

    bin: Bin


class RegexCompare(_Read, code=16, gives="1"):
    """Whether a regular expression matches anywhere."""

    pattern: StrArg
    bin: Bin
    regex_flags: Const = 0


class Insert(_Modify, code=50):
    """The text with another inserted."""

    policy: StrPolicy
    index: IntArg
    value: StrArg
    bin: Bin


class Overwrite(_Modify, code=51):
    """The text with another in the place of as many code points."""

    policy: StrPolicy
    index: IntArg
    value: StrArg
    bin: Bin


class Concat(_Modify, code=52):
    """The text with all those of a list appended."""

    policy: StrPolicy
    values: ListArg
    bin: Bin


class Snip(_Modify, code=53):
    """The text without a range; end None is its end, and takes no policy."""

    policy: StrPolicy
    start: IntArg
    end: RestInt
    bin: Bin


class Replace(_Modify, code=54):
    """The text with the first needle replaced."""

    policy: StrPolicy
    needle: PairFirst
    replacement: PairSecond
    bin: Bin


class ReplaceAll(_Modify, code=55):
    """The text with each needle replaced."""

    policy: StrPolicy
    needle: PairFirst
    replacement: PairSecond
    bin: Bin


class Upper(_Modify, code=56):
    """The text in upper case."""

    policy: StrPolicy
    bin: Bin


class Lower(_Modify, code=57):
    """The text in lower case."""

    policy: StrPolicy
    bin: Bin


class CaseFold(_Modify, code=58):
    """The text with upper and lower case made equal."""

    policy: StrPolicy
    bin: Bin


class NormalizeNFC(_Modify, code=59):
    """The text in normal form C."""

    policy: StrPolicy
    bin: Bin


class TrimStart(_Modify, code=60):
    """The text without white space at its start."""

    policy: StrPolicy
    bin: Bin


class TrimEnd(_Modify, code=61):
    """The text without white space at its end."""

    policy: StrPolicy
    bin: Bin


class Trim(_Modify, code=62):
    """The text without white space at both ends."""

    policy: StrPolicy
    bin: Bin


class PadStart(_Modify, code=63):
    """The text, filled up at its start to a length."""

    policy: StrPolicy
    target_length: IntArg
    pad_string: StrArg
    bin: Bin


class PadEnd(_Modify, code=64):
    """The text, filled up at its end to a length."""

    policy: StrPolicy
    target_length: IntArg
    pad_string: StrArg
    bin: Bin


class Repeat(_Modify, code=65):
    """The text, count times."""

    policy: StrPolicy
    count: IntArg
    bin: Bin


class RegexReplace(_Modify, code=66):
    """The text with matches of a regular expression replaced."""

    policy: StrPolicy
    pattern: PairFirst
    replacement: PairSecond
    regex_flags: Const
    bin: Bin


class Append(_Modify, code=67):
    """The text with another behind it."""

    policy: StrPolicy
    value: StrArg
    bin: Bin


class Prepend(_Modify, code=68):
    """The text with another in front."""

    policy: StrPolicy
    value: StrArg
    bin: Bin
