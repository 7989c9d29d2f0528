"""The operations of a record command: what each may stand with, and what it does.

`operation` adds a row to the table: the traits of an op code, and the function that
carries it out on a `Work`. Source: sections 3, 4 and 6 of the operation semantics.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from aerospike_devserver.codec.message import (
    MAX_BIN_NAME,
    Op,
    Operation,
    encode_bins,
    encode_op,
)
from aerospike_devserver.codec.particle import FLOAT64, check_type, store, widen_integer
from aerospike_devserver.config import MAX_RECORD_SIZE
from aerospike_devserver.loading import load_module
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.record import Bin, Bins, Subject, remove_bin
from aerospike_devserver.values.particle import BLOBS, Particle
from aerospike_devserver.values.values import ALLOWANCE
from aerospike_devserver.version import V8_1, Version

MAX_CPU_S = 1.0
"""Seconds after which a command may begin no further operation: it ends with 9."""


class Traits(NamedTuple):
    """What an operation may be combined with.

    writes: not in a pure read; reads: needs the READ flag; answers: may give an entry,
    so it does not go with read-all; on_replace: goes with a replace policy; since: the
    version that brought it.
    """

    writes: bool
    reads: bool
    answers: bool
    on_replace: bool
    since: Version = V8_1


READ = Traits(writes=False, reads=True, answers=True, on_replace=True)
SILENT_WRITE = Traits(writes=True, reads=False, answers=False, on_replace=False)
TELLING_WRITE = Traits(writes=True, reads=False, answers=True, on_replace=False)
"""Most operations are one of these; `_replace` says what else one is."""

UNKNOWN: Final = Traits(writes=False, reads=False, answers=False, on_replace=True)
"""Of a code that means nothing: it is refused with 4 when its turn comes."""


class Outcome(Enum):
    """What an operation gives instead of a value: does the reply get a null entry?"""

    MISSING = "no such bin, or a write: null if all operations are to respond"
    NO_RESULT = "a read of a bin that has nothing to tell: null in any write command"
    SILENT = "never an entry"


MISSING: Final = Outcome.MISSING
NO_RESULT: Final = Outcome.NO_RESULT
SILENT: Final = Outcome.SILENT

_NULL = (Particle.NULL, b"")


class Work:
    """The bins that operations work on, and the entries of the reply so far.

    bins is a private copy in a write. is_write tells mixed commands from pure reads.
    about: what expressions see of the record, given its bins at the moment. version:
    the one that is played. Between operations a bin may be larger than the namespace
    allows, as on a real server, but not larger than any record can be.
    """

    __slots__ = (
        "_about",
        "_begin_s",
        "bins",
        "entries",
        "is_write",
        "read_all",
        "respond_all",
        "version",
    )

    def __init__(
        self,
        bins: Bins,
        about: Callable[[Bins], Subject],
        *,
        is_write: bool,
        read_all: bool,
        respond_all: bool,
        version: Version,
    ):
        self._about = about
        self._begin_s = time.thread_time()
        ALLOWANCE.renew()
        self.bins = bins
        self.is_write = is_write
        self.read_all = read_all
        self.respond_all = respond_all
        self.version = version
        self.entries: list[bytes] = []

    def subject(self) -> Subject:
        """What an expression sees at this moment."""
        return self._about(self.bins)

    def run(self, op: Operation) -> None:
        """Carry out one operation and keep its entry; ServerError as it says."""
        code, particle, name, value = op
        row = _row_of(code)
        if row is None or row.traits.since > self.version:
            raise ServerError(Result.REQUEST_INVALID)
        if len(value) > MAX_RECORD_SIZE:
            raise ServerError(self._too_large)
        if time.thread_time() - self._begin_s > MAX_CPU_S:
            raise ServerError(Result.TIMEOUT)
        outcome = row.run(self, name, particle, value)
        if self.is_write and len(self.bins.get(name, _NULL)[1]) > MAX_RECORD_SIZE:
            raise ServerError(Result.RECORD_TOO_BIG)
        if isinstance(outcome, tuple):
            self.entries.append(encode_op(code, name, *outcome))
        elif (self.respond_all or outcome is NO_RESULT) and self._wants_null(outcome):
            self.entries.append(encode_op(code, name, *_NULL))

    @property
    def _too_large(self) -> Result:
        """The error for an operand that no record could hold."""
        return Result.RECORD_TOO_BIG if self.is_write else Result.REQUEST_INVALID

    def _wants_null(self, outcome: Outcome) -> bool:
        if self.respond_all:
            return outcome is not SILENT
        return self.is_write and outcome is NO_RESULT

    def add_all_bins(self) -> None:
        """An entry for each bin."""
        self.entries += encode_bins(self.bins)


Function = Callable[[Work, bytes, int, bytes], Bin | Outcome]
"""(work, bin name, particle type, value bytes) -> the entry, or why there is none."""


class _Row(NamedTuple):
    """An operation: what it may be combined with, and the function that runs it."""

    traits: Traits
    run: Function


_ROWS: dict[int, _Row] = {}
"""The operations by op code; `operation` adds them."""

_CDT, _VALUES = "handlers.record.cdt", "handlers.record.values"
_EXPRESSIONS = "handlers.record.expression_operations"
_MODULES = {
    **dict.fromkeys((Op.CDT_READ, Op.CDT_MODIFY), _CDT),
    **dict.fromkeys((Op.EXP_READ, Op.EXP_MODIFY), _EXPRESSIONS),
    **dict.fromkeys((Op.BITS_READ, Op.BITS_MODIFY), _VALUES),
    **dict.fromkeys((Op.HLL_READ, Op.HLL_MODIFY), _VALUES),
    **dict.fromkeys((Op.STRING_READ, Op.STRING_MODIFY, Op.TO_STRING), _VALUES),
}
"""The modules beside this one that add operations, each loaded by the first of them."""


def _row_of(code: int) -> _Row | None:
    """What is known of an op code."""
    module = _MODULES.get(code)
    if module is not None:
        load_module(module)
    return _ROWS.get(code)


def known() -> dict[int, Traits]:
    """All op codes of all versions, with their traits."""
    for module in sorted(set(_MODULES.values())):
        load_module(module)
    return {code: row.traits for code, row in _ROWS.items()}


def operation(code: int, traits: Traits) -> Callable[[Function], Function]:
    """Register the function of an op code, and what the operation may stand with."""

    def register(function: Function) -> Function:
        _ROWS[code] = _Row(traits, function)
        return function

    return register


def traits(code: int, version: Version) -> Traits:
    """What an operation may be combined with, as far as a version knows it."""
    row = _row_of(code)
    if row is None or row.traits.since > version:
        return UNKNOWN
    return row.traits


def check_name(name: bytes) -> None:
    """ServerError 21 for a bin name too long or with a NUL."""
    if len(name) > MAX_BIN_NAME or b"\0" in name:
        raise ServerError(Result.BIN_NAME)


@operation(Op.READ, READ)
def op_read(work: Work, name: bytes, _particle: int, _value: bytes) -> Bin | Outcome:
    """The bin as it is now; with GET_ALL and no name, all of them."""
    if work.read_all and not name:
        work.add_all_bins()
        return SILENT
    return work.bins.get(name, MISSING)


@operation(Op.WRITE, SILENT_WRITE._replace(on_replace=True))
def op_write(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Create or replace the bin; null removes it."""
    if particle == Particle.NULL:
        remove_bin(work.bins, name)
    else:
        work.bins[name] = (particle, store(particle, value))
    return MISSING


def _find_to_modify(work: Work, name: bytes) -> Bin | None:
    """The bin that a modification is about. GeoJSON cannot be modified: 1."""
    found = work.bins.get(name)
    if found is not None and found[0] == Particle.GEOJSON:
        raise ServerError(Result.SERVER_ERROR)
    return found


def _create(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """A modified bin that is missing takes the operand, of whatever type."""
    work.bins[name] = (particle, store(particle, value))
    return MISSING


def _add_integers(stored: bytes, delta: bytes) -> bytes:
    """The sum, wrapping at 64 bits. Of a delta of 16 bytes the first 8 count."""
    delta = delta[:8] if len(delta) == 16 else widen_integer(delta)
    total = int.from_bytes(stored, "big") + int.from_bytes(delta, "big")
    return (total & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")


def _add_floats(stored: bytes, delta: bytes) -> bytes:
    if len(delta) != FLOAT64.size:
        raise ServerError(Result.REQUEST_INVALID)
    return FLOAT64.pack(FLOAT64.unpack(stored)[0] + FLOAT64.unpack(delta)[0])


_ADDERS: dict[int, Callable[[bytes, bytes], bytes]] = {
    Particle.INTEGER: _add_integers,
    Particle.FLOAT: _add_floats,
}


@operation(Op.INCR, SILENT_WRITE)
def op_incr(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Add to a number bin; both integers or both floats, else 12."""
    check_type(particle)
    found = _find_to_modify(work, name)
    if found is None:
        return _create(work, name, particle, value)
    add = _ADDERS.get(found[0])
    if add is None or found[0] != particle:
        raise ServerError(Result.BIN_INCOMPATIBLE_TYPE)
    work.bins[name] = (particle, add(found[1], value))
    return MISSING


_CONCATENABLE = BLOBS | {Particle.STRING}


def _concatenate(
    work: Work,
    name: bytes,
    particle: int,
    value: bytes,
    join: Callable[[bytes, bytes], bytes],
) -> Outcome:
    """Join string to string, or blob to blob of the same type; else 12."""
    check_type(particle)
    found = _find_to_modify(work, name)
    if found is None:
        return _create(work, name, particle, value)
    if found[0] != particle or particle not in _CONCATENABLE:
        raise ServerError(Result.BIN_INCOMPATIBLE_TYPE)
    work.bins[name] = (particle, join(found[1], value))
    return MISSING


@operation(Op.APPEND, SILENT_WRITE)
def op_append(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Put a string or blob behind the stored one."""
    return _concatenate(work, name, particle, value, lambda old, new: old + new)


@operation(Op.PREPEND, SILENT_WRITE)
def op_prepend(work: Work, name: bytes, particle: int, value: bytes) -> Outcome:
    """Put a string or blob in front of the stored one."""
    return _concatenate(work, name, particle, value, lambda old, new: new + old)


@operation(Op.TOUCH, SILENT_WRITE)
def op_touch(_work: Work, _name: bytes, _particle: int, _value: bytes) -> Outcome:
    """Nothing by itself: the command needs a record, and is a write of it."""
    return SILENT


@operation(Op.DELETE_ALL, SILENT_WRITE)
def op_delete_all(work: Work, _name: bytes, _particle: int, _value: bytes) -> Outcome:
    """Drop all bins; a record that ends up without bins is deleted."""
    work.bins.clear()
    return MISSING
