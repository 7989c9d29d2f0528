"""Waits for all nodes end: by time that the test makes up, on nodes that it plays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from aerospike import exception
from aerospike._calls import indexes, waits

Answer = Callable[[float], str]
"""What a node says at a time; it may raise."""


class Clock:
    """The module `time` of the waits, whose pauses take no time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Cluster:
    """What the waits need of a client; nodes are {name: answer}."""

    def __init__(self, clock: Clock, nodes: dict[str, Answer]) -> None:
        self.clock, self.nodes = clock, nodes
        self.began = clock.now
        self.policies: list[Any] = []

    def age(self) -> float:
        return self.clock.now - self.began

    def info_random_node(self, command: str, policy: Any) -> str:
        self.policies.append(policy)
        return f"{command}\tok\n"

    def get_node_names(self) -> list[dict[str, Any]]:
        return [{"node_name": name} for name in self.nodes]

    def info_single_node(self, command: str, node: str, policy: Any) -> str:
        self.policies.append(policy)
        assert re.match("sindex-(stat|exists):namespace=test;indexname=idx$", command)
        return f"{command}\t{self.nodes[node](self.age())}\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(waits, "time", made)
    monkeypatch.setattr(indexes, "time", made)
    return made


def loaded(percent: float) -> str:
    return f"entries=1;load_pct={int(percent)};load_time=1"


def ready(_: float) -> str:
    return loaded(100)


def stands(_: float) -> str:
    return loaded(40)


def silent(_: float) -> str:
    raise exception.TimeoutError(9, "no reply in 1000 ms", "", 0, False)


def down(_: float) -> str:
    raise exception.ConnectionError(-10, "refused", "", 0, False)


def absent(_: float) -> str:
    raise exception.IndexNotFound(201, "no index", "", 0, False)


def in_hours(age: float) -> str:
    """An index that takes a day: one percent in 14 minutes."""
    return loaded(min(100, age / 864))


def in_minutes(age: float) -> str:
    return loaded(min(100, 2 * age))


POLICY = {"timeout": 5}


def create(cluster: Cluster) -> int:
    client: Any = cluster
    return indexes.index_integer_create(client, "test", "s", "b", "idx", POLICY)


def remove(cluster: Cluster) -> int:
    client: Any = cluster
    return indexes.index_remove(client, "test", "idx", POLICY)


def test_wait_ends_when_all_nodes_have_loaded(clock):
    cluster = Cluster(clock, {"A": ready, "B": in_minutes, "C": in_minutes})
    assert create(cluster) == 0
    assert 50 <= cluster.age() < 51
    assert cluster.policies == [POLICY] * len(cluster.policies)


def test_wait_goes_on_while_one_node_comes_further(clock):
    """However long; others may stand for longer than the limit."""
    starts_late = {"A": lambda age: loaded(0 if age < 3000 else 100), "B": ready}
    goes_on = {"C": lambda age: loaded(min(100, age / 40))}
    cluster = Cluster(clock, starts_late | goes_on)
    assert create(cluster) == 0
    assert 4000 <= cluster.age() < 4001


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ({"A": ready, "B": stands}, "node B is at 40 %"),
        ({"A": stands, "B": silent}, "node B gave no answer for 60 s: no reply in"),
        ({"A": ready, "B": silent}, "node B gave no answer for 60 s: no reply in"),
        ({"A": in_minutes, "B": down}, "node B gave no answer for 60 s: refused"),
        ({"A": ready, "B": in_hours}, "node B is at 0 %"),
        ({}, "no node came further for 60 s: there is none"),
    ],
)
def test_wait_for_an_index_ends_and_names_the_node(clock, nodes, text):
    cluster = Cluster(clock, nodes)
    with pytest.raises(
        exception.TimeoutError, match="index idx does not load"
    ) as caught:
        create(cluster)
    assert text in str(caught.value)
    assert "node A gave" not in str(caught.value)
    assert (caught.value.code, caught.value.in_doubt) == (9, True)
    assert 60 <= cluster.age() < 62


def test_wait_ends_a_minute_after_the_last_progress(clock):
    stops = {"A": lambda age: loaded(min(75, age))}
    cluster = Cluster(clock, stops)
    with pytest.raises(exception.TimeoutError, match="node A is at 75 %"):
        create(cluster)
    assert 135 <= cluster.age() < 137


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda _: "true", "node B is at 0 %"),
        (silent, "node B gave no answer for 60 s"),
        (down, "node B gave no answer for 60 s"),
    ],
)
def test_wait_for_a_removal_ends_and_names_the_node(clock, answer, text):
    cluster = Cluster(clock, {"A": lambda _: "false", "B": answer})
    with pytest.raises(
        exception.TimeoutError, match="index idx is not removed"
    ) as caught:
        remove(cluster)
    assert text in str(caught.value)
    assert 60 <= cluster.age() < 62
    assert cluster.policies == [POLICY] * len(cluster.policies)


@pytest.mark.parametrize("call", [create, remove])
def test_node_that_leaves_is_not_waited_for(clock, call):
    cluster = Cluster(clock, {"A": lambda _: "load_pct=100"})

    def leave(age: float) -> str:
        if age > 5:
            del cluster.nodes["B"]
        return silent(age)

    cluster.nodes["B"] = leave
    assert call(cluster) == 0
    assert 5 < cluster.age() < 7


@pytest.mark.parametrize("call", [create, remove])
def test_node_that_is_silent_for_a_while_is_waited_for(clock, call):
    answers = {"A": lambda age: silent(age) if age < 50 else "load_pct=100"}
    cluster = Cluster(clock, answers)
    assert call(cluster) == 0
    assert 50 <= cluster.age() < 51


def test_index_that_does_not_appear(clock):
    cluster = Cluster(clock, {"A": ready, "B": absent})
    with pytest.raises(exception.IndexNotFound, match="not appear on node B"):
        create(cluster)
    assert 10 <= cluster.age() < 12


def test_refusal_ends_the_wait_at_once(clock):
    def refuses(_: float) -> str:
        raise exception.NamespaceNotFound(20, "unknown namespace", "", 0, False)

    cluster = Cluster(clock, {"A": refuses})
    with pytest.raises(exception.NamespaceNotFound):
        create(cluster)
    assert cluster.age() == 0
