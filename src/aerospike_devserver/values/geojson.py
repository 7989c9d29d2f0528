"""Which GeoJSON texts the server takes, and what they say.

Taken: Point, Polygon, MultiPolygon, AeroCircle, and a Feature around one of these.
Everything else: InvalidGeoJSON (160). Source: operation semantics, section 8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple, NoReturn

POINT, POLYGON, MULTI_POLYGON, CIRCLE = "Point", "Polygon", "MultiPolygon", "AeroCircle"
MAX_LONGITUDE = 180
MAX_LATITUDE = 90
MAX_DIGITS = 20
MIN_RING = 4
"""Positions of the smallest closed ring: a triangle and its first corner again."""


class InvalidGeoJSON(ValueError):
    """The text is no JSON, or not one of the shapes."""


class Geometry(NamedTuple):
    """What a text describes: a type of shape, and coordinates as they stand there."""

    type: str
    coordinates: Any

    @property
    def is_region(self) -> bool:
        """Whether it is no point."""
        return self.type != POINT


def _refuse(constant: str) -> NoReturn:
    raise InvalidGeoJSON(f"{constant} is not JSON")


def _parse_int(digits: str) -> int:
    """A JSON integer, which has to fit 64 bits."""
    number = int(digits) if len(digits) <= MAX_DIGITS else _refuse(digits)
    return number if -(2**63) <= number < 2**63 else _refuse(digits)


def _parse_float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


_decoder = json.JSONDecoder(
    parse_constant=_refuse, parse_int=_parse_int, parse_float=_parse_float
)


def parse(text: bytes) -> Geometry:
    """The geometry of a text; InvalidGeoJSON if it is none."""
    try:
        return _geometry(_decoder.decode(text.decode("utf-8")))
    except (ValueError, RecursionError) as cause:
        raise InvalidGeoJSON(str(cause)) from cause


def is_region(text: bytes) -> bool:
    """Whether the text describes a region (True) or a point; InvalidGeoJSON else."""
    return parse(text).is_region


def _geometry(document: Any) -> Geometry:
    """Check one object."""
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = document.get("geometry")
    if not isinstance(document, dict) or not _is_known(document.get("type")):
        raise InvalidGeoJSON("no known type")
    geometry = Geometry(document["type"], document.get("coordinates"))
    _SHAPES[geometry.type](geometry.coordinates)
    return geometry


def _is_known(shape: Any) -> bool:
    return isinstance(shape, str) and shape in _SHAPES


def _sequence(value: Any) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise InvalidGeoJSON("array expected")
    return value


def _pair(value: Any) -> tuple[Any, Any]:
    """A JSON array of two elements."""
    if len(_sequence(value)) != 2:
        raise InvalidGeoJSON("two elements expected")
    return value[0], value[1]


def _number(value: Any, limit: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidGeoJSON("number expected")
    if not -limit <= value <= limit:
        raise InvalidGeoJSON("coordinate out of range")


def _position(value: Any) -> None:
    longitude, latitude = _pair(value)
    _number(longitude, MAX_LONGITUDE)
    _number(latitude, MAX_LATITUDE)


def _ring(value: Any) -> None:
    positions = _sequence(value)
    for position in positions:
        _position(position)
    if len(distinct(positions)) < MIN_RING or positions[0] != positions[-1]:
        raise InvalidGeoJSON("ring is not closed")


def distinct(positions: list[Any]) -> list[Any]:
    """The positions of a ring, of equal neighbours only the first."""
    return [position for position, _ in groupby(positions)]


def _polygon(value: Any) -> None:
    for ring in _sequence(value):
        _ring(ring)


def _multi_polygon(value: Any) -> None:
    for polygon in _sequence(value):
        _polygon(polygon)


def _circle(value: Any) -> None:
    centre, radius_m = _pair(value)
    _position(centre)
    _number(radius_m, math.inf)


_SHAPES: dict[Any, Callable[[Any], None]] = {
    POINT: _position,
    POLYGON: _polygon,
    MULTI_POLYGON: _multi_polygon,
    CIRCLE: _circle,
}
"""Type: check of its coordinates."""
