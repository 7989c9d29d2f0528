"""What the wheel is made of: setuptools takes packages only, and one version."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SOURCE = ROOT / "src"


def test_every_folder_with_modules_is_a_package():
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_every_package_is_marked_as_typed():
    packages = [path.parent for path in SOURCE.glob("*/__init__.py")]
    assert packages
    assert [p.name for p in packages if not (p / "py.typed").is_file()] == []


def test_version_of_the_package_is_the_one_in_the_file():
    aerospike = pytest.importorskip("aerospike", exc_type=ImportError)
    text = (SOURCE / "aerospike/_version.py").read_text()
    assert f'__version__ = "{aerospike.__version__}"' in text
