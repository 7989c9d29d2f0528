"""The modules of functions in Lua, which all nodes of a cluster share."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any


class Module:
    """A registered file. name: with its suffix."""

    def __init__(self, name: str, source: bytes) -> None:
        self.name = name
        self.source = source

    @property
    def content(self) -> str:
        """The source as it is sent."""
        return base64.b64encode(self.source).decode()

    @cached_property
    def digest(self) -> str:
        """40 hex digits. A real server hashes the form in which it stores a module."""
        stored = {"content64": self.content, "type": "LUA", "name": self.name}
        text = json.dumps(stored, ensure_ascii=False).encode()
        return hashlib.sha1(text, usedforsecurity=False).hexdigest()


class Modules:
    """The modules by name, in the order in which they came.

    made: what handlers have made of modules, by name (a Lua state); all of it goes when
    any module changes, since one may have loaded another.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Module] = {}
        self.made: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Module]:
        return iter(self._by_name.values())

    def find(self, name: str) -> Module | None:
        """A module by the name of its file."""
        return self._by_name.get(name)

    def put(self, module: Module) -> None:
        """Register a module, in the place of one of the same name."""
        self._by_name[module.name] = module
        self.made.clear()

    def remove(self, name: str) -> None:
        """Forget a module, if it is there."""
        self._by_name.pop(name, None)
        self.made.clear()

    def clear(self) -> None:
        """Forget all modules."""
        self._by_name.clear()
        self.made.clear()
