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
end)
