"""Fixtures of the tests of the asynchronous client: event loops, a configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
import uvloop

from ..absent import need
from ..waiting import PATIENCE_S, patient

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request) -> Run:
    """Run a coroutine in a new event loop, a minute at most."""
    if request.param is uvloop.run:
        need("uvloop")

    async def limited(main: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wait_for(main, PATIENCE_S)

    return lambda main: request.param(limited(main))


@pytest.fixture(scope="session")
def async_config(hosts, lua_config) -> dict[str, Any]:
    """The configuration of a patient client of the server under test."""
    return patient({"hosts": hosts, **lua_config})
