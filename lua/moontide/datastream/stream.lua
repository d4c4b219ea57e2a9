--- DataStream: records on their way.
--
-- A stream is a handle around a transformation of the logical graph (see
-- `moontide.graph`); methods make further streams and nothing runs until
-- `env:execute()`. A stream whose type nobody gave is untyped: its records are
-- any Lua values.
-- @module moontide.datastream.stream
local args = require "moontide.args"
local class = require "moontide.class"
local DataStreamSink = require "moontide.datastream.sink"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local job = require "moontide.job"
local logical = require "moontide.logical"

local DataStream = class.new "DataStream"

-- Made by environments and by other streams.
function DataStream.__init(_, env, transformation)
    return setmetatable({
        env = env,
        transformation = transformation,
        type = logical.parse(transformation.type),
    }, DataStream)
end

local function derive(self, transformation)
    return DataStream(self.env, transformation)
end

local UNTYPED = logical.scalar "RAW"

-- ---- name, parallelism, chaining -------------------------------------------------

-- A union or a partitioning is an edge, which has no such thing.
local NO_OPERATOR = {
    union = "a union between operators", partition = "a partitioning between operators",
    side = "a side output",
}

local function operator(self, method)
    local t = self.transformation
    if NO_OPERATOR[t.kind] then
        errors.raise("MISUSE", "%s belongs to an operator, not to %s", method, NO_OPERATOR[t.kind])
    end
    return t
end

-- A source and its event time are one operator to users: what is said of it holds
-- for both, but for names.
local function set(self, method, attribute, value)
    local t = operator(self, method)
    if t.source and (attribute == "name" or attribute == "uid" or attribute == "description") then
        t = t.source
    elseif t.source then
        t.source[attribute] = value
    end
    t[attribute] = value
end

local function attribute_setter(method, attribute, check)
    DataStream[method] = function(self, value)
        local checked, message = check(value)
        if checked == nil then
            args.bad(1, method, message)
        end
        set(self, method, attribute, checked)
        return self
    end
end

--- Names the operator, for messages and metrics. Fluent, as are the setters
-- below.
-- @function DataStream:name
-- @tparam string name
-- @usage ds:map(f):name("clean")
attribute_setter("name", "name", args.is_string)
--- A stable id of the operator.
-- @function DataStream:uid
attribute_setter("uid", "uid", args.is_string)
--- Kept, with no effect: the engine has no hashes of operators.
-- @function DataStream:set_uid_hash
attribute_setter("set_uid_hash", "uid_hash", args.is_string)
--- A longer text, for the plan.
-- @function DataStream:set_description
attribute_setter("set_description", "description", args.is_string)
--- An upper bound for rescaling: the number of key groups.
-- @function DataStream:set_max_parallelism
attribute_setter("set_max_parallelism", "max_parallelism", args.whole(1, 32768))
--- How long records may wait for more of them, in ms: 0 not at all, -1 until a
-- batch is full.
-- @function DataStream:set_buffer_timeout
attribute_setter("set_buffer_timeout", "buffer_timeout_ms", args.whole(-1))

--- The operator's name.
function DataStream:get_name()
    local t = self.transformation
    return (t.source or t).name
end

--- How many subtasks run the operator.
-- @tparam number parallelism
function DataStream:set_parallelism(parallelism)
    local n, message = args.is_positive(parallelism)
    if not n then
        args.bad(1, "set_parallelism", message)
    end
    local t = operator(self, "set_parallelism")
    if t.fixed_parallelism and n ~= 1 then
        errors.raise("MISUSE", "The parallelism of non parallel operator must be 1.")
    end
    set(self, "set_parallelism", "parallelism", n)
    return self
end

--- One subtask, whatever the environment says.
function DataStream:force_non_parallel()
    set(self, "force_non_parallel", "parallelism", 1)
    set(self, "force_non_parallel", "fixed_parallelism", true)
    return self
end

--- Never fuses the operator with the one before it.
function DataStream:start_new_chain()
    operator(self, "start_new_chain").chain_start = true
    return self
end

--- Never fuses the operator with another.
function DataStream:disable_chaining()
    operator(self, "disable_chaining").chain_none = true
    return self
end

--- Accepted: all operators share one process.
-- @param group a name or a SlotSharingGroup
function DataStream:slot_sharing_group(group)
    operator(self, "slot_sharing_group").slot_sharing_group = group
    return self
end

--- The type of the records.
-- @return a type; `RAW` for an untyped stream
function DataStream:get_type()
    return self.type
end

--- The environment that the stream belongs to.
function DataStream:get_execution_environment()
    return self.env
end

--- The environment's ExecutionConfig.
function DataStream:get_execution_config()
    return self.env:get_config()
end

-- ---- closures --------------------------------------------------------------------

local OUTPUT = { "output_type", args.is_type, also = { "result_type" } }

local function step(self, op, name, fn, output_type)
    return derive(self, graph.step(self.transformation, {
        op = op, fn = fn, type = tostring(output_type or UNTYPED), name = name,
    }))
end

local MAP = args.signature("map", {
    { "func", args.function_or "map", needed = true }, OUTPUT,
})

--- One record out for each that comes in.
-- @tparam function|MapFunction func
-- @param[opt] output_type of the results; untyped without
-- @treturn DataStream
-- @usage ds:map(function(record) return record[1] end, Types.STRING())
function DataStream:map(...)
    local func, output_type = MAP(...)
    return step(self, "map", "Map", func, output_type)
end

local FLAT_MAP = args.signature("flat_map", {
    { "func", args.function_or "flat_map", needed = true }, OUTPUT,
})

--- Any number of records out for each that comes in: `func(record, collect)`
-- calls `collect(result)` for each, or returns a sequence.
-- @tparam function|FlatMapFunction func
-- @param[opt] output_type
-- @treturn DataStream
-- @usage ds:flat_map(function(line, collect)
--     for word in line:gmatch "%S+" do collect(word) end
-- end, Types.STRING())
function DataStream:flat_map(...)
    local func, output_type = FLAT_MAP(...)
    return step(self, "flat_map", "Flat Map", func, output_type)
end

local FILTER = args.signature("filter", {
    { "func", args.function_or "filter", needed = true },
})

--- Keeps the records for which `func` answers neither false nor nil.
-- @tparam function|FilterFunction func
-- @treturn DataStream of the same type
-- @usage ds:filter(function(record) return record.b > 0 end)
function DataStream:filter(...)
    local func = FILTER(...)
    return derive(self, graph.step(self.transformation, {
        op = "filter", fn = func, name = "Filter",
    }))
end

local PROCESS = args.signature("process", {
    { "func", args.function_or "process_element", needed = true }, OUTPUT,
})

--- A function with a context, which knows event time, watermark and clock, and emits
-- to side outputs: `process_element(record, ctx, collect)`.
-- @tparam function|ProcessFunction func
-- @param[opt] output_type
-- @treturn DataStream
function DataStream:process(...)
    local func, output_type = PROCESS(...)
    return step(self, "process", "Process", func, output_type)
end

-- ---- several streams ----------------------------------------------------------------

--- This stream and others of the same type as one; in no particular order.
-- @param ... streams, or one sequence of them
-- @treturn DataStream
-- @usage a:union(b, c)
function DataStream:union(...)
    local streams = args.list("union", class.check(DataStream), ...)
    local inputs = { self.transformation }
    for _, stream in ipairs(streams) do
        if not logical.equal(self.type, stream.type) then
            errors.raise("TYPE", "Cannot union streams of different types: %s and %s",
                tostring(self.type), tostring(stream.type))
        end
        inputs[#inputs + 1] = stream.transformation
    end
    return derive(self, graph.union(inputs))
end

local CONNECT = args.signature("connect", {
    { "ds", class.check(DataStream), needed = true },
})

--- Pairs this stream with another of any type.
-- @tparam DataStream ds
-- @treturn ConnectedStreams
function DataStream:connect(...)
    return require "moontide.datastream.connected"(self, (CONNECT(...)))
end

-- ---- partitioning -------------------------------------------------------------------

local KEY_BY = args.signature("key_by", {
    { "key_selector", args.function_or "get_key", needed = true },
    { "key_type", args.is_type, also = { "key_type_info" } },
})

--- Sends the records of one key to one subtask, where rolling functions keep
-- them apart.
-- @tparam function|KeySelector key_selector
-- @param[opt] key_type of what the selector returns
-- @treturn KeyedStream
-- @usage ds:key_by(function(record) return record.user end, Types.STRING())
function DataStream:key_by(...)
    local selector, key_type = KEY_BY(...)
    return require "moontide.datastream.keyed"(self, selector, key_type or UNTYPED)
end

local function partitioning(method, ship)
    DataStream[method] = function(self)
        return derive(self, graph.partition(self.transformation, ship))
    end
end

--- Sends each record to a subtask at random.
-- @function DataStream:shuffle
partitioning("shuffle", "SHUFFLE")
--- Sends records to all subtasks in turn.
-- @function DataStream:rebalance
partitioning("rebalance", "REBALANCE")
--- Sends records to a few near subtasks in turn.
-- @function DataStream:rescale
partitioning("rescale", "RESCALE")
--- Keeps records in their subtask; the next operator must have the same
-- parallelism.
-- @function DataStream:forward
partitioning("forward", "FORWARD")

--- Sends every record to every subtask.
-- @treturn DataStream
function DataStream:broadcast(...)
    if select("#", ...) > 0 then
        errors.unsupported "DataStream.broadcast with state descriptors"
    end
    return derive(self, graph.partition(self.transformation, "BROADCAST"))
end

local PARTITION_CUSTOM = args.signature("partition_custom", {
    { "partitioner", args.function_or "partition", needed = true },
    { "key_selector", args.function_or "get_key", needed = true },
})

--- Sends each record to the subtask, from 0, that `partitioner(key, n)` names.
-- @tparam function|Partitioner partitioner
-- @tparam function|KeySelector key_selector
-- @treturn DataStream
-- @usage ds:partition_custom(function(key, n) return key % n end,
--     function(record) return record[1] end)
function DataStream:partition_custom(...)
    local partitioner, selector = PARTITION_CUSTOM(...)
    return derive(self, graph.partition(self.transformation, "CUSTOM", {
        step = { op = "partition", fn = partitioner, key = selector },
    }))
end

-- ---- fields -----------------------------------------------------------------------

--- The position, from 1, of a field given by position or name.
-- @param field
-- @tparam string method for messages
function DataStream:field_position(field, method)
    local fields = self.type.fields
    if type(field) == "string" and self.type:has_field(field) then
        return self.type.positions[field]
    elseif type(field) == "number" and field % 1 == 0 and field >= 1 and field <= #fields then
        return field
    elseif type(field) == "number" then
        errors.raise("MISUSE", "%s: field %s is out of range, %s has the fields 1 to %d", method,
            tostring(field), tostring(self.type), #fields)
    end
    local near = errors.nearest(tostring(field), self.type:get_field_names())
    return errors.raise("MISUSE", "%s: there is no field '%s' in %s%s", method, tostring(field),
        tostring(self.type), near and (", did you mean '%s'?"):format(near) or "")
end

local function is_field(value)
    if type(value) == "number" or type(value) == "string" then
        return value
    end
    return nil, "position or name of a field expected, got " .. args.type_name(value)
end

--- Some of a record's fields, in any order. Streams of rows and tuples only.
-- @param ... positions from 1, or names
-- @treturn DataStream
-- @usage ds:project(2, 4)
function DataStream:project(...)
    if self.type.kind ~= "ROW" then
        errors.raise("TYPE", "project needs a stream of rows or tuples, it is %s",
            tostring(self.type))
    end
    local columns, fields = {}, {}
    for i, field in ipairs(args.list("project", is_field, ...)) do
        local position = self:field_position(field, "project")
        local from = self.type.fields[position]
        -- Fields without names of their own are numbered afresh.
        local unnamed = from.name == "f" .. (position - 1)
        columns[i] = position - 1
        fields[i] = { name = not unnamed and from.name or nil, type = from.type }
    end
    if #columns == 0 then
        args.bad(1, "project", "position or name of a field expected, got no value")
    end
    local projected = logical.row(fields, { tuple = self.type.tuple })
    return derive(self, graph.project(self.transformation, {
        columns = columns, type = tostring(projected), name = "Projection",
    }))
end

-- ---- where records go ------------------------------------------------------------

-- Brings the records into the type that a sink's schema wants: untyped ones by
-- a checked conversion, or as `print` shows them where the sink wants texts;
-- rows by renaming and casting their fields.
local function convert(self, wanted, who, as_text)
    local t = self.transformation
    if as_text and self.type.kind == "RAW" then
        return graph.step(t, { op = "text", type = "STRING", name = "To text" })
    elseif not wanted or logical.equal(self.type, wanted) then
        return t
    elseif self.type.kind == "RAW" then
        return graph.step(t, {
            op = "map", fn = function(value) return value end, type = tostring(wanted),
            name = "To " .. who,
        })
    elseif self.type.kind == "ROW" and wanted.kind == "ROW"
        and #self.type.fields == #wanted.fields then
        local columns = {}
        for i = 1, #wanted.fields do
            columns[i] = i - 1
        end
        return graph.project(t, { columns = columns, type = wanted, name = "To " .. who })
    end
    return errors.raise("TYPE", "%s takes %s, the stream is of %s", who, tostring(wanted),
        tostring(self.type))
end

local function is_sink(value)
    if args.method(value, "sink_attributes") then
        return value
    end
    return nil, "sink expected, got " .. args.type_name(value)
end

local function add(self, sink)
    local attributes, wanted = sink:sink_attributes(self.type)
    local input = convert(self, wanted, attributes.name, attributes.as_text)
    local companions = input ~= self.transformation and { input } or {}
    if attributes.before then
        input = graph.step(input, attributes.before)
        companions[#companions + 1] = input
    end
    local t = graph.sink(input, attributes)
    t.name = "Sink: " .. t.name
    self.env:add_transformation(t)
    return DataStreamSink(t, companions)
end

local function sink_method(method, keyword)
    local signature = args.signature(method, { { keyword, is_sink, needed = true } })
    DataStream[method] = function(self, ...)
        return add(self, (signature(...)))
    end
end

--- Writes the records to a sink of the older kind, such as FlinkKafkaProducer.
-- @function DataStream:add_sink
-- @param sink_func
-- @treturn DataStreamSink
sink_method("add_sink", "sink_func")
--- Writes the records to a sink, such as KafkaSink.
-- @function DataStream:sink_to
-- @param sink
-- @treturn DataStreamSink
sink_method("sink_to", "sink")

local PRINT = args.signature("print", { { "sink_identifier", args.is_string } })

--- Writes each record as a line to standard output.
-- @tparam[opt] string sink_identifier put before each line
-- @treturn DataStreamSink
-- @usage ds:print()
function DataStream:print(...)
    local identifier = PRINT(...)
    local input, companions = self.transformation, {}
    if self.type.kind == "RAW" then
        input = graph.step(input, { op = "text", type = "STRING", name = "To text" })
        companions[1] = input
    end
    local sink = graph.sink(input, {
        name = "Sink: Print to Std. Out",
        connector = "print",
        options = { ["print-identifier"] = identifier },
    })
    self.env:add_transformation(sink)
    return DataStreamSink(sink, companions)
end

local COLLECT = args.signature("execute_and_collect", {
    { "job_execution_name", args.is_string },
    { "limit", args.is_positive },
})

--- Runs the job and brings its records to the program.
-- @tparam[opt] string job_execution_name
-- @tparam[opt] number limit end after so many
-- @return an iterator for generic `for`, with `next` and `close`; with `limit`
-- a sequence (with `n`). NULL is `moontide.null`.
-- @usage for record in ds:execute_and_collect() do print(record) end
-- @usage local first = ds:execute_and_collect { limit = 10 }
function DataStream:execute_and_collect(...)
    local job_name, limit = COLLECT(...)
    if limit then
        job.refuse_in_nginx("execute_and_collect with a limit", "its iterator's try_next")
    end
    local sink = graph.collect(self.transformation, { name = "Sink: Collect" })
    local client, ids = self.env:start(job_name or "DataStream Collect", { sink })
    local iterator = require "moontide.datastream.collect"(client, ids[sink])
    if not limit then
        return iterator
    end
    local list = { n = 0 }
    while list.n < limit do
        local value = iterator:next()
        if value == nil then
            break
        end
        list.n = list.n + 1
        list[list.n] = value
    end
    iterator:close()
    return list
end

-- ---- time -------------------------------------------------------------------------

local ASSIGN = args.signature("assign_timestamps_and_watermarks", {
    { "watermark_strategy", args.is_given, needed = true },
})

--- Gives records their event time, which `ctx:timestamp()` and
-- `ctx:timer_service():current_watermark()` tell.
-- @tparam WatermarkStrategy watermark_strategy
-- @treturn DataStream of the same type
-- @usage ds:assign_timestamps_and_watermarks(
--     WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_seconds(5))
--         :with_timestamp_assigner(function(record) return record.ms end))
function DataStream:assign_timestamps_and_watermarks(...)
    local strategy = ASSIGN(...)
    require("moontide.common.watermark").check_strategy(strategy,
        "assign_timestamps_and_watermarks", 1)
    local assign = strategy:step()
    return assign and derive(self, graph.step(self.transformation, assign)) or self
end

-- The same for a source, which is then one operator with it.
function DataStream:with_event_time(strategy)
    local ds = self:assign_timestamps_and_watermarks(strategy)
    if ds ~= self then
        ds.transformation.source = self.transformation
    end
    return ds
end

-- ---- side outputs -----------------------------------------------------------------

local SIDE_OUTPUT = args.signature("get_side_output", {
    { "output_tag", class.check(require "moontide.datastream.output_tag"), needed = true },
})

--- What the function of this `process` emits by `ctx:output(tag, value)`.
-- @tparam OutputTag output_tag
-- @treturn DataStream
-- @usage ds:process(f):get_side_output(OutputTag("late", Types.STRING()))
function DataStream:get_side_output(...)
    local tag = SIDE_OUTPUT(...)
    local t = self.transformation
    if not (t.step and t.step.op:find "process$") then
        errors.raise("MISUSE", "get_side_output belongs to what process(...) answers, this is '%s'",
            t.name)
    end
    return derive(self, graph.side_output(t, tag.tag_id, tag.type))
end

class.later(DataStream, { "window_all", "cache", "side_output_late_data" })

function DataStream:__tostring()
    return ("%s(%s)"):format(getmetatable(self).__name, tostring(self.type))
end

return DataStream
