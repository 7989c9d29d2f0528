"""Expressions: what they are packed to, what is refused, what a compiled one is like.

The recorded area "vec" holds the bytes of nearly every class against those of a
recorded client; here is what it does not have.
"""

from __future__ import annotations

import ast
import copy
import gc
import math
import pickle
import re
import timeit
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike._core import pack_expression
from aerospike_helpers import HyperLogLog, cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.expressions import (
    arithmetic,
    base,
    bitwise,
    bitwise_operators,
    hll,
    string,
)
from aerospike_helpers.expressions import list as on_lists
from aerospike_helpers.expressions import map as on_maps
from aerospike_helpers.string_helpers import StringPolicy, WriteFlags

N, F, S, B = exp.IntBin("i"), exp.FloatBin("f"), exp.StrBin("s"), exp.BoolBin("b")
VALUE = aerospike.LIST_RETURN_VALUE
CHILDREN = cdt_ctx.cdt_ctx_all_children()
YES = exp.Eq(1, 1)

# what the recorded client packs wrongly, or cannot


def shown(value: object) -> str:
    """A test's name: the same in each process, so without addresses."""
    return re.sub(r" at 0x\w+", "", repr(value))


PACKED = {
    # five elements under a head of five
    exp.MapIncrement(None, {"map_order": 1}, "k", 1, "m"): (
        "957f05409449a2036b0101935105a16d"
    ),
    exp.MapPut(None, {"persist_index": True}, "k", 1, "m"): (
        "957f05409543a2036b011000935105a16d"
    ),
    exp.ListIncrement(None, {"list_order": 1}, 0, 1, "l"): (
        "957f0440950c00010100935104a16c"
    ),
    exp.ListAppend(None, {}, 1, "l"): "957f0440920101935104a16c",
    exp.ListJoin(None, None, "l"): "957f0300911c935104a16c",
    exp.BitB64Encode(1, None, False, "b"): "957f0301923701935106a162",
    exp.BitB64Encode(1, 3, True, "b"): "957f03019437010301935106a162",
    exp.Snip(StringPolicy(WriteFlags.NO_FAIL), 1, None, "s"): (
        "957f0343923501935103a173"
    ),
    exp.Upper(None, "s"): "957f0343923800935103a173",
    exp.HLLInit(None, None, None, "h"): "957f09429400ffff00935109a168",
    exp.InList(1, [1]): "930901927e9101",
    exp.MapGetKeys({1: 2}): "9265810102",
    exp.Val(HyperLogLog(b"ab")): "a3126162",
    exp.Val(aerospike.null()): "c0",
    exp.Eq(exp.Val({"b": {"d": 1, "c": 2}, "a": 1}), exp.MapBin("m")): (
        "930182a2036101a2036282a2036302a2036401935105a16d"
    ),
    # what is right of - stays in its brackets; of one operand - means something else
    N - (N - 1): "9315935102a1699315935102a16901",
    arithmetic.Sub(N) - 1: "93159215935102a16901",
    N + (N + 1): "9414935102a169935102a16901",
    N / 2 / 3: "9417935102a1690203",
    math.floor(F): "921c935107a166",
    math.ceil(F): "921d935107a166",
    # three of the ranges are open without an end; in the others None is nil
    exp.ListRemoveByValueRange(None, 1, None, "l"): "957f044093260001935104a16c",
    exp.MapRemoveByKeyRange(None, 1, None, "m"): "957f054093540001935105a16d",
    exp.MapGetByValueRange(None, 8, 1, None, "m", True): (
        "957f05009369ce0001000801935105a16d"
    ),
    exp.ListGetByValueRange(None, 7, 1, None, "l"): "957f040094190701c0935104a16c",
    exp.MapRemoveByValueRange(None, 1, None, "m"): "957f054094560001c0935105a16d",
    exp.MapGetByKeyRange(None, 8, 1, None, "m"): "957f050094670801c0935105a16d",
    # a compiled operand is taken as it is
    exp.Not(YES.compile()): "921293010101",
    exp.ModifyByPath([CHILDREN], 4, exp.RemoveResult(), 0, exp.ListBin("l")): (
        "957f044094ccfe9204c3049164935104a16c"
    ),
}


@pytest.mark.parametrize(("tree", "wire"), PACKED.items(), ids=shown)
def test_expression_is_packed_to(tree, wire):
    assert tree.compile().wire.hex() == wire


wrong: Any = exp
"""The package without types: what follows is wrong on purpose."""

# tree -> what the error says
REFUSED: dict[Any, str] = {
    wrong.And(YES, wrong.Eq(N, "x")): (
        "And[1].Eq[1] (expr1): an integer is expected, not a string"
    ),
    wrong.Eq("x", N): "Eq[1] (expr1): a string is expected, not an integer",
    wrong.Eq(F, 1): "a float is expected, not an integer",
    wrong.Eq(wrong.GeoBin("g"), wrong.GeoBin("g")): "Eq[0] (expr0): a GeoJSON cannot",
    wrong.GT(wrong.HLLBin("h"), wrong.HLLBin("h")): "a HyperLogLog cannot be compared",
    wrong.And(YES, N): "And[1]: a boolean is expected, not an integer",
    wrong.And(YES): "And[0]: 2 or more operands are expected, not 1",
    wrong.Or(): "2 or more operands are expected, not 0",
    wrong.Not(1): "a boolean is expected",
    N + 1.5: "Add[1]: an integer is expected, not a float",
    S + 1: "Add[0]: an integer or a float is expected, not a string",
    N % 2.0: "Mod[1] (denominator): an integer is expected, not a float",
    N // 2: "Floor[0] (value): a float is expected, not an integer",
    wrong.ToInt(1): "a float is expected, not an integer",
    wrong.IntLeftScan(N, 1): "IntLeftScan[1] (search): a boolean is expected",
    wrong.CmpRegex(0, "x", N): "CmpRegex[2] (cmp_str): a string is expected",
    wrong.CmpRegex("x", "x", S): "CmpRegex[0] (options): an int is expected, not str",
    wrong.CmpRegex(0, b"x", S): "CmpRegex[1] (regex_str): a str is expected, not bytes",
    wrong.CmpGeo(wrong.GeoBin("g"), S): "CmpGeo[1] (expr1): a GeoJSON is expected",
    wrong.Cond(YES, 1, "x"): "Cond[2]: an integer is expected, not a string",
    wrong.Cond(YES, exp.RemoveResult(), N): "not an integer",
    # which would stop a real server
    wrong.Eq(wrong.MapBin("m"), exp.RemoveResult()): "RemoveResult cannot be compared",
    wrong.Cond(1, 1, 2): "Cond[0]: a boolean is expected, not an integer",
    wrong.Cond(YES, 1): "pairs of a condition and a value",
    wrong.Add(wrong.Unknown(), 1): "an integer or a float is expected, not Unknown",
    wrong.Let(wrong.Def("x", 5), wrong.Eq(wrong.Var("x"), "a")): "not a string",
    wrong.Var("x"): "no Let around defines the variable 'x'",
    wrong.Let(
        wrong.Def("x", wrong.Var("x")), 1
    ): "Let[0].Def[1].Var[0] (var_name): no Let",
    wrong.Let(1, 2): "Let[0]: a Def is expected, not int",
    wrong.Let(2): "one or more Def and an expression",
    wrong.Def("x", 1): "a Def stands in a Let only",
    wrong.Not(wrong.Def("x", 1)): "Not[0]: a Def stands in a Let only",
    wrong.ListSize(None, wrong.StrBin("s")): "ListSize[1] (bin): a list is expected",
    wrong.ListSize(5, "l"): "ListSize[0] (ctx): a context, a list or None,",
    wrong.ListSize([5], "l"): "ListSize[0] (ctx): Failed to convert ctx",
    wrong.ListGetByIndex(None, VALUE, 2, "x", "l"): "(index): an integer is expected",
    wrong.ListGetByIndex(None, VALUE, 77, 0, "l"): "(value_type): 77 is no ResultType",
    wrong.ListGetByIndex(None, aerospike.LIST_RETURN_COUNT, 3, 0, "l"): (
        "(value_type): an integer is what the return type gives, not a string"
    ),
    wrong.ListGetByValue(None, aerospike.LIST_RETURN_NONE, 1, "l"): "the return type 0",
    wrong.ListGetByValueList(None, VALUE, 5, "l"): "(value): a list is expected",
    wrong.ListAppend(
        None, 5, 1, "l"
    ): "(policy): a policy, a dict or None, is expected",
    wrong.ListAppend(
        None, {"write_flags": "x"}, 1, "l"
    ): "(policy): an int is expected",
    wrong.MapPutItems(None, None, [1], "m"): "(map): a map is expected, not a list",
    wrong.BitGet(0, 8, S): "BitGet[2] (bin): a blob is expected, not a string",
    # which would stop a real server
    wrong.BitCount(0, 8, exp.Val(None)): "(bin): a blob is expected, not nil",
    wrong.HLLGetCount(exp.Val(None)): "(bin): a HyperLogLog is expected, not nil",
    wrong.BitSet(None, 0, 8, 5, "b"): "(value): a blob is expected, not an integer",
    wrong.HLLAdd(None, "x", 8, 8, "h"): "(list): a list is expected",
    wrong.Upper({"write_flags": 1}, "s"): "a StringPolicy is expected, not dict",
    wrong.Replace(None, S, "x", "s"): "(needle): a str is expected, not StrBin",
    wrong.SelectByPath(
        [CHILDREN], 4, 1, "l"
    ): "(bin): an expression, ListBin or MapBin",
    wrong.SelectByPath([], 4, 1, wrong.ListBin("l")): "(ctx): a context of one or more",
    wrong.DigestMod(2**64): "(mod): the int is beyond 64 bits",
    wrong.Eq(N, {1, 2}): "Eq[1] (expr1): ",
    wrong.Eq(N, 2**64): "Eq[1] (expr1): integer value exceeds",
    wrong.Val(YES): "Val[0] (value): ",
}


@pytest.mark.parametrize(("tree", "text"), REFUSED.items(), ids=shown)
def test_wrong_operand_is_refused_with_its_place(tree, text):
    compiled = tree.compile()  # made when a module is imported: it says nothing
    for packed in (tree, compiled):
        with pytest.raises((exception.InvalidRequest, exception.ParamError)) as caught:
            pack_expression(packed)
        assert text in str(caught.value.msg)


def test_depth_is_limited():
    tree: exp.Not = exp.Not(B)
    for _ in range(998):
        tree = exp.Not(tree)
    assert len(pack_expression(tree)) == 999 * 2 + 5
    with pytest.raises(exception.InvalidRequest, match="deeper than 1000 levels"):
        pack_expression(exp.Not(exp.Not(tree)))


@pytest.mark.parametrize("name", ["b" * 16, 5, None, "a\0b"])
def test_bad_bin_name_is_refused(name):
    with pytest.raises((exception.ParamError, exception.BinNameError)):
        pack_expression(exp.IntBin(name))


def test_operands_of_unknown_type_pass():
    anything = exp.ListGetByIndex(None, VALUE, exp.ResultType.INTEGER, 0, "l")
    for tree in (
        exp.And(exp.Eq(anything, 1), exp.Eq(YES.compile(), True)),
        exp.Cond(YES, exp.Unknown(), 5),
        exp.Cond(YES, exp.RemoveResult(), exp.Unknown()),
    ):
        assert tree.compile().wire == pack_expression(tree)


def test_uninitialised_expression_is_refused():
    class Broken(exp.IntBin, type=2):
        def __init__(self) -> None:
            pass

    with pytest.raises(exception.ParamError, match="an expression is expected"):
        pack_expression(exp.Not(Broken()))


def test_offset_of_zero_is_found_without_its_bool():
    class Number(int):
        def __bool__(self) -> bool:
            raise RuntimeError

    odd = exp.BitB64Encode(Number(0), None, False, "b").compile()
    assert odd == exp.BitB64Encode(0, None, False, "b").compile()


def test_arguments_may_be_named():
    named = exp.ListGetByValue(ctx=None, return_type=VALUE, value=1, bin="l")
    assert named.compile() == exp.ListGetByValue(None, VALUE, 1, "l", False).compile()
    assert named.value == 1
    assert named.inverted is False


@pytest.mark.parametrize("args", [(), (1,), (None, VALUE, 1, "l", False, 6)])
def test_wrong_number_of_arguments_is_a_type_error(args):
    with pytest.raises(TypeError, match=r"ListGetByValue\(\)"):
        exp.ListGetByValue(*args)


def test_repr_shows_the_tree():
    assert repr(exp.Eq(exp.IntBin("a"), 1)) == "Eq(IntBin('a'), 1)"


# What a compiled expression is like


def test_compiled_shows_rows_in_prefix_order():
    assert exp.Eq(exp.IntBin("a"), 1).compile() == [
        (1, None, None, 2),
        (81, 2, {"bin": "a"}, 0),
        (200, None, {"val": 1}, 0),
    ]
    assert exp.TTL().compile() == [(68, 2, None, 0)]
    assert exp.BinExists("x").compile() == [(83, 1, {"bin": "x"}, 0)]


def test_compiled_is_a_list_of_tuples():
    compiled = exp.And(YES, exp.GT(exp.TTL(), 5)).compile()
    assert isinstance(compiled, list)
    assert len(compiled) == len([*compiled]) == 7
    assert all(len(row) == 4 for row in compiled)
    assert compiled[0][0] == 16
    assert compiled[0] in compiled
    assert str(compiled).startswith("[(16, ")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))]
)
def test_copy_of_compiled_is_as_good(copied):
    compiled = exp.Eq(N, 5).compile()
    again = copied({"expressions": compiled})["expressions"]
    assert again == compiled
    assert again.wire == compiled.wire
    assert [*again] == [*compiled]


def test_equal_trees_compile_to_equal_expressions():
    assert exp.Eq(N, 5).compile() == exp.Eq(exp.IntBin("i"), 5).compile()
    assert exp.Eq(N, 5).compile() != exp.Eq(N, 6).compile()


def test_compiled_does_not_follow_later_changes():
    items = [1]
    compiled = exp.Eq(exp.ListBin("l"), items).compile()
    wire = compiled.wire
    items.append(2)
    assert compiled.wire == wire


def test_names_of_the_package_are_those_of_its_modules():
    modules = [base, arithmetic, bitwise, bitwise_operators, hll]
    modules += [on_lists, on_maps, string]
    names = {name for module in modules for name in module.__all__}
    exported = vars(exp)["__all__"]
    assert sorted(exported) == sorted(names | {"Any", "str_ops"})


def test_stub_of_the_package_names_the_same_modules():
    # type checkers read the stub, Python the module beside it
    source = Path(exp.__file__)
    stars = [
        [
            node.module
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        ]
        for path in (source, source.with_suffix(".pyi"))
    ]
    assert stars[0] == stars[1]
    assert len(stars[0]) == 8


def test_twenty_nodes_compile_in_30_us():
    operands = [exp.Eq(exp.IntBin(f"bin{i}"), i) for i in range(5)]
    tree = exp.And(*operands, exp.GT(exp.ListSize(None, "l"), 3))
    n = 1000
    assert min(timeit.repeat(tree.compile, number=n, repeat=7)) / n < 30e-6


def test_compiling_leaves_nothing_behind():
    trees = [exp.And(YES, exp.Eq(N, [1, {"a": 2}])), exp.And(YES, exp.Eq(N, "x"))]

    def compile_all() -> None:
        for tree in trees:
            compiled = tree.compile()
            try:
                pack_expression(compiled)
            except exception.InvalidRequest:
                pass

    compile_all()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(500):
        compile_all()
    gc.collect()
    assert len(gc.get_objects()) - before < 50
