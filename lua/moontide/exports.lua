--- Where each public name comes from.
--
-- Nothing is loaded before it is named, so that `require "moontide"` costs next
-- to nothing. An entry is the module that *is* the value, or `module:field`
-- where the value is one of the module's fields; "later" stands for a name that
-- raises "not supported yet: NAME".
-- @module moontide.exports
local errors = require "moontide.error"

local M = {}

M.common = {
    Types = "moontide.types",
    TypeInformation = "moontide.logical",
    Row = "moontide.row",
    RowKind = "moontide.rowkind",
    Configuration = "moontide.common.configuration",
    ExecutionConfig = "moontide.common.execution_config:ExecutionConfig",
    ExecutionMode = "moontide.common.execution_config:ExecutionMode",
    InputDependencyConstraint = "moontide.common.execution_config:InputDependencyConstraint",
    Duration = "moontide.common.duration",
    Decimal = "moontide.values:Decimal",
    Date = "moontide.values:Date",
    Time = "moontide.values:Time",
    Timestamp = "moontide.values:Timestamp",
    Instant = "moontide.values:Instant",
    WatermarkStrategy = "moontide.common.watermark:WatermarkStrategy",
    RestartStrategies = "moontide.common.restart:RestartStrategies",
    JobClient = "moontide.job:JobClient",
    JobExecutionResult = "moontide.job:JobExecutionResult",
    JobStatus = "moontide.job:JobStatus",
    SimpleStringSchema = "moontide.common.serialization:SimpleStringSchema",
    ByteArraySchema = "moontide.common.serialization:ByteArraySchema",
    JsonRowDeserializationSchema =
        "moontide.common.serialization:JsonRowDeserializationSchema",
    JsonRowSerializationSchema = "moontide.common.serialization:JsonRowSerializationSchema",
    CsvRowDeserializationSchema = "moontide.common.serialization:CsvRowDeserializationSchema",
    CsvRowSerializationSchema = "moontide.common.serialization:CsvRowSerializationSchema",
    AvroRowDeserializationSchema = "later",
    AvroRowSerializationSchema = "later",
    TimestampAssigner = "moontide.datastream.functions:TimestampAssigner",
    Encoder = "moontide.connectors.filesystem:Encoder",
    SimpleStringEncoder = "moontide.connectors.filesystem:SimpleStringEncoder",
}

M.datastream = {
    StreamExecutionEnvironment = "moontide.datastream.environment:StreamExecutionEnvironment",
    RuntimeExecutionMode = "moontide.datastream.environment:RuntimeExecutionMode",
    TimeCharacteristic = "moontide.datastream.environment:TimeCharacteristic",
    DataStream = "moontide.datastream.stream",
    KeyedStream = "moontide.datastream.keyed",
    ConnectedStreams = "moontide.datastream.connected",
    DataStreamSink = "moontide.datastream.sink",
    CheckpointConfig = "moontide.datastream.checkpoint_config:CheckpointConfig",
    CheckpointingMode = "moontide.datastream.checkpoint_config:CheckpointingMode",
    ExternalizedCheckpointCleanup =
        "moontide.datastream.checkpoint_config:ExternalizedCheckpointCleanup",
    SlotSharingGroup = "moontide.common.resources:SlotSharingGroup",
    MemorySize = "moontide.common.resources:MemorySize",
    Function = "moontide.datastream.functions:Function",
    MapFunction = "moontide.datastream.functions:MapFunction",
    FilterFunction = "moontide.datastream.functions:FilterFunction",
    FlatMapFunction = "moontide.datastream.functions:FlatMapFunction",
    ReduceFunction = "moontide.datastream.functions:ReduceFunction",
    KeySelector = "moontide.datastream.functions:KeySelector",
    NullByteKeySelector = "moontide.datastream.functions:NullByteKeySelector",
    Partitioner = "moontide.datastream.functions:Partitioner",
    CoMapFunction = "moontide.datastream.functions:CoMapFunction",
    CoFlatMapFunction = "moontide.datastream.functions:CoFlatMapFunction",
    ProcessFunction = "moontide.datastream.functions:ProcessFunction",
    KeyedProcessFunction = "moontide.datastream.functions:KeyedProcessFunction",
    CoProcessFunction = "moontide.datastream.functions:CoProcessFunction",
    KeyedCoProcessFunction = "moontide.datastream.functions:KeyedCoProcessFunction",
    OutputTag = "moontide.datastream.output_tag",
    NumberSequenceSource = "moontide.connectors.sequence",
    DeliveryGuarantee = "moontide.connectors.kafka:DeliveryGuarantee",
    Semantic = "moontide.connectors.kafka:Semantic",
    FlinkKafkaConsumer = "moontide.connectors.kafka:FlinkKafkaConsumer",
    FlinkKafkaProducer = "moontide.connectors.kafka:FlinkKafkaProducer",
    KafkaSource = "moontide.connectors.kafka:KafkaSource",
    KafkaSourceBuilder = "moontide.connectors.kafka:KafkaSourceBuilder",
    KafkaSink = "moontide.connectors.kafka:KafkaSink",
    KafkaSinkBuilder = "moontide.connectors.kafka:KafkaSinkBuilder",
    KafkaTopicPartition = "moontide.connectors.kafka:KafkaTopicPartition",
    KafkaOffsetsInitializer = "moontide.connectors.kafka:KafkaOffsetsInitializer",
    KafkaOffsetResetStrategy = "moontide.connectors.kafka:KafkaOffsetResetStrategy",
    KafkaRecordSerializationSchema = "moontide.connectors.kafka:KafkaRecordSerializationSchema",
    KafkaRecordSerializationSchemaBuilder =
        "moontide.connectors.kafka:KafkaRecordSerializationSchemaBuilder",
    StreamingFileSink = "moontide.connectors.filesystem:StreamingFileSink",
    FileSink = "moontide.connectors.filesystem:FileSink",
    FileSource = "moontide.connectors.filesystem:FileSource",
    StreamFormat = "moontide.connectors.filesystem:StreamFormat",
    RollingPolicy = "moontide.connectors.filesystem:RollingPolicy",
    BucketAssigner = "moontide.connectors.filesystem:BucketAssigner",
    DefaultRollingPolicy = "moontide.connectors.filesystem:DefaultRollingPolicy",
    OutputFileConfig = "moontide.connectors.filesystem:OutputFileConfig",
    FileEnumeratorProvider = "moontide.connectors.filesystem:FileEnumeratorProvider",
    FileSplitAssignerProvider = "moontide.connectors.filesystem:FileSplitAssignerProvider",
    FileSinkBuilder = "moontide.connectors.filesystem:FileSinkBuilder",
    StreamingFileSinkBuilder = "moontide.connectors.filesystem:StreamingFileSinkBuilder",
    FileSourceBuilder = "moontide.connectors.filesystem:FileSourceBuilder",
    CsvBulkWriters = "moontide.connectors.csv_schema:CsvBulkWriters",
    CsvReaderFormat = "moontide.connectors.csv_schema:CsvReaderFormat",
    CsvSchema = "moontide.connectors.csv_schema:CsvSchema",
    JdbcSink = "moontide.connectors.jdbc:JdbcSink",
    JdbcConnectionOptions = "moontide.connectors.jdbc:JdbcConnectionOptions",
    JdbcExecutionOptions = "moontide.connectors.jdbc:JdbcExecutionOptions",
    Elasticsearch6SinkBuilder = "moontide.connectors.elasticsearch:Elasticsearch6SinkBuilder",
    Elasticsearch7SinkBuilder = "moontide.connectors.elasticsearch:Elasticsearch7SinkBuilder",
    ElasticsearchEmitter = "moontide.connectors.elasticsearch:ElasticsearchEmitter",
    FlushBackoffType = "moontide.connectors.elasticsearch:FlushBackoffType",
}

-- Functions, windows, state and connectors of later releases.
for name in ([[
    AggregateFunction WindowFunction
    AllWindowFunction ProcessWindowFunction ProcessAllWindowFunction PassThroughWindowFunction
    PassThroughAllWindowFunction BroadcastProcessFunction KeyedBroadcastProcessFunction
    SourceFunction SinkFunction AsyncFunction AsyncDataStream BroadcastStream
    BroadcastConnectedStream WindowedStream AllWindowedStream CachedDataStream
    TumblingEventTimeWindows TumblingProcessingTimeWindows SlidingEventTimeWindows
    SlidingProcessingTimeWindows EventTimeSessionWindows ProcessingTimeSessionWindows
    DynamicEventTimeSessionWindows DynamicProcessingTimeSessionWindows CountTumblingWindowAssigner
    CountSlidingWindowAssigner GlobalWindows WindowAssigner MergingWindowAssigner TimeWindow
    CountWindow GlobalWindow SessionWindowTimeGapExtractor
    EventTimeTrigger ProcessingTimeTrigger ContinuousEventTimeTrigger
    ContinuousProcessingTimeTrigger CountTrigger PurgingTrigger NeverTrigger Trigger TriggerResult
    ValueStateDescriptor ListStateDescriptor MapStateDescriptor ReducingStateDescriptor
    AggregatingStateDescriptor StateTtlConfig TimerService TimeDomain
    MemoryStateBackend FsStateBackend RocksDBStateBackend HashMapStateBackend
    EmbeddedRocksDBStateBackend CustomStateBackend PredefinedOptions
    JobManagerCheckpointStorage FileSystemCheckpointStorage CustomCheckpointStorage
    BulkFormat FileCompactStrategy FileCompactor ParquetColumnarRowInputFormat
    ParquetBulkWriters OrcBulkWriters AvroBulkWriters AvroParquetWriters
    AvroParquetReaders AvroSchema AvroInputFormat GenericRecordAvroTypeInfo HybridSource]]
):gmatch "%S+" do
    M.datastream[name] = "later"
end

-- ---- looking names up ----------------------------------------------------------------

--- The value of an entry.
-- @tparam string name
-- @tparam string entry
function M.load(name, entry)
    if entry == "later" then
        return require("moontide.later").stand_in(name)
    end
    local module, field = entry:match "^([^:]+):?(.*)$"
    local value = require(module)
    return field ~= "" and value[field] or field == "" and value
end

-- The names of each package.
local names_of = setmetatable({}, { __mode = "k" })

-- Raises for a name that is in neither of two sets of names.
local function missing(title, name, names, more)
    if type(name) ~= "string" or name:sub(1, 1) == "_" then
        return nil
    end
    local list = {}
    for _, known in ipairs { names, more } do
        for other in pairs(known) do
            list[#list + 1] = other
        end
    end
    local near = errors.nearest(name, list)
    return errors.raise("MISUSE", "%s has no '%s'%s", title, name,
        near and (", did you mean '%s'?"):format(near) or "")
end

--- Makes a package: a table that loads its names when they are read.
-- @tparam string title for messages, "moontide.common"
-- @tparam table names entries by name
-- @tparam[opt] function parent gives another package, which has the names that
-- this one lacks; asked only for those
-- @treturn table
function M.package(title, names, parent)
    local package_table = setmetatable({}, {
        __index = function(self, name)
            local known, value = names, nil
            if names[name] then
                value = M.load(name, names[name])
            elseif parent and type(name) == "string" then
                known = names_of[parent()]
                value = known[name] and parent()[name]
            end
            if value == nil then
                return missing(title, name, names, known)
            end
            rawset(self, name, value)
            return value
        end,
    })
    names_of[package_table] = names
    return package_table
end

return M
