"""What the development server supports, approximates and refuses, from its own tables.

compatibility          how many things of each area are supported, and so on
compatibility AREA     all things of an area
"""

from __future__ import annotations

from collections.abc import Sequence

from aerospike_devserver.compatibility import AREAS, Entry, areas
from aerospike_devserver.result import Result
from aerospike_devserver.support import State, Support


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compatibility(area: str = "") -> str:
    """The table of an area, or without one that of all areas."""
    if not area:
        return _overview()
    functions = {function.__name__: function for function in AREAS}
    return _area(functions[area]())


def _overview() -> str:
    rows = []
    for name, entries in areas():
        states = [entry.support.state for entry in entries]
        counts = [states.count(state) for state in State]
        link = f"[{name}](#{name.replace(' ', '-')})"
        rows.append([link, *(str(count or "") for count in counts)])
    return _table(["", *(state.value for state in State)], rows)


def _area(entries: Sequence[Entry]) -> str:
    """A row for each way in which things are supported."""
    alike: dict[Support, list[Entry]] = {}
    for entry in entries:
        alike.setdefault(entry.support, []).append(entry)
    order = list(State)
    rows = [
        [support.state.value, ", ".join(map(_name, alike[support])), _remark(support)]
        for support in sorted(alike, key=lambda each: order.index(each.state))
    ]
    return _table(["state", "what", "remark"], rows)


def _name(entry: Entry) -> str:
    number = "" if entry.code is None else f" {entry.code}"
    return f"`{entry.name}`{number}"


def _remark(support: Support) -> str:
    """What is different, what is needed, and the code of the error."""
    parts = [support.note] if support.note else []
    refusal = support.refusal
    if support.needs:
        without = "no effect" if refusal is None else _result(refusal)
        parts.append(f"needs `{support.needs}`; without it: {without}")
    elif refusal is not None:
        parts.append(_result(refusal))
    return "; ".join(parts)


def _result(result: Result) -> str:
    return f"code {int(result)}"
