"""Sub-interpreters: those that share the GIL can use the client; those with a GIL of
their own, and packages that refuse sub-interpreters, refuse with a clear error."""

from __future__ import annotations

import sys
import textwrap

import pytest

from .scripts import run

SETUP = """
try:
    import _interpreters as interpreters  # from Python 3.13 on
except ImportError:
    import _xxsubinterpreters as interpreters

def create(shares_gil):
    if sys.version_info >= (3, 13):
        return interpreters.create("legacy" if shares_gil else "isolated")
    return interpreters.create(isolated=not shares_gil)

def run(interpreter, text):
    "Run a text; what has failed in it, or None."
    beginning = f"import sys; sys.path[:] = {sys.path!r}; hosts = {hosts!r}\\n"
    try:
        failed = interpreters.run_string(interpreter, beginning + text)
    except interpreters.RunFailedError as error:
        return str(error)
    return failed and str(failed.formatted)

client = aerospike.client({"hosts": hosts, **PATIENT})
client.put(KEY, {"n": 1})
"""


in_legacy_interpreters = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="without the GIL, CPython takes no such module into a sub-interpreter",
)


def run_script(script, hosts):
    """Run a script that begins with SETUP."""
    return run(SETUP + textwrap.dedent(script), hosts)


USE = """
import aerospike
from aerospike import exception
KEY = ("test", "pytest", "interpreters")
with aerospike.client({"hosts": hosts}) as client:
    client.put(KEY, {"n": 2, "f": [1, {"a": 1.5}]})
    assert client.get(KEY)[2] == {"n": 2, "f": [1, {"a": 1.5}]}
    assert [r.result for r in client.batch_read([KEY]).batch_records] == [0]
    assert len(client.query("test", "pytest").results()) >= 1
    try:
        client.get((*KEY[:2], "missing"))
    except exception.RecordNotFound:
        pass
    stream = client.query("test", "pytest").stream()
    next(stream)
    try:
        aerospike.set_log_handler(print)
    except exception.ParamError as error:
        assert "main interpreter only" in str(error)
unclosed = aerospike.client({"hosts": hosts})
"""


@in_legacy_interpreters
def test_client_works_in_sub_interpreters_that_share_the_gil(hosts):
    script = f"""
    for _ in range(5):
        sub = create(shares_gil=True)
        failed = run(sub, {USE!r})
        assert failed is None, failed
        interpreters.destroy(sub)
        assert client.get(KEY)[2] == {{"n": 1}}
    print("done")
    """
    assert run_script(script, hosts) == "done\n"


@in_legacy_interpreters
def test_log_lines_of_sub_interpreters_go_to_the_main_one(hosts):
    script = f"""
    lines = []
    aerospike.set_log_handler(lambda *line: lines.append(line[4]))
    aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
    sub = create(shares_gil=True)
    failed = run(sub, {USE!r})
    assert failed is None, failed
    interpreters.destroy(sub)
    assert sum("a client is made" in line for line in lines) == 2, lines
    lines.clear()
    aerospike.client({{"hosts": hosts}}).close()
    assert lines
    print("done")
    """
    assert run_script(script, hosts) == "done\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="all share one GIL before 3.12")
def test_interpreter_with_a_gil_of_its_own_refuses(hosts):
    script = """
    sub = create(shares_gil=False)
    failed = run(sub, "import aerospike")
    assert "_core does not support loading in subinterpreters" in failed, failed
    interpreters.destroy(sub)
    assert client.get(KEY)[2] == {"n": 1}
    print("done")
    """
    assert run_script(script, hosts) == "done\n"


@in_legacy_interpreters
def test_login_where_bcrypt_refuses(hosts):
    """Or a login that works, once bcrypt does. The package refuses a second
    interpreter, so the main one has loaded it."""
    text = """
import aerospike
try:
    aerospike.client({"hosts": hosts, "user": "a", "password": "b"}).close()
except aerospike.exception.ClientError as error:
    assert "logins need the package bcrypt" in str(error), error
    assert "subinterpreter" in str(error), error
"""
    script = f"""
    import bcrypt
    sub = create(shares_gil=True)
    failed = run(sub, {text!r})
    assert failed is None or "security disabled" in failed, failed
    interpreters.destroy(sub)
    print("done")
    """
    assert run_script(script, hosts) == "done\n"


AGGREGATE = """
import aerospike
from aerospike import exception
with aerospike.client({{"hosts": hosts, "lua": {{"user_path": {folder!r}}}}}) as client:
    try:
        client.query("test", "processes").apply({module!r}, "count").results()
        raise AssertionError("it has not refused")
    except exception.ClientError as error:
        assert "aggregations work in the main interpreter only" in str(error), error
"""


@in_legacy_interpreters
def test_sub_interpreter_refuses_aggregations(hosts, functions):
    """The package for Lua would hang there; in the main one it works all the same."""
    folder, module = functions
    script = f"""
    lua = {{"user_path": {folder!r}}}
    client = aerospike.client({{"hosts": hosts, "lua": lua, **PATIENT}})
    for _ in range(2):
        sub = create(shares_gil=True)
        failed = run(sub, {AGGREGATE.format(folder=folder, module=module)!r})
        assert failed is None, failed
        interpreters.destroy(sub)
        query = client.query("test", "processes").apply({module!r}, "count")
        assert query.results() == [300]
    print("done")
    """
    assert run_script(script, hosts) == "done\n"
