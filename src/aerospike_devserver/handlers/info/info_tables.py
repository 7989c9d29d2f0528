"""The parts of info answers that do not depend on what the server does.

A development server has no devices, threads or migrations to report on; monitoring
programs and clients still look for these keys. Values as a fresh 8.1.2 answers them.
"""

from __future__ import annotations

EDITIONS = {
    "community": "Aerospike Community Edition",
    "enterprise": "Aerospike Enterprise Edition",
}

FEATURES = (
    "batch-any;batch-index;blob-bits;cdt-index;cdt-list;cdt-map;cluster-stable;float;geo;"
    "sindex-exists;peers;pipelining;pquery;pscans;query-show;relaxed-sc;replicas;"
    "replicas-all;replicas-master;replicas-max;truncate-namespace;udf"
)

STATISTICS: dict[str, object] = {
    "failed_best_practices": "false",
    "cluster_min_compatibility_id": 15,
    "cluster_max_compatibility_id": 15,
    "cluster_integrity": "true",
    "cluster_is_member": "true",
    "cluster_duplicate_nodes": "null",
    "cluster_clock_skew_stop_writes_sec": 0,
    "cluster_clock_skew_ms": 0,
    "cluster_clock_skew_outliers": "null",
    "info_queue": 0,
    "rw_in_progress": 0,
    "proxy_in_progress": 0,
    "tree_gc_queue": 0,
    "heartbeat_connections": 0,
    "fabric_connections": 0,
    "reaped_fds": 0,
    "info_timeout": 0,
    "demarshal_error": 0,
    "migrate_allowed": "true",
    "migrate_partitions_remaining": 0,
}

NAMESPACE_STATISTICS: dict[str, object] = {
    "prole_objects": 0,
    "prole_tombstones": 0,
    "non_replica_objects": 0,
    "non_replica_tombstones": 0,
    "unreplicated_records": 0,
    "clock_skew_stop_writes": "false",
    "stop_writes": "false",
    "hwm_breached": "false",
    "evicted_objects": 0,
    "truncating": "false",
    "pending_quiesce": "false",
    "effective_is_quiesced": "false",
    "nodes_quiesced": 0,
    "migrate_tx_partitions_remaining": 0,
    "migrate_rx_partitions_remaining": 0,
}

STRONG_STATISTICS: dict[str, object] = dict.fromkeys(
    (
        "dead_partitions",
        "unavailable_partitions",
        "mrt_provisionals",
        "mrt_monitors",
        "mrt_monitors_active",
        "mrt_verify_read_success",
        "mrt_verify_read_error",
        "mrt_roll_forward_success",
        "mrt_monitor_roll_forward_success",
        "mrt_roll_back_success",
        "mrt_monitor_roll_back_success",
        "fail_mrt_blocked",
        "fail_mrt_version_mismatch",
    ),
    0,
)

SERVICE_CONFIG: dict[str, object] = {
    "advertise-ipv6": "false",
    "batch-index-threads": 1,
    "batch-max-requests": 0,
    "disable-udf-execution": "false",
    "info-threads": 16,
    "migrate-fill-delay": 0,
    "migrate-threads": 1,
    "min-cluster-size": 1,
    "proto-fd-idle-ms": 0,
    "proto-fd-max": 15000,
    "query-max-done": 100,
    "query-threads-limit": 128,
    "service-threads": 1,
    "sindex-builder-threads": 4,
    "sindex-gc-period": 10,
    "stay-quiesced": "false",
    "ticker-interval": 10,
    "transaction-max-ms": 1000,
    "transaction-retry-ms": 1002,
}

NAMESPACE_CONFIG: dict[str, object] = {
    "active-rack": 0,
    "background-query-max-rps": 10000,
    "conflict-resolution-policy": "generation",
    "disable-write-dup-res": "false",
    "disallow-expunge": "false",
    "disallow-null-setname": "false",
    "inline-short-queries": "false",
    "prefer-uniform-balance": "false",
    "read-consistency-level-override": "off",
    "reject-non-xdr-writes": "false",
    "reject-xdr-writes": "false",
    "single-query-threads": 4,
    "transaction-pending-limit": 20,
    "truncate-threads": 4,
    "write-commit-level-override": "off",
    "geo2dsphere-within.strict": "true",
    "geo2dsphere-within.min-level": 1,
    "geo2dsphere-within.max-level": 20,
    "geo2dsphere-within.max-cells": 12,
    "geo2dsphere-within.level-mod": 1,
    "geo2dsphere-within.earth-radius-meters": 6371000,
    "index-type": "mem",
    "sindex-type": "mem",
    "storage-engine": "memory",
}

SET_CONFIG: dict[str, object] = {
    "default-read-touch-ttl-pct": 0,
    "default-ttl": 0,
    "disable-eviction": "false",
    "enable-index": "false",
    "stop-writes-count": 0,
    "stop-writes-size": 0,
}


def pairs(values: dict[str, object], separator: str = ";") -> str:
    """`key=value` for each item, in order."""
    return separator.join(f"{key}={value}" for key, value in values.items())
