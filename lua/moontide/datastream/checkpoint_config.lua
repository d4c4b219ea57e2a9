--- CheckpointConfig: when and how checkpoints are taken, as
-- `env:get_checkpoint_config()` gives it.
--
-- Everything is accepted and read back. The interval decides how often sources
-- commit; the rest waits for checkpoints of state. Setters are fluent.
-- @module moontide.datastream.checkpoint_config
local args = require "moontide.args"
local class = require "moontide.class"
local Duration = require "moontide.common.duration"
local enum = require "moontide.enum"
local errors = require "moontide.error"

local CheckpointConfig = class.new "CheckpointConfig"

local CheckpointingMode = enum.new("CheckpointingMode", { "EXACTLY_ONCE", "AT_LEAST_ONCE" })
local Cleanup = enum.new("ExternalizedCheckpointCleanup", {
    "DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS",
})

CheckpointConfig.DEFAULT_MODE = CheckpointingMode.EXACTLY_ONCE
CheckpointConfig.DEFAULT_TIMEOUT = 600000
CheckpointConfig.DEFAULT_MIN_PAUSE_BETWEEN_CHECKPOINTS = 0
CheckpointConfig.DEFAULT_MAX_CONCURRENT_CHECKPOINTS = 1

local PREFIX = "execution.checkpointing."

-- Made by an environment, around its configuration.
function CheckpointConfig.__init(_, configuration)
    return setmetatable({ configuration = configuration }, CheckpointConfig)
end

local function millis_setting(name, key, least, default)
    CheckpointConfig["get_" .. name] = function(self)
        local text = self.configuration:get_string(PREFIX .. key)
        return text and Duration.parse_millis(text) or default
    end
    CheckpointConfig["set_" .. name] = function(self, millis)
        local value, message = args.whole(least)(Duration.millis_of(millis) or millis)
        if not value then
            args.bad(1, "set_" .. name, message)
        end
        self.configuration:set_string(PREFIX .. key, value .. " ms")
        return self
    end
end

local function number_setting(name, key, least, default)
    CheckpointConfig["get_" .. name] = function(self)
        return self.configuration:get_integer(PREFIX .. key, default)
    end
    CheckpointConfig["set_" .. name] = function(self, value)
        local n, message = args.whole(least)(value)
        if not n then
            args.bad(1, "set_" .. name, message)
        end
        self.configuration:set_integer(PREFIX .. key, n)
        return self
    end
end

local function boolean_setting(name, key, default)
    CheckpointConfig["is_" .. name] = function(self)
        return self.configuration:get_boolean(PREFIX .. key, default)
    end
    CheckpointConfig["set_" .. name] = function(self, value)
        local checked, message = args.is_boolean(value)
        if checked == nil then
            args.bad(1, "set_" .. name, message)
        end
        self.configuration:set_boolean(PREFIX .. key, checked)
        return self
    end
end

local function enum_setting(getter, setter, key, members, default)
    local check = enum.check(members)
    CheckpointConfig[getter] = function(self)
        return self.configuration:get_string(PREFIX .. key, default)
    end
    CheckpointConfig[setter] = function(self, value)
        local checked, message = check(value)
        if not checked then
            args.bad(1, setter, message)
        end
        self.configuration:set_string(PREFIX .. key, checked)
        return self
    end
end

--- Is a checkpoint interval set?
function CheckpointConfig:is_checkpointing_enabled()
    return self:get_checkpoint_interval() > 0
end

--- EXACTLY_ONCE or AT_LEAST_ONCE: `get_checkpointing_mode()`,
-- `set_checkpointing_mode(mode)`; newer names end in `_consistency_mode`.
enum_setting("get_checkpointing_mode", "set_checkpointing_mode", "mode", CheckpointingMode,
    CheckpointingMode.EXACTLY_ONCE)
enum_setting("get_checkpointing_consistency_mode", "set_checkpointing_consistency_mode", "mode",
    CheckpointingMode, CheckpointingMode.EXACTLY_ONCE)

--- Milliseconds: `get_` and `set_` of `checkpoint_interval` (-1: none set),
-- `checkpoint_timeout`, `min_pause_between_checkpoints`, `alignment_timeout`,
-- `aligned_checkpoint_timeout`.
millis_setting("checkpoint_interval", "interval", 10, -1)
millis_setting("checkpoint_timeout", "timeout", 10, CheckpointConfig.DEFAULT_TIMEOUT)
millis_setting("min_pause_between_checkpoints", "min-pause", 0, 0)
millis_setting("alignment_timeout", "aligned-checkpoint-timeout", 0, 0)
millis_setting("aligned_checkpoint_timeout", "aligned-checkpoint-timeout", 0, 0)

--- Numbers: `get_` and `set_` of `max_concurrent_checkpoints`,
-- `tolerable_checkpoint_failure_number`.
number_setting("max_concurrent_checkpoints", "max-concurrent-checkpoints", 1, 1)
number_setting("tolerable_checkpoint_failure_number", "tolerable-failed-checkpoints", 0, 0)

--- Switches: `is_` and `set_` of `fail_on_checkpointing_errors`,
-- `prefer_checkpoint_for_recovery`, `force_unaligned_checkpoints`.
boolean_setting("fail_on_checkpointing_errors", "fail-on-errors", true)
boolean_setting("prefer_checkpoint_for_recovery", "prefer-checkpoint-for-recovery", false)
boolean_setting("force_unaligned_checkpoints", "unaligned.forced", false)

--- Turns unaligned checkpoints on or off.
-- @tparam[opt=true] boolean enabled
function CheckpointConfig:enable_unaligned_checkpoints(enabled)
    self.configuration:set_boolean(PREFIX .. "unaligned.enabled", enabled ~= false)
    return self
end

--- Turns unaligned checkpoints off.
function CheckpointConfig:disable_unaligned_checkpoints()
    return self:enable_unaligned_checkpoints(false)
end

--- Are unaligned checkpoints on?
function CheckpointConfig:is_unaligned_checkpoints_enabled()
    return self.configuration:get_boolean(PREFIX .. "unaligned.enabled", false)
end

local RETENTION = "externalized-checkpoint-retention"

--- What becomes of the last checkpoint when a job is cancelled: `get_` and
-- `set_` of `externalized_checkpoint_cleanup` and, its newer name,
-- `externalized_checkpoint_retention`.
enum_setting("get_externalized_checkpoint_cleanup", "set_externalized_checkpoint_cleanup",
    RETENTION, Cleanup, Cleanup.NO_EXTERNALIZED_CHECKPOINTS)
enum_setting("get_externalized_checkpoint_retention", "set_externalized_checkpoint_retention",
    RETENTION, Cleanup, Cleanup.NO_EXTERNALIZED_CHECKPOINTS)

--- Older name of `set_externalized_checkpoint_cleanup`.
CheckpointConfig.enable_externalized_checkpoints =
    CheckpointConfig.set_externalized_checkpoint_cleanup

--- Is the last checkpoint kept?
function CheckpointConfig:is_externalized_checkpoints_enabled()
    return self:get_externalized_checkpoint_cleanup() ~= Cleanup.NO_EXTERNALIZED_CHECKPOINTS
end

--- Sets the folder that checkpoints are kept in.
-- @tparam string dir
function CheckpointConfig:set_checkpoint_storage_dir(dir)
    local checked, message = args.is_string(dir)
    if not checked then
        args.bad(1, "set_checkpoint_storage_dir", message)
    end
    self.configuration:set_string(PREFIX .. "dir", checked)
    return self
end

--- Sets where checkpoints are kept. Only the folder's name, for now.
-- @param storage a folder
function CheckpointConfig:set_checkpoint_storage(storage)
    if type(storage) ~= "string" then
        errors.unsupported "CheckpointConfig.set_checkpoint_storage with a storage object"
    end
    return self:set_checkpoint_storage_dir(storage)
end

--- The folder that checkpoints are kept in, or nil.
function CheckpointConfig:get_checkpoint_storage()
    return self.configuration:get_string(PREFIX .. "dir")
end

return {
    CheckpointConfig = CheckpointConfig,
    CheckpointingMode = CheckpointingMode,
    ExternalizedCheckpointCleanup = Cleanup,
}
