"""List and map operations of a record command: from the bin and back into it.

Source: section A.1 of the page on lists, section 3 of the operation semantics.
"""

from __future__ import annotations

from aerospike_devserver.codec.message import Op
from aerospike_devserver.codec.particle import dump, dump_to_keep, load
from aerospike_devserver.handlers.record.operations import (
    MISSING,
    NO_RESULT,
    READ,
    TELLING_WRITE,
    Outcome,
    Work,
    operation,
)
from aerospike_devserver.loading import load_module
from aerospike_devserver.operations.cdt import arguments, engine
from aerospike_devserver.operations.cdt.select import Compiler, Test
from aerospike_devserver.storage.record import Bin
from aerospike_devserver.values.values import Value
from aerospike_devserver.version import Version


def _compiler(version: Version) -> Compiler:
    """What compiles the filters of paths: nothing else here needs expressions."""

    def compile_loop(value: Value) -> Test:
        load_module("expressions")
        from aerospike_devserver import expressions

        return expressions.compiler(version)(value)

    return compile_loop


def _entry(result: Value, otherwise: Outcome) -> Bin | Outcome:
    """A result as it is sent; nil is none."""
    if result is None or result is arguments.NO_RESULT:
        return otherwise
    return dump(result)


@operation(Op.CDT_READ, READ)
def op_cdt_read(work: Work, name: bytes, _particle: int, value: bytes) -> Bin | Outcome:
    """The result of a read; of a missing bin nothing, whatever is asked."""
    found = work.bins.get(name)
    if found is None:
        return MISSING
    asked = engine.decode_operation(value)
    compiler = _compiler(work.version)
    result = engine.read(load(*found), asked, compiler, work.version)
    return _entry(result, NO_RESULT)


@operation(Op.CDT_MODIFY, TELLING_WRITE)
def op_cdt_modify(
    work: Work, name: bytes, _particle: int, value: bytes
) -> Bin | Outcome:
    """Modify a container, or create it; the result if the operation has one."""
    found = work.bins.get(name)
    root = None if found is None else load(*found)
    asked = engine.decode_operation(value)
    compiler = _compiler(work.version)
    left = engine.modify(root, asked, compiler, found is None)
    if left.root is not None:
        work.bins[name] = dump_to_keep(left.root)
    return _entry(left.result, MISSING)
