--- A table with a computed column and a watermark: the column is made of the text in
-- the file, and is the event time that a stream of the table's rows has.
--
-- Prints:
--     (7,2024-05-01T12:00,1714564800000)
--     (8,2024-05-01T12:00:01.500,1714564801500)
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write("7,2024-05-01 12:00:00\n8,2024-05-01 12:00:01.5\n")
file:close()

t_env:execute_sql(([[
    CREATE TABLE clicks (
        id INT,
        sent STRING,
        at AS CAST(sent AS TIMESTAMP(3)),
        WATERMARK FOR at AS at - INTERVAL '5' SECOND
    ) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv')]]):format(path))

local clicks = t_env:to_data_stream(t_env:sql_query "SELECT id, at FROM clicks")

local Stamped = moontide.ProcessFunction {
    process_element = function(_, click, ctx, collect)
        collect { click.id, click.at, ctx:timestamp() }
    end,
}

clicks:process(Stamped, Types.TUPLE { Types.INT(), Types.SQL_TIMESTAMP(), Types.LONG() }):print()
env:execute("clicks")
os.remove(path)
