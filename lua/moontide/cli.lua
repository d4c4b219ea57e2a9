--- The `moontide` command: run, connectors, formats, version, help.
-- Returns a function from the command's arguments (`[0]` the program) to its
-- exit status: 0 fine, 1 a job or script failed, 2 misuse.
-- @module moontide.cli

local FAILED, MISUSE = 1, 2

local HELP = [[
Moontide: a stream engine that you script in Lua.

usage: moontide run JOB.lua [ARGUMENTS]   runs a job script
       moontide connectors [NAME]         lists them, or one with its options
       moontide formats [NAME]            likewise
       moontide version                   prints versions
       moontide help                      prints this

A script's arguments are in `arg`. The command ends when the jobs that the
script started have ended: status 0 when all went well, 1 when one failed, 2 for
misuse of the command, 130 after an interrupt. The first interrupt stops the
jobs' sources, drains and flushes; the second ends the process at once.
]]

local function complain(text)
    io.stderr:write("moontide: ", text, "\n")
end

local function explain(err)
    if type(err) == "table" or err == "interrupted" then
        return tostring(err)
    end
    return debug.traceback(tostring(err), 2)
end

-- Jobs that the script started and left running; false when one failed.
local function wait_for_jobs()
    local all_well = true
    collectgarbage() -- an iterator that nobody holds any more cancels its job
    if package.loaded["moontide.job"] then
        require("moontide.job").wait_for_all(function(err)
            complain(tostring(err))
            all_well = false
        end)
    end
    return all_well
end

local function run(args)
    local path = args[2]
    if not path then
        complain "run needs a script: moontide run JOB.lua"
        return MISUSE
    end
    local chunk, problem = loadfile(path)
    if not chunk then
        complain(problem)
        return MISUSE
    end
    local folder = path:match "^(.*)/[^/]*$" or "."
    package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua;" .. package.path

    local script_args = {}
    for i = 0, #args do
        script_args[i - 2] = args[i]
    end
    _G.arg = script_args

    local ok, result = xpcall(function()
        chunk(unpack(script_args))
        return wait_for_jobs()
    end, explain)
    if not ok and result ~= "interrupted" then -- main.c says that
        complain(tostring(result))
    end
    return ok and result and 0 or FAILED
end

local function version()
    local core = require "moontide.core"
    io.write(("moontide %s, %s\n"):format(core.version, jit.version))
    return 0
end

--- `moontide connectors` and `moontide formats`.
local function show_plugins(kind)
    return function(args)
        local plugins = require "moontide.plugins"
        local ok, text = pcall(args[2] and plugins.describe or plugins.list, kind, args[2])
        if not ok then
            complain(tostring(text))
            return MISUSE
        end
        io.write(text)
        return 0
    end
end

local commands = {
    run = run,
    connectors = show_plugins "connector",
    formats = show_plugins "format",
    version = version,
    ["--version"] = version,
    help = function()
        io.write(HELP)
        return 0
    end,
}
commands["--help"] = commands.help
commands["-h"] = commands.help

return function(args)
    local name = args[1] or "help"
    local command = commands[name]
    if not command then
        local names = { "run", "connectors", "formats", "version", "help" }
        local nearest = require("moontide.error").nearest(name, names)
        complain(("there is no command '%s'%s; see moontide help"):format(name,
            nearest and (", did you mean '%s'?"):format(nearest) or ""))
        return MISUSE
    end
    return command(args)
end
