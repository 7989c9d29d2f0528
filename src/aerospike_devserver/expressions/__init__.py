"""Expressions: filters of commands, expression operations, path filters.

Each module of this package adds parsers to the table of `nodes`; the server refuses a
code that has none.
"""

from __future__ import annotations

from aerospike_devserver.expressions import (
    arithmetic as _arithmetic,
)
from aerospike_devserver.expressions import (
    calls as _calls,
)
from aerospike_devserver.expressions import (
    control as _control,
)
from aerospike_devserver.expressions import (
    logic as _logic,
)
from aerospike_devserver.expressions import (
    places as _places,
)
from aerospike_devserver.expressions import (
    record as _record,
)
from aerospike_devserver.expressions import (
    text as _text,
)
from aerospike_devserver.expressions.calls import compiler
from aerospike_devserver.expressions.nodes import (
    Kind,
    Node,
    Scope,
    parse,
    parse_value,
)
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Subject
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import ALLOWANCE, Value
from aerospike_devserver.version import Version

__all__ = [
    "compiler",
    "evaluate",
    "no_value",
    "parse",
    "parse_condition",
    "parse_value",
    "passes",
]

_LOADED = (_arithmetic, _calls, _control, _logic, _places, _record, _text)


def parse_condition(data: bytes, version: Version) -> Node:
    """A filter; ServerError 4 if it is no condition."""
    condition = parse(data, version)
    if condition.kind is not Kind.BOOL:
        raise ServerError(Result.REQUEST_INVALID)
    return condition


def passes(data: bytes, subject: Subject, version: Version) -> bool:
    """Whether a record passes a filter; ServerError 4 if it is no condition.

    First metadata alone decide, if they can; then only a definite True passes. Source:
    section 7.2 of the expression rules.
    """
    condition = parse_condition(data, version)
    ALLOWANCE.renew()
    verdict = condition.run(Scope(subject._replace(bins=None), None, {}, []))
    if verdict is UNKNOWN:
        verdict = condition.run(Scope(subject, None, {}, []))
    return verdict is True


def evaluate(
    expression: Node, subject: Subject, failures: list[ServerError] | None = None
) -> Value:
    """The value of an expression about a record, UNKNOWN or REMOVE among them.

    failures: takes what has made calls of operations unknown.
    """
    return expression.run(
        Scope(subject, None, {}, [] if failures is None else failures)
    )


def no_value(failures: list[ServerError]) -> ServerError:
    """The error of an expression without a value: 26, with what is known about it."""
    cause = failures[-1] if failures else ServerError(Result.OP_NOT_APPLICABLE)
    return ServerError(Result.OP_NOT_APPLICABLE, cause.subcode, cause.text)
