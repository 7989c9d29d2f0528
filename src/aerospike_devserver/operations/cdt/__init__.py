"""List and map operations on values: no wire, no records.

`engine.read` and `engine.modify` carry out one operation on the container of a bin;
everything below them is rows of tables. Source: the pages on lists and maps.
"""
