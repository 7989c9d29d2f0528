"""Expressions on strings, for servers since 8.2.

Places count code points from 0, negative ones from the end. A policy is a
`aerospike_helpers.string_helpers.StringPolicy`, or None. `bin` is the name of a bin, or
an expression.

A class whose name says a change returns the changed text. It does not change the bin.
"""

from __future__ import annotations

from aerospike import _constants
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
    """A value of any simple type as text."""

    bin: AnyOrBin


class StrLen(_Read, op=_constants._OP_STRING_STRLEN, gives="2"):
    """The number of code points of the text."""

    bin: Bin


class SubStr(_Read, op=_constants._OP_STRING_SUBSTR, gives="3"):
    """The text from a code point on."""

    start: IntArg
    bin: Bin


class SubStrRange(_Read, op=_constants._OP_STRING_SUBSTR_RANGE, gives="3"):
    """The text from a code point up to, not including, another."""

    start: IntArg
    end: IntArg
    bin: Bin


class CharAt(_Read, op=_constants._OP_STRING_CHAR_AT, gives="3"):
    """The code point at a place, as text."""

    index: IntArg
    bin: Bin


class Find(_Read, op=_constants._OP_STRING_FIND, gives="2"):
    """The place of an occurrence (1 is the first, -1 the last) of a text, or -1."""

    needle: StrArg
    occurrence: IntArg
    bin: Bin


class Contains(_Read, op=_constants._OP_STRING_CONTAINS, gives="1"):
    """Whether another text occurs in the text."""

    needle: StrArg
    bin: Bin


class StartsWith(_Read, op=_constants._OP_STRING_STARTS_WITH, gives="1"):
    """Whether the text starts with another one."""

    prefix: StrArg
    bin: Bin


class EndsWith(_Read, op=_constants._OP_STRING_ENDS_WITH, gives="1"):
    """Whether the text ends with another one."""

    suffix: StrArg
    bin: Bin


class ToInteger(_Read, op=_constants._OP_STRING_TO_INTEGER, gives="2"):
    """The integer that a text writes."""

    bin: Bin


class ToDouble(_Read, op=_constants._OP_STRING_TO_DOUBLE, gives="7"):
    """The float that a text writes."""

    bin: Bin


class ByteLength(_Read, op=_constants._OP_STRING_BYTE_LENGTH, gives="2"):
    """The number of bytes of the text in UTF-8."""

    bin: Bin


class IsNumeric(_Read, op=_constants._OP_STRING_IS_NUMERIC, gives="1"):
    """Whether a text writes a number of a NumericType."""

    numeric_type: Const
    bin: Bin


class IsUpper(_Read, op=_constants._OP_STRING_IS_UPPER, gives="1"):
    """Whether all letters are upper case."""

    bin: Bin


class IsLower(_Read, op=_constants._OP_STRING_IS_LOWER, gives="1"):
    """Whether all letters are lower case."""

    bin: Bin


class ToBlob(_Read, op=_constants._OP_STRING_TO_BLOB, gives="6"):
    """The text in UTF-8 as a blob."""

    bin: Bin


class Split(_Read, op=_constants._OP_STRING_SPLIT, gives="4"):
    """A list of the code points of the text."""

    bin: Bin


class SplitSeparator(_Read, op=_constants._OP_STRING_SPLIT_SEPARATOR, gives="4"):
    """A list of the parts of the text between separators."""

    separator: StrArg
    bin: Bin


class Base64Decode(_Read, op=_constants._OP_STRING_B64_DECODE, gives="6"):
    """The bytes that a base64 text writes."""

    bin: Bin


class RegexCompare(_Read, op=_constants._OP_STRING_REGEX_COMPARE, gives="1"):
    """Whether a regular expression matches anywhere."""

    pattern: StrArg
    bin: Bin
    regex_flags: Const = 0


class Insert(_Modify, op=_constants._OP_STRING_INSERT):
    """The text with another inserted."""

    policy: StrPolicy
    index: IntArg
    value: StrArg
    bin: Bin


class Overwrite(_Modify, op=_constants._OP_STRING_OVERWRITE):
    """The text with another in the place of as many code points."""

    policy: StrPolicy
    index: IntArg
    value: StrArg
    bin: Bin


class Concat(_Modify, op=_constants._OP_STRING_CONCAT):
    """The text with all those of a list appended."""

    policy: StrPolicy
    values: ListArg
    bin: Bin


class Snip(_Modify, op=_constants._OP_STRING_SNIP):
    """The text without a range; end None is its end, and then policy must be None."""

    policy: StrPolicy
    start: IntArg
    end: RestInt
    bin: Bin


class Replace(_Modify, op=_constants._OP_STRING_REPLACE):
    """The text with the first needle replaced."""

    policy: StrPolicy
    needle: PairFirst
    replacement: PairSecond
    bin: Bin


class ReplaceAll(_Modify, op=_constants._OP_STRING_REPLACE_ALL):
    """The text with each needle replaced."""

    policy: StrPolicy
    needle: PairFirst
    replacement: PairSecond
    bin: Bin


class Upper(_Modify, op=_constants._OP_STRING_UPPER):
    """The text in upper case."""

    policy: StrPolicy
    bin: Bin


class Lower(_Modify, op=_constants._OP_STRING_LOWER):
    """The text in lower case."""

    policy: StrPolicy
    bin: Bin


class CaseFold(_Modify, op=_constants._OP_STRING_CASE_FOLD):
    """The text with upper and lower case made equal."""

    policy: StrPolicy
    bin: Bin


class NormalizeNFC(_Modify, op=_constants._OP_STRING_NORMALIZE_NFC):
    """The text in normal form C."""

    policy: StrPolicy
    bin: Bin


class TrimStart(_Modify, op=_constants._OP_STRING_TRIM_START):
    """The text without white space at its start."""

    policy: StrPolicy
    bin: Bin


class TrimEnd(_Modify, op=_constants._OP_STRING_TRIM_END):
    """The text without white space at its end."""

    policy: StrPolicy
    bin: Bin


class Trim(_Modify, op=_constants._OP_STRING_TRIM):
    """The text without white space at both ends."""

    policy: StrPolicy
    bin: Bin


class PadStart(_Modify, op=_constants._OP_STRING_PAD_START):
    """The text, filled up at its start to a length."""

    policy: StrPolicy
    target_length: IntArg
    pad_string: StrArg
    bin: Bin


class PadEnd(_Modify, op=_constants._OP_STRING_PAD_END):
    """The text, filled up at its end to a length."""

    policy: StrPolicy
    target_length: IntArg
    pad_string: StrArg
    bin: Bin


class Repeat(_Modify, op=_constants._OP_STRING_REPEAT):
    """The text repeated count times."""

    policy: StrPolicy
    count: IntArg
    bin: Bin


class RegexReplace(_Modify, op=_constants._OP_STRING_REGEX_REPLACE):
    """The text with matches of a regular expression replaced."""

    policy: StrPolicy
    pattern: PairFirst
    replacement: PairSecond
    regex_flags: Const
    bin: Bin


class Append(_Modify, op=_constants._OP_STRING_APPEND):
    """The text with another text after it."""

    policy: StrPolicy
    value: StrArg
    bin: Bin


class Prepend(_Modify, op=_constants._OP_STRING_PREPEND):
    """The text with another text in front."""

    policy: StrPolicy
    value: StrArg
    bin: Bin
