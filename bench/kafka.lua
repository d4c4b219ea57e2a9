-- kafka.lua: the figures that want a broker. Returns a function from what run.lua
-- offers to a list of figures.
local kafka = require "kafka"

local RECORDS = tonumber(os.getenv "KAFKA_RECORDS") or 2000000
local LATENCY_RECORDS = 200

-- A topic of records of 80 bytes.
local function fill(topic, brokers)
    local command = ([[awk 'BEGIN {
        for (i = 0; i < %d; i++)
            printf "{\"a\":\"user-%%08d-abcdefghijklmnopqrstuvwxyzabcdefghijklmnop\",\"b\":%%d}\n",
                i, 10000 + i %% 80000
    }' | kcat -P -b %s -t %s -X queue.buffering.max.messages=1000000]])
        :format(RECORDS, brokers, topic)
    assert(os.execute(command) == 0, command)
end

return function(tools)
    local brokers = tools.brokers
    local source

    local function input()
        if not source then
            source = kafka.create_topic(kafka.name "bench_in")
            fill(source, brokers)
        end
        return source
    end

    -- Runs a command that fills a new topic, and looks whether all is there.
    local function forward(command_of)
        local sink = kafka.create_topic(kafka.name "bench_out")
        local said = tools.ask(command_of(sink))
        local count = kafka.count(sink)
        assert(count >= RECORDS, ("%d of %d records came out"):format(count, RECORDS))
        kafka.delete_topic(sink)
        return RECORDS / said.cpu / 1e6, said.rss / 1024
    end

    local function throughput()
        local ours, twin, our_mb, twin_mb = {}, {}, {}, {}
        local from = input()
        for i = 1, tools.runs do
            twin[i], twin_mb[i] = forward(function(to)
                return tools.program("kafka_twin", brokers, from, to)
            end)
            ours[i], our_mb[i] = forward(function(to)
                return tools.job("forward", brokers, from, to, 5, "bounded")
            end)
        end
        local x, y = tools.median(ours), tools.median(twin)
        tools.report("Kafka JSON to JSON", "M/CPU-s", x, y,
            ("%.0f MB, twin %.0f MB  ratio >= 0.80"):format(tools.median(our_mb),
                tools.median(twin_mb)), x / y >= 0.8)
    end

    -- Through a job that runs beside; an interrupt drains and ends it.
    local function through_job(timeout_ms)
        local from = kafka.create_topic(kafka.name "idle_in")
        local to = kafka.create_topic(kafka.name "idle_out")
        local pipe = io.popen(tools.job("forward", brokers, from, to, timeout_ms)
            .. " >/dev/null & echo $!")
        local pid = pipe:read "*n"
        pipe:close()
        local ok, said = pcall(tools.ask,
            tools.program("latency", brokers, from, to, LATENCY_RECORDS))
        os.execute("kill -INT " .. pid)
        return ok and said or error(said, 0)
    end

    -- Through the broker alone. A JVM compiles what is hot only after a while, so
    -- the first time is for its sake.
    local warm
    local function alone()
        local topic = kafka.create_topic(kafka.name "alone")
        local command = tools.program("latency", brokers, topic, topic, LATENCY_RECORDS)
        if not warm then
            warm = tools.ask(command)
        end
        return tools.ask(command)
    end

    local function latency(name, timeout_ms, limit)
        return { name = name, run = function()
            local twin = alone()
            local ours = through_job(timeout_ms)
            print(("%-36s p50 %.2f ms  p99 %.2f ms  the broker alone p50 %.2f ms  limit %d %s"
                .. "  (clients: linger 0, no Nagle)"):format(name, ours.p50, ours.p99,
                twin.p50, limit, ours.p50 <= limit and "ok" or "MISSED"))
        end }
    end

    return {
        { name = "Kafka JSON to JSON", run = throughput },
        latency("latency, buffer time-out 5 ms", 5, 10),
        latency("latency, buffer time-out 0", 0, 2),
    }
end
