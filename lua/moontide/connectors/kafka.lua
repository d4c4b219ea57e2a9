--- Kafka for streams: FlinkKafkaConsumer and FlinkKafkaProducer, KafkaSource and
-- KafkaSink.
--
-- All of them end as the options of the `kafka` table connector, so what holds
-- for tables (guarantees, offsets, properties and their translation) holds here.
-- @module moontide.connectors.kafka
local args = require "moontide.args"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local enum = require "moontide.enum"
local errors = require "moontide.error"
local is_schema = require("moontide.common.serialization").is_schema
local logical = require "moontide.logical"
local types = require "moontide.types"

local M = {}

-- ---- shared ---------------------------------------------------------------------

-- Keys that PyFlink's classes read themselves, with the table option each is.
local OWN_PROPERTIES = {
    ["flink.partition-discovery.interval-millis"] = "scan.topic-partition-discovery.interval",
    ["partition.discovery.interval.ms"] = "scan.topic-partition-discovery.interval",
}

-- Accepted, since the engine does what their defaults ask for.
local DEFAULT_PROPERTIES = {
    ["commit.offsets.on.checkpoint"] = "true",
    ["register.consumer.metrics"] = "true",
}

local function text_of(value)
    if type(value) == "number" and value % 1 == 0 then
        return ("%.0f"):format(value)
    end
    return tostring(value)
end

-- Adds client properties to a connector's options.
local function add_properties(options, properties)
    for key, value in pairs(properties) do
        local own = OWN_PROPERTIES[key]
        value = text_of(value)
        if own then
            -- Zero and below turn discovery off.
            options[own] = math.max(0, tonumber(value) or 0) .. " ms"
        elseif DEFAULT_PROPERTIES[key] == nil then
            options["properties." .. key] = value
        elseif value ~= DEFAULT_PROPERTIES[key] then
            errors.unsupported(("the Kafka property '%s' = '%s'"):format(key, value))
        end
    end
    return options
end

-- Adds a schema as the format of the value or the key.
local function add_format(options, key, schema, direction)
    local name, format_options = schema:format(direction)
    local prefix = key == "key.format" and "key." or "value."
    options[key] = name
    for option, value in pairs(format_options) do
        options[prefix .. name .. "." .. option] = value
    end
    return options
end

local function check(n, name, value, checker)
    local result, message = checker(value)
    if result == nil then
        args.bad(n, name, message)
    end
    return result
end

-- A fluent setter that keeps what it is given under `field`.
local function setter(owner, method, field, checker)
    owner[method] = function(self, value)
        self[field] = check(1, method, value, checker)
        return self
    end
end

-- ---- where reading starts and ends ---------------------------------------------------

M.KafkaOffsetResetStrategy = enum.new("KafkaOffsetResetStrategy", { "LATEST", "EARLIEST", "NONE" })

--- A partition of a topic, to name it in offsets.
local KafkaTopicPartition = class.new "KafkaTopicPartition"
M.KafkaTopicPartition = KafkaTopicPartition

local TOPIC_PARTITION = args.signature("KafkaTopicPartition", {
    { "topic", args.is_string, needed = true },
    { "partition", args.whole(0), needed = true },
})

--- @tparam string topic
-- @tparam number partition from 0
function KafkaTopicPartition.__init(_, ...)
    local topic, partition = TOPIC_PARTITION(...)
    return setmetatable({ topic = topic, partition = partition }, KafkaTopicPartition)
end

function KafkaTopicPartition.__eq(a, b)
    return a.topic == b.topic and a.partition == b.partition
end

function KafkaTopicPartition:__tostring()
    return ("%s-%d"):format(self.topic, self.partition)
end

local Offsets = class.new "KafkaOffsetsInitializer"
M.KafkaOffsetsInitializer = Offsets

local function offsets(mode, more)
    return setmetatable({ mode = mode, more = more or {}, reset = false }, Offsets)
end

--- The beginning of each partition.
function Offsets.earliest()
    return offsets "earliest-offset"
end

--- The end of each partition.
function Offsets.latest()
    return offsets "latest-offset"
end

--- The first record that is not older.
-- @tparam number millis since 1970-01-01
function Offsets.timestamp(millis)
    return offsets("timestamp", {
        ["timestamp-millis"] = text_of(check(1, "timestamp", millis, args.whole(0))),
    })
end

local is_reset = enum.check(M.KafkaOffsetResetStrategy)

--- Where the consumer group has committed.
-- @param[opt=KafkaOffsetResetStrategy.NONE] reset what to do without
function Offsets.committed_offsets(reset)
    local result = offsets "group-offsets"
    result.reset = check(1, "committed_offsets", reset or "NONE", is_reset)
    return result
end

--- A record's offset for each partition.
-- @tparam table positions offsets by KafkaTopicPartition
-- @param[opt=KafkaOffsetResetStrategy.EARLIEST] reset
-- @usage KafkaOffsetsInitializer.offsets {
--     [KafkaTopicPartition("topic", 0)] = 42,
-- }
function Offsets.offsets(positions, reset)
    local parts = {}
    for partition, offset in pairs(check(1, "offsets", positions, args.is_table)) do
        if not class.is(partition, KafkaTopicPartition) then
            args.bad(1, "offsets", "table with KafkaTopicPartitions as keys expected")
        end
        parts[#parts + 1] = ("topic:%s,partition:%d,offset:%s"):format(partition.topic,
            partition.partition, text_of(offset))
    end
    table.sort(parts)
    local result = offsets("specific-offsets", { ["specific-offsets"] = table.concat(parts, ";") })
    result.reset = check(2, "offsets", reset or "EARLIEST", is_reset)
    return result
end

local is_offsets = class.check(Offsets)

-- The options "scan.startup.*" or "scan.bounded.*" of an initializer.
local function add_offsets(options, what, initializer)
    options["scan." .. what .. ".mode"] = initializer.mode
    for key, value in pairs(initializer.more) do
        options["scan." .. what .. "." .. key] = value
    end
    local reset = initializer.reset
    if reset and what == "startup" and not options["properties.auto.offset.reset"] then
        options["properties.auto.offset.reset"] = reset:lower()
    end
end

-- ---- FlinkKafkaConsumer ---------------------------------------------------------------

local FlinkKafkaConsumer = class.new "FlinkKafkaConsumer"
M.FlinkKafkaConsumer = FlinkKafkaConsumer

local function is_topics(value)
    if type(value) == "string" then
        return { value }
    elseif type(value) == "table" and #value > 0 then
        return value
    end
    return nil, "topic or sequence of topics expected, got " .. args.type_name(value)
end

local CONSUMER = args.signature("FlinkKafkaConsumer", {
    { "topics", is_topics, needed = true },
    { "deserialization_schema", is_schema, needed = true },
    { "properties", args.is_table, needed = true },
})

--- Reads topics; from the group's offsets unless told otherwise.
-- @param topics a topic, or a sequence of them
-- @param deserialization_schema
-- @tparam table properties of the Kafka client
-- @usage env:add_source(FlinkKafkaConsumer("source_topic", schema,
--     { ["bootstrap.servers"] = "kafka:9092", ["group.id"] = "test" }))
function FlinkKafkaConsumer.__init(_, ...)
    local topics, schema, properties = CONSUMER(...)
    return setmetatable({
        topics = topics, schema = schema, properties = copy_of(properties),
        start = offsets "group-offsets",
    }, FlinkKafkaConsumer)
end

--- Starts at the beginning of each partition. Fluent, as are those below.
function FlinkKafkaConsumer:set_start_from_earliest()
    self.start = Offsets.earliest()
    return self
end

--- Starts at the end of each partition.
function FlinkKafkaConsumer:set_start_from_latest()
    self.start = Offsets.latest()
    return self
end

--- Starts where the group has committed; without, as `auto.offset.reset` says.
function FlinkKafkaConsumer:set_start_from_group_offsets()
    self.start = offsets "group-offsets"
    return self
end

--- Starts at the first record that is not older.
-- @tparam number millis since 1970-01-01
function FlinkKafkaConsumer:set_start_from_timestamp(millis)
    self.start = Offsets.timestamp(millis)
    return self
end

--- Offsets are committed with checkpoints. They always are, for now.
-- @tparam boolean commit
function FlinkKafkaConsumer:set_commit_offsets_on_checkpoints(commit)
    if check(1, "set_commit_offsets_on_checkpoints", commit, args.is_boolean) == false then
        errors.unsupported "FlinkKafkaConsumer.set_commit_offsets_on_checkpoints(false)"
    end
    return self
end

--- Accepted: partitions come from the topics, never from a snapshot.
function FlinkKafkaConsumer:disable_filter_restored_partitions_with_subscribed_topics()
    return self
end

--- The type of the records.
function FlinkKafkaConsumer:get_produced_type()
    return self.schema:record_type()
end

-- What the environment makes a node of.
function FlinkKafkaConsumer:source_attributes()
    local options = add_properties({ topic = table.concat(self.topics, ";") }, self.properties)
    add_format(options, "value.format", self.schema, "decode")
    add_offsets(options, "startup", self.start)
    -- The older consumer fell back to the client's own default.
    if self.start.mode == "group-offsets" and not options["properties.auto.offset.reset"] then
        options["properties.auto.offset.reset"] = "latest"
    end
    return {
        connector = "kafka", options = options, type = tostring(self.schema:record_type()),
    }
end

-- ---- FlinkKafkaProducer -------------------------------------------------------------

--- How often a record arrives, in the older spelling.
M.Semantic = enum.new("Semantic", { "EXACTLY_ONCE", "AT_LEAST_ONCE", "NONE" })
--- How often a record arrives.
M.DeliveryGuarantee = enum.new("DeliveryGuarantee", { "EXACTLY_ONCE", "AT_LEAST_ONCE", "NONE" })

local GUARANTEES = {
    EXACTLY_ONCE = "exactly-once", AT_LEAST_ONCE = "at-least-once", NONE = "none",
}

local FlinkKafkaProducer = class.new "FlinkKafkaProducer"
M.FlinkKafkaProducer = FlinkKafkaProducer

local PRODUCER = args.signature("FlinkKafkaProducer", {
    { "topic", args.is_string, needed = true },
    { "serialization_schema", is_schema, needed = true },
    { "producer_config", args.is_table, needed = true },
    { "kafka_producer_pool_size", args.is_positive, default = 5 },
    { "semantic", enum.check(M.Semantic), default = M.Semantic.AT_LEAST_ONCE },
})

--- Writes to a topic, each subtask to a partition of its own.
-- @tparam string topic
-- @param serialization_schema
-- @tparam table producer_config of the Kafka client
-- @tparam[opt=5] number kafka_producer_pool_size for EXACTLY_ONCE
-- @param[opt=Semantic.AT_LEAST_ONCE] semantic
-- @usage ds:add_sink(FlinkKafkaProducer("sink_topic", schema,
--     { ["bootstrap.servers"] = "kafka:9092" }))
function FlinkKafkaProducer.__init(_, ...)
    local topic, schema, config, pool_size, semantic = PRODUCER(...)
    return setmetatable({
        topic = topic, schema = schema, config = copy_of(config), pool_size = pool_size,
        semantic = semantic, flush = true, log_failures_only = false, write_timestamp = false,
    }, FlinkKafkaProducer)
end

--- Logs records that can't be delivered instead of failing. Fluent, as are
-- those below.
-- @function FlinkKafkaProducer:set_log_failures_only
-- @tparam boolean log_failures_only
setter(FlinkKafkaProducer, "set_log_failures_only", "log_failures_only", args.is_boolean)
--- Waits at checkpoints until everything has been acknowledged; true unless
-- said otherwise.
-- @function FlinkKafkaProducer:set_flush_on_checkpoint
-- @tparam boolean flush
setter(FlinkKafkaProducer, "set_flush_on_checkpoint", "flush", args.is_boolean)
--- Writes the records' event time as their timestamps.
-- @function FlinkKafkaProducer:set_write_timestamp_to_kafka
-- @tparam boolean write
setter(FlinkKafkaProducer, "set_write_timestamp_to_kafka", "write_timestamp", args.is_boolean)

class.later(FlinkKafkaProducer, { "ignore_failures_after_transaction_timeout" })

-- What a stream makes a node of, and the type that it must bring.
function FlinkKafkaProducer:sink_attributes()
    local options = add_properties({ topic = self.topic }, self.config)
    add_format(options, "value.format", self.schema, "encode")
    local guarantee = GUARANTEES[self.semantic]
    if not self.flush and guarantee == "at-least-once" then
        guarantee = "none"
    end
    options["sink.delivery-guarantee"] = guarantee
    options["sink.partitioner"] = "fixed"
    options["sink.log-failures-only"] = self.log_failures_only and "true" or nil
    options["sink.write-timestamp"] = self.write_timestamp and "true" or nil
    return { name = "Kafka Producer", connector = "kafka", options = options },
        self.schema:record_type()
end

-- ---- KafkaSource --------------------------------------------------------------------

local KafkaSource = class.new "KafkaSource"
local SourceBuilder = class.new "KafkaSourceBuilder"
M.KafkaSource, M.KafkaSourceBuilder = KafkaSource, SourceBuilder

--- Begins a source.
-- @treturn KafkaSourceBuilder
-- @usage KafkaSource.builder():set_bootstrap_servers("kafka:9092"):set_topics("t")
--     :set_value_only_deserializer(SimpleStringSchema()):build()
function KafkaSource.builder()
    return SourceBuilder()
end

function SourceBuilder.__init()
    return setmetatable({
        properties = {}, topics = false, pattern = false, partitions = false, schema = false,
        stop = false, stays = false, start = Offsets.earliest(),
    }, SourceBuilder)
end

--- Brokers, as host:port separated by commas. Fluent, as are those below.
function SourceBuilder:set_bootstrap_servers(servers)
    return self:set_property("bootstrap.servers", servers)
end

--- The consumer group.
function SourceBuilder:set_group_id(group_id)
    return self:set_property("group.id", group_id)
end

--- What the client's id begins with.
function SourceBuilder:set_client_id_prefix(prefix)
    return self:set_property("client.id", prefix)
end

--- The topics.
-- @param ... topics, or one sequence of them
function SourceBuilder:set_topics(...)
    self.topics = args.list("set_topics", args.is_string, ...)
    return self
end

--- Every topic whose whole name matches the pattern.
-- @function KafkaSourceBuilder:set_topic_pattern
-- @tparam string pattern a regular expression
setter(SourceBuilder, "set_topic_pattern", "pattern", args.is_string)

--- Just these partitions.
-- @tparam table partitions a sequence of KafkaTopicPartitions, or a table with
-- them as keys
-- @usage builder:set_partitions { KafkaTopicPartition("orders", 0) }
function SourceBuilder:set_partitions(partitions)
    local list = {}
    for key, value in pairs(check(1, "set_partitions", partitions, args.is_table)) do
        local partition = class.is(key, KafkaTopicPartition) and key or value
        if not class.is(partition, KafkaTopicPartition) then
            args.bad(1, "set_partitions", "KafkaTopicPartitions expected")
        end
        list[#list + 1] = ("%s:%d"):format(partition.topic, partition.partition)
    end
    if #list == 0 then
        args.bad(1, "set_partitions", "KafkaTopicPartitions expected, got none")
    end
    table.sort(list)
    self.partitions = table.concat(list, ";")
    return self
end

--- Where reading starts; at the beginning unless told otherwise.
-- @function KafkaSourceBuilder:set_starting_offsets
-- @tparam KafkaOffsetsInitializer initializer
setter(SourceBuilder, "set_starting_offsets", "start", is_offsets)

--- Where reading ends: makes the source bounded.
-- @tparam KafkaOffsetsInitializer initializer
function SourceBuilder:set_bounded(initializer)
    self.stop = check(1, "set_bounded", initializer, is_offsets)
    self.stays = false
    return self
end

--- Where reading ends, though the source goes on without records, and the job
-- with it.
-- @tparam KafkaOffsetsInitializer initializer
function SourceBuilder:set_unbounded(initializer)
    self.stop = check(1, "set_unbounded", initializer, is_offsets)
    self.stays = true
    return self
end

--- How values become records.
-- @function KafkaSourceBuilder:set_value_only_deserializer
-- @param schema
setter(SourceBuilder, "set_value_only_deserializer", "schema", is_schema)

--- A property of the Kafka client.
function SourceBuilder:set_property(key, value)
    check(1, "set_property", key, args.is_string)
    self.properties[key] = text_of(check(2, "set_property", value, args.is_given))
    return self
end

--- Properties of the Kafka client.
-- @tparam table properties
function SourceBuilder:set_properties(properties)
    for key, value in pairs(check(1, "set_properties", properties, args.is_table)) do
        self:set_property(key, value)
    end
    return self
end

--- Makes the source.
-- @treturn KafkaSource
function SourceBuilder:build()
    if not self.properties["bootstrap.servers"] then
        errors.raise("MISUSE", "a KafkaSource needs set_bootstrap_servers")
    elseif not self.topics and not self.pattern and not self.partitions then
        errors.raise("MISUSE",
            "a KafkaSource needs set_topics, set_topic_pattern or set_partitions")
    elseif not self.schema then
        errors.raise("MISUSE", "a KafkaSource needs set_value_only_deserializer")
    end
    local source = copy_of(self)
    source.properties = copy_of(self.properties)
    return setmetatable(source, KafkaSource)
end

--- The type of the records.
function KafkaSource:get_produced_type()
    return self.schema:record_type()
end

-- What the environment makes a node of.
function KafkaSource:source_attributes()
    local options = add_properties({}, self.properties)
    options.topic = self.topics and table.concat(self.topics, ";") or nil
    options["topic-pattern"] = self.pattern or nil
    options["scan.partitions"] = self.partitions or nil
    add_format(options, "value.format", self.schema, "decode")
    add_offsets(options, "startup", self.start)
    if self.stop then
        add_offsets(options, "bounded", self.stop)
        options["scan.bounded.ends"] = self.stays and "false" or nil
    end
    return {
        connector = "kafka", options = options, type = tostring(self.schema:record_type()),
    }
end

-- ---- KafkaSink ----------------------------------------------------------------------

local RecordSchema = class.new "KafkaRecordSerializationSchema"
local RecordSchemaBuilder = class.new "KafkaRecordSerializationSchemaBuilder"
M.KafkaRecordSerializationSchema = RecordSchema
M.KafkaRecordSerializationSchemaBuilder = RecordSchemaBuilder

--- Begins a schema of whole records: topic, value, perhaps key.
-- @treturn KafkaRecordSerializationSchemaBuilder
-- @usage KafkaRecordSerializationSchema.builder():set_topic("t")
--     :set_value_serialization_schema(SimpleStringSchema()):build()
function RecordSchema.builder()
    return RecordSchemaBuilder()
end

-- A function from a record to a topic.
local function is_selector(value)
    if type(value) == "function" then
        return value
    elseif args.method(value, "apply") then
        return function(record) return value:apply(record) end
    end
    return nil, "function expected, got " .. args.type_name(value)
end

function RecordSchemaBuilder.__init()
    return setmetatable({ topic = false, selector = false, key = false, value = false },
        RecordSchemaBuilder)
end

--- The topic. Fluent, as are those below.
-- @function KafkaRecordSerializationSchemaBuilder:set_topic
setter(RecordSchemaBuilder, "set_topic", "topic", args.is_string)
--- A topic for each record, in place of one for all.
-- @function KafkaRecordSerializationSchemaBuilder:set_topic_selector
-- @tparam function selector from the record to the topic's name; or a table with
-- the method `apply`
setter(RecordSchemaBuilder, "set_topic_selector", "selector", is_selector)
--- How records become keys.
-- @function KafkaRecordSerializationSchemaBuilder:set_key_serialization_schema
setter(RecordSchemaBuilder, "set_key_serialization_schema", "key", is_schema)
--- How records become values.
-- @function KafkaRecordSerializationSchemaBuilder:set_value_serialization_schema
setter(RecordSchemaBuilder, "set_value_serialization_schema", "value", is_schema)

--- Makes the schema.
-- @treturn KafkaRecordSerializationSchema
function RecordSchemaBuilder:build()
    if not self.topic and not self.selector then
        errors.raise("MISUSE",
            "a KafkaRecordSerializationSchema needs set_topic or set_topic_selector")
    elseif not self.value then
        errors.raise("MISUSE",
            "a KafkaRecordSerializationSchema needs set_value_serialization_schema")
    end
    return setmetatable(copy_of(self), RecordSchema)
end

-- The columns that make the key: those of the key's own type, which the record
-- must have too.
local function key_fields(key, record)
    local names, key_type = {}, key:record_type()
    local has = {}
    for _, column in ipairs(logical.columns(record)) do
        has[column.name] = true
    end
    for i, column in ipairs(logical.columns(key_type)) do
        if not has[column.name] then
            errors.raise("TYPE", "the key's field '%s' is not one of the record's, which is %s",
                column.name, tostring(record))
        end
        names[i] = column.name
    end
    return table.concat(names, ";")
end

-- A closure that puts the topic behind the fields of each record.
local function add_topic(record, select)
    if record.kind ~= "ROW" then
        return function(value) return { value, select(value) } end
    end
    local fields = #record.fields
    return function(row)
        local result = {}
        for i = 1, fields do
            result[i] = row[i]
        end
        result[fields + 1] = select(row)
        return result
    end
end

local KafkaSink = class.new "KafkaSink"
local SinkBuilder = class.new "KafkaSinkBuilder"
M.KafkaSink, M.KafkaSinkBuilder = KafkaSink, SinkBuilder

--- Begins a sink.
-- @treturn KafkaSinkBuilder
-- @usage KafkaSink.builder():set_bootstrap_servers("kafka:9092")
--     :set_record_serializer(schema):build()
function KafkaSink.builder()
    return SinkBuilder()
end

function SinkBuilder.__init()
    return setmetatable({
        properties = {}, serializer = false, guarantee = M.DeliveryGuarantee.NONE, prefix = false,
    }, SinkBuilder)
end

--- Brokers, as host:port separated by commas. Fluent, as are those below.
function SinkBuilder:set_bootstrap_servers(servers)
    return self:set_property("bootstrap.servers", servers)
end

--- Topic, key and value.
-- @function KafkaSinkBuilder:set_record_serializer
-- @tparam KafkaRecordSerializationSchema serializer
setter(SinkBuilder, "set_record_serializer", "serializer", class.check(RecordSchema))
--- How often a record arrives; DeliveryGuarantee.NONE unless told otherwise.
-- @function KafkaSinkBuilder:set_delivery_guarantee
setter(SinkBuilder, "set_delivery_guarantee", "guarantee", enum.check(M.DeliveryGuarantee))
--- What transactional ids begin with, for EXACTLY_ONCE.
-- @function KafkaSinkBuilder:set_transactional_id_prefix
setter(SinkBuilder, "set_transactional_id_prefix", "prefix", args.is_string)

--- A property of the Kafka client.
SinkBuilder.set_property = SourceBuilder.set_property

--- Makes the sink.
-- @treturn KafkaSink
function SinkBuilder:build()
    if not self.properties["bootstrap.servers"] then
        errors.raise("MISUSE", "a KafkaSink needs set_bootstrap_servers")
    elseif not self.serializer then
        errors.raise("MISUSE", "a KafkaSink needs set_record_serializer")
    end
    local sink = copy_of(self)
    sink.properties = copy_of(self.properties)
    return setmetatable(sink, KafkaSink)
end

-- What a stream makes a node of, and the type that it must bring.
function KafkaSink:sink_attributes(stream_type)
    local serializer = self.serializer
    local wanted = serializer.value:record_type() or stream_type
    local options = add_properties({ topic = serializer.topic or nil }, self.properties)
    add_format(options, "value.format", serializer.value, "encode")
    if serializer.key then
        add_format(options, "key.format", serializer.key, "encode")
        options["key.fields"] = key_fields(serializer.key, wanted)
    end
    options["sink.delivery-guarantee"] = GUARANTEES[self.guarantee]
    options["sink.transactional-id-prefix"] = self.prefix or nil
    local attributes = { name = "Kafka Sink", connector = "kafka", options = options }
    if serializer.selector then
        options["topic-pattern"] = ".*"
        attributes.physical_len = #logical.columns(wanted)
        attributes.metadata = { "topic" }
        attributes.before = {
            op = "map", fn = add_topic(wanted, serializer.selector), name = "Topic",
            type = tostring(logical.with_column(wanted, "$topic", types.STRING())),
        }
    end
    return attributes, wanted
end

return M
