"""Functions in Lua: the states that run them, and what they see, take and give.

Only `scripts` imports the runtime of `aerospike_lua`, which needs `lupa`, and only when
there is something to run.
"""
