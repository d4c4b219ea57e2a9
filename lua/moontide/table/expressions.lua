--- Expressions of the Table API: `col "a"`, `lit(1)`, and what is made of them.
--
-- An expression holds a node of the same tree that SQL text becomes (see
-- `moontide.sql.ast`), so both meet in one planner. Building any of them works;
-- so far only references to columns, perhaps with an alias, can be run.
-- @module moontide.table.expressions
local args = require "moontide.args"
local ast = require "moontide.sql.ast"
local class = require "moontide.class"
local errors = require "moontide.error"
local literals = require "moontide.sql.literals"
local logical = require "moontide.logical"
local null = require "moontide.null"
local parser = require "moontide.sql.parser"
local types = require "moontide.types"

local M = {}

local Expression = class.new "Expression"
M.Expression = Expression

local function wrap(node)
    return setmetatable({ tree = node }, Expression)
end

--- A column by name.
-- @tparam string name
-- @usage t:select(col "a", col("b"):alias("c"))
function M.col(name)
    if type(name) ~= "string" or name == "" then
        args.bad(1, "col", "a column's name expected, got " .. args.type_name(name))
    end
    return wrap { kind = "column", path = { name } }
end

local function literal_node(value, data_type)
    if value == nil or value == null then
        return { kind = "literal", type = data_type or literals.null() }
    elseif type(value) == "boolean" then
        return { kind = "literal", type = data_type or literals.boolean(), value = value }
    elseif type(value) == "string" then
        return { kind = "literal", type = data_type or literals.string(value), value = value }
    elseif type(value) == "number" or type(value) == "cdata" then
        local text = type(value) == "number" and value % 1 == 0 and ("%d"):format(value)
            or tostring(value):gsub("U?LL$", "")
        local found = text:find "^%-?%d+$" and literals.integer((text:gsub("^%-", "")))
            or logical.scalar("DOUBLE", nil, nil, false)
        return { kind = "literal", type = data_type or found, value = text }
    end
    return errors.raise("MISUSE", "bad argument #1 to 'lit' (%s can't be a literal)",
        args.type_name(value))
end

--- A literal.
-- @param value boolean, number or string; nil is NULL
-- @param[opt] data_type
function M.lit(value, data_type)
    return wrap(literal_node(value, data_type and types.of(data_type)))
end

--- NULL of a type.
function M.null_of(data_type)
    return M.lit(nil, data_type)
end

--- The node of an expression; other Lua values become literals.
-- @param value
-- @treturn table a node
function M.node(value)
    if class.is(value, Expression) then
        return value.tree
    end
    return literal_node(value)
end

--- The nodes of a list of expressions or texts: "a, b AS c" is two.
-- @tparam string method for messages
-- @param ... expressions or strings, or one sequence of them
function M.nodes(method, ...)
    local nodes = {}
    for i, value in ipairs(args.list(method, args.is_given, ...)) do
        if type(value) == "string" then
            for _, node in ipairs(parser.expressions(value)) do
                nodes[#nodes + 1] = node
            end
        elseif class.is(value, Expression) then
            nodes[#nodes + 1] = value.tree
        else
            args.bad(i, method, "expression or string expected, got " .. args.type_name(value))
        end
    end
    return nodes
end

--- A call of a function by name.
-- @tparam string name
-- @param ... expressions or values
function M.call(name, ...)
    local nodes = {}
    for i = 1, select("#", ...) do
        nodes[i] = M.node((select(i, ...)))
    end
    return wrap { kind = "call", name = name:upper(), written = name, args = nodes }
end

-- ---- operators --------------------------------------------------------------------------

local function operator(op)
    return function(a, b)
        return wrap(ast.op(nil, op, M.node(a), M.node(b)))
    end
end

Expression.__add, Expression.__sub = operator "+", operator "-"
Expression.__mul, Expression.__div = operator "*", operator "/"
Expression.__mod, Expression.__concat = operator "%", operator "||"

function Expression.__unm(a)
    return wrap(ast.op(nil, "NEGATE", M.node(a)))
end

local COMPARISONS = { eq = "=", ne = "<>", lt = "<", le = "<=", gt = ">", ge = ">=" }

for name, op in pairs(COMPARISONS) do
    Expression[name] = operator(op)
end

--- Both, either, not. @function Expression:and_
Expression.and_, Expression.or_ = operator "AND", operator "OR"
M.and_, M.or_ = Expression.and_, Expression.or_

function Expression:not_()
    return wrap(ast.op(nil, "NOT", self.tree))
end

M.not_ = Expression.not_

for name, op in pairs { is_null = "IS NULL", is_not_null = "IS NOT NULL", is_true = "IS TRUE",
    is_false = "IS FALSE", is_not_true = "IS NOT TRUE", is_not_false = "IS NOT FALSE" } do
    Expression[name] = function(self)
        return wrap(ast.op(nil, op, self.tree))
    end
end

--- Another name for the column.
-- @tparam string name
-- @usage col("a"):alias("b")
function Expression:alias(name)
    if type(name) ~= "string" then
        args.bad(1, "alias", "string expected, got " .. args.type_name(name))
    end
    return wrap { kind = "alias", arg = self.tree, name = name }
end

--- The value as another type.
function Expression:cast(data_type)
    return wrap { kind = "cast", arg = self.tree, type = types.of(data_type) }
end

--- The value as another type, NULL where it can't be.
function Expression:try_cast(data_type)
    return wrap { kind = "cast", arg = self.tree, type = types.of(data_type), try = true }
end

function Expression:__tostring()
    return ast.expression_text(self.tree)
end

return M
