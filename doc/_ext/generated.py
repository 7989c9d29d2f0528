"""Tables of the pages that are made from the client itself.

A line `<!-- generated: NAME ARGUMENT... -->` in a page is replaced by the Markdown that
the function of that name returns:

    options TABLE [KIND]   keys of a dictionary: type, default, meaning
    old-names TABLE        older names of keys
    shared-keys            keys that may stand beside the sections of policies
    exceptions             the tree of classes, with codes
    operations MODULE      helpers of a module: arguments, what they do, results
    direct PREFIX          methods of the 2.x line, beside the helpers of today
    command-line           options of the development server
    findings               what the doctor may find: code, severity, meaning, advice
    compatibility [AREA]   what the development server supports (devserver_texts.py)
    notebook NAME          the cells of a notebook of examples/, and what they give

Those of the reference are in reference.py.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aerospike
import devserver_texts
import option_texts
import reference
from aerospike import _core, exception
from aerospike._doctor.findings import KINDS
from aerospike_devserver.cli import parser
from option_texts import Text

Row = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples"

LINE = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)


def expand(text: str) -> str:
    """A page with its lines replaced. KeyError: no such function, or no such key."""

    def replace(match: re.Match[str]) -> str:
        name, *arguments = match[1].split()
        return FUNCTIONS[name](*arguments)

    return LINE.sub(replace, text)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# Options


def rows_of(table: str, kind: str | None = None) -> list[Row]:
    """Rows of an option table, of one kind of policy where one is given."""
    rows: list[Row] = _core.option_tables()[table]
    return [row for row in rows if kind is None or kind in row["kinds"]]


BEFORE_KEYS = {"policy": "policy.", "meta": "meta.", **reference.SECTIONS}
"""Table -> what stands before its keys in the reference."""

READ_BY_CALLS = {"partition_filter"}
"""Keys that the options' parser passes over, since the calls look for them."""


def is_old(row: Row) -> bool:
    """Whether the row is an older name of another one."""
    return row["new_name"] is not None


def default_of(text: Text, kind: str | None) -> str:
    """The default as the page shows it, for one kind of policy."""
    if isinstance(text.default, str):
        return text.default
    return text.default.get(kind or "", text.default.get("", ""))


def options(table: str, kind: str | None = None) -> str:
    """Keys in use, then those that are known and do nothing, yet or any more."""
    texts = option_texts.TABLES[table]
    rows = [row for row in rows_of(table, kind) if not is_old(row)]
    used = [
        row
        for row in rows
        if row["type"] not in ("ignored", "later") or row["name"] in READ_BY_CALLS
    ]

    def lines() -> Iterator[Sequence[str]]:
        for row in used:
            text = texts[row["name"]]
            default = default_of(text, kind)
            shown = f"`{default}`" if default else ""
            before = BEFORE_KEYS[table]
            key = f"{{confval}}`{row['name']} <{before}{row['name']}>`"
            yield key, text.type, shown, text.meaning

    parts = [_table(("key", "type", "default", "meaning"), lines())]
    for kind_of_row, title in (
        ("later", "Not supported yet; setting them raises `ParamError`"),
        ("ignored", "Accepted without effect"),
    ):
        idle = [row for row in rows if row["type"] == kind_of_row and row not in used]
        names = [f"`{row['name']}`" for row in idle]
        if names:
            parts.append(f"{title}: {', '.join(names)}.")
    return "\n\n".join(parts)


def old_names(table: str) -> str:
    """Older names, and in which dictionaries they are known."""

    def lines() -> Iterator[Sequence[str]]:
        for row in rows_of(table):
            if is_old(row):
                where = ", ".join(row["kinds"]) if table == "policy" else "config"
                yield f"`{row['name']}`", f"`{row['new_name']}`", where

    return _table(("older name", "today's name", "in"), lines())


def shared_keys() -> str:
    """Keys that hold for all kinds of policies that have them; older names, too."""
    rows = [row for row in rows_of("policy") if row["shared"]]
    names = [f"`{row['name']}`" for row in rows if row["type"] != "ignored"]
    return f"{', '.join(names)}."


# Exceptions


def classes() -> list[type[exception.AerospikeError]]:
    """Every class of the errors, a parent before its children, as they were defined."""

    def below(cls: type[exception.AerospikeError]) -> Iterator[Any]:
        yield cls
        for child in cls.__subclasses__():
            if child.__module__ == exception.__name__:
                yield from below(child)

    return list(dict.fromkeys(below(exception.AerospikeError)))


def builtin_bases(cls: type) -> list[str]:
    """Names of the built-in exceptions that a class is, too."""
    return [base.__name__ for base in cls.__bases__ if base.__module__ == "builtins"]


NEVER_RAISED = "LDTError"
"""The root of classes that are there for old `except` clauses."""


def exceptions() -> str:
    """The tree of classes, with codes and built-in bases, as an indented list."""
    lines = []
    for cls in classes():
        parents = [base.__name__ for base in cls.__mro__[1:]]
        if NEVER_RAISED in parents:
            continue
        text = f"{{py:exc}}`~aerospike.exception.{cls.__name__}`"
        text += f" {cls.code}" if cls.code is not None else ""
        for name in builtin_bases(cls):
            text += f", also the built-in `{name}`" if name != "Exception" else ""
        if cls.__name__ == NEVER_RAISED:
            text += f" and {len(cls.__subclasses__())} below it, which no server causes"
        # a class stands below its first base
        depth = 0
        while cls is not exception.AerospikeError:
            cls = cls.__bases__[0]
            depth += 1
        lines.append(f"{'  ' * depth}- {text}")
    return "\n".join(lines)


# Operations

EVERYWHERE = {"bin_name", "ctx"}
"""Arguments of nearly all helpers, which the tables leave out."""


def helpers_of(module: str) -> Iterator[tuple[str, Callable[..., Row]]]:
    """Names and helpers of a module of aerospike_helpers.operations, as they stand."""
    found = importlib.import_module(f"aerospike_helpers.operations.{module}")
    for name, helper in vars(found).items():
        if inspect.isfunction(helper) and helper.__module__ == found.__name__:
            yield name, helper


def arguments_of(helper: Callable[..., Row]) -> str:
    """The signature, without types and what is everywhere."""
    listed = inspect.signature(helper).parameters.values()
    return ", ".join(
        f"`{p.name}`" if p.default is p.empty else f"`{p.name}={p.default!r}`"
        for p in listed
        if p.name not in EVERYWHERE
    )


def operations(module: str) -> str:
    """Each helper with its arguments and the first part of its docstring."""

    def lines() -> Iterator[Sequence[str]]:
        for name, helper in sorted(helpers_of(module)):
            text = inspect.getdoc(helper) or ""
            said = " ".join(text.partition(":param")[0].split())
            full = f"{helper.__module__}.{name}"
            yield f"{{py:func}}`{name} <{full}>`", arguments_of(helper), said

    return _table(("operation", "arguments", "what it does"), lines())


def direct(prefix: str) -> str:
    """Each method of the 2.x line, with what follows key and bin."""
    helpers = dict(helpers_of(f"{prefix}_operations"))
    renamed = {"list_extend": "list_append_items"}

    def lines() -> Iterator[Sequence[str]]:
        for name in sorted(dir(aerospike.Client)):
            if name.startswith(f"{prefix}_"):
                names = inspect.signature(getattr(aerospike.Client, name)).parameters
                own = list(names)[3:-2]  # not self, key, bin; not meta, policy
                today = renamed.get(name, name)
                assert today in helpers, today
                given = ", ".join(f"`{argument}`" for argument in own)
                yield (
                    f"{{py:meth}}`{name} <aerospike.Client.{name}>`",
                    given,
                    f"`{today}`",
                )

    return _table(("method", "after key and bin", "helper of today"), lines())


# Development server


def command_line() -> str:
    """Options of the command line."""

    def lines() -> Iterator[Sequence[str]]:
        for action in parser()._actions:
            if action.dest != "help":
                name = f"{action.option_strings[0]} {action.metavar or ''}".strip()
                takes_value = action.nargs != 0 and action.default is not None
                default = f"`{action.default}`" if takes_value else ""
                meaning = str(action.help) % vars(action)
                # in a code span, since Markdown makes a dash of two hyphens
                meaning = re.sub(r"(?<!\S)--?\w\S*\b", r"`\g<0>`", meaning)
                yield f"`{name}`", default, meaning

    return _table(("option", "default", "meaning"), lines())


def findings() -> str:
    """All kinds of findings of the doctor; *words* stand for what was found."""

    def lines() -> Iterator[Sequence[str]]:
        for code, kind in KINDS.items():
            meaning, advice = (
                re.sub(r"\{(\w+)[^}]*\}", r"*\1*", text)
                for text in (kind.meaning, kind.advice)
            )
            # in a code span, since Markdown makes a dash of two hyphens
            advice = re.sub(r"(?<![\w`])--?\w\S*\b", r"`\g<0>`", advice)
            yield f"`{code}`", kind.severity, meaning, advice

    return _table(("code", "severity", "means", "do this"), lines())


# Notebooks


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def notebook(name: str) -> str:
    """The cells of a notebook, each with the text that it gives."""
    text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        is_code = cell["cell_type"] == "code"
        parts.append(_fenced("python", source) if is_code else source)
        given = [
            "".join(
                output["text"] if "text" in output else output["data"]["text/plain"]
            )
            for output in cell.get("outputs", ())
        ]
        if given:
            parts.append(_fenced("output", "\n".join(map(str.rstrip, given))))
    return "\n\n".join(parts)


FUNCTIONS: dict[str, Callable[..., str]] = {
    "options": options,
    "old-names": old_names,
    "shared-keys": shared_keys,
    "exceptions": exceptions,
    "operations": operations,
    "direct": direct,
    "command-line": command_line,
    "findings": findings,
    "compatibility": devserver_texts.compatibility,
    "notebook": notebook,
    **reference.FUNCTIONS,
}


def _on_source_read(app: Any, _docname: str, source: list[str]) -> None:
    if LINE.search(source[0]):
        folders = (Path(__file__).parent, EXAMPLES)
        for path in sorted(path for each in folders for path in each.rglob("*.*")):
            if path.suffix in (".py", ".txt", ".ipynb"):
                app.env.note_dependency(str(path))
    source[0] = expand(source[0])


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
