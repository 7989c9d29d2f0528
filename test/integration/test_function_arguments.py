"""Calls about modules refuse wrong arguments before they ask a server."""

from __future__ import annotations

import pytest

from aerospike import exception


@pytest.mark.parametrize("content", [None, b""])
def test_a_file_that_is_not_there_or_empty(client, tmp_path, content):
    path = tmp_path / "module.lua"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(exception.LuaFileNotFound, match=r"module\.lua") as caught:
        client.udf_put(str(path))
    assert caught.value.code == 1302


@pytest.mark.parametrize("name", [None, 3, b"module.lua"])
def test_a_name_that_is_no_str(client, name):
    for call in (client.udf_put, client.udf_remove):
        with pytest.raises(exception.ParamError, match="Filename should be a string"):
            call(name)
    with pytest.raises(exception.ClientError, match="Module name should be a string"):
        client.udf_get(name)


# servers may abort when they read a directory
@pytest.mark.parametrize("name", ["", ".", "..", "folder/", "folder/..", "a;b.lua"])
def test_a_name_of_no_file_is_never_sent(client, name):
    for call in (client.udf_get, client.udf_remove):
        with pytest.raises(exception.ParamError, match="name"):
            call(name)


def test_another_language(client, tmp_path):
    path = tmp_path / "module.lua"
    path.write_text("x = 1", encoding="utf-8")
    with pytest.raises(exception.ClientError, match="Invalid UDF language"):
        client.udf_put(str(path), 1)
    with pytest.raises(exception.ClientError, match="Invalid language"):
        client.udf_get("module.lua", 1)
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        client.udf_put(str(path), "lua")


def test_a_closed_client(make_client):
    client = make_client()
    client.close()
    for call in (client.udf_list, client.udf_get, client.udf_put, client.udf_remove):
        with pytest.raises(exception.ClusterError):
            call(*([] if call == client.udf_list else ["module.lua"]))


@pytest.mark.parametrize("args", [None, (1,), "x", {}])
def test_arguments_of_a_function_that_are_no_list(client, key, args):
    with pytest.raises(TypeError, match="expected UDF method arguments in a 'list'"):
        client.apply(key, "module", "function", args)


@pytest.mark.parametrize("name", [None, 3, b"name"])
def test_names_for_apply_that_are_no_str(client, key, name):
    with pytest.raises(exception.ClientError, match="udf module argument must be"):
        client.apply(key, name, "function", [])
    with pytest.raises(exception.ClientError, match="function name must be"):
        client.apply(key, "module", name, [])


def test_apply_without_arguments(client, key):
    with pytest.raises(TypeError, match="'args'"):
        client.apply(key, "module", "function")
