"""langgraph-store-aerospike: items, searches with filters, namespaces."""

import asyncio
import sys
from contextlib import closing

from langgraph.store.aerospike import AerospikeStore

import aerospike

host, port = sys.argv[1], int(sys.argv[2])

with closing(aerospike.client({"hosts": [(host, port)]})) as client:
    client.truncate("test", "eco_store", 0)
    store = AerospikeStore(client, "test", "eco_store", {"default_ttl": 5})
    AerospikeStore(client, "test", "eco_store")  # its indexes are there already

    store.put(("users", "ada"), "food", {"likes": "tea", "n": 1, "tags": ["a", "b"]})
    store.put(("users", "ada"), "music", {"likes": "bach", "n": 2})
    store.put(("users", "bob"), "food", {"likes": "tea", "n": 3})
    item = store.get(("users", "ada"), "food")
    assert item.value == {"likes": "tea", "n": 1, "tags": ["a", "b"]}
    assert item.namespace == ("users", "ada")
    created = item.created_at
    store.put(("users", "ada"), "food", {"likes": "rice", "n": 1})
    item = store.get(("users", "ada"), "food")
    assert (item.value["likes"], item.created_at) == ("rice", created)
    assert store.get(("users", "ada"), "none") is None

    def found(prefix, **options):
        return sorted((i.namespace[-1], i.key) for i in store.search(prefix, **options))

    assert found(("users",)) == [("ada", "food"), ("ada", "music"), ("bob", "food")]
    assert found(("users", "ada")) == [("ada", "food"), ("ada", "music")]
    assert found(("users",), filter={"likes": "tea"}) == [("bob", "food")]
    assert found(("users",), filter={"n": {"$gte": 2}}) == [
        ("ada", "music"),
        ("bob", "food"),
    ]
    assert len(store.search(("users",), limit=1, offset=1)) == 1
    names = [("users", "ada"), ("users", "bob")]
    assert sorted(store.list_namespaces(prefix=("users",))) == names
    assert store.list_namespaces(suffix=("bob",)) == [("users", "bob")]
    assert asyncio.run(store.aget(("users", "bob"), "food")).value["n"] == 3
    for namespace, key in [(names[0], "food"), (names[0], "music"), (names[1], "food")]:
        store.delete(namespace, key)
    assert found(("users",)) == []
    for part in ("prefixes", "suffixes"):
        client.index_remove("test", f"eco_store_ns_{part}_idx")
