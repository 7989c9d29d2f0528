"""Calls of the API that this release lacks: there is none."""

from __future__ import annotations


def pending() -> list[str]:
    """The paths of calls that exist, and raise ClientError since they do nothing."""
    return []
