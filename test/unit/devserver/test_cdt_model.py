"""Lists and maps against a plain Python model, in random sequences of operations."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aerospike_devserver.expressions import compiler
from aerospike_devserver.operations.cdt import engine
from aerospike_devserver.result import ServerError
from aerospike_devserver.values.values import ListValue, MapValue, is_sorted
from aerospike_devserver.version import NEWEST

VALUE, INVERTED = 7, 0x10000
compile_loop = compiler(NEWEST)
numbers = st.integers(-5, 5)
positions = st.integers(-7, 7)
counts = st.integers(0, 5)
keys = st.integers(0, 6)


def listed(items):
    return ListValue(list(items))


class Lists(RuleBasedStateMachine):
    """An unordered and an ordered list beside Python lists."""

    def __init__(self):
        super().__init__()
        self.roots: dict[bool, Any] = {False: ListValue([]), True: ListValue([], 1)}
        self.models: dict[bool, list[int]] = {False: [], True: []}

    def modify(self, ordered, *operation):
        asked = engine.parse(listed(operation))
        left = engine.modify(self.roots[ordered], asked, compile_loop, False)
        self.roots[ordered] = left.root
        return left.result

    def read(self, ordered, *operation):
        return engine.read(
            self.roots[ordered], engine.parse(listed(operation)), compile_loop
        )

    @invariant()
    def same_as_the_model(self):
        for ordered, root in self.roots.items():
            assert root.items == self.models[ordered]
        assert is_sorted(self.roots[True].items)

    @rule(ordered=st.booleans(), items=st.lists(numbers, max_size=4))
    def append_items(self, ordered, items):
        model = self.models[ordered]
        model += items
        if ordered:
            model.sort()
        assert self.modify(ordered, 2, listed(items)) == len(model)

    @rule(index=positions, value=numbers)
    def insert(self, index, value):
        model = self.models[False]
        if not -len(model) <= index <= len(model):
            return
        place = index + len(model) if index < 0 else index
        model.insert(place, value)
        assert self.modify(False, 3, index, value) == len(model)

    @rule(ordered=st.booleans(), index=positions)
    def pop(self, ordered, index):
        model = self.models[ordered]
        if -len(model) <= index < len(model):
            assert self.modify(ordered, 5, index) == model.pop(index)
            return
        with pytest.raises(ServerError, match="OP_NOT_APPLICABLE"):
            self.modify(ordered, 5, index)

    @rule(ordered=st.booleans(), start=st.integers(0, 7), count=counts)
    def remove_index_range(self, ordered, start, count):
        model = self.models[ordered]
        taken = model[start : start + count]
        del model[start : start + count]
        assert self.modify(ordered, 37, VALUE, start, count).items == taken

    @rule(ordered=st.booleans(), value=numbers)
    def remove_all_by_value(self, ordered, value):
        kept = [item for item in self.models[ordered] if item != value]
        n_gone = len(self.models[ordered]) - len(kept)
        self.models[ordered] = kept
        assert self.modify(ordered, 35, 5, value) == n_gone

    @rule(ordered=st.booleans(), begin=numbers, end=numbers, inverted=st.booleans())
    def get_interval(self, ordered, begin, end, inverted):
        wanted = [
            item
            for item in self.models[ordered]
            if (begin <= item < end) is not inverted
        ]
        flags = VALUE | (INVERTED if inverted else 0)
        assert self.read(ordered, 25, flags, begin, end).items == wanted

    @rule(ordered=st.booleans(), rank=st.integers(0, 7), count=counts)
    def get_rank_range(self, ordered, rank, count):
        wanted = sorted(self.models[ordered])[rank : rank + count]
        assert sorted(self.read(ordered, 26, VALUE, rank, count).items) == wanted

    @rule(ordered=st.booleans(), flags=st.integers(0, 2))
    def sort(self, ordered, flags):
        model = self.models[ordered]
        model.sort(reverse=flags == 1 and not ordered)
        if flags == 2:
            model[:] = sorted(set(model))
        self.modify(ordered, 13, flags)


class Maps(RuleBasedStateMachine):
    """A map beside a dict."""

    def __init__(self):
        super().__init__()
        self.root = MapValue([], [])
        self.model = {}

    def modify(self, *operation):
        asked = engine.parse(listed(operation))
        return engine.modify(self.root, asked, compile_loop, False).result

    def read(self, *operation):
        return engine.read(self.root, engine.parse(listed(operation)), compile_loop)

    @invariant()
    def same_as_the_model(self):
        assert self.root.keys == sorted(self.model)
        assert dict(zip(self.root.keys, self.root.values, strict=True)) == self.model

    def by_rank(self):
        return sorted(self.model, key=lambda key: (self.model[key], key))

    @rule(key=keys, value=numbers)
    def put(self, key, value):
        self.model[key] = value
        assert self.modify(67, key, value) == len(self.model)

    @rule(items=st.dictionaries(keys, numbers, max_size=4))
    def create_all(self, items):
        """Only new keys, the others skipped."""
        self.model = items | self.model
        pairs = MapValue(sorted(items), [items[key] for key in sorted(items)])
        assert self.modify(68, pairs, 0, 13) == len(self.model)

    @rule(key=keys, delta=numbers)
    def increment(self, key, delta):
        self.model[key] = self.model.get(key, 0) + delta
        assert self.modify(73, key, delta) == self.model[key]

    @rule(key=keys)
    def remove_key(self, key):
        assert self.modify(76, 5, key) == (key in self.model)
        self.model.pop(key, None)

    @rule(begin=keys, end=keys, inverted=st.booleans())
    def get_key_interval(self, begin, end, inverted):
        wanted = [key for key in sorted(self.model) if (begin <= key < end) != inverted]
        flags = 6 | (INVERTED if inverted else 0)
        assert self.read(103, flags, begin, end).items == wanted

    @rule(rank=st.integers(0, 7), count=counts)
    def remove_rank_range(self, rank, count):
        wanted = self.by_rank()[rank : rank + count]
        assert self.modify(87, 6, rank, count).items == wanted
        for key in wanted:
            del self.model[key]

    @rule(value=numbers, offset=positions, count=counts)
    def get_relative_rank(self, value, offset, count):
        order = self.by_rank()
        start = sum(self.model[key] < value for key in order) + offset
        wanted = order[max(0, start) : max(0, start + count)]
        assert self.read(110, 6, value, offset, count).items == wanted

    @rule(values=st.lists(numbers, max_size=3))
    def get_value_list(self, values):
        wanted = [key for key in sorted(self.model) if self.model[key] in values]
        assert self.read(108, 6, listed(values)).items == wanted


quick = settings(
    max_examples=60,
    stateful_step_count=30,
)
TestLists = Lists.TestCase
TestMaps = Maps.TestCase
TestLists.settings = quick
TestMaps.settings = quick
