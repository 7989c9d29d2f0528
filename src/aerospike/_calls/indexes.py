"""Calls that create and remove secondary indexes, and wait for all nodes to do so.

Source of the commands: the secondary index section of the server's info reference.
"""

from __future__ import annotations

from aerospike import _constants as c
from aerospike import exception
from aerospike._calls.commands import command_of, entries_of, text_of
from aerospike._calls.requests import Info
from aerospike._calls.signatures import also_called, named
from aerospike._calls.waits import BEGUN, DONE, wait_for_nodes
from aerospike._core import context_base64, expression_base64
from aerospike._errors import made, param_error, shown
from aerospike._explain import index as explain_index
from aerospike._hints import Any, CompiledExpression, InfoPolicy, Options
from aerospike._names import bin_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from aerospike._calls.requests import Call
    from aerospike._calls.waits import Progress

    Function = TypeVar("Function", bound=Callable[..., Any])

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

_ANY_SET = "str; None: all records of the namespace."
_OF_ALL = """\
:param policy: dict; "timeout" in milliseconds, for each request to a node.
:return: 0, at once when the identical index exists.
:raises IndexFoundError: the name is taken by another index.
:raises TimeoutError: for 60 s no node came further, or one gave no answer; the
    index is there, and may be built later.
:raises NamespaceNotFound, InvalidRequest: what the server refuses."""


# --- what they share ---


def _text(what: str, *parameters: str, set: str = _ANY_SET) -> str:
    """The text of a call that creates indexes."""
    first = f"Create an index {what}, and wait until it is built.\n"
    return "\n".join([first, *parameters, f":param set: {set}", _OF_ALL])


def _has_text(
    what: str, *parameters: str, set: str = _ANY_SET
) -> Callable[[Function], Function]:
    def decorate(call: Function) -> Function:
        call.__doc__ = _text(what, *parameters, set=set)
        return call

    return decorate


def _named(table: Mapping[int, str], name: str, value: Any) -> str:
    if not isinstance(value, int) or value not in table:
        constants = "INDEX_TYPE_*" if name == "index_type" else "INDEX_STRING and so on"
        raise param_error(
            f"{name} is invalid", f"got {shown(value)}; aerospike.{constants} are meant"
        )
    return table[value]


def _unless_default(index_type: str) -> str | None:
    return None if index_type == "DEFAULT" else index_type


def _wait_until_loaded(
    ns: str, name: str, policy: InfoPolicy | Options | None
) -> Call[None]:
    command = command_of("sindex-stat", namespace=ns, indexname=name)

    def ask(node: str, waited_s: float) -> Call[Progress]:
        try:
            reply: str = yield Info(command, policy, node)
        except exception.IndexNotFound:
            if waited_s <= _UNTIL_IT_APPEARS_S:
                return BEGUN
            raise made(
                exception.IndexNotFound,
                201,
                f"index {name} did not appear on node {node}",
                in_doubt=True,
            ) from None
        found = entries_of(reply.partition("\t")[2], ";")
        percent, entries = (
            int(text) if (text := found.get(name, "")).isdecimal() else 0
            for name in ("load_pct", "entries")
        )
        return percent, entries

    yield from wait_for_nodes(f"index {name} does not load", ask)


def _create(
    ns: Any,
    set: Any,
    name: Any,
    policy: InfoPolicy | Options | None,
    **entries: str | None,
) -> Call[int]:
    command = command_of(
        "sindex-create",
        namespace=text_of("ns", ns),
        set=None if set is None else text_of("set", set),
        indexname=text_of("name", name),
        **entries,
    )
    try:
        yield Info(command, policy)
        yield from _wait_until_loaded(ns, name, policy)
    except exception.AerospikeError as error:
        explain_index(error, ns, name, entries.get("bin"))
        raise
    return 0


def _create_on_bin(
    ns: Any,
    set: Any,
    bin: Any,
    name: Any,
    policy: InfoPolicy | Options | None,
    datatype: str,
    index_type: str = "DEFAULT",
    ctx: Any = None,
) -> Call[int]:
    return _create(
        ns,
        set,
        name,
        policy,
        context=None if ctx is None else context_base64(ctx),
        indextype=_unless_default(index_type),
        bin=text_of("bin", bin_text(bin)),
        type=datatype,
    )


# --- on a bin ---


class _Made:
    """A call that is an object, and has what tools look for in a function."""

    __globals__ = globals()

    def __init__(self, name: str, text: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__doc__ = text
        self.__annotations__ = type(self).__call__.__annotations__


class _OnBin(_Made):
    """A call that creates indexes on bins that hold values of one type."""

    def __init__(self, name: str, datatype: str, what: str) -> None:
        super().__init__(name, _text(f"on a bin that holds {what}"))
        self._datatype = datatype

    @also_called("index_name", "name")
    @named("Client.index_..._create")
    def __call__(
        self,
        ns: str,
        set: str | None,
        bin: str | bytearray,
        name: str,
        policy: InfoPolicy | Options | None = None,
    ) -> Call[int]:
        return _create_on_bin(ns, set, bin, name, policy, self._datatype)


class _OnCollection(_Made):
    """A call that creates indexes on what collections contain, or on a value inside."""

    def __init__(self, name: str, index_type: str, what: str) -> None:
        text = _text(
            f"on {what}",
            ":param index_datatype: an INDEX_* value.",
            ":param ctx: list of levels that lead to a place inside the bin, or None.",
        )
        super().__init__(name, text)
        self._index_type = index_type

    @also_called("index_name", "name")
    @named("Client.index_..._create")
    def __call__(
        self,
        ns: str,
        set: str | None,
        bin: str | bytearray,
        index_datatype: int,
        name: str,
        policy: InfoPolicy | Options | None = None,
        ctx: list[Any] | None = None,
    ) -> Call[int]:
        datatype = _named(_DATATYPES, "index_datatype", index_datatype)
        return _create_on_bin(
            ns, set, bin, name, policy, datatype, self._index_type, ctx
        )


index_integer_create = _OnBin("index_integer_create", "NUMERIC", "integers")
index_string_create = _OnBin("index_string_create", "STRING", "strings")
index_blob_create = _OnBin("index_blob_create", "BLOB", "blobs")
index_geo2dsphere_create = _OnBin("index_geo2dsphere_create", "GEO2DSPHERE", "GeoJSON")

index_single_value_create = _OnCollection(
    "index_single_value_create", "DEFAULT", "a bin that holds values of a type"
)
index_list_create = _OnCollection("index_list_create", "LIST", "the elements of lists")
index_map_keys_create = _OnCollection(
    "index_map_keys_create", "MAPKEYS", "the keys of maps"
)
index_map_values_create = _OnCollection(
    "index_map_values_create", "MAPVALUES", "the values of maps"
)


@_has_text(
    "on a place inside lists and maps",
    ":param index_type: an INDEX_TYPE_* value.",
    ":param index_datatype: an INDEX_* value.",
    ":param ctx: list of levels that lead to the place.",
)
def index_cdt_create(
    ns: str,
    set: str | None,
    bin: str | bytearray,
    index_type: int,
    index_datatype: int,
    name: str,
    ctx: list[Any],
    policy: InfoPolicy | Options | None = None,
) -> Call[int]:
    if ctx is None:
        raise param_error("ctx must be a list of levels", "got None")
    return _create_on_bin(
        ns,
        set,
        bin,
        name,
        policy,
        _named(_DATATYPES, "index_datatype", index_datatype),
        _named(_INDEX_TYPES, "index_type", index_type),
        ctx,
    )


# --- others ---


@_has_text(
    "on the value of an expression (servers from 8.1)",
    ":param index_type: an INDEX_TYPE_* value.",
    ":param index_datatype: an INDEX_* value.",
    ":param expressions: what compile() of an expression gives.",
)
def index_expr_create(
    ns: str,
    set: str | None,
    index_type: int,
    index_datatype: int,
    expressions: CompiledExpression,
    name: str,
    policy: InfoPolicy | Options | None = None,
) -> Call[int]:
    kind = _named(_INDEX_TYPES, "index_type", index_type)
    return _create(
        ns,
        set,
        name,
        policy,
        exp=expression_base64(expressions),
        indextype=_unless_default(kind),
        type=_named(_DATATYPES, "index_datatype", index_datatype),
    )


@_has_text("of all records of a set", set="str; which of the sets of the namespace.")
def index_set_create(
    ns: str, set: str, name: str, policy: InfoPolicy | Options | None = None
) -> Call[int]:
    return _create(ns, text_of("set", set), name, policy, indextype="SET")


@also_called("index_name", "name")
def index_remove(
    ns: str, name: str, policy: InfoPolicy | Options | None = None
) -> Call[int]:
    """Remove an index, and wait until it is gone. Returns 0, also if there was none.

    :raises TimeoutError: for 60 s it went from no node, or one gave no answer.
    """
    name = text_of("name", name)
    where = {"namespace": text_of("ns", ns), "indexname": name}
    yield Info(command_of("sindex-delete", **where), policy)
    command = command_of("sindex-exists", **where)

    def ask(node: str, _waited_s: float) -> Call[Progress]:
        try:
            reply: str = yield Info(command, policy, node)
        except exception.NamespaceNotFound:
            return DONE
        return BEGUN if reply.partition("\t")[2].strip() == "true" else DONE

    yield from wait_for_nodes(f"index {name} is not removed", ask)
    return 0
