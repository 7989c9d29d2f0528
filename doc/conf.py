"""Settings of Sphinx; `make docs` builds the pages into build/docs."""

from __future__ import annotations

import gc
import os
import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from aerospike import __version__

# the pages have millions of nodes: to look at all of them now and then takes as long as
# to read them
gc.set_threshold(200_000, 20, 50)

project = "Aerospike client for Python"
author = "the authors of the client"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "generated",
    "pictures",
    "reference",
    "llms",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_ext", "_templates", "_static"]
nitpicky = False

myst_heading_anchors = 3  # [text](page.md#heading), as on GitHub

default_role = "code"  # `name` in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
add_module_names = False

html_theme = "furo"
html_title = f"Aerospike client for Python {release}"
html_show_copyright = False
html_favicon = "_static/favicon.svg"
html_search_scorer = str(Path(__file__).parent / "_ext" / "scorer.js")

# not what a program prints
copybutton_selector = "div:not(.highlight-output) > div.highlight > pre"

# Links into Python's own documentation need its list of names, which Sphinx would fetch
# from the internet. So they are made only where PYTHON_INVENTORY names a file with it
# (objects.inv of docs.python.org, or of the package python3-doc of Debian).
if "PYTHON_INVENTORY" in os.environ:
    extensions += ["sphinx.ext.intersphinx"]
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", os.environ["PYTHON_INVENTORY"])
    }

# "Edit this page" and "View this page", where the repository is known: from the
# project's metadata, or from GitHub when it builds the pages
repositories = [
    entry.removeprefix("Source, ")
    for entry in metadata.metadata("aerospike").get_all("Project-URL") or []
    if entry.startswith("Source, ")
]
if "GITHUB_REPOSITORY" in os.environ:
    repositories.append("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}".format(**os.environ))
html_theme_options = {}
if repositories:
    html_theme_options = {
        "source_edit_link": f"{repositories[0]}/edit/main/doc/{{filename}}",
        "source_view_link": f"{repositories[0]}/blob/main/doc/{{filename}}",
    }

# A choice of versions: versions.js reads ../versions.json, where there is one
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["versions.js", "fitting.js"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "versions.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
