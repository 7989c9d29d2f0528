"""Packages that some Pythons cannot have, such as the one without the GIL.

PyPI has no wheels of them for these Pythons. Everywhere else the tests find them
installed, and nothing here has an effect. Where one is missing, a test that needs it is
skipped: what the test imports is a stand-in, which says so when it is used; and a test
that fails because the client or the development server could not import the missing
package counts as skipped, too. The error tells, never its text alone.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NoReturn

import pytest

from aerospike.exception import AerospikeError
from aerospike_devserver.handlers.udf.scripts import NO_LUPA
from aerospike_devserver.values import geo

from .children import OF_SERVERS, OTHER_PYTHON
from .elsewhere import modules_of

STAND_INS = {
    "cryptography": (
        *("x509", "hazmat", "hazmat.primitives"),
        *("hazmat.primitives.hashes", "hazmat.primitives.serialization"),
    ),
    "trustme": (),
    "uvloop": (),
}
"""Packages that modules of tests import, with their modules."""

ELSEWHERE = ("cryptography", "trustme")
"""Packages that make certificates, which another interpreter does for this one."""

REFUSALS = {"lupa": NO_LUPA, "s2geometry": str(geo.MissingPackage())}
"""What a development server answers that cannot import them."""

OF_TELEMETRY = ("opentelemetry.sdk", "opentelemetry.instrumentation")
"""Packages that tests import only after they need() them."""


def _is_absent(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:  # the package that it would be in
        return True


ABSENT = [*filter(_is_absent, (*STAND_INS, *OF_SERVERS, *OF_TELEMETRY))]


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
    """Give each package that is missing a stand-in, or another interpreter's."""
    made: dict[str, Any] = {}
    for package, modules in STAND_INS.items():
        if package in ABSENT:
            names = [package, *(f"{package}.{name}" for name in modules)]
            made |= {name: _Module(package, name) for name in names}
    lent = [name for name in made if name.partition(".")[0] in ELSEWHERE]
    if lent:
        made |= modules_of(OTHER_PYTHON, lent)
    sys.modules.update(made)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, those of a group, and what they were raised from or while."""
    while error is not None:
        yield error
        for part in getattr(error, "exceptions", ()):
            yield from _causes(part)
        error = error.__cause__ or error.__context__


def _missing_for(error: BaseException) -> str | None:
    if isinstance(error, ImportError):
        return (error.name or "").partition(".")[0]
    if not isinstance(error, AerospikeError):
        return None
    return next((name for name, why in REFUSALS.items() if why in str(error)), None)


def missing_for(error: BaseException) -> str | None:
    """The missing package that a test failed for want of."""
    found = map(_missing_for, _causes(error))
    return next((package for package in found if package in ABSENT), None)
