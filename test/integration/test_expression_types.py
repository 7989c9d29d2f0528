"""What the client refuses when it compiles is what the server would refuse.

Every node with operands of all combinations of types: a compiled operand has no type
that the client knows of, so that the server can be asked about the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from aerospike import exception
from aerospike._core import pack_expression
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations as eo

from ..absent import need

OPERANDS = [
    exp.BoolBin("x"),
    exp.IntBin("x"),
    exp.StrBin("x"),
    exp.ListBin("x"),
    exp.MapBin("x"),
    exp.BlobBin("x"),
    exp.FloatBin("x"),
    exp.GeoBin("x"),
    exp.HLLBin("x"),
    exp.Unknown(),
    exp.Val(None),
]
ONE = [exp.Not, exp.Abs, exp.Floor, exp.Ceil, exp.ToInt, exp.ToFloat, exp.IntNot]
ONE += [exp.IntCount, exp.Add, exp.Sub, exp.IntAnd, exp.Min]
TWO = [exp.Eq, exp.NE, exp.GT, exp.GE, exp.LT, exp.LE, exp.CmpGeo, exp.And, exp.Or]
TWO += [exp.Exclusive, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Pow, exp.Log, exp.Mod]
TWO += [exp.Min, exp.Max, exp.IntAnd, exp.IntOr, exp.IntXOr, exp.IntLeftShift]
TWO += [exp.IntRightShift, exp.IntArithmeticRightShift, exp.InList]
TWO += [exp.IntLeftScan, exp.IntRightScan]
NODES: dict[str, tuple[int, Callable[..., Any]]] = {
    **{f"{made.__name__}-1": (1, made) for made in ONE},
    **{f"{made.__name__}-2": (2, made) for made in TWO},
    "Cond": (3, exp.Cond),
    "CmpRegex": (1, lambda subject: exp.CmpRegex(0, "a", subject)),
    "ListSize": (1, lambda target: exp.ListSize(None, target)),
    "MapSize": (1, lambda target: exp.MapSize(None, target)),
    "ListAppend": (1, lambda target: exp.ListAppend(None, None, 1, target)),
    "BitNot": (1, lambda target: exp.BitNot(None, 0, 8, target)),
    "HLLInit": (1, lambda target: exp.HLLInit(None, 8, 0, target)),
    # the types of nodes that pass on those of their operands
    "Let": (2, lambda a, b: exp.Let(exp.Def("v", a), exp.Eq(exp.Var("v"), b))),
    "body": (2, lambda a, b: exp.Eq(exp.Let(exp.Def("v", a), exp.Var("v")), b)),
    "branch": (2, lambda a, b: exp.Eq(exp.Cond(exp.BoolBin("t"), a, a), b)),
}


def compiles(tree: Any) -> bool:
    try:
        pack_expression(tree)
    except exception.InvalidRequest:
        return False
    return True


@pytest.mark.parametrize(("n", "made"), NODES.values(), ids=NODES)
def test_client_refuses_what_the_server_refuses(client, key, n, made):
    if made is exp.CmpGeo:
        need("s2geometry")
    client.put(key, {"other": 1})
    differing = []
    for operands in product(OPERANDS, repeat=n):
        asked = made(*(operand.compile() for operand in operands)).compile()
        operation = eo.expression_read("r", asked, 16)  # no failure when it is unknown
        try:
            client.operate(key, [operation])
            is_taken = True
        except exception.InvalidRequest:
            is_taken = False
        if compiles(made(*operands)) is not is_taken:
            differing.append(operands)
    assert differing == []
