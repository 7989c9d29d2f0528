"""What operations do to one value: lists, maps, bits, strings, HyperLogLogs.

An operation takes values and returns values. It knows no record and no request.
"""
