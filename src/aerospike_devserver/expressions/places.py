"""The expression that compares a region with a point.

Source: section 4.1 of the expression rules.
"""

from __future__ import annotations

import logging

from aerospike_devserver.expressions.nodes import (
    Code,
    Kind,
    Names,
    Node,
    exactly,
    node,
    strict,
    typed,
)
from aerospike_devserver.result import Result, ServerError
from aerospike_devserver.values import geo
from aerospike_devserver.values.geojson import InvalidGeoJSON
from aerospike_devserver.values.marks import UNKNOWN
from aerospike_devserver.values.values import Value

log = logging.getLogger(__name__)


def _is_inside(a: Value, b: Value) -> Value:
    try:
        return geo.shape(a[1:]).matches(geo.shape(b[1:]))
    except InvalidGeoJSON:  # inside lists and maps any text is stored
        return UNKNOWN


@node(Code.GEO_COMPARE)
def _geo_compare(_code: int, arguments: list[Value], names: Names) -> Node:
    """GEO_COMPARE: a region and a point inside it, in either order.

    Without the package for geometry ServerError 16.
    """
    if not geo.is_available():
        why = geo.MissingPackage()
        log.error("%s", why)
        raise ServerError(Result.UNSUPPORTED_FEATURE) from why
    operands = [typed(each, Kind.GEOJSON, names) for each in exactly(arguments, 2)]
    return strict(Kind.BOOL, _is_inside, operands)
