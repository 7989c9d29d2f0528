"""examples/django_cache.py keeps what Django's documentation says of a cache.

Run by test_frameworks.py in an environment with Django.
"""

from __future__ import annotations

import datetime
import os
import threading

import pytest
from django.conf import settings
from django.contrib.sessions.backends.cache import SessionStore
from django.core import cache as django

import django_cache

settings.configure(SESSION_ENGINE="django.contrib.sessions.backends.cache")


@pytest.fixture
def caches(aerospike_client, aerospike_hosts):
    hosts = ",".join(f"{host}:{port}" for host, port in aerospike_hosts)
    one = {
        "BACKEND": "django_cache.AerospikeCache",
        "LOCATION": f"aerospike://{hosts}/?total_timeout=30000",
    }
    made = {"default": one, "other": one | {"VERSION": 2, "KEY_PREFIX": "x"}}
    settings.CACHES = made | {"set": one | {"OPTIONS": {"SET": "apart"}}}
    yield django.CacheHandler(settings.CACHES)
    django_cache.connect(one["LOCATION"]).close()
    django_cache.connect.cache_clear()


@pytest.fixture
def cache(caches):
    return caches["default"]


VALUES = [
    *(None, True, 0, -1, 2**63 - 1, -(2**63), 2**63, 1.5, "", "é", b"\0", [1, {2}]),
    {"nested": {"date": datetime.date(2026, 11, 30)}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(cache, value):
    cache.set("key", value)
    found = cache.get("key", "missing")
    assert (found, type(found)) == (value, type(value))
    cache.set_many({"key": "other", "many": value})
    found = cache.get_many(["many", "none"])
    assert (found, type(found["many"])) == ({"many": value}, type(value))


def test_missing_key(cache):
    assert cache.get("key") is None
    assert cache.get("key", 5) == 5
    assert cache.get_many(["key"]) == {}
    assert not cache.has_key("key")
    assert "key" not in cache
    assert not cache.touch("key")
    assert not cache.delete("key")
    cache.delete_many(["key"])
    for change in (cache.incr, cache.decr):
        with pytest.raises(ValueError, match="Key 'key' not found"):
            change("key")
    assert "key" not in cache


def test_add_writes_what_is_not_there(cache, aerospike_cluster):
    assert cache.add("key", 1, timeout=60)
    assert not cache.add("key", 2)
    assert cache.get("key") == 1
    aerospike_cluster.advance(61)
    assert cache.add("key", 3)
    assert cache.get("key") == 3


def test_incr_adds_and_keeps_the_timeout(cache, aerospike_cluster):
    cache.set("key", 41, timeout=60)
    assert (cache.incr("key"), cache.incr("key", 10), cache.decr("key")) == (42, 52, 51)
    aerospike_cluster.advance(61)
    assert cache.get("key") is None
    cache.set("key", None)
    with pytest.raises(TypeError, match="'key' is not a number"):
        cache.incr("key")


@pytest.mark.parametrize("timeout", [0, -1, -0.5])
def test_timeout_of_zero_keeps_nothing(cache, timeout):
    cache.set("key", 1)
    cache.set("key", 2, timeout=timeout)
    assert "key" not in cache
    assert cache.add("key", 3, timeout=timeout)
    assert "key" not in cache
    assert cache.set_many({"key": 4}, timeout=timeout) == []
    assert "key" not in cache
    cache.set("key", 5)
    assert cache.touch("key", timeout)
    assert "key" not in cache


def test_timeouts(cache, aerospike_cluster):
    cache.set_many({"long": 1, "short": 1}, timeout=0.5)
    cache.set("default", 1)
    cache.set("forever", 1, timeout=None)
    assert cache.touch("long", 600)
    assert "short" in cache
    aerospike_cluster.advance(299)
    names = ["default", "forever", "long", "short"]
    assert sorted(cache.get_many(names)) == ["default", "forever", "long"]
    aerospike_cluster.advance(2)
    assert sorted(cache.get_many(names)) == ["forever", "long"]
    assert cache.touch("forever")
    aerospike_cluster.advance(302)
    assert cache.get_many(names) == {}


def test_versions_and_prefixes_keep_values_apart(caches, cache):
    other = caches["other"]
    cache.set("key", 1)
    cache.set("key", 2, version=2)
    other.set("key", "x")
    assert [cache.get("key", version=n) for n in (1, 2, 3)] == [1, 2, None]
    assert (other.get("key"), other.get("key", version=1)) == ("x", None)
    assert cache.incr_version("key") == 2
    assert [cache.get("key", version=n) for n in (1, 2)] == [None, 1]
    assert cache.delete("key", version=2)
    assert other.get("key") == "x"


def test_clear_empties_its_set(caches, cache):
    caches["set"].set("key", 1)
    cache.set("key", 2)
    cache.clear()
    assert (cache.get("key"), caches["set"].get("key")) == (None, 1)


def test_value_that_the_server_refuses(cache):
    large = os.urandom(9_000_000)
    with pytest.raises(django_cache.exception.AerospikeError):
        cache.set("large", large)
    assert cache.set_many({"large": large, "small": 1}) == ["large"]
    assert cache.get_many(["large", "small"]) == {"small": 1}


def test_threads_share_a_client(caches, cache):
    clients = [cache._client]
    thread = threading.Thread(target=lambda: clients.append(caches["default"]._client))
    thread.start()
    thread.join()
    assert clients[0] is clients[1]


def test_sessions(caches, monkeypatch, aerospike_cluster):
    monkeypatch.setattr("django.contrib.sessions.backends.cache.caches", caches)
    session = SessionStore()
    session["cart"] = ["pen"]
    session.set_expiry(60)
    session.save()
    assert SessionStore(session.session_key)["cart"] == ["pen"]
    old = session.session_key
    session.cycle_key()
    assert not session.exists(old)
    aerospike_cluster.advance(61)
    assert "cart" not in SessionStore(session.session_key)
