"""Expressions that call an operation on a list, map, blob, HyperLogLog or string.

Whatever fails on the way makes the value unknown. A modification gives the modified
value, not its own result, and changes nothing stored. Source: sections 4.7 and 5 of the
expression rules.
"""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

from aerospike_devserver.expressions.nodes import (
    Code,
    ExpressionError,
    Kind,
    Names,
    Node,
    Run,
    Scope,
    constant,
    exactly,
    is_value,
    kind_argument,
    kind_of,
    node,
    parse_node,
    parse_value,
)
from aerospike_devserver.operations import bits
from aerospike_devserver.operations.cdt import context, engine
from aerospike_devserver.operations.cdt.arguments import NO_RESULT
from aerospike_devserver.operations.cdt.select import Compiler, Test
from aerospike_devserver.operations.hll import operations as hll
from aerospike_devserver.operations.rows import Modified, Modify, Read
from aerospike_devserver.operations.strings import engine as strings
from aerospike_devserver.operations.strings.operations import to_string
from aerospike_devserver.result import ServerError
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import ListValue, Value
from aerospike_devserver.version import V8_1, V8_2, Version


def compiler(version: Version) -> Compiler:
    """The function that makes the evaluator of a path filter or path modification.

    It raises ServerError 4.
    """

    def compile_loop(value: Value) -> Test:
        parsed = parse_value(value, version)
        return lambda loop: parsed.run(Scope(None, loop, {}, []))

    return compile_loop


# Systems


def _read_cdt(root: Value, operation: Value, version: Version) -> Value:
    result = engine.read(root, engine.parse(operation), compiler(version), version)
    return None if result is NO_RESULT else result


def _modify_cdt(root: Value, operation: Value, version: Version) -> Modified:
    asked = engine.parse(operation)
    return engine.modify(deepcopy(root), asked, compiler(version), root is None)


class _System(NamedTuple):
    """A family of operations, and the types of values that it works on."""

    kinds: tuple[Kind, ...]
    read: Read
    modify: Modify
    since: Version = V8_1


_MODIFIES = 0x40
_SYSTEMS: dict[int, _System] = {
    0: _System((Kind.LIST, Kind.MAP), _read_cdt, _modify_cdt),
    1: _System((Kind.BLOB,), bits.read, bits.modify),
    2: _System((Kind.HLL,), hll.read, hll.modify),
    3: _System((Kind.STRING,), strings.read, strings.modify, V8_2),
}


def _system(number: int, names: Names) -> _System:
    found = _SYSTEMS.get(number)
    if found is None or found.since > names.version:
        raise ExpressionError("no such system")
    return found


# The operation of a call


def _check_operation(value: Value) -> ListValue:
    """The shape of an operation in a call."""
    if type(value) is not ListValue or not value.items:
        raise ExpressionError("operation expected")
    if value.items[0] == context.IN_CONTEXT and len(value.items) != 3:
        raise ExpressionError("context of a wrong shape")
    return value


_MAX_EXPRESSIONS = 8
"""More of them among its arguments stop a real server."""


class _Call:
    """An operation whose arguments may be expressions: arrays are, the rest is not."""

    def __init__(self, operation: ListValue, names: Names) -> None:
        self.context: Value = None
        inner = operation
        if operation.items[0] == context.IN_CONTEXT:
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
        if sum(map(callable, self.arguments)) > _MAX_EXPRESSIONS:
            raise ExpressionError("too many expressions in a call")

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
        return ListValue([context.IN_CONTEXT, self.context, ListValue(items)])


@node(Code.CALL)
def _call(_code: int, arguments: list[Value], names: Names) -> Node:
    """CALL type, system, operation, target; the system says if it modifies."""
    number, flags, operation, raw_target = exactly(arguments, 4)
    kind, flags = kind_argument(number), constant(flags)
    system = _system(flags & ~_MODIFIES, names)
    call = _Call(_check_operation(operation), names)
    target = parse_node(raw_target, names)
    if target.kind not in (*system.kinds, Kind.NIL):
        raise ExpressionError("wrong type of target")

    def carry_out(root: Value, built: Value) -> Value:
        if flags & _MODIFIES:
            return system.modify(root, built, names.version).root
        return None if root is None else system.read(root, built, names.version)

    def run(scope: Scope) -> Value:
        root, built = target.run(scope), call.build(scope)
        if not is_value(root) or built is UNKNOWN:
            return UNKNOWN
        try:
            result = carry_out(root, built)
        except ServerError as error:
            scope.failures.append(error)
            return UNKNOWN
        return result if kind_of(result) is kind else UNKNOWN

    return Node(Kind.NIL if target.kind is Kind.NIL else kind, run)


_WITH_TEXT = (Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BOOL, Kind.BLOB)


@node(Code.TO_STRING, since=V8_2)
def _to_string(_code: int, arguments: list[Value], names: Names) -> Node:
    """TO_STRING of a number, string, bool or blob."""
    source = parse_node(exactly(arguments, 1)[0], names)
    if source.kind not in _WITH_TEXT:
        raise ExpressionError("no text for values of this type")

    def run(scope: Scope) -> Value:
        found = source.run(scope)
        if not is_value(found):
            return UNKNOWN
        try:
            return to_string(found)
        except ServerError as error:
            scope.failures.append(error)
            return UNKNOWN

    return Node(Kind.STRING, run)
