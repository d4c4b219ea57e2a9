local graph = require "moontide.graph"
local moontide = require "moontide"
local parser = require "moontide.sql.parser"
local plan_text = require "moontide.sql.plan_text"
local Planner = require "moontide.sql.planner"
local random_sql = require "random_sql"
local relation = require "moontide.sql.relation"
local rewrite = require "moontide.sql.rewrite"

local t_env

before_each(function()
    t_env = moontide.StreamTableEnvironment.create(
        moontide.StreamExecutionEnvironment.get_execution_environment())
    t_env.env:set_parallelism(1)
    t_env:execute_sql "CREATE TABLE t (a INT, b INT, c STRING) WITH ('connector' = 'datagen')"
    t_env:execute_sql [[CREATE TABLE timed (a INT, ts TIMESTAMP(3), twice AS a * 2,
        WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'datagen')]]
    local f = moontide.udf(function(x) return x end, { result_type = "INT", name = "f" })
    t_env:create_temporary_function("f", f)
    t_env:create_temporary_function("dice", moontide.udf(function() return 4 end,
        { result_type = "INT", deterministic = false, name = "dice" }))
    t_env:create_temporary_function("upto", moontide.udtf(function(n, collect)
        for i = 1, n do
            collect(i)
        end
    end, { result_types = { "INT" }, input_types = { "INT" }, name = "upto" }))
end)

local function analyzed(text)
    return t_env:analyzer(text):query(parser.parse(text).query)
end

-- The lines of the plan of a query.
local function plan(text)
    local lines = plan_text.plan(rewrite.relation(analyzed(text)), nil, function() end)
    return (table.concat(lines, "\n"):gsub("default_catalog, default_database, ", ""))
end

local SCAN = "TableSourceScan(table=[[t]], fields=[%s])"

describe("rewriting", function()
    it("makes one calc of those that follow each other", function()
        assert.equal("Calc(select=[a AS x, (a + 1) * 2 AS z], "
            .. "where=[(b > 1) AND ((a + 1) < 9)])\n+- " .. SCAN:format "a, b",
            plan [[SELECT x, y * 2 AS z FROM (SELECT a AS x, a + 1 AS y FROM t WHERE b > 1)
                WHERE y < 9]])
    end)

    it("leaves what selects everything out", function()
        assert.equal(SCAN:format "a, b, c", plan "SELECT * FROM (SELECT * FROM t) WHERE TRUE")
    end)

    it("computes a user's function no more often than it is written", function()
        assert.equal("Calc(select=[x, x + 1 AS y])\n+- Calc(select=[f(a) AS x])\n   +- "
            .. SCAN:format "a",
            plan "SELECT x, x + 1 AS y FROM (SELECT f(a) AS x, f(b) AS z FROM t)")
        assert.equal("Calc(select=[f(a) + 1 AS y])\n+- " .. SCAN:format "a",
            plan "SELECT x + 1 AS y FROM (SELECT f(a) AS x FROM t)")
    end)

    it("puts conditions below unions and leaves out columns nobody reads", function()
        assert.equal("Union(all=[true], union=[a])\n"
            .. "+- Calc(select=[a], where=[a > 1])\n   +- " .. SCAN:format "a" .. "\n"
            .. "+- Calc(select=[b AS a], where=[b > 1])\n   +- " .. SCAN:format "b",
            plan "SELECT a FROM (SELECT a, c FROM t UNION ALL SELECT b, c FROM t) WHERE a > 1")
    end)

    it("puts what needs no column of a table function below it", function()
        assert.equal("Calc(select=[a, n], where=[n > 1])\n"
            .. "+- Correlate(invocation=[upto(b)], select=[a, b, n], joinType=[INNER])\n"
            .. "   +- Calc(select=[a, b], where=[a > 5])\n      +- " .. SCAN:format "a, b",
            (plan "SELECT a, n FROM t, LATERAL TABLE(upto(b)) AS u(n) WHERE a > 5 AND n > 1"
                :gsub("Calc%(select=%[a, b, c%], where", "Calc(select=[a, b], where")
                :gsub("select=%[a, b, c, n%]", "select=[a, b, n]")
                :gsub("fields=%[a, b, c%]", "fields=[a, b]")))
    end)

    it("keeps conditions above a watermark and a limit", function()
        assert.equal("Calc(select=[a], where=[a > 1])\n"
            .. "+- WatermarkAssigner(rowtime=[ts], watermark=[ts - INTERVAL '+0 00:00:05.000'])\n"
            .. "   +- TableSourceScan(table=[[timed]], fields=[a, ts])",
            plan "SELECT a FROM timed WHERE a > 1")
        assert.equal("Calc(select=[a], where=[a > 1])\n+- Limit(offset=[0], fetch=[3])\n   +- "
            .. SCAN:format "a, b, c", plan "SELECT a FROM (SELECT * FROM t LIMIT 3) WHERE a > 1")
    end)

    it("never computes a computed column that nobody reads", function()
        assert.not_matches("a %* 2", plan "SELECT ts FROM timed")
        assert.matches("a %* 2 AS twice", plan "SELECT ts, twice FROM timed")
    end)

    it("makes no rows of what none can pass", function()
        assert.equal("Values(tuples=[[]])", plan "SELECT a FROM t WHERE FALSE")
        assert.equal("Values(tuples=[[]])", plan "SELECT a FROM t WHERE 1 > 2 AND b > 1")
        assert.equal("Values(tuples=[[]])", plan "SELECT * FROM t LIMIT 0")
        assert.equal("Calc(select=[a])\n+- " .. SCAN:format "a",
            plan "SELECT a FROM t UNION ALL SELECT b FROM t WHERE NULL")
    end)

    it("computes constants where they meet", function()
        assert.equal("Values(tuples=[[{ 3, 'x' }]])", plan "SELECT 1 + 2, 'x'")
        assert.equal("Values(tuples=[[{ 6 }]])", plan "SELECT x * 2 FROM (SELECT 1 + 2 AS x)")
        assert.equal("Calc(select=[a], where=[a > 3])\n+- " .. SCAN:format "a",
            plan "SELECT a FROM (SELECT a, 1 AS one FROM t) WHERE a > one + 2 AND one = 1")
    end)

    it("takes a field out of a row that is made on the spot", function()
        assert.equal("Calc(select=[b AS y])\n+- " .. SCAN:format "b",
            plan "SELECT r.y FROM (SELECT CAST((a, b) AS ROW<x INT, y INT>) AS r FROM t)")
    end)

    it("does not copy what is another each time", function()
        assert.equal("Calc(select=[x, x AS y])\n+- Calc(select=[dice() AS x])\n   +- "
            .. "TableSourceScan(table=[[t]], fields=[a])",
            (plan "SELECT x, x AS y FROM (SELECT dice() AS x FROM t)"
                :gsub("fields=%[%]", "fields=[a]")))
    end)

    it("bounds expressions that double with each level", function()
        for _, from in ipairs { "t", "(SELECT RAND() AS a) AS r" } do
            local text = ("SELECT a + a AS a FROM ("):rep(60) .. "SELECT a FROM " .. from
                .. (") AS x"):rep(60)
            assert.is_true(#plan(text) < 1e6)
        end
    end)

    it("refuses what no machine could run", function()
        local names = { "v0 AS (SELECT a FROM t)" }
        for i = 1, 40 do
            names[i + 1] = ("v%d AS (TABLE v%d UNION ALL TABLE v%d)"):format(i, i - 1, i - 1)
        end
        local ok, err = pcall(plan, "WITH " .. table.concat(names, ", ") .. " TABLE v40")
        assert.is_false(ok)
        assert.matches("the query has %d+ parts", err.message)
    end)

    it("leaves the relation that it is given as it is", function()
        local rel = analyzed "SELECT a + 1 AS x FROM (SELECT a FROM t WHERE b > 1) WHERE a < 3"
        local before = table.concat(plan_text.tree(rel), "\n")
        rewrite.relation(rel)
        assert.equal(before, table.concat(plan_text.tree(rel), "\n"))
    end)
end)

-- ---- the same rows with and without -----------------------------------------------------

-- Queries over VALUES whose columns are p, q (INT) and s (STRING).
local make

local function condition(random, depth)
    local form = depth > 0 and random:upto(7) or random:upto(4)
    local n = random:upto(5) - 1
    if form == 1 then
        return ("p > %d"):format(n)
    elseif form == 2 then
        return ("q + p <= %d"):format(n * 2)
    elseif form == 3 then
        return random:pick { "q IS NOT NULL", "s LIKE 'a%'", "s IS NULL", "TRUE", "p IN (1, 3, q)" }
    elseif form == 4 then
        return ("q BETWEEN p AND %d"):format(n)
    end
    local op = random:pick { "AND", "OR", "AND NOT" }
    return ("(%s) %s (%s)"):format(condition(random, depth - 1), op, condition(random, depth - 1))
end

local ITEMS = { "p", "q", "p + 1", "p * q", "q - 2", "COALESCE(q, p)", "CASE WHEN p > 2 THEN q END",
    "7", "CAST(NULL AS INT)", "-p" }
local TEXTS = { "s", "s || 'x'", "'k'", "CAST(p AS STRING)", "CASE WHEN q > 1 THEN s ELSE 'z' END" }

local function values(random)
    local rows = {}
    for i = 1, random:upto(5) do
        rows[i] = ("(%d, %s, %s)"):format(random:upto(5),
            random:pick { "NULL", "1", "2", "4" }, random:pick { "NULL", "'a'", "'ab'", "'b'" })
    end
    return ("SELECT p, q, CAST(s AS STRING) AS s FROM (VALUES %s, (0, 0, '')) AS v(p, q, s)")
        :format(table.concat(rows, ", "))
end

make = function(random, depth)
    if depth == 0 then
        return values(random)
    end
    local form = random:upto(5)
    local inner = make(random, depth - 1)
    if form == 1 then
        return ("SELECT p, q, s FROM (%s) AS x WHERE %s"):format(inner, condition(random, 2))
    elseif form == 2 then
        return ("%s UNION ALL %s"):format(inner, make(random, depth - 1))
    end
    return ("SELECT %s AS p, %s AS q, %s AS s FROM (%s) AS x%s"):format(random:pick(ITEMS),
        random:pick(ITEMS), random:pick(TEXTS), inner,
        random:once_in(2) and " WHERE " .. condition(random, 2) or "")
end

-- A calc for each projection and filter, just as they stand.
local function plain(rel)
    local copy = {}
    for key, value in pairs(rel) do
        copy[key] = value
    end
    if rel.inputs then
        copy.inputs = {}
        for i, input in ipairs(rel.inputs) do
            copy.inputs[i] = plain(input)
        end
    elseif rel.input then
        copy.input = plain(rel.input)
    end
    if rel.kind == "filter" then
        copy.kind, copy.exprs = "calc", {}
        for i, column in ipairs(rel.columns) do
            copy.exprs[i] = relation.input(i, column.type)
        end
    elseif rel.kind == "project" then
        copy.kind = "calc"
    end
    return copy
end

local function rows_of(sink)
    local client, ids = t_env.env:start("rewrite", { sink })
    local rows = {}
    for row in require "moontide.datastream.collect"(client, ids[sink]) do
        rows[#rows + 1] = tostring(row)
    end
    table.sort(rows)
    return rows
end

describe("rewriting random queries", function()
    it("changes no row", function()
        local seed = random_sql.seed()
        local random = random_sql.new(seed)
        for _ = 1, 6 do
            local text = make(random, 4)
            local rel = analyzed(text)
            local planner = Planner.new(t_env.env.configuration)
            local before = rows_of(graph.collect(planner:transformation(plain(rel))))
            assert.same(before, rows_of(planner:collect(rel)), ("%s (SEED=%d)"):format(text, seed))
        end
    end)
end)
