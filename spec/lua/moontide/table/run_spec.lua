-- Tables that really run, on connectors that need no server.
local moontide = require "moontide"
local Row, Types = moontide.Row, moontide.Types

describe("jobs of tables", function()
    local env, t_env

    before_each(function()
        env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        t_env = moontide.StreamTableEnvironment.create(env)
        t_env:execute_sql [[CREATE TABLE numbers (n BIGINT, twice INT) WITH (
            'connector' = 'datagen', 'number-of-rows' = '3',
            'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '3',
            'fields.twice.kind' = 'sequence', 'fields.twice.start' = '2',
            'fields.twice.end' = '4')]]
        t_env:execute_sql "CREATE TABLE hole (n DECIMAL(10, 2)) WITH ('connector' = 'blackhole')"
    end)

    local function texts(iterator)
        local list = {}
        for row in iterator do
            list[#list + 1] = tostring(row)
        end
        return list
    end

    it("bring a query's rows to the program", function()
        local result = t_env:execute_sql "SELECT twice AS t, n FROM numbers"
        assert.same({ "Row(t=2, n=1)", "Row(t=3, n=2)", "Row(t=4, n=3)" }, texts(result:collect()))
        assert.equal("FINISHED", result:get_job_client():status())
    end)

    it("let wait() return at the first row, and lose none", function()
        t_env:execute_sql "CREATE TABLE endless (n INT) WITH ('connector' = 'datagen')"
        local result = t_env:execute_sql "SELECT n FROM endless"
        result:wait()
        local rows = result:collect()
        assert.is_number(rows:next()[1])
        rows:close()
        result = t_env:execute_sql "SELECT n FROM numbers"
        result:wait(10000)
        assert.equal(3, #texts(result:collect()))
    end)

    it("print them as a table", function()
        local lines = {}
        t_env:from_path("numbers"):select("n"):execute():print(function(line)
            lines[#lines + 1] = line
        end)
        assert.equal("| +I |                    3 |", lines[6])
        assert.equal("3 rows in set", lines[8])
    end)

    it("start an INSERT at once, and wait where told to", function()
        local result = t_env:execute_sql "INSERT INTO hole SELECT n FROM numbers"
        result:wait()
        assert.equal("FINISHED", result:get_job_client():status())
        assert.same({ "Row(default_catalog.default_database.hole=-1)" }, texts(result:collect()))
        t_env:get_config():set("table.dml-sync", "true")
        result = t_env:from_path("numbers"):select("n"):execute_insert "hole"
        assert.equal("FINISHED", result:get_job_client():status())
    end)

    it("run statement sets as one job", function()
        local result = t_env:execute_sql [[EXECUTE STATEMENT SET BEGIN
            INSERT INTO hole SELECT n FROM numbers;
            INSERT INTO hole SELECT twice FROM numbers; END]]
        result:wait()
        assert.same({ "default_catalog.default_database.hole_1",
            "default_catalog.default_database.hole_2" },
            result:get_table_schema():get_field_names())
        assert.matches("insert%-into_default_catalog", result:get_job_client():get_job_name())
    end)

    for _, parallelism in ipairs { 1, 4 } do
        describe(("at a parallelism of %d"):format(parallelism), function()
            local ROWS = 20000

            before_each(function()
                env:set_parallelism(parallelism)
                t_env:execute_sql(([[CREATE TABLE many (id BIGINT, half INT) WITH (
                    'connector' = 'datagen', 'rows-per-second' = '10000000',
                    'fields.id.kind' = 'sequence',
                    'fields.id.start' = '1', 'fields.id.end' = '%d',
                    'fields.half.kind' = 'sequence', 'fields.half.start' = '1',
                    'fields.half.end' = '%d')]]):format(ROWS, ROWS))
            end)

            -- The sum of a job's metric by operator.
            local function metric(client, name)
                local sums = {}
                for _, m in ipairs(client:metrics()) do
                    sums[m.operator] = (sums[m.operator] or 0) + (m.name == name and m.value or 0)
                end
                return sums
            end

            it("SELECT brings every row once", function()
                local result = t_env:execute_sql "SELECT half, id FROM many"
                local seen, count = {}, 0
                for row in result:collect() do
                    assert.is_nil(seen[row[2]])
                    seen[row[2]], count = true, count + 1
                    assert(row[1] >= 1 and row[1] <= ROWS)
                end
                assert.equal(ROWS, count)
                assert.is_true(seen[1] and seen[ROWS])
                assert.equal("FINISHED", result:get_job_client():status())
            end)

            it("SELECT can be left before its end", function()
                t_env:execute_sql "CREATE TABLE endless (n INT) WITH ('connector' = 'datagen')"
                local result = t_env:execute_sql "SELECT n FROM endless"
                local rows = result:collect()
                for _ = 1, 10 do
                    assert.is_number(rows:next()[1])
                end
                rows:close()
                assert.equal("CANCELED", result:get_job_client():status())
            end)

            it("statement sets bring every row of a source to each sink", function()
                t_env:execute_sql [[CREATE TABLE first (id BIGINT, half BIGINT)
                    WITH ('connector' = 'blackhole')]]
                t_env:execute_sql [[CREATE TABLE second (half INT)
                    WITH ('connector' = 'blackhole', 'sink.parallelism' = '3')]]
                local client = t_env:create_statement_set()
                    :add_insert_sql "INSERT INTO first SELECT id, half FROM many"
                    :add_insert("second", t_env:from_path("many"):select "half")
                    :execute():get_job_client()
                client:wait()
                local read = metric(client, "records.in")
                assert.equal(ROWS, read["Sink: first"])
                assert.equal(ROWS, read["Sink: second"])
                assert.equal(ROWS, metric(client, "records.out")["Source: many"])
            end)
        end)
    end

    it("run what insert_into and sql_update kept when execute() is called", function()
        t_env:from_path("numbers"):select("n"):insert_into "hole"
        t_env:sql_update "INSERT INTO hole SELECT twice FROM numbers"
        local result = t_env:execute "both"
        assert.matches("finished after", tostring(result))
        local ok, err = pcall(t_env.execute, t_env)
        assert.is_false(ok)
        assert.matches("No operators defined", err.message)
    end)

    it("pass tables through closures and back", function()
        local ds = t_env:to_append_stream(t_env:from_path "numbers",
            Types.ROW { Types.LONG(), Types.INT() })
            :map(function(record)
                return Row(record[1] * 10, "n" .. record[2])
            end, Types.ROW { Types.LONG(), Types.STRING() })
        local result = t_env:from_data_stream(ds, { "ten", "text" }):select("text, ten"):execute()
        assert.same({ "Row(text='n2', ten=10)", "Row(text='n3', ten=20)",
            "Row(text='n4', ten=30)" },
            texts(result:collect()))
    end)

    it("read streams by the names that views give them", function()
        local ds = env:from_collection({ { 1, "a" }, { 2, moontide.null } },
            Types.ROW { Types.INT(), Types.STRING() })
        t_env:create_temporary_view("v", ds, { "id", "name" })
        assert.same({ "Row(name='a', id=1)", "Row(name=nil, id=2)" },
            texts(t_env:execute_sql("SELECT name, id FROM v"):collect()))
    end)

    it("say in pairs whether a row is added", function()
        local rows = t_env:to_retract_stream(t_env:sql_query "SELECT n FROM numbers",
            Types.ROW { Types.LONG() }):execute_and_collect { limit = 1 }
        assert.is_true(rows[1][1])
        assert.equal(1, rows[1][2][1])
    end)

    it("refuse to overwrite where the connector only adds", function()
        t_env:execute_sql "CREATE TABLE shown (a INT) WITH ('connector' = 'print')"
        assert.error_matches(function()
            t_env:execute_sql "INSERT OVERWRITE shown VALUES (1)"
        end, "connector 'print' cannot overwrite")
    end)

    it("refuse connectors and options that don't exist, when the job is built", function()
        t_env:execute_sql "CREATE TABLE x (a INT) WITH ('connector' = 'datagne')"
        local _, err = pcall(t_env.execute_sql, t_env, "SELECT * FROM x")
        assert.matches("datagen", tostring(err))
        t_env:execute_sql [[CREATE TABLE y (a INT)
            WITH ('connector' = 'datagen', 'rows-per-secnd' = '1')]]
        _, err = pcall(t_env.execute_sql, t_env, "SELECT * FROM y")
        assert.matches("rows%-per%-second", tostring(err))
    end)
end)
