-- wide.lua RECORDS ["source"]: twelve fields, half of them NULL, summed.
local bench = require "bench"
local Types = require("moontide").Types

local FIELDS = 12
local records, bare = bench.number(1, 3e6), arg[2] == "source"
local _, t_env = bench.environment()

local columns, options, types = {}, {}, {}
for i = 1, FIELDS do
    columns[i] = ("c%d INT"):format(i)
    options[i] = ("'fields.c%d.min' = '0', 'fields.c%d.max' = '65535', "
        .. "'fields.c%d.null-rate' = '0.5'"):format(i, i, i)
    types[i] = Types.INT()
end
columns = table.concat(columns, ", ")

t_env:execute_sql(([[ CREATE TABLE wide (%s) WITH (
    'connector' = 'datagen', 'rows-per-second' = '1000000000000',
    'number-of-rows' = '%.0f', %s) ]]):format(columns, records,
    table.concat(options, ", ")))

bench.measure(records, function()
    local stream = t_env:to_append_stream(t_env:from_path "wide", Types.ROW(types))
    if bare then
        bench.swallow(t_env, stream, columns)
    else
        stream = stream:map(function(r)
            local sum = 0
            for i = 1, 12 do
                sum = sum + (r[i] or 0)
            end
            return sum
        end, Types.LONG())
        bench.swallow(t_env, stream, "total BIGINT")
    end
end)
