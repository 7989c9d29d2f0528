"""Calls on one record: what they do, return and raise."""

from __future__ import annotations

import re
from typing import Any

import pytest

import aerospike
from aerospike import GeoJSON, exception

MISSING_RAISES = {
    "get": lambda c, k: c.get(k),
    "select": lambda c, k: c.select(k, ["a"]),
    "remove": lambda c, k: c.remove(k),
    "remove_bin": lambda c, k: c.remove_bin(k, ["a"]),
    "touch": lambda c, k: c.touch(k),
    "put of None": lambda c, k: c.put(k, {"a": None}),
}


@pytest.mark.parametrize("call", MISSING_RAISES.values(), ids=MISSING_RAISES)
def test_missing_record_is_not_found(client, key, call):
    with pytest.raises(exception.RecordNotFound) as caught:
        call(client, key)
    error = caught.value
    assert (error.code, error.in_doubt) == (2, False)
    assert error.key == key
    assert error.args == (2, error.msg, error.file, error.line, False)
    assert re.fullmatch(r"[\d.]+:\d+", error.host or "")
    assert str(error.host) in str(error)
    assert (error.phase, error.attempts) == ("command", 1)
    assert isinstance(error, KeyError)


def test_error_shows_the_key_as_it_was_written(client, key):
    for shape in (key, (*key, None), {"ns": key[0], "set": key[1], "key": key[2]}):
        with pytest.raises(exception.RecordNotFound) as caught:
            client.get(shape)
        assert caught.value.key is shape


def test_exists_of_a_missing_record_is_none(client, key):
    assert client.exists(key) == ((*key, aerospike.calc_digest(*key)), None)


# put, get


def test_put_returns_0_and_get_the_record(client, key):
    assert client.put(key, {"a": 1, "b": "x"}) == 0
    found = client.get(key)
    assert isinstance(found, tuple)
    assert found == (
        (*key[:2], None, aerospike.calc_digest(*key)),
        {"ttl": 4294967295, "gen": 1},
        {"a": 1, "b": "x"},
    )


def test_put_keeps_other_bins(client, key):
    client.put(key, {"a": 1, "b": 2})
    client.put(key, {"b": 3, "c": 4})
    assert client.get(key)[1:] == (
        {"ttl": 4294967295, "gen": 2},
        {"a": 1, "b": 3, "c": 4},
    )


def test_exists_gives_the_metadata(client, key):
    client.put(key, {"a": 1})
    assert client.exists(key) == (
        (*key, aerospike.calc_digest(*key)),
        {"ttl": 4294967295, "gen": 1},
    )


def test_arguments_may_be_named(client, key):
    assert client.put(key=key, bins={"a": "x"}, meta=None, policy=None) == 0
    assert client.get(key=key, policy={})[2] == {"a": "x"}
    assert client.select(key=key, bins=["a"], policy=None)[2] == {"a": "x"}
    assert client.exists(key=key)[1] is not None
    assert client.append(key=key, bin="a", val="y", meta={}, policy={}) == 0
    assert client.increment(key=key, bin="n", offset=1) == 0
    assert client.touch(key=key, val=0, meta=None, policy=None) == 0
    assert client.operate(key=key, list=[{"op": 0, "bin": "a"}])[2] == {"a": "xy"}
    assert client.remove_bin(key=key, list=["n"]) == 0
    assert client.remove(key=key, meta=None, policy=None) == 0


@pytest.mark.parametrize(
    ("method", "n_required", "n_most"),
    [
        ("get", 1, 2),
        ("exists", 1, 2),
        ("select", 2, 3),
        ("put", 2, 5),
        ("remove", 1, 3),
        ("remove_bin", 2, 4),
        ("touch", 1, 4),
        ("append", 3, 5),
        ("prepend", 3, 5),
        ("increment", 3, 5),
        ("operate", 2, 4),
        ("operate_ordered", 2, 4),
        ("info_all", 1, 2),
        ("info_single_node", 2, 3),
        ("info_random_node", 1, 2),
    ],
)
def test_wrong_number_of_arguments_is_a_type_error(client, method, n_required, n_most):
    call = getattr(client, method)
    for n in (n_required - 1, n_most + 1):
        if n >= 0:
            with pytest.raises(TypeError, match=rf"{method}\(\)"):
                call(*[None] * n)
    with pytest.raises(TypeError, match="'polcy' is an invalid keyword"):
        call(*[None] * n_required, polcy={})
    if n_required:
        with pytest.raises(TypeError, match="position"):
            call(*[None] * n_required, **{first_name(method): None})


def first_name(method: str) -> str:
    return "command" if method.startswith("info") else "key"


# select


def test_select_gives_the_bins_that_are_there(client, key):
    client.put(key, {"a": 1, "b": 2, "c": 3})
    assert client.select(key, ["a", "c"])[2] == {"a": 1, "c": 3}
    assert client.select(key, ("b", "b", "nope"))[2] == {"b": 2}
    assert client.select(key, ["nope"])[2] == {}
    assert client.select(key, ["a"])[0] == (*key, aerospike.calc_digest(*key))


@pytest.mark.parametrize("bins", [[], ()])
def test_select_of_nothing_is_an_invalid_request(client, key, bins):
    client.put(key, {"a": 1})
    with pytest.raises(exception.InvalidRequest) as caught:
        client.select(key, bins)
    assert caught.value.code == 4


@pytest.mark.parametrize(
    "bins", ["a", None, {"a"}, {"a": 1}, iter(["a"]), 5, [1], [b"a"], ["a", None]]
)
def test_select_refuses_other_bins(client, key, bins):
    with pytest.raises(exception.ParamError):
        client.select(key, bins)


# remove, remove_bin, touch


def test_remove_removes(client, key):
    client.put(key, {"a": 1})
    assert client.remove(key) == 0
    assert client.exists(key)[1] is None


def test_remove_bin_removes_bins(client, key):
    client.put(key, {"a": 1, "b": 2, "c": 3})
    assert client.remove_bin(key, ["a", "nope"]) == 0
    assert client.get(key)[2] == {"b": 2, "c": 3}
    client.remove_bin(key, ["b", "c"])
    assert client.exists(key)[1] is None


@pytest.mark.parametrize("bins", ["a", ("a",), None, {"a": 1}, {"a"}])
def test_remove_bin_wants_a_list(client, key, bins):
    client.put(key, {"a": 1})
    with pytest.raises(exception.ParamError, match="list"):
        client.remove_bin(key, bins)
    assert client.get(key)[2] == {"a": 1}


def test_remove_bin_of_nothing_is_an_invalid_request(client, key):
    client.put(key, {"a": 1})
    with pytest.raises(exception.InvalidRequest):
        client.remove_bin(key, [])


@pytest.mark.parametrize("bins", [[1], [b"a"], [None]])
def test_remove_bin_refuses_other_names(client, key, bins):
    client.put(key, {"a": 1})
    with pytest.raises(exception.ClientError) as caught:
        client.remove_bin(key, bins)
    assert caught.value.code == -1


def test_touch_raises_the_generation(client, key):
    client.put(key, {"a": 1})
    assert client.touch(key) == 0
    assert client.touch(key, 0) == 0
    assert client.get(key)[1:] == ({"ttl": 4294967295, "gen": 3}, {"a": 1})


@pytest.mark.parametrize("val", ["x", 1.5, None, [1]])
def test_touch_wants_an_int(client, key, val):
    client.put(key, {"a": 1})
    with pytest.raises(exception.ParamError):
        client.touch(key, val)


# append, prepend


@pytest.mark.parametrize(
    ("stored", "call", "val", "result"),
    [
        (None, "append", "x", "x"),
        (None, "prepend", "x", "x"),
        ("ab", "append", "cd", "abcd"),
        ("ab", "prepend", "cd", "cdab"),
        ("ab", "append", "", "ab"),
        ("ab", "append", "é\0", "abé\0"),
        (None, "append", b"\0\1", b"\0\1"),
        (b"ab", "append", b"cd", b"abcd"),
        (b"ab", "prepend", bytearray(b"cd"), b"cdab"),
    ],
)
def test_append_and_prepend(client, key, stored, call, val, result):
    client.put(key, {"other": 1} | ({"a": stored} if stored is not None else {}))
    assert getattr(client, call)(key, "a", val) == 0
    assert client.get(key)[1:] == (
        {"ttl": 4294967295, "gen": 2},
        {"other": 1, "a": result},
    )


@pytest.mark.parametrize("call", ["append", "prepend"])
@pytest.mark.parametrize("val", ["x", b"x"])
def test_append_creates_the_record(client, key, call, val):
    assert getattr(client, call)(key, "a", val) == 0
    assert client.get(key)[2] == {"a": val}


@pytest.mark.parametrize("call", ["append", "prepend"])
@pytest.mark.parametrize(
    ("stored", "val"),
    [
        (1, "x"),
        (1.5, "x"),
        (True, "x"),
        (b"x", "x"),
        ([1], "x"),
        ({"a": 1}, "x"),
        ("x", b"x"),
        (1, b"x"),
    ],
)
def test_append_to_another_type_is_incompatible(client, key, call, stored, val):
    client.put(key, {"a": stored})
    with pytest.raises(exception.BinIncompatibleType) as caught:
        getattr(client, call)(key, "a", val)
    assert (caught.value.code, caught.value.bin) == (12, "a")
    assert client.get(key)[1:] == ({"ttl": 4294967295, "gen": 1}, {"a": stored})


def test_append_to_geojson_is_a_server_error(client, key):
    client.put(key, {"a": GeoJSON({"type": "Point", "coordinates": [1, 2]})})
    with pytest.raises(exception.ServerError):
        client.append(key, "a", "x")


@pytest.mark.parametrize("call", ["append", "prepend"])
@pytest.mark.parametrize("val", [1, 1.5, True, None, [1], {}, memoryview(b"x")])
def test_append_of_another_type_is_a_param_error(client, key, call, val):
    with pytest.raises(exception.ParamError, match="concatenate"):
        getattr(client, call)(key, "a", val)
    assert client.exists(key)[1] is None


def test_append_of_a_lone_surrogate_is_a_client_error(client, key):
    with pytest.raises(exception.ClientError):
        client.append(key, "a", "\ud800")


# increment


@pytest.mark.parametrize(
    ("stored", "step", "total"),
    [
        (None, 3, 3),
        (None, -1.5, -1.5),
        (2, 3, 5),
        (2, -3, -1),
        (2, 0, 2),
        (1.5, 0.25, 1.75),
        (2, True, 3),
        (2**63 - 1, 1, -(2**63)),
        (-(2**63), -1, 2**63 - 1),
        (0, 2**63 - 1, 2**63 - 1),
        (0, -(2**63), -(2**63)),
    ],
)
def test_increment_adds_the_same_type(client, key, stored, step, total):
    if stored is not None:
        client.put(key, {"n": stored})
    assert client.increment(key, "n", step) == 0
    found = client.get(key)[2]["n"]
    assert (found, type(found)) == (total, type(total))


@pytest.mark.parametrize(
    ("stored", "step"),
    [
        (1, 1.5),
        (1.5, 1),
        ("x", 1),
        (b"x", 1),
        ([1], 1),
        ({"a": 1}, 1),
        (True, 1),
    ],
)
def test_increment_of_another_type_is_incompatible(client, key, stored, step):
    client.put(key, {"n": stored})
    with pytest.raises(exception.BinIncompatibleType) as caught:
        client.increment(key, "n", step)
    assert caught.value.bin == "n"


@pytest.mark.parametrize("step", ["1", None, [1], b"1", 2**63, -(2**63) - 1, 1j])
def test_increment_by_another_type_is_a_param_error(client, key, step):
    with pytest.raises(exception.ParamError):
        client.increment(key, "n", step)
    assert client.exists(key)[1] is None


# bins


@pytest.mark.parametrize("name", ["x" * 15, "é" * 7, "", "a b", "a:b;c", "\U0001f600"])
def test_bin_name_is_taken(client, key, name):
    client.put(key, {name: 1, "other": 2})
    assert client.get(key)[2] == {name: 1, "other": 2}


NAMED: dict[str, Any] = {
    "put": lambda c, k, n: c.put(k, {"a": 1, n: 1}),
    "select": lambda c, k, n: c.select(k, ["a", n]),
    "remove_bin": lambda c, k, n: c.remove_bin(k, [n]),
    "append": lambda c, k, n: c.append(k, n, "x"),
    "prepend": lambda c, k, n: c.prepend(k, n, "x"),
    "increment": lambda c, k, n: c.increment(k, n, 1),
    "read": lambda c, k, n: c.operate(k, [{"op": 0, "bin": n}]),
    "write": lambda c, k, n: c.operate(k, [{"op": 1, "bin": n, "val": 1}]),
}


@pytest.mark.parametrize("call", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("x" * 16, exception.BinNameError, 21),
        ("é" * 8, exception.BinNameError, 21),
        ("a\0b", exception.ParamError, -2),
        ("\ud800", exception.ClientError, -1),
    ],
    ids=ascii,
)
def test_bin_name_is_refused(client, key, call, name, error, code):
    client.put(key, {"a": "text"})
    with pytest.raises(error) as caught:
        call(client, key, name)
    assert caught.value.code == code
    assert client.get(key)[1]["gen"] == 1


@pytest.mark.parametrize("size", range(1, 40))
def test_nul_is_found_wherever_it_stands(client, key, size):
    """In names of bins and sets, and in user keys."""
    for at in range(size):
        text = "x" * at + "\0" + "y" * (size - at - 1)
        with pytest.raises(exception.ParamError, match="contains a NUL"):
            client.get((key[0], key[1], text))
        if size <= 15:
            with pytest.raises(exception.ParamError, match="contains a NUL"):
                client.put(key, {text: 1})
            with pytest.raises(exception.ParamError, match="contains a NUL"):
                client.get((key[0], text, key[2]))


@pytest.mark.parametrize("call", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("name", [5, None, b"a", 1.5, ("a",)])
def test_bin_name_of_another_type_is_refused(client, key, call, name):
    client.put(key, {"a": "text"})
    with pytest.raises(exception.ClientError) as caught:
        call(client, key, name)
    put_like = call in (NAMED["put"], NAMED["remove_bin"])
    assert caught.value.code == (-1 if put_like else -2)
    assert client.get(key)[1]["gen"] == 1


@pytest.mark.parametrize("bins", [None, [("a", 1)], ("a", 1), "a", 5, {"a"}, iter(())])
def test_put_wants_a_dict(client, key, bins):
    with pytest.raises(exception.ParamError, match="bin-value pair"):
        client.put(key, bins)


def test_put_of_nothing_is_an_invalid_request(client, key):
    with pytest.raises(exception.InvalidRequest) as caught:
        client.put(key, {})
    assert caught.value.code == 4


def test_put_of_too_many_bins_is_refused(client, key):
    with pytest.raises(exception.AerospikeError):
        client.put(key, {f"b{i}": 1 for i in range(40_000)})
    assert client.exists(key)[1] is None


def test_error_of_put_shows_its_bins(client, key):
    bins = {"a": 1}
    client.put(key, bins)
    with pytest.raises(exception.RecordExistsError) as caught:
        client.put(key, bins, policy={"exists": aerospike.POLICY_EXISTS_CREATE})
    assert caught.value.bin is bins
    assert caught.value.key is key


# write policies on the server


EXISTS_ROWS = [
    ("IGNORE", False, {"b": 2}, {"a": 1, "b": 2}),
    ("CREATE", False, {"b": 2}, exception.RecordExistsError),
    ("UPDATE", exception.RecordNotFound, None, {"a": 1, "b": 2}),
    ("REPLACE", exception.RecordNotFound, None, {"b": 2}),
    ("CREATE_OR_REPLACE", False, {"b": 2}, {"b": 2}),
]


@pytest.mark.parametrize(("name", "absent", "created", "result"), EXISTS_ROWS)
def test_exists_policy(client, new_key, name, absent, created, result):
    policy = {"exists": getattr(aerospike, f"POLICY_EXISTS_{name}")}
    missing, present = new_key(), new_key()
    client.put(present, {"a": 1})
    if absent:
        with pytest.raises(absent):
            client.put(missing, {"b": 2}, policy=policy)
    else:
        client.put(missing, {"b": 2}, policy=policy)
        assert client.get(missing)[2] == created
    if isinstance(result, dict):
        client.put(present, {"b": 2}, policy=policy)
        assert client.get(present)[2] == result
    else:
        with pytest.raises(result):
            client.put(present, {"b": 2}, policy=policy)


def test_key_policy_shows_and_stores_the_key(client, key):
    send = {"key": aerospike.POLICY_KEY_SEND}
    client.put(key, {"a": 1}, policy=send)
    assert client.get(key)[0][2] is None
    assert client.get(key, send)[0][2] == key[2]
    # a key that is sent has to be the stored one
    forged = (*key[:2], "other")
    assert client.exists(forged)[1] is None


def test_policies_of_the_client_are_defaults(make_client, key):
    keeping = make_client(policies={"key": aerospike.POLICY_KEY_SEND})
    keeping.put(key, {"a": 1})
    assert keeping.get(key)[0][2] == key[2]
    assert keeping.get(key, {"key": aerospike.POLICY_KEY_DIGEST})[0][2] is None
    creating = make_client(
        policies={"write": {"exists": aerospike.POLICY_EXISTS_CREATE}}
    )
    with pytest.raises(exception.RecordExistsError):
        creating.put(key, {"a": 2})
    creating.put(key, {"a": 2}, policy={"exists": aerospike.POLICY_EXISTS_IGNORE})


def test_deserialize_off_gives_lists_and_maps_as_bytes(client, key):
    client.put(key, {"l": [1, "a"], "m": {"k": 1}, "s": "text", "b": b"x"})
    bins = client.get(key, {"deserialize": False})[2]
    assert bins["l"] == b"\x92\x01\xa2\x03a"
    assert type(bins["m"]) is bytes
    assert (bins["s"], bins["b"]) == ("text", b"x")


@pytest.mark.parametrize("policy", [[], (), 5, "x", True, [("timeout", 1)]])
def test_policy_must_be_a_dict(client, key, policy):
    for call in (client.get, client.exists):
        with pytest.raises(exception.ParamError, match="policy must be a dict"):
            call(key, policy)
    with pytest.raises(exception.ParamError, match="policy must be a dict"):
        client.put(key, {"a": 1}, None, policy)


@pytest.mark.parametrize("value", ["x", 1.5, None, []])
@pytest.mark.parametrize(
    "name", ["total_timeout", "timeout", "max_retries", "retry", "key", "replica"]
)
def test_policy_value_of_another_type_is_refused(client, key, name, value):
    with pytest.raises(exception.ParamError, match=name):
        client.get(key, {name: value})


@pytest.mark.parametrize("value", [[], None, 1, "x", [(1, 2, 3, 4)], b"x"])
def test_expressions_must_be_compiled(client, key, value):
    with pytest.raises(exception.ParamError, match="expressions"):
        client.get(key, {"expressions": value})


@pytest.mark.parametrize(
    ("policy", "known"),
    [
        ({"timeout": 100}, True),
        ({"retry": 1, "consistency_level": 0}, True),
        ({"total_timeuot": 100}, False),
        ({"exists": 1}, False),  # of writes
        ({5: 1}, False),
    ],
    ids=str,
)
def test_unknown_policy_key_is_refused_with_validate_keys_only(
    client, make_client, key, unwarned, policy, known
):
    client.put(key, {"a": 1})
    strict = make_client(validate_keys=True)
    if known:
        assert client.get(key, policy)[2] == {"a": 1}
        assert strict.get(key, policy)[2] == {"a": 1}
    else:
        with pytest.warns(exception.AerospikeWarning, match="unknown read policy key"):
            assert client.get(key, policy)[2] == {"a": 1}
        with pytest.raises(exception.ParamError, match="invalid policy dictionary key"):
            strict.get(key, policy)
