"""Run by `test_official_compression.py` where the `aerospike` of PyPI is installed.

    python official_compression.py HOST:PORT

Reads the records that the other client has written, compressed, and writes its own;
prints what it has read as JSON.
"""

import json
import sys

import aerospike
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

NS, OURS, THEIRS = "test", "zip_ours", "zip_theirs"
KEYS = range(40)
COMPRESS = {"compress": True, "total_timeout": 30_000}


def text_of(number):
    """The text of a record: 1 KB that is easy to compress."""
    return f"record {number}, " * 100


def main():
    host, port = sys.argv[1].split(":")
    client = aerospike.client({"hosts": [(host, int(port))]})
    keys = [(NS, OURS, number) for number in KEYS]
    got = client.get(keys[0], COMPRESS)[2]
    batch = client.batch_read(keys, policy=COMPRESS).batch_records
    query = client.query(NS, OURS).results(COMPRESS)
    operated = client.operate(keys[1], [op.read("t")], policy=COMPRESS)[2]
    client.put((NS, THEIRS, 0), {"n": 0, "t": text_of(0)}, policy=COMPRESS)
    rows = [
        br.Write((NS, THEIRS, n), [op.write("n", n), op.write("t", text_of(n))])
        for n in KEYS
        if n > 0
    ]
    written = client.batch_write(br.BatchRecords(rows), COMPRESS)
    print(
        json.dumps(
            {
                "get": got,
                "batch": [record.record[2] for record in batch if record.record],
                "query": sorted((bins for _, _, bins in query), key=lambda b: b["n"]),
                "operate": operated,
                "written": [record.result for record in written.batch_records],
            }
        )
    )
    client.close()


if __name__ == "__main__":
    main()
