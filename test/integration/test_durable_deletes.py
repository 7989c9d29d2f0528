"""Durable deletes: the Enterprise Edition does them, the Community Edition refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster
from aerospike_helpers.batch import records as br
from aerospike_helpers.operations import operations as op

from ..lua_modules import registered
from ..waiting import patient, until

ENTERPRISE_ONLY = 25
ENTERPRISE = pytest.mark.parametrize("place", ["enterprise"], indirect=True)
KEY = ("test", "durable", 1)
DURABLE = {"durable_delete": True}
SOURCE = "function remove(r) aerospike:remove(r) end\n"


class Place(NamedTuple):
    client: aerospike.Client
    module: str
    is_enterprise: bool


@pytest.fixture(scope="module", params=["community", "enterprise"])
def place(request: Any, tmp_path_factory: Any) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("lua")
    own = {"lua": {"user_path": str(folder)}}
    with (
        DevCluster(edition=request.param) as cluster,
        aerospike.client(patient(cluster.config | own)) as client,
        registered(client, folder, SOURCE) as module,
    ):
        yield Place(client, module, request.param == "enterprise")


def background(place: Place, operations: list[Any] | None) -> None:
    """Remove all records of the set in the background."""
    query = place.client.query("test", "durable")
    if operations is None:
        query.apply(place.module, "remove")
    else:
        query.add_ops(operations)
    query.execute_background(DURABLE)


CALLS: dict[str, Callable[[Place], Any]] = {
    "remove": lambda p: p.client.remove(KEY, None, DURABLE),
    "remove_bin": lambda p: p.client.remove_bin(KEY, ["n"], None, DURABLE),
    "put": lambda p: p.client.put(KEY, {"n": aerospike.null()}, None, DURABLE),
    "operate": lambda p: p.client.operate(KEY, [op.delete()], None, DURABLE),
    "apply": lambda p: p.client.apply(KEY, p.module, "remove", [], DURABLE),
    "batch_remove": lambda p: p.client.batch_remove([KEY], None, DURABLE),
    "batch_write": lambda p: p.client.batch_write(
        br.BatchRecords([br.Remove(KEY, policy=DURABLE)])
    ),
    "batch_operate": lambda p: p.client.batch_operate(
        [KEY], [op.delete()], None, DURABLE
    ),
    "batch_apply": lambda p: p.client.batch_apply(
        [KEY], p.module, "remove", [], None, DURABLE
    ),
}
IN_BACKGROUND: dict[str, Callable[[Place], None]] = {
    "operations": lambda p: background(p, [op.delete()]),
    "function": lambda p: background(p, None),
}


def result_of(call: Callable[[Place], Any], place: Place) -> int:
    """The code that a call says, or its only row."""
    try:
        found = call(place)
    except exception.AerospikeError as error:
        return error.code or 0
    rows = getattr(found, "batch_records", ())
    return rows[0].result if rows else 0


def is_there(place: Place) -> bool:
    return place.client.exists(KEY)[1] is not None


@pytest.mark.parametrize("name", CALLS)
def test_durable_delete_is_of_the_enterprise_edition(place, name):
    place.client.put(KEY, {"n": 1})
    result = result_of(CALLS[name], place)
    assert result == (0 if place.is_enterprise else ENTERPRISE_ONLY)
    assert is_there(place) is not place.is_enterprise


@pytest.mark.parametrize("name", IN_BACKGROUND)
@ENTERPRISE
def test_records_are_durably_deleted_in_the_background(place, name):
    place.client.put(KEY, {"n": 1})
    IN_BACKGROUND[name](place)
    until(lambda: not is_there(place))


@ENTERPRISE
def test_checks_are_those_of_other_deletes(place):
    client = place.client
    client.put(KEY, {"n": 1})
    _, meta = client.exists(KEY)  # it goes on from what other tests removed
    wrong = {**DURABLE, "gen": aerospike.POLICY_GEN_EQ}
    with pytest.raises(exception.RecordGenerationError):
        client.remove(KEY, {"gen": meta["gen"] + 1}, wrong)
    client.remove(KEY, None, DURABLE)
    with pytest.raises(exception.RecordNotFound):
        client.remove(KEY, None, DURABLE)


@ENTERPRISE
def test_the_generation_of_a_record_that_comes_again_goes_on(place):
    client, key = place.client, ("test", "durable", "again")
    for number in range(3):
        client.put(key, {f"b{number}": 1})
    client.remove(key, None, DURABLE)
    create = {"exists": aerospike.POLICY_EXISTS_CREATE}
    client.put(key, {"n": 1}, None, create)
    _, meta, bins = client.get(key)
    assert (meta["gen"], bins) == (5, {"n": 1})
