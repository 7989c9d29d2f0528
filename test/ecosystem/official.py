"""Run the public test suite of the PyPI client with this client, on a real cluster.

    python -m ecosystem.official SUITE HOST:PORT[,HOST:PORT] [PASSED]

SUITE: the folder which holds `new_tests`, of a checkout of yours. Nothing is written
there: the run works on a copy. PASSED: a file of lines `file hash`, the tests that the
PyPI client itself passes; without it that client is run first. The hash of a test is
the start of the SHA-1 of `class::name` as its JUnit file writes them.

What fails here and is not in `test/compat/official-differences.txt` is printed, and
makes the status 1. What is listed there and passes is printed as well.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from .environments import PLACE, ROOT, environment, put_ours_in, wheel

COMPAT = ROOT / "test" / "compat"
DIFFERENCES = COMPAT / "official-differences.txt"
OFFICIAL = "aerospike==19.3.0"
TOOLS = ("pytest==7.4.4", "pytest-timeout==2.3.1")
OUR_EXTRAS = ("lupa>=2.8", "PyYAML>=6")
"""What this client needs for aggregation, and for files with settings."""
LONGEST_ERROR = 160
"""Characters of an error that the report shows."""

ISOLATION = """
import os
import pytest

@pytest.fixture(autouse=True)
def environment_as_before():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
"""
"""Around each test: one that fails does not leave its variables to those behind it."""

Place = tuple[str, str]
"""A test, as PASSED names it: file and hash."""


class Outcome(NamedTuple):
    """What became of one test. error: empty = it passed."""

    file: str
    name: str
    error: str


def listed(text: str) -> dict[str, str]:
    """The entries of the list of differences, each with its reason.

    A line `= reason` stands above the entries that it explains. An entry is a file, or
    `file::test`, with the parameters in brackets or for all of them.
    """
    reason, entries = "", {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("="):
            reason = line[1:].strip()
        elif line and not line.startswith("#"):
            entries[line] = reason
    return entries


def entries_for(outcome: Outcome) -> tuple[str, str, str]:
    """The entries that would cover a test, from the widest to the narrowest."""
    plain = outcome.name.partition("[")[0]
    file = outcome.file
    return file, f"{file}::{plain}", f"{file}::{outcome.name}"


def outcomes(report: Path) -> dict[Place, Outcome]:
    """The tests of a JUnit file."""
    return dict(_cases(ElementTree.parse(report).getroot()))


def _cases(root: ElementTree.Element) -> Iterator[tuple[Place, Outcome]]:
    for case in root.iter("testcase"):
        name = case.get("name", "")
        classname = case.get("classname", "")
        faults = [child for child in case if child.tag in ("failure", "error")]
        skips = case.findall("skipped")
        fault = next(iter([*faults, *skips]), None)
        error = "" if fault is None else f"{fault.tag}: {fault.get('message', '')}"
        if classname:
            text = f"{classname}::{name}".encode("unicode_escape")
            digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()[:12]
            file = classname.split(".")[2]
        else:  # the file itself, which could not be read
            name = name.rpartition(".")[2]
            file, digest = name, ""
        yield (file, digest), Outcome(file, name, error)


def run(python: Path, suite: Path, hosts: str, report: Path) -> None:
    """Run the suite in a fresh copy; the outcome is in `report`."""
    copy = PLACE / "official" / "test"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(suite, copy, ignore=shutil.ignore_patterns("__pycache__"))
    template = (copy / "config.conf.template").read_text(encoding="utf-8")
    config = re.sub(r"(?m)^hosts: .*$", f"hosts: {hosts.replace(',', ';')}", template)
    (copy / "config.conf").write_text(config, encoding="utf-8")
    # else the settings of this checkout's own tests hold
    (copy.parent / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (copy.parent / "conftest.py").write_text(ISOLATION, encoding="utf-8")
    report.unlink(missing_ok=True)
    options = ["--timeout", "120", "--continue-on-collection-errors", "-q", "--tb=no"]
    options += ["-p", "no:cacheprovider", "-p", "no:aerospike", "--no-summary"]
    options += [f"--junitxml={report}"]
    command = [str(python), "-m", "pytest", "new_tests", *options]
    subprocess.run(command, cwd=copy, check=False)
    if not report.exists():
        raise SystemExit("the suite did not run")


def run_theirs(suite: Path, hosts: str) -> Path:
    """Run the suite with the PyPI client; the report."""
    report = PLACE / "official" / "theirs.xml"
    run(environment("theirs", [*TOOLS, OFFICIAL]), suite, hosts, report)
    return report


def passed_in(file: str) -> set[Place]:
    """The tests that a file of lines `file hash` names."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return {(name, digest) for name, digest in map(str.split, lines)}


def yardstick(passed: str | None, suite: Path, hosts: str) -> set[Place]:
    """The tests that the PyPI client passes."""
    if passed is not None:
        return passed_in(passed)
    found = outcomes(run_theirs(suite, hosts))
    return {place for place, outcome in found.items() if not outcome.error}


def _short(error: str) -> str:
    return repr(error[:LONGEST_ERROR])


def compare(
    wanted: set[Place], found: dict[Place, Outcome], known: dict[str, str]
) -> tuple[list[str], int]:
    """The lines of the report, and the number of differences that nobody listed."""
    unread = {file: outcome for (file, digest), outcome in found.items() if not digest}
    failed: dict[Place, Outcome] = {}
    for place in wanted:
        file, digest = place
        outcome = found.get(place, unread.get(file, Outcome(file, digest, "not there")))
        if outcome.error:
            failed[place] = outcome
    covered = {entry for out in failed.values() for entry in entries_for(out)}
    unlisted = [
        out
        for out in sorted(failed.values())
        if known.keys().isdisjoint(entries_for(out))
    ]
    shown = dict.fromkeys(f"  {o.file}::{o.name}  {_short(o.error)}" for o in unlisted)
    stale = [f"  {entry}" for entry in known if entry not in covered]
    lines = [f"{len(wanted) - len(failed)} of {len(wanted)} tests pass"]
    if unlisted:
        lines += [f"{len(unlisted)} fail and are not listed:", *shown]
    if stale:
        lines += [f"{len(stale)} entries are listed and pass:", *stale]
    lines += [f"{len(failed) - len(unlisted)} differ for a reason that is listed"]
    return lines, len(unlisted)


def suite_folder(text: str) -> Path:
    """The folder of a checkout; one without the suite ends the program."""
    folder = Path(text).resolve()
    if not (folder / "new_tests").is_dir():
        raise SystemExit(f"{folder} has no folder new_tests")
    return folder


def report_on(wanted: set[Place], report: Path, differences: Path) -> int:
    """Print how a run differs from what is wanted; the status of the program."""
    known = listed(differences.read_text(encoding="utf-8"))
    lines, n_unlisted = compare(wanted, outcomes(report), known)
    print("\n".join(lines))
    return 1 if n_unlisted else 0


def main(suite: str, hosts: str, passed: str | None = None) -> int:
    folder = suite_folder(suite)
    wanted = yardstick(passed, folder, hosts)
    python = environment("ours", [*TOOLS, *OUR_EXTRAS])
    put_ours_in(python, wheel())
    report = PLACE / "official" / "ours.xml"
    run(python, folder, hosts, report)
    return report_on(wanted, report, DIFFERENCES)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
