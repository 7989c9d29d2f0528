"""Expressions that the server evaluates: filters on records, and values of operations.

    from aerospike_helpers import expressions as exp

    grown_up = exp.GE(exp.IntBin("age"), 18).compile()
    client.get(key, policy={"expressions": grown_up})

This module has comparisons, logic, conditions, variables, bins, keys and metadata. An
argument that is not an expression is a constant. The value of an expression is unknown
if it needs something that does not exist, such as a bin, or a bin of that type. A
filter with an unknown value rejects the record. If an operand has a wrong type, the
call that uses the expression raises InvalidRequest and sends nothing.
"""

from __future__ import annotations

from typing import Any

from aerospike import _constants
from aerospike._calls.signatures import goes_by_its_name
from aerospike_helpers.expressions.resources import (
    BinName,
    Call,
    Const,
    Context,
    Fields,
    GeoArg,
    Modifier,
    OfExprs,
    PathTarget,
    ResultType,
    SameType,
    StrArg,
    Text,
    Value,
    ValueType,
    _BaseExpr,
)

__all__ = [
    "GE",
    "GT",
    "LE",
    "LT",
    "NE",
    "TTL",
    "And",
    "BinExists",
    "BinType",
    "BlobBin",
    "BoolBin",
    "CmpGeo",
    "CmpRegex",
    "Cond",
    "Def",
    "DeviceSize",
    "DigestMod",
    "Eq",
    "Exclusive",
    "FloatBin",
    "GeoBin",
    "HLLBin",
    "IntBin",
    "IsTombstone",
    "KeyBlob",
    "KeyExists",
    "KeyInt",
    "KeyStr",
    "LastUpdateTime",
    "Let",
    "ListBin",
    "LoopVar",
    "LoopVarBlob",
    "LoopVarBool",
    "LoopVarFloat",
    "LoopVarGeoJson",
    "LoopVarHLL",
    "LoopVarInt",
    "LoopVarList",
    "LoopVarMap",
    "LoopVarNil",
    "LoopVarStr",
    "MapBin",
    "MemorySize",
    "ModifyByPath",
    "Not",
    "Or",
    "RecordSize",
    "RemoveResult",
    "ResultRemove",
    "ResultType",
    "SelectByPath",
    "SetName",
    "SinceUpdateTime",
    "StrBin",
    "Unknown",
    "Val",
    "Var",
    "VoidTime",
]


class Unknown(Fields, code=0, gives="U"):
    """The value that is neither true nor false. As the value of a Cond, it makes a
    filter reject the record.
    """


class Val(Fields, code=128, gives="?"):
    """A constant."""

    value: Any


# Comparison


class _Comparison(Fields, gives="1"):
    expr0: SameType
    expr1: SameType


class Eq(_Comparison, code=1):
    """expr0 == expr1, both of the same type."""


class NE(_Comparison, code=2):
    """expr0 != expr1, both of the same type."""


class GT(_Comparison, code=3):
    """expr0 > expr1, both of the same type."""


class GE(_Comparison, code=4):
    """expr0 >= expr1, both of the same type."""


class LT(_Comparison, code=5):
    """expr0 < expr1, both of the same type."""


class LE(_Comparison, code=6):
    """expr0 <= expr1, both of the same type."""


class CmpRegex(Fields, code=7, gives="1"):
    """Whether a POSIX regular expression matches anywhere in a string.

    options: REGEX_* values, joined with the operator ``|``.
    """

    options: Const
    regex_str: Text
    cmp_str: StrArg


class CmpGeo(Fields, code=8, gives="1"):
    """Whether one GeoJSON value is a region and the other a point inside it."""

    expr0: GeoArg
    expr1: GeoArg


# Logic


class And(OfExprs, code=16, of="1", gives="1", at_least=2):
    """Whether all of two or more booleans are true."""


class Or(OfExprs, code=17, of="1", gives="1", at_least=2):
    """Whether at least one of two or more booleans is true."""


class Exclusive(OfExprs, code=19, of="1", gives="1", at_least=2):
    """Whether exactly one of two or more booleans is true."""


class Not(OfExprs, code=18, of="1", gives="1"):
    """The opposite of one boolean."""


# Conditions and variables


class Cond(OfExprs, code=123, of="e", gives="?", at_least=3):
    """The value after the first condition that is true, otherwise the last value.

    Cond(condition, value, ..., default). All values must have the same type, except
    Unknown().
    """


class Let(OfExprs, code=125, of="e", gives="?", at_least=2):
    """An expression that may use variables: Let(Def(name, value), ..., expression).

    Each value may use the variables before it.
    """


class Def(Fields, code=129):
    """The name and the value of a variable that a Let defines."""

    var_name: Text
    expr: Value


class Var(Fields, code=124):
    """The value of a variable that a Let around it defines."""

    var_name: Text


# Bins and key


class _Bin(_BaseExpr):
    """A bin read as a type; unknown when it is missing or holds another one."""

    __slots__ = ()
    _fields = ("bin",)

    def _operands(self) -> tuple[()]:
        return ()

    def __init_subclass__(cls, type: int) -> None:
        cls._form = bytes([ord(str(type)), 81, ord("#"), type, ord("n"), 0])
        goes_by_its_name(cls)

    def __init__(self, bin: str) -> None:
        self._args = (bin,)


class BoolBin(_Bin, type=ResultType.BOOLEAN):
    """A bin that holds a boolean."""


class IntBin(_Bin, type=ResultType.INTEGER):
    """A bin that holds an integer."""


class StrBin(_Bin, type=ResultType.STRING):
    """A bin that holds a string."""


class ListBin(_Bin, type=ResultType.LIST):
    """A bin that holds a list."""


class MapBin(_Bin, type=ResultType.MAP):
    """A bin that holds a map."""


class BlobBin(_Bin, type=ResultType.BLOB):
    """A bin that holds a blob."""


class FloatBin(_Bin, type=ResultType.FLOAT):
    """A bin that holds a float."""


class GeoBin(_Bin, type=ResultType.GEOJSON):
    """A bin that holds a GeoJSON value."""


class HLLBin(_Bin, type=ResultType.HLL):
    """A bin that holds a HyperLogLog."""


class BinType(Fields, code=82, gives="2"):
    """The particle type (AS_BYTES_*) of a bin, 0 when it is missing."""

    bin: BinName


class BinExists(Fields, code=130, gives="1"):
    """Whether the record has the bin."""

    bin: BinName


class _Key(_BaseExpr):
    """The key that is stored with the record; unknown when it has another type."""

    __slots__ = ()

    def __init_subclass__(cls, type: int) -> None:
        cls._form = bytes([ord(str(type)), 80, ord("#"), type])
        goes_by_its_name(cls)

    def __init__(self) -> None:
        self._args = ()


class KeyInt(_Key, type=ResultType.INTEGER):
    """The key, an integer, that is stored with the record."""


class KeyStr(_Key, type=ResultType.STRING):
    """The key, a string, that is stored with the record."""


class KeyBlob(_Key, type=ResultType.BLOB):
    """The key, a blob, that is stored with the record."""


# Metadata


class KeyExists(Fields, code=71, gives="1"):
    """Whether a key is stored with the record."""


class SetName(Fields, code=70, gives="3"):
    """The name of the record's set, "" without one."""


class TTL(Fields, code=69, gives="2"):
    """Seconds until the record expires, -1 for never."""


class VoidTime(Fields, code=68, gives="2"):
    """When the record expires, in nanoseconds since 1970; -1 for never."""


class SinceUpdateTime(Fields, code=67, gives="2"):
    """Milliseconds since the last update of the record."""


class LastUpdateTime(Fields, code=66, gives="2"):
    """When the record was last updated, in nanoseconds since 1970."""


class IsTombstone(Fields, code=72, gives="1"):
    """Whether the record has been deleted durably."""


class RecordSize(Fields, code=74, gives="2"):
    """Bytes that the record takes in storage."""


class DeviceSize(Fields, code=65, gives="2"):
    """Bytes that the record takes on a device, 0 in memory.

    Servers since 7.0 have RecordSize instead.
    """


class MemorySize(Fields, code=73, gives="2"):
    """Bytes that the record takes in memory, 0 on devices.

    Servers since 7.0 have RecordSize instead.
    """


class DigestMod(Fields, code=64, gives="2"):
    """The last four bytes of the digest, an integer, modulo a constant."""

    mod: Const


# Paths


class RemoveResult(Fields, code=100, gives="R"):
    """A value that lets a modification by path remove the element."""


ResultRemove = RemoveResult
"""Its name in older versions."""


class LoopVar(_BaseExpr):
    """The key, the value or the index of the element that a path has reached.

    var_id: EXP_LOOPVAR_KEY, EXP_LOOPVAR_VALUE or EXP_LOOPVAR_INDEX. It is unknown if it
    has another type, or if there is no path around it.
    """

    __slots__ = ()
    _fields = ("var_id",)

    def _operands(self) -> tuple[()]:
        return ()

    def __init_subclass__(cls, type: int) -> None:
        cls._form = bytes([ord(str(type)), 122, ord("#"), type, ord("c"), 0])
        goes_by_its_name(cls)

    def __init__(self, var_id: int) -> None:
        self._args = (var_id,)


class LoopVarNil(LoopVar, type=ResultType.NIL):
    """A loop variable that is nil."""


class LoopVarBool(LoopVar, type=ResultType.BOOLEAN):
    """A loop variable that is a boolean."""


class LoopVarInt(LoopVar, type=ResultType.INTEGER):
    """A loop variable that is an integer."""


class LoopVarStr(LoopVar, type=ResultType.STRING):
    """A loop variable that is a string."""


class LoopVarList(LoopVar, type=ResultType.LIST):
    """A loop variable that is a list."""


class LoopVarMap(LoopVar, type=ResultType.MAP):
    """A loop variable that is a map."""


class LoopVarBlob(LoopVar, type=ResultType.BLOB):
    """A loop variable that is a blob."""


class LoopVarFloat(LoopVar, type=ResultType.FLOAT):
    """A loop variable that is a float."""


class LoopVarGeoJson(LoopVar, type=ResultType.GEOJSON):
    """A loop variable that is a GeoJSON value."""


class LoopVarHLL(LoopVar, type=ResultType.HLL):
    """A loop variable that is a HyperLogLog."""


class SelectByPath(Call, op=_constants._AS_OPERATOR_CDT_READ, gives="p"):
    """Everything in a list or map that a path finds.

    ctx: levels of `aerospike_helpers.cdt_ctx`, one or more. flags:
    EXP_PATH_SELECT_* values, joined with the operator ``|``. value_type: the
    ResultType of the result.
    """

    _system = 0
    _target = ResultType.LIST
    ctx: Context
    value_type: ValueType
    flags: Const
    bin: PathTarget


class ModifyByPath(Call, op=_constants._AS_OPERATOR_CDT_MODIFY, gives="p"):
    """A list or map in which an expression replaces everything that a path finds.

    ctx: levels of `aerospike_helpers.cdt_ctx`, one or more. mod_exp: an
    expression of loop variables, compiled or not, where RemoveResult() removes an
    element. flags: EXP_PATH_MODIFY_* values, joined with the operator ``|``.
    """

    _system = 0x40
    _target = ResultType.LIST
    ctx: Context
    value_type: ValueType
    mod_exp: Modifier
    flags: Const
    bin: PathTarget
