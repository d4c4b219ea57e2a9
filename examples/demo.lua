--- What `make run` shows: the job of the front page on the embedded broker, fed
-- with a few records, every message of both topics as it appears, and the end.
local moontide = require "moontide"
local Environment = moontide.StreamExecutionEnvironment

local RECORDS = 8

-- The front page's job ends in `t_env:execute()`, which waits for ever, as it
-- should. Here it is started beside this script instead.
local function start_front_page()
    local client
    local execute = Environment.execute
    Environment.execute = function(env, name)
        client = env:execute_async(name)
    end
    dofile(arg[0]:gsub("[^/]*$", "") .. "front_page.lua")
    Environment.execute = execute
    return client
end

-- A source that reads the latest records only must know where "latest" is
-- before there is anything to miss.
local function wait_for_source(client)
    repeat
        client:wait(20)
        for _, metric in ipairs(client:metrics()) do
            if metric.name == "partitions" and metric.value > 0 then
                return
            end
        end
    until client:status() ~= "RUNNING" and client:status() ~= "CREATED"
end

local env = Environment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

-- The messages of a topic as they are, each with a word before it.
local function messages(topic, word)
    t_env:execute_sql(([[ CREATE TABLE %s (message STRING) WITH (
        'connector' = 'kafka', 'topic' = '%s',
        'properties.bootstrap.servers' = 'embedded',
        'scan.startup.mode' = 'earliest-offset', 'format' = 'raw') ]]):format(topic, topic))
    return t_env:to_append_stream(t_env:from_path(topic),
            moontide.Types.ROW { moontide.Types.STRING() })
        :map(function(row) return ("%-4s %s"):format(word, row[1]) end, moontide.Types.STRING())
end

t_env:execute_sql(([[ CREATE TABLE feed (a VARCHAR, b INT) WITH (
    'connector' = 'datagen', 'rows-per-second' = '4',
    'fields.a.length' = '8',
    'fields.b.kind' = 'sequence', 'fields.b.start' = '1', 'fields.b.end' = '%d') ]])
    :format(RECORDS))
t_env:execute_sql [[ CREATE TABLE source (a VARCHAR, b INT) WITH (
    'connector' = 'kafka', 'topic' = 'source_topic',
    'properties.bootstrap.servers' = 'embedded', 'format' = 'json') ]]

local client = start_front_page()
wait_for_source(client)
print "the job runs and its source knows where it starts"
local lines = messages("source_topic", "in"):union(messages("sink_topic", "out"))
    :execute_and_collect()
t_env:from_path("feed"):execute_insert("source")

for _ = 1, 2 * RECORDS do
    print((lines()))
    io.flush()
end
lines:close()
client:stop()
client:wait()
