--- Runs programs of expressions on batches without a job.
local ffi = require "ffi"
local chains = require "chains"
local compile = require "moontide.expr.compile"
local logical = require "moontide.logical"
local native = require "moontide.native"
local parser = require "moontide.sql.parser"
local program = require "moontide.expr.program"
local readers = require "moontide.script.readers"
local resolve = require "moontide.expr.resolve"
local types = require "moontide.script.types"

local C = native.C
local M = {}

--- The typed expression of a text over columns, a sequence of { name, type }.
-- `functions` are descriptors by name.
function M.typed(text, columns, functions)
    local resolver = resolve.new {
        statement = text, scope = { columns = columns },
        functions = function(path)
            return functions and functions[type(path) == "table" and path[#path] or path]
        end,
    }
    return resolver:expression(parser.expression(text))
end

--- Compiles `{ input = type text, condition = text, exprs = { text or tree },
-- expand =, functions = }`.
function M.compile(spec)
    local input = logical.parse(spec.input)
    local columns = { unpack(input.fields) }
    if spec.expand then
        for _, field in ipairs(spec.expand.columns.fields) do
            columns[#columns + 1] = field
        end
    end
    local function typed(x)
        return type(x) == "string" and M.typed(x, columns, spec.functions) or x
    end
    local exprs = {}
    for i, x in ipairs(spec.exprs) do
        exprs[i] = typed(x)
    end
    local plan, functions = compile.program {
        input = input, exprs = exprs, condition = spec.condition and typed(spec.condition),
        expand = spec.expand, statement = spec.statement, session = spec.session,
    }
    return plan, functions, exprs
end

local Calc = {}
Calc.__index = Calc

--- A program that is ready to run.
function M.new(spec)
    local plan, functions, exprs = M.compile(spec)
    local calc = ffi.gc(C.mt_ffi_calc_new(), C.mt_ffi_calc_free)
    local self = setmetatable({ plan = plan, calc = calc, input = spec.input, out = {} }, Calc)
    self.loaded = self:try(program.load, plan, calc, functions)
    for i, expr in ipairs(exprs) do
        local t = types.parse(tostring(expr.type))
        local get, bind = readers.new(t, "column " .. i)
        self.out[i] = { type = t, get = get, bind = bind,
            constant = plan.registers[plan.outputs[i]].constant }
    end
    return self
end

-- Raises what failed in C as text.
function Calc:try(fn, ...)
    local ok, result = pcall(fn, ...)
    if ok then
        return result
    end
    error(result == program.FAILED and ffi.string(C.mt_ffi_calc_error(self.calc)) or result, 0)
end

--- Runs a batch of rows; the rows that come out, each with `n` fields.
function Calc:run(rows)
    local batch = chains.batch(self.input, rows)
    local calc, from, result = self.calc, 0, {}
    repeat
        C.mt_ffi_calc_start(calc, batch)
        from = self:try(self.loaded.run, from)
        for i, out in ipairs(self.out) do
            if calc.rows > 0 then
                out.bind(calc.columns[self.plan.outputs[i]])
            end
        end
        for row = 0, calc.rows - 1 do
            local values = { n = #self.out }
            for i, out in ipairs(self.out) do
                values[i] = out.get(out.constant and 0 or row)
            end
            result[#result + 1] = values
        end
    until not calc.again
    self.batch = batch -- what the registers hold is of it
    return result
end

--- Compiles and runs.
function M.run(spec)
    return M.new(spec):run(spec.rows)
end

return M
