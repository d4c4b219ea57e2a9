--- One format in, another out: messages of CSV become messages of JSON, shown
-- as the bytes that are in the topic.
--
-- Prints:
--     {"id":1,"name":"Ann \"the first\"","score":9.5}
--     {"id":2,"name":null,"score":10}
local moontide = require "moontide"

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

local function kafka(topic, format)
    return ([[WITH (
        'connector' = 'kafka',
        'topic' = '%s',
        'properties.bootstrap.servers' = 'embedded',
        'scan.startup.mode' = 'earliest-offset',
        'scan.bounded.mode' = 'latest-offset',
        %s)]]):format(topic, format)
end

t_env:execute_sql("CREATE TABLE lines (line STRING) " ..
    kafka("scores_csv", "'format' = 'raw'"))
t_env:execute_sql("CREATE TABLE scores (id INT, name STRING, score DECIMAL(5, 2)) " ..
    kafka("scores_csv", "'format' = 'csv', 'csv.null-literal' = 'n/a'"))
t_env:execute_sql("CREATE TABLE documents (id INT, name STRING, score DECIMAL(5, 2)) " ..
    kafka("scores_json", "'format' = 'json', 'json.encode.decimal-as-plain-number' = 'true'"))
t_env:execute_sql("CREATE TABLE bytes (document STRING) " ..
    kafka("scores_json", "'format' = 'raw'"))

local lines = env:from_collection({ [[1,"Ann ""the first""",9.5]], "2,n/a,10" },
    moontide.Types.STRING())
t_env:from_data_stream(lines, { "line" }):execute_insert("lines"):wait()
t_env:execute_sql("INSERT INTO documents SELECT * FROM scores"):wait()

for row in t_env:from_path("bytes"):execute():collect() do
    print(row.document)
end
