"""aerospike-flask-cache: a backend of Flask-Caching behind a memoized view."""

import sys

import flask
import flask_caching

host, port = sys.argv[1], int(sys.argv[2])

app = flask.Flask(__name__)
app.config.update(
    CACHE_TYPE="aerospike_flask.cache.aerospike.AerospikeCache",
    CACHE_AEROSPIKE_HOSTS=[(host, port)],
    CACHE_AEROSPIKE_NAMESPACE="test",
    CACHE_AEROSPIKE_SET="eco_flask",
)
cache = flask_caching.Cache(app)
calls = []


@app.route("/square/<int:number>")
@cache.cached(timeout=60)
def square(number):
    calls.append(number)
    return str(number * number)


with app.app_context():
    cache.clear()
    client = app.test_client()
    assert [client.get("/square/7").text for _ in range(3)] == ["49"] * 3
    assert calls == [7]

    assert cache.set("key", {"a": [1, 2.5, "three"]}, timeout=100)
    assert cache.get("key") == {"a": [1, 2.5, "three"]}
    assert cache.has("key")
    assert not cache.add("key", 1)
    assert cache.get("no such key") is None
    assert sorted(cache.set_many({"x": 1, "y": 2})) == ["x", "y"]
    assert cache.get_many("x", "no such key", "y") == [1, None, 2]
    assert cache.get_dict("x", "y") == {"x": 1, "y": 2}
    assert cache.cache.inc("count", 5) == 5
    assert cache.cache.dec("count", 2) == 3
    assert 0 < cache.cache.get_metadata("key")["ttl"] <= 100
    assert cache.delete("key")
    assert not cache.delete("key")
    assert sorted(cache.delete_many("x", "y")) == ["x", "y"]
