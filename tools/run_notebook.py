"""Run a notebook, and compare what its cells give with what it shows.

    python tools/run_notebook.py [--write] NOTEBOOK

Needs nbclient and ipykernel. The status is 1, with the difference, if a cell gives
something else; --write keeps what the cells give in the notebook instead. Clients have
the timeouts of test/waiting.py, since a busy machine is not what a notebook is about.
"""

from __future__ import annotations

import argparse
import copy
import difflib
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 120
PATIENTLY = f"""\
import sys
sys.path[:0] = [{str(ROOT / "src")!r}, {str(ROOT / "test")!r}]
import patiently
patiently.be_patient("AsyncClient")
"""


def run(notebook: Any) -> Any:
    """A copy whose cells have what they give, without counts."""
    made = copy.deepcopy(notebook)
    made.cells.insert(0, nbformat.v4.new_code_cell(PATIENTLY))
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            made,
            resources={"metadata": {"path": folder}},
            timeout=LIMIT_S,
        ).execute()
    del made.cells[0]
    made.metadata = notebook.metadata
    for cell in made.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = None
    return made


def text_of(notebook: Any) -> str:
    """The notebook as its file has it."""
    return f"{nbformat.writes(notebook)}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("notebook", type=Path)
    args = parser.parse_args()
    shown = nbformat.read(args.notebook, as_version=4)
    given = run(shown)
    if args.write:
        args.notebook.write_text(text_of(given), encoding="utf-8")
        return 0
    before, after = text_of(shown).splitlines(), text_of(given).splitlines()
    difference = [*difflib.unified_diff(before, after, "shown", "given", lineterm="")]
    print("\n".join(difference))
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
