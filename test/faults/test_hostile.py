"""Every call with hostile objects at every place of its arguments; see `hostile.py`.

The node answers everything at once, so that what counts is how arguments are read.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch.records import Apply, BatchRecords, Read, Remove, Write
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.operations import map_operations as maps
from aerospike_helpers.operations import operations as ops

from ..waiting import patient
from .guarded import TOKEN, admin_reply, field
from .hostile import KINDS, Action, Trap, attack, empty_all, fail
from .peer import ADMIN, INFO, OK_REPLY, ScriptedNode, parse_request
from .test_bad_operations import CALLS as PACKED
from .test_many import FIELD_BATCH, last, row

FIELD_DIGEST = 4

KEY = ("test", "some set", "some key")
KEY_DICT = {"ns": "test", "set": "some set", "key": "some key"}
DIGEST_KEY = ("test", "some set", None, bytearray(b"d" * 20))
BLOB_KEY = ("test", "some set", bytearray(b"some key"))
COMPILED = exp.Eq(exp.IntBin("some bin"), 1000).compile()
READ_POLICY = {"max_retries": 1000, "replica": 0, "expressions": COMPILED, "key": 1}
READ_POLICY |= {"timeout_delay": 1000, "compress": False}
WRITE_POLICY = {"exists": 0, "ttl": 1000, "expressions": COMPILED, "key": 1}
WRITE_POLICY |= {"compression_threshold": 1000}
BATCH_POLICY = {"allow_inline": True, "expressions": COMPILED, "retry": 1000}
META = {"gen": 1000, "ttl": 1000}
VALUES = {
    "text": "some text",
    "list": [1000, "some text", {"some key": b"some bytes"}, bytearray(b"some bytes")],
    "map": {"a key": [1.5, None, True], 1000: "some text", b"bytes": {"a": 1}},
    "blob": bytearray(b"some bytes"),
}
LEVELS = [
    cdt_ctx.cdt_ctx_map_key("some key"),
    cdt_ctx.cdt_ctx_list_index_create(1000, aerospike.LIST_ORDERED, True),
    cdt_ctx.cdt_ctx_map_key_create("some key", aerospike.MAP_KEY_ORDERED),
    cdt_ctx.cdt_ctx_list_value({"a key": "a value"}),
]
MAP_POLICY = {"map_order": 1, "map_write_flags": 0}
OPERATIONS = [
    ops.read("some bin"),
    ops.write("some bin", ["some text", {"some key": 1000}]),
    ops.increment("some bin", 1000),
    ops.append("some bin", "some text"),
    ops.touch(1000),
    lists.list_append("some bin", "some text", {"write_flags": 1}, LEVELS[:2]),
    maps.map_put("some bin", "a key", "a value", MAP_POLICY),
    maps.map_create("some bin", aerospike.MAP_KEY_ORDERED, True, LEVELS[:1]),
]
READS = [
    ops.read("some bin"),
    lists.list_get_by_value_list("some bin", ["some text", 1000], 0, True, LEVELS[:1]),
]
TREE = exp.And(
    exp.Eq(exp.IntBin("some bin"), 1000),
    exp.GT(exp.ListGetByIndex(LEVELS[:2], 7, 1, 1000, exp.ListBin("some bin")), 5),
    exp.Let(exp.Def("var", exp.StrBin("some bin")), exp.Eq(exp.Var("var"), "text")),
    exp.Eq(exp.MapPut([], MAP_POLICY, "a key", [1000], exp.MapBin("m")), {"a": 1}),
    exp.Cond(exp.BinExists("some bin"), True, exp.Unknown()),
)
RECORDS = [
    Read(KEY, READS, False, META, {"ttl": 1000, "expressions": COMPILED}),
    Write(KEY, OPERATIONS, META, WRITE_POLICY),
    Write(KEY_DICT, OPERATIONS, META, WRITE_POLICY),  # type: ignore[arg-type]
    Apply(KEY, "module", "function", ["some text", {"a": [1000]}], WRITE_POLICY),
    Remove(BLOB_KEY, {"generation": 1000, "key": 1}),
]


def call(name: str) -> Callable[..., object]:
    return lambda client, *args: getattr(client, name)(*args)


def batch_write(client: aerospike.Client, records: Any, policy: Any) -> object:
    return client.batch_write(BatchRecords(records), policy)


def pack(_client: aerospike.Client, tree: Any) -> object:
    return tree.compile()


def query(client: aerospike.Client, steps: Any, policy: Any, options: Any) -> object:
    asked = client.query("test", "some set")
    for name, args in steps:
        getattr(asked, name)(*args)
    return asked.results(policy, options)


def background(client: aerospike.Client, operations: Any, policy: Any) -> object:
    asked = client.scan("test", "some set")
    asked.add_ops(operations)
    return asked.execute_background(policy)


def background_function(client: aerospike.Client, *args: Any) -> object:
    *named, policy = args
    return client.scan("test", "some set").apply(*named).execute_background(policy)


def stream(client: aerospike.Client, spec: Any, policy: Any) -> object:
    tracker = aerospike._core.Tracker(0, 4096)
    return client._stream(False, spec, policy, tracker, True, False).collect()


def aggregation(client: aerospike.Client, spec: Any, policy: Any) -> object:
    values, arguments, *_ = client._aggregate(False, spec, policy, int)
    return values.slice(10), arguments, values.collect()


def node_name(client: aerospike.Client, command: Any, host: Any, policy: Any) -> object:
    return client.info_single_node(command, host, policy)


def range_of(bin_name: str) -> Any:
    return aerospike.predicates.between(bin_name, 1000, 2000)


def connect(_client: aerospike.Client, config: Any) -> None:
    aerospike.client(config).close()


CONFIG = {
    "hosts": [("127.0.0.1", 1), ["127.0.0.1", 1], "127.0.0.1:1"],  # which is refused
    "policies": {
        "total_timeout": 1000,
        "read": {"max_retries": 1000, "key": 1},
        "batch": {"expressions": COMPILED},
        "max_threads": 1000,
        "login_timeout_ms": 0,
    },
    "validate_keys": False,
    "serialization": (repr, None),
    "pickle_classes": [Trap],
    "cluster_name": "some cluster",
    "app_id": "some application",
    "tls": {"enable": False},
    "connect_timeout": 1000,
    "use_services_alternate": False,
    "user": None,
}
TEAM_CONFIG = {
    "hosts": [("127.0.0.1", 1)],
    "shm": {
        "shm_key": 1000 + os.getpid(),
        "max_nodes": 1000,
        "max_namespaces": 2,
        "takeover_threshold_sec": 1000,
    },
    "use_shared_connection": True,
    "compression_threshold": 1000,
    "thread_pool_size": 1000,
    "pool_timeout": 1000,
    "max_conns_per_node": 1000,
    "min_conns_per_node": 2,
    "max_socket_idle": 1000,
    "max_error_rate": 1000,
    "error_rate_window": 1000,
    "rack_aware": True,
    "rack_id": 1000,
    "rack_ids": [1000, 2, 3],
    "connect_timeout": 1000,
}
PARTITIONS = {"begin": 0, "count": 4096}
SPEC = {
    "ns": "test",
    "set": "some set",
    "bins": ("some bin", "another bin"),
    "ops": READS,
    "predicate": (1, 1, "some bin", 1000, 2000, 0),
    "ctx": LEVELS[:1],
    "index_name": "some index",
    "index_expr": b"some bytes",
    "max_records": 1000,
    "records_per_second": 1000,
    "nobins": False,
    "node": "A1",
}

FUNCTION_SPEC = SPEC | {
    "ops": None,
    "module": "some module",
    "function": "some function",
    "arguments": ["some text", {"a": [1000, b"x"]}],
    "max_records": 0,
}

CASES: dict[str, tuple[Callable[..., object], list[Any]]] = {
    "get": (call("get"), [KEY_DICT, READ_POLICY]),
    "get by digest": (call("get"), [DIGEST_KEY, READ_POLICY]),
    "select": (call("select"), [KEY_DICT, ["some bin", "another bin"], READ_POLICY]),
    "exists": (call("exists"), [KEY_DICT, READ_POLICY]),
    "put": (call("put"), [KEY_DICT, VALUES, META, WRITE_POLICY]),
    "put under a blob": (call("put"), [BLOB_KEY, {"b": 1000}, META, WRITE_POLICY]),
    "remove": (call("remove"), [KEY_DICT, META, {"generation": 1000, "key": 1}]),
    "remove_bin": (call("remove_bin"), [KEY_DICT, ["a bin", "b"], META, WRITE_POLICY]),
    "touch": (call("touch"), [KEY_DICT, 1000, META, WRITE_POLICY]),
    "append": (call("append"), [KEY, "some bin", bytearray(b"xy"), META, WRITE_POLICY]),
    "prepend": (call("prepend"), [KEY, "some bin", bytearray(b"xy"), META]),
    "increment": (call("increment"), [KEY_DICT, "a bin", 1000, META, WRITE_POLICY]),
    "operate": (call("operate"), [KEY_DICT, OPERATIONS, META, WRITE_POLICY]),
    "operate_ordered": (call("operate_ordered"), [KEY_DICT, READS, META, READ_POLICY]),
    "list_append": (call("list_append"), [KEY, "a bin", ["a", {"b": 1}], META]),
    "map_put": (
        call("map_put"),
        [KEY, "some bin", "a key", ["a value"], {"map_order": 1}, META, WRITE_POLICY],
    ),
    "map_get_by_key_list": (
        call("map_get_by_key_list"),
        [KEY, "some bin", ["a key", 1000], aerospike.MAP_RETURN_KEY_VALUE, META],
    ),
    "batch_read": (call("batch_read"), [[KEY_DICT, KEY], ["a bin", "b"], BATCH_POLICY]),
    "batch_operate": (
        call("batch_operate"),
        [[KEY_DICT, BLOB_KEY], OPERATIONS, BATCH_POLICY, WRITE_POLICY, 1000],
    ),
    "batch_remove": (
        call("batch_remove"),
        [[KEY_DICT, KEY], BATCH_POLICY, {"generation": 1000}],
    ),
    "batch_apply": (
        call("batch_apply"),
        [[KEY_DICT], "module", "function", ["a", {"b": 1000}], BATCH_POLICY, META],
    ),
    "apply": (
        call("apply"),
        [KEY_DICT, "module", "function", ["a", {"b": [1000]}], WRITE_POLICY],
    ),
    "apply with a tuple": (
        call("apply"),
        [KEY_DICT, "module", "function", ("a", {"b": [1000]}), WRITE_POLICY],
    ),
    "batch_write": (batch_write, [RECORDS, BATCH_POLICY]),
    "get_many": (call("get_many"), [[KEY_DICT, KEY], BATCH_POLICY]),
    "exists_many": (call("exists_many"), [[KEY_DICT, KEY], BATCH_POLICY]),
    "select_many": (call("select_many"), [[KEY_DICT, KEY], ["a bin"], BATCH_POLICY]),
    "batch_get_ops": (call("batch_get_ops"), [[KEY_DICT, KEY], READS, BATCH_POLICY]),
    "info": (call("info"), ["namespaces", [("::1", 1000), "A1"], {"timeout": 1000}]),
    "info_all": (call("info_all"), ["namespaces", {"timeout": 1000}]),
    "info_single_node": (node_name, ["namespaces", "A1", {"timeout": 1000}]),
    "info_node": (call("info_node"), ["namespaces", "A1", {"timeout": 1000}]),
    "info_random_node": (call("info_random_node"), ["namespaces", {"timeout": 1000}]),
    "get_key_digest": (call("get_key_digest"), ["test", "some set", bytearray(b"key")]),
    "get_key_partition_id": (call("get_key_partition_id"), ["test", "set", "some key"]),
    "get_cdtctx_base64": (call("get_cdtctx_base64"), [LEVELS]),
    "get_expression_base64": (call("get_expression_base64"), [COMPILED]),
    "expression": (pack, [TREE]),
    "query": (
        query,
        [
            [
                ("select", ("some bin", "another bin")),
                ("where", (range_of("some bin"), LEVELS[:1])),
                ("add_ops", (READS,)),
            ],
            {"max_retries": 0, "expressions": COMPILED, "partition_filter": PARTITIONS},
            {"nobins": False},
        ],
    ),
    "background": (background, [OPERATIONS[1:], WRITE_POLICY]),
    "background function": (
        background_function,
        ["module", "function", ["some text", {"a": [1000, b"x"]}], WRITE_POLICY],
    ),
    "stream": (stream, [SPEC, {"max_retries": 0}]),
    "aggregation": (aggregation, [FUNCTION_SPEC, {"max_retries": 0}]),
    "connect": (call("connect"), ["some user", "some password"]),
    "admin_create_user": (
        call("admin_create_user"),
        ["some user", "some password", ["some role", "another"], {"timeout": 1000}],
    ),
    "admin_change_password": (
        call("admin_change_password"),
        ["some user", "some password", {"timeout": 1000}],
    ),
    "admin_create_role": (
        call("admin_create_role"),
        [
            "some role",
            [{"code": 10, "ns": "test", "set": "some set"}, {"code": 1}],
            {"timeout": 1000},
            ["10.0.0.1", "10.0.0.2"],
            1000,
            1000,
        ],
    ),
    "admin_set_whitelist": (
        call("admin_set_whitelist"),
        ["some role", ["10.0.0.1", "10.0.0.2"], {"timeout": 1000}],
    ),
    "admin_query_user_info": (
        call("admin_query_user_info"),
        ["some user", {"timeout": 1000}],
    ),
    "_admin": (call("_admin"), [9, ((0, b"some user"), (1, None)), {"timeout": 1000}]),
    "client": (connect, [CONFIG]),
    "client with shared memory": (connect, [TEAM_CONFIG]),
}
CASES |= {
    name: (call("operate"), [KEY, [packed.op]]) for name, packed in PACKED.items()
}


WITHOUT_ARGUMENTS = {"close", "get_node_names", "get_nodes", "get_policies", "has_geo"}
WITHOUT_ARGUMENTS |= {"is_connected", "shm_key"}
NEVER_LOOKS_AT_THEM = {"llist"}


def test_every_method_in_c_has_a_case():
    methods = {name for name in vars(aerospike._core.Client) if name[0] != "_"}
    assert methods - {*CASES} == WITHOUT_ARGUMENTS | NEVER_LOOKS_AT_THEM


def answer(kind: int, body: bytes) -> bytes | None:
    """Success, for a record, the rows of a batch, or no records of a query."""
    if kind == INFO:
        return None
    if kind == ADMIN:
        is_query = body[2] in (9, 16)
        return admin_reply(50) if is_query else admin_reply(0, field(TOKEN, b"token"))
    fields = parse_request(body).fields
    if FIELD_DIGEST in fields:
        return OK_REPLY
    (n_rows,) = struct.unpack_from(">I", fields.get(FIELD_BATCH, bytes(4)))
    return b"".join(row(i) for i in range(n_rows)) + last()


@pytest.fixture(scope="module")
def node() -> Iterator[ScriptedNode]:
    with ScriptedNode() as made:
        made.on_frame = answer
        yield made


@pytest.fixture(scope="module")
def own_client(node: ScriptedNode) -> Iterator[aerospike.Client]:
    config = patient({"hosts": [node.host], "max_error_rate": 0})
    with aerospike.client(config) as made:
        yield made


@pytest.fixture(scope="module")
def actions(own_client: aerospike.Client) -> dict[str, Action]:
    """What hostile code does."""

    def call_again(_trap: Trap) -> None:
        own_client.put(KEY, {"a": [1, {"b": 2}]}, None, {"max_retries": 0})

    return {"empty": empty_all, "fail": fail, "call again": call_again}


# what is warned of here is warned of again in other tests
pytestmark = pytest.mark.usefixtures("unwarned")


def judge(results: Iterator[tuple[Any, int, str, BaseException | None]]) -> int:
    """All ended well; how often hostile code was run at least."""
    n_sprung = 0
    for path, moment, action, error in results:
        # what the interpreter raises when C code has broken its rules
        assert not isinstance(error, SystemError), (path, moment, action, error)
        n_sprung += moment >= 0
    return n_sprung


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_hostile_argument_gives_an_error_or_an_answer(own_client, actions, name, kind):
    made, template = CASES[name]
    judge(attack(lambda *args: made(own_client, *args), kind, template, actions))
    assert own_client.get(KEY)[0][:3] == (*KEY[:2], None)
