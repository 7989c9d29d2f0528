-- The tables `record` and `aerospike`, for hosts that have records.
local functions, actions, now, as_function = ...
local error, pairs, rawequal, setmetatable, type = error, pairs, rawequal, setmetatable, type

record = {}
for name, f in pairs(functions) do
    record[name] = as_function(f)
end

local names = record.bin_names
function record.bin_names(...)
    return { names(...) }
end

-- each method is called with the table itself in front
local methods = {}
aerospike = setmetatable({}, {
    __index = methods,
    __name = "Aerospike",
    __metatable = false,
    __newindex = function()
        error("attempt to index a Aerospike value (global 'aerospike')", 2)
    end,
})

local owner = aerospike
local function method(name, act)
    return function(self, ...)
        if not rawequal(self, owner) then
            local problem = "Aerospike expected, got " .. type(self)
            error("bad argument #1 to '" .. name .. "' (" .. problem .. ")", 2)
        end
        return act(...)
    end
end

for name, f in pairs(actions) do
    methods[name] = method(name, as_function(f))
end
methods.get_current_time = method("get_current_time", as_function(now))
