"""Wait until nodes are one cluster: python tools/wait_for_cluster.py HOST:PORT[,...]

Fails when they are not after two minutes, and says what each node answered last.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import aerospike
from aerospike import exception

LIMIT_S = 120
PAUSE_S = 0.5

Host = tuple[str, int]


def answer_of(host: Host, size: int) -> str:
    """The key of the cluster, on which its nodes agree, or what went wrong."""
    command = f"cluster-stable:size={size};ignore-migrations=false"
    try:
        with aerospike.client({"hosts": [host], "connect_timeout": 2000}) as client:
            answer: str = client.info_single_node(command, host)
    except exception.AerospikeError as error:
        return f"error: {error}"
    return answer.rstrip("\n").rpartition("\t")[2]


def is_cluster(answers: Sequence[str]) -> bool:
    key = answers[0]
    return all(answer == key for answer in answers) and all(
        digit in "0123456789ABCDEFabcdef" for digit in key
    )


def main(text: str) -> int:
    pairs = (part.rpartition(":") for part in text.split(","))
    hosts = [(host, int(port)) for host, _, port in pairs]
    until = time.monotonic() + LIMIT_S
    while True:
        answers = [answer_of(host, len(hosts)) for host in hosts]
        if is_cluster(answers):
            print(f"{len(hosts)} nodes are one cluster: {answers[0]}")
            return 0
        if time.monotonic() > until:
            break
        time.sleep(PAUSE_S)
    for host, answer in zip(hosts, answers, strict=True):
        print(f"{host[0]}:{host[1]}: {answer}", file=sys.stderr)
    print(f"these are not one cluster after {LIMIT_S} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
