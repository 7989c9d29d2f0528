"""Compile `aerospike._core`: the extension and the C library in one shared object.

Everything else about the package is in pyproject.toml. Environment variables:

ASC_WERROR=1   all warnings on and fatal (lint and CI; never for a user's install)
ASC_SANITIZE=address,undefined   with these sanitizers, and names for their reports
ASC_JOBS=N     number of compilers at a time; default: one per core
CC, CFLAGS, LDFLAGS   as for any extension
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
LIBRARY = Path("aerospike-client-c")
CORE = Path("src/aerospike/_core")
OBJECTS = Path("build/objects")

# _GNU_SOURCE: accept4, pipe2 and the like, which -std=c11 hides
COMMON_FLAGS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O3",
    "-g0",
    "-fvisibility=hidden",
    "-pthread",
]
WARNING_FLAGS = ["-Wall", "-Wextra", "-Wshadow", "-Werror"]
SANITIZE_FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
# CPython's calling conventions and half-filled tables make these two noise there
CORE_WARNING_FLAGS = ["-Wno-unused-parameter", "-Wno-missing-field-initializers"]


def version() -> str:
    text = (ROOT / "src/aerospike/_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("src/aerospike/_version.py has no __version__")
    return found[1]


def files(folder: Path, *suffixes: str) -> list[str]:
    found = (p for p in (ROOT / folder).rglob("*") if p.suffix in suffixes)
    return sorted(str(p.relative_to(ROOT)) for p in found)


def headers() -> list[str]:
    return [
        *files(LIBRARY / "include", ".h"),
        *files(LIBRARY / "src", ".h"),
        *files(CORE, ".h"),
    ]


def newest(paths: Iterable[str]) -> int:
    return max((os.stat(p).st_mtime_ns for p in paths), default=0)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold folder against another build of the same checkout."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class BuildExt(build_ext):
    """Compile in parallel, and only what is older than its source or a header."""

    def build_extension(self, ext: Extension) -> None:
        os.chdir(ROOT)
        # the library must not find Python.h; warnings in Python.h are not ours
        self.compiler.set_include_dirs([])
        include = [str(LIBRARY / "include")]
        library = [*self.flags(), f"-I{LIBRARY / 'src'}"]
        core = [*self.flags(), f"-I{CORE}"]
        for folder in self.include_dirs:
            core += ["-isystem", folder]
        if os.environ.get("ASC_WERROR") == "1":
            library += WARNING_FLAGS
            core += WARNING_FLAGS + CORE_WARNING_FLAGS
        # another compiler or other flags: other objects, in a folder of their own
        setting = repr((self.compiler.compiler_so, library, core))
        tag = hashlib.sha256(setting.encode()).hexdigest()[:12]
        objects_dir = OBJECTS / f"{sysconfig.get_config_var('SOABI')}-{tag}"
        with locked(objects_dir):
            jobs = [(s, library) for s in files(LIBRARY / "src", ".c")]
            jobs += [(s, core) for s in files(CORE, ".c")]
            objects = self.compile_all(jobs, include, objects_dir)
            self.link(ext, objects)

    def flags(self) -> list[str]:
        flags = [*COMMON_FLAGS, f'-DASC_VERSION="{version()}"']
        return flags + (SANITIZE_FLAGS + self.sanitize() if self.sanitize() else [])

    def sanitize(self) -> list[str]:
        names = os.environ.get("ASC_SANITIZE")
        return [f"-fsanitize={names}"] if names else []

    def compile_all(
        self, jobs: list[tuple[str, list[str]]], include: list[str], folder: Path
    ) -> list[str]:
        newest_header = newest(headers())
        stale: list[tuple[str, list[str]]] = []
        objects: list[str] = []
        for source, flags in jobs:
            [path] = self.compiler.object_filenames([source], output_dir=str(folder))
            objects.append(path)
            wanted = max(newest_header, newest([source]))
            if self.force or not os.path.exists(path) or newest([path]) <= wanted:
                stale.append((source, flags))

        def compile_one(job: tuple[str, list[str]]) -> None:
            source, flags = job
            self.compiler.compile(
                [source],
                output_dir=str(folder),
                include_dirs=include,
                extra_postargs=flags,
            )

        workers = int(os.environ.get("ASC_JOBS") or os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(compile_one, stale))  # list(): raise the first failure
        return objects

    def link(self, ext: Extension, objects: list[str]) -> None:
        target = self.get_ext_fullpath(ext.name)
        is_fresh = os.path.exists(target) and newest([target]) > newest(objects)
        if is_fresh and not self.force:
            return
        self.compiler.link_shared_object(
            objects,
            target,
            extra_postargs=["-pthread", *self.sanitize()],
            build_temp=self.build_temp,
            target_lang="c",
        )


setup(
    ext_modules=[
        Extension(
            "aerospike._core",
            sources=files(LIBRARY / "src", ".c") + files(CORE, ".c"),
            depends=headers(),
        )
    ],
    cmdclass={"build_ext": BuildExt},
)
