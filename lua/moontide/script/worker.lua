--- The Lua side of a "lua" operator: runs in a Lua state of the operator's own.
--
-- C requires this module in a fresh state, calls `open` once, then what `open`
-- returned: `process` once a batch (or once a run of rows, when a batch becomes
-- more than one), `finish` at the end. See lua_operator.c.
-- @module moontide.script.worker
local buffer = require "string.buffer"
local ffi = require "ffi"
require "moontide.native" -- declares what ffi.cast names

local M = {}

-- ---- errors -------------------------------------------------------------------------

-- Which of the chain's functions is running: the innermost on the stack.
local function running_step(steps)
    local level = 2
    while true do
        local info = debug.getinfo(level, "f")
        if not info then
            return nil
        end
        for _, step in ipairs(steps) do
            local fn = step.fn
            if info.func == fn then
                return step
            elseif type(fn) == "table" then
                for _, name in ipairs { "map", "filter", "flat_map", "reduce", "get_key",
                                        "partition", "process_element", "map1", "map2",
                                        "flat_map1", "flat_map2" } do
                    if info.func == rawget(fn, name) then
                        return step
                    end
                end
            end
        end
        level = level + 1
    end
end

-- The user's part of a traceback: frames of the driver and of C say nothing.
local function traceback(message)
    local lines = {}
    for line in debug.traceback("", 3):gmatch "[^\n]+" do
        if line:find "^%s" and not line:find("=?driver", 1, false) and not line:find "%[C%]"
            and not line:find("moontide/script/", 1, true) then
            lines[#lines + 1] = line
        end
    end
    if #lines == 0 then
        return message
    end
    return message .. "\nstack traceback:\n" .. table.concat(lines, "\n")
end

-- The record that the chain works on, as text.
local function record_text(driver, chain)
    local columns = driver.drivers[chain.input + 1].columns
    if not columns then
        return nil
    end
    local fields = {}
    for i = 0, columns.len - 1 do
        local ok, value = pcall(function() return columns.reader(i)(chain.row) end)
        local text = ok and require("moontide.text").quote(value) or "?"
        fields[i + 1] = ("%s=%s"):format(columns.name(i), text)
    end
    return table.concat(fields, ", ")
end

-- ---- opening -------------------------------------------------------------------------

local function call_open(steps, context)
    for _, step in ipairs(steps) do
        for _, fn in ipairs { step.fn or false, step.key or false } do
            if type(fn) == "table" and fn.open then
                fn:open(context)
            end
        end
    end
end

local function call_close(steps)
    for _, step in ipairs(steps) do
        for _, fn in ipairs { step.fn or false, step.key or false } do
            if type(fn) == "table" and fn.close then
                fn:close()
            end
        end
    end
end

--- Opens a chain.
-- @tparam string payload of chain.lua
-- @tparam userdata address the `mt_ffi_chain`
-- @tparam string name the operator's
-- @tparam number max_parallelism
-- @treturn function on_error(message): message, step name, record text
-- @treturn function process(batch, input, from): the next row
-- @treturn function produce(from): the next value's index, and how many there
-- are; nil in a chain with inputs
-- @treturn function finish()
-- @treturn boolean selecting: rows pass by number
function M.open(payload, address, name, max_parallelism)
    local parcel = buffer.decode(payload)
    package.path, package.cpath = parcel.path, parcel.cpath

    local chain = ffi.cast("mt_ffi_chain *", address)
    local spec = require("moontide.script.ship").unpack(parcel.chain)
    local context = require("moontide.script.context").new {
        name = name, subtask = chain.subtask, parallelism = chain.parallelism,
        max_parallelism = max_parallelism, parameters = spec.parameters,
    }
    local driver = require("moontide.script.driver").new(spec, chain)

    local function on_error(message)
        local step = running_step(spec.steps)
        local ok, record = pcall(record_text, driver, chain)
        if type(message) ~= "string" then
            message = tostring(message)
        end
        return {
            message = traceback(message), step = step and step.name or nil,
            record = ok and record or nil,
        }
    end

    call_open(spec.steps, context)
    return on_error, driver.run, not spec.input and driver.produce or nil,
        function() call_close(spec.steps) end, driver.selecting
end

return M
