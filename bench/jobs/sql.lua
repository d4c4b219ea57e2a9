-- sql.lua RECORDS QUERY ["source"]: a query of one of these shapes, into nothing. With
-- "source" the same columns as they come, to know what the source costs.
--   filter  SELECT a, b*2 FROM seq WHERE b % 3 = 0
--   nulls   a sum of twelve columns, half of each NULL
--   wide    120 columns, one added to each
local bench = require "bench"

local records, query = bench.number(1, 1e8), arg[2] or "filter"
local bare = arg[3] == "source"
local _, t_env = bench.environment()

-- The texts of `form` for 1 to n, its %d being the number.
local function repeated(n, form, separator)
    local list = {}
    for i = 1, n do
        list[i] = form:gsub("%%d", i)
    end
    return table.concat(list, separator)
end

-- By query: the names of the source's columns, their share of NULLs, the sink's
-- columns and the statement.
local QUERIES = {
    filter = {
        names = { "a", "b" },
        sink = "a BIGINT, b BIGINT",
        statement = "SELECT a, b*2 FROM source WHERE b % 3 = 0",
    },
    nulls = {
        names = {},
        null_rate = 0.5,
        sink = "total BIGINT",
        statement = "SELECT " .. repeated(12, "COALESCE(c%d, 0)", " + ") .. " FROM source",
    },
    wide = {
        names = {},
        sink = repeated(120, "c%d BIGINT", ", "),
        statement = "SELECT " .. repeated(120, "c%d + 1", ", ") .. " FROM source",
    },
}
for i = 1, 120 do
    QUERIES.wide.names[i] = "c" .. i
    QUERIES.nulls.names[i <= 12 and i or 12] = "c" .. math.min(i, 12)
end

local shape = QUERIES[query]
local columns, options = {}, {}
for i, name in ipairs(shape.names) do
    columns[i] = name .. " BIGINT"
    options[i] = ([['fields.%s.kind' = 'sequence', 'fields.%s.start' = '0',
        'fields.%s.end' = '%.0f', 'fields.%s.null-rate' = '%g']]):format(name, name, name,
        records - 1, name, shape.null_rate or 0)
end
columns = table.concat(columns, ", ")

t_env:execute_sql(([[CREATE TABLE source (%s) WITH ('connector' = 'datagen',
    'rows-per-second' = '1000000000000', %s)]]):format(columns, table.concat(options, ", ")))
t_env:execute_sql(("CREATE TABLE nothing (%s) WITH ('connector' = 'blackhole')"):format(
    bare and columns or shape.sink))

bench.measure(records, function()
    t_env:execute_sql("INSERT INTO nothing "
        .. (bare and "SELECT * FROM source" or shape.statement)):wait()
end)
