"""The client's names, values, classes and signatures, held against their inventory.

api.json is the inventory of both generations of the API. All of it must be there, and
as the inventory says.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import exception

MODULES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "api.json").read_text()
)["modules"]

# any arguments, so that a wrong number of them is a ParamError; those of dict
ANY_ARGUMENTS = {"aerospike.GeoJSON", "aerospike.KeyOrderedDict", "aerospike.null"}

# two spellings of one argument: neither can be required
EITHER_NAME = {"set_serializer", "set_deserializer", "set_log_level"}


def modules() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Name, inventory, and the module or None."""
    for name, inventory in MODULES.items():
        try:
            yield name, inventory, importlib.import_module(name)
        except ModuleNotFoundError:
            yield name, inventory, None


def entries() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every function, class and method: its path, inventory, and it or None."""
    for name, inventory, module in modules():
        for kind in ("functions", "classes"):
            for entry in inventory.get(kind, []):
                found = getattr(module, entry["name"], None)
                yield f"{name}.{entry['name']}", entry, found
                for method in entry.get("methods", []):
                    path = f"{name}.{entry['name']}.{method['name']}"
                    yield path, method, getattr(found, method["name"], None)


ENTRIES = {path: (entry, found) for path, entry, found in entries()}
LLIST = [path for path in ENTRIES if path.startswith("aerospike.LList.")]


def constants() -> Iterator[tuple[str, str, object]]:
    """Module, name and value of each."""
    for module, inventory in MODULES.items():
        for constant in inventory.get("constants") or []:
            if constant["name"] != "__version__":  # each release has its own
                yield module, constant["name"], constant["value"]


@pytest.mark.parametrize(("module", "name", "value"), list(constants()))
def test_constant_has_the_listed_value(module, name, value):
    assert getattr(importlib.import_module(module), name) == value


@pytest.mark.parametrize("module", MODULES)
def test_names_of_other_modules_can_be_imported(module):
    found = importlib.import_module(module)
    names = MODULES[module].get("names_importable_from_here") or []
    assert [name for name in names if not hasattr(found, name)] == []


def test_third_value_of_send_bool_as_is_apart_from_the_others():
    assert aerospike.PY_BYTES not in (aerospike.INTEGER, aerospike.AS_BOOL)


@pytest.mark.parametrize(
    ("name", "parent", "code"),
    [
        (e["name"], e["parent"], e["code"])
        for e in MODULES["aerospike.exception"]["exceptions"]
    ],
)
def test_exception_has_the_listed_parent_and_code(name, parent, code):
    cls = getattr(exception, name)
    base = Exception if parent == "Exception" else getattr(exception, parent)
    assert cls.__bases__[0] is base
    assert cls.code == code or (code is None and cls.code in (None, base.code))


def expected_parameters(entry: dict[str, Any]) -> list[tuple[str, bool]]:
    return [
        (p["name"].lstrip("*"), bool(p.get("required")) and not p.get("variadic"))
        for p in entry.get("parameters", [])
    ]


def actual_parameters(found: Any) -> list[tuple[str, bool]]:
    listed = inspect.signature(found).parameters.values()
    return [
        (p.name, p.default is p.empty and p.kind is not p.VAR_POSITIONAL)
        for p in listed
        if p.name != "self" and p.kind is not p.VAR_KEYWORD
    ]


@pytest.mark.parametrize("path", ENTRIES)
def test_parameters_are_as_listed(path):
    entry, found = ENTRIES[path]
    if path in ANY_ARGUMENTS or "parameters" not in entry:
        assert found is not None
        return
    wanted, got = expected_parameters(entry), actual_parameters(found)
    if entry["name"] in EITHER_NAME:
        wanted = [(name, False) for name, _ in wanted]
    assert got[: len(wanted)] == wanted
    assert not any(required for _, required in got[len(wanted) :])


def test_nothing_is_missing():
    assert [path for path, (_, found) in ENTRIES.items() if found is None] == []


@pytest.mark.parametrize("path", LLIST)
def test_large_list_refuses_and_says_why(path):
    _, method = ENTRIES[path]
    arguments = [None for _, required in actual_parameters(method) if required]
    with pytest.raises(exception.UnsupportedFeature, match=r"since 3\.16") as caught:
        method(aerospike.LList(), *arguments)
    assert caught.value.code == 16
