"""Points and regions on the sphere: containment, and the cells that stand for them.

A cell is a square of a hierarchy on the sphere with a number of 64 bits; a point is a
cell of the finest level, a region is covered by a few larger ones. The geometry is that
of the package s2geometry, which is loaded when a shape is first asked for. Source:
section 4.1 of the wire protocol, section 1.4 of the page on queries.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from aerospike_devserver.values import geojson
from aerospike_devserver.values.geojson import Geometry

PACKAGE = "s2geometry"
EARTH_RADIUS_M = 6_371_000
MAX_CELLS = 12
MIN_LEVEL = 1
STORED_LEVEL = 30
QUERIED_LEVEL = 20
"""The finest cells that cover a stored region, and one that a query asks for."""

Cells = tuple[int, ...]


class MissingPackage(ImportError):
    """Geometry is asked for, and the package for it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            f"geometry needs the package {PACKAGE}: pip install {PACKAGE}", name=PACKAGE
        )


@cache
def _s2() -> Any:
    """The package; MissingPackage."""
    try:
        return import_module(PACKAGE)
    except ImportError as cause:
        raise MissingPackage from cause


@cache
def is_available() -> bool:
    """Whether the package for geometry is installed."""
    try:
        _s2()
    except MissingPackage:
        return False
    return True


class Shape:
    """A point or a region.

    cell: of the point, 0 for a region. InvalidGeoJSON or MissingPackage if there is no
    such shape.
    """

    def __init__(self, text: bytes) -> None:
        geometry = geojson.parse(text)
        self._s2 = _s2()
        self.cell = 0
        self._parts: list[Any] = []
        if geometry.is_region:
            self._parts = self._regions(geometry)
        else:
            self.cell = self._s2.S2CellId(self._point(geometry.coordinates)).id()

    def _regions(self, geometry: Geometry) -> list[Any]:
        """The parts that a region is the union of."""
        coordinates = geometry.coordinates
        if geometry.type == geojson.CIRCLE:
            return [self._circle(*coordinates)]
        if geometry.type == geojson.POLYGON:
            return [self._polygon(coordinates)]
        return [self._polygon(rings) for rings in coordinates]

    def _point(self, position: list[float]) -> Any:
        longitude, latitude = position
        degrees = self._s2.S2LatLng.FromDegrees(float(latitude), float(longitude))
        return degrees.ToPoint()

    def _circle(self, centre: list[float], radius_m: float) -> Any:
        angle = self._s2.S1Angle.Radians(radius_m / EARTH_RADIUS_M)
        return self._s2.S2Cap(self._point(centre), angle)

    def _polygon(self, rings: list[list[list[float]]]) -> Any:
        """Rings may turn either way: each one encloses the smaller side of it."""
        loops = []
        for ring in rings:
            loop = self._s2.S2Loop()
            loop.Init([self._point(at) for at in geojson.distinct(ring)[:-1]])
            loop.Normalize()
            loops.append(loop)
        polygon = self._s2.S2Polygon()
        polygon.InitNested(loops)
        return polygon

    def contains(self, cell: int) -> bool:
        """Whether a point, given as its cell, lies in this region."""
        point = self._s2.S2CellId(cell).ToPoint()
        return any(part.Contains(point) for part in self._parts)

    def _covering(self, max_level: int) -> list[Any]:
        """Cells that together cover the region, numbers rising.

        InvalidGeoJSON for most of the sphere, which so few cells cannot cover.
        """
        coverer = self._s2.S2RegionCoverer()
        coverer.set_min_level(MIN_LEVEL)
        coverer.set_max_level(max_level)
        coverer.set_max_cells(MAX_CELLS)
        cells = [cell for part in self._parts for cell in coverer.GetCovering(part)]
        if len(self._parts) != 1:
            union = self._s2.S2CellUnion()
            union.Init([cell.id() for cell in cells])
            cells = list(coverer.GetCovering(union))
        if len(cells) > MAX_CELLS:
            raise geojson.InvalidGeoJSON("too large a region")
        return cells

    def cells(self) -> Cells:
        """The cells that stand for the shape in a bin and in an index."""
        if self.cell:
            return (self.cell,)
        return tuple(cell.id() for cell in self._covering(STORED_LEVEL))

    def ranges(self) -> list[tuple[int, int]]:
        """Which cells of an index may match a query for this shape, as signed numbers.

        For a region the points in it; for a point all cells that contain it, since the
        regions around it are covered by one of these.
        """
        if self.cell:
            cell = self._s2.S2CellId(self.cell)
            around = [cell.parent(level).id() for level in range(1, cell.level() + 1)]
            found = [(number, number) for number in around]
        else:
            found = [
                (cell.range_min().id(), cell.range_max().id())
                for cell in self._covering(QUERIED_LEVEL)
            ]
        return sorted((signed(low), signed(high)) for low, high in found)

    def matches(self, other: Shape) -> bool:
        """Whether one of the two is a point and lies in the other one."""
        if self.cell:
            return not other.cell and other.contains(self.cell)
        return bool(other.cell) and self.contains(other.cell)


def signed(cell: int) -> int:
    """The number of a cell as signed 64 bits: the order of an index."""
    return cell - (1 << 64) if cell >> 63 else cell


_MAX_KEPT = 4096
"""Bytes of texts whose shapes are kept, and how many of these."""
_kept_shape = lru_cache(maxsize=_MAX_KEPT)(Shape)


def shape(text: bytes) -> Shape:
    """The shape of a GeoJSON text; InvalidGeoJSON, MissingPackage."""
    return _kept_shape(text) if len(text) <= _MAX_KEPT else Shape(text)


def _stored_cells(text: bytes) -> Cells:
    return shape(text).cells()


_kept_cells = lru_cache(maxsize=_MAX_KEPT)(_stored_cells)


def stored_cells(text: bytes) -> Cells:
    """The cells that go into a bin with a text; none without the package for geometry.

    Clients skip them, so that a bin is as good without.
    """
    if not is_available():
        return ()
    return _kept_cells(text) if len(text) <= _MAX_KEPT else _stored_cells(text)
