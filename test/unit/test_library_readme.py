"""The README of the C library shows a program: the one that its tests build and run."""

from __future__ import annotations

import re
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "aerospike-client-c"
README = (LIBRARY / "README.md").read_text()


def test_program_in_the_readme_is_the_example():
    shown, *_parts = re.findall(r"^```c\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert shown == (LIBRARY / "examples/get_put.c").read_text()


def test_readme_names_every_public_header():
    headers = {f"asc/{path.name}" for path in LIBRARY.glob("include/asc/*.h")}
    assert set(re.findall(r"asc/\w+\.h", README)) == headers
