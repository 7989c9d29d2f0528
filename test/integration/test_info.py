"""Info requests, and the nodes of the cluster."""

from __future__ import annotations

import re

import pytest

from aerospike import exception

from ..faults.peer import ScriptedNode
from ..waiting import Watch


def names(client):
    return [node["node_name"] for node in client.get_node_names()]


def test_get_nodes_and_their_names(client, hosts):
    nodes = client.get_node_names()
    assert nodes
    for node in nodes:
        assert set(node) == {"address", "port", "node_name"}
        assert re.fullmatch(r"[0-9A-F]{1,16}", node["node_name"])
        assert type(node["port"]) is int
    pairs = [(node["address"], node["port"]) for node in nodes]
    assert client.get_nodes() == pairs
    assert set(hosts) <= set(pairs)


@pytest.mark.parametrize("method", ["get_nodes", "get_node_names"])
def test_questions_for_the_nodes_pass_over_arguments(client, method):
    ask = getattr(client, method)
    assert ask("10.0.0.1", 3000, policy={}) == ask()


def test_info_all_asks_every_node(client):
    found = client.info_all("build")
    assert set(found) == set(names(client))
    for error, text in found.values():
        assert error is None
        assert re.fullmatch(r"[\d.]+\S*\n", text)


def test_info_all_of_one_command_that_differs(client):
    found = client.info_all("node")
    assert found == {name: (None, f"{name}\n") for name in names(client)}


def test_info_all_cuts_the_first_name_only(client):
    found = client.info_all("node\npartitions")
    for name, (_, text) in found.items():
        assert text == f"{name}\npartitions\t4096\n"


def test_info_all_of_nothing_gives_the_defaults(client):
    for _, text in client.info_all("").values():
        assert "build\t" in text
        assert "edition\t" in text


@pytest.mark.parametrize("command", ["node", "node\n"])
def test_info_single_node_asks_that_node(client, command):
    for name in names(client):
        assert client.info_single_node(command, name) == f"node\t{name}\n"


def test_info_random_node_asks_some_node(client):
    texts = {client.info_random_node("node") for _ in range(12 * len(names(client)))}
    assert texts == {f"node\t{name}\n" for name in names(client)}


def test_commands_may_have_parameters(client):
    text = client.info_random_node("namespace/test")
    assert text.startswith("namespace/test\t")
    assert "replication-factor=" in text


CALLS = {
    "info_all": lambda c, *a: c.info_all(*a),
    "info_single_node": lambda c, command, *a: c.info_single_node(
        command, names(c)[0], *a
    ),
    "info_random_node": lambda c, *a: c.info_random_node(*a),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_unknown_command_is_an_invalid_request(client, call):
    with pytest.raises(exception.InvalidRequest) as caught:
        call(client, "no-such-command")
    assert caught.value.code == 4


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("command", [None, b"build", 5, ["build"], "\ud800"])
def test_command_must_be_a_str(client, call, command):
    with pytest.raises(exception.ParamError):
        call(client, command)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("policy", [5, "x", []])
def test_policy_must_be_a_dict(client, call, policy):
    with pytest.raises(exception.ParamError):
        call(client, "build", policy)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_policy_keys(client, make_client, call):
    policy = {"timeout": 5000, "check_bounds": True, "send_as_is": True}
    assert call(client, "build", policy) == call(client, "build")
    with pytest.raises(exception.ParamError, match=r"'timeuot'.*mean 'timeout'"):
        call(make_client(validate_keys=True), "build", {"timeuot": 1})


@pytest.mark.parametrize("host", ["XX", "", "é", "\ud800", "x" * 100, "A1\0"])
def test_unknown_node_is_a_param_error(client, host):
    with pytest.raises(exception.ParamError, match="name"):
        client.info_single_node("build", host)


@pytest.mark.parametrize("method", ["info_single_node", "info_node"])
def test_node_is_named_or_addressed(client, method):
    for node in client.get_node_names():
        for host in (node["node_name"], (node["address"], node["port"])):
            found = getattr(client, method)("node", host)
            assert found == f"node\t{node['node_name']}\n"


@pytest.mark.parametrize("method", ["info_single_node", "info_node"])
@pytest.mark.parametrize(
    "host",
    [None, 5, b"A1", ("127.0.0.1", 1), ("h", 3000), (), ("h",), (1, 2), ("h", "x")],
)
def test_node_that_is_not_there_is_a_param_error(client, method, host):
    with pytest.raises(exception.ParamError):
        getattr(client, method)("build", host)


def test_info_asks_all_nodes_or_some(client):
    assert client.info("node") == client.info_all("node")
    for node in client.get_node_names():
        found = client.info("node", [(node["address"], node["port"])])
        assert found == {node["node_name"]: (None, f"{node['node_name']}\n")}


def test_older_info_calls_return_an_error_as_text(client):
    for error, text in client.info("no-such-command").values():
        assert (error, text.partition(":")[0]) == (None, "ERROR")
    name = names(client)[0]
    assert "\tERROR:" in client.info_node("no-such-command", name)


def test_has_geo(client):
    assert client.has_geo() is True


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("by_config", [False, True])
def test_timeout_is_kept(scripted_node, make_client, call, by_config):
    policy = {"timeout": 200}
    config = {"policies": {"info": policy}} if by_config else {}
    client = make_client(hosts=[scripted_node.host], **config)
    scripted_node.on_frame = lambda _kind, body: b"" if b"slow" in body else None
    args = () if by_config else (policy,)
    with pytest.raises(exception.TimeoutError) as caught, Watch() as watch:
        call(client, "slow", *args)
    watch.assert_took(0.2)
    assert caught.value.code == 9
    assert caught.value.host == scripted_node.text


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"slow",
        b"slow\t",
        b"\n",
        b"\t\n\t\n",
        b"\xff\xfe\x00",
        b"other\tvalue\n",
        b"slow\tERROR\n",
        b"slow\tERROR:\n",
        b"slow\tERROR:99999999999999999999:x\n",
        b"slow\tFAIL:-5\n",
        b"slow\tERROR:4",
    ],
)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_odd_answer_is_safe(scripted_node, make_client, call, answer):
    """Whatever a node answers is text, or an error of the client's own."""
    client = make_client(hosts=[scripted_node.host])
    framed = (0x0201 << 48 | len(answer)).to_bytes(8, "big") + answer
    scripted_node.on_frame = lambda _kind, body: framed if b"slow" in body else None
    try:
        found = call(client, "slow")
    except exception.AerospikeError:
        return
    text = next(iter(found.values()))[1] if isinstance(found, dict) else found
    assert isinstance(text, str)


def test_app_id_is_shown_to_the_server(scripted_node, make_client):
    import base64

    make_client(hosts=[scripted_node.host], app_id="my-app")
    (said,) = [r for r in scripted_node.info_requests if r.startswith("user-agent-set")]
    text = base64.b64decode(said.partition("value=")[2]).decode()
    assert re.fullmatch(r"1,python-[^,]+,my-app", text)


def test_force_single_node_asks_the_seed_only(hosts, client, make_client):
    alone = make_client(hosts=hosts[:1], force_single_node=True)
    assert alone.get_nodes() == hosts[:1]
    assert alone.is_connected()


def test_use_services_alternate_asks_for_the_other_addresses(
    scripted_node, make_client
):
    scripted_node.info |= {"peers-clear-alt": "0,3000,[]", "service-clear-alt": ""}
    make_client(hosts=[scripted_node.host], use_services_alternate=True)
    assert "peers-clear-alt" in scripted_node.info_requests
    assert "peers-clear-std" not in scripted_node.info_requests


@pytest.mark.parametrize("interval", [250, 100])
def test_tend_interval(scripted_node, make_client, interval):
    """250 ms is the shortest."""
    make_client(hosts=[scripted_node.host], tend_interval=interval)
    with Watch() as watch:
        scripted_node.wait_for_cycles(5)
    watch.assert_took(4 * 0.25 - 0.01)  # the first may have been due


def test_long_tend_interval(scripted_node, make_client):
    make_client(hosts=[scripted_node.host], tend_interval=60_000)
    n_before = len(scripted_node.info_requests)
    with ScriptedNode() as other:
        make_client(hosts=[other.host], tend_interval=250)
        other.wait_for_cycles(3)
    assert len(scripted_node.info_requests) == n_before
