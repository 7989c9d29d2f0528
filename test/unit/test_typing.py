"""aerospike.typing: its dicts are those of the option tables; annotations evaluate."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _core, _hints
from aerospike import typing as public
from aerospike_helpers.operations import (
    bitwise_operations,
    hll_operations,
    list_operations,
    map_operations,
)

STUB_DOCS = Path(__file__).parents[2] / "tools/stub_docs.py"
TABLES = _core.option_tables()
KINDS = sorted({kind for row in TABLES["policy"] for kind in row["kinds"]})

# kinds without a class of their own: they have the keys of another
SHARED = {
    "batch_parent_write": "BatchPolicy",
    "txn_verify": "BatchPolicy",
    "txn_roll": "BatchPolicy",
}
TYPES = {"bool": bool, "int": int, "enum": int, "ttl": int}


def class_of(kind: str) -> Any:
    """The TypedDict of a kind of policy."""
    name = "".join(word.capitalize() for word in kind.split("_")) + "Policy"
    return getattr(public, SHARED.get(kind, name))


def typed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Keys, with the type of those that have a plain one."""
    return {row["name"]: TYPES.get(row["type"]) for row in rows}


def assert_fits(cls: Any, rows: list[dict[str, Any]]) -> None:
    hints = typing.get_type_hints(cls)
    wanted = typed(rows)
    assert set(hints) == set(wanted)
    wrong = {name for name, kind in wanted.items() if kind not in (None, hints[name])}
    assert not wrong


@pytest.mark.parametrize("kind", KINDS)
def test_policy_has_the_keys_of_its_table(kind):
    rows = [row for row in TABLES["policy"] if kind in row["kinds"]]
    assert_fits(class_of(kind), rows)


def test_config_has_the_keys_of_its_table():
    assert_fits(public.Config, TABLES["config"])
    assert public.Config.__required_keys__ == {"hosts"}


@pytest.mark.parametrize("name", ["tls", "lua"])
def test_section_has_the_keys_of_its_table(name):
    assert_fits(getattr(public, name.capitalize()), TABLES[name])


def test_metadata_has_the_keys_of_its_table():
    assert_fits(public.WriteMeta, [row | {"type": "int"} for row in TABLES["meta"]])
    assert typing.get_type_hints(public.Meta) == typing.get_type_hints(public.WriteMeta)


def test_policies_have_sections_and_the_keys_that_stand_beside_them():
    hints = typing.get_type_hints(public.Policies)
    shared = typed([row for row in TABLES["policy"] if row["shared"]])
    beside = {row["name"] for row in TABLES["policies"]}
    assert set(hints) == set(KINDS) | set(shared) | beside
    assert {kind: hints[kind] for kind in KINDS} == {
        kind: class_of(kind) | None for kind in KINDS
    }


SPEC = json.loads((Path(__file__).parents[1] / "api/api.json").read_text("utf-8"))

# sections of the API's policies whose class is not called as they are
CLASSES = SHARED | {
    "batch_read (Read.policy)": "BatchReadPolicy",
    "hll": "HLLPolicy",
    'constructor level (config["policies"] itself)': "Policies",
    "metadata (meta argument)": "WriteMeta",
    "scan options": "ScanOptions",
    "query options": "QueryOptions",
}


@pytest.mark.parametrize("section", SPEC["policies"])
def test_section_of_the_api_has_its_keys(section):
    name = CLASSES.get(section)
    hints = typing.get_type_hints(getattr(public, name) if name else class_of(section))
    fields = SPEC["policies"][section]
    assert {row.get("key") or row["field"] for row in fields} <= set(hints)


def test_configuration_of_the_api_has_its_keys():
    sections = {"tls": public.Tls, "lua": public.Lua, "shm": public.Shm}
    sections["policies"] = public.Policies
    for row in SPEC["client_config"]:
        section, _, key = row["key"].partition(".")
        assert section in typing.get_type_hints(public.Config)
        assert not key or key in typing.get_type_hints(sections[section])


MODULES_OF_OPERATIONS = (
    bitwise_operations,
    hll_operations,
    list_operations,
    map_operations,
)


@pytest.mark.parametrize("module", MODULES_OF_OPERATIONS, ids=lambda m: m.__name__)
def test_annotations_of_operations_evaluate(module):
    for _, function in inspect.getmembers(module, inspect.isfunction):
        assert "return" in typing.get_type_hints(function)


FUNCTIONS = dict(inspect.getmembers(aerospike.Client, inspect.isfunction))
FUNCTIONS |= {
    f"{cls.__name__}.{name}": method
    for cls in (aerospike.Query, aerospike.Scan)
    for name, method in inspect.getmembers(cls, inspect.isfunction)
}


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "._" not in name])
def test_annotations_evaluate(name):
    hints = typing.get_type_hints(FUNCTIONS[name])
    assert "return" in hints
    if "key" in hints:
        assert hints["key"] is tuple


def test_stand_ins_have_the_names_of_the_public_module():
    names = {name for name in vars(_hints) if not name.startswith("_")}
    assert names - {
        "AsyncStream",
        "NoReturn",
        "Self",
        "Stream",
        "TYPE_CHECKING",
    } <= set(vars(public))
    assert public.Record is _hints.Record is _core.Record


def test_annotations_evaluate_without_the_public_module():
    program = (
        "import aerospike, typing, sys; "
        "print(typing.get_type_hints(aerospike.Client.list_append)['return']); "
        "assert 'aerospike.typing' not in sys.modules"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "<class 'int'>\n"


def test_stubs_have_the_docstrings_of_their_modules():
    command = [sys.executable, str(STUB_DOCS), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
