"""Conditions of queries, for `Query.where`. They are tuples; do not change them.

For a value of a type that no index has, a function returns None, and where() refuses
None. Source: the predicates module of the 2.x and 19.x manuals.
"""

from __future__ import annotations

import json
from typing import Any

from aerospike import exception
from aerospike._constants import (
    INDEX_BLOB,
    INDEX_GEO2DSPHERE,
    INDEX_NUMERIC,
    INDEX_STRING,
)

_EQUALS = 0
_RANGE = 1

Predicate = tuple[Any, ...]
Bin = str | bytearray | None
"""The name of a bin; None for `Query.where_with_index_name`, whose index has it."""

# the exact order matters: the first type that fits
_DATATYPES: tuple[tuple[type | tuple[type, ...], int], ...] = (
    (int, INDEX_NUMERIC),
    (str, INDEX_STRING),
    ((bytes, bytearray), INDEX_BLOB),
)


def _integers(*values: object) -> bool:
    return all(isinstance(value, int) for value in values)


def _datatype(value: Any) -> int | None:
    for types, datatype in _DATATYPES:
        if isinstance(value, types):
            return datatype
    return None


def equals(bin: Bin, val: int | str | bytes | bytearray, /) -> Predicate | None:
    """The bin is equal to a value. The result is None if val has another type."""
    datatype = _datatype(val)
    return None if datatype is None else (_EQUALS, datatype, bin, val)


def between(bin: Bin, min: int, max: int, /) -> Predicate | None:
    """The bin is an integer from min to max, both included. The result is None if an
    argument is not an integer.
    """
    if not _integers(min, max):
        return None
    return (_RANGE, INDEX_NUMERIC, bin, min, max)


def contains(
    bin: Bin, index_type: int, val: int | str | bytes | bytearray, /
) -> Predicate | None:
    """A list or map in the bin contains a value.

    :param index_type: INDEX_TYPE_LIST, INDEX_TYPE_MAPKEYS or INDEX_TYPE_MAPVALUES.
    :return: None if an argument has another type.
    """
    datatype = _datatype(val)
    if datatype is None or not _integers(index_type):
        return None
    return (_EQUALS, datatype, bin, val, None, index_type)


def range(bin: Bin, index_type: int, min: int, max: int, /) -> Predicate | None:
    """A list or map in the bin contains an integer from min to max, both included.

    :param index_type: INDEX_TYPE_LIST, INDEX_TYPE_MAPKEYS or INDEX_TYPE_MAPVALUES.
    :return: None if an argument has another type.
    """
    if not _integers(index_type, min, max):
        return None
    return (_RANGE, INDEX_NUMERIC, bin, min, max, index_type)


def _geo(bin: Any, text: Any, index_type: int | None) -> Predicate | None:
    if not isinstance(text, str):
        return None
    return (_RANGE, INDEX_GEO2DSPHERE, bin, text, None, index_type or 0)


def _geo_of_numbers(
    bin: Any, kind: str, coordinates: list[Any], index_type: int | None
) -> Predicate | None:
    flat = coordinates[0] + coordinates[1:] if kind == "AeroCircle" else coordinates
    is_bin = bin is None or isinstance(bin, (str, bytearray))
    if not is_bin or not all(isinstance(x, (int, float)) for x in flat):
        raise exception.ParamError(
            -2,
            "coordinates and radius must be numbers, the bin a str, bytearray or None",
            __file__,
            0,
        )
    text = json.dumps({"type": kind, "coordinates": coordinates})
    return _geo(bin, text, index_type)


def geo_within_geojson_region(
    bin: Bin, shape: str, index_type: int | None = None, /
) -> Predicate | None:
    """The bin's points lie within a region.

    :param shape: GeoJSON text of a Polygon, MultiPolygon or AeroCircle.
    :param index_type: INDEX_TYPE_* of a bin of lists or maps.
    :return: None if shape is not a str.
    """
    return _geo(bin, shape, index_type)


def geo_within_radius(
    bin: Bin,
    long: float,
    lat: float,
    radius_meters: float,
    index_type: int | None = None,
    /,
) -> Predicate | None:
    """The bin's points lie within a circle, given in degrees and meters.

    :raises ParamError: a coordinate or the radius is not a number, or bin has a wrong
        type.
    """
    circle = [[long, lat], radius_meters]
    return _geo_of_numbers(bin, "AeroCircle", circle, index_type)


def geo_contains_geojson_point(
    bin: Bin, point: str, index_type: int | None = None, /
) -> Predicate | None:
    """The bin's regions contain a point.

    :param point: GeoJSON text of a Point.
    :param index_type: INDEX_TYPE_* of a bin of lists or maps.
    :return: None if point is not a str.
    """
    return _geo(bin, point, index_type)


def geo_contains_point(
    bin: Bin, long: float, lat: float, index_type: int | None = None, /
) -> Predicate | None:
    """The bin's regions contain a point, given in degrees.

    :raises ParamError: a coordinate is no number, or bin none of its
        types.
    """
    return _geo_of_numbers(bin, "Point", [long, lat], index_type)
