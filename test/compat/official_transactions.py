"""Run by `test_official_transactions.py` where the `aerospike` of PyPI is installed.

    python official_transactions.py HOST:PORT

Walks through transactions, and prints what came of each step as a line of JSON.
"""

import json
import os
import sys
import tempfile
from typing import Any

import aerospike
from aerospike import exception
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

PATIENT = {"total_timeout": 30_000}
KINDS = ("read", "write", "operate", "remove", "batch", "apply", "query", "scan")
A, B, NEW = keys = [("test", "official", name) for name in ("a", "b", "new")]
MANY = [("test", "official", number) for number in range(4097)]
DURABLE = {"durable_delete": True}


def begin() -> Any:
    return aerospike.Transaction()


def say(step, value):
    print(json.dumps([step, value]), flush=True)


def code_of(call, *args):
    """What a call gives, or the code that it raises."""
    try:
        return call(*args)
    except exception.AerospikeError as error:
        return {"code": error.code}


def bins(client, key, txn=None):
    policy = {"txn": txn} if txn else None
    found = code_of(client.get, key, policy)
    return found if isinstance(found, dict) else found[2]


def put(client, key, number, txn=None, **policy):
    if txn:
        policy["txn"] = txn
    return code_of(client.put, key, {"n": number}, None, policy)


def remove(client, key, txn, durable=True):
    policy = {"durable_delete": durable, "txn": txn}
    return code_of(lambda: client.remove(key, policy=policy))


def commit(client):
    """A write, seen from inside and from outside, and made final."""
    txn = begin()
    say("put", put(client, A, 2, txn))
    say("create", put(client, NEW, 2, txn))
    say("inside", [bins(client, key, txn) for key in (A, NEW)])
    say("outside", [bins(client, key) for key in (A, NEW)])
    say("plain write", put(client, A, 3))
    other = begin()
    say("write of another", put(client, A, 3, other))
    say("read of another", bins(client, A, other))
    say("abort of another", client.abort(other))
    say("write once only", put(client, A, 4, txn, on_locking_only=True))
    say("commit", [client.commit(txn), txn.state, txn.in_doubt])
    say("committed", [bins(client, key) for key in (A, NEW)])
    say("again", [client.commit(txn), code_of(client.abort, txn)])


def abort(client):
    txn = begin()
    ops = [op.increment("n", 40), op.read("n")]
    say("abort: operate", client.operate(A, ops, None, {"txn": txn})[2])
    say("abort: remove", remove(client, B, txn))
    say("abort: inside", [bins(client, key, txn) for key in (A, B)])
    say("abort", [client.abort(txn), txn.state])
    say("abort: after", [bins(client, key) for key in (A, B)])


def removes(client):
    txn = begin()
    say("remove for a while", remove(client, NEW, txn, durable=False))
    say("remove", [remove(client, NEW, txn) for _ in range(2)])
    say("remove: commit", [client.commit(txn), bins(client, NEW)])


def skew(client):
    """Each of two transactions reads what the other one writes."""
    one, two = begin(), begin()
    say("skew: reads", [bins(client, A, one), bins(client, B, two)])
    say("skew: writes", [put(client, B, 10, one), put(client, A, 20, two)])
    say("skew", [code_of(client.commit, one), one.state])
    say("skew: other", [code_of(client.commit, two), two.state])
    say("skew: after", [bins(client, key) for key in (A, B)])


def late(client):
    """A record is written after it was read; then it is to be written, too."""
    txn = begin()
    say("late: read", bins(client, A, txn))
    say("late: plain write", put(client, A, 5))
    say("late: write", put(client, A, 6, txn))
    say("late: abort", [client.abort(txn), bins(client, A)])


def batches(client):
    txn = begin()
    rows = [br.Write(A, [op.write("n", 7)]), br.Remove(B, DURABLE), br.Read(NEW, None)]
    done = client.batch_write(br.BatchRecords(rows), {**PATIENT, "txn": txn})
    say("batch", [row.result for row in done.batch_records])
    found = client.batch_read(keys, policy={**PATIENT, "txn": txn}).batch_records
    say("batch: read", [row.result for row in found])
    say("batch: commit", [client.commit(txn), bins(client, A), bins(client, B)])
    txn = begin()
    ops, policy = [op.write("n", 1)], {**PATIENT, "txn": txn}
    full = client.batch_operate(MANY[:4096], ops, policy).batch_records
    say("4096 records", sorted({row.result for row in full}))
    say("4097 records", put(client, MANY[4096], 1, txn))
    say("4096: commit", [client.commit(txn), bins(client, MANY[4095])])


def touched(client):
    """The set of the monitor records is closed to users."""
    monitor = ("test", "<ERO~MRT", 1)
    say("monitor", [code_of(client.get, monitor), put(client, monitor, 1)])
    client.put(B, {"n": 1})
    txn = begin()
    put(client, B, 2, txn)
    records = client.query("test", None).results(PATIENT)
    say("sets", sorted({key[1] for key, _, _ in records}))
    digest = aerospike.calc_digest(*B)
    say("query", [found for key, _, found in records if key[3] == digest])
    client.abort(txn)


def functions(client):
    client.udf_put(os.path.join(os.path.dirname(__file__), "official_transactions.lua"))
    txn = begin()
    policy = {"txn": txn}
    call = ("official_transactions", "set", ["n", 8])
    say("apply", client.apply(B, *call, policy))
    say("apply: outside", [bins(client, B), code_of(client.apply, B, *call)])
    say("apply: commit", [client.commit(txn), bins(client, B)])


def main():
    host, port = sys.argv[1].split(":")
    policies = dict.fromkeys(KINDS, PATIENT)
    config = {"hosts": [(host, int(port))], "policies": policies}
    with tempfile.TemporaryDirectory() as folder:  # it keeps a copy of each module
        walk(aerospike.client({**config, "lua": {"user_path": folder}}))


def walk(client):
    for key in (A, B):
        client.put(key, {"n": 1}, None, {"key": aerospike.POLICY_KEY_SEND})
    for step in (commit, abort, removes, skew, late, batches, touched, functions):
        step(client)
    client.close()


if __name__ == "__main__":
    main()
