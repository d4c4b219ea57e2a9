--- A table of a database: written by key, read by a query, and asked for one row.
-- The database is a file of SQLite; for a server only the URL differs.
--
-- Prints:
--     Row(id=1, name='lamp', price=12.50)
--     Row(id=2, name='desk', price=89.00)
--     one: desk
--     none: 0
local moontide = require "moontide"

local path = os.tmpname()
os.execute(("sqlite3 '%s' '%s'"):format(path,
    "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT, price TEXT)"))

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql(([[
    CREATE TABLE goods (id INT, name STRING, price DECIMAL(8, 2), PRIMARY KEY (id) NOT ENFORCED)
    WITH ('connector' = 'jdbc', 'url' = 'jdbc:sqlite:%s', 'table-name' = 'goods')]]):format(path))

-- The second row of a key takes the place of the first.
t_env:execute_sql([[
    INSERT INTO goods VALUES (1, 'lamp', 12.50), (2, 'table', 80.00), (2, 'desk', 89.00)]]):wait()

for row in t_env:execute_sql("SELECT * FROM goods WHERE price > 10"):collect() do
    print(row)
end

local goods = t_env:from_path("goods")
print("one: " .. goods:lookup(2)[1].name)
print("none: " .. #goods:lookup(3))
os.remove(path)
