"""Records from a file of JSON into a cluster, and from the cluster into such a file.

A file has objects one after another, or an array of them, each of one record:

    {"set": "users", "key": "ada", "bins": {"name": "Ada", "age": 36}, "ttl": 3600}

What JSON cannot say is an object with one or two keys that begin with "$": see `FORMS`.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import math
import os
import re
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from aerospike_devserver.codec.message import (
    MAX_BIN_NAME,
    RESULT_OFFSET,
    Field,
    Info2,
    Info3,
    Message,
    Op,
    Operation,
)
from aerospike_devserver.codec.msgpack import MAX_DEPTH, MsgpackError
from aerospike_devserver.codec.particle import (
    check_keys,
    dump,
    key_order,
    load,
    store,
)
from aerospike_devserver.config import MAX_TTL_S
from aerospike_devserver.handlers.record import record as commands
from aerospike_devserver.handlers.record.command import MAX_SET_NAME
from aerospike_devserver.handlers.record.written import TTL_NEVER
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.storage.namespace import Namespace
from aerospike_devserver.storage.record import MAX_BINS, MAX_GENERATION, Record
from aerospike_devserver.storage.state import ClusterState
from aerospike_devserver.values.particle import BLOBS, Particle
from aerospike_devserver.values.ripemd160 import ripemd160
from aerospike_devserver.values.values import (
    ALLOWANCE,
    KV_ORDERED,
    ORDERED,
    ListValue,
    MapValue,
    Value,
    is_sorted,
    order_key,
)

Source: TypeAlias = str | os.PathLike[str] | Iterable[Mapping[str, Any]]
"""A file, a folder with files, or records as dictionaries."""

SUFFIXES = (".json", ".jsonl")
"""Ends of the names of the files that a folder is read for."""

FIELDS = ("namespace", "set", "key", "digest", "bins", "ttl", "generation")
_DIGEST = re.compile("[0-9a-fA-F]{40}")
NEVER = -1
_INT64 = range(-(1 << 63), 1 << 63)
_INT64_DIGITS = 20


class SeedError(ValueError):
    """A record cannot be loaded. The text says where the record is.

    :ivar file: the name of the file; "" if the records came from the program.
    :ivar line: the line in which the record begins, or its number, counted from 1.
    :ivar field: the field that is wrong, such as "bins.tags[2]"; "" = all of it.
    """

    def __init__(self, file: str, line: int, field: str, text: str) -> None:
        place = f"{file}:{line}" if file else f"record {line}"
        super().__init__(f"{place}: {field}: {text}" if field else f"{place}: {text}")
        self.file = file
        self.line = line
        self.field = field


class _Wrong(Exception):
    """A field is wrong; whoever knows the place makes a SeedError of it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


# From JSON: where each record stands


class _Read(NamedTuple):
    """A record as it was read, and where it begins."""

    file: str
    line: int
    record: object


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _Wrong("", f"{name!r} stands there twice")
        made[name] = value
    return made


def _int(text: str) -> int:
    if len(text) > _INT64_DIGITS:  # int() refuses some thousands by itself
        raise _Wrong("", "an integer has 64 bits at most")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Wrong("", f'{text} is too large: write {{"$float": "inf"}}')
    return value


def _no_constant(name: str) -> None:
    raise _Wrong("", f'{name} is no JSON: write {{"$float": "{name.lower()}"}}')


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_doubles,
    parse_int=_int,
    parse_float=_float,
    parse_constant=_no_constant,
)
_BETWEEN = re.compile(r"[ \t\r\n,]*")
"""What may stand between two records."""


def _text_of(path: Path) -> str:
    """The text of a file; SeedError, or OSError with the file's name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise SeedError(str(path), line, "", "that is not UTF-8") from error


class _Text:
    """The text of a file, from the record at which the reader is."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._at = 0
        self.line = 1

    def error(self, line: int, text: str) -> SeedError:
        return SeedError(self._name, line, "", text)

    def _go_to(self, at: int) -> None:
        self.line += self._text.count("\n", self._at, at)
        self._at = at

    def skip(self, bracket: str = "") -> bool:
        """Go to what comes next. Is it a bracket? Then behind that."""
        between = _BETWEEN.match(self._text, self._at)
        assert between is not None  # the pattern also matches nothing at all
        at = between.end()
        is_there = bracket != "" and self._text[at : at + 1] == bracket
        self._go_to(at + is_there)
        return is_there

    @property
    def is_over(self) -> bool:
        return self._at == len(self._text)

    def take(self) -> object:
        """Read what stands here, and go behind that; SeedError."""
        try:
            taken, end = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise self.error(error.lineno, f"no JSON: {error.msg}") from error
        except _Wrong as wrong:
            raise self.error(self.line, wrong.text) from wrong
        except RecursionError as error:
            raise self.error(self.line, "it is nested too deep") from error
        self._go_to(end)
        return taken


def _read_file(path: Path) -> Iterator[_Read]:
    """The records of a file, one after another or in an array; SeedError."""
    name = str(path)
    text = _Text(name, _text_of(path))
    is_array, is_closed = text.skip("["), False
    while True:
        is_closed = is_closed or (is_array and text.skip("]"))
        text.skip()
        if text.is_over:
            break
        if is_closed:
            raise text.error(text.line, "the array has ended before that")
        line = text.line
        yield _Read(name, line, text.take())
    if is_array and not is_closed:
        raise text.error(text.line, "the array has no end")


def _files_of(path: Path) -> list[Path]:
    """The file, or those of the folder in the order of their names; OSError."""
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.iterdir() if each.suffix in SUFFIXES)


def _read(source: Source) -> Iterator[_Read]:
    if isinstance(source, (str, os.PathLike)):
        if not os.fspath(source):  # to Path, that is the folder of the process
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "''")
        for path in _files_of(Path(source)):
            yield from _read_file(path)
        return
    for number, record in enumerate(source, 1):
        yield _Read("", number, record)


# From JSON: values


def _bytes_of(text: object, field: str) -> bytes:
    if not isinstance(text, str):
        raise _Wrong(field, "base64 is a string")
    try:
        return base64.b64decode(text, validate=True)
    except (Base64Error, ValueError) as cause:
        raise _Wrong(field, "that is no base64") from cause


_BYTES_TYPES = BLOBS | {Particle.STRING}
"""Types of bytes. Strings are among them: clients may send some that are not UTF-8."""


def _form_bytes(form: Mapping[str, Any], field: str) -> Value:
    kind = form.get("$type", Particle.BLOB)
    if type(kind) is not int or kind not in _BYTES_TYPES:
        known = ", ".join(map(str, sorted(_BYTES_TYPES)))
        raise _Wrong(field, f"$type is one of {known}")
    return bytes((kind,)) + _bytes_of(form["$bytes"], field)


def _form_hll(form: Mapping[str, Any], field: str) -> Value:
    return bytes((Particle.HLL,)) + _bytes_of(form["$hll"], field)


def _form_geo(form: Mapping[str, Any], field: str) -> Value:
    shape = form["$geo"]
    text = shape if isinstance(shape, str) else json.dumps(shape)
    return bytes((Particle.GEOJSON,)) + _encoded(text, field)


def _form_float(form: Mapping[str, Any], field: str) -> Value:
    names = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    name = form["$float"]
    if not isinstance(name, str) or name not in names:
        raise _Wrong(field, f"$float is one of {', '.join(names)}")
    return names[name]


_LIST_ORDERS = {"": 0, "ordered": ORDERED}
_BY_VALUE = KV_ORDERED & ~ORDERED  # which no client of Aerospike asks for
_MAP_ORDERS = {"": 0, "key": ORDERED, "value": _BY_VALUE, "key_value": KV_ORDERED}


def _order(form: Mapping[str, Any], field: str, orders: Mapping[str, int]) -> int:
    name = form.get("$order", "")
    if not isinstance(name, str) or name not in orders:
        raise _Wrong(field, f"$order is one of {', '.join(filter(None, orders))}")
    return orders[name]


class _Parts(NamedTuple):
    """A list or a map to be: its parts, each with its field, and what to make of them.

    Values are made without recursion: maps may be nested deeper than Python calls. The
    parts are made first, and so they are in the server's order when they are compared.
    """

    given: list[tuple[object, str]]
    make: Callable[[list[Value]], Value]


def _elements(items: list[Any], field: str) -> list[tuple[object, str]]:
    return [(each, f"{field}[{at}]") for at, each in enumerate(items)]


def _form_list(form: Mapping[str, Any], field: str) -> _Parts:
    items = form["$list"]
    if not isinstance(items, list):
        raise _Wrong(field, "$list is an array")
    order = _order(form, field, _LIST_ORDERS)
    return _Parts(_elements(items, field), lambda made: _list(made, order))


def _list(items: list[Value], order: int) -> ListValue:
    """A list; an ordered one is sorted as the server sorts it."""
    if order and not is_sorted(items):
        items = sorted(items, key=order_key)
    return ListValue(items, order)


def _form_map(form: Mapping[str, Any], field: str) -> _Parts:
    pairs = form["$map"]
    are_lists = isinstance(pairs, list) and all(type(each) is list for each in pairs)
    if not are_lists or any(len(pair) != 2 for pair in pairs):
        raise _Wrong(field, "$map is an array of [key, value]")
    order = _order(form, field, _MAP_ORDERS)
    keys = _elements([key for key, _ in pairs], field)
    values = _elements([value for _, value in pairs], field)
    n = len(pairs)
    return _Parts(keys + values, lambda made: _map(made[:n], made[n:], order, field))


def _map(keys: list[Value], values: list[Value], order: int, field: str) -> MapValue:
    """A map, in the order of its keys as the server stores it; _Wrong."""
    try:
        check_keys(keys)
    except MsgpackError as error:
        text = "a key of a map is an integer, a string or bytes"
        raise _Wrong(field, text) from error
    pairs = sorted(zip(keys, values, strict=True), key=lambda pair: key_order(pair[0]))
    for (key, _), (following, _) in pairwise(pairs):
        if key == following:
            raise _Wrong(field, f"{json.dumps(_as_json(key))} is a key twice")
    return MapValue([key for key, _ in pairs], [value for _, value in pairs], order)


_Form: TypeAlias = Callable[[Mapping[str, Any], str], "Value | _Parts"]

FORMS: dict[str, tuple[_Form, tuple[str, ...]]] = {
    "$bytes": (_form_bytes, ("$type",)),
    "$geo": (_form_geo, ()),
    "$hll": (_form_hll, ()),
    "$float": (_form_float, ()),
    "$list": (_form_list, ("$order",)),
    "$map": (_form_map, ("$order",)),
}
"""Key of an object that stands for a value, what reads it, and the keys beside it."""


def _object(given: Mapping[str, Any], field: str) -> Value | _Parts:
    """A map, or what a form stands for."""
    names = [str(name) for name in given if str(name)[:1] == "$"]
    if not names:
        if not all(isinstance(key, str) for key in given):
            raise _Wrong(field, 'keys that are no strings need {"$map": [...]}')
        keys = [b"\x03" + _encoded(key, field) for key in given]
        values = [(each, f"{field}.{key}") for key, each in given.items()]
        return _Parts(values, lambda made: _map(keys, made, 0, field))
    found = [name for name in names if name in FORMS]
    if len(found) != 1:
        known = ", ".join(FORMS)
        raise _Wrong(field, f"{names[0]} stands for no value; there are {known}")
    read, more = FORMS[found[0]]
    for name in given:
        if name not in (found[0], *more):
            raise _Wrong(field, f"{name!r} does not stand beside {found[0]}")
    return read(given, field)


def _value(given: object, field: str) -> Value:
    """The value that a part of JSON stands for; _Wrong."""
    value = _value_or_parts(given, field)
    if type(value) is not _Parts:
        return value
    begun: list[tuple[_Parts, list[Value]]] = [(value, [])]
    while True:
        parts, made = begun[-1]
        if len(made) < len(parts.given):
            value = _value_or_parts(*parts.given[len(made)])
            if type(value) is not _Parts:
                made.append(value)
            elif len(begun) < MAX_DEPTH:
                begun.append((value, []))
            else:
                raise _Wrong(field, f"it is nested deeper than {MAX_DEPTH} levels")
            continue
        value = parts.make(made)
        begun.pop()
        if not begun:
            return value
        begun[-1][1].append(value)


def _value_or_parts(given: object, field: str) -> Value | _Parts:
    if given is None or isinstance(given, (bool, float)):
        return given
    if isinstance(given, int):
        if given not in _INT64:
            raise _Wrong(field, "an integer has 64 bits at most")
        return given
    if isinstance(given, str):
        return b"\x03" + _encoded(given, field)
    if isinstance(given, (bytes, bytearray)):  # from a program
        return b"\x04" + bytes(given)
    if isinstance(given, list):
        return _Parts(_elements(given, field), ListValue)
    if isinstance(given, Mapping):
        return _object(given, field)
    raise _Wrong(field, f"{type(given).__name__} stands for no value")


def _encoded(text: object, field: str) -> bytes:
    if not isinstance(text, str):
        raise _Wrong(field, f"it must be a string, not {_shown(text)}")
    try:
        return text.encode()
    except UnicodeEncodeError as cause:
        raise _Wrong(field, "the string is not UTF-8") from cause


def _shown(value: object) -> str:
    return json.dumps(value) if value is None else type(value).__name__


# From JSON: records


def _key_field(key: object) -> bytes:
    """A key as clients send it: its type, and its bytes."""
    value = _value(key, "key")
    if type(value) is int or (type(value) is bytes and value[0] in (3, 4)):
        particle, data = dump(value)
        return bytes((particle,)) + data
    raise _Wrong("key", 'it must be a string, an integer or {"$bytes": ...}')


def _digest(given: Mapping[str, Any], set_name: bytes, key: bytes | None) -> bytes:
    if key is not None:
        return ripemd160(set_name + key)
    text = given["digest"]
    if not isinstance(text, str) or _DIGEST.fullmatch(text) is None:
        raise _Wrong("digest", "it has 40 hexadecimal digits")
    return bytes.fromhex(text)


def _number(given: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """A number that may be missing, 0 then."""
    value = given.get(name, 0)
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not is_int or not (value == 0 or least <= value <= most):
        raise _Wrong(name, f"it must be an integer from {least} to {most}")
    return int(value)


def _operations(bins: object) -> list[Operation]:
    if not isinstance(bins, Mapping):
        raise _Wrong("bins", f"it must be an object, not {_shown(bins)}")
    if not bins:
        raise _Wrong("bins", "a record has a bin at least")
    if len(bins) > MAX_BINS:
        raise _Wrong("bins", f"a record has {MAX_BINS} bins at most")
    made: list[Operation] = []
    ALLOWANCE.renew()
    for name, given in bins.items():
        try:
            value = _value(given, f"bins.{name}")
            if value is None:
                raise _Wrong(f"bins.{name}", "null: leave out a bin that is not there")
            particle, data = dump(value)
            store(particle, data)
        except ServerError as error:
            raise _Wrong(f"bins.{name}", _why(error.result)) from error
        made.append((Op.WRITE, particle, _bin_name(name), data))
    return made


def _bin_name(name: object) -> bytes:
    return _name(_encoded(name, "bins"), MAX_BIN_NAME, f"bins.{name}")


def _set_name(given: object) -> bytes:
    encoded = b"" if given is None else _encoded(given, "set")
    return _name(encoded, MAX_SET_NAME, "set")


def _name(encoded: bytes, most: int, field: str) -> bytes:
    if len(encoded) > most or b"\0" in encoded:
        raise _Wrong(field, f"a name has {most} bytes at most, and no NUL")
    return encoded


def _why(result: int) -> str:
    name = Result(result).name.lower().replace("_", " ")
    return f"the server refuses it with code {result}, {name}"


class _Loaded(NamedTuple):
    """A record that is ready to be written."""

    namespace: str
    digest: bytes
    message: Message
    generation: int


def _prepared(cluster: ClusterState, given: object) -> _Loaded:
    """What a part of JSON says of a record; _Wrong."""
    if not isinstance(given, Mapping):
        raise _Wrong("", f"a record is an object, not {_shown(given)}")
    for name in given:
        if name not in FIELDS:
            raise _Wrong(str(name), f"no such field; there are {', '.join(FIELDS)}")
    namespace = given.get("namespace", cluster.config.namespaces[0].name)
    known = [each.name for each in cluster.config.namespaces]
    if namespace not in known:
        names = ", ".join(known)
        raise _Wrong("namespace", f"{namespace!r} is not there; there are {names}")
    set_name = _set_name(given.get("set"))
    if ("key" in given) is ("digest" in given):
        raise _Wrong("key", "a record has a key, or a digest in its place")
    key = _key_field(given["key"]) if "key" in given else None
    digest = _digest(given, set_name, key)
    ttl = _number(given, "ttl", NEVER, MAX_TTL_S)
    fields = {Field.NAMESPACE: namespace.encode(), Field.SET: set_name}
    if key is not None:
        fields[Field.KEY] = key
    info = (0, Info2.WRITE, Info3.CREATE_OR_REPLACE, 0)
    sent = TTL_NEVER if ttl == NEVER else ttl
    message = Message.of(info, 0, sent, fields, _operations(given.get("bins")))
    generation = _number(given, "generation", 1, MAX_GENERATION)
    return _Loaded(namespace, digest, message, generation)


def _write(cluster: ClusterState, loaded: _Loaded) -> None:
    reply = commands.answer(cluster, loaded.message, loaded.digest)
    if reply[RESULT_OFFSET]:
        raise _Wrong("bins", _why(reply[RESULT_OFFSET]))
    namespace = cluster.namespace(loaded.namespace)
    assert namespace is not None
    record = namespace.find(loaded.digest, cluster.clock.now_s())
    if record is not None and loaded.generation:
        record.generation = loaded.generation


Ready: TypeAlias = list[tuple[_Read, _Loaded]]
"""Records that are right by themselves."""


def read_records(cluster: ClusterState, source: Source) -> Ready:
    """Read all records of a source; SeedError, or OSError for the file.

    This waits for the file, and changes nothing: no work for the loop of a cluster.
    """
    ready: Ready = []
    for read in _read(source):
        with _placed(read):
            ready.append((read, _prepared(cluster, read.record)))
    return ready


def write_records(cluster: ClusterState, ready: Ready) -> int:
    """Write all records; how many. SeedError: none is written."""
    with contextlib.ExitStack() as failed:
        for namespace in cluster.storage:
            failed.callback(_forget_sets, namespace, {*namespace.sets})
        for read, loaded in ready:
            failed.callback(_restore, *_state_of(cluster, loaded))
            with _placed(read):
                _write(cluster, loaded)
        failed.pop_all()
    return len(ready)


def _state_of(
    cluster: ClusterState, loaded: _Loaded
) -> tuple[Namespace, bytes, Record | None, Record | None]:
    """What there is of a record, as `_restore` takes it."""
    namespace, digest = cluster.namespace(loaded.namespace), loaded.digest
    assert namespace is not None
    found = namespace.find(digest, cluster.clock.now_s())
    return namespace, digest, found, namespace.tombstones.get(digest)


def _restore(
    namespace: Namespace, digest: bytes, found: Record | None, tombstone: Record | None
) -> None:
    if found is not None:
        namespace.put(digest, found)
    else:
        namespace.remove(digest, tombstone)


def _forget_sets(namespace: Namespace, known: set[bytes]) -> None:
    """Forget the sets that are new."""
    for name in namespace.sets.keys() - known:
        del namespace.sets[name]


@contextlib.contextmanager
def _placed(read: _Read) -> Iterator[None]:
    """Within it, what is wrong becomes a SeedError that says where."""
    try:
        yield
    except _Wrong as wrong:
        raise SeedError(read.file, read.line, wrong.field, wrong.text) from wrong


# To JSON


def _as_json(value: Value) -> Any:
    """The part of JSON that stands for a value."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(float(value))}
    if type(value) is bytes:
        return _text_as_json(value)
    if type(value) is ListValue:
        items = [_as_json(each) for each in value.items]
        return {"$list": items, "$order": "ordered"} if value.flags else items
    if type(value) is MapValue:
        return _map_as_json(value)
    return float(value) if isinstance(value, float) else value


def _text_as_json(value: bytes) -> Any:
    kind, content = value[:1] or b"\x03", value[1:]
    if kind[0] == Particle.STRING:
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode()
    if kind[0] == Particle.GEOJSON:
        return {"$geo": content.decode("utf-8", "backslashreplace")}
    encoded = base64.b64encode(content).decode()
    if kind[0] == Particle.HLL:
        return {"$hll": encoded}
    more = {} if kind[0] == Particle.BLOB else {"$type": kind[0]}
    return {"$bytes": encoded, **more}


def _map_as_json(value: MapValue) -> Any:
    keys, values = map(_as_json, value.keys), map(_as_json, value.values)
    pairs = list(zip(keys, values, strict=True))
    order = {flags: name for name, flags in _MAP_ORDERS.items()}[value.flags]
    is_plain = all(isinstance(key, str) and key[:1] != "$" for key, _ in pairs)
    if is_plain and not order:
        return dict(pairs)
    return {
        "$map": [list(pair) for pair in pairs],
        **({"$order": order} if order else {}),
    }


def _record_as_json(
    namespace: Namespace, digest: bytes, record: Record, now_s: int
) -> dict[str, Any]:
    made: dict[str, Any] = {"namespace": namespace.name}
    if record.set_name:
        made["set"] = record.set_name.decode("utf-8", "backslashreplace")
    if record.key:
        made["key"] = _as_json(load(record.key[0], record.key[1:]))
    else:
        made["digest"] = digest.hex()
    made["bins"] = {
        name.decode("utf-8", "backslashreplace"): _as_json(load(*value))
        for name, value in record.bins.items()
    }
    if record.void_time_s:
        made["ttl"] = max(1, record.void_time_s - now_s)
    elif namespace.config.default_ttl_s:
        made["ttl"] = NEVER
    if record.generation > 1:
        made["generation"] = record.generation
    return made


def dump_records(cluster: ClusterState) -> list[str]:
    """A line of JSON for each record."""
    now_s = cluster.clock.now_s()
    found = (
        _record_as_json(namespace, digest, record, now_s)
        for namespace in cluster.storage
        for digest, record in namespace.records(now_s)
    )
    return [json.dumps(each, ensure_ascii=False) + "\n" for each in found]
