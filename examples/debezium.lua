--- Changes of a database's table as debezium-json, here in a file: an update is two
-- rows, the old one taken back and the new one.
--
-- Prints:
--     +I[1, 10.00]
--     -U[1, 10.00]
--     +U[1, 12.50]
--     -D[1, 12.50]
local moontide = require "moontide"

local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write [[
{"before": null, "after": {"id": 1, "amount": 10}, "op": "c"}
{"before": {"id": 1, "amount": 10}, "after": {"id": 1, "amount": 12.5}, "op": "u"}
{"before": {"id": 1, "amount": 12.5}, "after": null, "op": "d"}
]]
file:close()

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql(([[
    CREATE TABLE orders (id BIGINT, amount DECIMAL(10, 2)) WITH (
        'connector' = 'filesystem', 'path' = '%s', 'format' = 'debezium-json')]]):format(path))
t_env:execute_sql [[
    CREATE TABLE shown (id BIGINT, amount DECIMAL(10, 2)) WITH ('connector' = 'print')]]

t_env:execute_sql("INSERT INTO shown SELECT * FROM orders"):wait()
os.remove(path)
