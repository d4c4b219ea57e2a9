--- Random expressions have the values that SQLite gives them.
local moontide = require "moontide"
local process = require "process"
local random_expressions = require "random_expressions"

--- A line a value.
local function by_sqlite(exprs)
    local script = { "PRAGMA case_sensitive_like = ON;", ".nullvalue NULL",
        "CREATE TABLE t (n INTEGER, a BIGINT, b BIGINT, s TEXT, t TEXT, c INTEGER, x REAL);" }
    for i, row in ipairs(random_expressions.ROWS) do
        script[#script + 1] = ("INSERT INTO t VALUES (%d, %s);"):format(i, table.concat(row, ", "))
    end
    for _, expr in ipairs(exprs) do
        script[#script + 1] = ("SELECT %s FROM t ORDER BY n;"):format(expr)
    end
    local name, lines = os.tmpname(), {}
    process.write(name, table.concat(script, "\n") .. "\n")
    local pipe = assert(io.popen("sqlite3 -batch :memory: <" .. name .. " 2>&1"))
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    pipe:close()
    os.remove(name)
    return lines
end

describe("random expressions", function()
    it("have the values that SQLite gives them", function()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        assert.is_nil(random_expressions.compare {
            dialect = "sqlite", count = 600, depth = 4, compute = by_sqlite,
            t_env = moontide.StreamTableEnvironment.create(env),
        })
    end)
end)
