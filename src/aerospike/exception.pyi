import builtins
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

    code: int | None
    msg: str | None
    detail: str
    file: str | None
    line: int | None
    in_doubt: bool
    subcode: int
    host: str | None
    phase: str | None
    attempts: int
    elapsed_ms: int
    key: Any
    bin: Any
    operation: str | None
    operation_index: int | None
    context: str | None
    path: str | None
    name: Any
    def __init__(self, *args: Any) -> None: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

class AerospikeWarning(UserWarning):
    """A warning about a mistake that changes what a call does.

    An example is a misspelt key of a policy, which is ignored. With "validate_keys" in
    the configuration, such a mistake raises ParamError. The client also shows this
    warning when a function of scan_apply() or query_apply() failed on records.
    """

class ClientError(AerospikeError):
    """Result code -1."""

class ServerError(AerospikeError):
    """Result code 1."""

class TimeoutError(AerospikeError, builtins.TimeoutError):
    """Result code 9."""

class ParamError(ClientError):
    """Result code -2."""

class InvalidHostError(ClientError):
    """Result code -4."""

class ClientAbortError(ClientError):
    """Result code -5."""

class AsyncConnectionError(ClientError):
    """Result code -6."""

class NoMoreConnectionsError(ClientError):
    """Result code -7."""

class InvalidNodeError(ClientError):
    """Result code -8."""

class TLSError(ClientError):
    """Result code -9."""

class ConnectionError(ClientError, builtins.ConnectionError):
    """Result code -10."""

class MaxRetriesExceeded(ClientError):
    """Result code -12."""

class MaxErrorRateExceeded(ClientError):
    """Result code -14."""

class NoResponse(ClientError):
    """Result code -15."""

class BatchFailed(ClientError):
    """Result code -16."""

class TransactionFailed(ClientError):
    """Result code -17."""

class TransactionAlreadyCommitted(ClientError):
    """Result code -18."""

class TransactionAlreadyAborted(ClientError):
    """Result code -19."""

class InvalidRequest(ServerError):
    """Result code 4."""

class ServerFull(ServerError):
    """Result code 8."""

class AlwaysForbidden(ServerError):
    """Result code 10."""

class ClusterError(ServerError):
    """Result code 11."""

class ScanAbortedError(ServerError):
    """Result code 15."""

class UnsupportedFeature(ServerError):
    """Result code 16."""

class DeviceOverload(ServerError):
    """Result code 18."""

class NamespaceNotFound(ServerError):
    """Result code 20."""

class ForbiddenError(ServerError):
    """Result code 22."""

class ElementNotFoundError(ServerError):
    """Result code 23."""

class ElementExistsError(ServerError):
    """Result code 24."""

class OpNotApplicable(ServerError):
    """Result code 26."""

class FilteredOut(ServerError):
    """Result code 27."""

class LostConflict(ServerError):
    """Result code 28."""

class UDFError(ServerError):
    """Result code 100."""

    module: Any
    func: Any

class BatchDisabledError(ServerError):
    """Result code 150."""

class BatchMaxRequestError(ServerError):
    """Result code 151."""

class BatchQueueFullError(ServerError):
    """Result code 152."""

class InvalidGeoJSON(ServerError):
    """Result code 160."""

class IndexError(ServerError):
    """Result code 204."""

class QueryAbortedError(ServerError):
    """Result code 210."""

class QueryError(ServerError):
    """Result code 213."""

class AdminError(ServerError):
    """A ServerError."""

class LDTError(ServerError):
    """A ServerError."""

class RecordError(ServerError):
    """A ServerError."""

class ClusterChangeError(ClusterError):
    """Result code 7."""

class RecordNotFound(RecordError, KeyError):
    """Result code 2."""

class RecordGenerationError(RecordError):
    """Result code 3."""

class RecordExistsError(RecordError):
    """Result code 5."""

class BinExistsError(RecordError):
    """Result code 6."""

class BinIncompatibleType(RecordError):
    """Result code 12."""

class RecordTooBig(RecordError):
    """Result code 13."""

class RecordBusy(RecordError):
    """Result code 14."""

class BinNotFound(RecordError):
    """Result code 17."""

class RecordKeyMismatch(RecordError):
    """Result code 19."""

class BinNameError(RecordError):
    """Result code 21."""

class IndexFoundError(IndexError):
    """Result code 200."""

class IndexNotFound(IndexError):
    """Result code 201."""

class IndexOOM(IndexError):
    """Result code 202."""

class IndexNotReadable(IndexError):
    """Result code 203."""

class IndexNameMaxLen(IndexError):
    """Result code 205."""

class IndexNameMaxCount(IndexError):
    """Result code 206."""

class QueryQueueFull(QueryError):
    """Result code 211."""

class QueryTimeout(QueryError):
    """Result code 212."""

class UDFNotFound(UDFError):
    """Result code 1301."""

class LuaFileNotFound(UDFError):
    """Result code 1302."""

class SecurityNotSupported(AdminError):
    """Result code 51."""

class SecurityNotEnabled(AdminError):
    """Result code 52."""

class SecuritySchemeNotSupported(AdminError):
    """Result code 53."""

class InvalidCommand(AdminError):
    """Result code 54."""

class InvalidField(AdminError):
    """Result code 55."""

class IllegalState(AdminError):
    """Result code 56."""

class InvalidUser(AdminError):
    """Result code 60."""

class UserExistsError(AdminError):
    """Result code 61."""

class InvalidPassword(AdminError):
    """Result code 62."""

class ExpiredPassword(AdminError):
    """Result code 63."""

class ForbiddenPassword(AdminError):
    """Result code 64."""

class InvalidCredential(AdminError):
    """Result code 65."""

class InvalidRole(AdminError):
    """Result code 70."""

class RoleExistsError(AdminError):
    """Result code 71."""

class InvalidPrivilege(AdminError):
    """Result code 72."""

class InvalidWhitelist(AdminError):
    """Result code 73."""

class QuotasNotEnabled(AdminError):
    """Result code 74."""

class InvalidQuota(AdminError):
    """Result code 75."""

class NotAuthenticated(AdminError):
    """Result code 80."""

class RoleViolation(AdminError):
    """Result code 81."""

class NotWhitelisted(AdminError):
    """Result code 82."""

class QuotaExceeded(AdminError):
    """Result code 83."""

class LargeItemNotFound(LDTError):
    """Result code 125."""

class LDTInternalError(LDTError):
    """Result code 1400."""

class LDTNotFound(LDTError):
    """Result code 1401."""

class LDTUniqueKeyError(LDTError):
    """Result code 1402."""

class LDTInsertError(LDTError):
    """Result code 1403."""

class LDTSearchError(LDTError):
    """Result code 1404."""

class LDTDeleteError(LDTError):
    """Result code 1405."""

class LDTInputParamError(LDTError):
    """Result code 1409."""

class LDTTypeMismatch(LDTError):
    """Result code 1410."""

class LDTBinNameNull(LDTError):
    """Result code 1411."""

class LDTBinNameNotString(LDTError):
    """Result code 1412."""

class LDTBinNameTooLong(LDTError):
    """Result code 1413."""

class LDTTooManyOpenSubrecs(LDTError):
    """Result code 1414."""

class LDTTopRecNotFound(LDTError):
    """Result code 1415."""

class LDTSubRecNotFound(LDTError):
    """Result code 1416."""

class LDTBinNotFound(LDTError):
    """Result code 1417."""

class LDTBinExistsError(LDTError):
    """Result code 1418."""

class LDTBinDamaged(LDTError):
    """Result code 1419."""

class LDTSubrecPoolDamaged(LDTError):
    """Result code 1420."""

class LDTSubrecDamaged(LDTError):
    """Result code 1421."""

class LDTSubrecOpenError(LDTError):
    """Result code 1422."""

class LDTSubrecUpdateError(LDTError):
    """Result code 1423."""

class LDTSubrecCreateError(LDTError):
    """Result code 1424."""

class LDTSubrecDeleteError(LDTError):
    """Result code 1425."""

class LDTSubrecCloseError(LDTError):
    """Result code 1426."""

class LDTToprecUpdateError(LDTError):
    """Result code 1427."""

class LDTToprecCreateError(LDTError):
    """Result code 1428."""

class LDTFilterFunctionBad(LDTError):
    """Result code 1430."""

class LDTFilterFunctionNotFound(LDTError):
    """Result code 1431."""

class LDTKeyFunctionBad(LDTError):
    """Result code 1432."""

class LDTKeyFunctionNotFound(LDTError):
    """Result code 1433."""

class LDTTransFunctionBad(LDTError):
    """Result code 1434."""

class LDTTransFunctionNotFound(LDTError):
    """Result code 1435."""

class LDTUntransFunctionBad(LDTError):
    """Result code 1436."""

class LDTUntransFunctionNotFound(LDTError):
    """Result code 1437."""

class LDTUserModuleBad(LDTError):
    """Result code 1438."""

class LDTUserModuleNotFound(LDTError):
    """Result code 1439."""

NoXDR = AlwaysForbidden

TYPE_CHECKING: bool

_BY_CODE: dict[int, type[AerospikeError]]
_CLASSES: dict[str, dict[str, int | None]]
_COMPILE_ERROR: str

def _known_of(error: AerospikeError) -> list[str]: ...
