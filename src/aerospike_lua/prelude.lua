-- Builds the globals of a script from the functions that Python gives.
--
-- `as_function` makes a function of Lua of one of Python. What such a function raises is
-- an object of Python, which `limits` makes a text with the place in the script.
local library, classes, host, as_function = ...
local error, next, pairs, pcall = error, next, pairs, pcall
local setmetatable, type = setmetatable, type
local getmetatable, format, gsub = getmetatable, string.format, string.gsub
local make = {}

local function filled(functions, rows)
    for name, f in pairs(rows) do
        functions[name] = as_function(f)
    end
    return functions
end

-- A callable table, whose metatable is the table itself: `map{...}` makes a value and
-- `map.size` is a function. That call is no field for the script.
local function callable(functions, call)
    setmetatable(functions, { __call = call, __metatable = functions })
    return functions
end

filled(make, library.make)
map = filled({}, library.map)
list = filled({}, library.list)
bytes = filled({}, library.bytes)
iterator = filled({}, library.iterator)
Iterator = iterator
geojson = {}

callable(map, function(_, rows)
    local made = make.map()
    if type(rows) == "table" then
        for key, value in next, rows do
            made[key] = value
        end
    end
    return made
end)

local no_element = { table = true, ["function"] = true, thread = true }

-- A table, a function and the like leave a nil; what is under no number is left out.
callable(list, function(_, rows)
    local made = make.list()
    if type(rows) == "table" then
        local n = 0
        for key, value in next, rows do
            if type(key) == "number" then
                n = n + 1
                if no_element[type(value)] then
                    value = nil
                end
                made[n] = value
            end
        end
    end
    return made
end)

callable(bytes, make.bytes)
callable(geojson, make.geojson)

-- with a function for keys that both maps have, which may yield
local merge, remove = map.merge, map.remove
local pairs_of = map.pairs
function map.merge(a, b, join)
    local merged = merge(a, b)
    if type(join) == "function" then
        for key, y in pairs_of(b) do
            local x = a[key]
            local joined = x and join(x, y) or y
            if joined == nil then
                remove(merged, key)
            else
                merged[key] = joined
            end
        end
    end
    return merged
end

-- each gives what `for` needs: a function that gives the next row, and where it stands
local step = as_function(host.step)
for functions, names in pairs {
    [map] = { "pairs", "keys", "values", "iterator" },
    [list] = { "iterator" },
} do
    for _, name in ipairs(names) do
        local open = functions[name]
        functions[name] = function(...) return step, open(...) end
    end
end
pairs_of = map.pairs

-- One metatable serves every object of Python, so that scripts never see it: a table of
-- its own stands for each kind of value.
local meta = getmetatable(host.log)
for name, f in pairs(classes.shared) do
    meta[name] = as_function(f)
end
meta.__metatable = false
meta.__name = nil
local kinds = {}
for name, fields in pairs(classes.kinds) do
    kinds[name] = filled({ __name = name }, fields)
end
Map, List, Bytes = kinds.Map, kinds.List, kinds.Bytes
kinds.Iterator = Iterator

local kind_of = as_function(host.kind)
function _G.getmetatable(of)
    if type(of) == "userdata" then
        return kinds[kind_of(of)]
    end
    return getmetatable(of)
end

-- logging; `debug` is one of these functions, and the library of that name is hidden
local log = as_function(host.log)
for _, level in ipairs { "trace", "debug", "info", "warn" } do
    _G[level] = function(message, ...)
        local ok, text = pcall(format, message, ...)
        if not ok then
            error((gsub(text, "'string%.format'", "'format'")), 2)
        end
        log(level, text)
    end
end
