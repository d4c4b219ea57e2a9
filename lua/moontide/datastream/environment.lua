--- StreamExecutionEnvironment: where a job begins.
--
-- An environment holds settings (one Configuration, shared with its config
-- objects and with table environments made from it) and the sinks that the next
-- `execute()` is to run.
-- @module moontide.datastream.environment
local args = require "moontide.args"
local class = require "moontide.class"
local Configuration = require "moontide.common.configuration"
local Duration = require "moontide.common.duration"
local enum = require "moontide.enum"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local logical = require "moontide.logical"
local null = require "moontide.null"

local StreamExecutionEnvironment = class.new "StreamExecutionEnvironment"

local RuntimeExecutionMode = enum.new("RuntimeExecutionMode", {
    "STREAMING", "BATCH", "AUTOMATIC",
})
local TimeCharacteristic = enum.new("TimeCharacteristic", {
    "ProcessingTime", "IngestionTime", "EventTime",
})

local DEFAULT_JOB_NAME = "Flink Streaming Job"

local is_configuration = class.check(Configuration)

local GET = args.signature("get_execution_environment", { { "configuration", is_configuration } })

--- The environment of this process.
-- @tparam[opt] Configuration configuration
-- @treturn StreamExecutionEnvironment
-- @usage local env = moontide.StreamExecutionEnvironment.get_execution_environment()
function StreamExecutionEnvironment.get_execution_environment(...)
    local configuration = GET(...)
    local self = setmetatable({
        configuration = Configuration(),
        sinks = {},
        kept = {},
        execution_config = false,
        checkpoint_config = false,
        local_parallelism = false,
        jars = false,
    }, StreamExecutionEnvironment)
    if configuration then
        self:configure(configuration)
    end
    return self
end

local processors

-- How many processors this process may use; asked once.
local function cpu_count()
    if not processors then
        local ok, core = pcall(require, "moontide.core")
        processors = ok and core.cpu_count() or 1
    end
    return processors
end

-- ---- settings ----------------------------------------------------------------

--- The ExecutionConfig.
function StreamExecutionEnvironment:get_config()
    if not self.execution_config then
        local config = require "moontide.common.execution_config"
        self.execution_config = config.ExecutionConfig(self.configuration)
    end
    return self.execution_config
end

--- The CheckpointConfig.
function StreamExecutionEnvironment:get_checkpoint_config()
    if not self.checkpoint_config then
        local config = require "moontide.datastream.checkpoint_config"
        self.checkpoint_config = config.CheckpointConfig(self.configuration)
    end
    return self.checkpoint_config
end

--- The Configuration that all of them share.
-- @treturn Configuration
function StreamExecutionEnvironment:get_configuration()
    return self.configuration
end

local CONFIGURE = args.signature("configure", {
    { "configuration", is_configuration, needed = true },
})

--- Applies settings by their keys.
-- @tparam Configuration configuration
function StreamExecutionEnvironment:configure(...)
    self.configuration:add_all((CONFIGURE(...)))
end

local function whole_argument(method, value, least, most)
    local n, message = args.whole(least, most)(value)
    if not n then
        args.bad(1, method, message)
    end
    return n
end

--- How many subtasks run an operator that doesn't say so itself.
-- @tparam number parallelism
function StreamExecutionEnvironment:set_parallelism(parallelism)
    local n = whole_argument("set_parallelism", parallelism, 1)
    self.configuration:set_integer("parallelism.default", n)
    return self
end

--- The default parallelism; the number of processors unless set.
function StreamExecutionEnvironment:get_parallelism()
    local n = self.configuration:get_integer "parallelism.default"
    return n and n > 0 and n or self:get_default_local_parallelism()
end

--- The number of key groups: an upper bound for rescaling.
-- @tparam number max_parallelism 1 to 32768
function StreamExecutionEnvironment:set_max_parallelism(max_parallelism)
    local n = whole_argument("set_max_parallelism", max_parallelism, 1, 32768)
    self.configuration:set_integer("pipeline.max-parallelism", n)
    return self
end

--- The number of key groups; -1 when it isn't set.
function StreamExecutionEnvironment:get_max_parallelism()
    return self.configuration:get_integer("pipeline.max-parallelism", -1)
end

--- Sets what `get_parallelism` answers when nobody set a parallelism.
-- @tparam number parallelism
function StreamExecutionEnvironment:set_default_local_parallelism(parallelism)
    self.local_parallelism = whole_argument("set_default_local_parallelism", parallelism, 1)
end

--- The number of processors, unless set.
function StreamExecutionEnvironment:get_default_local_parallelism()
    return self.local_parallelism or cpu_count()
end

--- Chooses how jobs run. STREAMING only, for now.
-- @param mode one of `RuntimeExecutionMode`
function StreamExecutionEnvironment:set_runtime_mode(mode)
    local checked, message = enum.check(RuntimeExecutionMode)(mode)
    if not checked then
        args.bad(1, "set_runtime_mode", message)
    elseif checked ~= RuntimeExecutionMode.STREAMING then
        errors.unsupported("RuntimeExecutionMode." .. checked)
    end
    self.configuration:set_string("execution.runtime-mode", checked)
    return self
end

local BUFFER_TIMEOUT = "execution.buffer-timeout"

--- How long records may wait for more of them.
-- @tparam number timeout_ms 0 not at all, -1 until a batch is full
function StreamExecutionEnvironment:set_buffer_timeout(timeout_ms)
    local n = whole_argument("set_buffer_timeout", timeout_ms, -1)
    self.configuration:set_string(BUFFER_TIMEOUT, n < 0 and "-1" or n .. " ms")
    return self
end

--- The buffer time-out in ms; 5 unless set.
function StreamExecutionEnvironment:get_buffer_timeout()
    return Duration.parse_millis(self.configuration:get_string(BUFFER_TIMEOUT, "5 ms"))
end

local CHAINING = "pipeline.operator-chaining.enabled"

--- Keeps every operator on a thread of its own.
function StreamExecutionEnvironment:disable_operator_chaining()
    self.configuration:set_boolean(CHAINING, false)
    return self
end

--- Are operators fused where they can be?
function StreamExecutionEnvironment:is_chaining_enabled()
    return self.configuration:get_boolean(CHAINING, true)
end

--- Are operators fused whose numbers of key groups differ?
StreamExecutionEnvironment.is_chaining_of_operators_with_different_max_parallelism_enabled =
    function(self)
        return self.configuration:get_boolean(
            "pipeline.operator-chaining.chain-operators-with-different-max-parallelism", true)
    end

--- Takes checkpoints: sources commit what sinks have written.
-- @tparam number interval_ms
-- @param[opt=CheckpointingMode.EXACTLY_ONCE] mode
-- @usage env:enable_checkpointing(1000)
function StreamExecutionEnvironment:enable_checkpointing(interval_ms, mode)
    local config = self:get_checkpoint_config()
    config:set_checkpoint_interval(whole_argument("enable_checkpointing", interval_ms, 10))
    config:set_checkpointing_mode(mode or config.DEFAULT_MODE)
    return self
end

--- The checkpoint interval in ms; -1 when none is set.
function StreamExecutionEnvironment:get_checkpoint_interval()
    return self:get_checkpoint_config():get_checkpoint_interval()
end

--- The checkpointing mode.
function StreamExecutionEnvironment:get_checkpointing_mode()
    return self:get_checkpoint_config():get_checkpointing_mode()
end

--- Newer name of `get_checkpointing_mode`.
StreamExecutionEnvironment.get_checkpointing_consistency_mode =
    StreamExecutionEnvironment.get_checkpointing_mode

--- Are unaligned checkpoints on?
function StreamExecutionEnvironment:is_unaligned_checkpoints_enabled()
    return self:get_checkpoint_config():is_unaligned_checkpoints_enabled()
end

--- Are unaligned checkpoints forced?
function StreamExecutionEnvironment:is_force_unaligned_checkpoints()
    return self:get_checkpoint_config():is_force_unaligned_checkpoints()
end

--- Is the changelog state backend on? It doesn't exist yet: no.
function StreamExecutionEnvironment:is_changelog_state_backend_enabled()
    return false
end

--- The state backend: none is set, since state isn't kept yet.
function StreamExecutionEnvironment:get_state_backend()
    return nil
end

--- Where savepoints go.
-- @tparam string directory
function StreamExecutionEnvironment:set_default_savepoint_directory(directory)
    local checked, message = args.is_string(directory)
    if not checked then
        args.bad(1, "set_default_savepoint_directory", message)
    end
    self.configuration:set_string("execution.checkpointing.savepoint-dir", checked)
    return self
end

--- Where savepoints go, or nil.
function StreamExecutionEnvironment:get_default_savepoint_directory()
    return self.configuration:get_string "execution.checkpointing.savepoint-dir"
end

--- What happens after a failure.
-- @param strategy of `RestartStrategies`; there is `no_restart()`
function StreamExecutionEnvironment:set_restart_strategy(strategy)
    self:get_config():set_restart_strategy(strategy)
end

--- What happens after a failure.
function StreamExecutionEnvironment:get_restart_strategy()
    return self:get_config():get_restart_strategy()
end

--- Accepted and read back.
-- @param characteristic one of `TimeCharacteristic`
function StreamExecutionEnvironment:set_stream_time_characteristic(characteristic)
    local checked, message = enum.check(TimeCharacteristic)(characteristic)
    if not checked then
        args.bad(1, "set_stream_time_characteristic", message)
    end
    self.kept.time_characteristic = checked
end

--- The time characteristic; EventTime unless set.
function StreamExecutionEnvironment:get_stream_time_characteristic()
    return self.kept.time_characteristic or TimeCharacteristic.EventTime
end

--- JVM serializers: accepted, since they change nothing here.
function StreamExecutionEnvironment.add_default_kryo_serializer() end

--- Accepted, see `add_default_kryo_serializer`.
function StreamExecutionEnvironment.register_type_with_kryo_serializer() end

--- Accepted, see `add_default_kryo_serializer`.
function StreamExecutionEnvironment.register_type() end

--- Accepted: all operators share one process.
-- @tparam SlotSharingGroup group
function StreamExecutionEnvironment:register_slot_sharing_group(group)
    self.kept.slot_sharing_group = group
    return self
end

-- ---- code and plug-ins ---------------------------------------------------------

local function plugins()
    return require "moontide.common.plugins"
end

--- Names plug-ins (`.so`), Lua files or folders that the job needs. A `.jar`
-- gets a line in the log: connectors are built in.
-- @param ... paths or `file://` URLs, or one sequence of them
-- @usage env:add_jars("file:///opt/connectors/mine.so")
function StreamExecutionEnvironment:add_jars(...)
    plugins().add("add_jars", ...)
end

--- Same as `add_jars`.
-- @param ... as there
function StreamExecutionEnvironment:add_user_jars(...)
    plugins().add("add_user_jars", ...)
end

--- Same as `add_jars`.
-- @param ... as there
function StreamExecutionEnvironment:add_classpaths(...)
    plugins().add("add_classpaths", ...)
end

local LUA_FILE = args.signature("add_lua_file", {
    { "file_path", args.is_string, needed = true, also = { "path" } },
})

--- Puts a Lua file's folder, or a folder, on the path of modules.
-- @tparam string file_path
function StreamExecutionEnvironment:add_lua_file(...)
    plugins().add_lua((LUA_FILE(...)))
end

StreamExecutionEnvironment.add_python_file = StreamExecutionEnvironment.add_lua_file

local LUA_ARCHIVE = args.signature("add_lua_archive", {
    { "archive_path", args.is_string, needed = true, also = { "path" } },
    { "target_dir", args.is_string },
})

--- Puts a folder of Lua code on the path of modules.
-- @tparam string archive_path a folder; packed archives come later
function StreamExecutionEnvironment:add_lua_archive(...)
    plugins().add_archive((LUA_ARCHIVE(...)))
end

StreamExecutionEnvironment.add_python_archive = StreamExecutionEnvironment.add_lua_archive

--- Says in the log that Lua needs no requirements.
function StreamExecutionEnvironment.set_python_requirements()
    plugins().not_needed "set_python_requirements"
end

--- Says in the log that Lua needs no other interpreter.
function StreamExecutionEnvironment.set_python_executable()
    plugins().not_needed "set_python_executable"
end

-- ---- sources -------------------------------------------------------------------

local function stream(self, transformation)
    return require "moontide.datastream.stream"(self, transformation)
end

local FROM_COLLECTION = args.signature("from_collection", {
    { "collection", args.is_table, needed = true },
    { "type_info", args.is_type },
})

-- The elements as records of the type: what stands for a row becomes one, so
-- that closures find its fields by name.
local function records_of(collection, type_info)
    local records, conform = {}, nil
    if type_info and type_info.kind == "ROW" then
        conform = require("moontide.row").conformer(type_info:get_field_names())
    end
    for i = 1, #collection do
        local value = collection[i]
        if conform and value ~= null then
            local ok, record = pcall(conform, value)
            if not ok then
                errors.raise("TYPE", "element %d: %s", i, record.message)
            end
            value = record
        end
        records[i] = value
    end
    return records
end

--- A stream of Lua values, of parallelism 1.
-- @tparam table collection a sequence that isn't empty; `moontide.null` stands
-- for NULL
-- @param[opt] type_info type of an element; untyped without
-- @treturn DataStream
-- @usage env:from_collection({ { 1, "a" }, { 2, "b" } },
--     Types.ROW { Types.INT(), Types.STRING() })
function StreamExecutionEnvironment:from_collection(...)
    local collection, type_info = FROM_COLLECTION(...)
    if #collection == 0 then
        args.bad(1, "from_collection", "the collection is empty")
    end
    return stream(self, graph.values(records_of(collection, type_info), {
        name = "Source: Collection Source",
        type = type_info or logical.scalar "RAW",
    }))
end

local function is_source(value)
    if args.method(value, "source_attributes") then
        return value
    end
    return nil, "source expected, got " .. args.type_name(value)
end

local function add_source(self, source, name, type_info)
    local attributes = source:source_attributes(type_info)
    attributes.name = "Source: " .. (name or attributes.name or "Custom Source")
    if type_info and not logical.equal(type_info, logical.parse(attributes.type)) then
        errors.raise("TYPE", "the source makes records of %s, not of %s", attributes.type,
            tostring(type_info))
    end
    return stream(self, graph.source(attributes))
end

local ADD_SOURCE = args.signature("add_source", {
    { "source_func", is_source, needed = true },
    { "source_name", args.is_string },
    { "type_info", args.is_type },
})

--- A stream from a source of the older kind, such as FlinkKafkaConsumer.
-- @param source_func
-- @tparam[opt="Custom Source"] string source_name
-- @param[opt] type_info
-- @treturn DataStream
function StreamExecutionEnvironment:add_source(...)
    return add_source(self, ADD_SOURCE(...))
end

local FROM_SOURCE = args.signature("from_source", {
    { "source", is_source, needed = true },
    { "watermark_strategy", args.is_given },
    { "source_name", args.is_string },
    { "type_info", args.is_type },
})

--- A stream from a source such as KafkaSource or NumberSequenceSource.
-- @param source
-- @tparam[opt] WatermarkStrategy watermark_strategy none without
-- @tparam string source_name
-- @param[opt] type_info
-- @treturn DataStream
-- @usage env:from_source(NumberSequenceSource(1, 10),
--     WatermarkStrategy.no_watermarks(), "numbers")
function StreamExecutionEnvironment:from_source(...)
    local source, strategy, name, type_info = FROM_SOURCE(...)
    local ds = add_source(self, source, name, type_info)
    if strategy == nil then
        return ds
    end
    require("moontide.common.watermark").check_strategy(strategy, "from_source", 2)
    return ds:with_event_time(strategy)
end

local READ_TEXT_FILE = args.signature("read_text_file", {
    { "file_path", args.is_string, needed = true },
    { "charset_name", args.is_string, default = "UTF-8" },
})

--- A stream of a file's lines, or of all files of a folder.
-- @tparam string file_path
-- @tparam[opt="UTF-8"] string charset_name
-- @treturn DataStream of STRING
-- @usage env:read_text_file("/data/words.txt"):flat_map(split, Types.STRING())
function StreamExecutionEnvironment:read_text_file(...)
    local attributes = require("moontide.connectors.filesystem").text_file(READ_TEXT_FILE(...))
    attributes.name = "Source: " .. attributes.name
    return stream(self, graph.source(attributes))
end

-- ---- running -------------------------------------------------------------------

-- Adds a sink to what the next `execute()` runs. Streams and table environments
-- call this.
function StreamExecutionEnvironment:add_transformation(sink)
    self.sinks[#self.sinks + 1] = sink
end

-- What the configuration itself names; each value once.
local function load_configured_jars(self)
    for _, key in ipairs { "pipeline.jars", "pipeline.classpaths" } do
        local jars = self.configuration:get_string(key)
        self.jars = self.jars or {}
        if jars and self.jars[key] ~= jars then
            self.jars[key] = jars
            for url in jars:gmatch "[^;]+" do
                plugins().add(key, (url:gsub("^%s+", ""):gsub("%s+$", "")))
            end
        end
    end
end

-- Texts of settings that only matter to the plan.
local function check_settings(self)
    local mode = self.configuration:get_string("execution.runtime-mode", "STREAMING"):upper()
    if mode ~= RuntimeExecutionMode.STREAMING then
        errors.unsupported("RuntimeExecutionMode." .. mode)
    end
end

--- The plan of some sinks, with this environment's settings.
-- @tparam string job_name
-- @tparam table sinks transformations
-- @treturn table the plan
-- @treturn table node numbers by transformation
function StreamExecutionEnvironment:plan(job_name, sinks)
    load_configured_jars(self)
    check_settings(self)
    local settings = self.configuration:to_dict()
    settings["parallelism.default"] = ("%d"):format(self:get_parallelism())
    return graph.plan({
        name = job_name, parallelism = self:get_parallelism(), settings = settings,
        parameters = self:get_config():get_global_job_parameters(),
        watermark_interval = self:get_config():get_auto_watermark_interval(),
    }, sinks)
end

--- Starts a job of some sinks: what `execute` and table environments do.
-- @tparam string job_name
-- @tparam table sinks transformations
-- @treturn JobClient
-- @treturn table node numbers by transformation
function StreamExecutionEnvironment:start(job_name, sinks)
    local plan, ids = self:plan(job_name, sinks)
    return require("moontide.job").start(plan), ids
end

local EXECUTE = args.signature("execute", { { "job_name", args.is_string } })
local EXECUTE_ASYNC = args.signature("execute_async", { { "job_name", args.is_string } })

local function start_registered(self, job_name)
    local name = job_name or self.configuration:get_string("pipeline.name", DEFAULT_JOB_NAME)
    -- They are done with also where the plan is refused: the next job is another.
    local sinks = self.sinks
    self.sinks = {}
    return (self:start(name, sinks))
end

--- Runs the job and waits for its end. Raises the job's error when it fails.
-- @tparam[opt] string job_name
-- @treturn JobExecutionResult
-- @usage env:execute("word count")
function StreamExecutionEnvironment:execute(...)
    local job_name = EXECUTE(...)
    require("moontide.job").refuse_in_nginx("execute", "execute_async")
    return start_registered(self, job_name):execution_result()
end

--- Starts the job and answers at once.
-- @tparam[opt] string job_name
-- @treturn JobClient
function StreamExecutionEnvironment:execute_async(...)
    return start_registered(self, (EXECUTE_ASYNC(...)))
end

--- The dataflow as Flink's plan JSON.
-- @treturn string
function StreamExecutionEnvironment:get_execution_plan()
    return graph.json({ parallelism = self:get_parallelism() }, self.sinks)
end

--- Drops cached results, of which there are none.
function StreamExecutionEnvironment.close() end

class.later(StreamExecutionEnvironment, {
    "create_input", "set_state_backend", "enable_changelog_state_backend",
    "register_cached_file",
})

return {
    StreamExecutionEnvironment = StreamExecutionEnvironment,
    RuntimeExecutionMode = RuntimeExecutionMode,
    TimeCharacteristic = TimeCharacteristic,
}
