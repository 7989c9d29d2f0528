"""Clients that read a file with dynamic settings again and again.

One thread of the process looks at the files of all clients. It starts with the first
client that has one, ends with the last, and starts anew in the child of a fork.
"""

from __future__ import annotations

import os
import threading
import weakref
from time import monotonic

from aerospike import _config_file, exception
from aerospike._config_file import FileError, Settings
from aerospike._core import write_log
from aerospike._errors import param_error
from aerospike._imports import whole
from aerospike._report import warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

URL = "AEROSPIKE_CLIENT_CONFIG_URL"
"""Names a file for all clients of a process, whatever their configurations name."""

DEFAULT_INTERVAL_MS = 5000

LEAST_INTERVAL_MS = 100
"""A file is read no more often than that."""

_SETTLES_S = 0.05
"""A content that is new is read once more after so long. It is taken when it is the
same then, so that nothing comes from a file that somebody is writing."""

_LOG_ERROR, _LOG_WARNING, _LOG_INFO = 0, 1, 2


class Watch:
    """What a client keeps of its file."""

    def __init__(self, path: str, interval_ms: int) -> None:
        self.path = path
        self.due_s = 0.0
        self._given_interval_ms = interval_ms
        self._interval_ms = interval_ms
        self._known: bytes | None = None  # the content that was taken, or refused
        self._fresh: bytes | None = None  # another one, which was seen once
        self._trouble = ""  # what was said last of the file
        self._is_lost = False  # it could not be read
        self._rest: dict[str, Any] = {}  # what it said that only new clients see
        self._metrics: dict[str, Any] = {}  # what it says of metrics
        self._metrics_in_force: dict[str, Any] = {}
        self._client: Any = None  # a weak reference to it

    # --- for the client ---

    def load(self) -> Settings:
        """Read the file for the first time. :raises FileError: it cannot be used."""
        content = self._read()
        self._known = content
        settings = _config_file.settings_of(self.path, content)
        self._take(settings)
        self._rest = _rest_of(settings.config)
        return settings

    def start(self, client: Any) -> None:
        """Tell the client from now on what changes. This does not keep it alive."""
        self._client = weakref.ref(client)
        try:  # before the thread does the same
            self._follow_metrics(client)
        except exception.AerospikeError as error:
            self.complain(f"{type(error).__name__}: {error}")
        finally:
            self._look_in(self._interval_ms / 1000)
            _watcher.add(self)

    def stop(self) -> None:
        _watcher.remove(self)
        self._metrics_in_force = {}  # they end with the connection

    # --- for the thread ---

    def is_wanted(self) -> bool:
        return self._client() is not None

    def look(self) -> None:
        """Read the file, and tell the client what has changed."""
        client = self._client()
        if client is None:
            return
        self._look_in(self._interval_ms / 1000)
        try:
            client._check_open()  # who closed it may have come before start()
            self._follow(client, self._read())
            self._follow_metrics(client)
        except exception.ClusterError:
            self._stop_if_closed(client)
        except FileError as error:
            self.complain(str(error))
        except Exception as error:  # noqa: BLE001 - the others are to be read, too
            self.complain(f"{type(error).__name__}: {error}")

    def _stop_if_closed(self, client: Any) -> None:
        """Stop, unless somebody has opened the client again meanwhile."""
        with _watcher.turn():
            try:
                client._check_open()
            except exception.ClusterError:
                self.stop()

    def _read(self) -> bytes:
        try:
            content = _config_file.read(self.path)
        except FileError:
            self._is_lost = True
            raise
        if self._is_lost:
            self._is_lost, self._trouble = False, ""
            self._log(_LOG_INFO, "it can be read again")
        return content

    def _follow(self, client: Any, content: bytes) -> None:
        if content == self._known:
            self._fresh = None
            return
        if content != self._fresh:
            self._fresh = content
            self._look_in(_SETTLES_S)
            return
        self._known, self._fresh = content, None
        settings = _config_file.settings_of(self.path, content)
        live = {k: v for k, v in settings.config.items() if k in _config_file.LIVE}
        client._reconfigure(live, settings.policies)
        self._take(settings)
        self._log(_LOG_INFO, "its settings are in force now")
        self._tell_of_rest(settings.config)

    def _follow_metrics(self, client: Any) -> None:
        """Have metrics as the file says, once the client is connected."""
        wanted = self._metrics if "enable" in self._metrics else {}
        _by_file[client] = bool(wanted)
        if wanted == self._metrics_in_force or not client.is_connected():
            return
        metrics = whole("aerospike._metrics")
        if wanted.get("enable"):
            policy = metrics.default_policy(client)
            for name in wanted.keys() - {"enable"}:
                setattr(policy, name, wanted[name])
            metrics.begin(client, policy)
        else:
            metrics.end(client)
        self._metrics_in_force = wanted

    def _tell_of_rest(self, config: dict[str, Any]) -> None:
        """Say which keys have changed and must wait for another client."""
        rest = _rest_of(config)
        changed = rest.items() ^ self._rest.items()
        for name in sorted({name for name, _ in changed}):
            self._log(
                _LOG_WARNING, f"{name} has changed, which new clients alone will see"
            )
        self._rest = rest

    def _look_in(self, seconds: float) -> None:
        self.due_s = monotonic() + seconds

    def _take(self, settings: Settings) -> None:
        self._trouble = ""
        self._metrics = settings.metrics
        interval_ms = settings.interval_ms
        if interval_ms is None:
            interval_ms = self._given_interval_ms
        self._interval_ms = max(interval_ms, LEAST_INTERVAL_MS)
        for remark in settings.remarks:
            self._log(_LOG_WARNING, remark)

    def complain(self, trouble: str) -> None:
        """Say what is wrong with the file, once."""
        if trouble != self._trouble:
            self._log(_LOG_ERROR, f"{trouble}; the settings in force stay as they are")
            self._trouble = trouble

    def _log(self, level: int, text: str) -> None:
        line = f"configuration file {self.path}: {text}"
        write_log(level, line.encode(errors="backslashreplace"))


_by_file: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()
"""Clients that have a file: does it say whether there are metrics?"""


def decides_metrics(client: Any, call: str) -> bool:
    """Does a file say whether there are metrics? Then the log says that a call has no
    effect."""
    if not _by_file.get(client, False):
        return False
    text = f"{call}() has no effect: the client's configuration file has metrics.enable"
    write_log(_LOG_WARNING, text.encode())
    return True


def _rest_of(config: dict[str, Any]) -> dict[str, Any]:
    """The keys that a client which lives does not take."""
    return {k: v for k, v in config.items() if k not in _config_file.LIVE}


class _Watcher:
    """The thread, and what it has to look at."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None

    def turn(self) -> threading.Condition:
        """What holds off add() and remove() of other threads, in a with statement."""
        return self._changed

    def add(self, watch: Watch) -> None:
        with self._changed:
            if watch not in self._watches:
                self._watches.append(watch)
            if self._thread is None:
                self._begin()
            self._changed.notify()

    def remove(self, watch: Watch) -> None:
        with self._changed:
            if watch in self._watches:
                self._watches.remove(watch)
            self._changed.notify()

    def _begin(self) -> None:
        self._thread = threading.Thread(
            target=self._run, name="aerospike-config", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        while True:
            watch = self._next()
            if watch is None:
                return
            watch.look()

    def _next(self) -> Watch | None:
        """Wait until a file is due. None: there is none left, and the thread ends."""
        with self._changed:
            while True:
                self._watches = [w for w in self._watches if w.is_wanted()]
                if not self._watches:
                    self._thread = None
                    return None
                watch = min(self._watches, key=lambda w: w.due_s)
                wait_s = watch.due_s - monotonic()
                if wait_s <= 0:
                    return watch
                self._changed.wait(wait_s)

    def in_child(self) -> None:
        """After a fork: the thread is the parent's, and may have held the lock."""
        self._changed = threading.Condition(threading.RLock())
        self._thread = None
        if self._watches:
            self._begin()


_watcher = _Watcher()
os.register_at_fork(after_in_child=_watcher.in_child)


def begin(
    provider: Any, strict: bool
) -> tuple[Watch, dict[str, Any], dict[str, Any]] | None:
    """Read the file of a client that is being made.

    :param provider: the ConfigProvider of the configuration, or None. The environment
        goes before it.
    :return: what the client keeps, and what the file adds to its configuration and to
        its policies. None: it has no file.
    :raises ParamError: strict (``validate_keys``), and the file cannot be used.

    Without `strict` a client goes on without a file that cannot be used, as other
    clients do: a warning says so, and the file is read again later. Keys that are
    unknown are ignored, and warned of.
    """
    url = os.environ.get(URL)
    path = url or (provider.path if provider is not None else None)
    if not path:
        return None
    interval_ms = provider.interval if provider is not None else DEFAULT_INTERVAL_MS
    watch = Watch(_config_file.path_of(path), interval_ms)
    try:
        settings = watch.load()
    except FileError as error:
        named = URL if url else "config_provider"
        text = f"configuration file {watch.path} ({named}): {error}"
        if strict:
            raise param_error("config_provider is invalid", text) from None
        watch.complain(str(error))
        warn_once("config_provider", watch.path, f"{text}; it has no effect yet")
        return watch, {}, {}
    for remark in settings.remarks:
        text = f"configuration file {watch.path}: {remark}"
        warn_once("config_provider", text, text)
    return watch, settings.config, settings.policies
