"""Programs of others on this client and on the development server.

`make ecosystem`, `make ecosystem-examples`, `make ecosystem-official` and `make
ecosystem-official-devserver`: none is part of `make test`, because they install from
PyPI, and take minutes.
"""
