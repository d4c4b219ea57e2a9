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
local text = require "moontide.text"
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

local function literal_node(value, data_type)
    if value == nil or value == null then
        return literal(data_type or literals.null())
    elseif type(value) == "boolean" then
        return literal(data_type or literals.boolean(), value)
    elseif type(value) == "string" then
        return literal(data_type or literals.string(value), value)
    elseif type(value) == "number" or type(value) == "cdata" then
        return number_node(value, data_type)
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

-- ---- what a later version brings ------------------------------------------------------

local function words(names)
    local list = {}
    for word in names:gmatch "%S+" do
        list[#list + 1] = word
    end
    return list
end

class.later(Expression, words [[
    exp log10 log2 ln log sin cos tan cot asin acos atan sinh cosh tanh degrees radians sqrt abs
    sign round truncate bin hex between not_between then_ if_null in_ sum sum0 min max count avg
    stddev_pop stddev_samp var_pop var_samp collect distinct first_value last_value list_agg
    array_agg percentile asc desc over start end_ get flatten at cardinality element rowtime
    proctime as_argument substring trim trim_leading trim_trailing ltrim rtrim replace
    char_length upper_case lower_case init_cap like similar position lpad rpad overlay
    regexp_replace regexp_extract from_base64 to_base64 repeat_ substr regexp ascii chr decode
    encode left right instr locate parse_url reverse split_index str_to_map split concat btrim
    elt printf starts_with ends_with translate regexp_count regexp_extract_all regexp_instr
    regexp_substr url_decode url_encode unhex to_date to_time to_timestamp extract floor ceil
    year years quarter quarters month months week weeks day days hour hours minute minutes
    second seconds milli millis md5 sha1 sha224 sha256 sha384 sha512 sha2 json_exists json_value
    is_json json_query json_quote json_unquote array_contains array_distinct array_position
    array_remove array_reverse array_slice array_union array_concat array_max array_join
    map_keys map_values map_entries array_min array_append array_prepend array_sort array_except
    array_intersect map_union]])

local LATER = {}
for _, name in ipairs(words [[
    range_ current_date current_time current_timestamp local_time local_timestamp
    temporal_overlaps date_format timestamp_diff array row map_ row_interval pi e rand
    rand_integer atan2 negative concat concat_ws uuid log if_then_else with_columns
    without_columns with_all_columns to_timestamp_ltz call_sql current_watermark
    source_watermark coalesce json_string json_object json_object_agg json_array json_array_agg
    current_database from_unixtime to_date to_timestamp convert_tz unix_timestamp
    map_from_arrays lag lead json]]) do
    LATER[name] = true
end

return setmetatable(M, {
    __index = function(_, name)
        return LATER[name] and errors.unsupported("expressions." .. name) or nil
    end,
})
