"""A chart of bars as SVG, which reads well in front of light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LABEL, LONGEST = 760, 190, 340  # where bars begin, and how long they may be
ROW, BAR, GAP, TOP = 22, 14, 16, 20

# The chart brings its own background, so that the text is readable wherever it stands.
LIGHT = {"page": "#ffffff", "text": "#1f2328", "ours": "#0969da", "other": "#a9b1bb"}
DARK = {"page": "#0d1117", "text": "#e6edf3", "ours": "#4493f8", "other": "#6e7681"}


@dataclass(frozen=True)
class Bar:
    """One line of the chart."""

    label: str
    value: float
    text: str  # behind the bar
    kind: str  # "ours", "other" or "bound"


@dataclass(frozen=True)
class Group:
    """Some bars under a heading."""

    heading: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return ROW * (len(self.bars) + 1) + GAP


def style(name: str) -> Iterator[str]:
    """The colours of both kinds of page; names of other pictures are not touched."""
    for colours, before, after in (
        (LIGHT, "", ""),
        (DARK, "@media (prefers-color-scheme: dark) { ", " }"),
    ):
        text = colours["text"]
        rules = [f".{name} .{kind} {{ fill: {c} }}" for kind, c in colours.items()]
        rules.append(f".{name} .bound {{ fill: none; stroke: {text} }}")
        for rule in rules:
            yield f"    {before}{rule}{after}"


def svg(name: str, title: str, groups: Sequence[Group]) -> str:
    """The chart; name is unique in a page that holds several."""
    height = TOP + sum(group.height for group in groups)
    longest = max((bar.value for group in groups for bar in group.bars), default=1.0)
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {WIDTH} {height}",
        "class": name,
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "style": "max-width: 100%; height: auto",
    }
    written = [f'{key}="{value}"' for key, value in attributes.items()]
    lines = [
        f"<svg {' '.join(written)}>",
        f'  <title id="{name}-title">{escape(title)}</title>',
        "  <style>",
        *style(name),
        "  </style>",
        f'  <rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        '  <g class="text" font-family="sans-serif" font-size="13">',
    ]
    top = TOP
    for group in groups:
        lines += [f"    {line}" for line in group_lines(group, top, longest)]
        top += group.height
    return "\n".join([*lines, "  </g>", "</svg>", ""])


def group_lines(group: Group, top: int, longest: float) -> Iterator[str]:
    heading = escape(group.heading)
    yield f'<text x="16" y="{top + 10}" font-weight="bold">{heading}</text>'
    for i, bar in enumerate(group.bars, start=1):
        y = top + i * ROW
        width = max(1, round(bar.value / longest * LONGEST))
        label, text = escape(bar.label), escape(bar.text)
        yield f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">{label}</text>'
        yield (
            f'<rect class="{bar.kind}" x="{LABEL}" y="{y}" width="{width}" '
            f'height="{BAR}" rx="2"/>'
        )
        yield f'<text x="{LABEL + width + 8}" y="{y + 11}">{text}</text>'
