"""Every kind of call, whose replies are cut at every byte.

What the development server has is looked at before and behind each call: a write that
was applied never says that it was not.
"""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import PATIENCE_S, PATIENT, until
from .kinds import (
    ASKS_NOTHING,
    CLIENTS,
    NAMESPACE,
    SET,
    Kind,
    connect,
    doubts,
    kinds,
    modules,
    prepare,
    prepare_for,
    snapshot,
)

FOLDER = modules()
KINDS = kinds(FOLDER.name)
KEY = (NAMESPACE, SET, "cut")
LIMIT_MS = 5000
STEPS = {"select", "add_ops", "apply", "where", "where_with_index_name", "paginate"}
STEPS |= {"where_with_expr", "is_done", "get_partitions_status"}
"""Methods of queries and scans that ask nothing."""

REFUSED = {"job_info", "scan_info", "admin_create_pki_user", "set_xdr_filter"}
CHANGE_NOTHING = {"map_set_policy", "admin_change_password"}
UNSURE = {"truncate"}
"""It leaves what was written in the same millisecond."""

MOST_REQUESTS = 4
"""A call that waits for all nodes asks until they have answered."""


LONG = {"query.apply", "scan_apply", "query_apply"}
"""Kinds with many replies to cut, which is left to test-long."""


class Place(NamedTuple):
    cluster: DevCluster
    clients: dict[str, aerospike.Client]
    """Those whose calls meet faults, by rows of CLIENTS."""
    keeper: aerospike.Client
    """The one that meets none."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with (
        DevCluster(security=True) as cluster,
        connect(cluster.hosts, FOLDER.name) as blocking,
        connect(cluster.hosts, FOLDER.name, "async") as awaited,
        connect(cluster.hosts, FOLDER.name, **PATIENT) as keeper,
    ):
        prepare(keeper, FOLDER.name)
        clients = {"blocking": blocking, "async": awaited}
        yield Place(cluster, clients, keeper)


def cases() -> Iterator[Any]:
    """Each kind with each client."""
    for of in CLIENTS:
        for name in KINDS:
            marks = [pytest.mark.takes_long] if name in LONG else []
            yield pytest.param(of, name, id=f"{name}-{of}", marks=marks)


def attempt(kind: Kind, client: aerospike.Client) -> tuple[Any, Any]:
    """Result and error of a call, one of them None."""
    try:
        return kind.run(client, KEY, kind.policy(LIMIT_MS)), None
    except exception.AerospikeError as error:
        return None, error


def names_of(cls: type) -> set[str]:
    """The public methods of a class."""
    public = {name for name in dir(cls) if name[0] != "_"}
    return {name for name in public if callable(getattr(cls, name))}


def outcome(result: Any, error: Any) -> list[int]:
    return [code for code, _ in doubts(result, error)]


def test_every_method_is_a_kind():
    of_clients = {name for name in KINDS if "." not in name}
    assert names_of(aerospike.Client) == of_clients | ASKS_NOTHING
    for made in (aerospike.Query, aerospike.Scan):
        own = f"{made.__name__.lower()}."
        asked = {name.removeprefix(own) for name in KINDS if name.startswith(own)}
        assert names_of(made) - STEPS == asked - {"apply"}


@pytest.mark.parametrize(("of", "name"), list(cases()))
def test_call_is_carried_out(place, of, name):
    """The arguments are such that a server takes them, or says why it does not."""
    prepare_for(place.keeper, name, KEY, FOLDER.name)
    before = snapshot(place.cluster)
    result, error = attempt(KINDS[name], place.clients[of])
    assert (error is None and not outcome(result, error)) or name in REFUSED, error
    if KINDS[name].writes and name not in REFUSED | CHANGE_NOTHING | UNSURE:
        assert snapshot(place.cluster) != before


@pytest.mark.parametrize(("of", "name"), list(cases()))
def test_write_that_was_applied_is_in_doubt_wherever_its_reply_is_cut(place, of, name):
    kind, (cluster, clients, keeper) = KINDS[name], place
    client = clients[of]
    prepare_for(keeper, name, KEY, FOLDER.name)
    whole = outcome(*attempt(kind, client))
    for nth in range(1, MOST_REQUESTS + 1):
        for at in itertools.count():
            prepare_for(keeper, name, KEY, FOLDER.name)
            before = snapshot(cluster)
            with cluster.faults.cut(at, nth=nth) as fault:
                result, error = attempt(kind, client)
            was_applied = snapshot(cluster) != before
            failed = doubts(result, error)
            if not kind.writes:
                assert not any(doubt for _, doubt in failed), (nth, at, error)
            elif was_applied and failed:
                assert all(doubt for _, doubt in failed), (nth, at, error)
            if [code for code, _ in failed] == whole:
                break
        if fault.hits == 0:
            break


class Interrupt(BaseException):
    """What the handler of a signal raises."""


def interrupt(_number: int, _frame: Any) -> None:
    raise Interrupt


@pytest.fixture
def alarm() -> Iterator[Callable[[], None]]:
    """Ends what the main thread does."""
    before = signal.signal(signal.SIGALRM, interrupt)
    me = threading.get_ident()
    yield lambda: signal.pthread_kill(me, signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)


def attempt_interrupted(
    place: Place, kind: Kind, nth: int, alarm: Callable[[], None]
) -> BaseException | None:
    """What a call raises that a signal ends when its nth request is carried out."""
    ended = threading.Event()
    with place.cluster.faults.silence(nth=nth) as fault:

        def watch() -> None:
            until(lambda: fault.hits > 0 or ended.is_set())
            if fault.hits > 0:
                alarm()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            attempt(kind, place.clients["blocking"])
            ended.set()
            watcher.join(PATIENCE_S)
        except Interrupt as error:
            return error
        finally:
            ended.set()
            watcher.join(PATIENCE_S)
    return None


@pytest.mark.parametrize("name", KINDS)
def test_write_that_was_applied_is_in_doubt_when_a_signal_ends_it(place, alarm, name):
    kind, (cluster, _, keeper) = KINDS[name], place
    for nth in range(1, MOST_REQUESTS + 1):
        prepare_for(keeper, name, KEY, FOLDER.name)
        before = snapshot(cluster)
        error = attempt_interrupted(place, kind, nth, alarm)
        if error is None:
            assert nth > 1
            break
        was_applied = kind.writes and snapshot(cluster) != before
        in_doubt = aerospike.in_doubt(error)
        assert in_doubt or not was_applied, nth
        assert kind.writes or not in_doubt, nth


def test_interrupt_of_which_nothing_is_known_is_in_doubt():
    """It may have come when a write had just ended."""
    assert aerospike.in_doubt(KeyboardInterrupt())
    assert aerospike.in_doubt(Interrupt())
    assert not aerospike.in_doubt(ValueError())


def test_exception_whose_in_doubt_cannot_be_set_comes_out(place, alarm):
    class ReadOnly(Interrupt):
        in_doubt = property(lambda _: True)

    def refuse(_number: int, _frame: Any) -> None:
        raise ReadOnly

    signal.signal(signal.SIGALRM, refuse)
    prepare_for(place.keeper, "udf_remove", KEY, FOLDER.name)
    for name in ("put", "batch_operate", "udf_remove", "get", "info_all"):
        error = attempt_interrupted(place, KINDS[name], 1, alarm)
        assert type(error) is ReadOnly
