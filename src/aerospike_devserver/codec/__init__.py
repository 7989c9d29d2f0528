"""Bytes to messages and values, and back. Nothing here holds a socket."""
