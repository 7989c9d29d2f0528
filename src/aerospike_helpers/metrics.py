"""What metrics are asked for with, and what they come as.

See `Client.enable_metrics` and `Client.get_stats`.
"""

from __future__ import annotations

from collections.abc import Callable


class ConnectionStats:
    """Connections of a client to one node.

    :ivar in_use: those that a call has; ``in_pool``: those that wait for one.
    :ivar opened: how many were opened since the client was made; ``closed``, likewise.
    :ivar recovered: late replies that were read, so that the connection was kept;
        ``aborted``: those that were given up.
    """

    in_use: int
    in_pool: int
    opened: int
    closed: int
    recovered: int
    aborted: int


class NamespaceMetrics:
    """Calls on one namespace of one node.

    :ivar ns: the namespace.
    :ivar bytes_in: bytes received; ``bytes_out``: bytes sent.
    :ivar error_count: calls that failed. ``timeout_count``: those that took too long.
        ``key_busy_count``: those whose record was in use.
    :ivar conn_latency: counts of durations, by columns that double; the other
        latencies, likewise.
    """

    ns: str
    bytes_in: int
    bytes_out: int
    error_count: int
    timeout_count: int
    key_busy_count: int
    conn_latency: list[int]
    write_latency: list[int]
    read_latency: list[int]
    batch_latency: list[int]
    query_latency: list[int]


class Node:
    """A node, as a listener of metrics gets it."""

    name: str
    address: str
    port: int
    conns: ConnectionStats
    metrics: list[NamespaceMetrics]


class Cluster:
    """The cluster, as a listener of metrics gets it."""

    cluster_name: str | None
    app_id: str | None
    invalid_node_count: int
    command_count: int
    retry_count: int
    nodes: list[Node]


class NodeStats:
    """A node, as `Client.get_stats` tells of it."""

    name: str
    address: str
    port: int
    conns: ConnectionStats
    error_count: int
    timeout_count: int
    key_busy_count: int


class ClusterStats:
    """The cluster, as `Client.get_stats` tells of it."""

    nodes: list[NodeStats]
    retry_count: int
    thread_pool_queued_tasks: int
    recover_queue_size: int


class MetricsListeners:
    """Functions that are called with metrics, instead of writing them to a file."""

    def __init__(
        self,
        enable_listener: Callable[[], None],
        snapshot_listener: Callable[[Cluster], None],
        node_close_listener: Callable[[Node], None],
        disable_listener: Callable[[Cluster], None],
    ) -> None:
        self.enable_listener = enable_listener
        self.snapshot_listener = snapshot_listener
        self.node_close_listener = node_close_listener
        self.disable_listener = disable_listener


class MetricsPolicy:
    """How metrics are written.

    :param metrics_listeners: functions that get them; None: they go to files.
    :param report_dir: folder of the files. ``report_size_limit``: bytes of one file, 0
        for no limit.
    :param interval: looks at the cluster from one report to the next.
    :param latency_columns: how many columns of durations there are; each ends at
        2**``latency_shift`` times the end of the one before.
    :param labels: what is written with each report.
    """

    def __init__(
        self,
        metrics_listeners: MetricsListeners | None = None,
        report_dir: str = ".",
        report_size_limit: int = 0,
        interval: int = 30,
        latency_columns: int = 7,
        latency_shift: int = 1,
        labels: dict[str, str] | None = None,
    ) -> None:
        self.metrics_listeners = metrics_listeners
        self.report_dir = report_dir
        self.report_size_limit = report_size_limit
        self.interval = interval
        self.latency_columns = latency_columns
        self.latency_shift = latency_shift
        self.labels = {} if labels is None else labels
