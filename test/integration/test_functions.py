"""Modules of functions in Lua are registered, listed, read and removed."""

from __future__ import annotations

import re
import uuid

import pytest

from aerospike import exception

SOURCE = """\
-- ä
function same(rec, x)
  return x
end
"""


@pytest.fixture
def name(client):
    """The name of a module of the test's own, which goes with the test."""
    made = f"functions_{uuid.uuid4().hex}.lua"
    yield made
    client.udf_remove(made)


@pytest.fixture
def path(tmp_path, name):
    made = tmp_path / name
    made.write_text(SOURCE, encoding="utf-8")
    return made


def test_a_module_is_registered_listed_read_and_removed(client, path, name):
    assert client.udf_put(str(path)) == 0
    (found,) = [module for module in client.udf_list() if module["name"] == name]
    assert (found["type"], found["content"]) == (0, bytearray())
    assert isinstance(found["hash"], bytearray)
    assert len(found["hash"]) == 40
    assert client.udf_get(name) == SOURCE
    assert client.udf_remove(name) == 0
    assert name not in [module["name"] for module in client.udf_list()]


def test_every_node_has_what_was_put(client, path, name):
    client.udf_put(filename=str(path), udf_type=0, policy={"timeout": 2000})
    answers = client.info_all("udf-list").values()
    assert all(f"filename={name}," in text for _, text in answers)


def test_a_module_is_replaced(client, path, name):
    client.udf_put(str(path))
    path.write_text("function other(rec)\nend\n", encoding="utf-8")
    client.udf_put(str(path))
    assert client.udf_get(name, 0, {"timeout": 2000}).startswith("function other")


def test_a_source_that_is_no_utf8_keeps_its_bytes(client, path, name):
    path.write_bytes(b"-- \xff\n")
    client.udf_put(str(path))
    assert client.udf_get(name).encode("utf-8", "surrogateescape") == b"-- \xff\n"


def test_removing_a_missing_module_does_nothing(client, name):
    assert client.udf_remove(module=name) == 0


def test_a_module_that_does_not_compile_says_where(client, path, name):
    path.write_text("\nx = = 3\n", encoding="utf-8")
    with pytest.raises(exception.UDFError, match="line 2: unexpected symbol") as caught:
        client.udf_put(str(path))
    assert caught.value.code == 100
    assert caught.value.module == name.removesuffix(".lua")
    says = f"{name}: line 2: unexpected symbol near '='"
    assert str(caught.value).split(": ", 1)[1].startswith(says)
    # a server cuts the name of the file
    begin = r"error=compile_error;file=[^;]+;line=2;message=unexpected symbol near '='"
    assert re.match(begin, str(caught.value.msg))
    assert caught.value.args[1] == caught.value.msg


def test_a_missing_module_cannot_be_read(client, name):
    with pytest.raises(exception.UDFError, match="udf_list") as caught:
        client.udf_get(name)
    assert caught.value.module == name.removesuffix(".lua")


def test_a_file_without_a_suffix_is_refused(client, tmp_path):
    (tmp_path / "nosuffix").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(exception.UDFError, match=r"ends in \.lua"):
        client.udf_put(str(tmp_path / "nosuffix"))
