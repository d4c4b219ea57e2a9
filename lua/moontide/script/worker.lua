--- The Lua side of a "lua" operator: runs in a Lua state of the operator's own.
--
-- C requires this module in a fresh state, calls `open` once, then what `open`
-- returned: `process` once a batch (or once a run of rows, when a batch becomes
-- more than one), `finish` at the end. See lua_operator.c.
-- @module moontide.script.worker
local buffer = require "string.buffer"
local core = require "moontide.core"
local ffi = require "ffi"
local texts = require "moontide.text"
require "moontide.native" -- declares what ffi.cast names

-- A closure may have spoilt the globals when its error has to be told.
local debug_getinfo, debug_traceback = debug.getinfo, debug.traceback
local error, ipairs, pcall, rawget, require, tonumber, type, xpcall =
    error, ipairs, pcall, rawget, require, tonumber, type, xpcall
local byte, find, format, gmatch, gsub, match, sub = string.byte, string.find, string.format,
    string.gmatch, string.gsub, string.match, string.sub
local concat = table.concat

local M = {}

-- ---- errors -------------------------------------------------------------------------

local METHODS = require("moontide.script.ship").METHODS

local function is_of_step(fn, step)
    if fn == step.fn or fn == step.key then
        return true
    elseif type(step.fn) == "table" then
        for _, name in ipairs(METHODS) do
            if fn == rawget(step.fn, name) then
                return true
            end
        end
    end
    return false
end

-- A line of a driver that checks or stores a result names it `v` and its step.
local function step_of_line(driver, number)
    local at = 0
    for line in gmatch(driver.text, "([^\n]*)\n") do
        at = at + 1
        if at == number then
            return driver.steps[tonumber(match(line, "%f[%w]v(%d+)"))]
        end
    end
end

-- The step whose function is running, the innermost on the stack; when it is
-- the driver that found fault, the step whose result it had in hand.
local function running_step(driver)
    local level = 3
    while true do
        local info = debug_getinfo(level, "Slf")
        if not info then
            return nil
        elseif info.source == "=driver" then
            return step_of_line(driver, info.currentline)
        end
        for _, step in ipairs(driver.steps) do
            if is_of_step(info.func, step) then
                return step
            end
        end
        level = level + 1
    end
end

-- Chunks that are ours: what was loaded from source for a chain, and C.
local OURS = { "^%s+driver:", "^%s+row writer:", "^%s+writer of ", "^%s+reader of ", "^%s+check:",
               "%[C%]", "moontide/script/" }

local function is_ours(line)
    for _, pattern in ipairs(OURS) do
        if find(line, pattern) then
            return true
        end
    end
    return false
end

-- The user's part of a traceback: our frames say nothing.
local function traceback(message)
    local lines = {}
    for line in gmatch(debug_traceback("", 3), "[^\n]+") do
        if find(line, "^%s") and not is_ours(line) then
            lines[#lines + 1] = line
        end
    end
    if #lines == 0 then
        return message
    end
    return message .. "\nstack traceback:\n" .. concat(lines, "\n")
end

-- A message is read by people: no more of it than this, and nothing in it that a
-- terminal obeys.
local MESSAGE_MAX = 8192

local function printable(text)
    if #text > MESSAGE_MAX then
        text = format("%s... (%d bytes)", sub(text, 1, MESSAGE_MAX), #text)
    end
    return (gsub(text, "[%z\1-\8\11-\31\127]", function(c)
        return format("\\%d", byte(c))
    end))
end

-- What a closure raised, as text. It may raise anything, tables whose tostring
-- raises in its turn among them.
local function text_of(raised)
    if raised == nil then
        return "raised nil"
    elseif type(raised) == "string" then
        return printable(raised)
    end
    local ok, text = pcall(texts.show, raised)
    if not ok or type(text) ~= "string" then
        return format("raised a %s that has no text: its __tostring fails", type(raised))
    end
    return printable(text)
end

-- The record that the chain works on, as text.
local function record_text(driver, chain)
    local columns = driver.columns
    if not columns then -- the chain makes its records itself
        return texts.quote(driver.values[chain.row + 1])
    end
    local fields = {}
    for i = 0, columns.len - 1 do
        local ok, value = pcall(function() return columns.reader(i)(chain.row) end)
        local text = ok and texts.quote(value) or "?"
        fields[i + 1] = format("%s=%s", columns.name(i), text)
    end
    return printable(concat(fields, ", "))
end

-- ---- opening -------------------------------------------------------------------------

local function function_objects(steps)
    local list = {}
    for _, step in ipairs(steps) do
        for _, fn in ipairs { step.fn or false, step.key or false } do
            if type(fn) == "table" then
                list[#list + 1] = { object = fn, step = step.name }
            end
        end
    end
    return list
end

local function call(method, of, ...)
    local ok, err = xpcall(of.object[method], function(raised)
        return traceback(format("%s() of the function object: %s", method, text_of(raised)))
    end, of.object, ...)
    return ok or { message = err, step = of.step }
end

local function call_open(steps, context)
    local list = function_objects(steps)
    for k, of in ipairs(list) do
        local ok = of.object.open == nil or call("open", of, context)
        if ok ~= true then
            -- Those that are open have something to close.
            for before = 1, k - 1 do
                if list[before].object.close then
                    call("close", list[before])
                end
            end
            error(ok, 0)
        end
    end
end

-- Each of them, also after one that fails; the first failure is raised, others go
-- to the log.
local function call_close(steps)
    local failed
    for _, of in ipairs(function_objects(steps)) do
        local ok = of.object.close == nil or call("close", of)
        if ok ~= true and failed then
            core.log("warn", "script", format("'%s' failed too: %s", of.step or "?", ok.message))
        elseif ok ~= true then
            failed = ok
        end
    end
    if failed then
        error(failed, 0)
    end
end

--- Opens a chain.
-- @tparam string payload of chain.lua
-- @tparam userdata address the `mt_ffi_chain`
-- @tparam string name the operator's
-- @tparam number max_parallelism
-- @treturn function on_error(raised, unwound): the error as a table with message,
-- step and record; `unwound`: it is not called where the error was raised
-- @treturn function process(batch, input, from): the next row
-- @treturn function produce(from): the next value's index, and how many there
-- are; nil in a chain with inputs
-- @treturn function finish()
-- @treturn boolean selecting: rows pass by number
function M.open(payload, address, name, max_parallelism)
    local parcel = buffer.decode(payload)
    package.path, package.cpath = parcel.path, parcel.cpath
    if os.getenv "MOONTIDE_JIT" == "off" then -- for specs, and to tell a bug of the compiler
        jit.off()
    end

    local chain = ffi.cast("mt_ffi_chain *", address)
    local spec = require("moontide.script.ship").unpack(parcel.chain)
    local context = require("moontide.script.context").new {
        name = name, subtask = chain.subtask, parallelism = chain.parallelism,
        max_parallelism = max_parallelism, parameters = spec.parameters,
    }
    local driver = require("moontide.script.driver").new(spec, chain)

    local function on_error(raised, unwound)
        if type(raised) == "string" and find(raised, "stack overflow", 1, true) and not unwound then
            return raised -- there is no stack left to say more
        end
        local running = driver.drivers[chain.input + 1]
        local step = not unwound and running_step(running)
        local ok, record = pcall(record_text, running, chain)
        local message = text_of(raised)
        if unwound and message == "error in error handling" then
            message = "stack overflow: there was no room to tell where" -- not even for that
        end
        return {
            message = unwound and message or traceback(message),
            step = step and step.name or nil, record = ok and record or nil,
        }
    end

    call_open(spec.steps, context)
    return on_error, driver.run, not spec.input and driver.produce or nil,
        function() call_close(spec.steps) end, driver.selecting
end

return M
