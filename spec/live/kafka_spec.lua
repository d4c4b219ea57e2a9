-- The kafka connector on a real broker: nothing lost, nothing changed, also when
-- the broker dies or the job is stopped half-way; faults told within seconds.
local kafka = require "kafka"
local net = require "net"
local process = require "process"

local MILLION = 1000000

-- A job that copies a topic through a closure; `source` are more options.
local JOB = [==[
local moontide = require "moontide"
local Types = moontide.Types
local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(%d)
local t_env = moontide.StreamTableEnvironment.create(env)
t_env:execute_sql [[ CREATE TABLE source_table (a STRING, b INT) WITH (
    'connector' = 'kafka', 'properties.bootstrap.servers' = '%s', 'topic' = '%s',
    'format' = 'json' %s) ]]
t_env:execute_sql [[ CREATE TABLE sink_table (a STRING, b INT) WITH (
    'connector' = 'kafka', 'properties.bootstrap.servers' = '%s', 'topic' = '%s',
    'format' = 'json' %s) ]]
local record = Types.ROW { Types.STRING(), Types.INT() }
local ds = t_env:to_append_stream(t_env:from_path "source_table", record)
    :map(function(r) return { r[1], r[2] } end, record)
t_env:from_data_stream(ds, { "a", "b" }):execute_insert("sink_table"):wait()
]==]

local EARLIEST = ", 'scan.startup.mode' = 'earliest-offset'"
local BOUNDED = EARLIEST .. ", 'scan.bounded.mode' = 'latest-offset'"

local function script(job)
    local address = job.address or kafka.address()
    return process.write(os.tmpname(), JOB:format(job.parallelism or 1, address, job.from,
        job.source or "", address, job.to, job.sink or ""))
end

local function run(job, seconds)
    local path = script(job)
    local result = process.run_script(path, "", seconds or 60)
    os.remove(path)
    return result
end

-- Starts a job in the background.
local function start(job)
    local path, log = script(job), os.tmpname()
    local pid = process.list(("%s run %s >%s 2>&1 & echo $!"):format(
        process.quote(process.moontide()), path, log))[1]
    return { pid = pid, path = path, log = log }
end

-- Ends it as Ctrl-C does and waits until it is gone.
local function stop(job)
    os.execute("kill -INT " .. job.pid)
    for _ = 1, 100 do
        if os.execute("kill -0 " .. job.pid .. " 2>/dev/null") ~= 0 then
            break
        end
        net.pause(50)
    end
    os.remove(job.path)
    os.remove(job.log)
end

-- Makes a topic of n records and returns its name.
local function numbers(stem, n, partitions, address)
    local topic = kafka.create_topic(kafka.name(stem), partitions, nil, address)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    for i = 1, n do
        file:write(('{"a":"record %d","b":%d}\n'):format(i, i))
    end
    file:close()
    kafka.produce(topic, "@" .. path, nil, address)
    os.remove(path)
    return topic
end

-- How many different records a topic holds, and how many in all; an error when
-- one is not as it was written.
local function tally(topic, address)
    local seen, different, all = {}, 0, 0
    for _, line in ipairs(kafka.consume(topic, nil, nil, address)) do
        local a, b = line:match '^{"a":"record (%d+)","b":(%d+)}$'
        assert(a and a == b, line)
        all = all + 1
        if not seen[b] then
            seen[b] = true
            different = different + 1
        end
    end
    return different, all
end

describe("kafka", function()
    it("moves a million records with nothing lost or changed", function()
        local from = numbers("million", MILLION, 3)
        local to = kafka.create_topic(kafka.name "million_out", 2)
        local result = run { from = from, to = to, source = BOUNDED, parallelism = 2 }
        assert.equal("", result.err)
        assert.equal(0, result.status)
        local different, all = tally(to)
        assert.equal(MILLION, different)
        assert.equal(MILLION, all)
    end)

    it("goes on where a stopped job has committed", function()
        local from = numbers("stopped", 1000)
        local to = kafka.create_topic(kafka.name "stopped_out")
        local job = {
            from = from, to = to,
            source = ", 'properties.group.id' = '" .. from
                .. "', 'properties.auto.offset.reset' = 'earliest'",
        }
        local first = start(job)
        kafka.wait_count(to, 1, 1000)
        stop(first)
        assert.equal(1000, kafka.committed(from, from, 0))
        kafka.produce(from, { '{"a":"record 1001","b":1001}' })
        local second = start(job)
        kafka.wait_count(to, 1, 1001)
        stop(second)
        local different, all = tally(to)
        assert.equal(1001, different)
        assert.equal(1001, all)
    end)

    it("reads again what a killed job had not committed", function()
        local from = numbers("killed", MILLION / 2)
        local to = kafka.create_topic(kafka.name "killed_out")
        local job = {
            from = from, to = to,
            source = ", 'properties.group.id' = '" .. from
                .. "', 'properties.auto.offset.reset' = 'earliest'",
        }
        local first = start(job)
        kafka.wait_count(to, 1, 1000)
        os.execute("kill -9 " .. first.pid)
        local second = start(job)
        local n = kafka.count(to, 1)
        repeat
            net.pause(500)
            n, job.before = kafka.count(to, 1), n
        until n == job.before and kafka.committed(from, from, 0) == MILLION / 2
        stop(second)
        assert.equal(MILLION / 2, (tally(to)))
    end)

    it("names a topic that does not exist", function()
        local broker = kafka.broker("no_topics", "auto.create.topics.enable=false")
        local result = run({
            address = broker.address, from = "nowhere", to = "nowhere_else", source = BOUNDED,
        }, 20)
        broker:clean()
        assert.equal(1, result.status)
        assert.matches("topic 'nowhere.-' does not exist", result.err)
    end)

    it("tells of brokers that are not there", function()
        local result = run({
            address = "127.0.0.1:1", from = "t", to = "t",
            source = BOUNDED .. ", 'properties.default.api.timeout.ms' = '1000'",
            sink = ", 'properties.default.api.timeout.ms' = '1000'",
        }, 20)
        assert.equal(1, result.status)
        assert.matches("no answer from the brokers at '127.0.0.1:1'", result.err)
        assert.matches("Connection refused", result.err)
    end)

    it("tells of a record that is too large for the topic", function()
        local from = numbers("large", 10)
        local to = kafka.create_topic(kafka.name "large_out", 1, { ["max.message.bytes"] = "100" })
        local result = run({ from = from, to = to, source = BOUNDED }, 20)
        assert.equal(1, result.status)
        assert.matches("max.message.bytes", result.err)
    end)

    it("tells at once of a login that is refused", function()
        local module = "org.apache.kafka.common.security.plain.PlainLoginModule required "
        local broker = kafka.broker("login", table.concat({
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms=PLAIN",
            "sasl.mechanism.inter.broker.protocol=PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config=" .. module
                .. 'username="admin" password="admin-pw" user_admin="admin-pw" '
                .. 'user_alice="alice-pw";',
        }, "\n"))
        local function login(password)
            local options = (", 'properties.security.protocol' = 'SASL_PLAINTEXT', "
                .. "'properties.sasl.mechanism' = 'PLAIN', 'properties.sasl.jaas.config' = '%s"
                .. 'username="alice" password="%s";\''):format(module, password)
            return run({
                address = broker.address, from = "in", to = "out",
                source = BOUNDED .. options, sink = options,
            }, 20)
        end
        local wrong, right = login "wrong-pw", login "alice-pw"
        broker:clean()
        assert.equal(1, wrong.status)
        assert.matches("refuse the connection.*Invalid username or password", wrong.err)
        assert.not_matches("wrong-pw", wrong.err, 1, true)
        assert.not_matches("refuse", right.err)
    end)

    describe("whose broker dies", function()
        local broker

        before_each(function()
            broker = kafka.broker("dies", "broker.session.timeout.ms=1500")
        end)

        after_each(function()
            broker:clean()
        end)

        it("waits for it, loses nothing and writes nothing twice", function()
            local from = numbers("dies", MILLION / 2, 1, broker.address)
            local to = kafka.create_topic(kafka.name "dies_out", 1, nil, broker.address)
            local job = start {
                address = broker.address, from = from, to = to, source = EARLIEST,
            }
            kafka.wait_count(to, 1, 1000, nil, broker.address)
            broker:kill()
            net.pause(500)
            broker:resume()
            kafka.ready(to, 1, broker.address)
            kafka.wait_count(to, 1, MILLION / 2, 40000, broker.address)
            stop(job)
            local different, all = tally(to, broker.address)
            assert.equal(MILLION / 2, different)
            assert.equal(MILLION / 2, all)
        end)
    end)
end)
