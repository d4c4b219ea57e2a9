local moontide = require "moontide"

local env, t_env

before_each(function()
    env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    t_env = moontide.StreamTableEnvironment.create(env)
    t_env:execute_sql [[CREATE TABLE files (a INT, b STRING, d DATE, size BIGINT METADATA FROM
        'file.size') PARTITIONED BY (d) WITH ('connector' = 'filesystem', 'path' = '/none',
        'format' = 'csv')]]
    t_env:execute_sql [[CREATE TABLE s (x BIGINT, y STRING) WITH ('connector' = 'blackhole')]]
    t_env:execute_sql [[CREATE TABLE plain (a INT, b STRING, c BOOLEAN)
        WITH ('connector' = 'datagen')]]
end)

-- The plan of an INSERT's text, or of several.
local function insert(...)
    for _, text in ipairs { ... } do
        t_env:sql_update(text)
    end
    local insertions = t_env.buffered
    t_env.buffered = {}
    t_env:attach_inserts(insertions)
    local plan = env:plan("job", env.sinks)
    env.sinks = {}
    return plan
end

local function of_kind(plan, kind)
    local list = {}
    for _, node in ipairs(plan.nodes) do
        list[#list + 1] = node.kind == kind and node or nil
    end
    return list
end

local function source(...)
    return of_kind(insert(...), "source")[1]
end

-- A source's filters as text.
local function filters(where)
    local parts = {}
    for _, one in ipairs(source("INSERT INTO s SELECT a, b FROM files WHERE " .. where).filters
        or {}) do
        parts[#parts + 1] = ("%d %s %s"):format(one.column, one.op, table.concat(one.values, ","))
    end
    return table.concat(parts, "; ")
end

describe("what sources are told", function()
    it("are the parts of a condition that stand on one column", function()
        assert.equal("0 > 1; 1 = x; 2 <= 2020-01-01",
            filters "a > 1 AND b = 'x' AND DATE '2020-1-1' >= d AND a + 1 > 3")
        assert.equal("0 IN 1,2; 1 IS NULL ; 0 <> 7",
            filters "a IN (1, 2) AND b IS NULL AND 7 <> a AND (a = 1 OR b = 'y')")
        assert.equal("0 >= 1; 0 <= 5", filters "a BETWEEN 1 AND 5")
        assert.equal("0 > 3", filters "a > 1 + 2")
        assert.equal("", filters "a = NULL OR RAND() > 0.5")
    end)

    it("are values that the column can have", function()
        t_env:execute_sql [[CREATE TABLE prices (p DECIMAL(5, 2)) WITH (
            'connector' = 'filesystem', 'path' = '/none', 'format' = 'csv')]]
        t_env:execute_sql [[CREATE TABLE seen (p DECIMAL(5, 2)) WITH ('connector' = 'blackhole')]]
        for condition, told in pairs { ["p > 1.505"] = "", ["1.505 <> p"] = "",
            ["p IN (1.5, 1.505)"] = "", ["p > 1.5"] = "1.5", ["p >= 1.500"] = "1.500" } do
            local list = source("INSERT INTO seen SELECT p FROM prices WHERE " .. condition).filters
            assert.equal(told, list and table.concat(list[1].values, ",") or "", condition)
        end
    end)

    it("come through views, subqueries and unions", function()
        t_env:execute_sql [[CREATE VIEW v AS SELECT b AS k, a AS n FROM files
            UNION ALL SELECT b, a + 1 FROM plain]]
        local one = source("INSERT INTO s SELECT n, k FROM (SELECT k, n FROM v) AS q WHERE n < 3")
        assert.same({ { column = 0, op = "<", values = { "3" } } }, one.filters)
    end)

    it("are nothing where readers of one source differ", function()
        local one = source("INSERT INTO s SELECT a, b FROM files WHERE a > 1",
            "INSERT INTO s SELECT a, b FROM files WHERE a > 2")
        assert.is_nil(one.filters)
        local both = source("INSERT INTO s SELECT a, b FROM files WHERE a > 1",
            "INSERT INTO s SELECT a, 'x' FROM files WHERE a > 1")
        assert.equal(1, #both.filters)
        assert.is_nil(source("INSERT INTO s SELECT a, b FROM files WHERE a > 1",
            "INSERT INTO s SELECT a, b FROM files").filters)
    end)

    it("leave out columns whose texts a zone changes", function()
        t_env:execute_sql [[CREATE TABLE zoned (a INT, at TIMESTAMP_LTZ(3))
            WITH ('connector' = 'filesystem', 'path' = '/none', 'format' = 'csv')]]
        local one = source [[INSERT INTO s (x) SELECT a FROM zoned
            WHERE at > CAST(TIMESTAMP '2020-01-01 00:00:00' AS TIMESTAMP_LTZ(3)) AND a = 1]]
        assert.same({ { column = 0, op = "=", values = { "1" } } }, one.filters)
    end)

    it("say how many rows are enough", function()
        assert.equal(7, source("INSERT INTO s SELECT a, b FROM files LIMIT 5 OFFSET 2").limit)
        assert.is_nil(source("INSERT INTO s SELECT a, b FROM files WHERE a > 1 LIMIT 5").limit)
        assert.is_nil(source("INSERT INTO s SELECT a, b FROM files").limit)
    end)

    it("are nothing to a connector that doesn't use them", function()
        assert.is_nil(source("INSERT INTO s SELECT a, b FROM plain WHERE a > 1").filters)
        assert.is_nil(source("INSERT INTO s SELECT a, b FROM plain LIMIT 1").limit)
    end)
end)

describe("sinks", function()
    local function sink(text)
        return of_kind(insert(text), "sink")[1]
    end

    it("know their partitions and whether they overwrite", function()
        local node = sink "INSERT OVERWRITE files SELECT a, b, CURRENT_DATE, 1 FROM plain"
        assert.same({ 2 }, node.partition_keys)
        assert.is_true(node.overwrite)
        assert.is_nil(sink("INSERT INTO files SELECT a, b, CURRENT_DATE, 1 FROM plain").overwrite)
    end)

    it("get PARTITION's values in their columns", function()
        local plan = insert
            "INSERT INTO files PARTITION (d = '2020-01-01') SELECT a, b, 5 FROM plain"
        assert.equal("ROW<`a` INT, `b` VARCHAR(2147483647), `d` DATE, `size` BIGINT>",
            of_kind(plan, "sink")[1].type)
        local text = t_env:explain_sql
            "INSERT INTO files PARTITION (d = '2020-01-01') SELECT a, b, 5 FROM plain"
        assert.matches("DATE '2020%-01%-01' AS d", text)
        -- A partition without a value is a column of the query.
        assert.matches("Sink%(table=", t_env:explain_sql
            "INSERT INTO files PARTITION (d) SELECT a, b, CURRENT_DATE, 5 FROM plain")
    end)

    it("refuse PARTITION for what is none", function()
        local function refused(text)
            local ok, err = pcall(insert, text)
            assert.is_false(ok)
            return err.message
        end
        assert.matches("PARTITION: the table isn't PARTITIONED BY 'a'",
            refused "INSERT INTO files PARTITION (a = 1) SELECT b, d, 5 FROM files")
        assert.matches("PARTITION: the table has no column 'e'",
            refused "INSERT INTO files PARTITION (e = 1) SELECT b, d, 5 FROM files")
        assert.matches("there is no CAST from BOOLEAN to DATE",
            refused "INSERT INTO files PARTITION (d = TRUE) SELECT a, b, 5 FROM files")
        assert.matches("4 columns for 3",
            refused "INSERT INTO files PARTITION (d = '2020-01-01') SELECT a, b, d, 5 FROM files")
    end)
end)

describe("metadata", function()
    it("is read as the connector gives it, then cast to what was declared", function()
        t_env:execute_sql [[CREATE TABLE k (a INT, at TIMESTAMP(3) METADATA FROM 'timestamp',
            o INT METADATA FROM 'offset') WITH ('connector' = 'kafka', 'topic' = 'x',
            'properties.bootstrap.servers' = 'nowhere:1', 'format' = 'json')]]
        local plan = insert "INSERT INTO s SELECT o, CAST(at AS STRING) FROM k"
        local type = of_kind(plan, "source")[1].type
        assert.matches("`at` TIMESTAMP_LTZ%(3%)", type)
        assert.matches("`o` BIGINT", type)
    end)
end)

describe("watermarks", function()
    it("are computed behind the source, which is not told of conditions", function()
        t_env:execute_sql [[CREATE TABLE e (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS
            ts - INTERVAL '5' SECOND) WITH ('connector' = 'filesystem', 'path' = '/none',
            'format' = 'csv', 'scan.watermark.idle-timeout' = '2 s',
            'scan.watermark.emit.strategy' = 'on-event')]]
        local plan = insert "INSERT INTO s SELECT a, 'x' FROM e WHERE a > 1"
        local from = of_kind(plan, "source")[1]
        assert.is_nil(from.filters)
        assert.is_nil(from.options["scan.watermark.idle-timeout"])
        local node = of_kind(plan, "watermark")[1]
        assert.equal("ROW<`a` INT, `ts` TIMESTAMP(3)>", node.type)
        assert.equal("1", node.options.rowtime)
        assert.equal("2", node.options.column)
        assert.equal("2 s", node.options["idle-timeout"])
        assert.equal("on-event", node.options.strategy)
    end)
end)

describe("EXPLAIN", function()
    it("shows tree, plan, nodes and the programs", function()
        local text = t_env:explain_sql
            "INSERT INTO s SELECT a * 2, b FROM files WHERE a > 1 AND b <> 'x'"
        for _, part in ipairs {
            "== Abstract Syntax Tree ==\n"
                .. "LogicalSink(table=[default_catalog.default_database.s], fields=[EXPR$0, b])\n"
                .. "+- LogicalProject(EXPR$0=[a * 2], b=[b])\n"
                .. "   +- LogicalFilter(condition=[(a > 1) AND (b <> 'x')])\n"
                .. "      +- LogicalTableScan("
                .. "table=[[default_catalog, default_database, files]])\n",
            "== Optimized Physical Plan ==\n"
                .. "Sink(table=[default_catalog.default_database.s], fields=[x, y])\n"
                .. "+- Calc(select=[CAST(a * 2 AS BIGINT) AS x, b AS y], "
                .. "where=[(a > 1) AND (b <> 'x')])\n"
                .. "   +- TableSourceScan(table=[[default_catalog, default_database, files]], "
                .. "fields=[a, b], filter=[a > '1' AND b <> 'x'])\n",
            "== Optimized Execution Plan ==\n1: Source: files (parallelism 1)\n",
            "== Generated Lua ==\n-- Calc(select=[x, y], where=[...])\n",
        } do
            assert.matches(part, text, 1, true)
        end
        assert.matches("limit=[5]", t_env:explain_sql "SELECT a FROM files LIMIT 5", 1, true)
    end)

    it("takes every detail that Flink knows", function()
        for _, head in ipairs { "EXPLAIN", "EXPLAIN PLAN FOR", "EXPLAIN ESTIMATED_COST",
            "EXPLAIN CHANGELOG_MODE, JSON_EXECUTION_PLAN", "EXPLAIN PLAN_ADVICE" } do
            local lines = t_env:execute_sql(head .. " SELECT 1"):collect()()
            assert.matches("== Optimized Physical Plan ==\nValues", lines[1], 1, true)
        end
    end)

    it("shows the chains of closures beside the calcs", function()
        local ds = env:from_collection({ 1, 2 }, moontide.Types.INT())
            :map(function(x) return x end, moontide.Types.INT()):name "First"
            :filter(function(x) return x > 0 end):name "Second"
        local text = t_env:from_data_stream(ds, { "n" }):where "n > 1":explain()
        assert.matches("First -> Second", text, 1, true)
        assert.matches("DataStreamScan", text)
        assert.matches("where=[f0 > 1]", text, 1, true)
    end)
end)
