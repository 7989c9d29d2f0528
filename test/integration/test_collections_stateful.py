"""Random sequences of list and map operations, against a model in plain Python.

AEROSPIKE_EXAMPLES=5000 runs more sequences than the few of every day, and other ones
each time.
"""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import aerospike
from aerospike import KeyOrderedDict, exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers.operations import list_operations, map_operations

from . import collection_model as model
from .collection_model import Level, List, Map, Node

N_EXAMPLES = int(os.environ.get("AEROSPIKE_EXAMPLES", "0"))
KEY = ("test", "pytest", "stateful")

numbers = st.integers(-3, 3)
map_keys = st.integers(-1, 2) | st.sampled_from(["a", "b"])
scalars = numbers | st.sampled_from(["a", "b", None, True, 0.5, 1.0, b"x"])
lists = st.lists(scalars, max_size=3)
dicts = st.dictionaries(map_keys, scalars, max_size=3)
ordered_dicts = dicts.map(KeyOrderedDict)
values = numbers | scalars | lists | dicts | ordered_dicts | st.lists(lists, max_size=2)
positions = st.integers(-6, 6)
counts = st.integers(0, 4)
some_counts = st.none() | counts
inverted = st.booleans()
list_types = st.sampled_from([*model.LIST_TYPES, model.VALUE, model.KEY])
map_types = st.sampled_from(model.MAP_TYPES)
list_flags = st.sampled_from([0, 0, 1, 2, 4, 5, 6, 9, 13, 15])
list_policies = st.none() | st.fixed_dictionaries(
    {"list_order": st.sampled_from([0, 1]), "write_flags": list_flags}
)
map_orders = st.sampled_from([0, 1, 3])
map_flags = st.sampled_from([0, 0, 1, 2, 4, 5, 6, 8, 13, 14])
map_policies = st.none() | st.fixed_dictionaries(
    {"map_order": map_orders, "map_write_flags": map_flags}
)
order_only = st.fixed_dictionaries({"map_order": map_orders})
items = st.lists(values, max_size=4)
asked_values = st.lists(values, min_size=1, max_size=4)
asked_keys = st.lists(map_keys, min_size=1, max_size=4)

Arguments = dict[str, list[st.SearchStrategy[Any]]]
LIST_PICKS: Arguments = {
    "index": [positions, list_types],
    "rank": [positions, list_types],
    "index_range": [positions, list_types, some_counts, inverted],
    "rank_range": [positions, list_types, some_counts, inverted],
    "value": [values, list_types, inverted],
    "value_list": [asked_values, list_types, inverted],
    "value_range": [list_types, values, values, inverted],
    "value_rank_range_relative": [
        values,
        positions,
        list_types,
        some_counts,
        inverted,
    ],
}
MAP_PICKS: Arguments = {
    "key": [map_keys, map_types],
    "index": [positions, map_types],
    "rank": [positions, map_types],
    "index_range": [positions, counts, map_types, inverted],
    "rank_range": [positions, counts, map_types, inverted],
    "key_range": [map_keys, map_keys, map_types, inverted],
    "value_range": [values, values, map_types, inverted],
    "value": [values, map_types, inverted],
    "key_list": [asked_keys, map_types, inverted],
    "value_list": [asked_values, map_types, inverted],
    "key_index_range_relative": [
        map_keys,
        positions,
        map_types,
        some_counts,
        inverted,
    ],
    "value_rank_range_relative": [
        values,
        positions,
        map_types,
        some_counts,
        inverted,
    ],
}
"""Arguments of helpers, after the bin: map_get_by_key..., map_remove_by_key..."""
OTHERS: Arguments = {
    "list_append": [values, list_policies],
    "list_append_items": [items, list_policies],
    "list_insert": [positions, values, list_policies],
    "list_insert_items": [positions, items, list_policies],
    "list_set": [positions, values, list_policies],
    "list_increment": [positions, numbers | st.sampled_from([0.5, -1.5])],
    "list_clear": [],
    "list_pop": [positions],
    "list_remove": [positions],
    "list_pop_range": [positions, counts],
    "list_remove_range": [positions, counts],
    "list_trim": [positions, st.integers(2, 6)],
    "list_sort": [st.sampled_from([0, 1, 2])],
    "list_set_order": [st.sampled_from([0, 1])],
    "list_size": [],
    "list_get": [positions],
    "list_get_range": [positions, counts],
    "map_put": [map_keys, values, map_policies],
    "map_put_items": [st.dictionaries(map_keys, values, max_size=4), map_policies],
    "map_increment": [map_keys, numbers | st.sampled_from([0.5, -1.5]), order_only],
    "map_decrement": [map_keys, numbers, order_only],
    "map_clear": [],
    "map_set_policy": [order_only],
    "map_size": [],
}
ARGUMENTS: Arguments = OTHERS | {
    f"{kind}_{form}_by_{name}": arguments
    for kind, picks in (("list", LIST_PICKS), ("map", MAP_PICKS))
    for form in ("get", "remove")
    for name, arguments in picks.items()
}


def calls_of(kind: str) -> st.SearchStrategy[tuple[str, list[Any]]]:
    """(helper, arguments) of lists or maps; what makes them grow comes often."""
    names = [name for name in ARGUMENTS if name.startswith(kind)]
    growing = [n for n in names if n.endswith(("append_items", "insert", "put_items"))]
    named = st.sampled_from(names) | st.sampled_from([*names, *growing * 4])
    return named.flatmap(
        lambda name: st.tuples(
            st.just(name), st.tuples(*ARGUMENTS[name]).map(copy.deepcopy)
        )
    ).map(lambda call: (call[0], list(call[1])))


found_levels = st.one_of(
    st.builds(Level, st.sampled_from(["list_index", "list_rank"]), st.integers(-3, 2)),
    st.builds(Level, st.sampled_from(["map_index", "map_rank"]), st.integers(-3, 2)),
    st.builds(Level, st.just("map_key"), map_keys),
    st.builds(Level, st.sampled_from(["list_value", "map_value"]), values),
)
created_levels = st.one_of(
    st.builds(Level, st.just("map_key_create"), map_keys, map_orders),
    st.builds(
        Level,
        st.just("list_index_create"),
        st.integers(0, 2),
        st.sampled_from([0, 1]),
    ),
)
contexts: st.SearchStrategy[list[Level]] = st.one_of(
    st.just([]),
    st.just([]),
    st.lists(found_levels, min_size=1, max_size=2),
    st.lists(created_levels, min_size=1, max_size=2),
    st.tuples(found_levels, created_levels).map(list),
)


def context_of(levels: list[Level]) -> list[Any]:
    """As the helpers take it."""
    made = []
    for level in levels:
        order = () if level.order is None else (level.order,)
        made.append(getattr(cdt_ctx, f"cdt_ctx_{level.kind}")(level.value, *order))
    return made


def exactly(value: Any) -> Any:
    """A form in which only values of the same types and orders are equal."""
    if isinstance(value, list):
        return [exactly(item) for item in value]
    if isinstance(value, dict):
        pairs = [(exactly(key), exactly(item)) for key, item in value.items()]
        return type(value).__name__, pairs
    return type(value).__name__, value


@pytest.fixture(scope="module", autouse=True)
def _client_of_machines(client):
    Collections.client = client
    yield
    client.remove(KEY)


class Collections(RuleBasedStateMachine):
    """A record with a list and a map, each of which may be missing."""

    client: aerospike.Client

    def __init__(self) -> None:
        super().__init__()
        self.bins: dict[str, Node | None] = {"list": None, "map": None}

    @initialize(first=lists, second=dicts | ordered_dicts)
    def start(self, first: list[Any], second: dict[Any, Any]) -> None:
        policy = {"exists": aerospike.POLICY_EXISTS_CREATE_OR_REPLACE}
        self.client.put(KEY, {"": 0, "list": first, "map": second}, policy=policy)
        self.bins = {"list": model.nodes(first), "map": model.nodes(second)}

    @rule(name=st.sampled_from(["list", "map", *[None] * 6]))
    def remove_bin(self, name: str | None) -> None:
        """Now and then."""
        if name is not None:
            self.client.put(KEY, {name: None})
            self.bins[name] = None

    @rule(call=calls_of("list"))
    def run_on_list(self, call: tuple[str, list[Any]]) -> None:
        self.run("list", [], call)

    @rule(call=calls_of("map"))
    def run_on_map(self, call: tuple[str, list[Any]]) -> None:
        self.run("map", [], call)

    @rule(
        name=st.sampled_from(["list", "map"]),
        levels=contexts,
        call=calls_of("list") | calls_of("map"),
    )
    def run_inside(
        self, name: str, levels: list[Level], call: tuple[str, list[Any]]
    ) -> None:
        self.run(name, levels, call)

    def run(self, name: str, levels: list[Level], call: tuple[str, list[Any]]) -> None:
        """One operation, here and there: the same result or the same code."""
        helper, args = call
        module = list_operations if helper.startswith("list") else map_operations
        operation = getattr(module, helper)(name, *args, ctx=context_of(levels))
        try:
            left, wanted = model.run(
                copy.deepcopy(self.bins[name]), levels, helper, args
            )
        except model.Undecided:
            return
        except model.Refused as refused:
            left, wanted = self.bins[name], ("code", refused.code)
        found = self.answer(operation)
        assert exactly(found) == exactly(wanted), (self.bins[name], levels, operation)
        self.bins[name] = left

    def answer(self, operation: dict[str, Any]) -> Any:
        """The result, or ("code", code)."""
        try:
            return self.client.operate(KEY, [operation])[2].get(operation["bin"])
        except exception.AerospikeError as error:
            return "code", error.code

    @invariant()
    def bins_are_those_of_the_model(self) -> None:
        stored = self.client.get(KEY)[2]
        for name, node in self.bins.items():
            wanted = model.plain(node) if isinstance(node, (List, Map)) else None
            assert exactly(stored.get(name)) == exactly(wanted)


def test_every_operation_has_arguments():
    """What the model knows is tried."""
    assert {*model.names_of(List), *model.names_of(Map)} == set(ARGUMENTS)


TestCollections = Collections.TestCase
TestCollections.settings = settings(
    max_examples=N_EXAMPLES or 25,
    derandomize=not N_EXAMPLES,
    database=None,
    stateful_step_count=40,
    phases=[Phase.generate],  # shorter failures would take minutes to find
)
TestCollections.pytestmark = [pytest.mark.timeout(0 if N_EXAMPLES else 120)]  # type: ignore[attr-defined]
