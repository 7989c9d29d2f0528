"""The steps of the Containerfile work, and its server serves the records of a seed.

No engine builds the image here. The steps that are for pip, and the commands of the
image, run in an environment of their own. What Debian's tools and the engine do is not
run: packages of the compiler, the user, the port and the volume.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike

from ..waiting import PATIENCE_S, patient, until
from .test_snippets import ROOT

LIMIT_S = 300
SEED = {"set": "users", "key": "ada", "bins": {"age": 36}}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the file, in order: name and arguments."""
    text = (ROOT / "Containerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, rest in lines]


def the(name: str) -> str:
    """The arguments of the last instruction of a name."""
    return [arguments for each, arguments in instructions() if each == name][-1]


def copied() -> list[str]:
    """Files and folders of the project that the image is built from."""
    parts = [args.split() for name, args in instructions() if name == "COPY"]
    return [each for part in parts if part[0][0] != "-" for each in part[:-1]]


def test_image_has_a_user_without_rights():
    assert int(the("USER")) > 0
    run = [arguments for name, arguments in instructions() if name == "RUN"][-1]
    assert f"--uid {the('USER')} " in run
    assert (the("EXPOSE"), the("VOLUME")) == ("3000", "/seed")


def test_ignored_files_are_not_copied():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line[:1] == "!"} == set(copied())


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user can read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(place: Path) -> Path:
    """An environment in which the steps for pip have run."""
    project, python = place / "project", place / "image/bin/python"
    project.mkdir()
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            hidden = shutil.ignore_patterns(
                "build", "__pycache__", "*.so", "*.egg-info"
            )
            shutil.copytree(source, project / name, ignore=hidden)
        else:
            shutil.copy(source, project / name)
    venv.create(place / "image", with_pip=False)
    (place / "bin").mkdir()
    pip = place / "bin/pip"
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python {python} "$@"\n')
    pip.chmod(0o755)
    path = f"{pip.parent}:{os.environ['PATH']}"
    for name, step in instructions():
        if name == "RUN" and step.startswith("pip "):
            done = subprocess.run(
                ["sh", "-c", step.replace("/wheels", f"{place}/wheels")],
                cwd=project,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return python.parent


def of_image(image: Path, arguments: list[str]) -> list[str]:
    """A command of the image, with the folders that are here."""
    name, *rest = arguments
    seed = str(image.parents[1] / "seed")
    return [str(image / name), *(seed if each == "/seed" else each for each in rest)]


def as_user(python: Path) -> dict[str, Any]:
    """Arguments that let a process run as the image's user, if this one may do that."""
    user: dict[str, Any] = {"user": int(the("USER")), "group": int(the("USER"))}
    if os.geteuid() != 0:
        return {}
    with contextlib.suppress(OSError):  # its interpreter is not for everybody
        if subprocess.run([python, "-c", ""], **user, check=False).returncode == 0:
            return user
    return {}


@pytest.mark.takes_long
def test_server_of_the_image_serves_its_seed(image, place):
    seed = place / "seed"
    seed.mkdir()
    (seed / "users.jsonl").write_text(json.dumps(SEED))
    command = of_image(image, json.loads(the("ENTRYPOINT")))
    server = subprocess.Popen(
        [*command, "--port", "0", "--nodes", "2"],
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        **as_user(image / "python"),
    )
    assert server.stdout is not None
    try:
        lines = [server.stdout.readline() for _ in range(4)]
        assert lines[2:] == [f"records of {seed}: 1\n", "ready\n"]
        port = int(lines[0].rpartition(":")[2])
        health = shlex.split(the("HEALTHCHECK").partition("CMD ")[2].strip("[]"))
        check = of_image(image, [each.strip(",") for each in health])
        check.append(f"127.0.0.1:{port}")
        assert subprocess.run(check, check=False).returncode == 0
        config = patient({"hosts": [("127.0.0.1", port)]})
        with aerospike.client(config) as client:
            until(lambda: len(client.get_nodes()) == 2)
            assert client.get(("test", "users", "ada"))[2] == {"age": 36}
        server.terminate()
        assert server.wait(PATIENCE_S) == 0
        assert subprocess.run(check, capture_output=True, check=False).returncode == 1
    finally:
        server.kill()
        server.communicate()
