-- Lets the host stop a script, whatever the script catches.
--
-- A hook asks the host every STEP instructions. A plain hook is not enough: a coroutine
-- has hooks of its own, and `pcall` catches what a hook raises. So the functions that make
-- coroutines and those that catch errors are replaced here. Once a script is stopped, the
-- hook raises at each instruction, so that nothing that runs at the end of a scope goes on.
-- A single function of C, for example a pattern, may overrun.
--
-- What the host raises is an object of Python. Scripts see a text with their place instead.
--
-- Returns `run(f, ...)`, `run_all(f, ...)` and `sethook`.
local host, as_function = ...
local STEP <const> = 10000
local STOP <const> = {}
local unpack = table.unpack
local error, pcall, xpcall, type, tostring = error, pcall, xpcall, type, tostring
local load = load
local sethook, getinfo, traceback = debug.sethook, debug.getinfo, debug.traceback
local create, resume, close = coroutine.create, coroutine.resume, coroutine.close
local is_over, is_fatal = as_function(host.is_over), as_function(host.is_fatal)
local text_of_problem = as_function(host.text_of_problem)
local is_stopped = false
-- the chunks of this package, which are no places of a script
local OWN <const> = {
    ["=limits"] = true,
    ["=prelude"] = true,
    ["=records"] = true,
    ["=sandbox"] = true,
    ["=streams"] = true,
}

local function hook()
    if is_stopped or is_over() then
        is_stopped = true
        sethook(hook, "", 1)
        error(STOP, 0)
    end
end

-- problems that no script may catch: the host's, for example Ctrl-C, and lack of memory
local function must_stop(problem)
    if is_stopped or problem == STOP then
        is_stopped = true
    elseif problem == "not enough memory" or type(problem) == "userdata" then
        is_stopped = is_fatal(problem)
    end
    return is_stopped
end

-- File and line of the script that is running, or of a coroutine that failed. There is
-- none for a function that `pcall` itself calls.
local function place(thread)
    local is_past_handler = thread ~= nil
    for level = thread and 0 or 2, 100 do
        local info = getinfo(thread or level, thread and level or "Sl", thread and "Sl")
        if info == nil or is_past_handler and info.source == "=limits" then
            return ""
        end
        if info.currentline > 0 and not OWN[info.source] then
            return info.short_src .. ":" .. info.currentline .. ": "
        end
        is_past_handler = is_past_handler or info.what == "C"
    end
    return ""
end

-- what scripts see of a problem: a text of what the host raised
local function seen(problem, thread)
    local text = type(problem) == "userdata" and text_of_problem(problem)
    return text and place(thread) .. text or problem
end

-- a handler, which runs where the problem is
local function translated(problem)
    if must_stop(problem) then
        return STOP
    end
    return seen(problem)
end

-- what a function that catches returns, unless the script has to stop
local function caught(ok, ...)
    if not ok and must_stop((...)) then
        error(STOP, 0)
    end
    return ok, ...
end

function _G.pcall(f, ...)
    return caught(xpcall(f, translated, ...))
end

-- The handler of a problem that the hook raised would run inside the hook, where no hook
-- could stop it.
function _G.xpcall(f, handler, ...)
    local function guarded(problem)
        if must_stop(problem) then
            return STOP
        end
        return handler(seen(problem))
    end
    return caught(xpcall(f, guarded, ...))
end

-- `load` calls functions of the script, and catches what they raise
function _G.load(...)
    local chunk, problem = load(...)
    if chunk then
        return chunk
    end
    if must_stop(problem) then
        error(STOP, 0)
    end
    return chunk, seen(problem)
end

local function hooked(f)
    local made = create(f)
    sethook(made, hook, "", STEP)
    return made
end

coroutine.create = hooked

-- the results of a coroutine, whose place is that where it failed
local function resumed(made, ok, ...)
    if ok then
        return ok, ...
    end
    local _, problem = caught(ok, ...)
    return ok, seen(problem, made)
end

function coroutine.resume(made, ...)
    return resumed(made, resume(made, ...))
end

function coroutine.close(made)
    return resumed(made, close(made))
end

local function passed_on(ok, ...)
    if ok then
        return ...
    end
    error((...), 2)
end

function coroutine.wrap(f)
    local made = hooked(f)
    return function(...)
        return passed_on(resumed(made, resume(made, ...)))
    end
end

-- the text of the last problem, its stack and whether the script raised a string
local failure

-- Notes a problem. This runs as a handler, so the stack is still that of the problem.
local function noted(problem)
    if must_stop(problem) then
        return STOP
    end
    problem = seen(problem)
    local ok, text = pcall(tostring, problem)
    if must_stop(text) then
        return STOP
    end
    if not ok then
        text = "an error object that has no text"
    end
    failure = { text, traceback(text, 2), type(problem) == "string" }
    return problem
end

-- what `run_all` returns; false alone if the host stopped the script
local function finished(ok, ...)
    sethook()
    if is_stopped then
        return false
    end
    if ok then
        return true, ...
    end
    if failure then
        return false, unpack(failure)
    end
    if must_stop((...)) then
        return false
    end
    return false, tostring((...)), "", true
end

-- true and the results of f(...); or false and what `failure` has
local function run_all(f, ...)
    is_stopped, failure = false, nil
    sethook(hook, "", STEP)
    return finished(xpcall(f, noted, ...))
end

-- Passes on a result, if the host knows its kind: others would take memory of Lua where
-- lupa ends the process if there is none.
local function value(ok, result, ...)
    local kind = type(result)
    if ok and (kind == "table" or kind == "function" or kind == "thread") then
        return true
    elseif ok then
        return true, result
    end
    return ok, result, ...
end

-- the same with the first result, which alone counts
local function run(f, ...)
    return value(run_all(f, ...))
end

return run, run_all, sethook
