"""What a target's extension modules are compiled with: zig, zlib and OpenSSL.

zlib is that of the users' systems: the policies of manylinux and of musllinux allow
libz.so.1. So it is built only to be linked with, and is in no wheel. OpenSSL is linked
statically.
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wheels.targets import Target

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/wheels"
SOURCES = BUILD / "sources"
SITE = Path(sysconfig.get_path("purelib"))  # where this environment has its packages

# Only the init function of a module is seen from outside, whatever is linked into it:
# another module's OpenSSL in the same process is another one.
EXPORTS = "{ global: PyInit_*; local: *; };\n"
COMPILE_FLAGS = ["-fPIC", "-O2", "-g0", "-fvisibility=hidden"]
SECTIONS = ["-ffunction-sections", "-fdata-sections"]  # unused ones are not linked
LINK_FLAGS = ["-shared", "-s", "-Wl,--gc-sections"]

# A library for TLS and certificates, of which nothing is loaded at run time. Its folder
# is one of its own: openssl.cnf of the system is written for another build, and may
# have words in it that this one does not know. A file named in OPENSSL_CONF is read.
# aerospike-client-c/src/tls/roots.c finds the system's certificates.
OPENSSL_OPTIONS = [
    *("--prefix=/usr", "--openssldir=/etc/aerospike/openssl", "--libdir=lib"),
    *("no-shared", "no-apps", "no-tests", "no-docs", "no-module", "no-engine"),
    *("no-dso", "no-legacy", "no-ui-console", "no-filenames", "no-quic", "no-dtls"),
    *("no-srp", "no-comp", "no-cms", "no-cmp", "no-ts", "no-ct", "no-ssl3"),
    *("no-idea", "no-md4", "no-mdc2", "no-rc5", "no-whirlpool"),
]


@dataclass(frozen=True)
class Source:
    """The unpacked source of a Debian package."""

    package: str
    folder: Path
    version: str  # Debian's: "3.5.7-1~deb13u2"
    newest: str  # the mirror's lists have this one; its files may be missing


def run(
    command: list[str],
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
    log: Path | None = None,
) -> None:
    """Run a command; when it fails, end with what it said.

    :param env: variables besides those of this process.
    :param log: the file for what it says.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if log is not None:
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        said = "\n".join(done.stdout.splitlines()[-40:])
        raise SystemExit(f"{said}\nfailed: {shlex.join(command)}")


def debian_source(package: str) -> Source:
    """Fetch the source of a package of Debian, unless it is there."""
    folder = SOURCES / package
    if not (folder / "newest").is_file() or not (folder / "version").is_file():
        run(["sh", "tools/debian_source.sh", package, str(folder)])
    version, newest = (
        (folder / name).read_text(encoding="utf-8").strip()
        for name in ("version", "newest")
    )
    return Source(package, folder / "source", version, newest)


def older_sources() -> list[Source]:
    """What was fetched in an older version than the mirror's lists have."""
    fetched = [debian_source(path.parent.name) for path in SOURCES.glob("*/version")]
    return [source for source in fetched if source.version != source.newest]


class Toolchain:
    """The compiler for one target, and the libraries to link with.

    Its commands stand under names without folders in a folder of PATH: what a compiler
    is called gets into what it makes, and must be the same wherever this is built.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.folder = BUILD / target.name
        self.bin = self.folder / "bin"
        self.exports = self.folder / "exports.map"
        self.env = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "ZIG_GLOBAL_CACHE_DIR": str(BUILD / "zig-cache"),
            "ZIG_LOCAL_CACHE_DIR": str(BUILD / "zig-cache"),
            "SOURCE_DATE_EPOCH": "0",  # not in a wheel; OpenSSL outlives commits here
            "LC_ALL": "C",
            "TZ": "UTC",
        }
        self.bin.mkdir(parents=True, exist_ok=True)
        self.exports.write_text(EXPORTS, encoding="utf-8")
        self.write_commands()

    def write_commands(self) -> None:
        commands = {
            "cc": f"cc -target {self.target.zig}",
            "ar": "ar",
            "ranlib": "ranlib",
        }
        for name, arguments in commands.items():
            path = self.bin / f"zig-{name}"
            path.write_text(f'#!/bin/sh\nexec "{zig()}" {arguments} "$@"\n')
            path.chmod(0o755)

    def library(self, name: str, build: Callable[[Path, Source], None]) -> Path:
        """The folder of a library: include/, lib/, version and LICENSE.

        It is built once, and again when what it is made from has changed.
        """
        source = debian_source(name)
        folder = self.folder / name
        stamp = folder / ".stamp"
        zig_version = importlib.metadata.version("ziglang")
        options = [self.target, OPENSSL_OPTIONS, COMPILE_FLAGS, SECTIONS]
        made_from = f"{source.version} {zig_version} {options}"
        if not stamp.is_file() or stamp.read_text() != made_from:
            print(f"{self.target.name}: building {name} {source.version}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "include").mkdir(parents=True)
            (folder / "lib").mkdir()
            build(folder, source)
            (folder / "version").write_text(source.version)
            stamp.write_text(made_from)
        return folder

    def build_zlib(self, folder: Path, source: Source) -> None:
        """A libz.so to link with."""
        for header in ("zlib.h", "zconf.h"):
            shutil.copy(source.folder / header, folder / "include")
        command = ["zig-cc", "-shared", *COMPILE_FLAGS, "-fvisibility=default"]
        command += ["-DHAVE_UNISTD_H", "-DHAVE_STDARG_H", "-Wl,-soname,libz.so.1"]
        # with the versions of symbols; some in the list exist in other builds only
        command += ["-Wl,--version-script=zlib.map", "-Wl,--undefined-version"]
        command += sorted(path.name for path in source.folder.glob("*.c"))
        command += ["-o", str(folder / "lib/libz.so")]
        run(command, source.folder, self.env, folder / "build.log")
        shutil.copy(source.folder / "LICENSE", folder)

    def build_openssl(self, folder: Path, source: Source) -> None:
        """libssl.a and libcrypto.a."""
        work = folder / "work"
        shutil.copytree(source.folder, work, symlinks=True)
        configure = ["perl", "Configure", self.target.openssl, *OPENSSL_OPTIONS]
        configure += ["CC=zig-cc", "AR=zig-ar", "RANLIB=zig-ranlib"]
        run([*configure, *COMPILE_FLAGS, *SECTIONS], work, self.env)
        jobs = os.environ.get("ASC_JOBS") or str(os.cpu_count() or 1)
        make = ["make", "-j", jobs, "build_libs"]
        run(make, work, self.env, folder / "build.log")
        shutil.copytree(work / "include/openssl", folder / "include/openssl")
        for name in ("libssl.a", "libcrypto.a"):
            shutil.copy(work / name, folder / "lib")
        shutil.copy(work / "LICENSE.txt", folder / "LICENSE")
        shutil.rmtree(work)

    def setup_env(self, with_tls: bool) -> dict[str, str]:
        """The environment in which setup.py compiles for the target."""
        folders = [self.library("zlib", self.build_zlib)]
        if with_tls:
            folders.append(self.library("openssl", self.build_openssl))
        includes = [f"-I{folder / 'include'}" for folder in folders]
        links = [f"-L{folder / 'lib'}" for folder in folders]
        script = f"-Wl,--version-script={self.exports}"
        return {
            **self.env,
            "CC": "zig-cc",
            "AR": "zig-ar",
            "CFLAGS": shlex.join([*SECTIONS, *includes]),
            "LDSHARED": shlex.join(["zig-cc", *LINK_FLAGS, script, *links]),
            "LDFLAGS": "",
            "ASC_WITHOUT_OPENSSL": "0" if with_tls else "1",
        }


def zig() -> Path:
    """zig's binary, in the package `ziglang` of this environment."""
    return SITE / "ziglang/zig"


def tool(name: str) -> str:
    """A command of this environment."""
    return str(Path(sys.executable).with_name(name))
