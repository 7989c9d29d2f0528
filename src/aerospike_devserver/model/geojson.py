"""Which GeoJSON texts the server takes, and whether they are regions.

Taken: Point, Polygon, MultiPolygon, AeroCircle, and a Feature around one of these.
Everything else: InvalidGeoJSON (160). Source: operation semantics, section 8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

MAX_LONGITUDE = 180
MAX_LATITUDE = 90
MAX_DIGITS = 20
MIN_RING = 4
"""Positions of the smallest closed ring: a triangle and its first corner again."""


class InvalidGeoJSON(ValueError):
    """The text is no JSON, or not one of the shapes."""


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


def is_region(text: bytes) -> bool:
    """Whether the text describes a region (True) or a point; InvalidGeoJSON else."""
    try:
        return _shape(_decoder.decode(text.decode("utf-8")))
    except (ValueError, RecursionError) as cause:
        raise InvalidGeoJSON(str(cause)) from cause


def _shape(document: Any) -> bool:
    """Check one object; True for a region."""
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = document.get("geometry")
    if not isinstance(document, dict) or not _is_known(document.get("type")):
        raise InvalidGeoJSON("no known type")
    check, region = _SHAPES[document["type"]]
    check(document.get("coordinates"))
    return region


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
    if len(positions) < MIN_RING or positions[0] != positions[-1]:
        raise InvalidGeoJSON("ring is not closed")


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


_SHAPES: dict[Any, tuple[Callable[[Any], None], bool]] = {
    "Point": (_position, False),
    "Polygon": (_polygon, True),
    "MultiPolygon": (_multi_polygon, True),
    "AeroCircle": (_circle, True),
}
"""Type: (check of its coordinates, whether it is a region)."""
