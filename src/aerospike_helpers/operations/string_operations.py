"""Operations on strings, for `Client.operate`; they need servers from 8.2 on.

Indexes and lengths count characters (code points); negative indexes count from the end.
A policy is a StringPolicy. A context leads to a string inside a list or map.

`Client.operate` raises ParamError for an argument of a wrong type, BinIncompatibleType
when the bin holds something else, OpNotApplicable for text that cannot be converted,
and InvalidRequest for a bad pattern, or when the server is older.
"""

from __future__ import annotations

from aerospike import _constants
from aerospike_helpers.operations._operation import Context, Operation, operation
from aerospike_helpers.string_helpers import NumericType as NumericType
from aerospike_helpers.string_helpers import RegexFlags as RegexFlags
from aerospike_helpers.string_helpers import StringPolicy as StringPolicy


def append(
    bin_name: str,
    value: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Append text; a missing bin is made. No result."""
    return operation(
        _constants._OP_STRING_APPEND, bin_name, ctx, value=value, policy=policy
    )


def base64_decode(bin_name: str, ctx: Context | None = None) -> Operation:
    """Decode the text from base64. Result: bytes."""
    return operation(_constants._OP_STRING_B64_DECODE, bin_name, ctx)


def byte_length(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the number of bytes that the text has in UTF-8. Result: int."""
    return operation(_constants._OP_STRING_BYTE_LENGTH, bin_name, ctx)


def casefold(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Fold the case of all characters, for comparisons. No result."""
    return operation(_constants._OP_STRING_CASE_FOLD, bin_name, ctx, policy=policy)


def char_at(bin_name: str, index: int, ctx: Context | None = None) -> Operation:
    """Read one character. Result: str, which is empty beyond the end."""
    return operation(_constants._OP_STRING_CHAR_AT, bin_name, ctx, index=index)


def concat(
    bin_name: str,
    value_list: list[str],
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Append all texts of a list; a missing bin is made. No result."""
    return operation(
        _constants._OP_STRING_CONCAT,
        bin_name,
        ctx,
        value_list=value_list,
        policy=policy,
    )


def contains(bin_name: str, needle: str, ctx: Context | None = None) -> Operation:
    """Tell whether needle occurs. Result: bool."""
    return operation(_constants._OP_STRING_CONTAINS, bin_name, ctx, needle=needle)


def ends_with(bin_name: str, suffix: str, ctx: Context | None = None) -> Operation:
    """Tell whether the text ends with suffix. Result: bool."""
    return operation(_constants._OP_STRING_ENDS_WITH, bin_name, ctx, suffix=suffix)


def find(
    bin_name: str,
    needle: str,
    occurrence: int = 1,
    ctx: Context | None = None,
) -> Operation:
    """Find needle. Result: its index, or -1.

    :param occurrence: 1 is the first, -1 the last; it cannot be 0.
    """
    return operation(
        _constants._OP_STRING_FIND, bin_name, ctx, needle=needle, occurrence=occurrence
    )


def insert(
    bin_name: str,
    index: int,
    value: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Insert text at an index; a missing bin is made. No result."""
    return operation(
        _constants._OP_STRING_INSERT,
        bin_name,
        ctx,
        index=index,
        value=value,
        policy=policy,
    )


def is_lower(bin_name: str, ctx: Context | None = None) -> Operation:
    """Tell whether all letters are lower case. Result: bool."""
    return operation(_constants._OP_STRING_IS_LOWER, bin_name, ctx)


def is_numeric(
    bin_name: str,
    numeric_type: int = 0,
    ctx: Context | None = None,
) -> Operation:
    """Tell whether the text is a number of a type (NumericType). Result: bool."""
    return operation(
        _constants._OP_STRING_IS_NUMERIC, bin_name, ctx, numeric_type=numeric_type
    )


def is_upper(bin_name: str, ctx: Context | None = None) -> Operation:
    """Tell whether all letters are upper case. Result: bool."""
    return operation(_constants._OP_STRING_IS_UPPER, bin_name, ctx)


def lower(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Turn all letters to lower case. No result."""
    return operation(_constants._OP_STRING_LOWER, bin_name, ctx, policy=policy)


def normalize_nfc(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Put the text into the Unicode normal form NFC. No result."""
    return operation(_constants._OP_STRING_NORMALIZE_NFC, bin_name, ctx, policy=policy)


def overwrite(
    bin_name: str,
    index: int,
    value: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Replace the characters from an index on with those of value. No result."""
    return operation(
        _constants._OP_STRING_OVERWRITE,
        bin_name,
        ctx,
        index=index,
        value=value,
        policy=policy,
    )


def pad_end(
    bin_name: str,
    target_length: int,
    pad_string: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Append pad_string until the text has a length. No result."""
    return operation(
        _constants._OP_STRING_PAD_END,
        bin_name,
        ctx,
        target_length=target_length,
        pad_string=pad_string,
        policy=policy,
    )


def pad_start(
    bin_name: str,
    target_length: int,
    pad_string: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Prepend pad_string until the text has a length. No result."""
    return operation(
        _constants._OP_STRING_PAD_START,
        bin_name,
        ctx,
        target_length=target_length,
        pad_string=pad_string,
        policy=policy,
    )


def prepend(
    bin_name: str,
    value: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Prepend text; create a missing bin. No result."""
    return operation(
        _constants._OP_STRING_PREPEND,
        bin_name,
        ctx,
        value=value,
        policy=policy,
    )


def regex_compare(
    bin_name: str,
    pattern: str,
    regex_flags: int = 0,
    ctx: Context | None = None,
) -> Operation:
    """Tell whether a regular expression matches. Result: bool."""
    return operation(
        _constants._OP_STRING_REGEX_COMPARE,
        bin_name,
        ctx,
        pattern=pattern,
        regex_flags=regex_flags,
    )


def regex_replace(
    bin_name: str,
    pattern: str,
    replacement: str,
    regex_flags: int = 0,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Replace the first match of a regular expression. No result.

    :param regex_flags: RegexFlags, joined with the operator `|`; GLOBAL replaces all
        matches.
    """
    return operation(
        _constants._OP_STRING_REGEX_REPLACE,
        bin_name,
        ctx,
        pattern=pattern,
        replacement=replacement,
        regex_flags=regex_flags,
        policy=policy,
    )


def repeat(
    bin_name: str,
    count: int,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Repeat the text count times. No result."""
    return operation(
        _constants._OP_STRING_REPEAT, bin_name, ctx, count=count, policy=policy
    )


def replace(
    bin_name: str,
    needle: str,
    replacement: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Replace the first occurrence of needle. No result."""
    return operation(
        _constants._OP_STRING_REPLACE,
        bin_name,
        ctx,
        needle=needle,
        replacement=replacement,
        policy=policy,
    )


def replace_all(
    bin_name: str,
    needle: str,
    replacement: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Replace all occurrences of needle. No result."""
    return operation(
        _constants._OP_STRING_REPLACE_ALL,
        bin_name,
        ctx,
        needle=needle,
        replacement=replacement,
        policy=policy,
    )


def snip(
    bin_name: str,
    start: int,
    end: int | None = None,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Remove the characters from start on, up to end. No result.

    :param end: None removes all to the end; then policy must be None.
    """
    return operation(
        _constants._OP_STRING_SNIP,
        bin_name,
        ctx,
        start=start,
        end=end,
        policy=policy,
    )


def split(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the text as single characters. Result: a list of str."""
    return operation(_constants._OP_STRING_SPLIT, bin_name, ctx)


def split_separator(
    bin_name: str,
    separator: str,
    ctx: Context | None = None,
) -> Operation:
    """Read the parts between separators. Result: a list of str."""
    return operation(
        _constants._OP_STRING_SPLIT_SEPARATOR, bin_name, ctx, separator=separator
    )


def starts_with(bin_name: str, prefix: str, ctx: Context | None = None) -> Operation:
    """Tell whether the text starts with prefix. Result: bool."""
    return operation(_constants._OP_STRING_STARTS_WITH, bin_name, ctx, prefix=prefix)


def strlen(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the number of characters. Result: int."""
    return operation(_constants._OP_STRING_STRLEN, bin_name, ctx)


def substr(bin_name: str, start: int, ctx: Context | None = None) -> Operation:
    """Read the characters from start to the end. Result: str."""
    return operation(_constants._OP_STRING_SUBSTR, bin_name, ctx, start=start)


def substr_range(
    bin_name: str,
    start: int,
    end: int,
    ctx: Context | None = None,
) -> Operation:
    """Read the characters from start up to end. Result: str."""
    return operation(
        _constants._OP_STRING_SUBSTR_RANGE, bin_name, ctx, start=start, end=end
    )


def to_blob(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the text in UTF-8. Result: bytes."""
    return operation(_constants._OP_STRING_TO_BLOB, bin_name, ctx)


def to_double(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the text as a number. Result: float."""
    return operation(_constants._OP_STRING_TO_DOUBLE, bin_name, ctx)


def to_integer(bin_name: str, ctx: Context | None = None) -> Operation:
    """Read the text as a number. Result: int."""
    return operation(_constants._OP_STRING_TO_INTEGER, bin_name, ctx)


def to_string(bin_name: str) -> Operation:
    """Read a bin of any simple type as text. Result: str."""
    return operation(_constants._OP_STRING_TO_STRING, bin_name, None)


def trim(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Remove white space at both ends. No result."""
    return operation(_constants._OP_STRING_TRIM, bin_name, ctx, policy=policy)


def trim_end(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Remove white space at the end. No result."""
    return operation(_constants._OP_STRING_TRIM_END, bin_name, ctx, policy=policy)


def trim_start(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Remove white space at the start. No result."""
    return operation(_constants._OP_STRING_TRIM_START, bin_name, ctx, policy=policy)


def upper(
    bin_name: str,
    policy: StringPolicy | None = None,
    ctx: Context | None = None,
) -> Operation:
    """Turn all letters to upper case. No result."""
    return operation(_constants._OP_STRING_UPPER, bin_name, ctx, policy=policy)
