"""A one-node development server in a process of its own, for the benchmark driver.

Prints its hosts as one line of JSON, then serves until its input ends.
"""

from __future__ import annotations

import json
import sys

from aerospike_devserver import DevCluster


def main() -> None:
    with DevCluster(nodes=1) as cluster:
        print(json.dumps(cluster.hosts), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
