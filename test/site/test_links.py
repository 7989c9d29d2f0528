"""Links between these pages and others: other projects, Python, the repository.

Each test builds a project of one page. Nothing is fetched from the internet.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

DOC = Path(__file__).parents[2] / "doc"
ELSEWHERE = "https://docs.example/aerospike/"
CONF = """
extensions = ["sphinx.ext.intersphinx"]
intersphinx_mapping = {{"aerospike": ("{address}", r"{inventory}")}}
"""
NAMES = {
    ":py:meth:`aerospike.Client.get`": "reference/client.html#aerospike.Client.get",
    ":py:class:`aerospike.AsyncClient`": "reference/async-client.html#"
    "aerospike.AsyncClient",
    ":py:exc:`aerospike.exception.RecordNotFound`": "reference/exceptions.html#"
    "aerospike.exception.RecordNotFound",
    ":py:func:`aerospike_helpers.operations.list_operations.list_append`": "reference/"
    "list-operations.html#aerospike_helpers.operations.list_operations.list_append",
    ":py:data:`aerospike.TTL_NEVER_EXPIRE`": "reference/constants.html#"
    "aerospike.TTL_NEVER_EXPIRE",
    ":confval:`policy.total_timeout`": "reference/policies.html#"
    "confval-policy.total_timeout",
    ":doc:`aerospike:consistency`": "consistency.html",
}


def build(source: Path, text: str, *options: str, **variables: str) -> str:
    """The HTML of a project of one page; warnings are errors."""
    ending = "rst" if (source / "conf.py").exists() else "md"
    (source / f"index.{ending}").write_text(text, "utf-8")
    pages = source / "pages"
    command = [sys.executable, "-m", "sphinx", "-qnW", "-b", "html", *options]
    done = subprocess.run(
        [*command, "-d", source / "trees", source, pages],
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return (pages / "index.html").read_text("utf-8")


def test_other_projects_can_link_to_names_of_ours(site, tmp_path):
    conf = CONF.format(address=ELSEWHERE, inventory=site / "objects.inv")
    (tmp_path / "conf.py").write_text(conf, "utf-8")
    text = "Links\n=====\n\n" + "\n".join(f"* {name}" for name in NAMES)
    html = build(tmp_path, text)
    links = re.findall(r'href="([^"]+)"', html)
    for place in NAMES.values():
        assert ELSEWHERE + place in links
        page, _, anchor = place.partition("#")
        assert not anchor or f'id="{anchor}"' in (site / page).read_text("utf-8")


INVENTORY = b"""# Sphinx inventory version 2
# Project: Python
# Version: 3
# The remainder of this file is compressed using zlib.
"""


@pytest.fixture
def inventory_of_python(tmp_path):
    """A list of Python's names, with one in it."""
    path = tmp_path / "python.inv"
    names = b"KeyError py:exception 1 library/exceptions.html#$ -\n"
    path.write_bytes(INVENTORY + zlib.compress(names))
    return path


def test_our_pages_link_to_pythons_where_its_names_are_known(
    inventory_of_python, tmp_path
):
    text = "# Page\n\n{py:exc}`KeyError`\n"
    inventory = str(inventory_of_python)
    html = build(tmp_path, text, "-c", str(DOC), PYTHON_INVENTORY=inventory)
    assert 'href="https://docs.python.org/3/library/exceptions.html#KeyError"' in html


def test_each_page_can_be_edited_where_the_repository_is_known(tmp_path):
    server, repository = "https://git.example", "people/client"
    variables = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": repository}
    html = build(tmp_path, "# Page\n", "-c", str(DOC), **variables)
    for what in ("edit", "blob"):
        assert (
            f'href="https://git.example/people/client/{what}/main/doc/index.md"' in html
        )
