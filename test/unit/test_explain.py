"""Names in errors: those that the caller has written."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike._explain import operation_name, row
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import (
    bitwise_operations,
    expression_operations,
    hll_operations,
    list_operations,
    map_operations,
    operations,
    string_operations,
)

MODULES = (
    bitwise_operations,
    expression_operations,
    hll_operations,
    list_operations,
    map_operations,
    operations,
    string_operations,
)


def made_by(module: ModuleType) -> Iterator[tuple[str, dict[str, Any]]]:
    """The functions of a module that make operations, with what each makes."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            parameters = inspect.signature(function).parameters.values()
            required = [p.name for p in parameters if p.default is p.empty]
            yield name, function(**dict.fromkeys(required, "x"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_operation_has_the_name_of_its_function(module):
    prefix = "string_" if module is string_operations else ""
    found = dict(made_by(module))
    assert found
    assert {name: operation_name(op) for name, op in found.items()} == {
        name: prefix + name for name in found
    }


EXPRESSIONS = [
    name
    for name, made in inspect.getmembers(exp, inspect.isclass)
    if made.__module__.startswith("aerospike_helpers.expressions")
    and hasattr(made, "compile")
]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_refused_arguments_of_an_expression_name_it(name):
    made = getattr(exp, name)
    with pytest.raises(TypeError) as caught:
        made(no_such_argument=1)
    assert str(caught.value).startswith(
        (f"{made.__name__}(", f"{made.__name__}.__init")
    )


@pytest.mark.parametrize("cls", [aerospike.Query, aerospike.Scan])
def test_queries_are_made_by_the_client(cls):
    with pytest.raises(TypeError, match=r"are made by client\."):
        cls(namespace="test")


@pytest.mark.parametrize(
    ("code", "ops", "text"),
    [
        (
            1,
            [operations.write("a", {1.5: 1})],
            "a map that was sent has a float as a key",
        ),
        (1, [operations.write("a", 1)], "the server says no more"),
        (4, [string_operations.strlen("a")], "does not know the operation"),
        (
            17,
            [operations.read("a")] * 2,
            "one of the operations 0 (read of bin 'a'), 1",
        ),
        (23, [map_operations.map_put("m", 1, 1)], "only allows it to update"),
        (24, [bitwise_operations.bit_resize("b", 1)], "only allows it to create"),
        (80, [operations.read("a")], "this client has no user"),
        (100, ("m.lua", "f"), "there may be no module 'm.lua', whose name is given"),
        (81, [operations.read("a")], "the privilege read or write"),
    ],
)
def test_row_says_what_to_try(code, ops, text):
    why = "node: UDF: Execution Error 1"
    assert text in row(code, why, ops)
    assert row(code, why, ops).startswith(f"{why}; ")


def test_row_that_is_only_late_says_no_more():
    assert row(exception.TimeoutError.code or 0, "why", [operations.read("a")]) == "why"
