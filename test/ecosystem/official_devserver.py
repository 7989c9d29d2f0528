"""Run the PyPI client's public test suite with that client, on a development server.

    python -m ecosystem.official_devserver SUITE PASSED

SUITE and PASSED are those of `ecosystem.official`: the tests that the client passes on
a real server. What fails on the development server and is not in
`test/compat/official-server-differences.txt` is printed, and makes the status 1.
"""

from __future__ import annotations

import sys

from aerospike_devserver import DevCluster

from .official import COMPAT, passed_in, report_on, run_theirs, suite_folder

SERVER_DIFFERENCES = COMPAT / "official-server-differences.txt"
VERSION = "8.1"
"""Of the real server with which PASSED is made."""


def main(suite: str, passed: str) -> int:
    folder = suite_folder(suite)
    wanted = passed_in(passed)
    with DevCluster(nodes=1, version=VERSION) as cluster:
        hosts = ",".join(f"{host}:{port}" for host, port in cluster.hosts)
        report = run_theirs(folder, hosts)
    return report_on(wanted, report, SERVER_DIFFERENCES)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
