"""Install wheels in clean environments and use them: python tools/try_wheel.py WHEEL...

WHEEL is a file, or a folder of them. Each is tried on every interpreter that it is for:
a new venv, pip, and tools/wheel_smoke.py in a process that sees no sources. What checks
need besides (EXTRAS) is installed where there are wheels of it. At the end stands a
table; a wheel that no interpreter here can run is in it, too. The exit code is 0 if no
wheel has failed.

The interpreters are those of the machine (tools/wheels/pythons.py), and

--python PATH     one more
--root FOLDER     python3 of a system of its own in a folder, such as one for another
                  kind of machine, whose programs qemu runs; it takes root
--elsewhere       those that tools/musl_python.sh and tools/arm64_root.sh make here
--only            none of the machine, only those of the options

--find-links FOLDER and --no-index are passed on to pip, for a machine without an index.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wheels import pythons

TOOLS = Path(__file__).resolve().parent
SMOKE = TOOLS / "wheel_smoke.py"
EXTRAS = ("pytest", "trustme", "lupa")
LIMIT_S = 1800
"""How long one command may take: pip compiles its modules, and qemu is slow."""
MISSING = 77
"""The exit code of a script that says why the machine cannot have what it makes."""

PROBE = """\
import platform
from pip._vendor.packaging.tags import sys_tags
print(platform.machine(), platform.python_version())
print(*sys_tags())
"""
# in a namespace of its own, so that nothing stays mounted
ENTER = """\
mount -t proc none "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"
"""


class Failed(Exception):
    """A command has; the text is what it said."""


@dataclass(frozen=True)
class Place:
    """An interpreter, on this machine or in the folder of another system."""

    python: str
    root: Path | None = None

    @property
    def name(self) -> str:
        return self.python if self.root is None else str(self.root)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder for what is tried."""
        within = None if self.root is None else self.root / "tmp"
        with tempfile.TemporaryDirectory(prefix="try-wheel-", dir=within) as made:
            yield Path(made)

    def inside(self, path: Path) -> str:
        """The name that a file has for the interpreter."""
        return str(
            path if self.root is None else Path("/", path.relative_to(self.root))
        )

    def run(self, *command: str | Path) -> str:
        """What a command prints; Failed. A path is one of this machine."""
        words = [self.inside(w) if isinstance(w, Path) else w for w in command]
        if self.root is not None:
            words = ["unshare", "--mount", "sh", "-c", ENTER, str(self.root), *words]
        try:
            return self.output(words)
        except OSError as error:
            raise Failed(str(error)) from error

    def output(self, words: list[str]) -> str:
        """What a command prints; Failed, OSError."""
        done = subprocess.run(
            words,
            cwd="/",
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{done.stdout}exit code {done.returncode}")
        return done.stdout


@dataclass(frozen=True)
class Interpreter:
    """What a place has."""

    place: Place
    name: str
    tags: frozenset[str]


def asked(place: Place) -> Interpreter:
    """Ask a place which wheels it takes; Failed."""
    with place.folder() as folder:
        place.run(place.python, "-m", "venv", folder / "venv")
        printed = place.run(folder / "venv/bin/python", "-I", "-c", PROBE)
    name, tags = printed.splitlines()[-2:]
    is_free = any(tag.endswith("t") for tag in re.findall(r"-(cp\d+t?)-", tags)[:1])
    is_musl = "musllinux" in tags
    name += "t" * is_free + " musl" * is_musl
    return Interpreter(place, name, frozenset(tags.split()))


def tags_of(wheel: Path) -> set[str]:
    """Of the wheel's name, each written out."""
    pythons_, abis, platforms = (part.split(".") for part in wheel.stem.split("-")[-3:])
    return {f"{p}-{a}-{f}" for p in pythons_ for a in abis for f in platforms}


def try_wheel(wheel: Path, place: Place, pip_options: Sequence[str]) -> str:
    """Install a wheel and use it; the last line of the smoke test. Failed."""
    with place.folder() as folder:
        copy = Path(shutil.copy(wheel, folder))
        smoke = Path(shutil.copy(SMOKE, folder))
        place.run(place.python, "-m", "venv", folder / "venv")
        python = folder / "venv/bin/python"
        install = ("-m", "pip", "install", "--quiet", "--only-binary=:all:")
        place.run(python, *install, *pip_options, copy)
        for package in EXTRAS:
            try:
                place.run(python, *install, *pip_options, package)
            except Failed:  # no wheel of it for this Python: the smoke test says so
                pass
        printed = place.run(python, "-I", smoke)
    for line in printed.splitlines():
        print(f"    {line}")
    return printed.splitlines()[-1]


# --- what there is ----------------------------------------------------------------


def wheels_in(paths: Sequence[Path]) -> list[Path]:
    """The files, and those in the folders."""
    found = []
    for path in paths:
        found += [path] if path.suffix == ".whl" else sorted(path.glob("*.whl"))
    return [path.resolve() for path in found]


def of_the_machine() -> Iterator[Place]:
    """One interpreter of each version."""
    for version in pythons.VERSIONS.split():
        found = pythons.of_machine(version)
        if found is not None:
            yield Place(found.path)


def made(script: str) -> list[str]:
    """What a script has made, which it prints; [] if the machine cannot have it."""
    done = subprocess.run(
        ["sh", str(TOOLS / script)], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in (0, MISSING):
        raise SystemExit(f"{script} has failed")
    return done.stdout.split("\n")[:-1]


def elsewhere() -> Iterator[Place]:
    """Interpreters that scripts of ours make."""
    for python in made("musl_python.sh"):
        yield Place(python)
    for root in made("arm64_root.sh"):
        yield Place("python3", Path(root))


def places(options: argparse.Namespace) -> Iterator[Place]:
    if not options.only:
        yield from of_the_machine()
    for path in options.python:
        yield Place(path)
    for root in options.root:
        yield Place("python3", root.resolve())
    if options.elsewhere:
        yield from elsewhere()


# --- the table --------------------------------------------------------------------


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--root", action="append", default=[], type=Path)
    parser.add_argument("--elsewhere", action="store_true")
    parser.add_argument("--only", action="store_true")
    parser.add_argument("--find-links", type=Path)
    parser.add_argument("--no-index", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = parsed(arguments)
    wheels = wheels_in(options.wheels)
    if not wheels:
        print(f"there are no wheels in {options.wheels[0]}: `make wheels` makes them")
        return 1
    pip_options = ["--no-index"] if options.no_index else []
    if options.find_links is not None:
        pip_options += ["--find-links", str(options.find_links.resolve())]
    interpreters = []
    for place in places(options):
        try:
            interpreters.append(asked(place))
        except Failed as error:
            print(f"{error}\n{place.name} cannot be used")
            return 1
    rows = []
    failed = False
    for wheel in wheels:
        tag = "-".join(wheel.stem.split("-")[-3:])
        row = f"{wheel.stat().st_size / 1e6:5.2f} MB  {tag:62}"
        fitting = [one for one in interpreters if one.tags & tags_of(wheel)]
        if not fitting:
            rows.append(f"{row}  unrun: no interpreter for it here")
        for one in fitting:
            print(f"{tag} on {one.name} ({one.place.name})", flush=True)
            began = time.monotonic()
            try:
                result = try_wheel(wheel, one.place, pip_options)
            except Failed as error:
                print(error)
                result = "FAILED"
                failed = True
            taken_s = time.monotonic() - began
            rows.append(
                f"{row}  {one.name:24}  {result.partition(';')[0]}, {taken_s:.0f} s"
            )
    print("\n".join(["", *rows]))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
