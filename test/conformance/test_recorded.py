"""The recorded answers of a real server, held against this client."""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike

from ..absent import ABSENT
from ..children import LIMIT_S, server
from ..waiting import patient
from .differences import (
    DECIDED,
    NEED_LUPA,
    NEED_ONE_NODE,
    NEED_PORT_3000,
    OWN_ANSWERS,
    PARAM_ERRORS,
    PENDING,
    QUIRKS,
    SUPERSETS,
    UNTYPED,
)

HERE = Path(__file__).parent
RECORDED_VERSION = "8.1"
AREAS = [
    "keys",
    "record",
    "value",
    "config",
    "list",
    "map",
    "exp",
    "vec",
    "operate",
    "bit",
    "hll",
    "batch",
    "query",
    "info",
    "udf",
]
QUIRK_LINES = [
    line
    for line in (HERE / "quirks.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


# a development cluster of one node and one of three; a real one has the nodes it has
N_NODES = [1, pytest.param(3, marks=pytest.mark.takes_long)]
if os.environ.get("AEROSPIKE_HOSTS"):
    N_NODES = [None]


@pytest.fixture(scope="module", params=N_NODES)
def hosts(request, real_hosts) -> Iterator[list[tuple[str, int]]]:
    """Seeds of the version that was recorded."""
    if real_hosts:
        yield real_hosts
        return
    options = ["--nodes", str(request.param), "--server-version", RECORDED_VERSION]
    with server(options=options) as (address, _):
        yield [address]


@pytest.fixture(scope="module")
def out_of_reach(hosts) -> set[str]:
    """Cases that cannot be answered here as the recorded cluster did."""
    client = aerospike.client(patient({"hosts": hosts})).connect()
    n_nodes = len(client.get_nodes())
    client.close()
    return {
        *(NEED_ONE_NODE if n_nodes > 1 else ()),
        *(NEED_PORT_3000 if hosts[0][1] != 3000 else ()),
        *(fnmatch.filter(recorded("udf"), NEED_LUPA) if "lupa" in ABSENT else ()),
    }


@pytest.fixture(scope="module")
def answers(hosts, tmp_path_factory) -> dict[str, Any]:
    host, port = hosts[0]
    command = [sys.executable, "-W", "ignore", str(HERE / "replay.py"), host, str(port)]
    found: dict[str, Any] = {}
    for areas in (["config"], [area for area in AREAS if area != "config"]):
        out = tmp_path_factory.mktemp("conformance") / "answers.json"
        subprocess.run([*command, str(out), *areas], check=True, timeout=LIMIT_S)
        found |= json.loads(out.read_text())
    return found


def recorded(area: str) -> dict[str, Any]:
    return dict(json.loads((HERE / "golden" / f"{area}.json").read_text()))


def text(answer: Any) -> str:
    return json.dumps(answer, sort_keys=True)  # where True is not 1


@pytest.mark.parametrize("area", AREAS)
def test_answers_are_as_recorded(answers, out_of_reach, area):
    wanted = recorded(area)
    differing = {
        case: f"expected {text(want)[:300]}, got {text(answers.get(case))[:300]}"
        for case, want in wanted.items()
        if text(want) != text(answers.get(case))
        and case not in DECIDED
        and case not in OWN_ANSWERS
        and case not in PENDING
        and case not in SUPERSETS
        and case not in out_of_reach
        and case not in PARAM_ERRORS
        and not any(fnmatch.fnmatch(case, other) for other in QUIRK_LINES)
    }
    assert differing == {}


def first_of(answer: Any) -> str:
    """What DECIDED says of an answer."""
    while isinstance(answer, list):
        answer = answer[0]
    if isinstance(answer, dict):
        answer = answer.get("class", "ok")
    return answer if isinstance(answer, str) else "ok"


@pytest.mark.parametrize("case", DECIDED)
def test_decided_difference_is_the_answer_named(answers, case):
    assert first_of(answers[case]) == DECIDED[case]


def test_every_quirk_is_decided():
    assert QUIRKS.keys() == set(QUIRK_LINES)


def settings_of(answer: Any) -> Iterator[tuple[str, Any]]:
    """(kind of value, answer) of a case that tries values of each kind, maybe in each
    section of the policies."""
    if isinstance(answer, dict):
        answer = [pair for _, pairs in answer["map"] for pair in pairs]
    yield from answer


def is_as_decided(case: str, answer: Any, decision: str) -> bool:
    if decision == "recorded":
        return text(answer) == text(recorded(case.split("/")[0])[case])
    if decision == "typed":
        refused = {"ParamError", "TypeError", "ClientError"}
        return case in UNTYPED or all(
            first_of(found) in refused
            for kind, found in settings_of(answer)
            if kind in ("float", "bytes")
        )
    if decision == "named":
        return first_of(answer) == "ok" and '["", null]' not in text(answer)
    if decision[0] == "{":
        return text(answer[0]) == decision
    return first_of(answer) == decision


@pytest.mark.parametrize("line", QUIRKS)
def test_quirk_is_answered_as_decided(answers, line):
    cases = [
        case for area in AREAS for case in recorded(area) if fnmatch.fnmatch(case, line)
    ]
    assert cases
    for case in cases:
        decision = next(
            QUIRKS[line][glob] for glob in QUIRKS[line] if fnmatch.fnmatch(case, glob)
        )
        assert is_as_decided(case, answers[case], decision), (case, answers[case])


@pytest.mark.parametrize("case", OWN_ANSWERS)
def test_own_answer_is_the_one_written_down(answers, case):
    assert answers[case] == OWN_ANSWERS[case]
    assert answers[case] != recorded(case.split("/")[0])[case]


@pytest.mark.parametrize("case", PENDING)
def test_pending_case_still_differs(answers, case):
    wanted = recorded(case.split("/")[0])
    assert text(answers[case]) != text(wanted[case]), f"{PENDING[case]} works: take out"


def holds(more: Any, less: Any) -> bool:
    """Everything of less stands in more, in the same order."""
    if isinstance(more, dict) and isinstance(less, dict):
        return more.keys() == less.keys() and all(holds(more[k], less[k]) for k in less)
    if isinstance(more, list) and isinstance(less, list):
        rest = iter(more)
        return all(any(holds(item, wanted) for item in rest) for wanted in less)
    return bool(text(more) == text(less))


@pytest.mark.parametrize("case", SUPERSETS)
def test_superset_has_all_that_was_recorded(answers, case):
    wanted = recorded(case.split("/")[0])[case]
    if case == "config/exceptions":
        # the recorded class had the code of an earlier error's instance
        wanted["map"].remove(["AerospikeError", [[], 25]])
    assert holds(answers[case], wanted)
    assert text(answers[case]) != text(wanted)


@pytest.mark.parametrize("case", PARAM_ERRORS)
def test_wrong_arguments_are_found_before_they_are_sent(answers, case):
    wanted = recorded(case.split("/")[0])[case]
    pairs = list(zip(answers[case], wanted, strict=True))
    differing = [got["class"] for got, want in pairs if got != want and "class" in got]
    assert differing
    assert set(differing) <= {"ParamError", "BinNameError"}
