"""What all info commands share: the request as it was asked, and the table of commands.

A module of info commands imports `Request` and `command` from here, and each of its
functions registers itself for some names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aerospike_devserver.config import MAX_NAMESPACE_NAME
from aerospike_devserver.loading import LOADING, load_module
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.session import Session
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.state import NodeState
from aerospike_devserver.support import SUPPORTED, Support

_MAX_DIGITS = 20
"""Of a number of 64 bits. Python refuses to read one of thousands."""


class Request(NamedTuple):
    """One info command: `name`, `name/path/…` or `name:key=value;…`."""

    session: Session
    name: str
    path: list[str]
    parameters: dict[str, str]

    @property
    def node(self) -> NodeState:
        """The node that was asked."""
        return self.session.node

    def optional(self, name: str, limit: int) -> str | None:
        """A parameter of at most so many characters; InfoError 4 if it is empty."""
        return self._checked(name, limit, Result.REQUEST_INVALID)

    def text(
        self, name: str, limit: int, result: Result = Result.REQUEST_INVALID
    ) -> str:
        """A parameter that must be there; InfoError `result`."""
        value = self._checked(name, limit, result)
        return self.require(name, result) if value is None else value

    def optional_namespace(self) -> str | None:
        """A namespace's name, also by its older parameter; InfoError 20."""
        name = "namespace" if "namespace" in self.parameters else "ns"
        return self._checked(name, MAX_NAMESPACE_NAME, Result.NAMESPACE_NOT_FOUND)

    def namespace_name(self) -> str:
        """A namespace's name that must be there; InfoError 20."""
        value = self.optional_namespace()
        if value is None:
            return self.require("namespace", Result.NAMESPACE_NOT_FOUND)
        return value

    def _checked(self, name: str, limit: int, result: Result) -> str | None:
        value = self.parameters.get(name)
        shown = "namespace" if name == "ns" else name
        if value == "":
            raise InfoError(result, f"missing '{shown}' value")
        if value is not None and len(value) > limit:
            raise InfoError(result, f"'{shown}' value too long")
        return value

    def number(self, name: str, default: int) -> int:
        """A number of decimal digits; InfoError 4 if it is none."""
        text = self.parameters.get(name, str(default))
        if not text.isdecimal() or len(text) > _MAX_DIGITS:
            raise InfoError(Result.REQUEST_INVALID, f"bad {name}")
        return int(text)

    def require(self, name: str, result: Result = Result.REQUEST_INVALID) -> str:
        """A parameter; InfoError `missing 'name'` without it."""
        if name not in self.parameters:
            raise InfoError(result, f"missing '{name}'")
        return self.parameters[name]

    def namespace_of(self, name: str) -> Namespace:
        """A namespace by name; InfoError 20 if the node has none such."""
        found = self.node.cluster.namespace(name)
        if found is None:
            raise InfoError(Result.NAMESPACE_NOT_FOUND, "namespace not found on node")
        return found


Handler = Callable[[Request], str]
COMMANDS: dict[str, Handler] = {}
"""What answers each command; `command` fills it."""
SUPPORT: dict[str, Support] = {}
"""How far each command is supported; `command` fills it, too."""
UNKNOWN = (
    "alumni-clear-alt",
    "alumni-tls-alt",
    "alumni-tls-std",
    "best-practices",
    "build_os",
    "build_time",
    "config-set",
    "debug-record",
    "debug-record-meta",
    "dump-cluster",
    "dump-fabric",
    "dump-hb",
    "dump-hlc",
    "dump-migrates",
    "dump-rw",
    "dump-skew",
    "dump-wb-summary",
    "endpoints",
    "eviction-reset",
    "get-sl",
    "get-stats",
    "health-outliers",
    "health-stats",
    "histogram",
    "jem-stats",
    "latencies",
    "log",
    "log-message",
    "log-set",
    "masking",
    "mcast",
    "mesh",
    "objects",
    "partition-info",
    "physical-devices",
    "services-alternate",
    "services-alumni-reset",
    "set-config",
    "set-log",
    "smd-info",
    "smd-show",
    "thread-traces",
    "tip",
    "tip-clear",
    "xdr-dc-state",
    "xdr-get-filter",
)
"""What an 8.1.2 node answers and this one does not know: it says so, with code 4."""


_MODULES = (
    "info_node",
    "info_partitions",
    "info_sets",
    "info_statistics",
    "info_strong",
    "info_jobs",
    "info_index",
    "info_udf",
)
"""The modules beside this one that add commands: first what each client asks for."""


def find(name: str) -> Handler | None:
    """What answers a command. Modules are loaded until one has it."""
    with LOADING:  # no other thread has loaded half of one
        for module in _MODULES:
            if name in COMMANDS:
                break
            load_module(f"handlers.info.{module}")
        return COMMANDS.get(name)


def command(*names: str, support: Support = SUPPORTED) -> Callable[[Handler], Handler]:
    """Register the function that answers some commands, and how far it does."""

    def register(handler: Handler) -> Handler:
        COMMANDS.update(dict.fromkeys(names, handler))
        SUPPORT.update(dict.fromkeys(names, support))
        return handler

    return register
