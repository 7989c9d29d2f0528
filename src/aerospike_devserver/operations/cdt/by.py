"""Make the rows of "by" operations: one that reads a selection and one that removes it.

A selector says what is selected; the return type says what is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aerospike_devserver.operations.arguments import Kind, unsigned
from aerospike_devserver.operations.cdt.arguments import Row
from aerospike_devserver.operations.cdt.results import (
    Wanted,
    check_kind,
    chosen_indexes,
    tell,
    wanted,
)
from aerospike_devserver.operations.cdt.selection import Found, View
from aerospike_devserver.values.values import Value

Selector = Callable[..., Found]
"""(view, inverted, arguments) -> what is selected."""

By = tuple[int, int, Selector, tuple[Kind, ...], tuple[Kind, ...]]
"""Code to read, code to remove, the selector, its required and optional arguments,
which stand behind the return type."""


def reader(select: Selector) -> Callable[..., Value]:
    """The function that tells a selection."""

    def read(container: Any, flags: int, *arguments: Any) -> Value:
        return _tell(View(container), wanted(flags), select, arguments)[0]

    return read


def _tell(
    view: View, want: Wanted, select: Selector, arguments: Sequence[Any]
) -> tuple[Value, Found]:
    found = select(view, want.inverted, *arguments)
    check_kind(view, found, want)
    return tell(view, found, want.kind), found


def remover(select: Selector) -> Callable[..., Value]:
    """The function that tells a selection and removes it."""

    def take(container: Any, flags: int, *arguments: Any) -> Value:
        view = View(container)
        result, found = _tell(view, wanted(flags), select, arguments)
        gone = chosen_indexes(found)
        for kept in (view.values, view.keys or []):
            kept[:] = [item for index, item in enumerate(kept) if index not in gone]
        return result

    return take


def by_rows(by: Iterable[By]) -> dict[int, Row]:
    """The rows of a table of "by" operations."""
    rows = {}
    for get_code, remove_code, select, required, optional in by:
        kinds = (unsigned, *required, *optional)
        n_required = 1 + len(required)
        name = select.__name__
        rows[get_code] = Row(f"get_{name}", False, kinds, n_required, reader(select))
        rows[remove_code] = Row(
            f"remove_{name}", True, kinds, n_required, remover(select)
        )
    return rows
