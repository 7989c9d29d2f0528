"""Every kind of call that asks a server something, with arguments that a server takes.

The kinds are the public methods of clients, queries and scans themselves, so that none
can be forgotten: an argument that no table below has is a KeyError. What a call is
about is made by `prepare`; `snapshot` is what a development server has of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import aerospike
from aerospike import GeoJSON, predicates
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.cdt_ctx import cdt_ctx_list_index
from aerospike_helpers.expressions import IntBin
from aerospike_helpers.operations import operations as ops

from .driven import driven

NAMESPACE, SET = "test", "kinds"
MODULE = "kinds"
SOURCE = """\
function add(r, n) r.n = r.n + n; aerospike:update(r); return r.n end
function all(s) return s : map(function(r) return r.n end) end
"""
BINS: dict[str, Any] = {
    "n": 1,
    "s": "x",
    "q": 1,
    "l": [1, 2, 3],
    "m": {1: 1, 2: 2},
    "g": GeoJSON({"type": "Point", "coordinates": [1.5, 2.5]}),
}
SECRETS = {"user": "admin", "password": "admin"}

ASKS_NOTHING = {
    "abort",
    "close",
    "commit",
    "connect",
    "disable_metrics",
    "enable_metrics",
    "from_env",
    "from_url",
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
"""Methods that send nothing; queries and scans have rows of their own. Transactions are
tried in test_transactions.py: an empty one sends nothing. What makes a client asks as
its constructor does."""

READS = {
    *("get", "select", "exists", "get_many", "exists_many", "select_many"),
    *("batch_read", "batch_get_ops", "operate_ordered"),
    *("info", "info_all", "info_node", "info_random_node", "info_single_node"),
    *("job_info", "scan_info", "udf_get", "udf_list", "list_size", "map_size"),
}
READING = ("list_get", "map_get", "admin_get", "admin_query")
"""How the names of further methods begin that change nothing."""

OF_NODES = (
    *("admin_", "index_", "info", "truncate", "job_info", "scan_info", "udf_"),
    "set_xdr_filter",
)
"""How methods begin whose policy has `timeout`, for each request to a node."""

SHARED: dict[str, Any] = {
    "args": [1],
    "bin": "n",
    "bins": ["n"],
    "command": "build",
    "count": 1,
    "ctx": [cdt_ctx_list_index(0)],
    "data_center": "dc1",
    "decr": 1,
    "expression_filter": None,
    "expressions": IntBin("n").compile(),
    "function": "add",
    "host": ("127.0.0.1", 0),
    "incr": 1,
    "index": 0,
    "index_datatype": aerospike.INDEX_NUMERIC,
    "index_type": aerospike.INDEX_TYPE_DEFAULT,
    "items": [7, 8],
    "job_id": 1,
    "key_list": [1],
    "list": [1],
    "map_key": 1,
    "map_policy": {},
    "module": MODULE,
    "name": "an_index",
    "namespace": NAMESPACE,
    "nanos": 0,
    "ns": NAMESPACE,
    "offset": 1,
    "ops": [ops.increment("n", 1)],
    "password": "new secret",
    "predicate": predicates.equals("q", 1),
    "privileges": [{"code": aerospike.PRIV_READ}],
    "range": 5,
    "rank": 0,
    "return_type": aerospike.MAP_RETURN_VALUE,
    "role": "clerk",
    "roles": ["read"],
    "scanid": 1,
    "user": "ada",
    "val": 1,
    "value_list": [1],
    "whitelist": ["127.0.0.1"],
}
"""Arguments by the names of their parameters. What has a default may stay out."""

OWN: dict[str, dict[str, Any]] = {
    "admin_change_password": {"user": "admin", "password": "admin"},
    "admin_create_pki_user": {"user": "eve"},
    "admin_create_role": {"role": "guard"},
    "admin_create_user": {"user": "eve"},
    "append": {"bin": "s", "val": "y"},
    "batch_get_ops": {"list": [ops.read("n")]},
    "index_geo2dsphere_create": {"bin": "g"},
    "job_info": {"module": "scan"},
    "operate": {"list": [ops.increment("n", 1)]},
    "operate_ordered": {"list": [ops.read("n")]},
    "query_apply": {"args": [1]},
    "scan_apply": {"args": [1]},
    "prepend": {"bin": "s", "val": "y"},
    "put": {"bins": {"n": 2}},
    "admin_set_quotas": {"read_quota": 7},
    "remove_bin": {"list": ["s"]},
    "udf_get": {"module": MODULE + ".lua"},
    "udf_remove": {"filename": "other.lua"},
}
"""Arguments of a method that differ from those."""

FIRST = {"list_": "l", "map_": "m"}
"""The bin of the methods that begin so."""

REPLACING = {"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE}

Policy = dict[str, Any]


class Kind(NamedTuple):
    """A kind of call.

    run: called with a client, a key and a policy. writes: it may change something.
    of_nodes: its limit is `timeout`, for each of its requests.
    """

    run: Callable[[aerospike.Client, Any, Policy], Any]
    writes: bool
    of_nodes: bool

    def policy(self, limit_ms: int, **more: Any) -> Policy:
        """The policy with this limit, and no repetitions."""
        if self.of_nodes:
            return {"timeout": limit_ms}
        return {"total_timeout": limit_ms, "max_retries": 0, **more}


def _arguments(name: str, folder: str, of: str) -> dict[str, Any]:
    """The arguments of a method, but for its key and its policy."""
    given: dict[str, Any] = {}
    own = OWN.get(name, {})
    for parameter in list(
        signature(getattr(aerospike.Client, name)).parameters.values()
    )[1:]:
        asked = parameter.name
        if asked in own:
            given[asked] = own[asked]
        elif asked == "set":
            given[asked] = of
        elif asked == "filename":
            given[asked] = f"{folder}/other.lua"
        elif asked == "bin" and name.startswith(tuple(FIRST)):
            given[asked] = FIRST[name.partition("_")[0] + "_"]
        elif asked == "items" and name.startswith("map_"):
            given[asked] = {7: 7}
        elif parameter.default is parameter.empty and asked not in (
            *("key", "keys", "batch_records"),
        ):
            given[asked] = SHARED[asked]
    return given


def _method(name: str, folder: str, of: str) -> Kind:
    """A method of a client as a kind."""
    parameters = signature(getattr(aerospike.Client, name)).parameters
    fixed = _arguments(name, folder, of)

    def run(client: aerospike.Client, key: Any, policy: Policy) -> Any:
        given = dict(fixed)
        for parameter in parameters:
            if parameter in ("policy", "policy_batch"):
                given[parameter] = policy
        if "key" in parameters:
            given["key"] = key
        if "keys" in parameters:
            given["keys"] = [key]
        if "batch_records" in parameters:
            given["batch_records"] = BatchRecords([Write(key, [ops.increment("n", 1)])])
        if "host" in given:
            given["host"] = (client.get_nodes() or [fixed["host"]])[0]
            if name == "info_single_node":
                names = [node["node_name"] for node in client.get_node_names()]
                given["host"] = (names or ["none"])[0]
        return getattr(client, name)(**given)

    writes = name not in READS and not name.startswith(READING)
    return Kind(run, writes, name.startswith(OF_NODES))


STREAMS: dict[str, Callable[[Any, Policy], Any]] = {
    "results": lambda asked, policy: asked.results(policy),
    "foreach": lambda asked, policy: asked.foreach(lambda *_: None, policy),
    "stream": lambda asked, policy: list(asked.stream(policy)),
    "execute_background": lambda asked, policy: asked.add_ops(
        [ops.increment("n", 1)]
    ).execute_background(policy),
}
"""What one asks of a query or scan."""


def _near(key: Any, policy: Policy) -> Policy:
    """The policy of a query that looks at the partition of a key alone."""
    number = aerospike.get_partition_id(aerospike.calc_digest(*key))
    return policy | {"partition_filter": {"begin": number, "count": 1}}


def _streams(set_name: str) -> Iterator[tuple[str, Kind]]:
    """What queries and scans ask for."""
    for of in ("query", "scan"):
        for name, ask in STREAMS.items():
            writes = name == "execute_background"

            def run(
                client: aerospike.Client,
                key: Any,
                policy: Policy,
                of: str = of,
                ask: Callable[[Any, Policy], Any] = ask,
                writes: bool = writes,
            ) -> Any:
                asked = getattr(client, of)(NAMESPACE, set_name)
                return ask(asked, policy if writes else _near(key, policy))

            yield f"{of}.{name}", Kind(run, writes, False)

    def aggregate(client: aerospike.Client, _key: Any, policy: Policy) -> Any:
        return client.query(NAMESPACE, set_name).apply(MODULE, "all").results(policy)

    yield "query.apply", Kind(aggregate, False, False)


def kinds(folder: str, set_name: str = SET) -> dict[str, Kind]:
    """All kinds by their names.

    folder: where `modules` has put functions. set_name: of the records that calls
    without a key are about.
    """
    public = {name for name in dir(aerospike.Client) if name[0] != "_"}
    names = sorted(public - ASKS_NOTHING)
    return {name: _method(name, folder, set_name) for name in names} | dict(
        _streams(set_name)
    )


def modules() -> TemporaryDirectory[str]:
    """A folder with the modules that calls register."""
    made = TemporaryDirectory()
    for name in (MODULE, "other"):
        Path(made.name, f"{name}.lua").write_text(SOURCE)
    Path(made.name, "user").mkdir()
    return made


CLIENTS: dict[str, Callable[[Any], Any]] = {
    "blocking": aerospike.client,
    "async": driven,
}
"""What makes the clients that calls are tried with."""


def connect(
    hosts: Any, folder: str, of: str = "blocking", **more: Any
) -> aerospike.Client:
    """A client that looks at its cluster once, so that all requests are those of calls.

    No node counts as broken, however often it fails. of: one of CLIENTS.
    """
    config: Any = {
        "hosts": hosts,
        "max_error_rate": 0,
        "tend_interval": 3_600_000,
        "lua": {"user_path": f"{folder}/user"},
        "fail_if_not_connected": True,
        **SECRETS,
        **more,
    }
    made: aerospike.Client = CLIENTS[of](config)
    return made


def prepare(client: aerospike.Client, folder: str) -> None:
    """What there is before calls are made: modules, an index, a user and a role."""
    for name in (MODULE, "other"):
        client.udf_put(f"{folder}/{name}.lua")
    client.index_integer_create(NAMESPACE, SET, "q", "q_index")
    client.admin_create_user("ada", "secret", ["read-write"])
    client.admin_create_role("clerk", [{"code": aerospike.PRIV_WRITE}])


def prepare_for(client: aerospike.Client, name: str, key: Any, folder: str) -> None:
    """What a kind of call changes is there again, and what it makes is not."""
    if name == "udf_remove":
        client.udf_put(f"{folder}/other.lua")
    elif name == "udf_put":
        client.udf_remove("other.lua")
    elif name.startswith("index_"):
        client.index_remove(NAMESPACE, SHARED["name"])
        if name == "index_remove":
            client.index_integer_create(NAMESPACE, SET, "n", SHARED["name"])
    elif name.startswith("admin_"):
        undo_admin(client, name)
    client.put(key, BINS, None, REPLACING)


def undo_admin(client: aerospike.Client, name: str) -> None:
    """Users and roles are as `prepare` has made them."""
    users, roles = client.admin_query_users_info(), client.admin_get_roles()
    if "eve" in users:
        client.admin_drop_user("eve")
    for role in {"guard", "clerk"} & {*roles}:
        client.admin_drop_role(role)
    held = [aerospike.PRIV_WRITE]
    if name == "admin_revoke_privileges":
        held.append(aerospike.PRIV_READ)
    client.admin_create_role("clerk", [{"code": code} for code in held])
    if "ada" not in users:
        client.admin_create_user("ada", "secret", ["read-write"])
    elif name == "admin_set_password":
        client.admin_set_password("ada", "secret")
    if name == "admin_revoke_roles":
        client.admin_grant_roles("ada", ["read"])
    else:
        client.admin_revoke_roles("ada", ["read"])


def snapshot(cluster: DevCluster) -> object:
    """All that a cluster keeps, as far as calls can change it."""
    state = cluster._state

    def take() -> object:
        security = state.security
        now_s = state.clock.now_s()
        space = state.storage.find(NAMESPACE.encode())
        assert space is not None
        assert security is not None
        return (
            [(d, r.generation, repr(r.bins)) for d, r in space.records(now_s)],
            [index.name for index in space.indexes],
            [(module.name, module.source) for module in state.modules],
            {n: (u.password, sorted(u.roles)) for n, u in security.users.items()},
            {n: repr(vars_of(r)) for n, r in security.roles.items()},
            [j.id for node in state.nodes for j in node.jobs if not j.n_partitions],
        )

    return cluster._running.call(take)


def vars_of(value: Any) -> object:
    """The attributes of an object."""
    slots = getattr(type(value), "__slots__", ())
    return getattr(value, "__dict__", None) or [getattr(value, s) for s in slots]


def doubts(result: Any, error: BaseException | None) -> list[tuple[int, bool]]:
    """(code, in_doubt) of what a call says has failed: the call itself, or rows."""
    if error is not None:
        return [(getattr(error, "code", 0), bool(getattr(error, "in_doubt", False)))]
    rows = getattr(result, "batch_records", [])
    return [(row.result, row.in_doubt) for row in rows if row.result != 0]
