"""The server versions that a cluster can play, and their order.

The server behaves like 8.1.2, the version whose answers were recorded. A later version
adds what is marked with `since`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BUILD = re.compile(r"(\d+)\.(\d+)\.\d+\.\d+\S*")


class Version(NamedTuple):
    """Major and minor number."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


V8_1 = Version(8, 1)
V8_2 = Version(8, 2)
"""Brought string operations, joined lists, base64 of blobs, error details."""
NEWEST = V8_2

BUILDS = {"8.1": "8.1.2.0", "8.2": "8.2.0.0"}
"""The build that is reported for a version given by two numbers."""
DEFAULT_VERSION = "8.2"


def build_of(version: str) -> str:
    """The build of four numbers that `version` names; ValueError."""
    build = BUILDS.get(version, version)
    if not _BUILD.fullmatch(build):
        known = " or ".join(BUILDS)
        raise ValueError(f"version is {known}, or has four numbers, as in 8.1.2.0")
    return build


def version_of(build: str) -> Version:
    """The version that a build of four numbers belongs to."""
    found = _BUILD.fullmatch(build)
    assert found is not None
    return Version(int(found[1]), int(found[2]))
