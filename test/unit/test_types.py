"""GeoJSON, KeyOrderedDict, null: the values that Python has no type for."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import PurePosixPath
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, KeyOrderedDict, exception
from aerospike_helpers import metrics

POINT = {"type": "Point", "coordinates": [1.5, 2]}
TEXT = json.dumps(POINT)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GeoJSON(POINT),
        lambda: GeoJSON(TEXT),
        lambda: GeoJSON(geo_data=POINT),
        lambda: aerospike.geodata(POINT),
        lambda: aerospike.geojson(TEXT),
        lambda: aerospike.geodata(geo_data=POINT),
        lambda: aerospike.geojson(geojson_str=TEXT),
    ],
)
def test_geojson_is_made_of_a_dict_or_a_text(make):
    value = make()
    assert type(value) is GeoJSON
    assert value.geo_data == POINT
    assert value.unwrap() == POINT
    assert value.dumps() == str(value) == '{"type": "Point", "coordinates": [1.5, 2]}'
    assert repr(value) == '\'{"type": "Point", "coordinates": [1.5, 2]}\''


def test_geojson_keeps_the_dict_itself():
    data = dict(POINT)
    value = GeoJSON(data)
    data["type"] = "Polygon"
    assert value.unwrap() is data


@pytest.mark.parametrize(
    "args", [(), (POINT, POINT), (None,), (5,), ([1],), (b"{}",), ("[1]",), ("5",)]
)
def test_geojson_refuses_other_arguments(args):
    with pytest.raises(exception.ParamError):
        GeoJSON(*args)


@pytest.mark.parametrize("make", [GeoJSON, aerospike.geojson])
def test_geojson_refuses_a_text_that_is_no_json(make):
    with pytest.raises(exception.ClientError) as caught:
        make("{no json")
    assert caught.value.code == -1
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (aerospike.geodata, TEXT),
        (aerospike.geodata, None),
        (aerospike.geojson, POINT),
        (aerospike.geojson, b"{}"),
    ],
)
def test_geodata_and_geojson_refuse_each_others_arguments(function, value):
    with pytest.raises(exception.ParamError):
        function(value)


@pytest.mark.parametrize("function", [aerospike.geodata, aerospike.geojson])
def test_geodata_and_geojson_need_an_argument(function):
    with pytest.raises(TypeError):
        function()


def test_wrap_and_loads_replace_the_value():
    value = GeoJSON({})
    assert value.wrap(POINT) == 0
    assert value.geo_data == POINT
    assert value.loads('{"a": 1}') == 0
    assert value.geo_data == {"a": 1}


@pytest.mark.parametrize(
    ("method", "argument", "error"),
    [
        ("wrap", TEXT, exception.ParamError),
        ("wrap", None, exception.ParamError),
        ("loads", POINT, exception.ParamError),
        ("loads", "{no", exception.ClientError),
        ("loads", "[" * 100_000, exception.ClientError),
        ("loads", '{"a":' * 100_000, exception.ClientError),
    ],
)
def test_wrap_and_loads_leave_the_value_when_they_refuse(method, argument, error):
    value = GeoJSON(POINT)
    with pytest.raises(error):
        getattr(value, method)(argument)
    assert value.unwrap() is POINT


def nested(depth):
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def point(x, y):
    return {"type": "Point", "coordinates": [x, y]}


CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE


@pytest.mark.parametrize("use", [GeoJSON.dumps, str, repr, hash])
@pytest.mark.parametrize(
    "data",
    [nested(100_000), CIRCLE, {"a": object()}, {(1, 2): 3}],
    ids=["nested", "circle", "object", "tuple as key"],
)
def test_what_has_no_json_is_a_client_error(use, data):
    with pytest.raises(exception.ClientError, match="has no JSON"):
        use(GeoJSON(data))


def test_geo_data_can_be_set_to_a_dict_only():
    value = GeoJSON({})
    value.geo_data = POINT
    assert value.unwrap() is POINT
    with pytest.raises(exception.ParamError):
        value.geo_data = 5  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        value.other = 1  # type: ignore[attr-defined]


def test_geojson_is_equal_by_content():
    one, other = GeoJSON(POINT), GeoJSON(TEXT)
    assert one == other
    assert hash(one) == hash(other)
    assert one != GeoJSON({})
    assert one != POINT
    assert GeoJSON({"a": 1, "b": 2}) == GeoJSON({"b": 2, "a": 1})
    assert hash(GeoJSON({"a": 1, "b": 2})) == hash(GeoJSON({"b": 2, "a": 1}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (point(1, 2), point(1.0, 2.0)),
        (point(0.0, 2**60), point(-0.0, float(2**60))),
        ({"a": True, "b": None}, {"b": None, "a": 1}),
        ({1: "a", "b": {}}, {"b": {}, True: "a"}),
        (nested(100), nested(100)),
        ({"features": [point(1, 2)]}, {"features": [point(1, 2.0)]}),
    ],
)
def test_equal_geojson_have_equal_hashes(one, other):
    assert GeoJSON(one) == GeoJSON(other)
    assert hash(GeoJSON(one)) == hash(GeoJSON(other))
    assert len({GeoJSON(one), GeoJSON(other)}) == 1


def test_different_geojson_have_different_hashes():
    points = [point(x, y) for x in range(30) for y in range(30)]
    areas = [{"type": "Polygon", "coordinates": [[[x, 1]]]} for x in range(100)]
    assert len({hash(GeoJSON(data)) for data in points + areas}) == 1000


def test_geojson_has_its_name():
    assert GeoJSON.__name__ == "GeoJSON"


@pytest.mark.parametrize(
    "make",
    [
        lambda: KeyOrderedDict({"b": 1, "a": 2}),
        lambda: KeyOrderedDict([("b", 1), ("a", 2)]),
        lambda: KeyOrderedDict(b=1, a=2),
    ],
)
def test_key_ordered_dict_is_a_dict(make):
    value = make()
    assert value == {"a": 2, "b": 1}
    assert list(value) == ["b", "a"]
    assert isinstance(value, dict)


@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        lambda d: pickle.loads(pickle.dumps(d)),
        lambda d: KeyOrderedDict.fromkeys(d, 1),
    ],
)
def test_copies_of_key_ordered_dict_keep_the_type(again):
    other = again(KeyOrderedDict(a=1))
    assert type(other) is KeyOrderedDict
    assert other == {"a": 1}


@pytest.mark.parametrize(
    "cls", [aerospike.null, aerospike.CDTWildcard, aerospike.CDTInfinite]
)
def test_markers_are_equal_to_themselves_only(cls):
    one = cls()
    assert one == one
    assert one != cls()
    assert one
    assert type(pickle.loads(pickle.dumps(one))) is cls
    assert type(copy.copy(one)) is cls


def test_null_takes_any_arguments():
    assert isinstance(aerospike.null(1, x=2), aerospike.null)


def test_config_provider_says_where_and_how_often():
    provider = aerospike.ConfigProvider("policies.yaml", interval=2000)
    assert (provider.path, provider.interval) == ("policies.yaml", 2000)
    assert repr(provider) == "aerospike.ConfigProvider('policies.yaml', interval=2000)"
    assert aerospike.ConfigProvider(PurePosixPath("etc/a.yaml")).path == "etc/a.yaml"
    assert aerospike.ConfigProvider(path="x").interval == 5000
    with pytest.raises(AttributeError):
        provider.path = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="interval"):
        aerospike.ConfigProvider("x", 2**32)
    for wrong in ((None,), ("x", "1")):
        with pytest.raises(TypeError):
            aerospike.ConfigProvider(*wrong)


def test_metrics_policy_has_its_defaults():
    policy = metrics.MetricsPolicy()
    assert vars(policy) == {
        "metrics_listeners": None,
        "report_dir": ".",
        "report_size_limit": 0,
        "interval": 30,
        "latency_columns": 7,
        "latency_shift": 1,
        "labels": {},
    }
    assert metrics.MetricsPolicy().labels is not policy.labels
    listeners = metrics.MetricsListeners(print, print, print, print)
    assert metrics.MetricsPolicy(listeners).metrics_listeners is listeners
