/* docs.h -- the docstrings of the extension. The first line of each is the signature
 * that inspect.signature() reads. */
/* One line of text a line. */
/* clang-format off */
#ifndef CORE_DOCS_H
#define CORE_DOCS_H

#define DOC_KEY                                                                        \
    ":param key: tuple (namespace, set, user_key), or (namespace, set, None, "         \
    "digest).\n"                                                                       \
    "    namespace: str of 1 to 31 bytes; set: str of up to 63 bytes, or None;\n"      \
    "    user_key: str, int of 64 bits, bytes (text, too) or bytearray (a blob);\n"    \
    "    digest: 20 bytes.\n"

#define DOC_POLICY(kind)                                                               \
    ":param policy: dict of " kind                                                     \
    " policy keys over the client's defaults, or None.\n"                              \
    "    Timeouts are in milliseconds; 0 means no limit.\n"

#define DOC_META                                                                       \
    ":param meta: dict with \"ttl\" (seconds, or a TTL_* constant) and \"gen\" (the\n" \
    "    expected generation, compared as the policy's \"gen\" says), or None.\n"

#define DOC_RAISES                                                                     \
    ":raises ParamError: an argument is malformed; nothing was sent.\n"                \
    ":raises ClusterError: the client is closed.\n"                                    \
    ":raises NamespaceNotFound: no node has the namespace.\n"                          \
    ":raises TimeoutError: total_timeout has passed; see its in_doubt for writes.\n"

#define DOC_META_RESULT                                                                \
    "meta is {\"ttl\": seconds to live, 4294967295 for a record that never expires,\n" \
    "    \"gen\": generation}."

static const char doc_Client[] =
    "Client(config)\n--\n\n"
    "A client of one Aerospike cluster; thread-safe, and usable after a fork.\n\n"
    ":param config: dict; \"hosts\" is required: a list of (address, port) tuples or\n"
    "    \"address:port\" strings, of which one that answers is enough.\n"
    ":raises ParamError: the configuration is malformed.\n"
    ":raises ConnectionError: no node answers, and \"fail_if_not_connected\" is True;\n"
    "    when that key is not given, connect() or the first command raises instead.\n\n"
    "As a context manager it closes itself.";

static const char doc_connect[] =
    "connect($self, username=None, password=None)\n--\n\n"
    "Connect when that has not been done, also after close(); returns the client.\n\n"
    ":raises ConnectionError: no node answers.\n"
    ":raises ClientError: a host name has no address, a node belongs to another\n"
    "    cluster, or the peers of the only seed cannot be reached.";

static const char doc_close[] =
    "close($self)\n--\n\n"
    "Close all connections. Commands under way in other threads end as they would;\n"
    "later ones raise ClusterError until connect() is called. May be called twice.";

static const char doc_is_connected[] =
    "is_connected($self)\n--\n\n"
    "True when at least one node of the cluster answers.";

static const char doc_get[] =
    "get($self, key, policy=None)\n--\n\n"
    "Read a record with all its bins.\n\n"
    DOC_KEY
    DOC_POLICY("read")
    ":return: (key, meta, bins): key is (namespace, set, user_key, digest), where\n"
    "    user_key is None unless the policy has key=POLICY_KEY_SEND, and digest a\n"
    "    bytearray of 20; "
    DOC_META_RESULT
    " bins: dict of\n"
    "    bin name to value.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises FilteredOut: the policy's expressions reject the record.\n"
    DOC_RAISES;

static const char doc_select[] =
    "select($self, key, bins, policy=None)\n--\n\n"
    "Read some bins of a record; those that it has not are left out.\n\n"
    DOC_KEY
    ":param bins: list or tuple of bin names, str of up to 15 bytes each.\n"
    DOC_POLICY("read")
    ":return: (key, meta, bins) as get() does, with the user key that was passed.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: bins is empty.\n"
    DOC_RAISES;

static const char doc_exists[] =
    "exists($self, key, policy=None)\n--\n\n"
    "Read a record's metadata.\n\n"
    DOC_KEY
    DOC_POLICY("read")
    ":return: (key, meta); meta is None when there is no such record, else\n"
    "    "
    DOC_META_RESULT
    "\n"
    DOC_RAISES;

static const char doc_put[] =
    "put($self, key, bins, meta=None, policy=None, serializer=None)\n--\n\n"
    "Write bins; bins of the record that are not named stay, unless the policy's\n"
    "\"exists\" says replace.\n\n"
    DOC_KEY
    ":param bins: dict of bin name (str, up to 15 bytes) to value: int of 64 bits,\n"
    "    float, str, bytes, bytearray, bool, list, dict, GeoJSON; None removes the\n"
    "    bin; others as serializer says.\n"
    DOC_META
    DOC_POLICY("write")
    ":param serializer: SERIALIZER_* constant, for values of other types: by default\n"
    "    the client's own serializer, else pickle; SERIALIZER_NONE refuses them.\n"
    ":return: int, 0.\n"
    ":raises RecordExistsError: POLICY_EXISTS_CREATE, and the record exists.\n"
    ":raises RecordNotFound: POLICY_EXISTS_UPDATE or _REPLACE, and it does not.\n"
    ":raises RecordGenerationError: the generation does not match.\n"
    ":raises RecordTooBig: the record would exceed the server's limit.\n"
    ":raises BinNameError: a bin name is longer than 15 bytes.\n"
    DOC_RAISES;

static const char doc_remove[] =
    "remove($self, key, meta=None, policy=None)\n--\n\n"
    "Remove a record.\n\n"
    DOC_KEY
    DOC_META
    DOC_POLICY("remove")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises RecordGenerationError: the generation does not match.\n"
    DOC_RAISES;

static const char doc_remove_bin[] =
    "remove_bin($self, key, list, meta=None, policy=None)\n--\n\n"
    "Remove bins; the record goes with its last bin.\n\n"
    DOC_KEY
    ":param list: list of bin names.\n"
    DOC_META
    DOC_POLICY("write")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    ":raises InvalidRequest: the list is empty.\n"
    DOC_RAISES;

static const char doc_touch[] =
    "touch($self, key, val=..., meta=None, policy=None)\n--\n\n"
    "Renew a record's time to live; its generation grows by one.\n\n"
    DOC_KEY
    ":param val: seconds to live or a TTL_* constant; 0 is the namespace's default.\n"
    "    Left out: meta's \"ttl\", then the policy's.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises RecordNotFound: there is no such record.\n"
    DOC_RAISES;

static const char doc_append[] =
    "append($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Append str to a string or bytes to a blob; a missing bin or record is made.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const char doc_prepend[] =
    "prepend($self, key, bin, val, meta=None, policy=None)\n--\n\n"
    "Prepend str to a string or bytes to a blob; a missing bin or record is made.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param val: str, bytes or bytearray.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const char doc_increment[] =
    "increment($self, key, bin, offset, meta=None, policy=None)\n--\n\n"
    "Add to a number of the same type; a missing bin or record is created. Integers\n"
    "wrap around at 64 bits.\n\n"
    DOC_KEY
    ":param bin: bin name.\n"
    ":param offset: int or float.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: int, 0.\n"
    ":raises BinIncompatibleType: the bin holds another type.\n"
    DOC_RAISES;

static const char doc_operate[] =
    "operate($self, key, list, meta=None, policy=None)\n--\n\n"
    "Carry out operations on one record, in their order and as one: when one fails,\n"
    "nothing is changed.\n\n"
    DOC_KEY
    ":param list: operations as aerospike_helpers.operations makes them, or\n"
    "    dicts {\"op\": aerospike.OPERATOR_WRITE, \"bin\": \"age\", \"val\": 33}.\n"
    DOC_META
    DOC_POLICY("operate")
    ":return: (key, meta, bins): bins has the last result of each bin that has one.\n"
    ":raises RecordNotFound: no such record, and nothing to create it.\n"
    DOC_RAISES;

static const char doc_operate_ordered[] =
    "operate_ordered($self, key, list, meta=None, policy=None)\n--\n\n"
    "Like operate(), with every result, in order.\n\n"
    ":return: (key, meta, [(bin, result), ...]).\n"
    DOC_RAISES;

static const char doc__operate_one[] =
    "_operate_one($self, key, ops, meta=None, policy=None)\n--\n\n"
    "operate_ordered() that gives the value of the last result alone, None when there\n"
    "is none; for the methods of one list or map operation.";

static const char doc_get_key_partition_id[] =
    "get_key_partition_id($self, ns, set, key)\n--\n\n"
    "The partition, 0 to 4095, that the record of a user key belongs to.\n\n"
    ":raises ParamError: the key is malformed.";

static const char doc_get_key_digest[] =
    "get_key_digest($self, ns, set, key)\n--\n\n"
    "The digest of a user key; the same as aerospike.calc_digest().";

static const char doc_llist[] =
    "llist($self, key, bin, module=None)\n--\n\n"
    "Large ordered lists, which no server since 3.16 has.\n\n"
    ":raises UnsupportedFeature: always.";

static const char doc_get_policies[] =
    "get_policies($self)\n--\n\n"
    "The defaults of this client: dict of policy name to dict of key to value.";

static const char doc_shm_key[] =
    "shm_key($self)\n--\n\n"
    "The key of the shared memory for tending, or None while it is not used.";

static const char doc_has_geo[] =
    "has_geo($self)\n--\n\n"
    "True when the cluster supports GeoJSON, as every living server does.\n\n"
    ":raises ClusterError: the client is closed.";

static const char doc_info[] =
    "info($self, command, hosts=None, policy=None)\n--\n\n"
    "Ask nodes, the older way: what a node refuses comes back as its text.\n\n"
    ":param command: str.\n"
    ":param hosts: list of (address, port); None asks every node.\n"
    DOC_POLICY("info")
    ":return: dict of node name to (None, reply without the command's name).\n"
    DOC_RAISES;

static const char doc_info_node[] =
    "info_node($self, command, host, policy=None)\n--\n\n"
    "Ask one node, the older way: what it refuses comes back as its text.\n\n"
    ":param command: str.\n"
    ":param host: (address, port), or the name of the node.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    DOC_RAISES;

static const char doc_info_all[] =
    "info_all($self, command, policy=None)\n--\n\n"
    "Ask every node.\n\n"
    ":param command: str; several commands are separated by line feeds.\n"
    DOC_POLICY("info")
    ":return: dict of node name to (None, reply), without the first command's name.\n"
    ":raises InvalidRequest: a node does not know the (first) command.\n"
    DOC_RAISES;

static const char doc_info_single_node[] =
    "info_single_node($self, command, host, policy=None)\n--\n\n"
    "Ask one node.\n\n"
    ":param command: str.\n"
    ":param host: str, the name of the node.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    ":raises InvalidRequest: the node does not know the command.\n"
    DOC_RAISES;

static const char doc_info_random_node[] =
    "info_random_node($self, command, policy=None)\n--\n\n"
    "Ask one of the nodes.\n\n"
    ":param command: str.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    ":raises InvalidRequest: the node does not know the command.\n"
    DOC_RAISES;

static const char doc_get_nodes[] =
    "get_nodes($self)\n--\n\n"
    "The nodes known at this moment: a list of (address, port).";

static const char doc_get_node_names[] =
    "get_node_names($self)\n--\n\n"
    "The nodes known at this moment: a list of dicts {\"address\", \"port\",\n"
    "\"node_name\"}.";

#define DOC_KEYS                                                                       \
    ":param keys: list or tuple of key tuples; a key may occur twice.\n"
#define DOC_BATCH_POLICY                                                               \
    ":param policy_batch: dict of batch policy keys over the client's defaults;\n"     \
    "    total_timeout, in milliseconds, spans all nodes and repetitions.\n"
#define DOC_BATCH_RESULT                                                               \
    ":return: BatchRecords. Its batch_records are in the order of the keys, each\n" \
    "    with result (0: done, 2: not found, 27: filtered out), record, in_doubt,\n" \
    "    message; its result is 0, or -16 when a record has another code.\n"
#define DOC_BATCH_RAISES                                                               \
    ":raises ParamError: an argument is malformed; nothing was sent.\n"                \
    ":raises ClusterError: the client is closed.\n"                                    \
    ":raises TimeoutError: no node answered in time. When some did, their records\n"   \
    "    are kept, and the others tell their errors."

static const char doc_batch_read[] =
    "batch_read($self, keys, bins=None, policy=None)\n--\n\n"
    "Read many records, with one request to each node, all at once.\n\n" DOC_KEYS
    ":param bins: list of bin names; None: all bins, []: only the metadata, records\n"
    "    are then (key, meta).\n"
    ":param policy: dict of batch policy keys over the client's defaults.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const char doc_batch_write[] =
    "batch_write($self, batch_records, policy_batch=None)\n--\n\n"
    "Carry out the requests of a BatchRecords: each record its own, a Read, Write,\n"
    "Apply or Remove of aerospike_helpers.batch.records, with its own policy.\n\n"
    ":param batch_records: BatchRecords; it is filled in and returned.\n"
    DOC_BATCH_POLICY DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const char doc_batch_operate[] =
    "batch_operate($self, keys, ops, policy_batch=None, policy_batch_write=None, "
    "ttl=None)\n--\n\n"
    "Carry out the same operations on many records. Written bins appear as None.\n\n"
    DOC_KEYS
    ":param ops: list of operations, as operate() takes it.\n" DOC_BATCH_POLICY
    ":param policy_batch_write: dict of what concerns each record.\n"
    ":param ttl: seconds to live, or a TTL_* constant.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const char doc_batch_remove[] =
    "batch_remove($self, keys, policy_batch=None, policy_batch_remove=None)\n--\n\n"
    "Remove many records.\n\n" DOC_KEYS DOC_BATCH_POLICY
    ":param policy_batch_remove: dict of what concerns each record.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

static const char doc_batch_apply[] =
    "batch_apply($self, keys, module, function, args, policy_batch=None, "
    "policy_batch_apply=None)\n--\n\n"
    "Call a function of a registered module on many records; what it returns is in\n"
    "the bin SUCCESS.\n\n" DOC_KEYS
    ":param module: str, name of the module.\n"
    ":param function: str, name of the function.\n"
    ":param args: list of arguments.\n" DOC_BATCH_POLICY
    ":param policy_batch_apply: dict of what concerns each record.\n"
    DOC_BATCH_RESULT DOC_BATCH_RAISES;

#define DOC_OLD_BATCH                                                                  \
    ":param policy: dict of batch policy keys over the client's defaults.\n"           \
    ":raises RecordError and others: the first error of a record.\n" DOC_BATCH_RAISES

static const char doc_get_many[] =
    "get_many($self, keys, policy=None)\n--\n\n"
    "Read many records: a list of (key, meta, bins) in the order of the keys, meta\n"
    "and bins None for those not found.\n\n" DOC_KEYS DOC_OLD_BATCH;

static const char doc_exists_many[] =
    "exists_many($self, keys, policy=None)\n--\n\n"
    "Read the metadata of many records: a list of (key, meta) in the order of the\n"
    "keys, meta None for those not found.\n\n" DOC_KEYS DOC_OLD_BATCH;

static const char doc_select_many[] =
    "select_many($self, keys, bins, policy=None)\n--\n\n"
    "Read some bins of many records, as get_many() does.\n\n" DOC_KEYS
    ":param bins: list or tuple of bin names.\n" DOC_OLD_BATCH;

static const char doc_batch_get_ops[] =
    "batch_get_ops($self, keys, list, policy=None)\n--\n\n"
    "Carry out read operations on many records: a list as of get_many().\n\n" DOC_KEYS
    ":param list: list of operations that only read.\n" DOC_OLD_BATCH;

static const char doc__stream[] =
    "_stream($self, is_scan, spec, policy, tracker, with_partition, lends)\n--\n\n"
    "The records of a query or scan; for aerospike._query.";

static const char doc__background[] =
    "_background($self, is_scan, spec, policy)\n--\n\n"
    "Start background work; for aerospike._query.";

static const char doc_get_expression_base64[] =
    "get_expression_base64($self, expression)\n--\n\n"
    "The wire form of an expression as base64, as info commands take it.\n\n"
    ":param expression: what compile() of an expression gives.\n"
    ":raises ParamError: it is not compiled.";

static const char doc_get_cdtctx_base64[] =
    "get_cdtctx_base64($self, ctx)\n--\n\n"
    "The wire form of a context as base64, as info commands take it.\n\n"
    ":param ctx: a list of one or more levels of aerospike_helpers.cdt_ctx.\n"
    ":raises ParamError: it is empty, or no such list.";

#endif
