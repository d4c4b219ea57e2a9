--- What a closure takes along: the locals it captured, the functions those
-- call, and the globals that this script set. Each subtask has its own copy, so
-- that a counter counts what its subtask has seen, and the script's own stays.
--
-- Prints:
--     1: 20.0 C
--     2: 25.5 C
--     3: 100.0 C
--     the script's own counter: 0
local moontide = require "moontide"
local Types = moontide.Types

unit = "C"

local seen = 0

local function celsius(fahrenheit)
    return (fahrenheit - 32) * 5 / 9
end

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

env:from_collection({ 68, 77.9, 212 }, Types.DOUBLE())
    :map(function(degrees)
        seen = seen + 1
        return ("%d: %.1f %s"):format(seen, celsius(degrees), unit)
    end, Types.STRING())
    :print()

env:execute("closures")
print("the script's own counter: " .. seen)
