"""Run by `test_other_clients.py` where `aerospike-py` of PyPI is installed.

That client has no TLS.
"""

import json
import sys

import aerospike_py
from aerospike_py.exception import AerospikeError

KEY = ("test", "others", "key")
LATE = {"total_timeout": 30_000, "socket_timeout": 30_000}
ADMIN = {"timeout": 30_000}


def say(step, value):
    print(json.dumps([step, value]), flush=True)


def refused(call, *args):
    try:
        call(*args)
    except AerospikeError as error:
        return [type(error).__name__, str(error)]


def connected(config, user, password):
    hosts = [tuple(host) for host in config["hosts"]]
    client = aerospike_py.client({"hosts": hosts, "timeout": 30_000})
    return client.connect(user, password)


def main(config):
    client = connected(config, config["user"], config["password"])
    say("nodes", len(client.get_node_names()))
    client.put(KEY, {"i": 1, "s": "x" * 100_000}, None, LATE)
    say("get", client.get(KEY, LATE).bins["i"])
    records = client.query(*KEY[:2]).results(LATE)
    say("query", [record.bins["i"] for record in records])
    client.admin_create_user("ada", "secret", ["read"], ADMIN)
    user = client.admin_query_user_info("ada", ADMIN)
    say("user", [user["user"], user["roles"]])

    ada = connected(config, "ada", "secret")
    say("ada reads", ada.get(KEY, LATE).bins["i"])
    error, text = refused(ada.put, KEY, {"i": 2}, None, LATE)
    say("ada writes", [error, "(81)" in text])
    say("wrong password", refused(connected, config, "ada", "wrong")[:1])
    client.admin_drop_user("ada", ADMIN)
    say("users", [user["user"] for user in client.admin_query_users_info(ADMIN)])


main(json.loads(sys.argv[1]))
