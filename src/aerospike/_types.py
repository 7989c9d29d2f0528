"""Value types of the client: what has no counterpart among Python's own."""

from __future__ import annotations

from aerospike._errors import client_error, param_error
from aerospike._interrupts import comes_out

# typing and json are slow; the first client imports json for all calls
TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any

    _Dict = dict[Any, Any]
    _List = list[Any]
else:
    _Dict, _List = dict, list


class null:  # the name that applications use
    """A value that stands for "no value on the server": stored, it removes the bin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments, as the older client's null did."""

    def __repr__(self) -> str:
        return "aerospike.null()"


class CDTWildcard:
    """A value that equals every other in arguments of list and map operations."""

    def __repr__(self) -> str:
        return "aerospike.CDTWildcard()"


class CDTInfinite:
    """A value that is above every other in arguments of list and map operations."""

    def __repr__(self) -> str:
        return "aerospike.CDTInfinite()"


class KeyOrderedDict(_Dict):
    """A dict that is stored as a map sorted by key.

    Here it keeps the order of insertion, like any dict; what is read back comes in
    the order of the keys.
    """


class ConfigProvider:
    """A file with settings, which a client reads again and again while it lives.

    Give it to a client as ``config_provider`` in its configuration. Nothing is read
    before that.

    :param path: str or pathlib.Path: a file in JSON or TOML if its name ends in
        ``.json`` or ``.toml``, and else in YAML (which needs the extra
        ``aerospike[yaml]``). ``file:///...`` is a path, too.
    :param interval: milliseconds from one look at the file to the next; less than 100
        counts as 100.
    :raises TypeError: an argument is of another type.
    :raises ValueError: interval is not from 0 to 2**32 - 1.
    """

    __slots__ = ("_interval", "_path")

    def __init__(self, path: str | PathLike[str], interval: int = 5000) -> None:
        path = path.__fspath__() if hasattr(path, "__fspath__") else path
        for name, value, kind in (("path", path, str), ("interval", interval, int)):
            if not isinstance(value, kind):
                given = type(value).__name__
                raise TypeError(f"{name} must be of {kind.__name__}, not {given}")
        if not 0 <= interval < 1 << 32:
            raise ValueError(f"interval is {interval}, not from 0 to 2**32 - 1")
        self._path: str = path
        self._interval = interval

    @property
    def path(self) -> str:
        """Return the path of the file."""
        return self._path

    @property
    def interval(self) -> int:
        """Return the milliseconds from one look at the file to the next."""
        return self._interval

    def __repr__(self) -> str:
        return f"aerospike.ConfigProvider({self._path!r}, interval={self._interval})"


ConfigProvider.__module__ = "aerospike"  # where applications import it from


class GeoJSON:
    """A GeoJSON value.

    :param geo_data: a dict, kept as it is, or its JSON text.
    :raises ParamError: neither of these, or a text that is no JSON object.
    :raises ClientError: a text that is no JSON.

    Whether it is a shape that the server indexes is for the server to say:
    `InvalidGeoJSON` when it is written.
    """

    __slots__ = ("_data",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "geo_data" in kwargs and len(kwargs) == 1 and not args:
            args = (kwargs["geo_data"],)
        elif kwargs or len(args) != 1:
            raise param_error("GeoJSON() expects exactly 1 parameter")
        if isinstance(args[0], str):
            self.loads(args[0])
        else:
            self.wrap(args[0])

    @property
    def geo_data(self) -> dict[str, Any]:
        """Return the value as a dict: the very one that was wrapped."""
        return self._data

    @geo_data.setter
    def geo_data(self, value: dict[str, Any]) -> None:
        self.wrap(value)

    def wrap(self, geo_data: Any) -> int:
        """Replace the value by a dict. Returns 0."""
        if not isinstance(geo_data, dict):
            raise param_error(
                "Geospatial data should be a dictionary or raw GeoJSON string",
                f"got {type(geo_data).__name__}",
            )
        self._data = geo_data
        return 0

    def unwrap(self) -> dict[str, Any]:
        """Return the value as a dict."""
        return self._data

    def loads(self, raw_geo: Any) -> int:
        """Replace the value by that of a JSON text. Returns 0."""
        if not isinstance(raw_geo, str):
            raise param_error(
                "Argument should be a GeoJSON string", f"got {type(raw_geo).__name__}"
            )
        import json

        try:
            value = json.loads(raw_geo)
        except (ValueError, RecursionError) as e:
            if comes_out(e):
                raise
            raise client_error(
                "String is not GeoJSON serializable -> Unable to load GeoJSON",
                f"it is no JSON: {e}",
            ) from e
        return self.wrap(value)

    def dumps(self) -> str:
        """Return the value as JSON text. Raises ClientError when it has none."""
        import json

        try:
            return json.dumps(self._data)
        except (TypeError, ValueError, RecursionError) as e:
            if comes_out(e):
                raise
            raise client_error(
                "Unable to call dumps function", f"the value has no JSON: {e}"
            ) from e

    def __str__(self) -> str:
        return self.dumps()

    def __repr__(self) -> str:
        return repr(self.dumps())

    def __eq__(self, other: object) -> bool:
        return self._data == other._data if isinstance(other, GeoJSON) else False

    def __hash__(self) -> int:
        self.dumps()  # what has no JSON has no hash either
        return _hash_of(self._data, _HASHED_LEVELS)


# what servers know as GeoJSON has six levels at most
_HASHED_LEVELS = 8


def _hash_of(value: Any, levels: int) -> int:
    """Return one hash for equal values, such as 1 and True, by their outer levels."""
    if levels == 0:
        return 0
    if isinstance(value, dict):
        items = value.items()
        return hash(frozenset((key, _hash_of(item, levels - 1)) for key, item in items))
    if isinstance(value, (list, tuple)):
        return hash(tuple(_hash_of(item, levels - 1) for item in value))
    return hash(value)


class HyperLogLog(bytes):
    """The bytes of a HyperLogLog: what HLL bins read as, and what writes one back."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"HyperLogLog({bytes(self)!r})"

    __str__ = __repr__


HyperLogLog.__module__ = "aerospike_helpers"  # where applications import it from


class Expression:
    """A node of an expression; the classes are in `aerospike_helpers.expressions`.

    `_args` are its arguments, in the order of `_fields`; `_form` says how they are
    packed (src/aerospike/_core/expressions/form.h).
    """

    __slots__ = ("_args",)

    _fields: tuple[str, ...] = ()
    _form: bytes = b""
    _args: tuple[Any, ...]

    def _rows(self) -> _List:
        raise NotImplementedError


class CompiledExpression(_List):
    """What ``compile()`` of an expression returns: sent as it is, any number of times.

    :ivar wire: the bytes that are sent; None when they are made at each use, because
        the tree has a constant for the client's serializer, or a mistake, which the
        call that uses it tells.

    The items of the list are there for people to look at: a tuple (code, type,
    parameters, number of operands) for each node.
    """

    __slots__ = ("_is_seen", "_tree", "wire")

    def __init__(self, tree: Expression | _List, wire: bytes | None) -> None:
        super().__init__()
        self._tree: Expression | _List | None = tree
        self._is_seen = False
        self.wire = wire

    def _seen(self) -> _List:
        """Return the list, which is filled when somebody first looks at it."""
        tree = self._tree
        if tree is not None and not self._is_seen:
            rows = tree._rows() if isinstance(tree, Expression) else tree
            super().__setitem__(slice(None), rows)
            self._is_seen = True
            if self.wire is not None:
                self._tree = None
        return self

    def __len__(self) -> int:
        return list.__len__(self._seen())

    def __iter__(self) -> Any:
        return list.__iter__(self._seen())

    def __getitem__(self, index: Any) -> Any:
        return list.__getitem__(self._seen(), index)

    def __repr__(self) -> str:
        return list.__repr__(self._seen())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CompiledExpression) and (self.wire or other.wire):
            return self.wire == other.wire
        return list.__eq__(self._seen(), other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __contains__(self, row: object) -> bool:
        return list.__contains__(self._seen(), row)

    __hash__ = None

    def __reduce__(self) -> Any:
        return type(self), (self._tree if self.wire is None else list(self), self.wire)

    def __copy__(self) -> CompiledExpression:
        return self

    def __deepcopy__(self, _memo: Any) -> CompiledExpression:
        return self


def geodata(geo_data: Any) -> GeoJSON:
    """Make a GeoJSON from a dict. Raises ParamError for anything else."""
    if not isinstance(geo_data, dict):
        raise param_error(
            "The geospatial data should be a dictionary",
            f"got {type(geo_data).__name__}",
        )
    return GeoJSON(geo_data)


def geojson(geojson_str: Any) -> GeoJSON:
    """Make a GeoJSON from its text.

    Raises ParamError when it is not a str, ClientError when it is no JSON.
    """
    if not isinstance(geojson_str, str):
        raise param_error(
            "The geospatial data should be a GeoJSON string",
            f"got {type(geojson_str).__name__}",
        )
    return GeoJSON(geojson_str)
