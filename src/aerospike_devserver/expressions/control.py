"""Expressions that steer others: conditions, variables and the variables of loops.

Source: sections 4.6 and 5 of the expression rules.
"""

from __future__ import annotations

import re

from aerospike_devserver.expressions.nodes import (
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    Run,
    Scope,
    at_least,
    constant,
    exactly,
    kind_argument,
    kind_of,
    node,
    parse_node,
    strict,
    typed,
)
from aerospike_devserver.operations.cdt.select import Loop
from aerospike_devserver.values.marks import REMOVE, UNKNOWN
from aerospike_devserver.values.values import ListValue, MapValue, Value

_VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@node(Code.RESULT_REMOVE)
def _remove(_code: int, arguments: list[Value], _names: Names) -> Node:
    """RESULT_REMOVE: tells path modify to remove the element."""
    exactly(arguments, 0)
    return Node(Kind.REMOVE, lambda _scope: REMOVE)


@node(Code.MAP_KEYS, Code.MAP_VALUES)
def _keys_or_values(code: int, arguments: list[Value], names: Names) -> Node:
    """MAP_KEYS, MAP_VALUES: of what is no map, unknown."""
    inner = parse_node(exactly(arguments, 1)[0], names)

    def run(found: Value) -> Value:
        if not isinstance(found, MapValue):
            return UNKNOWN
        return ListValue(list(found.keys if code == 101 else found.values))

    return strict(Kind.LIST, run, (inner.run,))


_INDEX = Loop._fields.index("index")


@node(Code.LOOP_VAR)
def _loop_variable(_code: int, arguments: list[Value], _names: Names) -> Node:
    """LOOP_VAR type, number: unknown out of a path, or if it has another type."""
    raw_kind, raw_number = exactly(arguments, 2)
    kind, number = kind_argument(raw_kind), constant(raw_number)
    if not 0 <= number <= _INDEX or (number == _INDEX and kind is not Kind.INT):
        raise ExpressionError("no such loop variable")

    def run(scope: Scope) -> Value:
        value = UNKNOWN if scope.loop is None else scope.loop[number]
        return value if kind_of(value) is kind else UNKNOWN

    return Node(kind, run)


def _is_unknown(value: Value) -> bool:
    return type(value) is ListValue and value.items == [Code.UNKNOWN]


@node(Code.COND)
def _cond(_code: int, arguments: list[Value], names: Names) -> Node:
    """COND: the value behind the first condition that is true, else the last one."""
    if len(at_least(arguments, 3)) % 2 == 0:
        raise ExpressionError("a default is missing")
    conditions = [typed(each, Kind.BOOL, names) for each in arguments[:-1:2]]
    raw = [*arguments[1::2], arguments[-1]]
    values = [parse_node(each, names) for each in raw]
    kinds = {
        parsed.kind
        for parsed, each in zip(values, raw, strict=True)
        if not _is_unknown(each)
    }
    if len(kinds) > 1:
        raise ExpressionError("values of different types")
    runs = [each.run for each in values]

    def run(scope: Scope) -> Value:
        for condition, value in zip(conditions, runs, strict=False):
            verdict = condition(scope)
            if verdict is not False:
                return value(scope) if verdict is True else UNKNOWN
        return runs[-1](scope)

    return Node(kinds.pop() if kinds else Kind.BOOL, run)


def _variable(value: Value) -> bytes:
    if type(value) is not bytes or not _VARIABLE.fullmatch(value):
        raise ExpressionError("bad name of a variable")
    return value


@node(Code.VAR)
def _var(_code: int, arguments: list[Value], names: Names) -> Node:
    """VAR name: the value that a LET around has given it."""
    name = _variable(exactly(arguments, 1)[0])
    if name not in names.variables:
        raise ExpressionError("unknown variable")
    return Node(names.variables[name], lambda scope: scope.variables[name])


@node(Code.LET)
def _let(_code: int, arguments: list[Value], names: Names) -> Node:
    """LET name, value, ..., body: each value may use the names before it."""
    if len(at_least(arguments, 3)) % 2 == 0:
        raise ExpressionError("a body is missing")
    known = names._replace(variables=dict(names.variables))
    definitions: list[tuple[bytes, Run]] = []
    for i in range(0, len(arguments) - 1, 2):
        name = _variable(arguments[i])
        if name in known.variables:
            raise ExpressionError("defined twice")
        parsed = parse_node(arguments[i + 1], known)
        known.variables[name] = parsed.kind
        definitions.append((name, parsed.run))
    body = parse_node(arguments[-1], known)

    def run(scope: Scope) -> Value:
        inner = scope._replace(variables=dict(scope.variables))
        for name, value in definitions:
            inner.variables[name] = value(inner)
        return body.run(inner)

    return Node(body.kind, run)
