"""A development server in a process of its own, for devserver.py to count.

    python devserver_worker.py WHAT N

"serve" runs a node until the input ends, and prints its port first. The others do
something N times: "import" the server, also "beside pytest", which has much of the
standard library loaded already, "start and stop" a node, or three; or "nothing".
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

FAR_OFF_S = 1e6  # when the server looks for expired records


def load() -> None:
    import_module("aerospike_devserver.cluster")


def start_and_stop(n_nodes: int) -> None:
    from aerospike_devserver import DevCluster

    with DevCluster(n_nodes):
        pass


def serve() -> None:
    from aerospike_devserver import cluster

    cluster.REAP_PERIOD_S = FAR_OFF_S
    with cluster.DevCluster() as server:
        print(server.hosts[0][1], flush=True)
        sys.stdin.read()


def nothing() -> None:
    pass


DONE: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    # what is done before, and N times
    "nothing": (nothing, nothing),
    "serve": (nothing, serve),
    "import": (nothing, load),
    "import beside pytest": (lambda: import_module("pytest"), load),
    "start and stop": (load, lambda: start_and_stop(1)),
    "start and stop of 3": (load, lambda: start_and_stop(3)),
}


def main(what: str, n_times: str) -> None:
    before, repeated = DONE[what]
    before()
    for _ in range(int(n_times)):
        repeated()


if __name__ == "__main__":
    main(*sys.argv[1:])
