--- SQL expressions of constants, computed as a query computes them.
local evaluate = require "moontide.expr.evaluate"
local parser = require "moontide.sql.parser"
local resolve = require "moontide.expr.resolve"

local M = {}

--- The typed expression of a text.
function M.typed(text)
    return resolve.new({ statement = text }):expression(parser.expression(text))
end

--- The value of a text's expression, nil for NULL.
-- @usage eval("UPPER('x')") --> "X"
function M.eval(text)
    return (evaluate(M.typed(text), { statement = text }))
end

--- The same as the text that CAST(... AS STRING) shows; "NULL" for NULL.
function M.show(text)
    local value = M.eval("CAST(" .. text .. " AS STRING)")
    return value == nil and "NULL" or value
end

return M
