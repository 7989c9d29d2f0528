-- Builds the globals of a script from the functions that Python gives.
--
-- A function that Python gives raises an object of Python; `native`
-- makes it an error of Lua with the place of the script that called.
local library, makers, host, must_stop = ...
local error, pcall, type, tostring = error, pcall, type, tostring
local setmetatable, format = setmetatable, string.format
local getmetatable = debug.getmetatable

local function finish(ok, ...)
    if ok then
        return ...
    end
    local problem = ...
    if type(problem) == "userdata" and not must_stop(problem) then
        problem = tostring(problem)
    end
    error(problem, 2)
end

local function native(f)
    return function(...)
        return finish(pcall(f, ...))
    end
end

-- a callable table: `map{...}` makes a value, `map.size` is a function
local function namespace(name, make)
    local functions = {}
    for key, f in pairs(library[name]) do
        functions[key] = native(f)
    end
    local meta = {
        __call = function(_, first)
            return make(type(first) == "table" and first or nil)
        end,
    }
    return setmetatable(functions, meta)
end

map = namespace("map", makers.map)
list = namespace("list", makers.list)
bytes = namespace("bytes", makers.bytes)
geojson = native(makers.geojson)

function list.create()
    return makers.list()
end

-- each gives an iterator for `for`: a function that returns the next row, nil at the end
map.pairs = native(makers.map_pairs)
map.keys = native(makers.map_keys)
map.values = native(makers.map_values)
list.iterator = native(makers.list_values)

-- one metatable serves every object of Python
local meta = getmetatable(makers.map())
meta.__len = native(host.len)
meta.__metatable = false

-- logging; `debug` is one of these functions, and the library of that name is hidden
for _, level in ipairs { "trace", "debug", "info", "warn" } do
    _G[level] = function(message, ...)
        host.log(level, format(message, ...))
    end
end

return native
