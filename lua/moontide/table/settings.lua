--- EnvironmentSettings: what a table environment begins with.
-- @module moontide.table.settings
local args = require "moontide.args"
local class = require "moontide.class"
local Configuration = require "moontide.common.configuration"
local errors = require "moontide.error"

local EnvironmentSettings = class.new "EnvironmentSettings"
local Builder = class.new "EnvironmentSettings.Builder"

--- A builder with the defaults: streaming, `default_catalog`, `default_database`.
-- @usage EnvironmentSettings.new_instance():in_streaming_mode():build()
function EnvironmentSettings.new_instance()
    return setmetatable({ catalog = "default_catalog", database = "default_database",
        streaming = true,
        configuration = Configuration() }, Builder)
end

--- Rows as they come; the default.
function Builder:in_streaming_mode()
    self.streaming = true
    return self
end

--- Bounded input, whole results. Runs as in streaming mode; printed results have no
-- column `op`.
-- @treturn EnvironmentSettings.Builder
function Builder:in_batch_mode()
    self.streaming = false
    return self
end

local function name_setter(method, field)
    Builder[method] = function(self, name)
        if type(name) ~= "string" or name == "" then
            args.bad(1, method, "name expected, got " .. args.type_name(name))
        end
        self[field] = name
        return self
    end
end

--- The name of the catalog that is there from the start.
-- @function Builder:with_built_in_catalog_name
name_setter("with_built_in_catalog_name", "catalog")
--- The name of its database.
-- @function Builder:with_built_in_database_name
name_setter("with_built_in_database_name", "database")

--- Settings by their keys.
-- @tparam Configuration configuration
-- @treturn EnvironmentSettings.Builder
function Builder:with_configuration(configuration)
    self.configuration:add_all(configuration)
    return self
end

--- Planners of older releases: there is one here, so these change nothing.
function Builder:use_blink_planner()
    return self
end

Builder.use_old_planner, Builder.use_any_planner = Builder.use_blink_planner,
    Builder.use_blink_planner

--- The settings.
-- @treturn EnvironmentSettings
function Builder:build()
    return setmetatable({ catalog = self.catalog, database = self.database,
        streaming = self.streaming,
        configuration = Configuration(self.configuration) }, EnvironmentSettings)
end

--- Settings with the defaults in streaming mode.
function EnvironmentSettings.in_streaming_mode()
    return EnvironmentSettings.new_instance():build()
end

--- Settings with the defaults in batch mode.
function EnvironmentSettings.in_batch_mode()
    return EnvironmentSettings.new_instance():in_batch_mode():build()
end

--- Settings from a configuration.
-- @tparam Configuration configuration
function EnvironmentSettings.from_configuration(configuration)
    local builder = EnvironmentSettings.new_instance():with_configuration(configuration)
    local mode = configuration:get_string("execution.runtime-mode", "STREAMING"):upper()
    if mode == "BATCH" then
        builder:in_batch_mode()
    elseif mode ~= "STREAMING" then
        errors.raise("OPTION",
            "setting 'execution.runtime-mode' must be STREAMING or BATCH for tables, is '%s'",
            mode)
    end
    -- The flag says it from here on.
    builder.configuration:remove_config "execution.runtime-mode"
    return builder:build()
end

--- The settings as a configuration.
function EnvironmentSettings:get_configuration()
    return Configuration(self.configuration):set_string("execution.runtime-mode",
        self.streaming and "STREAMING" or "BATCH")
end

EnvironmentSettings.to_configuration = EnvironmentSettings.get_configuration

--- The name of the catalog that is there from the start.
-- @treturn string
function EnvironmentSettings:get_built_in_catalog_name()
    return self.catalog
end

--- The name of its database.
-- @treturn string
function EnvironmentSettings:get_built_in_database_name()
    return self.database
end

--- Is it streaming mode?
-- @treturn boolean
function EnvironmentSettings:is_streaming_mode()
    return self.streaming
end

--- True: there is one planner here.
-- @treturn boolean
function EnvironmentSettings:is_blink_planner() -- luacheck: ignore self
    return true
end

return EnvironmentSettings
