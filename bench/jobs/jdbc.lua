-- jdbc.lua append|scan URL RECORDS [USER]: rows of five columns from a generator
-- into the table "bench", or from there into nothing.
local bench = require "bench"

local way, url, records, user = arg[1], arg[2], tonumber(arg[3]), arg[4]
local env, t_env = bench.environment()
env:set_parallelism(1)

local COLUMNS = "id BIGINT, name STRING, price DOUBLE, n INT, at_ts TIMESTAMP(6)"
local function create(name, options)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH (%s)"):format(name, COLUMNS, options))
end

create("there", ("'connector' = 'jdbc', 'url' = '%s', 'table-name' = 'bench'"):format(url)
    .. (user and (", 'username' = '%s'"):format(user) or ""))
if way == "append" then
    create("here", ([['connector' = 'datagen', 'rows-per-second' = '1000000000',
        'seed' = '7', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1',
        'fields.id.end' = '%d', 'fields.name.length' = '24']]):format(records))
else
    create("here", "'connector' = 'blackhole'")
end

bench.measure(records, function()
    t_env:execute_sql(way == "append" and "INSERT INTO there SELECT * FROM here"
        or "INSERT INTO here SELECT * FROM there"):wait()
end)
