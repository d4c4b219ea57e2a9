-- csv.lua FILE FOLDER RECORDS [PARALLELISM]: lines of CSV out of a file, a closure
-- over three fields, lines of CSV into a folder. Parallelism 0 is one subtask a
-- processor.
local bench = require "bench"
local Types = require("moontide").Types

local file, folder, records = arg[1], arg[2], bench.number(3, 1)
local parallelism = bench.number(4, 1)
local env, t_env = bench.environment(parallelism > 0 and parallelism or 1)
if parallelism == 0 then
    env:set_parallelism(env:get_default_local_parallelism())
end

local function table_of(name, path)
    t_env:execute_sql(([[ CREATE TABLE %s (id BIGINT, name STRING, amount INT) WITH (
        'connector' = 'filesystem', 'path' = '%s', 'format' = 'csv',
        'source.multi-line' = '%s') ]]):format(name, path, tostring(parallelism == 1)))
end

table_of("lines_in", file)
table_of("lines_out", folder)

bench.measure(records, function()
    local row = Types.ROW_NAMED({ "id", "name", "amount" },
        { Types.LONG(), Types.STRING(), Types.INT() })
    local stream = t_env:to_append_stream(t_env:from_path "lines_in", row)
        :map(function(r) return { r[1], r[2], r[3] * 2 } end, row)
    t_env:from_data_stream(stream):execute_insert("lines_out"):wait()
end)
