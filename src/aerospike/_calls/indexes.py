"""Methods of the client that manage indexes, data and jobs through info commands.

The extension calls the function of the same name, with the client as its first
argument; the texts of the methods are in the extension. Source of the commands: the
secondary index, truncate and job sections of the server's info reference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aerospike import _constants as c
from aerospike import exception
from aerospike._calls.waits import DONE, wait_for_nodes
from aerospike._query import param_error
from aerospike._types import CompiledExpression

if TYPE_CHECKING:
    from aerospike import Client

Policy = Mapping[str, Any]

_DATATYPES = {
    c.INDEX_STRING: "STRING",
    c.INDEX_INTEGER: "NUMERIC",  # servers before 8.1.3 know no other name
    c.INDEX_GEO2DSPHERE: "GEO2DSPHERE",
    c.INDEX_BLOB: "BLOB",
    c.INDEX_NUMERIC: "NUMERIC",
}
_INDEX_TYPES = {
    c.INDEX_TYPE_DEFAULT: "DEFAULT",
    c.INDEX_TYPE_LIST: "LIST",
    c.INDEX_TYPE_MAPKEYS: "MAPKEYS",
    c.INDEX_TYPE_MAPVALUES: "MAPVALUES",
}

_UNTIL_IT_APPEARS_S = 10.0  # on every node
_RESERVED = ":;\n\t\0"

_NOT_GIVEN: Any = object()


# --- what they share ---


def _text(name: str, value: Any, reserved: str = _RESERVED) -> str:
    """A value as it stands in a command."""
    if not isinstance(value, str):
        raise param_error(f"{name} must be a str, not {type(value).__name__}")
    if set(reserved) & set(value):
        raise param_error(f"{name} has characters that no name may have: {value!r}")
    return value


def _named(table: Mapping[int, str], name: str, value: Any) -> str:
    if not isinstance(value, int) or value not in table:
        raise param_error(f"{name} is invalid: {value!r}")
    return table[value]


def _command(name: str, **entries: str | None) -> str:
    given = [f"{key}={value}" for key, value in entries.items() if value is not None]
    return f"{name}:{';'.join(given)}"


def _either(name: str, value: Any, other_name: str, other: Any) -> Any:
    """An argument that goes by two names: in the code and in the manuals of 2.x."""
    if value is _NOT_GIVEN and other is _NOT_GIVEN:
        raise TypeError(f"missing required argument '{name}'")
    if value is not _NOT_GIVEN and other is not _NOT_GIVEN:
        raise TypeError(f"'{name}' and '{other_name}' are the same argument")
    return other if value is _NOT_GIVEN else value


# --- indexes ---


def _wait_until_loaded(
    client: Client, ns: str, name: str, policy: Policy | None
) -> None:
    command = _command("sindex-stat", namespace=ns, indexname=name)
    began = time.monotonic()

    def ask(node: str) -> float:
        try:
            text = client.info_single_node(command, node, policy)
        except exception.IndexNotFound:
            if time.monotonic() - began <= _UNTIL_IT_APPEARS_S:
                return 0.0
            raise exception.IndexNotFound(
                201, f"index {name} did not appear on node {node}", __file__, 0, True
            ) from None
        found = re.search(r"load_pct=(\d+)", text)
        return float(found[1]) if found else 0.0

    wait_for_nodes(client, f"index {name} does not load", ask)


def _create(
    client: Client,
    ns: Any,
    set: Any,
    name: Any,
    policy: Policy | None,
    **entries: str | None,
) -> int:
    command = _command(
        "sindex-create",
        namespace=_text("ns", ns),
        set=None if set is None else _text("set", set),
        indexname=_text("name", name),
        **entries,
    )
    client.info_random_node(command, policy)
    _wait_until_loaded(client, ns, name, policy)
    return 0


def _create_on_bin(
    client: Client,
    ns: Any,
    set: Any,
    bin: Any,
    name: Any,
    policy: Policy | None,
    datatype: str,
    index_type: str = "DEFAULT",
    ctx: Any = None,
) -> int:
    return _create(
        client,
        ns,
        set,
        name,
        policy,
        context=None if ctx is None else client.get_cdtctx_base64(ctx),
        indextype=None if index_type == "DEFAULT" else index_type,
        bin=_text("bin", bin),
        type=datatype,
    )


def _creates_simple(datatype: str) -> Callable[..., int]:
    """The method for indexes on bins that hold values of a type."""

    def create(
        client: Client,
        ns: str,
        set: str | None,
        bin: str,
        name: Any = _NOT_GIVEN,
        policy: Policy | None = None,
        *,
        index_name: Any = _NOT_GIVEN,
    ) -> int:
        name = _either("name", name, "index_name", index_name)
        return _create_on_bin(client, ns, set, bin, name, policy, datatype)

    return create


def _creates_collection(index_type: str) -> Callable[..., int]:
    """The method for indexes on what a collection contains, or on a value inside it."""

    def create(
        client: Client,
        ns: str,
        set: str | None,
        bin: str,
        index_datatype: int,
        name: Any = _NOT_GIVEN,
        policy: Policy | None = None,
        ctx: Any = None,
        *,
        index_name: Any = _NOT_GIVEN,
    ) -> int:
        name = _either("name", name, "index_name", index_name)
        datatype = _named(_DATATYPES, "index_datatype", index_datatype)
        return _create_on_bin(
            client, ns, set, bin, name, policy, datatype, index_type, ctx
        )

    return create


index_integer_create = _creates_simple("NUMERIC")
index_string_create = _creates_simple("STRING")
index_blob_create = _creates_simple("BLOB")
index_geo2dsphere_create = _creates_simple("GEO2DSPHERE")
index_single_value_create = _creates_collection("DEFAULT")
index_list_create = _creates_collection("LIST")
index_map_keys_create = _creates_collection("MAPKEYS")
index_map_values_create = _creates_collection("MAPVALUES")


def index_cdt_create(
    client: Client,
    ns: str,
    set: str | None,
    bin: str,
    index_type: int,
    index_datatype: int,
    name: str,
    ctx: list[Any],
    policy: Policy | None = None,
) -> int:
    if ctx is None:
        raise param_error("ctx must be a list of levels, not None")
    return _create_on_bin(
        client,
        ns,
        set,
        bin,
        name,
        policy,
        _named(_DATATYPES, "index_datatype", index_datatype),
        _named(_INDEX_TYPES, "index_type", index_type),
        ctx,
    )


def index_expr_create(
    client: Client,
    ns: str,
    set: str | None,
    index_type: int,
    index_datatype: int,
    expressions: CompiledExpression,
    name: str,
    policy: Policy | None = None,
) -> int:
    kind = _named(_INDEX_TYPES, "index_type", index_type)
    return _create(
        client,
        ns,
        set,
        name,
        policy,
        exp=client.get_expression_base64(expressions),
        indextype=None if kind == "DEFAULT" else kind,
        type=_named(_DATATYPES, "index_datatype", index_datatype),
    )


def index_set_create(
    client: Client, ns: str, set: str, name: str, policy: Policy | None = None
) -> int:
    return _create(client, ns, _text("set", set), name, policy, indextype="SET")


def index_remove(
    client: Client,
    ns: str,
    name: Any = _NOT_GIVEN,
    policy: Policy | None = None,
    *,
    index_name: Any = _NOT_GIVEN,
) -> int:
    name = _text("name", _either("name", name, "index_name", index_name))
    where = {"namespace": _text("ns", ns), "indexname": name}
    client.info_random_node(_command("sindex-delete", **where), policy)
    command = _command("sindex-exists", **where)

    def ask(node: str) -> float:
        try:
            answer = client.info_single_node(command, node, policy)
        except exception.NamespaceNotFound:
            return DONE
        return 0.0 if answer.partition("\t")[2].strip() == "true" else DONE

    wait_for_nodes(client, f"index {name} is not removed", ask)
    return 0


# --- truncation ---


def truncate(
    client: Client,
    namespace: str,
    set: str | None,
    nanos: int,
    policy: Policy | None = None,
) -> int:
    if isinstance(nanos, bool) or not isinstance(nanos, int):
        raise param_error(f"nanos must be an int, not {type(nanos).__name__}")
    if not 0 <= nanos < 2**64:
        raise param_error(f"nanos must be from 0 to 2**64 - 1, not {nanos}")
    # only None is all sets: the server refuses "", and its refusal deletes nothing
    command = _command(
        "truncate-namespace" if set is None else "truncate",
        namespace=_text("namespace", namespace),
        set=None if set is None else _text("set", set, reserved=";\n\t\0"),
        lut=str(nanos) if nanos else None,
    )
    client.info_random_node(command, policy)
    return 0


# --- jobs ---


def _job_entries(text: str | None) -> dict[str, str]:
    """What a node says of a job; {} when it does not know it."""
    line = (text or "").strip()
    if not line or line.startswith("ERROR"):
        return {}
    pairs = (entry.partition("=") for entry in line.split(":"))
    return {name: value for name, _, value in pairs}


def job_info(
    client: Client, job_id: int, module: str, policy: Policy | None = None
) -> dict[str, int]:
    if not isinstance(job_id, int):
        raise TypeError(f"job_id must be an int, not {type(job_id).__name__}")
    if module not in (c.JOB_SCAN, c.JOB_QUERY):
        raise param_error("module must be aerospike.JOB_SCAN or aerospike.JOB_QUERY")
    command = f"query-show:id={job_id % 2**64}"
    answers = client.info(command, policy=policy).values()
    known = [entries for _, text in answers if (entries := _job_entries(text))]
    active = any(job.get("status", "").startswith("active") for job in known)
    progress = [float(job.get("job-progress", 0)) for job in known]
    return {
        "progress_pct": int(min(progress, default=0)),
        "records_read": sum(int(job.get("recs-succeeded", 0)) for job in known),
        "status": c.JOB_STATUS_INPROGRESS if active else c.JOB_STATUS_COMPLETED,
    }


def scan_info(
    client: Client, scanid: int, policy: Policy | None = None
) -> dict[str, int]:
    found = job_info(client, scanid, c.JOB_SCAN, policy)
    done = found["status"] == c.JOB_STATUS_COMPLETED
    return {
        "progress_pct": found["progress_pct"],
        "records_scanned": found["records_read"],
        "status": c.SCAN_STATUS_COMPLETED if done else c.SCAN_STATUS_INPROGRESS,
    }
