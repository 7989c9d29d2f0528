"""Packages that some Pythons cannot have, such as the one without the GIL.

PyPI has no wheels of them for these Pythons. Everywhere else the tests find them
installed, and nothing here has an effect. Where one is missing, a test that needs it is
skipped: what the test imports is a stand-in, which says so when it is used; and a
failure that names the missing package (because the client, the development server or a
process of the test has looked for it) counts as skipped, too.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from types import ModuleType
from typing import Any, NoReturn

import pytest

STAND_INS = {
    "cryptography": ("x509", "hazmat", "hazmat.primitives"),
    "trustme": (),
    "uvloop": (),
}
"""Packages that modules of tests import, with their modules."""

OTHERS = ("lupa", "s2geometry")

ABSENT = [
    name for name in (*STAND_INS, *OTHERS) if importlib.util.find_spec(name) is None
]


def reason(package: str) -> str:
    return f"{package} is not installed: it has no wheel for this Python"


def need(package: str) -> None:
    """Skip the test where a package is missing."""
    if package in ABSENT:
        pytest.skip(reason(package))


class _StandIn(type):
    """A class that cannot be used; its attributes are such classes, too."""

    package: str

    def __call__(cls, *args: object, **kwargs: object) -> NoReturn:
        for coroutine in filter(inspect.iscoroutine, args):
            coroutine.close()  # nobody will await it
        pytest.skip(reason(cls.package))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _stand_in(cls.package, name)
        setattr(cls, name, made)
        return made


def _stand_in(package: str, name: str) -> Any:
    return _StandIn(name, (), {"package": package})


class _Module(ModuleType):
    """A module of such classes, each of which is the same whenever it is asked for."""

    def __init__(self, package: str, name: str) -> None:
        super().__init__(name)
        self.__path__ = []
        self._package = package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _stand_in(self._package, name)
        setattr(self, name, made)
        return made


def stand_in() -> None:
    """Give each package that is missing a stand-in."""
    for package, modules in STAND_INS.items():
        if package in ABSENT:
            names = [package, *(f"{package}.{name}" for name in modules)]
            sys.modules.update({name: _Module(package, name) for name in names})


def missing_in(text: str) -> str | None:
    """The missing package that is why a test failed, by the text of its failure."""
    for package in ABSENT:
        if f"No module named '{package}" in text or f"need {package}" in text:
            return package
    return None
