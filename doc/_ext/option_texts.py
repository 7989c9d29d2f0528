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
        "Most time for the whole call, all attempts and pauses included. 0: no limit.",
    ),
    "socket_timeout": Text(
        "int, ms",
        {"": "30000", **TRANSACTION_SOCKET},
        "Longest silence of a node before the attempt counts as failed. 0: only "
        "`total_timeout` ends it, which is also its upper bound.",
    ),
    "connect_timeout": Text(
        "int, ms",
        "0",
        "Most time to open a connection when the pool has none. 0: as "
        "`socket_timeout` and `total_timeout` allow.",
    ),
    "timeout_delay": Text(
        "int, ms",
        "3000",
        "After an attempt has timed out, the client waits so long for the late reply, "
        "in the background. If the reply comes, the connection can be used again. 0: "
        "the client closes the connection at once.",
    ),
    "max_retries": Text("int", RETRIES, "Further attempts after the first one."),
    "sleep_between_retries": Text(
        "int, ms",
        {"": "0", **TRANSACTION_PAUSE},
        "Pause before each further attempt.",
    ),
    "timeout": Text("int, ms", "1000", "Most time for the request."),
    "retry_on_timeout": Text(
        "bool",
        "True",
        "2.x. `False`: an attempt that timed out is not repeated, whatever "
        "`max_retries` says.",
    ),
    "compress": Text(
        "bool",
        "False",
        "Compress what carries data and has more than 128 bytes, and ask for "
        "compressed replies (Enterprise Edition).",
    ),
    "txn": Text("Transaction", "", "The transaction that the command belongs to."),
    "expressions": Text(
        "compiled expression",
        "",
        "A condition on the record, evaluated by the server. Where it is false, the "
        "call raises `FilteredOut` and nothing is changed.",
    ),
    "error_detail_verbosity": Text(
        "`ERROR_DETAIL_*`",
        "0",
        "How much a server of version 8.2 or newer says about an error.",
    ),
    "replica": Text(
        "`POLICY_REPLICA_*`",
        {"": "SEQUENCE", "txn_verify": "MASTER", "txn_roll": "MASTER"},
        "Which copy of the record is asked: the master alone; any in turns; the master "
        "and, when that fails, the others in sequence; at random. Writes begin at the "
        "master, except with RANDOM. `PREFER_RACK` asks the copy in the rack that "
        "`rack_ids` prefers, and after a failure another one; see `rack_aware`.",
    ),
    "key": Text(
        "`POLICY_KEY_*`",
        "DIGEST",
        "`SEND`: the user key goes along with the digest. Writes store it, and the "
        "server refuses a record whose stored key differs (`RecordKeyMismatch`).",
    ),
    "gen": Text(
        "`POLICY_GEN_*`",
        "IGNORE",
        'How `meta["gen"]` is compared with the generation of the record: not at all; '
        "it must be equal; it must be greater. Otherwise `RecordGenerationError`.",
    ),
    "exists": Text(
        "`POLICY_EXISTS_*`",
        "IGNORE",
        "Whether a write needs the record to exist. `CREATE`: it must not exist. "
        "`UPDATE`, `REPLACE`: it must exist. `CREATE_OR_REPLACE`, `IGNORE`: either. "
        "The two with *replace* drop the bins that the call does not name.",
    ),
    "commit_level": Text(
        "`POLICY_COMMIT_LEVEL_*`",
        "ALL",
        "`MASTER`: the server answers before the copies have the write.",
    ),
    "read_mode_ap": Text(
        "`POLICY_READ_MODE_AP_*`",
        "ONE",
        "`ALL`: several copies are compared while the cluster moves data "
        "(namespaces that prefer availability).",
    ),
    "read_mode_sc": Text(
        "`POLICY_READ_MODE_SC_*`",
        {"": "SESSION", "txn_verify": "LINEARIZE"},
        "What a read guarantees in namespaces with strong consistency.",
    ),
    "read_touch_ttl_percent": Text(
        "int, -1 to 100",
        "0",
        "A read renews the time to live of a record if at most this percentage of it "
        "is left. 0: as the server is configured; -1: never.",
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
        "`False`: lists, maps and blobs come as the raw bytes of the reply.",
    ),
    "respond_all_ops": Text(
        "bool",
        "False",
        "`operate` and `operate_ordered`: operations without a result answer, too.",
    ),
    "on_locking_only": Text(
        "bool",
        "False",
        "In a transaction: fail when the transaction has the record locked already.",
    ),
    "compression_threshold": Text(
        "int, bytes",
        "0",
        "Compress requests that have more bytes. 0: as `compress` says.",
    ),
    "expected_duration": Text(
        "`QUERY_DURATION_*`", "LONG", "How long the query is likely to take."
    ),
    "short_query": Text(
        "bool", "False", "The older form of `expected_duration`: a short one."
    ),
    "max_records": Text("int", "0", "About as many records at most. 0: all."),
    "records_per_second": Text("int", "0", "Limit for each server. 0: none."),
    "partition_filter": Text(
        "dict", "", "The [partitions to read](queries.md#parts); in a call alone."
    ),
    "concurrent": Text(
        "bool", "False", "Without effect: nodes are always asked at the same time."
    ),
    "allow_inline": Text(
        "bool",
        "True",
        "The server may work off the batch in the thread that received it, for "
        "namespaces in memory.",
    ),
    "allow_inline_ssd": Text("bool", "False", "The same for namespaces on devices."),
    "respond_all_keys": Text(
        "bool", "True", "Go on with the other keys after one has failed."
    ),
    "check_bounds": Text("bool", "True", "Replies are always bounded."),
    "send_as_is": Text("bool", "True", "Requests are never changed."),
    "use_batch_direct": Text("bool", "False", "2.x. No server of today speaks it."),
    "send_set_name": Text("bool", "False", "2.x. The set is always sent."),
    "fail_on_cluster_change": Text(
        "bool",
        "True",
        "Of functions on all records: an aggregation, `scan_apply()` or "
        "`query_apply()`, which takes it from the policy `write`, fails when "
        "partitions move meanwhile. Other queries read on where they went, and "
        "`execute_background()` does not look.",
    ),
}

META = {
    "gen": Text(
        "int",
        "",
        "The expected generation; compared only when the policy's `gen` says so.",
    ),
    "ttl": Text(
        "int, s, or `TTL_*`",
        "",
        "Time to live of the record from this write on. 0: the default of the "
        "namespace; `TTL_NEVER_EXPIRE` (-1); `TTL_DONT_UPDATE` (-2); "
        "`TTL_CLIENT_DEFAULT` (-3): that of the policy.",
    ),
}

CONFIG = {
    "hosts": Text(
        "list",
        "required",
        'Nodes to begin with: `(address, port)` or `"address:port"`, with '
        '`"[v6]:port"` for IPv6. Without a port, it is 3000. One node that answers is '
        "enough: the client learns the others from it.",
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
        "Errors show user keys, in their attribute `key` and in their texts. `False`: "
        "they show digests in place of user keys, which may be personal data.",
    ),
    "fail_if_not_connected": Text(
        "bool",
        "not given",
        "What happens when no node answers the constructor. `True`: it raises. "
        "`False`: it does not, and the client goes on trying in the background. Not "
        "given: `connect()` or the first command tries again, and raises.",
    ),
    "cluster_name": Text(
        "str", "", "Nodes that belong to a cluster of another name are left out."
    ),
    "app_id": Text(
        "str",
        "",
        "Name of the application; servers list it with the version of the client.",
    ),
    "event_listeners": Text(
        "list of listeners",
        "none",
        "Who hears of calls, nodes and connections of this client, besides those that "
        "are registered for all: see [Monitoring](monitoring.md).",
    ),
    "connect_timeout": Text(
        "int, ms",
        "1000",
        "Most time for an address while nodes are looked for and watched. The "
        "constructor takes three times as long at most. 0: the default.",
    ),
    "tend_interval": Text(
        "int, ms",
        "1000",
        "Pause between two looks at the cluster, 250 at least, a day at most. A node "
        "that comes or goes is noticed within it.",
    ),
    "max_conns_per_node": Text(
        "int",
        "100",
        "Most connections to one node, 65535 at most. A call that finds them all in "
        "use waits for `pool_timeout`. Then it tries again, as its policy allows, and "
        "fails with `NoMoreConnectionsError`.",
    ),
    "pool_timeout": Text(
        "int, ms",
        "0",
        "How long a call waits for a connection when all are in use, first come, first "
        "served; never beyond its `total_timeout`. 0: it does not wait.",
    ),
    "min_conns_per_node": Text(
        "int",
        "0",
        "Connections kept open to each node; not above `max_conns_per_node`. The "
        "constructor waits for them, and for their TLS and logins, for "
        "`connect_timeout` at most.",
    ),
    "max_socket_idle": Text(
        "int, s",
        "0",
        "Connections that were idle for longer are closed and not used again. 0: those "
        "above `min_conns_per_node` are closed after 55 seconds.",
    ),
    "max_error_rate": Text(
        "int",
        "100",
        "Network errors and timeouts of one node within `error_rate_window` that make "
        "calls to it fail at once, with `MaxErrorRateExceeded`. 0: any number.",
    ),
    "error_rate_window": Text(
        "int",
        "1",
        "Length of that window, in tend intervals. `max_error_rate` is 1 to 100 times "
        "as much, or both are the defaults, with a warning.",
    ),
    "use_services_alternate": Text(
        "bool", "False", "Use the second list of addresses that nodes can publish."
    ),
    "force_single_node": Text(
        "bool", "False", "Talk to the seed only, whatever it says of others."
    ),
    "send_bool_as": Text(
        "`AS_BOOL`, `INTEGER` or `PY_BYTES`",
        "AS_BOOL",
        "How a `bool` is stored: as a boolean, as 0 or 1, or pickled.",
    ),
    "legacy_types": Text(
        "None or bool",
        "None",
        "Values that the server has no type for; see [](serialization.md). `None`: "
        "they are pickled. `True`: bools, too, and blobs are read as `bytearray`. "
        "`False`: they are refused, and pickles are read as bytes.",
    ),
    "pickle_classes": Text(
        "list of classes",
        "[]",
        "Classes that pickled values may have besides Python's own value types; see "
        "[](serialization.md).",
    ),
    "pickle_limits": Text(
        "dict of int",
        "{}",
        "What a pickled value may take: `opcodes`, `hashed`, `growth`; see "
        "[](serialization.md).",
    ),
    "serialization": Text(
        "(serializer, deserializer)",
        "",
        "Functions of your own for values that the server has no type for; see "
        "[](serialization.md).",
    ),
    "max_threads": Text("int", "", "2.x: size of the connection pool."),
    "tls": Text("dict", "{}", "[TLS](security.md#tls)."),
    "user": Text("str", "", "User of a cluster with [security](security.md)."),
    "password": Text("str", "", "Password of that user."),
    "shm": Text(
        "dict",
        "",
        "Tend the cluster together with other processes, through shared memory; see "
        "below. An empty dict is enough.",
    ),
    "shm_max_nodes": Text("int", "16", "`max_nodes` of `shm`."),
    "shm_max_namespaces": Text("int", "8", "`max_namespaces` of `shm`."),
    "shm_takeover_threshold_sec": Text(
        "int, s", "30", "`takeover_threshold_sec` of `shm`."
    ),
    "use_shared_connection": Text(
        "bool",
        "False",
        "Share the cluster with other clients of this process that have this key and "
        "the same hosts, user, TLS and settings of the cluster. Policies may differ. "
        "The last client to be closed closes the connections.",
    ),
    "compression_threshold": Text(
        "int, bytes",
        "0",
        "`compression_threshold` of the write policy, and likewise for `operate()`, "
        "`apply()` and batches. 0: as `compress` of the policies says.",
    ),
    "rack_aware": Text(
        "bool",
        "False",
        "Ask the nodes for their racks. Reads with the policy "
        "`replica: POLICY_REPLICA_PREFER_RACK` then go to a near rack where possible.",
    ),
    "rack_id": Text("int", "0", "The own rack, for `rack_aware`."),
    "rack_ids": Text(
        "list of int",
        "",
        "Racks in order of preference, 256 at most, in place of `rack_id`.",
    ),
    "config_provider": Text(
        "ConfigProvider",
        "",
        "A [file with settings](#a-file-with-settings) that the client follows.",
    ),
    "lua": Text("dict", "{}", "Folders of functions that the client runs; see below."),
    "strict_types": Text(
        "bool",
        "True",
        "Whether append, prepend and increment check the type of what they are given. "
        "With `False` they send it, and the server refuses it.",
    ),
    "batch_direct": Text("bool", "False", "2.x. No server of today speaks it."),
    "thread_pool_size": Text(
        "int",
        "",
        "Most nodes that one batch, query, scan or aggregation asks side by side. "
        "Without it, all of them: this client has no thread pool.",
    ),
}

LUA = {
    "user_path": Text(
        "str",
        "./",
        "Folder of your modules. An aggregation looks for them there; `require` finds "
        "others. A folder that is not there gives a warning, and the current one takes "
        "its place. 255 bytes at most.",
    ),
    "system_path": Text(
        "str",
        "/usr/local/aerospike/lua",
        "Folder where `require` looks next. It need not be there: what functions "
        "can always call is part of the client.",
    ),
    "max_memory": Text(
        "int, bytes",
        "268435456",
        "Most memory of Lua in one aggregation, 1048576 at least. 0: no limit.",
    ),
}

SHM = {
    "max_nodes": Text(
        "int",
        "16",
        "Room for so many nodes, 1024 at most. Further ones are left out, with a "
        "warning in the log.",
    ),
    "max_namespaces": Text(
        "int", "8", "Room for so many namespaces, 32 at most; likewise."
    ),
    "takeover_threshold_sec": Text(
        "int, s",
        "30",
        "Another process tends when the one that did has not moved for so long, but "
        "not before a look at the cluster can take. One that has ended is replaced "
        "within `tend_interval`.",
    ),
    "shm_key": Text(
        "int",
        "0xA5000000",
        "Names the memory: processes that give the same number share it. Each cluster "
        "needs a number of its own.",
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
        "A file in PEM with the certificates of the CAs that you trust; it may have "
        "CRLs, too. Without `cafile`, `capath` and `castring`, the client trusts the "
        "CAs that the system trusts.",
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
        "The allowed protocols, such as `-all +TLSv1.3`: words `all`, `TLSv1.2` and "
        "`TLSv1.3`, which `+` adds and `-` removes.",
    ),
    "cipher_suite": Text(
        "str", "of OpenSSL", "The allowed ciphers, with `:` between their names."
    ),
    "crl_check": Text(
        "bool",
        "False",
        "Refuse a node whose certificate is revoked. A CRL must be among the CAs.",
    ),
    "crl_check_all": Text(
        "bool", "False", "The same for each certificate of the chain."
    ),
    "cert_blacklist": Text(
        "str, path",
        "",
        "A file of certificates to refuse: one serial number a line, in hexadecimal, "
        "and its issuer where you like.",
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
        "The policy of each `enable_metrics()` that is given none.",
    ),
    "max_threads": Text("int", "", "2.x: as `max_threads` beside `policies`."),
    "thread_pool_size": Text("int", "", "As `thread_pool_size` beside `policies`."),
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
