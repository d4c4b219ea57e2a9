local moontide = require "moontide"
local Configuration = moontide.Configuration
local EnvironmentSettings = moontide.EnvironmentSettings
local TableEnvironment = moontide.TableEnvironment

describe("EnvironmentSettings", function()
    it("has Flink's defaults", function()
        local settings = EnvironmentSettings.new_instance():use_blink_planner():build()
        assert.equal("default_catalog", settings:get_built_in_catalog_name())
        assert.equal("default_database", settings:get_built_in_database_name())
        assert.is_true(settings:is_streaming_mode())
        assert.is_true(EnvironmentSettings.in_streaming_mode():is_streaming_mode())
        assert.is_false(EnvironmentSettings.in_batch_mode():is_streaming_mode())
    end)

    it("names the built-in catalog and database", function()
        local t_env = TableEnvironment.create(EnvironmentSettings.new_instance()
            :with_built_in_catalog_name("c"):with_built_in_database_name("d"):build())
        assert.equal("c", t_env:get_current_catalog())
        assert.equal("d", t_env:get_current_database())
    end)

    it("comes from a configuration and goes back to one", function()
        local settings = EnvironmentSettings.from_configuration(
            Configuration { ["execution.runtime-mode"] = "BATCH", x = "y" })
        assert.is_false(settings:is_streaming_mode())
        local back = settings:to_configuration()
        assert.equal("BATCH", back:get_string "execution.runtime-mode")
        assert.equal("y", back:get_string "x")
        assert.has_error(function()
            EnvironmentSettings.from_configuration(
                Configuration { ["execution.runtime-mode"] = "X" })
        end)
    end)

    it("brings its configuration into the environment", function()
        local t_env = TableEnvironment.create(Configuration { ["table.dml-sync"] = true })
        assert.equal("true", t_env:get_config():get("table.dml-sync"))
    end)
end)

describe("TableConfig", function()
    local config

    before_each(function()
        config = TableEnvironment.create():get_config()
    end)

    it("shares the stream environment's configuration", function()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        local t_env = moontide.StreamTableEnvironment.create(env)
        t_env:get_config():get_configuration():set_string("pipeline.name", "x")
        assert.equal("x", env:get_configuration():get_string "pipeline.name")
    end)

    it("sets and reads by key", function()
        config:set("a", "b"):set("n", 1)
        assert.equal("b", config:get("a"))
        assert.equal("1", config:get("n"))
        assert.equal("default", config:get("missing", "default"))
        assert.equal("b", config:to_map().a)
    end)

    it("keeps time zone, retention and dialect under Flink's keys", function()
        assert.equal("default", config:get_local_timezone())
        config:set_local_timezone "UTC"
        assert.equal("UTC", config:get "table.local-time-zone")
        config:set_idle_state_retention(moontide.Duration.of_minutes(2))
        assert.equal("120000 ms", config:get "table.exec.state.ttl")
        assert.equal(120000, config:get_idle_state_retention():to_millis())
        assert.equal(120000, config:get_min_idle_state_retention_time())
        assert.equal(180000, config:get_max_idle_state_retention_time())
        config:set_sql_dialect(moontide.SqlDialect.DEFAULT)
        assert.equal("DEFAULT", config:get_sql_dialect())
        assert.has_error(function()
            return moontide.SqlDialect.HIVE
        end)
    end)

    it("gives back what has no effect", function()
        assert.equal("python", config:get_python_executable())
        config:set_python_executable "python3"
        assert.equal("python3", config:get_python_executable())
        config:set_null_check(false)
        assert.is_false(config:get_null_check())
    end)
end)
