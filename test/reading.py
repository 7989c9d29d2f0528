"""Reading some records of a query: in this process, or in one of another client.

    python reading.py HOST:PORT ...

answers requests, which come pickled on the standard input; `Elsewhere` is who asks.
The interpreter may be one that has the `aerospike` of PyPI, so this module imports
nothing of the tests, and uses what both clients have.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aerospike
from aerospike import exception, predicates
from aerospike_helpers import expressions as exp

NS, SET = "test", "reading"
TWICE = exp.Mul(exp.IntBin("i"), 2)
ODD = exp.Eq(exp.IntAnd(exp.IntBin("i"), 1), 1)

Ids = list[int]
Status = dict[Any, Any]

PATIENT: dict[str, Any] = {
    "total_timeout": 60_000,
    "max_retries": 1000,
    "sleep_between_retries": 50,
}
"""A policy for queries whose nodes may go: they go on until the others have all."""

LIMIT = 10**6
NO_BIN: Any = None
CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "number": lambda q: q.where(predicates.between("i", -LIMIT, LIMIT)),
    "text": lambda q: q.where(predicates.equals("s", "all")),
    "bytes": lambda q: q.where(predicates.equals("b", b"all")),
    "point": lambda q: q.where(
        predicates.geo_within_radius("g", 10.0, 20.0, 1_000_000.0)
    ),
    "list": lambda q: q.where(
        predicates.range("l", aerospike.INDEX_TYPE_LIST, -LIMIT, LIMIT)
    ),
    "name": lambda q: q.where_with_index_name(
        "reading_i", predicates.between(NO_BIN, -LIMIT, LIMIT)
    ),
    "expression": lambda q: q.where_with_expr(
        TWICE.compile(), predicates.between(NO_BIN, -LIMIT, LIMIT)
    ),
}
"""Conditions that all records fit, by the kind of query."""

KINDS = ["query", "scan", *CONDITIONS]


def make(client: Any, kind: str) -> Any:
    """A query of a kind, or a scan."""
    if kind == "scan":
        return client.scan(NS, SET)
    query = client.query(NS, SET)
    return CONDITIONS[kind](query) if kind in CONDITIONS else query


def filter_of(only_odd: bool) -> dict[str, Any]:
    """An entry for policies; compiled expressions differ from client to client."""
    return {"expressions": ODD.compile()} if only_odd else {}


class Stop(Exception):
    """What a callback raises."""


def _page_of_stream(query: Any, policy: dict[str, Any]) -> list[Any]:
    with query.stream(policy) as records:
        return list(records)


def _page_of_foreach(query: Any, policy: dict[str, Any]) -> list[Any]:
    page: list[Any] = []
    query.foreach(lambda *given: page.append(given[-1]), policy)
    return page


def _by_page(
    read_all: Callable[[Any, dict[str, Any]], list[Any]],
) -> Callable[[Any, dict[str, Any], int, Any], None]:
    """A page of n records at most, of which none is left."""

    def read(query: Any, policy: dict[str, Any], n: int, see: Any) -> None:
        if hasattr(query, "max_records"):
            query.max_records = n
        else:  # the scans of the client on PyPI
            policy = {**policy, "max_records": n}
        page = read_all(query, policy)
        assert n == 0 or len(page) <= n
        for record in page:
            see(record)

    return read


_page_of_results = _by_page(lambda query, policy: query.results(policy))


def _by_results(query: Any, policy: dict[str, Any], _n: int, see: Any) -> None:
    _page_of_results(query, policy, 0, see)


def _by_callback(how: str) -> Callable[[Any, dict[str, Any], int, Any], None]:
    """A foreach() whose callback refuses record n: by False, or by an exception."""

    def read(query: Any, policy: dict[str, Any], n: int, see: Any) -> None:
        n_seen = 0

        def call(*given: Any) -> bool:
            nonlocal n_seen
            n_seen += 1
            if n_seen < n:
                see(given[-1])
            elif how == "raise":
                raise Stop
            elif how == "interrupt":
                raise KeyboardInterrupt
            return n_seen < n

        try:
            query.foreach(call, policy)
        except KeyboardInterrupt:
            assert how == "interrupt"
        except exception.ClientError:
            if how != "raise" or n_seen < n:
                raise

    return read


def _see_some(records: Iterable[Any], n: int, see: Any) -> None:
    """Leave a loop with its n-th record, which counts as read."""
    for i, record in enumerate(records, 1):
        see(record)
        if i >= n:
            break


def _by_stream(query: Any, policy: dict[str, Any], n: int, see: Any) -> None:
    with query.stream(policy) as records:
        _see_some(records, n, see)


def _by_loop(query: Any, _policy: dict[str, Any], n: int, see: Any) -> None:
    """A loop has no policy, so that it reads pages of a whole set."""
    _see_some(query, n, see)
    gc.collect()


WAYS: dict[str, Callable[[Any, dict[str, Any], int, Any], None]] = {
    "page": _page_of_results,
    "page of foreach": _by_page(_page_of_foreach),
    "page of stream": _by_page(_page_of_stream),
    "results": _by_results,
    "False": _by_callback("False"),
    "raise": _by_callback("raise"),
    "interrupt": _by_callback("interrupt"),
    "stream": _by_stream,
    "loop": _by_loop,
}
SHARED_WAYS = ["page", "page of foreach", "results", "False", "raise"]
"""What the client on PyPI has, too."""


def read(
    query: Any, policy: dict[str, Any], way: str, n: int, see: Callable[[int], Any]
) -> None:
    """Read about n records in one of the WAYS.

    :param see: called with the id of each record that counts as read, also of those
        that came before a failure.
    """
    if hasattr(query, "max_records"):
        query.max_records = 0
    WAYS[way](query, policy, n, lambda record: see(record[2]["i"]))


class Elsewhere:
    """A process that reads for others, connected by now. A context manager.

    :param python: an interpreter that has a client.
    """

    def __init__(self, python: str | Path, hosts: Iterable[tuple[str, int]]) -> None:
        texts = [f"{host}:{port}" for host, port in hosts]
        self._process = subprocess.Popen(
            [python, "-I", "-W", "ignore", __file__, *texts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answer()

    def _answer(self) -> Any:
        """The next thing that it says."""
        answers = self._process.stdout
        assert answers is not None
        failure, found = pickle.load(answers)
        assert failure is None, failure
        return found

    def read(
        self, kind: str, only_odd: bool, policy: dict[str, Any], way: str, n: int
    ) -> tuple[Ids, Status, bool]:
        """Read with a new query: ids, its status, whether it is done."""
        pipe = self._process.stdin
        assert pipe is not None
        pickle.dump((kind, only_odd, policy, way, n), pipe)
        pipe.flush()
        found: tuple[Ids, Status, bool] = self._answer()
        return found

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # its input ends, and so does it


def serve(hosts: list[str]) -> None:
    """The other side of Elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may come between the answers

    def say(failure: str | None, found: Any) -> None:
        pickle.dump((failure, found), answers)
        answers.flush()

    pairs = (text.rpartition(":") for text in hosts)
    client = aerospike.client({"hosts": [(host, int(port)) for host, _, port in pairs]})
    # The first values of GeoJSON must not come in several threads: the client on PyPI
    # then fails, or drops the records, while one of its threads imports json.
    aerospike.geojson('{"type": "Point", "coordinates": [0, 0]}').unwrap()
    say(None, "connected")
    with open(0, "rb") as requests:
        while requests.peek():
            request = pickle.load(requests)
            try:
                say(None, _read_for(client, *request))
            except BaseException:  # noqa: BLE001 - the test judges it
                say(traceback.format_exc(), None)
    client.close()


def _read_for(
    client: Any, kind: str, only_odd: bool, policy: dict[str, Any], way: str, n: int
) -> tuple[Ids, Status, bool]:
    query = make(client, kind)
    ids: Ids = []
    read(query, {**policy, **filter_of(only_odd)}, way, n, ids.append)
    return ids, query.get_partitions_status(), query.is_done()


if __name__ == "__main__":
    serve(sys.argv[1:])
