"""The table of operations in the extension, and every other list of their numbers.

`operation_table()` shows the rows that encode operations: the number in the API, the
operation of the protocol that carries it, and the code that its value begins with.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from aerospike import _constants, _core
from aerospike._direct import DirectMethods
from aerospike_devserver.codec.message import Op
from aerospike_devserver.expressions import nodes
from aerospike_devserver.operations import bits
from aerospike_devserver.operations.cdt import lists, maps
from aerospike_devserver.operations.hll import operations as hll
from aerospike_devserver.operations.strings import operations as strings
from aerospike_helpers.expressions.resources import Call, OfArgs, OfExprs, _BaseExpr

TABLE = _core.operation_table()
NAMES = {row["number"]: row["name"] for row in TABLE}


# Constants

NAMED_OTHERWISE = {
    "_AS_OPERATOR_CDT_READ": "select_by_path",
    "_AS_OPERATOR_CDT_MODIFY": "modify_by_path",
}
WITHOUT_OPERATION = {
    *("OP_LIST_REMOVE_BY_REL_RANK_RANGE", "OP_MAP_REMOVE_BY_KEY_REL_INDEX_RANGE"),
    *("OP_MAP_REMOVE_BY_VALUE_REL_INDEX_RANGE", "OP_HLL_MAY_CONTAIN"),
    *("OP_MAP_REMOVE_BY_VALUE_REL_RANK_RANGE", "OP_MAP_GET_BY_KEY_REL_INDEX_RANGE"),
    *("_OP_STRING_SNIP_START", "_OP_BIT_B64_ENCODE_RANGE"),
}
"""Numbers that applications may name, and no call takes; ..._TO_END are others."""


def test_numbers_and_names_occur_once():
    assert len(NAMES) == len({*NAMES.values()}) == len(TABLE)


def test_numbers_of_packed_operations_ascend():
    packed = [
        row["number"] for row in TABLE if row["number"] in (2, 3, *range(99, 9999))
    ]
    assert packed == sorted(packed)  # which the search for a row needs


def test_constants_are_those_of_the_table():
    constants = {
        NAMED_OTHERWISE.get(name, name): value
        for name, value in vars(_constants).items()
        if name.startswith(("OP_", "_OP_", "OPERATOR_")) or name in NAMED_OTHERWISE
    }
    idle = {name for name in constants if name.endswith("_TO_END")} | WITHOUT_OPERATION
    assert {*NAMES.values()} & idle == set()
    for name in idle:
        assert constants.pop(name) not in NAMES
    assert constants == {name: number for number, name in NAMES.items()}


# Helpers

PREFIXES = {
    "bitwise_operations": "OP_",
    "expression_operations": "OP_",
    "hll_operations": "OP_",
    "list_operations": "OP_",
    "map_operations": "OP_",
    "operations": "OPERATOR_",
    "string_operations": "_OP_STRING_",
}
"""Module of helpers -> what the names of their operations begin with."""
NAMED_UNLIKE_HELPER = {
    "base64_decode": "_OP_STRING_B64_DECODE",
    "bit_b64_encode": "_OP_BIT_B64_ENCODE",
    "casefold": "_OP_STRING_CASE_FOLD",
    "expression_read": "OP_EXPR_READ",
    "expression_write": "OP_EXPR_WRITE",
    "increment": "OPERATOR_INCR",
    "list_join": "_OP_LIST_JOIN",
    "modify_by_path": "modify_by_path",
    "select_by_path": "select_by_path",
}


def helpers(module: str) -> Iterator[tuple[str, Callable[..., dict[str, Any]]]]:
    """Names and functions of a module."""
    found = importlib.import_module(f"aerospike_helpers.operations.{module}")
    for name, helper in vars(found).items():
        is_own = getattr(helper, "__module__", None) == found.__name__
        if inspect.isfunction(helper) and is_own and not name.startswith("_"):
            yield name, helper


def test_helpers_make_the_operations_of_their_names():
    made, expected = {}, {}
    for module, prefix in PREFIXES.items():
        for name, helper in helpers(module):
            nothing = dict.fromkeys(inspect.signature(helper).parameters)
            made[module, name] = NAMES[helper(**nothing)["op"]]
            usual = prefix + name.upper().replace("_RELATIVE", "_REL")
            expected[module, name] = NAMED_UNLIKE_HELPER.get(name, usual)
    assert made == expected
    # list_join() chooses between two by its separator
    assert {*NAMES.values()} - {*made.values()} == {"_OP_LIST_JOIN_SEPARATOR"}


# Methods of one operation


class Recorder:
    """What stands in for a client, and keeps the operations it is given."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def _operate_one(self, _key: Any, operations: list[dict[str, Any]], *_: Any) -> int:
        self.numbers += [operation["op"] for operation in operations]
        return 0

    _operate_count = _operate_zero = _operate_pairs = _operate_one


def test_direct_methods_make_the_operations_of_their_names():
    made, expected = {}, {}
    for name, method in vars(DirectMethods).items():
        if name.startswith(("list_", "map_")):
            recorder, (_, *names) = Recorder(), inspect.signature(method).parameters
            method(recorder, **dict.fromkeys(names))
            made[name] = [NAMES[number] for number in recorder.numbers]
            expected[name] = ["OP_" + name.upper()]
    expected["list_extend"] = ["OP_LIST_APPEND_ITEMS"]
    assert made == expected
    assert len(made) > 30


# Expressions, which take their codes from the table

CARRIERS = {
    0x00: Op.CDT_READ,
    0x40: Op.CDT_MODIFY,
    0x01: Op.BITS_READ,
    0x41: Op.BITS_MODIFY,
    0x02: Op.HLL_READ,
    0x42: Op.HLL_MODIFY,
    0x03: Op.STRING_READ,
    0x43: Op.STRING_MODIFY,
}
"""System of a call in an expression -> what carries the operation outside of one."""


def classes(base: type[_BaseExpr] = _BaseExpr) -> Iterator[type[Any]]:
    """Every class of an expression."""
    for cls in base.__subclasses__():
        if "_form" in vars(cls) and cls not in (OfArgs, OfExprs):
            yield cls
        yield from classes(cls)


def test_calls_of_expressions_are_operations():
    known = {(row["carrier"], row["code"]) for row in TABLE}
    lacking = {
        cls.__name__
        for cls in classes(Call)
        if (CARRIERS[cls._system], cls._form[3]) not in known
    }
    assert lacking == {"HLLMayContain"}


CALL = _constants._AS_EXP_CODE_CALL
QUOTE = 126
"""What a list in an expression stands in; no class is one."""
OF_THE_PACKER = {"Val": 128, "Def": 129, "BinExists": 130}
"""What is packed otherwise than as [code, operand, ...], by codes that are not sent."""
NODES = {
    "InList": _constants._AS_EXP_CODE_IN_LIST,
    "RemoveResult": _constants._AS_EXP_CODE_REMOVE_RESULT,
    "MapGetKeys": _constants._AS_EXP_CODE_MAP_KEYS_IN,
    "MapGetValues": _constants._AS_EXP_CODE_MAP_VALUES_IN,
}
"""Classes whose codes have constants."""


def test_server_knows_the_same_nodes():
    codes = {cls.__name__: cls._form[1] for cls in classes()}
    assert codes == {**codes, **OF_THE_PACKER, **NODES}
    sent = {*codes.values()} - {*OF_THE_PACKER.values()}
    assert {*nodes._PARSERS} == sent | {QUOTE}
    assert {cls._form[1] for cls in classes(Call)} == {CALL}


# The development server, whose tables are its own

SERVER_TABLES: list[tuple[dict[int, Any], int, int]] = [
    (lists.ROWS, Op.CDT_READ, Op.CDT_MODIFY),
    (maps.ROWS, Op.CDT_READ, Op.CDT_MODIFY),
    (bits.ROWS, Op.BITS_READ, Op.BITS_MODIFY),
    (hll.ROWS, Op.HLL_READ, Op.HLL_MODIFY),
    (strings.ROWS, Op.STRING_READ, Op.STRING_MODIFY),
]
NOT_SENT = {
    *((Op.CDT_READ, code) for code in (20, 99)),  # the first element of a value
    *((Op.CDT_MODIFY, code) for code in (33, 78)),
    *((Op.CDT_MODIFY, code) for code in (65, 66, 69, 70)),  # older ways to put
    (Op.HLL_READ, 56),  # in expressions alone
}
"""What the server knows, and the client has no operation for."""
PATHS = {(Op.CDT_READ, 254), (Op.CDT_MODIFY, 254)}
"""The server's engine handles path operations without a row."""


def test_server_knows_the_same_operations():
    sent = {(row["carrier"], row["code"]) for row in TABLE if row["code"] >= 0}
    known = {
        (modify if row.modifies else read, code)
        for rows, read, modify in SERVER_TABLES
        for code, row in rows.items()
    }
    assert sent - known == PATHS
    assert known - sent == NOT_SENT


def test_operations_without_a_code_have_carriers_of_their_own():
    assert {row["name"]: row["carrier"] for row in TABLE if row["code"] < 0} == {
        "OPERATOR_READ": Op.READ,
        "OPERATOR_WRITE": Op.WRITE,
        "OPERATOR_INCR": Op.INCR,
        "OPERATOR_APPEND": Op.APPEND,
        "OPERATOR_PREPEND": Op.PREPEND,
        "OPERATOR_TOUCH": Op.TOUCH,
        "OPERATOR_DELETE": Op.DELETE_ALL,
        "OP_EXPR_READ": Op.EXP_READ,
        "OP_EXPR_WRITE": Op.EXP_MODIFY,
        "_OP_STRING_TO_STRING": Op.TO_STRING,
    }
