"""Settings of Sphinx; `make docs` builds the pages into build/docs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from aerospike import __version__

project = "Aerospike client for Python"
author = "the authors of the client"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated", "reference"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_ext"]
nitpicky = False

myst_heading_anchors = 3  # [text](page.md#heading), as on GitHub

default_role = "code"  # `name` in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
add_module_names = False

html_theme = "furo"
html_title = f"Aerospike client for Python {release}"
html_show_copyright = False
html_search_scorer = str(Path(__file__).parent / "_ext" / "scorer.js")
