"""Check that a shared object exports its module's init function and nothing else.

python tools/check_exports.py FILE...
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# set by some linkers in every shared object
LINKER_SYMBOLS = {"_init", "_fini", "_edata", "_end", "__bss_start"}


def exports(path: Path) -> set[str]:
    command = ["nm", "-g", "--defined-only", str(path)]
    if sys.platform.startswith("linux"):
        command.insert(1, "-D")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in done.stdout.splitlines() if line.strip()}
    if sys.platform == "darwin":
        names = {name.removeprefix("_") for name in names}
    return names - LINKER_SYMBOLS


def main(args: list[str]) -> int:
    failed = 0
    for path in map(Path, args):
        expected = "PyInit_" + path.name.partition(".")[0]
        found = exports(path)
        for name in sorted(found - {expected}):
            print(f"{path}: exports {name}")
            failed = 1
        if expected not in found:
            print(f"{path}: does not export {expected}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
