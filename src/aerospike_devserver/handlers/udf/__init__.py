"""Functions in Lua: the states that run them, and the values that they take and give.

This folder alone imports `aerospike_lua`, whose runtime needs `lupa`.
"""
