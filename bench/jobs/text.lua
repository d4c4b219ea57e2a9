-- text.lua RECORDS ["source"]: a string out of each record, one back. With
-- "source" without the closure, to know what the source costs.
local bench = require "bench"
local Types = require("moontide").Types

local records, bare = bench.number(1, 1e7), arg[2] == "source"
local _, t_env = bench.environment()

t_env:execute_sql(([[ CREATE TABLE texts (a STRING, b INT) WITH (
    'connector' = 'datagen', 'rows-per-second' = '1000000000000',
    'number-of-rows' = '%.0f', 'fields.a.length' = '16',
    'fields.b.min' = '0', 'fields.b.max' = '9999999') ]]):format(records))

bench.measure(records, function()
    local stream = t_env:to_append_stream(t_env:from_path "texts",
        Types.ROW { Types.STRING(), Types.INT() })
    if bare then
        bench.swallow(t_env, stream, "a STRING, b INT")
    else
        stream = stream:map(function(r) return r[1]:upper() .. r[2] end, Types.STRING())
        bench.swallow(t_env, stream, "a STRING")
    end
end)
