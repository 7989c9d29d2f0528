"""Calls that run out of memory: see `shortages.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from ..children import Process, server

pytest.importorskip("_testcapi", reason="this CPython lacks its own tests' module")
from . import shortages

FEW = ["put", "operate", "remove_bin", "get of nothing"]
IS_LONG = bool(os.environ.get("SHORTAGES"))
"""As `make test-long` says: every public method and every kind of call."""

OF_OTHERS = {
    "password": "bcrypt panics",
    "create_user": "bcrypt panics",
    **dict.fromkeys(
        ("aggregation", "Apply", "function", "apply"),
        "CPython 3.11 crashes where a loop over dict.items() begins: the iterator takes"
        " itself out of the collector's list, in which it is not yet (dictiter_new())",
    ),
    **dict.fromkeys(
        ("commit()", "abort()"),
        "CPython 3.11 loses the arguments of a function, and so a Transaction, when it"
        " cannot make the cell of another one",
    ),
}
"""Parts of the names of calls in which others end the process, or lose something of
ours, when an allocation of Python fails, and why."""


def skip_where_python_crashes(kind: str) -> None:
    """CPython 3.12.1, 3.13.0 and 3.13.5 crash after they could not make a function
    (PyFunction_NewWithQualName()), and `json.dumps()` makes one for a GeoJSON.
    """
    if kind == "python" and sys.version_info >= (3, 12):
        pytest.skip("CPython crashes after it could not make a function, since 3.12")


@pytest.fixture(scope="module")
def failing(real_hosts: list[tuple[str, int]]) -> Iterator[Process]:
    """The process whose allocations fail."""
    if real_hosts:
        pytest.skip("needs no real server")
    with server() as (address, _), Process(shortages.__name__) as made:
        made.call("connect", *address)
        yield made


@pytest.mark.parametrize("name", shortages.ALL_CALLS if IS_LONG else FEW)
def test_call_without_memory_of_the_library(failing, name):
    failing.call("check", name, "library")


@pytest.mark.parametrize("kind", shortages.FAIL)
@pytest.mark.parametrize("name", shortages.BATCHES)
def test_batch_without_memory(failing, name, kind):
    skip_where_python_crashes(kind)
    failing.call("check_batch", name, kind)


@pytest.mark.parametrize(
    "name",
    [n for n in shortages.ALL_CALLS if not any(part in n for part in OF_OTHERS)]
    if IS_LONG
    else FEW,
)
def test_call_without_memory_of_python(failing, name):
    skip_where_python_crashes("python")
    failing.call("check", name, "python")
