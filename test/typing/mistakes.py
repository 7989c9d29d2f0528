"""What type checkers must find: each line that is marked has one mistake.

tools/check_typing.py runs the checkers, which must complain of these lines alone.
"""

from __future__ import annotations

import aerospike
from aerospike.typing import Config, Key, QueryPolicy, ReadPolicy, Record, WriteMeta
from aerospike_helpers.batch.records import Write

KEY: Key = ("test", "demo", 1)

misspelt_key: ReadPolicy = {"total_timout": 100}  # wrong
wrong_type: ReadPolicy = {"total_timeout": "100"}  # wrong
of_writes: ReadPolicy = {"exists": 1}  # wrong
no_hosts: Config = {"validate_keys": True}  # wrong
no_port: Config = {"hosts": [("127.0.0.1",)]}  # wrong
no_section: Config = {"hosts": [], "policies": {"reed": {}}}  # wrong
deep: Config = {"hosts": [], "policies": {"read": {"max_retry": 1}}}  # wrong
meta: WriteMeta = {"tll": 1}  # wrong
parts: QueryPolicy = {"partition_filter": {"first": 0}}  # wrong
short_key: Key = ("test", "demo")  # wrong
float_key: Key = ("test", "demo", 1.5)  # wrong
no_tuple: Key = "key"  # wrong


def calls(client: aerospike.Client, record: Record) -> None:
    client.get("key")  # wrong
    client.put(KEY)  # wrong
    client.put(KEY, [1])  # wrong
    client.get(KEY, 100)  # wrong
    client.touch(KEY, "60")  # wrong
    client.operate(KEY, {"op": 1})  # wrong
    client.query("test").select(1)  # wrong
    client.no_such_call()  # wrong
    record.bin  # wrong
    record.bins = {}  # wrong
    record.meta["tll"]  # wrong
    client.exists(KEY)[1]["gen"]  # wrong
    Write(KEY, None)  # wrong
    client.list_append(KEY, "l")  # wrong
    client.batch_read([("test", "demo")])  # wrong
    client.admin_create_user("bob", "secret")  # wrong
    client.admin_create_user("bob", "secret", "read")  # wrong
    client.admin_create_role("r1", [{"cod": 10}])  # wrong
    client.admin_grant_privileges("r1", [{"code": 10, "namespace": "test"}])  # wrong
    client.admin_query_users_info()["bob"]["role"]  # wrong
    client.connect("bob", 5)  # wrong
