"""The extension's own surface, and the class that is made of it in Python."""

from __future__ import annotations

import abc
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _core, exception

from ..children import run_script

SOURCES = Path(__file__).parents[2] / "src/aerospike/_core"


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((0, 4), {"count": 4}),
        ((), {"begin": 0, "count": 4}),
        ((0,), {}),
        (("x", 1), {}),
    ],
)
def test_tracker_of_wrong_arguments_is_a_type_error(
    args: tuple[Any, ...], kwargs: dict[str, int]
) -> None:
    with pytest.raises(TypeError):
        _core.Tracker(*args, **kwargs)
    nothing: dict[str, int] = {}
    assert _core.Tracker(0, 4, **nothing).is_done() is False


@pytest.mark.parametrize("made", ["Small()", "b''", "None", "'text'"])
def test_base64_of_a_replaced_module_is_a_type_error(made: str) -> None:
    said = run_script(
        f"""
        import binascii
        import aerospike
        from aerospike_helpers.expressions import Eq

        class Small:
            __slots__ = ()

        binascii.b2a_base64 = lambda data: {made}  # before its first use
        client = aerospike.Client.__new__(aerospike.Client)
        try:
            client.get_expression_base64(Eq(1, 1).compile())
        except TypeError as error:
            print(error)
        """,
        [],
    )
    assert said.startswith("binascii.b2a_base64() gave no line but ")


# those that have named arguments; llist() takes anything, and refuses it
METHODS = sorted(
    name
    for name, method in vars(_core.Client).items()
    if (shown := getattr(method, "__text_signature__", None) or "").startswith(
        "($self, "
    )
    and not shown.endswith(", /)")
    and not name.startswith("__")
    and name != "llist"
)


@pytest.mark.parametrize("name", METHODS)
def test_arguments_are_those_of_the_signature(name: str) -> None:
    method = getattr(_core.Client.__new__(_core.Client), name)
    parameters = inspect.signature(method).parameters
    for parameter in parameters:
        with pytest.raises(TypeError, match="'unknown' is an invalid keyword"):
            method(**{parameter: None, "unknown": None})
    with pytest.raises(TypeError, match=f"at most {len(parameters)} arguments"):
        method(*parameters, None)
    required = [p.name for p in parameters.values() if p.default is p.empty]
    for i, missing in enumerate(required):
        with pytest.raises(TypeError, match=f"missing required argument '{missing}'"):
            method(*required[:i])


# aerospike.Client, which has more methods, in Python

IN_PYTHON = sorted(
    name
    for name, method in inspect.getmembers(aerospike.Client, inspect.isfunction)
    if not name.startswith("_")
)
ASKS_LATER = {"query", "scan"}  # they make objects, of a namespace at least


@pytest.mark.parametrize("name", IN_PYTHON)
def test_method_in_python_looks_like_the_others(name: str) -> None:
    method = getattr(aerospike.Client, name)
    shown = inspect.signature(method)
    assert next(iter(shown.parameters)) == "self"
    assert shown.return_annotation
    assert method.__name__ == name
    assert inspect.getdoc(method)


def has_required(name: str) -> bool:
    parameters = inspect.signature(getattr(aerospike.Client, name)).parameters
    return any(p.default is p.empty for p in [*parameters.values()][1:])


@pytest.mark.parametrize(
    "name", sorted(filter(has_required, {*IN_PYTHON} - ASKS_LATER))
)
def test_missing_arguments_are_named(name: str) -> None:
    client = aerospike.client({"hosts": [("127.0.0.1", 1)]})
    _, *parameters = inspect.signature(getattr(aerospike.Client, name)).parameters
    message = rf"^(Client\.)?{name}\(\) missing .* argument.*'{parameters[0]}'"
    with pytest.raises(TypeError, match=message):
        getattr(client, name)()


@pytest.mark.parametrize("name", sorted(ASKS_LATER))
def test_missing_namespace_is_a_param_error(name: str) -> None:
    client = aerospike.client({"hosts": [("127.0.0.1", 1)]})
    with pytest.raises(exception.ParamError, match="Namespace"):
        getattr(client, name)()


@pytest.mark.parametrize("name", ["truncate", "index_remove", "job_info"])
def test_error_of_the_client_comes_before_those_of_arguments(name: str) -> None:
    client = aerospike.client({"hosts": [("127.0.0.1", 1)]})
    client.close()
    with pytest.raises(exception.ClusterError):
        getattr(client, name)()
    never = aerospike.Client.__new__(aerospike.Client)
    with pytest.raises(exception.ParamError, match="Invalid aerospike object"):
        getattr(never, name)()


@pytest.mark.parametrize("cls", aerospike.Client.__mro__[:-1])
def test_classes_of_the_client_cannot_be_changed(cls: type) -> None:
    for change in (
        lambda: setattr(cls, "get", None),
        lambda: setattr(cls, "__doc__", ""),
        lambda: delattr(cls, "__slots__"),
    ):
        with pytest.raises(TypeError, match="immutable type"):
            change()


def test_client_keeps_its_class() -> None:
    client: Any = aerospike.client({"hosts": [("127.0.0.1", 1)]})
    assert repr(type(client)) == "<class 'aerospike.Client'>"
    assert repr(client).startswith("<aerospike.Client of ")

    class Other(aerospike.Client):
        __slots__ = ()

    with pytest.raises(TypeError):
        client.__class__ = Other


def test_client_may_be_mixed_with_other_classes() -> None:
    class Cached(aerospike.Client, abc.ABC):
        kept: dict[str, int]

        def get(self, key: Any, policy: Any = None) -> Any:
            return key, {}, self.kept

    client = Cached({"hosts": [("127.0.0.1", 1)]})
    client.kept = {"n": 1}
    assert client.get(("test", "demo", 1))[2] == {"n": 1}
    with pytest.raises(exception.ConnectionError):
        client.list_append(("test", "demo", 1), "l", 1)


@pytest.mark.parametrize("cls", [object, int, None, "Client"])
def test_only_a_client_can_be_published(cls: Any) -> None:
    with pytest.raises(TypeError, match="a subclass of Client is expected"):
        _core.publish_client(cls)
    assert type(aerospike.client({"hosts": [("127.0.0.1", 1)]})) is aerospike.Client


@pytest.mark.parametrize("name", sorted(IN_PYTHON))
def test_methods_can_be_pickled(name: str) -> None:
    method = getattr(aerospike.Client, name)
    assert pickle.loads(pickle.dumps(method)) is method


@pytest.mark.parametrize("cls", [aerospike.Client, aerospike.Query, aerospike.Scan])
def test_methods_in_python_know_their_class(cls: type) -> None:
    methods: list[Any] = [m for m in vars(cls).values() if inspect.isfunction(m)]
    assert methods
    assert all(method.__objclass__ is cls for method in methods)


def test_no_room_of_the_sources_hides_a_name() -> None:
    """mypy takes a folder beside the stub for a module, and a name for that module."""
    rooms = [path.name for path in SOURCES.iterdir() if path.is_dir()]
    assert len(rooms) > 5
    assert not [room for room in rooms if hasattr(_core, room)]


def test_classes_can_be_made_anew_after_an_interrupted_import() -> None:
    program = """
    import importlib, sys, aerospike
    for name in ["aerospike._client", "aerospike._direct"]:
        del sys.modules[name]
    again = importlib.import_module("aerospike._client").Client
    print(again is aerospike.Client, type(aerospike.client({"hosts": hosts})) is again)
    """
    assert run_script(program, [("127.0.0.1", 1)]) == "False True\n"
