-- Avro as SQL has it, through a topic of the embedded broker.
local moontide = require "moontide"

local BROKER = "embedded://avro_spec?partitions=1"

local COLUMNS = [[id BIGINT NOT NULL, name STRING, price DECIMAL(10, 2), at TIMESTAMP(3),
    born DATE, tags ARRAY<STRING>, counts MAP<STRING, INT>, place ROW<x DOUBLE, y DOUBLE>]]

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return moontide.StreamTableEnvironment.create(env)
end

local function declare(t_env, name, topic, columns, format)
    t_env:execute_sql(([[ CREATE TABLE %s (%s) WITH (
        'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
        'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',
        %s) ]]):format(name, columns, topic, BROKER, format))
end

local function rows(t_env, query)
    local found = {}
    for row in t_env:execute_sql(query):collect() do
        found[#found + 1] = tostring(row)
    end
    table.sort(found)
    return found
end

describe("the format avro", function()
    it("carries rows through a topic", function()
        local t_env = environment()
        declare(t_env, "people", "people", COLUMNS, "'format' = 'avro'")
        t_env:execute_sql([[ INSERT INTO people VALUES
            (1, 'a', 1.50, TIMESTAMP '2020-01-01 00:00:00.123', DATE '1999-12-31',
             ARRAY['x', 'y'], MAP['k', 7], ROW(1.5, -2.5)),
            (2, CAST(NULL AS STRING), -0.01, CAST(NULL AS TIMESTAMP(3)), DATE '2000-01-01',
             ARRAY['z'], MAP['l', 8], ROW(0.0, 1.0)) ]]):wait()
        assert.same({
            "Row(id=1, name='a', price=1.50, at=2020-01-01 00:00:00.123, born=1999-12-31, " ..
                "tags=('x', 'y'), counts={k=7}, place=Row(x=1.5, y=-2.5))",
            "Row(id=2, name=nil, price=-0.01, at=nil, born=2000-01-01, " ..
                "tags=('z'), counts={l=8}, place=Row(x=0, y=1))",
        }, rows(t_env, "SELECT * FROM people"))
    end)

    it("reads in a schema that is given", function()
        local t_env = environment()
        declare(t_env, "written", "given", "n INT NOT NULL, word STRING NOT NULL",
            "'format' = 'avro'")
        t_env:execute_sql("INSERT INTO written VALUES (1, 'one'), (2, 'two')"):wait()
        declare(t_env, "seen", "given", "n DOUBLE, more STRING", [['format' = 'avro',
            'avro.schema' = '{"type":"record","name":"r","fields":[
                {"name":"n","type":"int"}, {"name":"word","type":"string"}]}' ]])
        assert.same({ "Row(n=1, more=nil)", "Row(n=2, more=nil)" },
            rows(t_env, "SELECT * FROM seen"))
    end)

    it("names the column that it has no type for", function()
        local t_env = environment()
        declare(t_env, "times", "times", "at TIMESTAMP(9)", "'format' = 'avro'")
        local ok, err = pcall(rows, t_env, "SELECT * FROM times")
        assert.is_false(ok)
        assert.matches("Avro has no type for TIMESTAMP%(9%)", err.message or err)
    end)
end)

describe("the format avro-confluent", function()
    it("wants a subject where it writes and a registry's address", function()
        local t_env = environment()
        declare(t_env, "target", "target", "a INT", [['format' = 'avro-confluent',
            'avro-confluent.url' = 'http://127.0.0.1:1']])
        local ok, err = pcall(t_env.execute_sql, t_env, "INSERT INTO target VALUES (1)")
        assert.is_false(ok)
        assert.matches("'subject' is missing", tostring(err.message or err))
        declare(t_env, "nowhere", "target", "a INT", [['format' = 'avro-confluent',
            'avro-confluent.schema-registry.url' = 'registry:8081']])
        ok, err = pcall(rows, t_env, "SELECT * FROM nowhere")
        assert.is_false(ok)
        assert.matches("must begin with http", tostring(err.message or err))
    end)
end)
