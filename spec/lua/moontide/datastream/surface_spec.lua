-- Every method of PyFlink's DataStream classes does something here, or says
-- "not supported yet: NAME"; the tables below are the whole surface.
local moontide = require "moontide"

local Types = moontide.Types

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env
end

local function stream()
    return environment():from_collection({ { 1, "a" } }, Types.ROW { Types.INT(), Types.STRING() })
end

local function identity(value)
    return value
end

local function producer()
    return moontide.FlinkKafkaProducer("t", moontide.SimpleStringSchema(),
        { ["bootstrap.servers"] = "b:1" })
end

local LATER = "later"

-- Method: its arguments, or LATER, or "runs" for what needs a running job (whose
-- own specs are elsewhere).
local ENVIRONMENT = {
    add_jars = { {} }, add_user_jars = { {} }, add_classpaths = { {} },
    add_python_file = { "spec" }, add_lua_file = { "spec" },
    add_python_archive = { "spec" }, add_lua_archive = { "spec" },
    set_python_requirements = { "r.txt" }, set_python_executable = { "python3" },
    from_collection = { { 1 } },
    add_source = { moontide.FlinkKafkaConsumer("t", moontide.SimpleStringSchema(), {}) },
    from_source = { moontide.NumberSequenceSource(1, 2),
        moontide.WatermarkStrategy.no_watermarks(), "n" },
    read_text_file = { "/data/words" }, create_input = LATER,
    execute = "runs", execute_async = "runs", get_execution_plan = "runs",
    get_config = {}, get_checkpoint_config = {}, get_configuration = {},
    configure = { moontide.Configuration() },
    set_parallelism = { 2 }, get_parallelism = {},
    set_max_parallelism = { 64 }, get_max_parallelism = {},
    set_runtime_mode = { moontide.RuntimeExecutionMode.STREAMING },
    set_buffer_timeout = { 5 }, get_buffer_timeout = {},
    disable_operator_chaining = {}, is_chaining_enabled = {},
    is_chaining_of_operators_with_different_max_parallelism_enabled = {},
    enable_checkpointing = { 1000 }, get_checkpoint_interval = {}, get_checkpointing_mode = {},
    get_checkpointing_consistency_mode = {}, is_unaligned_checkpoints_enabled = {},
    is_force_unaligned_checkpoints = {},
    set_state_backend = LATER, get_state_backend = {},
    enable_changelog_state_backend = LATER, is_changelog_state_backend_enabled = {},
    set_default_savepoint_directory = { "/s" }, get_default_savepoint_directory = {},
    set_restart_strategy = { moontide.RestartStrategies.no_restart() }, get_restart_strategy = {},
    set_stream_time_characteristic = { moontide.TimeCharacteristic.EventTime },
    get_stream_time_characteristic = {},
    add_default_kryo_serializer = { "a", "b" }, register_type_with_kryo_serializer = { "a", "b" },
    register_type = { "a" },
    set_default_local_parallelism = { 2 }, get_default_local_parallelism = {},
    register_slot_sharing_group = { moontide.SlotSharingGroup.builder("g"):build() },
    register_cached_file = LATER, close = {},
}

local STREAM = {
    get_name = {}, name = { "n" }, uid = { "u" }, set_uid_hash = { "h" },
    set_description = { "d" }, set_parallelism = { 1 }, set_max_parallelism = { 8 },
    force_non_parallel = {}, get_type = {}, get_execution_environment = {},
    get_execution_config = {}, set_buffer_timeout = { 5 }, start_new_chain = {},
    disable_chaining = {}, slot_sharing_group = { "g" },
    map = { identity }, flat_map = { identity }, filter = { identity }, key_by = { identity },
    process = { moontide.ProcessFunction { process_element = identity } },
    union = { {} }, connect = { stream() },
    shuffle = {}, rebalance = {}, rescale = {}, forward = {}, broadcast = {},
    partition_custom = { identity, identity }, project = { 1 },
    assign_timestamps_and_watermarks = { moontide.WatermarkStrategy.no_watermarks() },
    window_all = LATER, get_side_output = "runs", cache = LATER,
    add_sink = "runs", sink_to = "runs", print = {}, execute_and_collect = "runs",
}

local REFUSED = "refused"

local KEYED = {
    map = { identity }, flat_map = { identity }, filter = { identity }, add_sink = "runs",
    union = { {} }, project = { 1 }, print = {}, connect = { stream() }, key_by = { identity },
    cache = LATER, reduce = { identity },
    process = { moontide.KeyedProcessFunction { process_element = identity } },
    sum = { 1 }, min = { 1 }, max = { 1 }, min_by = { 1 }, max_by = { 1 },
    window = LATER, count_window = LATER,
    shuffle = REFUSED, rebalance = REFUSED, rescale = REFUSED, forward = REFUSED,
    broadcast = REFUSED, partition_custom = REFUSED,
    name = REFUSED, get_name = REFUSED, uid = REFUSED, set_uid_hash = REFUSED,
    set_parallelism = REFUSED, set_max_parallelism = REFUSED, force_non_parallel = REFUSED,
    set_buffer_timeout = REFUSED, start_new_chain = REFUSED, disable_chaining = REFUSED,
    slot_sharing_group = REFUSED,
}

local pair = {
    map1 = identity, map2 = identity, flat_map1 = identity, flat_map2 = identity,
    process_element1 = identity, process_element2 = identity,
}

local CONNECTED = {
    key_by = { identity, identity, Types.INT }, map = { pair }, flat_map = { pair },
    process = { pair },
}

local SINK = {
    name = { "n" }, uid = { "u" }, set_uid_hash = { "h" }, set_parallelism = { 1 },
    disable_chaining = {}, slot_sharing_group = { "g" }, set_description = { "d" },
}

local CLIENT = {
    "get_job_id", "get_job_status", "cancel", "get_accumulators", "get_job_execution_result",
}

local function check(class_name, methods, make)
    for method, arguments in pairs(methods) do
        it(("%s:%s"):format(class_name, method), function()
            local object = make()
            local ok, err = pcall(function()
                local f = object[method]
                return arguments ~= "runs" and f(object, unpack(
                    type(arguments) == "table" and arguments or {}))
            end)
            if arguments == LATER then
                assert.is_false(ok)
                assert.equal("UNSUPPORTED", err.code)
                assert.equal(("not supported yet: %s.%s"):format(class_name, method), err.message)
            elseif arguments == REFUSED then
                assert.is_false(ok)
                assert.equal("MISUSE", err.code)
            else
                assert.is_true(ok, tostring(err))
            end
        end)
    end
end

describe("the surface of", function()
    check("StreamExecutionEnvironment", ENVIRONMENT, environment)
    check("DataStream", STREAM, stream)
    check("KeyedStream", KEYED, function() return stream():key_by(identity) end)
    check("ConnectedStreams", CONNECTED, function() return stream():connect(stream()) end)
    check("DataStreamSink", SINK, function() return stream():print() end)

    it("JobClient", function()
        for _, method in ipairs(CLIENT) do
            assert.is_function(moontide.JobClient[method])
        end
        for _, method in ipairs { "stop_with_savepoint", "trigger_savepoint" } do
            local ok, err = pcall(function() return moontide.JobClient[method] end)
            assert.is_false(ok)
            assert.equal("not supported yet: JobClient." .. method, err.message)
        end
    end)

    it("sinks of both kinds", function()
        stream():map(identity, Types.STRING()):add_sink(producer())
        stream():map(identity, Types.STRING()):sink_to(producer())
    end)
end)

-- ---- configuration objects ------------------------------------------------------------

local function round_trips(make, cases)
    for name, case in pairs(cases) do
        it("reads back " .. name, function()
            local config = make()
            local default, value = case[1], case[2]
            assert.same(default, config["get_" .. name](config))
            assert.equal(config, config["set_" .. name](config, value))
            assert.same(value, config["get_" .. name](config))
        end)
    end
end

describe("ExecutionConfig", function()
    round_trips(function() return environment():get_config() end, {
        parallelism = { 1, 4 },
        max_parallelism = { -1, 64 },
        auto_watermark_interval = { 200, 50 },
        latency_tracking_interval = { 0, 100 },
        task_cancellation_interval = { 30000, 100 },
        task_cancellation_timeout = { 5000, 180000 },
        global_job_parameters = { {}, { day = "monday" } },
        execution_mode = { "PIPELINED", "BATCH" },
        default_input_dependency_constraint = { "ANY", "ALL" },
    })

    it("turns switches on and off", function()
        local switches = {
            object_reuse = "is_object_reuse_enabled",
            closure_cleaner = "is_closure_cleaner_enabled",
            force_kryo = "is_force_kryo_enabled", force_avro = "is_force_avro_enabled",
            generic_types = "has_generic_types_enabled",
            auto_generated_uids = "has_auto_generated_uids_enabled",
            sysout_logging = "is_sysout_logging_enabled",
        }
        local config = environment():get_config()
        for switch, getter in pairs(switches) do
            assert.is_true(config["enable_" .. switch](config)[getter](config))
            assert.is_false(config["disable_" .. switch](config)[getter](config))
        end
        assert.is_true(config:set_use_snapshot_compression(true):is_use_snapshot_compression())
    end)

    it("shares its settings with the environment", function()
        local env = environment()
        env:get_config():set_parallelism(3)
        assert.equal(3, env:get_parallelism())
        env:set_max_parallelism(12)
        assert.equal(12, env:get_config():get_max_parallelism())
        env:get_config():set_parallelism(-1)
        assert.equal(env:get_default_local_parallelism(), env:get_parallelism())
    end)
end)

describe("CheckpointConfig", function()
    round_trips(function() return environment():get_checkpoint_config() end, {
        checkpointing_mode = { "EXACTLY_ONCE", "AT_LEAST_ONCE" },
        checkpointing_consistency_mode = { "EXACTLY_ONCE", "AT_LEAST_ONCE" },
        checkpoint_interval = { -1, 1000 },
        checkpoint_timeout = { 600000, 1000 },
        min_pause_between_checkpoints = { 0, 10 },
        max_concurrent_checkpoints = { 1, 2 },
        tolerable_checkpoint_failure_number = { 0, 3 },
        externalized_checkpoint_cleanup = { "NO_EXTERNALIZED_CHECKPOINTS",
            "RETAIN_ON_CANCELLATION" },
        externalized_checkpoint_retention = { "NO_EXTERNALIZED_CHECKPOINTS",
            "DELETE_ON_CANCELLATION" },
        alignment_timeout = { 0, 5 },
        aligned_checkpoint_timeout = { 0, 5 },
    })

    it("reads back switches and the storage's folder", function()
        local config = environment():get_checkpoint_config()
        assert.is_true(config:is_fail_on_checkpointing_errors())
        assert.is_false(config:set_fail_on_checkpointing_errors(false)
            :is_fail_on_checkpointing_errors())
        assert.is_true(config:set_prefer_checkpoint_for_recovery(true)
            :is_prefer_checkpoint_for_recovery())
        assert.is_true(config:enable_unaligned_checkpoints():is_unaligned_checkpoints_enabled())
        assert.is_false(config:disable_unaligned_checkpoints():is_unaligned_checkpoints_enabled())
        assert.is_true(config:set_force_unaligned_checkpoints(true)
            :is_force_unaligned_checkpoints())
        assert.equal("/c", config:set_checkpoint_storage_dir("/c"):get_checkpoint_storage())
        assert.is_false(config:is_checkpointing_enabled())
        assert.is_false(config:is_externalized_checkpoints_enabled())
        config:enable_externalized_checkpoints "RETAIN_ON_CANCELLATION"
        assert.is_true(config:is_externalized_checkpoints_enabled())
    end)

    it("is set by enable_checkpointing", function()
        local env = environment()
        env:enable_checkpointing(2000, moontide.CheckpointingMode.AT_LEAST_ONCE)
        assert.equal(2000, env:get_checkpoint_interval())
        assert.equal("AT_LEAST_ONCE", env:get_checkpointing_mode())
        assert.equal("2000 ms",
            env:get_configuration():get_string "execution.checkpointing.interval")
    end)
end)

describe("SlotSharingGroup and MemorySize", function()
    it("are read back", function()
        local group = moontide.SlotSharingGroup.builder("heavy"):set_cpu_cores(2)
            :set_task_heap_memory_mb(64):set_external_resource("gpu", 1):build()
        assert.equal("heavy", group:get_name())
        assert.equal(2, group:get_cpu_cores())
        assert.equal(64, group:get_task_heap_memory():get_mebi_bytes())
        assert.same({ gpu = 1 }, group:get_external_resources())
        assert.equal(65536, group:get_task_heap_memory():get_kibi_bytes())
        assert.equal(67108864, group:get_task_heap_memory():get_bytes())
    end)
end)

describe("a setting", function()
    it("of a runtime mode other than STREAMING isn't supported yet", function()
        local env = environment()
        local _, err = pcall(env.set_runtime_mode, env, moontide.RuntimeExecutionMode.BATCH)
        assert.equal("not supported yet: RuntimeExecutionMode.BATCH", err.message)
        env:configure(moontide.Configuration { ["execution.runtime-mode"] = "BATCH" })
        env:from_collection({ 1 }):print()
        _, err = pcall(env.execute, env)
        assert.equal("not supported yet: RuntimeExecutionMode.BATCH", err.message)
    end)

    it("reaches the plan as text", function()
        local env = environment()
        env:set_buffer_timeout(-1):set_max_parallelism(16):disable_operator_chaining()
        env:from_collection({ 1 }):print()
        local settings = env:plan("job", env.sinks).settings
        assert.equal("-1", settings["execution.buffer-timeout"])
        assert.equal("16", settings["pipeline.max-parallelism"])
        assert.equal("false", settings["pipeline.operator-chaining.enabled"])
        assert.equal("1", settings["parallelism.default"])
        assert.equal(-1, env:get_buffer_timeout())
    end)

    it("of the user's own reaches functions", function()
        local env = environment()
        env:configure(moontide.Configuration { ["pipeline.global-job-parameters"] = "a:1,b:x" })
        assert.same({ a = "1", b = "x" }, env:get_config():get_global_job_parameters())
        env:get_config():set_global_job_parameters { day = 5 }
        assert.same({ day = "5" }, env:get_config():get_global_job_parameters())
    end)

    it("that names a jar gets a line in the log, that names nonsense an error", function()
        local env = environment()
        env:add_jars("file:///x/flink-sql-connector-kafka.jar")
        env:add_user_jars { "file:///x/a.jar", "/y/b.jar" }
        for _, missing in ipairs { "file:///no/such/plugin.so", "/no/such/module.lua" } do
            local _, problem = pcall(env.add_jars, env, missing)
            assert.matches("cannot open /no/such/%w+%.%w+: No such file", problem.message)
        end
        local ok, err = pcall(env.add_jars, env, "kafka")
        assert.is_false(ok)
        assert.matches("neither a plug%-in", err.message)
    end)
end)
