"""The exceptions that the client raises, under the names of both generations.

Each has a class of its own, found by the result code of the server or of the client;
a code without a class raises `AerospikeError` itself.
"""

from __future__ import annotations

import builtins

from aerospike._interrupts import text_or_type

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from typing import Any


class AerospikeError(Exception):
    """The parent of all errors of the client.

    If the client raises it, ``args`` is ``(code, msg, file, line, in_doubt)``. If a
    program makes one, it keeps its own arguments.

    :ivar code: result code, positive from the server, negative from the client; the
        number of the class if the instance has none; None for a class without a number.
    :ivar msg: a short text, the same in other clients of Aerospike where they have one;
        or None. ``detail``: the explanation; "" if there is none.
    :ivar file: the source file of the client that raised it, or None. ``line``: its
        line.
    :ivar in_doubt: True when a write may or may not have been applied.
    :ivar subcode: the server's sub-code, 0 when it sent none.
    :ivar host: "address:port" of the node concerned, or None.
    :ivar phase: what the client was doing: "resolve", "connect", "TLS", "login",
        "validate", "partition map", "command"; None when that does not apply.
    :ivar attempts: how many attempts were made; ``elapsed_ms``: how long they took, in
        milliseconds. Both 0 when nothing was sent.
    :ivar key: the key of the call as the caller wrote it; ``bin``: the bins concerned.
    :ivar operation: the operation concerned, by the name of the function that makes it;
        ``operation_index``: its place in the list; ``context``: its context, as text.
    :ivar path: the place of the refused value in the arguments: "bins['a']['b'][0]".
    :ivar name: the index concerned. An attribute that is not known is None.
    """

    code: int | None = None
    msg: str | None = None
    detail: str = ""
    file: str | None = None
    line: int | None = None
    in_doubt: bool = False
    subcode: int = 0
    host: str | None = None
    phase: str | None = None
    attempts: int = 0
    elapsed_ms: int = 0
    key: Any = None
    bin: Any = None
    operation: str | None = None
    operation_index: int | None = None
    context: str | None = None
    path: str | None = None
    name: Any = None

    def __init__(self, *args: Any) -> None:
        # the built-in OSError, a base of two classes, would keep only two of them
        self.args = args
        if len(args) >= 4 and (args[0] is None or isinstance(args[0], int)):
            self.code, self.msg, self.file, self.line = args[:4]
            self.in_doubt = bool(args[4]) if len(args) > 4 else False

    def __str__(self) -> str:
        if len(self.args) == 1:
            return str(self.args[0])
        if len(self.args) >= 4 and isinstance(self.__dict__.get("code"), int):
            return _text_of(self)
        return str(self.args) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, self.__dict__


class AerospikeWarning(UserWarning):
    """A warning about a mistake that changes what a call does.

    An example is a misspelt key of a policy, which is ignored. With "validate_keys" in
    the configuration, such a mistake raises ParamError. The client also shows this
    warning when a function of scan_apply() or query_apply() failed on records.
    """


# the name that Aerospike's clients and manuals give a result code; the extension, which
# has the table of the codes, fills this in
_SYMBOLS: dict[int, str] = {}


# how a node refuses a module that does not compile; the detail says the same
_COMPILE_ERROR = "error=compile_error;"


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."


def _bins_of(bin: Any) -> str:
    """The names of bins; their values are none of a log's business."""
    names = bin if isinstance(bin, (dict, list, tuple)) else [bin]
    return ", ".join(map(str, list(names)))  # another thread may change a dict


def _known_of(error: AerospikeError) -> list[str]:
    """What is known of an error, for people: ["key=...", "host=...", ...]."""
    attributes = {
        "key": None if error.key is None else text_or_type(repr, error.key),
        "bin": None if error.bin is None else text_or_type(_bins_of, error.bin) or None,
        "operation": error.operation,
        "operation_index": error.operation_index,
        "context": error.context,
        "path": error.path,
        "index": error.name,
        "host": error.host,
        "phase": error.phase if error.phase != "command" else None,
        "attempts": error.attempts or None,
        "elapsed_ms": error.elapsed_ms if error.code == 9 and error.attempts else None,
    }
    known = [
        f"{k}={_short(text_or_type(str, v))}"
        for k, v in attributes.items()
        if v is not None
    ]
    return [*known, "in doubt"] if error.in_doubt else known


def _text_of(error: AerospikeError) -> str:
    """NAME (code, C symbol): msg: detail [what is known]"""
    symbol = _SYMBOLS.get(error.code, "") if error.code is not None else ""
    name = symbol.removeprefix("AEROSPIKE_").removeprefix("ERR_")
    title = (
        f"{name} ({error.code}, {symbol})"
        if name
        else f"{type(error).__name__} ({error.code})"
    )
    texts = [
        text_or_type(str, error.msg or "").rstrip("."),
        text_or_type(str, error.detail or ""),
    ]
    said = texts[0].removeprefix(f"{error.host} ")
    is_repeated = said != texts[0] and texts[1].startswith(said.removesuffix(" ..."))
    if texts[1] and said.startswith(_COMPILE_ERROR):
        is_repeated = True
    if is_repeated or (symbol and said.endswith(symbol)):
        del texts[0]  # what stands elsewhere in this text
    text = ": ".join([title, *filter(None, texts)])
    known = _known_of(error)
    return f"{text} [{', '.join(known)}]" if known else text


# parent -> {class: code}; a parent stands before its children
_CLASSES: dict[str, dict[str, int | None]] = {
    "AerospikeError": {
        "ClientError": -1,
        "ServerError": 1,
        "TimeoutError": 9,
    },
    "ClientError": {
        "ParamError": -2,
        "InvalidHostError": -4,
        "ClientAbortError": -5,
        "AsyncConnectionError": -6,
        "NoMoreConnectionsError": -7,
        "InvalidNodeError": -8,
        "TLSError": -9,
        "ConnectionError": -10,
        "MaxRetriesExceeded": -12,
        "MaxErrorRateExceeded": -14,
        "NoResponse": -15,
        "BatchFailed": -16,
        "TransactionFailed": -17,
        "TransactionAlreadyCommitted": -18,
        "TransactionAlreadyAborted": -19,
    },
    "ServerError": {
        "InvalidRequest": 4,
        "ServerFull": 8,
        "AlwaysForbidden": 10,
        "ClusterError": 11,
        "ScanAbortedError": 15,
        "UnsupportedFeature": 16,
        "DeviceOverload": 18,
        "NamespaceNotFound": 20,
        "ForbiddenError": 22,
        "ElementNotFoundError": 23,
        "ElementExistsError": 24,
        "OpNotApplicable": 26,
        "FilteredOut": 27,
        "LostConflict": 28,
        "UDFError": 100,
        "BatchDisabledError": 150,
        "BatchMaxRequestError": 151,
        "BatchQueueFullError": 152,
        "InvalidGeoJSON": 160,
        "IndexError": 204,
        "QueryAbortedError": 210,
        "QueryError": 213,
        "AdminError": None,
        "LDTError": None,
        "RecordError": None,
    },
    "ClusterError": {
        "ClusterChangeError": 7,
    },
    "RecordError": {
        "RecordNotFound": 2,
        "RecordGenerationError": 3,
        "RecordExistsError": 5,
        "BinExistsError": 6,
        "BinIncompatibleType": 12,
        "RecordTooBig": 13,
        "RecordBusy": 14,
        "BinNotFound": 17,
        "RecordKeyMismatch": 19,
        "BinNameError": 21,
    },
    "IndexError": {
        "IndexFoundError": 200,
        "IndexNotFound": 201,
        "IndexOOM": 202,
        "IndexNotReadable": 203,
        "IndexNameMaxLen": 205,
        "IndexNameMaxCount": 206,
    },
    "QueryError": {
        "QueryQueueFull": 211,
        "QueryTimeout": 212,
    },
    "UDFError": {
        "UDFNotFound": 1301,
        "LuaFileNotFound": 1302,
    },
    "AdminError": {
        "SecurityNotSupported": 51,
        "SecurityNotEnabled": 52,
        "SecuritySchemeNotSupported": 53,
        "InvalidCommand": 54,
        "InvalidField": 55,
        "IllegalState": 56,
        "InvalidUser": 60,
        "UserExistsError": 61,
        "InvalidPassword": 62,
        "ExpiredPassword": 63,
        "ForbiddenPassword": 64,
        "InvalidCredential": 65,
        "InvalidRole": 70,
        "RoleExistsError": 71,
        "InvalidPrivilege": 72,
        "InvalidWhitelist": 73,
        "QuotasNotEnabled": 74,
        "InvalidQuota": 75,
        "NotAuthenticated": 80,
        "RoleViolation": 81,
        "NotWhitelisted": 82,
        "QuotaExceeded": 83,
    },
    "LDTError": {
        "LargeItemNotFound": 125,
        "LDTInternalError": 1400,
        "LDTNotFound": 1401,
        "LDTUniqueKeyError": 1402,
        "LDTInsertError": 1403,
        "LDTSearchError": 1404,
        "LDTDeleteError": 1405,
        "LDTInputParamError": 1409,
        "LDTTypeMismatch": 1410,
        "LDTBinNameNull": 1411,
        "LDTBinNameNotString": 1412,
        "LDTBinNameTooLong": 1413,
        "LDTTooManyOpenSubrecs": 1414,
        "LDTTopRecNotFound": 1415,
        "LDTSubRecNotFound": 1416,
        "LDTBinNotFound": 1417,
        "LDTBinExistsError": 1418,
        "LDTBinDamaged": 1419,
        "LDTSubrecPoolDamaged": 1420,
        "LDTSubrecDamaged": 1421,
        "LDTSubrecOpenError": 1422,
        "LDTSubrecUpdateError": 1423,
        "LDTSubrecCreateError": 1424,
        "LDTSubrecDeleteError": 1425,
        "LDTSubrecCloseError": 1426,
        "LDTToprecUpdateError": 1427,
        "LDTToprecCreateError": 1428,
        "LDTFilterFunctionBad": 1430,
        "LDTFilterFunctionNotFound": 1431,
        "LDTKeyFunctionBad": 1432,
        "LDTKeyFunctionNotFound": 1433,
        "LDTTransFunctionBad": 1434,
        "LDTTransFunctionNotFound": 1435,
        "LDTUntransFunctionBad": 1436,
        "LDTUntransFunctionNotFound": 1437,
        "LDTUserModuleBad": 1438,
        "LDTUserModuleNotFound": 1439,
    },
}

# classes that are also the built-in exception of the same meaning
_BUILTIN_BASES: dict[str, type[BaseException]] = {
    "ConnectionError": builtins.ConnectionError,
    "RecordNotFound": KeyError,
    "TimeoutError": builtins.TimeoutError,
}

# attributes that a class and its children have besides those of AerospikeError
_ATTRIBUTES = {
    "UDFError": ("module", "func"),
}


def _make_classes() -> dict[int, type[AerospikeError]]:
    """Put all classes into this module; returns them by code."""
    names = globals()
    by_code: dict[int, type[AerospikeError]] = {}
    for parent, children in _CLASSES.items():
        for name, code in children.items():
            bases: tuple[type, ...] = (names[parent],)
            if name in _BUILTIN_BASES:
                bases += (_BUILTIN_BASES[name],)
            body = dict.fromkeys(_ATTRIBUTES.get(name, ()))
            text = f"Result code {code}." if code is not None else f"A {parent}."
            cls = type(name, bases, {**body, "__module__": __name__, "__doc__": text})
            cls.code = code  # None, too: not the parent's
            if code is not None:
                by_code[code] = cls
            names[name] = cls
    names["NoXDR"] = names["AlwaysForbidden"]  # one code, two names
    return by_code


_BY_CODE = _make_classes()
