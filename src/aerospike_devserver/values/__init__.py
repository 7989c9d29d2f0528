"""The values of bins: their types and order, GeoJSON, sketches, stored particles."""
