"""llms.txt and llms-full.txt: these pages for programs that read text.

llms.txt lists the pages with their first sentences, in the form of llmstxt.org.
llms-full.txt has all guides in full, with the tables that are generated. It has nothing
of the reference, which llms.txt lists.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from generated import expand

ROLE = re.compile(r"\{[\w:]+\}`~?(?:[\w.]+\.)?(\w+)(?: <[^>]+>)?`")
"""A link of the generated tables; its group is what the reader sees."""


def _first_sentence(doctree: Any) -> str:
    for paragraph in doctree.findall(lambda node: node.tagname == "paragraph"):
        text = " ".join(paragraph.astext().split())
        return re.split(r"(?<=[.:]) ", text)[0].rstrip(":")
    return ""


def _on_read(app: Any, doctree: Any) -> None:
    """Keep a page's first sentence, as long as the page does not change."""
    said = _first_sentence(doctree)
    app.env.metadata[app.env.docname]["first sentence"] = said


def _pages_below(app: Any, page: str) -> list[str]:
    """A page and those that its own navigation names, with theirs."""
    children = app.env.toctree_includes.get(page, [])
    return [page, *(name for child in children for name in _pages_below(app, child))]


def _line(app: Any, page: str) -> str:
    said = app.env.metadata[page]["first sentence"]
    return f"- [{app.env.titles[page].astext()}]({page}.html): {said}".rstrip(": ")


def _on_finished(app: Any, error: Exception | None) -> None:
    if error is not None or app.builder.name != "html":
        return
    said = app.env.metadata["index"]["first sentence"]
    listed = [f"# {app.config.project}", "", f"> {said}"]
    full: list[str] = []
    parts = app.env.get_doctree("index").findall(lambda node: node.tagname == "toctree")
    for part in parts:
        pages = [p for top in part["includefiles"] for p in _pages_below(app, top)]
        listed += ["", f"## {part['caption']}", ""]
        listed += (_line(app, page) for page in pages)
        full += (
            ROLE.sub(r"`\1`", expand(Path(app.env.doc2path(page)).read_text("utf-8")))
            for page in pages
            if not page.startswith("reference/")
        )
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text("\n".join([*listed, ""]), "utf-8")
    (folder / "llms-full.txt").write_text("\n\n".join(full), "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("doctree-read", _on_read)
    app.connect("build-finished", _on_finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
