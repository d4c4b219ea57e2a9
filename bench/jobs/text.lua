-- text.lua RECORDS LETTERS MAX ["source"]: a string of so many letters out of each
-- record, one back with a number up to MAX behind it. With "source" without the
-- closure, to know what the source costs. LuaJIT keeps every string once: with few
-- distinct ones it finds them, with all distinct it makes and frees them.
local bench = require "bench"
local Types = require("moontide").Types

local records, letters, max = bench.number(1, 1e7), bench.number(2, 2), bench.number(3, 9)
local bare = arg[4] == "source"
local _, t_env = bench.environment()

t_env:execute_sql(([[ CREATE TABLE texts (a STRING, b INT) WITH (
    'connector' = 'datagen', 'rows-per-second' = '1000000000000',
    'number-of-rows' = '%.0f', 'fields.a.length' = '%d',
    'fields.b.min' = '0', 'fields.b.max' = '%d') ]]):format(records, letters, max))

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
