"""The version, kept here alone: the build and the C library read it from this file."""

__version__ = "20.0.0.dev0"
