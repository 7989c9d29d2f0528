"""Predicates are the tuples, or None, that the 19.3 client makes."""

from typing import Any

import pytest

from aerospike import exception, predicates

p: Any = predicates  # wrong types are given on purpose

CIRCLE = '{"type": "AeroCircle", "coordinates": [[1.25, 2], 300.5]}'
POINT = '{"type": "Point", "coordinates": [1.5, 2]}'


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (p.equals("b", 1), (0, 4, "b", 1)),
        (p.equals("b", True), (0, 4, "b", True)),
        (p.equals("b", "x"), (0, 0, "b", "x")),
        (p.equals("b", b"x"), (0, 3, "b", b"x")),
        (p.equals("b", bytearray(b"x")), (0, 3, "b", bytearray(b"x"))),
        (p.equals("b", 1.5), None),
        (p.equals("b", None), None),
        (p.between("b", 2, 1), (1, 4, "b", 2, 1)),
        (p.between("b", "a", "b"), None),
        (p.contains("b", 1, "x"), (0, 0, "b", "x", None, 1)),
        (p.contains("b", 1, b"x"), (0, 3, "b", b"x", None, 1)),
        (p.contains("b", 1, 1.5), None),
        (p.contains("b", "x", 1), None),
        (p.range("b", 2, 1, 2), (1, 4, "b", 1, 2, 2)),
        (p.range("b", 1, 1.5, 2), None),
        (p.geo_within_geojson_region("b", "{}"), (1, 2, "b", "{}", None, 0)),
        (p.geo_within_geojson_region("b", "{}", 2), (1, 2, "b", "{}", None, 2)),
        (p.geo_within_geojson_region("b", 5), None),
        (p.geo_contains_geojson_point("b", "{}"), (1, 2, "b", "{}", None, 0)),
        (p.geo_within_radius("b", 1.25, 2, 300.5, 1), (1, 2, "b", CIRCLE, None, 1)),
        (p.geo_contains_point("b", 1.5, 2), (1, 2, "b", POINT, None, 0)),
        (p.equals(None, 1), (0, 4, None, 1)),
        (p.geo_within_radius(None, 1.25, 2, 300.5), (1, 2, None, CIRCLE, None, 0)),
        (p.geo_contains_point(None, 1.5, 2), (1, 2, None, POINT, None, 0)),
    ],
)
def test_predicate_is_the_recorded_tuple(made, wanted):
    assert made == wanted


@pytest.mark.parametrize(
    ("make", "args"),
    [
        (p.geo_within_radius, ("b", "x", 2, 3)),
        (p.geo_within_radius, ("b", 1, 2, None)),
        (p.geo_within_radius, (5, 1, 2, 3)),
        (p.geo_contains_point, ("b", None, 1)),
        (p.geo_contains_point, (5, 1, 1)),
    ],
)
def test_coordinates_that_are_no_numbers_are_refused(make, args):
    with pytest.raises(exception.ParamError, match="numbers"):
        make(*args)


def test_arguments_are_positional():
    with pytest.raises(TypeError):
        p.equals(bin="b", val=1)
    with pytest.raises(TypeError):
        p.equals("b")
