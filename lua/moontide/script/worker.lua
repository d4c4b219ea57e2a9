--- The Lua side of a "lua" operator: runs in a Lua state of the operator's own.
--
-- C requires this module in a fresh state, calls `open` once, then what `open`
-- returned: `process` once a batch (or once a run of rows, when a batch becomes
-- more than one), `finish` at the end. See lua_operator.c.
-- @module moontide.script.worker
local buffer = require "string.buffer"
local ffi = require "ffi"
local raising = require "moontide.script.raised"
local texts = require "moontide.text"
require "moontide.native" -- declares what ffi.cast names

-- A closure may have spoilt the globals when its error has to be told.
local debug_getinfo = debug.getinfo
local ipairs, pcall, rawget, require, tonumber, type =
    ipairs, pcall, rawget, require, tonumber, type
local find, format, gmatch, match = string.find, string.format, string.gmatch, string.match
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
    return raising.printable(concat(fields, ", "))
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
        local message = raising.text(raised)
        if unwound and message == "error in error handling" then
            message = "stack overflow: there was no room to tell where" -- not even for that
        end
        return {
            message = unwound and message or raising.traceback(message),
            step = step and step.name or nil, record = ok and record or nil,
        }
    end

    local objects = function_objects(spec.steps)
    raising.open_all(objects, context)
    return on_error, driver.run, not spec.input and driver.produce or nil,
        function() raising.close_all(objects) end, driver.selecting
end

return M
