"""Run by `test_official_security.py` where the `aerospike` of PyPI is installed.

    python official_security.py FUNCTION CONFIG

CONFIG is JSON: the configuration of a client. A function walks through calls and prints
what came of them, one line of JSON for each step.
"""

import json
import sys

import aerospike
from aerospike import exception

KEY = ("test", "official", "key")
KINDS = ("read", "write", "operate", "remove", "batch", "query")
PATIENT = {kind: {"total_timeout": 30_000} for kind in KINDS}
LATE = {"timeout": 30_000}
"""Policy of admin calls, whose own limit is a second."""


def say(step, value):
    print(json.dumps([step, value]), flush=True)


def raised(call, *args):
    try:
        return call(*args)
    except exception.AerospikeError as error:
        return [type(error).__name__, error.code]


def connected(config, **policies):
    hosts = [tuple(host) for host in config["hosts"]]
    policies = {**PATIENT, "login_timeout_ms": 30_000, **policies}
    return aerospike.client({**config, "hosts": hosts, "policies": policies})


def use(client):
    """Put, get, query."""
    say("nodes", len(client.get_node_names()))
    say("put", raised(client.put, KEY, {"i": 1, "s": "x" * 100_000}))
    say("get", client.get(KEY)[2]["i"])
    say("query", len(client.query(*KEY[:2]).results()))


def data(config):
    use(connected(config))


def admin(config):
    client = connected(config)
    use(client)
    say("create user", client.admin_create_user("ada", "s1", ["read"], LATE))
    say("grant roles", client.admin_grant_roles("ada", ["write"], LATE))
    say("user", client.admin_query_user_info("ada", LATE)["roles"])
    say("users", sorted(client.admin_query_users_info(LATE)))
    scope = {"code": aerospike.PRIV_READ, "ns": "test", "set": "official"}
    everywhere = {"code": aerospike.PRIV_SYS_ADMIN}
    limits = (["127.0.0.1", "10.0.0.0/8"], 100, 200)
    privileges = [scope, everywhere]
    say("create role", client.admin_create_role("r", privileges, LATE, *limits))
    say("role", client.admin_get_role("r", LATE))
    say("roles", len(client.admin_get_roles(LATE)))
    say("revoke", client.admin_revoke_privileges("r", [everywhere], LATE))
    say("whitelist", client.admin_set_whitelist("r", ["10.0.0.1"], LATE))
    say("quotas", client.admin_set_quotas("r", 1, 2, LATE))
    say("role again", client.admin_get_role("r", LATE))
    say("revoke roles", client.admin_revoke_roles("ada", ["write"], LATE))

    ada = connected({**config, "user": "ada", "password": "s1"})
    say("ada reads", ada.get(KEY)[2]["i"])
    say("ada writes", raised(ada.put, KEY, {"i": 2}))
    say("ada truncates", raised(ada.truncate, *KEY[:2], 0))
    say("ada rules", raised(ada.admin_drop_user, "admin"))
    say("ada changes", ada.admin_change_password("ada", "s2", LATE))
    say("old password", raised(connected, {**config, "user": "ada", "password": "s1"}))
    say("set password", client.admin_set_password("ada", "s3", LATE))
    say("new password", raised(connected, {**config, "user": "ada", "password": "s2"}))
    say("nobody", raised(connected, {**config, "user": "eve", "password": "s1"}))
    client.admin_grant_roles("ada", ["r"], LATE)
    say("elsewhere", raised(ada.get, KEY))
    client.admin_set_whitelist("r", [], LATE)
    refusal = ["QuotaExceeded", 83]  # one that comes before a second has passed
    say("quota", any(raised(ada.get, KEY) == refusal for _ in range(1000)))
    say("drop role", client.admin_drop_role("r", LATE))
    say("drop user", client.admin_drop_user("ada", LATE))
    say("dropped", raised(ada.get, KEY))


def pki(config):
    """The certificate is of ada; clients of admin connect without one, too."""
    connected(config).admin_create_pki_user("ada", ["read-write"], LATE)
    own = {
        key: value for key, value in config.items() if key not in ("user", "password")
    }
    use(connected(own, auth_mode=aerospike.AUTH_PKI))


def external(config):
    mode = {"auth_mode": aerospike.AUTH_EXTERNAL_INSECURE}
    use(connected(config, **mode))
    wrong = {**config, "password": "wrong"}
    say("wrong", raised(lambda: connected(wrong, **mode)))


if __name__ == "__main__":
    globals()[sys.argv[1]](json.loads(sys.argv[2]))
