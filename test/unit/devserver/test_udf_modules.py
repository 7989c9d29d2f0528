"""Info commands about modules of functions: what any server answers to each."""

import base64
import hashlib
import uuid

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.handlers.udf import scripts

from .rawwire import WRITE, Connection, message

SOURCE = b"function one(rec)\n  return 1\nend\n"


@pytest.fixture
def name(connection):
    """The name of a module of the test's own."""
    made = f"t{uuid.uuid4().hex}.lua"
    yield made
    connection.info(f"udf-remove:filename={made}")


def put_command(name, source=SOURCE, **changed):
    """udf-put; a parameter that is None is left out."""
    content = base64.b64encode(source).decode()
    parameters = {
        "filename": name,
        "content": content,
        "content-len": len(content),
        "udf-type": "LUA",
        **{key.replace("_", "-"): value for key, value in changed.items()},
    }
    given = {key: value for key, value in parameters.items() if value is not None}
    return "udf-put:" + "".join(f"{key}={value};" for key, value in given.items())


def put(connection, name, source=SOURCE, **changed):
    (answer,) = connection.info(put_command(name, source, **changed))
    return answer


def listed(connection, name):
    """The entry of a module in the list, None if it is not there."""
    (text,) = connection.info("udf-list")
    entries = [entry for entry in text.split(";") if entry]
    return next((e for e in entries if e.startswith(f"filename={name},")), None)


def test_a_module_is_put_listed_given_and_removed(connection, name):
    assert put(connection, name) == "ok"
    content = base64.b64encode(SOURCE).decode()
    stored = f'{{"content64": "{content}", "type": "LUA", "name": "{name}"}}'
    digest = hashlib.sha1(stored.encode()).hexdigest()
    assert listed(connection, name) == f"filename={name},hash={digest},type=LUA"
    get = f"udf-get:filename={name};"
    assert connection.info(get) == [f"type=LUA;content={content};"]
    assert connection.info(f"udf-remove:filename={name};") == ["ok"]
    assert listed(connection, name) is None
    assert connection.info(get) == ["error=not_found"]


def test_a_module_takes_the_place_of_one_of_its_name(connection, name):
    put(connection, name)
    before = listed(connection, name)
    assert put(connection, name, b"x = 1\n") == "ok"
    assert listed(connection, name) != before


@pytest.mark.parametrize(
    "name",
    [
        *("a.b", "a..lua", "a.lua.", "a/.lua", "/a.lua", "a b.lua", "ä.lua", "a.LUA"),
        *("a=b.lua", " .lua", "n" * 123 + ".lua"),
    ],
)
def test_a_name_has_a_dot_inside(connection, name):
    assert put(connection, name) == "ok"
    assert listed(connection, name)
    assert connection.info(f"udf-remove:filename={name}") == ["ok"]


@pytest.mark.parametrize(
    "name",
    [None, "", "abc", "abc.", ".lua", "./a.lua", "../a.lua", "n" * 124 + ".lua"],
)
def test_other_names_are_refused(connection, name):
    assert put(connection, name) == "error=invalid_filename"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"content_len": None}, "invalid_content_len"),
        ({"content_len": None, "udf_type": "X"}, "invalid_content_len"),
        ({"udf_type": "lua"}, "invalid_udf_type"),
        ({"udf_type": "", "content_len": 3}, "invalid_udf_type"),
        ({"content": None}, "invalid_content"),
        ({"content_len": 0}, "invalid_content"),
        ({"content_len": 8}, "invalid_content"),
        ({"content_len": 4_000_000}, "invalid_content"),
        ({"content_len": 7}, "invalid_content_len"),
        ({"content_len": -4}, "invalid_content_len"),
        ({"content_len": "0x28"}, "invalid_content_len"),
        ({"content_len": "9" * 20}, "invalid_content_len"),
        ({"content": "", "content_len": 0}, "invalid_base64_content"),
        ({"content": "!!!!", "content_len": 4}, "invalid_base64_content"),
        ({"content": "LS0=LS0K", "content_len": 8}, "invalid_base64_content"),
        ({"content": "L===", "content_len": 4}, "invalid_base64_content"),
    ],
)
def test_bad_parameters_are_refused(connection, name, changed, error):
    assert put(connection, name, **changed) == f"error={error}"
    assert listed(connection, name) is None


def test_the_type_may_be_missing(connection, name):
    assert put(connection, name, udf_type=None) == "ok"


def test_of_two_parameters_the_first_counts(connection, name):
    command = put_command(name) + "filename=other.lua;content=AAAA"
    assert connection.info(command) == ["ok"]
    assert listed(connection, name)


@pytest.mark.parametrize(("size", "fits"), [((1 << 20) - 1, True), (1 << 20, False)])
def test_a_source_is_smaller_than_a_megabyte(connection, name, size, fits):
    answer = put(connection, name, b"--" + b"x" * (size - 3) + b"\n")
    assert answer == ("ok" if fits else "error=invalid_udf_content_len,>1M")


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (b"x = = 3", 1, "unexpected symbol near '='"),
        (b"\n\nfunction f(", 3, "<name> or '...' expected near <eof>"),
        (b"\nerror('boom')", 2, "boom"),
        (b"local x\nx()", 2, "attempt to call a nil value (local 'x')"),
        (b"error('')", 1, ""),
        (b"error('x', 0)", 0, "x"),
    ],
)
def test_a_module_that_cannot_be_run_is_refused(
    connection, name, source, line, message
):
    file = name if line else ""
    text = base64.b64encode(message.encode()).decode()
    expected = f"error=compile_error;file={file};line={line};message={text}"
    assert put(connection, name, source) == expected
    assert listed(connection, name) is None


def test_a_module_that_cannot_be_run_leaves_the_one_before(connection, name):
    put(connection, name)
    before = listed(connection, name)
    put(connection, name, b"= 3")
    assert listed(connection, name) == before


def test_a_module_may_load_others(connection, name):
    put(connection, name)
    loader = f"u{name}"
    source = f"require '{name.removesuffix('.lua')}'\nassert(one() == 1)".encode()
    assert put(connection, loader, source) == "ok"
    connection.info(f"udf-remove:filename={loader}")


@pytest.mark.parametrize(
    "command",
    ["udf-get", "udf-get:", "udf-get:name=a.lua", "udf-remove", "udf-remove:"]
    + [f"{verb}:filename={'n' * 128}" for verb in ("udf-get", "udf-remove")],
)
def test_commands_need_a_name(connection, command):
    assert connection.info(command) == ["error=invalid_filename"]


def test_the_cache_is_cleared(connection):
    assert connection.info("udf-clear-cache:", "udf-clear-cache") == ["ok", "ok"]


# --- of the development server alone ---


@pytest.mark.parametrize("name", ["", ".", "..", "a/", "a/.."])
def test_the_name_of_a_folder_cannot_be_given(cluster, name):
    with Connection(*cluster.hosts[0]) as connection:
        command = f"udf-get:filename={name};"
        assert connection.info(command) == ["error=invalid_filename"]


def test_every_node_has_a_module_until_a_reset(cluster):
    with Connection(*cluster.hosts[0]) as connection:
        assert put(connection, "a.lua") == "ok"
    with Connection(*cluster.hosts[2]) as connection:
        assert listed(connection, "a.lua")
        cluster.stop_node(0)
        cluster.start_node(0)
        assert listed(connection, "a.lua")
        cluster.reset()
        assert connection.info("udf-list") == [""]


def test_a_module_that_does_not_end_is_refused():
    with DevCluster(udf_timeout=0.2) as made, Connection(*made.hosts[0]) as connection:
        answer = put(connection, "a.lua", b"while true do end")
        text = base64.b64decode(answer.partition("message=")[2]).decode()
        assert text == "UDF Execution Timeout: a.lua was stopped after 0.2 s"


def test_without_lupa_a_module_is_refused(cluster, monkeypatch, caplog):
    monkeypatch.setitem(__import__("sys").modules, "aerospike_lua.runtime", None)
    scripts._tell_of_lupa.cache_clear()
    with Connection(*cluster.hosts[0]) as connection:
        put(connection, "b.lua")
        answer = put(connection, "a.lua")
        fields = [(0, b"test"), (1, b"demo"), (4, bytes(20))]
        fields += [(30, b"a"), (31, b"f"), (32, b"\x90")]
        called = connection.command(message((0, WRITE, 0), fields))
    text = base64.b64decode(answer.partition("message=")[2]).decode()
    assert text == 'functions need lupa: pip install "aerospike[devserver]"'
    assert [line.message for line in caplog.records] == [text]
    assert called.bins[b"FAILURE"][1].decode() == text
