"""Calls about users and roles, by whichever client of the name is installed.

    python official_admin.py ADDRESS:PORT

Prints one line of JSON for each call: the call, and its result, or the class, the code
and, of what the client itself refuses, the text of its error. Run by
`test_official_admin.py`, on the client of PyPI and on ours.
"""

from __future__ import annotations

import json
import sys

import aerospike

READ, WRITE, SYS_ADMIN = (
    aerospike.PRIV_READ,
    aerospike.PRIV_WRITE,
    aerospike.PRIV_SYS_ADMIN,
)
DEMO = {"code": READ, "ns": "test", "set": "demo"}
R = [{"code": READ}]

# method, arguments, keywords
CALLS = [
    ("admin_create_user", ["bob", "secret", ["read"]], {}),
    ("admin_create_user", ["bob", "secret", ["read"]], {}),
    ("admin_create_user", [1, "secret", ["read"]], {}),
    ("admin_create_user", ["b", 2, ["read"]], {}),
    ("admin_create_user", ["b", "x", "read"], {}),
    ("admin_create_user", ["b", "x", []], {}),
    ("admin_create_user", ["b", "x", ["nope"]], {}),
    ("admin_create_user", ["b"], {}),
    ("admin_create_user", ["b", "x", ["read"], 5], {}),
    ("admin_create_user", ["b", "x", ["read"], {"timeout": "x"}], {}),
    ("admin_create_user", [], {"user": "kw", "password": "p", "roles": ["read"]}),
    ("admin_create_user", ["long", "x" * 60, ["read", "write"]], {}),
    ("admin_create_pki_user", ["pki", ["read"]], {}),
    ("admin_drop_user", ["nobody"], {}),
    ("admin_drop_user", [1], {}),
    ("admin_drop_user", ["kw"], {"policy": {"timeout": 20_000}}),
    ("admin_set_password", ["bob", "s2"], {}),
    ("admin_set_password", ["bob", 2], {}),
    ("admin_set_password", ["nobody", "s2"], {}),
    ("admin_change_password", ["bob", "s2"], {}),
    ("admin_change_password", ["bob", 1], {}),
    ("admin_grant_roles", ["bob", ["write", "truncate"]], {}),
    ("admin_revoke_roles", ["bob", ["write"]], {}),
    ("admin_revoke_roles", ["bob", ["nope"]], {}),
    ("admin_query_user_info", ["bob"], {}),
    ("admin_query_user_info", [1], {}),
    ("admin_query_user_info", ["nobody"], {}),
    ("admin_query_users_info", [], {}),
    (
        "admin_create_role",
        ["r1", [DEMO, {"code": SYS_ADMIN}]],
        {"whitelist": ["127.0.0.1", "10.0.0.0/8"], "read_quota": 10, "write_quota": 20},
    ),
    ("admin_create_role", ["r1", R], {}),
    ("admin_create_role", ["r2", [{"code": READ, "ns": "test"}]], {}),
    ("admin_create_role", ["r3", [{"code": WRITE, "set": "x"}]], {}),
    ("admin_create_role", ["r3", [{"code": SYS_ADMIN, "ns": "test", "set": "x"}]], {}),
    ("admin_create_role", ["r3", [{"code": 77}]], {}),
    ("admin_create_role", ["r3", [{"ns": "x"}]], {}),
    ("admin_create_role", ["r3", "x"], {}),
    ("admin_create_role", ["r4", []], {}),
    ("admin_create_role", [5, []], {}),
    ("admin_create_role", ["r5", R], {"whitelist": ["nowhere"]}),
    ("admin_create_role", ["r5", R], {"whitelist": []}),
    ("admin_get_role", ["r1"], {}),
    ("admin_get_role", ["r2"], {}),
    ("admin_get_role", ["r4"], {}),
    ("admin_get_role", ["nope"], {}),
    ("admin_get_role", [1], {}),
    ("admin_get_roles", [], {}),
    ("admin_query_role", ["r1"], {}),
    ("admin_query_role", ["nope"], {}),
    ("admin_query_roles", [], {}),
    ("admin_grant_privileges", ["r1", [{"code": WRITE, "ns": "test"}]], {}),
    ("admin_revoke_privileges", ["r1", [{"code": SYS_ADMIN}]], {}),
    ("admin_revoke_privileges", ["r1", "x"], {}),
    ("admin_set_whitelist", ["r1", ["127.0.0.1"]], {}),
    ("admin_get_role", ["r1"], {}),
    ("admin_set_whitelist", ["r1", None], {}),
    ("admin_set_whitelist", ["r1", "x"], {}),
    ("admin_set_whitelist", ["r1"], {}),
    ("admin_set_quotas", ["r1", 7, 8], {}),
    ("admin_set_quotas", ["r1"], {"read_quota": 5, "write_quota": 6}),
    ("admin_set_quotas", ["nope", 1, 1], {}),
    ("admin_get_role", ["r1"], {}),
    ("admin_drop_role", ["r1"], {}),
    ("admin_drop_role", ["r1"], {}),
    ("admin_drop_role", ["read"], {}),
    ("admin_change_password", ["admin", "newpw"], {}),
    ("admin_query_users_info", [], {}),
]


def result_of(client, method, args, kwargs):
    try:
        return getattr(client, method)(*args, **kwargs)
    except aerospike.exception.AerospikeError as error:
        told = [type(error).__name__, error.code]
        return [*told, error.msg] if (error.code or 0) < 0 else told
    except TypeError as error:
        return ["TypeError", str(error)]


def main():
    address, _, port = sys.argv[1].rpartition(":")
    client = aerospike.client(
        {
            "hosts": [(address, int(port))],
            "user": "admin",
            "password": "admin",
            "policies": {"admin": {"timeout": 20_000}},
        }
    ).connect()
    for call in CALLS:
        print(json.dumps([*call, result_of(client, *call)]))
    client.close()


if __name__ == "__main__":
    main()
