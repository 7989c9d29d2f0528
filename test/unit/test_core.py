"""The extension's own surface, which other modules of the package use."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from aerospike import _core

from ..children import run_script


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


# those that have arguments; llist() takes anything, and refuses it
METHODS = sorted(
    name
    for name, method in vars(_core.Client).items()
    if (getattr(method, "__text_signature__", None) or "").startswith("($self, ")
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
