"""The texts about options, held against the tables that the client works with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import aerospike
from aerospike import _core

EXT = Path(__file__).parents[2] / "doc" / "_ext"
TABLES = ("policy", "meta", "config", "lua", "shm")


def load(name: str) -> Any:
    """A module of the documentation's extension."""
    spec = importlib.util.spec_from_file_location(name, EXT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts():
    return load("option_texts")


@pytest.fixture(scope="module")
def generated(texts):
    return load("generated")


def rows(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _core.option_tables()[table]
    return found


@pytest.mark.parametrize("table", TABLES)
def test_every_key_has_a_text_and_every_text_a_key(texts, table):
    has_text = {row["name"] for row in rows(table) if row["new_name"] is None}
    if table == "config":
        has_text |= {"max_threads"}  # has a default of its own when it is given
    assert set(texts.TABLES[table]) == has_text


def test_every_kind_is_on_the_page():
    kinds = {kind for row in rows("policy") for kind in row["kinds"]}
    page = (EXT.parent / "configuration.md").read_text(encoding="utf-8")
    shown = {
        kind for kind in kinds if f"<!-- generated: options policy {kind} -->" in page
    }
    assert shown == kinds


def test_defaults_are_those_of_the_client(texts, generated, hosts):
    with aerospike.client({"hosts": hosts}) as client:
        policies = client.get_policies()
    constants = {
        "key": {"DIGEST": aerospike.POLICY_KEY_DIGEST},
        "gen": {"IGNORE": aerospike.POLICY_GEN_IGNORE},
        "exists": {"IGNORE": aerospike.POLICY_EXISTS_IGNORE},
        "commit_level": {"ALL": aerospike.POLICY_COMMIT_LEVEL_ALL},
        "read_mode_ap": {"ONE": aerospike.POLICY_READ_MODE_AP_ONE},
        "read_mode_sc": {
            "SESSION": aerospike.POLICY_READ_MODE_SC_SESSION,
            "LINEARIZE": aerospike.POLICY_READ_MODE_SC_LINEARIZE,
        },
        "replica": {
            "MASTER": aerospike.POLICY_REPLICA_MASTER,
            "SEQUENCE": aerospike.POLICY_REPLICA_SEQUENCE,
        },
        "expected_duration": {"LONG": aerospike.QUERY_DURATION_LONG},
    }
    compared = 0
    for row in rows("policy"):
        if row["new_name"] is not None:
            continue
        for kind in row["kinds"]:
            value = policies.get(kind, {}).get(row["name"])
            shown = generated.default_of(texts.POLICY[row["name"]], kind)
            if value is not None:
                named = constants.get(row["name"], {})
                assert str(named.get(shown, shown)) == str(value), (kind, row["name"])
                compared += 1
    assert compared > 100


def test_options_of_the_command_line_are_code(generated):
    """Elsewhere Markdown makes a dash of two hyphens."""
    outside = "".join(generated.command_line().split("`")[::2])
    assert "--" not in outside.replace("| --- | --- | --- |", "")


def test_what_pages_generate_is_expanded(generated):
    for page in EXT.parent.glob("*.md"):
        text = generated.expand(page.read_text("utf-8"))
        assert "<!-- generated" not in text
        assert "%(" not in text  # as the help of an option has it
