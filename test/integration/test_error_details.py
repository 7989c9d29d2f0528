"""What servers from 8.2 on say of a failure beyond its code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import list_operations, string_operations

from ..waiting import patient

KEY = ("test", "details", 1)
BAD = [string_operations.pad_end("s", -1, "x")]
FAR = [list_operations.list_get("l", 9)]


@pytest.fixture(scope="module")
def client() -> Iterator[aerospike.Client]:
    """Of a development server that plays 8.2, whatever the others are run on."""
    with DevCluster(nodes=1, version="8.2") as cluster:
        made = aerospike.client(patient({"hosts": cluster.hosts})).connect()
        made.put(KEY, {"s": "text", "l": [1]})
        yield made
        made.close()


def policy(verbosity: int) -> dict[str, Any]:
    return {"error_detail_verbosity": verbosity}


@pytest.mark.parametrize(
    ("ops", "code", "subcode"),
    [
        (BAD, 4, aerospike.SUB_PARAM_STRING_OP_PARAMS_INVALID),
        (FAR, 26, aerospike.SUB_OPNOT_CDT_INDEX_OUT_OF_BOUNDS),
    ],
)
def test_subcode_is_in_the_exception(client, ops, code, subcode):
    with pytest.raises(exception.AerospikeError) as plain:
        client.operate(KEY, ops)
    assert (plain.value.code, plain.value.subcode) == (code, 0)
    with pytest.raises(exception.AerospikeError) as caught:
        client.operate(KEY, ops, policy=policy(aerospike.ERROR_DETAIL_SUBCODE))
    assert (caught.value.code, caught.value.subcode) == (code, subcode)
    assert caught.value.msg == plain.value.msg
    assert len(caught.value.args) == 5


def test_text_of_the_server_takes_the_place_of_ours(client):
    with pytest.raises(exception.InvalidRequest) as plain:
        client.operate(KEY, BAD)
    with pytest.raises(exception.InvalidRequest) as caught:
        client.operate(KEY, BAD, policy=policy(aerospike.ERROR_DETAIL_MESSAGE))
    symbol = "AEROSPIKE_ERR_REQUEST_INVALID"
    assert caught.value.msg == plain.value.msg == f"{caught.value.host} {symbol}"
    assert caught.value.detail != plain.value.detail


def test_rows_of_a_batch_have_it_too(client):
    rows = BatchRecords([Write(KEY, BAD), Write(KEY, FAR)])
    client.batch_write(rows, policy(aerospike.ERROR_DETAIL_MESSAGE))
    found = [(row.result, row.subcode) for row in rows.batch_records]
    assert found == [(4, 6), (26, 1)]
    assert all(row.message for row in rows.batch_records)
    client.batch_write(rows)
    assert [row.subcode for row in rows.batch_records] == [0, 0]
