"""Reading values that were stored as pickles, without running what is in them.

Whoever may write to a cluster chooses the bytes that its readers get, and a pickle can
name any function to be called. The unpickler here knows Python's own value types and
the classes that a client's configuration names, and nothing else.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import io
import pickle
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from aerospike import exception
from aerospike._report import warn_once

PROTOCOL = 2  # read by every Python that ever wrote or read such values

# what an argument may be: nothing that makes memory out of a number
_PLAIN = (list, tuple, dict, str, bytes, float, complex, type(None), bool)


class _Call(tuple[Any, ...]):
    """(function, types of its arguments): a callable that a pickle cannot change.

    A pickle may set attributes of what it names; a tuple without a dict has none.
    """

    __slots__ = ()

    def __call__(self, *args: Any) -> Any:
        function, types = self
        if not all(isinstance(arg, types) for arg in args):
            raise pickle.UnpicklingError(f"unexpected argument for {function!r}")
        return function(*args)


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """The one way in which older pickles write bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"unexpected encoding {encoding!r}")
    return text.encode("latin1")


def _fraction(*args: Any) -> fractions.Fraction:
    """Of two ints or of "numerator/denominator": an exponent could take for ever."""
    if len(args) == 1 and isinstance(args[0], str):
        args = tuple(int(part) for part in args[0].split("/"))
    return fractions.Fraction(*args)


def _deque(items: Iterable[Any] = (), maxlen: int | None = None) -> Any:
    if not isinstance(items, (list, tuple)):
        raise pickle.UnpicklingError("unexpected argument for deque")
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
    ("builtins", "bytearray"): _Call((bytearray, _PLAIN)),
    ("builtins", "bytes"): _Call((bytes, _PLAIN)),
    ("builtins", "complex"): _Call((complex, _PLAIN)),
    ("builtins", "frozenset"): _Call((frozenset, _PLAIN)),
    ("builtins", "object"): object,
    ("builtins", "range"): range,
    ("builtins", "set"): _Call((set, _PLAIN)),
    ("builtins", "slice"): slice,
    ("builtins", "xrange"): range,
    ("collections", "Counter"): _Call((collections.Counter, _PLAIN)),
    ("collections", "OrderedDict"): _Call((collections.OrderedDict, _PLAIN)),
    ("collections", "deque"): _Call((_deque, (*_PLAIN, int))),
    ("copyreg", "_reconstructor"): _Call((_reconstructor, object)),
    ("datetime", "date"): datetime.date,
    ("datetime", "datetime"): datetime.datetime,
    ("datetime", "time"): datetime.time,
    ("datetime", "timedelta"): datetime.timedelta,
    ("datetime", "timezone"): datetime.timezone,
    ("decimal", "Decimal"): decimal.Decimal,
    ("fractions", "Fraction"): _Call((_fraction, (str, int))),
    ("uuid", "UUID"): uuid.UUID,
}


def _find(classes: dict[str, type], module_name: str, name: str) -> Any:
    module_name = _OLD_MODULES.get(module_name, module_name)
    known = _KNOWN.get((module_name, name)) or classes.get(f"{module_name}.{name}")
    if known is None:
        raise pickle.UnpicklingError(
            f"{module_name}.{name} is not among the classes that may be read"
        )
    return known


class _Unpickler(pickle.Unpickler):
    """For Python's own value types, whose classes nothing can change."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        return _find({}, module_name, global_name)


# the unpickler in Python, of which a single opcode can be overridden
_PyUnpickler: Any = pickle._Unpickler


class _ClassUnpickler(_PyUnpickler):  # type: ignore[misc]
    """For an application's classes too: a pickle may fill in their instances, and must
    not change the classes themselves."""

    dispatch: ClassVar = dict(_PyUnpickler.dispatch)
    classes: dict[str, type]

    def find_class(self, module_name: str, global_name: str) -> Any:
        return _find(self.classes, module_name, global_name)

    def load_build(self) -> None:
        if isinstance(self.stack[-2], type):
            raise pickle.UnpicklingError("a pickle must not change a class")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


def dumps(value: Any) -> bytes:
    """The bytes under which a value of an unsupported type is stored.

    :raises ParamError: it cannot be pickled; the cause says why.
    """
    try:
        return pickle.dumps(value, PROTOCOL)
    except Exception as e:  # whatever the value's own methods raise, too
        kind = type(value).__name__
        text = f"Cannot serialize: a value of type {kind} cannot be pickled: {e}"
        raise exception.ParamError(-2, text, __file__, 0, False) from e


def loads(data: bytes, classes: dict[str, type] | None) -> Any:
    """The value of a stored pickle, or its bytes when it may not or cannot be read.

    :param classes: further classes that may come, by "module.name", or None.
    :return: the value; a bytearray, and a warning in the log, when the pickle is
        malformed or names anything that is not allowed. Nothing it names is called.
    """
    reason: Exception
    for encoding in ("ASCII", "latin1"):  # the second: written by Python 2
        try:
            if not classes:
                return _Unpickler(io.BytesIO(data), encoding=encoding).load()
            unpickler = _ClassUnpickler(io.BytesIO(data), encoding=encoding)
            unpickler.classes = classes
            return unpickler.load()
        except UnicodeDecodeError as e:
            reason = e
        except Exception as e:  # noqa: BLE001 - whatever a malformed pickle causes
            reason = e
            break
    warn_once("pickle", str(reason), "a pickled value is read as bytes: %s", reason)
    return bytearray(data)


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
