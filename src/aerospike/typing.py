"""Types for annotations: keys, records, and the dicts that calls take.

    from aerospike.typing import Key, ReadPolicy, Record

    QUICK: ReadPolicy = {"total_timeout": 100, "max_retries": 0}

    def visits(client: aerospike.Client, key: Key) -> int:
        record: Record = client.get(key, QUICK)
        return record.bins["visits"]

A type checker finds a misspelt key in a dict that is annotated, and an editor completes
it. Calls take other dicts, too, whose keys the client checks. It does not import this
module itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, TypeAlias, TypedDict

from aerospike._core import Record as Record
from aerospike._core import Transaction
from aerospike._types import CompiledExpression, ConfigProvider
from aerospike.monitoring import Listener
from aerospike_helpers.metrics import MetricsPolicy

UserKey: TypeAlias = str | int | bytes | bytearray
"""What an application names a record by; bytes are text, a bytearray is a blob."""

Digest: TypeAlias = bytes | bytearray
"""The 20 bytes that a server knows a record by."""

RecordKey: TypeAlias = tuple[str, str | None, UserKey | None, bytearray]
"""The key of a record that was read: (namespace, set, user key or None, digest)."""

Key: TypeAlias = (
    tuple[str, str | None, UserKey | None]
    | tuple[str, str | None, UserKey | None, Digest | None]
)
"""What calls take: (namespace, set, user key), or with the digest as a fourth part."""

Bins: TypeAlias = dict[str, Any]
"""{name: value}."""

Operation: TypeAlias = dict[str, Any]
"""What a function of aerospike_helpers.operations makes."""

Options: TypeAlias = Mapping[str, Any]
"""A dict of options that is checked by the client alone, when it is used."""

Host: TypeAlias = tuple[str, int] | tuple[str, int, str | None] | str
"""(address, port), (address, port, TLS name) or "address:port"."""


class Meta(TypedDict):
    """The metadata of a record that was read."""

    gen: int
    ttl: int


class WriteMeta(TypedDict, total=False):
    """The metadata that a write takes."""

    gen: int
    ttl: int


class PartitionFilter(TypedDict, total=False):
    """Which partitions a query reads, and from where."""

    begin: int
    count: int
    digest: Any
    partition_status: dict[Any, Any]


class _CommandPolicy(TypedDict, total=False):
    """What the policies of all commands have."""

    total_timeout: int
    socket_timeout: int
    connect_timeout: int
    timeout_delay: int
    max_retries: int
    sleep_between_retries: int
    compress: bool
    txn: Transaction
    expressions: CompiledExpression
    error_detail_verbosity: int
    replica: int
    timeout: int
    retry: int
    retry_on_timeout: bool


class ReadPolicy(_CommandPolicy, total=False):
    """The policy of get(), select(), exists()."""

    key: int
    read_mode_ap: int
    read_mode_sc: int
    read_touch_ttl_percent: int
    deserialize: bool
    consistency_level: int


class WritePolicy(_CommandPolicy, total=False):
    """The policy of put(), append(), touch() and other calls that write one record."""

    key: int
    gen: int
    exists: int
    commit_level: int
    ttl: int
    durable_delete: bool
    on_locking_only: bool
    compression_threshold: int
    fail_on_cluster_change: bool


class OperatePolicy(_CommandPolicy, total=False):
    """The policy of operate(), operate_ordered() and the methods for lists and maps."""

    key: int
    gen: int
    exists: int
    commit_level: int
    read_mode_ap: int
    read_mode_sc: int
    read_touch_ttl_percent: int
    ttl: int
    durable_delete: bool
    deserialize: bool
    respond_all_ops: bool
    on_locking_only: bool
    consistency_level: int


class RemovePolicy(_CommandPolicy, total=False):
    """The policy of remove()."""

    key: int
    gen: int
    commit_level: int
    generation: int
    durable_delete: bool


class ApplyPolicy(_CommandPolicy, total=False):
    """The policy of apply()."""

    key: int
    commit_level: int
    ttl: int
    durable_delete: bool
    on_locking_only: bool


class QueryPolicy(_CommandPolicy, total=False):
    """The policy of queries."""

    deserialize: bool
    expected_duration: int
    short_query: bool
    partition_filter: PartitionFilter
    fail_on_cluster_change: bool


class ScanPolicy(_CommandPolicy, total=False):
    """The policy of scans."""

    ttl: int
    durable_delete: bool
    deserialize: bool
    max_records: int
    records_per_second: int
    partition_filter: PartitionFilter
    fail_on_cluster_change: bool


class BatchPolicy(_CommandPolicy, total=False):
    """The policy of a whole batch."""

    read_mode_ap: int
    read_mode_sc: int
    read_touch_ttl_percent: int
    deserialize: bool
    concurrent: bool
    allow_inline: bool
    allow_inline_ssd: bool
    respond_all_keys: bool
    consistency_level: int
    use_batch_direct: bool
    send_set_name: bool


class BatchReadPolicy(TypedDict, total=False):
    """The policy of a record that a batch reads."""

    expressions: CompiledExpression
    read_mode_ap: int
    read_mode_sc: int
    read_touch_ttl_percent: int


class BatchWritePolicy(TypedDict, total=False):
    """The policy of a record that a batch writes."""

    expressions: CompiledExpression
    key: int
    gen: int
    exists: int
    commit_level: int
    ttl: int
    durable_delete: bool
    on_locking_only: bool


class BatchApplyPolicy(TypedDict, total=False):
    """The policy of a record that a batch gives to a function."""

    expressions: CompiledExpression
    key: int
    commit_level: int
    ttl: int
    durable_delete: bool
    on_locking_only: bool


class BatchRemovePolicy(TypedDict, total=False):
    """The policy of a record that a batch removes."""

    expressions: CompiledExpression
    key: int
    gen: int
    commit_level: int
    generation: int
    durable_delete: bool


class InfoPolicy(TypedDict, total=False):
    """The policy of info commands, and the calls made of them."""

    timeout: int
    check_bounds: bool
    send_as_is: bool


class AdminPolicy(TypedDict, total=False):
    """The policy of the calls on users and roles."""

    timeout: int


class _Privilege(TypedDict):
    code: int


class Privilege(_Privilege, total=False):
    """A privilege of a role: a PRIV_* constant, and where it holds."""

    ns: str | None
    set: str | None


class RoleInfo(TypedDict):
    """What admin_get_role() gives."""

    privileges: list[Privilege]
    whitelist: list[str]
    read_quota: int
    write_quota: int


class UserInfo(TypedDict):
    """What admin_query_user_info() gives."""

    roles: list[str]
    read_info: list[int] | None
    write_info: list[int] | None
    conns_in_use: int


class ListPolicy(TypedDict, total=False):
    """The policy of operations that add to a list."""

    list_order: int
    write_flags: int


class MapPolicy(TypedDict, total=False):
    """The policy of operations that put into a map."""

    map_order: int
    map_write_flags: int
    map_write_mode: int
    persist_index: bool


class BitPolicy(TypedDict, total=False):
    """The policy of operations that change bits."""

    bit_write_flags: int


class HLLPolicy(TypedDict, total=False):
    """The policy of operations that change a HyperLogLog."""

    flags: int


class QueryOptions(TypedDict, total=False):
    """The options of a query."""

    nobins: bool


class ScanOptions(TypedDict, total=False):
    """The options of a scan; the last two have no effect any more."""

    nobins: bool
    concurrent: bool
    percent: int
    priority: int
    include_ldt: bool


class PickleLimits(TypedDict, total=False):
    """What a pickled value may cost."""

    opcodes: int
    hashed: int
    growth: int


class Policies(TypedDict, total=False):
    """config["policies"]: a section for each kind, and keys that hold for all kinds."""

    read: ReadPolicy | None
    write: WritePolicy | None
    operate: OperatePolicy | None
    remove: RemovePolicy | None
    info: InfoPolicy | None
    apply: ApplyPolicy | None
    query: QueryPolicy | None
    scan: ScanPolicy | None
    batch: BatchPolicy | None
    batch_parent_write: BatchPolicy | None
    batch_read: BatchReadPolicy | None
    batch_write: BatchWritePolicy | None
    batch_apply: BatchApplyPolicy | None
    batch_remove: BatchRemovePolicy | None
    admin: AdminPolicy | None
    txn_verify: BatchPolicy | None
    txn_roll: BatchPolicy | None
    total_timeout: int
    socket_timeout: int
    max_retries: int
    sleep_between_retries: int
    replica: int
    key: int
    gen: int
    exists: int
    commit_level: int
    read_mode_ap: int
    read_mode_sc: int
    timeout: int
    retry: int
    consistency_level: int
    use_batch_direct: bool
    max_threads: int
    metrics: MetricsPolicy
    auth_mode: int
    login_timeout_ms: int
    thread_pool_size: int


class Tls(TypedDict, total=False):
    """config["tls"]."""

    enable: bool
    cafile: str | PathLike[str] | None
    capath: str | PathLike[str] | None
    castring: str | bytes | None
    protocols: str | None
    cipher_suite: str | None
    keyfile: str | PathLike[str] | None
    keystring: str | bytes | None
    keyfile_pw: str | None
    cert_blacklist: str | PathLike[str] | None
    certfile: str | PathLike[str] | None
    certstring: str | bytes | None
    crl_check: bool
    crl_check_all: bool
    log_session_info: bool
    for_login_only: bool
    encrypt_only: bool


class Lua(TypedDict, total=False):
    """config["lua"]."""

    user_path: str
    system_path: str
    max_memory: int


class Shm(TypedDict, total=False):
    """config["shm"]: several processes share what they know of the cluster."""

    max_nodes: int
    max_namespaces: int
    takeover_threshold_sec: int
    shm_key: int
    shm_max_nodes: int
    shm_max_namespaces: int
    shm_takeover_threshold_sec: int


class _Hosts(TypedDict):
    hosts: Sequence[Host]


class Config(_Hosts, total=False):
    """What aerospike.client() takes; "hosts" is required."""

    policies: Policies | None
    send_bool_as: int
    serialization: tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]
    legacy_types: bool | None
    pickle_classes: Sequence[type]
    pickle_limits: PickleLimits
    cluster_name: str | None
    app_id: str
    event_listeners: Sequence[Listener] | None
    fail_if_not_connected: bool
    tls: Tls
    validate_keys: bool
    error_keys: bool
    tend_interval: int
    connect_timeout: int
    max_conns_per_node: int
    min_conns_per_node: int
    pool_timeout: int
    max_socket_idle: int
    max_error_rate: int
    error_rate_window: int
    use_services_alternate: bool
    force_single_node: bool
    max_threads: int
    lua: Lua
    strict_types: bool
    batch_direct: bool
    thread_pool_size: int
    user: str | None
    password: str | None
    shm: Shm | None
    shm_max_nodes: int
    shm_max_namespaces: int
    shm_takeover_threshold_sec: int
    use_shared_connection: bool
    compression_threshold: int
    rack_aware: bool
    rack_id: int
    rack_ids: Sequence[int]
    config_provider: ConfigProvider
