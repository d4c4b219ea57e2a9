--- A table whose rows are in folders by day: each day gets a file `_SUCCESS`, and
-- a query for one day reads no other.
--
-- Prints:
--     day=2024-05-01/_SUCCESS
--     day=2024-05-02/_SUCCESS
--     Row(id=2, amount=20, day=2024-05-02)
--     Row(id=3, amount=30, day=2024-05-02)
local moontide = require "moontide"

local folder = os.tmpname()
os.remove(folder)

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql(([[
    CREATE TABLE sales (id INT, amount INT, `day` DATE) PARTITIONED BY (`day`) WITH (
        'connector' = 'filesystem',
        'path' = '%s',
        'format' = 'json',
        'sink.partition-commit.policy.kind' = 'success-file')]]):format(folder))

t_env:execute_sql([[
    INSERT INTO sales VALUES
        (1, 10, DATE '2024-05-01'), (2, 20, DATE '2024-05-02'), (3, 30, DATE '2024-05-02')]]):wait()

local listing = io.popen(("cd '%s' && ls -d day=*/_SUCCESS"):format(folder))
for line in listing:lines() do
    print(line)
end
listing:close()
for row in t_env:execute_sql("SELECT * FROM sales WHERE `day` = DATE '2024-05-02'"):collect() do
    print(row)
end
os.execute(("rm -r '%s'"):format(folder))
