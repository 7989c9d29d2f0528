"""in_doubt() finds what an error of somebody else hides."""

from __future__ import annotations

import asyncio
import builtins
from typing import Any

import pytest

import aerospike
from aerospike import exception


def told(error: BaseException, in_doubt: bool) -> BaseException:
    error.in_doubt = in_doubt  # type: ignore[attr-defined]
    return error


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def during(error: BaseException, context: BaseException) -> BaseException:
    error.__context__ = context
    return error


CANCELLED = told(asyncio.CancelledError(), True)


@pytest.mark.parametrize(
    ("error", "is_in_doubt"),
    [
        (told(exception.TimeoutError(), True), True),
        (told(exception.TimeoutError(), False), False),
        (CANCELLED, True),
        (caused(TimeoutError(), CANCELLED), True),
        (during(TimeoutError(), CANCELLED), True),
        (caused(ValueError(), caused(TimeoutError(), CANCELLED)), True),
        (ValueError(), False),
        # nobody has told, so nobody knows
        (asyncio.CancelledError(), True),
        (caused(TimeoutError(), asyncio.CancelledError()), True),
        # what has an answer of its own does not look for another
        (during(told(exception.RecordNotFound(), False), CANCELLED), False),
        # an interrupt has nothing to do with what the program handles meanwhile
        (during(KeyboardInterrupt(), told(exception.RecordNotFound(), False)), True),
        # but asyncio makes one of the CancelledError that it sends
        (during(KeyboardInterrupt(), told(asyncio.CancelledError(), False)), False),
        # as a traceback shows it: a cause hides what was handled meanwhile
        (during(caused(ValueError(), KeyError()), CANCELLED), False),
    ],
    ids=str,
)
def test_in_doubt(error, is_in_doubt):
    assert aerospike.in_doubt(error) is is_in_doubt


def test_group_is_in_doubt_when_one_of_it_is():
    group: Any = getattr(builtins, "BaseExceptionGroup", None)
    if group is None:
        pytest.skip("Python 3.10 has no groups")
    certain = told(exception.TimeoutError(), False)
    nested = group("nested", [caused(TimeoutError(), CANCELLED)])
    assert aerospike.in_doubt(group("both", [certain, nested]))
    assert not aerospike.in_doubt(group("none", [certain, ValueError()]))


def test_circle_has_an_end():
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert not aerospike.in_doubt(first)
