--- The tree that SQL text becomes, and what builds, walks and prints it.
--
-- Every node is a plain table with `kind` and `pos`, the byte of the statement
-- where it begins (`path_pos` is that of a statement's `path`). Nodes hold no
-- functions. What is optional is nil. `path` is a sequence of one to three names.
--
-- ## Expressions
-- The Table API's expressions (`moontide.table.expressions`) are the same tree.
--
--     literal   type (logical type, NULL for NULL), value: numbers as the digits
--               that were written, text, true or false; word: a unit such as DAY
--     column    path: { "a" }, { "t", "a" } or deeper, for the planner to resolve
--     star      path of the table in `t.*`, or nil
--     call      name in upper case, args; written: the name as it stands, path
--               of `catalog.db.f(x)`; distinct, filter, over; bare: without
--               parentheses; brackets: ARRAY[...]; clauses of JSON functions:
--               { { words, expr, type, on } }; udf: the function itself
--               (`moontide.table.udf`), of the Table API
--     op        op, args. Binary: OR AND || + - * / % = <> < <= > >= LIKE ...;
--               unary: NOT NEGATE PLUS, IS NULL and its kin; BETWEEN with three
--               args; IN with a list. OR, AND and || take two args or more.
--     case      operand, whens: { { when, result } }, otherwise
--     cast      arg, type, try
--     field     arg, name: (expr).name, or position, from 1, of the Table API
--     index     arg, at: expr[at]
--     interval  value, negative, from, to, type
--     alias     arg, name
--     named     name, arg: f(name => expr)
--     subquery  query, form: "scalar" | "EXISTS" | "IN" (then IN's 2nd arg)
--     table_arg path or query, partition_by, order_by: TABLE t in a call
--     descriptor columns: DESCRIPTOR(ts)
--     over      is no expression: partition_by, order_by, frame, or name
--
-- ## Queries
--
--     select    items (expressions or alias), distinct, from, where, group_by,
--               having, windows, qualify; places: the byte of each clause
--     values    rows: { { expr } }
--     table     path: TABLE t
--     set       op: UNION | INTERSECT | EXCEPT, all, args
--     with      body, items: { { name, columns, query } }
--     ordered   body, order_by: { { expr, descending, nulls } }, limit, offset
--     relation  relation (`moontide.sql.relation`), alias: of the Table API; also
--               stands in FROM
--
--     ref       path, alias, columns, options (of a hint), system_time
--     derived   query, alias, columns, lateral
--     function  call, alias, columns, lateral    unnest  arg, ordinality, ...
--     join      join: INNER | LEFT | RIGHT | FULL | CROSS, left, right, on,
--               using, natural
--
-- ## Statements
--
--     create_table      path, temporary, if_not_exists, elements, comment,
--                       partitioned_by, options, like, query
--        elements: column { name, type, comment, expr, metadata { key, virtual } }
--                  watermark { path, expr }, primary_key { name, columns }
--        like: path, rules { { rule, what } }
--     create_view       path, temporary, if_not_exists, columns, comment, query,
--                       query_text
--     create_database   path, if_not_exists, comment, options
--     create_catalog    path, if_not_exists, comment, options
--     create_function   path, temporary, system, if_not_exists, class, language
--     alter_function    path, temporary, system, if_exists, class, language
--     drop              what (TABLE VIEW DATABASE CATALOG FUNCTION), path,
--                       temporary, system, if_exists, cascade
--     alter_table       path, if_exists, action: rename { to }, rename_column
--                       { from, to }, set { options }, reset { keys },
--                       add / modify { elements with after, first }, drop_columns
--                       { names }, drop_primary_key, drop_constraint { name },
--                       drop_watermark
--     alter_view        path, action: rename { to } | query { query, query_text }
--     alter_database, alter_catalog   path, action: set | reset | comment
--     describe          path, extended
--     show              what ("TABLES", "CREATE TABLE", ...), path, like,
--                       negated, ignore_case
--     use               what (DATABASE CATALOG MODULES), path or names
--     set, reset        key, value
--     jar               what (ADD REMOVE), name
--     explain           statement, details
--     insert            path, columns, partition, overwrite, query, options
--     statement_set     statements
--     query             query
--
-- The parser sets `text`, all of it, on the statement that it gives. Options are
-- sequences of { key, value, pos }, in their order.
-- @module moontide.sql.ast
local M = {}

--- Makes an operator's node.
-- @tparam number pos
-- @tparam string op
-- @param ... its arguments
function M.op(pos, op, ...)
    return { kind = "op", pos = pos, op = op, args = { ... } }
end

-- ---- printing ----------------------------------------------------------------

--- An identifier in backticks.
function M.quote(name)
    return "`" .. name:gsub("`", "``") .. "`"
end

local function quoted(names, separator)
    local parts = {}
    for i, name in ipairs(names) do
        parts[i] = M.quote(name)
    end
    return table.concat(parts, separator)
end

--- A path, each part in backticks.
function M.path_text(path)
    return quoted(path, ".")
end

--- Names in backticks, between commas.
function M.names_text(names)
    return quoted(names, ", ")
end

--- A string literal.
function M.string_text(text)
    return "'" .. text:gsub("'", "''") .. "'"
end

-- How tightly operators bind, as the parser has it: see `parser_expressions`.
local POWER = {
    OR = 1, AND = 2, NOT = 3,
    ["="] = 5, ["<>"] = 5, ["<"] = 5, ["<="] = 5, [">"] = 5, [">="] = 5,
    ["+"] = 7, ["-"] = 7, ["*"] = 8, ["/"] = 8, ["%"] = 8, ["||"] = 8,
    NEGATE = 9, PLUS = 9,
}
local POSTFIX_POWER, RANGE_POWER, TIGHT = 4, 6, 10

local text -- of an expression: function(node, power)

local function list(nodes, power)
    local parts = {}
    for i, node in ipairs(nodes) do
        parts[i] = text(node, power or 0)
    end
    return table.concat(parts, ", ")
end

local function wrapped(s, power, outer)
    return power < outer and "(" .. s .. ")" or s
end

local function binary_text(node, outer)
    local power = POWER[node.op] or RANGE_POWER
    local parts = {}
    for i, arg in ipairs(node.args) do
        parts[i] = text(arg, i == 1 and power or power + 1)
    end
    return wrapped(table.concat(parts, " " .. node.op .. " "), power, outer)
end

local op_text = {
    NOT = function(node, outer)
        return wrapped("NOT " .. text(node.args[1], POWER.NOT), POWER.NOT, outer)
    end,
    NEGATE = function(node, outer)
        return wrapped("- " .. text(node.args[1], POWER.NEGATE), POWER.NEGATE, outer)
    end,
    PLUS = function(node, outer)
        return wrapped("+ " .. text(node.args[1], POWER.PLUS), POWER.PLUS, outer)
    end,
    BETWEEN = function(node, outer)
        local a = node.args
        local words = (node.negated and " NOT" or "") .. " BETWEEN"
            .. (node.symmetric and " SYMMETRIC " or " ")
        return wrapped(text(a[1], RANGE_POWER + 1) .. words .. text(a[2], RANGE_POWER + 1)
            .. " AND " .. text(a[3], RANGE_POWER + 1), RANGE_POWER, outer)
    end,
    IN = function(node, outer)
        local query = node.args[2].kind == "subquery"
        local items = {}
        for i = 2, #node.args do
            items[i - 1] = node.args[i]
        end
        local among = query and text(node.args[2], 0) or "(" .. list(items) .. ")"
        return wrapped(text(node.args[1], RANGE_POWER + 1) .. (node.negated and " NOT" or "")
            .. " IN " .. among, RANGE_POWER, outer)
    end,
}

--- LIKE and SIMILAR TO, with their ESCAPE.
local function match_text(node, outer)
    local a = node.args
    local escape = a[3] and " ESCAPE " .. text(a[3], RANGE_POWER + 1) or ""
    local words = (node.negated and " NOT " or " ") .. node.op .. " "
    return wrapped(text(a[1], RANGE_POWER + 1) .. words .. text(a[2], RANGE_POWER + 1) .. escape,
        RANGE_POWER, outer)
end
op_text.LIKE, op_text["SIMILAR TO"] = match_text, match_text

local function literal_text(node)
    local kind, value = node.type.kind, node.value
    if node.word then
        return value
    elseif kind == "NULL" then
        return "NULL"
    elseif kind == "BOOLEAN" then
        return value == nil and "UNKNOWN" or value and "TRUE" or "FALSE"
    elseif kind == "CHAR" or kind == "VARCHAR" then
        return M.string_text(value)
    elseif kind == "BINARY" or kind == "VARBINARY" then
        return "X'" .. value .. "'"
    elseif kind == "DATE" or kind == "TIME" or kind == "TIMESTAMP" then
        return kind .. " " .. M.string_text(value)
    end
    return tostring(value)
end

local function order_text(items)
    local parts = {}
    for i, item in ipairs(items) do
        parts[i] = text(item.expr, 0) .. (item.descending and " DESC" or "")
            .. (item.nulls and " NULLS " .. item.nulls or "")
    end
    return table.concat(parts, ", ")
end

-- What stands between the arguments of functions with a syntax of their own.
local SEPARATORS = {
    EXTRACT = { " FROM " }, POSITION = { " IN ", " FROM " },
    OVERLAY = { " PLACING ", " FROM ", " FOR " },
    TRIM = { " ", " FROM " }, CEIL = { " TO " }, CEILING = { " TO " }, FLOOR = { " TO " },
}
local PAIRS = { JSON_OBJECT = true, JSON_OBJECTAGG = true }

local function arguments_text(node)
    local separators, parts = SEPARATORS[node.name] or {}, {}
    for i, arg in ipairs(node.args) do
        if i > 1 then
            parts[#parts + 1] = PAIRS[node.name] and (i % 2 == 0 and " VALUE " or ", ")
                or separators[i - 1] or ", "
        end
        -- POSITION's IN would be taken for the operator.
        parts[#parts + 1] = text(arg, node.name == "POSITION" and RANGE_POWER + 1 or 0)
    end
    for _, clause in ipairs(node.clauses or {}) do
        parts[#parts + 1] = " " .. clause.words
            .. (clause.expr and " " .. text(clause.expr, 0) or "")
            .. (clause.type and " " .. tostring(clause.type) or "")
            .. (clause.on and " ON " .. clause.on or "")
    end
    return table.concat(parts)
end

local function frame_text(frame)
    local function bound(b)
        local amount = b[2] and text(b[2], RANGE_POWER + 1) .. " " or "UNBOUNDED "
        return b[1] == "CURRENT ROW" and b[1] or amount .. b[1]
    end
    if frame.to then
        return ("%s BETWEEN %s AND %s"):format(frame.unit, bound(frame.from), bound(frame.to))
    end
    return frame.unit .. " " .. bound(frame.from)
end

local function over_text(over)
    local parts = {}
    parts[1] = over.name and M.quote(over.name)
    if over.name and not over.pos then
        return " OVER " .. parts[1]
    end
    if over.partition_by then
        parts[#parts + 1] = "PARTITION BY " .. list(over.partition_by)
    end
    if over.order_by then
        parts[#parts + 1] = "ORDER BY " .. order_text(over.order_by)
    end
    parts[#parts + 1] = over.frame and frame_text(over.frame)
    return " OVER (" .. table.concat(parts, " ") .. ")"
end

local function call_text(node)
    local name = node.path and M.path_text(node.path) or node.name
    if node.bare then
        return name
    elseif node.brackets then
        return name .. "[" .. list(node.args) .. "]"
    end
    return name .. "(" .. (node.distinct and "DISTINCT " or "") .. arguments_text(node) .. ")"
        .. (node.filter and " FILTER (WHERE " .. text(node.filter, 0) .. ")" or "")
        .. (node.over and over_text(node.over) or "")
end

local expression_text = {
    literal = literal_text,
    column = function(node)
        return M.path_text(node.path)
    end,
    star = function(node)
        return node.path and M.path_text(node.path) .. ".*" or "*"
    end,
    call = call_text,
    op = function(node, outer)
        if op_text[node.op] then
            return op_text[node.op](node, outer)
        elseif #node.args == 1 then
            return wrapped(text(node.args[1], POSTFIX_POWER + 1) .. " " .. node.op, POSTFIX_POWER,
                outer)
        end
        return binary_text(node, outer)
    end,
    case = function(node)
        local parts = { "CASE" }
        parts[2] = node.operand and text(node.operand, 0)
        for _, pair in ipairs(node.whens) do
            parts[#parts + 1] = ("WHEN %s THEN %s"):format(text(pair[1], 0), text(pair[2], 0))
        end
        if node.otherwise then
            parts[#parts + 1] = "ELSE " .. text(node.otherwise, 0)
        end
        parts[#parts + 1] = "END"
        return table.concat(parts, " ")
    end,
    cast = function(node)
        return ("%s(%s AS %s)"):format(node.try and "TRY_CAST" or "CAST", text(node.arg, 0),
            tostring(node.type))
    end,
    field = function(node)
        if type(node.name) == "number" then
            return ("%s[%d]"):format(text(node.arg, TIGHT), node.name)
        end
        return text(node.arg, TIGHT) .. "." .. M.quote(node.name)
    end,
    index = function(node)
        return ("%s[%s]"):format(text(node.arg, TIGHT), text(node.at, 0))
    end,
    interval = function(node)
        return ("INTERVAL %s%s %s%s"):format(node.negative and "-" or "",
            M.string_text(node.value), node.from, node.to and " TO " .. node.to or "")
    end,
    alias = function(node)
        return text(node.arg, 1) .. " AS " .. M.quote(node.name)
    end,
    named = function(node)
        return M.quote(node.name) .. " => " .. text(node.arg, 0)
    end,
}

--- The nodes that only queries hold print as a short word: nothing reads them back.
text = function(node, outer)
    local print_node = expression_text[node.kind]
    return print_node and print_node(node, outer) or "<" .. node.kind .. ">"
end

--- An expression as SQL that reads back to an equal tree.
-- @tparam table node an expression; subqueries and table arguments print as a
-- word only
-- @treturn string
function M.expression_text(node)
    return text(node, 0)
end

-- ---- comparing and walking -----------------------------------------------------

-- Fields that say where something stands.
local PLACES = { pos = true, path_pos = true, columns_pos = true, places = true, text = true,
    query_text = true }

--- Are two trees equal but for the places in the text?
function M.equal(a, b)
    if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) then
        return a == b
    end
    for key, value in pairs(a) do
        if not PLACES[key] and not M.equal(value, b[key]) then
            return false
        end
    end
    for key in pairs(b) do
        if not PLACES[key] and a[key] == nil then
            return false
        end
    end
    return true
end

--- Calls `visit(node)` for every node below and including `tree`, parents first.
function M.walk(tree, visit)
    if tree.kind then
        visit(tree)
    end
    for _, child in pairs(tree) do
        if type(child) == "table" and not getmetatable(child) then
            M.walk(child, visit)
        end
    end
end

return M
