-- The tables `record` and `aerospike`, for hosts that have records.
local functions, actions, as_function = ...
local error, pairs, setmetatable = error, pairs, setmetatable

local function filled(with)
    local made = {}
    for name, f in pairs(with) do
        made[name] = as_function(f)
    end
    return made
end

record = filled(functions)
local names = record.bin_names
function record.bin_names(...)
    return { names(...) }
end

-- a table that looks like the userdata of a real server
aerospike = setmetatable({}, {
    __index = filled(actions),
    __name = "Aerospike",
    __metatable = false,
    __newindex = function()
        error("attempt to index a Aerospike value (global 'aerospike')", 2)
    end,
})
