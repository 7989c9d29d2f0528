"""Messages between parties, in the order in which they are sent, from the top down:

    program: your program
    client: Client
    node: node A

    program -> client: get(key)
    client: finds the node of the key
    begin socket_timeout, 250 ms
    client -> node: request
    node ..> client: reply
    end
    --- a second later
    client -x node: request

First come the parties, from left to right. Then come the messages: `->`, `..>` dashed,
`-x` one that is lost. A text behind a party says what it does. Between `begin` and
`end`, a bracket at the left has a text. `---` is a line across, for time that passes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .svg import (
    LINE,
    SMALL,
    PictureError,
    arrow,
    box,
    path,
    picture,
    text,
    widest,
    wrapped,
)

PARTY = re.compile(r"(\w+): +(.+)")
MESSAGE = re.compile(r"(\w+) +(->|\.\.>|-x) +(\w+)(?:: +(.+))?")
BEGIN = re.compile(r"begin +(.+)")
PAUSE = re.compile(r"--- +(.+)")

HEAD_PAD, HEAD_MOST = 10, 92  # around the name of a party; how wide the name is
NOTE_PAD, NOTE_MOST = 8, 124
STEP = 14  # between two lines of the sequence
LANE = 24  # of a bracket
LABEL_MOST = 150  # how wide the text of a message makes its columns
APART = 86  # two parties, at least
CROSS = 5


@dataclass(frozen=True)
class Message:
    start: str
    end: str
    how: str
    label: str

    @property
    def parties(self) -> tuple[str, ...]:
        return self.start, self.end


@dataclass(frozen=True)
class Note:
    party: str
    label: str

    @property
    def parties(self) -> tuple[str, ...]:
        return (self.party,)


@dataclass(frozen=True)
class Begin:
    label: str
    parties: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class End:
    parties: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Pause:
    label: str
    parties: ClassVar[tuple[str, ...]] = ()


Step = Message | Note | Begin | End | Pause


@dataclass
class Messages:
    """What a text says."""

    parties: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def read(lines: Sequence[str]) -> Messages:
    """The messages of a text. PictureError: a line that is none of the above."""
    found = Messages()
    at = 0
    while at < len(lines) and lines[at].strip():
        match = PARTY.fullmatch(lines[at].strip())
        if match is None:
            raise PictureError(at, f"a party is `name: text`: {lines[at]!r}")
        found.parties[match[1]] = match[2]
        at += 1
    if len(found.parties) < 2:
        raise PictureError(
            0, "a sequence has two parties at least, before an empty line"
        )
    depth = 0
    for number, line in enumerate(lines[at:], at):
        if line.strip():
            step = _step(number, line.strip())
            for name in step.parties:
                if name not in found.parties:
                    raise PictureError(number, f"no party {name!r}")
            depth += isinstance(step, Begin) - isinstance(step, End)
            if depth < 0:
                raise PictureError(number, "`end` without a `begin`")
            found.steps.append(step)
    if depth:
        raise PictureError(len(lines) - 1, "`begin` without an `end`")
    return found


def _step(number: int, line: str) -> Step:
    if match := MESSAGE.fullmatch(line):
        start, how, end, label = match.groups()
        if start == end:
            raise PictureError(number, f"a message to oneself: write `{start}: ...`")
        return Message(start, end, how, label or "")
    if match := BEGIN.fullmatch(line):
        return Begin(match[1])
    if line == "end":
        return End()
    if match := PAUSE.fullmatch(line):
        return Pause(match[1])
    if match := PARTY.fullmatch(line):
        return Note(match[1], match[2])
    raise PictureError(number, f"neither a message nor what a party does: {line!r}")


def described(found: Messages) -> str:
    """All that the picture says, in words."""
    said = []
    open_labels = []
    for step in found.steps:
        if isinstance(step, Message):
            lost = ", which is lost" if step.how == "-x" else ""
            who = f"{found.parties[step.start]} to {found.parties[step.end]}"
            said.append(f"{who}: {step.label or 'a message'}{lost}.")
        elif isinstance(step, Note):
            said.append(f"{found.parties[step.party]}: {step.label}.")
        elif isinstance(step, Begin):
            open_labels.append(step.label)
            said.append(f"Here begins: {step.label}.")
        elif isinstance(step, End):
            said.append(f"Here ends: {open_labels.pop()}.")
        else:
            said.append(f"{step.label}.")
    return " ".join(said)


def drawn(title: str, lines: Sequence[str]) -> str:
    """The picture that a text describes, as HTML. PictureError: a line is wrong."""
    found = read(lines)
    drawing = Drawing(found)
    for step in found.steps:
        drawing.add(step)
    return picture("sequence", title, described(found), *drawing.finish())


class Drawing:
    """The picture while it grows downwards."""

    def __init__(self, found: Messages) -> None:
        self.found = found
        self.names = list(found.parties)
        self.lanes = _depth(found.steps)
        self.heads = [wrapped(label, HEAD_MOST) for label in found.parties.values()]
        self.x = self._columns()
        self.head_height = max(len(lines) for lines in self.heads) * LINE + 2 * HEAD_PAD
        self.y: float = self.head_height + STEP
        self.begun: list[tuple[float, str]] = []
        self.lines: list[str] = []
        self.above: list[str] = []

    def half(self, name: str) -> float:
        """Half of the room that the head and the notes of a party need."""
        at = self.names.index(name)
        notes = [
            widest(wrapped(step.label, NOTE_MOST, SMALL), SMALL) + 2 * NOTE_PAD
            for step in self.found.steps
            if isinstance(step, Note) and step.party == name
        ]
        return max([widest(self.heads[at]) + 2 * HEAD_PAD, *notes]) / 2

    def _columns(self) -> dict[str, float]:
        halves = {name: self.half(name) for name in self.names}
        left = self.lanes * LANE + 2
        at = {self.names[0]: left + halves[self.names[0]]}
        for i, name in enumerate(self.names[1:], 1):
            before = self.names[i - 1]
            heads = sum(widest(self.heads[j]) / 2 + HEAD_PAD for j in (i - 1, i)) + 12
            at[name] = at[before] + max(
                APART, heads, max(halves[name], halves[before]) + 10
            )
            for step in self.found.steps:
                if isinstance(step, Message) and name in (step.start, step.end):
                    other = step.start if name == step.end else step.end
                    if other in at and other != name:
                        most = wrapped(step.label, LABEL_MOST, SMALL)
                        at[name] = max(at[name], at[other] + widest(most, SMALL) + 20)
        self.width = at[self.names[-1]] + halves[self.names[-1]] + 2
        return at

    def add(self, step: Step) -> None:
        if isinstance(step, Message):
            self._message(step)
        elif isinstance(step, Note):
            self._note(step)
        elif isinstance(step, Pause):
            self._pause(step)
        elif isinstance(step, Begin):
            self.begun.append((self.y - STEP / 2 + 2, step.label))
        else:
            self._end()

    def _message(self, step: Message) -> None:
        start, end = self.x[step.start], self.x[step.end]
        lines = wrapped(step.label, max(abs(end - start) - 16, LABEL_MOST), SMALL)
        height = len(lines) * LINE if step.label else 0
        y = self.y + height + 5
        towards = 1 if end > start else -1
        tip = end - towards * 1.0
        if step.how == "-x":
            tip = start + (end - start) * 0.62
            self.lines.append(path([(start, y), (tip, y)]))
            for side in (1, -1):
                ends = [
                    (tip - CROSS, y - side * CROSS),
                    (tip + CROSS, y + side * CROSS),
                ]
                self.lines.append(path(ends))
        else:
            self.lines.append(arrow([(start, y), (tip, y)], dashed=step.how == "..>"))
        if step.label:
            middle = self.y + height / 2
            self.above.append(text((start + end) / 2, middle, lines, kind="label"))
        self.y = y + STEP

    def _note(self, step: Note) -> None:
        lines = wrapped(step.label, NOTE_MOST, SMALL)
        width, height = (
            widest(lines, SMALL) + 2 * NOTE_PAD,
            len(lines) * LINE + NOTE_PAD,
        )
        x = self.x[step.party]
        self.above.append(box(x - width / 2, self.y, width, height, "note", 5))
        self.above.append(text(x, self.y + height / 2, lines, kind="label"))
        self.y += height + STEP

    def _pause(self, step: Pause) -> None:
        lines = wrapped(step.label, self.width * 0.7, SMALL)
        height = len(lines) * LINE
        left = self.lanes * LANE + 2
        y = self.y + height / 2
        self.above.append(path([(left, y), (self.width - 2, y)], "line pause"))
        self.above.append(text((left + self.width) / 2, y, lines, kind="label"))
        self.y += height + STEP

    def _end(self) -> None:
        top, label = self.begun.pop()
        bottom = self.y - STEP / 2 - 2
        needed = widest([label], SMALL) + 8
        if bottom - top < needed:  # the text is longer than what it stands beside
            self.y += needed - (bottom - top)
            bottom = top + needed
        x = 2 + len(self.begun) * LANE + LANE * 0.75
        corner = x + 5
        self.lines.append(
            path([(corner, top), (x, top), (x, bottom), (corner, bottom)])
        )
        at = (x - 9, (top + bottom) / 2)
        self.above.append(text(*at, [label], kind="label", turned=True))

    def finish(self) -> tuple[tuple[float, float], list[str]]:
        """Size and parts, the lines of the parties first."""
        parts = []
        for name, lines in zip(self.names, self.heads, strict=True):
            x, width = self.x[name], widest(lines) + 2 * HEAD_PAD
            parts.append(path([(x, self.head_height), (x, self.y)], "life"))
            parts.append(box(x - width / 2, 1, width, self.head_height - 2, "box", 7))
            parts.append(text(x, self.head_height / 2, lines))
        return (self.width, self.y + 2), [*parts, *self.lines, *self.above]


def _depth(steps: Sequence[Step]) -> int:
    depth = deepest = 0
    for step in steps:
        depth += isinstance(step, Begin) - isinstance(step, End)
        deepest = max(deepest, depth)
    return deepest
