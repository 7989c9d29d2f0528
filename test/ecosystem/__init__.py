"""Programs of others on this client: `make ecosystem`, `make ecosystem-official`.

Neither is part of `make test`: both install from PyPI, and take minutes.
"""
