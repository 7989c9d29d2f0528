"""What the built pages offer to other tools: names, texts, versions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
from sphinx.util.inventory import InventoryFile

from aerospike import __version__

NAMES = {
    "py:method": "aerospike.Client.get",
    "py:function": "aerospike_helpers.operations.list_operations.list_append",
    "py:class": "aerospike_helpers.expressions.list.ListSize",
    "py:exception": "aerospike.exception.RecordNotFound",
    "py:data": "aerospike.LIST_RETURN_VALUE",
    "py:attribute": "aerospike.Transaction.timeout",
    "py:module": "aerospike_helpers.cdt_ctx",
    "std:confval": "policy.total_timeout",
}


def test_inventory_has_each_kind_of_name(site):
    found = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    for kind, name in NAMES.items():
        assert name in found.data[kind]


def test_llms_txt_lists_pages_that_are_there(site):
    text = (site / "llms.txt").read_text("utf-8")
    assert text.startswith("# Aerospike client for Python\n\n> ")
    pages = re.findall(r"^- \[.+\]\((.+\.html)\)", text, re.MULTILINE)
    assert len(pages) > 50
    assert all((site / page).is_file() for page in pages)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Start", "Guides", "Reference", "Background"]
    full = (site / "llms-full.txt").read_text("utf-8")
    assert "<!-- generated" not in full
    assert "| `total_timeout` |" in full


def test_what_a_program_prints_has_no_copy_button(site):
    script = (site / "_static/copybutton.js").read_text("utf-8")
    assert "div:not(.highlight-output) > div.highlight > pre" in script
    assert '<div class="highlight-output ' in (site / "quickstart.html").read_text()


SINCE = {
    "reference/async-client": (
        "aerospike.AsyncClient",
        ["Added in version 20.0: Not in the other clients."],
    ),
    "reference/client": (
        "aerospike.Client.batch_read",
        ["In 2.x:\nnot there", "In 19.x:\nthe same"],
    ),
    "reference/configuration": (
        "confval-pool_timeout",
        ["Added in version 20.0: Not in the other clients."],
    ),
    "reference/list-operations": (
        "aerospike_helpers.operations.list_operations.list_append_items",
        ["In 2.x:\nClient.list_extend()", "In 19.x:\nthe same"],
    ),
    "reference/constants": (
        "aerospike.MAP_CREATE_ONLY",
        ["In 2.x:\nthe same", "In 19.x:\nnot there"],
    ),
}
"""Page -> an entry, and what it says of the other lines of the client."""


def text_of(html: str) -> str:
    """What a reader sees, without empty lines."""
    seen = unescape(re.sub(r"<[^>]+>", "", html))
    return "\n".join(line for line in seen.splitlines() if line.strip())


@pytest.mark.parametrize("page", SINCE)
def test_entries_say_since_when_they_are_there(site, page):
    name, marks = SINCE[page]
    html = (site / f"{page}.html").read_text("utf-8")
    entry = re.split(r'<dt class="sig', html.partition(f'id="{name}"')[2])[0]
    for mark in marks:
        assert mark in text_of(entry)


def test_no_field_is_left_as_it_is_written(site):
    for page in sorted((site / "reference").glob("*.html")):
        seen = text_of(page.read_text("utf-8"))
        assert re.findall(r"^:[\w. ]+:", seen, re.MULTILINE) == [], page.name


def test_changelog_has_the_version_of_the_pages(site):
    html = (site / "changelog.html").read_text("utf-8")
    newest = re.findall(r"<h2>([^<]+)", html)[0]
    assert newest == ("Unreleased" if "dev" in __version__ else __version__)


TWO = [{"version": "20.0", "folder": "20.0"}, {"version": "21.0", "folder": "21.0"}]


@pytest.mark.parametrize(
    ("versions", "shown", "hidden"),
    [
        (json.dumps(TWO), [("20.0", True), ("21.0", False)], False),
        ("", [], True),
    ],
)
def test_versions_are_offered_where_they_are_listed(site, versions, shown, hidden):
    node = shutil.which("node")
    if node is None:
        pytest.skip("the choice of versions is JavaScript: Node is not installed")
    harness = str(Path(__file__).with_name("versions.js"))
    done = subprocess.run(
        [node, harness, str(site / "_static/versions.js"), versions],
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    seen = json.loads(done.stdout)
    assert [(o["text"], o["selected"]) for o in seen["options"]] == shown
    assert seen["hidden"] is hidden


def test_a_build_names_file_and_line_of_a_wrong_text(tmp_path):
    (tmp_path / "index.md").write_text(
        "# Page\n\n```{boxes} Title\na b\n\na => b\n```\n"
    )
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/pictures.css").touch()
    settings = {"extensions": ["myst_parser", "pictures"]}
    warnings = StringIO()
    with patch_docutils(), docutils_namespace():
        places = (str(tmp_path), None, str(tmp_path / "out"), str(tmp_path / "tmp"))
        app = Sphinx(*places, "html", settings, status=None, warning=warnings)
        app.build()
    assert (
        "index.md:6: WARNING: picture: neither a text nor a frame"
        in warnings.getvalue()
    )
