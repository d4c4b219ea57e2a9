--- Expressions of the Table API: `col "a"`, `lit(1)`, and what is made of them.
--
-- An expression holds a node of the same tree that SQL text becomes (see
-- `moontide.sql.ast`), so both meet in one planner. The functions of SQL as the
-- Table API spells them are in `moontide.table.expression_library`.
-- @module moontide.table.expressions
local args = require "moontide.args"
local ast = require "moontide.sql.ast"
local class = require "moontide.class"
local copy = require "moontide.copy"
local errors = require "moontide.error"
local int64 = require "moontide.int64"
local literals = require "moontide.sql.literals"
local logical = require "moontide.logical"
local null = require "moontide.null"
local parser = require "moontide.sql.parser"
local text = require "moontide.text"
local types = require "moontide.types"
local values = require "moontide.values"

local M = {}

local Expression = class.new "Expression"
M.Expression = Expression

-- `col("tags")[1]` is an element, `col("a").name` a method.
local method_of = Expression.__index

function Expression:__index(key)
    return type(key) == "number" and self:at(key) or method_of(self, key)
end

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

local function literal(type, value)
    return { kind = "literal", type = type, value = value }
end

--- A number's literal: exact for whole ones, else a DOUBLE in SQL's spelling.
local function number_node(value, data_type)
    local digits
    if type(value) == "cdata" then
        digits = tostring(value):gsub("U?LL$", "")
    elseif value % 1 == 0 and math.abs(value) < 2 ^ 53 then
        digits = ("%d"):format(value)
    end
    if digits then
        return literal(data_type or literals.integer((digits:gsub("^%-", ""))), digits)
    elseif value ~= value or math.abs(value) == math.huge then
        errors.raise("MISUSE", "bad argument #1 to 'lit' (%s can't be a literal)", tostring(value))
    end
    digits = text.number(value)
    return literal(data_type or logical.scalar("DOUBLE", nil, nil, false),
        digits:find "e" and digits or digits .. "e0")
end

--- The literal of a Decimal, Date, Time or Timestamp, in SQL's spelling.
local function value_node(value, kind, data_type)
    local digits = tostring(value)
    if kind == "Decimal" then
        local unsigned = digits:gsub("^%-", "")
        return literal(data_type or literals.decimal(unsigned:find(".", 1, true) and unsigned
            or unsigned .. "."), digits)
    end
    return literal(data_type or literals.temporal(kind:upper(), digits), digits)
end

local VALUES = { Decimal = true, Date = true, Time = true, Timestamp = true }

local function literal_node(value, data_type)
    local kind = values.class_name(value)
    if value == nil or value == null then
        return literal(data_type or literals.null())
    elseif type(value) == "boolean" then
        return literal(data_type or literals.boolean(), value)
    elseif type(value) == "string" then
        return literal(data_type or literals.string(value), value)
    elseif type(value) == "number" or int64.is(value) or int64.is_raw(value) then
        return number_node(value, data_type)
    elseif VALUES[kind] then
        return value_node(value, kind, data_type)
    end
    return errors.raise("MISUSE", "bad argument #1 to 'lit' (%s can't be a literal)",
        args.type_name(value))
end

--- A literal.
-- @param value boolean, number, string, Decimal, Date, Time or Timestamp; nil is
-- NULL
-- @param[opt] data_type the type that SQL's literal of it has unless given: INT or
-- BIGINT for whole numbers, DOUBLE for others, CHAR(n) for text
function M.lit(value, data_type)
    return wrap(literal_node(value, data_type and types.of(data_type)))
end

--- NULL of a type.
-- @param data_type
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

--- A call of a function: by name, or one that `udf` or `udtf` made.
-- @param f
-- @param ... expressions or values
-- @usage t:select(call("UPPER", col "name"), call(udf(f, { result_type = "INT" }), col "a"))
function M.call(f, ...)
    local nodes = {}
    for i = 1, select("#", ...) do
        nodes[i] = M.node((select(i, ...)))
    end
    if type(f) ~= "string" then
        local udf = require("moontide.table.udf").is(f) or args.bad(1, "call",
            "a function's name, or what udf() or udtf() made expected, got " .. args.type_name(f))
        return wrap { kind = "call", name = udf.name:upper(), written = udf.name, udf = udf,
            args = nodes }
    end
    return wrap { kind = "call", name = f:upper(), written = f, args = nodes }
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

-- AND or OR of two conditions or more.
local function joined(op)
    local both = operator(op)
    return function(first, ...)
        for i = 1, select("#", ...) do
            first = both(first, (select(i, ...)))
        end
        return first
    end
end

--- Both, either, not; also of more than two. @function Expression:and_
Expression.and_, Expression.or_ = joined "AND", joined "OR"
M.and_, M.or_ = Expression.and_, Expression.or_

--- The opposite of a condition; NULL stays NULL.
-- @usage t:where(col("a"):eq(1):not_())
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

--- Another name for the column; for a table function's call, the names of its
-- columns.
-- @tparam string name
-- @param ... more names
-- @usage col("a"):alias("b")
function Expression:alias(name, ...)
    if type(name) ~= "string" then
        args.bad(1, "alias", "string expected, got " .. args.type_name(name))
    end
    local names = select("#", ...) > 0 and args.list("alias", args.is_string, name, ...) or nil
    return wrap { kind = "alias", arg = self.tree, name = name, names = names }
end

--- The value as another type; the job fails where it can't be.
-- @param data_type
-- @usage col("a"):cast(DataTypes.STRING())
function Expression:cast(data_type)
    return wrap { kind = "cast", arg = self.tree, type = types.of(data_type) }
end

--- The value as another type, NULL where it can't be.
-- @param data_type
function Expression:try_cast(data_type)
    return wrap { kind = "cast", arg = self.tree, type = types.of(data_type), try = true }
end

function Expression:__tostring()
    return ast.expression_text(self.tree)
end

--- The power: `col("a") ^ 2`.
function Expression.__pow(a, b)
    return wrap { kind = "call", name = "POWER", args = { M.node(a), M.node(b) } }
end

--- Only different values, in an aggregate: `col("a"):count():distinct()`.
function Expression:distinct()
    if self.tree.kind ~= "call" then
        errors.raise("MISUSE", "distinct() belongs to an aggregate: col('a'):count():distinct()")
    end
    local node = copy(self.tree)
    node.distinct = true
    return wrap(node)
end

require "moontide.table.expression_library"(M, wrap)

--- The column of event time, or of processing time, of a stream: in
-- `from_data_stream(ds, col "a", col("p"):proctime())`.
local function time_attribute(name)
    return function(self)
        return wrap { kind = "call", name = name, args = { self.tree }, attribute = true }
    end
end
Expression.rowtime, Expression.proctime = time_attribute "ROWTIME", time_attribute "PROCTIME"

class.later(Expression, { "asc", "desc", "over", "start", "end_", "as_argument" })

return M
