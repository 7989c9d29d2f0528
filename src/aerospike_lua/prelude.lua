-- Builds the globals of a script from the functions that Python gives.
--
-- `as_function` makes a function of Lua of one of Python. What such a function raises is
-- an object of Python, which `limits` makes a text with the place in the script.
local library, classes, host, as_function = ...
local error, next, pairs, pcall = error, next, pairs, pcall
local setmetatable, type = setmetatable, type
local getmetatable, format, gsub = getmetatable, string.format, string.gsub
local pack = table.pack
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

-- each gives what `for` needs: a function that gives the next row, and its container
local more_keys, has = as_function(host.more_keys), as_function(host.has)

local function walk_keys(open)
    return function(...)
        local keys, at = pack(open(...)), 1
        return function()
            if at == keys.n then
                if keys[1] == nil then
                    return nil
                end
                keys, at = pack(more_keys(keys[1])), 1
                if keys.n == 1 then
                    keys[1] = nil
                    return nil
                end
            end
            at = at + 1
            return keys[at]
        end
    end
end

local function walk_map(open, gives_key, gives_value)
    local walk = walk_keys(open)
    return function(...)
        local next_key, of = walk(...), (...)
        return function()
            local key, value
            repeat
                key = next_key()
                if key == nil then
                    return nil
                end
                value = of[key]
            until value ~= nil or has(of, key)
            if not gives_key then
                return value
            end
            if gives_value then
                return key, value
            end
            return key
        end, of
    end
end

map.pairs = walk_map(map.pairs, true, true)
map.iterator = walk_map(map.iterator, true, true)
map.keys = walk_map(map.keys, true, false)
map.values = walk_map(map.values, false, true)

local check_list = list.iterator
function list.iterator(...)
    local of, at = check_list(...), 0
    return function()
        at = at + 1
        return of[at]
    end, of
end

-- with a function for keys that both maps have, which may yield
local merge, remove, pairs_of = map.merge, map.remove, map.pairs
local merge_asking = as_function(library.asking.merge)

local function join_key(merged, key, x, y, join)
    local joined = x and join(x, y) or y
    if joined == nil then
        remove(merged, key)
    else
        merged[key] = joined
    end
end

function map.merge(a, b, join)
    if type(join) ~= "function" then
        return merge(a, b)
    end
    local rows = pack(merge_asking(a, b))
    local merged = rows[1]
    if rows.n == 1 then
        for key, y in pairs_of(b) do
            join_key(merged, key, a[key], y, join)
        end
    end
    for n = 5, rows.n, 3 do
        join_key(merged, rows[n - 2], rows[n - 1], rows[n], join)
    end
    return merged
end

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
