"""Operations with wrong arguments: an error that names both, and nothing is sent.

Every helper of the inventory is called with good arguments; then each entry of the dict
that it makes is replaced by bad ones, or left out.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import aerospike
from aerospike import exception
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import list_operations as lists
from aerospike_helpers.string_helpers import StringPolicy

from ..waiting import patient
from .peer import OK_REPLY, ScriptedNode

PACKAGE = "aerospike_helpers.operations"
INVENTORY = json.loads((Path(__file__).parents[1] / "api" / "api.json").read_text())
KEY = ("test", "pytest", "never sent")
EXPRESSION = exp.Eq(exp.IntBin("n"), 1).compile()
TOO_BIG = (2**63, -(2**63) - 1)


class Kind(NamedTuple):
    """What an entry takes: a good value, and bad ones with what the error says."""

    good: Any
    bad: list[tuple[Any, str]]


def kind(good: Any, expected: str, *bad: Any) -> Kind:
    """A kind whose bad values all get one text, in which {} is the value's type."""
    return Kind(good, [(v, expected.format(type(v).__name__)) for v in bad])


def policy(good: dict[str, int]) -> Kind:
    """A dict of numbers."""
    of_dict = kind(good, "must be a dict: got {}", [], "x", 1).bad
    for name in good:
        of_dict.append(({name: "x"}, f"{name} must be an integer: got str"))
        of_dict += [({name: v}, f"{name} too large") for v in TOO_BIG]
    return Kind(good, of_dict)


_wrong_number = kind(1, "must be an integer: got {}", "1", 1.0, [1], b"1").bad
NUMBER = Kind(1, [*_wrong_number, *((v, "too large") for v in TOO_BIG)])
ANYTHING = Kind("x", [(v, "64 bits are allowed") for v in TOO_BIG])
LIST = Kind(
    ["x"],
    [
        *kind(None, "must be a list: got {}", ("x",), "x", {"x": 1}, 1).bad,
        ([TOO_BIG[0]], "64 bits are allowed"),
    ],
)
PAIRS = kind({"a": 1}, "must be a dict: got {}", [("a", 1)], "x", 1)
TEXT = kind("x", "must be a str: got {}", 1, b"x", ["x"])
TEXTS = Kind(
    ["x"],
    [
        *kind(None, "must be a list: got {}", ("x",), "x", 1).bad,
        (["x", 1], "must be a list of str: it has a int"),
        ([b"x"], "must be a list of str: it has a bytes"),
    ],
)
BYTES = kind(b"x", "must be bytes: got {}", "x", 1, [1])
BOOL = kind(True, "must be a bool: got {}", "x", 1.0, [])
STRING_POLICY = kind(StringPolicy(4), "must be a StringPolicy: got {}", {}, 1, "x")
COMPILED = kind(EXPRESSION, "must be a compiled expression", 1, [], exp.IntBin("n"))
SWITCH = Kind(True, [])  # whatever is true or false
CONTEXT = kind(
    [cdt_ctx.cdt_ctx_map_key("k")],
    "Failed to convert ctx",
    "x",
    {},
    1,
    (cdt_ctx.cdt_ctx_map_key("k"),),
    ["x"],
    [None],
    [1, 2],
)

KINDS = {
    "action": NUMBER,
    "bit_offset": NUMBER,
    "bit_size": NUMBER,
    "byte_offset": NUMBER,
    "byte_size": NUMBER,
    "cdt_flags": NUMBER,
    "count": NUMBER,
    "ctx": CONTEXT,
    "end": NUMBER,
    "expr": COMPILED,
    "expr_flags": NUMBER,
    "hll_policy": policy({"flags": 1}),
    "index": NUMBER,
    "index_bit_count": NUMBER,
    "inverted": SWITCH,
    "invert_size": SWITCH,
    "key": ANYTHING,
    "list_order": NUMBER,
    "list_policy": policy({"list_order": 1, "write_flags": 1}),
    "map_order": NUMBER,
    "map_policy": policy({"map_order": 1, "map_write_flags": 1}),
    "mh_bit_count": NUMBER,
    "mod_exp": COMPILED,
    "needle": TEXT,
    "numeric_type": NUMBER,
    "occurrence": NUMBER,
    "pad": SWITCH,
    "pad_string": TEXT,
    "pattern": TEXT,
    "persist_index": SWITCH,
    "policy": policy({"bit_write_flags": 1}),
    "prefix": TEXT,
    "range": ANYTHING,
    "rank": NUMBER,
    "regex_flags": NUMBER,
    "replacement": TEXT,
    "resize_flags": NUMBER,
    "return_type": NUMBER,
    "separator": TEXT,
    "sign": BOOL,
    "sort_flags": NUMBER,
    "start": NUMBER,
    "suffix": TEXT,
    "target_length": NUMBER,
    "val": ANYTHING,
    "value": BYTES,
    "value_begin": ANYTHING,
    "value_byte_size": NUMBER,
    "value_end": ANYTHING,
    "value_list": LIST,
}
"""By the name of the entry."""

OF_MODULE = {"string_operations": {"policy": STRING_POLICY, "value": TEXT}}
OF_HELPER = {
    "list_append_items": {"val": LIST},
    "list_insert_items": {"val": LIST},
    "map_get_by_key_list": {"val": LIST},
    "map_get_by_value_list": {"val": LIST},
    "map_put_items": {"val": PAIRS},
    "map_remove_by_key_list": {"val": LIST},
    "map_remove_by_value_list": {"val": LIST},
    "bit_add": {"value": NUMBER},
    "bit_subtract": {"value": NUMBER},
    "bit_set_int": {"value": NUMBER},
    "bit_lshift": {"value": NUMBER},
    "bit_rshift": {"value": NUMBER},
    "bit_lscan": {"value": BOOL},
    "bit_rscan": {"value": BOOL},
    "concat": {"value_list": TEXTS},
}
"""Where the entry means another thing than elsewhere."""

COUNTS = ("get_range", "pop_range", "remove_range", "trim", "index_range", "rank_range")
"""Helpers whose "val" is a count end like this."""

CAN_BE_MISSING = {
    "value_byte_size",
    "inverted",
    "invert_size",
    "list_increment",
    "map_policy",
    "pad",
    "persist_index",
    "return_type",
    "sign",
    "value_begin",
    "value_end",
}
"""Entries with a default, which helpers require nevertheless; a helper's only one."""


class Call(NamedTuple):
    """A helper's operation with good arguments."""

    module: str
    helper: str
    op: dict[str, Any]
    kinds: dict[str, Kind]
    needed: set[str]
    """Entries that cannot be left out."""

    @property
    def name(self) -> str:
        """As errors call the operation."""
        prefix = "string_" if self.module == "string_operations" else ""
        return prefix + self.helper


def kind_of(module: str, helper: str, entry: str) -> Kind:
    """What an entry of a helper's dict takes."""
    if entry == "val" and helper.endswith(COUNTS):
        return NUMBER
    special = OF_MODULE.get(module, {}) | OF_HELPER.get(helper, {})
    return special.get(entry) or KINDS[entry]


def calls() -> Iterator[Call]:
    """Every helper that packs its arguments: those of whole bins are left out."""
    for path, inventory in INVENTORY["modules"].items():
        package, _, module = path.rpartition(".")
        for function in inventory.get("functions", []) if package == PACKAGE else []:
            name, shape = function["name"], function["op_dict"]
            if module == "operations":
                if not name.endswith("_by_path"):
                    continue
                shape = shape | {"ctx": "ctx"}
            entries = {param: entry for entry, param in shape.items()}
            entries["inverted"] = "inverted"
            params = [p for p in function["parameters"] if p["name"] != "bin_name"]
            kinds = {
                p["name"]: kind_of(module, name, entries[p["name"]]) for p in params
            }
            helper = getattr(importlib.import_module(path), name)
            yield Call(
                module,
                name,
                helper("b", **{param: kind.good for param, kind in kinds.items()}),
                {entries[param]: kind for param, kind in kinds.items()},
                {
                    entries[p["name"]]
                    for p in params
                    if p.get("required")
                    and not CAN_BE_MISSING & {entries[p["name"]], name}
                },
            )


CALLS = {f"{call.module}.{call.helper}": call for call in calls()}
ENTRIES = [
    (name, entry)
    for name, call in CALLS.items()
    for entry, kind in call.kinds.items()
    if kind.bad
]
NEEDED = [
    (name, entry) for name, call in CALLS.items() for entry in sorted(call.needed)
]


@pytest.fixture(scope="module")
def node() -> Iterator[ScriptedNode]:
    with ScriptedNode() as made:
        made.default = OK_REPLY
        yield made


@pytest.fixture(scope="module")
def own_client(node):
    with aerospike.client(patient({"hosts": [node.host]})) as made:
        yield made


@pytest.fixture
def refuse(node, own_client):
    """refuse(operation): the text of the ParamError; nothing may have been sent."""

    def made(operation: dict[str, Any]) -> str:
        n_before = len(node.requests)
        with pytest.raises(exception.ParamError) as caught:
            own_client.operate(KEY, [operation])
        assert caught.value.code == -2
        assert len(node.requests) == n_before
        assert (caught.value.operation_index, caught.value.key) == (0, KEY)
        return str(caught.value)

    return made


def test_inventory_is_covered():
    assert len(CALLS) == 140


@pytest.mark.parametrize("name", CALLS)
def test_good_arguments_are_sent(node, own_client, name):
    """What the other tests change is right as it is."""
    n_before = len(node.requests)
    own_client.operate(KEY, [CALLS[name].op])
    assert len(node.requests) == n_before + 1


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_bad_argument_is_refused(refuse, name, entry):
    call = CALLS[name]
    for bad, text in call.kinds[entry].bad:
        said = refuse(call.op | {entry: bad})
        assert text in said
        assert f"operation={call.name}," in said
        names_key = isinstance(bad, dict) and bad.keys() <= set(text.split())
        assert entry in said or names_key


@pytest.mark.parametrize(("name", "entry"), NEEDED)
def test_missing_argument_is_refused(refuse, name, entry):
    call = CALLS[name]
    without = {k: v for k, v in call.op.items() if k != entry}
    said = refuse(without)
    assert f"operation={call.name}," in said
    names = said.partition("Operation missing required entry ")[2].partition(" [")[0]
    assert entry in names.split(" or ")


@pytest.mark.parametrize("name", CALLS)
def test_bin_has_to_be_a_name(refuse, name):
    op = CALLS[name].op
    assert "Bin is not given" in refuse({k: v for k, v in op.items() if k != "bin"})
    assert "Bin name should be of type string: got int" in refuse(op | {"bin": 1})


@pytest.mark.parametrize("name", CALLS)
def test_unknown_entry_is_refused(refuse, name):
    assert "'vall' is unknown" in refuse(CALLS[name].op | {"vall": 1})


levels: Any = cdt_ctx  # typed loosely: this passes what types forbid
BAD_LEVELS = [
    (levels.cdt_ctx_list_index("0"), "an index or rank must be an integer"),
    (levels.cdt_ctx_list_rank(1.0), "an index or rank must be an integer"),
    (levels.cdt_ctx_map_index(None), "an index or rank must be an integer"),
    (levels.cdt_ctx_map_rank([]), "an index or rank must be an integer"),
    (levels.cdt_ctx_list_index(2**63), "integer value exceeds sys.maxsize"),
    (levels.cdt_ctx_map_key(2**63), "integer value exceeds sys.maxsize"),
    (levels.cdt_ctx_list_value([2**63]), "integer value exceeds sys.maxsize"),
    (levels.cdt_ctx_map_value(-(2**64)), "integer value exceeds sys.maxsize"),
    (levels.cdt_ctx_list_index_create("0"), "an index or rank must be an"),
    (
        levels.cdt_ctx_list_index_create(0, "1"),
        "an order must be an integer of 64 bits",
    ),
    (
        levels.cdt_ctx_list_index_create(0, 2**63),
        "an order must be an integer of 64 bits",
    ),
    (levels.cdt_ctx_map_key_create("k", 1.0), "an order must be an integer of 64 bits"),
    (
        levels.cdt_ctx_map_key_create("k", -(2**63) - 1),
        "an order must be an integer of 64 bits",
    ),
    (levels.cdt_ctx_map_keys_in(("a",)), "the keys must be a list, got tuple"),
    (levels.cdt_ctx_all_children_with_filter(1), "a filter in ctx must be"),
    (levels.cdt_ctx_and_filter(exp.IntBin("n")), "a filter in ctx must be a compiled"),
]


@pytest.mark.parametrize(("level", "text"), BAD_LEVELS)
@pytest.mark.parametrize("depth", [0, 2])
def test_bad_level_of_a_context_is_refused(refuse, level, text, depth):
    ctx = [cdt_ctx.cdt_ctx_list_index(0)] * depth + [level]
    said = refuse(lists.list_append("b", 1, ctx=ctx))
    assert "operation=list_append," in said
    assert text in said


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("list_get", ("x",), "index must be an integer: got str"),
        ("list_trim", (0, 2**63), "val too large"),
        ("list_extend", ((1, 2),), "val must be a list"),
        ("list_append", (2**63,), "integer value exceeds sys.maxsize"),
        ("map_put", ("k", 1, "x"), "map_policy must be a dict: got str"),
        ("map_put_items", ([],), "val must be a dict: got list"),
        ("map_get_by_key", ("k", "x"), "return_type must be"),
        ("map_get_by_rank", ("x", 1), "index must be an integer"),
        ("map_remove_by_key_list", ("k", 1), "val must be"),
    ],
)
def test_bad_argument_of_a_direct_method_is_refused(
    node, own_client, method, args, text
):
    n_before = len(node.requests)
    with pytest.raises(exception.ParamError) as caught:
        getattr(own_client, method)(KEY, "b", *args)
    assert text in str(caught.value)
    assert f"operation={method.partition('_')[0]}_" in str(caught.value)
    assert len(node.requests) == n_before


def test_cause_of_a_value_that_cannot_be_sent_is_kept(refuse, own_client):
    unpicklable = lists.list_append("b", lambda: None)
    assert "path=val" in refuse(unpicklable)
    with pytest.raises(exception.ParamError) as caught:
        own_client.operate(KEY, [unpicklable])
    assert caught.value.__cause__ is not None
