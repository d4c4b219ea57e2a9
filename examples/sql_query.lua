--- A query over a table of Lua values: functions, CASE, and LATERAL TABLE, which
-- puts each row beside those that a function makes of it.
--
-- Prints:
--     Row(customer='Ann', size='large', total=59.97, tag='books')
--     Row(customer='Ann', size='large', total=59.97, tag='gift')
--     Row(customer='Cid', size='small', total=4.50, tag='none')
local moontide = require "moontide"

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:create_temporary_view("orders", t_env:from_elements({
    { " ann", "19.99", 3, "books,gift" },
    { "bob ", "1.25", 0, "toys" },
    { "cid", "4.50", 1, "" },
}, { "customer", "price", "pieces", "tags" }))

t_env:create_temporary_function("split_tags", moontide.udtf(function(text, collect)
    for tag in text:gmatch "[^,]+" do
        collect(tag)
    end
end, { result_types = { "STRING" } }))

local result = t_env:execute_sql [[
    WITH priced AS (
        SELECT INITCAP(TRIM(customer)) AS customer, pieces, tags,
            CAST(CAST(price AS DECIMAL(8, 2)) * pieces AS DECIMAL(10, 2)) AS total
        FROM orders)
    SELECT customer, CASE WHEN total >= 50 THEN 'large' ELSE 'small' END AS size,
        total, COALESCE(tag, 'none') AS tag
    FROM priced LEFT JOIN LATERAL TABLE(split_tags(tags)) AS t (tag) ON TRUE
    WHERE pieces > 0
]]
for row in result:collect() do
    print(row)
end
