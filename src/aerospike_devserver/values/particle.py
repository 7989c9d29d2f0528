"""Particle types: the numbers by which the protocol tells the kinds of bin values."""

from __future__ import annotations

from enum import IntEnum


class Particle(IntEnum):
    """Type bytes of bin values (section 4 of the wire protocol)."""

    NULL = 0
    INTEGER = 1
    FLOAT = 2
    STRING = 3
    BLOB = 4
    JAVA = 7
    CSHARP = 8
    PYTHON = 9
    RUBY = 10
    PHP = 11
    ERLANG = 12
    VECTOR = 16
    BOOL = 17
    HLL = 18
    MAP = 19
    LIST = 20
    GEOJSON = 23


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
