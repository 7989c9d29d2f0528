"""Pieces of SVG that boxes, sequences and bars are drawn with.

Units are pixels on a wide screen. A picture shrinks with the window until its smallest
text has SMALLEST_PX; in a narrower window it scrolls in a box of its own. Colours are
in _static/pictures.css, which takes those of the page. Without that file, all is drawn
in the colour of the text.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from math import ceil

SIZE, SMALL, LINE = 14, 13, 17
"""Size of text in boxes, of labels; distance of two lines."""

SMALLEST_PX = 11

Point = tuple[float, float]


class PictureError(ValueError):
    """What is wrong with the text of a picture. line: 0 = its first."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


NARROW, WIDE = "iljtfr.,:;'|!()[] ", "mwMW@%"


def width_of(text: str, size: float = SIZE) -> float:
    """At most so much room a text takes in a font without serifs."""
    n_narrow = sum(c in NARROW for c in text)
    n_wide = sum(c in WIDE for c in text)
    return size * (0.61 * len(text) - 0.27 * n_narrow + 0.29 * n_wide)


def wrapped(text: str, width: float, size: float = SIZE) -> list[str]:
    """The text in lines that are at most so wide, as far as words allow."""
    lines = textwrap.wrap(
        text, max(1, int(width / (size * 0.55))), break_long_words=False
    )
    return lines or [""]


def widest(lines: Iterable[str], size: float = SIZE) -> float:
    return max((width_of(line, size) for line in lines), default=0)


def number(value: float) -> str:
    """A coordinate: no more digits than can be seen."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, content: str | None = None, /, **attributes: object) -> str:
    """An element; _ stands for - in names of attributes, class_ for class."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="'
        f'{number(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
    )
    return (
        f"<{name}{written}/>"
        if content is None
        else f"<{name}{written}>{content}</{name}>"
    )


def text(
    x: float,
    y: float,
    lines: Sequence[str],
    *,
    kind: str = "text",
    anchor: str = "middle",
    turned: bool = False,
) -> str:
    """Lines of text; y is the middle of their height. turned: read from below."""
    size = SIZE if kind == "text" else SMALL
    top = y - (len(lines) - 1) * LINE / 2 + size * 0.35
    spans = " ".join(
        element("tspan", escape(line, quote=False), x=x, y=top + i * LINE)
        for i, line in enumerate(lines)
    )
    turn = {"transform": f"rotate(-90 {number(x)} {number(y)})"} if turned else {}
    return element(
        "text",
        spans,
        class_=kind,
        text_anchor=anchor,
        font_size=size,
        stroke="none",
        **turn,
    )


def box(
    x: float, y: float, width: float, height: float, kind: str, radius: float
) -> str:
    return element(
        "rect",
        class_=kind,
        x=x,
        y=y,
        width=width,
        height=height,
        rx=float(radius),
        fill="none",
    )


def path(points: Sequence[Point], kind: str = "line") -> str:
    """A line through points."""
    steps = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", class_=kind, d=f"M{steps}", fill="none")


def head(tip: Point, back: Point, kind: str = "head") -> str:
    """The head of an arrow that comes from `back`, along an axis."""
    (x, y), length, half = tip, 8, 4
    dx, dy = (back[0] > x) - (back[0] < x), (back[1] > y) - (back[1] < y)
    corners = [
        (x + dx * length + dy * half, y + dy * length + dx * half),
        (x + dx * length - dy * half, y + dy * length - dx * half),
    ]
    steps = " L".join(f"{number(a)} {number(b)}" for a, b in (tip, *corners))
    return element(
        "path", class_=kind, d=f"M{steps} z", fill="currentColor", stroke="none"
    )


def arrow(points: Sequence[Point], *, dashed: bool = False, both: bool = False) -> str:
    """A line with a head at its end, or at both."""
    parts = [
        path(points, "line dashed" if dashed else "line"),
        head(points[-1], points[-2]),
    ]
    if both:
        parts.append(head(points[0], points[1]))
    return "".join(parts)


def picture(
    kind: str,
    title: str,
    description: str,
    size: tuple[float, float],
    parts: Sequence[str],
) -> str:
    """HTML of a picture. description: what it says, for who cannot see it."""
    width, height = (ceil(length) for length in size)
    name = "picture-" + hashlib.sha256((title + description).encode()).hexdigest()[:10]
    least = ceil(width * SMALLEST_PX / SMALL)
    content = "\n".join(
        (
            element("title", escape(title, quote=False), id=f"{name}-title"),
            element("desc", escape(description, quote=False), id=f"{name}-desc"),
            element("g", "\n".join(parts), stroke="currentColor", fill="currentColor"),
        )
    )
    drawn = element(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        style=f"width: 100%; min-width: {least}px; max-width: {width}px",
    )
    return element("div", drawn, class_=f"picture {kind}")
