-- Changes by key and bad records on a real broker, seen by kcat on the other side.
local kafka = require "kafka"
local process = require "process"

-- Runs statements, the last of which is an INSERT.
local function run(statements)
    local path = process.write(os.tmpname(), ([==[
local moontide = require "moontide"
local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)
local function execute(statement)
    return t_env:execute_sql((statement:gsub("@BROKER@", arg[1])))
end
%s:wait()
]==]):format(statements))
    local result = process.run_script(path, kafka.address(), 30)
    os.remove(path)
    return result
end

-- A table over a topic; `upsert`: by its key `id`.
local function declare(name, topic, options)
    return ("execute [[ CREATE TABLE %s (id INT, name STRING%s) WITH ('topic' = '%s', "
        .. "'properties.bootstrap.servers' = '@BROKER@', %s) ]]\n"):format(name,
        options:find "upsert" and ", PRIMARY KEY (id) NOT ENFORCED" or "", topic, options)
end

local UPSERT = "'connector' = 'upsert-kafka', 'key.format' = 'json', 'value.format' = 'json'"
local BOUNDED = ", 'scan.bounded.mode' = 'latest-offset'"
local INSERT = "execute 'INSERT INTO sink SELECT * FROM source'"

local CHANGES = {
    '{"id":1}|{"id":1,"name":"a"}',
    '{"id":2}|{"id":2,"name":"b"}',
    '{"id":1}|{"id":1,"name":"c"}',
    '{"id":2}|',
}

describe("upsert-kafka", function()
    local function copy(more)
        local from = kafka.create_topic(kafka.name "changes")
        local to = kafka.create_topic(kafka.name "changed", 1, { ["cleanup.policy"] = "compact" })
        kafka.produce(from, CHANGES, "-K '|' -Z")
        local result = run(declare("source", from, UPSERT .. BOUNDED)
            .. declare("sink", to, UPSERT .. more) .. INSERT)
        assert.equal("", result.err)
        assert.equal(0, result.status)
        return kafka.consume(to, "%k %S %s")
    end

    it("writes changes as records by key, and deletions as tombstones", function()
        assert.same({
            '{"id":1} 19 {"id":1,"name":"a"}', '{"id":2} 19 {"id":2,"name":"b"}',
            '{"id":1} 19 {"id":1,"name":"c"}', '{"id":2} -1 ',
        }, copy "")
    end)

    it("writes only the last change of each key that waits", function()
        assert.same({ '{"id":1} 19 {"id":1,"name":"c"}', '{"id":2} -1 ' }, copy
            ", 'sink.buffer-flush.max-rows' = '100', 'sink.buffer-flush.interval' = '10 s'")
    end)

    it("puts keys where the Java client puts them", function()
        local from = kafka.create_topic(kafka.name "keys")
        local to = kafka.create_topic(kafka.name "spread", 4)
        local lines, expected = {}, {}
        for i = 1, 50 do
            lines[i] = ('{"id":%d}|{"id":%d,"name":"x"}'):format(i, i)
        end
        kafka.produce(from, lines, "-K '|'")
        local result = run(declare("source", from, UPSERT .. BOUNDED)
            .. declare("sink", to, UPSERT) .. INSERT)
        assert.equal("", result.err)
        -- librdkafka's own murmur2 partitioner agrees with Java's.
        local same = kafka.create_topic(kafka.name "expected", 4)
        kafka.produce(same, lines, "-K '|' -X partitioner=murmur2_random")
        for _, line in ipairs(kafka.consume(same, "%p %k")) do
            expected[line] = true
        end
        local found = kafka.consume(to, "%p %k")
        assert.equal(50, #found)
        for _, line in ipairs(found) do
            assert.is_true(expected[line], line)
        end
    end)
end)

describe("bad records", function()
    it("go to a topic with their key, bytes, place and error", function()
        local from = kafka.create_topic(kafka.name "mixed")
        local to = kafka.create_topic(kafka.name "good")
        local dead = kafka.create_topic(kafka.name "dead")
        kafka.produce(from, {
            'k1|{"id":1,"name":"a"}', 'k2|{"id":', 'k3|{"id":3,"name":"c"}', 'k4|{"id":"four"}',
        }, "-K '|'")
        local result = run(declare("source", from, "'connector' = 'kafka', 'format' = 'json', "
            .. "'scan.startup.mode' = 'earliest-offset', 'bad-records' = 'topic:" .. dead .. "'"
            .. BOUNDED) .. declare("sink", to, "'connector' = 'kafka', 'format' = 'json'")
            .. INSERT)
        assert.equal("", result.err)
        assert.same({ '{"id":1,"name":"a"}', '{"id":3,"name":"c"}' }, kafka.consume(to))
        local letters = kafka.consume(dead, "%k %s %h")
        assert.equal(2, #letters)
        assert.matches('k2 {"id": error=.*position=topic ' .. from
            .. ", partition 0, offset 1", letters[1])
        assert.matches('k4 {"id":"four"} error=.*offset 3.*operator=Source', letters[2])
    end)

    it("fail the job where nothing else is said", function()
        local from = kafka.create_topic(kafka.name "bad")
        kafka.produce(from, { '{"id":' })
        local result = run(declare("source", from, "'connector' = 'kafka', 'format' = 'json', "
            .. "'scan.startup.mode' = 'earliest-offset'" .. BOUNDED)
            .. "execute [[ CREATE TABLE sink (id INT, name STRING) WITH "
            .. "('connector' = 'blackhole') ]]\n" .. INSERT)
        assert.equal(1, result.status)
        assert.matches("partition 0, offset 0", result.err, 1, true)
    end)
end)
