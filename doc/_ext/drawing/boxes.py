"""Boxes and arrows: a small text becomes a picture.

    choose  connect  send
    pause   .        failed

    choose: choose a node
    send: (send)
    around choose connect: the client

    choose -> connect
    choose -> send: the pool has a connection
    connect ..> failed

First comes the grid, as in CSS: a name stands where its box is. A box whose name stands
in several fields next to each other fills them; a dot is an empty field. Then come
the texts, in round brackets for round ends; a box without one shows its name. `around`
draws a frame. Last come the arrows: `->`, `<->` in both directions, `..>` dashed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .svg import (
    LINE,
    SMALL,
    PictureError,
    Point,
    arrow,
    box,
    picture,
    text,
    widest,
    wrapped,
)

FIELD = r"[\w.]+"
GRID = re.compile(rf"{FIELD}( +{FIELD})*")
ARROW = re.compile(rf"({FIELD}) +(->|<->|\.\.>) +({FIELD})(?:: +(.+))?")
FRAME = re.compile(rf"around +({FIELD}(?: +{FIELD})*): +(.+)")
NAMED = re.compile(rf"({FIELD}): +(.+)")

PAD_X, PAD_Y = 12, 10  # between a box and its text
LEAST, MOST = 64, 118  # how wide the text of a box of one field is
GUTTER, MARGIN = 26, 2
FRAME_PAD, FRAME_TOP = 12, 32
APART = 14  # two arrows at one side of a box
LONG = 160  # an arrow that passes other boxes


@dataclass
class Box:
    """A box. The fields of the grid that it fills: first, and behind the last."""

    text: str
    columns: tuple[int, int]
    rows: tuple[int, int]
    is_round: bool = False


@dataclass(frozen=True)
class Arrow:
    line: int
    start: str
    end: str
    how: str
    label: str


@dataclass(frozen=True)
class Frame:
    names: tuple[str, ...]
    label: str


@dataclass
class Boxes:
    """What a text says."""

    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    n_columns: int = 0
    n_rows: int = 0


def read(lines: Sequence[str]) -> Boxes:
    """The boxes of a text. PictureError: a line that is none of the above."""
    found = Boxes()
    grid: list[list[str]] = []
    at = 0
    while at < len(lines) and lines[at].strip():
        if not GRID.fullmatch(lines[at].strip()):
            raise PictureError(
                at, f"a row of the grid has names and dots alone: {lines[at]!r}"
            )
        grid.append(lines[at].split())
        if len(grid[-1]) != len(grid[0]):
            n, wanted = len(grid[-1]), len(grid[0])
            raise PictureError(at, f"{n} fields, where the first row has {wanted}")
        at += 1
    if not grid:
        raise PictureError(0, "the grid is missing")
    found.n_columns, found.n_rows = len(grid[0]), len(grid)
    for row, names in enumerate(grid):
        for name in names:
            if set(name) != {"."} and name not in found.boxes:
                found.boxes[name] = _placed(grid, name, row)
    for number, line in enumerate(lines[at:], at):
        if line.strip():
            _read_line(found, number, line.strip())
    return found


def _placed(grid: list[list[str]], name: str, row: int) -> Box:
    fields = [
        (r, c) for r, names in enumerate(grid) for c, n in enumerate(names) if n == name
    ]
    rows, columns = ([place[axis] for place in fields] for axis in (0, 1))
    bottom, left, right = max(rows) + 1, min(columns), max(columns) + 1
    if len(fields) != (bottom - row) * (right - left):
        raise PictureError(row, f"the fields of {name!r} are no rectangle")
    return Box(name, (left, right), (row, bottom))


def _read_line(found: Boxes, number: int, line: str) -> None:
    def named(name: str) -> Box:
        if name not in found.boxes:
            raise PictureError(number, f"no box {name!r} in the grid")
        return found.boxes[name]

    if match := ARROW.fullmatch(line):
        start, how, end, label = match.groups()
        named(start)
        named(end)
        found.arrows.append(Arrow(number, start, end, how, label or ""))
    elif match := FRAME.fullmatch(line):
        names = match[1].split()
        for name in names:
            named(name)
        found.frames.append(Frame(tuple(names), match[2]))
    elif match := NAMED.fullmatch(line):
        b = named(match[1])
        b.is_round = match[2].startswith("(") and match[2].endswith(")")
        b.text = match[2][1:-1] if b.is_round else match[2]
    else:
        message = f"neither a text nor a frame nor an arrow: {line!r}"
        raise PictureError(number, message)


# --- where things are ---


@dataclass
class Area:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class Layout:
    """Where boxes, frames and arrows are."""

    def __init__(self, found: Boxes) -> None:
        self.found = found
        self.levels = [_level(found, frame) for frame in found.frames]
        self.used: dict[tuple[str, str], list[float]] = {}
        columns = [float(LEAST)] * found.n_columns
        for b in found.boxes.values():
            if b.columns[1] - b.columns[0] == 1:
                needed = widest(wrapped(b.text, MOST)) + 2 * PAD_X
                columns[b.columns[0]] = max(columns[b.columns[0]], needed)
        across = self._gutters(found.n_columns)
        down = self._gutters(found.n_rows)
        self._room_for_labels(across, down)
        self._room_for_frames(across, down)
        self.x = list(_edges(columns, across))
        self.width = self.x[-1][1] + across[-1]
        rows = [float(LINE + 2 * PAD_Y)] * found.n_rows
        for name, b in found.boxes.items():
            n_rows = b.rows[1] - b.rows[0]
            height = (len(self.lines(name)) * LINE + 2 * PAD_Y) / n_rows
            for row in range(*b.rows):
                rows[row] = max(rows[row], height)
        self.y = list(_edges(rows, down))
        self.height = self.y[-1][1] + down[-1]

    @staticmethod
    def _gutters(n: int) -> list[float]:
        return [float(MARGIN), *[float(GUTTER)] * (n - 1), float(MARGIN)]

    def _room_for_labels(self, across: list[float], down: list[float]) -> None:
        for a in self.found.arrows:
            start, end = self.found.boxes[a.start], self.found.boxes[a.end]
            lines = label_lines(a)
            left, right = sorted((start.columns, end.columns))
            upper, lower = sorted((start.rows, end.rows))
            if _overlap(start.rows, end.rows):
                gutter = right[0]
                if left[1] == gutter:
                    across[gutter] = max(across[gutter], widest(lines, SMALL) + 18)
                else:  # it goes round above
                    room = 12 + (len(lines) * LINE + 8 if a.label else 6)
                    down[upper[0]] = max(down[upper[0]], room)
            elif a.label:
                gutter = lower[0] if _overlap(start.columns, end.columns) else upper[1]
                down[gutter] = max(down[gutter], len(lines) * LINE + 14)

    def _room_for_frames(self, across: list[float], down: list[float]) -> None:
        sides: dict[tuple[str, int], int] = {}
        for frame, level in zip(self.found.frames, self.levels, strict=True):
            columns, rows = _extent(self.found, frame)
            for side in (
                ("l", columns[0]),
                ("r", columns[1]),
                ("t", rows[0]),
                ("b", rows[1]),
            ):
                sides[side] = max(sides.get(side, 0), level)
        for (letter, at), level in sides.items():
            gutters = across if letter in "lr" else down
            gutters[at] += level * (FRAME_TOP if letter == "t" else FRAME_PAD)

    def lines(self, name: str) -> list[str]:
        area = self.area(name, rows=False)
        return wrapped(self.found.boxes[name].text, area.right - area.left - PAD_X)

    def area(self, name: str, *, rows: bool = True) -> Area:
        b = self.found.boxes[name]
        left, right = self.x[b.columns[0]][0], self.x[b.columns[1] - 1][1]
        if not rows:
            return Area(left, 0, right, 0)
        return Area(left, self.y[b.rows[0]][0], right, self.y[b.rows[1] - 1][1])

    def frame_area(self, frame: Frame, level: int) -> Area:
        columns, rows = _extent(self.found, frame)
        return Area(
            self.x[columns[0]][0] - level * FRAME_PAD,
            self.y[rows[0]][0] - level * FRAME_TOP,
            self.x[columns[1] - 1][1] + level * FRAME_PAD,
            self.y[rows[1] - 1][1] + level * FRAME_PAD,
        )

    # --- arrows ---

    def is_free(
        self, name: str, columns: tuple[int, int], rows: tuple[int, int]
    ) -> bool:
        """Whether no box is in these fields, except the named one."""
        return not any(
            other != name and _overlap(b.columns, columns) and _overlap(b.rows, rows)
            for other, b in self.found.boxes.items()
        )

    def port(
        self,
        ends: Sequence[tuple[str, str]],
        low: float,
        high: float,
        towards: int = 1,
    ) -> float:
        """A free place at sides of boxes: near the middle, rather on one side of it."""
        middle = (low + high) / 2
        taken = [place for end in ends for place in self.used.get(end, [])]
        places = (
            middle + sign * step * APART / 2
            for step in range(12)
            for sign in (towards, -towards)
        )
        for place in places:
            fits = low + 6 <= place <= high - 6
            if fits and all(abs(other - place) >= APART for other in taken):
                break
        else:
            place = middle
        for end in ends:
            self.used.setdefault(end, []).append(place)
        return place

    def straight(self, a: Arrow) -> list[Point] | None:
        """From side to side in one line, where nothing is between."""
        start, end = self.found.boxes[a.start], self.found.boxes[a.end]
        s, e = self.area(a.start), self.area(a.end)
        if rows := _overlap(start.rows, end.rows):
            left, right = sorted((start.columns, end.columns))
            if not self.is_free("", (left[1], right[0]), rows):
                return None
            sides = (
                ("right", "left") if start.columns < end.columns else ("left", "right")
            )
            low, high = max(s.top, e.top), min(s.bottom, e.bottom)
            ends = [(a.start, sides[0]), (a.end, sides[1])]
            y = self.port(ends, low, high)
            return [(getattr(s, sides[0]), y), (getattr(e, sides[1]), y)]
        if columns := _overlap(start.columns, end.columns):
            upper, lower = sorted((start.rows, end.rows))
            if not self.is_free("", columns, (upper[1], lower[0])):
                return None
            sides = ("bottom", "top") if start.rows < end.rows else ("top", "bottom")
            low, high = max(s.left, e.left), min(s.right, e.right)
            ends = [(a.start, sides[0]), (a.end, sides[1])]
            x = self.port(ends, low, high)
            return [(x, getattr(s, sides[0])), (x, getattr(e, sides[1]))]
        return None

    def bent(self, a: Arrow) -> list[Point]:
        """With one corner, or round above the boxes between. PictureError: neither."""
        start, end = self.found.boxes[a.start], self.found.boxes[a.end]
        s, e = self.area(a.start), self.area(a.end)
        if _overlap(start.rows, end.rows):
            top = max(start.rows[0], end.rows[0])
            lane = min(s.top, e.top) - 12
            if start.rows[0] != top or end.rows[0] != top:
                raise PictureError(a.line, f"no way from {a.start!r} to {a.end!r}")
            x1 = self.port([(a.start, "top")], s.left, s.right)
            x2 = self.port([(a.end, "top")], e.left, e.right)
            return [(x1, s.top), (x1, lane), (x2, lane), (x2, e.top)]
        down, rightwards = start.rows < end.rows, start.columns < end.columns
        vertical = "bottom" if down else "top"
        horizontal = "left" if rightwards else "right"
        passed = (start.rows[1], end.rows[1]) if down else (end.rows[0], start.rows[0])
        between = (start.columns[1], end.columns[0])
        if not rightwards:
            between = (end.columns[1], start.columns[0])
        if self.is_free(a.start, start.columns, passed) and self.is_free(
            a.end, between, end.rows
        ):
            x = self.port([(a.start, vertical)], s.left, s.right)
            y = self.port([(a.end, horizontal)], e.top, e.bottom, -1 if down else 1)
            return [(x, getattr(s, vertical)), (x, y), (getattr(e, horizontal), y)]
        opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
        passed = (start.rows[0], end.rows[0]) if down else (end.rows[1], start.rows[1])
        if self.is_free(a.start, between, start.rows) and self.is_free(
            a.start, end.columns, passed
        ):
            side, enters = opposite[horizontal], opposite[vertical]
            y = self.port([(a.start, side)], s.top, s.bottom, 1 if down else -1)
            x = self.port([(a.end, enters)], e.left, e.right)
            return [(getattr(s, side), y), (x, y), (x, getattr(e, enters))]
        raise PictureError(
            a.line, f"boxes are in the way from {a.start!r} to {a.end!r}"
        )


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
    common = max(one[0], other[0]), min(one[1], other[1])
    return common if common[0] < common[1] else None


def _edges(
    sizes: Sequence[float], gutters: Sequence[float]
) -> Iterator[tuple[float, float]]:
    at = 0.0
    for size, gutter in zip(sizes, gutters, strict=False):
        yield at + gutter, at + gutter + size
        at += gutter + size


def _extent(found: Boxes, frame: Frame) -> tuple[tuple[int, int], tuple[int, int]]:
    boxes = [found.boxes[name] for name in frame.names]
    columns = min(b.columns[0] for b in boxes), max(b.columns[1] for b in boxes)
    return columns, (min(b.rows[0] for b in boxes), max(b.rows[1] for b in boxes))


def _level(found: Boxes, frame: Frame) -> int:
    """1 for a frame with no other in it, and so on."""
    inner = [
        _level(found, other)
        for other in found.frames
        if other is not frame and set(other.names) < set(frame.names)
    ]
    return 1 + max(inner, default=0)


def label_lines(a: Arrow) -> list[str]:
    return wrapped(a.label, 128, SMALL)


def _label(a: Arrow, points: Sequence[Point]) -> str:
    """The text of an arrow: above a line across, right of a line down."""
    lines = label_lines(a)
    legs = list(pairwise(points))
    (x1, y1), (x2, y2) = legs[1] if len(legs) == 3 else legs[0]
    half = len(lines) * LINE / 2
    if y1 == y2:
        x = (x1 + x2) / 2
        if abs(x2 - x1) > LONG:  # other arrows may cross it further on
            x = x1 + (widest(lines, SMALL) / 2 + 12) * (1 if x2 > x1 else -1)
        return text(x, y1 - 4 - half, lines, kind="label")
    # next to the box that it leaves: further on there may be others, or a frame
    y = y1 + (half + 7) * (1 if y2 > y1 else -1)
    return text(x1 + 7, y, lines, kind="label", anchor="start")


def described(found: Boxes) -> str:
    """All that the picture says, in words."""
    said = [f"Boxes: {'; '.join(b.text for b in found.boxes.values())}."]
    for frame in found.frames:
        names = "; ".join(found.boxes[name].text for name in frame.names)
        said.append(f"{frame.label}: {names}.")
    for a in found.arrows:
        how = "and" if a.how == "<->" else "to"
        label = f": {a.label}" if a.label else ""
        said.append(
            f"From {found.boxes[a.start].text} {how} {found.boxes[a.end].text}{label}."
        )
    return " ".join(said)


def drawn(title: str, lines: Sequence[str]) -> str:
    """The picture that a text describes, as HTML. PictureError: a line is wrong."""
    found = read(lines)
    layout = Layout(found)
    parts: list[str] = []
    labels: list[str] = []  # in front of all lines
    framed = sorted(zip(layout.levels, found.frames, strict=True), key=lambda x: -x[0])
    for level, frame in framed:
        area = layout.frame_area(frame, level)
        size = area.right - area.left, area.bottom - area.top
        parts.append(box(area.left, area.top, *size, f"frame level{level}", 10))
        at = (area.left + FRAME_PAD, area.top + FRAME_TOP / 2 - 1)
        labels.append(text(*at, [frame.label], kind="label", anchor="start"))
    for name, b in found.boxes.items():
        area = layout.area(name)
        width, height = area.right - area.left, area.bottom - area.top
        radius = height / 2 if b.is_round else 7
        parts.append(box(area.left, area.top, width, height, "box", radius))
        parts.append(text(*area.middle, layout.lines(name)))
    width_of_all = layout.width
    routes = {a: layout.straight(a) for a in found.arrows}
    for a, straight in routes.items():
        points = straight or layout.bent(a)
        parts.append(arrow(points, dashed=a.how == "..>", both=a.how == "<->"))
        if a.label:
            labels.append(_label(a, points))
            # what stands right of a line down may be wider than the boxes
            beside = points[0][0] + widest(label_lines(a), SMALL) + 10
            if points[0][0] == points[1][0]:
                width_of_all = max(width_of_all, beside)
    size = width_of_all, layout.height
    return picture("boxes", title, described(found), size, [*parts, *labels])
