-- Streams: a chain of operators, of which each half runs a part.
--
-- Each operator makes a function that gives its next element, nil at the end, so that a
-- stream holds one element at a time.
local as_function = ...
local error, ipairs, pairs = error, ipairs, pairs
local setmetatable, type, select = setmetatable, type, select
local getmetatable, math_type, format = getmetatable, math.type, string.format
local pack, unpack = table.pack, table.unpack
local getinfo = package.loaded.debug.getinfo
local list, map = list, map
local append, merge, merge_lists = list.append, map.merge, list.merge
local BIG <const> = 1000 -- a state from here on is emitted at once
local MAX_RESULTS <const> = 64 -- at once, if they are there

-- what may pass between operators, and is left out of what they make
local LEFT_OUT <const> = { table = true, ["function"] = true, thread = true }

local makers = {}

function makers.filter(pull, passes)
    return function()
        local value = pull()
        while value ~= nil and not passes(value) do
            value = pull()
        end
        return value
    end
end

function makers.map(pull, change)
    return function()
        local value = pull()
        if value == nil then
            return nil
        end
        return change(value)
    end
end

function makers.aggregate(pull, start, join)
    local is_done = false
    return function()
        local state = start
        while not is_done do
            local value = pull()
            if value == nil then
                is_done = true
                return state
            end
            state = join(state, value)
            if math_type(state) and state >= BIG then
                return state
            end
        end
    end
end

function makers.reduce(pull, join)
    local is_done = false -- a nil may have ended the stream, with more behind it
    return function()
        if is_done then
            return nil
        end
        is_done = true
        local state = pull()
        if state == nil then
            return nil
        end
        for value in pull do
            state = join(state, value)
        end
        return state
    end
end

function makers.groupby(pull, key_of)
    local is_done = false
    return function()
        if is_done then
            return nil
        end
        is_done = true
        local groups = map()
        for value in pull do
            local key = key_of(value)
            local group = groups[key]
            if group == nil then
                group = list()
                groups[key] = group
            end
            append(group, value)
        end
        return groups
    end
end

-- what the client does with the results of a groupby: lists of equal keys are joined
local function join_groups(pull)
    return makers.reduce(pull, function(a, b) return merge(a, b, merge_lists) end)
end

local Stream = {}
-- scripts get the operators for the metatable: a finalizer in that would have no end
local meta <const> = { __metatable = Stream }
local place = "" -- where the script has last named an operator

-- `return s : map(f)` is a tail call, in which the line of the script is lost already. So
-- the line is noted here, where the operator is looked up.
function meta.__index(_, name)
    local found = Stream[name]
    if found then
        local info = getinfo(2, "Sl")
        place = info.short_src .. ":" .. info.currentline .. ": "
    end
    return found
end

-- whether a value is a function, or an object that may be called like one
local function is_callable(value)
    return type(value) == "function" or type(value) == "table" and getmetatable(value) ~= nil
end

-- Checks the arguments of an operator.
local function check(name, self, ...)
    if type(self) ~= "table" or getmetatable(self) ~= Stream then
        error(place .. "call operators of a stream with a colon: s : " .. name .. "(f)", 0)
    end
    local f = select(name == "aggregate" and 2 or 1, ...)
    if not is_callable(f) then
        local where = name == "aggregate" and " behind the start value" or ""
        local hint = f == nil and " (is it defined above?)" or ""
        local text = "%s%s: a function is expected%s, got %s%s"
        error(format(text, place, name, where, type(f), hint), 0)
    end
end

for name in pairs(makers) do
    -- an operator changes the stream that it is called on, as on a real server
    Stream[name] = function(self, ...)
        check(name, self, ...)
        self[#self + 1] = { name, ... }
        return self
    end
end

-- The values that the host has, and whether one is at hand. `fill` gives the next ones as
-- its results, none at the end.
local function source(fill)
    local values, at = { n = 0 }, 0
    local function pull()
        if at == values.n then
            if at == -1 then
                return nil
            end
            values, at = pack(fill()), 0
            if values.n == 0 then
                values.n, at = -1, -1
                return nil
            end
        end
        at = at + 1
        return values[at]
    end
    return pull, function() return at < values.n end
end

-- A function that gives the next elements as its results, none at the end: those that are
-- there without waiting for the host, or one.
local function gather(pull, is_ready)
    local is_over = false
    return function()
        local results, n = {}, 0
        while not is_over and (n == 0 or n < MAX_RESULTS and is_ready()) do
            local value = pull()
            if value == nil then
                is_over = true
            elseif not LEFT_OUT[type(value)] then
                n = n + 1
                results[n] = value
            end
        end
        return unpack(results, 1, n)
    end
end

-- What gives the elements of one half of f's chain, nil if the half has no operator.
return function(f, is_client, fill, ...)
    local steps = f(setmetatable({}, meta), ...)
    if type(steps) ~= "table" or getmetatable(steps) ~= Stream then
        error("the function returns something else than a stream", 0)
    end
    local first, is_ready = source(as_function(fill))
    local pull = first
    local is_behind = false -- behind the operator that splits the chain
    for _, step in ipairs(steps) do
        local name = step[1]
        local splits = not is_behind and (name == "reduce" or name == "groupby")
        if splits and is_client and name == "groupby" then
            pull = join_groups(pull)
        elseif splits or is_behind == is_client then
            pull = makers[name](pull, unpack(step, 2))
        end
        is_behind = is_behind or splits
    end
    if pull ~= first then
        return gather(pull, is_ready)
    end
end
