"""Clients of a URL or of the environment: what a text means, and what is refused."""

from __future__ import annotations

import asyncio
import traceback
import warnings
from typing import Any

import pytest

import aerospike
from aerospike import _core, _from_text, exception

SECRET = "s3cr3t"


def config_of(rest: str) -> dict[str, Any]:
    return _from_text.config_from_url("aerospike://" + rest)


@pytest.mark.parametrize(
    ("rest", "hosts"),
    [
        ("h", [("h", 3000)]),
        ("h/", [("h", 3000)]),
        ("h:3100", [("h", 3100)]),
        ("a,b:1,c", [("a", 3000), ("b", 1), ("c", 3000)]),
        ("[::1]", [("::1", 3000)]),
        ("[2001:db8::1]:3100,h", [("2001:db8::1", 3100), ("h", 3000)]),
        ("[fe80::1%25eth0]", [("fe80::1%eth0", 3000)]),
        ("h/?tls_name=n", [("h", 3000, "n")]),
    ],
)
def test_hosts(rest, hosts):
    assert config_of(rest) == {"hosts": hosts}


@pytest.mark.parametrize(
    ("who", "user", "password"),
    [
        ("u:p", "u", "p"),
        ("u%40x:p%3A%2F%3f%23%25", "u@x", "p:/?#%"),
        ("u:p@q", "u", "p@q"),  # the last @ ends the password
        ("u:p:q", "u", "p:q"),
        ("u:p+q", "u", "p+q"),
        ("%C3%BC:%e2%82%ac", "ü", "€"),
        ("u:", "u", ""),
    ],
)
def test_user_and_password(who, user, password):
    config = config_of(f"{who}@h")
    assert (config["user"], config["password"]) == (user, password)


def test_user_without_password():
    assert config_of("u@h") == {"hosts": [("h", 3000)], "user": "u"}


PARAMETERS: dict[str, dict[str, Any]] = {
    "max_conns_per_node=7": {"max_conns_per_node": 7},
    "validate_keys=yes": {"validate_keys": True},
    "fail_if_not_connected=0": {"fail_if_not_connected": False},
    "cluster_name=my%20db": {"cluster_name": "my db"},
    "rack_ids=3,1": {"rack_ids": [3, 1]},
    "total_timeout=500": {"policies": {"total_timeout": 500}},
    "login_timeout_ms=9": {"policies": {"login_timeout_ms": 9}},
    "auth_mode=pki": {"policies": {"auth_mode": aerospike.AUTH_PKI}},
    "replica=Prefer_Rack": {
        "policies": {"replica": aerospike.POLICY_REPLICA_PREFER_RACK}
    },
    "replica=POLICY_REPLICA_ANY": {
        "policies": {"replica": aerospike.POLICY_REPLICA_ANY}
    },
    "replica=2": {"policies": {"replica": 2}},
    "read.max_retries=3&write.ttl=-1": {
        "policies": {"read": {"max_retries": 3}, "write": {"ttl": -1}}
    },
    "tls=1&tls.cafile=/a%26b": {"tls": {"enable": True, "cafile": "/a&b"}},
    "tls.cafile=/a&tls=off": {"tls": {"enable": False, "cafile": "/a"}},
    "shm=1": {"shm": {}},
    "shm=0&shm.max_nodes=3": {},
    "shm.max_nodes=3&shm.shm_key=0xA5000001": {
        "shm": {"max_nodes": 3, "shm_key": 0xA5000001}
    },
    "lua.user_path=.": {"lua": {"user_path": "."}},
}


@pytest.mark.parametrize("query", PARAMETERS)
def test_parameters(query):
    assert config_of(f"h/?{query}") == {"hosts": [("h", 3000)], **PARAMETERS[query]}


def test_config_provider_is_a_path():
    provider = config_of("h/?config_provider=/etc/a.yaml")["config_provider"]
    assert provider.path == "/etc/a.yaml"


def refusal(config: dict[str, Any]) -> str:
    """What the client has against a configuration; "" if nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            aerospike.AsyncClient(config)
    except exception.AerospikeError as error:
        return f"{error.msg}; {error.detail}"
    return ""


# files that are not there, and a value that means nothing alone
REFUSED_ALONE = {"tls.", "lua.", "auth_mode", "config_provider", "max_error_rate"}
TOO_SMALL = {"tend_interval"}
"""Parameters for which 1 is refused."""


@pytest.mark.parametrize("name", _from_text.parameters())
def test_each_parameter_is_one_that_the_client_takes(name):
    _, parse = _from_text.parameters()[name]
    texts = ("1000",) if name in TOO_SMALL else ("1", "x")
    text = next(text for text in texts if parses(parse, text))
    said = refusal({**config_of(f"h/?{name}={text}"), "validate_keys": True})
    assert said == "" or name.startswith(tuple(REFUSED_ALONE)), said


def parses(parse: Any, text: str) -> bool:
    try:
        parse(text)
    except _from_text._Wrong:
        return False
    return True


def test_every_key_that_a_text_can_say_is_a_parameter():
    """So a key that is added needs a row in a table of this module, unless it is a bool
    or a number."""
    places = {place for place, _ in _from_text.parameters().values()}
    tables = _core.option_tables()
    no_texts = {
        "shm_max_nodes",
        "shm_max_namespaces",
        "shm_takeover_threshold_sec",
        "hosts",
        "policies",
        "send_bool_as",
        "serialization",
        "legacy_types",
        "pickle_classes",
        "pickle_limits",
        "tls",
        "lua",
        "user",
        "password",
        "shm",
        "event_listeners",
    }
    for row in tables["config"]:
        if row["type"] == "ignored" or row["new_name"] is not None:
            continue
        assert ((row["name"],) in places) == (row["name"] not in no_texts), row["name"]
    for table in ("tls", "lua", "shm"):
        for row in tables[table]:
            if row["new_name"] is None:
                assert (table, row["name"]) in places


REFUSED = {
    "h/?timeout=3": ("'timeout'", "did you mean 'total_timeout'?"),
    "h/?read.retry=3": ("'read.retry'", "did you mean 'read.max_retries'?"),
    "h/?totl_timeout=3": ("totl_timeout", "did you mean 'total_timeout'?"),
    "h/?hosts=x": ("'hosts'",),
    "h/?password=x": ("'password'",),
    "h/?total_timeout=soon": ("total_timeout", "a whole number", "'soon'"),
    "h/?total_timeout=1.5": ("total_timeout", "a whole number"),
    "h/?total_timeout=": ("total_timeout", "a whole number"),
    "h/?validate_keys=maybe": ("validate_keys", "true or false"),
    "h/?replica=near": ("replica", "prefer_rack"),
    "h/?rack_ids=1,x": ("rack_ids", "a whole number"),
    "h/?total_timeout": ("total_timeout", "has no value"),
    "h/?tls=1&tls=1": ("'tls'", "twice"),
    "h/?a%=1": ("name", "%25"),
    "h/?cluster_name=%ff": ("cluster_name", "not UTF-8"),
    "h/?cluster_name=%00": ("cluster_name", "NUL"),
    "h/test": ("path",),
    "": ("host 1",),
    "a,,b": ("host 2",),
    "h:0": ("host 1", "from 1 to 65535"),
    "h:65536": ("host 1",),
    "h:": ("host 1",),
    "::1": ("host 1", "[IPv6]:port"),
    "[::1": ("host 1",),
}


@pytest.mark.parametrize("rest", REFUSED)
def test_what_is_wrong_is_named(rest):
    with pytest.raises(exception.ParamError) as caught:
        config_of(rest)
    text = f"{caught.value.msg}; {caught.value.detail}"
    for part in REFUSED[rest]:
        assert part in text


@pytest.mark.parametrize("url", [5, None, b"aerospike://h", "http://h", "h:3000", ""])
def test_other_urls_are_refused(url):
    with pytest.raises(exception.ParamError, match="the URL must"):
        aerospike.client_from_url(url)


@pytest.mark.parametrize(
    "rest",
    [
        f"u:{SECRET}/x@h",
        f"u:x/{SECRET}@h",
        f"u:x?{SECRET}@h",
        f"u:x#{SECRET}@h",
        f"u:{SECRET}@h:x",
        f"u:{SECRET}@",
        f"u:{SECRET}%@h",
        f"u:{SECRET}%ff@h",
        f"u:{SECRET}@h/?nope=1",
        f"u:{SECRET}@h/?total_timeout=x",
        f"h/?tls.keyfile_pw={SECRET}%00",
        f"h/?tls.keyfile_pw=x&{SECRET}",
        f"h/?tls.keyfile_pw=x&{SECRET}=1",
    ],
)
def test_no_error_shows_the_password(rest):
    with pytest.raises(exception.ParamError) as caught:
        aerospike.client_from_url("aerospike://" + rest)
    error: BaseException | None = caught.value
    while error is not None:
        shown = "".join(traceback.format_exception_only(error))
        assert SECRET not in f"{shown} {error!r} {getattr(error, 'detail', '')}"
        error = error.__context__


def test_repr_does_not_show_the_password():
    url = f"aerospike://u:{SECRET}@127.0.0.1:1/?fail_if_not_connected=0"
    assert SECRET not in repr(aerospike.AsyncClient.from_url(url))


# --- the environment ---


def env(**variables: str) -> dict[str, Any]:
    return _from_text.config_from_env(
        {f"AEROSPIKE_{name}": text for name, text in variables.items()}
    )


def test_variables():
    assert env(
        HOSTS="a:1,[::1]",
        USER="u%40",
        PASSWORD="p@/",
        TLS="1",
        READ_MAX_RETRIES="3",
        TELEMETRY="FALSE",
        CLIENT_CONFIG_URL="/x",
    ) == {
        "hosts": [("a", 1), ("::1", 3000)],
        "user": "u%40",
        "password": "p@/",
        "tls": {"enable": True},
        "policies": {"read": {"max_retries": 3}},
    }


def test_variables_win_over_the_url():
    config = env(URL="aerospike://u:p@a/?total_timeout=1", HOSTS="b", TOTAL_TIMEOUT="2")
    assert config["hosts"] == [("b", 3000)]
    assert config["policies"] == {"total_timeout": 2}
    assert config["password"] == "p"


def test_no_two_parameters_have_one_variable():
    parameters = _from_text.parameters()
    ours = {"url", "hosts", "user", "password"}
    assert set(_from_text.variables().values()) == set(parameters) | ours


def test_environment_without_hosts_is_refused():
    with pytest.raises(exception.ParamError, match="AEROSPIKE_HOSTS is not set"):
        env(USER="u")


def test_wrong_variable_is_named():
    with pytest.raises(exception.ParamError, match="AEROSPIKE_TOTAL_TIMEOUT"):
        env(HOSTS="h", TOTAL_TIMEOUT="soon")
    with pytest.raises(
        exception.ParamError, match="AEROSPIKE_HOSTS: host 2 "
    ) as caught:
        env(HOSTS="h,")
    assert "password" not in caught.value.detail  # it is in a variable of its own


def test_misspelt_variable_is_warned_of(unwarned):
    with pytest.warns(aerospike.AerospikeWarning, match="AEROSPIKE_TOTAL_TIMEOUT"):
        env(HOSTS="h", TOTL_TIMEOUT="5")


# --- clients ---


def test_clients_of_a_url_and_of_the_environment_work(hosts, monkeypatch):
    addresses = ",".join(f"{host}:{port}" for host, port in hosts)
    url = f"aerospike://{addresses}/?total_timeout=20000"
    monkeypatch.setenv("AEROSPIKE_URL", url)
    monkeypatch.delenv("AEROSPIKE_HOSTS", raising=False)
    for client in (aerospike.client_from_url(url), aerospike.client_from_env()):
        with client:
            assert isinstance(client, aerospike.Client)
            assert client.is_connected()
            assert client.get_policies()["read"]["total_timeout"] == 20000


def test_async_clients_of_a_url_and_of_the_environment_work(hosts, monkeypatch):
    addresses = ",".join(f"{host}:{port}" for host, port in hosts)
    monkeypatch.setenv("AEROSPIKE_HOSTS", addresses)
    monkeypatch.delenv("AEROSPIKE_URL", raising=False)

    async def main() -> None:
        for client in (
            aerospike.AsyncClient.from_url(f"aerospike://{addresses}"),
            aerospike.AsyncClient.from_env(),
        ):
            async with client:
                assert client.is_connected()

    asyncio.run(main())
