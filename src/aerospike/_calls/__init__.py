"""Calls of the client that are made of several requests."""
