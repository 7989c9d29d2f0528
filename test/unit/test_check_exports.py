"""tools/check_exports.py on shared objects made here, and on the installed one."""

import shutil
import subprocess

import pytest

import check_exports

COMPILER = shutil.which("cc") or ""
pytestmark = pytest.mark.skipif(not COMPILER, reason="no C compiler")


@pytest.fixture
def shared_object(tmp_path):
    def build(text):
        source = tmp_path / "x.c"
        source.write_text(text)
        target = tmp_path / "_core.so"
        command = [COMPILER, "-shared", "-fPIC", "-o", str(target), str(source)]
        subprocess.run(command, check=True)
        return target

    return build


def test_init_function_alone_passes(shared_object, capsys):
    path = shared_object("void PyInit__core(void) {}\nstatic int n;\n")
    assert check_exports.main([str(path)]) == 0
    assert capsys.readouterr().out == ""


def test_other_symbol_is_reported(shared_object, capsys):
    path = shared_object("void PyInit__core(void) {}\nint asc_run(void) {return 0;}\n")
    assert check_exports.main([str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: exports asc_run\n"


def test_missing_init_function_is_reported(shared_object, capsys):
    path = shared_object("static int n;\n")
    assert check_exports.main([str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: does not export PyInit__core\n"


@pytest.mark.parametrize("name", ["_core", "_tls"])
def test_installed_extension_exports_its_init_function_only(name):
    module = pytest.importorskip(f"aerospike.{name}")
    if module.__file__ is None:
        pytest.skip("the client was built without TLS")
    assert check_exports.main([module.__file__]) == 0
