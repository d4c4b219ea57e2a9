--- The Lua side of a "calc" operator: runs in a Lua state of the operator's own.
--
-- C requires this module in a fresh state, calls `open` once, then what `open`
-- returned: `run` once a batch (or more often, while an expansion has rows left
-- of it), `finish` at the end. See calc_operator.c.
-- @module moontide.expr.worker
local buffer = require "string.buffer"
local ffi = require "ffi"
local raising = require "moontide.script.raised"
require "moontide.native" -- declares what ffi.cast names

local M = {}

-- Function objects among the users' functions.
local function objects_of(functions)
    local list = {}
    for _, fn in ipairs(functions) do
        if type(fn) == "table" then
            list[#list + 1] = { object = fn }
        end
    end
    return list
end

-- What C makes the job's error of. Only users' functions raise anything but
-- what C has failed with.
local function new_handler(program, loaded)
    return function(raised)
        if raised == program.FAILED then
            return raised
        end
        local message, call = raising.text(raised), loaded.running
        if call then
            message = program.place(call) .. ": " .. message
        end
        return { message = raising.traceback(message) }
    end
end

--- Opens a program.
-- @tparam string payload of compile.lua
-- @tparam userdata address the `mt_ffi_calc`
-- @tparam string name the operator's
-- @tparam number max_parallelism
-- @treturn function on_error(raised): the error as C takes it
-- @treturn function run(from): the row of the batch to go on from
-- @treturn function finish()
function M.open(payload, address, name, max_parallelism)
    local parcel = buffer.decode(payload)
    package.path, package.cpath = parcel.path, parcel.cpath
    if os.getenv "MOONTIDE_JIT" == "off" then -- for specs, and to tell a bug of the compiler
        jit.off()
    end
    local calc = ffi.cast("mt_ffi_calc *", address)
    local functions = {}
    if parcel.functions then
        functions = require("moontide.script.ship").unpack(parcel.functions)
    end
    local objects = objects_of(functions)
    raising.open_all(objects, require("moontide.script.context").new {
        name = name, subtask = calc.subtask, parallelism = calc.parallelism,
        max_parallelism = max_parallelism, parameters = parcel.parameters,
    })
    local program = require "moontide.expr.program"
    local loaded = program.load(parcel.program, calc, functions)
    return new_handler(program, loaded), loaded.run, function()
        raising.close_all(objects)
    end
end

return M
