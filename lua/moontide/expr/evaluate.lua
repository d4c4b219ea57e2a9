--- Computes an expression of constants, here and now.
-- @module moontide.expr.evaluate
local errors = require "moontide.error"
local ffi = require "ffi"
local logical = require "moontide.logical"

local NOTHING

local function run(expr, options)
    local native = require "moontide.native"
    local program = require "moontide.expr.program"
    local C = native.C
    NOTHING = NOTHING or logical.row {}
    local plan, functions = require("moontide.expr.compile").program {
        input = NOTHING, exprs = { expr }, statement = options.statement,
        session = options.session, library = options.library,
    }
    local calc = C.mt_ffi_calc_new()
    if calc == nil then
        errors.raise("NOMEM", "no memory to compute an expression")
    end
    calc = ffi.gc(calc, C.mt_ffi_calc_free)
    local ok, result = pcall(function()
        local loaded = program.load(plan, calc, functions)
        C.mt_ffi_calc_begin_constants(calc)
        loaded.run(0)
        local t = require("moontide.script.types").parse(tostring(expr.type))
        local get, bind = require("moontide.script.readers").new(t, "value")
        bind(calc.columns[plan.outputs[1]])
        return { get(0) }
    end)
    local message = result == program.FAILED and ffi.string(C.mt_ffi_calc_error(calc)) or result
    C.mt_ffi_calc_free(ffi.gc(calc, nil))
    if not ok then
        return nil, message
    end
    return result
end

--- The value of an expression that reads no column.
-- @tparam table expr a typed expression
-- @tparam[opt] table options `session`, `statement`, `library` as for
-- `compile.calc`
-- @return the value as a result's row holds it; nil for NULL. It raises an error
-- of code RECORD for one that has no value
-- @usage evaluate(resolver:expression(parser.expression "UPPER('x')"))
return function(expr, options)
    local box, message = run(expr, options or {})
    if not box then
        errors.raise("RECORD", "%s", tostring(message))
    end
    return box[1]
end
