"""Every call of the clients with arguments, for tests that make it through both."""

from __future__ import annotations

import re
from typing import Any

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.batch import records
from aerospike_helpers.metrics import ClusterStats, MetricsListeners, MetricsPolicy
from aerospike_helpers.operations import list_operations, operations

NS, SET = "test", "both"
KEY = (NS, SET, "key")
OTHER = (NS, SET, "other")
MISSING = (NS, SET, "missing")
KEYS = [KEY, OTHER, MISSING]
BINS: dict[str, Any] = {
    "n": 5,
    "s": "text",
    "l": [3, 1, 2],
    "m": {"a": 30, "b": 10, "c": 20},
    "b": b"ab",
    "q": 7,
}
INDEX = "both_q"
"""An index on the bin q of the set, which the tests make."""
MODULE = "both_module"
SOURCE = """
function double(rec, by) return rec.q * by end
function fails(rec) error("no") end
"""

ADD = [operations.increment("n", 1), operations.read("n")]
WRITE_META = {"ttl": aerospike.TTL_NEVER_EXPIRE}
OLD = {"gen": 77}
SAME_GENERATION = {"gen": aerospike.POLICY_GEN_EQ}
FILTER = {"expressions": exp.GT(exp.IntBin("n"), 99).compile()}
VALUE, KEY_VALUE = aerospike.MAP_RETURN_VALUE, aerospike.MAP_RETURN_KEY_VALUE
READER = [{"code": aerospike.PRIV_READ, "ns": NS, "set": SET}]

METRICS = MetricsPolicy(MetricsListeners(lambda: None, *[lambda _: None] * 3))

PLAIN = {
    "disable_metrics",
    "enable_metrics",
    "get_cdtctx_base64",
    "get_expression_base64",
    "get_key_digest",
    "get_key_partition_id",
    "get_node_names",
    "get_nodes",
    "get_policies",
    "get_stats",
    "has_geo",
    "is_connected",
    "llist",
    "query",
    "scan",
    "shm_key",
}
"""Methods that never wait: they are no coroutines."""

LIFE = {"connect", "close"}
"""What the tests do with a client, and look at elsewhere."""


class Fresh:
    """An argument that is made anew for each call, because calls write into it."""

    def __init__(self, make: Any) -> None:
        self.make = make


def batch() -> records.BatchRecords:
    return records.BatchRecords(
        [
            records.Read(KEY, None, read_all_bins=True),
            records.Write(OTHER, [operations.write("n", 6)]),
            records.Remove(MISSING),
        ]
    )


LISTS: dict[str, list[tuple[Any, ...]]] = {
    "list_append": [(KEY, "l", 4), (KEY, "s", 4), (KEY, "new", 1), (KEY, "l", {1: 2})],
    "list_clear": [(KEY, "l"), (KEY, "none")],
    "list_extend": [(KEY, "l", [4, 5]), (KEY, "l", 4)],
    "list_get": [(KEY, "l", 0), (KEY, "l", 9), (MISSING, "l", 0)],
    "list_get_range": [(KEY, "l", 0, 2)],
    "list_insert": [(KEY, "l", 1, "x"), (KEY, "l", "x", 1)],
    "list_insert_items": [(KEY, "l", 1, ["x", "y"])],
    "list_pop": [(KEY, "l", 0)],
    "list_pop_range": [(KEY, "l", 0, 2)],
    "list_remove": [(KEY, "l", 0), (KEY, "l", 77)],
    "list_remove_range": [(KEY, "l", 0, 2)],
    "list_set": [(KEY, "l", 0, 9), (KEY, "l", 0, 9, OLD, SAME_GENERATION)],
    "list_size": [(KEY, "l"), (KEY, "none"), (MISSING, "l")],
    "list_trim": [(KEY, "l", 0, 1)],
}
MAPS: dict[str, list[tuple[Any, ...]]] = {
    "map_clear": [(KEY, "m")],
    "map_decrement": [(KEY, "m", "a", 1), (KEY, "m", "x", 1)],
    "map_get_by_index": [(KEY, "m", 0, KEY_VALUE), (KEY, "m", 0, "no type")],
    "map_get_by_index_range": [(KEY, "m", 0, 2, KEY_VALUE)],
    "map_get_by_key": [(KEY, "m", "a", VALUE), (KEY, "m", "x", VALUE)],
    "map_get_by_key_list": [(KEY, "m", ["a", "x"], KEY_VALUE)],
    "map_get_by_key_range": [(KEY, "m", "a", "c", KEY_VALUE)],
    "map_get_by_rank": [(KEY, "m", 0, VALUE)],
    "map_get_by_rank_range": [(KEY, "m", 0, 2, KEY_VALUE)],
    "map_get_by_value": [(KEY, "m", 10, KEY_VALUE)],
    "map_get_by_value_list": [(KEY, "m", [10, 20], KEY_VALUE)],
    "map_get_by_value_range": [(KEY, "m", 10, 30, KEY_VALUE)],
    "map_increment": [(KEY, "m", "a", 1), (KEY, "m", "a", "x")],
    "map_put": [(KEY, "m", "d", 4), (KEY, "m", "d", 4, {"map_order": 1})],
    "map_put_items": [(KEY, "m", {"d": 4})],
    "map_remove_by_index": [(KEY, "m", 0, KEY_VALUE)],
    "map_remove_by_index_range": [(KEY, "m", 0, 2, KEY_VALUE)],
    "map_remove_by_key": [(KEY, "m", "a", KEY_VALUE)],
    "map_remove_by_key_list": [(KEY, "m", ["a"], VALUE)],
    "map_remove_by_key_range": [(KEY, "m", "a", "c", KEY_VALUE)],
    "map_remove_by_rank": [(KEY, "m", 0, VALUE)],
    "map_remove_by_rank_range": [(KEY, "m", 0, 2, aerospike.MAP_RETURN_NONE)],
    "map_remove_by_value": [(KEY, "m", 10, KEY_VALUE)],
    "map_remove_by_value_list": [(KEY, "m", [10], KEY_VALUE)],
    "map_remove_by_value_range": [(KEY, "m", 10, 20, KEY_VALUE)],
    "map_set_policy": [(KEY, "m", {"map_order": aerospike.MAP_KEY_ORDERED})],
    "map_size": [(KEY, "m"), (KEY, "none")],
}
RECORDS: dict[str, list[tuple[Any, ...]]] = {
    "append": [(KEY, "s", "more"), (KEY, "n", "more"), (KEY, "s", 1)],
    "apply": [
        (KEY, MODULE, "double", [2]),
        (KEY, MODULE, "fails", []),
        (KEY, MODULE, "nothing", []),
        (KEY, "no_module", "double", [2]),
        (KEY, MODULE, "double", 2),
    ],
    "exists": [(KEY,), (MISSING,), (KEY, FILTER)],
    "get": [(KEY,), (MISSING,), (KEY, FILTER), (("nowhere", SET, 1),), ("key",)],
    "increment": [(KEY, "n", 1), (KEY, "s", 1), (KEY, "n", "1")],
    "operate": [(KEY, ADD), (KEY, []), (MISSING, [operations.read("n")])],
    "operate_ordered": [(KEY, ADD), (KEY, [list_operations.list_size("s")])],
    "prepend": [(KEY, "s", "more")],
    "put": [
        (KEY, {"n": 1, "x": [1, {"a": 2}]}),
        (KEY, {"n": 1}, WRITE_META),
        (KEY, {"n": 1}, OLD, SAME_GENERATION),
        (KEY, {"n": 1}, None, {"exists": aerospike.POLICY_EXISTS_CREATE}),
        (KEY, {"n" * 20: 1}),
        (KEY, {}),
        (KEY, {"n": object}, None, None, aerospike.SERIALIZER_NONE),
    ],
    "remove": [(KEY,), (MISSING,), (KEY, OLD, SAME_GENERATION)],
    "remove_bin": [(KEY, ["n"]), (KEY, "n"), (KEY, ["n"] * 40_000)],
    "select": [(KEY, ["n", "none"]), (KEY, [])],
    "touch": [(KEY,), (MISSING,), (KEY, 100), (KEY, "x")],
}
BATCHES: dict[str, list[tuple[Any, ...]]] = {
    "batch_apply": [(KEYS[:2], MODULE, "double", [2]), (KEYS, MODULE, "fails", [])],
    "batch_get_ops": [(KEYS, [operations.read("n")])],
    "batch_operate": [(KEYS[:2], ADD), (KEYS, [])],
    "batch_read": [(KEYS,), (KEYS, ["n"]), (KEYS, []), ([],), ([1],)],
    "batch_remove": [(KEYS,)],
    "batch_write": [(Fresh(batch),), (1,)],
    "exists_many": [(KEYS,)],
    "get_many": [(KEYS,), (1,)],
    "select_many": [(KEYS, ["n"])],
}
NODES: dict[str, list[tuple[Any, ...]]] = {
    "info": [("edition",), ("no-such-command",), ("edition", []), (1,)],
    "info_all": [("edition",), ("no-such-command",)],
    "info_node": [("edition", "no such node"), ("edition", 5)],
    "info_random_node": [("edition",), ("no-such-command",), ("\udcff",)],
    "info_single_node": [("edition", "no such node"), ("edition", ("localhost",))],
}
INDEXES: dict[str, list[tuple[Any, ...]]] = {
    "index_blob_create": [(NS, SET, "b", "both_new")],
    "index_cdt_create": [
        (
            NS,
            SET,
            "m",
            aerospike.INDEX_TYPE_LIST,
            aerospike.INDEX_NUMERIC,
            "both_new",
            [cdt_ctx.cdt_ctx_map_key("x")],
        )
    ],
    "index_expr_create": [
        (NS, SET, 0, aerospike.INDEX_NUMERIC, exp.IntBin("n").compile(), "both_new")
    ],
    "index_geo2dsphere_create": [(NS, SET, "g", "both_new")],
    "index_integer_create": [
        (NS, SET, "n", "both_new"),
        (NS, SET, "n", INDEX),
        ("nowhere", SET, "n", "both_new"),
        (NS, 5, "n", "both_new"),
    ],
    "index_list_create": [(NS, SET, "l", aerospike.INDEX_NUMERIC, "both_new")],
    "index_map_keys_create": [(NS, SET, "m", aerospike.INDEX_STRING, "both_new")],
    "index_map_values_create": [(NS, SET, "m", aerospike.INDEX_NUMERIC, "both_new")],
    "index_remove": [(NS, "both_new"), ("nowhere", INDEX), (NS, 5)],
    "index_set_create": [(NS, SET, "both_new")],
    "index_single_value_create": [
        (NS, SET, "n", aerospike.INDEX_NUMERIC, "both_new"),
        (NS, SET, "n", 77, "both_new"),
    ],
    "index_string_create": [(NS, SET, "s", "both_new")],
}
WORK: dict[str, list[tuple[Any, ...]]] = {
    "job_info": [(1, aerospike.JOB_SCAN), (1, "other"), ("1", aerospike.JOB_SCAN)],
    "scan_info": [(1,), (2**70,)],
    "scan_apply": [
        (NS, SET, MODULE, "double", [2]),
        (NS, "empty", MODULE, "double", [2]),
        (NS, SET, MODULE, "double", 2),
    ],
    "query_apply": [
        (NS, SET, predicates.between("q", 1, 9), MODULE, "double", [2]),
        (NS, SET, predicates.between("none", 1, 9), MODULE, "double", [2]),
        (NS, SET, None, MODULE, "double", [2]),
    ],
    "truncate": [(NS, "both_truncated", 0), ("nowhere", SET, 0), (NS, SET, -1)],
    "udf_get": [(f"{MODULE}.lua",), ("no_module.lua",), (f"{MODULE}.lua", 5)],
    "udf_list": [({"timeout": 20_000},), (5,)],
    "udf_put": [("no such file",), (5,)],
    "udf_remove": [("no_module.lua",), ("",)],
}
ADMIN: dict[str, list[tuple[Any, ...]]] = {
    "admin_change_password": [("admin", "admin"), ("other", "pw")],
    "admin_create_pki_user": [("pki", ["read"]), ("pki", "read")],
    "admin_create_role": [("tester", READER), ("tester", [{"code": 77}])],
    "admin_create_user": [("u", "pw", ["read"]), ("u", "pw", ["no role"]), (1, "", [])],
    "admin_drop_role": [("no role",)],
    "admin_drop_user": [("no user",), ("",)],
    "admin_get_role": [("read",), ("no role",)],
    "admin_get_roles": [()],
    "admin_grant_privileges": [("no role", READER)],
    "admin_grant_roles": [("admin", ["read"]), ("no user", ["read"])],
    "admin_query_role": [("read",), ("no role",)],
    "admin_query_roles": [()],
    "admin_query_user": [("admin",), ("no user",)],
    "admin_query_user_info": [("admin",)],
    "admin_query_users": [()],
    "admin_query_users_info": [()],
    "admin_revoke_privileges": [("no role", READER)],
    "admin_revoke_roles": [("admin", ["read"]), ("no user", ["read"])],
    "admin_set_password": [("no user", "pw"), ("admin", "p\0w")],
    "admin_set_quotas": [("no role", 1, 2), ("read", -1)],
    "admin_set_whitelist": [("no role", ["10.0.0.0/8"]), ("read", "10.0.0.0/8")],
}
WITHOUT_REQUEST: dict[str, list[tuple[Any, ...]]] = {
    "get_cdtctx_base64": [([cdt_ctx.cdt_ctx_map_key("x")],), ([],)],
    "get_expression_base64": [(exp.IntBin("n").compile(),), (5,)],
    "get_key_digest": [(NS, SET, "key"), (NS, SET, 1.5)],
    "get_key_partition_id": [(NS, SET, "key")],
    "get_node_names": [()],
    "get_nodes": [()],
    "get_policies": [()],
    "has_geo": [()],
    "is_connected": [()],
    "llist": [(KEY, "l")],
    "shm_key": [()],
    "commit": [(aerospike.Transaction,), (None,)],
    "abort": [(aerospike.Transaction,), (None,)],
    "enable_metrics": [(METRICS,), (5,)],
    "disable_metrics": [()],
    "get_stats": [()],
    "set_xdr_filter": [("dc", NS, None)],
}
QUERIES = {"query", "scan"}
"""What makes queries, which have tests of their own."""

ON_ANY_SERVER = (
    LISTS | MAPS | RECORDS | BATCHES | NODES | INDEXES | WORK | WITHOUT_REQUEST
)
ALL = ON_ANY_SERVER | ADMIN

RANDOM = {"scan_apply", "query_apply"}
"""Calls whose results are no two times the same."""


def made(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments, with those that are made anew."""
    return tuple(arg.make() if isinstance(arg, Fresh) else arg for arg in args)


def shown(value: Any) -> Any:
    """A result in a form that can be compared."""
    if isinstance(value, dict):  # a client that shares nothing has its own connections
        return {name: each for name, each in value.items() if name != "conns_in_use"}
    if isinstance(value, ClusterStats):  # a client of its own has its own counters
        return sorted(node.name for node in value.nodes)
    if isinstance(value, records.BatchRecords):
        rows = [(r.key, r.result, r.record, r.in_doubt) for r in value.batch_records]
        return value.result, rows
    return value


_PLACES = re.compile(r"\b\d+\.\d+\.\d+\.\d+:\d+|\b[0-9A-F]{9,16}\b|0x[0-9a-f]+")


def told(error: BaseException) -> tuple[Any, ...]:
    """What an error says, but for the node that it comes from and the class."""
    text = _PLACES.sub("<place>", str(error)).replace("AsyncClient", "Client")
    if isinstance(error, exception.AerospikeError):
        of_record = getattr(error, "key", None), getattr(error, "bin", None)
        return type(error), error.code, error.in_doubt, text, of_record
    return type(error), text
