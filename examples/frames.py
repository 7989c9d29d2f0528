"""Records into a DataFrame of pandas, and a DataFrame into records.

    python examples/frames.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. The program needs the
package pandas.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pandas as pd

import aerospike
from aerospike import predicates
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

SET = "frames-example"
SEND_KEY = {"key": aerospike.POLICY_KEY_SEND}


def frames(query: aerospike.Query, columns: list[str], rows: int) -> Iterator[Any]:
    """The records of a query as frames of so many rows, the last one with fewer.

    columns: names of bins. The index has the user keys, where records have one.
    """
    query.select(*columns)
    with query.stream() as records:
        while found := list(islice(records, rows)):
            index = pd.Index([record.key[2] for record in found], name="key")
            table = [[record.bins.get(name) for name in columns] for record in found]
            yield pd.DataFrame(table, index, columns).convert_dtypes()


def read_frame(query: aerospike.Query, columns: list[str]) -> Any:
    """All records of a query as one frame."""
    parts = list(frames(query, columns, 100_000))
    none = pd.DataFrame(index=pd.Index([], name="key"), columns=columns)
    return pd.concat(parts) if parts else none


def write_frame(
    client: aerospike.Client, namespace: str, set_name: str, frame: Any, rows: int = 500
) -> Any:
    """Write each row into the record whose user key is its index; `rows` in a batch.

    Gives a frame of the rows that were not written, with the code of each. Writing
    these rows once more does no harm. Missing values leave the bins as they are.
    """
    failed = []
    for start in range(0, len(frame), rows):
        part = frame.iloc[start : start + rows]
        batch = BatchRecords()
        for key, row in zip(part.index.tolist(), part.to_dict("records"), strict=True):
            ops = [operations.write(*each) for each in row.items() if is_there(each[1])]
            if ops:
                place = (namespace, set_name, key)
                batch.batch_records.append(Write(place, ops, policy=SEND_KEY))
        client.batch_write(batch)
        failed += [(each.key[2], each.result) for each in batch if each.result]
    return pd.DataFrame(failed, columns=["key", "code"]).set_index("key")


def is_there(value: Any) -> bool:
    return not (pd.api.types.is_scalar(value) and pd.isna(value))


def demo(client: aerospike.Client) -> None:
    cities = pd.DataFrame(
        {"city": ["Paris", "Rome", None], "people": [2_100_000, 2_750_000, 5]},
        index=["p", "r", "x"],
    )
    expect("write_frame()", len(write_frame(client, "test", SET, cities)), 0)
    query = client.query("test", SET)
    found = read_frame(query, ["city", "people"]).sort_index()
    expect("read_frame()", found["people"].tolist(), [2_100_000, 2_750_000, 5])
    expect("missing values", int(found["city"].isna().sum()), 1)
    many = pd.DataFrame({"people": range(2000)})
    write_frame(client, "test", SET, many)
    client.index_integer_create("test", SET, "people", "frames_people")
    query = client.query("test", SET).where(predicates.between("people", 0, 1999))
    sums = [int(part["people"].sum()) for part in frames(query, ["people"], 300)]
    expect("frames of 300 rows", (len(sums), sum(sums)), (7, 1_999_005))
    client.index_remove("test", "frames_people")


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
