"""Tests of the built pages: `make test-site` builds them and names them in SITE."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

collect_ignore_glob = [] if "SITE" in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built pages."""
    return Path(os.environ["SITE"]).resolve()
