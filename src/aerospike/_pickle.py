"""Reading values that were stored as pickles, without running what is in them.

Whoever may write to a cluster chooses the bytes that its readers get, and a pickle can
name any function to be called, or take all memory and time with a few bytes. The
unpickler here knows Python's own value types and the classes that a client's
configuration names, and nothing else; and what a pickle takes is found out before it is
loaded (`_pickle_scan`). One function judges what is read and what is written.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import io
import pickle
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from aerospike import exception
from aerospike._core import pickle_is_plain
from aerospike._interrupts import comes_out, text_or_type
from aerospike._pickle_scan import CROWD, MAX_DIGITS, Limits, scan
from aerospike._report import warn_once

PROTOCOL = 2  # read by every Python that ever wrote or read such values

# what an argument may be: nothing that makes memory out of a number
_PLAIN = (list, tuple, dict, str, bytes, float, complex, type(None), bool)

_MOST_EQUAL = 100  # hashes among the keys of one container
_MAX_BITS = 1 << 16  # of a number in a fraction; arithmetic takes their square
_MAX_RANGE_BITS = 1 << 10

# further classes by "module.name"; limits by name
Classes = Mapping[str, type]
Bounds = Mapping[str, int]


def _refused(text: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(text)


class _Hashes:
    """Counts of the hashes in one container. Keys may be made to have one hash, and
    then each is compared with all.
    """

    def __init__(self) -> None:
        self.counts: collections.Counter[int] = collections.Counter()

    def add(self, keys: Iterable[Any]) -> None:
        for number in map(hash, keys):
            self.counts[number] += 1
            if self.counts[number] > _MOST_EQUAL:
                raise _refused("too many keys have one hash")


def _check_keys(keys: list[Any]) -> None:
    if len(keys) > CROWD:
        _Hashes().add(keys)


class _Call(tuple[Any, ...]):
    """(function, types of its arguments): a callable that a pickle cannot change.

    A pickle may set attributes of what it names; a tuple without a dict has none.
    """

    __slots__ = ()

    def __call__(self, *args: Any) -> Any:
        function, types = self
        if not all(isinstance(arg, types) for arg in args):
            raise _refused(f"unexpected argument for {function!r}")
        return function(*args)


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """The one way in which older pickles write bytes."""
    if encoding != "latin1":
        raise _refused(f"unexpected encoding {encoding!r}")
    return text.encode("latin1")


def _bytes(data: bytes = b"") -> bytes:
    """Of nothing: what older pickles write for b""."""
    return data


def _bytearray(data: bytes | str = b"", encoding: str = "latin-1") -> bytearray:
    if isinstance(data, str):
        data = _latin1_bytes(data, encoding.replace("-", ""))
    return bytearray(data)


def _decimal(text: str) -> decimal.Decimal:
    return decimal.Decimal(text)


def _fraction(*args: Any) -> fractions.Fraction:
    """Of two ints or of "numerator/denominator": an exponent could take forever."""
    if len(args) == 1 and isinstance(args[0], str):
        parts = args[0].split("/")
        if any(len(part) > MAX_DIGITS for part in parts):
            raise _refused("a fraction has too many digits")
        args = tuple(int(part) for part in parts)
    if any(arg.bit_length() > _MAX_BITS for arg in args):
        raise _refused("a fraction has too many digits")
    return fractions.Fraction(*args)


def _range(*args: int) -> range:
    if any(arg.bit_length() > _MAX_RANGE_BITS for arg in args):
        raise _refused("a range is of numbers too large")
    return range(*args)


def _set(items: Iterable[Any] = ()) -> set[Any]:
    items = list(items)
    _check_keys(items)
    return set(items)


def _frozenset(items: Iterable[Any] = ()) -> frozenset[Any]:
    items = list(items)
    _check_keys(items)
    return frozenset(items)


def _counter(items: Iterable[Any] = ()) -> Any:
    if not isinstance(items, dict):  # whose keys have been looked at
        items = list(items)
        _check_keys(items)
    return collections.Counter(items)


def _ordered(items: Iterable[Any] = ()) -> Any:
    if not isinstance(items, dict):
        items = list(items)
        _check_keys([key for key, _ in items])
    return collections.OrderedDict(items)


def _deque(items: Iterable[Any] = (), maxlen: int | None = None) -> Any:
    if not isinstance(items, (list, tuple)):
        raise _refused("unexpected argument for deque")
    return collections.deque(items, maxlen)


def _reconstructor(cls: type, base: type, state: Any) -> Any:
    """What protocols 0 and 1 make objects with; cls and base came through here."""
    if base is object:
        return object.__new__(cls)
    obj = base.__new__(cls, state)
    known: Any = base
    known.__init__(obj, state)
    return obj


# modules by the names they had in Python 2, which older protocols write
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}

# the module and name that stand in a pickle -> what is called for them
_KNOWN: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _Call((_latin1_bytes, str)),
    ("builtins", "bytearray"): _Call((_bytearray, (bytes, str))),
    ("builtins", "bytes"): _Call((_bytes, bytes)),
    ("builtins", "complex"): _Call((complex, _PLAIN)),
    ("builtins", "frozenset"): _Call((_frozenset, _PLAIN)),
    ("builtins", "object"): object,
    ("builtins", "range"): _Call((_range, int)),
    ("builtins", "set"): _Call((_set, _PLAIN)),
    ("builtins", "slice"): slice,
    ("builtins", "tuple"): _Call((tuple, _PLAIN)),  # of a record, see Record
    ("builtins", "xrange"): _Call((_range, int)),
    ("collections", "Counter"): _Call((_counter, _PLAIN)),
    ("collections", "OrderedDict"): _Call((_ordered, _PLAIN)),
    ("collections", "deque"): _Call((_deque, (*_PLAIN, int))),
    ("copyreg", "_reconstructor"): _Call((_reconstructor, object)),
    ("datetime", "date"): datetime.date,
    ("datetime", "datetime"): datetime.datetime,
    ("datetime", "time"): datetime.time,
    ("datetime", "timedelta"): datetime.timedelta,
    ("datetime", "timezone"): datetime.timezone,
    ("decimal", "Decimal"): _Call((_decimal, str)),
    ("fractions", "Fraction"): _Call((_fraction, (str, int))),
    ("uuid", "UUID"): uuid.UUID,
}
_TAKE_PAIRS = (_KNOWN["collections", "Counter"], _KNOWN["collections", "OrderedDict"])
_NO_CLASSES: Classes = {}
_DEFAULTS = Limits()


def _find(classes: Classes, module_name: str, name: str) -> Any:
    module_name = _OLD_MODULES.get(module_name, module_name)
    known = _KNOWN.get((module_name, name)) or classes.get(f"{module_name}.{name}")
    if known is None:
        raise _refused(
            f"{module_name}.{name} is not among the classes that may be read "
            "(pickle_classes)"
        )
    return known


class _Unpickler(pickle.Unpickler):
    """For Python's own value types, whose classes nothing can change."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        return _find(_NO_CLASSES, module_name, global_name)


# the unpickler in Python, of which single opcodes can be overridden
_PyUnpickler: Any = pickle._Unpickler


class _CarefulUnpickler(_PyUnpickler):  # type: ignore[misc]
    """For an application's classes too: a pickle may fill in their instances, and must
    not change the classes themselves, nor make bytes out of a number. And for many keys
    that may have been made to collide.
    """

    dispatch: ClassVar = dict(_PyUnpickler.dispatch)
    classes: Classes
    hashes: dict[int, tuple[Any, _Hashes]]

    def find_class(self, module_name: str, global_name: str) -> Any:
        return _find(self.classes, module_name, global_name)

    def load_build(self) -> None:
        if isinstance(self.stack[-2], type):
            raise _refused("a pickle must not change a class")
        super().load_build()

    def _check_call(self, cls: Any, args: Any) -> None:
        if (
            isinstance(cls, type)
            and issubclass(cls, (bytes, bytearray))
            and any(isinstance(arg, int) for arg in args)
        ):
            raise _refused(f"unexpected argument for {cls!r}")

    def load_newobj(self) -> None:
        self._check_call(self.stack[-2], self.stack[-1])
        super().load_newobj()

    def load_newobj_ex(self) -> None:
        self._check_call(self.stack[-3], (*self.stack[-2], *self.stack[-1].values()))
        super().load_newobj_ex()

    def load_reduce(self) -> None:
        self._check_call(self.stack[-2], self.stack[-1])
        super().load_reduce()

    def _add(self, container: Any, keys: Iterable[Any]) -> None:
        """Keys are about to come into a container."""
        # held together with the container, so that no other has its id
        self.hashes.setdefault(id(container), (container, _Hashes()))[1].add(keys)

    def load_setitem(self) -> None:
        self._add(self.stack[-3], self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        self._add(self.metastack[-1][-1], self.stack[::2])
        super().load_setitems()

    def load_additems(self) -> None:
        self._add(self.metastack[-1][-1], self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        _Hashes().add(self.stack)
        super().load_frozenset()

    def load_dict(self) -> None:
        _Hashes().add(self.stack[::2])
        super().load_dict()

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.FROZENSET[0]] = load_frozenset
    dispatch[pickle.DICT[0]] = load_dict


def _judge(data: bytes, classes: Classes, bounds: Bounds | None) -> bool:
    """Find out whether a pickle may be loaded.

    :return: whether it has many keys, whose hashes are to be compared.
    :raises Exception: it may not: it is malformed, names what is not known, or takes
        too much.
    """

    if not (bounds or classes) and pickle_is_plain(data):
        return False  # as most are

    def resolve(module_name: str, name: str) -> Any:
        return _find(classes, module_name, name)

    limits = Limits(**bounds) if bounds else _DEFAULTS
    return scan(data, resolve, limits, _TAKE_PAIRS)


def _load(data: bytes, is_crowded: bool, classes: Classes, encoding: str) -> Any:
    """The value of a pickle that may be loaded."""
    if not (classes or is_crowded):
        return _Unpickler(io.BytesIO(data), encoding=encoding).load()
    unpickler = _CarefulUnpickler(io.BytesIO(data), encoding=encoding)
    unpickler.classes = classes
    unpickler.hashes = {}
    return unpickler.load()


def dumps(value: Any, classes: Classes | None, bounds: Bounds | None) -> bytes:
    """The bytes under which a value of an unsupported type is stored.

    :param classes, bounds: as for `loads`, which will give the value back.
    :raises ParamError: it cannot be pickled, or would be read as bytes; the cause says
        why.
    :raises RecursionError: whether it would be read back cannot be found out now.
    """
    classes = classes or _NO_CLASSES
    data = b""
    try:
        data = pickle.dumps(value, PROTOCOL)
        _load(data, _judge(data, classes, bounds), classes, "ASCII")
    except Exception as e:  # whatever the value's own methods raise, too
        if comes_out(e) or (data and isinstance(e, RecursionError)):
            raise  # the stack is full now: the value may well be read back
        kind = type(value).__name__
        what = "could not be read back" if data else "cannot be pickled"
        reason = text_or_type(str, e)[:500]
        text = f"Cannot serialize: a value of type {kind} {what}: {reason}"
        raise exception.ParamError(-2, text, __file__, 0, False) from e
    return data


def loads(data: bytes, classes: Classes | None, bounds: Bounds | None) -> Any:
    """The value of a stored pickle, or its bytes when it may not or cannot be read.

    :param classes: further classes that may come, by "module.name", or None.
    :param bounds: limits that differ from the defaults, or None.
    :return: the value; a bytearray, and an AerospikeWarning, when the pickle is
        malformed, names anything that is not allowed or takes too much. Nothing it
        names is called then.
    :raises MemoryError, RecursionError: it may be well, and cannot be read now.
    :raises BaseException: what a signal's handler raises meanwhile.
    """
    classes = classes or _NO_CLASSES
    try:
        is_crowded = _judge(data, classes, bounds)
        try:
            return _load(data, is_crowded, classes, "ASCII")
        except UnicodeDecodeError as e:  # written by Python 2
            if comes_out(e):
                raise
            return _load(data, is_crowded, classes, "latin1")
    except RecursionError:
        raise
    except Exception as e:  # whatever a malformed pickle causes
        if comes_out(e):
            raise
        reason = text_or_type(str, e)[:200] or type(e).__name__
    warn_once("pickle", reason, f"a pickled value is read as bytes: {reason}")
    return bytearray(data)


def limit_table(limits: Mapping[str, int]) -> dict[str, int]:
    """The limits that a configuration gives.

    :raises TypeError: one of them is unknown, or no int above 0.
    """
    if not isinstance(limits, Mapping):
        raise TypeError(f"a dict is expected, not {type(limits).__name__}")
    table = dict(limits)
    for name, value in table.items():
        if name not in Limits._fields:
            known = ", ".join(Limits._fields)
            raise TypeError(f"{name!r} is none of {known}")
        if type(value) is not int or value <= 0:
            raise TypeError(f"{name} is {value!r}, not an int above 0")
    return table


def class_table(classes: Iterable[type]) -> dict[str, type]:
    """The classes that a configuration names, by the name they have in pickles.

    :raises TypeError: one of them is no class.
    """
    table = {}
    for cls in classes:
        if not isinstance(cls, type):
            raise TypeError(f"a class is expected, not {cls!r}")
        table[f"{cls.__module__}.{cls.__qualname__}"] = cls
    return table
