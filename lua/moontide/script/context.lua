--- RuntimeContext: what `open(self, runtime_context)` of a function object gets.
-- @module moontide.script.context
local errors = require "moontide.error"
local int64 = require "moontide.int64"
local native = require "moontide.native"

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

local TimerService = { __name = "TimerService" }

local later_of_timers = {}
for name in ([[register_processing_time_timer register_event_time_timer
    delete_processing_time_timer delete_event_time_timer]]):gmatch "%S+" do
    later_of_timers[name] = true
end

function TimerService.__index(_, key)
    local method = rawget(TimerService, key)
    if method == nil and later_of_timers[key] then
        errors.unsupported("TimerService." .. key)
    end
    return method
end

--- The clock, in ms since 1970.
function TimerService:current_processing_time() -- luacheck: ignore self
    return tonumber(native.C.mt_ffi_wall_ms())
end

--- The event time that the input has reached, in ms; -2^63 before the first
-- watermark, 2^63 - 1 after the last.
function TimerService:current_watermark()
    return int64.wrap(self.chain.watermark)
end

-- One for each step of a chain; what is there: `driver` (whose `batch` is the one
-- at work), `chain`, `timers`, and where the step has them `key_of` (a row's key),
-- `tags` (side outputs' numbers by id), `pack` and `emit` (for side outputs).
local ElementContext = { __name = "ProcessFunction.Context" }
ElementContext.__index = ElementContext

--- The record's event time in ms, nil where it has none.
function ElementContext:timestamp()
    local batch, chain = self.driver.batch, self.chain
    if batch == nil or batch.timestamps == nil then
        return nil
    end
    local ms = batch.timestamps[chain.row]
    return ms ~= NO_TIMESTAMP and tonumber(ms) or nil
end

--- Clock, watermark and (later) timers.
function ElementContext:timer_service()
    return self.timers
end

--- The record's key; of a keyed stream only.
function ElementContext:get_current_key()
    if not self.key_of then
        errors.raise("MISUSE", "get_current_key: the stream has no keys; use key_by(...) first")
    end
    return self.key_of(self.chain.row)
end

--- Emits to a side output; dropped where nobody asked for it by
-- `get_side_output(tag)`.
-- @tparam OutputTag tag
-- @param value
function ElementContext:output(tag, value)
    local id = type(tag) == "table" and rawget(tag, "tag_id")
    if not id then
        errors.raise("MISUSE", "bad argument #1 to 'output' (OutputTag expected, got %s)",
            type(tag))
    end
    local number = self.tags and self.tags[id]
    if number then
        self.emit(self.pack(number, value))
    end
end

local M = {}

--- @tparam table driver whose `batch` is the one at work
-- @tparam cdata chain the `mt_ffi_chain`
-- @tparam[opt] function key_of gives a row's key
-- @treturn Context
function M.element(driver, chain, key_of)
    return setmetatable({
        driver = driver, chain = chain, key_of = key_of,
        timers = setmetatable({ chain = chain }, TimerService),
    }, ElementContext)
end

--- @tparam table facts name, subtask, parallelism, max_parallelism, parameters
-- @treturn RuntimeContext
function M.new(facts)
    return setmetatable(facts, RuntimeContext)
end

return M
