--- Kafka in, a closure that lets some records pass, Kafka out: JSON both ways.
-- The broker is the embedded one, so that this runs anywhere; with a broker's
-- address in place of 'embedded' nothing else changes.
--
-- Prints:
--     +I[bob, 31]
--     +I[dave, 47]
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

-- 'latest-offset' as the bound: read what is there now, then end.
local function people(name)
    t_env:execute_sql(([[
        CREATE TABLE %s (name STRING, age INT) WITH (
            'connector' = 'kafka',
            'topic' = '%s',
            'properties.bootstrap.servers' = 'embedded',
            'properties.group.id' = 'kafka_filter',
            'scan.startup.mode' = 'earliest-offset',
            'scan.bounded.mode' = 'latest-offset',
            'format' = 'json')
    ]]):format(name, name))
end
people "people"
people "adults"

local record = Types.ROW_NAMED({ "name", "age" }, { Types.STRING(), Types.INT() })

-- Something to read.
local everybody = env:from_collection(
    { { "ann", 12 }, { "bob", 31 }, { "cid", 9 }, { "dave", 47 } }, record)
t_env:from_data_stream(everybody):execute_insert("people"):wait()

local adults = t_env:to_append_stream(t_env:from_path("people"), record)
    :filter(function(person) return person.age >= 18 end)
t_env:from_data_stream(adults):execute_insert("adults"):wait()

for row in t_env:from_path("adults"):execute():collect() do
    print(("+I[%s, %d]"):format(row.name, row.age))
end
