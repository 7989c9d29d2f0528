"""Where one string stands in another: canonically equivalent text is equal.

Two strings that are both ASCII, or both in NFC, are compared as they are. Others are
cut into combining sequences, each of which matches as a whole by its decomposition. The
comparison passes over what has no weight of its own in a collation. Source: section B.2
of the page on string operations.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_CONTROLS_WITH_WEIGHT = "\t\n\v\f\r\x85"
_WITHOUT_WEIGHT = ("Cc", "Cf")


class Match(NamedTuple):
    """Code points from start to before end."""

    start: int
    end: int


class _Sequence(NamedTuple):
    """A base character with its marks, decomposed; where it stands."""

    content: str
    start: int
    end: int


def _is_plain(text: str) -> bool:
    return text.isascii() or unicodedata.is_normalized("NFC", text)


def _has_weight(char: str) -> bool:
    return (
        char in _CONTROLS_WITH_WEIGHT
        or unicodedata.category(char) not in _WITHOUT_WEIGHT
    )


def _sequences(text: str) -> list[_Sequence]:
    """The combining sequences of a text that have a weight."""
    starts = [
        index
        for index, char in enumerate(text)
        if not index or not unicodedata.combining(unicodedata.normalize("NFD", char)[0])
    ]
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        weighty = "".join(filter(_has_weight, text[start:end]))
        if weighty:
            found.append(_Sequence(unicodedata.normalize("NFD", weighty), start, end))
    return found


def _plain_matches(text: str, needle: str) -> Iterator[Match]:
    start = text.find(needle)
    while start >= 0:
        yield Match(start, start + len(needle))
        start = text.find(needle, start + len(needle))


def _plain_matches_back(text: str, needle: str) -> Iterator[Match]:
    start = text.rfind(needle)
    while start >= 0:
        yield Match(start, start + len(needle))
        start = text.rfind(needle, 0, start)


def _canonical_matches(text: str, needle: str, step: int) -> Iterator[Match]:
    """From the start with step 1, from the end with step -1."""
    sequences, wanted = _sequences(text), [each.content for each in _sequences(needle)]
    size = len(wanted)
    if not size:
        return
    place = 0 if step > 0 else len(sequences) - size
    while 0 <= place <= len(sequences) - size:
        window = sequences[place : place + size]
        if [each.content for each in window] == wanted:
            yield Match(window[0].start, window[-1].end)
            place += step * size
        else:
            place += step


def matches(text: str, needle: str) -> Iterator[Match]:
    """The matches from left to right; they do not overlap. needle is not empty."""
    if _is_plain(text) and _is_plain(needle):
        return _plain_matches(text, needle)
    return _canonical_matches(text, needle, 1)


def matches_back(text: str, needle: str) -> Iterator[Match]:
    """The matches from right to left; they do not overlap. needle is not empty."""
    if _is_plain(text) and _is_plain(needle):
        return _plain_matches_back(text, needle)
    return _canonical_matches(text, needle, -1)
