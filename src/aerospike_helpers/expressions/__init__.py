"""Expressions that the server evaluates: filters, and values of operations.

    from aerospike_helpers import expressions as exp

    grown_up = exp.And(exp.GE(exp.IntBin("age"), 18), exp.BinExists("name")).compile()
    client.get(key, policy={"expressions": grown_up})

The classes of all modules of this package are here too.
"""

from types import ModuleType as _ModuleType
from typing import Any as Any

from aerospike_helpers.expressions import string as str_ops
from aerospike_helpers.expressions.arithmetic import *  # noqa: F403
from aerospike_helpers.expressions.base import *  # noqa: F403
from aerospike_helpers.expressions.bitwise import *  # noqa: F403
from aerospike_helpers.expressions.bitwise_operators import *  # noqa: F403
from aerospike_helpers.expressions.hll import *  # noqa: F403
from aerospike_helpers.expressions.list import *  # noqa: F403
from aerospike_helpers.expressions.map import *  # noqa: F403
from aerospike_helpers.expressions.string import *  # noqa: F403

# All names that the lines above brought, without the modules: `list` and `map` would
# hide builtins. Type checkers and editors read __init__.pyi, which needs no list.
__all__ = [
    "str_ops",
    *(
        name
        for name, value in globals().items()
        if not name.startswith("_") and not isinstance(value, _ModuleType)
    ),
]
