"""Sub-codes of the errors of string operations, and how to raise them.

Source: section D.5 of the page on string operations.
"""

from __future__ import annotations

from aerospike_devserver.operations.arguments import refuse
from aerospike_devserver.operations.rows import CannotApply
from aerospike_devserver.result import Result, ServerError

PARAMETERS = 6
OP_CODE = 7
CONTEXT = 8
INDEX = 9
REGEX = 10
ARGUMENT_UTF8 = 11
"""With result 4."""

CONVERSION = 10
UTF8 = 11
REGEX_LIMIT = 12
BASE64 = 13
"""With result 26."""


def bad(text: str, subcode: int = PARAMETERS) -> ServerError:
    """A malformed operation: 4, which NO_FAIL does not excuse."""
    return refuse(Result.REQUEST_INVALID, subcode, text)


def unfit(text: str, subcode: int = PARAMETERS) -> CannotApply:
    """An operation that is well formed, but does not fit the string: 4."""
    return CannotApply(Result.REQUEST_INVALID, subcode, text)


def impossible(text: str, subcode: int = 0) -> CannotApply:
    """An operation that fails while it is carried out: 26."""
    return CannotApply(Result.OP_NOT_APPLICABLE, subcode, text)
