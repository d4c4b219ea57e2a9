-- forward.lua BROKERS TOPIC_IN TOPIC_OUT [BUFFER_TIMEOUT_MS] ["bounded"]: Kafka
-- JSON to a closure on a string and an INT to Kafka JSON, from the beginning.
local bench = require "bench"
local Types = require("moontide").Types

local brokers, from, to, timeout, bounded = arg[1], arg[2], arg[3], arg[4], arg[5]
local env, t_env = bench.environment()
if timeout then
    env:set_buffer_timeout(tonumber(timeout))
end

local function topic(name, columns, more)
    t_env:execute_sql(([[ CREATE TABLE %s (%s) WITH (
        'connector' = 'kafka', 'topic' = '%s',
        'properties.bootstrap.servers' = '%s',
        'format' = 'json' %s) ]]):format(more == "" and "sink" or "source", columns, name,
        brokers, more))
end
topic(from, "a STRING, b INT", ", 'scan.startup.mode' = '"
    .. (bounded and "earliest-offset" or "latest-offset") .. "'"
    .. (bounded and ", 'scan.bounded.mode' = 'latest-offset'" or ""))
topic(to, "a STRING, b INT", "")

local record = Types.ROW { Types.STRING(), Types.INT() }
local stream = t_env:to_append_stream(t_env:from_path "source", record)
    :map(function(r) return { r[1]:upper(), r[2] + 1 } end, record)

bench.measure(0, function()
    t_env:from_data_stream(stream, { "a", "b" }):execute_insert("sink"):wait()
end)
