--- Relations: what a query means, as a tree that the planner runs.
--
-- SQL and the Table API both make these. A relation is a plain table, never
-- changed once made, with `kind`, and `columns`: the sequence of { name, type,
-- time } that its rows have; `time` is "ROWTIME" or "PROCTIME" for a time
-- attribute. Names may stand twice only where nothing refers to them by name
-- (a correlate's). Expressions are typed trees (`moontide.expr`) over the
-- columns of the input.
--
--     scan       a table of a connector: definition, path (full), options
--                (sequence that overrides the table's own); its columns are the
--                physical ones, then the metadata
--     stream     a DataStream: stream, columns named as the table wants them
--     values     rows: { { expr } }, of constants
--     project    input, exprs: one expression a column
--     filter     input, condition
--     union      inputs, whose columns have equal types
--     limit      input, limit (nil: all), offset
--     correlate  input; for each of its rows those of udf with args, or of the
--                elements of unnest (ordinality: numbered from 1); outer: a row
--                without any stays, with NULLs. Columns: the input's, then
--                `made` others
--     watermark  input, rowtime: index of a column, expr: its watermark
--
-- The planner rewrites all that computes into one more kind:
--
--     calc       input, condition or nil, exprs
--
-- What stands at a relation's end is no relation: the planner's `insert` and
-- `collect` take one.
-- @module moontide.sql.relation
local definitions = require "moontide.table.definition"
local logical = require "moontide.logical"

local M = {}

--- A reference to a column of the input.
-- @tparam number index from 1
-- @param type its logical type
function M.input(index, type)
    return { kind = "input", index = index, type = type }
end

--- The rows of a connector's table, as the connector gives them: the analyzer
-- makes of them the table as it was declared.
-- @tparam table definition
-- @tparam table path full
-- @tparam[opt] table options of a hint
function M.scan(definition, path, options)
    local columns = {}
    for i, column in ipairs((definitions.connector_order(definition.columns))) do
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

--- Rows of constants.
-- @tparam table rows { { expr } }, all of the columns' types
-- @tparam table columns
function M.values(rows, columns)
    return { kind = "values", columns = columns, rows = rows }
end

--- What a column that an expression makes has of a time attribute.
local function time_of(expr, input)
    if expr.kind == "input" then
        return input.columns[expr.index].time
    end
    return expr.kind == "call" and expr.fn == "PROCTIME" and "PROCTIME" or nil
end

--- Columns of expressions.
function M.columns_of(exprs, names, input)
    local columns = {}
    for i, expr in ipairs(exprs) do
        columns[i] = { name = names[i], type = expr.type, time = time_of(expr, input) }
    end
    return columns
end

--- Expressions over another relation.
-- @tparam table input
-- @tparam table exprs
-- @tparam {string,...} names
function M.project(input, exprs, names)
    return { kind = "project", columns = M.columns_of(exprs, names, input), input = input,
        exprs = exprs }
end

--- Some columns of another relation, renamed or cast where asked for.
-- @tparam table input
-- @tparam table picks sequence of { index, name, type }; name and type default
-- to the column's own
function M.pick(input, picks)
    local exprs, names = {}, {}
    for i, pick in ipairs(picks) do
        local column = input.columns[pick.index]
        local expr = M.input(pick.index, column.type)
        if pick.type and not logical.equal(pick.type, column.type) then
            expr = { kind = "call", fn = "CAST", type = pick.type, args = { expr } }
        elseif pick.type then
            expr = M.input(pick.index, pick.type)
        end
        exprs[i] = expr
        names[i] = pick.name or column.name
    end
    return M.project(input, exprs, names)
end

--- All columns of a relation, for `pick`: to be renamed, moved or left out.
function M.picks(relation)
    local picks = {}
    for i, column in ipairs(relation.columns) do
        picks[i] = { index = i, name = column.name }
    end
    return picks
end

--- The same rows with one column marked as event time, which watermarks that
-- the rows have already follow.
-- @tparam table input
-- @tparam number index from 1
function M.with_rowtime(input, index)
    local marked = M.pick(input, M.picks(input))
    marked.columns[index].time = "ROWTIME"
    return marked
end

--- The rows for which a condition is TRUE.
function M.filter(input, condition)
    return { kind = "filter", columns = input.columns, input = input, condition = condition }
end

--- The rows of several relations whose columns have equal types.
-- @tparam table inputs a sequence
-- @tparam table columns
function M.union(inputs, columns)
    return { kind = "union", columns = columns, inputs = inputs }
end

--- So many rows of another relation.
-- @tparam table input
-- @tparam ?number limit nil: all
-- @tparam ?number offset
function M.limit(input, limit, offset)
    return { kind = "limit", columns = input.columns, input = input, limit = limit,
        offset = offset or 0 }
end

--- Each row beside those that a function makes of it.
-- @tparam table input
-- @tparam table what `udf` and `args`, or `unnest`, perhaps with `ordinality`
-- @tparam table made the columns that come behind the input's
-- @tparam[opt] boolean outer
function M.correlate(input, what, made, outer)
    local columns = {}
    for i, column in ipairs(input.columns) do
        columns[i] = column
    end
    for _, column in ipairs(made) do
        columns[#columns + 1] = { name = column.name,
            type = outer and column.type:nullable() or column.type }
    end
    return { kind = "correlate", columns = columns, input = input, udf = what.udf,
        args = what.args, unnest = what.unnest, ordinality = what.ordinality, made = made,
        outer = outer }
end

--- Event time: what column holds it, and what its watermark is.
function M.watermark(input, rowtime, expr)
    local columns = {}
    for i, column in ipairs(input.columns) do
        columns[i] = i == rowtime and { name = column.name, type = column.type, time = "ROWTIME" }
            or column
    end
    return { kind = "watermark", columns = columns, input = input, rowtime = rowtime, expr = expr }
end

--- Names of a relation's columns.
function M.names(relation)
    return logical.names(relation.columns)
end

--- Position of a column by name, or nil.
function M.position(relation, name)
    return logical.position(relation.columns, name)
end

--- The inputs of a relation, as a sequence.
function M.inputs(relation)
    return relation.inputs or relation.input and { relation.input } or {}
end

--- How many rows a relation has at most; nil when nothing bounds them.
-- @treturn ?number
function M.rows_max(rel)
    if rel.kind == "limit" then
        return rel.limit
    elseif rel.kind == "project" or rel.kind == "filter" then
        return M.rows_max(rel.input)
    elseif rel.kind ~= "union" then
        return nil
    end
    local total = 0
    for _, input in ipairs(rel.inputs) do
        local rows = M.rows_max(input)
        if not rows then
            return nil
        end
        total = total + rows
    end
    return total
end

return M
