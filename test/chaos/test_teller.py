"""Who moves amounts finds a client that lies, and has nothing to say of one that does
not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

import aerospike
from aerospike_devserver import DevCluster

from ..waiting import patient
from . import teller
from .__main__ import parse
from .crews import Threads
from .doomed import Doomed
from .drivers import Blocking, at_once
from .model import Kind, Outcome, Unrest
from .teller import Desk, House, Teller

N_TIMES = 40


class Client:
    """A client that tells the truth."""

    def __init__(self, real: aerospike.Client) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Forgets(Client):
    """It writes outside of the transaction."""

    def operate(self, key: Any, list: Any, policy: Any) -> Any:  # noqa: A002 - its name
        given = {k: v for k, v in policy.items() if k != "txn"}
        return self._real.operate(key, list, policy=given)


class Repeats(Client):
    """It writes twice."""

    def operate(self, key: Any, list: Any, policy: Any) -> Any:  # noqa: A002 - its name
        self._real.operate(key, list, policy=policy)
        return self._real.operate(key, list, policy=policy)


class Commits(Client):
    """It commits what is to be aborted, and says that it has aborted it."""

    def abort(self, txn: Any) -> int:
        self._real.commit(txn)
        txn._set_state(aerospike.TXN_STATE_ABORTED)
        return aerospike.ABORT_OK


class Leaves(Client):
    """It leaves to the servers what it is to abort, and says that it has done it."""

    def abort(self, txn: Any) -> int:
        txn._set_state(aerospike.TXN_STATE_ABORTED)
        return aerospike.ABORT_OK


@pytest.fixture(scope="module")
def cluster() -> Iterator[DevCluster]:
    with DevCluster(1, strong_consistency=True) as made:
        yield made


@pytest.fixture
def real(cluster: DevCluster) -> Iterator[aerospike.Client]:
    cluster.reset()
    with aerospike.client(patient(cluster.config)) as made:
        yield made


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to the servers, and limits are longer than a machine is busy."""
    monkeypatch.setattr(teller, "DAWDLES", 0.0)
    monkeypatch.setattr(teller, "LEAVES", 0.0)
    monkeypatch.setattr(teller, "LIMITS_MS", (30_000,))
    monkeypatch.setattr(teller, "TIMEOUTS_S", (60,))


def worked(client: Any) -> Teller:
    """Who has moved amounts, and summed up all, many times."""
    house = House("test", "chaos", Unrest(1.0))
    made = Teller("t", Blocking(client), Desk(house), random.Random(7), 0.0)
    for _ in range(N_TIMES):
        at_once(made._transfer())
        at_once(made._plain_read())
        at_once(made._plain_write())
        at_once(made._sum_up())
    return made


def test_who_tells_the_truth_is_believed(real):
    tally = worked(Client(real)).tally
    assert (tally.found, tally.broken, tally.strange) == ([], [], [])
    assert tally.outcomes["transfer", "done"] > N_TIMES / 4
    assert tally.outcomes["sum", "told"] > N_TIMES / 4


def test_who_is_killed_leaves_all_or_nothing(cluster, real):
    options = parse(["--transactions"])
    house = House("test", "chaos", Unrest(1.0))
    bank = house.open()
    with closing(Threads(cluster.hosts, options)) as crew:
        doomed = Doomed(house, crew, options, "seed")
        doomed._live(bank, "life")
    assert doomed.tally.broken == []
    outcomes = {move.outcome for move in bank.moves().values()}
    assert outcomes
    assert Outcome.PENDING not in outcomes
    cluster.advance(60)  # the server ends what was left
    looker = Teller("t", Blocking(real), Desk(house), random.Random(7), 0.0)
    assert at_once(looker._read_all(bank, 30_000))
    assert (looker.tally.found, looker.tally.broken) == ([], [])


@pytest.mark.parametrize(
    ("lies", "kind"),
    [
        (Forgets, Kind.DENIED_APPLIED),
        (Repeats, Kind.TWICE),
        (Commits, Kind.DENIED_APPLIED),
        (Leaves, Kind.LOCKED),
    ],
)
def test_who_lies_is_found_out(real, lies, kind):
    assert kind in {each.kind for each in worked(lies(real)).tally.found}
