"""Charts of what the benchmark has measured, from the tables of benchmarks/RESULTS.md:

    from: batches
    bar: us of CPU per record, ours = this client
    bar: theirs = the client on PyPI
    unit: µs
    line: 1 = the client on PyPI
    row: 100 small records

`from` names the section. Each `bar` names a column, the first one behind the column
before it, and what the column shows. The table is the first one that has the columns;
`table` tells it by its first column's name. `line` draws a line across at a number.
`row` picks rows, in the order of the table; without any the chart has all. A cell of
three numbers, `min, median, max`, becomes a bar for the median and a line for the rest.
With one bar, rows whose names begin with OURS stand out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .svg import LINE, SMALL, PictureError, box, path, picture, text, width_of, wrapped

OURS = "this client"
SETTING = re.compile(r"(from|table|bar|unit|line|row): +(.+)")
WIDTH = 380
BAR, GAP, ROW_GAP = 13, 3, 9  # height of a bar; between two; between two rows
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?![\d,.]*\d)")


@dataclass
class Chart:
    """What a text says. bars: the column of the table, what it shows."""

    section: str = ""
    table: str = ""
    bars: list[tuple[str, str]] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)
    unit: str = ""
    line: tuple[float, str] | None = None


@dataclass(frozen=True)
class Value:
    """What a bar shows; lowest and highest are those of the rounds of the benchmark."""

    shown: str
    value: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, cell: str, unit: str) -> Value:
        numbers = NUMBER.findall(cell)
        values = [float(n.replace(",", "")) for n in numbers]
        if len(values) == 3:
            low, median, high = numbers
            shown = f"{median} {unit}".rstrip() + f" ({low} to {high})"
            return cls(shown, values[1], values[0], values[2])
        return cls(f"{numbers[0]} {unit}".rstrip(), values[0], values[0], values[0])


def read(lines: Sequence[str]) -> Chart:
    """What to draw. PictureError: a line that is no setting."""
    found = Chart()
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        match = SETTING.fullmatch(line.strip())
        if match is None:
            raise PictureError(number, f"not a setting of a chart: {line!r}")
        key, value = match.groups()
        before, equals, after = value.rpartition(" = ")
        if key in ("bar", "line") and not equals:
            raise PictureError(number, f"`{key}` needs ` = ` and what it shows")
        if key == "from":
            found.section = value
        elif key == "bar":
            found.bars.append((before, after))
        elif key == "line":
            found.line = (float(before), after)
        elif key == "row":
            found.rows.append((number, value))
        else:
            setattr(found, key, value)
    if not found.section or not found.bars:
        raise PictureError(0, "a chart needs `from` and `bar`")
    return found


def tables(results: str, section: str) -> Iterator[list[list[str]]]:
    """The tables of a section of RESULTS.md: rows of cells, the header first."""
    _, _, rest = results.partition(f"<!-- {section}: ")
    body, end, _ = rest.partition(f"<!-- end of {section} -->")
    if not end:
        raise PictureError(0, f"the results have no section {section!r}")
    for lines in re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE):
        rows = [
            [c.strip() for c in line.strip("|").split(" | ")]
            for line in lines.splitlines()
        ]
        yield [rows[0], *rows[2:]]


def columns(header: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """Where the wanted columns are, each behind the one before."""
    found: list[int] = []
    for name in wanted:
        begin = found[-1] + 1 if found else 1
        at = next((i for i in range(begin, len(header)) if header[i] == name), None)
        if at is None:
            return None
        found.append(at)
    return found


def measured(chart: Chart, results: str) -> dict[str, list[Value]]:
    """Name of each row -> the values of its bars."""
    wanted = [column for column, _ in chart.bars]
    for header, *listed in tables(results, chart.section):
        at = columns(header, wanted)
        if at is not None and chart.table in ("", header[0]):
            rows = list(_picked(chart, listed)) if chart.rows else listed
            return {row[0]: [Value.of(row[i], chart.unit) for i in at] for row in rows}
    raise PictureError(0, f"no table of {chart.section!r} has the columns {wanted}")


def _picked(chart: Chart, rows: Sequence[list[str]]) -> Iterator[list[str]]:
    left = iter(rows)
    for number, name in chart.rows:
        row = next((row for row in left if row[0] == name), None)
        if row is None:
            raise PictureError(
                number, f"the table has no row {name!r} behind the last one"
            )
        yield row


def described(chart: Chart, values: dict[str, list[Value]]) -> str:
    """All that the picture says, in words."""
    said = [f"Line at {chart.line[0]:g}: {chart.line[1]}."] if chart.line else []
    for name, row in values.items():
        bars = zip(chart.bars, row, strict=True)
        said.append(
            f"{name}: {', '.join(f'{what} {v.shown}' for (_, what), v in bars)}."
        )
    return " ".join(said)


def drawn(title: str, lines: Sequence[str], results: str) -> str:
    """The chart that a text describes, as HTML. PictureError: a line is wrong."""
    chart = read(lines)
    values = measured(chart, results)
    shown = [value for row in values.values() for value in row]
    room = WIDTH - max(width_of(value.shown, SMALL) for value in shown) - 8
    scale = room / max(value.highest for value in shown)
    parts, y = _legend(chart)
    top = y
    is_marked = len(chart.bars) == 1 and any(name.startswith(OURS) for name in values)
    for name, row in values.items():
        for line in wrapped(name, WIDTH, SMALL):
            parts.append(text(0.0, y + LINE / 2, [line], kind="label", anchor="start"))
            y += LINE
        for i, value in enumerate(row):
            series = int(is_marked and not name.startswith(OURS)) or i
            length = max(1.0, value.value * scale)
            parts.append(box(0.0, y, length, float(BAR), f"bar series{series}", 2))
            if value.lowest < value.highest:
                ends = [
                    (value.lowest * scale, y + BAR / 2),
                    (value.highest * scale, y + BAR / 2),
                ]
                parts.append(path(ends, "spread"))
            x = value.highest * scale + 6
            parts.append(
                text(x, y + BAR / 2, [value.shown], kind="label", anchor="start")
            )
            y += BAR + GAP
        y += ROW_GAP
    if chart.line is not None:  # behind the rest
        x = chart.line[0] * scale
        parts.insert(0, path([(x, top), (x, y - ROW_GAP)], "line dashed"))
    return picture("chart", title, described(chart, values), (WIDTH, y), parts)


def _legend(chart: Chart) -> tuple[list[str], float]:
    """What the colours and the line mean, and where the rows begin."""
    parts, y = [], 2.0
    for i, (_, what) in enumerate(chart.bars):
        parts.append(box(0.0, y + 2, float(BAR), float(BAR), f"bar series{i}", 2))
        parts.append(
            text(BAR + 7.0, y + LINE / 2, [what], kind="label", anchor="start")
        )
        y += LINE + 2
    if chart.line is not None:
        parts.append(path([(BAR / 2, y + 1), (BAR / 2, y + LINE)], "line dashed"))
        what = f"{chart.line[0]:g}: {chart.line[1]}"
        parts.append(
            text(BAR + 7.0, y + LINE / 2, [what], kind="label", anchor="start")
        )
        y += LINE + 2
    return parts, y + ROW_GAP
