"""Pictures of the pages, which are drawn from text while the pages are built.

    ```{boxes} The states of a call
    choose  send
    ...
    ```

`boxes` draws boxes and arrows (drawing/boxes.py), `sequence` messages between parties
(drawing/sequence.py), `chart` what the benchmark has measured (drawing/bars.py). What
stands behind the name is the title, which screen readers say. A line that is wrong
stops the build with the file and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from drawing import bars, boxes, sequence
from drawing.svg import PictureError

LOGGER = logging.getLogger(__name__)

RESULTS = Path(__file__).parents[2] / "benchmarks/RESULTS.md"

Draw = Callable[[str, Sequence[str]], str]


def directive(draw: Draw) -> type[SphinxDirective]:
    """A directive whose content `draw` turns into HTML."""

    class Picture(SphinxDirective):
        required_arguments = 1
        final_argument_whitespace = True
        has_content = True

        def run(self) -> list[nodes.Node]:
            for path in (RESULTS, *(Path(__file__).parent / "drawing").glob("*.py")):
                self.env.note_dependency(str(path))
            try:
                html = draw(" ".join(self.arguments[0].split()), list(self.content))
            except PictureError as error:
                line = self.lineno + self.content_offset + 1 + error.line
                LOGGER.warning("picture: %s", error, location=(self.env.docname, line))
                return []
            return [nodes.raw("", html, format="html")]

    return Picture


def chart(title: str, lines: Sequence[str]) -> str:
    """The chart that a text describes, of what the benchmark has measured last."""
    return bars.drawn(title, lines, RESULTS.read_text("utf-8"))


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("boxes", directive(boxes.drawn))
    app.add_directive("sequence", directive(sequence.drawn))
    app.add_directive("chart", directive(chart))
    app.add_css_file("pictures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
