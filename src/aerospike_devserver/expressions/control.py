"""Conditions, variables, loop variables, calls of list and map operations.

Source: sections 4.6 and 5 of the expression rules.
"""

from __future__ import annotations

import re
from copy import deepcopy

from aerospike_devserver.expressions.nodes import (
    UNKNOWN_CODE,
    ExpressionError,
    Kind,
    Names,
    Node,
    Run,
    Scope,
    at_least,
    constant,
    exactly,
    is_value,
    kind_argument,
    kind_of,
    node,
    parse_node,
    parse_value,
    strict,
    typed,
)
from aerospike_devserver.model.cdt import engine
from aerospike_devserver.model.cdt.arguments import NO_RESULT
from aerospike_devserver.model.cdt.select import Loop, Test
from aerospike_devserver.model.marks import REMOVE, UNKNOWN
from aerospike_devserver.model.values import ListValue, MapValue, Value
from aerospike_devserver.result import ServerError

_VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@node(100)
def _remove(_code: int, arguments: list[Value], _names: Names) -> Node:
    """RESULT_REMOVE: tells path modify to remove the element."""
    exactly(arguments, 0)
    return Node(Kind.REMOVE, lambda _scope: REMOVE)


@node(101, 102)
def _keys_or_values(code: int, arguments: list[Value], names: Names) -> Node:
    """MAP_KEYS, MAP_VALUES: of what is no map, unknown."""
    inner = parse_node(exactly(arguments, 1)[0], names)

    def run(found: Value) -> Value:
        if not isinstance(found, MapValue):
            return UNKNOWN
        return ListValue(list(found.keys if code == 101 else found.values))

    return strict(Kind.LIST, run, (inner.run,))


_INDEX = Loop._fields.index("index")


@node(122)
def _loop_variable(_code: int, arguments: list[Value], _names: Names) -> Node:
    """LOOP_VAR type, number: unknown out of a path, or if it has another type."""
    kind, number = kind_argument(arguments[0]), constant(exactly(arguments, 2)[1])
    if not 0 <= number <= _INDEX or (number == _INDEX and kind is not Kind.INT):
        raise ExpressionError("no such loop variable")

    def run(scope: Scope) -> Value:
        value = UNKNOWN if scope.loop is None else scope.loop[number]
        return value if kind_of(value) is kind else UNKNOWN

    return Node(kind, run)


def _is_unknown(value: Value) -> bool:
    return type(value) is ListValue and value.items == [UNKNOWN_CODE]


@node(123)
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


@node(124)
def _var(_code: int, arguments: list[Value], names: Names) -> Node:
    """VAR name: the value that a LET around has given it."""
    name = _variable(exactly(arguments, 1)[0])
    if name not in names:
        raise ExpressionError("unknown variable")
    return Node(names[name], lambda scope: scope.variables[name])


@node(125)
def _let(_code: int, arguments: list[Value], names: Names) -> Node:
    """LET name, value, ..., body: each value may use the names before it."""
    if len(at_least(arguments, 3)) % 2 == 0:
        raise ExpressionError("a body is missing")
    known = dict(names)
    definitions: list[tuple[bytes, Run]] = []
    for i in range(0, len(arguments) - 1, 2):
        name = _variable(arguments[i])
        if name in known:
            raise ExpressionError("defined twice")
        parsed = parse_node(arguments[i + 1], known)
        known[name] = parsed.kind
        definitions.append((name, parsed.run))
    body = parse_node(arguments[-1], known)

    def run(scope: Scope) -> Value:
        inner = scope._replace(variables=dict(scope.variables))
        for name, value in definitions:
            inner.variables[name] = value(inner)
        return body.run(inner)

    return Node(body.kind, run)


# Calls

_CDT = 0
_MODIFIES = 0x40
_TARGETS = (Kind.LIST, Kind.MAP, Kind.NIL)


def compile_loop(value: Value) -> Test:
    """The evaluator of a path filter or path modification; ServerError 4."""
    parsed = parse_value(value)
    return lambda loop: parsed.run(Scope(None, loop, {}))


def _check_operation(value: Value) -> ListValue:
    """The shape of an operation in a call."""
    if type(value) is not ListValue or not value.items:
        raise ExpressionError("operation expected")
    if value.items[0] == engine.CONTEXT and len(value.items) != 3:
        raise ExpressionError("context of a wrong shape")
    return value


class _Call:
    """An operation whose arguments may be expressions: arrays are, the rest is not."""

    def __init__(self, operation: ListValue, names: Names) -> None:
        self.context: Value = None
        inner = operation
        if operation.items[0] == engine.CONTEXT:
            self.context = operation.items[1]
            inner = _check_operation(operation.items[2])
        self.code, *arguments = inner.items
        self.is_literal = self.code == engine.SELECT
        self.arguments: list[Value | Run] = [
            parse_node(each, names).run
            if type(each) is ListValue and not self.is_literal
            else each
            for each in arguments
        ]

    def build(self, scope: Scope) -> Value:
        """The operation with its arguments evaluated, or UNKNOWN."""
        items = [self.code]
        for each in self.arguments:
            value = each(scope) if callable(each) else each
            if not is_value(value):
                return UNKNOWN
            items.append(deepcopy(value))
        if self.context is None:
            return ListValue(items)
        return ListValue([engine.CONTEXT, self.context, ListValue(items)])


@node(127)
def _call(_code: int, arguments: list[Value], names: Names) -> Node:
    """CALL type, system, operation, target: of lists and maps only.

    Whatever fails on the way makes the value unknown. A modification gives the modified
    container, not its own result, and changes nothing stored.
    """
    number, system, operation, raw_target = exactly(arguments, 4)
    kind, flags = kind_argument(number), constant(system)
    modifies = bool(flags & _MODIFIES)
    if flags & ~_MODIFIES != _CDT:
        raise ExpressionError("no such system")
    call = _Call(_check_operation(operation), names)
    target = parse_node(raw_target, names)
    if target.kind not in _TARGETS:
        raise ExpressionError("wrong type of target")

    def run(scope: Scope) -> Value:
        root, built = target.run(scope), call.build(scope)
        if not is_value(root) or built is UNKNOWN:
            return UNKNOWN
        try:
            result = _carry_out(root, built, modifies)
        except ServerError:
            return UNKNOWN
        result = None if result is NO_RESULT else result
        return result if kind_of(result) is kind else UNKNOWN

    return Node(Kind.NIL if target.kind is Kind.NIL else kind, run)


def _carry_out(root: Value, built: Value, modifies: bool) -> Value:
    asked = engine.parse(built)
    if not modifies:
        return None if root is None else engine.read(root, asked, compile_loop)
    return engine.modify(deepcopy(root), asked, compile_loop, root is None).root
