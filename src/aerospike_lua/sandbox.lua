-- Takes away what reaches beyond the script: files, processes, C, bytecode and Python.
--
-- With the full library only Python goes, and modules come from the host first.
local host, as_function, is_full = ...
local load, error, pcall = load, error, pcall
local rawget, setmetatable, type, gsub = rawget, setmetatable, type, string.gsub
local loaded = package.loaded
local find = as_function(host.find)

python = nil
loaded.python = nil

-- `require` asks the host for the source of a module
local function from_host(name)
    local source, file = find(name)
    if source == nil then
        return "there is no " .. name .. ".lua among the modules"
    end
    local chunk, problem = load(source, "@" .. file, "t")
    if chunk == nil then
        error(problem, 0)
    end
    return chunk, file
end

table.insert(package.searchers, 2, from_host)
if is_full then
    return
end

for i = #package.searchers, 3, -1 do
    package.searchers[i] = nil
end
for _, name in ipairs { "loadlib", "searchpath", "cpath", "path", "config" } do
    package[name] = nil
end
for _, name in ipairs { "io", "debug" } do
    loaded[name] = nil
end
io = nil
dofile = nil
loadfile = nil

local kept = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }
os = kept
loaded.os = kept

function _G.load(chunk, name, _, ...)
    return load(chunk, name, "t", ...)
end

-- hooks do not run in a finalizer, so nothing could stop one
function _G.setmetatable(of, meta)
    if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
        error("finalizers (__gc) are not available", 2)
    end
    local ok, result = pcall(setmetatable, of, meta)
    if not ok then
        error((gsub(result, "'%?'", "'setmetatable'")), 2)
    end
    return result
end
