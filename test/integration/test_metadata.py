"""Time to live and generation: in metadata, in policies, in the arguments of calls."""

from __future__ import annotations

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

from ..waiting import LATE_S, until

NEVER = 4294967295
YEAR_S = 365 * 24 * 3600


def ttl_of(client, key):
    """How long a record lives; 0 if it has gone."""
    meta = client.exists(key)[1]
    return meta["ttl"] if meta is not None else 0


def assert_ttl(found: int, wanted: int) -> None:
    """Equal, or for seconds to live a bit less: the clock ticks in between."""
    slack = 0 if wanted == NEVER else 1 + int(LATE_S)
    assert wanted - slack <= found <= wanted


@pytest.mark.parametrize(
    ("ttl", "found"),
    [
        (100, 100),
        (10 * YEAR_S, 10 * YEAR_S),
        (True, 1),
        (0, NEVER),  # the namespace's default
        (aerospike.TTL_NAMESPACE_DEFAULT, NEVER),
        (-1, NEVER),
        (aerospike.TTL_NEVER_EXPIRE, NEVER),
        (-2, NEVER),
        (aerospike.TTL_DONT_UPDATE, NEVER),
        (-3, 77),
        (aerospike.TTL_CLIENT_DEFAULT, 77),
    ],
)
def test_ttl_in_meta_of_put(client, key, ttl, found):
    client.put(key, {"a": 1}, {"ttl": ttl}, {"ttl": 77})
    assert_ttl(ttl_of(client, key), found)


def test_ttl_of_the_policy_is_used_without_one_in_meta(client, make_client, key):
    client.put(key, {"a": 1}, {"gen": 5}, {"ttl": 100})
    assert_ttl(ttl_of(client, key), 100)
    client.put(key, {"a": 1}, {"ttl": 0}, {"ttl": 100})
    assert ttl_of(client, key) == NEVER
    make_client(policies={"write": {"ttl": 200}}).put(key, {"a": 1})
    assert_ttl(ttl_of(client, key), 200)


@pytest.mark.parametrize("ttl", [-2, aerospike.TTL_DONT_UPDATE])
def test_ttl_stays_when_it_is_not_to_be_updated(client, key, ttl):
    client.put(key, {"a": 1}, {"ttl": 1000})
    client.put(key, {"a": 2}, {"ttl": ttl})
    assert_ttl(ttl_of(client, key), 1000)
    client.touch(key, ttl)
    assert_ttl(ttl_of(client, key), 1000)


def test_metadata_that_was_handed_out_is_the_callers(client, key):
    client.put(key, {"a": 1})
    first, second = client.get(key)[1], client.get(key)[1]
    first.update(gen=7, ttl=8, more=9)
    assert second == client.get(key)[1] == {"ttl": NEVER, "gen": 1}
    assert list(second) == ["ttl", "gen"]


@pytest.mark.parametrize("ttl", [10 * YEAR_S + 1, 2**31])
def test_ttl_beyond_ten_years_is_an_invalid_request(client, key, ttl):
    with pytest.raises(exception.InvalidRequest) as caught:
        client.put(key, {"a": 1}, {"ttl": ttl})
    assert caught.value.code == 4


@pytest.mark.parametrize("ttl", ["x", 1.5, None, 2**63, -(2**63) - 1])
def test_ttl_of_another_type_is_refused(client, key, ttl):
    with pytest.raises(exception.ClientError):
        client.put(key, {"a": 1}, {"ttl": ttl})
    assert client.exists(key)[1] is None


@pytest.mark.parametrize(
    ("args", "kwargs", "found"),
    [
        ((100,), {}, 100),
        ((100,), {"meta": {"ttl": 50}}, 100),
        ((0,), {"meta": {"ttl": 50}}, NEVER),
        ((-1,), {}, NEVER),
        ((), {"meta": {"ttl": 50}}, 50),
        ((), {"policy": {"ttl": 60}}, 60),
        ((), {"meta": {"ttl": 50}, "policy": {"ttl": 60}}, 50),
        ((), {}, NEVER),
    ],
)
def test_ttl_of_touch(client, key, args, kwargs, found):
    client.put(key, {"a": 1}, {"ttl": 1000})
    client.touch(key, *args, **kwargs)
    assert_ttl(ttl_of(client, key), found)


@pytest.mark.parametrize(
    "call",
    [
        lambda c, k, m: c.append(k, "a", "x", m),
        lambda c, k, m: c.prepend(k, "a", "x", m),
        lambda c, k, m: c.increment(k, "n", 1, m),
        lambda c, k, m: c.operate(k, [{"op": 1, "bin": "n", "val": 2}], m),
        lambda c, k, m: c.operate_ordered(k, [{"op": 1, "bin": "n", "val": 2}], m),
        lambda c, k, m: c.remove_bin(k, ["n"], m),
    ],
)
def test_meta_of_other_writes(client, key, call):
    client.put(key, {"a": "x", "n": 1})
    call(client, key, {"ttl": 100})
    assert_ttl(ttl_of(client, key), 100)


@pytest.mark.parametrize("val", [100, 0, -1])
def test_ttl_of_the_touch_operation(client, key, val):
    client.put(key, {"a": 1}, {"ttl": 1000})
    client.operate(key, [{"op": aerospike.OPERATOR_TOUCH, "val": val}])
    assert_ttl(ttl_of(client, key), 100 if val == 100 else NEVER)


@pytest.mark.parametrize("operation", [operations.touch(), operations.touch(0)])
@pytest.mark.parametrize("options", [({"ttl": 100},), (None, {"ttl": 100})])
def test_touch_operation_without_ttl_takes_that_of_the_call(
    client, key, operation, options
):
    client.put(key, {"a": 1}, {"ttl": 1000})
    client.operate(key, [operation], *options)
    assert_ttl(ttl_of(client, key), 100)


def test_ttl_counts_down_and_the_record_goes(client, dev_cluster, key):
    client.put(key, {"a": 1}, {"ttl": 100})
    dev_cluster.advance(60)
    assert client.get(key)[2] == {"a": 1}
    dev_cluster.advance(41)
    with pytest.raises(exception.RecordNotFound):
        client.get(key)


def test_record_of_one_second_goes(client, key):
    client.put(key, {"a": 1}, {"ttl": 1})
    until(lambda: client.exists(key)[1] is None)


# generation


@pytest.fixture
def third(client, key):
    """A record of generation 3."""
    for _ in range(3):
        client.put(key, {"a": 1})
    return key


@pytest.mark.parametrize("gen", [0, 1, 99, 65535])
def test_generation_is_ignored_without_a_policy(client, third, gen):
    client.put(third, {"a": 2}, {"gen": gen})
    assert client.get(third)[1]["gen"] == 4


@pytest.mark.parametrize(
    ("policy", "meta", "passes"),
    [
        (aerospike.POLICY_GEN_EQ, {"gen": 3}, True),
        (aerospike.POLICY_GEN_EQ, {"gen": 2}, False),
        (aerospike.POLICY_GEN_EQ, {"gen": 65535}, False),
        (aerospike.POLICY_GEN_EQ, None, False),
        (aerospike.POLICY_GEN_EQ, {"ttl": 0}, False),
        (aerospike.POLICY_GEN_GT, {"gen": 4}, True),
        (aerospike.POLICY_GEN_GT, {"gen": 3}, False),
        (aerospike.POLICY_GEN_IGNORE, {"gen": 99}, True),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda c, k, m, p: c.put(k, {"a": 2}, m, p),
        lambda c, k, m, p: c.remove(k, m, p),
        lambda c, k, m, p: c.remove_bin(k, ["a"], m, p),
        lambda c, k, m, p: c.touch(k, 0, m, p),
        lambda c, k, m, p: c.increment(k, "a", 1, m, p),
        lambda c, k, m, p: c.append(k, "s", "x", m, p),
        lambda c, k, m, p: c.operate(k, [{"op": 1, "bin": "a", "val": 2}], m, p),
    ],
    ids=["put", "remove", "remove_bin", "touch", "increment", "append", "operate"],
)
def test_generation_is_compared_as_the_policy_says(
    client, third, call, policy, meta, passes
):
    if passes:
        call(client, third, meta, {"gen": policy})
        return
    with pytest.raises(exception.RecordGenerationError) as caught:
        call(client, third, meta, {"gen": policy})
    assert caught.value.code == 3
    assert client.get(third)[1]["gen"] == 3


def test_generation_of_a_missing_record_is_0(client, key):
    policy = {"gen": aerospike.POLICY_GEN_EQ}
    with pytest.raises(exception.RecordGenerationError):
        client.put(key, {"a": 1}, {"gen": 1}, policy)
    client.put(key, {"a": 1}, {"gen": 0}, policy)
    assert client.get(key)[1]["gen"] == 1


@pytest.mark.parametrize("gen", ["x", 1.5, None, 2**70])
def test_generation_of_another_type_is_refused(client, key, gen):
    with pytest.raises(exception.ClientError):
        client.put(key, {"a": 1}, {"gen": gen})
    assert client.exists(key)[1] is None


# meta itself


@pytest.mark.parametrize("meta", [[], (), "x", 5, True, [("ttl", 1)]])
def test_meta_must_be_a_dict(client, key, meta):
    for call in (
        lambda: client.put(key, {"a": 1}, meta),
        lambda: client.touch(key, 0, meta),
        lambda: client.append(key, "a", "x", meta),
        lambda: client.operate(key, [{"op": 0, "bin": "a"}], meta),
    ):
        with pytest.raises(exception.ParamError, match="dict"):
            call()


@pytest.mark.usefixtures("unwarned")
def test_unknown_meta_key_is_refused_with_validate_keys_only(client, make_client, key):
    with pytest.warns(exception.AerospikeWarning, match="unknown record metadata key"):
        client.put(key, {"a": 1}, {"ttll": 1})
    with pytest.raises(exception.ParamError, match=r"'ttll'.*mean 'ttl'"):
        make_client(validate_keys=True).put(key, {"a": 1}, {"ttll": 1})


# the second argument of remove()


@pytest.mark.parametrize(
    ("args", "kwargs", "removes"),
    [
        (({"gen": 99},), {}, True),
        (({"total_timeout": 1000},), {}, True),
        (({"timeout": 1000, "gen": aerospike.POLICY_GEN_EQ},), {}, False),
        (
            (
                {
                    "timeout": 1000,
                    "gen": aerospike.POLICY_GEN_EQ,
                    "generation": 3,
                },
            ),
            {},
            True,
        ),
        (({"key": 1, "gen": aerospike.POLICY_GEN_EQ, "generation": 2},), {}, False),
        (({"gen": 99}, {"gen": aerospike.POLICY_GEN_EQ}), {}, False),
        (({"gen": 3}, {"gen": aerospike.POLICY_GEN_EQ}), {}, True),
        ((), {"policy": {"gen": aerospike.POLICY_GEN_EQ, "generation": 3}}, True),
        ((), {"policy": {"gen": aerospike.POLICY_GEN_EQ, "generation": 99}}, False),
        ((), {"policy": {"gen": aerospike.POLICY_GEN_EQ}}, False),
        (("x",), {}, True),
        ((5,), {}, True),
        ((None,), {}, True),
    ],
)
def test_second_argument_of_remove(client, third, args, kwargs, removes):
    if removes:
        assert client.remove(third, *args, **kwargs) == 0
        assert client.exists(third)[1] is None
        return
    with pytest.raises(exception.RecordGenerationError):
        client.remove(third, *args, **kwargs)
    assert client.exists(third)[1] is not None


# numbers that no server has a meaning for


BEYOND_TTL = [-4, -(2**40), 2**32, 2**32 + 5, 2**40]
BEYOND_GENERATION = [-1, 65536, 65536 + 1, 2**32 + 1, 2**40]

WRITE = operations.write("a", 2)

TTL_CALLS = {
    "put": lambda c, k, ttl: c.put(k, {"a": 2}, {"ttl": ttl}),
    "put-policy": lambda c, k, ttl: c.put(k, {"a": 2}, None, {"ttl": ttl}),
    "remove-bin": lambda c, k, ttl: c.remove_bin(k, ["a"], {"ttl": ttl}),
    "touch": lambda c, k, ttl: c.touch(k, ttl),
    "touch-operation": lambda c, k, ttl: c.operate(k, [operations.touch(ttl)]),
    "operate": lambda c, k, ttl: c.operate(k, [WRITE], {"ttl": ttl}),
    "batch_operate": lambda c, k, ttl: c.batch_operate([k], [WRITE], ttl=ttl),
    "batch_write-meta": lambda c, k, ttl: c.batch_write(
        BatchRecords([Write(k, [WRITE], {"ttl": ttl})])
    ),
    "batch_write-policy": lambda c, k, ttl: c.batch_write(
        BatchRecords([Write(k, [WRITE], None, {"ttl": ttl})])
    ),
}


@pytest.mark.parametrize("call", TTL_CALLS.values(), ids=list(TTL_CALLS))
@pytest.mark.parametrize("ttl", BEYOND_TTL)
def test_ttl_of_no_meaning_is_refused(client, key, call, ttl):
    client.put(key, {"a": 1}, {"ttl": 1000})
    with pytest.raises(exception.ParamError, match=rf"{ttl}\b"):
        call(client, key, ttl)
    assert client.get(key)[1]["gen"] == 1
    assert_ttl(ttl_of(client, key), 1000)


GEN_EQ = {"gen": aerospike.POLICY_GEN_EQ}
GENERATION_CALLS = {
    "put": lambda c, k, gen: c.put(k, {"a": 2}, {"gen": gen}, GEN_EQ),
    "remove": lambda c, k, gen: c.remove(k, {"gen": gen}, GEN_EQ),
    "operate": lambda c, k, gen: c.operate(k, [WRITE], {"gen": gen}, GEN_EQ),
    "batch_write": lambda c, k, gen: c.batch_write(
        BatchRecords([Write(k, [WRITE], {"gen": gen}, GEN_EQ)])
    ),
}


@pytest.mark.parametrize("call", GENERATION_CALLS.values(), ids=list(GENERATION_CALLS))
@pytest.mark.parametrize("gen", BEYOND_GENERATION)
def test_generation_that_no_record_has_is_refused(client, key, call, gen):
    client.put(key, {"a": 1})
    with pytest.raises(exception.ParamError, match=f"generation .* not {gen}"):
        call(client, key, gen)
    assert client.get(key)[2] == {"a": 1}


@pytest.mark.parametrize("gen", [65536 + 1, 2**32 + 1])
def test_generation_of_a_policy_that_no_record_has_is_refused(client, key, gen):
    client.put(key, {"a": 1})
    policy = {**GEN_EQ, "generation": gen}
    for remove in (
        lambda: client.remove(key, None, policy),
        lambda: client.batch_remove([key], None, policy),
    ):
        with pytest.raises(exception.ParamError, match="generation is invalid"):
            remove()
    assert client.get(key)[2] == {"a": 1}
