-- elasticsearch.lua URL RECORDS: rows of four columns from a generator into the
-- index "bench".
local bench = require "bench"

local url, records = arg[1], tonumber(arg[2])
local env, t_env = bench.environment()
env:set_parallelism(1)

local COLUMNS = "id BIGINT, name STRING, price DOUBLE, n INT"
t_env:execute_sql(([[CREATE TABLE here (%s) WITH ('connector' = 'datagen',
    'rows-per-second' = '1000000000', 'seed' = '7', 'fields.id.kind' = 'sequence',
    'fields.id.start' = '1', 'fields.id.end' = '%d', 'fields.name.length' = '24',
    'fields.price.min' = '0', 'fields.price.max' = '1000')]])
    :format(COLUMNS, records))
t_env:execute_sql(([[CREATE TABLE there (%s) WITH ('connector' = 'elasticsearch-7',
    'hosts' = '%s', 'index' = 'bench')]]):format(COLUMNS, url))

bench.measure(records, function()
    t_env:execute_sql("INSERT INTO there SELECT * FROM here"):wait()
end)
