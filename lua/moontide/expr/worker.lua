--- The Lua side of a "calc" operator: runs in a Lua state of the operator's own.
-- See calc_operator.c.
-- @module moontide.expr.worker
local buffer = require "string.buffer"
local ffi = require "ffi"
require "moontide.native" -- declares what ffi.cast names

local M = {}

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
    local run = require("moontide.expr.program").load(parcel.program, calc, functions)
    return function(raised) return raised end, run, function() end
end

return M
