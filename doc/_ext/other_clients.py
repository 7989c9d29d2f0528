"""What the two other lines of the client call the objects of the reference.

2.x is the line of 2017, 19.x that of today, both from PyPI. What these tables do not
name is in both lines, under the same name.
"""

from __future__ import annotations

HELPERS_2X = "not there; operations are methods of `Client` or dicts with `op`"
"""What 2.x has in place of the modules `aerospike_helpers`."""

NEW_IN_19X = {
    "aerospike.Client": """
        abort admin_create_pki_user admin_get_role admin_get_roles
        admin_query_user_info admin_query_users_info admin_set_quotas
        admin_set_whitelist batch_apply batch_operate batch_read batch_remove
        batch_write commit disable_metrics enable_metrics get_cdtctx_base64
        get_expression_base64 get_key_partition_id get_node_names get_policies
        get_stats index_blob_create index_cdt_create index_expr_create
        index_set_create index_single_value_create info_all info_random_node
        info_single_node set_xdr_filter
    """,
    "aerospike.Query": """
        add_ops execute_background get_partitions_status is_done paginate
        where_with_expr where_with_index_name max_records records_per_second ttl
    """,
    "aerospike.Scan": """
        add_ops apply execute_background get_partitions_status is_done paginate
        max_records records_per_second ttl
    """,
    "aerospike": """
        CDTInfinite CDTWildcard ConfigProvider KeyOrderedDict Transaction
        get_partition_id
    """,
    "aerospike.exception": """
        AlwaysForbidden BatchFailed FilteredOut InvalidQuota InvalidWhitelist
        LostConflict MaxErrorRateExceeded MaxRetriesExceeded NoResponse
        NotWhitelisted OpNotApplicable QuotaExceeded QuotasNotEnabled
        TransactionAlreadyAborted TransactionAlreadyCommitted TransactionFailed
    """,
    "config": """
        app_id config_provider error_rate_window fail_if_not_connected
        force_single_node max_error_rate min_conns_per_node password rack_aware
        rack_id rack_ids send_bool_as tls.for_login_only tls.keyfile_pw
        use_services_alternate user validate_keys policies.auth_mode
        policies.login_timeout_ms policies.metrics
    """,
    "policy": """
        allow_inline_ssd compress compression_threshold connect_timeout
        error_detail_verbosity expected_duration expressions max_records
        max_retries on_locking_only partition_filter read_mode_ap read_mode_sc
        read_touch_ttl_percent records_per_second respond_all_keys short_query
        timeout_delay total_timeout txn
    """,
}
"""Owner -> names that 19.x has and 2.x does not."""

GONE_IN_19X = {
    "aerospike.Client": {
        "2.2.3": "llist",
        "4.0.0": "has_geo",
        "5.0.0": "info_node",
        "11.2.0": """
            get_key_digest info list_append list_clear list_extend list_get
            list_get_range list_insert list_insert_items list_pop list_pop_range
            list_remove list_remove_range list_set list_size list_trim map_clear
            map_decrement map_get_by_index map_get_by_index_range map_get_by_key
            map_get_by_key_range map_get_by_rank map_get_by_rank_range
            map_get_by_value map_get_by_value_range map_increment map_put
            map_put_items map_remove_by_index map_remove_by_index_range
            map_remove_by_key map_remove_by_key_list map_remove_by_key_range
            map_remove_by_rank map_remove_by_rank_range map_remove_by_value
            map_remove_by_value_list map_remove_by_value_range map_set_policy
            map_size scan_info
        """,
        "16.0.2": """
            admin_query_user admin_query_users exists_many get_many select_many
        """,
    },
    "aerospike": {"2.2.3": "LList"},
    "aerospike.LList": {
        "2.2.3": """
            add add_many remove get filter destroy size find_first
            find_first_filter find_last find_last_filter find_from
            find_from_filter range_limit set_page_size config
        """
    },
    "config": {"": "batch_direct tls.encrypt_only"},
    "policy": {
        "": """
            consistency_level fail_on_cluster_change retry retry_on_timeout
            send_set_name timeout use_batch_direct
        """
    },
}
"""Owner -> last release -> names that 2.x has and 19.3 does not."""

OURS = {
    "aerospike": """
        AsyncClient AsyncQuery AsyncScan client_from_env client_from_url in_doubt
        instrument keep_memory uninstrument
    """,
    "aerospike.Client": "from_env from_url map_get_by_key_list map_get_by_value_list",
    "aerospike.Query": "stream",
    "aerospike.Scan": "stream",
    "aerospike.exception": "AerospikeWarning",
    "config": """
        error_keys event_listeners legacy_types lua.max_memory pickle_classes
        pickle_limits pool_timeout tls.castring tls.certstring tls.keystring
    """,
}
"""Owner -> names that neither line has."""

OUR_MODULES = (
    "aerospike._core",
    "aerospike.monitoring",
    "aerospike.typing",
    "aerospike_devserver",
)
"""Modules and classes all of which only this client has."""

OUR_CLASSES = ("aerospike.AsyncClient", "aerospike.AsyncQuery", "aerospike.AsyncScan")

BATCH_GET_OPS = "in 6.1 to 16.0 only"

NOTES_2X = {
    "aerospike.Client.admin_create_role": "`admin_create_role(role, privileges, "
    "policy=None)`",
    "aerospike.Client.batch_get_ops": "not there",
    "aerospike.Client.connect": "connects here; the constructor never does",
    "aerospike.Client.touch": "`touch(key, val, meta=None, policy=None)`",
    "aerospike.Client.index_list_create": "without `ctx`",
    "aerospike.Client.index_map_keys_create": "without `ctx`",
    "aerospike.Client.index_map_values_create": "without `ctx`",
    "aerospike.Query.apply": "has a fourth argument `policy`, which is taken here, too",
    "aerospike.Query.foreach": "without `options`",
    "aerospike.Query.results": "without `options`",
    "aerospike.Query.where": "also takes the predicate spread over the arguments",
    "aerospike.Scan.results": "without `options`",
    "config.max_conns_per_node": "300 by default; `max_threads` is another name",
    "config.shm.shm_key": "the same; 19.x has the default `0xA9000000`",
}
"""What is different in 2.x."""

NOTES_19X = {
    "aerospike.Client.batch_get_ops": BATCH_GET_OPS,
    "aerospike.Client.connect": "takes the arguments without using them, and opens "
    "only a client that was closed",
    "aerospike.Client.admin_query_role": "deprecated; `admin_get_role` does the same",
    "aerospike.Client.admin_query_roles": "deprecated; `admin_get_roles` does the same",
    "aerospike.client": "connects, and raises when it cannot",
    "aerospike.get_partition_id": "demands a `str` and so cannot be used",
    "aerospike.set_log_handler": "`None` clears the handler",
    "config.shm.shm_key": "`0xA9000000` by default",
    "config.fail_if_not_connected": "`True` by default",
    "config.thread_pool_size": "16 by default: the size of a pool of threads",
    "config.hosts": "fails when one of the hosts does not answer",
}
"""What is different in 19.x."""

VALUES_2X = {
    "OPERATOR_INCR": "5",
    "OPERATOR_READ": "1",
    "OPERATOR_WRITE": "2",
    "INDEX_NUMERIC": "1",
    "TTL_DONT_UPDATE": "-2",
}
"""Constants that have another number in 2.x."""

GONE_CONSTANTS = """
    MAP_CREATE_ONLY MAP_UPDATE MAP_UPDATE_ONLY POLICY_CONSISTENCY_ALL
    POLICY_CONSISTENCY_ONE SCAN_PRIORITY_AUTO SCAN_PRIORITY_HIGH SCAN_PRIORITY_LOW
    SCAN_PRIORITY_MEDIUM SCAN_STATUS_ABORTED SCAN_STATUS_COMPLETED
    SCAN_STATUS_INPROGRESS SCAN_STATUS_UNDEF SERIALIZER_PYTHON
"""
"""Constants of 2.x that 19.x does not have."""

COMMON_CONSTANTS = """
    UDF_TYPE_LUA JOB_QUERY JOB_SCAN JOB_STATUS_COMPLETED JOB_STATUS_INPROGRESS
    JOB_STATUS_UNDEF OP_LIST_APPEND OP_LIST_APPEND_ITEMS OP_LIST_CLEAR OP_LIST_GET
    OP_LIST_GET_RANGE OP_LIST_INSERT OP_LIST_INSERT_ITEMS OP_LIST_POP
    OP_LIST_POP_RANGE OP_LIST_REMOVE OP_LIST_REMOVE_RANGE OP_LIST_SET OP_LIST_SIZE
    OP_LIST_TRIM LOG_LEVEL_DEBUG LOG_LEVEL_ERROR LOG_LEVEL_INFO LOG_LEVEL_OFF
    LOG_LEVEL_TRACE LOG_LEVEL_WARN OP_MAP_CLEAR OP_MAP_DECREMENT OP_MAP_GET_BY_INDEX
    OP_MAP_GET_BY_INDEX_RANGE OP_MAP_GET_BY_KEY OP_MAP_GET_BY_KEY_RANGE
    OP_MAP_GET_BY_RANK OP_MAP_GET_BY_RANK_RANGE OP_MAP_GET_BY_VALUE
    OP_MAP_GET_BY_VALUE_RANGE OP_MAP_INCREMENT OP_MAP_PUT OP_MAP_PUT_ITEMS
    OP_MAP_REMOVE_BY_INDEX OP_MAP_REMOVE_BY_INDEX_RANGE OP_MAP_REMOVE_BY_KEY
    OP_MAP_REMOVE_BY_KEY_LIST OP_MAP_REMOVE_BY_KEY_RANGE OP_MAP_REMOVE_BY_RANK
    OP_MAP_REMOVE_BY_RANK_RANGE OP_MAP_REMOVE_BY_VALUE OP_MAP_REMOVE_BY_VALUE_LIST
    OP_MAP_REMOVE_BY_VALUE_RANGE OP_MAP_SET_POLICY OP_MAP_SIZE MAP_KEY_ORDERED
    MAP_KEY_VALUE_ORDERED MAP_UNORDERED MAP_RETURN_COUNT MAP_RETURN_INDEX
    MAP_RETURN_KEY MAP_RETURN_KEY_VALUE MAP_RETURN_NONE MAP_RETURN_RANK
    MAP_RETURN_REVERSE_INDEX MAP_RETURN_REVERSE_RANK MAP_RETURN_VALUE
    POLICY_COMMIT_LEVEL_ALL POLICY_COMMIT_LEVEL_MASTER POLICY_EXISTS_CREATE
    POLICY_EXISTS_CREATE_OR_REPLACE POLICY_EXISTS_IGNORE POLICY_EXISTS_REPLACE
    POLICY_EXISTS_UPDATE POLICY_GEN_EQ POLICY_GEN_GT POLICY_GEN_IGNORE
    POLICY_KEY_DIGEST POLICY_KEY_SEND POLICY_REPLICA_ANY POLICY_REPLICA_MASTER
    POLICY_REPLICA_SEQUENCE POLICY_RETRY_NONE POLICY_RETRY_ONCE PRIV_DATA_ADMIN
    PRIV_READ PRIV_READ_WRITE PRIV_READ_WRITE_UDF PRIV_SYS_ADMIN PRIV_USER_ADMIN
    OPERATOR_APPEND OPERATOR_INCR OPERATOR_PREPEND OPERATOR_READ OPERATOR_TOUCH
    OPERATOR_WRITE INDEX_GEO2DSPHERE INDEX_NUMERIC INDEX_STRING INDEX_TYPE_LIST
    INDEX_TYPE_MAPKEYS INDEX_TYPE_MAPVALUES SERIALIZER_JSON SERIALIZER_NONE
    SERIALIZER_USER TTL_DONT_UPDATE TTL_NAMESPACE_DEFAULT TTL_NEVER_EXPIRE
"""
"""Constants that both lines have; those that no table names came after 2.x."""

DIRECT = {"list_append_items": "list_extend"}
"""Helper -> method of 2.x that does the same, where the names differ."""


def _has(table: dict[str, str], owner: str, name: str) -> bool:
    return name in table.get(owner, "").split()


def _last_release(owner: str, name: str) -> str | None:
    """The last release of the PyPI client with it; None when 19.3 has it."""
    for release, names in GONE_IN_19X.get(owner, {}).items():
        if name in names.split():
            return release
    return None


def is_ours(owner: str, name: str) -> bool:
    """Whether neither of the two lines has it."""
    return (
        owner.startswith((*OUR_MODULES, *OUR_CLASSES))
        or f"{owner}.{name}" in (*OUR_MODULES, *OUR_CLASSES)
        or _has(OURS, owner, name)
    )


def in_2x(owner: str, name: str) -> str:
    """What 2.x calls it."""
    full = f"{owner}.{name}"
    if owner.startswith("aerospike_helpers"):
        method = DIRECT.get(name, name)
        if _last_release("aerospike.Client", method):
            return f":py:meth:`Client.{method}() <aerospike.Client.{method}>`"
        return HELPERS_2X if ".operations" in owner else "not there"
    module, _, cls = owner.rpartition(".")
    if _has(NEW_IN_19X, owner, name) or _has(NEW_IN_19X, module, cls):
        return "not there"
    return NOTES_2X.get(full, "the same")


def in_19x(owner: str, name: str) -> str:
    """What 19.x calls it."""
    last = _last_release(owner, name)
    if last is not None:
        return f"not there; {last} was the last version with it" if last else "ignored"
    return NOTES_19X.get(f"{owner}.{name}", "the same")


def of_constant(name: str) -> tuple[str, str]:
    """What 2.x and 19.x have of a constant."""
    if name in GONE_CONSTANTS.split():
        return "the same", "not there"
    if name == "PY_BYTES":
        return "not there", "not there; 0 in 6.0 to 12.0"
    if name in COMMON_CONSTANTS.split():
        number = VALUES_2X.get(name)
        return ("the same" if number is None else f"the number is {number}"), "the same"
    return "not there", "the same"
