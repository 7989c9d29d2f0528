"""Particle types: the numbers by which the protocol tells the kinds of bin values."""

from __future__ import annotations

from typing import Final


class Particle:
    """Type bytes of bin values (section 4 of the wire protocol). No enumeration."""

    NULL: Final = 0
    INTEGER: Final = 1
    FLOAT: Final = 2
    STRING: Final = 3
    BLOB: Final = 4
    JAVA: Final = 7
    CSHARP: Final = 8
    PYTHON: Final = 9
    RUBY: Final = 10
    PHP: Final = 11
    ERLANG: Final = 12
    VECTOR: Final = 16
    BOOL: Final = 17
    HLL: Final = 18
    MAP: Final = 19
    LIST: Final = 20
    GEOJSON: Final = 23


BLOBS = frozenset(
    (
        Particle.BLOB,
        Particle.JAVA,
        Particle.CSHARP,
        Particle.PYTHON,
        Particle.RUBY,
        Particle.PHP,
        Particle.ERLANG,
        Particle.VECTOR,
    )
)
"""Types whose bytes are stored as they come."""
