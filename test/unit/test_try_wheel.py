"""`make try-wheels`: which wheels are tried where, and what is told of them."""

import pathlib
import subprocess
import sys

import pytest

import try_wheel
import wheel_smoke

TOOLS = pathlib.Path(try_wheel.__file__).parent


def run(*arguments):
    command = [sys.executable, TOOLS / "try_wheel.py", "--only", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["", "missing"])
def test_folder_without_wheels_is_said(tmp_path, name):
    done = run(tmp_path / name)
    assert done.returncode == 1
    assert "`make wheels` makes them" in done.stdout


def test_wheel_that_nothing_here_can_run_stands_in_the_table(tmp_path):
    (tmp_path / "aerospike-20.0-cp310-cp310-win_amd64.whl").write_bytes(bytes(123_456))
    done = run(tmp_path)
    assert done.returncode == 0
    assert done.stdout.split("\n")[-2].split() == [
        *("0.12", "MB", "cp310-cp310-win_amd64", "unrun:"),
        *("no", "interpreter", "for", "it", "here"),
    ]


def test_interpreter_that_does_not_run_is_said(tmp_path):
    (tmp_path / "aerospike-20.0-cp310-cp310-win_amd64.whl").touch()
    done = run("--python", tmp_path / "python", tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"{tmp_path}/python cannot be used"


def test_tags_of_a_wheel_are_written_out():
    name = "aerospike-20.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    assert try_wheel.tags_of(pathlib.Path(name)) == {
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
    }


def raises(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("checks", "code", "counts"),
    [
        ([lambda: None, lambda: "more"], 0, "2 ok;"),
        ([lambda: None, raises(wheel_smoke.LeftOut("why"))], 0, "1 ok, 1 left out;"),
        ([raises(AssertionError()), lambda: None], 1, "1 FAILED, 1 ok;"),
    ],
    ids=["all pass", "one is left out", "one fails"],
)
def test_smoke_test_counts_its_checks(monkeypatch, capsys, checks, code, counts):
    monkeypatch.setattr(wheel_smoke, "CHECKS", checks)
    assert wheel_smoke.main() == code
    assert capsys.readouterr().out.splitlines()[-1].startswith(counts)
