--- EXPLAIN: a query's tree, the tree that is planned, the job's nodes and the
-- programs that they run.
-- @module moontide.table.explain
local Planner = require "moontide.sql.planner"

local M = {}

--- One section: each item's lines, a blank line between.
local function section(title, list, lines_of)
    local lines = { ("== %s =="):format(title) }
    for i, item in ipairs(list) do
        if i > 1 then
            lines[#lines + 1] = ""
        end
        for _, line in ipairs(lines_of(item)) do
            lines[#lines + 1] = line
        end
    end
    return table.concat(lines, "\n")
end

local function tree_lines(plan_text)
    return function(item)
        return plan_text.tree(item.relation, item.target)
    end
end

local function planned_lines(plan_text, planner)
    return function(item)
        return plan_text.plan(planner:optimized(item.relation, item.target), item.target,
            function(scan)
                return planner:pushed(scan)
            end)
    end
end

--- The nodes of the job, as they would run.
local function node_lines(plan)
    local lines = {}
    for i, node in ipairs(plan.nodes) do
        local inputs = {}
        for _, edge in ipairs(plan.edges) do
            inputs[#inputs + 1] = edge.to == i and ("%d %s"):format(edge.from, edge.ship) or nil
        end
        lines[i] = ("%d: %s (parallelism %d)%s"):format(i, node.name, node.parallelism,
            #inputs > 0 and " <- " .. table.concat(inputs, ", ") or "")
    end
    return lines
end

--- The programs that were generated, each behind its node's name.
local function program_lines(program)
    local lines = { "-- " .. program.name }
    for line in program.text:gmatch "[^\n]+" do
        lines[#lines + 1] = line
    end
    return lines
end

--- EXPLAIN's text.
-- @tparam TableEnvironment t_env
-- @tparam table list of { relation, target }; target is nil for a query
-- @treturn string
function M.text(t_env, list)
    if #list == 0 then
        return "nothing to explain: no insert waits for execute()"
    end
    -- Few jobs are ever explained.
    local plan_text = require "moontide.sql.plan_text"
    local planner, sinks = Planner.new(t_env.env.configuration), {}
    planner.listings = {}
    for i, item in ipairs(list) do
        sinks[i] = item.target and planner:insert(item.relation, item.target)
            or planner:collect(item.relation)
    end
    local plan = t_env.env:plan("explain", sinks)
    local sections = {
        section("Abstract Syntax Tree", list, tree_lines(plan_text)),
        section("Optimized Physical Plan", list, planned_lines(plan_text, planner)),
        section("Optimized Execution Plan", { plan }, node_lines),
    }
    sections[4] = #planner.listings > 0
        and section("Generated Lua", planner.listings, program_lines) or nil
    return table.concat(sections, "\n\n") .. "\n"
end

return M
