"""Names, keys and texts of errors lead to their entries, among the first three results.

search.js asks the search of Sphinx that the pages have, under Node.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

LISTS = "reference/list-operations#aerospike_helpers.operations.list_operations."
MAPS = "reference/map-operations#aerospike_helpers.operations.map_operations."
BITS = "reference/bit-operations#aerospike_helpers.operations.bitwise_operations."
HLL = "reference/hll-operations#aerospike_helpers.operations.hll_operations."
STRINGS = "reference/string-operations#aerospike_helpers.operations.string_operations."
CLIENT = "reference/client#aerospike.Client."
ERRORS = "reference/exceptions#aerospike.exception."
TEXTS = "reference/error-texts#"
CONFIG = "reference/configuration#confval-"
POLICIES = "reference/policies#confval-policy."
CONSTANTS = "reference/constants#aerospike."

QUERIES = {
    # operations
    "list_append": LISTS + "list_append",
    "list_get_by_rank_range": LISTS + "list_get_by_rank_range",
    "list_operations.list_sort": LISTS + "list_sort",
    "map_put": MAPS + "map_put",
    "map_get_by_key()": MAPS + "map_get_by_key",
    "bit_count": BITS + "bit_count",
    "hll_get_union_count": HLL + "hll_get_union_count",
    "regex_replace": STRINGS + "regex_replace",
    "pad_start": STRINGS + "pad_start",
    "expression_read": "reference/expression-operations#aerospike_helpers.operations."
    "expression_operations.expression_read",
    "select_by_path": "reference/operations#aerospike_helpers.operations.operations."
    "select_by_path",
    "cdt_ctx_map_key": "reference/contexts#aerospike_helpers.cdt_ctx.cdt_ctx_map_key",
    # expressions
    "ListGetByIndex": "reference/list-expressions#aerospike_helpers.expressions.list."
    "ListGetByIndex",
    "MapPut": "reference/map-expressions#aerospike_helpers.expressions.map.MapPut",
    "IntBin": "reference/expressions#aerospike_helpers.expressions.base.IntBin",
    "CmpRegex": "reference/expressions#aerospike_helpers.expressions.base.CmpRegex",
    "HLLMayContain": "reference/hll-expressions#aerospike_helpers.expressions.hll."
    "HLLMayContain",
    # the client
    "batch_read": CLIENT + "batch_read",
    "Client.get_many": CLIENT + "get_many",
    "aerospike.Client.put": CLIENT + "put",
    "index_integer_create": CLIENT + "index_integer_create",
    "admin_create_user": CLIENT + "admin_create_user",
    "udf_put": CLIENT + "udf_put",
    "AsyncClient": "reference/async-client#aerospike.AsyncClient",
    "Query.paginate": "reference/queries#aerospike.Query.paginate",
    "predicates.between": "reference/queries#aerospike.predicates.between",
    "client_from_url": "reference/module#aerospike.client_from_url",
    "geojson": "reference/module#aerospike.geojson",
    "MetricsPolicy": "reference/monitoring#aerospike_helpers.metrics.MetricsPolicy",
    "BatchRecords": "reference/batch#aerospike_helpers.batch.records.BatchRecords",
    # exceptions
    "RecordNotFound": ERRORS + "RecordNotFound",
    "aerospike.exception.TimeoutError": ERRORS + "TimeoutError",
    "BinIncompatibleType": ERRORS + "BinIncompatibleType",
    "NoMoreConnectionsError": ERRORS + "NoMoreConnectionsError",
    "ParamError": ERRORS + "ParamError",
    # keys and constants
    "max_conns_per_node": CONFIG + "max_conns_per_node",
    "fail_if_not_connected": CONFIG + "fail_if_not_connected",
    "tls.cafile": CONFIG + "tls.cafile",
    "cipher_suite": CONFIG + "tls.cipher_suite",
    "total_timeout": POLICIES + "total_timeout",
    "socket_timeout": POLICIES + "socket_timeout",
    "max_retries": POLICIES + "max_retries",
    "durable_delete": POLICIES + "durable_delete",
    "LIST_RETURN_VALUE": CONSTANTS + "LIST_RETURN_VALUE",
    "POLICY_KEY_SEND": CONSTANTS + "POLICY_KEY_SEND",
    "TTL_NEVER_EXPIRE": CONSTANTS + "TTL_NEVER_EXPIRE",
    # names of which there are several, and older names
    "TTL": "reference/expressions#aerospike_helpers.expressions.base.TTL",
    "ttl": POLICIES + "ttl",
    "Apply": "reference/batch#aerospike_helpers.batch.records.Apply",
    "apply": CLIENT + "apply",
    "exists": CLIENT + "exists",
    "Read": "reference/batch#aerospike_helpers.batch.records.Read",
    "results": "reference/queries#aerospike.Query.results",
    "foreach": "reference/queries#aerospike.Query.foreach",
    "paginate": "reference/queries#aerospike.Query.paginate",
    "execute_background": "reference/queries#aerospike.Query.execute_background",
    "max_records": POLICIES + "max_records",
    "contains": "reference/queries#aerospike.predicates.contains",
    "gen": "reference/policies#confval-meta.gen",
    "expressions": POLICIES + "expressions",
    "connect_timeout": CONFIG + "connect_timeout",
    "login_timeout_ms": CONFIG + "policies.login_timeout_ms",
    "shm_key": CONFIG + "shm.shm_key",
    "tls": CONFIG + "tls",
    "consistency_level": POLICIES + "consistency_level",
    "retry": POLICIES + "retry",
    "max_threads": CONFIG + "max_threads",
    "timeout": POLICIES + "timeout",
    "in_doubt": "reference/module#aerospike.in_doubt",
    "Transaction": "reference/transactions#aerospike.Transaction",
    "stop_node": "reference/devserver#aerospike_devserver.DevCluster.stop_node",
    "PartitionFilter": "reference/types#aerospike.typing.PartitionFilter",
    "AsyncQuery": "reference/queries#aerospike.AsyncQuery",
    "aclose": "reference/queries#aerospike._core.AsyncStream.aclose",
    "cdt_ctx_list_index_create": "reference/contexts#aerospike_helpers.cdt_ctx."
    "cdt_ctx_list_index_create",
    # codes of errors, and their names in other clients
    "error code 22": ERRORS + "ForbiddenError",
    "code 22": ERRORS + "ForbiddenError",
    "AEROSPIKE_ERR_RECORD_NOT_FOUND": ERRORS + "RecordNotFound",
    "AEROSPIKE_ERR_TIMEOUT": ERRORS + "TimeoutError",
    "error code -8": ERRORS + "InvalidNodeError",
    # texts of errors, as they are and as a log has them
    "record not found": TEXTS + "record-not-found",
    "filtered out": TEXTS + "filtered-out-by-the-expression",
    "did you mean": TEXTS + "unknown-key-did-you-mean",
    "RuntimeError: await is missing: a call of AsyncClient is awaited, and its result "
    "can be unpacked or looped over": TEXTS + "await-is-missing",
    "bin has an incompatible type": TEXTS + "bin-has-an-incompatible-type",
    "no more connections to the node": TEXTS + "no-more-connections-to-the-node",
    "Failed to connect": TEXTS + "failed-to-connect",
    "integer value exceeds sys.maxsize": TEXTS + "integer-value-exceeds-sys-maxsize",
    "PARAM (-2, AEROSPIKE_ERR_PARAM): integer value exceeds sys.maxsize: 64 bits are "
    "allowed [key=('test', 'demo', 'ada'), bin=name, path=val]": TEXTS
    + "integer-value-exceeds-sys-maxsize",
    "aerospike.exception.RecordNotFound: RECORD_NOT_FOUND (2, "
    "AEROSPIKE_ERR_RECORD_NOT_FOUND): record not found [key=('test', 'users', 7), "
    "host=10.0.0.1:3000, attempts=1]": TEXTS + "record-not-found",
    "CLUSTER (11, AEROSPIKE_ERR_CLUSTER): No connection to aerospike cluster: the "
    "client is closed; connect() opens it again": TEXTS
    + "the-client-is-closed-connect-opens-it-again",
    "unknown read policy key 'totl_timeout' (did you mean 'total_timeout'?)": TEXTS
    + "unknown-key-did-you-mean",
}
"""What is typed -> the entry that is meant."""

N_SEEN = 3


def entry_at(site: Path, page: str, anchor: str) -> str:
    """The anchor of the entry in which a place is, if it is one of the index."""
    if not anchor.startswith("#index-"):
        return anchor
    before = (site / f"{page}.html").read_text("utf-8").partition(f'id="{anchor[1:]}"')
    return "#" + re.findall(r'<dt class="sig[^>]* id="([^"]+)"', before[0])[-1]


ALIAS = re.compile(r"\._(?!core\.)|\.seeding\.")
"""In the names under which Sphinx lists a class once more: where it is defined."""


def first_results(site: Path, queries: list[str]) -> list[list[list[str]]]:
    """Page, title and anchor of the first results of each query."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("the search of the pages is JavaScript: Node is not installed")
    done = subprocess.run(
        [node, str(Path(__file__).with_name("search.js")), str(site)],
        input=json.dumps(queries),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[list[str]]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, list[str]]:
    """The first results of each query, as page#anchor."""
    results = first_results(site, [*QUERIES])
    return {
        query: [page + entry_at(site, page, anchor) for page, _title, anchor in rows]
        for query, rows in zip(QUERIES, results, strict=True)
    }


@pytest.mark.parametrize(("query", "entry"), QUERIES.items())
def test_search_leads_to_the_entry(found, query, entry):
    assert entry in found[query][:N_SEEN]


def test_entries_are_on_the_pages(site):
    for entry in QUERIES.values():
        page, _, anchor = entry.partition("#")
        assert f'id="{anchor}"' in (site / f"{page}.html").read_text("utf-8")


def test_an_own_name_comes_first(found):
    first = {query: rows[0] for query, rows in found.items() if query in QUERIES}
    names = [query for query in QUERIES if query.isidentifier()]
    assert sum(first[name] == QUERIES[name] for name in names) > 0.9 * len(names)


@pytest.mark.timeout(600)
def test_every_name_leads_to_its_entry(site):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    entries = {
        name: entry.uri
        for kind, names in inventory.data.items()
        if kind.startswith("py:") or kind == "std:confval"
        for name, entry in names.items()
        if not ALIAS.search(name)
    }
    assert len(entries) > 1500
    results = first_results(site, [*entries])
    lost = [
        name
        for (name, uri), rows in zip(entries.items(), results, strict=True)
        if uri not in [f"{page}.html{anchor}" for page, _, anchor in rows[:N_SEEN]]
    ]
    assert lost == []
