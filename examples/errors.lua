--- What a script sees of a failure: an error object that says where, and which
-- record. Nothing else of the process is lost, so the next job just runs.
--
-- Prints:
--     the job failed: code SCRIPT
--     it names the operator: true
--     it names the line: true
--     the next job runs: 3
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

env:from_collection({ "1", "2", "three" }, Types.STRING())
    :map(function(text) return tonumber(text) * 2 end, Types.INT())
    :name("double it")
    :print()

local ok, err = pcall(env.execute, env, "fails")
assert(not ok)
print("the job failed: code " .. err.code)
print("it names the operator: " .. tostring(tostring(err):find("double it", 1, true) ~= nil))
print("it names the line: " .. tostring(tostring(err):find("errors.lua:", 1, true) ~= nil))

local sum = env:from_collection({ 1, 2 }, Types.INT())
    :key_by(function() return true end)
    :reduce(function(a, b) return a + b end)
    :execute_and_collect { limit = 2 }
print("the next job runs: " .. sum[2])
