--- Values that a double cannot hold stay exact: 64-bit numbers, decimals, times.
--
-- Prints:
--     +I[9007199254740993, 0.30, 2020-02-29T12:00:00.123]
--     +I[9007199254740994, 0.40, 2020-02-29T12:00:00.123]
local moontide = require "moontide"
local Types, Decimal, Timestamp = moontide.Types, moontide.Decimal, moontide.Timestamp

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql [[
    CREATE TABLE shown (id BIGINT, price DECIMAL(10, 2), at TIMESTAMP(3)) WITH (
        'connector' = 'print')
]]

local at = Timestamp "2020-02-29 12:00:00.123"
local record = Types.ROW_NAMED({ "id", "price", "at" },
    { Types.LONG(), Types.BIG_DEC(), Types.SQL_TIMESTAMP() })
local prices = env:from_collection({
    { 9007199254740993LL, Decimal "0.20", at },
    { 9007199254740994LL, Decimal "0.30", at },
}, record)

local tip = Decimal "0.10"
local dearer = prices:map(function(row) return { row.id, row.price + tip, row.at } end, record)

t_env:from_data_stream(dearer):execute_insert("shown"):wait()
