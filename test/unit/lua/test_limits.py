"""What a script cannot reach, and how it is stopped."""

from __future__ import annotations

import signal
import time

import pytest

from aerospike_lua.runtime import FunctionError, MemoryLimitError, Runtime

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


def test_module_comes_from_the_host():
    sources = {"tools": ("return {twice = function(x) return 2 * x end}", "tools.lua")}
    runtime = Runtime(find=sources.get)
    assert runtime.run("return require('tools').twice(4)") == 8
    with pytest.raises(FunctionError, match="no module 'other'"):
        runtime.run("require 'other'")


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


@pytest.mark.timeout(30)
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_signal_ends_an_endless_script(source: str):
    # again after a while: Python drops what a handler raises while it collects garbage
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


def test_error_has_file_line_message_and_stack():
    runtime = Runtime()
    runtime.run("function inner(x)\n  return x.y\nend", "sums.lua")
    runtime.run("function outer()\n  local r = inner(nil)\n  return r\nend", "top.lua")
    with pytest.raises(FunctionError) as caught:
        runtime.call("outer")
    assert str(caught.value).startswith("sums.lua:2: attempt to index a nil value")
    assert "sums.lua:2: in function 'inner'" in caught.value.stack
    assert "top.lua:2: in function 'outer'" in caught.value.stack


def test_error_of_a_container_has_its_place():
    with pytest.raises(FunctionError, match=r"^f.lua:2: bad argument #2 to 'index'"):
        Runtime().run("local l = list()\nlocal x = l.size", "f.lua")
