"""The values of bins: their types and order, GeoJSON, sketches, stored particles.

Everything else in the server may use this package, and it uses nothing of them but
result codes.
"""
