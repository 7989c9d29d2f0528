"""Functions in Lua for tests: how to register modules, and what names a function."""

from __future__ import annotations

import base64
import os

from ...waiting import until
from .packing import pack
from .rawwire import Connection

AGGREGATE, BACKGROUND = 1, 2


def register(connection: Connection, source: str) -> bytes:
    """Register a module and wait until the node knows it; its name in calls."""
    name = f"m{os.urandom(5).hex()}"
    content = base64.b64encode(source.encode()).decode()
    put = f"udf-put:filename={name}.lua;content={content};content-len={len(content)};"
    assert connection.info(f"{put}udf-type=LUA;") == ["ok"]
    until(lambda: f"filename={name}.lua," in connection.info("udf-list")[0])
    return name.encode()


def unregister(connection: Connection, module: bytes) -> None:
    """Remove a module."""
    connection.info(f"udf-remove:filename={module.decode()}.lua;")


def function(op: int, module: bytes, name: bytes, *args: object) -> list:
    """The fields of a query that name a function and its arguments."""
    return [(33, bytes([op])), (30, module), (31, name), (32, pack(list(args)))]
