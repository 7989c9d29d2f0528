"""Compile `aerospike._core`: the extension and the C library in one shared object.

A second one, `aerospike._tls`, has what needs OpenSSL; where OpenSSL's headers are
missing it is left out, and the rest is still built. Without the headers of zlib
the client refuses to compress.

Everything else about the package is in pyproject.toml. Environment variables:

ASC_WERROR=1   all warnings on and fatal (lint and CI; never for a user's install)
ASC_SANITIZE=address,undefined   with these sanitizers, and names for their reports
ASC_WITHOUT_ZLIB=1, ASC_WITHOUT_OPENSSL=1   as if their headers were missing
ASC_JOBS=N     number of compilers at a time; default: one per core
CC, CFLAGS, LDFLAGS   as for any extension
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

ROOT = Path(__file__).resolve().parent
LIBRARY = Path("aerospike-client-c")
CORE = Path("src/aerospike/_core")
TLS = Path("src/aerospike/_tls")
TLS_LIBRARY = LIBRARY / "src/tls"
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
# fails to compile where OpenSSL is missing or too old
OPENSSL_PROBE = """\
#include <openssl/ssl.h>
#if OPENSSL_VERSION_MAJOR < 3
#error OpenSSL 3 is needed
#endif
"""
ZLIB_PROBE = "#include <zlib.h>\n"
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


def library_sources() -> list[str]:
    tls = files(TLS_LIBRARY, ".c")
    return [source for source in files(LIBRARY / "src", ".c") if source not in tls]


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

    def build_extensions(self) -> None:
        os.chdir(ROOT)
        # the library must not find Python.h; warnings in Python.h are not ours
        self.compiler.set_include_dirs([])
        core, tls = self.extensions
        self.has_zlib = self.finds("zlib", ZLIB_PROBE)
        if not self.has_zlib:
            print(
                "the client is built without compression: the headers of zlib are"
                " missing (Debian's package zlib1g-dev)"
            )
        # another compiler or other flags: other objects, in a folder of their own
        setting = repr((self.compiler.compiler_so, self.flags(""), self.include_dirs))
        tag = hashlib.sha256(setting.encode()).hexdigest()[:12]
        folder = OBJECTS / f"{sysconfig.get_config_var('SOABI')}-{tag}"
        with locked(folder):
            library = self.compile_all(library_sources(), self.flags("library"), folder)
            objects = self.compile_all(files(CORE, ".c"), self.flags("core"), folder)
            self.link(core, [*library, *objects], self.zlib())
            if self.finds("openssl", OPENSSL_PROBE):
                self.build_tls(tls, library, folder)
            else:
                print(
                    "aerospike._tls is left out: the headers of OpenSSL 3 are missing"
                    " (Debian's package libssl-dev)"
                )
                self.extensions = [core]

    def build_tls(self, ext: Extension, library: list[str], folder: Path) -> None:
        """Link what needs OpenSSL with as much of the library as it uses."""
        objects = [
            *self.compile_all(files(TLS_LIBRARY, ".c"), self.flags("library"), folder),
            *self.compile_all(files(TLS, ".c"), self.flags("tls"), folder),
        ]
        self.compiler.create_static_lib(library, "asc", output_dir=str(folder))
        libraries = ["ssl", "crypto", *self.zlib()]
        self.link(ext, [*objects, str(folder / "libasc.a")], libraries)

    def zlib(self) -> list[str]:
        """What to link for compression."""
        return ["z"] if self.has_zlib else []

    def finds(self, name: str, text: str) -> bool:
        """Whether a program that needs the headers of a library compiles."""
        if os.environ.get(f"ASC_WITHOUT_{name.upper()}") == "1":
            return False
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder) / f"probe_{name}.c"
            probe.write_text(text)
            try:
                self.compiler.compile([str(probe)], output_dir=folder)
            except CompileError:
                return False
        return True

    def flags(self, part: str) -> list[str]:
        """The compiler's flags for a part: "library", "core", "tls", "" (for all)."""
        flags = [*COMMON_FLAGS, f'-DASC_VERSION="{version()}"']
        flags += ["-DASC_HAVE_ZLIB"] if self.has_zlib else []
        flags += SANITIZE_FLAGS + self.sanitize() if self.sanitize() else []
        if os.environ.get("ASC_WERROR") == "1":
            flags += WARNING_FLAGS
        if part == "library":
            flags.append(f"-I{LIBRARY / 'src'}")
        elif part:
            flags += [f"-I{CORE}"] if part == "core" else []
            flags += CORE_WARNING_FLAGS
            for include in self.include_dirs:
                flags += ["-isystem", include]
        return flags

    def sanitize(self) -> list[str]:
        names = os.environ.get("ASC_SANITIZE")
        return [f"-fsanitize={names}"] if names else []

    def compile_all(
        self, sources: list[str], flags: list[str], folder: Path
    ) -> list[str]:
        newest_header = newest(headers())
        stale: list[str] = []
        objects: list[str] = []
        for source in sources:
            [path] = self.compiler.object_filenames([source], output_dir=str(folder))
            objects.append(path)
            wanted = max(newest_header, newest([source]))
            if self.force or not os.path.exists(path) or newest([path]) <= wanted:
                stale.append(source)

        def compile_one(source: str) -> None:
            self.compiler.compile(
                [source],
                output_dir=str(folder),
                include_dirs=[str(LIBRARY / "include")],
                extra_postargs=flags,
            )

        workers = int(os.environ.get("ASC_JOBS") or os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(compile_one, stale))  # list(): raise the first failure
        return objects

    def link(
        self, ext: Extension, objects: list[str], libraries: Iterable[str] = ()
    ) -> None:
        target = self.get_ext_fullpath(ext.name)
        is_fresh = os.path.exists(target) and newest([target]) > newest(objects)
        if is_fresh and not self.force:
            return
        self.compiler.link_shared_object(
            objects,
            target,
            libraries=list(libraries),
            extra_postargs=["-pthread", *self.sanitize()],
            build_temp=self.build_temp,
            target_lang="c",
        )


setup(
    ext_modules=[
        Extension(
            "aerospike._core",
            sources=library_sources() + files(CORE, ".c"),
            depends=headers(),
        ),
        Extension(
            "aerospike._tls",
            sources=files(TLS_LIBRARY, ".c") + files(TLS, ".c"),
            depends=headers(),
        ),
    ],
    cmdclass={"build_ext": BuildExt},
)
