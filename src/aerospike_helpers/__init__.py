"""Helpers that build the arguments of `aerospike.Client` methods."""

from aerospike._types import HyperLogLog

__all__ = ["HyperLogLog"]
