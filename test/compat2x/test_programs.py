"""The programs of the user's document of the 2.x line, which run as they stand there.

`examples/` has them word by word, but for what Python 3 spells in another way and a
line that stands twice. A fixture puts the address of the tests' server in the place of
the document's.
"""

from __future__ import annotations

import contextlib
import pprint
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _report
from aerospike_devserver import DevCluster

from ..tls.certificates import Authority, serving
from ..waiting import patient

EXAMPLES = Path(__file__).parent / "examples"
DOCUMENT_HOST = ("127.0.0.1", 3000)
DOCUMENT_TLS = ("127.0.0.1", 4333, "some-server-tls-name")
Program = Callable[..., dict[str, Any]]


@pytest.fixture
def program(
    hosts: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    """program(name, **config): the names that an example has set when it has run.

    config: takes the place of what the example says of the network.
    """
    make = aerospike.client
    wanted: dict[str, Any] = {"hosts": hosts}
    with contextlib.ExitStack() as stack:

        def client(config: dict[str, Any]) -> aerospike.Client:
            assert config["hosts"] in ([DOCUMENT_HOST], [DOCUMENT_TLS])
            return stack.enter_context(make(patient(config | wanted)))

        def run(name: str, **config: Any) -> dict[str, Any]:
            wanted.update(config)
            names: dict[str, Any] = {"pp": pprint}  # which the document does not import
            path = EXAMPLES / f"{name}.txt"
            exec(compile(path.read_text("utf-8"), path, "exec"), names)
            return names

        monkeypatch.setattr(aerospike, "client", client)
        yield run
        aerospike.unset_serializers()
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(_report.log_line)


def test_client_shares_its_view_of_the_cluster(program, key):
    client = program("shared_memory")["client"].connect()
    client.put(key, {"a": 1})
    assert client.get(key)[2] == {"a": 1}
    client.remove(key)


def encrypt_only(authority: Authority) -> dict[str, Any]:
    """What the document has, but for the path of a file."""
    return {"cafile": authority.cafile, "enable": True, "encrypt_only": True}


ENCRYPT_ONLY = pytest.mark.filterwarnings("ignore:tls.encrypt_only")
"""The client warns that no certificate is checked."""


@ENCRYPT_ONLY
def test_tls(program, tmp_path, capsys, built_with_tls):
    authority = Authority(tmp_path)
    tls = encrypt_only(authority)
    name = DOCUMENT_TLS[2]
    served = serving(authority.node)
    with DevCluster(1, tls=served, tls_name=name, tls_only=True) as cluster:
        program("tls", hosts=[(*cluster.hosts[0], name)], tls=tls)
    assert "{'aerospike': 'aerospike'}" in capsys.readouterr().out


@ENCRYPT_ONLY
def test_tls_says_that_it_failed_to_connect(
    program, nowhere, tmp_path, capsys, built_with_tls
):
    hosts, tls = [(*nowhere, DOCUMENT_TLS[2])], encrypt_only(Authority(tmp_path))
    with pytest.raises(SystemExit):
        program("tls", hosts=hosts, tls=tls)
    assert capsys.readouterr().out.endswith("Failed to connect\n")


def test_digest(program, capsys):
    digest = program("digest")["digest"]
    assert digest == aerospike.calc_digest("test", "demo", 1)
    assert capsys.readouterr().out == pprint.pformat(digest) + "\n"


def test_serializer(program, client, key):
    program("serializer")
    client.put(key, {"t": (1, 2)}, serializer=aerospike.SERIALIZER_USER)
    assert client.get(key)[2] == {"t": b"[1, 2]"}


def test_serialization_prints_what_the_document_says(program, client, capsys):
    """Its records have a bin before it runs: it does not succeed in removing them."""
    for name in ("foo1", "foo2", "foo3"):
        client.put(("test", "demo", name), {"i": 321})
    program("serialization")
    for name in ("foo1", "foo2", "foo3"):
        client.remove(("test", "demo", name))
    assert capsys.readouterr().out == (
        "Use the built-in serialization (cPickle)\n"
        "{'i': 321, 't': (1, 2, 3)}\n"
        "Use the class-level user-defined serialization (marshal)\n"
        "{'i': 321, 't': (1, 2, 3)}\n"
        "Use the instance-level user-defined serialization (json)\n"
        "{'i': 321, 't': [1, 2, 3]}\n"
    )


def test_log_lines_come_to_the_handler(program, capsys):
    program("logging")
    program("shared_memory")
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("** ") and line.endswith(" **") for line in lines)


def test_geodata(program, client, key):
    loc = program("geodata")["loc"]
    client.put(key, {"loc": loc})
    assert client.get(key)[2]["loc"].unwrap() == {
        "type": "Point",
        "coordinates": [63.342222, 45.920278],
    }


def test_geojson(program, client, key):
    loc = program("geojson")["loc"]
    client.put(key, {"loc": loc})
    assert client.get(key)[2]["loc"].unwrap() == {
        "type": "Point",
        "coordinates": [-80.604333, 28.608389],
    }
