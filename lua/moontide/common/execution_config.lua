--- ExecutionConfig: how a job runs, as `env:get_config()` gives it.
--
-- What the engine acts on lives in the environment's Configuration; the rest
-- (JVM serializers, latency markers, ...) has no meaning here and is kept only
-- to be read back. Setters are fluent.
-- @module moontide.common.execution_config
local args = require "moontide.args"
local class = require "moontide.class"
local Duration = require "moontide.common.duration"
local enum = require "moontide.enum"

local ExecutionConfig = class.new "ExecutionConfig"

ExecutionConfig.PARALLELISM_DEFAULT = -1
ExecutionConfig.PARALLELISM_UNKNOWN = -2

local ExecutionMode = enum.new("ExecutionMode", {
    "PIPELINED", "PIPELINED_FORCED", "BATCH", "BATCH_FORCED",
})
local InputDependencyConstraint = enum.new("InputDependencyConstraint", { "ANY", "ALL" })

local function is_parallelism(value)
    local n, message = args.whole(-2)(value)
    if n == 0 then
        return nil, "parallelism must be at least 1, or ExecutionConfig.PARALLELISM_DEFAULT (-1)"
    end
    return n, message
end

-- ---- what the engine acts on --------------------------------------------------

-- Made by an environment, around its configuration.
function ExecutionConfig.__init(_, configuration)
    return setmetatable({ configuration = configuration, values = {} }, ExecutionConfig)
end

--- The default parallelism; -1 stands for the number of processors.
function ExecutionConfig:get_parallelism()
    return self.configuration:get_integer("parallelism.default", self.PARALLELISM_DEFAULT)
end

--- Sets the default parallelism.
-- @tparam number parallelism
function ExecutionConfig:set_parallelism(parallelism)
    local n, message = is_parallelism(parallelism)
    if not n then
        args.bad(1, "set_parallelism", message)
    elseif n == self.PARALLELISM_DEFAULT then
        self.configuration:remove_config "parallelism.default"
    elseif n > 0 then
        self.configuration:set_integer("parallelism.default", n)
    end
    return self
end

-- A whole number under a key; `default` where it isn't set.
local function number_setting(name, key, least, most, default)
    ExecutionConfig["get_" .. name] = function(self)
        return self.configuration:get_integer(key, default)
    end
    ExecutionConfig["set_" .. name] = function(self, value)
        local n, message = args.whole(least, most)(value)
        if not n then
            args.bad(1, "set_" .. name, message)
        end
        self.configuration:set_integer(key, n)
        return self
    end
end

-- Milliseconds under a key whose text is a duration.
local function millis_setting(name, key, default)
    ExecutionConfig["get_" .. name] = function(self)
        return Duration.parse_millis(self.configuration:get_string(key, default .. " ms"))
    end
    ExecutionConfig["set_" .. name] = function(self, value)
        local n, message = args.whole(0)(value)
        if not n then
            args.bad(1, "set_" .. name, message)
        end
        self.configuration:set_string(key, n .. " ms")
        return self
    end
end

-- enable_x, disable_x and a getter around a boolean under a key.
local function switch_setting(name, getter, key, default)
    ExecutionConfig["enable_" .. name] = function(self)
        self.configuration:set_boolean(key, true)
        return self
    end
    ExecutionConfig["disable_" .. name] = function(self)
        self.configuration:set_boolean(key, false)
        return self
    end
    ExecutionConfig[getter] = function(self)
        return self.configuration:get_boolean(key, default)
    end
end

number_setting("max_parallelism", "pipeline.max-parallelism", 1, 32768, -1)
millis_setting("auto_watermark_interval", "pipeline.auto-watermark-interval", 200)
millis_setting("latency_tracking_interval", "metrics.latency.interval", 0)
millis_setting("task_cancellation_interval", "task.cancellation.interval", 30000)
millis_setting("task_cancellation_timeout", "task.cancellation.timeout", 5000)
switch_setting("object_reuse", "is_object_reuse_enabled", "pipeline.object-reuse", false)
switch_setting("closure_cleaner", "is_closure_cleaner_enabled", "pipeline.closure-cleaner", true)
switch_setting("force_kryo", "is_force_kryo_enabled", "pipeline.force-kryo", false)
switch_setting("force_avro", "is_force_avro_enabled", "pipeline.force-avro", false)
switch_setting("generic_types", "has_generic_types_enabled", "pipeline.generic-types", true)
switch_setting("auto_generated_uids", "has_auto_generated_uids_enabled",
    "pipeline.auto-generate-uids", true)
switch_setting("sysout_logging", "is_sysout_logging_enabled", "pipeline.sysout-logging", true)

ExecutionConfig.has_generic_types_disabled = function(self)
    return not self:has_generic_types_enabled()
end

--- Are snapshots compressed?
function ExecutionConfig:is_use_snapshot_compression()
    return self.configuration:get_boolean("execution.checkpointing.snapshot-compression", false)
end

--- Sets whether snapshots are compressed.
-- @tparam boolean compress
function ExecutionConfig:set_use_snapshot_compression(compress)
    self.configuration:set_boolean("execution.checkpointing.snapshot-compression", compress)
    return self
end

--- The job's own parameters, which functions read by
-- `runtime_context:get_job_parameter(key, default)`.
-- @treturn table keys and texts
function ExecutionConfig:get_global_job_parameters()
    local parameters = {}
    for key, value in pairs(self.values.global_job_parameters or {}) do
        parameters[key] = value
    end
    if not self.values.global_job_parameters then
        local text = self.configuration:get_string("pipeline.global-job-parameters", "")
        for key, value in text:gmatch "([^:,]+):([^,]*)" do
            parameters[key] = value
        end
    end
    return parameters
end

--- Sets the job's own parameters.
-- @tparam table parameters
-- @usage env:get_config():set_global_job_parameters { day = "2020-01-01" }
function ExecutionConfig:set_global_job_parameters(parameters)
    if type(parameters) ~= "table" then
        args.bad(1, "set_global_job_parameters", "table expected, got "
            .. args.type_name(parameters))
    end
    local copy, pairs_text = {}, {}
    for key, value in pairs(parameters) do
        copy[tostring(key)] = tostring(value)
        pairs_text[#pairs_text + 1] = tostring(key) .. ":" .. tostring(value)
    end
    table.sort(pairs_text)
    self.values.global_job_parameters = copy
    self.configuration:set_string("pipeline.global-job-parameters", table.concat(pairs_text, ","))
    return self
end

-- ---- kept to be read back --------------------------------------------------------

local function kept_setting(name, check, default)
    ExecutionConfig["get_" .. name] = function(self)
        local value = self.values[name]
        if value == nil then
            return default
        end
        return value
    end
    ExecutionConfig["set_" .. name] = function(self, value)
        local checked, message = check(value)
        if checked == nil then
            args.bad(1, "set_" .. name, message)
        end
        self.values[name] = checked
        return self
    end
end

kept_setting("execution_mode", enum.check(ExecutionMode), ExecutionMode.PIPELINED)
kept_setting("default_input_dependency_constraint", enum.check(InputDependencyConstraint),
    InputDependencyConstraint.ANY)
kept_setting("number_of_execution_retries", args.whole(-1), -1)
kept_setting("execution_retry_delay", args.whole(0), 0)

--- Sets what happens after a failure; see `RestartStrategies`.
function ExecutionConfig:set_restart_strategy(strategy)
    local checked, message = require("moontide.common.restart").is_strategy(strategy)
    if not checked then
        args.bad(1, "set_restart_strategy", message)
    end
    self.values.restart_strategy = checked
    return self
end

--- What happens after a failure.
function ExecutionConfig:get_restart_strategy()
    return self.values.restart_strategy
        or require("moontide.common.restart").RestartStrategies.no_restart()
end

-- JVM serializers: accepted, since they change nothing here.
for _, name in ipairs {
    "add_default_kryo_serializer", "register_type_with_kryo_serializer", "register_kryo_type",
    "register_pojo_type",
} do
    ExecutionConfig[name] = function(self)
        return self
    end
end

for _, name in ipairs {
    "get_default_kryo_serializer_classes", "get_registered_types_with_kryo_serializer_classes",
    "get_registered_kryo_types", "get_registered_pojo_types",
} do
    ExecutionConfig[name] = function()
        return {}
    end
end

return {
    ExecutionConfig = ExecutionConfig,
    ExecutionMode = ExecutionMode,
    InputDependencyConstraint = InputDependencyConstraint,
}
