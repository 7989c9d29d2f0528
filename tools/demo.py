"""Run the quickstart: python tools/demo.py [HOST:PORT[,HOST:PORT...]]

Without an argument, against a three-node development cluster that lives in this
process and ends with it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

QUICKSTART = Path(__file__).parent.parent / "examples" / "quickstart.py"


def hosts_text(hosts: list[tuple[str, int]]) -> str:
    return ",".join(f"[{a}]:{p}" if ":" in a else f"{a}:{p}" for a, p in hosts)


def run_quickstart(hosts: str) -> int:
    command = [sys.executable, str(QUICKSTART), hosts]
    return subprocess.run(command, check=False).returncode


def main(args: list[str]) -> int:
    if args:
        return run_quickstart(args[0])
    from aerospike_devserver import DevCluster

    with DevCluster(nodes=3) as cluster:
        hosts = hosts_text(cluster.hosts)
        print(f"Started a development cluster of three nodes: {hosts}\n", flush=True)
        code = run_quickstart(hosts)
    print("Stopped the development cluster.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
