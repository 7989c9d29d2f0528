"""What a script cannot reach, and how it is stopped."""

from __future__ import annotations

import gc
import signal
import time

import pytest

from aerospike_lua.containers import List
from aerospike_lua.runtime import (
    CompileError,
    FunctionError,
    FunctionMissingError,
    MemoryLimitError,
    Runtime,
)

HIDDEN = (
    "python",
    "package.loaded.python",
    "io",
    "package.loaded.io",
    "package.loaded.debug",
    "os.execute",
    "os.remove",
    "os.rename",
    "os.exit",
    "os.getenv",
    "os.tmpname",
    "package.loaded.os.execute",
    "package.loadlib",
    "package.searchpath",
    "loadfile",
    "dofile",
    "load(string.dump(function() end))",
    "load(string.dump(function() end), 'x', 'b')",
)


@pytest.mark.parametrize("name", HIDDEN)
def test_sandbox_has_no(name: str):
    assert Runtime().run(f"return ({name}) == nil") is True


@pytest.mark.parametrize(
    "name", ["io.open", "os.getenv", "loadfile", "package.loadlib"]
)
def test_full_library_has(name: str):
    assert Runtime(is_full=True).run(f"return {name} ~= nil and python == nil") is True


@pytest.mark.parametrize("name", ["os.time", "os.clock", "string.format", "utf8.char"])
def test_sandbox_keeps(name: str):
    assert Runtime().run(f"return type({name})") == "function"


NO_INDEX = "script:1: bad argument #2 to 'index' (number expected, got string)"
ATTRIBUTES = {
    "map().__class__": "nil",
    "map().items": "nil",
    "list().__class__": NO_INDEX,
    "bytes().data": NO_INDEX,
    "geojson('{}').text": "script:1: attempt to index a GeoJSON value",
    "map.keys.__globals__": (
        "script:1: attempt to index a function value (field 'keys')"
    ),
    "getmetatable(map()).__gc": "nil",
    "getmetatable(map).__call": "nil",
    "getmetatable(getmetatable(map()))": "nil",
}


@pytest.mark.parametrize("source", ATTRIBUTES)
def test_objects_of_python_show_nothing(source: str):
    function = f"function() return tostring({source}) end"
    shown = Runtime().run(f"local _, x = pcall({function}) return x")
    assert shown == ATTRIBUTES[source]


def test_finalizer_is_refused():
    with pytest.raises(FunctionError, match="finalizers"):
        Runtime().run("setmetatable({}, {__gc = function() end})")


@pytest.mark.timeout(60)
def test_streams_have_no_finalizer():
    """Nothing could stop it."""
    runtime = Runtime()
    runtime.run(
        "function f(s) local meta = getmetatable(s) "
        "if meta then meta.__gc = function() ended = true end end "
        "return s:map(function(x) return x end) end"
    )
    for _ in range(2):
        assert list(runtime.stream("f", [1], is_client=False)) == [1]
    assert runtime.run("s = nil collectgarbage() return ended") is None


def test_module_comes_from_the_host():
    sources = {"tools": ("return {twice = function(x) return 2 * x end}", "tools.lua")}
    runtime = Runtime(find=sources.get)
    assert runtime.run("return require('tools').twice(4)") == 8
    with pytest.raises(
        FunctionError,
        match="module 'other' not found: there is no other",
    ):
        runtime.run("require 'other'")


@pytest.mark.parametrize("is_full", [False, True])
def test_missing_module_is_told_in_one_line(is_full):
    runtime = Runtime(is_full=is_full)
    with pytest.raises(FunctionError) as caught:
        runtime.run("\nrequire('other')", "m.lua")
    text = "m.lua:2: module 'other' not found: there is no other.lua among the modules"
    assert str(caught.value) == text
    assert caught.value.stack.startswith(f"{text}\nstack traceback:")


ENDLESS = {
    "a loop": "while true do end",
    "in pcall": "while true do pcall(function() while true do end end) end",
    "in xpcall": "while true do xpcall(function() while true do end end, print) end",
    "a handler that loops": "xpcall(error, function() while true do end end)",
    "in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "in resumed coroutines": """while true do
        coroutine.resume(coroutine.create(function() while true do end end))
    end""",
    "in a callback": """map.merge(map{a=1}, map{a=1}, function()
        while true do pcall(function() while true do end end) end
    end)""",
    "calls of a container": "local l = list{1} while true do pcall(list.size, l) end",
    "in load": "while true do load(function() while true do end end) end",
    "in an index": """local function loop() while true do end end
        local t = setmetatable({}, {__index = loop})
        while true do pcall(function() return t.x end) end""",
    "in a comparison": """while true do
        pcall(table.sort, {3, 2, 1}, function() while true do end end)
    end""",
    "in a pattern's function": """while true do
        pcall(string.gsub, 'abc', '.', function() while true do end end)
    end""",
    "in a text of an error": """error(setmetatable({}, {__tostring = function()
        while true do end
    end}))""",
    "in ends of scopes": """local meta = {}
        meta.__close = function()
            local x <close> = setmetatable({}, meta)
            while true do end
        end
        local x <close> = setmetatable({}, meta)
        while true do end""",
    "in a closed coroutine": """local function loop() while true do end end
        local meta = {__close = loop}
        while true do
            local made = coroutine.create(function()
                local x <close> = setmetatable({}, meta)
                coroutine.yield()
            end)
            coroutine.resume(made)
            coroutine.close(made)
        end""",
    "in require": """package.preload.x = function() while true do end end
        while true do pcall(require, 'x') end""",
    "raised once more": """local problem
        pcall(function()
            local function keep(_, e) problem = e end
            local x <close> = setmetatable({}, {__close = keep})
            while true do end
        end)
        while true do pcall(error, problem) end""",
    "growing bytes": """local b, s = bytes(), ('x'):rep(100000)
        while true do b = bytes() bytes.append_string(b, s) end""",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_endless_script_ends_with_what_the_check_raises(source: str):
    deadline = time.monotonic() + 0.05

    def check() -> None:
        if time.monotonic() > deadline:
            raise TimeoutError("too long")

    runtime = Runtime(check=check)
    with pytest.raises(TimeoutError, match="too long"):
        runtime.run(source)
    # the state is fit for another call
    deadline += 60
    assert runtime.run("return 1") == 1


# a signal comes again after a while: Python drops, and tells pytest of, what a handler
# raises while it collects garbage
@pytest.mark.timeout(30)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_signal_ends_an_endless_script(source: str):
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.05, 1)
    try:
        with pytest.raises(KeyboardInterrupt):
            Runtime().run(source)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize(
    "source",
    [
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        "while true do pcall(string.rep, 'x', 1 << 30) end",
    ],
)
def test_script_that_needs_too_much_memory_ends(source: str):
    runtime = Runtime(max_memory=8 << 20)
    with pytest.raises(MemoryLimitError):
        runtime.run(source)
    assert runtime.run("return 1") == 1


GROWING = {
    "a list": "local l = list() while true do list.append(l, ('x'):rep(500)) end",
    "in pcall": """local l, s = list(), ('x'):rep(500)
        while true do pcall(list.append, l, s) end""",
    "a map": "local m, n = map(), 0 while true do n = n + 1 m[n] = n end",
    "keys": """local m, s, n = map(), ('x'):rep(500), 0
        while true do n = n + 1 m[s .. n] = 1 end""",
    "bytes": """local b, s = bytes(), ('x'):rep(500)
        while true do bytes.append_string(b, s) end""",
    "bytes set far away": """local l = list()
        while true do local b = bytes() b[1000000] = 1 list.append(l, b) end""",
    "variable integers": """local b, at = bytes(), 0
        while true do at = at + 5 bytes.set_var_int(b, at, -1) end""",
    "a list set far away": """local l = list()
        while true do local far = list() far[100000] = 1 list.append(l, far) end""",
    "a list on itself": "local l = list{1} while true do list.concat(l, l) end",
    "copies": """local l, kept = list{1}, {}
        l[100000] = 1
        while true do kept[#kept + 1] = list.clone(l) end""",
    "GeoJSON": """local l, s = list(), ('x'):rep(5000)
        while true do list.append(l, geojson(s)) end""",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("source", GROWING.values(), ids=GROWING)
def test_containers_that_need_too_much_memory_end_the_script(source: str):
    runtime = Runtime(max_memory=4 << 20)
    with pytest.raises(MemoryLimitError):
        runtime.run(source)
    assert runtime.run("return 1") == 1


@pytest.mark.parametrize("max_memory", [1, 1000, 100_000])
def test_state_without_room_runs_nothing(max_memory: int):
    runtime = Runtime(max_memory=max_memory)
    with pytest.raises(MemoryLimitError):
        runtime.run("return 1")
    with pytest.raises(MemoryLimitError):
        runtime.call("f")


def test_no_limit_of_memory_is_none():
    assert Runtime(max_memory=0).run("local l = list{1} return #l") == 1


LARGE = {
    "tostring": "tostring(l)",
    "a function's result": "list.tostring(l)",
    "an index": "l[1]",
    "the index of a metatable": "List.__index(l, 1)",
    "keys": "map.keys(m)()",
    "bytes": "bytes.get_string(b, 1, 100000)",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("result", LARGE.values(), ids=LARGE)
def test_large_results_that_a_script_keeps_end_it(result: str):
    """Where lupa itself finds no memory for a result, the process hangs forever."""
    runtime = Runtime(max_memory=4 << 20)
    runtime.run(
        "s = ('x'):rep(100000) l = list{s} m = map() m[s] = 1 b = bytes() "
        "bytes.append_string(b, s) kept = {}"
    )
    runtime.run(f"function f(n) kept[n] = {result} end")
    with pytest.raises(MemoryLimitError):
        runtime.run("for n = 1, 200 do f(n) end")


@pytest.mark.timeout(60)
def test_large_values_of_a_stream_that_a_script_keeps_end_it():
    runtime = Runtime(max_memory=4 << 20)
    runtime.run("kept = {} function f(s) return s:map(keep) end")
    runtime.run("function keep(x) kept[#kept + 1] = x return 1 end")
    values = ["x" * 100000 + str(n) for n in range(200)]
    with pytest.raises(MemoryLimitError):
        list(runtime.stream("f", [values], is_client=False, in_slices=True))


SLOW = {
    "tostring": "tostring(l)",
    "nbytes": "list.nbytes(l)",
    "keys": "map.keys(m)",
    "a value without end": "pcall(tostring, endless)",
}


@pytest.mark.parametrize("call", SLOW.values(), ids=SLOW)
def test_slow_functions_of_the_library_are_stopped_in_time(call: str):
    n_checks = 0

    def check() -> None:
        nonlocal n_checks
        n_checks += 1

    runtime = Runtime(check=check)
    runtime.run(
        "l, m, endless = list(), map(), list{1} l[50000] = 1 "
        "for n = 1, 50000 do m[n] = 1 end "
        "for n = 1, 25 do endless = list{endless, endless} end"
    )
    n_checks = 0
    runtime.run(f"for n = 1, 10 do {call} end")
    assert n_checks >= 3


def test_values_that_a_script_keeps_count():
    runtime = Runtime(max_memory=4 << 20)
    runtime.run("kept = {} function f(s) return s:map(keep) end")
    runtime.run("function keep(x) kept[#kept + 1] = x return 1 end")
    values = ({"a": "x" * 500, "n": n} for n in range(100000))
    with pytest.raises(MemoryLimitError):
        list(runtime.stream("f", values, is_client=False))


def test_containers_that_nobody_needs_do_not_count():
    runtime = Runtime(max_memory=4 << 20)
    source = "for n = 1, 20000 do local m = map{a = 1} m.self = m end return 1"
    assert runtime.run(source) == 1
    runtime.run("function f(s) return s:reduce(function(a, b) return b end) end")
    values = ({"a": "x" * 500, "n": n} for n in range(10000))
    (last,) = runtime.stream("f", values, is_client=True)
    assert last["n"] == 9999


def test_arguments_that_nobody_needs_are_freed():
    runtime = Runtime()
    runtime.run("function f(a) return 1 end")
    for _ in range(60_000):
        runtime.invoke("f", List([1]))
    assert sum(isinstance(found, List) for found in gc.get_objects()) < 10_000


CROWDED = {
    "holds itself": "local l = list() l[1] = l",
    "a map holds itself": "local l = list{map()} l[1].m = l[1]",
    "is nested too deep": "local l = list() for n = 1, 1000 do l = list{l} end",
    "holds one many times": "local l = list{1} for n = 1, 40 do l = list{l, l} end",
}


@pytest.mark.parametrize("result", ["l", "(tostring(l))", "(list.nbytes(l))"])
@pytest.mark.parametrize("source", CROWDED.values(), ids=CROWDED)
def test_value_without_end_is_an_error(source: str, result: str):
    with pytest.raises(FunctionError, match=r"nested more than|too many elements"):
        Runtime().run(f"{source} return {result}")


def test_value_without_end_is_no_argument():
    endless: list[object] = []
    endless.append(endless)
    runtime = Runtime()
    runtime.run("function f(x) end")
    with pytest.raises(FunctionError, match="nested more than"):
        runtime.call("f", endless)


def test_script_that_breaks_everything_breaks_itself_only():
    runtime = Runtime()
    runtime.run("""
    function sums(s, l)
        return s:map(function(x) return x + #l end):aggregate(0, function(a, b)
            return a + b
        end)
    end
    local list_of = list
    function fails() local l = list_of{1} return l.x end
    function made() return list_of{1, 2} end
    """)
    runtime.run("getmetatable('').__index = error")
    runtime.run("""
    for name in pairs(map) do map[name] = nil end
    for name in pairs(list) do list[name] = nil end
    for _, t in ipairs{string, table, coroutine, math, package, os} do
        for name in pairs(t) do t[name] = nil end
    end
    for name in pairs(_G) do
        if not ({sums = 1, fails = 1, made = 1, pairs = 1, _G = 1})[name] then
            _G[name] = nil
        end
    end
    """)
    assert list(runtime.stream("sums", [1, 2], [3], is_client=False)) == [5]
    assert runtime.call("made") == [1, 2]
    with pytest.raises(FunctionError, match="script:8: bad argument #2 to 'index'"):
        runtime.call("fails")
    # another state knows nothing of it
    assert Runtime().run("return #list{1}") == 1


@pytest.mark.timeout(30)
def test_globals_that_never_answer_are_no_functions():
    runtime = Runtime()
    runtime.run("setmetatable(_G, {__index = function() while true do end end})")
    with pytest.raises(FunctionMissingError, match="missing"):
        runtime.call("missing")
    assert not runtime.has("missing")


def test_code_that_is_no_lua_is_an_error_of_its_own():
    with pytest.raises(CompileError, match=r"^f\.lua:2: unexpected symbol near '\+'"):
        Runtime().run("local x\nx = +", "f.lua")


def test_missing_function_is_an_error_of_its_own():
    runtime = Runtime()
    for call in (
        lambda: runtime.call("f"),
        lambda: list(runtime.stream("f", [], is_client=True)),
    ):
        with pytest.raises(FunctionMissingError, match="f"):
            call()


NO_TEXT = "an error object that has no text"
ERRORS = {
    "error('a')": ("script:1: a", True),
    "error('a', 0)": ("a", True),
    "map.size(5)": (
        "script:1: bad argument #1 to 'size' (userdata expected, got number)",
        True,
    ),
    "error()": ("nil", False),
    "error(5)": ("5", False),
    "error(map{a=1})": ('{"a":1}', False),
    "error(setmetatable({}, {__tostring = function() return 'T' end}))": ("T", False),
    "error(setmetatable({}, {__tostring = function(s) error(s) end}))": (
        NO_TEXT,
        False,
    ),
    "local function f() return 1 + f() end f()": ("script:1: stack overflow", True),
    "local function f() string.gsub('a', 'a', f) end f()": ("C stack overflow", True),
}


@pytest.mark.parametrize("source", ERRORS)
def test_error_has_the_text_of_its_object(source: str):
    with pytest.raises(FunctionError) as caught:
        Runtime().run(source)
    assert (str(caught.value), caught.value.is_text) == ERRORS[source]


def test_error_has_file_line_message_and_stack():
    runtime = Runtime()
    runtime.run("function inner(x)\n  return x.y\nend", "sums.lua")
    runtime.run("function outer()\n  local r = inner(nil)\n  return r\nend", "top.lua")
    with pytest.raises(FunctionError) as caught:
        runtime.call("outer")
    assert str(caught.value).startswith("sums.lua:2: attempt to index a nil value")
    assert "sums.lua:2: in function 'inner'" in caught.value.stack
    assert "top.lua:2: in function 'outer'" in caught.value.stack


def test_end_of_a_scope_gets_what_was_raised():
    runtime = Runtime()
    runtime.run("""function f(what)
        local function close(_, problem) seen = problem end
        local x <close> = setmetatable({}, {__close = close})
        error(what)
    end
    function again() return tostring(seen) end""")
    for what, text in (("a", "script:4: a"), ({"n": 1}, '{"n":1}')):
        with pytest.raises(FunctionError, match=text):
            runtime.call("f", what)
        assert runtime.call("again") == text


def test_stack_shows_the_script_alone():
    runtime = Runtime()
    runtime.run(
        "function f() map.merge(map{a=1}, map{a=1}, function() error('x') end) end"
    )
    with pytest.raises(FunctionError) as caught:
        runtime.call("f")
    lines = caught.value.stack.split("\n\t")[1:]
    assert {line.partition(":")[0] for line in lines} == {"script", "[C]"}


def test_error_of_a_container_has_its_place():
    with pytest.raises(FunctionError, match=r"^f.lua:2: bad argument #2 to 'index'"):
        Runtime().run("local l = list()\nlocal x = l.size", "f.lua")
