--- EXPLAIN: a query's tree, the tree that is planned, and the job's nodes.
-- @module moontide.table.explain
local Catalog = require "moontide.table.catalog"
local Planner = require "moontide.sql.planner"
local relation = require "moontide.sql.relation"

local M = {}

--- One section: the relations, each reshaped by `shape`, below their sinks.
local function section(title, list, shape)
    local lines = { ("== %s =="):format(title) }
    for i, item in ipairs(list) do
        if i > 1 then
            lines[#lines + 1] = ""
        end
        local rel, depth = shape(item.relation), 0
        if item.target then
            lines[#lines + 1] = ("Sink(table=[%s], fields=[%s])"):format(
                Catalog.name_of(item.target.path),
                table.concat(relation.names(item.relation), ", "))
            depth = 1
        end
        relation.explain(rel, depth, lines)
    end
    return table.concat(lines, "\n")
end

local function as_it_is(rel)
    return rel
end

--- The nodes of the job, as they would run.
local function execution_plan(t_env, list)
    local planner, sinks = Planner.new(t_env.env.configuration), {}
    for i, item in ipairs(list) do
        sinks[i] = item.target and planner:insert(item.relation, item.target)
            or planner:collect(item.relation)
    end
    local plan = t_env.env:plan("explain", sinks)
    local lines = { "== Optimized Execution Plan ==" }
    for i, node in ipairs(plan.nodes) do
        local inputs = {}
        for _, edge in ipairs(plan.edges) do
            inputs[#inputs + 1] = edge.to == i and ("%d %s"):format(edge.from, edge.ship) or nil
        end
        lines[#lines + 1] = ("%d: %s (parallelism %d)%s"):format(i, node.name, node.parallelism,
            #inputs > 0 and " <- " .. table.concat(inputs, ", ") or "")
    end
    return table.concat(lines, "\n")
end

--- EXPLAIN's text.
-- @tparam TableEnvironment t_env
-- @tparam table list of { relation, target }; target is nil for a query
-- @treturn string
function M.text(t_env, list)
    if #list == 0 then
        return "nothing to explain: no insert waits for execute()"
    end
    return table.concat({
        section("Abstract Syntax Tree", list, as_it_is),
        section("Optimized Physical Plan", list, Planner.optimized),
        execution_plan(t_env, list),
    }, "\n\n") .. "\n"
end

return M
