"""Why each exception is raised, and what to do; and the texts that programs see.

test/doc/test_reference.py holds this file against the client: every exception has its
lines here, and every text stands in the client's sources.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """An exception: why it is raised, and what to do."""

    cause: str
    cure: str


class ErrorText(NamedTuple):
    """A text that programs see.

    :ivar text: what stays the same in it, with "..." for what differs.
    :ivar exception: the class, without its module: one of ours, or of Python's own.
    """

    text: str
    exception: str
    cause: str
    cure: str


OF_LARGE_TYPES = (
    "This class belongs to the large data types of the 2.x line. Today's servers do "
    "not have them, so it is never raised."
)

ASK_ADMIN = "Ask the administrator of the cluster."
READ_DETAIL = "Read `detail`: it says what was given and what is expected."
BEGIN_AGAIN = "Begin again with a new `Transaction`."

EXCEPTIONS = {
    "AerospikeWarning": Text(
        "A call has a mistake that changes what it does, such as a misspelt key of a "
        "policy. It is a warning, not an error.",
        "Correct the call. `validate_keys` makes such a mistake a `ParamError`.",
    ),
    "ClientError": Text(
        "The client failed before it had an answer of the server, or without one. "
        "This class is also the parent of all errors that the client finds itself.",
        READ_DETAIL,
    ),
    "ServerError": Text(
        "The server failed and gives no reason. This class is also the parent of all "
        "errors that come from the server.",
        "Look into the log of the server. One possible cause is a map with a float as "
        "a key.",
    ),
    "TimeoutError": Text(
        "`total_timeout` passed, or the server gave up. It is also the built-in "
        "`TimeoutError`. After a write, `in_doubt` says whether the write may have "
        "been applied.",
        "Raise `total_timeout`, or find out why the node is slow: `host`, `phase`, "
        "`attempts` and `elapsed_ms` help.",
    ),
    "ParamError": Text(
        "An argument, a policy or the configuration is malformed. Nothing was sent.",
        READ_DETAIL,
    ),
    "InvalidHostError": Text(
        "A host of the configuration cannot be used.", "Correct `hosts`."
    ),
    "ClientAbortError": Text(
        "The caller gave up: a callback returned or raised, or a task was cancelled.",
        "If this was intended, nothing.",
    ),
    "AsyncConnectionError": Text(
        "An event loop of another client cannot connect. This client raises "
        "`ConnectionError` instead.",
        "Catch `ConnectionError`.",
    ),
    "NoMoreConnectionsError": Text(
        "All connections to the node are in use, and none came free within "
        "`pool_timeout`.",
        "Raise `max_conns_per_node` or `pool_timeout`, or make fewer calls at a time.",
    ),
    "InvalidNodeError": Text(
        "No node that answers has the partition of the key.",
        "Wait for the cluster to recover; `max_retries` bridges short gaps.",
    ),
    "TLSError": Text(
        "A connection with TLS cannot be made, or the `tls` settings cannot work.",
        "The text names the certificate and the option. [](../security.md) has a "
        "table that says what to do.",
    ),
    "ConnectionError": Text(
        "No node can be reached, or a connection broke. It is also the built-in "
        "`ConnectionError`.",
        "Check address, port and firewall: `python -m aerospike doctor HOST:PORT` "
        "says what is wrong.",
    ),
    "MaxRetriesExceeded": Text(
        "No attempt is left, and the last one failed.",
        "Raise `max_retries`, with `sleep_between_retries` for a cluster that "
        "recovers.",
    ),
    "MaxErrorRateExceeded": Text(
        "The node has failed more than `max_error_rate` times within "
        "`error_rate_window`, so the client does not call it for a while.",
        "Wait and try again; find out why the node fails.",
    ),
    "NoResponse": Text(
        "The node has given no answer for this record of a batch, because it has "
        "ended the whole request with an error. The `message` of the record has the "
        "reason.",
        "Try that record again; see its `in_doubt` before you repeat a write.",
    ),
    "BatchFailed": Text(
        "At least one record of a batch failed. This class is not raised; "
        "`BatchRecords.result` has its number.",
        "Look at `result` of each of the `batch_records`.",
    ),
    "TransactionFailed": Text(
        "A transaction cannot continue: a record that it had read was changed, or "
        "another call is ending it.",
        f"{BEGIN_AGAIN} `detail` and the cause say what happened.",
    ),
    "TransactionAlreadyCommitted": Text(
        "The transaction was committed before, by this client.", BEGIN_AGAIN
    ),
    "TransactionAlreadyAborted": Text(
        "The transaction was aborted before, by this client.", BEGIN_AGAIN
    ),
    "InvalidRequest": Text(
        "The server refuses the request as invalid.",
        "The text says what the client suspects: the version of the server, an "
        "argument of an operation, a filter that is not true or false.",
    ),
    "ServerFull": Text(
        "The namespace has no room left.", "Remove records, or add nodes or memory."
    ),
    "AlwaysForbidden": Text(
        "The configuration of the server never allows this. `NoXDR` is another name "
        "of this class.",
        ASK_ADMIN,
    ),
    "NoXDR": Text("Another name of `AlwaysForbidden`.", ASK_ADMIN),
    "ClusterError": Text(
        "A partition is unavailable, or the client is closed or was never connected.",
        "Call `connect()` after `close()`; otherwise wait for the nodes to come back.",
    ),
    "ClusterChangeError": Text(
        "Partitions moved while a query with a function was running.",
        "Run it again, or set `fail_on_cluster_change` to `False`.",
    ),
    "ScanAbortedError": Text(
        "Somebody aborted the scan on the server.", "Run it again."
    ),
    "UnsupportedFeature": Text(
        "The version, the edition or the configuration of the server does not support "
        "the call.",
        "Use another server, or leave the feature out.",
    ),
    "DeviceOverload": Text(
        "The device of the namespace cannot keep up with the writes.",
        "Write more slowly and try again.",
    ),
    "NamespaceNotFound": Text(
        "No node has the namespace.",
        "Correct the first item of the key. The text lists the namespaces.",
    ),
    "ForbiddenError": Text(
        "The server does not allow this now: it is out of space, refuses writes, or "
        "needs other settings for a time to live or a durable delete.",
        "The text lists the usual causes. The log of the server says which one it is.",
    ),
    "ElementNotFoundError": Text(
        "The operation may only update, and the element does not exist.",
        "Leave out the flag `..._UPDATE_ONLY`.",
    ),
    "ElementExistsError": Text(
        "The operation may only create, and the element exists.",
        "Leave out `MAP_WRITE_FLAGS_CREATE_ONLY` or `LIST_WRITE_ADD_UNIQUE`, or add "
        "the flag `..._NO_FAIL`.",
    ),
    "OpNotApplicable": Text(
        "There is no such index or rank, a context leads to nothing, or the value of "
        "an expression is unknown for the record.",
        "Read the value with `get()`; add `EXP_READ_EVAL_NO_FAIL` for expressions.",
    ),
    "FilteredOut": Text(
        "The record exists, but the filter (`expressions` of the policy) is not true "
        "for it. Nothing was changed.",
        "Catch it, or change the expression.",
    ),
    "LostConflict": Text(
        "A write that came from another data center lost against a newer one.",
        "Nothing: the newer value stays.",
    ),
    "UDFError": Text(
        "A function in Lua failed, or there is no such module.",
        "`module` and `func` name the function, and the text has Lua's message.",
    ),
    "BatchDisabledError": Text("The server has batches disabled.", ASK_ADMIN),
    "BatchMaxRequestError": Text(
        "The batch has more records for one node than the server allows.",
        "Split the batch.",
    ),
    "BatchQueueFullError": Text(
        "The server has no room for another batch now.", "Wait and try again."
    ),
    "InvalidGeoJSON": Text(
        "The server cannot read a GeoJSON value.",
        "Correct it: coordinates are longitude and latitude, and a polygon ends where "
        "it begins.",
    ),
    "IndexError": Text(
        "A secondary index has failed; the parent of its errors. It is not the "
        "built-in `IndexError`.",
        READ_DETAIL,
    ),
    "QueryAbortedError": Text(
        "Somebody aborted the query on the server.", "Run it again."
    ),
    "QueryError": Text("The query failed on the server.", "Look into its log."),
    "AdminError": Text(
        "The parent of the errors of logins, users and roles.",
        "See the classes below it.",
    ),
    "LDTError": Text(OF_LARGE_TYPES, "Use lists and maps."),
    "RecordError": Text(
        "The parent of the errors of single records.", "See the classes below it."
    ),
    "RecordNotFound": Text(
        "There is no record with this key, or it has expired. It is also a built-in "
        "`KeyError`.",
        "Check namespace, set and the type of the user key: 1 and '1' are different. "
        "`exists()` asks without an exception.",
    ),
    "RecordGenerationError": Text(
        "The record was changed since the generation in `meta` was read.",
        "Read the record again, and write with the generation that it has then.",
    ),
    "RecordExistsError": Text(
        "The record exists, and `POLICY_EXISTS_CREATE` allows a write only to create "
        "a record.",
        "Another program has created the record first. Or use another value of "
        "`exists`.",
    ),
    "BinExistsError": Text(
        "The bin exists, and the operation may only create it.",
        "Leave out the flag `..._CREATE_ONLY`.",
    ),
    "BinIncompatibleType": Text(
        "The bin holds a value of another type than the operation needs.",
        "`get()` shows the value; `operation` and `bin` of the error name the "
        "operation.",
    ),
    "RecordTooBig": Text(
        "The record would be larger than the namespace allows.",
        "Divide it among several records.",
    ),
    "RecordBusy": Text(
        "Too many commands wait for this key at the same time.",
        "Wait and try again, or spread a hot key over several records.",
    ),
    "BinNotFound": Text(
        "The operation changes a bin that does not exist.",
        "Create the bin first, or leave out the flag `..._UPDATE_ONLY`.",
    ),
    "RecordKeyMismatch": Text(
        "The key that is stored with the record differs from the one sent.",
        "Two keys have the same digest, or the record was stored with a key of "
        "another type. Use the key with which it was stored.",
    ),
    "BinNameError": Text(
        "A bin's name has more than 15 bytes in UTF-8.", "Shorten the name."
    ),
    "IndexFoundError": Text(
        "Another index has this name.",
        "Take another name; `client.info_all('sindex-list:')` shows the indexes.",
    ),
    "IndexNotFound": Text(
        "There is no such index.",
        "The text of a query shows the call that creates the index.",
    ),
    "IndexOOM": Text("The server has no memory for the index.", ASK_ADMIN),
    "IndexNotReadable": Text(
        "The index is being built.", "Wait: `index_..._create()` waits by itself."
    ),
    "IndexNameMaxLen": Text("The name of the index is too long.", "Shorten it."),
    "IndexNameMaxCount": Text(
        "The namespace already has the largest possible number of indexes.",
        "Remove one.",
    ),
    "QueryQueueFull": Text(
        "The server already runs the largest possible number of queries.",
        "Wait and try again.",
    ),
    "QueryTimeout": Text(
        "The query took longer than the server allows.", "Raise `total_timeout`."
    ),
    "UDFNotFound": Text(
        "The module or its function is not there.", "`udf_list()` lists them."
    ),
    "LuaFileNotFound": Text(
        "The file of a module is not there.", "`udf_put()` registers it."
    ),
    "SecurityNotSupported": Text(
        "The server, of the Community Edition, has no users.",
        "Leave out `user` and `password`.",
    ),
    "SecurityNotEnabled": Text(
        "The cluster has security disabled, so it has no users.", ASK_ADMIN
    ),
    "SecuritySchemeNotSupported": Text(
        "The server does not know this kind of login.", "Correct `auth_mode`."
    ),
    "InvalidCommand": Text(
        "The server does not know this command about users.", ASK_ADMIN
    ),
    "InvalidField": Text("A field of a command about users is malformed.", READ_DETAIL),
    "IllegalState": Text(
        "The command about users does not fit the current state of the login.",
        "Log in again.",
    ),
    "InvalidUser": Text(
        "The cluster does not know the user.", "`admin_query_users_info()` lists them."
    ),
    "UserExistsError": Text(
        "There is such a user.",
        "`admin_grant_roles()` and `admin_set_password()` change it.",
    ),
    "InvalidPassword": Text("The password is wrong.", "Correct it."),
    "ExpiredPassword": Text(
        "The password has expired.",
        "An administrator gives another one with `admin_set_password()`.",
    ),
    "ForbiddenPassword": Text(
        "The cluster does not allow this password.", "Take another one."
    ),
    "InvalidCredential": Text(
        "The password is wrong, or `auth_mode` is.", "Correct them."
    ),
    "InvalidRole": Text(
        "There is no such role, or it cannot be changed.",
        "`admin_get_roles()` lists them.",
    ),
    "RoleExistsError": Text(
        "There is such a role.", "`admin_grant_privileges()` changes it."
    ),
    "InvalidPrivilege": Text(
        "The cluster does not know the privilege.",
        "Use `PRIV_*`; a set needs its namespace.",
    ),
    "InvalidWhitelist": Text(
        "An entry of the whitelist is neither an address nor a network.", "Correct it."
    ),
    "QuotasNotEnabled": Text(
        "The cluster has quotas disabled.", "Set `enable-quotas` in its configuration."
    ),
    "InvalidQuota": Text(
        "The cluster does not accept this quota.", "Take another number."
    ),
    "NotAuthenticated": Text(
        "The cluster requires a login.",
        "Give `user` and `password` in the configuration, or `connect(user, "
        "password)`.",
    ),
    "RoleViolation": Text(
        "The user's roles lack a privilege that the call needs. The text names it.",
        "`admin_grant_roles()` or `admin_grant_privileges()` gives it.",
    ),
    "NotWhitelisted": Text(
        "No role of the user allows the address of this machine.",
        "See `admin_set_whitelist()`.",
    ),
    "QuotaExceeded": Text(
        "The user has made more calls in this second than its roles allow.",
        "Make fewer calls per second; see `admin_set_quotas()`.",
    ),
}


def _of(exception: str, *texts: str) -> list[ErrorText]:
    """Texts whose cause and cure are those of the exception."""
    cause, cure = EXCEPTIONS[exception]
    return [ErrorText(text, exception, cause, cure) for text in texts]


TEXTS = [
    # what stands in every error of a code
    *_of("RecordNotFound", "record not found"),
    *_of("RecordGenerationError", "generation does not match"),
    *_of("InvalidRequest", "request refused as invalid"),
    *_of("RecordExistsError", "record exists"),
    *_of("BinExistsError", "bin exists"),
    *_of("ClusterChangeError", "cluster changed during the command"),
    *_of("ServerFull", "server out of space"),
    *_of("TimeoutError", "timeout"),
    *_of("AlwaysForbidden", "always forbidden in this configuration"),
    *_of("ClusterError", "partition unavailable"),
    *_of("BinIncompatibleType", "bin has an incompatible type"),
    *_of("RecordTooBig", "record too big"),
    *_of("RecordBusy", "record busy: too many commands wait for this key"),
    *_of("UnsupportedFeature", "feature not supported"),
    *_of("BinNotFound", "bin not found"),
    *_of("DeviceOverload", "storage device overloaded"),
    *_of("RecordKeyMismatch", "stored key differs from the key sent"),
    *_of("NamespaceNotFound", "namespace not found"),
    *_of("ForbiddenError", "forbidden at this time"),
    *_of("ElementNotFoundError", "element not found"),
    *_of("ElementExistsError", "element exists"),
    ErrorText(
        "needs the Enterprise Edition",
        "AerospikeError",
        "The call needs a feature that the Community Edition of the server does not "
        "have. The code is 25, which has no class of its own.",
        "Look for `compress`, `durable_delete` and `txn` in the policy, and "
        "`compression_threshold` in the configuration.",
    ),
    *_of("OpNotApplicable", "operation does not apply to the value"),
    *_of("FilteredOut", "filtered out by the expression"),
    *_of("SecurityNotSupported", "security not supported by the server"),
    *_of("SecurityNotEnabled", "security not enabled on the server"),
    *_of("InvalidPassword", "invalid password"),
    *_of("InvalidCredential", "invalid credential"),
    *_of("NotAuthenticated", "not authenticated"),
    *_of("RoleViolation", "role violation"),
    *_of("NotWhitelisted", "address not on the whitelist"),
    *_of("QuotaExceeded", "quota exceeded"),
    *_of("UDFError", "user-defined function failed"),
    ErrorText(
        "record locked by another transaction",
        "AerospikeError",
        "Another transaction has written the record and has not ended. The code is "
        "120.",
        "Abort your transaction, wait, and begin a new one.",
    ),
    ErrorText(
        "record version changed since the transaction read it",
        "AerospikeError",
        "Somebody wrote a record that the transaction has read. The code is 121.",
        "Abort the transaction, and begin again with a new one.",
    ),
    ErrorText(
        "transaction expired",
        "AerospikeError",
        "The transaction took longer than its `timeout`. The code is 122.",
        "Begin again with a new one; raise `Transaction.timeout` before its first "
        "write.",
    ),
    *_of("BatchMaxRequestError", "batch has too many requests"),
    *_of("InvalidGeoJSON", "invalid GeoJSON"),
    *_of("IndexFoundError", "index exists"),
    *_of("IndexNotFound", "index not found"),
    *_of("IndexNotReadable", "index not readable yet"),
    *_of("QueryTimeout", "query timeout on the server"),
    *_of("NoMoreConnectionsError", "no more connections to the node"),
    *_of("InvalidNodeError", "no active node for the partition"),
    *_of("ConnectionError", "connection failed"),
    *_of("MaxErrorRateExceeded", "node has exceeded its error rate"),
    *_of("NoResponse", "no response"),
    *_of("TransactionFailed", "transaction failed"),
    # what the client finds itself
    ErrorText(
        "no reply ... within ...",
        "TimeoutError",
        "The node did not answer within `total_timeout` or `socket_timeout`: it is "
        "slow, busy or gone, or the limit is too short. The rest of the text says "
        "whether the request was sent; `in_doubt` says whether a write may have been "
        "applied.",
        "Raise the limit, or allow retries; see the page about timeouts.",
    ),
    ErrorText(
        "no server listens there",
        "ConnectionError",
        "The machine answers, but nothing listens on this port: Connection refused.",
        "Check the port. `aerospike-devserver` starts a server for development.",
    ),
    ErrorText(
        "Failed to connect",
        "ConnectionError",
        "No host of the configuration answers.",
        "Check address, port and firewall; `python -m aerospike doctor HOST:PORT` "
        "says what is wrong.",
    ),
    ErrorText(
        "the client is closed; connect() opens it again",
        "ClusterError",
        "A call came after `close()`.",
        "Call `connect()`, or keep the client open for as long as the program runs.",
    ),
    ErrorText(
        "A bin name should not exceed 15 characters limit",
        "BinNameError",
        "The name has more than 15 bytes in UTF-8.",
        "Shorten the name.",
    ),
    ErrorText(
        "integer value exceeds sys.maxsize",
        "ParamError",
        "An integer needs more than 64 bits. `path` says where it is.",
        "Store it as text or bytes.",
    ),
    ErrorText(
        "is an invalid policy dictionary key",
        "ParamError",
        "The policy has an unknown key, and `validate_keys` is `True`.",
        "Correct the key; the text names the nearest one.",
    ),
    ErrorText(
        "is an invalid client config dictionary key",
        "ParamError",
        "The configuration has an unknown key, and `validate_keys` is `True`.",
        "Correct the key; the text names the nearest one.",
    ),
    ErrorText(
        "unknown ... key ... (did you mean ...?)",
        "AerospikeWarning",
        "A dict has a misspelt key, which the client ignores.",
        "Correct the key.",
    ),
    ErrorText(
        "Hosts must be a list",
        "ParamError",
        "`hosts` in the configuration is not a list.",
        'Write `{"hosts": [("127.0.0.1", 3000)]}`.',
    ),
    ErrorText(
        "Hosts must not be empty",
        "ParamError",
        "`hosts` in the configuration is empty.",
        'Write `{"hosts": [("127.0.0.1", 3000)]}`.',
    ),
    ErrorText(
        "Config must be a dict",
        "ParamError",
        "The argument of `aerospike.client()` is not a dict.",
        'Write `aerospike.client({"hosts": [("127.0.0.1", 3000)]})`; '
        "`aerospike.client_from_url()` takes a text.",
    ),
    ErrorText(
        "Namespace should be a string",
        "ParamError",
        "The first item of a key is not a text.",
        'A key is `(namespace, set, user key)`: `("test", "users", 1)`.',
    ),
    ErrorText(
        "Set should be string, unicode or None",
        "ParamError",
        "The second item of a key is neither text nor None.",
        'A key is `(namespace, set, user key)`: `("test", "users", 1)`.',
    ),
    ErrorText(
        "Invalid host",
        "ParamError",
        "An entry of `hosts` is neither a tuple nor a text.",
        'Write `("127.0.0.1", 3000)` or `"127.0.0.1:3000"`.',
    ),
    ErrorText(
        "policy must be a dict",
        "ParamError",
        "An argument in the place of the policy is not a dict.",
        "Check the order of the arguments: `meta` comes before `policy`.",
    ),
    ErrorText(
        "keys should be a list of aerospike key tuples",
        "ParamError",
        "The first argument of a batch is not a list of keys.",
        'Write `[("test", "users", 1), ("test", "users", 2)]`.',
    ),
    ErrorText(
        "await is missing",
        "RuntimeError",
        "A call of `AsyncClient` was unpacked or looped over before it was awaited.",
        "Write `await` before the call: `(await client.get(key)).bins`.",
    ),
    ErrorText(
        "No connection to aerospike cluster",
        "ClusterError",
        "The client is closed, or no node answers.",
        "`connect()` opens the client; the doctor says why no node answers.",
    ),
    ErrorText(
        "bins is empty",
        "InvalidRequest",
        "The call has no bin.",
        "Name one bin or more; `remove()` removes a record.",
    ),
    ErrorText(
        "a map key must be str, int or bytes",
        "ParamError",
        "A map has a key of another type.",
        "Use `str(key)`, and convert it when you read.",
    ),
    ErrorText(
        "has no index on",
        "IndexNotFound",
        "A query has a condition on a bin without a secondary index.",
        "Call what the text shows: `client.index_integer_create(...)`.",
    ),
    ErrorText(
        "this call needs the privilege",
        "RoleViolation",
        "The roles of the client's user do not allow the call.",
        "`admin_grant_roles()` gives the user another role.",
    ),
    ErrorText(
        "the cluster requires a login",
        "NotAuthenticated",
        "The cluster has users, and the client has none.",
        "Give `user` and `password` in the configuration.",
    ),
    ErrorText(
        "the server gave up: it was too slow for total_timeout",
        "TimeoutError",
        "The server stopped at the time limit that the client had sent.",
        "Raise `total_timeout`, or find out why the server is slow.",
    ),
    ErrorText(
        "this build of aerospike has no TLS",
        "TLSError",
        "The client was compiled without the headers of OpenSSL.",
        "Install them (Debian: `libssl-dev`), and build the client again.",
    ),
    ErrorText(
        "no TLS name is known",
        "TLSError",
        "A host of `hosts` has no tls-name, and certificates are checked against it.",
        'Add it as the third item: `("10.0.0.1", 4333, "cluster")`.',
    ),
    ErrorText(
        "issued by nobody that is trusted",
        "TLSError",
        "The certificate of the node comes from a CA that the client does not know.",
        "Add the CA to `cafile`, `capath` or `castring`.",
    ),
    ErrorText(
        "is the port one for TLS?",
        "ConnectionError",
        "The client uses TLS, but the port is not for TLS.",
        "Give the port for TLS, often 4333; or leave out `tls`.",
    ),
    ErrorText(
        "Bins should be a list",
        "ParamError",
        "The names of the bins are not in a list.",
        'Write `["name", "age"]`, also for one bin.',
    ),
    ErrorText(
        "Bin name should be of type string",
        "ParamError",
        "The name of a bin is not a text.",
        "Convert it with `str()`.",
    ),
    ErrorText(
        "Parameter must be a callable",
        "ParamError",
        "A serializer, a deserializer or a handler is not a function.",
        "Give the function itself, without brackets.",
    ),
    ErrorText(
        "No operations defined",
        "ParamError",
        "The list of operations is empty.",
        "Give one operation or more.",
    ),
    ErrorText(
        "Operation must be a dict",
        "ParamError",
        "An element of the list of operations is not a dict.",
        "Make operations with the functions of `aerospike_helpers.operations`.",
    ),
    ErrorText(
        "Operations should be of type list",
        "ParamError",
        "The second argument of `operate()` is not a list.",
        "Write `[operation]`, also for one operation.",
    ),
    ErrorText(
        "Metadata should be of type dictionary",
        "ParamError",
        "An argument in the place of `meta` is not a dict.",
        "Check the order of the arguments: `meta` comes before `policy`.",
    ),
    ErrorText(
        "Generation should be an int or long",
        "ParamError",
        '`meta["gen"]` is not an integer.',
        "Give the number that `get()` has in its metadata.",
    ),
    ErrorText(
        "Ttl should be an int or long",
        "ParamError",
        "A time to live is not an integer.",
        "Give whole seconds, or a constant `TTL_*`.",
    ),
    ErrorText(
        "Unsupported serializer",
        "ParamError",
        "`serializer` of `put()` is not a constant `SERIALIZER_*`.",
        "Use such a constant, or leave it out.",
    ),
    ErrorText(
        "No serializer callback registered",
        "ClientError",
        "`SERIALIZER_USER` was given, but there is no serializer of your own.",
        "Call `aerospike.set_serializer()`, or configure `serialization`.",
    ),
    ErrorText(
        "No config argument",
        "ParamError",
        "`aerospike.client()` was called without a configuration.",
        'Write `aerospike.client({"hosts": [("127.0.0.1", 3000)]})`.',
    ),
    ErrorText(
        "Username should be a string",
        "ParamError",
        "The name of the user is not a text.",
        "Convert it with `str()`.",
    ),
    ErrorText(
        "Password should be a string",
        "ParamError",
        "The password is not a text.",
        "Convert it with `str()`.",
    ),
    ErrorText(
        "Request must be a string",
        "ParamError",
        "The command of an info call is not a text.",
        'Write `client.info_all("namespaces")`.',
    ),
    ErrorText(
        "Failed to convert ctx",
        "ParamError",
        "A context is not a list of levels, or the list is empty.",
        "Make the levels with the functions of `aerospike_helpers.cdt_ctx`.",
    ),
    ErrorText(
        "Partition filter can not change between calls",
        "ParamError",
        "A query continues from where it stopped, but the call names other partitions.",
        "Make a new query for other partitions.",
    ),
    ErrorText(
        "servers since 3.16 have no large ordered lists",
        "UnsupportedFeature",
        "The program uses the large data types of the 2.x line.",
        "Use the operations on lists.",
    ),
    ErrorText(
        "no certificate in PEM form",
        "TLSError",
        "A file that `tls` names has no certificate.",
        "Give the right file; `castring` and `certstring` need contents, not a path.",
    ),
    ErrorText(
        "the key is encrypted",
        "TLSError",
        "The key of the client's certificate has a password.",
        "Give it as `keyfile_pw`.",
    ),
    ErrorText(
        "does not fit the certificate",
        "TLSError",
        "The key belongs to another certificate.",
        "Give the key that belongs to `certfile`.",
    ),
    ErrorText(
        "is revoked",
        "TLSError",
        "The CA has revoked the certificate of the node.",
        "Give the node a new certificate.",
    ),
    ErrorText(
        "is signed by itself and is not trusted",
        "TLSError",
        "The node made its certificate itself.",
        "If you trust it, give it as `cafile`.",
    ),
    ErrorText(
        "speaks no protocol of tls.protocols",
        "TLSError",
        "The node and the client support no common version of TLS.",
        "Allow a protocol of the node in `protocols`; look at `cipher_suite`, too.",
    ),
    ErrorText(
        "the policy's 'expressions' refused it",
        "FilteredOut",
        "The record exists, but the filter is not true for it.",
        "Catch the exception, or change the expression.",
    ),
    ErrorText(
        "there may be no module",
        "UDFError",
        "The name of the module is wrong, or nobody has registered it.",
        "Give the name without `.lua`; `udf_list()` lists the modules.",
    ),
]
