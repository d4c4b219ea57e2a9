--- RuntimeContext: what `open(self, runtime_context)` of a function object gets.
-- @module moontide.script.context
local errors = require "moontide.error"

local RuntimeContext = { __name = "RuntimeContext" }

local later = {}
for name in ([[get_state get_list_state get_map_state get_reducing_state get_aggregating_state
    get_operator_state_store get_metrics_group]]):gmatch "%S+" do
    later[name] = true
end

function RuntimeContext.__index(_, key)
    local method = rawget(RuntimeContext, key)
    if method == nil and later[key] then
        errors.unsupported("RuntimeContext." .. key)
    end
    return method
end

--- The operator's name.
function RuntimeContext:get_task_name()
    return self.name
end

--- The operator's name with subtask and parallelism, "Map (1/2)".
function RuntimeContext:get_task_name_with_subtasks()
    return ("%s (%d/%d)"):format(self.name, self.subtask + 1, self.parallelism)
end

function RuntimeContext:get_number_of_parallel_subtasks()
    return self.parallelism
end

function RuntimeContext:get_max_number_of_parallel_subtasks()
    return self.max_parallelism
end

--- Which subtask this is, from 0.
function RuntimeContext:get_index_of_this_subtask()
    return self.subtask
end

function RuntimeContext:get_attempt_number() -- luacheck: ignore self
    return 0
end

function RuntimeContext:get_job_parameter(key, default)
    local value = self.parameters and self.parameters[key]
    if value == nil then
        return default
    end
    return value
end

local M = {}

--- @tparam table facts name, subtask, parallelism, max_parallelism, parameters
-- @treturn RuntimeContext
function M.new(facts)
    return setmetatable(facts, RuntimeContext)
end

return M
