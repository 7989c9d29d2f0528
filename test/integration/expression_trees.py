"""Random well-typed expressions about one record, each with its value by plain Python.

The value is worked out while the tree is drawn: every node has one, UNKNOWN included,
so that nothing has to walk the tree again.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache, reduce
from typing import Any, NamedTuple

from hypothesis import strategies as st

import aerospike
from aerospike_helpers import expressions as exp

RECORD: dict[str, Any] = {
    "n": 17,
    "neg": -5,
    "big": 2**62,
    "f": 2.5,
    "fn": -1.25,
    "s": "Hello",
    "t": True,
    "u": False,
    "l": [5, 1, 3, 1],
    "le": [],
    "m": {"a": 1, "b": 7, "c": 3},
}
UNKNOWN = "unknown, a str that no node has as its value"

TOP = 2**63


class Node(NamedTuple):
    """An expression or constant, and its value."""

    tree: Any
    value: Any


Nodes = st.SearchStrategy[Node]


def wrap(value: int) -> int:
    return (value + TOP) % (2 * TOP) - TOP


def strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, unknown when an argument is; integers cut to 64 bits."""

    def run(*values: Any) -> Any:
        if UNKNOWN in [value for value in values if isinstance(value, str)]:
            return UNKNOWN
        result = function(*values)
        return wrap(result) if type(result) is int else result

    return run


# What the nodes do, by the expression rules: numbers


def difference(*values: Any) -> Any:
    return 0 - values[0] if len(values) == 1 else reduce(operator.sub, values)


def first_and_divisor(values: tuple[Any, ...]) -> tuple[Any, Any]:
    """Of one number 1 is divided, of several the first by the product of the rest."""
    if len(values) == 1:
        return type(values[0])(1), values[0]
    product = reduce(operator.mul, values[1:])
    return values[0], wrap(product) if type(product) is int else product


def quotient(*values: int) -> Any:
    first, divisor = first_and_divisor(values)
    if divisor == 0:
        return UNKNOWN
    size = abs(first) // abs(divisor)
    return size if (first < 0) == (divisor < 0) else -size


def float_quotient(*values: float) -> float:
    first, divisor = first_and_divisor(values)
    if divisor:
        return float(first / divisor)
    if first == 0 or math.isnan(first):
        return math.nan
    return math.copysign(math.inf, first) * math.copysign(1, divisor)


def remainder(a: int, b: int) -> Any:
    return UNKNOWN if b == 0 else int(math.copysign(1, a)) * (abs(a) % abs(b))


def least(*values: Any) -> Any:
    return reduce(lambda kept, value: min(kept, value), values)


def greatest(*values: Any) -> Any:
    return reduce(lambda kept, value: max(kept, value), values)


def to_int(value: float) -> int:
    return int(value) if -TOP <= value < TOP else -TOP


def whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    """A zero keeps its sign."""
    return lambda value: (
        math.copysign(rounding(value), value) if math.isfinite(value) else value
    )


def bits(value: int) -> str:
    return f"{value % (2 * TOP):064b}"


NUMBERS = {
    exp.Add: lambda *values: reduce(operator.add, values),
    exp.Sub: difference,
    exp.Mul: lambda *values: reduce(operator.mul, values),
    exp.Min: least,
    exp.Max: greatest,
}
"""Class -> its value, for one to three integers or floats."""
INTS = {
    exp.IntAnd: lambda *values: reduce(operator.and_, values),
    exp.IntOr: lambda *values: reduce(operator.or_, values),
    exp.IntXOr: lambda *values: reduce(operator.xor, values),
}
INT_OF_INTS: dict[Any, tuple[int, Callable[..., Any]]] = {
    exp.Abs: (1, abs),
    exp.IntNot: (1, operator.invert),
    exp.IntCount: (1, lambda value: bits(value).count("1")),
    exp.IntLeftShift: (2, lambda value, by: value << by % 64),
    exp.IntRightShift: (2, lambda value, by: value % (2 * TOP) >> by % 64),
    exp.IntArithmeticRightShift: (2, lambda value, by: value >> by % 64),
}
FLOAT_OF_FLOAT: dict[Any, Callable[..., Any]] = {
    exp.Abs: abs,
    exp.Floor: whole(math.floor),
    exp.Ceil: whole(math.ceil),
}
SCANS: dict[Any, Callable[[str, str], int]] = {
    exp.IntLeftScan: str.find,
    exp.IntRightScan: str.rfind,
}

# What they do: logic


def conjunction(*values: Any) -> Any:
    return next((v for v in (False, UNKNOWN) if v in values), True)


def disjunction(*values: Any) -> Any:
    return next((v for v in (True, UNKNOWN) if v in values), False)


def exclusion(*values: Any) -> Any:
    n_true = 0
    for value in values:
        if value == UNKNOWN:
            return UNKNOWN
        n_true += value
        if n_true > 1:
            return False
    return n_true == 1


LOGIC = {exp.And: conjunction, exp.Or: disjunction, exp.Exclusive: exclusion}
COMPARISONS: dict[Any, Callable[[Any, Any], bool]] = {
    exp.Eq: operator.eq,
    exp.NE: operator.ne,
    exp.GT: operator.gt,
    exp.GE: operator.ge,
    exp.LT: operator.lt,
    exp.LE: operator.le,
}

# Strategies


def named(make: Callable[..., Nodes]) -> Callable[..., Nodes]:
    """Make each strategy once, when it is needed; a long one has a short name then."""

    @cache
    def deferred(*args: Any) -> Nodes:
        return st.deferred(lambda: make(*args))

    return deferred


def node(made: Any, function: Callable[..., Any], *operands: Node) -> Node:
    return Node(
        made(*(operand.tree for operand in operands)),
        strict(function)(*(operand.value for operand in operands)),
    )


def constants(values: st.SearchStrategy[Any]) -> Nodes:
    return values.map(lambda value: Node(value, value))


def bins(of: Any, kind: type) -> Nodes:
    """Bins of a type; now and then one of another type, or one that is missing."""
    fitting = [name for name, value in RECORD.items() if type(value) is kind]
    names = [*fitting * 6, *RECORD, "missing"]
    return st.sampled_from(names).map(
        lambda name: Node(of(name), RECORD[name] if name in fitting else UNKNOWN)
    )


def applied(table: dict[Any, Any], operands: Nodes, low: int, high: int) -> Nodes:
    return st.builds(
        lambda row, args: node(row[0], row[1], *args),
        st.sampled_from([*table.items()]),
        st.lists(operands, min_size=low, max_size=high),
    )


def chosen(conditions: Nodes, values: Nodes) -> Nodes:
    """Conditions of one or two tests."""

    def build(tests: list[tuple[Node, Node]], default: Node) -> Node:
        trees = [part.tree for test in tests for part in test]
        made = exp.Cond(*trees, default.tree)
        for condition, value in tests:
            if condition.value is not False:
                return Node(made, value.value if condition.value is True else UNKNOWN)
        return Node(made, default.value)

    pairs = st.lists(st.tuples(conditions, values), min_size=1, max_size=2)
    return st.builds(build, pairs, values)


def divided(made: Any, function: Any, operands: Nodes, low: int, high: int) -> Nodes:
    """Divisions of integers; -2**63 by -1 stops the processor of a real server."""

    def build(args: list[Node]) -> Node:
        values = [arg.value for arg in args]
        if UNKNOWN not in values and first_and_divisor(tuple(values)) == (-TOP, -1):
            return args[0]
        return node(made, function, *args)

    return st.lists(operands, min_size=low, max_size=high).map(build)


SMALL = st.integers(-3, 70)
EDGES = st.sampled_from([-TOP, TOP - 1, 2**62, -1, 0])
KEYS = st.sampled_from(["a", "b", "z"])
VAR = "x"
Leaf = Node | None


@named
def ints(depth: int, variable: Leaf = None) -> Nodes:
    leaves = [constants(SMALL | EDGES), bins(exp.IntBin, int)]
    leaves += [st.just(variable)] if variable is not None else []
    if depth == 0:
        return st.one_of(leaves)
    a, f = ints(depth - 1, variable), floats(depth - 1)
    items, pairs = lists(depth - 1), maps(depth - 1)
    return st.one_of(
        *leaves,
        applied(NUMBERS, a, 1, 3),
        applied(INTS, a, 1, 3),
        divided(exp.Div, quotient, a, 1, 3),
        divided(exp.Mod, remainder, a, 2, 2),
        st.sampled_from([*INT_OF_INTS.items()]).flatmap(
            lambda row: st.lists(a, min_size=row[1][0], max_size=row[1][0]).map(
                lambda args: node(row[0], row[1][1], *args)
            )
        ),
        st.builds(
            lambda row, value, wanted: node(
                row[0], lambda v, w: row[1](bits(v), "01"[w]), value, wanted
            ),
            st.sampled_from([*SCANS.items()]),
            a,
            booleans(depth - 1),
        ),
        f.map(lambda value: node(exp.ToInt, to_int, value)),
        items.map(lambda found: node(size_of_list, len, found)),
        pairs.map(lambda found: node(size_of_map, len, found)),
        st.builds(
            lambda found, index: node(
                lambda lst, i: exp.ListGetByIndex(
                    None,
                    aerospike.LIST_RETURN_VALUE,
                    exp.ResultType.INTEGER,
                    i,
                    lst,
                ),
                at_index,
                found,
                index,
            ),
            items,
            a,
        ),
        chosen(booleans(depth - 1), a),
    )


def size_of_list(found: Any) -> Any:
    return exp.ListSize(None, found)


def size_of_map(found: Any) -> Any:
    return exp.MapSize(None, found)


def at_index(found: list[int], index: int) -> Any:
    return found[index] if -len(found) <= index < len(found) else UNKNOWN


@named
def floats(depth: int) -> Nodes:
    leaves = constants(st.sampled_from([0.0, 1.5, -2.5, 1e10, 0.1])) | bins(
        exp.FloatBin, float
    )
    if depth == 0:
        return leaves
    a = floats(depth - 1)
    return st.one_of(
        leaves,
        applied(NUMBERS, a, 1, 3),
        applied({exp.Div: float_quotient}, a, 1, 3),
        applied(FLOAT_OF_FLOAT, a, 1, 1),
        ints(depth - 1).map(lambda value: node(exp.ToFloat, float, value)),
        chosen(booleans(depth - 1), a),
    )


@named
def strings(depth: int) -> Nodes:
    leaves = constants(st.sampled_from(["", "Hello", "Hellp", "a"])) | bins(
        exp.StrBin, str
    )
    return leaves if depth == 0 else leaves | chosen(booleans(depth - 1), strings(0))


@named
def lists(depth: int) -> Nodes:
    leaves = constants(st.lists(SMALL, max_size=3)) | bins(exp.ListBin, list)
    if depth == 0:
        return leaves
    a = lists(depth - 1)
    return st.one_of(
        leaves,
        st.builds(
            lambda found, value: node(
                lambda lst, v: exp.ListAppend(None, None, v, lst),
                lambda lst, v: [*lst, v],
                found,
                value,
            ),
            a,
            ints(depth - 1),
        ),
        a.map(lambda found: node(lambda x: exp.ListSort(None, 0, x), sorted, found)),
        maps(depth - 1).map(lambda found: node(exp.MapGetValues, by_key, found)),
        chosen(booleans(depth - 1), a),
    )


def by_key(found: dict[str, int]) -> list[int]:
    return [found[key] for key in sorted(found)]


@named
def maps(depth: int) -> Nodes:
    leaves = constants(st.dictionaries(KEYS, SMALL, max_size=3)) | bins(
        exp.MapBin, dict
    )
    if depth == 0:
        return leaves
    a = maps(depth - 1)
    return leaves | st.builds(
        lambda found, key, value: node(
            lambda pairs, v: exp.MapPut(None, None, key, v, pairs),
            lambda pairs, v: {**pairs, key: v},
            found,
            value,
        ),
        a,
        KEYS,
        ints(depth - 1),
    )


@named
def booleans(depth: int) -> Nodes:
    leaves = constants(st.booleans()) | bins(exp.BoolBin, bool)
    if depth == 0:
        return leaves
    a = booleans(depth - 1)
    alike = [
        ints(depth - 1),
        floats(depth - 1),
        strings(depth - 1),
        lists(depth - 1),
        a,
    ]
    return st.one_of(
        leaves,
        st.builds(
            lambda row, args: Node(
                row[0](*(arg.tree for arg in args)),
                row[1](*(arg.value for arg in args)),
            ),
            st.sampled_from([*LOGIC.items()]),
            st.lists(a, min_size=2, max_size=3),
        ),
        a.map(lambda value: node(exp.Not, operator.not_, value)),
        *(applied(COMPARISONS, kind, 2, 2) for kind in alike),
        st.sampled_from([*RECORD, "missing"]).map(
            lambda name: Node(exp.BinExists(name), name in RECORD)
        ),
        st.builds(
            lambda value, found: node(
                exp.InList, lambda v, lst: v in lst, value, found
            ),
            ints(depth - 1),
            # the name of a bin would be meant by a str, and there is none here
            lists(depth - 1),
        ),
        st.builds(
            lambda key, found: node(
                lambda pairs: exp.InList(key, exp.MapGetKeys(pairs)),
                lambda pairs: key in pairs,
                found,
            ),
            KEYS,
            maps(depth - 1),
        ),
        chosen(a, a),
    )


@st.composite
def with_variable(draw: st.DrawFn, depth: int) -> Node:
    """A Let around an integer expression that may use its variable."""
    defined = draw(ints(depth))
    body = draw(ints(depth, Node(exp.Var(VAR), defined.value)))
    return Node(exp.Let(exp.Def(VAR, defined.tree), body.tree), body.value)


def trees(depth: int) -> Nodes:
    """Expressions of any type."""
    return st.one_of(
        *(kind(depth) for kind in (ints, floats, strings, lists, maps, booleans)),
        with_variable(depth - 1),
    )


def roots() -> dict[str, Nodes]:
    """Every class of the tables at the root of small trees, by its name."""
    a, f, b = ints(1), floats(1), booleans(1)
    return {
        **{f"int-{made.__name__}": alone(NUMBERS, made, a, 1, 3) for made in NUMBERS},
        **{f"float-{made.__name__}": alone(NUMBERS, made, f, 1, 3) for made in NUMBERS},
        **{made.__name__: alone(INTS, made, a, 2, 3) for made in INTS},
        **{
            made.__name__: applied({made: function}, a, n, n)
            for made, (n, function) in INT_OF_INTS.items()
        },
        **{
            f"float-{m.__name__}": alone(FLOAT_OF_FLOAT, m, f, 1, 1)
            for m in FLOAT_OF_FLOAT
        },
        **{
            f"{kind}-{made.__name__}": alone(COMPARISONS, made, operands, 2, 2)
            for made in COMPARISONS
            for kind, operands in (("int", a), ("float", f), ("list", lists(0)))
        },
        **{made.__name__: of_unknown(made, b) for made in LOGIC},
        "int-Div": divided(exp.Div, quotient, a, 1, 3),
        "float-Div": applied({exp.Div: float_quotient}, f, 1, 3),
        "Mod": divided(exp.Mod, remainder, a, 2, 2),
        "Cond": chosen(b, a),
        "Let": with_variable(1),
    }


def alone(
    table: dict[Any, Any], made: Any, operands: Nodes, low: int, high: int
) -> Nodes:
    return applied({made: table[made]}, operands, low, high)


def of_unknown(made: Any, operands: Nodes) -> Nodes:
    """Logic of operands of which many are unknown."""
    unknown = st.just(Node(exp.Eq(exp.IntBin("missing"), 1), UNKNOWN))
    return st.lists(operands | unknown, min_size=2, max_size=3).map(
        lambda args: Node(
            made(*(arg.tree for arg in args)), LOGIC[made](*(arg.value for arg in args))
        )
    )
