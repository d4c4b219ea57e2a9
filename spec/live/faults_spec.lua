-- Jobs that fail on a real broker: a status that says so, and a next start that
-- reads again what was not committed.
local kafka = require "kafka"
local process = require "process"

local JOB = [==[
local moontide = require "moontide"
local Types = moontide.Types
local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)
t_env:execute_sql [[ CREATE TABLE source_table (a STRING, b INT) WITH (
    'connector' = 'kafka', 'properties.bootstrap.servers' = '%s', 'topic' = '%s',
    'properties.group.id' = '%s', 'properties.auto.offset.reset' = 'earliest',
    'scan.bounded.mode' = 'latest-offset', 'format' = 'json') ]]
t_env:execute_sql [[ CREATE TABLE sink_table (a STRING, b INT) WITH (
    'connector' = 'kafka', 'properties.bootstrap.servers' = '%s', 'topic' = '%s',
    'format' = 'json') ]]
local record = Types.ROW { Types.STRING(), Types.INT() }
local poison = tonumber(arg[1])
local ds = t_env:to_append_stream(t_env:from_path "source_table", record)
    :map(function(r)
        if r[2] == poison then
            error "poisoned"
        end
        return { r[1], r[2] }
    end, record):name "Taster"
t_env:from_data_stream(ds, { "a", "b" }):execute_insert("sink_table"):wait()
]==]

describe("a job that fails", function()
    it("exits with 1 and is read again from what it had committed", function()
        local from = kafka.create_topic(kafka.name "poisoned")
        local to = kafka.create_topic(kafka.name "poisoned_out")
        local lines = {}
        for i = 1, 1000 do
            lines[i] = ('{"a":"record %d","b":%d}'):format(i, i)
        end
        kafka.produce(from, lines)
        local path = process.write(os.tmpname(), JOB:format(kafka.address(), from, from,
            kafka.address(), to))

        local failed = process.run_script(path, "500")
        assert.equal(1, failed.status)
        assert.matches("poisoned", failed.err, 1, true)
        assert.matches("operator: Taster", failed.err, 1, true)
        assert.matches("f0='record 500', f1=500", failed.err, 1, true)

        local again = process.run_script(path, "")
        os.remove(path)
        assert.equal("", again.err)
        assert.equal(0, again.status)
        local seen, different = {}, 0
        for _, line in ipairs(kafka.consume(to)) do
            if not seen[line] then
                seen[line] = true
                different = different + 1
            end
        end
        assert.equal(1000, different)
        assert.equal(1000, kafka.committed(from, from, 0))
    end)
end)
