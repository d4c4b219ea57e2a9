--- What a query wants of a source, told to it: conditions on its columns, and how
-- many rows are enough.
--
-- Hints leave nothing out of the plan: a source may use them, or not, or in part,
-- and the calc behind it looks again.
-- @module moontide.sql.hints
local trees = require "moontide.expr.trees"

local M = {}

local TURNED = { ["="] = "=", ["<>"] = "<>", ["<"] = ">", ["<="] = ">=", [">"] = "<",
    [">="] = "<=" }

-- Does a number have digits that a column of that type has no place for? Who
-- reads it as a value of the column would round it to one that a row may have.
local function is_finer(text, column_type)
    local digits = column_type.kind == "DECIMAL" and text:match "%.(%d-)0*$"
    return digits and #digits > column_type.scale
end

--- The text of a literal as a filter on a column of that type holds it; nil for
-- what is none, NULL and nested values.
local function value_of(expr, column_type)
    if expr.kind ~= "literal" or expr.value == nil then
        return nil
    elseif type(expr.value) == "boolean" then
        return expr.value and "TRUE" or "FALSE"
    end
    return not is_finer(expr.value, column_type) and expr.value or nil
end

local function filter(expr, op, values)
    return { column = expr.index - 1, op = op, values = values }
end

local function comparison(op, a, b)
    if a.kind ~= "input" then
        a, b, op = b, a, TURNED[op]
    end
    local value = a.kind == "input" and value_of(b, a.type)
    return value and filter(a, op, { value }) or nil
end

local function among(args)
    local values = {}
    for i = 2, #args do
        values[i - 1] = value_of(args[i], args[1].type)
        if not values[i - 1] then
            return nil
        end
    end
    return args[1].kind == "input" and filter(args[1], "IN", values) or nil
end

--- A part of a condition as a filter; nil when it is none.
local function filter_of(expr)
    if expr.kind == "input" then
        return filter(expr, "=", { "TRUE" })
    elseif expr.kind ~= "call" then
        return nil
    end
    local fn, args = expr.fn, expr.args
    local first = args[1]
    if TURNED[fn] then
        return comparison(fn, first, args[2])
    elseif fn == "IN" then
        return among(args)
    elseif (fn == "IS NULL" or fn == "IS NOT NULL") and first.kind == "input" then
        return filter(first, fn, {})
    elseif (fn == "NOT" or fn == "IS FALSE") and first.kind == "input" then
        return filter(first, "=", { "FALSE" })
    elseif fn == "IS TRUE" and first.kind == "input" then
        return filter(first, "=", { "TRUE" })
    end
    return nil
end

--- The parts of a condition that a source can be told.
-- @tparam ?table condition over the source's columns
-- @treturn ?table sequence of { column (from 0), op, values }, as plans hold them
function M.filters(condition)
    local filters = {}
    for _, part in ipairs(condition and trees.conjuncts(condition) or {}) do
        filters[#filters + 1] = filter_of(part)
    end
    return #filters > 0 and filters or nil
end

--- Filters as EXPLAIN shows them, and as equal hints have equal texts.
-- @tparam table filters
-- @tparam {string,...} names of the source's columns
-- @treturn string
function M.text(filters, names)
    local parts = {}
    for i, one in ipairs(filters) do
        local values = {}
        for k, value in ipairs(one.values) do
            values[k] = ("'%s'"):format((value:gsub("'", "''"):gsub("%c", "?")))
        end
        local list = table.concat(values, ", ")
        parts[i] = names[one.column + 1] .. " " .. one.op
            .. (one.op == "IN" and " (" .. list .. ")" or #values > 0 and " " .. list or "")
    end
    return table.concat(parts, " AND ")
end

return M
