"""What every constant means, and where it is used.

The names and numbers come from `src/aerospike/_constants.py`; a test holds this file
against it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aerospike import _explain


class Group(NamedTuple):
    """A group of constants.

    :ivar heading: as the page shows it.
    :ivar where: where its constants are used. Markdown.
    """

    heading: str
    where: str


CODES = "Use them as `op` of an operation that is written as a dict, for `operate()`."

GROUPS = {
    "HLL policy": Group(
        "Flags of HyperLogLogs",
        "Use them as `flags` in the policy of [operations on "
        "HyperLogLogs](hll-operations.md). The operator `|` joins several.",
    ),
    "HyperLogLog operation codes": Group(
        "Numbers of operations on HyperLogLogs", CODES
    ),
    "UDF languages": Group(
        "Languages of functions", "Use it as `udf_type` of `udf_put()`."
    ),
    "abort() results": Group(
        "Results of abort()", "`Client.abort()` returns one of these."
    ),
    "authentication modes": Group(
        "Kinds of login",
        "Use one of them as `auth_mode` in the section `policies` of the "
        "configuration.",
    ),
    "background jobs": Group(
        "Background work",
        "`job_info()` takes one of the first two as `module`. The others are the "
        "`status` in its result.",
    ),
    "bit policy": Group(
        "Flags of bits",
        "Use them in the policy and the arguments of [operations on "
        "bits](bit-operations.md). The operator `|` joins several.",
    ),
    "bitwise operation codes": Group("Numbers of operations on bits", CODES),
    "commit() results": Group(
        "Results of commit()", "`Client.commit()` returns one of these."
    ),
    "error detail verbosity": Group(
        "How much the server says about errors",
        "Use one of them as the policy key `error_detail_verbosity`, with a server of "
        "version 8.2 or newer.",
    ),
    "error sub-codes": Group(
        "Sub-codes of errors",
        "An exception has one of them as `subcode`, when `error_detail_verbosity` is "
        "not 0. The same number means something else for another result code.",
    ),
    "expression operation codes": Group(
        "Numbers of operations with expressions", CODES
    ),
    "expression operation flags": Group(
        "Flags of operations with expressions",
        "Use them as the last argument of `expression_read()` and "
        "`expression_write()`. The operator `|` joins several.",
    ),
    "list operation codes": Group("Numbers of operations on lists", CODES),
    "list policy": Group(
        "Order and flags of lists",
        "Use them in the policy and the arguments of [operations on "
        "lists](list-operations.md).",
    ),
    "list return types": Group(
        "What a selection from a list returns",
        "Use one of them as `return_type` of operations and expressions on lists.",
    ),
    "log levels": Group(
        "Levels of the log", "Use one of them as the argument of `set_log_level()`."
    ),
    "map operation codes": Group("Numbers of operations on maps", CODES),
    "map policy": Group(
        "Order and flags of maps",
        "Use them in the policy and the arguments of [operations on "
        "maps](map-operations.md).",
    ),
    "map return types": Group(
        "What a selection from a map returns",
        "Use one of them as `return_type` of operations and expressions on maps.",
    ),
    "nested context codes": Group(
        "Kinds of levels of a context",
        "They are the `id` of a level. [](contexts.md) has the functions that make "
        "levels.",
    ),
    "path expression flags": Group(
        "Flags of paths",
        "Use them as `flags` of `select_by_path()`, `modify_by_path()` and of the "
        "expressions `SelectByPath` and `ModifyByPath`. The operator `|` joins "
        "several.",
    ),
    "path expression loop variables": Group(
        "Loop variables of paths",
        "Use one of them as the argument of the expressions `LoopVar...`.",
    ),
    "policy values": Group(
        "Values of policies", "Use them as values of the policy keys."
    ),
    "privileges": Group(
        "Privileges",
        "Use one of them as `code` of a privilege, for `admin_create_role()` and the "
        "other calls about roles.",
    ),
    "query duration hints": Group(
        "How long a query takes",
        "Use one of them as the policy key `expected_duration`.",
    ),
    "regex flags for CmpRegex": Group(
        "Flags of regular expressions",
        "Use them as the first argument of the expression `CmpRegex`. The operator "
        "`|` joins several.",
    ),
    "scalar operation codes": Group("Numbers of operations on bins", CODES),
    "scan (2.x)": Group(
        "Scans in 2.x",
        "In 2.x, they are options of a scan and results of `scan_info()`.",
    ),
    "secondary index types": Group(
        "Types of secondary indexes",
        "Use them as `index_datatype` and `index_type` of `index_..._create()`, and "
        "in predicates.",
    ),
    "send_bool_as values": Group(
        "How a bool is stored", "As `send_bool_as` in the configuration."
    ),
    "serializers": Group("Serializers", "Use one of them as `serializer` of `put()`."),
    "time-to-live values": Group(
        "Times to live", "Use one of them as `ttl` in metadata, policies and arguments."
    ),
    "transaction states": Group("States of transactions", "`Transaction.state`."),
    "wire particle types": Group(
        "Types of values in the server",
        "The expression `BinType` returns one of these.",
    ),
    "third value of send_bool_as in the releases 6.0 to 12.0; 0 there, which is "
    "INTEGER now": Group(
        "A bool as a pickle", "As `send_bool_as` in the configuration."
    ),
}

ONLY_CREATE = "Only create: fail if it exists."
ONLY_UPDATE = "Only update: fail if it does not exist."
NO_FAIL = "Do not fail: if a flag refuses the operation, nothing happens."
BOTH = "No restriction: create or update."
PARTIAL = "With `NO_FAIL`: if one of several values is refused, write the others."

MEANINGS = {
    "HLL_WRITE_DEFAULT": BOTH,
    "HLL_WRITE_CREATE_ONLY": ONLY_CREATE,
    "HLL_WRITE_UPDATE_ONLY": ONLY_UPDATE,
    "HLL_WRITE_NO_FAIL": NO_FAIL,
    "HLL_WRITE_ALLOW_FOLD": "`hll_set_union` may fold sketches to fewer index bits.",
    "UDF_TYPE_LUA": "A module in Lua, the only language.",
    "ABORT_OK": "The transaction is aborted.",
    "ABORT_ALREADY_ABORTED": "It was aborted before.",
    "ABORT_ROLL_BACK_ABANDONED": "The transaction is aborted; the servers undo "
    "the remaining writes themselves.",
    "ABORT_CLOSE_ABANDONED": "The transaction is aborted and undone; the servers "
    "clean up later.",
    "ABORT_COMMIT_FAILED": "A commit failed before, so it cannot be aborted.",
    "AUTH_INTERNAL": "The cluster checks the password. It gets only a hash of it.",
    "AUTH_EXTERNAL": "A directory (LDAP) checks the password; this needs TLS.",
    "AUTH_EXTERNAL_INSECURE": "The same without TLS: the password can be read.",
    "AUTH_PKI": "The certificate of the client says who logs in.",
    "JOB_STATUS_UNDEF": "Unknown.",
    "JOB_STATUS_INPROGRESS": "It is running.",
    "JOB_STATUS_COMPLETED": "It has ended.",
    "JOB_QUERY": "Work that a query began.",
    "JOB_SCAN": "Work that a scan began.",
    "BIT_OVERFLOW_FAIL": "The operation fails.",
    "BIT_OVERFLOW_SATURATE": "The result is the largest or the smallest number.",
    "BIT_OVERFLOW_WRAP": "The result wraps around.",
    "BIT_RESIZE_DEFAULT": "Bytes are added or removed at the end.",
    "BIT_RESIZE_FROM_FRONT": "Bytes are added or removed at the beginning.",
    "BIT_RESIZE_GROW_ONLY": "The blob may only grow.",
    "BIT_RESIZE_SHRINK_ONLY": "The blob may only shrink.",
    "BIT_WRITE_DEFAULT": BOTH,
    "BIT_WRITE_CREATE_ONLY": ONLY_CREATE,
    "BIT_WRITE_UPDATE_ONLY": ONLY_UPDATE,
    "BIT_WRITE_NO_FAIL": NO_FAIL,
    "BIT_WRITE_PARTIAL": "If the range goes beyond the end, change the bits that "
    "exist.",
    "COMMIT_OK": "The transaction is committed.",
    "COMMIT_ALREADY_COMMITTED": "It was committed before.",
    "COMMIT_ROLL_FORWARD_ABANDONED": "The transaction is committed; the servers "
    "do the remaining work.",
    "COMMIT_CLOSE_ABANDONED": "The transaction is committed and done; the servers "
    "clean up later.",
    "ERROR_DETAIL_NONE": "Only the result code.",
    "ERROR_DETAIL_SUBCODE": "The result code and the sub-code.",
    "ERROR_DETAIL_MESSAGE": "The result code, the sub-code and a text.",
    "ERROR_DETAIL_EXP_TRACE": "The same, and the steps of the expression that failed.",
    "EXP_READ_DEFAULT": "Fail if the value of the expression is unknown.",
    "EXP_READ_EVAL_NO_FAIL": "Return None if the value of the expression is unknown.",
    "EXP_WRITE_DEFAULT": "Create or update the bin; fail if the value of the "
    "expression is unknown.",
    "EXP_WRITE_CREATE_ONLY": "Only create the bin.",
    "EXP_WRITE_UPDATE_ONLY": "Only update the bin.",
    "EXP_WRITE_ALLOW_DELETE": "Remove the bin when the expression gives nil.",
    "EXP_WRITE_POLICY_NO_FAIL": NO_FAIL,
    "EXP_WRITE_EVAL_NO_FAIL": "Write nothing if the value of the expression is "
    "unknown.",
    "LIST_UNORDERED": "Elements stay where they are put.",
    "LIST_ORDERED": "Elements are sorted by value.",
    "LIST_SORT_DEFAULT": "Sort, ascending.",
    "LIST_SORT_DROP_DUPLICATES": "Sort, and remove duplicates.",
    "LIST_WRITE_DEFAULT": "No restriction.",
    "LIST_WRITE_ADD_UNIQUE": "Fail if the value is already in the list.",
    "LIST_WRITE_INSERT_BOUNDED": "Fail if the index is beyond the end.",
    "LIST_WRITE_NO_FAIL": NO_FAIL,
    "LIST_WRITE_PARTIAL": PARTIAL,
    "MAP_UNORDERED": "The server keeps no order.",
    "MAP_KEY_ORDERED": "Sorted by keys.",
    "MAP_KEY_VALUE_ORDERED": "Sorted by keys, with an index by values, too.",
    "MAP_UPDATE": "2.x, as `map_write_mode`: create or update.",
    "MAP_UPDATE_ONLY": "2.x, as `map_write_mode`: only update.",
    "MAP_CREATE_ONLY": "2.x, as `map_write_mode`: only create.",
    "MAP_WRITE_FLAGS_DEFAULT": BOTH,
    "MAP_WRITE_FLAGS_CREATE_ONLY": ONLY_CREATE,
    "MAP_WRITE_FLAGS_UPDATE_ONLY": ONLY_UPDATE,
    "MAP_WRITE_FLAGS_NO_FAIL": NO_FAIL,
    "MAP_WRITE_FLAGS_PARTIAL": PARTIAL,
    "MAP_WRITE_NO_FAIL": "Another name of `MAP_WRITE_FLAGS_NO_FAIL`.",
    "MAP_WRITE_PARTIAL": "Another name of `MAP_WRITE_FLAGS_PARTIAL`.",
    "RETURN_NONE": "Nothing.",
    "RETURN_INDEX": "The index, or a list of indexes.",
    "RETURN_REVERSE_INDEX": "The index, counted from the end.",
    "RETURN_RANK": "The rank, or a list of ranks.",
    "RETURN_REVERSE_RANK": "The rank, counted from the largest.",
    "RETURN_COUNT": "How many were selected.",
    "RETURN_KEY": "The key, or a list of keys.",
    "RETURN_VALUE": "The value, or a list of values.",
    "RETURN_KEY_VALUE": "One flat list: key, value, key, value.",
    "RETURN_EXISTS": "Whether something was selected.",
    "RETURN_UNORDERED_MAP": "A map.",
    "RETURN_ORDERED_MAP": "A map in the order of its keys.",
    "LOG_LEVEL_OFF": "Nothing.",
    "LOG_LEVEL_ERROR": "Errors.",
    "LOG_LEVEL_WARN": "Also warnings.",
    "LOG_LEVEL_INFO": "Also changes in the cluster.",
    "LOG_LEVEL_DEBUG": "Also details that help to find a mistake.",
    "LOG_LEVEL_TRACE": "Everything.",
    "EXP_PATH_MODIFY_DEFAULT": "Fail if the value of the expression is unknown.",
    "EXP_PATH_MODIFY_NO_FAIL": "Leave an element as it is when its expression fails.",
    "EXP_PATH_SELECT_MATCHING_TREE": "The list or map itself, with what was selected.",
    "EXP_PATH_SELECT_LIST_VALUE": "Another name of `EXP_PATH_SELECT_VALUE`.",
    "EXP_PATH_SELECT_MAP_VALUE": "Another name of `EXP_PATH_SELECT_VALUE`.",
    "EXP_PATH_SELECT_VALUE": "A list of the values.",
    "EXP_PATH_SELECT_MAP_KEY": "A list of the keys.",
    "EXP_PATH_SELECT_MAP_KEY_VALUE": "A list: key, value, key, ...",
    "EXP_PATH_SELECT_NO_FAIL": "Leave out an element whose filter fails.",
    "EXP_LOOPVAR_KEY": "The key of the element.",
    "EXP_LOOPVAR_VALUE": "The element itself.",
    "EXP_LOOPVAR_INDEX": "The index of the element.",
    "POLICY_COMMIT_LEVEL_ALL": "`commit_level`: answer when all copies have the write.",
    "POLICY_COMMIT_LEVEL_MASTER": "`commit_level`: answer when the master has the "
    "write.",
    "POLICY_CONSISTENCY_ONE": "2.x, `consistency_level`: as `POLICY_READ_MODE_AP_ONE`.",
    "POLICY_CONSISTENCY_ALL": "2.x, `consistency_level`: as `POLICY_READ_MODE_AP_ALL`.",
    "POLICY_EXISTS_IGNORE": "`exists`: write whether the record exists or not.",
    "POLICY_EXISTS_CREATE": "`exists`: the record must not exist.",
    "POLICY_EXISTS_UPDATE": "`exists`: the record must exist.",
    "POLICY_EXISTS_REPLACE": "`exists`: the record must exist; bins that the call "
    "does not name are removed.",
    "POLICY_EXISTS_CREATE_OR_REPLACE": "`exists`: write whether the record exists "
    "or not; bins that the call does not name are removed.",
    "POLICY_GEN_IGNORE": "`gen`: do not compare generations.",
    "POLICY_GEN_EQ": "`gen`: write only if the generation is equal.",
    "POLICY_GEN_GT": "`gen`: write only if the given generation is greater.",
    "POLICY_KEY_DIGEST": "`key`: send only the digest.",
    "POLICY_KEY_SEND": "`key`: send the user key, too; writes store it.",
    "POLICY_READ_MODE_AP_ONE": "`read_mode_ap`: one copy answers.",
    "POLICY_READ_MODE_AP_ALL": "`read_mode_ap`: copies are compared.",
    "POLICY_READ_MODE_SC_SESSION": "`read_mode_sc`: this client never reads older "
    "data than it has read before.",
    "POLICY_READ_MODE_SC_LINEARIZE": "`read_mode_sc`: no client reads older data than "
    "another one has read; slower.",
    "POLICY_READ_MODE_SC_ALLOW_REPLICA": "`read_mode_sc`: any copy may answer.",
    "POLICY_READ_MODE_SC_ALLOW_UNAVAILABLE": "`read_mode_sc`: also a copy that may "
    "be old.",
    "POLICY_REPLICA_MASTER": "`replica`: only the master.",
    "POLICY_REPLICA_ANY": "`replica`: all copies in turns.",
    "POLICY_REPLICA_SEQUENCE": "`replica`: the master, then the others.",
    "POLICY_REPLICA_PREFER_RACK": "`replica`: the copy in the rack of the client.",
    "POLICY_REPLICA_RANDOM": "`replica`: any copy, at random.",
    "POLICY_RETRY_NONE": "2.x, `retry`: no further attempt.",
    "POLICY_RETRY_ONCE": "2.x, `retry`: one further attempt.",
    "PRIV_USER_ADMIN": "Manage users and roles.",
    "PRIV_SYS_ADMIN": "Change settings of the servers.",
    "PRIV_DATA_ADMIN": "Manage indexes and functions, and truncate.",
    "PRIV_UDF_ADMIN": "Manage modules of functions.",
    "PRIV_SINDEX_ADMIN": "Manage secondary indexes.",
    "PRIV_READ": "Read records.",
    "PRIV_READ_WRITE": "Read and write records.",
    "PRIV_READ_WRITE_UDF": "Read and write records, and call functions.",
    "PRIV_WRITE": "Write records.",
    "PRIV_TRUNCATE": "Truncate sets.",
    "QUERY_DURATION_LONG": "Many records are expected; the default.",
    "QUERY_DURATION_SHORT": "Few records are expected. You cannot combine it with "
    "`records_per_second` or with functions.",
    "QUERY_DURATION_LONG_RELAX_AP": "Many records are expected. The server may "
    "use a less consistent view while partitions move (in namespaces without strong "
    "consistency).",
    "REGEX_NONE": "A basic regular expression of POSIX.",
    "REGEX_EXTENDED": "An extended regular expression of POSIX.",
    "REGEX_ICASE": "Ignore the difference between capital and small letters.",
    "REGEX_NOSUB": "Do not remember what groups match.",
    "REGEX_NEWLINE": "`.` does not match the end of a line; `^` and `$` match there.",
    "SCAN_PRIORITY_AUTO": "Without effect.",
    "SCAN_PRIORITY_LOW": "Without effect.",
    "SCAN_PRIORITY_MEDIUM": "Without effect.",
    "SCAN_PRIORITY_HIGH": "Without effect.",
    "SCAN_STATUS_UNDEF": "Unknown.",
    "SCAN_STATUS_INPROGRESS": "It is running.",
    "SCAN_STATUS_ABORTED": "Somebody ended it.",
    "SCAN_STATUS_COMPLETED": "It has ended.",
    "INDEX_STRING": "An index of strings.",
    "INDEX_INTEGER": "An index of integers.",
    "INDEX_NUMERIC": "An index of integers.",
    "INDEX_GEO2DSPHERE": "An index of GeoJSON values.",
    "INDEX_BLOB": "An index of blobs.",
    "INDEX_TYPE_DEFAULT": "Of the bin itself.",
    "INDEX_TYPE_LIST": "Of the elements of a list.",
    "INDEX_TYPE_MAPKEYS": "Of the keys of a map.",
    "INDEX_TYPE_MAPVALUES": "Of the values of a map.",
    "INTEGER": "As 0 or 1.",
    "AS_BOOL": "As a boolean.",
    "PY_BYTES": "Pickled.",
    "SERIALIZER_NONE": "Refuse values that the server has no type for.",
    "SERIALIZER_PYTHON": "Pickle them.",
    "SERIALIZER_JSON": "As JSON.",
    "SERIALIZER_USER": "Convert them with the serializer of the client, or with "
    "that of `set_serializer()`.",
    "TTL_NAMESPACE_DEFAULT": "The default of the namespace.",
    "TTL_CLIENT_DEFAULT": "The `ttl` of the policy.",
    "TTL_DONT_UPDATE": "Keep the time to live that the record has.",
    "TTL_NEVER_EXPIRE": "Never expire.",
    "TXN_STATE_OPEN": "It accepts commands.",
    "TXN_STATE_VERIFIED": "Its reads are verified; it is being committed.",
    "TXN_STATE_COMMITTED": "It is committed.",
    "TXN_STATE_ABORTED": "It is aborted.",
    "TXN_STATE_COMMIT_FAILED": "A commit failed, and it is unknown whether the "
    "transaction is committed.",
    "AS_BYTES_UNDEF": "No value: the bin is missing.",
    "AS_BYTES_INTEGER": "An integer.",
    "AS_BYTES_DOUBLE": "A float.",
    "AS_BYTES_STRING": "A string.",
    "AS_BYTES_BLOB": "Bytes.",
    "AS_BYTES_JAVA": "A value that a client for Java serialized.",
    "AS_BYTES_CSHARP": "A value that a client for C# serialized.",
    "AS_BYTES_PYTHON": "A value that a client for Python pickled.",
    "AS_BYTES_RUBY": "A value that a client for Ruby serialized.",
    "AS_BYTES_PHP": "A value that a client for PHP serialized.",
    "AS_BYTES_ERLANG": "A value that a client for Erlang serialized.",
    "AS_BYTES_BOOL": "A boolean.",
    "AS_BYTES_HLL": "A HyperLogLog.",
    "AS_BYTES_MAP": "A map.",
    "AS_BYTES_LIST": "A list.",
    "AS_BYTES_GEOJSON": "A GeoJSON value.",
    "AS_BYTES_TYPE_MAX": "The first number that is no type.",
}

SUBCODES = {
    "UNSUPP_FEAT": "`UnsupportedFeature` (16)",
    "BIN_NOT_FOUND": "`BinNotFound` (17)",
    "BIN_NAME": "`BinNameError` (21)",
    "FILTERED": "`FilteredOut` (27)",
    "FORBID": "`ForbiddenError` (22)",
    "MRT_BLOCKED": "result code 120",
    "OPNOT": "`OpNotApplicable` (26)",
    "PARAM": "`InvalidRequest` (4)",
    "UNAVAIL": "`ClusterError` (11)",
}
"""Beginning of the name of a finer code -> the error that it refines."""


def _of_subcode(name: str) -> str:
    own = name.removeprefix("SUB_")
    for beginning, error in SUBCODES.items():
        if own.startswith(beginning + "_"):
            said = own.removeprefix(beginning + "_").replace("_", " ").lower()
            return f"Of {error}: {said}."
    return "No finer code."


def meaning(name: str) -> str:
    """What a constant means. KeyError: nothing is known of it."""
    if name.startswith("SUB_"):
        return _of_subcode(name)
    if name.startswith("CDT_CTX_"):
        level = name.removeprefix("CDT_CTX_").lower()
        return f"The level that `cdt_ctx_{level}()` makes."
    if name.startswith(("OP_", "OPERATOR_")):
        if re.search("_TO_END$|_REL_|MAY_CONTAIN", name):
            return "The operation of an expression; no function makes it."
        return f"The operation that `{_explain.function_of(name)}()` makes."
    for prefix in ("LIST_", "MAP_"):
        if name.startswith(f"{prefix}RETURN_"):
            return MEANINGS[name.removeprefix(prefix)]
    return MEANINGS[name]
