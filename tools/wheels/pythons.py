"""Which interpreters the machine has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from wheels.native import ROOT
from wheels.targets import Interpreter

# those for which there are wheels; t: without the GIL
VERSIONS = "3.10 3.11 3.12 3.13 3.13t 3.14 3.14t 3.15 3.15t"
PROBE = """\
import json, os, struct, sys, sysconfig as s
version = "%d.%d" % sys.version_info[:2]
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": version + "t" * bool(s.get_config_var("Py_GIL_DISABLED")),
    "has_headers": os.path.exists(os.path.join(s.get_path("include"), "Python.h")),
    "bits": struct.calcsize("P") * 8,
    "path": sys.executable,
}))
"""


def candidates(version: str) -> Iterator[str]:
    """Paths that may be interpreters of this version: PATH's, pyenv's, ours."""
    found = shutil.which(f"python{version}")
    if found:
        yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    pattern = f"versions/{version.rstrip('t')}.*/bin/python{version}"
    yield from sorted(map(str, root.glob(pattern)), reverse=True)
    yield str(ROOT / f"build/pythons/{version}/bin/python")
    # tools/free_threaded.sh
    yield str(ROOT / f"build/python{version}/bin/python{version}")


def probe(path: str) -> Interpreter | None:
    """The interpreter at path; None for what does not run or has no headers."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", PROBE], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    facts = json.loads(done.stdout)
    fits = facts["implementation"] == "cpython" and facts["bits"] == 64
    if not fits or not facts["has_headers"]:
        return None
    return Interpreter(facts["version"], facts["path"])


def of_machine(version: str) -> Interpreter | None:
    """The machine's first interpreter of this version."""
    tried = map(probe, candidates(version))
    return next((p for p in tried if p is not None and p.version == version), None)


def find(versions: str, paths: str) -> list[Interpreter]:
    """One interpreter for each version that the machine has.

    :param versions: such as "3.11 3.13t", which must all be there; "": those there are.
    :param paths: more interpreters, by path, separated by blanks; these come first.
    """
    named = {p.version: p for p in map(probe, reversed(paths.split())) if p is not None}
    found = []
    for version in (versions or VERSIONS).split():
        here = named.get(version) or of_machine(version)
        if here is not None:
            found.append(here)
        elif versions:
            raise SystemExit(f"Python {version} is not here, or has no headers")
        else:
            print(f"Python {version}: not here, so no wheel for it")
    return found
