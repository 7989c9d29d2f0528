"""What functions in Lua may call, and the runtime that calls them.

The client's half of an aggregation and the development server share this package. It
takes and gives Python values, and it knows neither of their codecs. It needs `lupa`,
which the extra `aerospike[lua]` installs.
"""
