--- RuntimeContext: what `open(self, runtime_context)` of a function object gets.
-- @module moontide.script.context
local errors = require "moontide.error"

-- INT64_MIN: this record has no event time.
local NO_TIMESTAMP = -0x7fffffffffffffffLL - 1

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

-- ---- what process_element gets ---------------------------------------------------

local ElementContext = { __name = "ProcessFunction.Context" }

local later_of_elements = { timer_service = true, output = true, get_current_key = true }

function ElementContext.__index(_, key)
    local method = rawget(ElementContext, key)
    if method == nil and later_of_elements[key] then
        errors.unsupported("ProcessFunction.Context." .. key)
    end
    return method
end

--- The record's event time in ms, nil where it has none.
function ElementContext:timestamp()
    local batch, chain = self.driver.batch, self.chain
    if batch == nil or batch.timestamps == nil then
        return nil
    end
    local ms = batch.timestamps[chain.row]
    return ms ~= NO_TIMESTAMP and tonumber(ms) or nil
end

local M = {}

--- @tparam table driver whose `batch` is the one at work
-- @tparam cdata chain the `mt_ffi_chain`
-- @treturn Context
function M.element(driver, chain)
    return setmetatable({ driver = driver, chain = chain }, ElementContext)
end

--- @tparam table facts name, subtask, parallelism, max_parallelism, parameters
-- @treturn RuntimeContext
function M.new(facts)
    return setmetatable(facts, RuntimeContext)
end

return M
