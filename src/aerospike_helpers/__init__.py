"""Helpers that build the arguments of `aerospike.Client` methods."""
