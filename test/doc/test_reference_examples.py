"""The examples of the reference run, and give what they show.

All of them share one development server.
"""

from __future__ import annotations

import importlib
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

import aerospike
import example_texts
import option_texts
import reference
import write_examples
from aerospike import _core
from aerospike_devserver import DevCluster
from awaited_examples import awaited
from reference import methods_of, public_names

from ..waiting import patient
from .test_reference import CLASSES, MODULES, OF_SERVER

FILES = [*example_texts.FILES, *example_texts.AWAITED]
MODULE_PAGE = example_texts.FOLDER.parents[1] / "reference/module.md"
STREAMS = ("aerospike._core.Stream", "aerospike._core.AsyncStream")


@pytest.fixture(scope="module")
def host():
    with DevCluster() as cluster:
        yield cluster.hosts[0]


@pytest.fixture
def patient_clients(monkeypatch):
    """What makes clients makes patient ones: a busy machine is no failure."""
    make = aerospike.client

    class AsyncClient(aerospike.AsyncClient):
        def __init__(self, config):
            super().__init__(patient(config))

    monkeypatch.setattr(aerospike, "client", lambda config: make(patient(config)))
    monkeypatch.setattr(aerospike, "AsyncClient", AsyncClient)


@pytest.mark.usefixtures("patient_clients")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path.stem)
def test_examples_give_what_they_show(file, host, tmp_path, monkeypatch, request):
    if "tls" in file.path.stem:
        request.getfixturevalue("built_with_tls")
    monkeypatch.chdir(tmp_path)
    run = partial(write_examples.run_example, file.common, host=host)
    # a thread that drives a client by hand goes on with that: not the one of all tests
    with ThreadPoolExecutor(1) as pool:
        for name, text in file.examples.items():
            assert pool.submit(run, text=text).result() == text, name


def public_objects():
    """Full names of all helpers, expressions, functions, classes and methods."""
    for module in MODULES:
        for name in public_names(importlib.import_module(module)):
            yield f"{module}.{name}"
    servers = (f"aerospike_devserver.{name}" for name in OF_SERVER)
    for name in (*(f"aerospike.{name}" for name in CLASSES), *STREAMS, *servers):
        module, _, own = name.rpartition(".")
        for method in methods_of(getattr(importlib.import_module(module), own)):
            if own != "LList":  # which only raises
                yield f"{name}.{method}"


def test_everything_has_an_example():
    assert [name for name in public_objects() if name not in example_texts.ALL] == []


def test_every_function_of_the_package_has_an_example():
    [line] = re.findall("entries aerospike (.+) -->", MODULE_PAGE.read_text("utf-8"))
    names = [f"aerospike.{name}" for name in line.split()]
    assert [name for name in names if name not in example_texts.ALL] == []


def test_the_example_of_every_key_has_the_key():
    entries = reference.config_keys() + reference.policy_keys()
    keys = re.findall(r"^\.\. confval:: (.+)$", entries, re.MULTILINE)
    assert len(keys) > 100
    older = {f"policy.{row['name']}" for row in _core.option_tables()["policy"]}
    older -= {f"policy.{name}" for name in option_texts.POLICY}
    for key in set(keys) - older:
        text = example_texts.ALL[reference.example_name(key)]
        assert re.search(rf"\b{key.rpartition('.')[2]}\b", text), key


def test_every_group_of_constants_has_an_example():
    for title, names in reference.groups_of_constants().items():
        shown = [name for name in names if f"constants.{name}" in example_texts.ALL]
        assert shown, title
        for name in shown:
            assert f"aerospike.{name}" in example_texts.ALL[f"constants.{name}"]


def test_the_example_of_an_exception_raises_it():
    of_exceptions = [f for f in FILES if f.module == "aerospike.exception"]
    names = [
        name for file in of_exceptions for n in file.examples for name in n.split()
    ]
    assert len(names) > 30
    for name in names:
        text = example_texts.ALL[f"aerospike.exception.{name}"]
        assert (
            f"# raises {name}" in text
            or f"exception.{name} as" in text
            or (name == "AerospikeWarning" and f"['{name}']" in text)
        ), name


def test_awaited_examples_await_just_what_is_awaited():
    text = """
client = aerospike.client(config)
client.get(key).bins
len(client.get_nodes())
[r.bins for r in client.scan("test").stream()]
"""
    assert (
        awaited(text)
        == """
client = await aerospike.AsyncClient(config).connect()
(await client.get(key)).bins
len(client.get_nodes())
[r.bins async for r in client.scan("test").stream()]
"""
    )
