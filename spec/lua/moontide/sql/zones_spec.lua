local moontide = require "moontide"

local t_env

before_each(function()
    t_env = moontide.StreamTableEnvironment.create(
        moontide.StreamExecutionEnvironment.get_execution_environment())
    t_env.env:set_parallelism(1)
    t_env:get_config():set_local_timezone "Europe/Berlin"
    -- What is computed when the job runs is not folded.
    t_env:create_temporary_function("millis", moontide.udf(function(n)
        return n
    end, { input_types = { "BIGINT" }, result_type = "BIGINT" }))
end)

local function printed(text)
    local lines = {}
    t_env:execute_sql(text):print(function(line)
        lines[#lines + 1] = line:match "^| %+I |%s*(.-)%s*|$"
    end)
    return lines
end

-- 01:00 in UTC, the second time that Berlin's clocks showed 02:00.
local TWICE = "TO_TIMESTAMP_LTZ(1603587600000, 3)"

describe("the session's time zone", function()
    it("is what instants are printed in, also within other values", function()
        assert.same({ "2020-10-25 02:00:00.000" }, printed("SELECT " .. TWICE))
        assert.same({ "[1970-01-01 01:00:00.000]" },
            printed "SELECT ARRAY[TO_TIMESTAMP_LTZ(0, 3)]")
        assert.same({ "(1, 1970-01-01 01:00:00.000)" },
            printed "SELECT ROW(1, TO_TIMESTAMP_LTZ(0, 3))")
        assert.same({ "1970-01-01 00:00:00.000" },
            printed "SELECT TIMESTAMP '1970-01-01 00:00:00.000'")
    end)

    it("counts for a cast that is all that a query does", function()
        t_env:execute_sql("CREATE TEMPORARY VIEW v AS SELECT TO_TIMESTAMP_LTZ(millis(0), 3) AS at")
        local table_of_casts = t_env:sql_query "SELECT * FROM v"
        t_env:create_temporary_view("stream", t_env:to_data_stream(table_of_casts))
        assert.same({ "1970-01-01 01:00:00.000" }, printed "SELECT CAST(at AS STRING) FROM stream")
        assert.same({ "1970-01-01 01:00:00.000" },
            printed "SELECT CAST(at AS TIMESTAMP(3)) FROM stream")
    end)

    it("keeps constant instants apart that clocks show alike", function()
        t_env:execute_sql("CREATE TEMPORARY VIEW v (at) AS VALUES (" .. TWICE .. ")")
        assert.same({ "2020-10-25T01:00:00.000Z" },
            printed "SELECT JSON_UNQUOTE(JSON_STRING(at)) FROM v")
        assert.equal("2020-10-25 01:00:00.000Z",
            tostring(t_env:execute_sql("SELECT at FROM v"):collect()()[1]))
    end)

    it("is refused where it is none, by what needs it", function()
        t_env:get_config():set_local_timezone "Mars/Phobos"
        assert.error_matches(function()
            printed("SELECT " .. TWICE)
        end, "'Mars/Phobos' is no time zone")
    end)
end)
