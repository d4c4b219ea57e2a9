-- What tables write: scripts of their own, since a print sink writes to the
-- process's output.
local process = require "process"

describe("tables write", function()
    local HEAD = [[
        local moontide = require "moontide"
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        local t_env = moontide.StreamTableEnvironment.create(env)
        t_env:execute_sql "SET 'table.dml-sync' = 'true'"
        t_env:execute_sql [=[CREATE TABLE numbers (n BIGINT, half INT) WITH (
            'connector' = 'datagen', 'number-of-rows' = '3',
            'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '3',
            'fields.half.kind' = 'sequence', 'fields.half.start' = '4',
            'fields.half.end' = '6')]=]
    ]]

    -- The output's lines, and the whole result, of a script behind HEAD.
    local function run(script)
        local path = process.write(os.tmpname(), HEAD .. script)
        local result = process.run_script(path)
        os.remove(path)
        return process.lines(result.out), result
    end

    it("NULL into columns that an INSERT leaves out", function()
        local lines, result = run [[
            t_env:execute_sql "CREATE TABLE out (x STRING, n BIGINT, y ARRAY<INT>, half INT) \
                WITH ('connector' = 'print')"
            t_env:execute_sql "INSERT INTO out (half, n) SELECT half, n FROM numbers"
        ]]
        assert.equal("", result.err)
        assert.same({ "+I[null, 1, null, 4]", "+I[null, 2, null, 5]", "+I[null, 3, null, 6]" },
            lines)
    end)

    for _, parallelism in ipairs { 1, 4 } do
        it(("every row of one source into two sinks, from %d subtasks"):format(parallelism),
            function()
                local lines, result = run(([[
                    env:set_parallelism(%d)
                    t_env:execute_sql "CREATE TABLE many (id INT, twin BIGINT) WITH ( \
                        'connector' = 'datagen', 'fields.id.kind' = 'sequence', \
                        'fields.id.start' = '1', 'fields.id.end' = '3000', \
                        'fields.twin.kind' = 'sequence', \
                        'fields.twin.start' = '1', 'fields.twin.end' = '3000')"
                    for _, name in ipairs { "a", "b" } do
                        t_env:execute_sql(("CREATE TABLE %%s (x BIGINT, y BIGINT) WITH ( \
                            'connector' = 'print', 'print-identifier' = '%%s')"):format(name, name))
                    end
                    t_env:execute_sql "EXECUTE STATEMENT SET BEGIN \
                        INSERT INTO a SELECT id, twin FROM many; \
                        INSERT INTO b (x) SELECT id FROM many; END"
                ]]):format(parallelism))
                assert.equal("", result.err)
                local counts, twins = { a = 0, b = 0 }, 0
                local seen = { a = {}, b = {} }
                for _, line in ipairs(lines) do
                    local sink, x, y = line:match "^([ab]):?%d*> %+I%[(%d+), (%w+)%]$"
                    assert(sink and not seen[sink][x], line)
                    seen[sink][x], counts[sink] = true, counts[sink] + 1
                    twins = twins + (y == "null" and 0 or 1)
                end
                assert.same({ a = 3000, b = 3000 }, counts)
                assert.equal(3000, twins)
            end)
    end

    -- Rows with and without NULLs, into a table that has none in `a` and `b`.
    local STRICT = [[
        local Types = moontide.Types
        local rows = {}
        for i = 1, 10 do
            rows[i] = { i % 3 == 0 and moontide.null or i,
                i % 4 == 0 and moontide.null or "t" .. i }
        end
        t_env:create_temporary_view("v", env:from_collection(rows,
            Types.ROW { Types.INT(), Types.STRING() }), { "n", "t" })
        t_env:execute_sql "CREATE TABLE out (a BIGINT NOT NULL, b STRING, c STRING NOT NULL) \
            WITH ('connector' = 'print')"
        local function write()
            return t_env:execute_sql "INSERT INTO out SELECT n, t, t FROM v"
        end
    ]]

    it("no NULL into columns that are NOT NULL", function()
        local lines, result = run(STRICT .. "write()")
        assert.equal(1, result.status)
        assert.matches("Calc(select=[a, b, c])", result.err, 1, true)
        assert.matches("column 'a' is NOT NULL, but row 2 has NULL; "
            .. "'table.exec.sink.not-null-enforcer' = 'DROP' would leave such rows out",
            result.err, 1, true)
        assert.matches("a=null, b=t3, c=t3", result.err, 1, true)
        assert.same({}, lines)
    end)

    it("none of the rows that have one, where they are told so", function()
        local lines, result = run(STRICT .. [[
            t_env:execute_sql "SET 'table.exec.sink.not-null-enforcer' = 'DROP'"
            for _, metric in ipairs(write():get_job_client():metrics()) do
                if metric.name == "records.dropped" then
                    print(metric.operator, metric.value)
                end
            end
        ]])
        assert.equal("", result.err)
        assert.same({ "+I[1, t1, t1]", "+I[2, t2, t2]", "+I[5, t5, t5]", "+I[7, t7, t7]",
            "+I[10, t10, t10]", "Calc(select=[a, b, c])\t5" }, lines)
    end)
end)
