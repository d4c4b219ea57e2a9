--- KeyedStream: a stream whose records meet those of the same key.
--
-- Functions other than the rolling ones see the records as they were; they only
-- profit from where the records are.
-- @module moontide.datastream.keyed
local args = require "moontide.args"
local class = require "moontide.class"
local DataStream = require "moontide.datastream.stream"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local logical = require "moontide.logical"

local KeyedStream = class.new("KeyedStream", DataStream)

-- Made by `DataStream:key_by`.
function KeyedStream.__init(_, stream, selector, key_type)
    local origin = class.is(stream, KeyedStream) and stream.origin or stream
    return setmetatable({
        env = origin.env,
        origin = origin,
        key_type = key_type,
        type = origin.type,
        transformation = graph.partition(origin.transformation, "HASH", {
            step = { op = "key", fn = selector, key_type = tostring(key_type) },
        }),
    }, KeyedStream)
end

--- The type of the key.
function KeyedStream:get_key_type()
    return self.key_type
end

local function rolling(self, step)
    step.type = tostring(self.type)
    return DataStream(self.env, graph.step(self.transformation, step))
end

local REDUCE = args.signature("reduce", {
    { "func", args.function_or "reduce", needed = true },
})

--- Folds the records of each key: the first one as it is, then for every
-- further record `func(result so far, record)`, which goes out.
-- @tparam function|ReduceFunction func
-- @treturn DataStream of the same type
-- @usage keyed:reduce(function(a, b) return Row(a[1], a[2] + b[2]) end)
function KeyedStream:reduce(...)
    return rolling(self, { op = "keyed_reduce", fn = (REDUCE(...)), name = "Keyed Reduce" })
end

local function is_field(value)
    if type(value) == "string" then
        return value
    end
    return args.is_positive(value)
end

local NUMBERS = {
    TINYINT = true, SMALLINT = true, INT = true, BIGINT = true, FLOAT = true, DOUBLE = true,
    DECIMAL = true,
}

-- The field as the step takes it, after what can be checked here.
local function checked_field(self, method, field)
    if self.type.kind == "RAW" then
        return field
    elseif self.type.kind ~= "ROW" then
        if field ~= 1 then
            errors.raise("MISUSE", "%s: a stream of %s has no fields to choose from", method,
                tostring(self.type))
        end
        return field
    end
    return self:field_position(field, method)
end

local function check_summable(self, method, field)
    local t = self.type
    if t.kind == "ROW" then
        t = t.fields[field].type
    end
    if t.kind ~= "RAW" and not NUMBERS[t.kind] then
        errors.raise("TYPE", "%s adds numbers, field %s is %s", method, tostring(field),
            tostring(t))
    end
end

local function aggregation(method)
    local signature = args.signature(method, { { "position", is_field, default = 1, also = {
        "position_to_" .. method, "field",
    } } })
    KeyedStream[method] = function(self, ...)
        local field = checked_field(self, method, (signature(...)))
        if method == "sum" then
            check_summable(self, method, field)
        end
        return rolling(self, { op = "keyed_" .. method, field = field, name = "Keyed Aggregation" })
    end
end

--- Rolling sum of one field; the other fields stay those of the key's first
-- record.
-- @function KeyedStream:sum
-- @param[opt=1] position from 1, or name of the field
-- @treturn DataStream of the same type
-- @usage keyed:sum(2)
aggregation "sum"
--- Rolling minimum of one field; the other fields as in `sum`.
-- @function KeyedStream:min
aggregation "min"
--- Rolling maximum of one field; the other fields as in `sum`.
-- @function KeyedStream:max
aggregation "max"
--- The record with the smallest field so far; of equals the earlier.
-- @function KeyedStream:min_by
aggregation "min_by"
--- The record with the largest field so far; of equals the earlier.
-- @function KeyedStream:max_by
aggregation "max_by"

-- ---- what a keyed stream refuses ---------------------------------------------------

for _, method in ipairs {
    "shuffle", "rebalance", "rescale", "forward", "broadcast", "partition_custom",
} do
    KeyedStream[method] = function()
        errors.raise("MISUSE", "Cannot override partitioning for KeyedStream.")
    end
end

for _, method in ipairs {
    "name", "get_name", "uid", "set_uid_hash", "set_parallelism", "set_max_parallelism",
    "force_non_parallel", "set_buffer_timeout", "start_new_chain", "disable_chaining",
    "slot_sharing_group", "set_description",
} do
    KeyedStream[method] = function()
        errors.raise("MISUSE", "'%s' is not supported on a KeyedStream: it belongs to the "
            .. "operators before or after it", method)
    end
end

local PROCESS = args.signature("process", {
    { "func", args.function_or "process_element", needed = true },
    { "output_type", args.is_type, also = { "result_type" } },
})

--- A function with a context that knows the record's key:
-- `process_element(record, ctx, collect)`, `ctx:get_current_key()`. State and timers
-- aren't supported yet.
-- @tparam function|KeyedProcessFunction func
-- @param[opt] output_type of the results; untyped without
-- @treturn DataStream
function KeyedStream:process(...)
    local func, output_type = PROCESS(...)
    return DataStream(self.env, graph.step(self.transformation, {
        op = "keyed_process", fn = func, type = tostring(output_type or logical.scalar "RAW"),
        name = "KeyedProcess", record_type = tostring(self.type),
        key_type = tostring(self.key_type),
    }))
end

class.later(KeyedStream, { "window", "count_window" })

return KeyedStream
