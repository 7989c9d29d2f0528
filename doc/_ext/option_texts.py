"""What every key of the option tables means: the part that the tables cannot say.

Which keys exist, in which dictionaries, their ranges and their newer names come from
the client itself; `test/doc/test_option_texts.py` holds this file against it, so that
no key is missing here and none is left over. Markdown, as in the pages.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """A key.

    :ivar type: what it takes, as a reader would say it.
    :ivar default: of all policies, or by policy, with "" for the others.
    :ivar meaning: one or two sentences.
    """

    type: str
    default: str | dict[str, str]
    meaning: str


LONG_RUNNING = {"query": "0", "scan": "0", "txn_verify": "10000", "txn_roll": "10000"}
RETRIES = {
    "": "0",
    "read": "2",
    "batch": "2",
    "query": "5",
    "scan": "5",
    "txn_verify": "5",
    "txn_roll": "5",
}
TRANSACTION_SOCKET = {"txn_verify": "3000", "txn_roll": "3000"}
TRANSACTION_PAUSE = {"txn_verify": "1000", "txn_roll": "1000"}

POLICY = {
    "total_timeout": Text(
        "int, ms",
        {"": "1000", **LONG_RUNNING},
        "Time limit of the whole call, with all attempts and pauses. 0: no limit.",
    ),
    "socket_timeout": Text(
        "int, ms",
        {"": "30000", **TRANSACTION_SOCKET},
        "If the node sends nothing for this time, the attempt has failed. 0: only "
        "`total_timeout` limits the attempt. A value above `total_timeout` has no "
        "effect.",
    ),
    "connect_timeout": Text(
        "int, ms",
        "0",
        "Time limit for opening a connection when the pool has none. 0: only "
        "`socket_timeout` and `total_timeout` limit it.",
    ),
    "timeout_delay": Text(
        "int, ms",
        "3000",
        "After an attempt has timed out, the client waits this long in the background "
        "for the late reply. If the reply comes, the connection can be used again. 0: "
        "the client closes the connection at once.",
    ),
    "max_retries": Text(
        "int", RETRIES, "The number of further attempts after the first one."
    ),
    "sleep_between_retries": Text(
        "int, ms",
        {"": "0", **TRANSACTION_PAUSE},
        "Pause before each further attempt.",
    ),
    "timeout": Text("int, ms", "1000", "Time limit of the request."),
    "retry_on_timeout": Text(
        "bool",
        "True",
        "From 2.x. `False`: the client does not repeat an attempt that timed out, "
        "even if `max_retries` allows it.",
    ),
    "compress": Text(
        "bool",
        "False",
        "Compress requests that carry data and have more than 128 bytes, and ask for "
        "compressed replies (Enterprise Edition).",
    ),
    "txn": Text("Transaction", "", "The transaction that the command belongs to."),
    "expressions": Text(
        "compiled expression",
        "",
        "A condition, which the server evaluates for the record. If it is not true, "
        "the call raises `FilteredOut` and changes nothing.",
    ),
    "error_detail_verbosity": Text(
        "`ERROR_DETAIL_*`",
        "0",
        "How much a server of version 8.2 or newer says about an error.",
    ),
    "replica": Text(
        "`POLICY_REPLICA_*`",
        {"": "SEQUENCE", "txn_verify": "MASTER", "txn_roll": "MASTER"},
        "Which copy of the record the client asks. `MASTER`: only the master. `ANY`: "
        "all copies in turns. `SEQUENCE`: the master and, when it fails, the other "
        "copies in turns. `RANDOM`: any copy. `PREFER_RACK`: the copy in the rack "
        "that `rack_ids` prefers, and after a failure another copy; see `rack_aware`. "
        "Writes begin at the master, except with `RANDOM`.",
    ),
    "key": Text(
        "`POLICY_KEY_*`",
        "DIGEST",
        "`SEND`: the client sends the user key together with the digest. Writes store "
        "the key, and the server refuses a record whose stored key differs "
        "(`RecordKeyMismatch`).",
    ),
    "gen": Text(
        "`POLICY_GEN_*`",
        "IGNORE",
        'How the server compares `meta["gen"]` with the generation of the record. '
        '`IGNORE`: not at all. `EQ`: they must be equal. `GT`: `meta["gen"]` must be '
        "greater. Otherwise the call raises `RecordGenerationError`.",
    ),
    "exists": Text(
        "`POLICY_EXISTS_*`",
        "IGNORE",
        "Whether a write needs the record to exist. `CREATE`: it must not exist. "
        "`UPDATE`, `REPLACE`: it must exist. `CREATE_OR_REPLACE`, `IGNORE`: either. "
        "The two with *REPLACE* remove all bins that the call does not name.",
    ),
    "commit_level": Text(
        "`POLICY_COMMIT_LEVEL_*`",
        "ALL",
        "`MASTER`: the server answers when the master has written, without waiting "
        "for the other copies.",
    ),
    "read_mode_ap": Text(
        "`POLICY_READ_MODE_AP_*`",
        "ONE",
        "`ALL`: while the cluster moves data, the server compares several copies (in "
        "namespaces without strong consistency).",
    ),
    "read_mode_sc": Text(
        "`POLICY_READ_MODE_SC_*`",
        {"": "SESSION", "txn_verify": "LINEARIZE"},
        "What a read guarantees in namespaces with strong consistency.",
    ),
    "read_touch_ttl_percent": Text(
        "int, -1 to 100",
        "0",
        "A read renews the time to live of a record if at most this percentage of "
        "that time is left. 0: the configuration of the server decides; -1: never.",
    ),
    "ttl": Text(
        "int, s, or `TTL_*`",
        "0",
        'Time to live that a write gives the record when `meta["ttl"]` is absent or '
        "`TTL_CLIENT_DEFAULT`. 0: the default of the namespace.",
    ),
    "generation": Text(
        "int", "0", 'The generation that `gen` compares, in place of `meta["gen"]`.'
    ),
    "durable_delete": Text(
        "bool",
        "False",
        "A record that is removed leaves a tombstone (Enterprise Edition).",
    ),
    "deserialize": Text(
        "bool",
        "True",
        "`False`: the client returns lists, maps and blobs as the raw bytes of the "
        "reply.",
    ),
    "respond_all_ops": Text(
        "bool",
        "False",
        "For `operate` and `operate_ordered`: operations without a result also appear "
        "in the results, with `None`.",
    ),
    "on_locking_only": Text(
        "bool",
        "False",
        "In a transaction: the write fails if the transaction has already locked the "
        "record.",
    ),
    "compression_threshold": Text(
        "int, bytes",
        "0",
        "Compress requests that have more bytes than this. 0: `compress` decides.",
    ),
    "expected_duration": Text(
        "`QUERY_DURATION_*`", "LONG", "How long the query is likely to take."
    ),
    "short_query": Text(
        "bool",
        "False",
        "The older form of `expected_duration`: `True` means `QUERY_DURATION_SHORT`.",
    ),
    "max_records": Text(
        "int", "0", "The query gives about this number of records at most. 0: all."
    ),
    "records_per_second": Text("int", "0", "Limit for each node. 0: no limit."),
    "partition_filter": Text(
        "dict",
        "",
        "The [partitions to read](queries.md#parts). Only the policy of a call can "
        "have this key.",
    ),
    "concurrent": Text(
        "bool",
        "False",
        "Without effect: the client always asks all nodes at the same time.",
    ),
    "allow_inline": Text(
        "bool",
        "True",
        "The server may handle the batch in the thread that has received it, if the "
        "namespace is in memory.",
    ),
    "allow_inline_ssd": Text("bool", "False", "The same for namespaces on devices."),
    "respond_all_keys": Text(
        "bool", "True", "The server continues with the other keys after one has failed."
    ),
    "check_bounds": Text("bool", "True", "Without effect: replies are always checked."),
    "send_as_is": Text("bool", "True", "Without effect: requests are never changed."),
    "use_batch_direct": Text("bool", "False", "2.x. No server of today speaks it."),
    "send_set_name": Text(
        "bool", "False", "From 2.x. Without effect: the client always sends the set."
    ),
    "fail_on_cluster_change": Text(
        "bool",
        "True",
        "For functions on all records: an aggregation, `scan_apply()` or "
        "`query_apply()` fails when partitions move meanwhile. (`scan_apply()` and "
        "`query_apply()` take this key from the policy `write`.) Other queries "
        "continue on the nodes to which the partitions have moved. "
        "`execute_background()` does not check.",
    ),
}

META = {
    "gen": Text(
        "int",
        "",
        "The expected generation. The server compares it only if `gen` of the policy "
        "says so.",
    ),
    "ttl": Text(
        "int, s, or `TTL_*`",
        "",
        "Time to live of the record from this write on. 0: the default of the "
        "namespace; `TTL_NEVER_EXPIRE` (-1); `TTL_DONT_UPDATE` (-2); "
        "`TTL_CLIENT_DEFAULT` (-3): the `ttl` of the policy.",
    ),
}

CONFIG = {
    "hosts": Text(
        "list",
        "required",
        'The nodes that the client asks first: `(address, port)` or `"address:port"`, '
        'with `"[v6]:port"` for IPv6. Without a port, 3000 is used. One node that '
        "answers is enough: the client learns the others from it.",
    ),
    "policies": Text(
        "dict", "{}", "Default policies; see [below](#defaults-for-all-calls)."
    ),
    "validate_keys": Text(
        "bool",
        "False",
        "Unknown keys and values out of range raise `ParamError`, in this and in every "
        "dictionary of policies and metadata.",
    ),
    "error_keys": Text(
        "bool",
        "True",
        "Errors show user keys, in their attribute `key` and in their texts. User "
        "keys may be personal data. `False`: errors show digests instead.",
    ),
    "fail_if_not_connected": Text(
        "bool",
        "not given",
        "What happens when the constructor finds no node that answers. `True`: it "
        "raises an error. `False`: it raises no error, and the client continues to "
        "try in the background. Not given: `connect()` or the first command tries "
        "again, and raises the error.",
    ),
    "cluster_name": Text(
        "str",
        "",
        "The client refuses nodes that belong to a cluster with another name.",
    ),
    "app_id": Text(
        "str",
        "",
        "Name of the application. Servers list it together with the version of the "
        "client. As in the PyPI client, a value of another type raises `TypeError`.",
    ),
    "event_listeners": Text(
        "list of listeners",
        "none",
        "Listeners that are informed about calls, nodes and connections of this "
        "client, in addition to those that are registered for all clients: see "
        "[Monitoring](monitoring.md).",
    ),
    "connect_timeout": Text(
        "int, ms",
        "1000",
        "Time limit for each address when the client looks for nodes and watches "
        "them. The constructor takes at most three times as long. 0: the default.",
    ),
    "tend_interval": Text(
        "int, ms",
        "1000",
        "Pause between two [tends](failures.md#when-nodes-come-and-go), at least 250 "
        "ms and at most a day. The client notices within this time that a node has "
        "come or gone. A shorter pause counts as 250 ms.",
    ),
    "max_conns_per_node": Text(
        "int",
        "100",
        "Limit of the connections to one node, at most 65535. A call that finds all "
        "of them in use waits for `pool_timeout`. Then it tries again, as its policy "
        "allows, and fails with `NoMoreConnectionsError`.",
    ),
    "pool_timeout": Text(
        "int, ms",
        "0",
        "How long a call waits for a connection when all are in use, but never longer "
        "than its `total_timeout`. Calls get connections in the order in which they "
        "came. 0: a call does not wait.",
    ),
    "min_conns_per_node": Text(
        "int",
        "0",
        "The number of connections to each node that the client keeps open, at most "
        "`max_conns_per_node`. The constructor waits for them, with their TLS and "
        "logins, but not longer than `connect_timeout`.",
    ),
    "max_socket_idle": Text(
        "int, s",
        "0",
        "The client closes a connection that was idle for longer. 0: it closes the "
        "connections above `min_conns_per_node` after 55 seconds. If you leave it out "
        "and the connections use TLS, it is 55.",
    ),
    "max_error_rate": Text(
        "int",
        "100",
        "If a node has more network errors and timeouts than this within "
        "`error_rate_window`, calls to it fail at once with `MaxErrorRateExceeded`. "
        "0: no limit.",
    ),
    "error_rate_window": Text(
        "int",
        "1",
        "Length of the window, in tend intervals. `max_error_rate` must be 1 to 100 "
        "times this number. Otherwise the client uses the defaults of both and shows "
        "a warning.",
    ),
    "use_services_alternate": Text(
        "bool", "False", "Use the alternate addresses that nodes can publish."
    ),
    "force_single_node": Text(
        "bool",
        "False",
        "Use only the node in `hosts`, and ignore the other nodes of the cluster.",
    ),
    "send_bool_as": Text(
        "`AS_BOOL`, `INTEGER` or `PY_BYTES`",
        "AS_BOOL",
        "How a `bool` is stored: as a boolean, as 0 or 1, or pickled.",
    ),
    "legacy_types": Text(
        "None or bool",
        "None",
        "What happens to values for which the server has no type; see "
        "[](serialization.md). `None`: they are pickled. `True`: they and bools are "
        "pickled, and blobs are read as `bytearray`. `False`: the client refuses "
        "them, and returns pickles as bytes.",
    ),
    "pickle_classes": Text(
        "list of classes",
        "[]",
        "Classes whose pickled objects the client loads, besides some of Python's own "
        "types; see [](serialization.md).",
    ),
    "pickle_limits": Text(
        "dict of int",
        "{}",
        "Limits for each pickled value: `opcodes`, `hashed`, `growth`; see "
        "[](serialization.md).",
    ),
    "serialization": Text(
        "(serializer, deserializer)",
        "",
        "Your own functions for values for which the server has no type; see "
        "[](serialization.md).",
    ),
    "max_threads": Text("int", "", "From 2.x: an older name of `max_conns_per_node`."),
    "tls": Text("dict", "{}", "[TLS](security.md#tls)."),
    "user": Text("str", "", "User of a cluster with [security](security.md)."),
    "password": Text("str", "", "Password of that user."),
    "shm": Text(
        "dict",
        "",
        "Share the work of tending the cluster with other processes, through [shared "
        "memory](#shared-memory). An empty dict is enough.",
    ),
    "shm_max_nodes": Text("int", "16", "`max_nodes` of `shm`."),
    "shm_max_namespaces": Text("int", "8", "`max_namespaces` of `shm`."),
    "shm_takeover_threshold_sec": Text(
        "int, s", "30", "`takeover_threshold_sec` of `shm`."
    ),
    "use_shared_connection": Text(
        "bool",
        "False",
        "Share connections with other clients of this process that also have this "
        "key, and the same hosts, user, TLS and settings of the cluster. Policies may "
        "differ. The last client that is closed closes the connections.",
    ),
    "compression_threshold": Text(
        "int, bytes",
        "0",
        "The default of the policy key `compression_threshold` for all writes, "
        "`operate()`, `apply()` and batches. 0: `compress` in the policies decides.",
    ),
    "rack_aware": Text(
        "bool",
        "False",
        "Ask the nodes for their racks. Then reads with the policy `replica: "
        "POLICY_REPLICA_PREFER_RACK` go to a rack of `rack_ids` where possible.",
    ),
    "rack_id": Text("int", "0", "The rack of this client, for `rack_aware`."),
    "rack_ids": Text(
        "list of int",
        "",
        "Several racks in order of preference, at most 256, in place of `rack_id`.",
    ),
    "config_provider": Text(
        "ConfigProvider",
        "",
        "A [file with settings](#a-file-with-settings) that the client reads again "
        "and again.",
    ),
    "lua": Text(
        "dict",
        "{}",
        "Settings for [functions in Lua](#functions-in-lua) that the client runs.",
    ),
    "strict_types": Text(
        "bool",
        "True",
        "Whether append, prepend and increment check the type of their argument. With "
        "`False` they send a value of a wrong type, and the server refuses it.",
    ),
    "batch_direct": Text("bool", "False", "2.x. No server of today speaks it."),
    "thread_pool_size": Text(
        "int",
        "",
        "How many nodes one batch, query, scan or aggregation asks at the same time "
        "at most. Not given: all of them. (This client has no thread pool.)",
    ),
}

LUA = {
    "user_path": Text(
        "str",
        "./",
        "Folder of your modules. Aggregations and `require` look for modules there. "
        "If the folder does not exist, the client shows a warning and uses the "
        "current folder. At most 255 bytes.",
    ),
    "system_path": Text(
        "str",
        "/usr/local/aerospike/lua",
        "Folder in which `require` looks next. It need not exist, because the system "
        "modules are part of the client.",
    ),
    "max_memory": Text(
        "int, bytes",
        "268435456",
        "Limit for the memory of Lua in one aggregation, at least 1048576. 0: no "
        "limit.",
    ),
}

SHM = {
    "max_nodes": Text(
        "int",
        "16",
        "The number of nodes for which there is room, at most 1024. The client "
        "ignores further nodes, with a warning in the log.",
    ),
    "max_namespaces": Text(
        "int",
        "8",
        "The number of namespaces for which there is room, at most 32. The client "
        "ignores further namespaces, with a warning in the log.",
    ),
    "takeover_threshold_sec": Text(
        "int, s",
        "30",
        "If the tending process has made no progress for this time, another process "
        "takes its place. The client waits at least for the time that one tend can "
        "take. A process that has ended is replaced within `tend_interval`.",
    ),
    "shm_key": Text(
        "int",
        "0xA5000000",
        "The name of the memory. Processes with the same number share it. Each "
        "cluster needs a number of its own.",
    ),
}

TLS = {
    "enable": Text(
        "bool",
        "False",
        "Use TLS. Without it, the other keys of `tls` have no effect and give a "
        "warning.",
    ),
    "cafile": Text(
        "str, path",
        "",
        "A file in PEM with the certificates of the CAs that you trust. It can also "
        "contain CRLs. Without `cafile`, `capath` and `castring`, the client trusts "
        "the CAs that the system trusts.",
    ),
    "capath": Text("str, path", "", "A folder of such files."),
    "castring": Text("str or bytes", "", "The contents of such a file."),
    "certfile": Text(
        "str, path",
        "",
        "A file in PEM with the client's own certificate and its chain.",
    ),
    "certstring": Text("str or bytes", "", "The contents of such a file."),
    "keyfile": Text("str, path", "", "A file in PEM with the key of that certificate."),
    "keystring": Text("str or bytes", "", "The contents of such a file."),
    "keyfile_pw": Text("str", "", "The password of the key, if it is encrypted."),
    "protocols": Text(
        "str",
        "TLS 1.2 and 1.3",
        "The allowed protocols, such as `-all +TLSv1.3`. The words are `all`, "
        "`TLSv1.2` and `TLSv1.3`; `+` adds a protocol and `-` removes one.",
    ),
    "cipher_suite": Text(
        "str", "of OpenSSL", "The allowed ciphers, with `:` between their names."
    ),
    "crl_check": Text(
        "bool",
        "False",
        "Refuse a node whose certificate is revoked. `cafile`, `capath` or `castring` "
        "must contain the CRL of its CA.",
    ),
    "crl_check_all": Text(
        "bool", "False", "The same for each certificate of the chain."
    ),
    "cert_blacklist": Text(
        "str, path",
        "",
        "A file of certificates to refuse. Each line has a serial number in "
        "hexadecimal, and after it, if you wish, the issuer.",
    ),
    "for_login_only": Text("bool", "False", "Use TLS only for logins."),
    "log_session_info": Text(
        "bool",
        "False",
        "Log the protocol and the cipher of each connection with `LOG_LEVEL_INFO`.",
    ),
    "encrypt_only": Text(
        "bool",
        "False",
        "Encrypt, but check no certificate: somebody between the client and the node "
        "can read everything.",
    ),
}

POLICIES = {
    "auth_mode": Text(
        "`AUTH_*`", "AUTH_INTERNAL", "Who checks the user; see [](security.md)."
    ),
    "login_timeout_ms": Text(
        "int, ms", "5000", "How long a node may take for a login. 0: the default."
    ),
    "metrics": Text(
        "MetricsPolicy",
        "",
        "The policy of an `enable_metrics()` that is called without one.",
    ),
    "max_threads": Text(
        "int", "", "From 2.x: the same as `max_threads` in the configuration itself."
    ),
    "thread_pool_size": Text(
        "int", "", "The same as `thread_pool_size` in the configuration itself."
    ),
}

TABLES = {
    "policy": POLICY,
    "meta": META,
    "config": CONFIG,
    "lua": LUA,
    "shm": SHM,
    "tls": TLS,
    "policies": POLICIES,
}
