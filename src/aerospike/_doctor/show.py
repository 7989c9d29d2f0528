"""The report: as text, with colours where `rich` is installed, and as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from aerospike._doctor.checks import Examination

FORMAT = 1
"""Of the JSON. It grows when a key changes its meaning or goes; keys may be added."""

STYLES = {
    "ok": "green",
    "skipped": "dim",
    "note": "cyan",
    "warning": "yellow",
    "problem": "bold red",
}


def as_json(x: Examination) -> dict[str, Any]:
    """The report as JSON has it; doc/doctor.md describes it."""
    return {
        "format": FORMAT,
        "target": f"{x.options.host}:{x.options.port}",
        "ok": not x.hinders,
        "steps": [step._asdict() for step in x.steps],
        "findings": [found._asdict() for found in x.findings],
        "nodes": [
            {
                "name": node.name,
                "address": str(node.address),
                "build": node.answers.get("build"),
                "edition": node.answers.get("edition"),
            }
            for node in sorted(x.nodes.values())
        ],
        "lost_nodes": [
            {"name": name, "addresses": [str(address) for address in addresses]}
            for name, addresses in sorted(x.lost.items())
        ],
    }


def write_json(x: Examination, out: TextIO) -> None:
    json.dump(as_json(x), out, indent=2)
    out.write("\n")


def lines_of(x: Examination) -> list[tuple[str, str]]:
    """The report as lines, each with what it is about: a key of STYLES, or ""."""
    lines = [("", f"aerospike doctor {x.options.host}:{x.options.port}"), ("", "")]
    lines += [
        (step.status, f"{step.status:8} {step.name:13} {step.text}")
        for step in x.steps
        if step.status != "skipped"
    ]
    skipped = [step.name for step in x.steps if step.status == "skipped"]
    if skipped:
        lines.append(("skipped", f"skipped  {', '.join(skipped)}"))
    for number, found in enumerate(x.findings, 1):
        lines += [
            ("", ""),
            (found.severity, f"{number}. {found.severity}: {found.text}"),
            ("", f"   It means: {found.meaning}"),
            ("", f"   Do this:  {found.advice}"),
        ]
    lines += [("", ""), ("", verdict(x))]
    return lines


def verdict(x: Examination) -> str:
    n = sum(found.severity == "problem" for found in x.findings)
    if n:
        return f"{n} {'problem' if n == 1 else 'problems'} found."
    if x.findings:
        return "Nothing hinders a client; see the findings."
    return "Nothing is wrong."


def _safe(text: str, out: TextIO) -> str:
    """What nodes send may hold control characters, and a terminal may lack others."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    encoding = out.encoding or "ascii"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def write_text(x: Examination, out: TextIO = sys.stdout) -> None:
    lines = [(style, _safe(line, out)) for style, line in lines_of(x)]
    try:
        console_module: Any = import_module("rich.console")
        text_module: Any = import_module("rich.text")
    except ImportError:
        out.write("".join(f"{line}\n" for _, line in lines))
        return
    console = console_module.Console(file=out, highlight=False)
    for style, line in lines:
        text = text_module.Text(line, STYLES.get(style, ""))
        console.print(text, soft_wrap=not out.isatty())
