"""Queries and scans: what is asked for, in Python; records come from the extension."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from aerospike import exception
from aerospike import predicates as _predicates
from aerospike._calls.signatures import goes_by_its_name
from aerospike._core import Tracker, pack_expression
from aerospike._errors import client_error, param_error, shown
from aerospike._hints import (
    Operation,
    Options,
    QueryOptions,
    QueryPolicy,
    Record,
    ScanOptions,
    ScanPolicy,
    Self,
    Stream,
)
from aerospike._imports import whole
from aerospike._names import bin_text
from aerospike._partitions import (
    N_PARTITIONS,
    filter_of,
    new_tracker,
    range_of,
    range_of_percent,
)
from aerospike._report import unknown_key
from aerospike._types import CompiledExpression, Expression, GeoJSON

# older options of scans that have no meaning on living servers
_FORGOTTEN_OPTIONS = {"priority", "include_ldt"}
_QUERY_OPTIONS = ["nobins"]
_SCAN_OPTIONS = ["nobins", "concurrent", "percent"]


def check_text(what: str, text: str) -> None:
    """Raise ParamError when UTF-8 cannot hold the text, which has lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise param_error(
            f"the {what} has characters that UTF-8 lacks: {text!r}"
        ) from None


def check_names(namespace: str, set: str) -> None:
    """Raise ParamError when no namespace or set can have such a name."""
    for what, name in (("namespace", namespace), ("set", set)):
        check_text(what, name)
        if "\0" in name:
            raise param_error(f"the {what} contains a NUL: {name!r}")


def check_whole(policy: Options | None, paginates: bool = False) -> None:
    """Raise ParamError when background work should change a part of the records."""
    if paginates or filter_of(policy) is not None:
        raise param_error(
            "background work changes every record: it has neither pages nor a "
            "partition_filter"
        )


def callback_error(why: str) -> exception.AerospikeError:
    """What foreach() raises because of its callback."""
    return client_error("Callback function contains an error", why)


def check_callback(callback: object) -> None:
    """Raise ClientError when it cannot be called."""
    if not callable(callback):
        raise callback_error(f"{type(callback).__name__} is not callable")


class _Number:
    """An attribute that is an int below `end`; negative values count as 0.

    `text` says what it means: the docstring that users see.
    """

    def __init__(self, end: int, text: str) -> None:
        self.end = end
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.slot = "_" + name

    def __get__(self, query: Any, owner: type | None = None) -> Any:
        return self if query is None else getattr(query, self.slot)

    def __set__(self, query: Any, value: int) -> None:
        if not isinstance(value, int):
            raise TypeError(
                f"{self.slot[1:]} must be an int, not {type(value).__name__}"
            )
        if not -(2**63) <= value < self.end:
            raise OverflowError(f"{self.slot[1:]} is too large")
        setattr(query, self.slot, value)


class Asked:
    """What is asked for, as all queries and scans have it.

    Setting any other attribute, for example a misspelt one, raises AttributeError.
    """

    __slots__ = (
        "__weakref__",
        "_bins",
        "_client",
        "_function",
        "_max_records",
        "_namespace",
        "_ops",
        "_paginates",
        "_records_per_second",
        "_set",
        "_tracked",
        "_tracker",
        "_ttl",
        "_where",
    )

    _is_scan: bool
    _selects_once: bool
    _cannot_combine: str  # what is said of a query with a function and operations
    _client: Any  # aerospike.Client or AsyncClient
    _namespace: str
    _set: str  # "": all sets
    _bins: tuple[str, ...] | None
    _ops: list[Any] | None
    _function: tuple[str, str, list[Any]] | None  # module, function, arguments
    _where: dict[str, Any]
    _tracker: Tracker | None  # of the readings that go on where the last one ended
    _tracked: tuple[int, int, str | None]  # begin, count and node of those
    _paginates: bool

    max_records = _Number(
        2**63,
        """int, the largest number of records that one call gives. 0, the default: all.

        The client divides the number among the nodes. So a call may give fewer records
        than there are.
        """,
    )
    records_per_second = _Number(
        2**32,
        """int, the largest number of records that each node reads in a second. 0, the
        default: no limit.
        """,
    )
    ttl = _Number(
        2**32,
        """int, the time to live, in seconds, that background work gives to the records.
        0, the default: that of the namespace on the server.

        It can also be TTL_NEVER_EXPIRE or TTL_DONT_UPDATE. Negative values count as 0.
        """,
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        name = type(self).__name__
        raise TypeError(f"{name} objects are made by client.{name.lower()}()")

    @classmethod
    def _of(cls, client: Any, namespace: str, set: str | None) -> Self:
        if not isinstance(namespace, str):
            raise param_error(
                "Namespace should be a string", f"got {type(namespace).__name__}"
            )
        if not (set is None or isinstance(set, str)):
            raise param_error(
                "Set should be string, unicode or None", f"got {type(set).__name__}"
            )
        check_names(namespace, set or "")
        self = cls.__new__(cls)
        self._client = client
        self._namespace = namespace
        self._set = set or ""
        self._bins = None
        self._ops = None
        self._function = None
        self._where = {}
        self._tracker = None
        self._tracked = (0, N_PARTITIONS, None)
        self._paginates = False
        self.max_records = self.records_per_second = self.ttl = 0
        return self

    def __repr__(self) -> str:
        shown = f"<aerospike.{type(self).__name__} of {self._namespace!r}"
        shown += f", set {self._set!r}" if self._set else ""
        shown += f", bins {', '.join(map(repr, self._bins))}" if self._bins else ""
        shown += f", {len(self._ops)} operations" if self._ops else ""
        if self._function is not None:
            shown += f", function {self._function[1]!r} of {self._function[0]!r}"
        predicate = self._where.get("predicate")
        return shown + (f", where {predicate!r}>" if predicate else ">")

    # --- what is asked for ---

    def select(self, *bins: str | bytearray) -> Self:
        """Read only these bins. Returns the query itself.

        :raises ParamError: a name is not a str.
        :raises ClientError: called a second time on a query.
        """
        names: tuple[Any, ...] = tuple(map(bin_text, bins))
        for name in names:
            if not isinstance(name, str):
                raise param_error(
                    "Bin name should be of type string", f"got {type(name).__name__}"
                )
        if self._bins is not None and self._selects_once:
            raise client_error(
                "Query.select() cannot be called more than once on the same instance."
            )
        if names:
            self._bins = names
        return self

    def add_ops(self, ops: list[Operation]) -> Self:
        """Set the operations to carry out on each record. Returns the query itself.

        Operations that write are for execute_background(). With operations that read
        (on lists, maps, expressions, ...), results(), foreach() and loops give records
        whose bins are the results of these operations. Servers before 8.1.2 refuse all
        operations except reads of whole bins.

        :param ops: list of operation dicts, of the modules in aerospike_helpers.
        :raises ParamError: an item is not a dict.
        """
        if not isinstance(ops, list):
            raise client_error(
                "Ops must be list.",
                f"a list of operation dicts is expected, got {type(ops).__name__}",
            )
        for place, op in enumerate(ops):
            if not isinstance(op, dict):
                raise param_error(
                    "Failed to convert ops.",
                    f"operation {place} is a {type(op).__name__}, not a dict",
                )
        self._ops = ops
        return self

    def apply(
        self,
        module: str,
        function: str,
        arguments: list[Any] | tuple[Any, ...] | None = None,
        policy: Options | None = None,
    ) -> Self:
        """Set the function in Lua that gets the records. Returns the query itself.

        A function on a stream is for results(), foreach(), stream() and loops. These
        then give the values that the function makes of all records, in place of the
        records. The function runs on the nodes and, from its first reduce on, in the
        client. The client needs the package lupa (`pip install "aerospike[lua]"`) for
        it, and the file of the module in the folder lua.user_path, to which udf_put()
        copies it. A function on a record is for execute_background().

        :param module: the name of its file without ".lua"; see client.udf_put().
        :param function: the name of the function.
        :param arguments: list of the arguments that the function gets after the stream
            or the record.
        :param policy: is ignored; programs for the 2.x line pass one.
        :raises ClientError: a name is not a str, or an argument cannot be sent.
        """
        for what, name in (("module", module), ("function", function)):
            if not isinstance(name, str):
                raise client_error(
                    f"udf {what} argument must be a string or unicode string",
                    f"got {type(name).__name__}",
                )
        if arguments is not None and not isinstance(arguments, list | tuple):
            raise client_error(
                "udf function arguments must be enclosed in a list",
                f"got {type(arguments).__name__}: write [value], or [] for none",
            )
        taken = [*(arguments or ())]
        check_arguments(taken)
        # without what a subclass of str does otherwise: the names are kept for others
        names = str.__str__(module), str.__str__(function)
        self._function = *names, taken
        return self

    # --- the stream ---

    def _open(
        self,
        policy: Options | None,
        options: Options | None,
        plain: bool = False,
        lends: bool = False,
        node: str | None = None,
    ) -> Any:
        """A stream of the records: a Stream, or an AsyncStream of an AsyncClient.

        :param plain: records without their partitions, despite a partition filter.
        :param lends: a record counts as read when the next is asked for, not at once.
        """
        if self._function is not None and self._function[1]:
            return self._values(self._function_spec(policy, options, node), policy)
        partition_filter = filter_of(policy)
        spec = self._spec(options)
        if node is not None:
            spec["node"] = node
        parts = partition_filter or {}
        tracked = (*self._range(parts, options), node)
        tracker = self._tracker_for(tracked, parts)
        with_partition = partition_filter is not None and not plain
        stream = self._client._stream(
            self._is_scan, spec, policy, tracker, with_partition, lends
        )
        if self._paginates or partition_filter is not None:
            self._tracker, self._tracked = tracker, tracked
        return stream

    def _values(self, spec: dict[str, Any], policy: Options | None) -> Any:
        """What the function makes of the records, as a stream."""
        raise NotImplementedError

    def _function_spec(
        self, policy: Options | None, options: Options | None, node: str | None
    ) -> dict[str, Any]:
        """What is asked for with a function."""
        spec = {**self._spec(options), "node": node}
        if self._ops:
            raise param_error(
                self._cannot_combine, "apply() and add_ops() exclude each other"
            )
        is_part = filter_of(policy) is not None
        if is_part or self._range({}, options) != (0, N_PARTITIONS):
            raise param_error(
                "Aggregation or background queries cannot query by partition",
                "the function gets every record",
            )
        for is_given, what in (
            (self._paginates, "paginate()"),
            (spec["nobins"], "nobins"),
        ):
            if is_given:
                raise param_error(
                    f"{what} does not go together with a function",
                    "it gets every record with all bins",
                )
        return spec

    def _spec(self, options: Options | None) -> dict[str, Any]:
        module, function, arguments = self._function or (None, None, None)
        return {
            "ns": self._namespace,
            "set": self._set,
            "bins": self._bins,
            "ops": self._ops or None,
            "module": module,
            "function": function,
            "arguments": arguments,
            "max_records": max(self.max_records, 0),
            "records_per_second": max(self.records_per_second, 0),
            "nobins": self._nobins(options),
            **self._where,
        }

    def _nobins(self, options: Any) -> bool:
        if options is None:
            return False
        if not isinstance(options, Mapping):
            kind = "scan" if self._is_scan else "query"
            raise param_error(
                f"{kind} options must be a dictionary",
                f"got {type(options).__name__}",
            )
        self._check_options(options)
        value = options.get("nobins", False)
        if not isinstance(value, bool):
            raise param_error(
                "option nobins must be a bool", f"got {type(value).__name__}"
            )
        return value

    def _check_options(self, options: Mapping[str, Any]) -> None:
        """Whether other options than nobins may be there: others are warned of."""
        for name in options:
            if name not in _QUERY_OPTIONS and name not in _FORGOTTEN_OPTIONS:
                unknown_key("query option", name, _QUERY_OPTIONS, False)

    # --- partitions ---

    def _range(
        self, parts: Mapping[str, Any], options: Options | None
    ) -> tuple[int, int]:
        """The first partition, and how many."""
        return range_of(parts)

    def _tracker_for(
        self, tracked: tuple[int, int, str | None], parts: Mapping[str, Any]
    ) -> Tracker:
        """Where to begin: what the partition filter says, unless this goes on."""
        begins = {"digest", "partition_status"} & parts.keys()
        fresh = (
            new_tracker(*tracked[:2], parts)
            if self._tracker is None or begins
            else None
        )
        if self._tracker is None:
            assert fresh is not None
            return fresh
        if tracked != self._tracked:
            raise param_error(
                "Partition filter can not change between calls: begin, count and "
                f"nodename were {self._tracked}, and are {tracked}"
            )
        return self._tracker

    def paginate(self) -> None:
        """Make each call continue where the call before it ended, until is_done().

        A query also does so if every call gets a partition_filter.
        """
        self._paginates = True

    def is_done(self) -> bool:
        """True when all partitions have been read to their ends.

        A query without paginate() and partition_filter begins again with each call. Its
        is_done() is always False.
        """
        return self._tracker is not None and self._tracker.is_done()

    def get_partitions_status(self) -> dict[Any, Any]:
        """Return how far this query has read, for "partition_status" of a
        partition_filter.

        The status is {"done": bool, "retry": bool, partition: (partition, init, retry,
        digest, bval)}. It can be pickled, and another process can continue from it. It
        is {} before the first call, and always if the query has neither paginate() nor
        a partition_filter.

        A record counts as read when results() has returned it, or when a loop has
        received it. With foreach(), a record counts as read when the callback has
        returned, except if it returned False.

        :raises ClientError: another call is reading the query at this moment.
        """
        return {} if self._tracker is None else self._tracker.status()

    # --- background work ---

    def _background_spec(self, policy: Options | None) -> dict[str, Any]:
        """What is asked for in the background.

        :raises ParamError: that cannot be done there.
        """
        if not (self._ops or self._function):
            raise param_error(
                "Background function or ops is required",
                "apply() sets the function, add_ops() the operations that write",
            )
        if self._ops and self._function:
            raise param_error(
                self._cannot_combine, "apply() and add_ops() exclude each other"
            )
        check_whole(policy, self._paginates)
        return {**self._spec(None), "ttl": max(self.ttl, 0)}


class OfQuery(Asked):
    """What is particular about queries."""

    __slots__ = ()

    _is_scan = False
    _selects_once = True
    _cannot_combine = "Cannot combine query operations with aggregation"

    def where(self, predicate: Any, ctx: Any = None, *old_form: Any) -> Self:
        """Set the condition: a predicate of `aerospike.predicates`, which needs an
        index.

        `where(predicate, ctx=None)`, or in the forms of the 2.x line: `where(bin,
        "equals", value)`, `where(bin, "between", min, max)`, `where(bin, "contains",
        index_type, datatype, value)`, `where(bin, "range", index_type, datatype, min,
        max)`.

        :raises ParamError: it is not a predicate, or the query has one already.
        """
        if isinstance(predicate, str) and (old_form or ctx is not None):
            return self._set_where(_old_predicate(predicate, ctx, *old_form), None)
        if old_form:
            raise TypeError("where() takes a predicate and a ctx")
        return self._set_where(predicate, ctx)

    def where_with_index_name(self, index_name: str, predicate: Any) -> Self:
        """Set the condition, and name the index to use.

        The index says which bin is compared. So the bin of the predicate has no effect,
        and is usually None.
        """
        if not isinstance(index_name, str):
            raise TypeError(
                f"index_name must be a str, not {type(index_name).__name__}"
            )
        check_text("name of the index", index_name)
        return self._set_where(predicate, None, False, index_name=index_name)

    def where_with_expr(self, expr: Any, predicate: Any) -> Self:
        """Set the condition, and use the index on an expression.

        The expression says what is compared. So the bin of the predicate has no effect,
        and is usually None.

        :param expr: a compiled expression, or its get_expression_base64().
        """
        return self._set_where(predicate, None, False, index_expr=_wire_of(expr))

    def _set_where(
        self, predicate: Any, ctx: Any, has_bin: bool = True, **how: Any
    ) -> Self:
        predicate = predicate_of(predicate, has_bin)
        if self._where:
            raise param_error(
                "Failed to add predicate",
                "the query has a predicate, and takes only one; client.query() makes "
                "another query",
            )
        if not (ctx is None or isinstance(ctx, list)):
            raise param_error("ctx must be a list of levels", f"got {shown(ctx)}")
        for level in ctx or ():
            if not hasattr(level, "extra_args"):
                raise param_error(
                    "ctx is invalid",
                    f"{shown(level)} is not of aerospike_helpers.cdt_ctx",
                )
        self._where = {"predicate": predicate, "ctx": ctx, **how}
        return self


class OfScan(Asked):
    """What is particular about scans."""

    __slots__ = ()

    _is_scan = True
    _selects_once = False
    _cannot_combine = "Cannot combine scan operations with a UDF"

    def _node(self, name: str | None) -> str | None:
        if name is None:
            return None
        if not isinstance(name, str):
            raise param_error("nodename must be a string", f"got {type(name).__name__}")
        nodes = [node["node_name"] for node in self._client.get_node_names()]
        if name not in nodes:
            raise param_error(
                f"Invalid node name: {name}", f"the nodes are {', '.join(nodes)}"
            )
        return name

    def _check_options(self, options: Mapping[str, Any]) -> None:
        check_scan_options(options)

    def _range(
        self, parts: Mapping[str, Any], options: Options | None
    ) -> tuple[int, int]:
        if not options or "percent" not in options:
            return range_of(parts)
        if parts:
            raise param_error(
                "option percent does not go together with a partition_filter",
                '"count" of the partition_filter says how many partitions are read',
            )
        return range_of_percent(options["percent"])


class _Reads(Asked):
    """Reading in the calling thread; iterating reads the records as they come.

    Leaving a loop early frees the connections. One thread at a time may iterate.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Record]:
        stream: Stream = self._open(None, None)
        return stream

    def _collect(
        self, policy: Options | None, options: Options | None, **more: Any
    ) -> list[Any]:
        """All records. When that fails, none counts as read: nobody has seen any."""
        before = None if self._tracker is None else self._tracker.copy()
        stream: Stream = self._open(policy, options, plain=True, **more)
        try:
            return stream.collect()
        except BaseException:
            self._tracker = before
            raise

    def _call_with_each(
        self,
        callback: Callable[..., Any],
        policy: Options | None,
        options: Options | None,
        **more: Any,
    ) -> Any:
        check_callback(callback)
        stream = self._open(policy, options, lends=True, **more)
        takes_two = filter_of(policy) is not None
        with stream:
            for item in stream:
                try:
                    answer = callback(*item) if takes_two else callback(item)
                except Exception as cause:
                    raise callback_error(shown(cause, 500)) from cause
                if answer is False:
                    break

    def _values(self, spec: dict[str, Any], policy: Options | None) -> Any:
        aggregate = whole("aerospike._aggregate").aggregate
        return aggregate(self._client, self._is_scan, spec, policy)

    def execute_background(self, policy: Options | None = None) -> int:
        """Have all nodes carry out a function or operations on all records.

        The function of apply() gets each record; add_ops() sets operations. What a
        function returns is lost, and one that fails only leaves its record as it was.

        :param policy: dict of write (scan) policy keys.
        :return: the job's id, for client.job_info().
        :raises ParamError: there is neither a function nor operations, or there are
            both, or an operation reads; or a part of the records is asked for, by
            max_records, paginate() or a partition_filter.
        """
        spec = self._background_spec(policy)
        job: int = self._client._background(self._is_scan, spec, policy, None)
        return job


@goes_by_its_name
class Query(OfQuery, _Reads):
    """The records of a namespace or set that meet a condition; see `Client.query`."""

    __slots__ = ()

    def results(
        self,
        policy: QueryPolicy | Options | None = None,
        options: QueryOptions | Options | None = None,
    ) -> list[Record]:
        """Return all records, as a list of (key, meta, bins).

        With apply(), return all values that the function gives: `values: list[Any]`.

        :param policy: dict of query (scan) policy keys, with "partition_filter".
        :param options: dict; {"nobins": True} reads metadata only.
        :raises IndexNotFound: no index fits the predicate.
        :raises TimeoutError: total_timeout has passed. This also stops the client's
            part of a function in Lua.
        :raises UDFError: the function has failed, on a node or in the client; `detail`
            has the stack of Lua.
        :raises LuaFileNotFound: the module is not in lua.user_path.
        :raises UDFNotFound: the module has no such function.
        """
        return self._collect(policy, options)

    def stream(
        self,
        policy: QueryPolicy | Options | None = None,
        options: QueryOptions | Options | None = None,
    ) -> Stream:
        """Return an iterator of (key, meta, bins), which gives the records as they
        come.

        With apply(), it is an iterator of the values that the function gives. It keeps
        none of them. After an error, it cannot continue.

        The iterator is also a context manager. The end of the ``with`` block ends the
        query and frees its connections, as `close()` does. A record that the iterator
        has given counts as read.

        :param policy: dict of query policy keys, with "partition_filter".
        :param options: dict; {"nobins": True} reads metadata only.
        :raises IndexNotFound: no index fits the predicate. Like all errors of a node,
            it is raised when you ask for the next record.
        """
        stream: Stream = self._open(policy, options, plain=True)
        return stream

    def foreach(
        self,
        callback: Callable[..., Any],
        policy: QueryPolicy | Options | None = None,
        options: QueryOptions | Options | None = None,
    ) -> None:
        """Call a function with each record as it comes, in this thread.

        With apply(), call it with each value that the function in Lua gives.

        :param callback: takes the record, or with a partition_filter in the policy the
            partition and the record. If it returns False, the query ends. If this query
            continues later, or another query continues from its status, it begins with
            that record.
        :raises ClientError: the callback raised an exception, which is the __cause__.
        """
        called: None = self._call_with_each(callback, policy, options)
        return called


@goes_by_its_name
class Scan(OfScan, _Reads):
    """All records of a namespace or set; see `Client.scan`. This is the older form of a
    Query without a condition.
    """

    __slots__ = ()

    def results(
        self,
        policy: ScanPolicy | Options | None = None,
        nodename: str | None = None,
        options: ScanOptions | Options | None = None,
    ) -> list[Record]:
        """Return all records, as a list of (key, meta, bins).

        With apply(), return all values that the function gives, as with
        `Query.results`.

        :param policy: dict of scan policy keys.
        :param nodename: read only the records of which this node is the master.
        """
        return self._collect(policy, options, node=self._node(nodename))

    def stream(
        self,
        policy: ScanPolicy | Options | None = None,
        options: ScanOptions | Options | None = None,
        nodename: str | None = None,
    ) -> Stream:
        """As `Query.stream`. nodename: read only the records of which this node is the
        master.
        """
        node = self._node(nodename)
        stream: Stream = self._open(policy, options, plain=True, node=node)
        return stream

    def foreach(
        self,
        callback: Callable[..., Any],
        policy: ScanPolicy | Options | None = None,
        options: ScanOptions | Options | None = None,
        nodename: str | None = None,
    ) -> None:
        """As `Query.foreach`. nodename: read only the records of which this node is the
        master.
        """
        if not isinstance(options, Mapping):
            options = None  # other clients pass over it
        node = self._node(nodename)
        called: None = self._call_with_each(callback, policy, options, node=node)
        return called


# --- functions ---

# what scripts know; values of other types would be pickled, which none can read
_FOR_SCRIPTS = (str, bytes, bytearray, int, float, GeoJSON, type(None))


def check_arguments(arguments: list[Any]) -> None:
    """Raise ClientError when a function can make nothing of an argument."""
    left: list[list[Any] | dict[Any, Any]] = [arguments]
    seen = {id(arguments)}
    for container in left:  # which grows: this goes no deeper, however deep they are
        values = container.values() if isinstance(container, dict) else ()
        for item in [*container, *values]:
            if isinstance(item, list | dict):
                if id(item) not in seen:
                    left.append(item)
                    seen.add(id(item))
            elif not isinstance(item, _FOR_SCRIPTS):
                raise client_error(
                    "udf function argument type must be supported by Aerospike",
                    f"got {shown(item)}",
                )


# --- options of scans ---


def check_scan_options(
    options: Mapping[str, Any], known: Collection[str] = _SCAN_OPTIONS
) -> None:
    """Raise ParamError when an option is not known, or concurrent is no bool."""
    for name, value in options.items():
        if name == "concurrent" and not isinstance(value, bool):
            raise param_error(
                "option concurrent must be a bool", f"got {type(value).__name__}"
            )
        if name not in known and name not in _FORGOTTEN_OPTIONS:
            raise param_error(
                f"Invalid value for scan options: {shown(name)}",
                f"the options are {', '.join(known)}",
            )


# --- conditions ---


def _what_it_is(predicate: Any) -> str:
    """What to say of something that is no predicate."""
    wanted = "predicates come from aerospike.predicates"
    if isinstance(predicate, Expression | CompiledExpression):
        return f'{wanted}; an expression goes to the policy, as "expressions"'
    if predicate is None:
        return (
            f"{wanted}; got None, which they give when a value is of a type that no "
            "index holds, such as float"
        )
    return (
        f"{wanted}, got {shown(predicate)}; a condition on bins that have no index is "
        'an expression, which goes to the policy, as "expressions"'
    )


# of the 2.x line: name -> its function, and whether a datatype comes before the value
_OLD_PREDICATES: dict[str, tuple[Callable[..., Any], bool]] = {
    "equals": (_predicates.equals, False),
    "between": (_predicates.between, False),
    "contains": (_predicates.contains, True),
    "range": (_predicates.range, True),
}


_LARGEST_DATATYPE = 4  # INDEX_NUMERIC
_INTEGERS = (1, 4)  # INDEX_INTEGER, INDEX_NUMERIC


def predicate_of(found: Any, has_bin: bool = True) -> tuple[Any, ...]:
    """A predicate as it is sent. ParamError when it is none.

    :param has_bin: False: the name of an index stands for it.
    """
    if not _is_predicate(found):
        raise param_error("predicate is invalid.", _what_it_is(found))
    bin = bin_text(found[2]) if has_bin else None
    if has_bin and not isinstance(bin, str):
        raise param_error(
            "predicate is invalid.", f"the bin must be a str, got {shown(bin)}"
        )
    return (*found[:2], bin, *found[3:])


def _is_predicate(found: Any) -> bool:
    """Whether it is built like what `aerospike.predicates` makes."""
    if not isinstance(found, tuple) or len(found) < 4:
        return False
    numbers = (*found[:2], *found[5:6])
    if not all(isinstance(number, int) for number in numbers):
        return False
    kind, datatype = found[:2]
    if kind not in (0, 1) or not 0 <= datatype <= _LARGEST_DATATYPE:
        return False
    return kind == 0 or datatype not in _INTEGERS or len(found) > 4


def _old_predicate(*args: Any) -> Any:
    """`where(bin, name, ...)`."""
    if len(args) < 3 or not isinstance(args[1], str) or args[1] not in _OLD_PREDICATES:
        raise param_error(
            "predicate is invalid.",
            f"where(bin, name, value, ...) knows {', '.join(_OLD_PREDICATES)}; "
            f"got {shown(args[1])}",
        )
    make, has_datatype = _OLD_PREDICATES[args[1]]
    rest = [*args[2:3], *args[4:]] if has_datatype else args[2:]
    return make(args[0], *rest)


def _wire_of(expr: Any) -> bytes:
    if isinstance(expr, CompiledExpression):
        return pack_expression(expr) if expr.wire is None else expr.wire
    if not isinstance(expr, str):
        raise param_error(
            "expr must be a compiled expression or its base64 text",
            f"got {type(expr).__name__}; call .compile() on the expression",
        )
    try:
        return base64.b64decode(expr, validate=True)
    except ValueError:
        raise param_error("expr is no base64 text", f"got {shown(expr)}") from None
