"""Containers, errors and the like give what a real server gave to the same snippets.

`answers.json` was recorded from server 8.1.2, where `answers.lua` was a module of
functions on records. `DIFFERENT` has the snippets that a real server answers otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aerospike_lua.runtime import Runtime

HERE = Path(__file__).parent
SAME: dict[str, str] = json.loads((HERE / "answers.json").read_text("utf-8"))
STATEMENTS = ("local ", "error(", "for ")

# a real server reads memory behind the end of the bytes
BEHIND_THE_END = {
    "bytes.get_string(b3(),2,9)": 'ok "bc"',
    "bytes.get_string(b3(),4,1)": "ok ",
    "bytes.get_bytes(b3(),2,9)": "ok U<62 63>",
    "bytes.get_bytes(b3(),4,1)": "ok ",
    "bytes.get_var_int(bytes(),1)": "ok integer:0 | integer:1",
}
# a real server ends, or goes on forever
ENDS_THE_SERVER = {
    "local l=l3() l[-1]=9 return l": 'ok U<[1, "a", 2.5]>',
    "list.insert(list{1},math.maxinteger,1)": 'ERR "snip:1: not enough memory"',
    "vi(2147483648)": "ok integer:5 | U<Bytes()> | integer:2147483648 | integer:5",
    "local l=list{1,2} l[2]=nil list.concat(l,l) return l": "ok U<[1, NIL, 1, NIL]>",
    "(tostring(nest(map())))": 'ERR "snip:1: a value is nested more than 256 deep"',
}
# these functions are written in Lua on a real server, and its errors name its own files
OTHER_TEXTS = {
    "map.diff(m3())": (
        "ERR \"snip:1: bad argument #2 to 'diff' (userdata expected, got no value)\""
    ),
    "map.clone(5)": (
        "ERR \"snip:1: bad argument #1 to 'clone' (userdata expected, got number)\""
    ),
    "(map.merge(m3(),l3()))": (
        "ERR \"snip:1: bad argument #2 to 'merge' (Map expected, got List)\""
    ),
    "list.merge(l3(),5)": (
        "ERR \"snip:1: bad argument #2 to 'merge' (userdata expected, got number)\""
    ),
    '(info("%d","x"))': (
        "ERR \"snip:1: bad argument #2 to 'format' (number expected, got string)\""
    ),
}
# Lua says `?` there, and the functions of Lua's own library know no kinds of userdata
OTHER_NAMES = {
    "pcall(map.size,5)": (
        "ok boolean:false | "
        "\"bad argument #1 to 'size' (userdata expected, got number)\""
    ),
    "next(m3())": (
        "ERR \"snip:1: bad argument #1 to 'next' (table expected, got userdata)\""
    ),
    'local g=geojson("{}") g.x=1': 'ERR "snip:1: attempt to index a GeoJSON value"',
}
# an iterator over a map goes along the keys that the map had in the beginning
KEYS_OF_THE_BEGINNING = {
    "local m,r=m3(),{} for k in map.pairs(m) do r[#r+1]=k m.zz=1 end return r": (
        'ok {integer:1="a", integer:2="b", integer:3="c"}'
    ),
    "local m,r=m3(),{} for k in map.keys(m) do r[k]=1 map.remove(m,k) end return r": (
        'ok {"a"=integer:1, "b"=integer:1, "c"=integer:1}'
    ),
}
# an iterator is a closure, and needs no object of its own
CLOSURES = {
    "local f=list.iterator(l3()) return f(),f()": 'ok integer:1 | "a"',
    "iterator": "ok nil:nil",
}
# an element that is read twice is the same object
SAME_OBJECT = {"local m=map{a=l3()} return m.a==m.a": "ok boolean:true"}
SANDBOX = {
    "load(string.dump(print))": 'ERR "snip:1: unable to dump given function"',
    "load(string.dump(all))": (
        "ok nil:nil | \"attempt to load a binary chunk (mode is 't')\""
    ),
}
DIFFERENT = {
    **BEHIND_THE_END,
    **ENDS_THE_SERVER,
    **OTHER_TEXTS,
    **OTHER_NAMES,
    **KEYS_OF_THE_BEGINNING,
    **CLOSURES,
    **SAME_OBJECT,
    **SANDBOX,
}


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    made = Runtime()
    made.run((HERE / "answers.lua").read_text(), "answers.lua")
    return made


def test_snippets_give_what_a_real_server_gives(runtime: Runtime):
    given = {source: answer(runtime, source) for source in SAME}
    assert given == SAME


@pytest.mark.parametrize("source", DIFFERENT)
def test_snippet_gives_something_else_on_purpose(runtime: Runtime, source: str):
    assert answer(runtime, source) == DIFFERENT[source]


def answer(runtime: Runtime, source: str) -> str:
    is_statement = source.startswith(STATEMENTS)
    text: str = runtime.call("answer", source if is_statement else f"return {source}")
    return text
