"""Operations on blobs, HyperLogLogs and strings: from the bin and back into it.

Source: sections A.1 and B.1 of the page on bits and HyperLogLogs, A.1 of the page on
string operations, section 3 of the operation semantics.
"""

from __future__ import annotations

from aerospike_devserver.codec.message import Op
from aerospike_devserver.codec.particle import dump, dump_to_keep, load
from aerospike_devserver.handlers.record.operations import (
    MISSING,
    READ,
    SILENT_WRITE,
    TELLING_WRITE,
    Outcome,
    Work,
    operation,
)
from aerospike_devserver.operations import bits
from aerospike_devserver.operations.hll import operations as hll
from aerospike_devserver.operations.rows import Modify, Read, decode_operation
from aerospike_devserver.operations.strings import engine as strings
from aerospike_devserver.operations.strings.operations import to_string
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bin
from aerospike_devserver.values.particle import Particle
from aerospike_devserver.values.values import Value
from aerospike_devserver.version import V8_2


def _check_particle(particle: int, wanted: int) -> None:
    if particle != wanted:
        raise ServerError(Result.BIN_INCOMPATIBLE_TYPE)


def _read(work: Work, name: bytes, value: bytes, run: Read) -> Bin | Outcome:
    """The result of a read; of a missing bin nothing, whatever is asked."""
    found = work.bins.get(name)
    if found is None:
        return MISSING
    return dump(run(load(*found), decode_operation(value), work.version))


def _modify(work: Work, name: bytes, value: bytes, run: Modify) -> Value:
    """Modify a bin, or create it; the result, None = there is none."""
    found = work.bins.get(name)
    root = None if found is None else load(*found)
    left = run(root, decode_operation(value), work.version)
    if left.root is not None:
        work.bins[name] = dump_to_keep(left.root)
    return left.result


@operation(Op.BITS_READ, READ)
def op_bits_read(work: Work, name: bytes, particle: int, value: bytes) -> Bin | Outcome:
    """Look at the bits of a blob."""
    if name in work.bins:
        _check_particle(particle, Particle.BLOB)
    return _read(work, name, value, bits.read)


@operation(Op.BITS_MODIFY, SILENT_WRITE)
def op_bits_modify(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Change the bits of a blob."""
    _check_particle(particle, Particle.BLOB)
    _modify(work, name, value, bits.modify)
    return MISSING


@operation(Op.HLL_READ, READ)
def op_hll_read(work: Work, name: bytes, _particle: int, value: bytes) -> Bin | Outcome:
    """Ask a sketch."""
    return _read(work, name, value, hll.read)


@operation(Op.HLL_MODIFY, TELLING_WRITE)
def op_hll_modify(
    work: Work, name: bytes, _particle: int, value: bytes
) -> Bin | Outcome:
    """Add to a sketch; some operations have a result."""
    result = _modify(work, name, value, hll.modify)
    return MISSING if result is None else dump(result)


@operation(Op.STRING_READ, READ._replace(since=V8_2))
def op_string_read(
    work: Work, name: bytes, _particle: int, value: bytes
) -> Bin | Outcome:
    """Look at a string."""
    return _read(work, name, value, strings.read)


@operation(Op.STRING_MODIFY, SILENT_WRITE._replace(since=V8_2))
def op_string_modify(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Change a string."""
    _check_particle(particle, Particle.STRING)
    _modify(work, name, value, strings.modify)
    return MISSING


@operation(Op.TO_STRING, READ._replace(since=V8_2))
def op_to_string(
    work: Work, name: bytes, _particle: int, _value: bytes
) -> Bin | Outcome:
    """A bin of another type as a string."""
    found = work.bins.get(name)
    return MISSING if found is None else dump(to_string(load(*found)))
