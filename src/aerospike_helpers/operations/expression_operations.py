"""Operations that evaluate an expression, for `Client.operate`."""

from __future__ import annotations

import aerospike
from aerospike._types import CompiledExpression
from aerospike_helpers.operations._operation import Operation, operation

# the keys of the dicts of operations, as other clients of Aerospike name them
BIN_KEY = "bin"
EXPR_FLAGS_KEY = "expr_flags"
EXPR_KEY = "expr"
OP_KEY = "op"


def expression_read(
    bin_name: str, expression: CompiledExpression, expression_read_flags: int = 0
) -> Operation:
    """Evaluate an expression. Result: its value, under the name bin_name.

    :param bin_name: a name for the result, whether or not there is such a bin.
    :param expression: a compiled expression.
    :param expression_read_flags: EXP_READ_* values, joined with the operator `|`.
    """
    return operation(
        aerospike.OP_EXPR_READ,
        bin_name,
        None,
        expr=expression,
        expr_flags=expression_read_flags,
    )


def expression_write(
    bin_name: str, expression: CompiledExpression, expression_write_flags: int = 0
) -> Operation:
    """Evaluate an expression and write its value to a bin. No result.

    :param expression: a compiled expression.
    :param expression_write_flags: EXP_WRITE_* values, joined with the operator `|`.
    """
    return operation(
        aerospike.OP_EXPR_WRITE,
        bin_name,
        None,
        expr=expression,
        expr_flags=expression_write_flags,
    )
