"""No call imports a module: in the child of a fork it would wait forever for what
another thread was importing. The first client imports what calls need."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each is run behind what stands in PRELUDE, in a process of its own.
CALLS = {
    "records": """
        client.put(KEY, {"a": 1})
        client.get(KEY), client.exists(KEY), client.select(KEY, ["a"])
        client.operate(KEY, [operations.read("a")])
        client.remove_bin(KEY, ["a"])
        client.get_key_digest("test", "no-imports", 1)
    """,
    "batches": """
        client.batch_operate([KEY], [operations.read("a")])
        client.batch_read([KEY])
        client.get_many([KEY])
        client.batch_write(BatchRecords([Write(KEY, [operations.write("a", 1)])]))
        client.batch_remove([KEY])
    """,
    "serializers": """
        aerospike.set_serializer(lambda value: b"x")
        bins = {"d": decimal.Decimal(1)}
        client.put(KEY, bins, serializer=aerospike.SERIALIZER_USER)
        aerospike.unset_serializers()
        client.put(KEY, bins | {"u": uuid.UUID(int=1), "f": Fraction(1, 2)})
        client.get(KEY)
    """,
    "a value that cannot be pickled": """
        with raises(exception.ParamError):
            client.put(KEY, {"f": lambda: None})
    """,
    "a pickle that may not be read": """
        knows = aerospike.client(CONFIG | {"pickle_classes": [Mine]})
        knows.put(KEY, {"m": Mine()})
        assert isinstance(client.get(KEY)[2]["m"], bytearray)
    """,
    "GeoJSON": """
        geo = aerospike.geojson('{"type": "Point", "coordinates": [1, 2]}')
        client.put(KEY, {"g": geo})
        assert hash(client.get(KEY)[2]["g"]) == hash(geo)
        repr(geo)
        with raises(exception.ClientError):
            aerospike.GeoJSON("{")
    """,
    "an unknown key": """
        client.put(KEY, {"a": 1}, policy={"total_timeuot": 10_000})
        aerospike.client(CONFIG | {"hots": []})
    """,
    "an unknown key that is refused": """
        strict = aerospike.client(CONFIG | {"validate_keys": True})
        with raises(exception.ParamError):
            strict.get(KEY, {"total_timeuot": 10_000})
    """,
    "log lines": """
        aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
        aerospike.client(CONFIG)
        aerospike.set_log_handler()
        aerospike.client(CONFIG)
    """,
    "errors": """
        with raises(exception.AerospikeError) as caught:
            client.put(KEY, {"n" * 16: 1})
        pickle.loads(pickle.dumps(caught.value))
        with raises(exception.AerospikeError):
            client.get_key_digest("test", "\\ud800", 1)
    """,
    "queries": """
        client.scan("test", "no-imports").results()
        query = client.query("test", "no-imports")
        query.where(aerospike.predicates.equals("a", 1))
        isinstance(query, (aerospike.Query, aerospike.Scan))
        client.query("test", "no-imports").foreach(print)
        with raises(exception.AerospikeError):
            query.results()
    """,
    "management": """
        client.index_integer_create("test", "no-imports", "a", "no-imports")
        client.index_remove("test", "no-imports")
        client.truncate("test", "no-imports", 0)
        client.job_info(1, aerospike.JOB_SCAN)
        client.info_all("build")
        client.info_random_node("build")
        client.get_policies()
    """,
    "expressions": """
        client.get_expression_base64(exp.GE(exp.IntBin("a") + 1, 2).compile())
        client.get_cdtctx_base64([cdt_ctx.cdt_ctx_list_index(0)])
        client.put(KEY, {"a": 1})
        client.get(KEY, {"expressions": exp.GE(exp.IntBin("a") + 1, 2).compile()})
        client.index_expr_create(
            "test", "no-imports", aerospike.INDEX_TYPE_DEFAULT,
            aerospike.INDEX_NUMERIC, exp.IntBin("a").compile(), "no-imports-e",
        )
        client.index_remove("test", "no-imports-e")
    """,
}

# `json` and `logging` are not imported here: they are among what the client imports.
PRELUDE = """
import decimal, os, pickle, sys, time, uuid
from fractions import Fraction
import aerospike
from aerospike import exception
from aerospike_helpers import cdt_ctx, expressions as exp
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

CONFIG = {{"hosts": {hosts!r}, "policies": {{"total_timeout": 30_000}}}}
KEY = ("test", "no-imports", os.getpid())

class Mine:
    pass

class raises:
    def __init__(self, kind):
        self.kind = kind
    def __enter__(self):
        return self
    def __exit__(self, kind, value, _traceback):
        self.value = value
        return kind is not None and issubclass(kind, self.kind)

def calls():
    {calls}

client = aerospike.client(CONFIG)
before = set(sys.modules)
try:
    calls()
finally:
    print(sorted(set(sys.modules) - before))
    if client.exists(KEY)[1] is not None:
        client.remove(KEY)
"""


@pytest.mark.parametrize("calls", CALLS)
def test_no_call_imports_a_module(hosts, calls):
    script = PRELUDE.format(hosts=hosts, calls=CALLS[calls].replace("\n    ", "\n"))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
