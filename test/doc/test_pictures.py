"""Pictures: the text of a page becomes an SVG that says the same."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from drawing import bars, boxes, sequence
from drawing.svg import SMALL, PictureError, width_of

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
PICTURE = re.compile(
    r"^```\{(boxes|sequence|chart)\} (.+?)\n(.+?)^```$", re.MULTILINE | re.DOTALL
)
MEASURED = (ROOT / "benchmarks/RESULTS.md").read_text("utf-8")


def chart(title: str, lines: list[str]) -> str:
    return bars.drawn(title, lines, MEASURED)


DRAW = {"boxes": boxes.drawn, "sequence": sequence.drawn, "chart": chart}


def svg_of(html: str) -> ET.Element:
    found = ET.fromstring(html).find(f"{SVG}svg")
    assert found is not None
    return found


def texts(svg: ET.Element) -> list[str]:
    return [
        " ".join("".join(text.itertext()).split()) for text in svg.iter(f"{SVG}text")
    ]


def said(svg: ET.Element, tag: str) -> str:
    return svg.findtext(f"{SVG}{tag}") or ""


def pictures_of_pages() -> Iterator[tuple[str, str, list[str]]]:
    for page in sorted((ROOT / "doc").rglob("*.md")):
        for kind, title, content in PICTURE.findall(page.read_text("utf-8")):
            yield kind, title, content.splitlines()


each_picture = pytest.mark.parametrize(
    ("kind", "title", "lines"),
    [pytest.param(*p, id=p[1]) for p in pictures_of_pages()],
)


@each_picture
def test_everything_that_a_page_says_is_in_its_picture(kind, title, lines):
    svg = svg_of(DRAW[kind](title, lines))
    shown = texts(svg)
    if kind == "boxes":
        found = boxes.read(lines)
        expected = [b.text for b in found.boxes.values()]
        expected += [a.label for a in found.arrows] + [f.label for f in found.frames]
    elif kind == "chart":
        rows = bars.measured(bars.read(lines), MEASURED)
        expected = [*rows, *(v.shown for values in rows.values() for v in values)]
    else:
        steps = sequence.read(lines)
        expected = [*steps.parties.values()]
        expected += [getattr(step, "label", "") for step in steps.steps]
    assert set(filter(None, expected)) <= set(shown)
    assert said(svg, "title") == title
    assert all(label in said(svg, "desc") for label in expected)


@each_picture
def test_nothing_sticks_out_of_a_picture(kind, title, lines):
    svg = svg_of(DRAW[kind](title, lines))
    parents = {child: parent for parent in svg.iter() for child in parent}
    left, top, width, height = map(float, svg.attrib["viewBox"].split())
    for rect in svg.iter(f"{SVG}rect"):
        x, y, w, h = (
            float(rect.attrib[name]) for name in ("x", "y", "width", "height")
        )
        assert left <= x <= x + w <= width
        assert top <= y <= y + h <= height
    for span in svg.iter(f"{SVG}tspan"):
        if parents[span].attrib["text-anchor"] == "start":
            room = width_of(span.text or "", SMALL)
            assert float(span.attrib["x"]) + room <= width
    for path in svg.iter(f"{SVG}path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.attrib["d"])]
        assert all(left <= x <= width for x in numbers[::2])
        assert all(top <= y <= height for y in numbers[1::2])


def rects(svg: ET.Element) -> dict[str, tuple[float, float]]:
    """Text of a box -> its left upper corner: a text follows its box."""
    parts = list(svg.iter())
    return {
        " ".join("".join(text.itertext()).split()): (
            float(b.attrib["x"]),
            float(b.attrib["y"]),
        )
        for b, text in pairwise(parts)
        if b.tag == f"{SVG}rect" and text.tag == f"{SVG}text"
    }


def test_boxes_stand_as_in_the_grid():
    at = rects(svg_of(boxes.drawn("x", ["a b", ". c"])))
    assert at["a"][0] < at["b"][0] == at["c"][0]
    assert at["a"][1] == at["b"][1] < at["c"][1]


def test_parties_stand_in_order_and_messages_below_each_other():
    lines = [
        "a: A",
        "b: B",
        "",
        "a -> b: one",
        "b ..> a: two",
        "a: three",
        "a -x b: four",
    ]
    svg = svg_of(sequence.drawn("x", lines))
    assert texts(svg) == ["A", "B", "one", "two", "three", "four"]
    tops = [float(span.attrib["y"]) for span in svg.iter(f"{SVG}tspan")]
    assert tops == sorted(tops)
    assert (
        said(svg, "desc")
        == "A to B: one. B to A: two. A: three. A to B: four, which is lost."
    )


def test_signs_of_xml_stay_what_they_are():
    svg = svg_of(boxes.drawn("a < b & c", ["a", "", 'a: "<&>"']))
    assert texts(svg) == ['"<&>"']
    assert said(svg, "title") == "a < b & c"


def test_a_picture_is_readable_on_a_phone():
    """Its smallest text, of 13 units, has 11 pixels in a box that scrolls."""
    lines = ["a b c d e f", "", *(f"{name}: some longer text" for name in "abcdef")]
    html = boxes.drawn("Wide", lines)
    width = float(svg_of(html).attrib["viewBox"].split()[2])
    least = float(re.findall(r"min-width: (\d+)px", html)[0])
    assert least / width * 13 >= 11


@pytest.mark.parametrize(
    ("draw", "text", "line", "message"),
    [
        (boxes.drawn, "", 0, "the grid is missing"),
        (boxes.drawn, "a b\nc", 1, "1 fields, where the first row has 2"),
        (boxes.drawn, "a b\nb a", 0, "the fields of 'a' are no rectangle"),
        (boxes.drawn, "a -> b", 0, "a row of the grid has names and dots alone"),
        (boxes.drawn, "a b\n\na -> c", 2, "no box 'c' in the grid"),
        (boxes.drawn, "a b\n\na = b", 2, "neither a text nor a frame nor an arrow"),
        (boxes.drawn, "a b\n\naround a x: both", 2, "no box 'x'"),
        (boxes.drawn, "a b\nc d\n\na -> d", 3, "boxes are in the way from 'a' to 'd'"),
        (sequence.drawn, "a: A", 0, "two parties at least"),
        (sequence.drawn, "a: A\nb", 1, "a party is `name: text`"),
        (sequence.drawn, "a: A\nb: B\n\na -> c: x", 3, "no party 'c'"),
        (sequence.drawn, "a: A\nb: B\n\na -> a: x", 3, "a message to oneself"),
        (sequence.drawn, "a: A\nb: B\n\na => b", 3, "neither a message nor"),
        (sequence.drawn, "a: A\nb: B\n\nend", 3, "`end` without a `begin`"),
        (
            sequence.drawn,
            "a: A\nb: B\n\nbegin x\na -> b: y",
            4,
            "`begin` without an `end`",
        ),
    ],
)
def test_a_wrong_line_is_named(draw, text, line, message):
    with pytest.raises(PictureError, match=re.escape(message)) as caught:
        draw("x", text.splitlines())
    assert caught.value.line == line


# --- charts ---

RESULTS = """
<!-- calls: written by make bench -->

| call | rate | CPU (min, median, max) |
| --- | --- | --- |
| get | 1,000 (2.5) | 0.20, 0.30, 0.40 |
| put | 500 (3.5) | 0.10, 0.60, 0.70 |
| this client, get | 250 (1.0) | 0.90, 1.00, 1.20 |

<!-- end of calls -->
"""


def lengths(svg: ET.Element) -> list[float]:
    bars_ = [rect for rect in svg.iter(f"{SVG}rect") if "bar" in rect.attrib["class"]]
    return [float(rect.attrib["width"]) for rect in bars_]


def test_bars_are_as_long_as_what_was_measured():
    lines = ["from: calls", "bar: rate = calls", "unit: a second", "line: 750 = enough"]
    svg = svg_of(bars.drawn("Rates", lines, RESULTS))
    _, get, put, ours = lengths(svg)
    assert get == pytest.approx(2 * put, abs=0.2)
    assert get == pytest.approx(4 * ours, abs=0.4)
    assert texts(svg) == [
        *("calls", "750: enough", "get", "1,000 a second", "put", "500 a second"),
        *("this client, get", "250 a second"),
    ]
    assert "get: calls 1,000 a second." in said(svg, "desc")


def test_rounds_of_a_bar_are_a_line():
    lines = ["from: calls", "bar: CPU (min, median, max) = CPU", "row: put"]
    svg = svg_of(bars.drawn("CPU", lines, RESULTS))
    _, put = lengths(svg)
    (spread,) = [p for p in svg.iter(f"{SVG}path") if p.attrib["class"] == "spread"]
    low, high = (float(n) for n in re.findall(r"([\d.]+) [\d.]+", spread.attrib["d"]))
    assert low / put == pytest.approx(1 / 6, abs=0.01)
    assert high / put == pytest.approx(7 / 6, abs=0.01)
    assert texts(svg) == ["CPU", "put", "0.60 (0.10 to 0.70)"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("from: calls", 0, "a chart needs `from` and `bar`"),
        ("from: calls\nbars: rate = x", 1, "not a setting of a chart"),
        ("from: calls\nbar: rate", 1, "`bar` needs ` = `"),
        ("from: nothing\nbar: rate = x", 0, "the results have no section 'nothing'"),
        (
            "from: calls\nbar: time = x",
            0,
            "no table of 'calls' has the columns ['time']",
        ),
        ("from: calls\nbar: rate = x\nrow: scan", 2, "the table has no row 'scan'"),
    ],
)
def test_a_wrong_line_of_a_chart_is_named(text, line, message):
    with pytest.raises(PictureError, match=re.escape(message)) as caught:
        bars.drawn("x", text.splitlines(), RESULTS)
    assert caught.value.line == line
