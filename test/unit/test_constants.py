"""The constants of the module `aerospike`, and what else it exports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import aerospike

ROWS = [
    (name, ast.literal_eval(value))
    for name, _, value in (
        line.partition(" ")
        for line in (Path(__file__).parent / "constants.txt")
        .read_text()
        .splitlines()[1:]
    )
]


@pytest.mark.parametrize(("name", "value"), [r for r in ROWS if r[0] != "__version__"])
def test_constant_has_its_value(name, value):
    assert getattr(aerospike, name) == value
    assert type(getattr(aerospike, name)) is type(value)


def test_module_has_no_other_constants():
    known = {name for name, _ in ROWS}
    upper = {n for n in vars(aerospike) if n.isupper() and not n.startswith("_")}
    assert upper - known == set()


def test_version_is_a_str():
    assert isinstance(aerospike.__version__, str)
    assert aerospike.__version__[0].isdigit()


@pytest.mark.parametrize(
    "name",
    [
        [
            "client",
            "Client",
            "calc_digest",
            "get_partition_id",
            "GeoJSON",
            "KeyOrderedDict",
            "null",
        ],
        ["CDTWildcard", "CDTInfinite", "geodata", "geojson", "exception"],
    ],
)
def test_module_exports(name):
    for each in name:
        assert hasattr(aerospike, each), each


def test_import_of_the_package_brings_its_exceptions():
    assert aerospike.exception.ParamError.code == -2
