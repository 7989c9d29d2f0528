"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.loading import load_all


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[DevCluster]:
    load_all()
    with DevCluster() as cluster:
        yield cluster
