"""What an error tells besides its code: which operation it was, and what to try.

The extension calls `call` and `operation` with an error that is about to be raised, and
with what the call was given. So nothing of this is on the way of a call that succeeds.
"""

from __future__ import annotations

from aerospike import _constants as c
from aerospike import exception
from aerospike._errors import shown

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aerospike.exception import AerospikeError, UDFError

# --- names ---

# operations whose number has another name than the function that makes it
_FUNCTIONS = {
    "OPERATOR_INCR": "increment",
    "OP_LIST_JOIN_SEPARATOR": "list_join",
    "OP_EXPR_READ": "expression_read",
    "OP_EXPR_WRITE": "expression_write",
    "OP_STRING_B64_DECODE": "string_base64_decode",
    "OP_STRING_CASE_FOLD": "string_casefold",
}

_names: dict[int, str] = {}  # of operations, by their numbers; made when needed


def function_of(name: str) -> str:
    """The function of aerospike_helpers that makes an operation of such a name.

    Functions of string_operations, which have short names, get "string_" before these.
    """
    name = name.lstrip("_")
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    name = name.removeprefix("OPERATOR_").removeprefix("OP_").lower()
    return name + "ative" if name.endswith("_rel") else name


def operation_name(op: dict[str, Any]) -> str | None:
    """What the caller knows the operation of a dict as: "list_append"; or None."""
    global _names
    if not _names:
        from aerospike._core import operation_table  # which imports this module

        # all at once: another thread looks, and a signal may end this
        _names = {row["number"]: function_of(row["name"]) for row in operation_table()}
    number = op.get("op")
    return _names.get(number) if isinstance(number, int) else None


# the id of a level -> the function of cdt_ctx, without its prefix
_LEVELS = {
    c.CDT_CTX_LIST_INDEX: "list_index",
    c.CDT_CTX_LIST_RANK: "list_rank",
    c.CDT_CTX_LIST_VALUE: "list_value",
    c.CDT_CTX_LIST_INDEX_CREATE: "list_index_create",
    c.CDT_CTX_MAP_INDEX: "map_index",
    c.CDT_CTX_MAP_RANK: "map_rank",
    c.CDT_CTX_MAP_KEY: "map_key",
    c.CDT_CTX_MAP_VALUE: "map_value",
    c.CDT_CTX_MAP_KEY_CREATE: "map_key_create",
    c._AS_CDT_CTX_EXP: "all_children",
    c._AS_CDT_CTX_MAP_KEYS_IN: "map_keys_in",
    c._AS_CDT_CTX_AND: "and_filter",
}


def context_text(ctx: Any) -> str | None:
    """A context as text, map_key('a') > list_index(0); None when there is none."""
    if not isinstance(ctx, list) or not ctx:
        return None
    levels = []
    for level in ctx:
        number = getattr(level, "id", None)
        if number not in _LEVELS:
            return None
        value = level.value
        levels.append(
            _LEVELS[number] + "(" + ("" if value is True else shown(value)) + ")"
        )
    return " > ".join(levels)


def missing_key(given: dict[Any, Any], wanted: str) -> str:
    """What to say of a dict that lacks a key."""
    import difflib

    names = [key for key in given if isinstance(key, str)]
    near = difflib.get_close_matches(wanted, names, n=1)
    if near:
        return f"config has {near[0]!r}; did you mean {wanted!r}?"
    return f"config has no {wanted!r}"


# --- one operation ---


def operation(error: AerospikeError, place: int, op: Any) -> None:
    """Say which operation of a list an error is about."""
    error.operation_index = place
    if isinstance(op, dict):
        error.operation = operation_name(op)
        error.context = context_text(op.get("ctx"))
        if isinstance(op.get("bin"), str):
            error.bin = op["bin"]


# --- a call ---


# what an operation needs its bin to hold, by the beginning of the operation's name
_NEEDS = {
    "list": "a list",
    "map": "a map",
    "bit": "a blob",
    "hll": "a HyperLogLog",
    "string": "a string",
    "increment": "a number of the same type as the value",
    "append": "a value of the same type as the one to append",
    "prepend": "a value of the same type as the one to prepend",
}


def _kind(error: AerospikeError) -> str:
    """What an operation works on: "list", "bit", "expression", ...; or ""."""
    return (error.operation or "").partition("_")[0]


def _wrong_type(error: AerospikeError, method: str, _argument: Any) -> str:
    name = error.operation or method
    needs = _NEEDS.get(name.partition("_")[0])
    if needs is None:
        return "an operation does not fit the type that its bin holds; get() shows it"
    where = "what its context leads to" if error.context else "the bin"
    return f"{name} needs {needs}, and {where} holds something else; get() shows it"


# what an operation works on -> why it may not apply
_UNFIT = {
    "expression": (
        "the expression has no value: it asks for a bin that is not there or holds "
        "another type, or its arguments do not fit; the flag EXP_READ_EVAL_NO_FAIL or "
        "EXP_WRITE_EVAL_NO_FAIL lets the call go on"
    ),
    "bit": "offset and size lead beyond the end of the blob; get() shows it",
}


def _does_not_apply(error: AerospikeError, _method: str, argument: Any) -> str:
    if _kind(error) in _UNFIT:
        return _UNFIT[_kind(error)]
    causes = "an index, rank or offset is out of range, or an argument does not fit"
    ops = argument if isinstance(argument, list) and error.operation is None else ()
    if error.context or any(isinstance(op, dict) and op.get("ctx") for op in ops):
        causes += (
            ", or a level of a context leads to nothing or to a value of another kind"
        )
    return f"{causes}; get() shows the value"


_MAP_KEYS = "a map key must be str, int or bytes"


def _given_map_key(error: AerospikeError, argument: Any) -> str:
    """Whether the operation was given a map key that no map has, as text."""
    if not isinstance(argument, list) or error.operation_index is None:
        return ""
    key = argument[error.operation_index].get("key", "")
    if not isinstance(key, bool | float | None):
        return ""
    return f"{_MAP_KEYS}, and {error.operation} was given {shown(key)}"


def _refused(error: AerospikeError, method: str, argument: Any) -> str:
    if method in ("select", "remove_bin") and argument in ([], ()):
        return "bins is empty: name one bin or more"
    if method == "select" and argument[0] == "":
        return "bins begins with an empty name; get() reads all bins"
    if error.operation:
        return _given_map_key(error, argument) or (
            f"an argument of {error.operation} is not valid for what the bin holds, or "
            "this server's version does not know the operation"
        )
    if method in _OPERATES:
        return (
            "an argument of an operation is not valid, operations do not go together "
            "(operations that read whole records or delete them), or this server's "
            "version does not know one"
        )
    return (
        "the server says no more; look for a time to live above its limit, a write "
        "into a namespace that forbids it, and policy keys that need another version "
        "or edition of the server"
    )


def _has_float_key(value: Any) -> bool:
    """Whether a map within the value has a float as a key. No map that a client has
    sent contains itself."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if any(isinstance(key, float) for key in value):
                return True
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return False


def _failed(_error: AerospikeError, _method: str, argument: Any) -> str:
    if not _has_float_key(argument):
        return "the server says no more; its log may"
    return f"{_MAP_KEYS} on this server, and a map that was sent has a float as a key"


# what an operation works on -> which policy has let it only create
_CREATES_ONLY = {
    "map": (
        "the map has the key, and the policy's map_write_flags have "
        "MAP_WRITE_FLAGS_CREATE_ONLY"
    ),
    "list": (
        "the list has the value, and the policy's write_flags have "
        "LIST_WRITE_ADD_UNIQUE"
    ),
}


def _exists(error: AerospikeError, _method: str, _argument: Any) -> str:
    return _CREATES_ONLY.get(
        _kind(error),
        "the policy of the operation only allows it to create what does not exist",
    )


# what a call, or a family of info commands, needs of its user's roles
_PRIVILEGES = {
    **dict.fromkeys(("get", "select", "exists", "query"), "read"),
    **dict.fromkeys(
        ("operate", "operate_ordered", "_operate_one", "batch"),
        "read or write, as its operations do",
    ),
    **dict.fromkeys(("put", "append", "prepend", "increment", "touch"), "write"),
    **dict.fromkeys(("remove", "remove_bin"), "write"),
    "sindex": "sindex-admin",
    "truncate": "truncate",
}


# calls that can remove a record; a put or operations can take its last bin
_REMOVES = ("remove", "remove_bin", "put", "operate", "operate_ordered")


def _forbidden(_error: AerospikeError, method: str, _argument: Any) -> str:
    text = (
        "the server does not allow this now: it may be out of space, be set to refuse "
        "such commands, or need a time to live that the namespace does not have"
    )
    if method in _REMOVES:
        text += (
            "; in a namespace with strong consistency, what removes a record needs "
            "'durable_delete' in the policy"
        )
    return text


def _needs_privilege(error: AerospikeError, method: str, _argument: Any) -> str:
    if error.code == _NOT_AUTHENTICATED:
        return "the cluster requires a login, but this client has no user"
    privilege = _PRIVILEGES.get(method, "sys-admin")
    return (
        f"this call needs the privilege {privilege}, which the roles of the client's "
        "user lack here; see admin_grant_roles() and admin_grant_privileges()"
    )


def _element(text: str) -> Callable[[AerospikeError, str, Any], str]:
    return lambda error, _method, _argument: text


# in the text of an error of the request before, which the client makes for itself
_NOT_SENT = "the key could not be registered with the transaction"

_REFUSED = 4
_TIMEOUT = 9
_UNAVAILABLE = 11
_NO_NAMESPACE = 20
_NO_USER = 60
_NO_ROLE = 70
_NOT_AUTHENTICATED = 80
_ROLE_VIOLATION = 81
_OF_ROLES = (_NOT_AUTHENTICATED, _ROLE_VIOLATION)

# code -> why a node does not renew a session
_SESSIONS = {
    60: "the client's user was dropped: connect(user, password) as another one",
    65: "the password of the client's user was changed: connect(user, password)",
}

# code -> what to add to the server's text
_HINTS: dict[int, Callable[[AerospikeError, str, Any], str]] = {
    1: _failed,
    3: _element(
        'the record has another generation than meta\'s "gen", which is 0 unless it is '
        "given; read the record again, and write with the generation that it has then"
    ),
    _REFUSED: _refused,
    5: _element("the policy's 'exists' only allows this call to create a record"),
    12: _wrong_type,
    13: _element("the namespace's configuration limits the size of a record"),
    17: _element("the policy of the operation requires that the bin exists"),
    16: _element(
        "the server's version or edition, or the configuration of the namespace, lacks "
        "what this call needs; a transaction needs strong consistency"
    ),
    22: _forbidden,
    23: _element("the policy of the operation only allows it to update what exists"),
    24: _exists,
    25: _element(
        "a server of the Community Edition does not do this; look for 'compress', "
        "'durable_delete' and 'txn' in the policy, and compression_threshold in the "
        "configuration"
    ),
    26: _does_not_apply,
    27: _element("the record is there, and the policy's 'expressions' refused it"),
    **{code: _element(text) for code, text in _SESSIONS.items()},
    _NOT_AUTHENTICATED: _needs_privilege,
    81: _needs_privilege,
    82: _element("no role of the client's user allows the address of this machine"),
    83: _element(
        "the client's user has used up what its roles allow in a second; see "
        "admin_set_quotas()"
    ),
}

# the same, of transactions
_HINTS |= {
    120: _element(
        "try again when that transaction has ended; abort your own one before, and "
        "begin a new one"
    ),
    121: _element("abort the transaction, and begin again with a new one"),
    122: _element("the servers undo the transaction; begin again with a new one"),
}

# methods whose argument is a list of operations
_OPERATES = ("operate", "operate_ordered", "_operate_one")

# codes that are about the record, and not about one of the operations
_OF_RECORD = (2, 3, 5, 27)

# codes that may be about one of several operations
_OF_OPERATION = (4, 12, 17, 23, 24, 26)

# codes that only some operations can be answered with: whole bins are always read and
# written
_NOT_FOR = {12: ("read", "write", "touch", "delete"), 26: ("read", "write", "touch")}


def _shown_operation(place: int, op: dict[str, Any]) -> str:
    """An operation in a text: "2 (list_append of bin 'm' at map_key('a'))"."""
    context = context_text(op.get("ctx"))
    where = f" at {context}" if context else ""
    return f"{place} ({operation_name(op)} of bin {shown(op.get('bin'))}{where})"


def _find_operation(error: AerospikeError, ops: list[Any]) -> str | None:
    """The server does not say which operation it refused: find it, or name those that
    it may be."""
    innocent = _NOT_FOR.get(error.code or 0, ())
    dicts = [(place, op) for place, op in enumerate(ops) if isinstance(op, dict)]
    if len(dicts) == 1 and error.code not in _OF_RECORD:
        operation(error, *dicts[0])
    if len(dicts) == 1 or error.code not in _OF_OPERATION:
        return None
    suspects = [(i, op) for i, op in dicts if operation_name(op) not in innocent]
    if len(suspects) == 1:
        operation(error, *suspects[0])
        return None
    names = [_shown_operation(*suspect) for suspect in suspects[:5]]
    more = ", ..." if len(suspects) > len(names) else ""
    return f"one of the operations {', '.join(names)}{more}" if names else None


# methods of one bin with one operand
_OF_A_BIN = ("append", "prepend", "increment")


_FUNCTION_FAILED = 100
_NOT_FOUND = 2

_NO_BINS = (
    "the function may have created a record without bins: aerospike:create() needs a "
    "bin that has a value, and a bin whose name has more than 15 bytes is not kept"
)

# how the text of a function that failed ends -> what to do
_FUNCTION_FAILURES = {
    "function not found": "module {module} has no function {function}",
    "UDF: Execution Error 1": "there may be no module {module}, whose name is given "
    "without .lua; udf_list() lists them",
    "UDF Execution Timeout": "it ran for longer than total_timeout, or socket_timeout, "
    "which the server is told",
}


def _function(error: AerospikeError, module: str, function: str) -> list[str]:
    """What to say of a function that failed, which the error gets as attributes."""
    names = {"module": module, "func": function}
    for name, value in names.items():
        setattr(error, name, value)
    known = {"module": shown(module), "function": shown(function)}
    return [
        text.format_map(known)
        for ending, text in _FUNCTION_FAILURES.items()
        if ending in (error.detail, error.msg) or error.detail.endswith(ending)
    ]


# codes of failures after which nobody knows what a node would have given
_CUT_SHORT = (9, 11, 15, 210)

_NO_WHOLE = (
    "an aggregation cannot continue after a failure, and what has come is not the "
    "whole: run it again"
)


# code -> what of the policy the servers refuse
_NOT_WITH_FUNCTIONS = {
    _REFUSED: "neither 'short_query' nor 'expected_duration' QUERY_DURATION_SHORT of "
    "the policy goes together with a function",
    16: "the policy's 'expressions' do not go together with a function, which can "
    "filter itself",
}


def aggregation(error: AerospikeError, module: str, function: str) -> None:
    """Complete the error of an aggregation."""
    parts = [error.detail] if error.detail else []
    if error.code in (_FUNCTION_FAILED, 1301, 1302):
        parts += _function(error, module, function)
    elif error.code in _NOT_WITH_FUNCTIONS and error.host is not None:
        parts.append(_NOT_WITH_FUNCTIONS[error.code])
    elif error.attempts and (error.code in _CUT_SHORT or (error.code or 0) < 0):
        parts.append(_NO_WHOLE)
    error.detail = "; ".join(parts)


def call(
    error: AerospikeError, method: str, key: Any, argument: Any, is_filtered: bool
) -> None:
    """Complete the error of a call on one record.

    :param method: the name of the method.
    :param key: what the error shows as its key.
    :param argument: bins, the name of a bin, operations, the names of a module and of
        its function, or None.
    :param is_filtered: the policy has "expressions".
    """
    if error.key is None:
        error.key = key
    if method in _OF_A_BIN:
        error.operation = method
        if error.bin is None and isinstance(argument, str):
            error.bin = argument
    code = error.code
    if code == _TIMEOUT and error.detail == "timeout":
        error.detail = (
            "the server gave up: it was too slow for total_timeout, or it waited for "
            "another node"
        )
    if code == _UNAVAILABLE and error.detail == "partition unavailable":
        error.detail += (
            ": too many nodes are gone; a read with "
            "POLICY_READ_MODE_SC_ALLOW_UNAVAILABLE may find the record"
        )
    if not isinstance(code, int) or code <= 0 or code in (9, 11, 18, 20):
        return
    if code == _REFUSED and _NOT_SENT in (error.detail or ""):
        return  # nothing that the call was given can be the reason
    parts = [error.detail] if error.detail else []
    if method in _OPERATES and error.operation is None:
        parts += filter(None, [_find_operation(error, argument)])
    if method == "apply" and code == _FUNCTION_FAILED:
        parts += _function(error, *argument)
    if method == "apply" and code == _NOT_FOUND and error.host is not None:
        parts.append(_NO_BINS)
    if code in _HINTS and error.host is not None:
        parts += filter(None, [_HINTS[code](error, method, argument)])
    if code == _REFUSED and is_filtered:
        parts.append(
            "the policy's 'expressions' may be what it refuses: a filter has to be "
            "true or false"
        )
    error.detail = "; ".join(parts)


def row(code: int, text: str, asked: list[Any] | tuple[str, str]) -> str:
    """The message of a row of a batch that failed.

    :param text: the server's, after the name of the node.
    :param asked: operations, or the names of a module and of its function.
    """
    error = exception.AerospikeError(code, "", None, None)
    error.host, error.detail = "", text
    method = "apply" if isinstance(asked, tuple) else "operate"
    call(error, method, None, asked, False)
    error.host = None
    known = exception._known_of(error)
    return f"{error.detail} [{', '.join(known)}]" if known else error.detail


# --- a query ---

# datatype of a predicate -> the type of the values, what the method is called that
# makes such an index, and what the constant is called
_DATATYPES = {
    c.INDEX_STRING: ("str", "string", "STRING"),
    c.INDEX_INTEGER: ("int", "integer", "NUMERIC"),
    c.INDEX_NUMERIC: ("int", "integer", "NUMERIC"),
    c.INDEX_GEO2DSPHERE: ("GeoJSON", "geo2dsphere", "GEO2DSPHERE"),
    c.INDEX_BLOB: ("bytes", "blob", "BLOB"),
}

# what of a collection a predicate is about -> the method that makes such an index
_COLLECTIONS = {
    c.INDEX_TYPE_LIST: "list",
    c.INDEX_TYPE_MAPKEYS: "map_keys",
    c.INDEX_TYPE_MAPVALUES: "map_values",
}


def _unknown_collection(predicate: tuple[Any, ...]) -> list[str]:
    """What to say of a predicate whose index type is none."""
    wrong = [i for i in predicate[5:6] if i not in (*_COLLECTIONS, 0)]
    return [f"{shown(i)} is none of aerospike.INDEX_TYPE_*" for i in wrong]


def _index_call(
    ns: str, set: str, predicate: tuple[Any, ...], has_context: bool
) -> str:
    """The call that creates the index that a predicate needs."""
    _, datatype, bin = predicate[:3]
    collection = next(
        (_COLLECTIONS[i] for i in predicate[5:6] if i in _COLLECTIONS), None
    )
    arguments = [repr(ns), repr(set or None), shown(bin)]
    if bin is None:  # where_with_expr()
        kind = (collection or "default").replace("_", "").upper()
        arguments[2] = f"aerospike.INDEX_TYPE_{kind}"
        arguments += [f"aerospike.INDEX_{_DATATYPES[datatype][2]}", "expression"]
        return f"client.index_expr_create({', '.join(arguments)}, name)"
    if collection is None and not has_context:
        method = _DATATYPES[datatype][1]
    else:
        method = collection or "single_value"
        arguments.append(f"aerospike.INDEX_{_DATATYPES[datatype][2]}")
    ctx = ", ctx=ctx" if has_context else ""
    return f"client.index_{method}_create({', '.join(arguments)}, name{ctx})"


def query(
    error: AerospikeError,
    ns: str,
    set: str,
    predicate: tuple[Any, ...] | None,
    index_name: str | None,
    ctx: list[Any] | None,
) -> None:
    """Complete the error of a query or scan.

    :param set: "" stands for all sets.
    :param index_name: where_with_index_name()'s, or None. ``ctx``: where()'s.
    """
    where = f"namespace {ns}, " + (f"set {set}" if set else "all sets")
    parts = [error.detail] if error.detail else []
    if predicate is not None and isinstance(predicate[2], str):
        error.bin = predicate[2]
    error.context = context_text(ctx)
    if index_name is not None:
        error.name = index_name
    if error.code == 201 and index_name is not None:
        parts.append(
            f"{where} has no index {index_name!r}; client.info_all("
            f"'sindex-list:namespace={ns}') shows the indexes"
        )
    elif error.code == 201 and predicate is not None:
        parts += _unknown_collection(predicate)
        kind, bin = _DATATYPES[predicate[1]][0], predicate[2]
        what = "this expression" if bin is None else f"bin {shown(bin)}"
        parts.append(
            f"{where} has no index on {what} for values of type {kind}; create one "
            f"with {_index_call(ns, set, predicate, bool(ctx))}"
        )
    elif error.code == _REFUSED and predicate is not None:
        parts.append(
            f"{where}; the predicate may be what it refuses, {shown(predicate[2:5])}: "
            "a range that ends before it begins, or a text that is no GeoJSON"
        )
    elif error.code in _OF_ROLES:
        parts += [where, _needs_privilege(error, "query", None)]
    elif error.code != 20:
        parts.append(where)
    error.detail = "; ".join(parts)


# --- a login ---

# code -> why the cluster lets nobody in, and what to do; {} is who
_LOGINS = {
    51: "a server of the Community Edition has no users: leave out user and password",
    60: "the cluster does not know {}",
    62: "the password of {} is wrong",
    63: "the password of {} has expired: an administrator gives another one with "
    "admin_set_password()",
    64: "the password of {} is not allowed any more: an administrator gives another "
    "one with admin_set_password()",
    65: "the password of {} is wrong, or 'auth_mode' in the policies is",
    82: "no role of {} allows the address of this machine: see admin_set_whitelist()",
    93: "the directory does not know {}, or has another password",
}
_NOBODY = (
    "the cluster requires a login: give 'user' and 'password' in the "
    "configuration, or connect(user, password)"
)


def login(error: AerospikeError, user: str | None) -> None:
    """Complete the error of a client that cannot connect.

    :param user: who logs in; "" is whom a certificate names, None is nobody.
    """
    parts = [error.detail] if error.detail else []
    if error.code == 80 and user is None:
        parts.append(_NOBODY)
    elif error.code in _LOGINS:
        who = f"user {user!r}" if user else "the user that the certificate names"
        parts.append(_LOGINS[error.code].format(who))
        if error.code == _NO_USER and not user:
            parts.append("admin_create_pki_user() creates it")
    error.detail = "; ".join(parts)


# --- users and roles ---

_NO_ROLES = "the list of roles is empty; admin_get_roles() lists the roles"

# code -> why the cluster refuses an admin command, and what to do; {...} is what the
# command is about
_ADMIN = {
    51: "a server of the Community Edition has neither users nor roles",
    52: "the cluster has security disabled: there are neither users nor roles",
    60: "there is no user {user}; admin_query_users_info() lists them",
    61: "there is a user {user} already: admin_grant_roles() and admin_set_password() "
    "change it",
    62: "the cluster does not accept the password of user {user}; for "
    "admin_change_password(), the old one may be another by now: connect(user, "
    "password) first",
    63: "the password of user {user} has expired: see admin_set_password()",
    64: "the cluster does not allow this password for user {user}: it was used before, "
    "or is kept elsewhere",
    70: "there is no such role, or it is always there and cannot be changed: {role}; "
    "admin_get_roles() lists them",
    71: "there is a role {role} already: admin_grant_privileges(), "
    "admin_set_whitelist() and admin_set_quotas() change it",
    72: "the cluster knows no such privilege: {privileges}; a set needs its namespace",
    73: "an entry of the whitelist of role {role} is neither an IP address nor a "
    "network: {whitelist}",
    74: "the cluster has quotas disabled: see enable-quotas in its configuration",
    75: "the cluster does not accept this quota for role {role}",
    81: "the user of this client lacks the privilege PRIV_USER_ADMIN",
    82: "no role of this client's user allows the address of this machine",
}

_NOT_OWN = (
    "admin_change_password() is for the user as which this client has logged in; use "
    "admin_set_password() for user {user}"
)


def admin(error: AerospikeError, subjects: dict[str, object]) -> None:
    """Complete the error of an admin command.

    :param subjects: user, role, roles, privileges, whitelist: what the command is
        about; for_self: users give it for themselves alone.
    """
    known = {name: shown(value) for name, value in subjects.items()}
    known.setdefault("role", known.get("roles", ""))
    parts = [error.detail] if error.detail else []
    if subjects.get("roles") == [] and error.code == _NO_ROLE:
        parts.append(_NO_ROLES)
    elif error.phase == "login":
        # it is about the client's own user, not about that of the command
        if error.code in _SESSIONS:
            parts.append(_SESSIONS[error.code])
    elif error.code == _ROLE_VIOLATION and subjects.get("for_self"):
        parts.append(_NOT_OWN.format_map(known))
    elif error.code in _ADMIN and error.host is not None:
        parts.append(_ADMIN[error.code].format_map({"user": "", **known}))
    error.detail = "; ".join(parts)


# --- an info request ---


def info(error: AerospikeError, command: str | None) -> None:
    """Complete the error of an info request that a node has refused."""
    if command is None:
        return
    parts = [error.detail, f"the request was {shown(command.rstrip(), 200)}"]
    if error.code == _NO_NAMESPACE:
        parts.append("client.info_all('namespaces') shows what the cluster has")
    elif error.code in _OF_ROLES:
        family = command.partition(":")[0].partition("-")[0]
        parts.append(_needs_privilege(error, family, None))
    error.detail = "; ".join(filter(None, parts))


# --- an index ---

_LONGEST_BIN_NAME = 15


def index(error: AerospikeError, ns: str, name: str, bin: str | None = None) -> None:
    """Complete the error of a call about an index."""
    error.name = name
    error.bin = bin
    size = len((bin or "").encode("utf-8", "surrogatepass"))
    if error.code == _REFUSED and size > _LONGEST_BIN_NAME:
        error.detail = (
            f"the bin's name has {size} bytes, and at most {_LONGEST_BIN_NAME} are "
            "allowed"
        )
    if error.code == 200:
        error.detail = (
            f"index name {name!r} belongs to another index of namespace {ns}; "
            f"client.info_all('sindex-list:namespace={ns}') shows its definition"
        )


# --- a module of functions ---

# what begins the refusal of a module -> what to do; {name} is the module's file
_MODULES = {
    "error=not_found": "there is no module {name}; udf_list() lists them, with .lua",
    "error=invalid_filename": "the name of a module's file ends in .lua; got {name}",
    "error=invalid_udf_content_len": "{name} is too large: 1 MB is the limit",
}


def module(error: UDFError, name: str) -> None:
    """Complete the error of a call about a module that a node refuses."""
    error.module = name.removesuffix(".lua")
    said = error.msg or ""
    for beginning, text in _MODULES.items():
        if said.startswith(beginning):
            error.detail = text.format(name=shown(name))
    if said.startswith(exception._COMPILE_ERROR):
        _compile_error(error, name, said)


def _compile_error(error: UDFError, name: str, said: str) -> None:
    """Show what the compiler says; the refusal has it as base64."""
    import base64

    before, _, after = said.partition("message=")
    packed, blank, rest = after.partition(" ")
    found = dict(entry.partition("=")[::2] for entry in before.split(";"))
    try:
        text = base64.b64decode(packed, validate=True).decode("utf-8", "replace")
    except ValueError:
        error.detail = f"{name}: it does not compile"
        return
    error.msg = f"{before}message={text}{blank}{rest}"
    error.args = (error.args[0], error.msg, *error.args[2:])
    error.detail = f"{name}: line {found.get('line')}: {text}"
