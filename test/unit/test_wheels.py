"""The parts of `make wheels` that need neither a compiler nor an index of packages."""

import hashlib
import io
import os
import tarfile
import zipfile

import pytest

from wheels import pack, targets
from wheels.targets import TARGETS, Interpreter

EPOCH = 1_700_000_000
OPENSSL = pack.Bundled("openssl", "3.5.7-1~deb13u2", "Apache-2.0", "the terms\n")


def test_all_targets_are_meant_without_names():
    assert [target.name for target in targets.select("")] == [
        "manylinux-x86_64",
        "musllinux-x86_64",
        "manylinux-aarch64",
        "musllinux-aarch64",
    ]


def test_targets_are_picked_in_the_order_of_their_names():
    picked = targets.select(" musllinux-aarch64 manylinux-x86_64 ")
    assert [t.platform for t in picked] == [
        "musllinux_1_2_aarch64",
        "manylinux_2_17_x86_64",
    ]


def test_unknown_target_is_refused_with_those_there_are():
    with pytest.raises(SystemExit, match="windows-x86_64; there are manylinux-x86_64"):
        targets.select("windows-x86_64")


@pytest.mark.parametrize(
    ("version", "tags", "suffix"),
    [
        ("3.10", "cp310-cp310", ".cpython-310-aarch64-linux-gnu.so"),
        ("3.13t", "cp313-cp313t", ".cpython-313t-aarch64-linux-gnu.so"),
    ],
)
def test_names_of_a_wheel_and_its_modules(version, tags, suffix):
    interpreter = Interpreter(version, "/x/bin/python")
    target = TARGETS["manylinux-aarch64"]
    assert interpreter.tags == tags
    assert targets.extension_suffix(interpreter, target) == suffix
    assert targets.extension_suffix(interpreter, TARGETS["musllinux-aarch64"]) == ".so"


def bill(bundled=(OPENSSL,)):
    return pack.sbom("aerospike", "20.0", "cp311-cp311-x", EPOCH, bundled, "0.17.1")


def test_bill_of_materials_lists_what_is_bundled():
    made = bill()
    [openssl] = made["components"]
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert made["metadata"]["component"]["purl"] == "pkg:pypi/aerospike@20.0"
    assert (openssl["name"], openssl["version"]) == ("openssl", "3.5.7")
    assert openssl["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert openssl["purl"] == (
        "pkg:deb/debian/openssl@3.5.7-1~deb13u2?arch=source&distro=trixie"
    )
    assert made["dependencies"][0]["dependsOn"] == [openssl["bom-ref"]]


def test_bill_of_a_wheel_without_tls_has_no_component():
    assert bill([])["components"] == []


def test_bill_is_the_same_each_time_and_another_for_another_wheel():
    other = pack.sbom("aerospike", "20.0", "cp312-cp312-x", EPOCH, [OPENSSL], "0.17.1")
    assert bill() == bill()
    assert bill()["serialNumber"] != other["serialNumber"]


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("3.5.7-1~deb13u2", "3.5.7"),
        ("1:2.10-rc1-3", "2.10-rc1"),
        ("1:3.0-1", "3.0"),
    ],
)
def test_upstream_version_has_neither_epoch_nor_revision(version, upstream):
    assert pack.Bundled("x", version, "MIT", "").upstream == upstream


def wheel_files():
    return {
        "x-1.dist-info/METADATA": b"Name: x\nLicense-File: LICENSE\nZ: 1\n\nA\n\nB\n",
        "x-1.dist-info/RECORD": b"old\n",
        "x/__init__.py": b"",
        "x/_core.so": b"code",
    }


def test_wheel_gets_the_bill_and_the_licences(tmp_path):
    files = wheel_files()
    pack.add_bill(files, bill(), [OPENSSL])
    assert files["x-1.dist-info/licenses/openssl/LICENSE"] == b"the terms\n"
    assert b'"CycloneDX"' in files["x-1.dist-info/sboms/aerospike.cdx.json"]
    assert files["x-1.dist-info/METADATA"] == (
        b"Name: x\nLicense-File: LICENSE\nLicense-File: openssl/LICENSE\nZ: 1\n"
        b"\nA\n\nB\n"
    )


def test_wheel_is_the_same_whatever_the_order_of_its_files(tmp_path):
    one, other = tmp_path / "one.whl", tmp_path / "other.whl"
    pack.write_wheel(one, wheel_files(), EPOCH)
    pack.write_wheel(other, dict(reversed(wheel_files().items())), EPOCH)
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        infos = {info.filename: info for info in archive.infolist()}
        assert list(infos) == [
            "x/__init__.py",
            "x/_core.so",
            "x-1.dist-info/METADATA",
            "x-1.dist-info/RECORD",
        ]
        assert {info.date_time for info in infos.values()} == {
            (2023, 11, 14, 22, 13, 20)
        }
        assert infos["x/_core.so"].external_attr >> 16 == 0o100755
        assert infos["x/__init__.py"].external_attr >> 16 == 0o100644


def test_record_has_each_file_with_its_hash_and_size(tmp_path):
    path = tmp_path / "x.whl"
    pack.write_wheel(path, wheel_files(), EPOCH)
    lines = pack.read_wheel(path)["x-1.dist-info/RECORD"].decode().splitlines()
    assert len(lines) == 4
    assert "x/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0" in lines
    assert lines[-1] == "x-1.dist-info/RECORD,,"


def make_sdist(path, names, mtime, user):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.mtime, info.uname, info.size = mtime, user, 3
            archive.addfile(info, io.BytesIO(b"abc"))


def test_sdist_tells_neither_who_made_it_nor_when(tmp_path):
    digests = set()
    for turn, names in enumerate((["x/a", "x/b"], ["x/b", "x/a"])):
        path = tmp_path / f"{turn}.tar.gz"
        make_sdist(path, names, mtime=turn, user=f"user{turn}")
        os.utime(path, (turn, turn))
        pack.rewrite_sdist(path, EPOCH)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        with tarfile.open(path) as archive:
            assert archive.getnames() == ["x/a", "x/b"]
            assert {m.mtime for m in archive.getmembers()} == {EPOCH}
            content = archive.extractfile("x/b")
            assert content is not None
            assert content.read() == b"abc"
    assert len(digests) == 1
