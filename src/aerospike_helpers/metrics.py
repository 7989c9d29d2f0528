"""What metrics are asked for with, and what they come as.

See `Client.enable_metrics` and `Client.get_stats`.
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike


class _Shown:
    """Its repr() shows the attributes."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({shown})"


class ConnectionStats(_Shown):
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


class NamespaceMetrics(_Shown):
    """Calls on one namespace of one node.

    Latencies are those since enable_metrics(). All other counts only grow; bytes are
    counted while metrics are enabled.

    :ivar ns: the namespace; "" for what belongs to no single one: batches, info
        commands and tending.
    :ivar bytes_in: bytes received; ``bytes_out``: bytes sent.
    :ivar error_count: attempts that failed, but not by a timeout. ``timeout_count``:
        those that timed out. ``key_busy_count``: those that met a busy record.
    :ivar conn_latency: how many connections were opened in up to 1 ms, in up to
        2**latency_shift ms, and so on; the last column has all the rest. The other
        latencies are those of reads, writes, and parts of batches and of queries.
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


class Node(_Shown):
    """A node, as a listener of metrics gets it.

    :ivar name: of the node; ``address``, ``port``: where it is.
    :ivar conns: its connections.
    :ivar metrics: an item for each namespace.
    """

    name: str
    address: str
    port: int
    conns: ConnectionStats
    metrics: list[NamespaceMetrics]


class Cluster(_Shown):
    """The cluster, as a listener of metrics gets it.

    :ivar cluster_name: as in the configuration of the client; ``app_id``, likewise.
    :ivar invalid_node_count: nodes that could not be reached at the last look at the
        cluster.
    :ivar command_count: calls while metrics were enabled; a batch or query is one.
        ``retry_count``: attempts that repeated a call, since the client was made.
    :ivar nodes: an item for each node.
    """

    cluster_name: str | None
    app_id: str | None
    invalid_node_count: int
    command_count: int
    retry_count: int
    nodes: list[Node]


class NodeStats(_Shown):
    """A node, as `Client.get_stats` returns it.

    :ivar name: of the node; ``address``, ``port``: where it is.
    :ivar conns: its connections.
    :ivar error_count: attempts that failed, but not by a timeout, in all namespaces
        since the node was found. ``timeout_count``: those that timed out.
        ``key_busy_count``: those that met a busy record.
    """

    name: str
    address: str
    port: int
    conns: ConnectionStats
    error_count: int
    timeout_count: int
    key_busy_count: int


class ClusterStats(_Shown):
    """The cluster, as `Client.get_stats` returns it.

    :ivar nodes: an item for each node.
    :ivar retry_count: attempts that repeated a call, since the client was made.
    :ivar thread_pool_queued_tasks: always 0, because this client has no such pool.
    :ivar recover_queue_size: connections that wait for a late reply now.
    """

    nodes: list[NodeStats]
    retry_count: int
    thread_pool_queued_tasks: int
    recover_queue_size: int


class MetricsListeners:
    """Functions that are called with metrics, instead of writing them to a file.

    :param enable_listener: called by enable_metrics().
    :param snapshot_listener: called with the Cluster at each report.
    :param node_close_listener: called with a Node that is gone.
    :param disable_listener: called with the Cluster by disable_metrics() and close().
    """

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
    """What is measured, and where it goes.

    :param metrics_listeners: functions that get the metrics; None: they go to files.
    :param report_dir: str or pathlib.Path, up to 255 bytes: folder of the files, which
        must exist.
    :param report_size_limit: bytes, at least 1,000,000; then another file follows. 0:
        no limit.
    :param interval: looks at the cluster from one report to the next, 1 or more. The
        client looks once in a `tend_interval`, which is a second unless configured.
    :param latency_columns: how many columns of durations there are, 0 to 255. The first
        one ends at 1 ms, the second at 2**latency_shift ms; each of the others ends at
        2**latency_shift times the end of the one before.
    :param latency_shift: 0 to 255.
    :param labels: names and values that are written with each report to a file.
    """

    def __init__(
        self,
        metrics_listeners: MetricsListeners | None = None,
        report_dir: str | PathLike[str] = ".",
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
