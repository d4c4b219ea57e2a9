--- Relations: what a query means, as a tree that the planner runs.
--
-- SQL and the Table API both make these. A relation is a plain table, never
-- changed once made, with `kind`, and `columns`: the sequence of { name, type }
-- that its rows have.
--
--     scan     a table of a connector: definition, path (full), options
--              (sequence that overrides the table's own)
--     stream   a DataStream: stream, columns named as the table wants them
--     project  input, exprs: one expression a column. An expression is a node
--              as in `moontide.sql.ast` whose columns are resolved to
--              { kind = "input", index (from 1), type }
--
-- What stands at a relation's end is no relation: the planner's `insert` and
-- `collect` take one.
-- @module moontide.sql.relation
local ast = require "moontide.sql.ast"
local logical = require "moontide.logical"

local M = {}

--- A reference to a column of the input.
-- @tparam number index from 1
-- @param type its logical type
function M.input(index, type)
    return { kind = "input", index = index, type = type }
end

--- The rows of a connector's table, in the table's own order of columns.
-- @tparam table definition
-- @tparam table path full
-- @tparam[opt] table options of a hint
function M.scan(definition, path, options)
    local columns = {}
    for i, column in ipairs(definition.columns) do
        columns[i] = { name = column.name, type = column.type }
    end
    return { kind = "scan", columns = columns, definition = definition, path = path,
        options = options }
end

--- The records of a stream.
-- @tparam DataStream stream
-- @tparam table columns one for each column of the stream's record type
function M.stream(stream, columns)
    return { kind = "stream", columns = columns, stream = stream }
end

--- Expressions over another relation.
-- @tparam table input
-- @tparam table exprs
-- @tparam {string,...} names
function M.project(input, exprs, names)
    local columns = {}
    for i, expr in ipairs(exprs) do
        columns[i] = { name = names[i], type = expr.type }
    end
    return { kind = "project", columns = columns, input = input, exprs = exprs }
end

--- Some columns of another relation, renamed or cast where asked for.
-- @tparam table input
-- @tparam table picks sequence of { index, name, type }; name and type default
-- to the column's own
function M.pick(input, picks)
    local exprs, names = {}, {}
    for i, pick in ipairs(picks) do
        local column = input.columns[pick.index]
        exprs[i] = M.input(pick.index, pick.type or column.type)
        names[i] = pick.name or column.name
    end
    return M.project(input, exprs, names)
end

--- Names of a relation's columns.
function M.names(relation)
    return logical.names(relation.columns)
end

--- Position of a column by name, or nil.
function M.position(relation, name)
    return logical.position(relation.columns, name)
end

-- ---- EXPLAIN ---------------------------------------------------------------------------

local function expr_text(expr, input)
    if expr.kind == "input" then
        local column = input.columns[expr.index]
        local name = column.name
        if tostring(column.type:nullable()) ~= tostring(expr.type:nullable()) then
            return ("CAST(%s AS %s)"):format(name, tostring(expr.type:nullable()))
        end
        return name
    end
    return ast.expression_text(expr)
end

local describe = {}

function describe.scan(relation)
    return ("TableSourceScan(table=[[%s]], fields=[%s])"):format(table.concat(relation.path, ", "),
        table.concat(M.names(relation), ", "))
end

function describe.stream(relation)
    return ("DataStreamScan(stream=[%s], fields=[%s])"):format(tostring(relation.stream),
        table.concat(M.names(relation), ", "))
end

function describe.project(relation)
    local parts = {}
    for i, expr in ipairs(relation.exprs) do
        local text, name = expr_text(expr, relation.input), relation.columns[i].name
        parts[i] = text == name and name or ("%s AS %s"):format(text, name)
    end
    return ("Calc(select=[%s])"):format(table.concat(parts, ", "))
end

--- The lines of EXPLAIN for a relation and its inputs.
-- @tparam table relation
-- @tparam[opt=0] number depth
-- @tparam[opt] table lines that they are added to
function M.explain(relation, depth, lines)
    depth, lines = depth or 0, lines or {}
    lines[#lines + 1] = (depth > 0 and ("   "):rep(depth - 1) .. "+- " or "")
        .. describe[relation.kind](relation)
    if relation.input then
        M.explain(relation.input, depth + 1, lines)
    end
    return lines
end

return M
