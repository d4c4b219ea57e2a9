--- Random expressions have the values that PostgreSQL gives them.
local moontide = require "moontide"
local process = require "process"
local random_expressions = require "random_expressions"

local SERVER = "spec/live/servers/postgres"
local HOME = os.getenv "POSTGRES_HOME" or "build/live/postgres-functions"

local function server(verb)
    return process.run(("POSTGRES_HOME=%s %s %s"):format(process.quote(HOME), SERVER, verb), 120)
end

local address

--- A line a value.
local function by_postgres(exprs)
    local types = { "BIGINT", "BIGINT", "TEXT", "TEXT", "BOOLEAN", "DOUBLE PRECISION" }
    local script = { "\\pset null NULL", "SET standard_conforming_strings = on;",
        "CREATE TEMPORARY TABLE t (n SERIAL, a BIGINT, b BIGINT, s TEXT COLLATE \"C\", "
            .. "t TEXT COLLATE \"C\", c BOOLEAN, x DOUBLE PRECISION);",
        ("INSERT INTO t (a, b, s, t, c, x) SELECT * FROM %s AS v;"):format(
            random_expressions.from(types)) }
    for _, expr in ipairs(exprs) do
        script[#script + 1] = ("SELECT %s FROM t ORDER BY n;"):format(expr)
    end
    local name, lines = os.tmpname(), {}
    process.write(name, table.concat(script, "\n") .. "\n")
    local host, port = address:match "^(.*):(%d+)$"
    local pipe = assert(io.popen(("psql -X -q -A -t -h %s -p %s -U postgres postgres <%s 2>&1")
        :format(host, port, name)))
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    pipe:close()
    os.remove(name)
    return lines
end

describe("random expressions", function()
    setup(function()
        local started = server "start"
        assert(started.status == 0, started.err)
        address = started.out:match "%S+"
    end)

    teardown(function()
        server "clean"
    end)

    it("have the values that PostgreSQL gives them", function()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        assert.is_nil(random_expressions.compare {
            dialect = "postgres", count = 3000, depth = 5, compute = by_postgres,
            t_env = moontide.StreamTableEnvironment.create(env),
        })
    end)
end)
