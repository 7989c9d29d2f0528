"""The reference has an entry for everything public, and says of each what it should."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
from operator import attrgetter
from pathlib import Path

import pytest

import aerospike
import aerospike.typing
import aerospike_devserver.faults
import argument_texts
import constant_texts
import error_texts
import other_clients
import reference
from aerospike import _core, exception
from generated import expand

ROOT = Path(reference.__file__).parents[2]
PAGES = sorted((ROOT / "doc/reference").glob("*.md"))
MODULES = [
    "aerospike.monitoring",
    "aerospike.predicates",
    "aerospike_helpers.batch.records",
    "aerospike_helpers.cdt_ctx",
    "aerospike_helpers.metrics",
    "aerospike_helpers.string_helpers",
    *(
        f"aerospike_helpers.operations.{name}_operations"
        for name in ("list", "map", "bitwise", "hll", "string", "expression")
    ),
    "aerospike_helpers.operations.operations",
    *(
        f"aerospike_helpers.expressions.{name}"
        for name in (
            *("base", "arithmetic", "bitwise_operators"),
            *("list", "map", "bitwise", "hll", "string"),
        )
    ),
]
CLASSES = [
    *("Client", "AsyncClient", "Query", "Scan", "AsyncQuery", "AsyncScan"),
    *("GeoJSON", "LList", "Transaction"),
]
OF_SERVER = ["DevCluster", "FaultProxy", "faults.Fault", "faults.Faults"]


@pytest.fixture(scope="module")
def directives():
    """The names behind the directives of all pages."""
    text = "\n".join(expand(page.read_text("utf-8")) for page in PAGES)
    return set(re.findall(r"^\.\. [\w:]+:: ([\w.]+)", text, re.MULTILINE))


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_of_a_module_is_there(module, directives):
    found = importlib.import_module(module)
    listed = getattr(found, "__all__", None)
    public = {
        name
        for name, value in vars(found).items()
        if not name.startswith("_")
        and (listed is None or name in listed)
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module
        and value.__name__ == name
    }
    assert public
    missing = {name for name in public if f"{module}.{name}" not in directives}
    assert missing <= set(reference.HIDDEN)


@pytest.mark.parametrize("name", CLASSES)
def test_every_method_is_there(name, directives):
    methods = {n for n in dir(getattr(aerospike, name)) if not n.startswith("_")}
    missing = {n for n in methods if f"aerospike.{name}.{n}" not in directives}
    assert not missing


@pytest.mark.parametrize("name", OF_SERVER)
def test_every_method_of_the_development_server_is_there(name, directives):
    methods = set(reference.methods_of(attrgetter(name)(aerospike_devserver)))
    assert {f"aerospike_devserver.{name}.{n}" for n in methods} <= directives


def test_streams_and_records_are_there(directives):
    names = ("Stream", "AsyncStream", "Record")
    assert {f"aerospike._core.{name}" for name in names} <= directives


def test_every_type_is_there(directives):
    for name, found in vars(aerospike.typing).items():
        is_own = getattr(found, "__module__", None) == "aerospike.typing"
        if is_own and not name.startswith("_"):
            assert f"aerospike.typing.{name}" in directives


def test_everything_of_the_package_is_there(directives):
    names = {n for n in dir(aerospike) if not n.startswith("_")} | set(aerospike._LATER)
    names -= {"monitoring", "predicates", "exception", "AerospikeWarning", "typing"}
    missing = {
        name
        for name in names
        if f"aerospike.{name}" not in directives
        and not inspect.ismodule(getattr(aerospike, name))
    }
    assert not missing


def test_every_exception_has_cause_and_cure(directives):
    for name, cls in vars(exception).items():
        if inspect.isclass(cls) and cls.__module__ == exception.__name__:
            assert f"aerospike.exception.{name}" in directives
            if not issubclass(cls, exception.LDTError) and name != "AerospikeError":
                cause, cure = error_texts.EXCEPTIONS[name]
                assert cause.endswith(".")
                assert cure.endswith(".")


def test_every_key_is_there(directives):
    for table, before in (
        *reference.SECTIONS.items(),
        *(("policy", "policy."), ("meta", "meta.")),
    ):
        for row in _core.option_tables()[table]:
            if row["new_name"] is None:
                assert before + row["name"] in directives


def test_every_constant_has_a_meaning():
    for title, names in reference.groups_of_constants().items():
        assert constant_texts.GROUPS[title].where
        for name in names:
            assert constant_texts.meaning(name).endswith((".", ";")), name
    used = {
        name.removeprefix("LIST_").removeprefix("MAP_") if "_RETURN_" in name else name
        for names in reference.groups_of_constants().values()
        for name in names
    }
    assert set(constant_texts.MEANINGS) <= used


def sources() -> str:
    """The texts of the sources, with adjacent strings joined."""
    parts = [
        path.read_text("utf-8")
        for folder in ("src/aerospike", "aerospike-client-c")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".c", ".h", ".py")
    ]
    return re.sub(r'"\s*f?"', "", "".join(parts)).replace("{kind}", "")


def test_every_text_of_an_error_stands_in_the_sources():
    text = re.sub("invalid  dictionary", "invalid dictionary", sources())
    for row in error_texts.TEXTS:
        assert hasattr(exception, row.exception) or hasattr(builtins, row.exception)
        for part in re.sub(
            "(policy|client config) dictionary", "dictionary", row.text
        ).split("..."):
            assert part.strip() in text, row.text


def test_names_of_other_clients_are_those_of_this_one():
    for table in (other_clients.NEW_IN_19X, other_clients.OURS):
        for owner, names in table.items():
            if owner in ("config", "policy"):
                continue
            found = (
                importlib.import_module(owner)
                if owner in ("aerospike", "aerospike.exception")
                else getattr(aerospike, owner.removeprefix("aerospike."))
            )
            for name in names.split():
                assert hasattr(found, name), (owner, name)


@pytest.mark.parametrize(
    "module", [m for m in MODULES if ".operations." in m or ".expressions." in m]
)
def test_every_argument_is_described(module):
    found = importlib.import_module(module)
    texts = (
        argument_texts.EXPRESSIONS
        if ".expressions." in module
        else argument_texts.OPERATIONS
    )
    for name in reference.public_names(found):
        doc = inspect.getdoc(getattr(found, name)) or ""
        for parameter in inspect.signature(getattr(found, name)).parameters:
            assert parameter in texts or f":param {parameter}:" in doc, (
                name,
                parameter,
            )


@pytest.mark.parametrize("cls", [aerospike.Query, aerospike.Scan])
@pytest.mark.parametrize("name", ["max_records", "records_per_second", "ttl"])
def test_numbers_of_a_query_say_what_they_mean_and_their_default(cls, name):
    text = inspect.getdoc(getattr(cls, name)) or ""
    assert text.startswith("int, ")
    assert "0, the default:" in " ".join(text.split())


def test_attributes_of_a_class_that_2x_lacks_are_not_there_either():
    assert other_clients.in_2x("aerospike", "Transaction") == "not there"
    for name in ("id", "in_doubt", "state", "timeout"):
        assert other_clients.in_2x("aerospike.Transaction", name) == "not there"
        assert other_clients.in_19x("aerospike.Transaction", name) == "the same"


def test_markdown_of_a_meaning_becomes_restructured_text():
    given = (
        "see [a b](x.md#y) and `c`, [](z.md) and `d`, :meth:`f()` and `g`, ``h`` `i`"
    )
    assert reference._to_rst(given) == (
        "see :doc:`a b </x>` and ``c``, :doc:`/z` and ``d``, "
        ":meth:`f()` and ``g``, ``h`` ``i``"
    )
