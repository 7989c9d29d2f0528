"""The commands of "In place of the client on PyPI" do what the page says.

They run with pip, and with uv where it is installed, in empty environments. Two indexes
on this machine stand for PyPI and for an index of one's own. The one for PyPI also has
a version above ours, as it may have one day. The wheels are empty.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import aerospike

from .test_snippets import ROOT, blocks_of

pytestmark = pytest.mark.takes_long

PAGE = ROOT / "doc/releasing.md"
HOST = "https://packages.example.com/"
LIMIT_S = 240
ALONE = "pip install 'bcrypt>=4'\n$ pip install --no-deps --index-url"
"""How the block begins that installs the client alone."""

Run = Callable[..., str]


def write_wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    """A wheel without modules. needs: a requirement of it."""
    path = folder / name / f"{name}-{version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA",
            metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        names = ("METADATA", "WHEEL", "RECORD")
        wheel.writestr(f"{info}/RECORD", "".join(f"{info}/{n},,\n" for n in names))
    return path


@dataclass
class Indexes:
    """Addresses that end in a slash."""

    pypi: str
    ours: str
    wheel: Path


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    """Folders of wheels behind a web server, which lists them."""
    root = tmp_path_factory.mktemp("indexes")
    for version in ("19.3.0", "20.9.0"):
        write_wheel(root / "pypi/simple", "aerospike", version)
    write_wheel(root / "pypi/simple", "bcrypt", "5.0.0")
    write_wheel(root / "pypi/simple", "visits", "1.0", "aerospike>=19,<20")
    ours = write_wheel(root / "ours/simple", "aerospike", "20.0.0", "bcrypt>=4")

    def handler(*args: object) -> Quiet:
        return Quiet(*args, directory=str(root))  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/"
        yield Indexes(place + "pypi/", place + "ours/", ours)
        server.shutdown()


@pytest.fixture
def run(indexes: Indexes, tmp_path: Path) -> Run:
    """Run a line of the page in an environment; gives what it printed."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = str(tmp_path / "venv/bin/python")
    environ = {k: v for k, v in os.environ.items() if k[:4] not in ("PIP_", "UV_")}
    environ |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": f"{indexes.pypi}simple/",
        "PIP_NO_CACHE_DIR": "1",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_DEFAULT_INDEX": f"{indexes.pypi}simple/",
        "UV_PYTHON": python,  # uv would take the one of the tests
        "VIRTUAL_ENV": str(tmp_path / "venv"),
    }
    pip = [sys.executable, "-m", "pip", "--python", python]

    def run_line(line: str, fails: bool = False) -> str:
        line = to_local(line, indexes)
        args = shlex.split(line, comments=True)
        done = subprocess.run(
            [*pip, *args[1:]] if args[0] == "pip" else ["sh", "-c", line],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{line}\n{done.stdout}"
        if args[:2] == ["pip", "freeze"] and ">" in args:
            (tmp_path / args[-1]).write_text(done.stdout, encoding="utf-8")
        return done.stdout

    return run_line


def to_local(text: str, indexes: Indexes) -> str:
    """The same text with addresses, names and hashes of this machine."""
    digest = hashlib.sha256(indexes.wheel.read_bytes()).hexdigest()
    text = re.sub(r"aerospike-20\.0\.0-\S+\.whl", indexes.wheel.name, text)
    return text.replace("=HASH", f"={digest}").replace(HOST, indexes.ours)


def block_with(language: str, words: str) -> list[str]:
    """The lines of the page's only block that begins so, without the prompts."""
    [found] = [
        block
        for block in blocks_of(PAGE)
        if block.language == language
        and "\n".join(block.lines).removeprefix("$ ").startswith(words)
    ]
    return [line.removeprefix("$ ") for line in found.lines]


def installed(run: Run) -> dict[str, str]:
    """Versions by name."""
    lines = run("pip list --format=freeze").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def write_constraints(indexes: Indexes, folder: Path) -> None:
    [line] = block_with("text", "aerospike @")
    text = to_local(line, indexes)
    (folder / "constraints.txt").write_text(text, encoding="utf-8")


def test_with_a_further_index_pip_takes_the_higher_version(run: Run) -> None:
    [line] = block_with("console", "pip install --extra-index-url")
    run(line)
    assert installed(run)["aerospike"] == "20.9.0"


def test_with_one_index_pip_takes_ours(run: Run) -> None:
    for line in block_with("console", ALONE):
        run(line)
    assert installed(run) == {"aerospike": "20.0.0", "bcrypt": "5.0.0"}


def test_constraints_say_where_the_client_comes_from(
    run: Run, indexes: Indexes, tmp_path: Path
) -> None:
    write_constraints(indexes, tmp_path)
    [line] = block_with("console", "pip install -c")
    run(line)
    assert installed(run) == {"aerospike": "20.0.0", "bcrypt": "5.0.0"}


def test_constraints_refuse_another_file(
    run: Run, indexes: Indexes, tmp_path: Path
) -> None:
    write_constraints(indexes, tmp_path)
    path = tmp_path / "constraints.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("=[0-9a-f]{8}", "=00000000", text), encoding="utf-8")
    [line] = block_with("console", "pip install -c")
    assert "DO NOT MATCH THE HASHES" in run(line, fails=True)
    assert installed(run) == {}


def test_constraints_contradict_a_program_that_asks_for_less(
    run: Run, indexes: Indexes, tmp_path: Path
) -> None:
    write_constraints(indexes, tmp_path)
    said = run("pip install -c constraints.txt visits", fails=True)
    assert "ResolutionImpossible" in said


def test_ours_is_put_in_place_until_pip_looks_at_the_program_again(run: Run) -> None:
    for line in block_with("console", "pip install visits"):
        run(line)
    assert installed(run)["aerospike"] == "20.0.0"
    assert "has requirement aerospike" in run("pip check", fails=True)
    run("pip install visits")
    assert installed(run)["aerospike"] == "19.3.0"


def test_what_was_frozen_is_installed_again(
    run: Run, indexes: Indexes, tmp_path: Path
) -> None:
    by_url, freeze = block_with(
        "console", "pip install --no-deps --force-reinstall 'aerospike @"
    )
    [again] = block_with("console", "pip install --no-deps -r")
    run("pip install visits 'bcrypt>=4'")
    url = f"{indexes.ours}simple/aerospike/{indexes.wheel.name}"
    run(by_url.replace("https://...", url))
    before = installed(run)
    run(freeze)
    venv.create(tmp_path / "venv", with_pip=False, clear=True)
    assert installed(run) == {}
    run(again)
    assert (
        installed(run)
        == before
        == {"aerospike": "20.0.0", "bcrypt": "5.0.0", "visits": "1.0"}
    )


def test_the_official_client_comes_back(run: Run) -> None:
    for line in block_with("console", "pip install visits"):
        run(line)
    [line] = block_with("console", "pip install --force-reinstall")
    run(line)
    assert installed(run)["aerospike"] == "19.3.0"


@pytest.fixture
def uv() -> None:
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed")


@pytest.mark.usefixtures("uv")
def test_uv_takes_ours_in_a_project(run: Run, indexes: Indexes, tmp_path: Path) -> None:
    project = to_local("\n".join(block_with("toml", "[project]\nname")), indexes)
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    run("uv sync --active")
    assert installed(run) == {"aerospike": "20.0.0", "bcrypt": "5.0.0", "visits": "1.0"}


@pytest.mark.usefixtures("uv")
def test_uv_takes_ours_without_a_project(run: Run) -> None:
    first, *rest = block_with("console", "uv pip install --index")
    run(first)
    assert installed(run) == {"aerospike": "20.0.0", "bcrypt": "5.0.0"}
    for line in rest:
        run(line)
    assert installed(run) == {"aerospike": "20.0.0", "bcrypt": "5.0.0", "visits": "1.0"}


def test_pages_name_the_version() -> None:
    text = (ROOT / "doc/installation.md").read_text(encoding="utf-8")
    named = re.findall(r"aerospike(?:==|-)(\d+(?:\.\d+)+(?:\.?[a-z]+\d+)?)", text)
    assert set(named) == {aerospike.__version__}
