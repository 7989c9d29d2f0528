"""The table of targets, and what an interpreter's wheel for one of them is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A C library on a kind of machine."""

    name: str
    zig: str  # zig's name of it; says the oldest glibc
    platform: str  # the wheel's platform tag
    openssl: str  # OpenSSL's name of it
    libc: str  # the C library's file on the users' machines

    @property
    def machine(self) -> str:
        return self.name.partition("-")[2]

    @property
    def is_musl(self) -> bool:
        return self.name.startswith("musl")


TARGETS = {
    target.name: target
    for machine in ("x86_64", "aarch64")
    for target in (
        Target(
            name=f"manylinux-{machine}",
            zig=f"{machine}-linux-gnu.2.17",
            platform=f"manylinux_2_17_{machine}",
            openssl=f"linux-{machine}",
            libc="libc.so.6",
        ),
        Target(
            name=f"musllinux-{machine}",
            zig=f"{machine}-linux-musl",
            platform=f"musllinux_1_2_{machine}",
            openssl=f"linux-{machine}",
            libc=f"libc.musl-{machine}.so.1",
        ),
    )
}


@dataclass(frozen=True)
class Interpreter:
    """A Python with headers; it runs setup.py for every target.

    Its headers serve for all targets: pyconfig.h has the sizes of types, which are the
    same on x86_64 and aarch64, with glibc and with musl, and the extension uses nothing
    else of what differs there.
    """

    version: str  # "3.13", "3.13t"
    path: str

    @property
    def digits(self) -> str:
        """As in tags: "313", "313t"."""
        return self.version.replace(".", "")

    @property
    def tags(self) -> str:
        """The wheel's tags of interpreter and ABI."""
        return f"cp{self.digits.rstrip('t')}-cp{self.digits}"


def extension_suffix(interpreter: Interpreter, target: Target) -> str:
    """How the names of compiled modules end.

    Where a wheel is unpacked by hand, the long name keeps other versions of Python from
    loading the module. Pythons for musl differ in how they spell it: with "gnu" up to
    3.10, later with "musl", and some leave it out. All of them load ".so".
    """
    if target.is_musl:
        return ".so"
    return f".cpython-{interpreter.digits}-{target.machine}-linux-gnu.so"


def select(names: str) -> list[Target]:
    """The targets with these names, separated by blanks; all of them for ""."""
    unknown = [name for name in names.split() if name not in TARGETS]
    if unknown:
        raise SystemExit(f"no such target: {unknown[0]}; there are {' '.join(TARGETS)}")
    return [TARGETS[name] for name in names.split() or TARGETS]
