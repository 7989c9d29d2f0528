"""HyperLogLog sketches: their bytes, estimates, and the operations on them.

Source: part B of the page on bits and HyperLogLogs.
"""
