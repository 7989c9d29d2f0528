"""The client of PyPI logs in to the development server, over TCP and over TLS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aerospike_devserver import DevCluster

from . import environment
from .test_official_client import official_python as official_python

SCRIPT = Path(__file__).parent / "official_security.py"

USED = {"nodes": 2, "put": 0, "get": 1, "query": 1}
"""What the steps that all have in common come to."""
READ_OFFICIAL = {"code": 10, "ns": "test", "set": "official"}
SYS_ADMIN = {"code": 1, "ns": "", "set": ""}
VIOLATION = ["RoleViolation", 81]
ADMINISTERED = USED | {
    "create user": 0,
    "grant roles": 0,
    "user": ["read", "write"],
    "users": ["ada", "admin"],
    "create role": 0,
    "role": {
        "privileges": [SYS_ADMIN, READ_OFFICIAL],
        "whitelist": ["127.0.0.1", "10.0.0.0/8"],
        "read_quota": 100,
        "write_quota": 200,
    },
    "roles": 11,
    "revoke": 0,
    "whitelist": 0,
    "quotas": 0,
    "role again": {
        "privileges": [READ_OFFICIAL],
        "whitelist": ["10.0.0.1"],
        "read_quota": 1,
        "write_quota": 2,
    },
    "revoke roles": 0,
    "ada reads": 1,
    "ada writes": VIOLATION,
    "ada truncates": VIOLATION,
    "ada rules": VIOLATION,
    "ada changes": 0,
    "old password": ["InvalidCredential", 65],
    "set password": 0,
    "new password": ["InvalidCredential", 65],
    "nobody": ["InvalidUser", 60],
    "elsewhere": ["NotWhitelisted", 82],
    "quota": True,
    "drop role": 0,
    "drop user": 0,
    "dropped": ["NotAuthenticated", 80],
}


def steps(python: Path, function: str, config: dict[str, Any]) -> dict[str, Any]:
    """What the steps of a function of the script came to."""
    return environment.steps(python, "-I", SCRIPT, function, json.dumps(config))


@pytest.mark.parametrize("settings", [{}, {"tls": True}, {"mutual_tls": True}], ids=str)
def test_official_client_administers_users_and_roles(official_python, settings):
    with DevCluster(2, security=True, **settings) as cluster:
        assert steps(official_python, "admin", cluster.config) == ADMINISTERED


@pytest.mark.parametrize(
    "settings",
    [{"tls": True}, {"mutual_tls": True}, {"tls": True, "tls_only": True}],
    ids=str,
)
def test_official_client_uses_tls_without_users(official_python, settings):
    with DevCluster(2, **settings) as cluster:
        assert steps(official_python, "data", cluster.config) == USED


def test_official_client_uses_tls_for_its_login_only(official_python):
    with DevCluster(2, security=True, tls=True) as cluster:
        config = cluster.config
        config["tls"]["for_login_only"] = True
        assert steps(official_python, "data", config) == USED
        # on the ports without TLS the same tokens are good


def test_official_client_logs_in_with_its_certificate(official_python):
    with DevCluster(2, security=True, tls=True) as cluster:
        config = cluster.config
        files = cluster.client_certificate("ada")
        config["tls"] |= dict(zip(("certfile", "keyfile"), files, strict=True))
        assert steps(official_python, "pki", config) == USED


def test_official_client_logs_in_as_an_external_user(official_python):
    users = {"eva": {"password": "clear", "roles": ["read-write"]}}
    with DevCluster(2, security=True, external_users=users) as cluster:
        config = {**cluster.config, "user": "eva", "password": "clear"}
        found = steps(official_python, "external", config)
        assert found == USED | {"wrong": ["AerospikeError", 93]}
