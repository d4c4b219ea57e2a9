--- Relations as EXPLAIN prints them: one a line, inputs below.
-- @module moontide.sql.plan_text
local hints = require "moontide.sql.hints"
local logical = require "moontide.logical"
local relation = require "moontide.sql.relation"
local text = require "moontide.expr.text"
local trees = require "moontide.expr.trees"

local M = {}

-- Rows of VALUES are shown up to so many.
local ROWS_SHOWN = 10

local function list(names)
    return table.concat(names, ", ")
end

local function shown(expr, rel)
    return text.of(expr, relation.names(rel))
end

--- "a, b * 2 AS c".
local function selection(exprs, columns, input)
    local parts = {}
    for i, expr in ipairs(exprs) do
        local source = shown(expr, input)
        parts[i] = source == columns[i].name and source
            or ("%s AS %s"):format(source, columns[i].name)
    end
    return list(parts)
end

local function tuples(rel)
    local rows = {}
    for i = 1, math.min(#rel.rows, ROWS_SHOWN) do
        local parts = {}
        for c, expr in ipairs(rel.rows[i]) do
            parts[c] = text.of(expr, {})
        end
        rows[i] = "{ " .. list(parts) .. " }"
    end
    if #rel.rows > ROWS_SHOWN then
        rows[#rows + 1] = ("... %d rows"):format(#rel.rows)
    end
    return "[" .. list(rows) .. "]"
end

local function invocation(rel)
    if rel.unnest then
        return ("UNNEST(%s)%s"):format(shown(rel.unnest, rel.input),
            rel.ordinality and " WITH ORDINALITY" or "")
    end
    local parts = {}
    for i, arg in ipairs(rel.args) do
        parts[i] = shown(arg, rel.input)
    end
    return ("%s(%s)"):format(rel.udf.name, list(parts))
end

local function join_type(rel)
    return rel.outer and "LEFT" or "INNER"
end

-- ---- as it was written ------------------------------------------------------------------

local tree = {}

function tree.scan(rel)
    local options = {}
    for i, pair in ipairs(rel.options or {}) do
        options[i] = pair[1] .. "=" .. pair[2]
    end
    return ("LogicalTableScan(table=[[%s]]%s)"):format(list(rel.path),
        #options > 0 and (", hints=[OPTIONS(%s)]"):format(list(options)) or "")
end

function tree.stream(rel)
    return ("LogicalDataStreamScan(stream=[%s], fields=[%s])"):format(tostring(rel.stream),
        list(relation.names(rel)))
end

function tree.values(rel)
    return ("LogicalValues(tuples=[%s])"):format(tuples(rel))
end

function tree.project(rel)
    local parts = {}
    for i, expr in ipairs(rel.exprs) do
        parts[i] = ("%s=[%s]"):format(rel.columns[i].name, shown(expr, rel.input))
    end
    return ("LogicalProject(%s)"):format(list(parts))
end

function tree.filter(rel)
    return ("LogicalFilter(condition=[%s])"):format(shown(rel.condition, rel.input))
end

function tree.union()
    return "LogicalUnion(all=[true])"
end

function tree.limit(rel)
    return ("LogicalSort(%sfetch=[%s])"):format(rel.offset > 0
        and ("offset=[%d], "):format(rel.offset) or "", rel.limit or "ALL")
end

function tree.correlate(rel)
    return ("LogicalCorrelate(invocation=[%s], joinType=[%s])"):format(invocation(rel),
        join_type(rel):lower())
end

function tree.watermark(rel)
    return ("LogicalWatermarkAssigner(rowtime=[%s], watermark=[%s])"):format(
        rel.input.columns[rel.rowtime].name, shown(rel.expr, rel.input))
end

-- ---- as it is planned ---------------------------------------------------------------------

local plan = {}

--- Names of the columns that whatever stands above reads.
local function read_names(rel, used)
    local names = {}
    for i, name in ipairs(relation.names(rel)) do
        if not used or used[i] then
            names[#names + 1] = name
        end
    end
    return list(names)
end

function plan.scan(rel, used, pushed)
    local filters, limit = pushed(rel)
    local parts = { ("table=[[%s]], fields=[%s]"):format(list(rel.path), read_names(rel, used)) }
    parts[#parts + 1] = filters
        and ("filter=[%s]"):format(hints.text(filters, relation.names(rel))) or nil
    parts[#parts + 1] = limit and ("limit=[%d]"):format(limit) or nil
    return ("TableSourceScan(%s)"):format(list(parts))
end

function plan.stream(rel, used)
    return ("DataStreamScan(stream=[%s], fields=[%s])"):format(tostring(rel.stream),
        read_names(rel, used))
end

function plan.values(rel)
    return ("Values(tuples=[%s])"):format(tuples(rel))
end

function plan.calc(rel)
    return ("Calc(select=[%s]%s)"):format(selection(rel.exprs, rel.columns, rel.input),
        rel.condition and (", where=[%s]"):format(shown(rel.condition, rel.input)) or "")
end

function plan.union(rel)
    return ("Union(all=[true], union=[%s])"):format(list(relation.names(rel)))
end

function plan.limit(rel)
    return ("Limit(offset=[%d], fetch=[%s])"):format(rel.offset, rel.limit or "ALL")
end

function plan.correlate(rel)
    return ("Correlate(invocation=[%s], select=[%s], joinType=[%s])"):format(invocation(rel),
        list(relation.names(rel)), join_type(rel))
end

function plan.watermark(rel)
    return ("WatermarkAssigner(rowtime=[%s], watermark=[%s])"):format(
        rel.input.columns[rel.rowtime].name, shown(rel.expr, rel.input))
end

--- The columns of its input that a relation reads; nil when all.
local function reads(rel)
    if rel.kind ~= "calc" then
        return nil
    end
    local used = {}
    for _, expr in ipairs(rel.exprs) do
        trees.inputs(expr, used)
    end
    return rel.condition and trees.inputs(rel.condition, used) or used
end

-- ---- lines ----------------------------------------------------------------------------------

local function add(lines, words, rel, depth, used, pushed)
    lines[#lines + 1] = (depth > 0 and ("   "):rep(depth - 1) .. "+- " or "")
        .. words[rel.kind](rel, used, pushed)
    for _, input in ipairs(relation.inputs(rel)) do
        add(lines, words, input, depth + 1, reads(rel), pushed)
    end
    return lines
end

--- The lines of a sink, which stands above its relation.
local function sink_line(word, path, columns)
    return ("%s(table=[%s], fields=[%s])"):format(word, table.concat(path, "."),
        list(logical.names(columns)))
end

--- The lines of a query or insertion as it was written.
-- @tparam table rel as the analyzer made it
-- @tparam[opt] table target `path`
-- @treturn {string,...}
function M.tree(rel, target)
    local lines = { target and sink_line("LogicalSink", target.path, rel.columns) }
    return add(lines, tree, rel, target and 1 or 0)
end

--- The lines of a query or insertion as it is planned.
-- @tparam table rel rewritten
-- @tparam ?table target `path`
-- @tparam function pushed for a scan, the filters and limit that its source is
-- told
-- @treturn {string,...}
function M.plan(rel, target, pushed)
    local lines = { target and sink_line("Sink", target.path, rel.columns) }
    return add(lines, plan, rel, target and 1 or 0, nil, pushed)
end

return M
