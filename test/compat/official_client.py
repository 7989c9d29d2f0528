"""Run by `test_official_client.py` where the `aerospike` of PyPI is installed.

    python official_client.py HOST:PORT ...

Walks through the calls that the development server knows and prints what came of them,
one line of JSON for each step.
"""

import json
import sys

import aerospike
from aerospike import exception
from aerospike_helpers.operations import operations as ops


def say(step, value):
    print(json.dumps([step, value]), flush=True)


def raised(call):
    try:
        return call()
    except exception.AerospikeError as error:
        return [type(error).__name__, error.code]


def main(hosts):
    kinds = ("read", "write", "operate", "remove", "batch")
    patient = {kind: {"total_timeout": 30_000} for kind in kinds}
    client = aerospike.client({"hosts": hosts, "policies": patient})
    key = ("test", "official", "key")
    bins = {
        "i": -5,
        "f": 1.5,
        "s": "clé",
        "t": True,
        "l": [1, ["two", None, {"k": 2.5}]],
        "m": {"a": 1, "b": {"c": [True]}},
    }
    say("connected", client.is_connected())
    say("nodes", len(client.get_node_names()))
    say("put", client.put(key, bins, {"ttl": 1000}))
    found, meta, read = client.get(key)
    say("get", [list(found[:3]), meta["gen"], 998 <= meta["ttl"] <= 1000, read])
    say("digest", found[3] == aerospike.calc_digest(*key))
    client.put(key, {"b": bytearray(b"\x00\xff"), "m": None})
    say("bytes", list(client.get(key)[2]["b"]))
    say("select", client.select(key, ["i", "s", "nope"])[2])
    say("exists", dict(client.exists(key)[1] or {})["gen"])
    say("increment", client.increment(key, "i", 7))
    operations = [
        ops.increment("i", 1),
        ops.write("s", "new"),
        ops.read("i"),
        ops.read("s"),
        ops.touch(50),
    ]
    say("operate", client.operate(key, operations)[2])
    say("ordered", client.operate_ordered(key, [ops.read("f"), ops.read("i")])[2])
    say("touch", client.touch(key, 100))
    say("remove_bin", client.remove_bin(key, ["l", "b", "t"]))
    say("left", client.get(key)[2])
    say("generation", raised(lambda: client.put(key, {"i": 1}, {"gen": 1}, {"gen": 1})))
    say("create", raised(lambda: client.put(key, {"i": 1}, policy={"exists": 1})))
    say("incompatible", raised(lambda: client.increment(key, "s", 1)))
    say("many", sum(client.put(("test", "official", n), {"n": n}) for n in range(200)))
    read_back = [client.get(("test", "official", n))[2]["n"] for n in range(200)]
    say("read back", read_back == list(range(200)))
    say("removed", sum(client.remove(("test", "official", n)) for n in range(200)))
    say("remove", client.remove(key))
    say("missing", raised(lambda: client.get(key)))
    say("absent", client.exists(key)[1])
    say("namespace", raised(lambda: client.get(("nope", "x", 1))))
    for pk in ("k1", b"k1", bytearray(b"k1"), b"\xff"):
        found, _, read = client.select(("test", "bk", pk), ["n"])
        say(f"key {pk!r}", [found[3].hex(), read["n"], repr(found[2])])
    answers = client.info_all("partitions").values()
    say("info", [[error, text.strip()] for error, text in answers])
    client.close()
    say("closed", client.is_connected())


if __name__ == "__main__":
    pairs = (text.rpartition(":") for text in sys.argv[1:])
    main([(host, int(port)) for host, _, port in pairs])
