"""Modules of functions in Lua for tests: registered under a name of their own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def registered(client: Any, folder: Path, source: str) -> Iterator[str]:
    """Register a module, and remove it in the end; its name, as calls take it."""
    name = f"test_{uuid.uuid4().hex}"
    path = folder / f"{name}.lua"
    path.write_text(source, encoding="utf-8")
    client.udf_put(str(path))
    try:
        yield name
    finally:
        client.udf_remove(path.name)
