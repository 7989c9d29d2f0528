# What type checkers and editors read. In a stub `import *` passes on what it imports;
# in a module they would ask for a written list, a copy of those of the modules.
# ruff: noqa: F403

from typing import Any as Any

from aerospike_helpers.expressions import string
from aerospike_helpers.expressions.arithmetic import *
from aerospike_helpers.expressions.base import *
from aerospike_helpers.expressions.bitwise import *
from aerospike_helpers.expressions.bitwise_operators import *
from aerospike_helpers.expressions.hll import *
from aerospike_helpers.expressions.list import *
from aerospike_helpers.expressions.map import *
from aerospike_helpers.expressions.string import *

str_ops = string
