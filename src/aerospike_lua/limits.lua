-- Lets the host stop a script, whatever the script catches.
--
-- A hook asks the host every STEP instructions. A plain hook is not enough: a coroutine
-- has hooks of its own, and `pcall` catches what a hook raises. So the functions that make
-- coroutines and those that catch errors are replaced here. A single function of C, for
-- example a pattern, may overrun.
--
-- Returns `must_stop(problem)`, for other functions that catch, and `run(f, ...)`.
local host = ...
local STEP <const> = 10000
local STOP <const> = {}
local unpack = table.unpack
local error, pcall, xpcall, type, tostring = error, pcall, xpcall, type, tostring
local sethook, getinfo, traceback = debug.sethook, debug.getinfo, debug.traceback
local create, resume, close = coroutine.create, coroutine.resume, coroutine.close
local is_stopped = false

local function hook()
    if is_stopped or host.is_over() then
        is_stopped = true
        error(STOP, 0)
    end
end

-- problems that no script may catch: the host's, for example Ctrl-C, and lack of memory
local function must_stop(problem)
    if problem == "not enough memory" then
        host.is_fatal(problem)
        is_stopped = true
    elseif type(problem) == "userdata" and host.is_fatal(problem) then
        is_stopped = true
    end
    return is_stopped
end

-- what a function that catches returns, unless the script has to stop
local function caught(ok, ...)
    if not ok then
        local problem = ...
        if must_stop(problem) then
            error(STOP, 0)
        end
        if type(problem) == "userdata" then
            return ok, tostring(problem)
        end
    end
    return ok, ...
end

function _G.pcall(f, ...)
    return caught(pcall(f, ...))
end

-- The handler of a problem that the hook raised would run inside the hook, where no hook
-- could stop it.
function _G.xpcall(f, handler, ...)
    local function guarded(problem)
        if must_stop(problem) then
            return STOP
        end
        return handler(problem)
    end
    return caught(xpcall(f, guarded, ...))
end

function coroutine.create(f)
    local made = create(f)
    sethook(made, hook, "", STEP)
    return made
end

function coroutine.resume(...)
    return caught(resume(...))
end

function coroutine.close(...)
    return caught(close(...))
end

local function passed_on(ok, ...)
    if not ok then
        error(..., 0)
    end
    return ...
end

function coroutine.wrap(f)
    local made = coroutine.create(f)
    return function(...)
        return passed_on(caught(resume(made, ...)))
    end
end

-- The text of a problem, with the place in the script if the problem has none. It runs
-- as a handler, so the stack is still that of the problem.
local function described(problem)
    if problem == STOP or must_stop(problem) then
        return STOP
    end
    local text = tostring(problem)
    local is_text = type(problem) == "string" or type(problem) == "userdata"
    if type(problem) == "userdata" then
        local level, info = 2, getinfo(2, "Sl")
        while info and info.currentline < 1 do
            level = level + 1
            info = getinfo(level, "Sl")
        end
        if info then
            text = info.short_src .. ":" .. info.currentline .. ": " .. text
        end
    end
    return { text, traceback(text, 2), is_text }
end

-- true and the first result of f(...), or false, the text of a problem, its stack and
-- whether the script raised a string;
-- false alone if the host stopped the script
local function run(f, ...)
    is_stopped = false
    sethook(hook, "", STEP)
    local ok, result = xpcall(f, described, ...)
    sethook()
    if ok and not is_stopped then
        return true, result
    end
    if is_stopped or must_stop(result) or type(result) ~= "table" then
        return false
    end
    return false, unpack(result)
end

return must_stop, run
