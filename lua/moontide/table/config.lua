--- TableConfig: a table environment's settings.
--
-- They live in the Configuration that is shared with the stream environment;
-- the methods here read and write it by Flink's keys.
-- @module moontide.table.config
local args = require "moontide.args"
local class = require "moontide.class"
local Configuration = require "moontide.common.configuration"
local Duration = require "moontide.common.duration"
local enum = require "moontide.enum"

local TableConfig = class.new "TableConfig"

local SqlDialect = enum.new("SqlDialect", { "DEFAULT" }, { "HIVE" })

--- What EXPLAIN may be asked to add; accepted, without more to show so far.
local ExplainDetail = enum.new("ExplainDetail", {
    "ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE",
})

--- Made by environments.
-- @tparam[opt] Configuration configuration
function TableConfig.__init(_, configuration)
    return setmetatable({ configuration = configuration or Configuration() }, TableConfig)
end

--- Settings that belong to no environment.
function TableConfig.get_default()
    return TableConfig()
end

--- The Configuration.
-- @usage t_env:get_config():get_configuration():set_string("pipeline.name", "job")
function TableConfig:get_configuration()
    return self.configuration
end

--- Adds the entries of another Configuration.
function TableConfig:add_configuration(configuration)
    self.configuration:add_all(configuration)
end

--- Sets a value by its key. Fluent.
-- @tparam string key
-- @param value string, number or boolean
-- @usage t_env:get_config():set("table.dml-sync", "true")
function TableConfig:set(key, value)
    self.configuration:set(key, value)
    return self
end

--- Reads a value by its key.
function TableConfig:get(key, default)
    return self.configuration:get_string(key, default)
end

--- All entries as a table.
function TableConfig:to_map()
    return self.configuration:to_dict()
end

--- The session's time zone; "default" is the machine's.
function TableConfig:get_local_timezone()
    return self.configuration:get_string("table.local-time-zone", "default")
end

--- Sets the session's time zone.
-- @tparam string timezone_id "UTC", "Europe/Paris", "GMT+03:00"
function TableConfig:set_local_timezone(timezone_id)
    self.configuration:set_string("table.local-time-zone", timezone_id)
end

local is_duration = class.check(Duration)

local function millis_of(method, value, position)
    local duration, message = is_duration(value)
    if not duration then
        args.bad(position or 1, method, message)
    end
    return ("%d ms"):format(duration.millis)
end

--- How long the state of an idle key is kept.
-- @tparam Duration duration
function TableConfig:set_idle_state_retention(duration)
    self.configuration:set_string("table.exec.state.ttl",
        millis_of("set_idle_state_retention", duration))
end

--- How long the state of an idle key is kept; no time at all means for ever.
-- @treturn Duration
function TableConfig:get_idle_state_retention()
    local text = self.configuration:get_string("table.exec.state.ttl", "0 ms")
    return Duration.of_millis(Duration.parse_millis(text) or 0)
end

--- The older form; the longest time has no meaning of its own.
function TableConfig:set_idle_state_retention_time(min_time, max_time)
    millis_of("set_idle_state_retention_time", max_time, 2)
    self.configuration:set_string("table.exec.state.ttl",
        millis_of("set_idle_state_retention_time", min_time))
end

--- The shortest time in milliseconds.
function TableConfig:get_min_idle_state_retention_time()
    return self:get_idle_state_retention().millis
end

--- One and a half times the shortest, as Flink has it.
function TableConfig:get_max_idle_state_retention_time()
    return self:get_idle_state_retention().millis * 1.5
end

--- The SQL dialect.
function TableConfig:get_sql_dialect()
    return self.configuration:get_string("table.sql-dialect", "default"):upper()
end

--- Sets the SQL dialect; there is SqlDialect.DEFAULT.
-- @tparam string dialect
function TableConfig:set_sql_dialect(dialect)
    local value, message = enum.check(SqlDialect)(dialect)
    if not value then
        args.bad(1, "set_sql_dialect", message)
    end
    self.configuration:set_string("table.sql-dialect", value:lower())
end

-- ---- settings of other machines: kept and given back -------------------------------------

local function kept(name, key, default)
    TableConfig["get_" .. name] = function(self)
        return self.configuration:get_string(key, default)
    end
    TableConfig["set_" .. name] = function(self, value)
        self.configuration:set(key, value)
    end
end

--- Kept without effect: closures are Lua. @function TableConfig:set_python_executable
kept("python_executable", "python.executable", "python")

--- Kept without effect. @function TableConfig:set_max_generated_code_length
kept("max_generated_code_length", "table.generated-code.max-length", "4000")

--- Kept without effect: NULL is always checked.
-- @treturn boolean
function TableConfig:get_null_check()
    return self.configuration:get_boolean("table.null-check", true)
end

--- Kept without effect, see `get_null_check`.
-- @tparam boolean value
function TableConfig:set_null_check(value)
    self.configuration:set_boolean("table.null-check", value)
end

class.later(TableConfig, { "get_decimal_context", "set_decimal_context" })

return { TableConfig = TableConfig, SqlDialect = SqlDialect, ExplainDetail = ExplainDetail }
