"""Result codes of the protocol, and the exceptions that carry one to the reply.

Docstrings of this package say "ServerError 4" for: raises ServerError with result 4.
Where a number alone follows ("else 12"), it is such an error, too. Source: section 9 of
the wire protocol.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Result(IntEnum):
    """Byte 5 of a message header; only the codes that this server answers."""

    OK = 0
    SERVER_ERROR = 1
    RECORD_NOT_FOUND = 2
    RECORD_GENERATION = 3
    REQUEST_INVALID = 4
    RECORD_EXISTS = 5
    BIN_EXISTS = 6
    CLUSTER_KEY_MISMATCH = 7
    SERVER_FULL = 8
    TIMEOUT = 9
    UNAVAILABLE = 11
    BIN_INCOMPATIBLE_TYPE = 12
    RECORD_TOO_BIG = 13
    RECORD_BUSY = 14
    SCAN_ABORTED = 15
    UNSUPPORTED_FEATURE = 16
    BIN_NOT_FOUND = 17
    DEVICE_OVERLOAD = 18
    RECORD_KEY_MISMATCH = 19
    NAMESPACE_NOT_FOUND = 20
    BIN_NAME = 21
    FORBIDDEN = 22
    ELEMENT_NOT_FOUND = 23
    ELEMENT_EXISTS = 24
    ENTERPRISE_ONLY = 25
    OP_NOT_APPLICABLE = 26
    FILTERED_OUT = 27
    INVALID_ENCODING = 29
    QUERY_END = 50
    SECURITY_NOT_SUPPORTED = 51
    SECURITY_NOT_ENABLED = 52
    SECURITY_SCHEME_NOT_SUPPORTED = 53
    INVALID_COMMAND = 54
    INVALID_FIELD = 55
    INVALID_USER = 60
    USER_ALREADY_EXISTS = 61
    INVALID_PASSWORD = 62
    FORBIDDEN_PASSWORD = 64
    INVALID_CREDENTIAL = 65
    EXPIRED_SESSION = 66
    INVALID_ROLE = 70
    ROLE_ALREADY_EXISTS = 71
    INVALID_PRIVILEGE = 72
    INVALID_WHITELIST = 73
    INVALID_QUOTA = 75
    NOT_AUTHENTICATED = 80
    ROLE_VIOLATION = 81
    NOT_WHITELISTED = 82
    QUOTA_EXCEEDED = 83
    LDAP_AUTHENTICATION = 93
    UDF = 100
    MRT_BLOCKED = 120
    MRT_VERSION_MISMATCH = 121
    MRT_EXPIRED = 122
    MRT_TOO_MANY_WRITES = 123
    MRT_COMMITTED = 124
    MRT_ABORTED = 125
    MRT_ALREADY_LOCKED = 126
    MRT_MONITOR_EXISTS = 127
    BATCH_DISABLED = 150
    BATCH_MAX_REQUESTS = 151
    GEO_INVALID_GEOJSON = 160
    INDEX_FOUND = 200
    INDEX_NOT_FOUND = 201
    INDEX_NOT_READABLE = 203
    INDEX_MAXCOUNT = 206


OK: Final = 0
"""What most replies carry: Result.OK, as a plain number."""


class ServerError(Exception):
    """A command failed with `result`; `answer` of its handler makes the error reply.

    subcode and text say more to a client that asks for it. What a subcode means depends
    on the result; 0 = none. fields: what the reply carries besides, encoded.
    """

    fields: tuple[bytes, ...] = ()

    def __init__(self, result: Result, subcode: int = 0, text: str = "") -> None:
        super().__init__(result.name)
        self.result = result
        self.subcode = subcode
        self.text = text


class InfoError(Exception):
    """An info command failed: answered as `ERROR:<code>:<text>`."""

    def __init__(self, result: Result, text: str) -> None:
        super().__init__(text)
        self.result = result
        self.text = text
