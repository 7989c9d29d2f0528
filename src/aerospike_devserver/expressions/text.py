"""The expression that matches a string with a regular expression.

Source: section 4.1 of the expression rules.
"""

from __future__ import annotations

from aerospike_devserver.expressions.nodes import (
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    constant,
    exactly,
    node,
    strict,
    typed,
)
from aerospike_devserver.expressions.regex import InvalidRegex, Regex
from aerospike_devserver.values.values import Value


@node(Code.REGEX)
def _regex(_code: int, arguments: list[Value], names: Names) -> Node:
    """REGEX flags, pattern (raw), subject."""
    flags, pattern, subject = exactly(arguments, 3)
    if type(pattern) is not bytes:
        raise ExpressionError("pattern expected")
    try:
        regex = Regex(pattern, constant(flags))
    except InvalidRegex as why:
        raise ExpressionError(str(why)) from why
    return strict(
        Kind.BOOL,
        lambda text: regex.matches(text[1:]),
        (typed(subject, Kind.STRING, names),),
    )
