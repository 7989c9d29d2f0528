"""Archives that are the same each time: a fixed order, fixed times, fixed modes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import time
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bundled:
    """A library in a wheel that is not ours."""

    name: str  # "openssl"
    version: str  # that of Debian's source package: "3.5.7-1~deb13u2"
    licence: str  # SPDX
    text: str  # the licence's

    @property
    def upstream(self) -> str:
        """The version that its authors gave it: "3.5.7"."""
        return self.version.rpartition(":")[2].rpartition("-")[0]


def sbom(
    name: str, version: str, tag: str, epoch: int, bundled: Iterable[Bundled], zig: str
) -> dict[str, Any]:
    """A software bill of materials in CycloneDX 1.6, for a wheel (PEP 770).

    :param tag: the wheel's, such as "cp311-cp311-manylinux_2_17_x86_64".
    :param epoch: the time of the bill, in seconds since 1970.
    :param bundled: what is in the wheel besides our own code.
    :param zig: the version of the compiler.
    """
    purl = f"pkg:pypi/{name}@{version}"
    components = [
        {
            "type": "library",
            "bom-ref": f"{b.name}@{b.upstream}",
            "name": b.name,
            "version": b.upstream,
            "description": "linked statically into aerospike._tls",
            "licenses": [{"license": {"id": b.licence}}],
            "purl": f"pkg:deb/debian/{b.name}@{b.version}?arch=source&distro=trixie",
        }
        for b in bundled
    ]
    refs = [str(c["bom-ref"]) for c in components]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{purl}#{tag}')}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "tools": {
                "components": [
                    {"type": "application", "name": "ziglang", "version": zig}
                ]
            },
            "component": {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": purl,
            },
            "properties": [
                # of the users' systems, so not bundled
                {"name": "aerospike:loaded-from-the-system", "value": "libz.so.1"}
            ],
        },
        "components": components,
        "dependencies": [
            {"ref": purl, "dependsOn": refs},
            *({"ref": ref} for ref in refs),
        ],
    }


def with_licence_files(metadata: str, names: Iterable[str]) -> str:
    """A wheel's METADATA with more lines of License-File, behind those it has."""
    head, blank, body = metadata.partition("\n\n")
    lines = head.splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("License-File:"))
    lines[last + 1 : last + 1] = [f"License-File: {name}" for name in names]
    return "\n".join(lines) + blank + body


def read_wheel(path: Path) -> dict[str, bytes]:
    """The files of a wheel by name."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name) for name in names}


def add_bill(
    files: dict[str, bytes], bill: dict[str, Any], bundled: Iterable[Bundled]
) -> None:
    """Put the bill of materials and the licences into a wheel's .dist-info."""
    info = next(name for name in files if name.endswith(".dist-info/METADATA"))
    folder = info.rpartition("/")[0]
    text = json.dumps(bill, indent=2) + "\n"
    files[f"{folder}/sboms/aerospike.cdx.json"] = text.encode()
    names = []
    for b in bundled:
        names.append(f"{b.name}/LICENSE")
        files[f"{folder}/licenses/{names[-1]}"] = b.text.encode()
    files[info] = with_licence_files(files[info].decode(), names).encode()


def record(files: dict[str, bytes], name: str) -> bytes:
    """The text of RECORD, which stands under this name."""
    lines = []
    for path in sorted(files.keys() - {name}):
        digest = hashlib.sha256(files[path]).digest()
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        lines.append(f"{path},sha256={text},{len(files[path])}")
    return "\n".join([*lines, f"{name},,", ""]).encode()


def write_wheel(path: Path, files: dict[str, bytes], epoch: int) -> None:
    """Write a wheel with a new RECORD; .dist-info stands last, as the rules advise."""
    [name] = [name for name in files if name.endswith(".dist-info/RECORD")]
    files[name] = record(files, name)
    # the times in a zip are even seconds from 1980 on
    when = time.gmtime(max(epoch, 315_532_800))[:6]
    with zipfile.ZipFile(path, "w") as archive:
        for member in sorted(files, key=lambda n: (".dist-info/" in n, n)):
            info = zipfile.ZipInfo(member, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, which has modes
            mode = 0o755 if member.endswith(".so") else 0o644
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, files[member], compresslevel=9)


def packed_sizes(path: Path) -> dict[str, int]:
    """Bytes that each file takes in a wheel, with its two headers."""
    with zipfile.ZipFile(path) as archive:
        return {
            info.filename: info.compress_size + 30 + 46 + 2 * len(info.filename)
            for info in archive.infolist()
        }


def rewrite_sdist(path: Path, epoch: int) -> None:
    """Write an sdist (.tar.gz) again without who made it and when."""
    with tarfile.open(path) as archive:
        members = [
            (member, archive.extractfile(member)) for member in archive.getmembers()
        ]
        members.sort(key=lambda pair: pair[0].name)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as out:
            for member, content in members:
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                member.mtime = epoch
                member.pax_headers = {}
                is_runnable = member.isdir() or member.mode & 0o100
                member.mode = 0o755 if is_runnable else 0o644
                out.addfile(member, content)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as file:
        file.write(packed.getvalue())
