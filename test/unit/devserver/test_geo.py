"""Geometry: the cells of GeoJSON bins, and queries for regions and points."""

import json
import struct
import sys

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.values import geo as model

from ...absent import need
from .packing import pack
from .querying import Shelf, base64_of, bval_of, geo, geo_bin
from .rawwire import GEO, LIST, Connection, get, put

KIND = 26


def point(longitude, latitude):
    return json.dumps({"type": "Point", "coordinates": [longitude, latitude]})


def polygon(*rings):
    return json.dumps({"type": "Polygon", "coordinates": rings})


def circle(longitude, latitude, radius_m):
    coordinates = [[longitude, latitude], radius_m]
    return json.dumps({"type": "AeroCircle", "coordinates": coordinates})


def box(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


SQUARE, HOLE = box(0.5, 0.5, 4, 4), box(1, 1, 2, 2)
TWO = json.dumps(
    {"type": "MultiPolygon", "coordinates": [[SQUARE], [box(10, 10, 11, 11)]]}
)


def cells_of(value):
    """Flags and cells of a GeoJSON bin."""
    flags, count = struct.unpack_from(">BH", value)
    return flags, list(struct.unpack_from(f">{count}Q", value, 3))


def test_point_has_the_cell_that_it_lies_in(record):
    need("s2geometry")
    assert record.write(geo_bin(b"g", point(1.0, 2.0))).result == 0
    _, value = record.get().bins[b"g"]
    assert value[:11].hex() == "00000110036e17ca9fb709"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (circle(-10.0, 40.0, 60_000.0), None),
        (polygon(SQUARE), None),
        (polygon(SQUARE, HOLE), None),
        (polygon(SQUARE[::-1]), None),
        (polygon(), []),
        (circle(0, 0, -1), []),
    ],
)
def test_region_has_the_cells_that_cover_it(record, text, cells):
    assert record.write(geo_bin(b"g", text)).result == 0
    flags, found = cells_of(record.get().bins[b"g"][1])
    assert flags == 1
    assert len(found) <= 12
    assert found == (list(model.shape(text.encode()).cells()) if cells is None else [])


def test_region_of_several_parts_has_cells_around_all_of_them(record):
    assert record.write(geo_bin(b"g", TWO)).result == 0
    flags, found = cells_of(record.get().bins[b"g"][1])
    assert flags == 1
    assert len(found) <= 12
    for place in (point(3, 3), point(10.5, 10.5)):
        around = {low for low, _ in model.shape(place.encode()).ranges()}
        assert around & set(map(model.signed, found))


def test_geojson_of_a_list_has_no_cells(record):
    text = point(1.0, 2.0)
    item = b"\xd9" + bytes([1 + len(text)]) + b"\x17" + text.encode()
    record.write(put(b"l", LIST, b"\x91" + item))
    operation = (3, b"l", 4, pack([19, 7, 0]))
    assert record.read(operation).bins[b"l"] == (GEO, b"\0\0\0" + text.encode())


@pytest.mark.parametrize(
    "text",
    [
        polygon([[0, 0], [1, 0], [0, 0]]),
        polygon([[0, 0], [0, 0], [1, 0], [1, 0], [0, 0]]),
        circle(0, 0, 30_000_000),
    ],
)
def test_bad_region_is_refused(record, text):
    need("s2geometry")
    assert record.write(geo_bin(b"g", text)).result == 160


# Queries

PLACES = {
    "origin": point(0, 0),
    "inside": point(3, 3),
    "in hole": point(1.5, 1.5),
    "far": point(170.5, -20.25),
    "west": point(-90.5, 5),
    "antipode": point(-179.9, 0.1),
    "pole": point(12, 89.99),
    "in two": point(10.5, 10.5),
    "region": polygon(SQUARE),
}


NEAR = ("origin", "inside", "in hole")


@pytest.fixture
def places(shelf):
    """Points on the sphere, and a region among them."""
    need("s2geometry")
    for label, text in PLACES.items():
        shelf.store(label, geo_bin(b"g", text))
    shelf.index("bin=g;type=geo2dsphere")
    return shelf


@pytest.mark.parametrize(
    ("region", "labels"),
    [
        (polygon(box(-1, -1, 4, 4)), ["in hole", "inside", "origin"]),
        (polygon(box(-1, -1, 4, 4)[::-1]), ["in hole", "inside", "origin"]),
        (polygon(box(-1, -1, 4, 4), HOLE), ["inside", "origin"]),
        (TWO, ["in hole", "in two", "inside"]),
        (circle(0, 0, 1.0), ["origin"]),
        (circle(0, 0, 300_000), ["in hole", "origin"]),
        (circle(0, 0, 7_000_000), sorted({*NEAR, "in two"})),
        (circle(179.9, 0, 50_000), ["antipode"]),
        (circle(0, 90, 10_000), ["pole"]),
        (circle(170, -20, 100_000), ["far"]),
        (circle(50, 50, 1000), []),
        (circle(0, 0, -5), []),
        (polygon(), []),
        (point(3, 3), ["region"]),
        (point(-3, 3), []),
        (
            json.dumps({"type": "Feature", "geometry": json.loads(TWO)}),
            ["in hole", "in two", "inside"],
        ),
    ],
)
def test_points_in_regions_and_regions_around_points(places, region, labels):
    assert places.labels(geo(b"g", region)) == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "{}",
        '{"type":"LineString","coordinates":[[0,0],[1,1]]}',
        point(200, 0),
        polygon([[0, 0], [1, 1]]),
        circle(0, 0, 30_000_000),
    ],
)
def test_what_is_no_region_is_refused(places, text):
    assert places.refusal(geo(b"g", text)) == 4


def test_rows_carry_the_cell_of_their_point(places):
    row, _ = places.rows(geo(b"g", circle(-90.5, 5, 50_000)))
    (cell,) = cells_of(row.ops[0][3])[1]
    assert bval_of(row) == cell - (1 << 64)


def test_geojson_in_lists_and_maps_is_indexed(shelf):
    need("s2geometry")

    def packed(text):
        return b"\xd9" + bytes([1 + len(text)]) + b"\x17" + text.encode()

    good, bad = packed(point(1, 2)), packed("{}")
    shelf.store(1, put(b"l", LIST, b"\x93\x05" + bad + good))
    shelf.store(2, put(b"l", LIST, b"\x92" + bad + b"\xa2\x03x"))
    shelf.index("bin=l;type=geo2dsphere;indextype=list")
    shelf.index(f"bin=l;type=geo2dsphere;context={base64_of(pack([0x10, -1]))}")
    near = geo(b"l", circle(1, 2, 500))
    assert shelf.labels(near, (KIND, b"\1")) == [1]
    assert shelf.labels(near, (23, pack([0x10, -1]))) == [1]
    assert shelf.labels(geo(b"l", circle(3, 3, 500)), (KIND, b"\1")) == []


def test_filter_goes_with_geometry(places):
    places.store("inside", geo_bin(b"g", point(3, 3)), put(b"a", 1, bytes(8)))
    where = geo(b"g", polygon(box(-1, -1, 4, 4)))
    has_a = (43, pack([2, [82, pack_name(b"a")], 0]))
    assert places.labels(where, has_a) == ["inside"]
    assert places.labels(where, ops=[get(b"a")]) == ["inside"]


def pack_name(name):
    """A raw bin name inside an expression."""
    from .packing import Raw

    return Raw(bytes([0xA0 + len(name)]) + name)


CACHES = (model._s2, model.is_available, model._kept_shape, model._kept_cells)


def test_missing_package_is_named(monkeypatch):
    """Without it GeoJSON is stored all the same; only an index needs it."""
    monkeypatch.setitem(sys.modules, "s2geometry", None)
    for cached in CACHES:
        cached.cache_clear()
    try:
        with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
            shelf = Shelf(connection)
            shelf.store(1, geo_bin(b"g", polygon(SQUARE)))
            (row, _) = shelf.rows()
            assert cells_of(row.ops[0][3]) == (1, [])
            command = "sindex-create:namespace=test;indexname=g;bin=g;type=geo2dsphere"
            (answer,) = connection.info(command)
            assert answer.startswith("ERROR:1:")
            assert "pip install s2geometry" in answer
            assert shelf.refusal(geo(b"g", point(1, 2))) == 16
    finally:
        for cached in CACHES:
            cached.cache_clear()
