"""Info commands about sets: their statistics, and truncation.

Shapes as an 8.1.2 Community node answers them.
"""

from __future__ import annotations

import re

from aerospike_devserver.clock import EPOCH_S
from aerospike_devserver.config import MAX_NAMESPACE_NAME
from aerospike_devserver.handlers.info import info_tables as tables
from aerospike_devserver.handlers.info.command import Request, command
from aerospike_devserver.handlers.info.info_tables import pairs
from aerospike_devserver.handlers.record.command import MAX_SET_NAME
from aerospike_devserver.result import InfoError, Result
from aerospike_devserver.storage.index import IndexKind
from aerospike_devserver.storage.namespace import Namespace, SetState

MAX_LUT = 23
"""Characters of the time of a truncation."""


def _set_statistics(
    request: Request, namespace: Namespace, name: bytes
) -> dict[str, object]:
    sizes = [
        record.stored_size
        for _, record in namespace.records(request.node.cluster.clock.now_s())
        if record.set_name == name
    ]
    state: SetState = namespace.sets[name]
    indexes = [i.definition for i in namespace.indexes if i.definition.set_name == name]
    has_index = any(each.kind is IndexKind.SET for each in indexes)
    live: dict[str, object] = {
        "objects": len(sizes),
        "tombstones": sum(
            each.set_name == name for each in namespace.tombstones.values()
        ),
        "data_used_bytes": sum(sizes),
        "truncate_lut": max(0, state.truncate_ms - EPOCH_S * 1000),
        "sindexes": len(indexes) - has_index,
        "index_populating": "false",
        "truncating": "false",
    }
    return live | tables.SET_CONFIG | {"enable-index": str(has_index).lower()}


def _set_entry(request: Request, namespace: Namespace, name: bytes) -> str:
    title: dict[str, object] = {
        "ns": namespace.name,
        "set": name.decode("utf-8", "surrogateescape"),
    }
    return pairs(title | _set_statistics(request, namespace, name), ":") + ";"


@command("sets")
def _sets(request: Request) -> str:
    """All sets, those of `sets/N`, or one of them: `sets/N/S`."""
    wanted, _, name = (
        request.parameters.get("ns") or "/".join(request.path)
    ).partition("/")
    cluster = request.node.cluster
    chosen = [cluster.namespace(wanted)] if wanted else list(cluster.storage)
    if name:
        return _one_set(request, chosen[0], name.encode("utf-8", "surrogateescape"))
    if None in chosen:
        return "ns_type=unknown"
    return "".join(
        _set_entry(request, namespace, set_name)
        for namespace in chosen
        if namespace is not None
        for set_name in namespace.sets
    )


def _one_set(request: Request, namespace: Namespace | None, name: bytes) -> str:
    if namespace is None:
        return "ns_type=unknown"
    if name not in namespace.sets:
        return ""
    return pairs(_set_statistics(request, namespace, name), ":") + ";"


@command("truncate")
def _truncate(request: Request) -> str:
    namespace = request.text(
        "namespace", MAX_NAMESPACE_NAME, Result.NAMESPACE_NOT_FOUND
    )
    set_name = request.text("set", MAX_SET_NAME).encode("utf-8", "surrogateescape")
    return _truncate_records(request, namespace, set_name)


@command("truncate-namespace")
def _truncate_namespace(request: Request) -> str:
    namespace = request.text(
        "namespace", MAX_NAMESPACE_NAME, Result.NAMESPACE_NOT_FOUND
    )
    if "set" in request.parameters:
        raise InfoError(Result.REQUEST_INVALID, "unexpected set name")
    return _truncate_records(request, namespace, None)


def _truncate_records(request: Request, name: str, set_name: bytes | None) -> str:
    """Drop records last updated before `lut`, ns since 1970; without it, before now.

    A namespace that is not there has none: truncation is noted for the whole cluster.
    """
    cluster = request.node.cluster
    before_ms = _cut_off_ms(request.optional("lut", MAX_LUT), cluster.clock.now_ms())
    namespace = cluster.namespace(name)
    if namespace is not None:
        namespace.truncate(set_name, before_ms, cluster.clock.now_s())
    return "ok"


def _cut_off_ms(lut: str | None, now_ms: int) -> int:
    """The cut-off in ms since 1970; InfoError 4 before 2010 and in the future."""
    if lut is None:
        return now_ms
    found = re.match(r"\s*([+-]?\d+)", lut)
    number = int(found[1]) if found else 0
    cut_ms = (number if number >= 0 else number % 2**64) // 1_000_000
    if cut_ms <= EPOCH_S * 1000:
        raise InfoError(Result.REQUEST_INVALID, "would truncate to 0")
    if cut_ms > now_ms:
        raise InfoError(Result.REQUEST_INVALID, "would truncate in the future")
    return cut_ms
