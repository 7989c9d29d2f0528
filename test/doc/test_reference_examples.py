"""The examples of the reference run, and give what they show.

All of them share one development server. `LACKING` is the list of what has no example
yet: it may only shrink.
"""

from __future__ import annotations

import importlib

import pytest

import aerospike
import example_texts
import write_examples
from aerospike_devserver import DevCluster
from reference import methods_of, public_names

from .test_reference import CLASSES, MODULES

LACKING = {"aerospike.AsyncClient.fileno", "aerospike.AsyncClient.turn"}


@pytest.fixture(scope="module")
def host():
    with DevCluster() as cluster:
        yield cluster.hosts[0]


@pytest.mark.parametrize("file", example_texts.FILES, ids=lambda file: file.path.stem)
def test_examples_give_what_they_show(file, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in file.examples.items():
        assert write_examples.run_example(file.common, text, host) == text, name


def public_objects():
    """Full names of all helpers, expressions, functions, classes and methods."""
    for module in MODULES:
        for name in public_names(importlib.import_module(module)):
            yield f"{module}.{name}"
    for name in CLASSES:
        cls = getattr(aerospike, name)
        like = getattr(aerospike, name.removeprefix("Async"))
        for method in methods_of(cls):
            # those of AsyncClient are shown where Client has them; LList only raises
            if name != "LList" and (like is cls or not hasattr(like, method)):
                yield f"aerospike.{name}.{method}"


def test_everything_has_an_example_but_a_list_that_shrinks():
    lacking = {name for name in public_objects() if name not in example_texts.ALL}
    assert lacking == LACKING
