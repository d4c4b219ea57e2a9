--- VALUES: rows of constants as a source.
--
-- What is constant becomes Lua values, which travel in the plan; rows with
-- anything that is only known when the job runs (RAND(), a value that can't be
-- computed) are programs over a source of one row.
-- @module moontide.sql.constants
local graph = require "moontide.graph"
local literals = require "moontide.expr.literal"
local logical = require "moontide.logical"
local null = require "moontide.null"

local M = {}

local function whole(text)
    return tonumber(text)
end

-- How literals become Lua values; others are evaluated.
local READ = {
    BOOLEAN = function(value)
        return value
    end,
    TINYINT = whole, SMALLINT = whole, INT = whole,
    BIGINT = function(text)
        -- Beyond, a number would not be exact.
        return #text <= 14 and tonumber(text) or nil
    end,
}
READ.CHAR, READ.VARCHAR, READ.BINARY, READ.VARBINARY = READ.BOOLEAN, READ.BOOLEAN, READ.BOOLEAN,
    READ.BOOLEAN

local CONSTRUCTORS = { ROW = true, ARRAY = true, MAP = true }

--- Is that a call which answers the same each time? Of those only instants are
-- left where no column is read: no literal holds them.
local function is_instant(expr)
    local entry = expr.kind == "call" and expr.type.kind == "TIMESTAMP_LTZ"
        and require("moontide.expr.library").find(expr.fn)
    return entry and not entry.volatile
end

local function is_constant(expr)
    if expr.kind == "literal" then
        return true
    elseif not CONSTRUCTORS[expr.fn] and not is_instant(expr) then
        return false
    end
    for _, arg in ipairs(expr.args) do
        if not is_constant(arg) then
            return false
        end
    end
    return true
end

local function all_constant(row)
    for _, expr in ipairs(row) do
        if not is_constant(expr) then
            return false
        end
    end
    return true
end

local function value_of(expr, session)
    if expr.kind == "literal" and expr.value == nil then
        return null
    end
    local value
    if expr.kind == "literal" and READ[expr.type.kind] then
        value = READ[expr.type.kind](expr.value)
    end
    if value == nil then
        value = require "moontide.expr.evaluate"(expr, { session = session })
    end
    -- Not `or`: FALSE is a value.
    if value == nil then
        return null
    end
    return value
end

local function values_of(row, session)
    local values = {}
    for i, expr in ipairs(row) do
        values[i] = value_of(expr, session)
    end
    return values
end

local function values_source(rows, wanted)
    return graph.values(rows, { name = "Source: Values", type = wanted })
end

--- A relation of one row, for what reads no row.
-- @tparam string name of its column
function M.one_row(name)
    local zero = literals.new(logical.scalar("INT", nil, nil, false), "0")
    return { kind = "values", rows = { { zero } },
        columns = { { name = name, type = zero.type, hidden = true } } }
end

--- The transformation of a `values` relation.
-- @tparam Planner planner
-- @tparam table rel
-- @param wanted record type
function M.rows(planner, rel, wanted)
    local constant, parts = {}, {}
    for _, row in ipairs(rel.rows) do
        local ok, values = false, nil
        if all_constant(row) then
            ok, values = pcall(values_of, row, planner.session)
        end
        if ok then
            constant[#constant + 1] = values
        else
            parts[#parts + 1] = planner:typed({ kind = "calc", input = M.one_row "$0",
                exprs = row, columns = rel.columns }, wanted)
        end
    end
    if #constant > 0 or #parts == 0 then
        table.insert(parts, 1, values_source(constant, wanted))
    end
    return #parts > 1 and graph.union(parts) or parts[1]
end

return M
