"""The metrics of a client: what is measured, and whom the tend thread informs.

The counters are the C library's (``asc/metrics.h``). Here they become the objects of
``aerospike_helpers.metrics``, which go to listeners, or to the lines of a file.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import weakref

from aerospike import exception
from aerospike._errors import made, param_error, shown
from aerospike._report import listener_failed
from aerospike._version import __version__
from aerospike_helpers import metrics as shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from typing import Any, TypeVar

    T = TypeVar("T")

_LATENCIES = ("conn", "write", "read", "batch", "query")  # in the order of asc_latency


# --- the objects that users see ---


def _of(cls: type[T], **attributes: Any) -> T:
    """An object with these attributes; the classes have no constructor of use."""
    made = cls()
    vars(made).update(attributes)
    return made


def _connections(counts: tuple[int, ...]) -> shapes.ConnectionStats:
    names = ("in_use", "in_pool", "opened", "closed", "recovered", "aborted")
    return _of(shapes.ConnectionStats, **dict(zip(names, counts, strict=True)))


def _namespace(counts: tuple[Any, ...]) -> shapes.NamespaceMetrics:
    ns, errors, timeouts, key_busy, bytes_in, bytes_out, histograms = counts
    latencies = zip(_LATENCIES, histograms, strict=True)
    return _of(
        shapes.NamespaceMetrics,
        ns=ns,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        error_count=errors,
        timeout_count=timeouts,
        key_busy_count=key_busy,
        **{f"{kind}_latency": counts for kind, counts in latencies},
    )


def _node(stats: tuple[Any, ...]) -> shapes.Node:
    name, address, port, _, connections, namespaces = stats
    return _of(
        shapes.Node,
        name=name,
        address=address,
        port=port,
        conns=_connections(connections),
        metrics=list(map(_namespace, namespaces)),
    )


def _cluster(who: tuple[str | None, str], stats: tuple[Any, ...]) -> shapes.Cluster:
    commands, retries, _, invalid, nodes = stats
    return _of(
        shapes.Cluster,
        cluster_name=who[0],
        app_id=who[1],
        invalid_node_count=invalid,
        command_count=commands,
        retry_count=retries,
        nodes=[_node(node) for node in nodes if not node[3]],
    )


def _node_stats(stats: tuple[Any, ...]) -> shapes.NodeStats:
    name, address, port, _, connections, namespaces = stats
    return _of(
        shapes.NodeStats,
        name=name,
        address=address,
        port=port,
        conns=_connections(connections),
        error_count=sum(counts[1] for counts in namespaces),
        timeout_count=sum(counts[2] for counts in namespaces),
        key_busy_count=sum(counts[3] for counts in namespaces),
    )


def cluster_stats(client: Any) -> shapes.ClusterStats:
    """See Client.get_stats()."""
    _, retries, recovering, _, nodes = client._stats()
    return _of(
        shapes.ClusterStats,
        nodes=list(map(_node_stats, nodes)),
        thread_pool_queued_tasks=0,  # batches and queries need no threads
        recover_queue_size=recovering,
        retry_count=retries,
    )


# --- the policy ---


def _is_unsigned(bits: int, least: int = 0) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and least <= value < 1 << bits


def _is_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(text, str) for pair in value.items() for text in pair
    )


def _is_listeners(value: Any) -> bool:
    return value is None or isinstance(value, shapes.MetricsListeners)


# attribute -> what it must be, in the words of the client on PyPI, and a test of that
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "metrics_listeners": (
        "a aerospike_helpers.metrics.MetricsListeners type",
        _is_listeners,
    ),
    "report_dir": ("a str type", lambda value: isinstance(value, str)),
    "report_size_limit": ("a unsigned 64-bit integer type", _is_unsigned(64)),
    "interval": ("a unsigned 32-bit integer type above 0", _is_unsigned(32, least=1)),
    "latency_columns": ("a unsigned 8-bit integer type", _is_unsigned(8)),
    "latency_shift": ("a unsigned 8-bit integer type", _is_unsigned(8)),
    "labels": ("a dict[str, str] type", _is_labels),
}
_LISTENERS = (
    "enable_listener",
    "snapshot_listener",
    "node_close_listener",
    "disable_listener",
)
_LONGEST_DIR = 255


def _attribute(of: object, name: str) -> Any:
    try:
        return getattr(of, name)
    except AttributeError:
        raise param_error(f"Unable to fetch {name} attribute") from None


def _checked(policy: Any) -> dict[str, Any]:
    """The attributes of a policy, which the program may change afterwards."""
    if not isinstance(policy, shapes.MetricsPolicy):
        raise param_error(
            "policy parameter must be an aerospike_helpers.MetricsPolicy type",
            f"got {shown(policy)}; it is aerospike_helpers.metrics.MetricsPolicy",
        )
    found: dict[str, Any] = {}
    for name, (what, is_right) in _RULES.items():
        value = _attribute(policy, name)
        if name == "report_dir" and isinstance(value, os.PathLike):
            value = os.fspath(value)
        found[name] = value
        if not is_right(value):
            raise param_error(
                f"MetricsPolicy.{name} must be {what}", f"got {shown(value)}"
            )
    if len(os.fsencode(found["report_dir"])) > _LONGEST_DIR:
        raise param_error("MetricsPolicy.report_dir must be less than 256 chars")
    for name in _LISTENERS if found["metrics_listeners"] is not None else ():
        if not callable(_attribute(found["metrics_listeners"], name)):
            raise param_error(
                f"MetricsPolicy.metrics_listeners.{name} must be a callable type"
            )
    found["labels"] = dict(found["labels"])
    return found


def policy_of_config(policy: Any) -> shapes.MetricsPolicy:
    """A copy of config["policies"]["metrics"]."""
    if not isinstance(policy, shapes.MetricsPolicy):
        raise param_error(
            "metrics must be an aerospike_helpers.metrics.MetricsPolicy class "
            f"instance. But a {type(policy).__name__} was received instead"
        )
    return shapes.MetricsPolicy(**_checked(policy))


def default_policy(client: Any) -> shapes.MetricsPolicy:
    """What enable_metrics() does when it gets no policy; the caller may change it."""
    policy = client._metrics_policy
    return policy_of_config(policy) if policy is not None else shapes.MetricsPolicy()


# --- the file ---

_LEAST_LIMIT = 1_000_000
_HEADER = (
    "header(2) cluster[name,clientType,clientVersion,appId,label[],cpu,mem,"
    "invalidNodeCount,commandCount,retryCount,delayQueueTimeoutCount,eventloop[],"
    "node[]] label[name,value] eventloop[processSize,queueSize] "
    "node[name,address,port,syncConn,asyncConn,namespace[]] "
    "conn[inUse,inPool,opened,closed,recovered,aborted] "
    "namespace[name,errors,timeouts,keyBusy,bytesIn,bytesOut,latency[]] "
    "latency({columns},{shift})[type[l1,l2,l3...]]"
)


def _memory_kib() -> int:
    """The virtual memory of this process, in KiB; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


def _joined(*parts: Any) -> str:
    return ",".join(map(str, parts))


def _text(text: str | None) -> str:
    """A name as it stands in a line, which it must not end."""
    return " ".join((text or "").split())


def _line_of_namespace(m: shapes.NamespaceMetrics) -> str:
    latencies = (
        f"{kind}[{_joined(*vars(m)[f'{kind}_latency'])}]" for kind in _LATENCIES
    )
    counts = (m.error_count, m.timeout_count, m.key_busy_count, m.bytes_in, m.bytes_out)
    return _joined(m.ns, *counts, f"[{_joined(*latencies)}]")


def _line_of_node(n: shapes.Node) -> str:
    c = n.conns
    here = (c.in_use, c.in_pool, c.opened, c.closed, c.recovered, c.aborted)
    others = (0, 0, 0, 0, 0, 0)  # event loops use the same connections
    namespaces = _joined(*map(_line_of_namespace, n.metrics))
    return f"[{_joined(n.name, n.address, n.port, *here, *others, f'[{namespaces}]')}]"


class Writer:
    """The listeners of a policy that has none: they write a file.

    A line is written at once and as a whole, so that the child of a fork finds nothing
    to be written again. The descriptor stays the same for as long as there is a writer:
    a line that the tend thread writes meanwhile goes to no file of somebody else.
    """

    _file: FileIO | None = None
    _is_cut = False  # the last line was written in part
    _has_ended = False

    def __init__(self, policy: dict[str, Any]) -> None:
        # held from a line to the head of the file that follows; a signal may come there
        self._turn = threading.RLock()
        self._policy = policy
        self._limit = policy["report_size_limit"]
        self._size = 0
        self._looked_at = (time.monotonic(), time.process_time())
        if 0 < self._limit < _LEAST_LIMIT:
            raise made(
                exception.ClientError,
                -1,
                f"Metrics policy report_size_limit {self._limit} must be at least "
                f"{_LEAST_LIMIT}",
            )

    def close(self) -> None:
        """Write no more."""
        with self._turn:
            self._has_ended = True
            if self._file is not None:
                self._file.close()

    def enable_listener(self) -> None:
        name = time.strftime("metrics-%Y%m%d%H%M%S.log")
        path = os.path.join(self._policy["report_dir"], name)
        try:
            file = open(path, "ab", buffering=0)  # noqa: SIM115 - it stays open
        except (OSError, ValueError) as error:
            raise made(
                exception.ClientError, -1, f"Failed to open file: {path}", str(error)
            ) from error
        if self._file is None:
            self._file = file
        else:
            with file:
                os.dup2(file.fileno(), self._file.fileno(), inheritable=False)
        self._size, self._is_cut = 0, False
        columns, shift = self._policy["latency_columns"], self._policy["latency_shift"]
        self._write(_HEADER.format(columns=columns, shift=shift))

    def _write(self, text: str) -> None:
        end = "\n" if self._is_cut else ""
        line = f"{end}{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n"
        data = line.encode("utf-8", "backslashreplace")
        n = self._file.write(data) if self._file is not None else 0
        self._size += n
        self._is_cut = n < len(data)
        if self._is_cut:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _cpu(self) -> int:
        """The share of one processor since the last look, in percent."""
        before, used_before = self._looked_at
        self._looked_at = now, used = time.monotonic(), time.process_time()
        return int(100 * (used - used_before) / (now - before)) if now > before else 0

    def snapshot_listener(self, cluster: shapes.Cluster) -> None:
        labels = (
            f"[{_text(name)},{_text(value)}]"
            for name, value in self._policy["labels"].items()
        )
        line = _joined(
            _text(cluster.cluster_name),
            "python",
            __version__,
            _text(cluster.app_id),
            f"[{_joined(*labels)}]",
            self._cpu(),
            _memory_kib(),
            cluster.invalid_node_count,
            cluster.command_count,
            cluster.retry_count,
            0,  # requests of event loops do not wait in a queue of their own
            "[]",
            f"[{_joined(*map(_line_of_node, cluster.nodes))}]",
        )
        with self._turn:
            if self._has_ended:
                return  # the last line has been written
            self._write(f"cluster[{line}]")
            if self._limit != 0 and self._size >= self._limit:
                self.enable_listener()

    def node_close_listener(self, node: shapes.Node) -> None:
        """The counters of a node that goes are in the last line that names it."""

    def disable_listener(self, cluster: shapes.Cluster) -> None:
        with self._turn:
            self.snapshot_listener(cluster)
            self.close()


# --- switching on and off ---


def _called(listeners: Any, name: str, *args: Any) -> None:
    """Call a listener; what it raises becomes an error of the client."""
    try:
        getattr(listeners, name)(*args)
    except Exception as error:
        if isinstance(listeners, Writer) and isinstance(error, exception.ClientError):
            raise
        raise made(
            exception.ClientError,
            -1,
            f"Python callback {name} threw a {type(error).__name__} exception. "
            f"{_value_of(error)}",
        ) from error


def _value_of(error: Exception) -> str:
    """What a listener has raised, in the words of other clients of Aerospike."""
    try:
        return f"Exception value: {error}"
    except Exception:  # noqa: BLE001 - whatever its class may do
        return "str() on exception value threw an error"


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """A function for the tend thread that calls a method, and does not keep its object
    alive."""
    found = weakref.WeakMethod(method)

    def call(*args: Any) -> None:
        target = found()
        if target is not None:
            target(*args)

    return call


class Metrics:
    """What enable_metrics() has begun, until disable_metrics() or close() ends it.

    The client holds this, among its extras, for as long as it is on. The tend thread
    does not, since the listeners may hold the client, and Python does not see what the
    tend thread holds.

    There is no lock: a finalizer or the handler of a signal may close the client at any
    moment, in the thread that would have the lock. Each step changes one thing as a
    whole, and whoever changes what is on looks afterwards whether it was changed again.
    """

    def __init__(self, client: Any, policy: dict[str, Any]) -> None:
        self._client = weakref.ref(client)
        self._listeners = policy["metrics_listeners"] or Writer(policy)
        self._policy = policy
        self._pid = os.getpid()  # a child of a fork measures nothing by itself
        self._n_cycles = 0
        self._told = weakly(self._tended)
        self.shape = policy["latency_columns"], policy["latency_shift"]

    def begin(self) -> None:
        client: Any = self._client()
        client._stats()  # the client may be closed, or not connected yet
        _called(self._listeners, "enable_listener")
        client._extras[self] = self
        _measure(client)
        client._watch(self._told)
        if self not in client._extras:  # it has ended meanwhile
            client._end_watch(self._told)

    def _tended(self, stats: tuple[Any, ...]) -> None:
        client: Any = self._client()
        if client is None or self not in client._extras or self._pid != os.getpid():
            return
        self._n_cycles += 1
        for node in stats[4]:
            if node[3]:
                self._tell("node_close_listener", _node(node))
        if self._n_cycles % self._policy["interval"] == 0:
            self._tell("snapshot_listener", _cluster(client._who(), stats))

    def _tell(self, name: str, *args: Any) -> None:
        """Call a listener in the tend thread, which has nobody to raise an error to."""
        try:
            getattr(self._listeners, name)(*args)
        except Exception as error:  # noqa: BLE001 - reported
            listener_failed(name, error)

    def end(self) -> None:
        """Tell the listeners of the end.

        :raises ClientError: the listener has raised.
        """
        try:
            self._end()
        finally:
            if isinstance(self._listeners, Writer):
                self._listeners.close()

    def _end(self) -> None:
        client: Any = self._client()
        was_on = client._extras.pop(self, None) is not None
        client._end_watch(self._told)
        was_on = was_on and self._pid == os.getpid()
        try:
            if was_on:
                seen = _cluster(client._who(), client._stats())
        finally:
            _measure(client)
        if was_on:
            _called(self._listeners, "disable_listener", seen)

    def __call__(self) -> None:
        """End, because the client is closed; this raises nothing."""
        try:
            self.end()
        except Exception as error:  # noqa: BLE001 - reported
            listener_failed("disable_listener", error)


def _those_of(client: Any) -> list[Metrics]:
    """What is on, the newest last: one, but for moments."""
    return [each for each in list(client._extras.values()) if type(each) is Metrics]


def _measure(client: Any) -> None:
    """Have the client measure as the newest asks, or not at all."""
    while True:
        before = _those_of(client)
        client._measure(*(before[-1].shape if before else ()))
        if _those_of(client)[-1:] == before[-1:]:
            return


def _is_for_file(client: Any, call: str) -> bool:
    """Does a file with settings say whether there are metrics? Then the call has no
    effect, and the log says so."""
    watch = sys.modules.get("aerospike._watch")
    return watch is not None and watch.decides_metrics(client, call)


def enable(client: Any, policy: Any) -> None:
    """See Client.enable_metrics()."""
    client._check_open()
    if policy is None:
        policy = default_policy(client)
    _checked(policy)  # also where it has no effect
    if not _is_for_file(client, "enable_metrics"):
        begin(client, policy)


def begin(client: Any, policy: Any) -> None:
    """Enable metrics, also where a file says so."""
    metrics = Metrics(client, _checked(policy))
    try:
        end(client)
    except exception.ClientError as error:
        listener_failed("disable_listener", error)
    try:
        metrics.begin()
    except BaseException:
        metrics.end()
        raise
    if metrics in (those := _those_of(client)):
        for other in those[: those.index(metrics)]:
            other()  # another thread was faster


def disable(client: Any) -> None:
    """See Client.disable_metrics()."""
    client._check_open()
    if not _is_for_file(client, "disable_metrics"):
        end(client)


def end(client: Any) -> None:
    """Disable metrics, also where a file says so."""
    for metrics in _those_of(client):
        metrics.end()
