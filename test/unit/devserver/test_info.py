"""Info commands: the rules of the text protocol, and what each one answers."""

import base64
import re
import time

import pytest

from aerospike_devserver import DevCluster

from ...waiting import let_pass, until
from .rawwire import INFO, Connection, RecordClient, put_int

UNRECOGNIZED = "ERROR:4:unrecognized command"


@pytest.mark.parametrize(
    ("request_body", "reply"),
    [
        (b"partitions\n", b"partitions\t4096\n"),
        (b"partitions", b""),
        (b"partitions\npartit", b"partitions\t4096\n"),
        (b"\n", b"\tERROR:4:unrecognized command\n"),
        (b"partitions \n", b"partitions \tERROR:4:unrecognized command\n"),
        (b"PARTITIONS\n", b"PARTITIONS\tERROR:4:unrecognized command\n"),
        (b"partitions\r\n", b"partitions\r\tERROR:4:unrecognized command\n"),
        (b"parti\0tions\n", b"parti\tERROR:4:unrecognized command\n"),
        (b"\xc3\xa9\n", b"\xc3\xa9\tERROR:4:unrecognized command\n"),
        (b"\xff\n", b"\xff\tERROR:4:unrecognized command\n"),
        (b"partitions:\n", b"partitions:\t4096\n"),
        (b"partitions:a=b\n", b"partitions:a=b\t4096\n"),
        (b"partitions/a\n", b"partitions/a\t4096\n"),
        (
            b"partitions\nnope\nstatus\n",
            b"partitions\t4096\nnope\tERROR:4:unrecognized command\nstatus\tok\n",
        ),
    ],
)
def test_text_protocol_keeps_its_rules(connection, request_body, reply):
    assert connection.exchange(INFO, request_body) == (INFO, reply)


def test_empty_request_names_the_node(connection):
    _, body = connection.exchange(INFO, b"")
    values = dict(line.split("\t") for line in body.decode().splitlines())
    assert values["node"] == connection.info("node")[0]
    assert values["build"] == connection.info("build")[0]


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("node", r"BB9[0-9A-F]{12}"),
        ("name", r"BB9[0-9A-F]{12}"),
        ("build", r"\d+\.\d+\.\d+\.\d+"),
        ("version", r"Aerospike Community Edition build [\d.]+"),
        ("edition", "Aerospike Community Edition"),
        ("release", r"edition=Aerospike Community Edition;version=[\d.]+;.*"),
        ("compatibility-id", r"\d+"),
        ("status", "ok"),
        ("cluster-name", r"\w+"),
        ("partition-generation", r"\d+"),
        ("peers-generation", r"\d+"),
        ("rebalance-generation", r"\d+"),
        ("partitions", "4096"),
        ("service", r"127\.0\.0\.1:\d+"),
        ("service-clear-std", r"127\.0\.0\.1:\d+"),
        ("service-clear-alt", ""),
        ("services", ""),
        ("services-alumni", ""),
        ("peers-clear-std", r"\d+,3000,\[\]"),
        ("peers-clear-std:generation=0", r"\d+,3000,\[\]"),
        ("peers-clear-alt", r"\d+,3000,\[\]"),
        ("alumni-clear-std", r"\d+,3000,\[\]"),
        ("peers-tls-std", "ERROR:25:enterprise only"),
        ("peers-tls-alt", "ERROR:25:enterprise only"),
        ("service-tls-std", "ERROR:25:enterprise only"),
        ("rack-ids", "ERROR:25:enterprise only"),
        ("racks:", "ERROR:25:enterprise only"),
        ("quiesce:", "ERROR:25:enterprise only"),
        ("roster:", "ERROR:25:enterprise only"),
        ("features", r"batch-any;.*;replicas;.*"),
        ("namespaces", "test;bar"),
        ("namespace/nosuch", "type=unknown"),
        ("namespace", "type=unknown"),
        ("sets/nosuch", "ns_type=unknown"),
        ("sets/test/nosuch", ""),
        ("connection", "admin=false"),
        ("digests", "RIPEMD160"),
        ("logs", "0:stderr"),
        ("udf-list", ".*"),
        ("sindex-list:", ".*"),
        ("query-show", ".*"),
        ("cluster-stable", r"[0-9A-F]{12}"),
        ("cluster-stable:size=1;ignore-migrations=true", r"[0-9A-F]{12}"),
        ("cluster-stable:size=3", "ERROR:7:cluster not specified size"),
        ("cluster-stable:size=x", "ERROR:4:bad size"),
        ("cluster-stable:size=" + "9" * 5000, "ERROR:4:bad size"),
        ("cluster-stable:namespace=x", "ERROR:20:namespace not found on node"),
        ("get-config", r".*\bproto-fd-max=\d+.*"),
        ("get-config:context=service", r".*\bproto-fd-max=\d+.*"),
        ("get-config:context=network", r".*service\.port=\d+.*"),
        ("get-config:context=security", ""),
        ("get-config:context=nosuch", "ERROR:4:invalid context"),
        ("get-config:context=namespace", "ERROR:20:missing 'namespace'"),
        ("get-config:context=namespace;id=test", r".*\bdefault-ttl=0;.*"),
        ("get-config:context=namespace;namespace=test", r".*\bnsup-period=10;.*"),
        (
            "get-config:context=namespace;id=nosuch",
            "ERROR:20:namespace not found on node",
        ),
        ("replicas:max=x", "ERROR:4:bad max"),
        ("replicas:max=" + "9" * 5000, "ERROR:4:bad max"),
        ("truncate:", "ERROR:20:missing 'namespace'"),
        ("truncate:namespace=test", "ERROR:4:missing 'set'"),
        ("truncate:namespace=test;set=zz;lut=1", "ERROR:4:would truncate to 0"),
        ("truncate:namespace=test;set=zz;lut=x", "ERROR:4:would truncate to 0"),
        (
            "truncate:namespace=test;set=zz;lut=9999999999999999999",
            "ERROR:4:would truncate in the future",
        ),
        ("truncate:namespace=test;set=zz;lut=", "ERROR:4:missing 'lut' value"),
        ("truncate:namespace=test;set=zz;lut= 5x", "ERROR:4:would truncate to 0"),
        (
            "truncate:namespace=test;set=zz;lut=-1",
            "ERROR:4:would truncate in the future",
        ),
        (
            f"truncate:namespace=test;set=zz;lut={'1' * 24}",
            "ERROR:4:'lut' value too long",
        ),
        ("truncate:namespace=test;set=", "ERROR:4:missing 'set' value"),
        ("truncate:namespace=test;set=;lut=5", "ERROR:4:missing 'set' value"),
        ("truncate:namespace=nosuch;set=", "ERROR:4:missing 'set' value"),
        (f"truncate:namespace=test;set={'s' * 64}", "ERROR:4:'set' value too long"),
        ("truncate:namespace=;set=zz", "ERROR:20:missing 'namespace' value"),
        ("truncate:ns=test;set=zz", "ERROR:20:missing 'namespace'"),
        (
            f"truncate:namespace={'n' * 32};set=zz",
            "ERROR:20:'namespace' value too long",
        ),
        ("truncate:namespace=nosuch;set=zz", "ok"),
        ("truncate-namespace:", "ERROR:20:missing 'namespace'"),
        ("truncate-namespace:namespace=", "ERROR:20:missing 'namespace' value"),
        ("truncate-namespace:namespace=test;set=x", "ERROR:4:unexpected set name"),
        ("truncate-namespace:namespace=nosuch", "ok"),
        ("user-agent-set:", "ERROR:4:missing 'value'"),
        ("user-agent-set:value=", "ERROR:4:missing 'value' value"),
        ("user-agent-set:value=%%", "ERROR:4:'value' invalid base64"),
        ("sindex-create:namespace=test", "ERROR:.*"),
        ("no-such-command", UNRECOGNIZED),
    ],
)
def test_command_has_its_answer(connection, command, pattern):
    (value,) = connection.info(command)
    assert re.fullmatch(pattern, value)


def settings_of(text, separator=";"):
    return dict(item.split("=", 1) for item in text.strip(separator).split(separator))


def test_statistics_have_the_well_known_keys(connection):
    found = settings_of(connection.info("statistics")[0])
    assert found["cluster_size"] == "1"
    assert found["cluster_integrity"] == "true"
    assert int(found["client_connections"]) >= 1
    assert {"uptime", "cluster_key", "objects"} <= found.keys()


def test_namespace_has_statistics_and_settings(connection, record):
    record.write(put_int(b"a", 1))
    found = settings_of(connection.info("namespace/test")[0])
    assert int(found["objects"]) >= 1
    assert found["ns_cluster_size"] == "1"
    assert found["stop_writes"] == "false"
    assert found["strong-consistency"] == "false"
    assert found["default-ttl"] == "0"


def test_sets_list_names_and_counts(connection):
    client = RecordClient(connection, b"q" * 20, b"sets-test")
    client.write(put_int(b"a", 1))
    one, of_namespace, everything = connection.info(
        "sets/test/sets-test", "sets/test", "sets"
    )
    assert one.startswith("objects=1:")
    assert "ns=test:set=sets-test:objects=1:" in of_namespace
    assert of_namespace in everything
    client.remove()
    assert connection.info("sets/test/sets-test")[0].startswith("objects=0:")


def ones(bitmap):
    """The set bits of a partition bitmap, most significant first."""
    data = base64.b64decode(bitmap, validate=True)
    assert len(data) == 512
    return {p for p in range(4096) if data[p >> 3] & (0x80 >> (p & 7))}


def test_lone_node_owns_every_partition(connection):
    replicas, one, every, master = connection.info(
        "replicas", "replicas:max=1", "replicas-all", "replicas-master"
    )
    everything = set(range(4096))
    for answer in (replicas, one):
        for part in answer.split(";"):
            regime, count, bitmap = part.partition(":")[2].split(",")
            assert (regime, count) == ("0", "1")
            assert ones(bitmap) == everything
    assert [ones(part.split(",")[1]) for part in every.split(";")] == [everything] * 2
    assert [ones(part.split(":")[1]) for part in master.split(";")] == [everything] * 2


def test_user_agent_is_set_once(connection):
    agent = base64.b64encode(b"1,test-1.0,app").decode()
    first, second = connection.info(*[f"user-agent-set:value={agent}"] * 2)
    assert (first, second) == ("ok", "ERROR:4:already set")


def test_truncate_drops_what_is_older(connection):
    clients = [RecordClient(connection, bytes([i]) * 20, b"trunc") for i in range(3)]
    kept = RecordClient(connection, b"k" * 20, b"trunc-keep")
    for client in (*clients, kept):
        client.write(put_int(b"a", 1))
    let_pass(0.02)
    assert connection.info("truncate:namespace=test;set=trunc") == ["ok"]
    until(lambda: all(client.exists().result == 2 for client in clients))
    assert kept.exists().result == 0
    kept.remove()


def test_truncate_respects_the_cut_off():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        old = RecordClient(connection, b"o" * 20)
        new = RecordClient(connection, b"n" * 20, b"other")
        old.write(put_int(b"a", 1))
        cluster.advance(60)
        cut = time.time_ns() + 30 * 10**9
        new.write(put_int(b"a", 1))
        assert connection.info(f"truncate-namespace:namespace=test;lut={cut}") == ["ok"]
        assert (old.exists().result, new.exists().result) == (2, 0)
        assert "truncate_lut=0" not in connection.info("sets/test/other")[0]


def test_user_agents_are_counted_per_connection():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        agent = base64.b64encode(b"1,test-1.0,app").decode()
        with Connection(*cluster.hosts[0]) as other:
            other.info(f"user-agent-set:value={agent}")
            connection.info(f"user-agent-set:value={agent}")
            expected = f"user-agent={agent}:count=2;"
            assert connection.info("user-agents") == [expected]
        left = [f"user-agent={agent}:count=1;"]
        until(lambda: connection.info("user-agents") == left)


def test_configured_values_are_reported():
    with (
        DevCluster(version="8.2.0.1", cluster_name="mine", namespaces=["one"]) as made,
        Connection(*made.hosts[0]) as connection,
    ):
        answers = connection.info("build", "cluster-name", "namespaces")
        assert answers == ["8.2.0.1", "mine", "one"]


@pytest.mark.parametrize(
    ("version", "build"),
    [("8.1", "8.1.2.0"), ("8.2", "8.2.0.0"), (None, "8.2.0.0"), ("7.2.0.5", "7.2.0.5")],
)
def test_version_that_is_played_is_reported(version, build):
    options = {} if version is None else {"version": version}
    with DevCluster(**options) as made, Connection(*made.hosts[0]) as connection:
        assert connection.info("build") == [build]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("query-show", ""),
        ("query-show:id=123456", "ERROR:2:job not found"),
        ("query-show:trid=123456", "ERROR:2:job not found"),
        ("query-abort:id=123456", "ERROR:2:id not active"),
        ("query-abort-all", "number-of-queries-killed:0"),
    ],
)
def test_there_are_no_jobs(own_record, command, answer):
    assert own_record.connection.info(command) == [answer]


@pytest.mark.parametrize(
    ("address", "own", "peer"),
    [
        ("example.org:3000", "example.org:3000", "example.org:3010"),
        ("example.org:2990", "example.org:2990", "example.org"),
        ("[::1]:5", "[::1]:5", "[::1]:15"),
    ],
)
def test_nodes_are_where_the_access_address_says(address, own, peer):
    with (
        DevCluster(nodes=2, access_address=address) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        assert connection.info("service-clear-std") == [own]
        assert connection.info("peers-clear-std")[0].endswith(f",,[{peer}]]]")


def test_nodes_on_all_addresses_are_where_the_client_has_found_one():
    with DevCluster(nodes=2, host="0.0.0.0", allow_remote=True) as cluster:
        ports = [port for _, port in cluster.hosts]
        assert cluster.hosts[0] == ("127.0.0.1", ports[0])
        with Connection("127.0.0.2", ports[0]) as connection:
            assert connection.info("service-clear-std") == [f"127.0.0.2:{ports[0]}"]
            peers = connection.info("peers-clear-std")[0]
            assert peers.endswith(f"[127.0.0.2:{ports[1]}]]]")
