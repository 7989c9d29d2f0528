"""The base classes of expressions, and the kinds of their arguments.

A class is a row: the code of its node or the number of its operation, its arguments in
order, and a rule for the type of its value. An argument's annotation says how it is
packed:

    class ListSet(_Modify, op=aerospike.OP_LIST_SET):
        ctx: Context
        policy: ListFlags
        index: IntArg
        value: Value
        bin: Bin

The base class makes the constructor of that, and the form that the extension packs by
(src/aerospike/_core/expressions/form.h). An argument that is no expression is a
constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from aerospike._calls.signatures import goes_by_its_name
from aerospike._core import operation_table, pack_expression
from aerospike._interrupts import comes_out
from aerospike._types import CompiledExpression, Expression
from aerospike.exception import AerospikeError

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import dataclass_transform

    from aerospike_helpers.string_helpers import StringPolicy
else:

    def dataclass_transform() -> Any:
        """Stand in for the function that only type checkers need."""
        return lambda cls: cls


class ResultType:
    """Numbers of the types that the value of an expression may have."""

    NIL = 0
    BOOLEAN = 1
    INTEGER = 2
    STRING = 3
    LIST = 4
    MAP = 5
    BLOB = 6
    FLOAT = 7
    GEOJSON = 8
    HLL = 9


class ReturnType:
    """Flags that may be or-ed to return types."""

    LIST_RETURN_INVERTED = 0x10000
    MAP_RETURN_INVERTED = 0x10000


class _BaseExpr(Expression):
    """A node of an expression; its arguments are constants or further expressions."""

    __slots__ = ()

    def compile(self) -> CompiledExpression:
        """Turn the expression into what policies and operations take.

        The result may be used any number of times, by any client. An expression with a
        mistake can be compiled, too: the call that uses it raises InvalidRequest, which
        names the place in the tree, and sends nothing.
        """
        try:
            wire = pack_expression(self)
        except AerospikeError as e:
            if comes_out(e):
                raise
            wire = None  # it is packed anew, by the client's rules, when it is used
        return CompiledExpression(self, wire)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._args))})"

    def __add__(self, right: Any) -> _BaseExpr:
        return _joined("Add", self, right, either_side=True)

    def __sub__(self, right: Any) -> _BaseExpr:
        return _joined("Sub", self, right)

    def __mul__(self, right: Any) -> _BaseExpr:
        return _joined("Mul", self, right, either_side=True)

    def __truediv__(self, right: Any) -> _BaseExpr:
        return _joined("Div", self, right)

    def __floordiv__(self, right: Any) -> _BaseExpr:
        return _arithmetic("Floor", _joined("Div", self, right))

    def __pow__(self, right: Any) -> _BaseExpr:
        return _arithmetic("Pow", self, right)

    def __mod__(self, right: Any) -> _BaseExpr:
        return _arithmetic("Mod", self, right)

    def __abs__(self) -> _BaseExpr:
        return _arithmetic("Abs", self)

    def __floor__(self) -> _BaseExpr:
        return _arithmetic("Floor", self)

    def __ceil__(self) -> _BaseExpr:
        return _arithmetic("Ceil", self)

    def _rows(self) -> list[Any]:
        """Return the tuples that CompiledExpression shows, in prefix order."""
        operands = [self._args[i] for i in self._operands()]
        parameters = {
            name: arg
            for i, (name, arg) in enumerate(zip(self._fields, self._args, strict=False))
            if i not in self._operands()
        }
        code, rule = self._form[1], chr(self._form[0])
        number = _SHOWN.get(code, code)
        kind = int(rule) if code in _TYPED and rule.isdigit() else None
        rows: list[Any] = [(number, kind, parameters or None, len(operands))]
        for operand in operands:
            if isinstance(operand, _BaseExpr):
                rows += operand._rows()
            else:
                rows.append((_CONSTANT, None, {"val": operand}, 0))
        return rows

    def _operands(self) -> Sequence[int]:
        """Return the places of the arguments that are operands, not parameters."""
        return range(len(self._args))


_SHOWN = {71: 70, 70: 69, 69: 68, 68: 67, 67: 71, 129: 126, 130: 83}
"""The number that is shown for the code of a node, where they differ."""
_CONSTANT = 200
_TYPED = frozenset([*range(64, 75), 80, 81, 82, 130])
"""The codes of the nodes whose type is shown: bins, key, metadata."""


_Class = TypeVar("_Class", bound=type)
_operator_classes: dict[str, type[Any]] = {}
"""The classes that Python's operators make, by name."""


def made_by_operators(cls: _Class) -> _Class:
    """Decorate a class of which Python's operators make nodes.

    The operators stand in the base class of all expressions, which cannot import the
    modules of its subclasses.
    """
    _operator_classes[cls.__name__] = cls
    return cls


def _arithmetic(name: str, *operands: Any) -> _BaseExpr:
    made: _BaseExpr = _operator_classes[name](*operands)
    return made


def _joined(name: str, left: Any, right: Any, either_side: bool = False) -> _BaseExpr:
    """Make one node of a chain: a + b + c has three operands.

    A node of a single operand does not join, since - and / mean something else there.
    A right operand of - or / keeps its brackets.
    """
    operands: list[Any] = []
    for operand, may_join in ((left, True), (right, either_side)):
        joins = may_join and type(operand).__name__ == name and len(operand._args) > 1
        operands += operand._args if joins else [operand]
    return _arithmetic(name, *operands)


# The annotations of arguments. A type checker reads the types, _KINDS the names.

Value: TypeAlias = Any
SameType: TypeAlias = Any
BoolArg: TypeAlias = _BaseExpr | bool
IntArg: TypeAlias = _BaseExpr | int
FloatArg: TypeAlias = _BaseExpr | float
NumberArg: TypeAlias = _BaseExpr | int | float
StrArg: TypeAlias = _BaseExpr | str
BlobArg: TypeAlias = _BaseExpr | bytes | bytearray | str
ListArg: TypeAlias = _BaseExpr | list[Any]
MapArg: TypeAlias = _BaseExpr | dict[Any, Any]
GeoArg: TypeAlias = Any
OptInt: TypeAlias = _BaseExpr | int | None
RestInt: TypeAlias = _BaseExpr | int | None
RestStr: TypeAlias = _BaseExpr | str | None
EndValue: TypeAlias = Any
Offset: TypeAlias = _BaseExpr | int
Flag: TypeAlias = bool
BinName: TypeAlias = str
Text: TypeAlias = str
Const: TypeAlias = int
LateConst: TypeAlias = int | None
PairFirst: TypeAlias = str
PairSecond: TypeAlias = str
ListOrBin: TypeAlias = _BaseExpr | list[Any] | str
MapOrBin: TypeAlias = _BaseExpr | dict[Any, Any] | str
AnyOrBin: TypeAlias = Any
Bin: TypeAlias = _BaseExpr | str
PathTarget: TypeAlias = _BaseExpr
Modifier: TypeAlias = _BaseExpr | CompiledExpression
Context: TypeAlias = list[Any] | None
Returned: TypeAlias = int
ValueType: TypeAlias = int
Inverted: TypeAlias = bool
Policy: TypeAlias = Mapping[str, Any] | None
ListOrderFlags: TypeAlias = Policy
ListFlags: TypeAlias = Policy
MapOrderFlags: TypeAlias = Policy
MapOrder: TypeAlias = Policy
BitPolicy: TypeAlias = Policy
HLLPolicy: TypeAlias = Policy
StrPolicy: TypeAlias = "StringPolicy | None"

_KINDS = {
    "Value": "e",
    "SameType": "=",
    "BoolArg": "1",
    "IntArg": "2",
    "StrArg": "3",
    "ListArg": "4",
    "MapArg": "5",
    "BlobArg": "6",
    "FloatArg": "7",
    "GeoArg": "8",
    "NumberArg": "m",
    "OptInt": "-",
    "RestInt": "!",
    "RestStr": ",",
    "EndValue": ".",
    "Offset": "^",
    "Flag": "b",
    "BinName": "n",
    "Text": "t",
    "Const": "c",
    "PairFirst": "q",
    "ListOrBin": "L",
    "MapOrBin": "M",
    "AnyOrBin": "S",
    "Modifier": "e",
}
"""The kinds of arguments that are packed in the order in which they are given."""
_POLICIES = {
    "ListOrderFlags": "l",
    "ListFlags": "w",
    "MapOrderFlags": "p",
    "MapOrder": "o",
    "BitPolicy": "f",
    "HLLPolicy": "h",
    "StrPolicy": "g",
}
"""The kinds of policies. They are packed behind the others, LateConst behind them."""

_PARAMETERS = frozenset(_POLICIES) | {
    *("Const", "LateConst", "Flag", "BinName", "Text", "PairFirst", "PairSecond"),
    *("Context", "Returned", "ValueType", "Inverted", "Modifier"),
}
"""The kinds of arguments that are no expressions."""

_NO_ARG = 255
_ALL_ARGS = 254
_CALL = 127


class _Argument:
    """An attribute of an expression that reads one of its arguments."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else instance._args[self.index]


class _SignatureOfFields:
    """The `__signature__` of a class, which is made when somebody asks for it."""

    def __get__(self, instance: Any, owner: Any) -> Signature:
        from inspect import Parameter, Signature  # a slow import

        parameters = []
        for name in owner._fields:
            default = owner._defaults.get(name, Parameter.empty)
            kind = Parameter.POSITIONAL_OR_KEYWORD
            parameters.append(Parameter(name, kind, default=default))
        return Signature(parameters)


@dataclass_transform()
class Fields(_BaseExpr):
    """A node whose arguments are the annotated names of its class."""

    _defaults: ClassVar[dict[str, Any]] = {}
    _annotations: ClassVar[dict[str, str]] = {}
    _gives: ClassVar[str] = "?"
    if not TYPE_CHECKING:
        __signature__ = _SignatureOfFields()

        def __init__(self, *args: Any, **named: Any) -> None:
            if named or len(args) != len(self._fields):
                args = _bound(type(self), args, named)
            self._args = args

    def __init_subclass__(
        cls, code: int | None = None, gives: str | None = None
    ) -> None:
        """Make the form of a class from its annotations.

        :param code: the code of its node, or None for a base of other classes.
        :param gives: the rule of the type of its value: the digit of a ResultType, or a
            letter; None takes that of its base.
        """
        own = {
            name: kind
            for name, kind in cls.__annotations__.items()
            if not name.startswith("_")
        }
        cls._annotations = {**cls._annotations, **own}
        cls._defaults = {
            **cls._defaults,
            **{name: cls.__dict__[name] for name in own if name in cls.__dict__},
        }
        cls._fields = tuple(cls._annotations)
        for i, name in enumerate(cls._fields):
            setattr(cls, name, _Argument(i))
        if gives is not None:
            cls._gives = gives
        if code is not None:
            cls._form = cls._make_form(code)

    @classmethod
    def _make_form(cls, code: int) -> bytes:
        return bytes([ord(cls._gives), code]) + cls._packed_arguments()

    @classmethod
    def _packed_arguments(cls) -> bytes:
        """Return the pairs (kind, index) in the order of packing."""
        first, policies, last = bytearray(), bytearray(), bytearray()
        for i, kind in enumerate(cls._annotations.values()):
            if kind in _KINDS:
                first += bytes([ord(_KINDS[kind]), i])
            elif kind in _POLICIES:
                policies += bytes([ord(_POLICIES[kind]), i])
            elif kind == "LateConst":
                last += bytes([ord("z"), i])
        return bytes(first + policies + last)

    def _operands(self) -> Sequence[int]:
        kinds = enumerate(self._annotations.values())
        return [i for i, kind in kinds if kind not in _PARAMETERS]

    @classmethod
    def _place_of(cls, kind: str) -> int:
        """Return the place of the argument of a kind, 255 when there is none."""
        kinds = list(cls._annotations.values())
        return kinds.index(kind) if kind in kinds else _NO_ARG


def _bound(
    cls: type[Fields], args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """Return all arguments in the order of the fields.

    :raises TypeError: as any function does, for wrong arguments.
    """
    signature: Signature = cls.__signature__  # type: ignore[attr-defined]
    try:
        bound = signature.bind(*args, **named)
    except TypeError as why:
        raise TypeError(f"{cls.__name__}(): {why}") from None
    bound.apply_defaults()
    return bound.args


_CODES = {row["number"]: row["code"] for row in operation_table()}
"""Number of an operation of `Client.operate` -> its code in the protocol."""


class Call(Fields):
    """An operation on what `bin` is: the name of a bin, or an expression."""

    _system: ClassVar[int]
    """The family of the operation: 0 is lists and maps, 1 bits, 2 HyperLogLogs, 3
    strings. An operation that modifies has 0x40 or-ed to it; its value is the operand
    as the operation leaves it."""
    _target: ClassVar[int]
    """The ResultType of the bin."""
    _sends_return_type: ClassVar[bool] = False
    """Whether a return type is sent although no argument gives one: NONE."""

    def __init_subclass__(
        cls, op: int | None = None, code: int | None = None, gives: str | None = None
    ) -> None:
        """Make the form of a class that is an operation.

        :param op: the number of the operation in `Client.operate`, which has its code.
        :param code: the code of an operation that `Client.operate` lacks.
        :param gives: as for Fields.
        """
        super().__init_subclass__(code if op is None else _CODES[op], gives)

    @classmethod
    def _make_form(cls, code: int) -> bytes:
        target = min(cls._place_of("Bin"), cls._place_of("PathTarget"))
        kinds = ("Context", "Returned", "Inverted", "ValueType")
        places = [target, *map(cls._place_of, kinds)]
        head = [ord(cls._gives), _CALL, cls._system, code, ord(str(cls._target))]
        pairs = cls._packed_arguments()
        if places[2] != _NO_ARG or cls._sends_return_type:
            pairs = bytes([ord("r"), places[2]]) + pairs
        return bytes(head + places) + pairs


class _Many(_BaseExpr):
    """A node of any number of operands of one kind."""

    __slots__ = ()

    def __init_subclass__(
        cls, code: int, of: str, gives: str, at_least: int = 1
    ) -> None:
        """Make the form of a class: of is the kind of its at_least or more operands."""
        cls._form = bytes([ord(gives), code, ord(of), _ALL_ARGS, at_least])
        goes_by_its_name(cls)


class OfExprs(_Many, code=0, of="e", gives="?"):
    """A node whose operands are conditions or integers."""

    __slots__ = ()

    def __init__(self, *exprs: Any) -> None:
        self._args = exprs


class OfArgs(_Many, code=0, of="e", gives="?"):
    """A node whose operands are numbers."""

    __slots__ = ()

    def __init__(self, *args: Any) -> None:
        self._args = args
