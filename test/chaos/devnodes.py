"""A development cluster as a process that does what it reads: `freeze 1`, `stop 2`.

Its first line is the hosts as JSON; each command is answered with `ok` once it is done
and what the nodes had been sent before is dealt with. It ends with its input.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any

from aerospike_devserver import DevCluster

TURNS = 5
"""Turns of the one thread of all nodes that take in what the kernel holds for them."""


def main(settings: dict[str, Any]) -> None:
    """Serve until the input ends. settings: of the cluster."""
    with DevCluster(**settings) as cluster:
        print(json.dumps(cluster.hosts), flush=True)
        names = itertools.count(0xC0FFEE)
        do = {
            "stop": cluster.stop_node,
            "start": cluster.start_node,
            "freeze": cluster.freeze_node,
            "thaw": cluster.thaw_node,
            "move": lambda node: cluster.start_node(node, is_moved=True),
            "rename": lambda node: cluster.start_node(
                node, is_moved=True, node_id=f"{next(names):X}"
            ),
            "shuffle": lambda _: cluster.move_partitions(),
        }
        for line in sys.stdin:
            word, node = line.split()
            do[word](int(node))
            for _ in range(TURNS):
                _ = cluster.hosts
            print("ok", flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
