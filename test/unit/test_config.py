"""aerospike.client(config): what it takes, and what it refuses before it connects."""

from __future__ import annotations

from typing import Any

import pytest

import aerospike
from aerospike import _core, _report, exception

from ..waiting import NOWHERE


def make(**config: Any) -> aerospike.Client:
    return aerospike.client({"hosts": [NOWHERE], **config})


# hosts


@pytest.mark.parametrize("args", [(), (None,), ([("127.0.0.1", 3000)],), ("x",), (5,)])
def test_client_wants_a_dict(args):
    with pytest.raises(exception.ParamError):
        aerospike.client(*args)


def test_client_takes_the_config_by_its_name():
    config = {"hosts": [NOWHERE], "policies": {"read": {"total_timeout": 7}}}
    with aerospike.client(config=config) as client:
        assert client.get_policies()["read"]["total_timeout"] == 7
    with pytest.raises(exception.ParamError, match="No config argument"):
        aerospike.client(conf=config)  # type: ignore[call-arg]
    with pytest.raises(exception.ParamError, match="one argument"):
        aerospike.client(config, config=config)  # type: ignore[misc]


def test_client_takes_one_argument():
    with pytest.raises(exception.ParamError, match="one argument"):
        aerospike.client({"hosts": [NOWHERE]}, {})  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "hosts",
    [
        None,
        [],
        (),
        "127.0.0.1:3000",
        {"127.0.0.1": 3000},
        5,
        [5],
        [None],
        [()],
        [("h",)],
        [("h", "3000")],
        [("h", None)],
        [("h", 3000.0)],
        [("h", -1)],
        [("h", 65536)],
        [("h", 2**70)],
        [("", 3000)],
        [(b"h", 3000)],
        [(None, 3000)],
        [("h\0x", 3000)],
        [("\ud800", 3000)],
        [("h", 3000, 5)],
        [("h", 3000, "tls", 1)],
        [""],
        [":3000"],
        ["h:"],
        ["h:x"],
        ["h:70000"],
        ["h:-1"],
        ["[::1"],
        ["[::1]x"],
        ["h\0:3000"],
        ["\ud800:3000"],
    ],
)
def test_malformed_hosts_are_refused(hosts):
    with pytest.raises(exception.ParamError) as caught:
        aerospike.client({"hosts": hosts})
    assert caught.value.code == -2
    assert "ost" in str(caught.value)


def test_hosts_are_required():
    with pytest.raises(exception.ParamError, match="hosts"):
        aerospike.client({"policies": {}})


PORT = NOWHERE[1]
SHAPES: dict[str, Any] = {
    "list of tuples": [("127.0.0.1", PORT)],
    "tuple of tuples": (("127.0.0.1", PORT),),
    "list of lists": [["127.0.0.1", PORT]],
    "empty name of TLS": [("127.0.0.1", PORT, "")],
    "no name of TLS": [("127.0.0.1", PORT, None)],
    "text": [f"127.0.0.1:{PORT}"],
    "name": [("localhost", PORT)],
    "text of a name": [f"localhost:{PORT}"],
    "text in brackets": [f"[127.0.0.1]:{PORT}"],
    "several": [("no-such-host.invalid", 2), f"127.0.0.1:{PORT}"],
}


@pytest.mark.parametrize("hosts", SHAPES.values(), ids=SHAPES)
def test_hosts_take_many_shapes(hosts):
    client = aerospike.client({"hosts": hosts, "connect_timeout": 5000})
    with pytest.raises(exception.ConnectionError) as caught:
        client.connect()
    assert caught.value.host == f"127.0.0.1:{PORT}"


def test_name_of_tls_without_tls_is_warned_of():
    hosts = [("127.0.0.1", PORT, "of a node")]
    with pytest.warns(aerospike.AerospikeWarning, match="TLS name 'of a node'"):
        make(hosts=hosts)
    make(hosts=hosts).close()  # it has been said in this process


@pytest.mark.parametrize(
    "config",
    [
        {"policies": None},
        {"policies": {"read": None, "batch_write": None}},
        {"tls": None},
        {"lua": None},
        {"shm": None},
        {"serialization": None},
        {"app_id": None},
        {"send_bool_as": None},
    ],
    ids=str,
)
def test_section_that_is_none_is_absent(config):
    make(**config, validate_keys=True).close()


@pytest.mark.parametrize("config", [{"min_conns_per_node": 101}, {"max_threads": 5}])
def test_least_connections_are_not_above_the_most(config):
    make(min_conns_per_node=100).close()
    with pytest.raises(exception.ParamError, match="min_conns_per_node") as caught:
        make(**{"min_conns_per_node": 6, **config})
    assert str(config.get("max_threads", 100)) in str(caught.value)


@pytest.mark.parametrize(
    ("rate", "window", "good"),
    [
        (1, 1, True),
        (100, 1, True),
        (101, 1, False),
        (3, 4, False),
        (100, 100, True),
        (200, 2, True),
        (201, 2, False),
        (1, 0, False),
        (0, 0, True),
        (0, 9, True),
    ],
)
def test_error_rate_is_in_proportion_to_its_window(unwarned, rate, window, good):
    config = {"max_error_rate": rate, "error_rate_window": window}
    if good:
        make(**config, validate_keys=True).close()
        return
    with pytest.raises(exception.ParamError, match="max_error_rate"):
        make(**config, validate_keys=True)
    with pytest.warns(aerospike.AerospikeWarning, match="the defaults, 100 and 1"):
        make(**config).close()


@pytest.mark.parametrize("section", ["query", "scan"])
def test_partition_filter_is_no_default(section):
    with pytest.raises(exception.ParamError, match=f"{section}.*partition_filter"):
        make(policies={section: {"partition_filter": {"begin": 0}}})


def test_folders_of_lua_may_have_255_bytes(tmp_path):
    own = str(tmp_path) + "/" * (255 - len(str(tmp_path)))
    with make(lua={"user_path": own, "system_path": "x" * 255}) as client:
        assert client._lua() == (own, "x" * 255, 256 << 20)


def test_lua_has_defaults():
    configs: list[dict[str, Any]] = [{}, {"lua": {}}, {"lua": None}]
    for config in configs:
        with make(**config) as client:
            assert client._lua() == ("./", "/usr/local/aerospike/lua", 256 << 20)


@pytest.mark.usefixtures("unwarned")
def test_folder_of_lua_that_is_none_is_the_current_one(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path in (str(file), "nowhere/at/all", ""):
        with pytest.warns(aerospike.AerospikeWarning, match=r"user_path .*no folder"):
            client = make(lua={"user_path": path})
        with client:
            assert client._lua()[0] == "./"


@pytest.mark.parametrize("size", [0, 1 << 20, 1 << 40])
def test_memory_of_lua(size):
    with make(lua={"max_memory": size}) as client:
        assert client._lua()[2] == size


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no-such-host.invalid:3000"])
def test_port_of_a_host_alone_is_3000(host):
    client = aerospike.client({"hosts": [host]})
    with pytest.raises(exception.ClientError) as caught:
        client.connect()
    assert caught.value.host == "no-such-host.invalid:3000"
    assert (caught.value.code, caught.value.phase) == (-1, "resolve")


# values of the wrong kind

WRONG: dict[str, list[Any]] = {
    "tend_interval": ["x", 1.5, None],
    "connect_timeout": ["x", None, []],
    "max_conns_per_node": ["x", None, 0],
    "min_conns_per_node": ["x", None],
    "pool_timeout": ["x", None],
    "thread_pool_size": ["x", None],
    "max_threads": ["x"],
    "max_socket_idle": ["x", None],
    "max_error_rate": ["x", None],
    "error_rate_window": ["x", None],
    "use_services_alternate": ["x", None, 1.5],
    "force_single_node": ["x", None],
    "fail_if_not_connected": ["x", None, 1],
    "validate_keys": ["x", None, 1],
    "error_keys": ["x", None],
    "cluster_name": [5, b"x", "a\0b", "\ud800"],
    "legacy_types": [5, "x"],
    "pickle_classes": [5, [5], ["int"]],
    "pickle_limits": [5, [], {"x": 1}, {"hashed": 0}, {"hashed": True}, {5: 5}],
    "serialization": [
        5,
        [None, None],
        (None,),
        (None, None, None),
        (5, None),
        (None, 5),
        len,
    ],
    "policies": [5, "x", [("timeout", 1)]],
    "tls": [5, "x", [1]],
    "lua": [5, "x", {"user_path": 5}, {"user_path": "x" * 256}, {"system_path": None}],
    "max_memory": [None, "x", 1.5, -1, 1, (1 << 20) - 1, 1 << 63, True],
    "send_bool_as": ["x", 1.5, []],
    "strict_types": ["x", None],
    "config_provider": [0, None, 5, "x", aerospike.ConfigProvider],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]]
)
def test_value_of_the_wrong_kind_is_refused(name, value):
    config = {"lua": {name: value}} if name == "max_memory" else {name: value}
    with pytest.raises(exception.ClientError) as caught:
        make(**config)
    assert name[:6] in str(caught.value).lower() or "_path" in str(caught.value)


def test_config_provider_of_another_type_is_refused_in_known_words():
    with pytest.raises(exception.ParamError) as caught:
        make(config_provider=0)
    assert caught.value.msg == (
        "config_provider must be an aerospike.ConfigProvider class instance. "
        "But a int was received instead"
    )


@pytest.mark.parametrize("value", [7, -1])
def test_unknown_kind_of_bool_is_refused_with_validate_keys_only(value):
    make(send_bool_as=value)
    with pytest.raises(exception.ParamError, match="send_bool_as"):
        make(send_bool_as=value, validate_keys=True)


@pytest.mark.parametrize("value", [2**63, 2**64, -(2**63) - 1])
def test_number_beyond_64_bits_is_refused(value):
    with pytest.raises(exception.ClientError, match="tend_interval"):
        make(tend_interval=value)


LARGEST = {
    "max_conns_per_node": 65_535,
    "max_threads": 65_535,
    "tend_interval": 24 * 60 * 60 * 1000,
}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("name", "largest"), LARGEST.items())
def test_number_above_its_limit_is_always_refused(name, largest, strict):
    make(**{name: largest}, validate_keys=strict).close()
    for value in (largest + 1, 2**32 - 1, 2**32, 2**63 - 1):
        with pytest.raises(exception.ParamError, match=name) as caught:
            make(**{name: value}, validate_keys=strict)
        assert str(largest) in str(caught.value)


def test_old_place_of_the_pool_size_has_the_same_limit():
    make(policies={"max_threads": 65_535}).close()
    with pytest.raises(exception.ParamError, match="max_threads"):
        make(policies={"max_threads": 65_536})


@pytest.mark.parametrize("value", [5, b"x"])
def test_app_id_of_another_type_is_a_type_error(value):
    with pytest.raises(TypeError, match="app_id"):
        make(app_id=value)


@pytest.mark.parametrize("section", ["read", "write", "operate", "remove", "info"])
@pytest.mark.parametrize("value", [5, "x", [], True])
def test_section_of_policies_must_be_a_dict(section, value):
    with pytest.raises(exception.ParamError, match=section):
        make(policies={section: value})


@pytest.mark.parametrize(
    "policies",
    [
        {"timeout": "x"},
        {"retry": None},
        {"read": {"total_timeout": "x"}},
        {"write": {"exists": None}},
        {"operate": {"deserialize": "x"}},
        {"max_threads": "x"},
        {"thread_pool_size": "x"},
    ],
)
def test_value_in_policies_of_the_wrong_kind_is_refused(policies):
    with pytest.raises(exception.ParamError):
        make(policies=policies)


# racks


@pytest.mark.parametrize("rack", [0, -1, True, 2**31 - 1, -(2**31)])
def test_rack_is_any_number_of_32_bits(rack):
    make(rack_aware=True, rack_id=rack, rack_ids=[rack] * 256)


@pytest.mark.parametrize(
    "config",
    [
        {"rack_id": 2**31},
        {"rack_id": "1"},
        {"rack_id": None},
        {"rack_ids": (1, 2)},
        {"rack_ids": 1},
        {"rack_ids": [1, None]},
        {"rack_ids": [1, -(2**31) - 1]},
        {"rack_ids": [1] * 257},
        {"rack_aware": "yes"},
    ],
    ids=lambda config: str(config)[:40],
)
def test_what_is_no_rack_is_refused(config):
    with pytest.raises(exception.ParamError, match=f"{next(iter(config))} is invalid"):
        make(**config)


# unknown keys

KNOWN: dict[str, Any] = {
    "hosts": [NOWHERE],
    "fail_if_not_connected": False,
    "shm": None,
    "shm_max_nodes": 16,
    "shm_max_namespaces": 8,
    "shm_takeover_threshold_sec": 30,
    "policies": {},
    "user": None,
    "password": None,
    "lua": {"user_path": "."},
    "use_shared_connection": False,
    "tls": {"enable": False},
    "serialization": None,
    "thread_pool_size": 16,
    "max_threads": 300,
    "max_conns_per_node": 100,
    "min_conns_per_node": 0,
    "pool_timeout": 100,
    "max_socket_idle": 0,
    "batch_direct": False,
    "tend_interval": 1000,
    "compression_threshold": 1000,
    "cluster_name": None,
    "connect_timeout": 1000,
    "strict_types": True,
    "send_bool_as": aerospike.AS_BOOL,
    "legacy_types": None,
    "pickle_classes": [],
    "pickle_limits": {"opcodes": 10, "hashed": 10, "growth": 10},
    "validate_keys": True,
    "error_keys": False,
    "max_error_rate": 100,
    "error_rate_window": 1,
    "rack_aware": False,
    "rack_id": 0,
    "rack_ids": [],
    "use_services_alternate": False,
    "force_single_node": False,
    "app_id": "app",
    "event_listeners": [],
}


@pytest.mark.parametrize("name", KNOWN)
def test_key_of_either_generation_is_known(name):
    make(**{"validate_keys": True, name: KNOWN[name]})


def test_every_key_is_among_those():
    names = {row["name"] for row in _core.option_tables()["config"]}
    assert names == {*KNOWN, "config_provider"}  # which names a file


@pytest.mark.parametrize(
    "name",
    [
        "timeout",
        "retry",
        "key",
        "exists",
        "replica",
        "consistency_level",
        "commit_level",
        "read_mode_ap",
        "read_mode_sc",
        "total_timeout",
        "socket_timeout",
        "max_retries",
        "max_threads",
        "thread_pool_size",
        "use_batch_direct",
    ],
)
def test_key_of_policies_of_either_generation_is_known(name):
    make(validate_keys=True, policies={name: 0})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"tend_intervall": 1}, ['"tend_intervall"', "client config", "tend_interval"]),
        ({"policies": {"timeuot": 1}}, ['"timeuot"', "policies"]),
        (
            {"policies": {"read": {"total_timeot": 1}}},
            ['"total_timeot"', "total_timeout"],
        ),
        ({"policies": {"write": {"exist": 1}}}, ['"exist"', "exists"]),
        ({"qqqq": 1}, ['"qqqq"']),
        ({"lua": {"user_pth": "."}}, ['"user_pth"', "client config", "user_path"]),
        ({"tls": {"cafle": "x"}}, ['"cafle"', "client config", "cafile"]),
        ({5: 1}, ['"5"']),
    ],
    ids=str,
)
def test_unknown_key_is_refused_with_validate_keys(config, said):
    with pytest.raises(exception.ParamError) as caught:
        aerospike.client({"hosts": [NOWHERE], "validate_keys": True, **config})
    assert "invalid" in str(caught.value)
    for word in said:
        assert word in str(caught.value)


@pytest.mark.usefixtures("unwarned")
def test_unknown_key_is_warned_of_once_for_each_place():
    policies = {"read": {"replika": 1}, "write": {"replika": 1}, "red": {}}
    with pytest.warns(exception.AerospikeWarning) as caught:
        clients = [make(cluster_nam="x", policies=policies) for _ in range(2)]
    assert len(clients) == 2
    assert sorted(str(warning.message).partition(";")[0] for warning in caught) == [
        "unknown client config key 'cluster_nam' (did you mean 'cluster_name'?)",
        "unknown policies key 'red' (did you mean 'read'?)",
        "unknown policies.read policy key 'replika' (did you mean 'replica'?)",
        "unknown policies.write policy key 'replika' (did you mean 'replica'?)",
    ]
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.usefixtures("unwarned")
@pytest.mark.parametrize("name", ["login_timeout_ms", "total_timeout"])
def test_key_of_the_policies_is_named_so(name):
    said = rf'config key \'{name}\' \(it belongs in config\["policies"\]'
    with pytest.warns(exception.AerospikeWarning, match=said):
        make(**{name: 1})


@pytest.mark.usefixtures("unwarned")
@pytest.mark.parametrize("racks", [{"rack_id": 3}, {"rack_ids": [0]}], ids=str)
def test_racks_that_have_no_effect_are_warned_of(racks):
    said = 'rack_id and rack_ids have no effect without "rack_aware"'
    with pytest.warns(exception.AerospikeWarning, match=said):
        make(**racks)
    make(rack_aware=False, **racks)
    make(rack_aware=True, **racks)


@pytest.mark.usefixtures("unwarned")
@pytest.mark.parametrize("name", ["max_records", "records_per_second"])
def test_key_that_is_an_attribute_of_queries_is_named_so(name):
    said = rf"key '{name}' \(it is an attribute: set query\.{name}\)"
    with pytest.warns(exception.AerospikeWarning, match=said):
        make(policies={"query": {name: 1}})


@pytest.mark.usefixtures("unwarned")
def test_warning_that_the_program_takes_for_an_error_comes_each_time():
    for _ in range(2):
        with pytest.raises(aerospike.AerospikeWarning, match="cluster_nam"):
            make(cluster_nam="x")


def test_client_that_is_refused_was_logged_at_the_finest_level():
    lines: list[tuple[object, ...]] = []
    aerospike.set_log_handler(lambda *line: lines.append(line))
    aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
    try:
        with pytest.raises(exception.ParamError):
            make(validate_keys=True, no_such_key=1)
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
        aerospike.set_log_handler(_report.log_line)
    [(level, *_, text)] = lines
    assert level == aerospike.LOG_LEVEL_TRACE
    assert text == "a client is made of a configuration"


def test_key_that_is_known_is_not_warned_of():
    make(send_bool_as=aerospike.AS_BOOL, policies={"timeout": 1})


# values that are out of range


@pytest.mark.parametrize(
    "config",
    [
        {"tend_interval": -1},
        {"tend_interval": 249},
        {"connect_timeout": -1},
        {"policies": {"read": {"total_timeout": -1}}},
        {"policies": {"read": {"replica": 99}}},
        {"policies": {"write": {"exists": 99}}},
    ],
    ids=str,
)
def test_value_out_of_range_is_refused_with_validate_keys_only(config):
    make(**config)
    with pytest.raises(exception.ParamError):
        make(validate_keys=True, **config)


@pytest.mark.parametrize("value", [-1, 249, 86_400_001])
def test_error_of_a_number_out_of_range_has_the_range_of_the_page(value):
    with pytest.raises(exception.ParamError) as caught:
        make(tend_interval=value, validate_keys=True)
    assert caught.value.detail == f"{value} is not in 250 to 86400000"


# keys of sections

IN_SECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "policies.login_timeout_ms": (
        {"policies": {"login_timeout_ms": -1}, "validate_keys": True},
        "-1 is not in 0 to 4294967295",
    ),
    "policies.thread_pool_size": (
        {"policies": {"thread_pool_size": "x"}},
        "an int is expected, got str",
    ),
    "policies.auth_mode": (
        {"policies": {"auth_mode": "x"}},
        "an int is expected, got str",
    ),
    "lua.user_path": ({"lua": {"user_path": 5}}, "a str is expected, got int"),
    "tls.enable": ({"tls": {"enable": "x"}}, "a bool is expected, got str"),
    "shm.shm_key": ({"shm": {"shm_key": "x"}}, "an int is expected, got str"),
    "shm.max_nodes": ({"shm": {"max_nodes": []}}, "an int is expected, got list"),
}


@pytest.mark.parametrize("key", IN_SECTIONS)
def test_error_of_a_key_in_a_section_names_the_section(key):
    config, detail = IN_SECTIONS[key]
    with pytest.raises(exception.ParamError) as caught:
        make(**config)
    assert (caught.value.msg, caught.value.detail) == (f"{key} is invalid", detail)


def test_unknown_key_in_a_section_keeps_its_text():
    with pytest.raises(exception.ParamError) as caught:
        make(lua={"usr_path": "."}, validate_keys=True)
    assert caught.value.msg == '"usr_path" is an invalid client config dictionary key'


# nothing is kept of what failed


def test_config_is_not_changed():
    config = {"hosts": [NOWHERE], "policies": {"timeout": 5, "read": {"replica": 1}}}
    before = repr(config)
    aerospike.client(config)
    assert repr(config) == before


def test_client_may_be_called_by_its_class():
    client = aerospike.Client({"hosts": [NOWHERE]})
    assert type(client) is type(make())
    with pytest.raises(exception.ConnectionError):
        client.connect()


def test_client_is_initialised_once():
    client = make()
    with pytest.raises(RuntimeError):
        client.__init__({"hosts": [NOWHERE]})  # type: ignore[misc]
