-- plan.lua TIMES: how long an INSERT of 50 columns takes to be parsed and planned, with
-- nothing run: the median, in "cpu" a statement. Every column is an expression.
local bench = require "bench"

local COLUMNS = 50
local times = bench.number(1, 20)
local _, t_env = bench.environment()

local columns, exprs = {}, {}
for i = 1, COLUMNS do
    columns[i] = ("c%d %s"):format(i, i % 2 == 0 and "STRING" or "BIGINT")
    exprs[i] = (i % 2 == 0 and "UPPER(c%d) || '-%d'" or "CASE WHEN c%d > %d THEN c%d * 2 END")
        :gsub("%%d", i)
end
columns = table.concat(columns, ", ")
t_env:execute_sql("CREATE TABLE source (" .. columns .. ") WITH ('connector' = 'datagen')")
t_env:execute_sql("CREATE TABLE nothing (" .. columns .. ") WITH ('connector' = 'blackhole')")
local statement = "INSERT INTO nothing SELECT " .. table.concat(exprs, ", ")
    .. " FROM source WHERE c1 > 0"

-- A statement like one before it in all but a number is nobody's cached plan.
local spent = {}
for i = 1, times do
    local before = bench.cpu_seconds()
    t_env:explain_sql(statement .. " AND c3 <> " .. i)
    spent[i] = bench.cpu_seconds() - before
end
local first = spent[1]
table.sort(spent)
io.write(("records=%d cpu=%.6f first=%.6f\n"):format(times, spent[math.floor(times / 2) + 1],
    first))
