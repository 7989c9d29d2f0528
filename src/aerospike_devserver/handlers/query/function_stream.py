"""A function in Lua over a stream of records: the nodes' half of an aggregation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aerospike_devserver.handlers.query.candidates import Candidate
from aerospike_devserver.handlers.query.query_fields import Function
from aerospike_devserver.handlers.udf.scripts import script_of
from aerospike_devserver.handlers.udf.seen import Seen
from aerospike_devserver.handlers.udf.values import arguments, result_entry
from aerospike_devserver.storage.state import ClusterState
from aerospike_lua import records

_END = object()
_REFUSED = 1
"""What a change of a record gives, which a stream only shows."""


def entries(
    cluster: ClusterState,
    function: Function,
    found: Iterable[Candidate],
    limit_s: float,
) -> Iterator[bytes]:
    """What comes out of a function, as entries of a reply; CallError.

    limit_s: how long the function may run for one record, or one element.
    """
    script = script_of(cluster, function.module)
    now_s, take = cluster.clock.now_s(), script.runtime.take

    def each_seen() -> Iterator[records.Host]:
        for each in found:
            script.go_on(limit_s)
            yield _InStream(each.digest, each.record, now_s, take)

    elements = script.runtime.elements(
        function.name,
        _one_record(each_seen()),
        arguments(function.arguments),
        is_client=False,
    )
    while True:
        with script.limited(limit_s, has_time=False):  # as on a real server
            element = next(elements, _END)
            if element is _END:
                return
            entry = result_entry(b"SUCCESS", element)
        yield entry


def _one_record(hosts: Iterable[records.Host]) -> Iterator[records.Record]:
    """The same record again and again, each time that of another host.

    So a function that keeps one sees the newest in it, as on a real server.
    """
    shown: _Shown | None = None
    for host in hosts:
        if shown is None:
            shown = _Shown(host)
        else:
            shown.turn_to(host)
        yield shown


class _Shown(records.Record):
    """A record whose bins cannot be assigned."""

    __slots__ = ()

    def lua_assign(self, key: Any, value: Any) -> None:
        """Pass over it, as a real server does."""


class _InStream(Seen):
    """A record of a stream: nothing changes it."""

    def set_ttl(self, seconds: int) -> None:
        pass

    def drop_key(self) -> None:
        pass

    def update(self, record: records.Record) -> int:
        return _REFUSED

    def create(self, record: records.Record) -> int:
        return _REFUSED

    def remove(self, record: records.Record) -> int:
        return _REFUSED
