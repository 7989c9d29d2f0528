"""Calls about modules refuse wrong arguments before they ask a server."""

from __future__ import annotations

import pytest

from aerospike import exception, predicates
from aerospike_helpers.operations import operations


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


@pytest.mark.parametrize("path", ["", "/", "folder/", "..", "a" * 510 + ".lua"])
def test_a_path_that_no_file_can_have(client, path):
    with pytest.raises(exception.ParamError, match="name"):
        client.udf_put(path)


def test_another_language(client, tmp_path):
    path = tmp_path / "module.lua"
    path.write_text("x = 1", encoding="utf-8")
    with pytest.raises(exception.ClientError, match="Invalid UDF language"):
        client.udf_put(str(path), 1)
    with pytest.raises(exception.ClientError, match="Invalid language"):
        client.udf_get("module.lua", 1)
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        client.udf_put(str(path), "lua")
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        client.udf_put(None, None, None)


def test_a_closed_client(make_client):
    client = make_client()
    client.close()
    for call in (client.udf_list, client.udf_get, client.udf_put, client.udf_remove):
        with pytest.raises(exception.ClusterError):
            call(*([] if call == client.udf_list else ["module.lua"]))


@pytest.mark.parametrize("args", [None, "x", {}])
def test_arguments_of_a_function_that_are_no_list(client, key, args):
    got = rf"; got {type(args).__name__}: write \[value\], or \[\] for none"
    with pytest.raises(TypeError, match="UDF method arguments in a 'list'" + got):
        client.apply(key, "module", "function", args)
    got = got.replace("; got", ": got")
    with pytest.raises(exception.ParamError, match="of arguments for the UDF" + got):
        client.batch_apply([key], "module", "function", args)
    with pytest.raises(exception.ParamError, match="Arguments should be a list" + got):
        client.query_apply(
            *key[:2], predicates.equals("n", 1), "module", "function", args
        )
    if args is not None:
        with pytest.raises(exception.ClientError, match="enclosed in a list" + got):
            client.query(*key[:2]).apply("module", "function", args)


@pytest.mark.parametrize("name", [None, 3, b"name"])
def test_names_for_apply_that_are_no_str(client, key, name):
    with pytest.raises(exception.ClientError, match="udf module argument must be"):
        client.apply(key, name, "function", [])
    with pytest.raises(exception.ClientError, match="function name must be"):
        client.apply(key, "module", name, [])


def test_apply_without_arguments(client, key):
    with pytest.raises(TypeError, match="'args'"):
        client.apply(key, "module", "function")


@pytest.mark.parametrize("names", [("a\0b", "f"), ("m", "f\0")])
def test_a_name_with_a_nul_is_never_sent(client, key, names):
    calls = [
        lambda: client.apply(key, *names, []),
        lambda: client.batch_apply([key], *names, []),
        lambda: client.query("test", "s").apply(*names).execute_background(),
    ]
    for call in calls:
        with pytest.raises(exception.ParamError, match="contains a NUL"):
            call()


# --- functions of queries and scans ---


@pytest.fixture(params=["query", "scan"])
def asked(request, client):
    return getattr(client, request.param)("test", "functions")


def test_apply_returns_the_query(asked):
    assert asked.apply("m", "f", ["x", [1, {"a": b"b"}], None, 2.5, True]) is asked
    assert asked.apply("m", "g", policy={"timeout": 1}) is asked  # the last one counts
    assert repr(asked).endswith("function 'g' of 'm'>")


@pytest.mark.parametrize("name", [None, 3, b"name"])
def test_names_for_a_query_that_are_no_str(asked, name):
    with pytest.raises(exception.ClientError, match="udf module argument must be"):
        asked.apply(name, "f")
    with pytest.raises(exception.ClientError, match="udf function argument must be"):
        asked.apply("m", name)


@pytest.mark.parametrize("arguments", ["x", {}, 5, {1}])
def test_arguments_for_a_query_that_are_no_list(asked, arguments):
    with pytest.raises(exception.ClientError, match="must be enclosed in a list"):
        asked.apply("m", "f", arguments)


@pytest.mark.parametrize("value", [{1}, (1,), object()], ids=["set", "tuple", "object"])
def test_arguments_that_no_script_can_read(asked, value):
    for argument in (value, [1, [value]], {"a": [{"b": value}]}):
        with pytest.raises(exception.ClientError, match="must be supported"):
            asked.apply("m", "f", [argument])


def test_arguments_within_themselves(asked):
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(exception.ParamError, match="nested deeper"):
        asked.apply("m", "f", endless).execute_background()


def test_a_function_and_operations_exclude_each_other(asked):
    asked.apply("m", "f").add_ops([operations.write("a", 1)])
    with pytest.raises(exception.ParamError, match="Cannot combine"):
        asked.execute_background()
