"""The forms of issues send people to pages that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML has no types

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


@pytest.fixture(scope="module")
def titles():
    pages = (ROOT / "doc").rglob("*.md")
    return {page.read_text("utf-8").partition("\n")[0].lstrip("# ") for page in pages}


def test_pages_that_a_form_names_are_there(titles):
    named: list[str] = []
    for form in FORMS:
        for part in yaml.safe_load(form.read_text("utf-8")).get("body", []):
            if part["type"] == "markdown":
                named += re.findall(r'"([^"]+)"', part["attributes"]["value"])
    assert len(named) > 5
    assert set(named) <= titles


def test_every_form_asks_for_something():
    forms = [form for form in FORMS if form.stem != "config"]
    for form in forms:
        parts = yaml.safe_load(form.read_text("utf-8"))["body"]
        assert any(p.get("validations", {}).get("required") for p in parts), form.name
    assert [form.stem for form in forms] == ["bug", "feature", "question"]
