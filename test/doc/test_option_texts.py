"""The texts about options, held against the tables that the client works with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aerospike
import generated
import option_texts as texts
from aerospike import _core

DOC = Path(generated.__file__).parents[1]
TABLES = ("policy", "meta", "config", "lua", "shm", "tls", "policies")


def rows(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _core.option_tables()[table]
    return found


@pytest.mark.parametrize("table", TABLES)
def test_every_key_has_a_text_and_every_text_a_key(table):
    has_text = {row["name"] for row in rows(table) if row["new_name"] is None}
    if table == "config":
        has_text |= {"max_threads"}  # has a default of its own when it is given
    assert set(texts.TABLES[table]) == has_text


def test_every_kind_is_on_the_page():
    kinds = {kind for row in rows("policy") for kind in row["kinds"]}
    page = (DOC / "configuration.md").read_text(encoding="utf-8")
    shown = {
        kind for kind in kinds if f"<!-- generated: options policy {kind} -->" in page
    }
    assert shown == kinds


def test_defaults_are_those_of_the_client(hosts):
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


def test_options_of_the_command_line_are_code():
    """Elsewhere Markdown makes a dash of two hyphens."""
    outside = "".join(generated.command_line().split("`")[::2])
    assert "--" not in outside.replace("| --- | --- | --- |", "")


def test_what_pages_generate_is_expanded():
    for page in DOC.rglob("*.md"):
        text = generated.expand(page.read_text("utf-8"))
        assert "<!-- generated" not in text
        assert "%(" not in text  # as the help of an option has it
